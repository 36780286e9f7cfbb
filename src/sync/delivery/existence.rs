//! Whether HubSpot has the records of a batch, read from the answer to a look-up. Pure. Not here: what depends on it
//! ([`super::mode`]).
//!
//! HubSpot makes a new contact a `lead` unless the creating request says otherwise, and ignores a later move backwards
//! in silence, so the stage has to be in the creating request and contacts have to be looked up before it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    crm::key::{Key, KeySpace},
    hubspot::{
        answer::{BatchAnswer, BatchResult},
        error_body::ErrorBody,
    },
};

/// What is known of a record before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existence {
    NotAsked,
    Exists,
    Missing,
    /// Asked, and the answer does not say.
    Unclear,
}

/// When a record was last changed, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastModified {
    /// Nobody asked, or this sync itself wrote the record.
    NotAsked,
    At(Timestamp),
    /// Asked, and the answer does not say.
    Unclear,
}

/// When the records were last changed, read from the answer to a batch read by key, for the keys asked for: from the first property
/// besides the key. A record that was found by a secondary address shows only where it is the one that was asked for.
pub fn last_modified(key_space: &Arc<KeySpace>, keys: &[Key], answer: &BatchAnswer) -> Vec<LastModified> {
    let moment = |result: &BatchResult| {
        let moment = result.value(1).and_then(|text| text.parse().ok());
        moment.map_or(LastModified::Unclear, LastModified::At)
    };
    if let ([_], [result]) = (keys, &answer.results[..]) {
        return vec![moment(result)];
    }
    let by_key: HashMap<Key, LastModified> = answer
        .results
        .iter()
        .filter_map(|result| Some((key_space.key(result.key()?)?, moment(result))))
        .collect();
    keys.iter().map(|key| by_key.get(key).copied().unwrap_or(LastModified::Unclear)).collect()
}

/// Reads the answer to a batch read by key, for the keys asked for. HubSpot lists what it does not have under
/// `errors[].context.ids`, as it was asked; what it found by a secondary address comes back with the primary one.
pub fn existence(key_space: &Arc<KeySpace>, keys: &[Key], answer: &BatchAnswer) -> Vec<Existence> {
    let missing: HashSet<Key> =
        answer.errors.iter().flat_map(ErrorBody::ids).filter_map(|text| key_space.key(text)).collect();
    // A record that was asked for by several of its keys is listed for each of them.
    let mut found: HashMap<Key, usize> = HashMap::new();
    for key in answer.results.iter().filter_map(BatchResult::key).filter_map(|text| key_space.key(text)) {
        *found.entry(key).or_default() += 1;
    }
    let mut existence: Vec<Existence> = keys
        .iter()
        .map(|key| match (missing.contains(key), found.get_mut(key)) {
            (true, _) => Existence::Missing,
            (false, Some(left)) if *left > 0 => {
                *left -= 1;
                Existence::Exists
            }
            (false, _) => Existence::Unclear,
        })
        .collect();
    // A proper answer names what is missing: then a result that shows no key is one of those that are not named.
    let names_the_missing =
        answer.errors.iter().all(|error| error.says_nothing() || error.ids().next().is_some());
    let is_keyless = |result: &&BatchResult| result.key().and_then(|key| key_space.key(key)).is_none();
    let keyless = if names_the_missing { answer.results.iter().filter(is_keyless).count() } else { 0 };
    let unclear = existence.iter().filter(|one| **one == Existence::Unclear).count();
    if unclear <= found.values().sum::<usize>() + keyless {
        existence
            .iter_mut()
            .filter(|one| **one == Existence::Unclear)
            .for_each(|one| *one = Existence::Exists);
    }
    existence
}
