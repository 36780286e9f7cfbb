//! What the loop itself decides: when reading stops, when a batch leaves, how a sync ends early. Times are those of a
//! clock that stands still until everybody waits, so they are exact. Here: what these tests share.

mod batches;
mod early_ends;
mod memory;
mod messages;

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{
    harness::{Course, Ended, Piece, record, state_line},
    model::{Habits, HubSpot, Store},
    wire::{Way, Wire},
};

const LATENCY: Duration = Duration::from_millis(100);

fn wire(way: Way) -> Arc<Wire> {
    with_habits(way, Habits::FRIENDLY)
}

fn with_habits(way: Way, habits: Habits) -> Arc<Wire> {
    Arc::new(Wire::new(HubSpot::new(habits, Store::default(), 7), way, 7))
}

fn contact(number: usize) -> String {
    person(&format!("k{number}@x.com"), &[("phone", "1")])
}

fn person(address: &str, properties: &[(&str, &str)]) -> String {
    let mut data = json!({ "email": address });
    for (name, value) in properties {
        data[*name] = json!(value);
    }
    record("s0", &data)
}

fn contacts(numbers: std::ops::Range<usize>) -> String {
    numbers.map(contact).collect()
}

/// A record that says that its stream is wrongly set up.
fn wrong() -> String {
    person("nobody", &[])
}

fn state(number: usize) -> String {
    state_line(Some("s0"), number)
}

fn run(wire: &Arc<Wire>, course: Course, pieces: Vec<Piece>) -> Ended {
    let transport = Arc::clone(wire);
    course.run(transport, pieces)
}

fn lines(text: impl Into<String>) -> Piece {
    Piece::Lines(text.into())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn signal_after(duration: Duration) -> Course {
    Course { signal: Some(duration), ..Course::default() }
}

/// A state of about 100 KB.
fn large_state(number: usize) -> String {
    state_of(100_000, number)
}

/// A state of about so many bytes.
fn state_of(bytes: usize, number: usize) -> String {
    let text = "x".repeat(bytes);
    json!({ "type": "STATE", "state": { "type": "STREAM", "id": number, "text": text,
        "stream": { "stream_descriptor": { "name": "s0" } } } })
    .to_string()
        + "\n"
}
