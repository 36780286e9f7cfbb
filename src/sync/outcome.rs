//! What a batch comes to: the fates of its records, and what else there is to report. Pure.

use std::collections::{HashMap, hash_map::Entry};

use super::{
    fate::{Fate, Rejection, Ticket},
    report::Notes,
    slot::Slot,
};
use crate::mapping::reason::{Code, Reason};

/// What a batch has come to so far.
#[derive(Debug, Default)]
pub struct Outcome {
    pub fates: HashMap<Ticket, Fate>,
    pub notes: Notes,
}

impl Outcome {
    /// HubSpot has taken an input: its last record made or changed the contact, the others went along.
    pub fn note_written(&mut self, slot: &Slot, created: bool) {
        let last = slot.input.parts.len().saturating_sub(1);
        for (number, part) in slot.input.parts.iter().enumerate() {
            let fate = match (number == last, created) {
                (false, _) => Fate::Folded,
                (true, true) => Fate::Created,
                (true, false) => Fate::Updated,
            };
            // A record that is written again, to mend the order, keeps its first fate and is not reported again.
            let Entry::Vacant(entry) = self.fates.entry(part.ticket) else { continue };
            entry.insert(fate);
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
            match self.fates.entry(part.ticket) {
                // It is in HubSpot, though perhaps under what a record before it says.
                Entry::Occupied(_) => self.notes.out_of_order += 1,
                Entry::Vacant(entry) => {
                    entry.insert(Fate::Rejected(rejection.clone()));
                }
            }
        }
    }
}
