//! `BasicFunctionalityIntegrationTest`: generations, other sync modes, and schemas that change between syncs.
//!
//! A refresh asks a table to drop the rows of before. Contacts are nobody's to drop: they stay, and a warning says so.

use hubspot_sandbox::Sandbox;
use serde_json::{Value, json};

use super::{
    super::support::sandbox, Stream, address, connector, names, people, run_sync, run_to_its_end,
    run_until_state, text,
};

/// Starts a sync, waits for its state, and kills it.
fn interrupted(sandbox: &Sandbox, stream: &Stream, line: &str) {
    let lines = line.to_owned() + &stream.checkpoint(&json!({}), 1.0);
    let (state, running) = run_until_state(&connector(sandbox, std::slice::from_ref(stream)), &lines);
    running.signal("KILL");
    assert_eq!(running.wait().code, None);
    assert_eq!(state["destinationStats"]["recordCount"], 1.0);
}

/// Two people are written; then a refresh that truncates is killed after the first of them. Gives the stream as it was and
/// the refresh of it.
fn interrupted_truncate_of_two(sandbox: &Sandbox) -> (Stream, Stream) {
    let stream = Stream::new("test_stream").generation(41, 0);
    let lines = stream.person(1, "foo_1_100") + &stream.person(2, "foo_2_100");
    run_sync(sandbox, std::slice::from_ref(&stream), &lines);
    let refresh = stream.generation(42, 42);
    interrupted(sandbox, &refresh, &refresh.person(1, "foo_1_200"));
    (stream, refresh)
}

#[test]
fn test_truncate_refresh() {
    let sandbox = sandbox();
    let stream = Stream::new("test_stream").generation(12, 0);
    run_sync(
        &sandbox,
        std::slice::from_ref(&stream),
        &(stream.person(41, "old") + &stream.person(42, "first")),
    );
    let refresh = stream.generation(13, 13);
    let outcome = connector(&sandbox, std::slice::from_ref(&refresh)).write(&refresh.person(42, "second"));
    outcome.assert_success();
    assert_eq!(names(&sandbox), people([(41, "old"), (42, "second")]));
    let outcome = run_sync(&sandbox, std::slice::from_ref(&refresh), &refresh.person(42, "third"));
    assert_eq!(names(&sandbox), people([(41, "old"), (42, "third")]));
    assert_eq!(outcome.logs("removes nothing from HubSpot").len(), 1, "one warning: {:#?}", outcome.lines);
}

#[test]
fn test_truncate_refresh_no_data() {
    let sandbox = sandbox();
    let stream = Stream::new("test_stream").generation(12, 0);
    run_sync(&sandbox, std::slice::from_ref(&stream), &stream.person(42, "first"));
    run_sync(&sandbox, &[stream.generation(13, 13)], "");
    assert_eq!(names(&sandbox), people([(42, "first")]));
}

/// The second sync mode of the original is one that contacts cannot have: a record of it ends the sync.
#[test]
fn test_truncate_refresh_change_sync_mode() {
    let sandbox = sandbox();
    let stream = Stream::new("test_stream").generation(12, 12);
    interrupted(&sandbox, &stream, &stream.person(42, "first"));
    for mode in ["append", "overwrite"] {
        let other = Stream { mode, ..stream.generation(13, 13) };
        let outcome = connector(&sandbox, std::slice::from_ref(&other)).write(&other.person(42, "second"));
        let message = outcome.assert_failure("config_error");
        assert!(message.contains("test_stream") && message.contains(mode), "{message}");
    }
    assert_eq!(names(&sandbox), people([(42, "first")]));
}

/// Rows cannot be appended to contacts.
#[test]
fn test_append() {
    let sandbox = sandbox();
    let stream = Stream { mode: "append", ..Stream::new("test_stream") };
    let outcome = connector(&sandbox, std::slice::from_ref(&stream)).write(&stream.person(42, "first"));
    let message = outcome.assert_failure("config_error");
    assert!(message.contains("Incremental") && message.contains("primary key"), "{message}");
    assert!(sandbox.contacts().is_empty());
}

#[test]
fn test_interrupted_truncate_with_prior_data() {
    let sandbox = sandbox();
    let (_, refresh) = interrupted_truncate_of_two(&sandbox);
    assert_eq!(names(&sandbox), people([(1, "foo_1_200"), (2, "foo_2_100")]));
    run_sync(&sandbox, std::slice::from_ref(&refresh), &refresh.person(2, "foo_2_300"));
    assert_eq!(names(&sandbox), people([(1, "foo_1_200"), (2, "foo_2_300")]));
}

#[test]
fn test_interrupted_truncate_without_prior_data() {
    let sandbox = sandbox();
    let refresh = Stream::new("test_stream").generation(42, 42);
    interrupted(&sandbox, &refresh, &refresh.person(1, "foo_1_200"));
    run_sync(&sandbox, std::slice::from_ref(&refresh), &refresh.person(2, "foo_2_300"));
    assert_eq!(names(&sandbox), people([(1, "foo_1_200"), (2, "foo_2_300")]));
}

#[test]
fn resume_after_cancelled_truncate() {
    let sandbox = sandbox();
    let (stream, _) = interrupted_truncate_of_two(&sandbox);
    let resumed = stream.generation(43, 0);
    let outcome = run_sync(&sandbox, std::slice::from_ref(&resumed), &resumed.person(2, "foo_2_300"));
    assert_eq!(names(&sandbox), people([(1, "foo_1_200"), (2, "foo_2_300")]));
    assert!(outcome.logs("delete").is_empty(), "{:#?}", outcome.lines);
}

/// The second schema lacks a field, has a new one, and gives a third another type. A property keeps the type that it
/// was made with; what does not fit is left out and told.
#[test]
fn test_append_schema_evolution() {
    let sandbox = sandbox();
    let number = || json!({ "type": ["null", "integer"] });
    let run = |fields: Value, rows: [Value; 2]| {
        let streams = [Stream::new("test_stream").fields(fields)];
        let connector = connector(&sandbox, &streams).set("unknown_fields", "create");
        let lines: String = rows.into_iter().map(|row| streams[0].record(row)).collect();
        run_to_its_end(&connector, &streams, &lines)
    };
    run(
        json!({ "email": text(), "to_drop": text(), "to_change": number() }),
        [
            json!({ "email": address(1), "to_drop": "val1", "to_change": 42 }),
            json!({ "email": address(2), "to_drop": "val1", "to_change": 42 }),
        ],
    );
    let outcome = run(
        json!({ "email": text(), "to_change": text(), "to_add": text() }),
        [
            json!({ "email": address(1), "to_change": "val2", "to_add": "val3" }),
            json!({ "email": address(2), "to_change": "43", "to_add": "val3" }),
        ],
    );
    let stored = |number| sandbox.contact(&address(number)).unwrap().own_properties();
    for (person, change) in [(1, "42"), (2, "43")] {
        let properties = stored(person);
        let of = |name: &str| properties.get(name).map(String::as_str);
        assert_eq!(
            (of("to_drop"), of("to_change"), of("to_add")),
            (Some("val1"), Some(change), Some("val3"))
        );
    }
    assert_eq!(outcome.logs("property created").len(), 1, "{:#?}", outcome.lines);
    assert_eq!(outcome.logs("values left out").len(), 1, "{:#?}", outcome.lines);
}

/// An empty schema grows with what records bring; a record without an address cannot be a contact.
#[test]
fn test_no_columns() {
    let sandbox = sandbox();
    let streams = [Stream::new("test_stream").fields(json!({}))];
    let lines = streams[0].record(json!({})) + &streams[0].checkpoint(&json!({}), 1.0);
    for _ in 1..=2 {
        let outcome = run_sync(&sandbox, &streams, &lines);
        assert_eq!(outcome.counts(), [(0.0, 1.0)]);
    }
    assert!(sandbox.contacts().is_empty());
    run_sync(&sandbox, &streams, &streams[0].person(1, "Ada"));
    assert_eq!(names(&sandbox), people([(1, "Ada")]));
}
