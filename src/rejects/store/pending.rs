//! The rows that wait for the object store, by stream: when an object of them is due, and what is kept. Pure.
//!
//! Not here: the names of objects and the requests.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;

/// What waits, and what is under way and not yet known to be kept. A stream is a number, as the caller counts them.
#[derive(Debug)]
pub struct PendingObjects {
    interval: Duration,
    streams: BTreeMap<usize, PendingOfStream>,
    /// Of all streams, with what is under way.
    bytes: usize,
    /// Of all streams, without what is under way.
    bytes_waiting: usize,
    under_way: usize,
    last_pushed: u64,
    is_finishing: bool,
}

/// The whole content of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectToPut {
    pub stream: usize,
    /// From 0, by stream.
    pub part_number: u64,
    /// Whole lines, each with its end.
    pub body: Bytes,
}

/// What is known of one stream.
#[derive(Debug, Default)]
struct PendingOfStream {
    lines: Vec<u8>,
    /// The sequence number of the first line that waits, and when it came.
    first: Option<(u64, Duration)>,
    under_way: Option<UnderWay>,
    /// When the newest object was taken.
    taken_at: Option<Duration>,
    next_part_number: u64,
}

#[derive(Debug, Clone, Copy)]
struct UnderWay {
    first: u64,
    bytes: usize,
}

impl PendingObjects {
    /// The room for rows of all streams, with what is under way.
    pub const ROOM: usize = 4 * 1024 * 1024;
    /// A stream begins one object at most in this time, unless the room is full.
    pub const INTERVAL: Duration = Duration::from_secs(2);
    /// So many objects are under way at a time.
    const MOST_UNDER_WAY: usize = 16;
    /// Long buffers grow by this much, so that little of them stays unused.
    const GROWTH: usize = 256 * 1024;

    /// `interval` is [`Self::INTERVAL`], scaled down in tests.
    pub fn new(interval: Duration) -> Self {
        Self {
            interval,
            streams: BTreeMap::new(),
            bytes: 0,
            bytes_waiting: 0,
            under_way: 0,
            last_pushed: 0,
            is_finishing: false,
        }
    }

    /// Takes a line, without its end. `sequence` grows from line to line, over all streams. A line is taken even where the room
    /// is full: the caller stops making more of them.
    pub fn push(&mut self, stream: usize, line: &str, sequence: u64, now: Duration) {
        debug_assert!(sequence > self.last_pushed, "sequence numbers grow");
        let waiting = self.streams.entry(stream).or_default();
        let bytes = line.len().saturating_add(1);
        let needed = waiting.lines.len().saturating_add(bytes);
        if needed > waiting.lines.capacity() && needed > Self::GROWTH {
            waiting.lines.reserve_exact(bytes.max(Self::GROWTH));
        }
        waiting.lines.extend_from_slice(line.as_bytes());
        waiting.lines.push(b'\n');
        waiting.first.get_or_insert((sequence, now));
        self.bytes = self.bytes.saturating_add(bytes);
        self.bytes_waiting = self.bytes_waiting.saturating_add(bytes);
        self.last_pushed = sequence;
    }

    /// The objects to be put now. A stream has at most one under way. It begins one at most every [`Self::INTERVAL`], unless the
    /// room is full or [`finish`](Self::finish) was called.
    pub fn take_due(&mut self, now: Duration) -> Vec<ObjectToPut> {
        let mut due: VecDeque<usize> = self.due_by_time(now).into();
        let mut objects = Vec::new();
        while self.under_way < Self::MOST_UNDER_WAY {
            let Some(stream) = due.pop_front().or_else(|| self.largest_in_a_full_room()) else { break };
            objects.extend(self.take(stream, now));
        }
        objects
    }

    /// The object of a stream is kept.
    pub fn landed(&mut self, stream: usize) {
        let Some(object) = self.streams.get_mut(&stream).and_then(|waiting| waiting.under_way.take()) else {
            return;
        };
        self.bytes = self.bytes.saturating_sub(object.bytes);
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// No more lines come: all that waits goes as soon as the object before it is kept.
    pub fn finish(&mut self) {
        self.is_finishing = true;
    }

    /// When [`take_due`](Self::take_due) may give something, if nothing lands and nothing comes before: `None` if only that
    /// helps. It may lie in the past.
    pub fn deadline(&self) -> Option<Duration> {
        if self.under_way >= Self::MOST_UNDER_WAY {
            return None;
        }
        if let Some(stream) = self.largest_in_a_full_room() {
            return self.streams.get(&stream).and_then(|waiting| waiting.first).map(|(_, came)| came);
        }
        self.streams.values().filter_map(|waiting| self.due_at(waiting)).min()
    }

    /// Whether no more lines should be made, until something is kept.
    pub fn is_full(&self) -> bool {
        self.bytes >= Self::ROOM
    }

    /// What waits and what is under way, over all streams.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether all lines are kept.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Every line with a sequence number up to this one is kept.
    pub fn kept_through(&self) -> u64 {
        let of_stream = |waiting: &PendingOfStream| {
            let under_way = waiting.under_way.map(|object| object.first);
            under_way.or(waiting.first.map(|(first, _)| first))
        };
        let first_open = self.streams.values().filter_map(of_stream).min();
        first_open.map_or(self.last_pushed, |first| first.saturating_sub(1))
    }

    /// Streams that are due for their time, the one first that has waited longest.
    fn due_by_time(&self, now: Duration) -> Vec<usize> {
        let due =
            self.streams.iter().filter(|(_, waiting)| self.due_at(waiting).is_some_and(|due| due <= now));
        let mut due: Vec<_> = due.map(|(stream, waiting)| (waiting.first, *stream)).collect();
        due.sort_unstable();
        due.into_iter().map(|(_, stream)| stream).collect()
    }

    /// When the next object of a stream is due for its time, if it may begin one at all.
    fn due_at(&self, waiting: &PendingOfStream) -> Option<Duration> {
        if waiting.under_way.is_some() {
            return None;
        }
        let (_, came) = waiting.first?;
        let rested =
            waiting.taken_at.filter(|_| !self.is_finishing).map(|at| at.saturating_add(self.interval));
        Some(rested.map_or(came, |rested| rested.max(came)))
    }

    /// The stream of which most waits, if the room is full and more than half of it is not under way. A stream of which less waits
    /// than of others on average helps only where nothing is under way: its rest would become an object of its own.
    fn largest_in_a_full_room(&self) -> Option<usize> {
        if !self.is_full() || self.bytes_waiting <= Self::ROOM / 2 {
            return None;
        }
        let waiting = || self.streams.iter().filter(|(_, waiting)| waiting.first.is_some());
        let may_begin = waiting().filter(|(_, waiting)| waiting.under_way.is_none());
        let (stream, largest) = may_begin.max_by_key(|(_, waiting)| waiting.lines.len())?;
        let helps = largest.lines.len().saturating_mul(waiting().count()) >= self.bytes_waiting;
        (helps || self.under_way == 0).then_some(*stream)
    }

    fn take(&mut self, stream: usize, now: Duration) -> Option<ObjectToPut> {
        let waiting = self.streams.get_mut(&stream)?;
        let (first, _) = waiting.first.take()?;
        let body = Bytes::from(std::mem::take(&mut waiting.lines));
        waiting.under_way = Some(UnderWay { first, bytes: body.len() });
        waiting.taken_at = Some(now);
        let part_number = waiting.next_part_number;
        waiting.next_part_number = part_number.saturating_add(1);
        self.under_way = self.under_way.saturating_add(1);
        self.bytes_waiting = self.bytes_waiting.saturating_sub(body.len());
        Some(ObjectToPut { stream, part_number, body })
    }
}

#[cfg(test)]
mod tests;
