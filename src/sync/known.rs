//! Which records of the CRM are known to exist, so that they are not looked up again, and of which objects none may be looked
//! up. Pure, and bounded in memory. Not here: looking up.

use std::{
    collections::{HashMap, HashSet, hash_map::RandomState},
    hash::BuildHasher,
};

use jiff::Timestamp;

use crate::crm::{key::Key, object::ObjectType};

/// Beyond so many, records are looked up again. They take about 2 MiB.
const MOST: usize = 100_000;

/// Records that were written.
///
/// Only hashes are kept. That two keys share one, so that a new record goes without what new ones get, happens once in three
/// thousand million syncs of this many records.
#[derive(Debug, Default)]
pub struct KnownRecords {
    hashes: HashSet<u64>,
    /// When those that rows were sent again for were last changed before this sync wrote them.
    changed_before: HashMap<u64, Timestamp>,
    /// Objects whose records the token may not look up.
    denied: HashSet<ObjectType>,
    hasher: RandomState,
}

impl KnownRecords {
    /// A record was written. `changed_before`: its last change before that, if rows were sent again for it.
    pub fn remember(&mut self, key: &Key, changed_before: Option<Timestamp>) {
        let hash = self.hash(key);
        if self.hashes.len() < MOST || self.hashes.contains(&hash) {
            self.hashes.insert(hash);
            match changed_before {
                Some(moment) => drop(self.changed_before.entry(hash).or_insert(moment)),
                // The write is newer than any row that was rejected before.
                None => drop(self.changed_before.remove(&hash)),
            }
        }
    }

    /// When a known record was last changed before this sync wrote it, if nothing but rows that are sent again were written.
    pub fn changed_before(&self, key: &Key) -> Option<Timestamp> {
        self.changed_before.get(&self.hash(key)).copied()
    }

    fn hash(&self, key: &Key) -> u64 {
        self.hasher.hash_one((key.space(), key.as_str()))
    }

    /// HubSpot turned out not to have a record.
    pub fn forget(&mut self, key: &Key) {
        let hash = self.hash(key);
        self.hashes.remove(&hash);
        self.changed_before.remove(&hash);
    }

    /// Whether records exist has to be asked again.
    pub fn forget_all(&mut self) {
        self.hashes.clear();
        self.changed_before.clear();
    }

    /// The token may not look records of this object up: that is asked once in a sync.
    pub fn deny_look_ups(&mut self, object: ObjectType) {
        self.denied.insert(object);
    }

    pub fn may_not_look_up(&self, object: ObjectType) -> bool {
        self.denied.contains(&object)
    }

    pub fn has(&self, key: &Key) -> bool {
        self.hashes.contains(&self.hash(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_fit_are_known() {
        let mut known = KnownRecords::default();
        let key = |number: usize| Key::parse(&format!("p{number}@x.com")).unwrap();
        for number in 0..=MOST {
            known.remember(&key(number), None);
        }
        assert!(known.has(&key(0)) && known.has(&key(MOST - 1)));
        assert!(!known.has(&key(MOST)) && !known.has(&key(MOST + 1)));
    }

    #[test]
    fn the_first_change_counts_until_something_newer_is_written() {
        let mut known = KnownRecords::default();
        let key = Key::parse("p@x.com").unwrap();
        let moment = |second| Some(Timestamp::from_second(second).unwrap());
        known.remember(&key, moment(1));
        known.remember(&key, moment(2));
        assert_eq!(known.changed_before(&key), moment(1));
        known.remember(&key, None);
        assert!(known.has(&key) && known.changed_before(&key).is_none());
    }
}
