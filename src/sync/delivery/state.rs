//! What is known of a batch on its way: its inputs, which of them to ask about next, and what it has come to so far. Pure.
//!
//! Not here: what to ask next ([`super::steps`]), and what follows from an answer ([`super::refused`], [`super::look_up`]).

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;

use super::{
    blame::Suspicion,
    existence::Existence,
    outcome::Outcome,
    pending::{PendingInput, Row, UnusableProperties, encode_upsert},
    write_order::WriteOrder,
};
use crate::{
    crm::key::Key,
    mapping::{reason::Reason, target::Rules},
    sync::input::{Batch, Input},
};

/// An input that answers do not account for is asked about this often.
pub(super) const MOST_UNACCOUNTED: u8 = 3;

/// A smaller batch is taken apart without asking whether the request itself is at fault.
pub(super) const SMALLEST_STRUCTURAL: usize = 4;
/// One batch on its way.
#[derive(Debug)]
pub struct Delivery {
    pub(super) rules: Arc<Rules>,
    pub(super) refused: UnusableProperties,
    pub(super) inputs: Vec<PendingInput>,
    pub(super) work: VecDeque<Vec<usize>>,
    pub(super) current: Vec<usize>,
    /// The properties that each of them was sent with. What one input of an answer teaches, others of it had been sent.
    pub(super) sent: HashMap<usize, Vec<Arc<str>>>,
    pub(super) reading: bool,
    pub(super) look_ups: LookUps,
    pub(super) requests: u64,
    /// Answers in a row that accounted for no input at all.
    pub(super) unaccounted_answers: u8,
    pub(super) suspicion: Option<Suspicion>,
    pub(super) may_suspect: bool,
    pub(super) waits: u8,
    pub(super) must_wait: bool,
    pub(super) remarks: Vec<&'static str>,
    pub(super) write_order: WriteOrder,
    pub(super) outcome: Outcome,
}

impl Delivery {
    /// `refused`: the properties that earlier batches found HubSpot to take from nobody.
    pub fn new(batch: Batch, rules: Arc<Rules>, refused: UnusableProperties) -> Self {
        let inputs: Vec<PendingInput> = batch.inputs.into_iter().map(PendingInput::new).collect();
        let all = (0..inputs.len()).collect();
        Self {
            rules,
            refused,
            inputs,
            work: VecDeque::from([all]),
            current: Vec::new(),
            sent: HashMap::new(),
            reading: false,
            look_ups: LookUps::default(),
            requests: 0,
            unaccounted_answers: 0,
            suspicion: None,
            may_suspect: true,
            waits: 0,
            must_wait: false,
            remarks: Vec::new(),
            write_order: WriteOrder::default(),
            outcome: Outcome::default(),
        }
    }

    /// Some of the contacts are known to exist.
    pub fn mark_existing(&mut self, exists: impl Fn(&Key) -> bool) {
        for pending in self.inputs.iter_mut().filter(|pending| exists(&pending.input.key)) {
            pending.existence = Existence::Known;
        }
    }

    /// The keys of the batch, and what it takes in memory, about.
    pub fn keys_and_bytes(&self) -> (Vec<Key>, usize) {
        let inputs = || self.inputs.iter().map(|pending| &pending.input);
        (inputs().map(|input| input.key.clone()).collect(), inputs().map(Input::bytes).sum())
    }

    /// What the batch has come to so far.
    pub fn finish(self) -> Outcome {
        self.outcome
    }

    /// What an operator wants to know of how the batch goes, since this was last asked.
    pub fn take_remarks(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.remarks)
    }

    /// How many inputs the last step asked about.
    pub fn asked(&self) -> usize {
        self.current.len()
    }

    pub(super) fn open(&self, index: usize) -> Option<&PendingInput> {
        self.inputs.get(index).filter(|pending| !pending.settled)
    }

    pub(super) fn properties(&self, pending: &PendingInput) -> BTreeMap<Arc<str>, String> {
        pending.properties(self.rules.stage.as_ref(), &self.refused)
    }

    pub(super) fn encode(&mut self) -> Bytes {
        let inputs =
            self.current.iter().filter_map(|&index| Some((index.to_string(), self.inputs.get(index)?)));
        let row = |(trace_id, pending)| Row::new(trace_id, pending, self.properties(pending));
        let rows: Vec<Row<'_>> = inputs.map(row).collect();
        let body = encode_upsert(&rows);
        let names = |row: &Row<'_>| row.properties.keys().cloned().collect();
        self.sent = self.current.iter().copied().zip(rows.iter().map(names)).collect();
        body
    }

    pub(super) fn halve(&mut self, group: &[usize]) {
        let (left, right) = group.split_at(group.len() / 2);
        self.work.push_front(right.to_vec());
        self.work.push_front(left.to_vec());
    }

    /// The records of an input go on in two halves, one after the other, until each that is refused is judged by itself.
    /// Halves of several records count as asked about so often already.
    pub(super) fn unfold(&mut self, index: usize, unaccounted: u8) {
        let Some(pending) = self.inputs.get_mut(index) else { return };
        pending.settled = true;
        // They move: keeping them at every level would cost memory.
        let mut left = std::mem::take(&mut pending.input.parts);
        let right = left.split_off(left.len() / 2);
        let mut halves = [left, right].map(|parts| pending.with_parts(parts));
        for half in halves.iter_mut().filter(|half| half.input.parts.len() > 1) {
            half.unaccounted = unaccounted;
        }
        let halves = halves.into();
        self.ask_alone(halves);
    }

    pub(super) fn ask_alone(&mut self, inputs: Vec<PendingInput>) {
        let first = self.inputs.len();
        self.inputs.extend(inputs);
        for index in (first..self.inputs.len()).rev() {
            self.work.push_front(vec![index]);
        }
    }

    pub(super) fn written(&mut self, index: usize, created: bool) {
        let Some(pending) = self.inputs.get_mut(index) else { return };
        pending.settled = true;
        pending.written_by = self.requests;
        self.outcome.note_written(pending, created);
        // Records of this key that were unfolded meet a contact that is there now.
        let key = pending.input.key.clone();
        for later in self.inputs.iter_mut().filter(|pending| !pending.settled && pending.input.key == key) {
            later.existence = Existence::Known;
        }
    }

    pub(super) fn reject(&mut self, index: usize, reason: Reason, correlation_id: Option<&str>) {
        let Some(pending) = self.inputs.get_mut(index) else { return };
        pending.settled = true;
        self.outcome.note_rejected(pending, reason, correlation_id);
    }
}

/// The look-ups of one batch.
#[derive(Debug, Default)]
pub(super) struct LookUps {
    pub(super) work: VecDeque<Vec<usize>>,
    /// HubSpot has said of a contact whether it exists.
    pub(super) answered: bool,
    /// Answers in a row that said nothing of several contacts.
    pub(super) silent: u8,
    pub(super) suspicion: Option<Suspicion>,
    pub(super) has_suspected: bool,
}
