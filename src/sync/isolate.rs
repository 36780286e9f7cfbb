//! Leads one batch to a fate for each of its records: what to ask next, and what an answer means. Pure.
//!
//! Groups are asked one after the other. One that is refused as a whole is mended where the answer names the culprit, else
//! halved; an input of several records is unfolded. Not here: sending, waiting, and reading a 2xx ([`super::account`]) or a
//! reason ([`super::refusal`]).

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;

use super::{
    account::{Account, Accounts, account},
    alias::Aliases,
    batch::Batch,
    lifecycle::{Existence, existence},
    outcome::Outcome,
    refusal::{Blame, Suspicion, blame, names, signature, structural},
    rules::Rules,
    slot::{RefusedProperties, Row, Slot, encode_read, encode_upsert},
};
use crate::{
    config::InvalidValues,
    error::Failure,
    hubspot::{
        client::Reply,
        model::{BatchAnswer, ErrorBody, LIFECYCLE_STAGE, MAX_BATCH_INPUTS},
    },
    mapping::{
        email::Key,
        reason::{Code, Reason},
    },
};

/// An input that answers do not account for is asked about this often.
const MOST_UNACCOUNTED: u8 = 3;
/// A smaller batch is taken apart without asking whether the request itself is at fault.
const SMALLEST_STRUCTURAL: usize = 4;
/// Inputs that a refusal seems to be about are asked alone first, if they are so few.
const MOST_SUSPECTS: usize = 3;

/// What to ask next: a look-up by address, an upsert, or nothing.
#[derive(Debug)]
pub enum Step {
    Read(Bytes),
    Upsert(Bytes),
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
    look_ups: usize, // at once, at most
    requests: u64,
    /// Answers in a row that accounted for no input at all.
    silent: u8,
    suspicion: Option<Suspicion>,
    may_suspect: bool,
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
            look_ups: MAX_BATCH_INPUTS,
            requests: 0,
            silent: 0,
            suspicion: None,
            may_suspect: true,
            aliases: Aliases::default(),
            outcome: Outcome::default(),
        }
    }

    /// What the batch has come to so far.
    pub fn finish(self) -> Outcome {
        self.outcome
    }

    /// The next request. Its answer goes to [`Self::answered`].
    pub fn next_step(&mut self) -> Step {
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
                self.ask_alone(again);
                continue;
            };
            self.current = group.into_iter().filter(|&index| self.open(index).is_some()).collect();
            let unknown = self.current.iter().copied().filter(|&index| self.must_look_up(index));
            let unknown: Vec<usize> = unknown.take(self.look_ups).collect();
            if !unknown.is_empty() {
                // The group itself comes after its look-up.
                self.work.push_front(std::mem::replace(&mut self.current, unknown));
                self.reading = true;
                let slots = self.current.iter().filter_map(|&index| self.slots.get(index));
                return Step::Read(encode_read(slots));
            }
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
        let read = |body: Bytes| serde_json::from_slice(&body).unwrap_or_default();
        if self.reading {
            match reply {
                Reply::Done(body) => self.looked_up(Some(read(body))),
                // One bad address must not cost the others their stage.
                _ if self.current.len() > 1 => self.look_ups = self.current.len() / 2,
                _ => self.looked_up(None),
            }
            return Ok(());
        }
        match reply {
            Reply::Done(body) => self.accepted(read(body)),
            Reply::Refused { status, error } => self.refused(status, &error),
            // For one input alone it is an answer that accounts for nothing.
            Reply::AnswerTooLarge if self.current.len() == 1 => self.accepted(BatchAnswer::default()),
            Reply::TooLarge | Reply::AnswerTooLarge => {
                self.too_large();
                Ok(())
            }
        }
    }

    /// The look-up was not permitted: whether the contacts exist stays open.
    pub fn look_up_denied(&mut self) {
        self.looked_up(None);
    }

    /// How many inputs the last step asked about.
    pub fn asked(&self) -> usize {
        self.current.len()
    }

    /// Whether the sync cannot go on without looking contacts up.
    pub fn needs_look_ups(&self) -> bool {
        self.rules.stage.is_some()
    }

    fn open(&self, index: usize) -> Option<&Slot> {
        self.slots.get(index).filter(|slot| !slot.settled)
    }

    fn properties(&self, slot: &Slot) -> BTreeMap<Arc<str>, String> {
        slot.properties(self.rules.stage.as_ref(), &self.refused)
    }

    fn staged(&self, slot: &Slot) -> bool {
        let stage = self.rules.stage.as_ref().filter(|_| !self.refused.contains_key(LIFECYCLE_STAGE));
        stage.is_some_and(|stage| stage.applies_to(&slot.input))
    }

    fn must_look_up(&self, index: usize) -> bool {
        self.open(index).is_some_and(|slot| {
            slot.existence == Existence::NotAsked && (self.staged(slot) || self.properties(slot).is_empty())
        })
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

    fn looked_up(&mut self, answer: Option<BatchAnswer>) {
        let keys: Vec<Key> =
            self.current.iter().filter_map(|&index| Some(self.slots.get(index)?.input.key.clone())).collect();
        let answered = answer.is_some();
        self.look_ups = MAX_BATCH_INPUTS.min(self.look_ups * if answered { 2 } else { 1 });
        let found = existence(&keys, &answer.unwrap_or_default());
        // No answer is not a no: the group, which is still to come, looks them up again.
        if answered && found.iter().all(|one| *one == Existence::Unclear) {
            self.silent += 1;
            if self.silent < MOST_UNACCOUNTED {
                return self.current.clear();
            }
        }
        self.silent = 0;
        for (index, existence) in std::mem::take(&mut self.current).into_iter().zip(found) {
            let staged = self.slots.get(index).is_some_and(|slot| self.staged(slot));
            let Some(slot) = self.slots.get_mut(index) else { continue };
            slot.existence = existence;
            self.outcome.notes.stage_unclear += u64::from(staged && existence == Existence::Unclear);
        }
    }

    /// Inputs that have nothing to send get their fate here, unless their contact is new.
    fn settle_without_writing(&mut self) {
        for index in std::mem::take(&mut self.current) {
            let Some(slot) = self.slots.get(index) else { continue };
            match (self.properties(slot).is_empty(), slot.existence) {
                (true, Existence::Known) => self.written(index, false),
                (true, Existence::Unclear) => self.reject(index, Reason::of(Code::NothingToWrite), None),
                (true, Existence::New | Existence::NotAsked) | (false, _) => self.current.push(index),
            }
        }
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
                Account::Created => self.written(index, true),
                Account::Updated => self.written(index, false),
                Account::Failed(error) => again.extend(self.failed(index, &error, None)),
                Account::Missing if ambiguous => unnamed.push(index),
                Account::Missing => again.extend(self.unaccounted(index)),
            }
        }
        self.work.push_front(again);
        self.halve(&unnamed);
        Ok(())
    }

    fn unaccounted(&mut self, index: usize) -> Option<usize> {
        let slot = self.slots.get_mut(index)?;
        slot.unaccounted += 1;
        if slot.unaccounted >= MOST_UNACCOUNTED {
            self.reject(index, Reason::of(Code::NotConfirmed), None);
            return None;
        }
        Some(index)
    }

    fn refused(&mut self, status: u16, error: &ErrorBody) -> Result<(), Failure> {
        let current = std::mem::take(&mut self.current);
        if let [index] = current[..] {
            return self.refused_alone(index, status, error);
        }
        let sent = |name: &str| self.sent.values().flatten().find(|property| &***property == name).cloned();
        let blamed = blame(error, Some(status), sent);
        let suspects = self.suspects(&current, error);
        match blamed {
            Blame::Unusable(properties) => {
                self.learn(properties);
                self.work.push_front(current);
            }
            _ if !suspects.is_empty() => {
                for &suspect in suspects.iter().rev() {
                    self.work.push_front(vec![suspect]);
                }
                self.work.push_front(current.into_iter().filter(|index| !suspects.contains(index)).collect());
            }
            Blame::Values(names) => {
                let holds = |index: &usize| {
                    let slot = self.slots.get(*index);
                    slot.is_some_and(|slot| names.iter().any(|name| self.properties(slot).contains_key(name)))
                };
                match current.iter().copied().partition::<Vec<usize>, _>(holds) {
                    (holders, others) if others.is_empty() => self.halve(&holders),
                    (holders, others) => {
                        self.work.push_front(holders);
                        self.work.push_front(others);
                    }
                }
            }
            Blame::Nothing if self.may_suspect && current.len() >= SMALLEST_STRUCTURAL => {
                self.suspect(&current, signature(status, error));
            }
            Blame::Nothing | Blame::Email | Blame::MissingRequired(_) | Blame::Contested(_) => {
                self.halve(&current);
            }
        }
        Ok(())
    }

    fn halve(&mut self, group: &[usize]) {
        let (left, right) = group.split_at(group.len() / 2);
        self.work.push_front(right.to_vec());
        self.work.push_front(left.to_vec());
    }

    /// Inputs that the refusal seems to be about, if they are few.
    fn suspects(&self, group: &[usize], error: &ErrorBody) -> Vec<usize> {
        let named =
            |index: &&usize| self.slots.get(**index).is_some_and(|slot| names(error, &slot.input.key));
        let suspects: Vec<usize> = group.iter().filter(named).copied().collect();
        if suspects.len() > MOST_SUSPECTS || suspects.len() == group.len() { Vec::new() } else { suspects }
    }

    fn suspect(&mut self, group: &[usize], signature: String) {
        self.may_suspect = false;
        let (left, right) = group.split_at(group.len() / 2);
        let (Some((&first, rest)), Some(&middle)) = (left.split_first(), right.first()) else { return };
        self.suspicion = Some(Suspicion { signature, first, middle, first_error: None });
        self.work.push_front(right.to_vec());
        self.work.push_front(rest.to_vec());
        self.work.push_front(vec![first]);
    }

    fn refused_alone(&mut self, index: usize, status: u16, error: &ErrorBody) -> Result<(), Failure> {
        if let Some(mut suspicion) = self.suspicion.take_if(|one| index == one.first || index == one.middle) {
            let nothing = self.blame(index, error, Some(status)) == Blame::Nothing;
            let same = nothing && suspicion.signature == signature(status, error);
            if same && suspicion.first_error.is_some() {
                return Err(structural(status, error));
            }
            if same && index == suspicion.first {
                suspicion.first_error = Some(error.clone());
                self.work.push_front(vec![suspicion.middle]);
                self.suspicion = Some(suspicion);
                return Ok(());
            }
            self.suspicion_falls(suspicion);
        }
        if let Some(again) = self.failed(index, error, Some(status)) {
            self.work.push_front(vec![again]);
        }
        Ok(())
    }

    /// The request itself is fine, so the first input's refusal was its own.
    fn suspicion_falls(&mut self, suspicion: Suspicion) {
        let refusal = suspicion.first_error.and_then(|error| self.failed(suspicion.first, &error, Some(400)));
        if let Some(again) = refusal {
            self.work.push_front(vec![again]);
        }
    }

    /// What the refusal of an input blames.
    fn blame(&self, index: usize, error: &ErrorBody, status: Option<u16>) -> Blame {
        let sent = |name: &str| self.sent.get(&index)?.iter().find(|property| &***property == name).cloned();
        blame(error, status, sent)
    }

    /// One input is refused. `Some`: it is to be asked again.
    fn failed(&mut self, index: usize, error: &ErrorBody, status: Option<u16>) -> Option<usize> {
        let slot = self.slots.get(index)?;
        let blamed = self.blame(index, error, status);
        let (folded, tried) = (slot.input.parts.len() > 1, slot.second_try);
        let reason = match blamed {
            Blame::Unusable(properties) => {
                self.learn(properties);
                return Some(index);
            }
            Blame::Contested(_) if !tried => {
                self.slots.get_mut(index)?.second_try = true;
                self.work.push_front(vec![index]);
                return None;
            }
            // What is missing in all records together is missing in each of them, and the address is one for all.
            Blame::MissingRequired(property) => Reason { code: Code::MissingRequiredProperty, property },
            Blame::Email => Reason::of(Code::InvalidEmail),
            _ if folded => {
                self.unfold(index);
                return None;
            }
            Blame::Values(names) if self.rules.invalid_values == InvalidValues::DropValue => {
                self.slots.get_mut(index)?.dropped.extend(names);
                return Some(index);
            }
            Blame::Values(names) => Reason { code: Code::InvalidValue, property: names.into_iter().next() },
            Blame::Contested(code) => Reason::of(code),
            Blame::Nothing => Reason::of(Code::RefusedByHubSpot),
        };
        self.reject(index, reason, error.correlation_id());
        None
    }

    fn too_large(&mut self) {
        match std::mem::take(&mut self.current)[..] {
            [index] if self.slots.get(index).is_some_and(|slot| slot.input.parts.len() > 1) => {
                self.unfold(index);
            }
            [index] => self.reject(index, Reason::of(Code::TooLarge), None),
            ref group => self.halve(group),
        }
    }

    fn learn(&mut self, properties: Vec<(Arc<str>, Code)>) {
        for (property, code) in properties {
            if self.refused.insert(Arc::clone(&property), code).is_none() {
                self.outcome.notes.learned.push((property, code));
            }
        }
    }

    /// The records of an input go on in two halves, one after the other, until each that is refused is judged by itself.
    fn unfold(&mut self, index: usize) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.settled = true;
        let (middle, end) = (slot.input.parts.len() / 2, slot.input.parts.len());
        let halves =
            [0..middle, middle..end].into_iter().filter_map(|parts| slot.with_parts(parts)).collect();
        self.ask_alone(halves);
    }

    fn ask_alone(&mut self, slots: Vec<Slot>) {
        let first = self.slots.len();
        self.slots.extend(slots);
        for index in (first..self.slots.len()).rev() {
            self.work.push_front(vec![index]);
        }
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
