//! Several keys of one record in one batch: their values have to be written in reading order. Pure.
//!
//! HubSpot finds a contact by a secondary address too, and answers with the primary one. Not here: how that is recognised
//! in an answer ([`super::attribution`]).

use std::collections::BTreeSet;

use super::{existence::Existence, pending::PendingInput};
use crate::crm::key::Key;

/// What a batch has learned of keys that are one record.
#[derive(Debug, Default)]
pub struct WriteOrder {
    found: Vec<Found>,
    done: bool,
}

/// A result with another key than was asked for.
#[derive(Debug)]
struct Found {
    primary: String,
    /// The keys that it may stand for.
    keys: Vec<Key>,
}

/// A record that was written: a part of a pending input.
type WrittenPart<'a> = (&'a PendingInput, usize);

impl WriteOrder {
    /// A result came back with another key than its input's, which is one of `keys`.
    pub fn note(&mut self, primary: String, keys: Vec<Key>) {
        self.found.push(Found { primary, keys });
    }

    /// What to write once more, one after the other, since keys of one record were not written in reading
    /// order. Asked once, when all else is done.
    pub fn written_out_of_order(&mut self, inputs: &[PendingInput]) -> Vec<PendingInput> {
        if std::mem::replace(&mut self.done, true) {
            return Vec::new();
        }
        let primaries: BTreeSet<&str> = self.found.iter().map(|found| found.primary.as_str()).collect();
        let of_records: Vec<BTreeSet<&Key>> =
            primaries.iter().map(|primary| self.keys_of(primary, inputs)).collect();
        let wrong = of_records.iter().filter(|keys| !in_order(&records(inputs, keys)));
        let mut again: BTreeSet<&Key> = wrong.flatten().copied().collect();
        // Where it is not known which of two results is whose, a key is counted to both records. What is written again
        // comes last, so whatever may share a record with it goes again too.
        let mut before = 0;
        while before < again.len() {
            before = again.len();
            for keys in &of_records {
                if !keys.is_disjoint(&again) {
                    again.extend(keys);
                }
            }
        }
        let run = |run: &[WrittenPart<'_>]| {
            let (&(pending, first), &(_, last)) = (run.first()?, run.last()?);
            let mut alone = pending.with_parts(pending.input.parts.get(first..=last)?.to_vec());
            // What is only presumed says nothing of whether the record exists.
            alone.presumed = pending.presumed;
            if !pending.presumed {
                alone.existence = Existence::Exists;
            }
            alone.dropped.clone_from(&pending.dropped);
            Some(alone)
        };
        // What follows one another in one pending input goes again as it went: folded.
        records(inputs, &again).chunk_by(|one, next| std::ptr::eq(one.0, next.0)).filter_map(run).collect()
    }

    /// The keys by which a record may have been written; none if it was written by one at most.
    fn keys_of<'a>(&'a self, primary: &str, inputs: &'a [PendingInput]) -> BTreeSet<&'a Key> {
        let found = self.found.iter().filter(|found| found.primary == primary);
        let itself =
            inputs.iter().filter(|pending| pending.input.key.as_str() == primary && pending.written_by > 0);
        if found.clone().count() + itself.clone().take(1).count() < 2 {
            return BTreeSet::new();
        }
        found.flat_map(|found| &found.keys).chain(itself.map(|pending| &pending.input.key)).collect()
    }
}

/// The records of these keys that were written, in reading order.
fn records<'a>(inputs: &'a [PendingInput], keys: &BTreeSet<&Key>) -> Vec<WrittenPart<'a>> {
    let written = inputs.iter().filter(|pending| pending.written_by > 0 && keys.contains(&pending.input.key));
    let mut records: Vec<WrittenPart<'_>> =
        written.flat_map(|pending| (0..pending.input.parts.len()).map(move |part| (pending, part))).collect();
    records.sort_by_key(|(pending, part)| pending.input.parts.get(*part).map(|part| part.ticket.line));
    records
}

/// Those of one key always are in order; those of two keys if one request came after the other.
fn in_order(records: &[WrittenPart<'_>]) -> bool {
    records.windows(2).all(|pair| match pair {
        [(one, _), (other, _)] => one.input.key == other.input.key || one.written_by < other.written_by,
        _ => true,
    })
}
