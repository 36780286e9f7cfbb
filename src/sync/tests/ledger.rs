//! States against a naive reading of the rules: which are due, in which order, with which counts.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::model::state;
use crate::{
    config::FailIfRejected,
    error::{FailedStream, FailureType},
    mapping::reason::{Code, Reason},
    protocol::message::StreamId,
    report::fate::{Fate, Ticket},
    sync::ledger::Ledger,
};

fn stream_id(stream: usize) -> StreamId {
    StreamId::new(&format!("s{stream}"), None)
}

fn rejected(code: Code) -> Fate {
    Fate::Rejected(Reason::of(code).into())
}

/// A rejection that says that the stream is wrongly set up.
fn refused() -> Fate {
    rejected(Code::NoEmailField)
}

/// One that does not.
fn without_address() -> Fate {
    rejected(Code::MissingEmail)
}

fn skipped() -> Fate {
    Fate::Skipped(Reason::of(Code::DeletedInSource))
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

/// What becomes of a record, as far as states are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Written,
    Skipped,
    /// Rejected in a way that says nothing about the set-up.
    Empty,
    /// Rejected in a way that says that the stream is wrongly set up.
    Wrong,
}

impl Kind {
    fn fate(self, place: usize) -> Fate {
        match self {
            Self::Written => [Fate::Created, Fate::Updated, Fate::Folded][place % 3].clone(),
            Self::Skipped => skipped(),
            Self::Empty => without_address(),
            Self::Wrong => refused(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Event {
    Record { stream: usize, fate: Option<Kind> },
    State { covers: Vec<usize>, out: bool },
}

/// All that was read, in order, and looked through from the start each time.
#[derive(Debug, Default)]
struct Naive {
    never: bool,
    events: Vec<Event>,
    streams: BTreeSet<usize>,
    /// Where each stream's first wrong record, and its thousandth, was settled: so many events were read by then.
    first_wrong: BTreeMap<usize, usize>,
    thousandth_wrong: BTreeMap<usize, usize>,
    spared: BTreeSet<usize>,
    all_rejected: BTreeSet<usize>,
}

impl Naive {
    fn fates(&self, stream: usize) -> impl Iterator<Item = Option<Kind>> {
        self.events.iter().filter_map(move |event| match event {
            Event::Record { stream: of, fate } if *of == stream => Some(*fate),
            _ => None,
        })
    }

    fn is_written(&self, stream: usize) -> bool {
        self.fates(stream).any(|fate| fate == Some(Kind::Written))
    }

    fn wrong(&self, stream: usize) -> usize {
        self.fates(stream).filter(|fate| *fate == Some(Kind::Wrong)).count()
    }

    fn settle(&mut self, place: usize, kind: Kind) {
        let Event::Record { stream, fate } = &mut self.events[place] else { unreachable!() };
        *fate = Some(kind);
        let (stream, read) = (*stream, self.events.len());
        if kind == Kind::Wrong && !self.is_written(stream) {
            match self.wrong(stream) {
                1 => drop(self.first_wrong.insert(stream, read)),
                1_000 => drop(self.thousandth_wrong.insert(stream, read)),
                _ => {}
            }
        }
    }

    fn held_back(&self, stream: usize, covers: &[usize]) -> bool {
        if self.never || self.is_written(stream) {
            return false;
        }
        match self.wrong(stream) {
            0 => false,
            1..100 => {
                let first = self.first_wrong[&stream];
                let since = self.events[first..].iter();
                let records = since.filter(|event| matches!(event, Event::Record { .. })).count();
                let another = covers.iter().any(|&one| self.is_written(one));
                records < 500 && !another && !self.spared.contains(&stream)
            }
            _ => true,
        }
    }

    fn judge_rejected_streams(&mut self) {
        for stream in self.streams.clone() {
            if !self.is_written(stream) && self.wrong(stream) > 0 {
                self.spared.insert(stream);
                if self.wrong(stream) >= 100 {
                    self.all_rejected.insert(stream);
                }
            }
        }
    }

    fn is_hopeless(&self) -> bool {
        let so_far = |stream: &usize| {
            self.thousandth_wrong.get(stream).is_some_and(|&read| {
                let open =
                    |event: &Event| matches!(event, Event::Record { stream: of, fate: None } if of == stream);
                !self.events[..read].iter().any(open)
            })
        };
        let unwritten = self.streams.iter().filter(|stream| !self.is_written(**stream));
        !self.never && unwritten.clone().any(|stream| self.all_rejected.contains(stream) || so_far(stream))
    }

    fn is_due(&self, place: usize, covers: &[usize]) -> bool {
        let before_is_through = self.events[..place].iter().all(|event| match event {
            Event::Record { stream, fate } => !covers.contains(stream) || fate.is_some(),
            Event::State { covers: earlier, out } => {
                *out || !earlier.iter().any(|stream| covers.contains(stream))
            }
        });
        before_is_through && !covers.iter().any(|&stream| self.held_back(stream, covers))
    }

    fn counts(&self, place: usize, covers: &[usize]) -> (u64, u64) {
        let (mut written, mut rejected) = (0, 0);
        for &stream in covers {
            for event in self.events[..place].iter().rev() {
                match event {
                    Event::State { covers: earlier, .. } if earlier.contains(&stream) => break,
                    Event::Record { stream: of, fate: Some(kind) } if *of == stream => match kind {
                        Kind::Written | Kind::Skipped => written += 1,
                        Kind::Empty | Kind::Wrong => rejected += 1,
                    },
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
    /// So many open records get a fate, from a place on.
    Settle(usize, usize, Kind),
    State(Option<usize>),
    Decide,
}

fn action() -> impl Strategy<Value = Action> {
    let many = prop_oneof![6 => Just(1_usize), 2 => 2..20_usize, 2 => 60..130_usize, 1 => 480..520_usize, 1 => Just(1_001)];
    prop_oneof![
        4 => (0..3_usize, many.clone()).prop_map(|(stream, many)| Action::Open(stream, many)),
        5 => (any::<usize>(), many, kind()).prop_map(|(from, many, kind)| Action::Settle(from, many, kind)),
        4 => prop::option::weighted(0.7, 0..4_usize).prop_map(Action::State),
        1 => prop::bool::weighted(0.1).prop_map(|decide| if decide { Action::Decide } else { Action::State(None) }),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![2 => Just(Kind::Written), 1 => Just(Kind::Skipped), 1 => Just(Kind::Empty), 6 => Just(Kind::Wrong)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn states_go_out_as_the_naive_ledger_says(actions in prop::collection::vec(action(), 1..50), settle_all in any::<bool>(), never in prop::bool::weighted(0.1)) {
        let policy = if never { FailIfRejected::Never } else { FailIfRejected::All };
        let (mut ledger, mut naive) = (Ledger::new(policy), Naive { never, ..Naive::default() });
        let mut open: Vec<(usize, Ticket)> = Vec::new();
        let mut out: Vec<Out> = Vec::new();
        for action in actions {
            act(&action, &mut ledger, &mut naive, &mut open);
            compare(&mut ledger, &mut naive, &mut out);
            prop_assert_eq!(ledger.open_records(), open.len() as u64);
        }
        if settle_all {
            for (place, ticket) in open.drain(..).rev() {
                settle(&mut ledger, &mut naive, place, ticket, Kind::Written);
            }
            ledger.judge_rejected_streams();
            naive.judge_rejected_streams();
            compare(&mut ledger, &mut naive, &mut out);
            if ledger.all_rejected().is_none() {
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
        Action::Settle(from, many, kind) => {
            for _ in 0..many.min(open.len()) {
                let (place, ticket) = open.remove(from % open.len());
                settle(ledger, naive, place, ticket, kind);
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
            ledger.judge_rejected_streams();
            naive.judge_rejected_streams();
        }
    }
}

fn settle(ledger: &mut Ledger, naive: &mut Naive, place: usize, ticket: Ticket, kind: Kind) {
    ledger.settle(ticket, &kind.fate(place));
    naive.settle(place, kind);
}

fn compare(ledger: &mut Ledger, naive: &mut Naive, out: &mut Vec<Out>) {
    let due = take(ledger);
    assert_eq!(due, naive.take());
    assert_eq!(ledger.take_due(), Vec::<String>::new());
    let waiting = naive.events.iter().any(|event| matches!(event, Event::State { out: false, .. }));
    assert_eq!(ledger.waiting_bytes() > 0, waiting);
    assert_eq!(ledger.waiting_bytes() > 0, waiting);
    assert_eq!(ledger.all_rejected().is_some(), naive.is_hopeless());
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
fn a_thousand_wrong_records_are_hopeless_and_nine_hundred_ninety_nine_are_not() {
    let mut ledger = Ledger::default();
    let mut tickets = open(&mut ledger, 0, 1_000);
    let last = tickets.pop().unwrap();
    ledger.state(state(&object(0, Some(0))));
    settle_all(&mut ledger, tickets, &refused());
    assert!(ledger.all_rejected().is_none(), "the thousandth is not settled");
    assert_eq!(take(&mut ledger), []);
    ledger.settle(last, &rejected(Code::InvalidEmail));
    let failure = ledger.all_rejected().unwrap();
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
    assert!(ledger.all_rejected().is_none(), "one that was read before has no fate yet");
    ledger.settle(before.remove(0), &without_address());
    assert!(ledger.all_rejected().is_some());
}

#[test]
fn one_record_written_late_saves_a_stream() {
    let mut ledger = Ledger::default();
    let mut tickets = open(&mut ledger, 0, 1_001);
    let last = tickets.pop().unwrap();
    settle_all(&mut ledger, tickets, &refused());
    ledger.settle(last, &Fate::Updated);
    ledger.judge_rejected_streams();
    assert!(ledger.all_rejected().is_none());
}

#[test]
fn skipped_records_and_empty_addresses_say_nothing_about_the_set_up() {
    for fate in [skipped(), without_address()] {
        let mut ledger = Ledger::default();
        let tickets = open(&mut ledger, 0, 2_000);
        ledger.state(state(&object(0, Some(0))));
        settle_all(&mut ledger, tickets, &fate);
        let counts = if fate == skipped() { (0, 2_000, 0) } else { (0, 0, 2_000) };
        assert_eq!((take(&mut ledger), ledger.all_rejected().is_none()), (vec![counts], true));
        ledger.judge_rejected_streams();
        assert!(ledger.all_rejected().is_none());
        // Nor do they save a stream.
        let tickets = open(&mut ledger, 0, 100);
        settle_all(&mut ledger, tickets, &refused());
        ledger.judge_rejected_streams();
        let failure = ledger.all_rejected().unwrap();
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
    assert!(ledger.all_rejected().is_none());
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
        assert_eq!((take(&mut ledger).len(), ledger.all_rejected().is_some()), (usize::from(!held), held));
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
    assert!(ledger.all_rejected().is_none());
}

#[test]
fn at_the_end_a_hundred_rejections_are_hopeless_and_ninety_nine_are_released() {
    for (records, all_rejected) in [(99, false), (100, true)] {
        let mut ledger = Ledger::default();
        let tickets = open(&mut ledger, 0, records);
        ledger.state(state(&object(0, Some(0))));
        settle_all(&mut ledger, tickets, &refused());
        assert_eq!((take(&mut ledger), ledger.all_rejected().is_some()), (vec![], false));
        ledger.judge_rejected_streams();
        let out = if all_rejected { vec![] } else { vec![(0, 0, records)] };
        assert_eq!((take(&mut ledger), ledger.all_rejected().is_some()), (out, all_rejected));
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
    ledger.judge_rejected_streams();
    assert_eq!(take(&mut ledger), []);
    assert_eq!(ledger.all_rejected().unwrap().stream.unwrap().name, "s0");
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
        assert!(ledger.all_rejected().is_none(), "neither the end nor a thousand records");
    }
    let tickets = open(&mut ledger, 0, 1);
    settle_all(&mut ledger, tickets, &refused());
    let failure = ledger.all_rejected().unwrap();
    assert!(!failure.message.contains("No state of the stream was acknowledged"), "{failure}");
}

#[test]
fn a_stream_that_begins_after_an_early_decision_is_judged_like_any_other() {
    let mut ledger = Ledger::default();
    ledger.judge_rejected_streams();
    let tickets = open(&mut ledger, 0, 100);
    ledger.state(state(&object(0, Some(0))));
    settle_all(&mut ledger, tickets, &refused());
    assert_eq!((take(&mut ledger), ledger.all_rejected().is_none()), (vec![], true));
    let tickets = open(&mut ledger, 0, 1);
    settle_all(&mut ledger, tickets, &Fate::Updated);
    assert_eq!(take(&mut ledger), [(0, 0, 100)]);
}
