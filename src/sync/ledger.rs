//! Knows for every record whether it has its fate, and for every state whether it is due. Pure.
//!
//! The records of a stream between two of its states are a *stretch*. A state closes the current stretches of what it
//! covers and is due when these, and every state before it that covers the same stream, are through. Not here: why a
//! record was rejected, beyond what the verdict on a hopeless stream needs.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::fate::{Fate, Ticket};
use crate::{
    error::Failure,
    mapping::reason::Reason,
    protocol::message::{State, StateScope, StreamId},
};

/// If so many first records of a stream are all rejected, the sync is hopeless.
const HOPELESS_AT_START: u64 = 1_000;
/// If a stream ends with at least so many records, all rejected, the sync was hopeless.
const HOPELESS_AT_END: u64 = 100;

/// What a waiting state takes in memory beyond its text, about.
const STATE_OVERHEAD: usize = 512;

/// The records of a stream between two states.
#[derive(Debug, Default)]
struct Stretch {
    open: u64,
    written: u64,
    rejected: u64,
    /// The state that waits for this stretch, once there is one.
    state: Option<u64>,
}

#[derive(Debug)]
struct Stream {
    id: StreamId,
    current: u64,
    /// States that cover this stream and have not gone out, in the order received.
    states: VecDeque<u64>,
    opened: u64,
    early_open: u64,
    written: u64,
    rejected: u64,
    reasons: BTreeMap<Reason, u64>,
    /// Its states may go although all of its records were rejected: these were few when the states had to go.
    spared: bool,
    /// All of its records were rejected, and they were many when it was judged.
    hopeless: bool,
}

#[derive(Debug)]
struct Waiting {
    state: State,
    /// The streams it covers.
    streams: Vec<usize>,
    stretches: Vec<u64>,
    open: u64,
}

/// The ledger of a sync.
#[derive(Debug, Default)]
pub struct Ledger {
    streams: Vec<Stream>,
    by_id: HashMap<StreamId, usize>,
    stretches: HashMap<u64, Stretch>,
    next_stretch: u64,
    states: BTreeMap<u64, Waiting>,
    next_state: u64,
    waiting_bytes: usize,
    /// Streams of which a state may have become due.
    touched: Vec<usize>,
    /// States that cover no stream, since none was known yet.
    unbound: Vec<u64>,
}

impl Ledger {
    /// The place of a stream in the ledger; a new stream is added.
    pub fn stream(&mut self, id: &StreamId) -> usize {
        if let Some(&index) = self.by_id.get(id) {
            return index;
        }
        let current = self.new_stretch();
        self.streams.push(Stream {
            id: id.clone(),
            current,
            states: VecDeque::new(),
            opened: 0,
            early_open: 0,
            written: 0,
            rejected: 0,
            reasons: BTreeMap::new(),
            spared: false,
            hopeless: false,
        });
        let index = self.streams.len() - 1;
        self.by_id.insert(id.clone(), index);
        index
    }

    fn new_stretch(&mut self) -> u64 {
        self.next_stretch += 1;
        self.stretches.insert(self.next_stretch, Stretch::default());
        self.next_stretch
    }

    /// A record of the stream was read. `line` is its place in the input.
    pub fn open(&mut self, stream: usize, line: u64) -> Ticket {
        let mut ticket = Ticket { stream, stretch: 0, early: false, line };
        if let Some(of_stream) = self.streams.get_mut(stream) {
            ticket.early = of_stream.opened < HOPELESS_AT_START;
            ticket.stretch = of_stream.current;
            of_stream.opened += 1;
            of_stream.early_open += u64::from(ticket.early);
        }
        if let Some(stretch) = self.stretches.get_mut(&ticket.stretch) {
            stretch.open += 1;
        }
        ticket
    }

    /// A record has its fate.
    pub fn settle(&mut self, ticket: Ticket, fate: &Fate) {
        let Some(stretch) = self.stretches.get_mut(&ticket.stretch) else { return };
        let Some(stream) = self.streams.get_mut(ticket.stream) else { return };
        stretch.open -= 1;
        stream.early_open -= u64::from(ticket.early);
        match fate {
            Fate::Created | Fate::Updated | Fate::Folded => {
                stretch.written += 1;
                stream.written += 1;
                // From here on the stream is not hopeless, and its states may go.
                if stream.written == 1 {
                    stream.reasons.clear();
                    self.touched.push(ticket.stream);
                }
            }
            Fate::Rejected(rejection) => {
                stretch.rejected += 1;
                stream.rejected += 1;
                if stream.written == 0 {
                    *stream.reasons.entry(rejection.reason.clone()).or_default() += 1;
                }
            }
        }
        if let Some(waiting) = stretch.state.and_then(|state| self.states.get_mut(&state)) {
            waiting.open -= 1;
            if waiting.open == 0 {
                self.touched.push(ticket.stream);
            }
        }
    }

    /// A state was read: it covers the records of its stream, or of all streams, since the state before it.
    pub fn state(&mut self, state: State) {
        let streams: Vec<usize> = match state.scope() {
            StateScope::Stream(id) => vec![self.stream(id)],
            StateScope::AllStreams => (0..self.streams.len()).collect(),
        };
        self.next_state += 1;
        let number = self.next_state;
        let mut waiting = Waiting { state, streams, stretches: Vec::new(), open: 0 };
        for &index in &waiting.streams {
            let fresh = self.new_stretch();
            let Some(stream) = self.streams.get_mut(index) else { continue };
            let closed = std::mem::replace(&mut stream.current, fresh);
            stream.states.push_back(number);
            if let Some(stretch) = self.stretches.get_mut(&closed) {
                stretch.state = Some(number);
                waiting.open += stretch.open;
            }
            waiting.stretches.push(closed);
            self.touched.push(index);
        }
        if waiting.streams.is_empty() {
            self.unbound.push(number);
        }
        self.waiting_bytes += waiting.state.size() + STATE_OVERHEAD;
        self.states.insert(number, waiting);
    }

    /// Whether a state waits for the record.
    pub fn is_awaited(&self, ticket: Ticket) -> bool {
        self.stretches.get(&ticket.stretch).is_some_and(|stretch| stretch.state.is_some())
    }

    /// The bytes of the states that have not gone out.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// The number of records without a fate.
    pub fn open_records(&self) -> u64 {
        self.stretches.values().map(|stretch| stretch.open).sum()
    }

    /// Judges streams of rejected records by what they have so far: no record comes any more, or the states that wait
    /// have filled their memory. A stream of a few such records may have its states out.
    pub fn decide(&mut self) {
        for stream in self.streams.iter_mut().filter(|stream| stream.written == 0 && stream.rejected > 0) {
            stream.hopeless = stream.rejected >= HOPELESS_AT_END;
            stream.spared |= !stream.hopeless;
        }
        self.touched.extend(0..self.streams.len());
    }

    /// Takes the states that are due, in the order received, as the lines to write.
    pub fn take_due(&mut self) -> Vec<String> {
        let mut due = Vec::new();
        for number in std::mem::take(&mut self.unbound) {
            due.extend(self.release(number).map(|line| (number, line)));
        }
        while let Some(index) = self.touched.pop() {
            while let Some(number) = self.due_state(index) {
                due.extend(self.release(number).map(|line| (number, line)));
            }
        }
        due.sort_unstable_by_key(|(number, _)| *number);
        due.into_iter().map(|(_, line)| line).collect()
    }

    fn due_state(&self, stream: usize) -> Option<u64> {
        let number = *self.streams.get(stream)?.states.front()?;
        let waiting = self.states.get(&number)?;
        let may_go = |&index: &usize| {
            self.streams
                .get(index)
                .is_some_and(|one| one.states.front() == Some(&number) && !Self::holds_back(one))
        };
        (waiting.open == 0 && waiting.streams.iter().all(may_go)).then_some(number)
    }

    /// While every record so far was rejected, acknowledging would make the source never send them again.
    fn holds_back(stream: &Stream) -> bool {
        stream.written == 0 && stream.rejected > 0 && (stream.hopeless || !stream.spared)
    }

    fn release(&mut self, number: u64) -> Option<String> {
        let waiting = self.states.remove(&number)?;
        self.waiting_bytes -= waiting.state.size() + STATE_OVERHEAD;
        let (mut written, mut rejected) = (0, 0);
        for stretch in waiting.stretches.iter().filter_map(|number| self.stretches.remove(number)) {
            written += stretch.written;
            rejected += stretch.rejected;
        }
        for &index in &waiting.streams {
            if let Some(stream) = self.streams.get_mut(index) {
                stream.states.pop_front();
                self.touched.push(index);
            }
        }
        Some(waiting.state.acknowledge(written, rejected))
    }

    /// The stream whose records were all rejected, if it is time to say so: among its first 1,000, or at the end among
    /// at least 100.
    pub fn hopeless(&self) -> Option<Failure> {
        let stream = self.streams.iter().find(|stream| {
            let at_start = stream.opened >= HOPELESS_AT_START && stream.early_open == 0;
            stream.written == 0 && (at_start || stream.hopeless)
        })?;
        let (reason, count) = stream.reasons.iter().max_by_key(|(_, count)| **count)?;
        let states = if stream.spared {
            "Some states of the stream had to be acknowledged before: clear the stream in Airbyte, which removes nothing \
             from HubSpot, so that the source sends the records again."
        } else {
            "No state of the stream was acknowledged, so that the source sends the records again."
        };
        let message = format!(
            "All {} records of the stream `{}` so far were rejected, {count} of them as {reason}: {}. {states}",
            stream.rejected,
            stream.id,
            reason.code.advice(),
        );
        Some(Failure::config(message).of_stream(stream.id.name(), stream.id.namespace()))
    }
}
