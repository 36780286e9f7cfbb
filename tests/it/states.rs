//! States: when each comes back, with which bytes and which counts.

use std::collections::BTreeSet;

use hubspot_sandbox::{Fault, What, tokens};
use serde_json::{Value, json};

use super::{
    paths,
    support::{
        Connector, email_of, is_state, people, people_of, record, sandbox, sandbox_with_faults, state,
        state_line, state_of, upserts, wait_for_upsert_of,
    },
};

/// A record that is rejected: its address is empty, which says nothing about the set-up.
fn bad() -> String {
    record(json!({ "email": null, "firstname": "Nobody" }))
}

/// A record that is rejected as one of a stream that is wrongly set up.
fn wrong() -> String {
    record(json!({ "email": "Nobody" }))
}

#[test]
fn a_state_comes_back_while_standard_input_is_held_open() {
    let sandbox = sandbox();
    let mut running = Connector::new(&sandbox).unscaled().start("write");
    running.send(&(people(0..1) + &state(1)));
    running.wait_for_state(1);
    assert_eq!(sandbox.contacts().len(), 1);
    running.send(&(people(1..2) + &state(2)));
    running.wait_for_state(2);
    let outcome = running.finish();
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(1.0, 0.0), (1.0, 0.0)]);
}

#[test]
fn a_state_comes_back_while_other_messages_keep_coming() {
    let sandbox = sandbox();
    for noise in [
        "{\"type\":\"TRACE\",\"trace\":{\"type\":\"ANALYTICS\",\"emitted_at\":1,\"analytics\":{\"type\":\"noop\",\"value\":\"x\"}}}\n",
        "{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"still here\"}}\n",
        "\n",
    ] {
        let mut running = Connector::new(&sandbox).unscaled().start("write");
        running.send(&(people(0..1) + &state(1)));
        let line = running.send_until(noise, is_state);
        assert!(line.contains("\"recordCount\":1.0"), "{line}");
        running.finish().assert_success();
    }
}

#[test]
fn states_before_any_record_come_back_at_once() {
    let sandbox = sandbox();
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&state(1));
    running.wait_for_state(1);
    running.send(&(state(2) + &state_line(r#"{"type":"GLOBAL","global":{},"id":3}"#)));
    running.wait_for_state(3);
    running.send(&(people(0..1) + &state(4)));
    running.wait_for_state(4);
    let outcome = running.finish();
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (1.0, 0.0)]);
}

#[test]
fn states_in_a_row_all_come_back_in_order() {
    let sandbox = sandbox();
    let row: String = (1..=50).map(state).collect();
    let outcome = Connector::new(&sandbox).write(&(people(0..3) + &row));
    outcome.assert_success();
    assert_eq!(outcome.state_ids(), (1..=50).collect::<Vec<_>>());
    let counts = outcome.counts();
    assert_eq!(counts[0], (3.0, 0.0));
    assert!(counts[1..].iter().all(|count| *count == (0.0, 0.0)), "{counts:?}");
}

#[test]
fn a_state_after_every_record_costs_no_further_request() {
    let sandbox = sandbox();
    let input: String = (0..300).map(|number| people(number..number + 1) + &state(number.into())).collect();
    let outcome = Connector::new(&sandbox).unscaled().write(&input);
    outcome.assert_success();
    assert_eq!(outcome.state_ids(), (0..300).collect::<Vec<_>>());
    assert_eq!(outcome.counts(), vec![(1.0, 0.0); 300]);
    assert_eq!((sandbox.contacts().len(), upserts(&sandbox)), (300, 3));
}

#[test]
fn interleaved_streams_keep_their_own_order_and_counts() {
    // Each stream has its states at other places: after every fourth record of its own, from this round on.
    const STREAMS: [(&str, u32); 3] = [("a", 0), ("b", 3), ("c", 2)];
    let sandbox = sandbox();
    let mut input = String::new();
    for round in 0..40_u32 {
        for (stream, first) in STREAMS {
            input += &people_of(stream, round..round + 1);
            if round % 4 == first {
                input += &state_of(stream, round.into());
            }
        }
    }
    let outcome =
        Connector::new(&sandbox).streams(&STREAMS.map(|(stream, _)| (stream, [].as_slice()))).write(&input);
    outcome.assert_success();
    assert_eq!(sandbox.contacts().len(), 120);
    for (stream, first) in STREAMS {
        let states = outcome.states().into_iter().zip(outcome.counts());
        let own = states.filter(|(state, _)| state["stream"]["stream_descriptor"]["name"] == stream);
        let own: Vec<_> = own.map(|(state, counts)| (state["id"].as_u64().unwrap(), counts)).collect();
        let expected = (first..40).step_by(4).map(|round| {
            let records = if round == first { first + 1 } else { 4 };
            (u64::from(round), (f64::from(records), 0.0))
        });
        assert_eq!(own, expected.collect::<Vec<_>>(), "{stream}");
    }
}

#[test]
fn a_state_does_not_wait_for_records_of_other_streams() {
    let trouble = Fault::new(What::status(503)).email(email_of("b", 0));
    let sandbox = sandbox_with_faults(vec![trouble]);
    let mut running = Connector::new(&sandbox).unscaled().start("write");
    running.send(&(people_of("b", 0..100) + &state_of("b", 1) + &people_of("a", 0..100) + &state_of("a", 2)));
    running.wait_for_state(2);
    sandbox.update(|settings| settings.faults.clear());
    let outcome = running.finish();
    outcome.assert_success();
    assert_eq!(outcome.state_ids(), [2, 1]);
    assert_eq!(outcome.counts(), [(100.0, 0.0), (100.0, 0.0)]);
}

#[test]
fn a_state_for_all_streams_waits_for_the_records_of_each() {
    for object in [
        r#"{"type":"GLOBAL","global":{"shared_state":{"lsn":1},"stream_states":[{"stream_descriptor":{"name":"a"},"stream_state":{}}]},"id":1}"#,
        r#"{"type":"LEGACY","data":{"cursor":"x"},"id":1}"#,
        r#"{"data":{"cursor":"x"},"id":1}"#,
        r#"{"type":null,"stream":null,"global":null,"data":{"cursor":"x"},"id":1}"#,
    ] {
        let trouble = Fault::new(What::status(503)).email(email_of("b", 0)).times(3);
        let sandbox = sandbox_with_faults(vec![trouble]);
        let input = people_of("b", 0..100) + &people_of("a", 0..100) + &people_of("c", 0..7);
        let mut running = Connector::new(&sandbox).start("write");
        running.send(&(input + &state_line(object)));
        let line = running.wait_for(is_state);
        assert_eq!(sandbox.contacts().len(), 207, "the state came before its records");
        let counts = r#","destinationStats":{"recordCount":207.0,"rejectedRecordCount":0.0}}"#;
        let expected = format!("{}{counts}", object.strip_suffix('}').unwrap());
        assert_eq!(line, state_line(&expected).trim_end());
        running.finish().assert_success();
    }
}

#[test]
fn the_bytes_of_a_state_are_kept() {
    let sandbox = sandbox();
    let objects = [
        r#"{"type":"STREAM","stream":{"stream_descriptor":{"name":"users"},"stream_state":{"z":12345678901234567890123,"a":1.10,"e":1e400,"\u00e9":"\u00e9","n":null,"z":2}},"id":1}"#,
        r#"{"id":2, "type" : "STREAM" ,"partition_id":"p/1","stream":{"stream_descriptor":{"namespace":null,"name":"users"},"stream_state":[ 1 , 2 ]} }"#,
        r#"{"stream":{"stream_descriptor":{"name":"users"}},"type":"STREAM","unknown":{"deep":[[{"x":-0.0}]]},"sourceStats":{"recordCount":0.0}}"#,
    ];
    let input: String = objects.iter().map(|object| state_line(object)).collect();
    let outcome = Connector::new(&sandbox).write(&input);
    assert_eq!(outcome.code, Some(0));
    let counted = |object: &&str| {
        let open = object.strip_suffix('}').unwrap();
        let counts = r#","destinationStats":{"recordCount":0.0,"rejectedRecordCount":0.0}}"#;
        state_line(&format!("{open}{counts}")).trim_end().to_owned()
    };
    assert_eq!(outcome.state_lines(), objects.iter().map(counted).collect::<Vec<_>>());
}

#[test]
fn counts_that_a_state_brings_are_replaced_where_they_stand() {
    let sandbox = sandbox();
    let with = |stats: &str| {
        format!(
            r#"{{"type":"STREAM","destinationStats":{stats},"stream":{{"stream_descriptor":{{"name":"users"}}}},"id":1}}"#
        )
    };
    let counts = r#"{"recordCount":2.0,"rejectedRecordCount":1.0}"#;
    for stats in ["null", r#"{"recordCount":77.0}"#, "{}"] {
        let input = people(0..2) + &bad() + &state_line(&with(stats));
        let outcome = Connector::new(&sandbox).write(&input);
        outcome.assert_success();
        assert_eq!(outcome.state_lines(), [state_line(&with(counts)).trim_end()]);
    }
}

#[test]
fn rejected_records_are_counted_where_they_belong() {
    // HubSpot refuses the last one's address, the connector the others'.
    let sandbox = sandbox();
    let input = people(0..2)
        + &bad()
        + &state(1)
        + &bad()
        + &state(2)
        + &record(json!({ "email": "no address" }))
        + &people(2..4)
        + &record(json!({ "email": "ada@example.no-such-domain", "firstname": "Ada" }))
        + &state(3);
    let outcome = Connector::new(&sandbox).write(&input);
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(2.0, 1.0), (0.0, 1.0), (2.0, 2.0)]);
    let summary = outcome.summary();
    assert!(
        summary.contains(" read=8 created=4 updated=0 unchanged=0 folded=0 skipped=0 rejected=4 "),
        "{summary}"
    );
    assert!(summary.contains("missing_email: 2") && summary.contains("invalid_email: 2"), "{summary}");
}

#[test]
fn folded_records_count_as_written() {
    let sandbox = sandbox();
    let same = |name: &str| record(json!({ "email": "ADA@example.com", "firstname": name }));
    let input = same("a") + &same("b") + &state(1) + &same("c") + &state(2);
    let outcome = Connector::new(&sandbox).unscaled().write(&input);
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(2.0, 0.0), (1.0, 0.0)]);
    assert!(
        outcome.summary().contains(" read=3 created=1 updated=0 unchanged=0 folded=2 skipped=0 rejected=0 "),
        "{}",
        outcome.summary()
    );
    assert_eq!(upserts(&sandbox), 1);
}

#[test]
fn a_thousand_users_of_a_real_source_take_ten_requests_and_every_count_is_the_sources() {
    let text = |bytes: &str| serde_json::from_str::<Value>(bytes).unwrap();
    let input = include_str!("../../examples/data/users.jsonl");
    let sandbox = sandbox();
    let outcome = Connector::new(&sandbox)
        .unscaled()
        .config(text(include_str!("../../examples/data/config.json")))
        .catalog(text(include_str!("../../examples/data/catalog.json")))
        .write(input);
    outcome.assert_success();

    let lines: Vec<Value> = input.lines().map(text).collect();
    let addresses: BTreeSet<String> = lines
        .iter()
        .filter_map(|line| Some(line["record"]["data"]["email"].as_str()?.to_lowercase()))
        .collect();
    let contacts = sandbox.contacts();
    assert_eq!(contacts.iter().map(|contact| contact.email.clone()).collect::<BTreeSet<_>>(), addresses);
    assert_eq!((contacts.len(), upserts(&sandbox)), (1_000, 10));
    for line in lines.iter().filter(|line| line["type"] == "RECORD") {
        let data = &line["record"]["data"];
        let contact = sandbox.contact(data["email"].as_str().unwrap()).unwrap();
        for (field, property) in
            [("name", "firstname"), ("title", "salutation"), ("telephone", "phone"), ("gender", "gender")]
        {
            assert_eq!(contact.property(property), data[field].as_str(), "{field} of {}", contact.email);
        }
    }

    let sent: Vec<&Value> =
        lines.iter().filter(|line| line["type"] == "STATE").map(|line| &line["state"]).collect();
    let mut answered = outcome.states();
    for state in &mut answered {
        let stats = state.as_object_mut().unwrap().remove("destinationStats").unwrap();
        let sum = stats["recordCount"].as_f64().unwrap() + stats["rejectedRecordCount"].as_f64().unwrap();
        assert_eq!(Some(sum), state["sourceStats"]["recordCount"].as_f64());
    }
    assert_eq!(answered.iter().collect::<Vec<_>>(), sent);
    assert!(
        outcome
            .summary()
            .contains(" read=1000 created=1000 updated=0 unchanged=0 folded=0 skipped=0 rejected=0 "),
        "{}",
        outcome.summary()
    );
}

#[test]
fn a_stream_of_which_nothing_but_a_hundred_records_was_rejected_keeps_its_states() {
    let sandbox = sandbox();
    let refused_there = |number| {
        record(json!({ "email": format!("ada{number}@example.no-such-domain"), "firstname": "Ada" }))
    };
    for (lines, reason) in
        [(vec![wrong(); 100], "invalid_email"), ((0..100).map(refused_there).collect(), "invalid_email")]
    {
        let (first, rest) = lines.split_at(60);
        let outcome =
            Connector::new(&sandbox).write(&(first.concat() + &state(1) + &rest.concat() + &state(2)));
        let message = outcome.assert_failure("config_error");
        assert!(
            message.contains("100 records of the stream `users`") && message.contains(reason),
            "{message}"
        );
        assert_eq!(outcome.errors()[0]["stream_descriptor"], json!({ "name": "users" }));
        assert_eq!(outcome.state_ids(), [] as [u64; 0]);
    }
}

#[test]
fn a_rejected_stream_does_not_keep_the_states_of_another() {
    let sandbox = sandbox();
    let input = people_of("good", 0..5)
        + &state_of("good", 1)
        + &wrong().repeat(100)
        + &state(2)
        + &state_of("good", 3);
    let outcome = Connector::new(&sandbox).write(&input);
    assert!(outcome.assert_failure("config_error").contains("`users`"));
    assert_eq!(outcome.state_ids(), [1, 3]);
}

#[test]
fn fewer_rejected_records_or_one_good_one_let_the_states_out() {
    let sandbox = sandbox();
    for (input, counts) in [
        (wrong().repeat(98) + &state(1) + &wrong() + &state(2), [(0.0, 98.0), (0.0, 1.0)]),
        (wrong().repeat(150) + &state(1) + &people(0..1) + &state(2), [(0.0, 150.0), (1.0, 0.0)]),
        (people(0..1) + &state(1) + &wrong().repeat(2_000) + &state(2), [(1.0, 0.0), (0.0, 2_000.0)]),
    ] {
        let outcome = Connector::new(&sandbox).write(&input);
        outcome.assert_success();
        assert_eq!(outcome.state_ids(), [1, 2]);
        assert_eq!(outcome.counts(), counts);
    }
}

#[test]
fn a_thousand_rejected_records_at_the_start_end_the_sync_though_input_goes_on() {
    let sandbox = sandbox();
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&(wrong().repeat(500) + &state(1) + &wrong().repeat(500)));
    let outcome = running.wait();
    let message = outcome.assert_failure("config_error");
    assert!(message.contains("1000 records") && message.contains("invalid_email"), "{message}");
    assert_eq!(outcome.state_ids(), [] as [u64; 0]);
    assert_eq!(upserts(&sandbox), 0);
}

#[test]
fn a_state_waits_until_hubspot_has_said_what_became_of_its_records() {
    let lost = Fault::new(What::LoseAnswer).path(paths::UPSERT).times(2);
    let sandbox = sandbox_with_faults(vec![lost]);
    let outcome =
        Connector::new(&sandbox).set("access_token", tokens::WRITE_ONLY).write(&(people(0..10) + &state(1)));
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(10.0, 0.0)]);
    assert_eq!(upserts(&sandbox), 3);
    assert_eq!(sandbox.contacts().len(), 10);
}

#[test]
fn a_state_whose_records_are_on_their_way_does_not_come_early() {
    let trouble = Fault::new(What::status(503)).path(paths::UPSERT);
    let sandbox = sandbox_with_faults(vec![trouble]);
    let mut running = Connector::new(&sandbox).unscaled().start("write");
    running.send(&(people(0..100) + &state(1)));
    wait_for_upsert_of(&sandbox, &email_of("users", 0));
    // A state of a stream without records overtakes it, and shows that the connector is not just asleep.
    running.send(&state_of("other", 2));
    running.wait_for_state(2);
    sandbox.update(|settings| settings.faults.clear());
    running.wait_for_state(1);
    assert_eq!(sandbox.contacts().len(), 100);
    running.finish().assert_success();
}
