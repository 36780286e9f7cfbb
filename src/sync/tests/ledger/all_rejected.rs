//! When a stream of which every record is rejected is wrongly set up and fails the sync, rule by rule.

use super::{
    super::model::state, object, open, refused, rejected, settle_all, skipped, take, without_address,
};
use crate::{
    config::FailIfRejected,
    error::{FailedStream, Failure, FailureType},
    mapping::reason::{Code, Reason},
    report::fate::{Fate, Grounds, Rejection},
    sync::ledger::Ledger,
};

#[test]
fn a_thousand_wrong_records_fail_the_sync_and_nine_hundred_ninety_nine_do_not() {
    let mut ledger = Ledger::default();
    let mut tickets = open(&mut ledger, 0, 1_000);
    let last = tickets.pop().unwrap();
    ledger.state(state(&object(0, Some(0))));
    settle_all(&mut ledger, tickets, &refused());
    assert!(ledger.failure().is_none(), "the thousandth is not settled");
    assert_eq!(take(&mut ledger), []);
    ledger.settle(last, &rejected(Code::InvalidEmail));
    let failure = ledger.failure().map(Failure::from).unwrap();
    assert_eq!(failure.failure_type, FailureType::Config);
    assert_eq!(failure.stream, Some(FailedStream { name: "s0".to_owned(), namespace: None }));
    assert!(failure.message.starts_with("None of the 1000 records of the stream `s0`"), "{failure}");
    assert!(failure.message.contains("999 of them as no_email_field"), "{failure}");
    assert_eq!(take(&mut ledger), []);
}

#[test]
fn the_verdict_waits_for_what_was_read_before_it_and_for_nothing_else() {
    let mut ledger = Ledger::default();
    let (tickets, mut before) = (open(&mut ledger, 0, 1_000), open(&mut ledger, 0, 2));
    settle_all(&mut ledger, tickets, &refused());
    let _after = open(&mut ledger, 0, 1);
    ledger.settle(before.remove(0), &refused());
    assert!(ledger.failure().is_none(), "one that was read before has no fate yet");
    ledger.settle(before.remove(0), &without_address());
    assert!(ledger.failure().is_some());
}

#[test]
fn one_record_written_late_saves_a_stream() {
    let mut ledger = Ledger::default();
    let mut tickets = open(&mut ledger, 0, 1_001);
    let last = tickets.pop().unwrap();
    settle_all(&mut ledger, tickets, &refused());
    ledger.settle(last, &Fate::Updated);
    ledger.judge_rejected_streams();
    assert!(ledger.failure().is_none());
}

#[test]
fn skipped_records_and_empty_addresses_say_nothing_about_the_set_up() {
    for fate in [skipped(), without_address()] {
        let mut ledger = Ledger::default();
        let tickets = open(&mut ledger, 0, 2_000);
        ledger.state(state(&object(0, Some(0))));
        settle_all(&mut ledger, tickets, &fate);
        let counts = if fate == skipped() { (0, 2_000, 0) } else { (0, 0, 2_000) };
        assert_eq!((take(&mut ledger), ledger.failure().is_none()), (vec![counts], true));
        ledger.judge_rejected_streams();
        assert!(ledger.failure().is_none());
        // Nor do they save a stream.
        let tickets = open(&mut ledger, 0, 100);
        settle_all(&mut ledger, tickets, &refused());
        ledger.judge_rejected_streams();
        let failure = ledger.failure().map(Failure::from).unwrap();
        assert!(failure.message.contains("None of the 2100 records"), "{failure}");
        assert!(failure.message.contains("100 were rejected"), "{failure}");
        assert!(failure.message.contains("Some states") == (fate == without_address()), "{failure}");
    }
}

#[test]
fn nothing_is_judged_nor_held_back_where_the_sync_must_not_fail() {
    let mut ledger = Ledger::new(FailIfRejected::Never);
    let tickets = open(&mut ledger, 0, 1_500);
    ledger.state(state(&object(0, Some(0))));
    settle_all(&mut ledger, tickets, &refused());
    assert_eq!(take(&mut ledger), [(0, 0, 1_500)]);
    ledger.judge_rejected_streams();
    assert!(ledger.failure().is_none());
}

fn rejected_on(grounds: Grounds) -> Fate {
    let code = if grounds == Grounds::Unanswered { Code::NotConfirmed } else { Code::RefusedByHubSpot };
    Fate::Rejected(Rejection { grounds, ..Rejection::from(Reason::of(code)) })
}

#[test]
fn a_sync_of_which_hubspot_accepts_nothing_and_names_no_reason_fails_whatever_its_size() {
    for (grounds, failure_type) in
        [(Grounds::General, FailureType::System), (Grounds::Unanswered, FailureType::Transient)]
    {
        for records in [1, 3, 60] {
            let mut ledger = Ledger::default();
            let tickets = open(&mut ledger, 0, records);
            let [unchanged, ours] = [Fate::Unchanged, without_address()].map(|fate| {
                let ticket = open(&mut ledger, 1, 1).remove(0);
                (ticket, fate)
            });
            ledger.state(state(&object(0, Some(0))));
            ledger.state(state(&object(1, Some(1))));
            settle_all(&mut ledger, tickets, &rejected_on(grounds));
            // These say nothing of what HubSpot makes of a write.
            for (ticket, fate) in [unchanged, ours] {
                ledger.settle(ticket, &fate);
            }
            // Further records of the sync do not let the states go either.
            let further = open(&mut ledger, 1, 600);
            settle_all(&mut ledger, further, &skipped());
            assert_eq!((take(&mut ledger), ledger.failure().is_none()), (vec![], true));
            ledger.judge_rejected_streams();
            assert_eq!(take(&mut ledger), []);
            let failure = ledger.failure().map(Failure::from).unwrap();
            assert_eq!(failure.failure_type, failure_type);
            assert!(failure.message.contains(&format!("{records} of them")), "{failure}");
        }
    }
}

#[test]
fn one_record_that_hubspot_judges_as_such_shows_that_the_requests_are_fine() {
    for fate in [Fate::Created, Fate::Updated, rejected_on(Grounds::OfRecord)] {
        let mut ledger = Ledger::default();
        let tickets = open(&mut ledger, 0, 2);
        let other = open(&mut ledger, 1, 1).remove(0);
        ledger.state(state(&object(0, Some(0))));
        settle_all(&mut ledger, tickets, &rejected_on(Grounds::General));
        ledger.judge_rejected_streams();
        assert_eq!((take(&mut ledger), ledger.failure().is_some()), (vec![], true));
        ledger.settle(other, &fate);
        assert_eq!((take(&mut ledger), ledger.failure().is_none()), (vec![(0, 0, 2)], true));
    }
}

#[test]
fn where_the_sync_must_not_fail_it_does_not_though_hubspot_accepts_nothing() {
    let mut ledger = Ledger::new(FailIfRejected::Never);
    let tickets = open(&mut ledger, 0, 2);
    ledger.state(state(&object(0, Some(0))));
    settle_all(&mut ledger, tickets, &rejected_on(Grounds::General));
    assert_eq!(take(&mut ledger), [(0, 0, 2)]);
    ledger.judge_rejected_streams();
    assert!(ledger.failure().is_none());
}

#[test]
fn a_thousand_general_refusals_are_not_called_a_wrong_set_up() {
    let mut ledger = Ledger::default();
    let tickets = open(&mut ledger, 0, 1_000);
    settle_all(&mut ledger, tickets, &rejected_on(Grounds::General));
    assert_eq!(ledger.failure().map(Failure::from).unwrap().failure_type, FailureType::System);
}

#[test]
fn at_the_end_a_hundred_rejections_fail_the_sync_and_ninety_nine_are_released() {
    for (records, all_rejected) in [(99, false), (100, true)] {
        let mut ledger = Ledger::default();
        let tickets = open(&mut ledger, 0, records);
        ledger.state(state(&object(0, Some(0))));
        settle_all(&mut ledger, tickets, &refused());
        assert_eq!((take(&mut ledger), ledger.failure().is_some()), (vec![], false));
        ledger.judge_rejected_streams();
        let out = if all_rejected { vec![] } else { vec![(0, 0, records)] };
        assert_eq!((take(&mut ledger), ledger.failure().is_some()), (out, all_rejected));
    }
}

#[test]
fn states_that_had_to_go_early_do_not_shorten_the_trial_of_a_stream_nor_are_they_denied() {
    let mut ledger = Ledger::default();
    let tickets = open(&mut ledger, 0, 60);
    ledger.state(state(&object(0, Some(0))));
    settle_all(&mut ledger, tickets, &refused());
    // As when the states that wait have filled their memory.
    ledger.judge_rejected_streams();
    assert_eq!(take(&mut ledger), [(0, 0, 60)]);
    for many in [39, 840, 60] {
        let tickets = open(&mut ledger, 0, many);
        ledger.state(state(&object(usize::try_from(many).unwrap(), Some(0))));
        settle_all(&mut ledger, tickets, &refused());
        // Few of them do not hold states back any more; many do, since the verdict is near.
        let out = if many == 39 { vec![(39, 0, 39)] } else { vec![] };
        assert_eq!(take(&mut ledger), out);
        assert!(ledger.failure().is_none(), "neither the end nor a thousand records");
    }
    let tickets = open(&mut ledger, 0, 1);
    settle_all(&mut ledger, tickets, &refused());
    let failure = ledger.failure().map(Failure::from).unwrap();
    assert!(!failure.message.contains("No state of the stream was acknowledged"), "{failure}");
}

#[test]
fn a_stream_that_begins_after_an_early_decision_is_judged_like_any_other() {
    let mut ledger = Ledger::default();
    ledger.judge_rejected_streams();
    let tickets = open(&mut ledger, 0, 100);
    ledger.state(state(&object(0, Some(0))));
    settle_all(&mut ledger, tickets, &refused());
    assert_eq!((take(&mut ledger), ledger.failure().is_none()), (vec![], true));
    let tickets = open(&mut ledger, 0, 1);
    settle_all(&mut ledger, tickets, &Fate::Updated);
    assert_eq!(take(&mut ledger), [(0, 0, 100)]);
}
