//! Looking records up before they are written: which ones, and what the answer says. Pure.
//!
//! What a new record gets cannot be set later. Where it depends on a look-up, a missing answer is not a no: what HubSpot
//! does not say is asked again, in smaller groups, and a batch of which it says nothing ends the sync.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::{
    blame::{RequestProbe, mentions_key, signature},
    existence::{Existence, LastModified, existence, last_modified},
    found::found,
    mode::{Need, must_look_up, need},
    pending::PendingInput,
    state::{Delivery, MOST_UNACCOUNTED, SMALLEST_PROBED},
};
use crate::{
    crm::key::Key,
    hubspot::{
        answer::BatchAnswer,
        client::Reply,
        endpoint::{Endpoint, Success},
        error_body::ErrorBody,
    },
    mapping::reason::{Code, Reason},
    sync::error::{Refusal, SyncError},
};

impl Delivery {
    /// The look-up was not permitted: whether the records exist stays open, and nothing more is looked up.
    pub fn look_up_denied(&mut self) {
        self.look_ups.denied = true;
        let current = std::mem::take(&mut self.current);
        self.leave_all_unclear(&current);
    }

    /// Whether the sync can go on without a call: without a look-up, if nothing that a new record gets hangs on it.
    pub fn may_go_without(&self, endpoint: Endpoint) -> bool {
        endpoint.success() == Success::FoundOrMissing && !self.look_ups_are_needed()
    }

    fn look_ups_are_needed(&self) -> bool {
        let mut open = self.inputs.iter().filter(|pending| !pending.settled);
        self.target.needs_look_ups() || open.any(PendingInput::is_conditional)
    }

    fn must_look_up(&self, index: usize) -> bool {
        let Some(pending) = self.open(index) else { return false };
        // Which record it is: another input of the batch may have another of its keys.
        let is_open = matches!(pending.existence, Existence::NotAsked | Existence::Exists);
        let has_no_place = self.orders_by_record() && is_open && pending.found.is_none();
        has_no_place || must_look_up(&self.target, pending, &self.unusable)
    }

    fn unknown(&self, part: &[usize]) -> Vec<usize> {
        part.iter().copied().filter(|&index| self.must_look_up(index)).collect()
    }

    /// What of a group to look up next.
    pub(super) fn next_look_up(&mut self, group: &[usize]) -> Option<Vec<usize>> {
        let all = self.unknown(group);
        if all.is_empty() {
            return None;
        }
        if self.look_ups.denied && !self.look_ups_are_needed() {
            self.leave_all_unclear(&all);
            return None;
        }
        let parts = std::mem::take(&mut self.look_ups.work);
        let mut parts: VecDeque<Vec<usize>> =
            parts.iter().map(|part| self.unknown(part)).filter(|part| !part.is_empty()).collect();
        let next = parts.pop_front();
        self.look_ups.work = parts;
        Some(next.unwrap_or(all))
    }

    pub(super) fn look_up_answered(&mut self, reply: Reply<BatchAnswer>) -> Result<(), SyncError> {
        let current = std::mem::take(&mut self.current);
        let probe = match current[..] {
            [one] => self.look_ups.probe.take_if(|of| one == of.first || one == of.middle),
            _ => None,
        };
        let answer = match reply {
            Reply::Done(answer) => answer,
            Reply::Unreadable | Reply::Unknown => BatchAnswer::default(),
            Reply::AnswerTooLarge if current.len() == 1 => BatchAnswer::default(),
            Reply::Refused { status, error } => {
                return self.look_up_refused(&current, status, &error, probe);
            }
            Reply::TooLarge if current.len() == 1 => {
                return self.look_up_refused(&current, 413, &ErrorBody::default(), None);
            }
            Reply::TooLarge | Reply::AnswerTooLarge => {
                self.look_up_in_halves(&current);
                return Ok(());
            }
        };
        self.looked_up(&current, &answer, probe)
    }

    fn looked_up(
        &mut self,
        current: &[usize],
        answer: &BatchAnswer,
        probe: Option<RequestProbe>,
    ) -> Result<(), SyncError> {
        let keys: Vec<Key> =
            current.iter().filter_map(|&index| Some(self.inputs.get(index)?.input.key.clone())).collect();
        let key_space = &self.target.key_space;
        let existences = existence(key_space, &keys, answer);
        let is_missing: Vec<bool> = existences.iter().map(|one| *one == Existence::Missing).collect();
        let records = found(key_space, &keys, &is_missing, answer, &self.looks_at);
        let said = existences.into_iter().zip(last_modified(key_space, &keys, answer)).zip(records);
        let orders = self.orders_by_record();
        let mut unclear = Vec::new();
        for (&index, ((existence, last_modified), found)) in current.iter().zip(said) {
            if existence == Existence::Unclear {
                unclear.push(index);
                continue;
            }
            self.look_ups.answered = true;
            let Some(pending) = self.inputs.get_mut(index) else { continue };
            let is_undated = existence == Existence::Exists && last_modified == LastModified::Unclear;
            let needs_record = need(&self.target, pending, &self.unusable) == Need::Record || orders;
            let is_unnamed = needs_record && existence == Existence::Exists && found.is_none();
            if (is_unnamed || pending.is_conditional() && is_undated) && current.len() > 1 {
                // Found by a secondary address, say. Asked for alone, its result is the only one.
                self.look_ups.work.push_back(vec![index]);
                continue;
            }
            // Asked for alone, and still without a result that is its own.
            pending.existence = if is_unnamed { Existence::Unclear } else { existence };
            pending.found = found;
            if pending.is_conditional() {
                pending.last_modified = last_modified;
            }
        }
        self.note_found(current, answer);
        let is_empty = answer.results.is_empty() && answer.errors.is_empty();
        if !is_empty && unclear.len() == current.len() {
            // The answer has content and names no record that was asked for: as good as a refusal of the request.
            let error = answer.errors.first().cloned().unwrap_or_default();
            return self.look_up_refused(current, 200, &error, probe);
        }
        if let Some(RequestProbe { first, first_refusal: Some(_), .. }) = probe {
            self.leave_unclear(first);
        }
        match unclear[..] {
            [] => self.look_ups.empty_answers = 0,
            [index] if current.len() == 1 && is_empty => return self.unanswered_alone(index),
            _ if is_empty => return self.none_answered(unclear),
            _ => {
                self.look_ups.empty_answers = 0;
                self.look_up_in_halves(&unclear);
            }
        }
        Ok(())
    }

    /// Which records of the CRM were found, where that is to be told. One that was found by a secondary address is not named.
    fn note_found(&mut self, current: &[usize], answer: &BatchAnswer) {
        if !self.tells_record_ids {
            return;
        }
        let key_space = Arc::clone(&self.target.key_space);
        let ids = answer
            .results
            .iter()
            .filter_map(|result| Some((key_space.key(result.key()?)?, result.id.as_deref()?)));
        let ids: HashMap<Key, &str> = ids.collect();
        for &index in current {
            let id = self.inputs.get(index).and_then(|pending| ids.get(&pending.input.key).copied());
            self.note_record_id(index, id);
        }
    }

    /// The answer says nothing at all. It is asked for again, and in the end there is no going on without it.
    fn none_answered(&mut self, group: Vec<usize>) -> Result<(), SyncError> {
        self.look_ups.empty_answers += 1;
        if self.look_ups.empty_answers < MOST_UNACCOUNTED {
            self.look_ups.work.push_front(group);
            return Ok(());
        }
        self.look_ups.empty_answers = 0;
        if self.any_depends_on_look_up(&group) {
            return Err(SyncError::LookUpsUnanswered);
        }
        self.leave_all_unclear(&group);
        Ok(())
    }

    /// The same of one record alone: if HubSpot does say of others whether they exist, it costs this one only.
    fn unanswered_alone(&mut self, index: usize) -> Result<(), SyncError> {
        let Some(pending) = self.inputs.get_mut(index) else { return Ok(()) };
        pending.unanswered_look_ups += 1;
        if pending.unanswered_look_ups < MOST_UNACCOUNTED {
            self.look_ups.work.push_front(vec![index]);
            return Ok(());
        }
        match (self.any_depends_on_look_up(&[index]), self.look_ups.answered) {
            (false, _) => self.leave_unclear(index),
            (true, true) => self.reject(index, &Reason::of(Code::NotConfirmed), None),
            (true, false) => return Err(SyncError::LookUpsUnanswered),
        }
        Ok(())
    }

    fn look_up_refused(
        &mut self,
        current: &[usize],
        status: u16,
        error: &ErrorBody,
        probe: Option<RequestProbe>,
    ) -> Result<(), SyncError> {
        self.look_ups.empty_answers = 0;
        match *current {
            [index] => self.refused_to_look_up(index, status, error, probe),
            _ if current.len() >= SMALLEST_PROBED && !self.look_ups.has_probed => {
                self.look_ups.has_probed = true;
                let (left, right) = current.split_at(current.len() / 2);
                let (Some((&first, rest)), Some(&middle)) = (left.split_first(), right.first()) else {
                    return Ok(());
                };
                let signature = signature(status, error);
                self.look_ups.probe = Some(RequestProbe { signature, first, middle, first_refusal: None });
                for part in [right, rest, &[first]] {
                    self.look_ups.work.push_front(part.to_vec());
                }
                Ok(())
            }
            _ => {
                self.look_up_in_halves(current);
                Ok(())
            }
        }
    }

    /// HubSpot refuses to look one record up. If it is not the record's fault, all are refused.
    fn refused_to_look_up(
        &mut self,
        index: usize,
        status: u16,
        error: &ErrorBody,
        probe: Option<RequestProbe>,
    ) -> Result<(), SyncError> {
        let Some(mut probe) = probe else {
            self.leave_unclear(index);
            return self.unless_all_refused(status, error);
        };
        let is_named = self.inputs.get(index).is_some_and(|pending| mentions_key(error, &pending.input.key));
        let same = !is_named && probe.signature == signature(status, error);
        let waits = probe.first_refusal.is_some();
        if same && !waits {
            // Its verdict waits for the other.
            probe.first_refusal = Some((status, error.clone()));
            self.look_ups.work.push_front(vec![probe.middle]);
            self.look_ups.probe = Some(probe);
            return Ok(());
        }
        self.leave_unclear(index);
        if waits {
            self.leave_unclear(probe.first);
        }
        if same && !self.look_ups.answered {
            let rest: Vec<usize> = std::mem::take(&mut self.look_ups.work).into_iter().flatten().collect();
            self.leave_all_unclear(&rest);
        }
        self.unless_all_refused(status, error)
    }

    /// Whether records exist stays open, which costs those that are new their stage. If HubSpot has refused every one that
    /// would get it, that is not the fault of a record.
    fn unless_all_refused(&mut self, status: u16, error: &ErrorBody) -> Result<(), SyncError> {
        let parts = std::mem::take(&mut self.look_ups.work);
        let is_left = parts.iter().flatten().any(|&index| self.must_look_up(index));
        self.look_ups.work = parts;
        if is_left || self.look_ups.answered || self.look_ups.needed == 0 {
            return Ok(());
        }
        Err(SyncError::LookUpsRefused(Refusal::new(status, error)))
    }

    fn leave_all_unclear(&mut self, group: &[usize]) {
        for &index in group {
            self.leave_unclear(index);
        }
    }

    fn leave_unclear(&mut self, index: usize) {
        if !self.must_look_up(index) {
            return;
        }
        self.look_ups.needed += usize::from(self.any_depends_on_look_up(&[index]));
        if let Some(pending) = self.inputs.get_mut(index) {
            pending.existence = Existence::Unclear;
        }
    }

    fn any_depends_on_look_up(&self, group: &[usize]) -> bool {
        group.iter().filter_map(|&index| self.open(index)).any(|pending| self.depends_on_look_up(pending))
    }

    fn look_up_in_halves(&mut self, group: &[usize]) {
        let (left, right) = group.split_at(group.len() / 2);
        self.look_ups.work.push_front(right.to_vec());
        self.look_ups.work.push_front(left.to_vec());
    }
}
