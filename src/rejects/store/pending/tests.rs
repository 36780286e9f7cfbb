//! Tests of what waits: on examples, and whatever the order of lines, moments and objects kept.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn pending() -> PendingObjects {
    PendingObjects::new(PendingObjects::INTERVAL)
}

fn object(stream: usize, part_number: u64, body: &str) -> ObjectToPut {
    ObjectToPut { stream, part_number, body: Bytes::copy_from_slice(body.as_bytes()) }
}

#[test]
fn the_first_line_goes_at_once_and_the_next_ones_together_after_two_seconds() {
    let mut pending = pending();
    assert!(pending.is_empty() && pending.deadline().is_none());
    pending.push(0, "a", 1, seconds(5));
    assert_eq!(pending.deadline(), Some(seconds(5)));
    assert_eq!(pending.take_due(seconds(5)), [object(0, 0, "a\n")]);
    pending.push(0, "b", 2, seconds(5));
    pending.push(0, "c", 3, seconds(6));
    assert_eq!((pending.deadline(), pending.kept_through()), (None, 0), "one at a time");
    assert_eq!(pending.take_due(seconds(20)), []);
    pending.landed(0);
    assert_eq!((pending.deadline(), pending.kept_through()), (Some(seconds(7)), 1));
    assert_eq!(pending.take_due(Duration::from_millis(6_999)), []);
    assert_eq!(pending.take_due(seconds(7)), [object(0, 1, "b\nc\n")]);
    assert_eq!((pending.kept_through(), pending.bytes()), (1, 4));
    pending.landed(0);
    assert_eq!((pending.kept_through(), pending.is_empty()), (3, true));
}

#[test]
fn what_is_kept_ends_before_the_first_line_of_any_stream_that_is_not() {
    let mut pending = pending();
    for (stream, sequence) in [(0, 10), (1, 11), (0, 12), (2, 13)] {
        pending.push(stream, "x", sequence, seconds(0));
    }
    assert_eq!(pending.kept_through(), 9);
    assert_eq!(pending.take_due(seconds(0)).len(), 3);
    pending.landed(0);
    assert_eq!(pending.kept_through(), 10);
    pending.landed(2);
    assert_eq!(pending.kept_through(), 10);
    pending.landed(1);
    assert_eq!(pending.kept_through(), 13);
}

#[test]
fn a_full_room_sends_the_largest_stream_before_its_time() {
    let mut pending = pending();
    let half = "x".repeat(PendingObjects::ROOM / 2);
    pending.push(0, "a", 1, seconds(0));
    pending.push(1, "a", 2, seconds(0));
    assert_eq!(pending.take_due(seconds(0)).len(), 2);
    pending.landed(0);
    pending.landed(1);
    pending.push(1, "small", 3, seconds(1));
    pending.push(0, &half, 4, seconds(1));
    assert!(!pending.is_full());
    assert_eq!(pending.take_due(seconds(1)), []);
    pending.push(0, &half, 5, seconds(1));
    assert!(pending.is_full() && pending.deadline().is_some());
    let taken = pending.take_due(seconds(1));
    assert_eq!(taken.iter().map(|object| object.stream).collect::<Vec<_>>(), [0]);
    assert!(pending.is_full(), "what is under way counts");
    pending.push(0, &half, 6, seconds(1));
    assert_eq!(pending.take_due(seconds(1)), [], "one at a time, also in a full room");
    pending.landed(0);
    assert!(!pending.is_full());
    assert_eq!(pending.take_due(seconds(2)).len(), 1, "the small one has its time");
}

#[test]
fn a_line_that_is_larger_than_the_room_goes_too() {
    let mut pending = pending();
    let line = "x".repeat(PendingObjects::ROOM * 2);
    for sequence in 1..3 {
        pending.push(0, &line, sequence, seconds(0));
        assert!(pending.is_full());
        assert_eq!(pending.take_due(seconds(0)).len(), 1);
        pending.landed(0);
    }
    assert_eq!(pending.kept_through(), 2);
}

#[test]
fn at_the_end_all_goes_without_waiting() {
    let mut pending = pending();
    pending.push(0, "a", 1, seconds(0));
    pending.take_due(seconds(0));
    pending.push(0, "b", 2, seconds(0));
    pending.finish();
    assert_eq!(pending.take_due(seconds(0)), [], "one at a time");
    pending.landed(0);
    assert_eq!(pending.take_due(seconds(0)), [object(0, 1, "b\n")]);
}

#[test]
fn many_streams_go_a_few_at_a_time_the_oldest_first() {
    let mut pending = pending();
    for stream in 0..40_usize {
        pending.push(99 - stream, "x", stream as u64 + 1, seconds(0));
    }
    let first: Vec<usize> = pending.take_due(seconds(0)).into_iter().map(|object| object.stream).collect();
    assert_eq!(first, (84..100).rev().collect::<Vec<_>>());
    assert_eq!(pending.deadline(), None);
    pending.landed(99);
    assert_eq!(
        pending.take_due(seconds(0)).into_iter().map(|object| object.stream).collect::<Vec<_>>(),
        [83]
    );
}

#[derive(Debug, Clone)]
enum Event {
    Push {
        stream: usize,
        length: usize,
    },
    /// Time passes, and what is due is taken.
    Take {
        milliseconds: u64,
    },
    /// One of those under way lands.
    Land {
        which: usize,
    },
    Finish,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let length = prop_oneof![8 => 0..200_usize, 2 => 300_000..1_500_000_usize];
    let event = prop_oneof![
        6 => (0..20_usize, length).prop_map(|(stream, length)| Event::Push { stream, length }),
        4 => (0..3_000_u64).prop_map(|milliseconds| Event::Take { milliseconds }),
        4 => any::<usize>().prop_map(|which| Event::Land { which }),
        1 => Just(Event::Finish),
    ];
    proptest::collection::vec(event, 0..120)
}

/// What must hold, kept beside the real thing in the plainest way.
#[derive(Default)]
struct Model {
    now: Duration,
    /// What waits and what is under way, by stream: sequence numbers.
    waiting: BTreeMap<usize, Vec<u64>>,
    under_way: BTreeMap<usize, Vec<u64>>,
    parts: BTreeMap<usize, u64>,
    begun: BTreeMap<usize, Duration>,
    last: u64,
    finished: bool,
}

impl Model {
    fn open(&self) -> BTreeSet<u64> {
        self.waiting.values().chain(self.under_way.values()).flatten().copied().collect()
    }

    /// Checks the objects that were taken, and takes them over.
    fn take(&mut self, objects: Vec<ObjectToPut>, was_full: bool) {
        for object in objects {
            let ObjectToPut { stream, part_number, body } = object;
            assert!(!self.under_way.contains_key(&stream), "one at a time");
            let next = self.parts.entry(stream).or_default();
            assert_eq!(part_number, *next);
            *next += 1;
            let begun = self.begun.insert(stream, self.now);
            let rested = begun.is_none_or(|begun| self.now >= begun + PendingObjects::INTERVAL);
            assert!(rested || was_full || self.finished, "not before its time");
            let sequences = self.waiting.remove(&stream).unwrap();
            let lines = std::str::from_utf8(&body).unwrap().lines();
            let expected = sequences.iter().map(u64::to_string);
            assert!(
                lines.map(|line| line.split(' ').next().unwrap().to_owned()).eq(expected),
                "all that waits, in order"
            );
            self.under_way.insert(stream, sequences);
        }
        assert!(self.under_way.len() <= PendingObjects::MOST_UNDER_WAY);
    }
}

fn run(events: Vec<Event>) {
    let mut pending = pending();
    let mut model = Model::default();
    for event in events {
        match event {
            Event::Push { stream, length } if !model.finished && !pending.is_full() => {
                model.last += 1;
                pending.push(
                    stream,
                    &format!("{} {}", model.last, "x".repeat(length)),
                    model.last,
                    model.now,
                );
                model.waiting.entry(stream).or_default().push(model.last);
            }
            Event::Push { .. } => {}
            Event::Take { milliseconds } => {
                model.now += Duration::from_millis(milliseconds);
                let (deadline, was_full) = (pending.deadline(), pending.is_full());
                let taken = pending.take_due(model.now);
                assert_eq!(
                    !taken.is_empty(),
                    deadline.is_some_and(|at| at <= model.now),
                    "the deadline is right"
                );
                model.take(taken, was_full);
            }
            Event::Land { which } => {
                let streams: Vec<usize> = model.under_way.keys().copied().collect();
                if !streams.is_empty() {
                    let stream = streams[which % streams.len()];
                    model.under_way.remove(&stream);
                    pending.landed(stream);
                }
            }
            Event::Finish => {
                model.finished = true;
                pending.finish();
            }
        }
        let open = model.open();
        assert_eq!(pending.kept_through(), open.first().map_or(model.last, |first| first - 1));
        assert_eq!(pending.is_empty(), open.is_empty());
    }
    // Whatever came, all of it gets out.
    for _ in 0..model.last + 20 {
        model.now += PendingObjects::INTERVAL;
        let was_full = pending.is_full();
        let taken = pending.take_due(model.now);
        model.take(taken, was_full);
        for stream in std::mem::take(&mut model.under_way).into_keys() {
            pending.landed(stream);
        }
    }
    assert!(pending.is_empty() && model.waiting.is_empty());
    assert_eq!((pending.kept_through(), pending.bytes()), (model.last, 0));
}

proptest! {
    #[test]
    fn nothing_is_lost_repeated_or_early_whatever_comes(events in events()) {
        run(events);
    }
}
