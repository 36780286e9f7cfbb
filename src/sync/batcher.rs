//! Gathers contacts into batches: folds records of one key, holds back keys that are on their way. Pure.
//!
//! Times are distances from the start of the sync. Not here: sending, and what became of a batch.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

use indexmap::IndexMap;

use super::input::{Batch, Input, Part, part_bytes};
use crate::{
    crm::{key::Key, object::MAX_BATCH_INPUTS},
    mapping::change::Change,
    report::fate::Ticket,
};

/// A batch with this many bytes of values is full. The first input always fits.
const MAX_BATCH_BYTES: usize = 1024 * 1024;
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

/// The open batch, the batches that are ready to go, and the contacts that wait for their key.
#[derive(Debug)]
pub struct Batcher {
    timing: Timing,
    open: IndexMap<Key, Input>,
    open_bytes: usize,
    /// When the oldest record came into the open batch.
    open_since: Duration,
    /// Whether a state waits for a record of the open batch.
    open_awaited: bool,
    ready: VecDeque<Batch>,
    in_flight: HashSet<Key>,
    parked: HashMap<Key, VecDeque<Input>>,
    bytes: usize,
    /// When the last record came, or reading began again after a stop.
    last_record: Duration,
    last_partial: Option<Duration>,
}

impl Batcher {
    pub fn new(timing: Timing) -> Self {
        Self {
            timing,
            open: IndexMap::new(),
            open_bytes: 0,
            open_since: Duration::ZERO,
            open_awaited: false,
            ready: VecDeque::new(),
            in_flight: HashSet::new(),
            parked: HashMap::new(),
            bytes: 0,
            last_record: Duration::ZERO,
            last_partial: None,
        }
    }

    /// Takes a record's contact. Full batches become ready.
    pub fn push(&mut self, contact: Change, ticket: Ticket, now: Duration) {
        self.last_record = now;
        let key = contact.key.clone();
        let folds_into_parked =
            self.parked.get(&key).and_then(VecDeque::back).map(|last| last.folds_with(&contact));
        let folds_into_open = self.open.get(&key).map(|input| input.folds_with(&contact));
        let part = Part { ticket, properties: contact.properties, dropped: contact.dropped };
        let size = part_bytes(&key, &part);
        self.bytes += size;
        match (folds_into_parked, folds_into_open) {
            (Some(true), _) => {
                if let Some(last) = self.parked.get_mut(&key).and_then(VecDeque::back_mut) {
                    last.parts.push(part);
                }
            }
            (None, Some(true)) => {
                self.open_bytes += size;
                if let Some(input) = self.open.get_mut(&key) {
                    input.parts.push(part);
                }
                if self.open_bytes >= MAX_BATCH_BYTES {
                    self.close();
                }
            }
            (None, None) if !self.in_flight.contains(&key) => {
                self.open_input(Input { key, parts: vec![part] }, false, now);
            }
            _ => self.parked.entry(key.clone()).or_default().push_back(Input { key, parts: vec![part] }),
        }
    }

    fn open_input(&mut self, input: Input, awaited: bool, now: Duration) {
        let size = input.bytes();
        if !self.open.is_empty() && self.open_bytes + size > MAX_BATCH_BYTES {
            self.close();
        }
        if self.open.is_empty() {
            self.open_since = now;
        }
        self.open_bytes += size;
        self.open_awaited |= awaited;
        self.open.insert(input.key.clone(), input);
        if self.open.len() >= MAX_BATCH_INPUTS || self.open_bytes >= MAX_BATCH_BYTES {
            self.close();
        }
    }

    fn close(&mut self) {
        let open = std::mem::take(&mut self.open);
        self.open_bytes = 0;
        self.open_awaited = false;
        self.in_flight.extend(open.keys().cloned());
        self.ready.push_back(Batch { inputs: open.into_values().collect() });
    }

    /// A state was read that covers these records: if one of them is in the open batch, it must not wait for ever.
    pub fn state_arrived(&mut self, is_awaited: impl Fn(Ticket) -> bool) {
        let mut tickets = self.open.values().flat_map(|input| &input.parts).map(|part| part.ticket);
        self.open_awaited = self.open_awaited || tickets.any(is_awaited);
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
            if let Some(input) = next {
                let awaited = input.parts.iter().any(|part| is_awaited(part.ticket));
                self.open_input(input, awaited, now);
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

    /// Closes the partly filled batch, if there is one.
    pub fn close_partial(&mut self, now: Duration) {
        if !self.open.is_empty() {
            self.last_partial = Some(now);
            self.close();
        }
    }

    /// When the partly filled batch has to go, if nothing else happens.
    pub fn deadline(&self) -> Option<Duration> {
        if self.open.is_empty() {
            return None;
        }
        let by_age = self.open_since + self.timing.longest_wait;
        if !self.open_awaited {
            return Some(by_age);
        }
        let spaced = self.last_partial.map_or(Duration::ZERO, |last| last + self.timing.between_partial);
        Some(by_age.min(spaced.max(self.last_record + self.timing.quiet)))
    }

    /// Reading goes on after a stop, during which no record could come.
    pub fn reading_again(&mut self, now: Duration) {
        self.last_record = self.last_record.max(now);
    }

    /// At the end of the input: closes the partly filled batch unless contacts are parked that will soon join it.
    pub fn finish(&mut self, now: Duration) {
        if self.parked.is_empty() || self.in_flight.is_empty() {
            self.close_partial(now);
        }
    }

    /// What all contacts that have not landed take in memory, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether every contact has landed.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.ready.is_empty() && self.in_flight.is_empty() && self.parked.is_empty()
    }
}
