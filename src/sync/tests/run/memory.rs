//! When reading stops and goes on: the memory for contacts, for states, and batches that wait for their turn.

use super::{
    super::{
        harness::{Course, Piece},
        wire::Way,
    },
    LATENCY, contact, contacts, large_state, lines, person, run, seconds, signal_after, wire, wrong,
};
use crate::sync::run::End;

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
