//! When a state goes out and with which counts, rule by rule. When a stream fails the sync is in `all_rejected`.

use serde_json::json;

use super::{super::model::state, object, open, refused, settle_all, skipped, stream_id, take};
use crate::{error::Failure, protocol::message::StreamId, report::fate::Fate, sync::ledger::Ledger};

#[test]
fn a_state_before_any_record_and_many_in_a_row_go_out_at_once_in_order() {
    let mut ledger = Ledger::default();
    for number in 0..6 {
        ledger.state(state(&object(number, [None, Some(0), Some(1)][number % 3])));
    }
    assert_eq!(take(&mut ledger), [0, 1, 2, 3, 4, 5].map(|number| (number, 0, 0)));
}

#[test]
fn a_state_waits_for_the_records_of_its_own_stream_only() {
    let mut ledger = Ledger::default();
    let (slow, fast) = (open(&mut ledger, 0, 1), open(&mut ledger, 1, 2));
    ledger.state(state(&object(0, Some(0))));
    ledger.state(state(&object(1, Some(1))));
    ledger.state(state(&object(2, None)));
    settle_all(&mut ledger, fast, &Fate::Folded);
    assert_eq!(take(&mut ledger), [(1, 2, 0)]);
    settle_all(&mut ledger, slow, &Fate::Created);
    assert_eq!(take(&mut ledger), [(0, 1, 0), (2, 0, 0)]);
}

#[test]
fn the_text_of_a_state_comes_back_with_the_counts() {
    let mut ledger = Ledger::default();
    let mut tickets = open(&mut ledger, 0, 3);
    ledger.state(state(&object(0, Some(0))));
    ledger.settle(tickets.remove(0), &refused());
    settle_all(&mut ledger, tickets, &Fate::Updated);
    let expected = concat!(
        r#"{"type":"STATE","state":{"id":0,"stream":{"stream_descriptor":{"name":"s0"}},"type":"STREAM","#,
        r#""destinationStats":{"recordCount":2.0,"rejectedRecordCount":1.0}}}"#
    );
    assert_eq!(ledger.take_due(), [expected]);
}

#[test]
fn a_state_says_of_which_records_nothing_was_sent() {
    let mut ledger = Ledger::default();
    let tickets = open(&mut ledger, 0, 5);
    ledger.state(state(&object(0, Some(0))));
    let fates = [Fate::Unchanged, Fate::Created, Fate::Unchanged, skipped(), Fate::Folded];
    for (ticket, fate) in tickets.into_iter().zip(fates) {
        ledger.settle(ticket, &fate);
    }
    let due = ledger.take_due();
    let message: serde_json::Value = serde_json::from_str(&due[0]).unwrap();
    let counts = json!({ "recordCount": 5.0, "rejectedRecordCount": 0.0, "additionalStats": { "unchanged": 2.0, "skipped": 1.0 } });
    assert_eq!(message["state"]["destinationStats"], counts);
}

#[test]
fn a_few_wrong_records_hold_no_state_of_a_stream_that_works() {
    for (wrong, held) in [(1, false), (99, false), (100, true)] {
        let mut ledger = Ledger::default();
        let (bad, good) = (open(&mut ledger, 1, wrong), open(&mut ledger, 0, 5));
        ledger.state(state(&object(0, None)));
        ledger.state(state(&object(1, Some(1))));
        settle_all(&mut ledger, bad, &refused());
        assert_eq!(take(&mut ledger), []);
        settle_all(&mut ledger, good, &Fate::Created);
        // The state of the other stream alone is still held.
        let out = if held { vec![] } else { vec![(0, 5, wrong)] };
        assert_eq!(take(&mut ledger), out);
        ledger.judge_rejected_streams();
        assert_eq!((take(&mut ledger).len(), ledger.failure().is_some()), (usize::from(!held), held));
    }
}

#[test]
fn a_few_wrong_records_hold_states_for_five_hundred_further_records() {
    for (wrong, out) in [(99, vec![(0, 0, 99)]), (100, vec![])] {
        let mut ledger = Ledger::default();
        let bad = open(&mut ledger, 0, wrong);
        ledger.state(state(&object(0, Some(0))));
        settle_all(&mut ledger, bad, &refused());
        // Of whichever stream, and without a fate.
        let _others = open(&mut ledger, 1, 499);
        assert_eq!(take(&mut ledger), []);
        let _last = open(&mut ledger, 1, 1);
        assert_eq!(take(&mut ledger), out);
    }
}

#[test]
fn a_decision_before_its_first_record_does_not_spare_a_stream() {
    let mut ledger = Ledger::default();
    ledger.stream(&StreamId::new("s0", None));
    ledger.judge_rejected_streams();
    let tickets = open(&mut ledger, 0, 5);
    ledger.state(state(&object(0, Some(0))));
    settle_all(&mut ledger, tickets, &refused());
    assert_eq!(take(&mut ledger), []);
}

#[test]
fn one_written_record_frees_the_states_of_its_stream() {
    let mut ledger = Ledger::default();
    for number in 0..3 {
        let tickets = open(&mut ledger, 0, 300);
        ledger.state(state(&object(number, Some(0))));
        settle_all(&mut ledger, tickets, &refused());
        assert_eq!(take(&mut ledger), []);
    }
    let tickets = open(&mut ledger, 0, 1);
    settle_all(&mut ledger, tickets, &Fate::Created);
    assert_eq!(take(&mut ledger), [0, 1, 2].map(|number| (number, 0, 300)));
    ledger.judge_rejected_streams();
    assert!(ledger.failure().is_none());
}

#[test]
fn a_global_state_over_a_rejected_and_a_written_stream_waits_and_the_written_ones_own_states_do_not() {
    let mut ledger = Ledger::default();
    let (bad, good) = (open(&mut ledger, 0, 100), open(&mut ledger, 1, 100));
    ledger.state(state(&object(0, Some(1))));
    ledger.state(state(&object(1, Some(0))));
    ledger.state(state(&object(2, None)));
    settle_all(&mut ledger, bad, &refused());
    settle_all(&mut ledger, good, &Fate::Updated);
    assert_eq!(take(&mut ledger), [(0, 100, 0)]);
    let more = open(&mut ledger, 1, 1);
    ledger.state(state(&object(3, Some(1))));
    settle_all(&mut ledger, more, &Fate::Updated);
    assert_eq!(take(&mut ledger), [], "it comes after the global one");
    ledger.judge_rejected_streams();
    assert_eq!(take(&mut ledger), []);
    assert_eq!(ledger.failure().map(Failure::from).unwrap().stream.unwrap().name, "s0");
}

#[test]
fn a_waiting_state_weighs_what_it_costs_for_each_stream() {
    let weight = |streams: usize, with_records: usize| {
        let mut ledger = Ledger::default();
        for stream in 0..streams {
            ledger.stream(&stream_id(stream));
        }
        let tickets: Vec<_> = (0..with_records).flat_map(|stream| open(&mut ledger, stream, 1)).collect();
        ledger.state(state(&object(0, None)));
        let weight = ledger.waiting_bytes();
        settle_all(&mut ledger, tickets, &Fate::Created);
        assert_eq!(take(&mut ledger), [(0, u64::try_from(with_records).unwrap(), 0)]);
        assert_eq!(ledger.waiting_bytes(), 0);
        weight
    };
    let least = weight(1, 1);
    // A place in the list of each stream, and an interval for each that had records.
    assert!(weight(1_000, 1) >= least + 999 * 8);
    assert!(weight(1_000, 1) <= least + 999 * 32);
    assert!(weight(1_000, 1_000) >= weight(1_000, 1) + 999 * 80);
}
