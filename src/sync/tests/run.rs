//! What the loop itself decides: when reading stops, when a batch leaves, how a sync ends early. Times are those of a
//! clock that stands still until everybody waits, so they are exact.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{
    harness::{Course, Ended, Piece, record, state_line},
    model::{Habits, HubSpot, Store, new_contact_stage},
    wire::{Way, Wire},
};
use crate::{
    config::{FailIfRejected, UnknownFields},
    crm::property::LIFECYCLE_STAGE,
    error::FailureType,
    hubspot::transport::{Exchange, Request, Transport},
    io::input::InputError,
    mapping::target::Rules,
    sync::run::End,
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

// ---- Requests -----------------------------------------------------------------------------------------------

#[test]
fn several_requests_are_under_way_and_their_states_go_out_in_order() {
    let slow = Way { slowest: seconds(3), limit: 190, ..Way::steady(Duration::ZERO) };
    let wire = wire(slow);
    let text: String =
        (0..20).map(|batch| contacts(batch * 100..batch * 100 + 100) + &state(batch)).collect();
    let ended = run(&wire, Course::default(), vec![lines(text)]);
    assert!(matches!(ended.end, End::Complete), "{:?}", ended.end);
    assert_eq!(ended.states(), (0..20).collect::<Vec<_>>());
    assert_eq!(wire.hubspot().sizes, [100; 20]);
    assert!(wire.most_at_once() > 4, "{}", wire.most_at_once());
}

#[test]
fn as_many_requests_are_under_way_as_the_limits_allow_in_two_seconds() {
    let wire = wire(Way::steady(seconds(60)));
    let ended = run(&wire, Course::default(), vec![lines(contacts(0..4_000))]);
    assert_eq!(ended.count("created"), 4_000);
    assert_eq!(wire.most_at_once(), 20);
}

#[test]
fn what_is_parked_joins_the_last_batch() {
    let wire = wire(Way::steady(LATENCY));
    // The first batch holds contact 0 twice over, with stages that cannot be folded: the second waits for the first.
    let stages = |stage| person("k0@x.com", &[(LIFECYCLE_STAGE, stage)]);
    let text = stages("lead") + &contacts(1..100) + &stages("customer") + &contacts(100..150);
    let ended = run(&wire, Course::default(), vec![lines(text)]);
    assert_eq!((ended.count("created"), ended.count("updated")), (150, 1));
    assert_eq!(wire.hubspot().sizes, [100, 51]);
    assert_eq!(wire.hubspot().store.value("k0@x.com", LIFECYCLE_STAGE), Some("customer"));
}

#[test]
fn a_property_that_hubspot_takes_from_nobody_is_not_sent_again() {
    let wire = wire(Way::steady(LATENCY));
    let gone = |number: usize| person(&format!("k{number}@x.com"), &[("phone", "1"), ("gone", "1")]);
    let pieces = vec![
        lines((0..100).map(gone).collect::<String>()),
        Piece::Silence(seconds(10)),
        lines((100..200).map(gone).collect::<String>()),
    ];
    let ended = run(&wire, Course::default(), pieces);
    assert_eq!(ended.count("created"), 200);
    assert_eq!(wire.hubspot().sizes, [100, 100, 100]);
    assert_eq!(ended.said("property left out for the rest of the sync"), 1);
}

#[test]
fn a_property_that_is_gone_ends_a_sync_where_every_field_needs_one() {
    let wire = wire(Way::steady(LATENCY));
    let course = Course { unknown_fields: UnknownFields::Fail, ..Course::default() };
    let ended =
        run(&wire, course, vec![lines(person("k0@x.com", &[("gone", "1"), ("phone", "1")]) + &state(0))]);
    assert_eq!(ended.failure().failure_type, FailureType::Config);
    assert!(ended.failure().message.starts_with("The property `gone` is gone"), "{}", ended.failure());
    assert!(ended.written.is_empty());
    assert_eq!(ended.count("open"), 1);
}

#[test]
fn a_contact_that_was_written_is_not_looked_up_again() {
    let wire = wire(Way::steady(LATENCY));
    let rules = Rules { stage: Some(new_contact_stage("subscriber")), ..Rules::default() };
    let course = Course { rules, ..Course::default() };
    let pieces = vec![lines(contacts(0..100)), Piece::Silence(seconds(10)), lines(contacts(0..100))];
    let ended = run(&wire, course, pieces);
    assert_eq!((ended.count("created"), ended.count("updated")), (100, 100));
    assert_eq!(wire.hubspot().reads, 1);
    assert_eq!(wire.hubspot().store.value("k1@x.com", LIFECYCLE_STAGE), Some("subscriber"));
}

// ---- When a partly filled batch leaves ----------------------------------------------------------------------

#[test]
fn a_state_has_its_records_leave_half_a_second_after_the_last_record() {
    let wire = wire(Way::steady(LATENCY));
    let pieces = vec![
        lines(contact(0)),
        Piece::Silence(seconds(3)),
        lines(state(0)),
        // The next one comes too soon after this: it waits until two seconds have passed.
        Piece::Silence(LATENCY),
        lines(contact(1) + &state(1)),
        Piece::HeldOpen,
    ];
    let ended = run(&wire, signal_after(seconds(30)), pieces);
    let at: Vec<Duration> = ended.written.iter().map(|written| written.at).collect();
    assert_eq!(at, [seconds(3) + LATENCY, seconds(5) + LATENCY]);

    let pieces = vec![lines(contact(0) + &state(0)), Piece::HeldOpen];
    let ended = run(&wire, signal_after(seconds(30)), pieces);
    assert_eq!(ended.written[0].at, Duration::from_millis(500) + LATENCY);
}

#[test]
fn at_the_end_of_the_input_the_last_batch_leaves_at_once() {
    let wire = wire(Way::steady(LATENCY));
    let ended = run(&wire, Course::default(), vec![lines(contact(0) + &state(0))]);
    assert!(matches!(ended.end, End::Complete), "{:?}", ended.end);
    assert_eq!((ended.written[0].at, ended.after), (LATENCY, LATENCY));
}

#[test]
fn a_state_that_waits_for_a_parked_contact_has_it_leave_soon_after_the_first() {
    let wire = wire(Way::steady(LATENCY));
    let stages = |stage| person("k0@x.com", &[(LIFECYCLE_STAGE, stage)]);
    let text = stages("lead") + &contacts(1..100) + &stages("customer") + &state(0);
    let ended = run(&wire, signal_after(seconds(30)), vec![lines(text), Piece::HeldOpen]);
    assert_eq!(wire.hubspot().sizes, [100, 1]);
    assert_eq!(ended.written[0].at, Duration::from_millis(500) + LATENCY);
}

#[test]
fn the_time_in_which_nothing_is_read_is_no_silence_of_the_source() {
    let wire = wire(Way::steady(Duration::from_millis(400)));
    let before: String = contacts(0..100) + &(0..40).map(large_state).collect::<String>();
    // These fill the memory for states, so that reading stops until the first batch has landed.
    let filling = contact(100) + &(40..43).map(large_state).collect::<String>();
    let pieces = vec![
        lines(before + &filling),
        Piece::Silence(Duration::from_millis(600)),
        lines(contacts(101..150)),
        Piece::HeldOpen,
    ];
    let ended = run(&wire, signal_after(seconds(30)), pieces);
    assert_eq!(wire.hubspot().sizes, [100, 50]);
    assert_eq!(ended.states(), (0..43).collect::<Vec<_>>());
}

#[test]
fn without_a_state_a_record_waits_a_minute() {
    for (signal, upserts) in [(59, 0), (61, 1)] {
        let wire = wire(Way::steady(LATENCY));
        let ended = run(&wire, signal_after(seconds(signal)), vec![lines(contact(0)), Piece::HeldOpen]);
        assert!(matches!(ended.end, End::Signalled));
        assert_eq!(wire.hubspot().upserts, upserts);
        assert_eq!(ended.count("open"), 1 - u64::try_from(upserts).unwrap());
    }
}

// ---- Memory -------------------------------------------------------------------------------------------------

/// A record of about 64 KB.
fn large(number: usize) -> String {
    person(&format!("k{number}@x.com"), &[("notes", &"x".repeat(64_000))])
}

#[test]
fn reading_stops_while_four_mebibytes_of_contacts_have_not_landed() {
    let wire = wire(Way::steady(seconds(3_600)));
    let pieces = (0..300).map(|number| lines(large(number))).collect();
    let ended = run(&wire, signal_after(seconds(60)), pieces);
    let bytes = ended.count("read") * 64_000;
    assert!((4_000_000..4_400_000).contains(&bytes), "{bytes}");
    assert_eq!(ended.count("open"), ended.count("read"));
}

#[test]
fn nothing_is_read_while_a_batch_waits_for_its_turn() {
    let wire = wire(Way::steady(seconds(60)));
    let pieces = (0..40).map(|block| lines(contacts(block * 100..block * 100 + 100))).collect();
    let ended = run(&wire, signal_after(seconds(50)), pieces);
    // Twenty are under way.
    assert_eq!(ended.count("read"), 2_100);
}

#[test]
fn reading_goes_on_as_contacts_land() {
    let wire = wire(Way::steady(LATENCY));
    let pieces = (0..300).map(|number| lines(large(number))).collect();
    let ended = run(&wire, Course::default(), pieces);
    assert!(matches!(ended.end, End::Complete), "{:?}", ended.end);
    assert_eq!(ended.count("created"), 300);
    assert_eq!(ended.bytes, (0, 0));
}

/// A state of about 100 KB.
fn large_state(number: usize) -> String {
    let text = "x".repeat(100_000);
    json!({ "type": "STATE", "state": { "type": "STREAM", "id": number, "text": text,
        "stream": { "stream_descriptor": { "name": "s0" } } } })
    .to_string()
        + "\n"
}

#[test]
fn reading_stops_while_four_mebibytes_of_states_wait_for_a_request() {
    let wire = wire(Way::steady(seconds(3_600)));
    let mut pieces = vec![lines(contacts(0..100))];
    pieces.extend((0..100).map(|number| lines(large_state(number) + &contacts(100 + number..101 + number))));
    let ended = run(&wire, signal_after(seconds(60)), pieces);
    assert_eq!(ended.count("read"), 100 + 41);
    assert!(ended.written.is_empty());
}

#[test]
fn states_that_fill_their_memory_have_the_open_batch_leave() {
    let wire = wire(Way::steady(LATENCY));
    let mut pieces = vec![lines(contact(0))];
    pieces.extend((0..100).map(|number| lines(large_state(number))));
    pieces.push(Piece::HeldOpen);
    let ended = run(&wire, signal_after(seconds(30)), pieces);
    assert_eq!(ended.states(), (0..100).collect::<Vec<_>>());
    assert!(ended.written.iter().all(|written| written.at == LATENCY), "{:?}", ended.written.last());
}

#[test]
fn states_that_fill_their_memory_are_not_held_back_for_a_few_wrong_records() {
    let wire = wire(Way::steady(LATENCY));
    let held_back = vec![lines(wrong() + &large_state(0)), Piece::HeldOpen];
    assert_eq!(run(&wire, signal_after(seconds(30)), held_back).states(), [0]);

    let mut pieces = vec![lines(wrong())];
    pieces.extend((0..100).map(|number| lines(large_state(number))));
    pieces.push(Piece::HeldOpen);
    let ended = run(&wire, signal_after(seconds(30)), pieces);
    assert_eq!(ended.states(), (0..100).collect::<Vec<_>>());
    assert!(ended.written.iter().take(40).all(|written| written.at < seconds(30)));
}

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
    let wire = wire(Way::steady(LATENCY));
    let rules = Rules { stage: Some(new_contact_stage("subscriber")), ..Rules::default() };
    let course = Course { rules, ..Course::default() };
    let text =
        contacts(0..10) + &person("shy1@x.com", &[("phone", "1")]) + &person("shy2@x.com", &[("phone", "1")]);
    let ended = run(&wire, course, vec![lines(text)]);
    assert_eq!(ended.count("created"), 12);
    assert_eq!(
        ended.told("contacts that got no lifecycle stage, since HubSpot did not say whether they are new"),
        "2"
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

// ---- Early ends ---------------------------------------------------------------------------------------------

#[test]
fn a_signal_leaves_what_is_in_flight_five_seconds() {
    for (latency, settled) in [(seconds(5), 100), (seconds(7), 0)] {
        let wire = wire(Way::steady(latency));
        let pieces = vec![lines(contacts(0..100) + &state(0) + &contacts(100..110)), Piece::HeldOpen];
        let ended = run(&wire, signal_after(seconds(1)), pieces);
        assert!(matches!(ended.end, End::Signalled));
        assert_eq!(ended.count("created"), settled);
        assert_eq!(ended.count("open"), 110 - settled);
        assert_eq!(ended.written.len() as u64, settled / 100);
        assert_eq!(ended.after, seconds(if settled == 0 { 6 } else { 5 }));
        assert_eq!(ended.said("interrupted"), 1);
    }
}

#[test]
fn a_failure_leaves_what_is_in_flight_a_minute() {
    for (latency, settled) in [(seconds(59), 100), (seconds(61), 0)] {
        let wire = wire(Way::steady(latency));
        let pieces = vec![lines(contacts(0..100) + &state(0)), Piece::Fails(InputError::Stopped)];
        let ended = run(&wire, Course::default(), pieces);
        assert_eq!(ended.failure().message, InputError::Stopped.to_string());
        assert_eq!(ended.failure().failure_type, FailureType::System);
        assert_eq!(ended.count("created"), settled);
        assert_eq!(ended.written.len() as u64, settled / 100);
    }
}

#[test]
fn a_signal_shortens_the_minute_after_a_failure() {
    let wire = wire(Way::steady(seconds(50)));
    let pieces = vec![lines(contacts(0..100) + &state(0)), Piece::Fails(InputError::Stopped)];
    let ended = run(&wire, signal_after(seconds(10)), pieces);
    assert_eq!(ended.failure().message, InputError::Stopped.to_string());
    assert_eq!(ended.after, seconds(15));
    assert_eq!(ended.count("open"), 100);
}

#[test]
fn an_output_that_nobody_reads_ends_the_sync_at_once() {
    let wire = wire(Way::steady(LATENCY));
    let text: String = (0..3).map(|batch| contacts(batch * 100..batch * 100 + 100) + &state(batch)).collect();
    let course = Course { output_closes_after: Some(1), ..Course::default() };
    let ended = run(&wire, course, vec![lines(text), Piece::HeldOpen]);
    assert!(matches!(ended.end, End::OutputClosed), "{:?}", ended.end);
    assert_eq!(ended.states(), [0]);
    assert_eq!(ended.said("summary"), 0);
}

#[test]
fn what_is_in_flight_settles_after_a_failure_of_another_request() {
    // The second upsert, and what follows, is refused.
    let wire = wire(Way { fails_from: Some(2), ..Way::steady(seconds(3)) });
    let ended = run(
        &wire,
        Course::default(),
        vec![lines(contacts(0..100) + &state(0) + &contacts(100..300) + &state(1))],
    );
    assert_eq!(ended.failure().failure_type, FailureType::System);
    assert_eq!(ended.states(), [0]);
    assert_eq!((ended.count("created"), ended.count("open")), (100, 200));
}

/// A transport with a fault in it.
#[derive(Debug)]
struct Faulty;

impl Transport for Faulty {
    fn exchange(&self, _: Request) -> Exchange<'_> {
        Box::pin(async { panic!("a fault of the transport, as the test wishes") })
    }
}

#[test]
fn a_panic_in_a_request_ends_the_sync_and_acknowledges_nothing() {
    let ended =
        Course::default().run(Arc::new(Faulty), vec![lines(contacts(0..100) + &state(0)), Piece::HeldOpen]);
    assert!(matches!(ended.end, End::Panicked), "{:?}", ended.end);
    assert!(ended.written.is_empty());
    assert_eq!((ended.count("read"), ended.count("open")), (100, 100));
}

// ---- Verdicts -----------------------------------------------------------------------------------------------

#[test]
fn a_stream_that_is_wrongly_set_up_ends_the_sync_before_its_end() {
    let wire = wire(Way::steady(LATENCY));
    let pieces = || vec![lines((0..1_000).map(|_| wrong()).collect::<String>() + &state(0)), Piece::HeldOpen];
    let ended = run(&wire, Course::default(), pieces());
    assert_eq!(ended.failure().failure_type, FailureType::Config);
    assert!(ended.written.is_empty());
    assert_eq!(ended.after, Duration::ZERO);

    let never = Course { fail_if_rejected: FailIfRejected::Never, ..signal_after(seconds(1)) };
    let ended = run(&wire, never, pieces());
    assert!(matches!(ended.end, End::Signalled));
    assert_eq!(ended.states(), [0]);
}

#[test]
fn at_the_end_a_hundred_wrong_records_are_enough() {
    let wire = wire(Way::steady(LATENCY));
    let pieces = |count: usize| vec![lines((0..count).map(|_| wrong()).collect::<String>() + &state(0))];
    let ended = run(&wire, Course::default(), pieces(99));
    assert!(matches!(ended.end, End::Complete), "{:?}", ended.end);
    assert_eq!(ended.written[0].counts(), (0, 99));
    let ended = run(&wire, Course::default(), pieces(100));
    assert_eq!(ended.failure().failure_type, FailureType::Config);
    assert!(ended.written.is_empty());
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
        ended.log.iter().find(|one| one["message"] == "values that HubSpot accepted and did not apply");
    assert_eq!(told.map(|one| &*one["count"]), Some("100"));
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
