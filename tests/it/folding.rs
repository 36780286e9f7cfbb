//! Records of one key: folded while they wait, in order whatever happens, unfolded when they are refused.

use hubspot_sandbox::{Fault, Latency, Seed, What};
use serde_json::json;

use super::{
    model::{faulty_sandbox, reasons, roomy_sandbox, stored, sums_of_success},
    paths,
    support::{Connector, email_of, people, record, state, upserts},
};

const ADA: &str = "ada@example.com";

#[test]
fn a_later_record_of_a_key_is_laid_upon_the_earlier_one() {
    let sandbox = roomy_sandbox(|_| ());
    let input = record(json!({ "email": ADA, "firstname": "A.", "lastname": "Lovelace", "city": null }))
        + &people(0..3)
        + &record(json!({ "email": ADA, "firstname": "Ada", "city": "London", "lastname": null }))
        + &state(1);
    let outcome = Connector::new(&sandbox).write(&input);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 0, 1, 0]);
    assert_eq!(outcome.counts(), [(5.0, 0.0)]);
    assert_eq!(stored(&sandbox, ADA, "firstname").as_deref(), Some("Ada"));
    assert_eq!(stored(&sandbox, ADA, "lastname").as_deref(), Some("Lovelace"));
    assert_eq!(stored(&sandbox, ADA, "city").as_deref(), Some("London"));
    assert_eq!(sandbox.contact(ADA).unwrap().writes, 1);
    assert_eq!(upserts(&sandbox), 1);
}

#[test]
fn spellings_of_an_address_are_one_key() {
    let sandbox = roomy_sandbox(|settings| settings.duplicate_check_ignores_case = false);
    let spellings = ["Ada@Example.com", " ada@example.com", "ADA@EXAMPLE.COM\t", "ada@example.com"];
    let input: String =
        spellings.iter().map(|email| record(json!({ "email": email, "firstname": email.trim() }))).collect();
    let outcome = Connector::new(&sandbox).write(&(input + &state(1)));
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [1, 0, 3, 0]);
    assert_eq!(sandbox.contacts().len(), 1);
    assert_eq!(stored(&sandbox, ADA, "firstname").as_deref(), Some(ADA));
    assert_eq!(upserts(&sandbox), 1);
}

#[test]
fn one_key_costs_one_request_however_many_records_it_has() {
    let sandbox = roomy_sandbox(|_| ());
    let input: String = (0..1_000)
        .map(|number| record(json!({ "email": ADA, "firstname": format!("Ada {number}") })))
        .collect();
    let outcome = Connector::new(&sandbox).unscaled().write(&(input + &state(1)));
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [1, 0, 999, 0]);
    assert_eq!(stored(&sandbox, ADA, "firstname").as_deref(), Some("Ada 999"));
    assert_eq!(upserts(&sandbox), 1);
}

#[test]
fn distinct_contacts_cost_full_batches_although_a_state_follows_every_record() {
    let sandbox = roomy_sandbox(|_| ());
    let mut running = Connector::new(&sandbox).unscaled().start("write");
    for number in 0..1_050 {
        running.send(&(people(number..number + 1) + &state(number.into())));
    }
    let outcome = running.finish();
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [1_050, 0, 0, 0]);
    assert_eq!(outcome.state_ids(), (0..1_050).collect::<Vec<u64>>());
    assert!(outcome.counts().iter().all(|count| *count == (1.0, 0.0)));
    assert_eq!(upserts(&sandbox), 11);
}

#[test]
fn a_hot_key_stays_in_order_whatever_happens_to_its_requests() {
    let sandbox = roomy_sandbox(|settings| {
        settings.seed = 7;
        settings.recorded_bodies = 10_000;
        settings.latency = Latency { ms: 0, jitter_ms: 15 };
        let often = |what| Fault::new(what).path(paths::UPSERT).probability(0.08);
        settings.faults = vec![
            often(What::html(502)),
            often(What::status(500)).after_write(),
            often(What::LoseAnswer),
            often(What::CutBody),
            often(What::CloseUnread),
            often(What::rate_limited()),
            Fault::new(What::Delay { ms: 0, jitter_ms: 20, before_write: true })
                .path(paths::UPSERT)
                .probability(0.5),
            Fault::new(What::Conflict { existing_id: false, whole_batch: true })
                .path(paths::UPSERT)
                .probability(0.04)
                .min_inputs(2),
            Fault::new(What::Unaccounted).path(paths::UPSERT).probability(0.04).min_inputs(2),
        ];
    });
    let mut running = Connector::new(&sandbox).start("write");
    let mut hot = 0;
    for number in 0..3_000 {
        running.send(&people(number..number + 1));
        if number % 7 == 0 {
            hot += 1;
            running.send(&record(json!({ "email": ADA, "followercount": hot })));
        }
        if number % 50 == 0 {
            running.send(&state(number.into()));
        }
        // So that not all of the key's records wait for its first one.
        if number % 300 == 0 {
            running.wait_for_state(number.into());
        }
    }
    running.send(&state(9_999));
    let outcome = running.finish();
    let sums = sums_of_success(&outcome, &sandbox);
    assert_eq!((sums.written(), sums.rejected), (3_000 + hot, 0));
    assert_eq!(stored(&sandbox, ADA, "followercount"), Some(hot.to_string()));
    assert_eq!(sandbox.contacts().len(), 3_001);
    // What HubSpot was sent, request after request, never goes back.
    let sent: Vec<u64> = sandbox
        .requests_to(paths::UPSERT)
        .iter()
        .filter_map(hubspot_sandbox::RequestRecord::json)
        .flat_map(|body| body["inputs"].as_array().unwrap().clone())
        .filter(|input| input["id"] == ADA)
        .map(|input| input["properties"]["followercount"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(sent.is_sorted(), "{sent:?}");
    assert!(sent.len() > 10, "the key was sent in too few pieces: {sent:?}");
}

#[test]
fn two_stages_of_one_key_reach_hubspot_one_after_the_other() {
    let sandbox = roomy_sandbox(|_| ());
    let input = record(json!({ "email": ADA, "lifecyclestage": "subscriber" }))
        + &record(json!({ "email": ADA, "firstname": "A.", "lifecyclestage": "subscriber" }))
        + &record(json!({ "email": ADA, "lifecyclestage": "opportunity" }))
        + &record(json!({ "email": ADA, "firstname": "Ada" }))
        + &record(json!({ "email": ADA, "lifecyclestage": "customer" }))
        + &people(0..3)
        + &state(1);
    let outcome = Connector::new(&sandbox).write(&input);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 2, 2, 0]);
    let contact = sandbox.contact(ADA).unwrap();
    assert_eq!(contact.property("lifecyclestage"), Some("customer"));
    assert_eq!(contact.property("firstname"), Some("Ada"));
    for stage in ["subscriber", "opportunity", "customer"] {
        assert!(
            contact.property(&format!("hs_lifecyclestage_{stage}_date")).is_some(),
            "{stage} was skipped"
        );
    }
    assert_eq!(contact.writes, 3);
    assert_eq!(upserts(&sandbox), 3);
}

#[test]
fn a_record_that_comes_while_its_key_is_under_way_waits_for_it() {
    // The first batch is held up until the records after it have come.
    let sandbox = faulty_sandbox(Fault::new(What::html(503)).email(ADA).times(4));
    let first = record(json!({ "email": ADA, "firstname": "Ada 1" })) + &people(0..99);
    let mut running = Connector::new(&sandbox).unscaled().start("write");
    running.send(&first);
    running.wait_for(|line| line.contains("will ask again"));
    // These fold into one, and others do not wait for them.
    running.send(&record(json!({ "email": ADA, "firstname": "Ada 2", "city": "Paris" })));
    running.send(&record(json!({ "email": ADA, "firstname": "Ada 3" })));
    running.send(&(people(99..199) + &state(1)));
    assert!(sandbox.wait_for_requests(1, super::support::HANG, |request| {
        request.keys.contains(&email_of("users", 150)) && request.finished
    }));
    assert!(sandbox.contact(ADA).is_none());
    let outcome = running.finish();
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [200, 1, 1, 0]);
    assert_eq!(stored(&sandbox, ADA, "firstname").as_deref(), Some("Ada 3"));
    assert_eq!(stored(&sandbox, ADA, "city").as_deref(), Some("Paris"));
    assert_eq!(sandbox.contact(ADA).unwrap().writes, 2);
    assert_eq!(upserts(&sandbox), 5 + 2);
}

#[test]
fn options_that_are_appended_are_all_there_in_the_end() {
    let sandbox = roomy_sandbox(|_| ());
    sandbox.seed_contact(Seed::new(ADA).property("interests", "travel"));
    let bob = "bob@example.com";
    let input = record(json!({ "email": ADA, "interests": ";books" }))
        + &record(json!({ "email": bob, "interests": "travel;books" }))
        + &record(json!({ "email": ADA, "interests": ";music" }))
        + &record(json!({ "email": bob, "interests": "books" }))
        + &record(json!({ "email": bob, "interests": ";music", "firstname": ";Bob" }))
        + &state(1);
    let outcome = Connector::new(&sandbox).write(&input);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [1, 1, 3, 0]);
    assert_eq!(stored(&sandbox, ADA, "interests").as_deref(), Some("travel;books;music"));
    assert_eq!(stored(&sandbox, bob, "interests").as_deref(), Some("books;music"));
    // In a text, a semicolon is a semicolon.
    assert_eq!(stored(&sandbox, bob, "firstname").as_deref(), Some(";Bob"));
    assert_eq!(upserts(&sandbox), 1);
}

#[test]
fn an_option_that_is_appended_twice_is_there_once() {
    let sandbox = roomy_sandbox(|_| ());
    let input = record(json!({ "email": ADA, "interests": "travel;books" }))
        + &record(json!({ "email": ADA, "interests": ";books;music" }))
        + &record(json!({ "email": ADA, "interests": ";music" }))
        + &state(1);
    let outcome = Connector::new(&sandbox).write(&input);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [1, 0, 2, 0]);
    assert_eq!(stored(&sandbox, ADA, "interests").as_deref(), Some("travel;books;music"));
}

#[test]
fn of_records_folded_together_only_the_bad_one_is_rejected() {
    for partial in [true, false] {
        let sandbox = roomy_sandbox(|settings| settings.partial_success = partial);
        let input =
            record(json!({ "email": ADA, "firstname": "Ada", "lastname": "Lovelace", "city": "Paris" }))
                + &people(0..9)
                + &record(json!({ "email": ADA, "firstname": "Bad", "lastname": "https://x", "zip": "1" }))
                + &record(json!({ "email": ADA, "city": "London" }))
                + &state(1);
        let outcome = Connector::new(&sandbox).set("invalid_values", "reject_record").write(&input);
        assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [10, 0, 1, 1]);
        assert_eq!(reasons(&outcome), "invalid_value(lastname): 1");
        assert!(outcome.logs("rejected records")[0].contains("first_lines=[11]"), "{:#?}", outcome.lines);
        assert_eq!(outcome.counts(), [(11.0, 1.0)]);
        let contact = sandbox.contact(ADA).unwrap();
        assert_eq!(contact.property("firstname"), Some("Ada"));
        assert_eq!(contact.property("lastname"), Some("Lovelace"));
        assert_eq!(contact.property("city"), Some("London"));
        assert_eq!(contact.property("zip"), None);
        // The batch, perhaps its parts, and each of the three records.
        assert!(upserts(&sandbox) <= 6, "{}", upserts(&sandbox));
    }
}

#[test]
fn of_records_folded_together_only_the_bad_value_is_left_out() {
    let sandbox = roomy_sandbox(|_| ());
    let input = record(json!({ "email": ADA, "firstname": "A.", "lastname": "Lovelace" }))
        + &record(json!({ "email": ADA, "firstname": "Ada", "lastname": "https://x" }))
        + &state(1);
    let outcome = Connector::new(&sandbox).write(&input);
    let sums = sums_of_success(&outcome, &sandbox);
    assert_eq!((sums.written(), sums.rejected), (2, 0));
    assert_eq!(stored(&sandbox, ADA, "firstname").as_deref(), Some("Ada"));
    assert_eq!(stored(&sandbox, ADA, "lastname").as_deref(), Some("Lovelace"));
    let left_out = outcome.logs("values left out");
    assert_eq!(left_out.len(), 1, "{:#?}", outcome.lines);
    assert!(left_out[0].contains("count=1 first_lines=[2]"), "{left_out:?}");
}

#[test]
fn records_folded_together_whose_address_is_refused_are_all_rejected() {
    let sandbox = roomy_sandbox(|_| ());
    let bad =
        |number: u32| record(json!({ "email": "ada@example.invalid", "firstname": format!("Ada {number}") }));
    let outcome = Connector::new(&sandbox).write(&(bad(1) + &people(0..5) + &bad(2) + &bad(3) + &state(1)));
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [5, 0, 0, 3]);
    assert_eq!(reasons(&outcome), "invalid_email: 3");
    assert_eq!(outcome.counts(), [(5.0, 3.0)]);
    assert!(upserts(&sandbox) <= 4, "{}", upserts(&sandbox));
}

#[test]
fn records_of_one_contact_in_two_streams_keep_their_order_and_their_counts() {
    let sandbox = roomy_sandbox(|_| ());
    let of = |stream: &str, name: &str| {
        super::support::record_of(stream, json!({ "email": ADA, "firstname": name }))
    };
    let input = of("leads", "Ada 1")
        + &of("users", "Ada 2")
        + &of("leads", "Ada 3")
        + &super::support::state_of("users", 1)
        + &super::support::state_of("leads", 2);
    let outcome = Connector::new(&sandbox).write(&input);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [1, 0, 2, 0]);
    assert_eq!(stored(&sandbox, ADA, "firstname").as_deref(), Some("Ada 3"));
    let mut counts = outcome.counts();
    counts.sort_by(|one, other| one.0.total_cmp(&other.0));
    assert_eq!(counts, [(1.0, 0.0), (2.0, 0.0)]);
    assert_eq!(upserts(&sandbox), 1);
}
