//! States against a naive reading of the rules: which are due, in which order, with which counts.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::model::state;
use crate::{
    error::{FailedStream, FailureType},
    mapping::reason::{Code, Reason},
    protocol::message::StreamId,
    sync::{
        fate::{Fate, Ticket},
        ledger::Ledger,
    },
};

fn stream_id(stream: usize) -> StreamId {
    StreamId::new(&format!("s{stream}"), None)
}

fn rejected(code: Code) -> Fate {
    Fate::Rejected(Reason::of(code).into())
}

fn refused() -> Fate {
    rejected(Code::MissingEmail)
}

/// The `state` object of the `number`-th state. `None`: it covers all streams.
fn object(number: usize, stream: Option<usize>) -> Value {
    match stream {
        Some(stream) => {
            json!({ "type": "STREAM", "id": number, "stream": { "stream_descriptor": { "name": format!("s{stream}") } } })
        }
        None if number.is_multiple_of(2) => json!({ "type": "GLOBAL", "id": number, "global": {} }),
        None => json!({ "id": number, "data": {} }),
    }
}

/// A state that went out: its number, the records written and those rejected.
type Out = (usize, u64, u64);

fn read(line: &str) -> Out {
    let message: Value = serde_json::from_str(line).unwrap();
    let count = |name: &str| {
        let text = message["state"]["destinationStats"][name].to_string();
        text.strip_suffix(".0").expect("a count with a decimal point").parse().unwrap()
    };
    let number = usize::try_from(message["state"]["id"].as_u64().unwrap()).unwrap();
    (number, count("recordCount"), count("rejectedRecordCount"))
}

fn take(ledger: &mut Ledger) -> Vec<Out> {
    ledger.take_due().iter().map(|line| read(line)).collect()
}

// ---- The naive ledger ---------------------------------------------------------------------------------------

#[derive(Debug, Clone, PartialEq)]
enum Event {
    Record { stream: usize, fate: Option<bool> },
    State { covers: Vec<usize>, out: bool },
}

/// All that was read, in order, and looked through from the start each time.
#[derive(Debug, Default)]
struct Naive {
    events: Vec<Event>,
    streams: BTreeSet<usize>,
    spared: BTreeSet<usize>,
    hopeless: BTreeSet<usize>,
}

impl Naive {
    fn fates(&self, stream: usize) -> impl Iterator<Item = Option<bool>> {
        self.events.iter().filter_map(move |event| match event {
            Event::Record { stream: of, fate } if *of == stream => Some(*fate),
            _ => None,
        })
    }

    fn all_rejected(&self, stream: usize) -> bool {
        let mut settled = self.fates(stream).flatten().peekable();
        settled.peek().is_some() && settled.all(|written| !written)
    }

    fn held_back(&self, stream: usize) -> bool {
        self.all_rejected(stream) && (!self.spared.contains(&stream) || self.hopeless.contains(&stream))
    }

    fn decide(&mut self) {
        for stream in self.streams.clone() {
            if self.all_rejected(stream) {
                let rejected = self.fates(stream).flatten().count();
                if rejected >= 100 { &mut self.hopeless } else { &mut self.spared }.insert(stream);
            }
        }
    }

    fn is_hopeless(&self) -> bool {
        let at_start = |stream: usize| {
            self.fates(stream).count() >= 1_000 && self.fates(stream).take(1_000).all(|fate| fate.is_some())
        };
        self.streams
            .iter()
            .any(|&stream| self.all_rejected(stream) && (self.hopeless.contains(&stream) || at_start(stream)))
    }

    fn is_due(&self, place: usize, covers: &[usize]) -> bool {
        let before_is_through = self.events[..place].iter().all(|event| match event {
            Event::Record { stream, fate } => !covers.contains(stream) || fate.is_some(),
            Event::State { covers: earlier, out } => {
                *out || !earlier.iter().any(|stream| covers.contains(stream))
            }
        });
        before_is_through && !covers.iter().any(|&stream| self.held_back(stream))
    }

    fn counts(&self, place: usize, covers: &[usize]) -> (u64, u64) {
        let (mut written, mut rejected) = (0, 0);
        for &stream in covers {
            for event in self.events[..place].iter().rev() {
                match event {
                    Event::State { covers: earlier, .. } if earlier.contains(&stream) => break,
                    Event::Record { stream: of, fate: Some(true) } if *of == stream => written += 1,
                    Event::Record { stream: of, fate: Some(false) } if *of == stream => rejected += 1,
                    _ => {}
                }
            }
        }
        (written, rejected)
    }

    fn take(&mut self) -> Vec<Out> {
        let mut due = Vec::new();
        for place in 0..self.events.len() {
            let Event::State { covers, out: false } = self.events[place].clone() else { continue };
            if self.is_due(place, &covers) {
                let (written, rejected) = self.counts(place, &covers);
                due.push((place, written, rejected));
                self.events[place] = Event::State { covers, out: true };
            }
        }
        due
    }
}

#[derive(Debug, Clone)]
enum Action {
    /// So many records of a stream are read.
    Open(usize, usize),
    /// So many open records get a fate, from a place on. `true`: written.
    Settle(usize, usize, bool),
    State(Option<usize>),
    Decide,
}

fn action() -> impl Strategy<Value = Action> {
    let many = prop_oneof![6 => Just(1_usize), 2 => 2..20_usize, 1 => 60..130_usize, 1 => Just(1_001)];
    prop_oneof![
        4 => (0..3_usize, many.clone()).prop_map(|(stream, many)| Action::Open(stream, many)),
        5 => (any::<usize>(), many, prop::bool::weighted(0.3)).prop_map(|(from, many, written)| Action::Settle(from, many, written)),
        4 => prop::option::weighted(0.7, 0..4_usize).prop_map(Action::State),
        1 => prop::bool::weighted(0.1).prop_map(|decide| if decide { Action::Decide } else { Action::State(None) }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn states_go_out_as_the_naive_ledger_says(actions in prop::collection::vec(action(), 1..50), settle_all in any::<bool>()) {
        let (mut ledger, mut naive) = (Ledger::default(), Naive::default());
        let mut open: Vec<(usize, Ticket)> = Vec::new();
        let mut out: Vec<Out> = Vec::new();
        for action in actions {
            act(&action, &mut ledger, &mut naive, &mut open);
            compare(&mut ledger, &mut naive, &mut out);
            prop_assert_eq!(ledger.open_records(), open.len() as u64);
        }
        if settle_all {
            for (place, ticket) in open.drain(..).rev() {
                settle(&mut ledger, &mut naive, place, ticket, true);
            }
            ledger.decide();
            naive.decide();
            compare(&mut ledger, &mut naive, &mut out);
            if ledger.hopeless().is_none() {
                prop_assert_eq!(ledger.waiting_bytes(), 0);
                prop_assert_eq!(ledger.waiting_bytes(), 0);
                let counted: u64 = out.iter().map(|(_, written, rejected)| written + rejected).sum();
                let records = naive.events.iter().filter(|event| matches!(event, Event::Record { .. })).count() as u64;
                prop_assert_eq!(counted + after_the_last_states(&naive), records);
            }
        }
    }
}

fn act(action: &Action, ledger: &mut Ledger, naive: &mut Naive, open: &mut Vec<(usize, Ticket)>) {
    match *action {
        Action::Open(stream, many) => {
            let index = ledger.stream(&stream_id(stream));
            naive.streams.insert(stream);
            for _ in 0..many {
                let place = naive.events.len();
                open.push((place, ledger.open(index, place as u64)));
                naive.events.push(Event::Record { stream, fate: None });
            }
        }
        Action::Settle(from, many, written) => {
            for _ in 0..many.min(open.len()) {
                let (place, ticket) = open.remove(from % open.len());
                settle(ledger, naive, place, ticket, written);
            }
        }
        Action::State(scope) => {
            let place = naive.events.len();
            ledger.state(state(&object(place, scope)));
            naive.streams.extend(scope);
            let covers = scope.map_or_else(|| naive.streams.iter().copied().collect(), |stream| vec![stream]);
            naive.events.push(Event::State { covers, out: false });
            for &(record, ticket) in &*open {
                let Event::Record { stream, .. } = naive.events[record] else { unreachable!() };
                let later = &naive.events[record..];
                let awaited = later
                    .iter()
                    .any(|event| matches!(event, Event::State { covers, .. } if covers.contains(&stream)));
                assert_eq!(ledger.is_awaited(ticket), awaited);
            }
        }
        Action::Decide => {
            ledger.decide();
            naive.decide();
        }
    }
}

fn settle(ledger: &mut Ledger, naive: &mut Naive, place: usize, ticket: Ticket, written: bool) {
    let fates = [Fate::Created, Fate::Updated, Fate::Folded];
    ledger.settle(ticket, &if written { fates[place % 3].clone() } else { refused() });
    let Event::Record { fate, .. } = &mut naive.events[place] else { unreachable!() };
    *fate = Some(written);
}

fn compare(ledger: &mut Ledger, naive: &mut Naive, out: &mut Vec<Out>) {
    let due = take(ledger);
    assert_eq!(due, naive.take());
    assert_eq!(ledger.take_due(), Vec::<String>::new());
    let waiting = naive.events.iter().any(|event| matches!(event, Event::State { out: false, .. }));
    assert_eq!(ledger.waiting_bytes() > 0, waiting);
    assert_eq!(ledger.waiting_bytes() > 0, waiting);
    assert_eq!(ledger.hopeless().is_some(), naive.is_hopeless());
    out.extend(due);
}

/// The records that no state covers.
fn after_the_last_states(naive: &Naive) -> u64 {
    let mut count = 0;
    let mut covered = BTreeSet::new();
    for event in naive.events.iter().rev() {
        match event {
            Event::State { covers, .. } => covered.extend(covers.iter().copied()),
            Event::Record { stream, .. } => count += u64::from(!covered.contains(stream)),
        }
    }
    count
}

// ---- The rules one by one -----------------------------------------------------------------------------------

/// Opens so many records of a stream.
fn open(ledger: &mut Ledger, stream: usize, many: u64) -> Vec<Ticket> {
    let index = ledger.stream(&stream_id(stream));
    (0..many).map(|line| ledger.open(index, line)).collect()
}

fn settle_all(ledger: &mut Ledger, tickets: Vec<Ticket>, fate: &Fate) {
    for ticket in tickets {
        ledger.settle(ticket, fate);
    }
}

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
fn a_thousand_first_rejections_are_hopeless_and_nine_hundred_ninety_nine_are_not() {
    let mut ledger = Ledger::default();
    let mut tickets = open(&mut ledger, 0, 1_000);
    let last = tickets.pop().unwrap();
    ledger.state(state(&object(0, Some(0))));
    settle_all(&mut ledger, tickets, &refused());
    assert!(ledger.hopeless().is_none(), "the thousandth is not settled");
    assert_eq!(take(&mut ledger), []);
    ledger.settle(last, &rejected(Code::InvalidEmail));
    let failure = ledger.hopeless().unwrap();
    assert_eq!(failure.failure_type, FailureType::Config);
    assert_eq!(failure.stream, Some(FailedStream { name: "s0".to_owned(), namespace: None }));
    assert!(failure.message.starts_with("All 1000 records of the stream `s0`"), "{failure}");
    assert!(failure.message.contains("999 of them as missing_email"), "{failure}");
    assert_eq!(take(&mut ledger), []);
}

#[test]
fn the_thousand_and_first_record_is_not_waited_for() {
    let mut ledger = Ledger::default();
    let early = open(&mut ledger, 0, 1_000);
    let _late = open(&mut ledger, 0, 1);
    settle_all(&mut ledger, early, &refused());
    assert!(ledger.hopeless().is_some());
}

#[test]
fn a_decision_before_its_first_record_does_not_spare_a_stream() {
    let mut ledger = Ledger::default();
    ledger.stream(&StreamId::new("s0", None));
    ledger.decide();
    let tickets = open(&mut ledger, 0, 5);
    ledger.state(state(&object(0, Some(0))));
    settle_all(&mut ledger, tickets, &refused());
    assert_eq!(take(&mut ledger), []);
}

#[test]
fn later_records_do_not_count_among_the_first_thousand() {
    let mut ledger = Ledger::default();
    let mut early = open(&mut ledger, 0, 1_000);
    let late = open(&mut ledger, 0, 500);
    let last = early.pop().unwrap();
    settle_all(&mut ledger, early, &refused());
    settle_all(&mut ledger, late, &refused());
    assert!(ledger.hopeless().is_none(), "one of the first has no fate yet");
    ledger.settle(last, &Fate::Updated);
    assert!(ledger.hopeless().is_none());
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
    ledger.decide();
    assert!(ledger.hopeless().is_none());
}

#[test]
fn at_the_end_a_hundred_rejections_are_hopeless_and_ninety_nine_are_released() {
    for (records, hopeless) in [(99, false), (100, true)] {
        let mut ledger = Ledger::default();
        let tickets = open(&mut ledger, 0, records);
        ledger.state(state(&object(0, Some(0))));
        settle_all(&mut ledger, tickets, &refused());
        assert_eq!((take(&mut ledger), ledger.hopeless().is_some()), (vec![], false));
        ledger.decide();
        let out = if hopeless { vec![] } else { vec![(0, 0, records)] };
        assert_eq!((take(&mut ledger), ledger.hopeless().is_some()), (out, hopeless));
    }
}

#[test]
fn a_global_state_over_a_hopeless_and_a_healthy_stream_waits_and_the_healthy_ones_own_states_do_not() {
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
    ledger.decide();
    assert_eq!(take(&mut ledger), []);
    assert_eq!(ledger.hopeless().unwrap().stream.unwrap().name, "s0");
}

#[test]
fn states_that_had_to_go_early_do_not_shorten_the_trial_of_a_stream_nor_are_they_denied() {
    let mut ledger = Ledger::default();
    let tickets = open(&mut ledger, 0, 60);
    ledger.state(state(&object(0, Some(0))));
    settle_all(&mut ledger, tickets, &refused());
    // As when the states that wait have filled their memory.
    ledger.decide();
    assert_eq!(take(&mut ledger), [(0, 0, 60)]);
    for many in [60, 879] {
        let tickets = open(&mut ledger, 0, many);
        settle_all(&mut ledger, tickets, &refused());
        assert!(ledger.hopeless().is_none(), "neither the end nor a thousand records");
    }
    let tickets = open(&mut ledger, 0, 1);
    settle_all(&mut ledger, tickets, &refused());
    let failure = ledger.hopeless().unwrap();
    assert!(!failure.message.contains("No state of the stream was acknowledged"), "{failure}");
}

#[test]
fn a_stream_that_begins_after_an_early_decision_is_judged_like_any_other() {
    let mut ledger = Ledger::default();
    ledger.decide();
    let tickets = open(&mut ledger, 0, 100);
    ledger.state(state(&object(0, Some(0))));
    settle_all(&mut ledger, tickets, &refused());
    assert_eq!((take(&mut ledger), ledger.hopeless().is_none()), (vec![], true));
    let tickets = open(&mut ledger, 0, 1);
    settle_all(&mut ledger, tickets, &Fate::Updated);
    assert_eq!(take(&mut ledger), [(0, 0, 100)]);
}
