//! What the log says of a run, and what becomes of lines and streams that were not expected.

use std::sync::Arc;

use serde_json::json;

use super::{LATENCY, contact, contacts, lines, person, run, seconds, wire};
use crate::{
    crm::property::LIFECYCLE_STAGE,
    error::FailureType,
    mapping::target::OnCreate,
    sync::{
        run::End,
        tests::{
            harness::{Course, Ended, Piece, record, state_line},
            model::{Habits, HubSpot, Rules, Store, new_contact_stage},
            wire::{Way, Wire},
        },
    },
};

// ---- What is told -------------------------------------------------------------------------------------------

impl Ended {
    /// What the log counts under this message.
    #[track_caller]
    fn told(&self, message: &str) -> &str {
        let told: Vec<_> = self.log.iter().filter(|one| one["message"] == message).collect();
        let [one] = told[..] else { panic!("{message} is not told once: {:#?}", self.log) };
        &one["count"]
    }
}

#[test]
fn values_that_hubspot_refuses_are_told() {
    let wire = wire(Way::steady(LATENCY));
    let bad = |number: usize| person(&format!("k{number}@x.com"), &[("phone", "bad"), ("notes", "1")]);
    let ended = run(&wire, Course::default(), vec![lines((0..3).map(bad).collect::<String>())]);
    assert_eq!(ended.count("created"), 3);
    assert_eq!(ended.told("values left out"), "3");
}

#[test]
fn contacts_without_their_stage_are_told() {
    let store = Store::with(&[&["shy3@x.com"]]);
    let wire = Arc::new(Wire::new(HubSpot::new(Habits::FRIENDLY, store, 7), Way::steady(LATENCY), 7));
    let rules = Rules { stage: Some(new_contact_stage("subscriber")), ..Rules::default() };
    let course = Course { rules, ..Course::default() };
    let shy: String = (1..=3).map(|n| person(&format!("shy{n}@x.com"), &[("phone", "1")])).collect();
    let text = contacts(0..10) + &shy;
    let ended = run(&wire, course, vec![lines(text)]);
    assert_eq!((ended.count("created"), ended.count("updated")), (12, 1));
    assert_eq!(
        ended.told(
            "records created without the value that new ones get: HubSpot had not said that they are new"
        ),
        "2"
    );
}

#[test]
fn contacts_whose_configured_stage_hubspot_refuses_are_told() {
    let store = Store::with(&[&["k0@x.com"]]);
    let wire = Arc::new(Wire::new(HubSpot::new(Habits::FRIENDLY, store, 7), Way::steady(LATENCY), 7));
    let stage = OnCreate { value: "refused".into(), ..new_contact_stage("subscriber") };
    let rules = Rules { stage: Some(stage), ..Rules::default() };
    let course = Course { rules, ..Course::default() };
    let ended = run(&wire, course, vec![lines(contacts(0..4))]);
    assert_eq!((ended.count("created"), ended.count("updated")), (3, 1));
    assert_eq!(
        ended.told("HubSpot refuses the value that new records get: these were created without it"),
        "3"
    );
}

#[test]
fn records_that_could_not_be_put_in_order_are_told() {
    let store = Store::with(&[&["a@x.com", "b@x.com"]]);
    // What is written again is refused.
    let way = Way { fails_from: Some(2), ..Way::steady(LATENCY) };
    let wire = Arc::new(Wire::new(HubSpot::new(Habits::FRIENDLY, store, 7), way, 7));
    let text = person("b@x.com", &[("phone", "1")]) + &person("a@x.com", &[("phone", "2")]);
    let ended = run(&wire, Course::default(), vec![lines(text)]);
    assert_eq!(ended.count("updated"), 2);
    let message = "records of contacts with several addresses that were written out of order and could not be written again";
    assert_eq!(ended.told(message), "2");
}

// ---- Lines --------------------------------------------------------------------------------------------------

#[test]
fn a_line_that_is_no_message_ends_the_sync_with_its_number() {
    let wire = wire(Way::steady(LATENCY));
    let ended = run(&wire, Course::default(), vec![lines(contact(0) + "\n{\n" + &contact(1))]);
    assert_eq!(ended.failure().failure_type, FailureType::System);
    assert!(ended.failure().message.starts_with("Line 3 of the input "), "{}", ended.failure());
    assert_eq!(ended.count("read"), 1);
    // Before the first record, it may be a row as it is.
    let ended = run(&wire, Course::default(), vec![lines("{\"email\":\"k0@x.com\"}\n")]);
    assert_eq!(ended.failure().failure_type, FailureType::Config);
}

#[test]
fn what_repeats_is_warned_of_once() {
    let wire = wire(Way::steady(LATENCY));
    let deleted =
        |stream| record(stream, &json!({ "email": "k0@x.com", "_ab_cdc_deleted_at": "2024-01-01" }));
    let strange = "{\"type\":\"STRANGE\"}\n";
    let text = strange.to_owned() + &contact(0) + strange + &deleted("s0") + &deleted("s0") + &deleted("s1");
    let ended = run(&wire, Course::default(), vec![lines(text)]);
    assert_eq!(ended.said("lines of a type that Airbyte does not have"), 1);
    assert_eq!(ended.said("records that the source marks as deleted"), 2);
    assert_eq!(ended.count("skipped"), 3);
}

#[test]
fn a_stage_that_hubspot_does_not_apply_is_warned_of_once_for_each_stream() {
    let wire = wire(Way::steady(LATENCY));
    let stage = |stream: &str, number: usize, stage: &str| {
        record(stream, &json!({ "email": format!("k{number}@x.com"), LIFECYCLE_STAGE: stage }))
    };
    let all = |stage_of: &str| -> String {
        (0..100).map(|number| stage(["s0", "s1"][number % 2], number, stage_of)).collect()
    };
    let pieces = vec![lines(all("customer")), Piece::Silence(seconds(10)), lines(all("lead"))];
    let ended = run(&wire, Course::default(), pieces);
    assert_eq!(ended.count("updated"), 100);
    assert_eq!(ended.said("HubSpot accepted a value and kept its own"), 2);
    let told =
        ended.log.iter().filter(|one| one["message"] == "values that HubSpot accepted and did not apply");
    assert_eq!(
        told.map(|one| (&*one["stream"], &*one["count"])).collect::<Vec<_>>(),
        [("s0", "50"), ("s1", "50")]
    );
}

#[test]
fn without_a_catalog_every_stream_is_taken() {
    let wire = wire(Way::steady(LATENCY));
    let text =
        || record("other", &json!({ "email": "k0@x.com", "phone": "1" })) + &state_line(Some("other"), 0);
    let course = Course { catalog: false, ..Course::default() };
    let ended = run(&wire, course, vec![lines(text())]);
    assert!(matches!(ended.end, End::Complete), "{:?}", ended.end);
    assert_eq!(ended.written[0].counts(), (1, 0));
    let ended = run(&wire, Course::default(), vec![lines(text())]);
    assert_eq!(ended.failure().failure_type, FailureType::Config);
    assert_eq!(ended.count("read"), 0);
}
