//! When more of a stream's records are rejected than the share allows, rule by rule.

use proptest::prelude::*;

use super::{
    super::model::state, object, open, refused, rejected, settle_all, skipped, take, without_address,
};
use crate::{
    config::{FailIfRejected, Share},
    error::{FailedStream, Failure, FailureType},
    mapping::reason::Code,
    report::fate::Fate,
    sync::ledger::Ledger,
};

fn ledger(share: &str) -> Ledger {
    Ledger::new(FailIfRejected::Share(Share::parse(share).unwrap()))
}

/// Records of a stream with this fate, at once.
fn settled(ledger: &mut Ledger, stream: usize, many: u64, fate: &Fate) {
    let tickets = open(ledger, stream, many);
    settle_all(ledger, tickets, fate);
}

fn end(ledger: &mut Ledger) -> Option<Failure> {
    assert!(ledger.failure().is_none(), "it fails at its end");
    ledger.judge_rejected_streams();
    ledger.failure().map(Failure::from)
}

#[test]
fn states_are_held_back_from_the_moment_on_whatever_comes_and_the_sync_fails_at_its_end() {
    let mut ledger = ledger("1 %");
    settled(&mut ledger, 0, 198, &Fate::Created);
    settled(&mut ledger, 0, 2, &without_address());
    ledger.state(state(&object(1, Some(0))));
    assert_eq!(take(&mut ledger), [(1, 198, 2)], "2 of 200 are not more than 1 %");
    settled(&mut ledger, 0, 1, &rejected(Code::InvalidValue));
    ledger.state(state(&object(2, Some(0))));
    assert_eq!(take(&mut ledger), []);
    settled(&mut ledger, 0, 10_000, &Fate::Updated);
    ledger.state(state(&object(3, Some(0))));
    // Another stream is none of its affair.
    settled(&mut ledger, 1, 1, &without_address());
    ledger.state(state(&object(4, Some(1))));
    assert_eq!(take(&mut ledger), [(4, 0, 1)]);
    let failure = end(&mut ledger).unwrap();
    assert_eq!(take(&mut ledger), []);
    assert_eq!(failure.failure_type, FailureType::Config);
    assert_eq!(failure.stream, Some(FailedStream { name: "s0".to_owned(), namespace: None }));
    for part in [
        "allows 1 %",
        "stream `s0`, 3 of 201 were, and 3 of 10201 in all, 2 of them as missing_email: ",
        "clear the stream",
        "`never`",
    ] {
        assert!(failure.message.contains(part), "{part}: {failure}");
    }
}

#[test]
fn the_streams_beyond_the_first_that_exceed_the_share_are_counted() {
    for (streams, sentence) in [(1, None), (2, Some("One other stream")), (3, Some("2 other streams"))] {
        let mut ledger = ledger("1 %");
        for stream in 0..streams {
            settled(&mut ledger, stream, 99, &Fate::Created);
            settled(&mut ledger, stream, 2, &without_address());
        }
        let failure = end(&mut ledger).unwrap();
        assert!(failure.message.contains("stream `s0`, 2 of 101"), "{failure}");
        assert_eq!(failure.message.contains("exceeded it too"), sentence.is_some(), "{failure}");
        assert!(sentence.is_none_or(|sentence| failure.message.contains(sentence)), "{failure}");
    }
}

#[test]
fn fewer_than_a_hundred_records_say_nothing_and_skipped_ones_are_none_of_them() {
    let mut ledger = ledger("50 %");
    settled(&mut ledger, 0, 500, &skipped());
    settled(&mut ledger, 0, 1, &Fate::Created);
    settled(&mut ledger, 0, 98, &without_address());
    ledger.state(state(&object(1, Some(0))));
    assert_eq!(take(&mut ledger), [(1, 501, 98)]);
    // The hundredth, though nothing has become of it yet.
    let _open = open(&mut ledger, 0, 1);
    ledger.state(state(&object(2, Some(1))));
    settled(&mut ledger, 0, 0, &Fate::Created);
    assert_eq!(take(&mut ledger), [(2, 0, 0)]);
    assert!(end(&mut ledger).is_some());
}

#[test]
fn a_state_does_not_go_if_it_would_acknowledge_more_than_the_share_though_reading_is_far_ahead() {
    let mut ledger = ledger("1 %");
    let mut first = open(&mut ledger, 0, 100);
    ledger.state(state(&object(1, Some(0))));
    let later = open(&mut ledger, 0, 900);
    ledger.state(state(&object(2, Some(0))));
    settle_all(&mut ledger, first.split_off(2), &Fate::Created);
    settle_all(&mut ledger, first, &rejected(Code::InvalidValue));
    assert_eq!(take(&mut ledger), [], "2 of the 100 before it");
    settle_all(&mut ledger, later, &Fate::Created);
    assert_eq!(take(&mut ledger), []);
    let failure = end(&mut ledger).unwrap();
    assert!(failure.message.contains("2 of 100 were, and 2 of 1000 in all"), "{failure}");
    assert!(!failure.message.contains("clear the stream"), "{failure}");
}

/// Without it, a sync would end well and keep the state for itself.
#[test]
fn a_share_that_only_a_state_shows_fails_the_sync_though_its_stream_was_judged_before() {
    let mut ledger = ledger("1 %");
    let first = open(&mut ledger, 0, 100);
    ledger.state(state(&object(1, Some(0))));
    let rest = open(&mut ledger, 0, 900);
    let (wrong, right) = first.split_at(2);
    settle_all(&mut ledger, rest, &Fate::Created);
    settle_all(&mut ledger, wrong.to_vec(), &without_address());
    settle_all(&mut ledger, right.to_vec(), &Fate::Created);
    ledger.judge_rejected_streams();
    assert!(ledger.failure().is_none());
    assert_eq!(take(&mut ledger), []);
    assert!(ledger.failure().is_some());
}

#[test]
fn a_state_of_all_streams_is_held_back_if_one_of_them_is() {
    let mut ledger = ledger("10 %");
    settled(&mut ledger, 0, 300, &Fate::Created);
    settled(&mut ledger, 1, 80, &Fate::Created);
    settled(&mut ledger, 1, 20, &without_address());
    ledger.state(state(&object(2, None)));
    settled(&mut ledger, 0, 1_000, &Fate::Created);
    ledger.state(state(&object(4, None)));
    assert_eq!(take(&mut ledger), []);
    assert_eq!(end(&mut ledger).unwrap().stream.unwrap().name, "s1");
}

#[test]
fn a_stream_that_is_wrongly_set_up_fails_the_sync_beside_a_share() {
    let mut ledger = ledger("100 %");
    settled(&mut ledger, 0, 1_000, &refused());
    ledger.state(state(&object(1, Some(0))));
    assert_eq!(take(&mut ledger), []);
    let failure = ledger.failure().map(Failure::from).unwrap();
    assert!(failure.message.starts_with("None of the 1000 records"), "{failure}");
}

/// What becomes of the records of a stream, with states in between: those that went out, as records before them, and the failure.
fn attempt(fates: &[Option<bool>], ahead: usize) -> (usize, bool) {
    let mut ledger = ledger("5 %");
    let (mut reading, mut acknowledged) = (Vec::new(), 0);
    for (place, fate) in fates.iter().enumerate() {
        match fate {
            Some(good) => reading.push((open(&mut ledger, 0, 1).remove(0), *good)),
            None => ledger.state(state(&object(place, Some(0)))),
        }
        while reading.len() > ahead {
            let (ticket, good) = reading.remove(0);
            ledger.settle(ticket, &if good { Fate::Created } else { without_address() });
        }
        acknowledged = take(&mut ledger).last().map_or(acknowledged, |out| out.0 + 1);
    }
    for (ticket, good) in reading {
        ledger.settle(ticket, &if good { Fate::Created } else { without_address() });
    }
    acknowledged = take(&mut ledger).last().map_or(acknowledged, |out| out.0 + 1);
    (acknowledged, end(&mut ledger).is_some())
}

/// Whether a sync of these records, read one by one, has more rejected ones than the share at its end.
fn exceeds(fates: &[Option<bool>]) -> Option<bool> {
    let records = fates.iter().flatten().count();
    (records >= 100).then(|| fates.iter().filter(|fate| **fate == Some(false)).count() * 20 > records)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// `None` is a state, `Some(false)` a record that will be rejected.
    #[test]
    fn an_attempt_after_one_that_failed_fails_too(
        fates in prop::collection::vec(prop_oneof![1 => Just(None), 40 => Just(Some(true)), 2 => Just(Some(false))], 100..900),
        ahead in prop_oneof![Just(0_usize), 1..400_usize],
        ahead_again in prop_oneof![Just(0_usize), 1..400_usize],
    ) {
        let (acknowledged, failed) = attempt(&fates, ahead);
        prop_assert!(exceeds(&fates[..acknowledged]) != Some(true), "more than the share is acknowledged");
        if exceeds(&fates) == Some(true) {
            prop_assert!(failed);
            let rest = &fates[acknowledged..];
            // What went out before the hundredth record may be more.
            if exceeds(&fates[..acknowledged]).is_some() && exceeds(rest).is_some() {
                prop_assert!(attempt(rest, ahead_again).1);
            }
        }
    }
}
