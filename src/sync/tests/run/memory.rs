//! When reading stops and goes on: the memory for contacts, for states, and batches that wait for their turn.

use super::{
    super::{
        harness::{Course, Piece},
        wire::Way,
    },
    LATENCY, contact, contacts, large_state, lines, person, run, seconds, signal_after, state_of, wire,
    wrong,
};
use crate::sync::run::End;

/// A record of about 64 KB.
fn large(number: usize) -> String {
    person(&format!("k{number}@x.com"), &[("notes", &"x".repeat(64_000))])
}

/// In memory, and again in the body of its request.
const LARGE_BYTES: u64 = 2 * 64_000;

#[test]
fn reading_stops_while_sixteen_mebibytes_of_contacts_have_not_landed() {
    let wire = wire(Way::steady(seconds(3_600)));
    let pieces = (0..400).map(|number| lines(large(number))).collect();
    let ended = run(&wire, signal_after(seconds(60)), pieces);
    let bytes = ended.count("read") * LARGE_BYTES;
    assert!((16_300_000..16_900_000).contains(&bytes), "{bytes}");
    assert_eq!(ended.count("open"), ended.count("read"));
    // Of 32 records each: two mebibytes.
    assert_eq!(wire.most_at_once(), 4);
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
fn rich_records_leave_room_for_the_requests_that_a_second_of_latency_allows() {
    let wire = wire(Way { limit: 190, ..Way::steady(seconds(1)) });
    // Nine kilobytes in a body, as 300 short properties have.
    let rich = |number: usize| person(&format!("k{number}@x.com"), &[("notes", &"x".repeat(9_000))]);
    let pieces = (0..4_000).map(|number| lines(rich(number))).collect();
    let ended = run(&wire, Course::default(), pieces);
    assert_eq!(ended.count("created"), 4_000);
    assert_eq!(wire.hubspot().sizes, [100; 40]);
    assert!(wire.most_at_once() >= 8, "{}", wire.most_at_once());
}

#[test]
fn large_states_do_not_cut_batches_short() {
    let wire = wire(Way::steady(seconds(1)));
    let large = |number| state_of(1_200_000, number);
    let text = |number| contacts(number * 10..number * 10 + 10) + &large(number);
    let pieces = (0..100).map(|number| lines(text(number))).collect();
    let ended = run(&wire, Course::default(), pieces);
    assert!(matches!(ended.end, End::Complete), "{:?}", ended.end);
    assert_eq!(wire.hubspot().sizes, [100; 10]);
    assert_eq!(ended.states(), (0..100).collect::<Vec<_>>());
    assert_eq!(ended.bytes, (0, 0));
}

#[test]
fn reading_stops_while_sixteen_mebibytes_of_states_wait_for_a_request() {
    let wire = wire(Way::steady(seconds(3_600)));
    let mut pieces = vec![lines(contacts(0..100))];
    let text = |number| state_of(400_000, number) + &contacts(100 + number..101 + number);
    pieces.extend((0..100).map(|number| lines(text(number))));
    let ended = run(&wire, signal_after(seconds(60)), pieces);
    assert_eq!(ended.count("read"), 100 + 41);
    assert!(ended.written.is_empty());
}

#[test]
fn states_that_fill_their_memory_have_the_open_batch_leave() {
    let wire = wire(Way::steady(LATENCY));
    let mut pieces = vec![lines(contact(0))];
    pieces.extend((0..300).map(|number| lines(large_state(number))));
    pieces.push(Piece::HeldOpen);
    let ended = run(&wire, signal_after(seconds(30)), pieces);
    assert_eq!(ended.states(), (0..300).collect::<Vec<_>>());
    assert!(ended.written.iter().all(|written| written.at == LATENCY), "{:?}", ended.written.last());
}

#[test]
fn states_that_fill_their_memory_are_not_held_back_for_a_few_wrong_records() {
    let wire = wire(Way::steady(LATENCY));
    let held_back = vec![lines(wrong() + &large_state(0)), Piece::HeldOpen];
    assert_eq!(run(&wire, signal_after(seconds(30)), held_back).states(), [0]);

    let mut pieces = vec![lines(wrong())];
    pieces.extend((0..300).map(|number| lines(large_state(number))));
    pieces.push(Piece::HeldOpen);
    let ended = run(&wire, signal_after(seconds(30)), pieces);
    assert_eq!(ended.states(), (0..300).collect::<Vec<_>>());
    assert!(ended.written.iter().take(160).all(|written| written.at < seconds(30)));
}
