//! Several addresses of one contact in one batch: their records have to be written in reading order. Pure.
//!
//! HubSpot finds a contact by a secondary address too, and answers with the primary one. Not here: how that is recognised
//! in an answer ([`super::account`]).

use std::collections::BTreeSet;

use super::{lifecycle::Existence, slot::Slot};
use crate::crm::key::Key;

/// What a batch has learned of addresses that are one contact.
#[derive(Debug, Default)]
pub struct Aliases {
    found: Vec<Found>,
    done: bool,
}

/// A result with another address than was asked for.
#[derive(Debug)]
struct Found {
    primary: String,
    /// The keys that it may stand for.
    keys: Vec<Key>,
}

/// A record that was written: a part of a slot.
type Record<'a> = (&'a Slot, usize);

impl Aliases {
    /// A result came back with another address than its input's, which is one of `keys`.
    pub fn note(&mut self, primary: String, keys: Vec<Key>) {
        self.found.push(Found { primary, keys });
    }

    /// What to write once more, one after the other, since addresses of one contact were not written in reading
    /// order. Asked once, when all else is done.
    pub fn written_out_of_order(&mut self, slots: &[Slot]) -> Vec<Slot> {
        if std::mem::replace(&mut self.done, true) {
            return Vec::new();
        }
        let primaries: BTreeSet<&str> = self.found.iter().map(|found| found.primary.as_str()).collect();
        let contacts: Vec<BTreeSet<&Key>> =
            primaries.iter().map(|primary| self.keys_of(primary, slots)).collect();
        let wrong = contacts.iter().filter(|keys| !in_order(&records(slots, keys)));
        let mut again: BTreeSet<&Key> = wrong.flatten().copied().collect();
        // Where it is not known which of two results is whose, a key is counted to both contacts. What is written again
        // comes last, so whatever may share a contact with it goes again too.
        let mut before = 0;
        while before < again.len() {
            before = again.len();
            for keys in &contacts {
                if !keys.is_disjoint(&again) {
                    again.extend(keys);
                }
            }
        }
        let run = |run: &[Record<'_>]| {
            let (&(slot, first), &(_, last)) = (run.first()?, run.last()?);
            let mut alone = slot.with_parts(slot.input.parts.get(first..=last)?.to_vec());
            alone.existence = Existence::Known;
            alone.dropped.clone_from(&slot.dropped);
            Some(alone)
        };
        // What follows one another in one slot goes again as it went: folded.
        records(slots, &again).chunk_by(|one, next| std::ptr::eq(one.0, next.0)).filter_map(run).collect()
    }

    /// The keys by which a contact may have been written; none if it was written by one at most.
    fn keys_of<'a>(&'a self, primary: &str, slots: &'a [Slot]) -> BTreeSet<&'a Key> {
        let found = self.found.iter().filter(|found| found.primary == primary);
        let itself = slots.iter().filter(|slot| slot.input.key.as_str() == primary && slot.written_by > 0);
        if found.clone().count() + itself.clone().take(1).count() < 2 {
            return BTreeSet::new();
        }
        found.flat_map(|found| &found.keys).chain(itself.map(|slot| &slot.input.key)).collect()
    }
}

/// The records of these keys that were written, in reading order.
fn records<'a>(slots: &'a [Slot], keys: &BTreeSet<&Key>) -> Vec<Record<'a>> {
    let written = slots.iter().filter(|slot| slot.written_by > 0 && keys.contains(&slot.input.key));
    let mut records: Vec<Record<'_>> =
        written.flat_map(|slot| (0..slot.input.parts.len()).map(move |part| (slot, part))).collect();
    records.sort_by_key(|(slot, part)| slot.input.parts.get(*part).map(|part| part.ticket.line));
    records
}

/// Those of one key always are in order; those of two keys if one request came after the other.
fn in_order(records: &[Record<'_>]) -> bool {
    records.windows(2).all(|pair| match pair {
        [(one, _), (other, _)] => one.input.key == other.input.key || one.written_by < other.written_by,
        _ => true,
    })
}
