//! Memory is bounded, however much is read, however slow HubSpot is, however large the records and the answers are.
//!
//! Read from the kernel while the connector still runs: the most memory that it ever had resident, its own code
//! included.

use std::time::Duration;

use hubspot_sandbox::{Fault as OfHubSpot, Latency, Sandbox, Settings, What};
use serde_json::json;

use super::{
    model::{Sums, roomy_sandbox},
    paths,
    store::{
        server::{Fault, Server},
        settings,
        sync::{addresses, connector},
    },
    support::{Connector, Running, record, record_of, state},
};

/// What the connector may have resident.
pub(crate) const MOST_KIB: u64 = 64 * 1024;

/// How many records a long sync has: `SOAK_RECORDS` if it is set, and so many otherwise.
pub(crate) fn long_run(records: u32) -> u32 {
    std::env::var("SOAK_RECORDS").map_or(records, |text| text.parse().expect("SOAK_RECORDS is a number"))
}

/// A sandbox that keeps no bodies: its memory is not what is measured, but the machine's is finite.
fn sandbox(change: impl FnOnce(&mut Settings)) -> Sandbox {
    roomy_sandbox(|settings| {
        settings.recorded_bodies = 0;
        settings.limits.max = Some(100_000);
        settings.limits.daily = Some(10_000_000);
        change(settings);
    })
}

/// The most memory that the process ever had resident, in KiB.
pub(crate) fn peak_kib(running: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak");
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

/// Ends a run whose last state has come, after a look at its memory.
#[track_caller]
#[expect(clippy::print_stdout, reason = "the figure is for whoever runs the test")]
fn assert_bounded(mut running: Running, last_state: u64) -> Sums {
    running.wait_for_state(last_state);
    let peak = peak_kib(&running);
    let outcome = running.finish();
    outcome.assert_success();
    println!("most memory resident: {} MiB", peak / 1024);
    assert!(peak <= MOST_KIB, "{} MiB", peak / 1024);
    Sums::of(&outcome)
}

#[test]
fn many_records_take_no_more_memory_than_few() {
    let records = long_run(50_000);
    let sandbox = sandbox(|_| ());
    let mut running = Connector::new(&sandbox).unscaled().start("write");
    for number in 0..records {
        let mut lines = record(json!({ "email": format!("p{number}@example.com"), "firstname": "Ada" }));
        if number % 1_000 == 999 || number + 1 == records {
            lines += &state(number.into());
        }
        running.send(&lines);
    }
    let sums = assert_bounded(running, u64::from(records) - 1);
    assert_eq!(sums.written(), u64::from(records));
}

#[test]
fn a_slow_hubspot_holds_the_input_back() {
    let sandbox = sandbox(|settings| settings.latency = Latency { ms: 150, jitter_ms: 100 });
    let mut running = Connector::new(&sandbox).unscaled().start("write");
    let text = "x".repeat(2_500);
    // 100 MB of input, many times what may wait.
    for number in 0..40_000 {
        running.send(&record(json!({ "email": format!("p{number}@example.com"), "message": text })));
    }
    running.send(&state(1));
    assert_eq!(assert_bounded(running, 1).written(), 40_000);
}

#[test]
fn large_records_and_large_answers_do_not_add_up() {
    let sandbox = sandbox(|settings| {
        let filler = OfHubSpot::new(What::Oversized { bytes: 15 * 1024 * 1024 }).path(paths::UPSERT);
        settings.faults = vec![filler.requests((10..100).step_by(30))];
        settings.latency = Latency { ms: 20, jitter_ms: 20 };
    });
    let mut running = Connector::new(&sandbox).unscaled().start("write");
    let text = "x".repeat(60_000);
    for number in 0..2_000 {
        // Every third record waits for the one before it.
        let email =
            if number % 3 == 0 { "hot@example.com".to_owned() } else { format!("p{number}@example.com") };
        running.send(&record(json!({ "email": email, "message": text, "followercount": number })));
    }
    running.send(&state(1));
    let sums = assert_bounded(running, 1);
    assert_eq!((sums.written(), sums.rejected), (2_000, 0));
    assert_eq!(super::model::stored(&sandbox, "hot@example.com", "followercount").as_deref(), Some("1998"));
}

#[test]
fn rejected_rows_that_wait_for_a_slow_store_hold_the_input_back() {
    let (sandbox, store) = (sandbox(|_| ()), Server::start());
    store.always("PUT", Fault::Delay(Duration::from_millis(200)));
    let mut running = connector(&sandbox, &settings(&store.address())).unscaled().start("write");
    let text = "x".repeat(40_000);
    // 80 MB of input, of which 20 MB are rejected, in a hundred streams.
    for number in 0..2_000 {
        let email = if number % 4 == 0 { "nobody".to_owned() } else { format!("p{number}@example.com") };
        let stream = format!("s{}", number % 100);
        running.send(&record_of(&stream, json!({ "email": email, "message": text })));
    }
    let all = json!({ "type": "GLOBAL", "global": { "shared_state": {}, "stream_states": [] }, "id": 1 });
    running.send(&format!("{}\n", json!({ "type": "STATE", "state": all })));
    let sums = assert_bounded(running, 1);
    assert_eq!((sums.written(), sums.rejected), (1_500, 500));
    assert_eq!(addresses(store.objects().values()).len(), 500);
}

#[test]
fn states_that_wait_hold_the_input_back() {
    let sandbox = sandbox(|settings| {
        settings.latency = Latency { ms: 100, jitter_ms: 50 };
    });
    let mut running = Connector::new(&sandbox).unscaled().start("write");
    let cursor = "c".repeat(20_000);
    for number in 0..1_500 {
        running.send(&record(json!({ "email": format!("p{number}@example.com"), "firstname": "Ada" })));
        let stream =
            json!({ "stream_descriptor": { "name": "users" }, "stream_state": { "cursor": cursor } });
        let line = json!({ "type": "STATE", "state": { "type": "STREAM", "stream": stream, "id": number } });
        running.send(&format!("{line}\n"));
    }
    running.send(&state(99_999));
    assert_eq!(assert_bounded(running, 99_999).written(), 1_500);
}
