//! Which requests are under way, what they hold, and when a partly filled batch leaves.

use std::time::Duration;

use super::{
    LATENCY, contact, contacts, lines, person, run, seconds, signal_after, state, state_of, wire, with_habits,
};
use crate::{
    config::UnknownFields,
    crm::property::LIFECYCLE_STAGE,
    error::FailureType,
    sync::{
        run::End,
        tests::{
            harness::{Course, Piece},
            model::{Habits, Rules, new_contact_stage},
            wire::Way,
        },
    },
};

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

#[test]
fn a_token_that_may_not_look_contacts_up_is_asked_to_once() {
    let wire = with_habits(Way::steady(LATENCY), Habits { denies_look_ups: true, ..Habits::FRIENDLY });
    let address_alone = |number: usize| person(&format!("k{number}@x.com"), &[]);
    let mut pieces = Vec::new();
    for start in [0, 100, 200] {
        pieces.push(lines((start..start + 99).map(address_alone).collect::<String>() + &contact(start + 99)));
        pieces.push(Piece::Silence(seconds(10)));
    }
    let ended = run(&wire, Course::default(), pieces);
    assert_eq!((ended.count("created"), ended.count("rejected")), (3, 297));
    assert_eq!(wire.hubspot().reads, 1);
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
    let half = |number| state_of(400_000, number);
    let before: String = contacts(0..100) + &(0..40).map(half).collect::<String>();
    // These fill the memory, so that reading stops until the first batch has landed.
    let filling = contact(100) + &(40..43).map(half).collect::<String>();
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
