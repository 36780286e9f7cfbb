//! What is known of a batch on its way: its inputs, which of them to ask about next, and what it has come to so far. Pure.
//!
//! Not here: what to ask next ([`super::steps`]), and what follows from an answer (`refused`, `look_up`).

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    archive_allowance::ArchiveAllowance,
    blame::RequestProbe,
    existence::Existence,
    mode::{depends_on_look_up, is_older},
    operation::Operation,
    outcome::Outcome,
    pending::{PendingInput, UnusableProperties},
    write_order::WriteOrder,
};
use crate::{
    crm::{key::Key, object::ObjectType},
    hubspot::{endpoint::Endpoint, error_body::ErrorBody},
    mapping::{
        reason::{Code, Reason},
        target::Target,
    },
    report::fate::Ticket,
    sync::input::{Batch, Input, Part},
};

/// What may pass gets so much time to pass before it is asked about again.
pub(super) const WAIT: Duration = Duration::from_secs(2);

/// An input that answers do not account for is asked about this often.
pub(super) const MOST_UNACCOUNTED: u8 = 3;

/// A smaller batch is taken apart without asking whether the request itself is at fault.
pub(super) const SMALLEST_PROBED: usize = 4;

/// One batch on its way.
#[derive(Debug)]
pub struct Delivery {
    pub(super) target: Arc<Target>,
    pub(super) unusable: UnusableProperties,
    pub(super) inputs: Vec<PendingInput>,
    /// So many inputs the batch had; further ones are parts of these.
    pub(super) of_batch: usize,
    pub(super) work: VecDeque<Vec<usize>>,
    pub(super) current: Vec<usize>,
    /// How many properties were known to be unusable at the last request. What one input of its answer teaches, the others
    /// had been sent.
    pub(super) unusable_when_sent: usize,
    /// The last request.
    pub(super) asks: Option<Endpoint>,
    /// How the inputs that were sent last were sent.
    pub(super) sends_by: Operation,
    /// The properties that the last look-up asked for, the key first.
    pub(super) looks_at: Arc<[Arc<str>]>,
    pub(super) record_order: RecordOrder,
    /// How many records may still be archived in the sync.
    pub(super) archive_allowance: ArchiveAllowance,
    pub(super) look_ups: LookUps,
    pub(super) requests: u64,
    /// Answers in a row that accounted for no input at all.
    pub(super) unaccounted_answers: u8,
    pub(super) probe: Option<RequestProbe>,
    pub(super) may_probe: bool,
    /// How often a property that this sync has created was waited for.
    pub(super) waits: u8,
    /// Before the next request, so long nothing is sent.
    pub(super) wait: Option<Duration>,
    /// Inputs refused for what may pass. Each is asked about once more, alone, after one wait for all of them.
    pub(super) second_tries: Vec<usize>,
    /// How often the whole batch was sent again, since HubSpot failed at each of its inputs.
    pub(super) whole_again: u8,
    pub(super) remarks: Vec<&'static str>,
    pub(super) write_order: WriteOrder,
    /// What was written out of order is being written again.
    pub(super) restores_order: bool,
    pub(super) tells_record_ids: bool,
    pub(super) outcome: Outcome,
}

impl Delivery {
    /// `unusable`: the properties that earlier batches found HubSpot to reject for every record.
    pub fn new(batch: Batch, unusable: UnusableProperties) -> Self {
        let target = batch.target;
        let inputs: Vec<PendingInput> = batch.inputs.into_iter().map(PendingInput::new).collect();
        let all = (0..inputs.len()).collect();
        let record_order = RecordOrder::of(&inputs);
        Self {
            target,
            unusable,
            of_batch: inputs.len(),
            inputs,
            work: VecDeque::from([all]),
            current: Vec::new(),
            unusable_when_sent: 0,
            asks: None,
            sends_by: Operation::Upsert,
            looks_at: Arc::from([]),
            record_order,
            archive_allowance: ArchiveAllowance::default(),
            look_ups: LookUps::default(),
            requests: 0,
            unaccounted_answers: 0,
            probe: None,
            may_probe: true,
            waits: 0,
            wait: None,
            second_tries: Vec::new(),
            whole_again: 0,
            remarks: Vec::new(),
            write_order: WriteOrder::default(),
            restores_order: false,
            tells_record_ids: false,
            outcome: Outcome::default(),
        }
    }

    /// Some of the records are known to exist, since this sync has written them; `changed_before`: when they were last changed before
    /// that, if it is known. A row that is sent again is compared with that moment. Without one, it is compared with the write:
    /// what has come from the source in the meantime is newer.
    pub fn mark_existing(
        &mut self,
        exists: impl Fn(&Key) -> bool,
        changed_before: impl Fn(&Key) -> Option<Timestamp>,
    ) {
        for pending in self.inputs.iter_mut().filter(|pending| exists(&pending.input.key)) {
            if pending.is_conditional() {
                let Some(moment) = changed_before(&pending.input.key) else { continue };
                pending.changed_before_sync = Some(moment);
            }
            pending.existence = Existence::Exists;
        }
    }

    /// Whether the outcome has to name the record of the CRM that each row became.
    pub fn tell_record_ids(&mut self, wanted: bool) {
        self.tells_record_ids = wanted;
    }

    /// How many records may still be archived. Without this, none may.
    pub fn allow_archiving(&mut self, allowance: ArchiveAllowance) {
        self.archive_allowance = allowance;
    }

    /// The token is known not to be allowed to look records up.
    pub fn deny_look_ups(&mut self) {
        self.look_ups.denied = true;
    }

    /// The object whose records the token turned out not to be allowed to look up.
    pub fn denied_look_ups(&self) -> Option<ObjectType> {
        self.look_ups.denied.then(|| self.target.key_space.object())
    }

    /// The keys of the batch, and what it takes in memory, about.
    pub fn keys_and_bytes(&self) -> (Vec<Key>, usize) {
        let inputs = || self.inputs.iter().map(|pending| &pending.input);
        (inputs().map(|input| input.key.clone()).collect(), inputs().map(Input::bytes).sum())
    }

    /// The verdicts since this was last called came now.
    pub fn date_verdicts(&mut self, now: Timestamp) {
        self.outcome.date_verdicts(now);
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

    /// The property of this name if the last request sent it for an input: no other is believed, nor repeated in logs.
    pub(super) fn sent(&self, index: usize, property: &str) -> Option<Arc<str>> {
        let pending = self.inputs.get(index)?;
        let name = match pending.brings(property) {
            Some(own) => &own.property.name,
            None if pending.existence == Existence::Missing => {
                &self.target.on_create.iter().find(|one| *one.property.name == *property)?.property.name
            }
            None => return None,
        };
        let was_unusable =
            self.unusable.get_index_of(property).is_some_and(|place| place < self.unusable_when_sent);
        (!was_unusable && !pending.dropped.contains(property)).then(|| Arc::clone(name))
    }

    /// Whether a value that only the creating request can set depends on the look-up of an input.
    pub(super) fn depends_on_look_up(&self, pending: &PendingInput) -> bool {
        depends_on_look_up(&self.target, pending, &self.unusable)
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
        let mut left = pending.take_parts();
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

    /// `presumed`: no result named the input.
    pub(super) fn written(&mut self, index: usize, created: bool, presumed: bool) {
        let Some(pending) = self.inputs.get_mut(index) else { return };
        pending.settled = true;
        pending.written_by = self.requests;
        pending.presumed = presumed;
        let left_out = left_out(&self.unusable, self.unusable_when_sent);
        self.outcome.note_written(pending, created, &left_out);
        // Of which input a result is that names none is not known for sure.
        if created && !presumed {
            self.outcome.note_created(pending, &self.target, &left_out);
        }
        if self.inputs.len() == self.of_batch {
            return;
        }
        let Some(pending) = self.inputs.get(index) else { return };
        // Records of this key that were unfolded meet a record that is there now.
        let key = pending.input.key.clone();
        let compares_values = self.target.compares_values();
        for later in self.inputs.iter_mut().filter(|pending| !pending.settled && pending.input.key == key) {
            if compares_values {
                later.forget_found();
            } else {
                later.existence = Existence::Exists;
            }
        }
    }

    /// The answer names the input's record of the CRM.
    pub(super) fn note_record_id(&mut self, index: usize, id: Option<&str>) {
        let (Some(pending), Some(id)) = (self.inputs.get(index), id.filter(|_| self.tells_record_ids)) else {
            return;
        };
        let tickets = pending.input.parts.iter().map(|part| part.ticket);
        self.outcome.record_ids.extend(tickets.map(|ticket| (ticket, id.into())));
    }

    /// HubSpot has all that the input brings.
    pub(super) fn unchanged(&mut self, index: usize) {
        let Some(pending) = self.inputs.get_mut(index) else { return };
        pending.settled = true;
        let left_out = left_out(&self.unusable, self.unusable.len());
        self.outcome.note_unchanged(pending, &left_out);
    }

    /// Nothing of an input is written: a rule says so.
    pub(super) fn skip(&mut self, index: usize, code: Code) {
        let Some(pending) = self.inputs.get_mut(index) else { return };
        pending.settled = true;
        self.outcome.note_skipped(pending, &Reason::of(code));
    }

    /// The record of an input is archived.
    pub(super) fn archived(&mut self, index: usize) {
        let Some(pending) = self.inputs.get_mut(index) else { return };
        pending.settled = true;
        self.outcome.note_archived(pending);
    }

    /// Records of an input that were rejected before are skipped where HubSpot's record was changed since.
    pub(super) fn skip_older(&mut self, index: usize) {
        let Some(pending) = self.inputs.get_mut(index) else { return };
        let (existence, last_modified) = (pending.existence, pending.changed_by_others());
        // What has just come from the source is newer than what was rejected before, even if it stands in front.
        let first_fresh = pending.input.parts.iter().position(|part| part.unless_changed_since.is_none());
        let is_after_fresh = |place: usize, part: &Part| {
            part.unless_changed_since.is_some() && first_fresh.is_some_and(|first| first < place)
        };
        let is_older = |(place, part): &(usize, &Part)| {
            is_older(existence, last_modified, part) || is_after_fresh(*place, part)
        };
        let older: HashSet<Ticket> =
            pending.input.parts.iter().enumerate().filter(is_older).map(|(_, part)| part.ticket).collect();
        if older.is_empty() {
            return;
        }
        let (older, others): (Vec<_>, Vec<_>) =
            pending.take_parts().into_iter().partition(|part| older.contains(&part.ticket));
        self.outcome.note_skipped(&pending.with_parts(older), &Reason::of(Code::NewerInHubSpot));
        pending.settled = others.is_empty();
        pending.change_parts(|parts| *parts = others);
    }

    /// `error`: HubSpot's refusal of the input, if there is one.
    pub(super) fn reject(&mut self, index: usize, reason: &Reason, error: Option<&ErrorBody>) {
        let Some(pending) = self.inputs.get_mut(index) else { return };
        pending.settled = true;
        self.outcome.note_rejected(pending, reason, error);
    }
}

/// The first so many of the unusable properties: those that were not sent.
fn left_out(unusable: &UnusableProperties, count: usize) -> Vec<(Arc<str>, Code)> {
    unusable.iter().take(count).map(|(name, code)| (Arc::clone(name), *code)).collect()
}

/// What a batch knows of inputs that are of one record.
#[derive(Debug)]
pub(super) struct RecordOrder {
    /// Whether the batch archives records.
    pub(super) has_archives: bool,
    /// Inputs whose record is that of an earlier one of the batch too: they come after it, since it changes what they meet.
    pub(super) after_others: BTreeSet<usize>,
}

impl RecordOrder {
    fn of(inputs: &[PendingInput]) -> Self {
        let has_archives = inputs.iter().any(|pending| pending.input.archives);
        Self { has_archives, after_others: BTreeSet::new() }
    }
}

/// The look-ups of one batch.
#[derive(Debug, Default)]
pub(super) struct LookUps {
    pub(super) work: VecDeque<Vec<usize>>,
    /// The token may not look records up.
    pub(super) denied: bool,
    /// HubSpot has said of a record whether it exists.
    pub(super) answered: bool,
    /// How many records stay unclear that would get what new ones get.
    pub(super) needed: usize,
    /// Answers in a row that said nothing of several records.
    pub(super) empty_answers: u8,
    pub(super) probe: Option<RequestProbe>,
    pub(super) has_probed: bool,
}
