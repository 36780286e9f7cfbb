//! Leads one batch to a fate for each of its records: what to ask next, and what an answer means. Pure.
//!
//! Groups are asked one after the other. `look_up` asks which records exist, `refused` takes apart what HubSpot does not
//! accept. Not here: sending, waiting, and reading a 2xx ([`super::attribution`]) or a reason ([`super::blame`]).

use std::{sync::Arc, time::Duration};

use super::{
    attribution::{Attribution, InputResult, Sent, attribute},
    existence::Existence,
    mode::{Action, decide},
    operation::Operation,
    state::{Delivery, MOST_UNACCOUNTED, WAIT},
};
use crate::{
    hubspot::{
        answer::{BatchAnswer, BatchResult},
        batch_call::BatchCall,
        client::Reply,
        endpoint::{Endpoint, Success},
        error_body::ErrorBody,
    },
    mapping::reason::{Code, Reason},
    sync::error::SyncError,
};

/// So often a whole batch is sent again if HubSpot fails at each of its inputs.
const MOST_WHOLE_AGAIN: u8 = 3;

/// What to do next.
#[derive(Debug)]
pub enum Step {
    Send(BatchCall),
    /// Nothing is to be sent for so long, until something may have passed. No answer is awaited.
    Wait(Duration),
    /// The sync has to end.
    Fail(SyncError),
    Finished,
}

impl Delivery {
    /// The next request. Its answer goes to [`Self::answered`].
    pub fn next_step(&mut self) -> Step {
        loop {
            if let Some(wait) = self.wait.take() {
                return Step::Wait(wait);
            }
            if self.second_tries_are_next() {
                self.begin_second_tries();
                continue;
            }
            let Some(group) = self.work.pop_front() else {
                if let Some(probe) = self.probe.take() {
                    self.clear_request(probe);
                    continue;
                }
                // One input of a record went at a time, each in its turn.
                if self.orders_by_record() {
                    return Step::Finished;
                }
                let again = self.write_order.written_out_of_order(&self.inputs);
                if again.is_empty() {
                    return Step::Finished;
                }
                self.remarks.push("addresses of one contact were written out of order: writing them again");
                for pending in &again {
                    self.outcome.hold(pending);
                }
                self.restores_order = true;
                self.ask_alone(again);
                continue;
            };
            self.current = group.into_iter().filter(|&index| self.open(index).is_some()).collect();
            let group = std::mem::take(&mut self.current);
            if let Some(unknown) = self.next_look_up(&group) {
                // The group itself comes after its look-up.
                self.work.push_front(group);
                self.current = unknown;
                return self.send(Self::encode_read);
            }
            self.current = self.one_of_each_record(group);
            if let Some(operation) = self.settle_without_writing() {
                if operation == Operation::Archive && !self.keep_those_that_may_be_archived() {
                    return Step::Fail(SyncError::ArchivedEnough { most: self.archive_allowance.most() });
                }
                return self.send(|delivery| delivery.encode_write(operation));
            }
        }
    }

    /// Second tries come last, so that one wait serves all of them, but before later records of their key, or of their record. While
    /// records are written again to restore the order of a CRM record's keys, each comes at once: the next one is a later one of the
    /// same.
    fn second_tries_are_next(&self) -> bool {
        if self.second_tries.is_empty() {
            return false;
        }
        if self.restores_order {
            return true;
        }
        let key = |index: &usize| self.inputs.get(*index).map(|pending| &pending.input.key);
        let is_later = |index: &usize| {
            self.record_order.after_others.contains(index)
                || self.second_tries.iter().any(|tried| key(tried) == key(index))
        };
        match self.work.front() {
            Some(group) => group.iter().any(is_later),
            None => self.probe.is_none(),
        }
    }

    fn begin_second_tries(&mut self) {
        for index in std::mem::take(&mut self.second_tries).into_iter().rev() {
            self.work.push_front(vec![index]);
        }
        self.wait = Some(WAIT);
    }

    fn send(&mut self, encode: impl FnOnce(&mut Self) -> BatchCall) -> Step {
        let call = encode(self);
        self.asks = Some(call.endpoint);
        Step::Send(call)
    }

    /// What HubSpot said to the last step.
    ///
    /// # Errors
    ///
    /// A failure of the whole sync: HubSpot accounts for nothing, or the request itself is at fault.
    pub fn answered(&mut self, reply: Reply<BatchAnswer>) -> Result<(), SyncError> {
        match self.asks.map(Endpoint::success) {
            Some(Success::FoundOrMissing) => self.look_up_answered(reply),
            Some(Success::Whole) => {
                self.archive_answered(reply);
                Ok(())
            }
            Some(Success::EachInput | Success::Body) | None => self.write_answered(reply),
        }
    }

    fn write_answered(&mut self, reply: Reply<BatchAnswer>) -> Result<(), SyncError> {
        match reply {
            Reply::Done(answer) => self.accepted(answer),
            Reply::Unknown => {
                self.look_up_again();
                Ok(())
            }
            // What became of the inputs is unknown. An upsert or an update may be sent again.
            Reply::Unreadable => {
                self.remarks.push("an answer that cannot be read: asking again");
                self.accepted(BatchAnswer::default())
            }
            Reply::Refused { status, error } => self.refused(status, &error),
            // For one input alone it is an answer that accounts for nothing.
            Reply::AnswerTooLarge if self.current.len() == 1 => self.accepted(BatchAnswer::default()),
            Reply::TooLarge | Reply::AnswerTooLarge => {
                self.too_large();
                Ok(())
            }
        }
    }

    /// Whether HubSpot carried the last request out is not known, and it may not be repeated: its inputs are looked up first.
    fn look_up_again(&mut self) {
        let current = std::mem::take(&mut self.current);
        self.remarks.push(
            "HubSpot may have carried the request out: looking its records up before anything is sent again",
        );
        for &index in &current {
            self.leave_unconfirmed(index);
        }
        self.work.push_front(current);
    }

    /// An input may have been carried out.
    fn leave_unconfirmed(&mut self, index: usize) {
        let operation = self.sends_by;
        let Some(pending) = self.inputs.get_mut(index) else { return };
        pending.unconfirmed = Some(operation);
        if operation == Operation::Archive {
            pending.archived_id = pending.found.as_ref().and_then(|found| found.id.clone());
        }
        pending.unknown_answers += 1;
        pending.forget_found();
    }

    /// What was sent to create a record, and not answered, has created it.
    fn confirm_created(&mut self, index: usize) {
        if let Some(pending) = self.inputs.get_mut(index) {
            // As it was when it was sent.
            (pending.existence, pending.found) = (Existence::Missing, None);
            pending.compare(&self.target, &self.unusable);
        }
        self.written(index, true, false);
    }

    /// What HubSpot said to archiving. A success settles all that no error names: they were looked up before.
    fn archive_answered(&mut self, reply: Reply<BatchAnswer>) {
        match reply {
            Reply::Done(answer) => self.archive_accepted(&answer),
            Reply::Unknown | Reply::Unreadable | Reply::AnswerTooLarge => self.look_up_again(),
            Reply::Refused { error, .. } => match std::mem::take(&mut self.current)[..] {
                [index] => self.archive_failed(index, &error),
                ref group => self.halve(group),
            },
            Reply::TooLarge => self.too_large(),
        }
    }

    fn archive_accepted(&mut self, answer: &BatchAnswer) {
        let faults = answer.errors.iter().filter(|error| !error.says_nothing());
        let counts_more = answer.num_errors > faults.clone().count();
        if counts_more || faults.clone().any(|error| error.ids().next().is_none()) {
            self.look_up_again();
            return;
        }
        for index in std::mem::take(&mut self.current) {
            let id = self.inputs.get(index).and_then(|pending| pending.found.as_ref()?.id.clone());
            let names = |error: &&ErrorBody| error.ids().any(|one| Some(one) == id.as_deref());
            match answer.errors.iter().find(names) {
                Some(error) => self.archive_failed(index, error),
                None => self.archived(index),
            }
        }
    }

    fn archive_failed(&mut self, index: usize, error: &ErrorBody) {
        if let Some(pending) = self.inputs.get_mut(index)
            && std::mem::take(&mut pending.counted_as_archived)
        {
            self.archive_allowance.give_back();
        }
        if error.is_not_found() {
            // Somebody else was faster.
            self.skip(index, Code::NotFound);
        } else {
            self.reject(index, &Reason::of(Code::RefusedByHubSpot), Some(error));
        }
    }

    /// Inputs of which nothing is to be sent get their fate here. Of the others, those with the same operation as the
    /// first stay. The rest comes next.
    fn settle_without_writing(&mut self) -> Option<Operation> {
        let mut first = None;
        let mut others = Vec::new();
        for index in std::mem::take(&mut self.current) {
            self.skip_older(index);
            if let Some(pending) = self.inputs.get_mut(index) {
                pending.compare(&self.target, &self.unusable);
            }
            let Some(pending) = self.open(index) else { continue };
            match decide(&self.target, pending, &self.unusable) {
                Action::Send(operation) if *first.get_or_insert(operation) == operation => {
                    self.current.push(index);
                }
                Action::Send(_) => others.push(index),
                Action::Nothing => self.unchanged(index),
                Action::Skip(code) => self.skip(index, code),
                Action::Reject(reason) => self.reject(index, &reason, None),
                Action::Confirmed(Operation::Archive) => self.archived(index),
                Action::Confirmed(_) => self.confirm_created(index),
            }
        }
        if !others.is_empty() {
            self.work.push_front(others);
        }
        first
    }

    /// Of the inputs to archive, those stay that the sync may archive. `false`: there are none.
    fn keep_those_that_may_be_archived(&mut self) -> bool {
        let (mut may, mut may_not) = (Vec::new(), Vec::new());
        for index in std::mem::take(&mut self.current) {
            let Some(pending) = self.inputs.get_mut(index) else { continue };
            pending.counted_as_archived = pending.counted_as_archived || self.archive_allowance.take();
            if pending.counted_as_archived { may.push(index) } else { may_not.push(index) }
        }
        if !may_not.is_empty() {
            self.work.push_front(may_not);
        }
        self.current = may;
        !self.current.is_empty()
    }

    fn accepted(&mut self, answer: BatchAnswer) -> Result<(), SyncError> {
        let current = std::mem::take(&mut self.current);
        // No number stands in a request twice then.
        let by_id = self.orders_by_record();
        let sent = |&index: &usize| {
            let pending = self.inputs.get(index)?;
            let id = pending.found.as_ref().filter(|_| by_id).and_then(|found| found.id.as_deref());
            Some(Sent { trace_id: index, key: &pending.input.key, id })
        };
        let sent: Vec<Sent<'_>> = current.iter().filter_map(sent).collect();
        let Attribution { of_inputs, aliases, ambiguous } = attribute(&self.target.key_space, &sent, answer);
        for (primary, places) in aliases {
            let keys = places.iter().filter_map(|&place| sent.get(place).map(|one| one.key.clone()));
            self.write_order.note(primary, keys.collect());
        }
        let nothing = !ambiguous && of_inputs.iter().all(|one| matches!(one, InputResult::Missing));
        let is_empty = nothing && current.len() > 1;
        self.unaccounted_answers = if is_empty { self.unaccounted_answers + 1 } else { 0 };
        if self.unaccounted_answers >= MOST_UNACCOUNTED {
            return Err(SyncError::NotAccountedFor);
        }
        if let Some(probe) = self.probe.take_if(|one| current == [one.first] || current == [one.middle]) {
            self.clear_request(probe);
        }
        if self.failed_at_all(&current, &of_inputs) {
            self.remarks.push("HubSpot failed at each input of a batch: sending it again in a moment");
            self.wait = Some(WAIT * 2_u32.pow(self.whole_again.into()));
            self.whole_again += 1;
            self.work.push_front(current);
            return Ok(());
        }
        let (mut again, mut unnamed) = (Vec::new(), Vec::new());
        for (&index, account) in current.iter().zip(of_inputs) {
            match account {
                InputResult::Written { new, result, presumed } => {
                    if let Some(result) = result {
                        self.compare_watched(index, &result);
                        if !presumed {
                            self.note_record_id(index, result.id.as_deref());
                        }
                    }
                    self.written(index, new || self.sends_by == Operation::Create, presumed);
                }
                InputResult::Failed(error) => again.extend(self.failed(index, &error, None)),
                InputResult::Missing => {
                    if self.sends_by == Operation::Create {
                        self.leave_unconfirmed(index);
                    }
                    if ambiguous { unnamed.push(index) } else { again.extend(self.unaccounted(index)) }
                }
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

    /// Whether HubSpot gave a reason that nobody knows for each of several inputs: that is no fault of theirs.
    fn failed_at_all(&self, current: &[usize], of_inputs: &[InputResult]) -> bool {
        let unknown = |(index, one): (&usize, &InputResult)| match one {
            InputResult::Failed(error) => self.has_unknown_reason(*index, error),
            InputResult::Written { .. } | InputResult::Missing => false,
        };
        current.len() > 1 && self.whole_again < MOST_WHOLE_AGAIN && current.iter().zip(of_inputs).all(unknown)
    }

    /// HubSpot may accept a value and keep its own, such as a stage that moves forward only: only the answer shows it.
    fn compare_watched(&mut self, index: usize, result: &BatchResult) {
        let Some(pending) = self.open(index) else { return };
        let Some(ticket) = pending.input.parts.last().map(|part| part.ticket) else { return };
        let target = Arc::clone(&self.target);
        // The key is the first of the properties that are looked at.
        let kept = target
            .watched
            .iter()
            .enumerate()
            .filter_map(|(place, name)| Some((name, result.value(place + 1)?)));
        let not_applied: Vec<_> = kept
            .filter(|(name, kept)| {
                pending.sends(&target, &self.unusable).any(|(sent, asked)| *sent == ***name && asked != *kept)
            })
            .map(|(name, _)| (Arc::clone(name), ticket))
            // An input that is written again, to restore the order, may meet the same again.
            .filter(|one| !self.outcome.notes.not_applied.contains(one))
            .collect();
        self.outcome.notes.not_applied.extend(not_applied);
    }

    fn unaccounted(&mut self, index: usize) -> Option<usize> {
        let pending = self.inputs.get_mut(index)?;
        pending.unaccounted += 1;
        if pending.unaccounted >= MOST_UNACCOUNTED {
            if pending.input.parts.len() > 1 {
                self.remarks.push(
                    "several records of one contact that no answer accounts for: sending them in halves",
                );
                self.unfold(index, MOST_UNACCOUNTED - 1);
                return None;
            }
            self.reject(index, &Reason::of(Code::NotConfirmed), None);
            return None;
        }
        Some(index)
    }
}
