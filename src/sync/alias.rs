//! Two addresses of one contact in one batch: their records have to be written in reading order. Pure.
//!
//! HubSpot finds a contact by a secondary address too, and answers with the primary one. Not here: how that is recognised
//! in an answer ([`super::account`]).

use std::collections::HashSet;

use super::{lifecycle::Existence, slot::Slot};
use crate::mapping::email::Key;

/// What a batch has learned of addresses that are one contact.
#[derive(Debug, Default)]
pub struct Aliases {
    /// Each key with the primary address that it came back with.
    pairs: Vec<(Key, String)>,
    done: bool,
}

impl Aliases {
    /// An input came back with another address than its own.
    pub fn note(&mut self, key: &Key, primary: &str) {
        self.pairs.push((key.clone(), primary.to_owned()));
    }

    /// The records to write once more, one after the other, since addresses of one contact were not written in reading
    /// order. Asked once, when all else is done.
    pub fn written_out_of_order(&mut self, slots: &[Slot]) -> Vec<Slot> {
        if std::mem::replace(&mut self.done, true) {
            return Vec::new();
        }
        let in_batch: HashSet<&str> = slots.iter().map(|slot| slot.input.key.as_str()).collect();
        let primaries: HashSet<&str> = self
            .pairs
            .iter()
            .map(|(_, primary)| primary.as_str())
            .filter(|primary| in_batch.contains(primary))
            .collect();
        primaries.into_iter().flat_map(|primary| self.again(primary, slots)).collect()
    }

    /// The records of one contact, if they were not written in reading order.
    fn again(&self, primary: &str, slots: &[Slot]) -> Vec<Slot> {
        let one_contact = |key: &Key| {
            key.as_str() == primary || self.pairs.iter().any(|(alias, of)| alias == key && of == primary)
        };
        let written = slots.iter().filter(|slot| slot.written_by > 0 && one_contact(&slot.input.key));
        let mut records: Vec<(&Slot, usize)> =
            written.flat_map(|slot| (0..slot.input.parts.len()).map(move |part| (slot, part))).collect();
        records.sort_by_key(|(slot, part)| slot.input.parts.get(*part).map(|part| part.ticket.line));
        let in_order = records.windows(2).all(|pair| match pair {
            [(one, _), (other, _)] => one.input.key == other.input.key || one.written_by < other.written_by,
            _ => true,
        });
        if in_order {
            return Vec::new();
        }
        let alone = |(slot, part): (&Slot, usize)| {
            let mut alone = slot.for_part(part)?;
            alone.existence = Existence::Known;
            alone.dropped.clone_from(&slot.dropped);
            Some(alone)
        };
        records.into_iter().filter_map(alone).collect()
    }
}
