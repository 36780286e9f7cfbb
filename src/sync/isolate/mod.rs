//! Leads one batch to a fate for each of its records: what to ask next, and what an answer means. Pure.
//!
//! Groups are asked one after the other. `look_up` asks which contacts exist, `refused` takes apart what HubSpot does not
//! accept. Not here: sending, waiting, and reading a 2xx ([`super::account`]) or a reason ([`super::refusal`]).

mod look_up;
mod refused;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;

use self::look_up::LookUps;
use super::{
    account::{Account, Accounts, account},
    alias::Aliases,
    batch::{Batch, Input},
    lifecycle::Existence,
    outcome::Outcome,
    refusal::Suspicion,
    rules::Rules,
    slot::{RefusedProperties, Row, Slot, encode_read, encode_upsert},
};
use crate::{
    crm::{key::Key, property::LIFECYCLE_STAGE},
    error::Failure,
    hubspot::{client::Reply, model::BatchAnswer},
    mapping::reason::{Code, Reason},
};

/// An input that answers do not account for is asked about this often.
const MOST_UNACCOUNTED: u8 = 3;

/// What to ask next: a look-up by address, an upsert, or nothing.
#[derive(Debug)]
pub enum Step {
    Read(Bytes),
    Upsert(Bytes),
    /// Nothing is to be sent for a moment: HubSpot does not know yet what it has created. No answer is awaited.
    Rest,
    Finished,
}

/// One batch on its way.
#[derive(Debug)]
pub struct Isolation {
    rules: Arc<Rules>,
    refused: RefusedProperties,
    slots: Vec<Slot>,
    work: VecDeque<Vec<usize>>,
    current: Vec<usize>,
    /// The properties that each of them was sent with. What one input of an answer teaches, others of it had been sent.
    sent: HashMap<usize, Vec<Arc<str>>>,
    reading: bool,
    look_ups: LookUps,
    requests: u64,
    /// Answers in a row that accounted for no input at all.
    silent: u8,
    suspicion: Option<Suspicion>,
    may_suspect: bool,
    rests: u8,
    must_rest: bool,
    remarks: Vec<&'static str>,
    aliases: Aliases,
    outcome: Outcome,
}

impl Isolation {
    /// `refused`: the properties that earlier batches found HubSpot to take from nobody.
    pub fn new(batch: Batch, rules: Arc<Rules>, refused: RefusedProperties) -> Self {
        let slots: Vec<Slot> = batch.inputs.into_iter().map(Slot::new).collect();
        let all = (0..slots.len()).collect();
        Self {
            rules,
            refused,
            slots,
            work: VecDeque::from([all]),
            current: Vec::new(),
            sent: HashMap::new(),
            reading: false,
            look_ups: LookUps::default(),
            requests: 0,
            silent: 0,
            suspicion: None,
            may_suspect: true,
            rests: 0,
            must_rest: false,
            remarks: Vec::new(),
            aliases: Aliases::default(),
            outcome: Outcome::default(),
        }
    }

    /// Some of the contacts are known to exist.
    pub fn know(&mut self, exists: impl Fn(&Key) -> bool) {
        for slot in self.slots.iter_mut().filter(|slot| exists(&slot.input.key)) {
            slot.existence = Existence::Known;
        }
    }

    /// The keys of the batch, and what it takes in memory, about.
    pub fn carries(&self) -> (Vec<Key>, usize) {
        let inputs = || self.slots.iter().map(|slot| &slot.input);
        (inputs().map(|input| input.key.clone()).collect(), inputs().map(Input::bytes).sum())
    }

    /// What the batch has come to so far.
    pub fn finish(self) -> Outcome {
        self.outcome
    }

    /// The next request. Its answer goes to [`Self::answered`].
    pub fn next_step(&mut self) -> Step {
        if std::mem::take(&mut self.must_rest) {
            self.rests += 1;
            return Step::Rest;
        }
        loop {
            let Some(group) = self.work.pop_front() else {
                if let Some(suspicion) = self.suspicion.take() {
                    self.suspicion_falls(suspicion);
                    continue;
                }
                let again = self.aliases.written_out_of_order(&self.slots);
                if again.is_empty() {
                    return Step::Finished;
                }
                self.remarks.push("addresses of one contact were written out of order: writing them again");
                for slot in &again {
                    self.outcome.hold(slot);
                }
                self.ask_alone(again);
                continue;
            };
            self.current = group.into_iter().filter(|&index| self.open(index).is_some()).collect();
            let group = std::mem::take(&mut self.current);
            if let Some(unknown) = self.next_look_up(&group) {
                // The group itself comes after its look-up.
                self.work.push_front(group);
                self.current = unknown;
                self.reading = true;
                let slots = self.current.iter().filter_map(|&index| self.slots.get(index));
                return Step::Read(encode_read(slots));
            }
            self.current = group;
            self.settle_without_writing();
            if !self.current.is_empty() {
                self.reading = false;
                self.requests += 1;
                return Step::Upsert(self.encode());
            }
        }
    }

    /// What HubSpot said to the last step.
    ///
    /// # Errors
    ///
    /// A failure of the whole sync: HubSpot accounts for nothing, or the request itself is at fault.
    pub fn answered(&mut self, reply: Reply) -> Result<(), Failure> {
        if self.reading {
            return self.look_up_answered(reply);
        }
        match reply {
            Reply::Done(body) => self.accepted(serde_json::from_slice(&body).unwrap_or_default()),
            Reply::Refused { status, error } => self.refused(status, &error),
            // For one input alone it is an answer that accounts for nothing.
            Reply::AnswerTooLarge if self.current.len() == 1 => self.accepted(BatchAnswer::default()),
            Reply::TooLarge | Reply::AnswerTooLarge => {
                self.too_large();
                Ok(())
            }
        }
    }

    /// What an operator wants to know of how the batch goes, since this was last asked.
    pub fn take_remarks(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.remarks)
    }

    /// How many inputs the last step asked about.
    pub fn asked(&self) -> usize {
        self.current.len()
    }

    fn open(&self, index: usize) -> Option<&Slot> {
        self.slots.get(index).filter(|slot| !slot.settled)
    }

    fn properties(&self, slot: &Slot) -> BTreeMap<Arc<str>, String> {
        slot.properties(self.rules.stage.as_ref(), &self.refused)
    }

    fn encode(&mut self) -> Bytes {
        let slots =
            self.current.iter().filter_map(|&index| Some((index.to_string(), self.slots.get(index)?)));
        let row = |(trace_id, slot)| Row::new(trace_id, slot, self.properties(slot));
        let rows: Vec<Row<'_>> = slots.map(row).collect();
        let body = encode_upsert(&rows);
        let names = |row: &Row<'_>| row.properties.keys().cloned().collect();
        self.sent = self.current.iter().copied().zip(rows.iter().map(names)).collect();
        body
    }

    fn accepted(&mut self, answer: BatchAnswer) -> Result<(), Failure> {
        let current = std::mem::take(&mut self.current);
        let sent: Vec<(String, &Key)> = current
            .iter()
            .filter_map(|&index| Some((index.to_string(), &self.slots.get(index)?.input.key)))
            .collect();
        let Accounts { of_inputs, aliases, ambiguous } = account(&sent, answer);
        for (primary, places) in aliases {
            let keys = places.iter().filter_map(|&place| sent.get(place).map(|(_, key)| (*key).clone()));
            self.aliases.note(primary, keys.collect());
        }
        let nothing = !ambiguous && of_inputs.iter().all(|one| matches!(one, Account::Missing));
        let silent = nothing && current.len() > 1;
        self.silent = if silent { self.silent + 1 } else { 0 };
        if self.silent >= MOST_UNACCOUNTED {
            return Err(Failure::transient(
                "HubSpot accepted the same batch three times and never said what became of its contacts. Nothing after \
                 the last acknowledged state counts as written; run the sync again later.",
            ));
        }
        if let Some(suspicion) =
            self.suspicion.take_if(|one| current == [one.first] || current == [one.middle])
        {
            self.suspicion_falls(suspicion);
        }
        let (mut again, mut unnamed) = (Vec::new(), Vec::new());
        for (&index, account) in current.iter().zip(of_inputs) {
            match account {
                Account::Written { new, stage } => {
                    self.compare_stage(index, stage.as_deref());
                    self.written(index, new);
                }
                Account::Failed(error) => again.extend(self.failed(index, &error, None)),
                Account::Missing if ambiguous => unnamed.push(index),
                Account::Missing => again.extend(self.unaccounted(index)),
            }
        }
        if !again.is_empty() {
            self.remarks.push("inputs that the answer does not settle: asking again");
        }
        self.work.push_front(again);
        if unnamed.len() > 1 {
            self.remarks.push("errors that name no input: asking in halves");
        }
        self.halve(&unnamed);
        Ok(())
    }

    /// HubSpot ignores a move backwards in silence: only the answer shows it.
    fn compare_stage(&mut self, index: usize, kept: Option<&str>) {
        let (Some(slot), Some(kept)) = (self.open(index), kept) else { return };
        let asked = self.properties(slot).remove_entry(LIFECYCLE_STAGE);
        let Some((property, _)) = asked.filter(|(_, asked)| asked != kept) else { return };
        let ticket = slot.input.parts.last().map(|part| part.ticket);
        self.outcome.notes.not_applied.extend(ticket.map(|ticket| (property, ticket)));
    }

    fn unaccounted(&mut self, index: usize) -> Option<usize> {
        let slot = self.slots.get_mut(index)?;
        slot.unaccounted += 1;
        if slot.unaccounted >= MOST_UNACCOUNTED {
            if slot.input.parts.len() > 1 {
                self.remarks.push(
                    "several records of one contact that no answer accounts for: sending them in halves",
                );
                self.unfold(index, MOST_UNACCOUNTED - 1);
                return None;
            }
            self.reject(index, Reason::of(Code::NotConfirmed), None);
            return None;
        }
        Some(index)
    }

    fn written(&mut self, index: usize, created: bool) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.settled = true;
        slot.written_by = self.requests;
        self.outcome.note_written(slot, created);
        // Records of this key that were unfolded meet a contact that is there now.
        let key = slot.input.key.clone();
        for later in self.slots.iter_mut().filter(|slot| !slot.settled && slot.input.key == key) {
            later.existence = Existence::Known;
        }
    }

    fn reject(&mut self, index: usize, reason: Reason, correlation_id: Option<&str>) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.settled = true;
        self.outcome.note_rejected(slot, reason, correlation_id);
    }
}
