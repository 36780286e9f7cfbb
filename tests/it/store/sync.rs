//! Whole syncs whose rejected rows go into a store: states wait for it, and what it refuses ends the sync.

use std::{collections::BTreeMap, time::Duration};

use hubspot_sandbox::Sandbox;
use serde_json::{Value, json};

use super::{
    server::{Fault, Server},
    settings,
};
use crate::support::{Connector, people, record, record_of, sandbox, state};

/// A connector that keeps rejected rows in a store.
pub(crate) fn connector(sandbox: &Sandbox, store: &Value) -> Connector {
    Connector::new(sandbox)
        .set("object_storage_config", store.clone())
        .variable("HUBSPOT_ALLOW_PRIVATE_ENDPOINTS", "1")
}

fn to(sandbox: &Sandbox, server: &Server) -> Connector {
    connector(sandbox, &settings(&server.address()))
}

pub(crate) fn rejected(number: usize) -> String {
    record(json!({ "email": format!("nobody {number}"), "firstname": "Ada" }))
}

/// The addresses of the rows in some objects.
pub(crate) fn addresses<'a>(objects: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<String> {
    let lines = objects.into_iter().flat_map(|object| object.split(|byte| *byte == b'\n'));
    let rows =
        lines.filter(|line| !line.is_empty()).map(|line| serde_json::from_slice::<Value>(line).unwrap());
    rows.map(|row| row["record"]["data"]["email"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_state_waits_until_the_rejected_rows_before_it_are_in_the_store() {
    let (sandbox, server) = (sandbox(), Server::start());
    server.fault("PUT", [Fault::Delay(Duration::from_millis(300))]);
    let mut running = to(&sandbox, &server).start("write");
    running.send(&(people(0..2) + &rejected(1) + &state(1)));
    running.wait_for_state(1);
    assert_eq!(addresses(server.objects().values()), ["nobody 1"]);
    running.send(&(rejected(2) + &people(2..3) + &state(2)));
    let outcome = running.finish();
    assert_eq!((outcome.code, outcome.state_ids()), (Some(0), vec![1, 2]));
    assert_eq!(addresses(server.objects().values()), ["nobody 1", "nobody 2"]);
}

#[test]
fn a_sync_without_rejected_rows_asks_nothing_of_the_store() {
    let (sandbox, server) = (sandbox(), Server::start());
    let outcome = to(&sandbox, &server).write(&(people(0..3) + &state(1)));
    assert_eq!((outcome.code, server.requests().len()), (Some(0), 0));
}

#[test]
fn each_stream_has_objects_of_its_own_that_can_be_sent_again() {
    let (sandbox, server) = (sandbox(), Server::start());
    let input: String =
        (0..30).map(|n| record_of(&format!("s{}", n % 3), json!({ "email": format!("x {n}") }))).collect();
    assert_eq!(to(&sandbox, &server).write(&(people(0..1) + &input)).code, Some(0));
    let objects: BTreeMap<String, Vec<u8>> = server.objects();
    for stream in ["s0", "s1", "s2"] {
        let of_stream = objects.iter().filter(|(key, _)| key.contains(&format!("/{stream}/")));
        assert_eq!(addresses(of_stream.map(|(_, body)| body)).len(), 10);
    }
    let all: String = objects.values().map(|body| String::from_utf8(body.clone()).unwrap()).collect();
    let correct = |line: &str| {
        let mut row: Value = serde_json::from_str(line).unwrap();
        let email = row["record"]["data"]["email"].as_str().unwrap().replace(' ', "") + "@example.com";
        row["record"]["data"]["email"] = json!(email);
        format!("{row}\n")
    };
    let corrected: String = all.lines().map(correct).collect();
    let outcome = to(&sandbox, &Server::start()).write(&corrected);
    assert!(outcome.summary().contains(" created=30 "), "{}", outcome.summary());
}

#[test]
fn a_store_that_refuses_ends_the_sync_before_the_state() {
    for (fault, failure_type) in [
        (Fault::Refuse { status: 403, code: "AccessDenied" }, "config_error"),
        (Fault::Refuse { status: 404, code: "NoSuchBucket" }, "config_error"),
        (Fault::Refuse { status: 503, code: "SlowDown" }, "transient_error"),
        (Fault::LoseRequest, "transient_error"),
    ] {
        let (sandbox, server) = (sandbox(), Server::start());
        server.always("PUT", fault);
        let outcome = to(&sandbox, &server).write(&(people(0..2) + &rejected(1) + &state(1)));
        outcome.assert_failure(failure_type);
        assert_eq!(outcome.state_ids(), [] as [u64; 0]);
    }
}

#[test]
fn a_store_that_recovers_has_all_rows() {
    let (sandbox, server) = (sandbox(), Server::start());
    let busy = Fault::Refuse { status: 503, code: "SlowDown" };
    server.fault("PUT", [busy.clone(), Fault::LoseAnswer, busy, Fault::LoseRequest]);
    let input: String = (0..200).map(rejected).collect();
    // A few good rows, so that the stream is not taken for wrongly set up.
    let outcome = to(&sandbox, &server).write(&(people(0..5) + &input + &state(1)));
    assert_eq!((outcome.code, outcome.state_ids()), (Some(0), vec![1]), "{:#?}", outcome.lines);
    let mut kept = addresses(server.objects().values());
    kept.sort();
    kept.dedup();
    assert_eq!(kept.len(), 200);
}

#[test]
fn a_store_that_never_answers_does_not_hold_up_the_end_and_is_told() {
    let (sandbox, server) = (sandbox(), Server::start());
    server.always("PUT", Fault::Delay(Duration::from_hours(1)));
    let mut running = to(&sandbox, &server).unscaled().start("write");
    running.send(&(people(0..1) + &rejected(1) + &state(1)));
    while server.requests().is_empty() {
        std::thread::yield_now();
    }
    running.signal("TERM");
    let outcome = running.wait();
    assert_eq!((outcome.code, outcome.state_ids()), (Some(143), vec![]));
    assert_eq!(outcome.logs("rejected rows were given up before the object store had them").len(), 1);
}

#[test]
fn a_sync_that_is_asked_to_end_keeps_what_was_rejected() {
    let (sandbox, server) = (sandbox(), Server::start());
    server.fault("PUT", [Fault::Delay(Duration::from_millis(300))]);
    let mut running = to(&sandbox, &server).start("write");
    running.send(&(people(0..1) + &state(1)));
    running.wait_for_state(1);
    running.send(&(rejected(1) + &state(2)));
    while server.requests().is_empty() {
        std::thread::yield_now();
    }
    running.signal("TERM");
    let outcome = running.wait();
    assert_eq!((outcome.code, outcome.state_ids()), (Some(143), vec![1, 2]));
    assert_eq!(addresses(server.objects().values()), ["nobody 1"]);
}
