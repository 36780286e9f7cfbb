//! What follows from a refusal: the input is sent again without a value, in halves, record by record, or it is rejected. Pure.

use std::sync::Arc;

use super::{
    blame::{Blame, RequestProbe, blame, mentions_key, signature},
    existence::Existence,
    operation::Operation,
    pending::PendingInput,
    state::{Delivery, SMALLEST_PROBED, WAIT},
};
use crate::{
    config::InvalidValues,
    crm::property::Fold,
    hubspot::error_body::ErrorBody,
    mapping::{
        change::PropertyValue,
        reason::{Code, Reason},
    },
    sync::{
        error::{Refusal, SyncError},
        input::Part,
    },
};

/// So often a property that this sync has created is waited for: half a minute in all.
const MOST_WAITS: u8 = 15;
/// Inputs that a refusal seems to be about are asked alone first, if they are so few.
const MOST_MENTIONED: usize = 3;

impl Delivery {
    pub(super) fn refused(&mut self, status: u16, error: &ErrorBody) -> Result<(), SyncError> {
        let current = std::mem::take(&mut self.current);
        self.unaccounted_answers = 0;
        if let [index] = current[..] {
            return self.refused_alone(index, status, error);
        }
        let sent = |name: &str| current.iter().find_map(|&index| self.sent(index, name));
        let blamed = blame(error, Some(status), &self.target.key_space, sent);
        let mentioned = self.mentioned(&current, error);
        match blamed {
            Blame::Unusable(properties) => {
                self.mark_unusable(properties);
                self.work.push_front(current);
            }
            _ if !mentioned.is_empty() => {
                for &one in mentioned.iter().rev() {
                    self.work.push_front(vec![one]);
                }
                self.work
                    .push_front(current.into_iter().filter(|index| !mentioned.contains(index)).collect());
            }
            Blame::Values(names) => {
                let holds = |index: &usize| names.iter().any(|name| self.sent(*index, name).is_some());
                match current.iter().copied().partition::<Vec<usize>, _>(holds) {
                    (holders, others) if others.is_empty() => self.halve(&holders),
                    (holders, others) => {
                        self.work.push_front(holders);
                        self.work.push_front(others);
                    }
                }
            }
            Blame::Nothing if self.may_probe && current.len() >= SMALLEST_PROBED => {
                self.begin_probe(&current, signature(status, error));
            }
            Blame::Nothing
            | Blame::Key
            | Blame::MissingRequired { .. }
            | Blame::NotFound
            | Blame::Contested(_) => {
                self.halve(&current);
            }
        }
        Ok(())
    }

    /// Inputs that the refusal seems to be about, if they are few.
    fn mentioned(&self, group: &[usize], error: &ErrorBody) -> Vec<usize> {
        let named = |index: &&usize| {
            self.inputs.get(**index).is_some_and(|pending| {
                let id = pending.found.as_ref().and_then(|found| found.id.as_deref());
                let names_id = self.sends_by == Operation::Update && error.ids().any(|one| Some(one) == id);
                names_id || mentions_key(error, &pending.input.key)
            })
        };
        let mentioned: Vec<usize> = group.iter().filter(named).copied().collect();
        if mentioned.len() > MOST_MENTIONED || mentioned.len() == group.len() {
            Vec::new()
        } else {
            mentioned
        }
    }

    fn begin_probe(&mut self, group: &[usize], signature: String) {
        self.may_probe = false;
        let (left, right) = group.split_at(group.len() / 2);
        let (Some((&first, rest)), Some(&middle)) = (left.split_first(), right.first()) else { return };
        self.probe = Some(RequestProbe { signature, first, middle, first_refusal: None });
        self.work.push_front(right.to_vec());
        self.work.push_front(rest.to_vec());
        self.work.push_front(vec![first]);
    }

    fn refused_alone(&mut self, index: usize, status: u16, error: &ErrorBody) -> Result<(), SyncError> {
        if let Some(mut probe) = self.probe.take_if(|one| index == one.first || index == one.middle) {
            let nothing = self.blame(index, error, Some(status)) == Blame::Nothing;
            let same = nothing && probe.signature == signature(status, error);
            if same && probe.first_refusal.is_some() {
                return Err(SyncError::BatchesRefused(Refusal::new(status, error)));
            }
            if same && index == probe.first {
                probe.first_refusal = Some((status, error.clone()));
                self.work.push_front(vec![probe.middle]);
                self.probe = Some(probe);
                return Ok(());
            }
            self.clear_request(probe);
        }
        if let Some(again) = self.failed(index, error, Some(status)) {
            self.work.push_front(vec![again]);
        }
        Ok(())
    }

    /// The request itself is fine, so the first input's refusal was its own.
    pub(super) fn clear_request(&mut self, probe: RequestProbe) {
        let again =
            probe.first_refusal.and_then(|(status, error)| self.failed(probe.first, &error, Some(status)));
        if let Some(again) = again {
            self.work.push_front(vec![again]);
        }
    }

    /// What the refusal of an input blames.
    fn blame(&self, index: usize, error: &ErrorBody, status: Option<u16>) -> Blame {
        blame(error, status, &self.target.key_space, |name| self.sent(index, name))
    }

    /// Whether an error inside an answer that succeeded gives a reason that nobody knows.
    pub(super) fn has_unknown_reason(&self, index: usize, error: &ErrorBody) -> bool {
        self.blame(index, error, None) == Blame::Contested(Code::RefusedByHubSpot)
    }

    /// One input is refused. `Some`: it is to be asked again.
    pub(super) fn failed(&mut self, index: usize, error: &ErrorBody, status: Option<u16>) -> Option<usize> {
        let pending = self.inputs.get(index)?;
        let blamed = self.blame(index, error, status);
        let (folded, tried) = (pending.input.parts.len() > 1, pending.second_try);
        let reason = match blamed {
            Blame::Unusable(properties) => {
                self.mark_unusable(properties);
                return Some(index);
            }
            // Somebody has archived it since it was looked up.
            Blame::NotFound if self.sends_by == Operation::Update => {
                self.skip(index, Code::NotFound);
                return None;
            }
            // Somebody has created it since it was looked up: unless that was an earlier request of ours.
            Blame::Contested(Code::Conflict)
                if self.sends_by == Operation::Create
                    && !self.names_own_property(index, error)
                    && (tried || pending.unconfirmed.is_none()) =>
            {
                self.skip(index, Code::Exists);
                return None;
            }
            Blame::NotFound | Blame::Contested(_) if !tried => {
                let compares = self.target.compares_values() || self.sends_by == Operation::Create;
                let pending = self.inputs.get_mut(index)?;
                pending.second_try = true;
                if compares && pending.unaccounted == 0 {
                    // Whoever changes it at the same moment has changed what was compared. An answer that said nothing may have
                    // been to a write of ours, which would look the same.
                    pending.ask_anew();
                }
                self.second_tries.push(index);
                return None;
            }
            // HubSpot answers with a conflict for the address of a contact, which all of these records share. A unique property is
            // refused as a value, or named by the error: then it is a record's own.
            Blame::Contested(Code::Conflict) if !self.names_own_property(index, error) => {
                Reason::of(Code::Conflict)
            }
            // The address is one for all; what none of them brings, each of them lacks.
            // Where the connector refuses an address, it names the field. Here it had no objection.
            Blame::Key => Reason {
                expects: Some("an address that HubSpot accepts: it refuses this one".into()),
                ..Reason::of(Code::InvalidEmail)
            },
            Blame::MissingRequired { property, always }
                if !folded || (always && !self.brings(index, property.as_deref())) =>
            {
                Reason { property, ..Reason::of(Code::MissingRequiredProperty) }
            }
            Blame::Values(names) if self.judge_on_create(index, &names) => return Some(index),
            Blame::Values(names) if folded && self.judge_last_bringer(index, &names, error) => {
                return Some(index);
            }
            _ if folded => {
                self.unfold_refused(index);
                return None;
            }
            Blame::Values(names) if self.target.values.invalid == InvalidValues::DropValue => {
                self.inputs.get_mut(index)?.dropped.extend(names);
                return Some(index);
            }
            Blame::Values(names) => {
                Reason { property: names.into_iter().next(), ..Reason::of(Code::InvalidValue) }
            }
            Blame::Contested(code) => Reason::of(code),
            Blame::Nothing | Blame::NotFound | Blame::MissingRequired { .. } => {
                Reason::of(Code::RefusedByHubSpot)
            }
        };
        self.reject(index, &reason, Some(error));
        None
    }

    /// Whether an error names a property that was sent for the input.
    fn names_own_property(&self, index: usize, error: &ErrorBody) -> bool {
        error.property_faults().iter().any(|fault| self.sent(index, &fault.property).is_some())
    }

    pub(super) fn too_large(&mut self) {
        self.unaccounted_answers = 0;
        match std::mem::take(&mut self.current)[..] {
            [index] if self.inputs.get(index).is_some_and(|pending| pending.input.parts.len() > 1) => {
                self.unfold_refused(index);
            }
            [index] => self.reject(index, &Reason::of(Code::TooLarge), None),
            ref group => self.halve(group),
        }
    }

    pub(super) fn mark_unusable(&mut self, properties: Vec<(Arc<str>, Code)>) {
        let mut is_awaited = false;
        for (property, code) in properties {
            let is_fresh = code == Code::UnknownProperty && self.target.created.contains(&property);
            if is_fresh && self.waits < MOST_WAITS {
                is_awaited = true;
                continue;
            }
            if self.unusable.insert(Arc::clone(&property), code).is_none() {
                self.outcome.notes.unusable.push((property, code));
            }
        }
        // The inputs of one answer wait together.
        if is_awaited && self.wait.is_none() {
            self.waits += 1;
            self.wait = Some(WAIT);
        }
    }

    /// Whether a record of an input has this property.
    fn brings(&self, index: usize, property: Option<&str>) -> bool {
        let parts = self.inputs.get(index).map(|pending| &pending.input.parts[..]).unwrap_or_default();
        let mut values = parts.iter().flat_map(|part| &part.properties);
        property.is_none_or(|property| values.any(|one| *one.property.name == *property))
    }

    /// Of several records together the last one that has a property gives its value. If HubSpot refuses that value, each record
    /// that brings the same one loses it, or its place in the input. `false`: the value may be of several records.
    fn judge_last_bringer(&mut self, index: usize, names: &[Arc<str>], error: &ErrorBody) -> bool {
        let (Some(pending), Some(name)) = (self.inputs.get_mut(index), names.first()) else { return false };
        let Some(refused) = pending.brings(name).filter(|one| one.property.traits.fold != Fold::Append)
        else {
            return false;
        };
        let value = refused.value.clone();
        let is_refused = |one: &PropertyValue| one.property.name == *name && one.value == value;
        let reason = || Reason::of_property(Code::InvalidValue, name);
        if self.target.values.invalid == InvalidValues::DropValue {
            pending.change_parts(|parts| {
                for part in parts.iter_mut().filter(|part| part.properties.iter().any(is_refused)) {
                    part.properties.retain(|one| !is_refused(one));
                    part.dropped.push(reason());
                }
            });
            return true;
        }
        let rejected: Vec<Part> = pending.change_parts(|parts| {
            parts.extract_if(.., |part| part.properties.iter().any(is_refused)).collect()
        });
        let alone = pending.with_parts(rejected);
        pending.settled = pending.input.parts.is_empty();
        self.outcome.note_rejected(&alone, &reason(), Some(error));
        true
    }

    /// What a new record gets is refused. It is no value of a row, which goes without it; a value of the row's own makes way for
    /// it. `false`: it is judged like any other value.
    fn judge_on_create(&mut self, index: usize, names: &[Arc<str>]) -> bool {
        let of_target = self.target.on_create.iter().find(|one| names.contains(&one.property.name));
        let Some(name) = of_target.map(|one| Arc::clone(&one.property.name)) else { return false };
        let Some(pending) = self.inputs.get(index) else { return false };
        let applies = |pending: &PendingInput| {
            let mut of_create = pending.on_create(&self.target, &self.unusable);
            of_create.any(|one| one.property.name == name)
        };
        let is_configured = pending.existence == Existence::Missing && applies(pending);
        let drops_values = self.target.values.invalid == InvalidValues::DropValue;
        let Some(pending) = self.inputs.get_mut(index) else { return false };
        if is_configured {
            pending.dropped.insert(Arc::clone(&name));
            pending.on_create_refused.insert(Arc::clone(&name));
        } else if !(drops_values && pending.drop_own(&name)) {
            return false;
        }
        if drops_values && pending.input.parts.len() == 1 {
            pending.dropped.extend(names.iter().filter(|one| **one != name).cloned());
        }
        true
    }

    fn unfold_refused(&mut self, index: usize) {
        self.remarks.push("several records of one contact refused together: sending them in halves");
        self.unfold(index, 0);
    }
}
