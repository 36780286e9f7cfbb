//! Knows for every record whether it has its fate, and for every state whether it is due. Pure.
//!
//! The records of a stream between two of its states are an *interval*. A state closes the current intervals of what it
//! covers, as far as they have records, and is due when these, and every state before it that covers the same stream, are
//! through. Not here: why a record was rejected, beyond what the verdict on a stream that is wrongly set up needs, and the
//! share of a stream's records that may be rejected (`share`).

mod share;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    ops::Range,
};

use self::share::{RecordCounts, StreamShare};
use super::{error::SyncError, evidence::Evidence};
use crate::{
    config::FailIfRejected,
    mapping::reason::{Blames, Code, Reason},
    protocol::message::{State, StateCounts, StateScope, StreamId},
    report::fate::{CountsAs, Fate, Ticket},
};

/// If so many rejections say that a stream is wrongly set up, and nothing of it was written, it is clear.
const CLEARLY_WRONG: u64 = 1_000;
/// So many are enough when no record comes any more, and to hold its states back however long the sync goes on.
const MANY_WRONG: u64 = 100;
/// Fewer than that hold states back only while so many further records of the sync come: a side stream with a few bad
/// records must not keep the states of a whole sync, which may never get to its end.
const LONGEST_HOLD: u64 = 500;

/// What a waiting state takes in memory beyond its text, about.
const STATE_OVERHEAD: usize = 512;
/// Its place among the states of a stream that it covers, while their list grows.
const STREAM_OVERHEAD: usize = 2 * size_of::<u64>();
/// An interval that it closes, in a map that may be half empty.
const INTERVAL_OVERHEAD: usize = 2 * size_of::<(u64, Interval)>() + size_of::<(usize, u64)>();

/// The records of a stream between two states.
#[derive(Debug, Default)]
struct Interval {
    open: u64,
    counts: StateCounts,
    /// The state that waits for this interval, once there is one.
    state: Option<u64>,
}

impl Interval {
    fn has_records(&self) -> bool {
        self.open > 0 || self.counts != StateCounts::default()
    }
}

#[derive(Debug)]
struct StreamBooks {
    id: StreamId,
    current: u64,
    /// States that cover this stream and have not gone out, in the order received.
    states: VecDeque<u64>,
    among_first_open: u64,
    /// How many records of it were read.
    read: u64,
    /// Records that were written, or that HubSpot has already.
    written: u64,
    skipped: u64,
    rejected: u64,
    /// Rejections that say that the stream is wrongly set up. Only counted while nothing was written.
    wrong: u64,
    /// The reasons of these.
    reasons: BTreeMap<Reason, u64>,
    /// The first of these holds states back until so many records of the sync were read.
    held_until: u64,
    /// Its few wrong records do not hold states back any more.
    released_anyway: bool,
    /// Nothing was written, and its wrong records were many when it was judged.
    all_rejected: bool,
    /// A state of records that were rejected has gone out.
    acknowledged: bool,
    share: StreamShare,
}

impl StreamBooks {
    fn new(id: &StreamId, current: u64, share: StreamShare) -> Self {
        Self {
            id: id.clone(),
            current,
            states: VecDeque::new(),
            among_first_open: 0,
            read: 0,
            written: 0,
            skipped: 0,
            rejected: 0,
            wrong: 0,
            reasons: BTreeMap::new(),
            held_until: 0,
            released_anyway: false,
            all_rejected: false,
            acknowledged: false,
            share,
        }
    }

    /// All that was read, but for what was skipped.
    fn so_far(&self) -> RecordCounts {
        RecordCounts { records: self.read - self.skipped, rejected: self.rejected }
    }

    /// Whether its records still tell whether it is wrongly set up: those that are read from now on do not.
    fn is_undecided(&self) -> bool {
        self.written == 0 && self.wrong < CLEARLY_WRONG
    }
}

#[derive(Debug)]
struct Waiting {
    state: State,
    /// The streams it covers.
    streams: Range<usize>,
    /// What it closed of these streams: only where records had come.
    intervals: Box<[(usize, u64)]>,
    open: u64,
}

impl Waiting {
    /// What it takes in memory, about.
    fn bytes(&self) -> usize {
        let lists = self.streams.len() * STREAM_OVERHEAD + self.intervals.len() * INTERVAL_OVERHEAD;
        self.state.size() + STATE_OVERHEAD + lists
    }
}

/// The ledger of a sync.
#[derive(Debug, Default)]
pub struct Ledger {
    fail_if_rejected: FailIfRejected,
    streams: Vec<StreamBooks>,
    by_id: HashMap<StreamId, usize>,
    intervals: HashMap<u64, Interval>,
    next_interval: u64,
    states: BTreeMap<u64, Waiting>,
    next_state: u64,
    waiting_bytes: usize,
    /// Streams of which a state may have become due.
    to_review: Vec<usize>,
    /// States that cover no stream, since none was known yet.
    unbound: Vec<u64>,
    /// How many records were read.
    opened: u64,
    /// When streams stop holding states back, in records read.
    holds: VecDeque<(u64, usize)>,
    evidence: Evidence,
    /// It stood against the requests when the sync was judged.
    nothing_accepted: bool,
}

impl Ledger {
    pub fn new(fail_if_rejected: FailIfRejected) -> Self {
        Self { fail_if_rejected, ..Self::default() }
    }

    /// The place of a stream in the ledger; a new stream is added.
    pub fn stream(&mut self, id: &StreamId) -> usize {
        if let Some(&index) = self.by_id.get(id) {
            return index;
        }
        let current = self.new_interval();
        let share = StreamShare::new(self.fail_if_rejected.share());
        self.streams.push(StreamBooks::new(id, current, share));
        let index = self.streams.len() - 1;
        self.by_id.insert(id.clone(), index);
        index
    }

    fn new_interval(&mut self) -> u64 {
        self.next_interval += 1;
        self.intervals.insert(self.next_interval, Interval::default());
        self.next_interval
    }

    /// The name of a stream, by its place.
    pub fn stream_id(&self, stream: usize) -> Option<&StreamId> {
        self.streams.get(stream).map(|stream| &stream.id)
    }

    /// A record of the stream was read. `line` is its place in the input.
    pub fn open(&mut self, stream: usize, line: u64) -> Ticket {
        self.opened += 1;
        while let Some((_, held)) = self.holds.pop_front_if(|(until, _)| *until <= self.opened) {
            self.to_review.push(held);
        }
        let mut ticket = Ticket { stream, interval: 0, among_first: false, number: 0, line };
        if let Some(of_stream) = self.streams.get_mut(stream) {
            ticket.among_first = of_stream.is_undecided();
            ticket.interval = of_stream.current;
            of_stream.read += 1;
            ticket.number = of_stream.read;
            of_stream.among_first_open += u64::from(ticket.among_first);
            of_stream.share.note_read();
            of_stream.share.check_all_read(of_stream.so_far());
        }
        if let Some(interval) = self.intervals.get_mut(&ticket.interval) {
            interval.open += 1;
        }
        ticket
    }

    /// A record has its fate.
    pub fn settle(&mut self, ticket: Ticket, fate: &Fate) {
        let Some(interval) = self.intervals.get_mut(&ticket.interval) else { return };
        let Some(stream) = self.streams.get_mut(ticket.stream) else { return };
        interval.open -= 1;
        stream.among_first_open -= u64::from(ticket.among_first);
        match fate.counts_as() {
            CountsAs::Written => interval.counts.written += 1,
            CountsAs::Unchanged => interval.counts.unchanged += 1,
            CountsAs::Archived => interval.counts.archived += 1,
            CountsAs::Skipped => interval.counts.skipped += 1,
            CountsAs::Rejected => interval.counts.rejected += 1,
        }
        match fate {
            Fate::Created | Fate::Updated | Fate::Unchanged | Fate::Archived | Fate::Folded => {
                stream.written += 1;
                // From here on the stream is not wrongly set up, and its states may go.
                if stream.written == 1 {
                    stream.reasons.clear();
                    self.to_review.push(ticket.stream);
                }
            }
            Fate::Skipped(_) => stream.skipped += 1,
            Fate::Rejected(rejection) => {
                stream.rejected += 1;
                stream.share.note_rejected(&rejection.reason);
                if stream.written == 0 && rejection.reason.code.blames() == Blames::SetUp {
                    if stream.wrong == 0 {
                        stream.held_until = self.opened + LONGEST_HOLD;
                        self.holds.push_back((stream.held_until, ticket.stream));
                    }
                    stream.wrong += 1;
                    *stream.reasons.entry(rejection.reason.clone()).or_default() += 1;
                }
            }
        }
        stream.share.check_all_read(stream.so_far());
        if self.evidence.note(fate) {
            // States that were held back by missing answers, or by refusals.
            self.to_review.extend(0..self.streams.len());
        }
        if let Some(waiting) = interval.state.and_then(|state| self.states.get_mut(&state)) {
            waiting.open -= 1;
            if waiting.open == 0 {
                self.to_review.push(ticket.stream);
            }
        }
    }

    /// A state was read: it covers the records of its stream, or of all streams, since the state before it.
    pub fn state(&mut self, state: State) {
        let streams = match state.scope() {
            StateScope::Stream(id) => {
                let index = self.stream(id);
                index..index + 1
            }
            StateScope::AllStreams => 0..self.streams.len(),
        };
        self.next_state += 1;
        let number = self.next_state;
        let mut open = 0;
        let mut intervals = Vec::new();
        for index in streams.clone() {
            let Some(stream) = self.streams.get_mut(index) else { continue };
            stream.states.push_back(number);
            self.to_review.push(index);
            let current = stream.current;
            let Some(interval) = self.intervals.get_mut(&current).filter(|one| one.has_records()) else {
                continue;
            };
            interval.state = Some(number);
            open += interval.open;
            intervals.push((index, current));
            let fresh = self.new_interval();
            if let Some(stream) = self.streams.get_mut(index) {
                stream.current = fresh;
            }
        }
        if streams.is_empty() {
            self.unbound.push(number);
        }
        let waiting = Waiting { state, streams, intervals: intervals.into(), open };
        self.waiting_bytes += waiting.bytes();
        self.states.insert(number, waiting);
    }

    /// Whether a state waits for the record.
    pub fn is_awaited(&self, ticket: Ticket) -> bool {
        self.intervals.get(&ticket.interval).is_some_and(|interval| interval.state.is_some())
    }

    /// What the states that have not gone out take in memory, about.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// The number of records without a fate.
    pub fn open_records(&self) -> u64 {
        self.intervals.values().map(|interval| interval.open).sum()
    }

    /// Judges streams by what they have so far: no record comes any more, or the states that wait have filled their memory.
    /// A stream of a few wrong records may have its states out.
    pub fn judge_rejected_streams(&mut self) {
        for stream in self.streams.iter_mut().filter(|stream| stream.written == 0 && stream.wrong > 0) {
            stream.all_rejected = stream.wrong >= MANY_WRONG;
            stream.released_anyway = true;
        }
        self.streams.iter_mut().for_each(|stream| stream.share.judge());
        self.nothing_accepted = self.evidence.is_against_the_requests();
        self.to_review.extend(0..self.streams.len());
    }

    /// Takes the states that are due, in the order received, as the lines to write.
    pub fn take_due(&mut self) -> Vec<String> {
        let mut due = Vec::new();
        for number in std::mem::take(&mut self.unbound) {
            due.extend(self.release(number).map(|line| (number, line)));
        }
        while let Some(index) = self.to_review.pop() {
            while let Some(number) = self.due_state(index) {
                due.extend(self.release(number).map(|line| (number, line)));
            }
        }
        due.sort_unstable_by_key(|(number, _)| *number);
        due.into_iter().map(|(_, line)| line).collect()
    }

    /// Whether HubSpot may be at odds with every request, so that no state may go.
    fn nothing_may_go(&self) -> bool {
        self.fail_if_rejected != FailIfRejected::Never && self.evidence.is_against_the_requests()
    }

    fn due_state(&mut self, stream: usize) -> Option<u64> {
        if self.nothing_may_go() {
            return None;
        }
        let number = *self.streams.get(stream)?.states.front()?;
        let waiting = self.states.get(&number)?;
        let covered = || waiting.streams.clone().filter_map(|index| self.streams.get(index));
        if waiting.open > 0 || covered().any(|one| one.states.front() != Some(&number)) {
            return None;
        }
        for (index, interval) in &waiting.intervals {
            if let (Some(stream), Some(interval)) =
                (self.streams.get_mut(*index), self.intervals.get(interval))
            {
                stream.share.check_before_state(interval.counts);
            }
        }
        let covered = || waiting.streams.clone().filter_map(|index| self.streams.get(index));
        let something_written = covered().any(|one| one.written > 0);
        covered().all(|one| !self.holds_back(one, something_written)).then_some(number)
    }

    /// Once more than the allowed share of its records is rejected, a stream holds its states back to its end.
    ///
    /// While every record that says anything about the set-up says that it is wrong, acknowledging would make the source
    /// never send them again. A few of them do so for a while, and not if the state is also that of a stream that works.
    fn holds_back(&self, stream: &StreamBooks, something_written: bool) -> bool {
        if stream.share.is_exceeded() {
            return true;
        }
        if self.fail_if_rejected == FailIfRejected::Never || stream.written > 0 || stream.wrong == 0 {
            return false;
        }
        let over = stream.released_anyway || something_written || self.opened >= stream.held_until;
        stream.wrong >= MANY_WRONG || !over
    }

    fn release(&mut self, number: u64) -> Option<String> {
        let waiting = self.states.remove(&number)?;
        self.waiting_bytes -= waiting.bytes();
        let mut counts = StateCounts::default();
        for (index, interval) in &waiting.intervals {
            let Some(interval) = self.intervals.remove(interval) else { continue };
            counts += interval.counts;
            if let Some(stream) = self.streams.get_mut(*index) {
                stream.acknowledged |= interval.counts.rejected > 0;
                stream.share.note_acknowledged(interval.counts);
            }
        }
        for index in waiting.streams {
            if let Some(stream) = self.streams.get_mut(index) {
                stream.states.pop_front();
                self.to_review.push(index);
            }
        }
        Some(waiting.state.acknowledge(counts))
    }

    /// The failure of a sync of which HubSpot accepts nothing, judged at the end, or of a stream that is wrongly set up, if it is time
    /// to say so: after 1,000 rejections that say it, once all records read before have their fates, or at the end after 100. Or of one
    /// that was judged, and of which more records were rejected than the share allows.
    pub fn failure(&self) -> Option<SyncError> {
        if self.fail_if_rejected == FailIfRejected::Never {
            return None;
        }
        if self.nothing_accepted && self.nothing_may_go() {
            return Some(self.evidence.failure());
        }
        let wrongly_set_up = self.streams.iter().find(|stream| {
            let so_far = stream.wrong >= CLEARLY_WRONG && stream.among_first_open == 0;
            stream.written == 0 && (so_far || stream.all_rejected)
        });
        let Some(stream) = wrongly_set_up else {
            let mut exceeded = self.streams.iter().filter(|stream| stream.share.fails_sync());
            let first = exceeded.next()?;
            return first.share.failure(&first.id, first.so_far(), exceeded.count());
        };
        let (reason, count) = stream.reasons.iter().max_by_key(|(_, count)| **count)?;
        if self.nothing_may_go() && matches!(reason.code, Code::RefusedByHubSpot | Code::NotConfirmed) {
            return Some(self.evidence.failure());
        }
        Some(SyncError::AllRejected {
            stream: stream.id.clone(),
            not_written: stream.rejected + stream.skipped,
            wrong: stream.wrong,
            count: *count,
            reason: reason.clone(),
            acknowledged: stream.acknowledged,
        })
    }
}
