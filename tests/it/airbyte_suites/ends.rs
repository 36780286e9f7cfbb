//! `UncleanSyncEndBehavior` and the scenarios that end a sync in the middle: a kill, a line that is no message, no status.

use serde_json::{Value, json};

use super::{
    super::support::{record_of, sandbox, state_of},
    Stream, connector, names, people, run_sync, run_until_state,
};

#[test]
fn test_mid_sync_checkpointing_stream_state() {
    let sandbox = sandbox();
    let stream = Stream::new("test_stream");
    let blob = json!({ "foo": "bar1" });
    let lines = stream.person(12, "Ada") + &stream.checkpoint(&blob, 1.0);
    let (state, running) = run_until_state(&connector(&sandbox, std::slice::from_ref(&stream)), &lines);
    running.signal("KILL");
    assert_eq!(running.wait().code, None);
    assert_eq!(state["stream"], json!({ "stream_descriptor": stream.descriptor(), "stream_state": blob }));
    assert_eq!(state["destinationStats"]["recordCount"], 1.0);
    assert_eq!(names(&sandbox), people([(12, "Ada")]), "an acknowledged record is in HubSpot");

    run_sync(&sandbox, &[stream], "");
    assert_eq!(names(&sandbox), people([(12, "Ada")]));
}

/// The original expects a failure. A platform sends no status to a connector that it does not know by its
/// registry, so the end of the input has to do.
#[test]
fn terminate_with_no_stream_status() {
    let sandbox = sandbox();
    let stream = Stream::new("test_stream");
    let lines = stream.person(1, "Ada") + &stream.checkpoint(&json!({}), 1.0) + &stream.person(2, "Grace");
    let outcome = connector(&sandbox, &[stream]).write(&lines);
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(1.0, 0.0)]);
    assert_eq!(names(&sandbox), people([(1, "Ada"), (2, "Grace")]));
}

#[test]
fn unparseable_message() {
    let sandbox = sandbox();
    let stream = Stream::new("test_stream");
    let lines = stream.person(1, "Ada") + &stream.checkpoint(&json!({}), 1.0);
    let (_, mut running) = run_until_state(&connector(&sandbox, &[stream]), &lines);
    running.send("{\"unparseable\n");
    // The input is still open.
    let outcome = running.wait();
    let message = outcome.assert_failure("system_error");
    assert!(!outcome.lines.join("\n").contains("unparseable"), "{message}");
    assert_eq!(names(&sandbox), people([(1, "Ada")]));
}

#[test]
fn kill() {
    let sandbox = sandbox();
    let stream = Stream::new("test_stream");
    let connector = connector(&sandbox, std::slice::from_ref(&stream));
    let (_, mut running) =
        run_until_state(&connector, &(stream.person(1, "Ada") + &stream.checkpoint(&json!({}), 1.0)));
    running.send(&stream.person(2, "Grace"));
    running.signal("KILL");
    let outcome = running.wait();
    assert_eq!((outcome.code, outcome.counts().len()), (None, 1));
    // The platform sends again what no state stands for.
    run_sync(&sandbox, std::slice::from_ref(&stream), &stream.person(2, "Grace"));
    assert_eq!(names(&sandbox), people([(1, "Ada"), (2, "Grace")]));
}

/// Nine records, a state, two records, a state; some of them cannot be contacts. Each state has the counts since the
/// one before, so that the platform's sum is right.
#[test]
fn dlq_write_test() {
    let sandbox = sandbox();
    let bad = |number: u32| record_of("users", json!({ "firstname": format!("Nobody {number}") }));
    let good = |number: u32| record_of("users", json!({ "email": super::address(number) }));
    let refused_by_hubspot = record_of("users", json!({ "email": "ada@example.no-such-domain" }));
    let mut lines = String::new();
    for number in 1..=6 {
        lines += &good(number);
    }
    lines += &(bad(7) + &refused_by_hubspot + &bad(9) + &state_of("users", 1));
    lines += &(good(10) + &bad(11) + &state_of("users", 2));
    let users = Stream::new("users").namespace(None);
    let outcome = run_sync(&sandbox, &[users], &lines);
    assert_eq!(outcome.counts(), [(6.0, 3.0), (1.0, 1.0)]);
    assert_eq!(sandbox.contacts().len(), 7);
    // Numbers with a decimal point, which the platform's parser tells apart.
    for line in outcome.state_lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        for name in ["recordCount", "rejectedRecordCount"] {
            assert!(message["state"]["destinationStats"][name].is_f64(), "{line}");
        }
    }
}
