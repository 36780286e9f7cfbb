//! Gathers inputs into one open batch per target: records of one key are folded, and an input whose key is in flight waits. Pure.
//!
//! Times are distances from the start of the sync. Not here: sending, and what became of a batch.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use indexmap::IndexMap;

use super::input::{Batch, Input, Part};
use crate::{
    crm::{key::Key, object::MAX_BATCH_INPUTS},
    mapping::{change::Change, target::Target},
    report::fate::Ticket,
};

/// A batch is full when the body of its request may have this many bytes, before records are folded: 2 MiB, so that a
/// hundred records of 300 short properties share a request. The first input always fits. HubSpot does not say what it takes;
/// a body that it finds too large is sent in halves.
const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// When a partly filled batch goes.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// On behalf of a state when no record came for this long …
    pub quiet: Duration,
    /// … and the last partly filled one left this long ago;
    pub between_partial: Duration,
    /// in any case when its oldest record has waited this long.
    pub longest_wait: Duration,
}

impl Timing {
    pub const STANDARD: Self = Self {
        quiet: Duration::from_millis(500),
        between_partial: Duration::from_secs(2),
        longest_wait: Duration::from_mins(1),
    };
}

/// The batch of a target that is being filled.
#[derive(Debug)]
struct OpenBatch {
    target: Arc<Target>,
    inputs: IndexMap<Key, Input>,
    /// What they take in the body of a request, at most.
    body_bytes: usize,
    /// When its oldest record came.
    since: Duration,
    /// Whether a state waits for one of its records.
    is_awaited: bool,
    /// When the last batch of the target left partly filled.
    last_partial: Option<Duration>,
}

impl OpenBatch {
    fn of(target: &Arc<Target>) -> Self {
        Self {
            target: Arc::clone(target),
            inputs: IndexMap::new(),
            body_bytes: 0,
            since: Duration::ZERO,
            is_awaited: false,
            last_partial: None,
        }
    }

    fn is_full(&self) -> bool {
        self.inputs.len() >= MAX_BATCH_INPUTS || self.body_bytes >= MAX_BODY_BYTES
    }
}

/// An input that waits until another one of its key has landed.
#[derive(Debug)]
struct Parked {
    target: Arc<Target>,
    input: Input,
}

/// The open batch of each target, the batches that are ready to go, and the inputs that wait for their key.
///
/// Records of one key are kept in order whatever their targets are; records are folded only within a target.
#[derive(Debug)]
pub struct Batcher {
    timing: Timing,
    /// One for each target that had a record. They are few.
    open: Vec<OpenBatch>,
    ready: VecDeque<Batch>,
    in_flight: HashSet<Key>,
    parked: HashMap<Key, VecDeque<Parked>>,
    bytes: usize,
    /// When the last record came, or reading began again after a stop.
    last_record: Duration,
    /// No record can come for the time being.
    is_stopped: bool,
}

impl Batcher {
    pub fn new(timing: Timing) -> Self {
        Self {
            timing,
            open: Vec::new(),
            ready: VecDeque::new(),
            in_flight: HashSet::new(),
            parked: HashMap::new(),
            bytes: 0,
            last_record: Duration::ZERO,
            is_stopped: false,
        }
    }

    /// Takes a record's change for its target. Full batches become ready.
    pub fn push(&mut self, target: &Arc<Target>, change: Change, ticket: Ticket, now: Duration) {
        self.last_record = now;
        let (key, archives) = (change.key.clone(), change.archives);
        if let Some(last) = self.parked.get_mut(&key).and_then(VecDeque::back_mut) {
            let folds = Arc::ptr_eq(&last.target, target) && last.input.folds_with(&change, target);
            let part = Part::new(ticket, change);
            self.bytes += part.bytes.in_memory;
            if folds {
                last.input.parts.push(part);
            } else {
                self.park(target, Input { key, archives, parts: vec![part] });
            }
            return;
        }
        let holder = self
            .open
            .iter_mut()
            .find_map(|open| Some((open.inputs.get_mut(&key)?, &mut open.body_bytes, &open.target)));
        if let Some((input, body_bytes, its_target)) = holder {
            let folds = Arc::ptr_eq(its_target, target) && input.folds_with(&change, target);
            let part = Part::new(ticket, change);
            let size = part.bytes;
            self.bytes += size.in_memory;
            if folds {
                *body_bytes += size.in_body;
                input.parts.push(part);
                self.close_full();
            } else {
                self.park(target, Input { key, archives, parts: vec![part] });
            }
            return;
        }
        let input = Input { key, archives, parts: vec![Part::new(ticket, change)] };
        self.bytes += input.bytes();
        if self.in_flight.contains(&input.key) {
            self.park(target, input);
        } else {
            self.open_input(target, input, false, now);
        }
    }

    fn park(&mut self, target: &Arc<Target>, input: Input) {
        let parked = Parked { target: Arc::clone(target), input };
        self.parked.entry(parked.input.key.clone()).or_default().push_back(parked);
    }

    fn open_input(&mut self, target: &Arc<Target>, input: Input, is_awaited: bool, now: Duration) {
        let size = input.body_bytes();
        let place =
            self.open.iter().position(|open| Arc::ptr_eq(&open.target, target)).unwrap_or_else(|| {
                self.open.push(OpenBatch::of(target));
                self.open.len() - 1
            });
        if self
            .open
            .get(place)
            .is_some_and(|open| !open.inputs.is_empty() && open.body_bytes + size > MAX_BODY_BYTES)
        {
            self.close(place);
        }
        let Some(open) = self.open.get_mut(place) else { return };
        if open.inputs.is_empty() {
            open.since = now;
        }
        open.body_bytes += size;
        open.is_awaited |= is_awaited;
        open.inputs.insert(input.key.clone(), input);
        if open.is_full() {
            self.close(place);
        }
    }

    fn close_full(&mut self) {
        if let Some(place) = self.open.iter().position(OpenBatch::is_full) {
            self.close(place);
        }
    }

    fn close(&mut self, place: usize) {
        let Some(open) = self.open.get_mut(place) else { return };
        let inputs = std::mem::take(&mut open.inputs);
        (open.body_bytes, open.is_awaited) = (0, false);
        self.in_flight.extend(inputs.keys().cloned());
        let target = Arc::clone(&open.target);
        self.ready.push_back(Batch { target, inputs: inputs.into_values().collect() });
    }

    /// A state was read that covers these records: if one of them is in an open batch, it must not wait for ever.
    pub fn state_arrived(&mut self, is_awaited: impl Fn(Ticket) -> bool) {
        let awaits = |input: &Input| input.parts.iter().any(|part| is_awaited(part.ticket));
        // An input that is parked waits for the open batch that has its key.
        let parked =
            |key: &Key| self.parked.get(key).is_some_and(|queue| queue.iter().any(|one| awaits(&one.input)));
        for open in &mut self.open {
            open.is_awaited =
                open.is_awaited || open.inputs.iter().any(|(key, input)| awaits(input) || parked(key));
        }
    }

    /// Keys have landed, in whatever way: what was parked for them moves on into the open batch. `bytes` is what their
    /// batch took.
    pub fn landed(&mut self, keys: &[Key], bytes: usize, now: Duration, is_awaited: impl Fn(Ticket) -> bool) {
        self.bytes = self.bytes.saturating_sub(bytes);
        for key in keys {
            self.in_flight.remove(key);
            let Some(queue) = self.parked.get_mut(key) else { continue };
            let next = queue.pop_front();
            if queue.is_empty() {
                self.parked.remove(key);
            }
            if let Some(Parked { target, input }) = next {
                let awaited = input.parts.iter().any(|part| is_awaited(part.ticket));
                self.open_input(&target, input, awaited, now);
            }
        }
    }

    /// Takes the next batch that is ready to go.
    pub fn take_ready(&mut self) -> Option<Batch> {
        self.ready.pop_front()
    }

    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Closes the partly filled batches.
    pub fn close_partial(&mut self, now: Duration) {
        self.close_partial_if(now, |_| true);
    }

    /// Closes the partly filled batches that have to go by now.
    pub fn close_due(&mut self, now: Duration) {
        let due: Vec<bool> =
            self.open.iter().map(|open| self.due(open).is_some_and(|due| due <= now)).collect();
        self.close_partial_if(now, |place| due.get(place).is_some_and(|due| *due));
    }

    fn close_partial_if(&mut self, now: Duration, goes: impl Fn(usize) -> bool) {
        for place in 0..self.open.len() {
            if let Some(open) = self.open.get_mut(place).filter(|open| goes(place) && !open.inputs.is_empty())
            {
                open.last_partial = Some(now);
                self.close(place);
            }
        }
    }

    /// When the next partly filled batch has to go, if nothing else happens.
    pub fn deadline(&self) -> Option<Duration> {
        self.open.iter().filter_map(|open| self.due(open)).min()
    }

    fn due(&self, open: &OpenBatch) -> Option<Duration> {
        if open.inputs.is_empty() {
            return None;
        }
        let by_age = open.since + self.timing.longest_wait;
        // While nothing is read, the source is not quiet.
        if !open.is_awaited || self.is_stopped {
            return Some(by_age);
        }
        let spaced = open.last_partial.map_or(Duration::ZERO, |last| last + self.timing.between_partial);
        Some(by_age.min(spaced.max(self.last_record + self.timing.quiet)))
    }

    /// Nothing is read until something has landed.
    pub fn reading_stopped(&mut self) {
        self.is_stopped = true;
    }

    /// Reading goes on. If it was stopped, no record could come in the meantime.
    pub fn reading_again(&mut self, now: Duration) {
        if std::mem::take(&mut self.is_stopped) {
            self.last_record = self.last_record.max(now);
        }
    }

    /// At the end of the input: closes the partly filled batches unless inputs are parked that will soon join them.
    pub fn finish(&mut self, now: Duration) {
        if self.parked.is_empty() || self.in_flight.is_empty() {
            self.close_partial(now);
        }
    }

    /// What all inputs that have not landed take in memory, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether every input has landed.
    pub fn is_empty(&self) -> bool {
        self.open.iter().all(|open| open.inputs.is_empty())
            && self.ready.is_empty()
            && self.in_flight.is_empty()
            && self.parked.is_empty()
    }
}
