//! Streams of which nothing can be written: which of them end a sync, and how long they hold states back. And look-ups
//! without an answer, which end a sync before it makes what cannot be mended.

use hubspot_sandbox::{Fault, Policy, What};
use serde_json::{Value, json};

use super::{
    paths,
    support::{
        Connector, Outcome, is_state, people, people_of, record, record_of, sandbox, sandbox_with_faults,
        state, state_line, state_of,
    },
};

/// A state of all streams.
fn global(id: u64) -> String {
    state_line(
        &json!({ "type": "GLOBAL", "global": { "shared_state": { "lsn": id } }, "id": id }).to_string(),
    )
}

/// A record that says that its stream is wrongly set up.
fn wrong(stream: &str) -> String {
    record_of(stream, json!({ "email": "Nobody" }))
}

/// A record of a customer without an address.
fn without_address(stream: &str) -> String {
    record_of(stream, json!({ "email": null, "firstname": "Nobody" }))
}

/// For each of the numbers, a hundred people of `a` and a state of all streams behind them.
fn stretches(numbers: std::ops::Range<u32>) -> String {
    numbers
        .map(|number| people_of("a", number * 100..(number + 1) * 100) + &global(u64::from(number) + 1))
        .collect()
}

// States that few wrong records hold.

#[test]
fn one_wrong_record_of_a_side_stream_holds_no_state_of_a_sync_that_is_cut_short() {
    let daily = What::RateLimited { policy: Some(Policy::Daily), retry_after: None };
    let sandbox = sandbox_with_faults(vec![Fault::new(daily).path(paths::UPSERT).skip(10)]);
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&(wrong("b") + &stretches(0..10)));
    running.wait_for_state(10);
    running.send(&stretches(10..50));
    let outcome = running.finish();
    outcome.assert_failure("transient_error");
    assert_eq!(sandbox.contacts().len(), 1_000);
    assert_eq!(outcome.state_ids(), (1..=10).collect::<Vec<_>>());
    assert_eq!(outcome.counts()[..2], [(100.0, 1.0), (100.0, 0.0)]);
}

#[test]
fn the_state_of_a_stream_of_few_wrong_records_comes_while_standard_input_is_held_open() {
    let sandbox = sandbox();
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&(wrong("b") + &state_of("b", 1) + &people_of("a", 0..499) + &state_of("a", 2)));
    running.wait_for_state(2);
    running.send(&people_of("a", 499..500));
    running.wait_for_state(1);
    let outcome = running.finish();
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(499.0, 0.0), (0.0, 1.0)]);
}

#[test]
fn a_signal_lets_the_states_of_few_wrong_records_go() {
    let sandbox = sandbox();
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&(wrong("b") + &state_of("b", 1) + &state_of("a", 2)));
    running.wait_for_state(2);
    running.signal("TERM");
    let outcome = running.wait();
    assert_eq!(outcome.code, Some(143));
    assert_eq!(outcome.state_ids(), [2, 1]);
}

// Verdicts on streams.

#[test]
fn a_hundred_records_without_an_address_do_not_end_a_sync() {
    let sandbox = sandbox();
    let input = without_address("b").repeat(100) + &stretches(0..10);
    let outcome = Connector::new(&sandbox).write(&input);
    outcome.assert_success();
    assert_eq!(sandbox.contacts().len(), 1_000);
    assert_eq!(outcome.state_ids(), (1..=10).collect::<Vec<_>>());
    assert_eq!(outcome.counts()[0], (100.0, 100.0));
}

#[test]
fn a_thousand_leads_without_an_address_do_not_end_a_sync() {
    let sandbox = sandbox();
    let leads = without_address("users").repeat(500);
    let input = leads.clone() + &state(1) + &leads + &state(2) + &people(0..50) + &state(3);
    let outcome = Connector::new(&sandbox).write(&input);
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(0.0, 500.0), (0.0, 500.0), (50.0, 0.0)]);
}

#[test]
fn a_stream_that_is_wholly_wrong_ends_the_sync_unless_that_is_switched_off() {
    let sandbox = sandbox();
    let input = wrong("b").repeat(1_200) + &global(1) + &people_of("a", 0..10) + &global(2);
    let outcome = Connector::new(&sandbox).set("fail_if_rejected", "all").write(&input);
    let message = outcome.assert_failure("config_error");
    assert!(message.contains("records of the stream `b`") && message.contains("invalid_email"), "{message}");
    assert_eq!(outcome.errors()[0]["stream_descriptor"], json!({ "name": "b" }));
    assert_eq!(outcome.state_ids(), [] as [u64; 0]);

    let outcome = Connector::new(&sandbox).set("fail_if_rejected", "never").write(&input);
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(0.0, 1_200.0), (10.0, 0.0)]);
}

#[test]
fn records_marked_as_deleted_are_skipped_and_no_reason_to_fail() {
    let sandbox = sandbox();
    let deleted = record(json!({ "email": "ada@example.com", "_ab_cdc_deleted_at": "2026-01-01T00:00:00Z" }));
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&(deleted.repeat(1_500) + &state(1)));
    running.wait_for(is_state);
    let outcome = running.finish();
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(1_500.0, 0.0)]);
    assert!(sandbox.contacts().is_empty());
    let told = outcome.logs("set `deleted_records` to `write`");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(outcome.logs("records skipped stream=users reason=deleted_in_source count=1500").len(), 1);
    assert!(
        outcome
            .summary()
            .contains(" read=1500 created=0 updated=0 unchanged=0 folded=0 skipped=1500 rejected=0 ")
    );
}

// Look-ups without an answer.

fn write_staged(answer: What) -> (Outcome, usize, usize) {
    let sandbox = sandbox_with_faults(vec![Fault::new(answer).path(paths::READ)]);
    let outcome = Connector::new(&sandbox).set("lifecycle_stage", "customer").write(&stretches(0..10));
    (outcome, sandbox.contacts().len(), sandbox.requests_to(paths::READ).len())
}

#[test]
fn look_ups_that_are_refused_or_not_answered_create_no_contact_without_its_stage() {
    for (answer, failure_type) in [
        (What::status(400), "system_error"),
        (What::Json { status: 200, body: json!({}) }, "transient_error"),
        (What::EmptyResults, "transient_error"),
        (What::NotJson, "transient_error"),
    ] {
        let (outcome, contacts, reads) = write_staged(answer.clone());
        let message = outcome.assert_failure(failure_type);
        assert!(message.starts_with("HubSpot did not say which contacts exist"), "{message}");
        assert_eq!((outcome.states(), contacts), (Vec::<Value>::new(), 0), "{answer:?}");
        // Three for each of the batches that were under way.
        assert!(reads <= 30, "{reads} look-ups, {answer:?}");
    }
}

// A share of records that may be rejected.

#[test]
fn two_attempts_fail_for_the_share_and_after_the_cure_every_record_since_the_last_state_is_written() {
    let sandbox = sandbox();
    let connector = Connector::new(&sandbox).set("fail_if_rejected", "1 %");
    let row = |number: u32, address: &str| {
        record(json!({ "email": address.replace('#', &number.to_string()), "firstname": "Ada" }))
    };
    let rest = |address: &str| {
        let odd: String = (0..10).map(|number| row(number, address)).collect();
        odd + &people(300..450) + &state(3) + &people(450..600) + &state(4)
    };
    let (wrong, right) = (rest("nobody#"), rest("odd#@example.com"));

    let mut running = connector.start("write");
    running.send(&(people(0..150) + &state(1) + &people(150..300) + &state(2)));
    running.wait_for_state(2);
    running.send(&wrong);
    let first = running.finish();
    assert_eq!(first.state_ids(), [1, 2]);
    let second = connector.write(&wrong);
    assert_eq!(second.state_ids(), [] as [u64; 0]);
    for (outcome, counts) in [(first, "10 of 610 in all"), (second, "10 of 310 in all")] {
        let message = outcome.assert_failure("config_error");
        assert!(message.contains("allows 1 %") && message.contains(counts), "{message}");
        assert!(message.contains("10 of them as invalid_email"), "{message}");
        assert_eq!(outcome.errors()[0]["stream_descriptor"], json!({ "name": "users" }));
    }
    // What is right is written in any case.
    assert_eq!(sandbox.contacts().len(), 600);

    let third = connector.write(&right);
    third.assert_success();
    assert_eq!(third.counts(), [(160.0, 0.0), (150.0, 0.0)]);
    assert_eq!(sandbox.contacts().len(), 610);
}

#[test]
fn a_share_that_is_not_exceeded_lets_states_go_and_counts_no_skipped_record() {
    let sandbox = sandbox();
    let deleted = record(json!({ "email": "ada@example.com", "is_deleted": true })).repeat(200);
    let input = people(0..198) + &wrong("users").repeat(2) + &deleted + &state(1);
    let connector = |share: &str| Connector::new(&sandbox).set("fail_if_rejected", share);
    let outcome = connector("1 %").write(&input);
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(398.0, 2.0)]);
    let message = connector("0.9%").write(&input).assert_failure("config_error");
    assert!(message.contains("allows 0.9 %") && message.contains("2 of 200 in all"), "{message}");
    let message = connector("1,5 %").write(&input).assert_failure("config_error");
    assert!(message.contains("a share of a stream's records such as \"1 %\""), "{message}");
}
