//! What a batch comes to: the fates of its records, and what else there is to report. Pure.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::{blame::mentions_key, effect::EffectKind, existence::Existence, pending::PendingInput};
use crate::{
    crm::key::Key,
    hubspot::error_body::ErrorBody,
    mapping::{
        reason::{Code, Reason},
        target::Target,
    },
    report::fate::{Fate, Grounds, Rejection, Ticket},
    sync::input::Part,
};

/// What a batch has come to so far.
#[derive(Debug, Default)]
pub struct Outcome {
    pub fates: HashMap<Ticket, Fate>,
    /// The fates of records that were written and have to be written again: they count once that is done.
    held: HashMap<Ticket, Held>,
    pub notes: Notes,
    /// Records of the CRM that exist now. Those that were looked up for rows that are sent again come with the moment of their last
    /// change before they were written; one that did not exist was never changed.
    pub written: Vec<(Key, Option<Timestamp>)>,
    /// Keys whose records of the CRM are archived.
    pub archived: Vec<Key>,
    /// Keys that HubSpot has no record of.
    pub not_found: Vec<Key>,
    /// Which record of the CRM a row became, where the answer names it and it is asked for.
    pub record_ids: HashMap<Ticket, Box<str>>,
    /// When each rejected record got its verdict.
    pub verdicts: HashMap<Ticket, Timestamp>,
    /// Rejected records whose verdicts have no moment yet.
    undated: Vec<Ticket>,
}

impl Outcome {
    /// The verdicts since this was last called came now.
    pub fn date_verdicts(&mut self, now: Timestamp) {
        self.verdicts.extend(self.undated.drain(..).map(|ticket| (ticket, now)));
    }

    /// An input that was written is to be written again. Until then it is not settled.
    pub fn hold(&mut self, pending: &PendingInput) {
        for part in &pending.input.parts {
            let held = |fate| Held { fate, presumed: pending.presumed };
            self.held.extend(self.fates.remove(&part.ticket).map(|fate| (part.ticket, held(fate))));
        }
    }

    /// The records of an input are not to be written.
    pub fn note_skipped(&mut self, pending: &PendingInput, reason: &Reason) {
        if reason.code == Code::NotFound {
            self.not_found.push(pending.input.key.clone());
        }
        let tickets = pending.input.parts.iter().map(|part| part.ticket);
        self.fates.extend(tickets.map(|ticket| (ticket, Fate::Skipped(reason.clone()))));
    }

    /// HubSpot has taken an input: its last record made or changed the CRM record, the others went along. `left_out` are the
    /// properties that were not sent, since HubSpot rejects them for every record.
    pub fn note_written(&mut self, pending: &PendingInput, created: bool, left_out: &[(Arc<str>, Code)]) {
        self.written.push((pending.input.key.clone(), pending.changed_before()));
        let kinds = kinds(pending);
        let changes = |kind: &EffectKind| *kind == EffectKind::Changes;
        // What was compared and sent has a record that changes something.
        let last = kinds.iter().rposition(changes).unwrap_or(kinds.len().saturating_sub(1));
        for (number, (part, kind)) in pending.input.parts.iter().zip(kinds).enumerate() {
            let fate = match (number == last, created) {
                _ if number != last && kind != EffectKind::Changes => fate_of(kind),
                (false, _) => Fate::Folded,
                (true, true) => Fate::Created,
                (true, false) => Fate::Updated,
            };
            let emptied = if number == last { emptied(pending, left_out) } else { Vec::new() };
            self.note_accepted(pending, part, fate, left_out, emptied);
        }
    }

    /// The record of an input was created: what it went without of that which new records get.
    pub fn note_created(&mut self, pending: &PendingInput, target: &Target, left_out: &[(Arc<str>, Code)]) {
        let Some(ticket) = pending.input.parts.last().map(|part| part.ticket) else { return };
        // It was there when it was looked up, and had to be created.
        let held_back =
            pending.effect().into_iter().flat_map(|effect| &effect.of_parts).flat_map(|part| &part.held_back);
        let held_back = held_back.filter(|_| pending.existence != Existence::Missing);
        self.notes.on_create_missed.extend(held_back.map(|property| (Arc::clone(property), ticket)));
        for one in &target.on_create {
            let name = &one.property.name;
            let is_refused = pending.on_create_refused.contains(name)
                || left_out.iter().any(|(unusable, _)| unusable == name);
            if !one.applies_to(pending.brings(name).map(|own| &*own.value)) {
                continue;
            }
            if is_refused {
                self.notes.on_create_refused.push((Arc::clone(name), ticket));
            } else if pending.existence != Existence::Missing {
                self.notes.on_create_missed.push((Arc::clone(name), ticket));
            }
        }
    }

    /// Nothing of an input was left to send, and its record is there.
    pub fn note_unchanged(&mut self, pending: &PendingInput, left_out: &[(Arc<str>, Code)]) {
        for (part, kind) in pending.input.parts.iter().zip(kinds(pending)) {
            let fate = if kind == EffectKind::Changes { Fate::Unchanged } else { fate_of(kind) };
            self.note_accepted(pending, part, fate, left_out, Vec::new());
        }
    }

    /// A record that is written again, to restore the order, keeps its first fate and is not reported again, unless it was only
    /// presumed to be written: what HubSpot says now is what it says of it for the first time.
    fn note_accepted(
        &mut self,
        pending: &PendingInput,
        part: &Part,
        fate: Fate,
        left_out: &[(Arc<str>, Code)],
        emptied: Vec<Arc<str>>,
    ) {
        let fate = match self.held.remove(&part.ticket) {
            Some(Held { fate: first, presumed: false }) => {
                self.fates.insert(part.ticket, first);
                return;
            }
            Some(Held { fate: first, presumed: true }) => {
                self.forget_values(part.ticket);
                if fate == Fate::Created { fate } else { first }
            }
            None => fate,
        };
        self.fates.insert(part.ticket, fate);
        self.note_held_back(pending, part);
        self.note_values(pending, part, left_out);
        self.notes.emptied.extend(emptied.into_iter().map(|property| (property, part.ticket)));
    }

    /// Values that a policy has kept from being sent.
    fn note_held_back(&mut self, pending: &PendingInput, part: &Part) {
        let place = pending.input.parts.iter().position(|one| one.ticket == part.ticket);
        let effect = pending.effect().zip(place).and_then(|(effect, place)| effect.of_parts.get(place));
        let held_back = effect.into_iter().flat_map(|effect| &effect.held_back);
        self.notes.held_back.extend(held_back.map(|property| (Arc::clone(property), part.ticket)));
    }

    /// The CRM record of an input is archived.
    pub fn note_archived(&mut self, pending: &PendingInput) {
        self.archived.push(pending.input.key.clone());
        let tickets = pending.input.parts.iter().map(|part| part.ticket);
        self.fates.extend(tickets.map(|ticket| (ticket, Fate::Archived)));
    }

    /// Takes back what was noted of the values of a record.
    fn forget_values(&mut self, ticket: Ticket) {
        self.notes.left_out.retain(|(_, of)| *of != ticket);
        self.notes.replaced.retain(|(_, of)| *of != ticket);
        self.notes.emptied.retain(|(_, of)| *of != ticket);
    }

    /// Values that the record of a part goes without.
    fn note_values(&mut self, pending: &PendingInput, part: &Part, left_out: &[(Arc<str>, Code)]) {
        let brought = |name: &Arc<str>| part.properties.iter().any(|one| one.property.name == *name);
        let unusable = left_out.iter().filter(|(name, _)| brought(name));
        let unusable = unusable.map(|(name, code)| Reason::of_property(*code, name));
        let refused = pending.dropped.iter().filter(|name| brought(name));
        let refused = refused.map(|name| Reason::of_property(Code::InvalidValue, name));
        let all: Vec<Reason> = part.dropped.iter().cloned().chain(refused).chain(unusable).collect();
        if all.is_empty() {
            return;
        }
        let later = pending.input.parts.iter().skip_while(|one| one.ticket != part.ticket).skip(1);
        let is_replaced = |reason: &&Reason| {
            let mut values = later.clone().flat_map(|part| &part.properties);
            values.any(|one| reason.property.as_ref() == Some(&one.property.name))
        };
        let replaced = all.iter().filter(is_replaced).map(|reason| (reason.clone(), part.ticket));
        self.notes.replaced.extend(replaced);
        self.notes.left_out.extend(all.into_iter().map(|reason| (reason, part.ticket)));
    }

    /// HubSpot has refused an input for good.
    pub fn note_rejected(&mut self, pending: &PendingInput, reason: &Reason, error: Option<&ErrorBody>) {
        let correlation_id = error.and_then(ErrorBody::correlation_id).map(str::to_owned);
        let grounds = grounds(reason, error, &pending.input.key);
        let is_named =
            grounds == Grounds::OfRecord || error.is_some_and(|error| error.trace_ids().next().is_some());
        let rejection = Rejection { reason: reason.clone(), correlation_id, grounds };
        self.undated.extend(pending.input.parts.iter().map(|part| part.ticket));
        for part in &pending.input.parts {
            let held = self.held.remove(&part.ticket);
            let fate = match held {
                // One that was written before is in HubSpot, though perhaps under what an earlier record says. If that was only
                // presumed, a refusal that names nothing does not disprove it.
                Some(Held { fate: first, presumed }) if !(presumed && is_named) => {
                    self.notes.out_of_order.push(part.ticket);
                    first
                }
                Some(_) => {
                    self.forget_values(part.ticket);
                    self.notes.not_applied.retain(|(_, of)| *of != part.ticket);
                    self.written.retain(|(key, _)| *key != pending.input.key);
                    Fate::Rejected(rejection.clone())
                }
                None => Fate::Rejected(rejection.clone()),
            };
            self.fates.insert(part.ticket, fate);
        }
    }
}

/// The properties that are emptied by a value that was sent.
fn emptied(pending: &PendingInput, left_out: &[(Arc<str>, Code)]) -> Vec<Arc<str>> {
    let is_sent =
        |name: &Arc<str>| !pending.dropped.contains(name) && !left_out.iter().any(|(one, _)| one == name);
    let emptied = pending.values().iter().filter(|one| one.value.is_empty() && is_sent(&one.property.name));
    emptied.map(|one| Arc::clone(&one.property.name)).collect()
}

/// What each record of an input comes to: without a comparison, each changes something.
fn kinds(pending: &PendingInput) -> Vec<EffectKind> {
    match pending.effect() {
        Some(effect) => effect.of_parts.iter().map(|part| part.kind).collect(),
        None => vec![EffectKind::Changes; pending.input.parts.len()],
    }
}

fn fate_of(kind: EffectKind) -> Fate {
    match kind {
        EffectKind::HeldBack => Fate::Skipped(Reason::of(Code::Policy)),
        EffectKind::Nothing | EffectKind::Changes => Fate::Unchanged,
    }
}

/// The fate of a record that was written and is to be written again.
#[derive(Debug)]
struct Held {
    fate: Fate,
    /// That it was written is only presumed.
    presumed: bool,
}

/// What a rejection rests on; `error` is HubSpot's refusal of the record, if there is one.
fn grounds(reason: &Reason, error: Option<&ErrorBody>, key: &Key) -> Grounds {
    match reason.code {
        Code::NothingToWrite => Grounds::Ours,
        Code::NotConfirmed => Grounds::Unanswered,
        Code::RefusedByHubSpot
            if reason.property.is_none() && !error.is_some_and(|error| mentions_key(error, key)) =>
        {
            Grounds::General
        }
        _ => Grounds::OfRecord,
    }
}

/// What a batch has to report besides the fates.
#[derive(Debug, Default)]
pub struct Notes {
    /// Values left out of records that were written, with their records.
    pub left_out: Vec<(Reason, Ticket)>,
    /// Those of them for whose property a later record of the same input brings a value.
    pub replaced: HashSet<(Reason, Ticket)>,
    /// Properties that a record which was written has emptied, with that record.
    pub emptied: Vec<(Arc<str>, Ticket)>,
    /// Properties of which a policy has kept a value from being sent, with its record.
    pub held_back: Vec<(Arc<str>, Ticket)>,
    /// Properties that HubSpot turned out to reject for every record.
    pub unusable: Vec<(Arc<str>, Code)>,
    /// Records that were written before one that came earlier for another key of their CRM record, and that HubSpot refused
    /// when they were to be written again.
    pub out_of_order: Vec<Ticket>,
    /// New records that went without a value that new ones get, since HubSpot refused it; with its property.
    pub on_create_refused: Vec<(Arc<str>, Ticket)>,
    /// New records that went without a value that new ones get, since HubSpot had not said that they are new; with its property.
    pub on_create_missed: Vec<(Arc<str>, Ticket)>,
    /// Properties of which HubSpot took a value and kept its own, with the record that brought it.
    pub not_applied: Vec<(Arc<str>, Ticket)>,
}

impl Notes {
    /// A property that HubSpot turned out not to have.
    pub fn vanished_property(&self) -> Option<&Arc<str>> {
        self.unusable.iter().find(|(_, code)| *code == Code::UnknownProperty).map(|(property, _)| property)
    }
}
