//! What a batch comes to: the fates of its records, and what else there is to report. Pure.

use std::collections::HashMap;

use super::{
    fate::{Fate, Rejection, Ticket},
    report::Notes,
    slot::Slot,
};
use crate::{
    crm::key::Key,
    mapping::reason::{Code, Reason},
};

/// What a batch has come to so far.
#[derive(Debug, Default)]
pub struct Outcome {
    pub fates: HashMap<Ticket, Fate>,
    /// The fates of records that were written and have to be written again: they count once that is done.
    held: HashMap<Ticket, Fate>,
    pub notes: Notes,
    /// Contacts that exist now.
    pub written: Vec<Key>,
}

impl Outcome {
    /// An input that was written is to be written again. Until then it is not settled.
    pub fn hold(&mut self, slot: &Slot) {
        for part in &slot.input.parts {
            self.held.extend(self.fates.remove_entry(&part.ticket));
        }
    }

    /// HubSpot has taken an input: its last record made or changed the contact, the others went along.
    pub fn note_written(&mut self, slot: &Slot, created: bool) {
        self.written.push(slot.input.key.clone());
        let last = slot.input.parts.len().saturating_sub(1);
        for (number, part) in slot.input.parts.iter().enumerate() {
            let fate = match (number == last, created) {
                (false, _) => Fate::Folded,
                (true, true) => Fate::Created,
                (true, false) => Fate::Updated,
            };
            // A record that is written again, to mend the order, keeps its first fate and is not reported again.
            if let Some(first) = self.held.remove(&part.ticket) {
                self.fates.insert(part.ticket, first);
                continue;
            }
            self.fates.insert(part.ticket, fate);
            let refused = slot.dropped.iter().map(|name| Reason::of_property(Code::InvalidValue, name));
            for reason in part.dropped.iter().cloned().chain(refused) {
                self.notes.dropped.entry(reason).or_default().push(part.ticket.line);
            }
        }
    }

    /// HubSpot has refused an input for good.
    pub fn note_rejected(&mut self, slot: &Slot, reason: Reason, correlation_id: Option<&str>) {
        let rejection = Rejection { reason, correlation_id: correlation_id.map(str::to_owned) };
        for part in &slot.input.parts {
            // One that was written before is in HubSpot, though perhaps under what an earlier record says.
            let first = self.held.remove(&part.ticket);
            self.notes.out_of_order.extend(first.is_some().then_some(part.ticket.line));
            let fate = first.unwrap_or_else(|| Fate::Rejected(rejection.clone()));
            self.fates.insert(part.ticket, fate);
        }
    }
}
