//! States against a naive reading of the rules: which are due, in which order, with which counts.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{super::model::state, Out, object, refused, skipped, stream_id, take, without_address};
use crate::{
    config::{FailIfRejected, Share},
    report::fate::{Fate, Ticket},
    sync::ledger::Ledger,
};

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
            Self::Written => [Fate::Created, Fate::Updated, Fate::Unchanged, Fate::Folded][place % 4].clone(),
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
    /// The share that may be rejected, in percent.
    percent: Option<usize>,
    events: Vec<Event>,
    streams: BTreeSet<usize>,
    /// Where each stream's first wrong record, and its thousandth, was settled: so many events were read by then.
    first_wrong: BTreeMap<usize, usize>,
    thousandth_wrong: BTreeMap<usize, usize>,
    judged: BTreeSet<usize>,
    all_rejected: BTreeSet<usize>,
    /// Streams of which more than the share was rejected at some moment.
    exceeded: BTreeSet<usize>,
    /// Streams that were judged, and of which no record came since or only when it was exceeded already.
    judged_by_share: BTreeSet<usize>,
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
        self.look_at_share(stream);
    }

    /// Whether more than the share of a stream's records among the first events was rejected, of at least 100.
    fn exceeds(&self, stream: usize, events: usize) -> bool {
        let Some(percent) = self.percent else { return false };
        let (mut records, mut rejected) = (0, 0);
        for event in &self.events[..events] {
            match event {
                Event::Record { stream: of, fate } if *of == stream && *fate != Some(Kind::Skipped) => {
                    records += 1;
                    rejected += usize::from(matches!(fate, Some(Kind::Empty | Kind::Wrong)));
                }
                _ => {}
            }
        }
        records >= 100 && rejected * 100 > percent * records
    }

    /// Something happened to a record of the stream.
    fn look_at_share(&mut self, stream: usize) {
        if self.exceeds(stream, self.events.len()) {
            self.exceeded.insert(stream);
        }
    }

    fn held_back(&self, stream: usize, covers: &[usize]) -> bool {
        if self.exceeded.contains(&stream) {
            return true;
        }
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
                records < 500 && !another && !self.judged.contains(&stream)
            }
            _ => true,
        }
    }

    fn judge_rejected_streams(&mut self) {
        self.judged_by_share.extend(self.streams.iter().copied());
        for stream in self.streams.clone() {
            if !self.is_written(stream) && self.wrong(stream) > 0 {
                self.judged.insert(stream);
                if self.wrong(stream) >= 100 {
                    self.all_rejected.insert(stream);
                }
            }
        }
    }

    fn is_against_the_set_up(&self) -> bool {
        let so_far = |stream: &usize| {
            self.thousandth_wrong.get(stream).is_some_and(|&read| {
                let open =
                    |event: &Event| matches!(event, Event::Record { stream: of, fate: None } if of == stream);
                !self.events[..read].iter().any(open)
            })
        };
        let unwritten = self.streams.iter().filter(|stream| !self.is_written(**stream));
        let wrong = unwritten.clone().any(|stream| self.all_rejected.contains(stream) || so_far(stream));
        !self.never && (wrong || !self.exceeded.is_disjoint(&self.judged_by_share))
    }

    fn is_due(&mut self, place: usize, covers: &[usize]) -> bool {
        let before_is_through = self.events[..place].iter().all(|event| match event {
            Event::Record { stream, fate } => !covers.contains(stream) || fate.is_some(),
            Event::State { covers: earlier, out } => {
                *out || !earlier.iter().any(|stream| covers.contains(stream))
            }
        });
        if !before_is_through {
            return false;
        }
        // What would be acknowledged may be more than the share, though what was read is not.
        let exceeded: Vec<usize> =
            covers.iter().copied().filter(|&stream| self.exceeds(stream, place)).collect();
        self.exceeded.extend(exceeded);
        !covers.iter().any(|&stream| self.held_back(stream, covers))
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

/// The setting, and the share in percent if it is one.
fn rule() -> impl Strategy<Value = (FailIfRejected, Option<usize>)> {
    let share = |percent: usize| {
        (FailIfRejected::Share(Share::parse(&format!("{percent} %")).unwrap()), Some(percent))
    };
    prop_oneof![
        1 => Just((FailIfRejected::Never, None)),
        4 => Just((FailIfRejected::All, None)),
        5 => prop_oneof![Just(1_usize), 1..100_usize].prop_map(share),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, ..ProptestConfig::default() })]

    #[test]
    fn states_go_out_as_the_naive_ledger_says(actions in prop::collection::vec(action(), 1..50), settle_all in any::<bool>(), rule in rule()) {
        let (policy, percent) = rule;
        let never = policy == FailIfRejected::Never;
        let (mut ledger, mut naive) = (Ledger::new(policy), Naive { never, percent, ..Naive::default() });
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
            if ledger.failure().is_none() {
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
                if !naive.exceeded.contains(&stream) {
                    naive.judged_by_share.remove(&stream);
                }
                naive.look_at_share(stream);
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
    assert_eq!(ledger.failure().is_some(), naive.is_against_the_set_up());
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
