//! How a sync ends before its input does: signals, failures, panics, streams that are wrongly set up.

use std::{sync::Arc, time::Duration};

use super::{
    super::{
        harness::{Course, Piece},
        model::Habits,
        wire::Way,
    },
    LATENCY, contacts, large_state, lines, person, run, seconds, signal_after, state, wire, with_habits,
    wrong,
};
use crate::{
    config::FailIfRejected,
    error::FailureType,
    hubspot::transport::{Exchange, Request, Transport},
    io::input::InputError,
    sync::run::End,
};

// ---- Early ends ---------------------------------------------------------------------------------------------

#[test]
fn a_small_sync_that_hubspot_refuses_without_a_reason_fails_and_acknowledges_nothing() {
    for many in [1, 3, 8] {
        let wire = with_habits(Way::steady(LATENCY), Habits { refuses_all: true, ..Habits::FRIENDLY });
        let ended = run(&wire, Course::default(), vec![lines(contacts(0..many) + &state(0))]);
        assert_eq!(ended.failure().failure_type, FailureType::System, "{many} records");
        assert_eq!(ended.states(), [0; 0]);
    }
    let wire = with_habits(Way::steady(LATENCY), Habits { refuses_all: true, ..Habits::FRIENDLY });
    let course = Course { fail_if_rejected: FailIfRejected::Never, ..Course::default() };
    let ended = run(&wire, course, vec![lines(contacts(0..3) + &state(0))]);
    assert!(matches!(ended.end, End::Complete), "{:?}", ended.end);
    assert_eq!(ended.written[0].counts(), (0, 3));
}

#[test]
fn a_small_sync_of_which_hubspot_says_nothing_fails_and_acknowledges_nothing() {
    for many in [1, 2] {
        let wire = wire(Way::steady(LATENCY));
        let mute = |number: usize| person(&format!("mute{number}@x.com"), &[("phone", "1")]);
        let text: String = (0..many).map(mute).collect();
        let ended = run(&wire, Course::default(), vec![lines(text + &state(0))]);
        assert_eq!(ended.failure().failure_type, FailureType::Transient, "{many} records");
        assert_eq!(ended.states(), [0; 0]);
    }
}

#[test]
fn states_that_fill_their_memory_while_hubspot_accepts_nothing_end_the_sync() {
    let wire = with_habits(Way::steady(LATENCY), Habits { refuses_all: true, ..Habits::FRIENDLY });
    let states: String = (1..200).map(large_state).collect();
    let pieces = vec![lines(contacts(0..1) + &states), Piece::HeldOpen];
    let ended = run(&wire, Course::default(), pieces);
    assert_eq!(ended.failure().failure_type, FailureType::System);
    assert_eq!(ended.states(), [0; 0]);
}

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
