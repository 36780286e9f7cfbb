//! What a look-up found: a record of the CRM with its number and the values that were asked for. Pure. Not here: whether it exists
//! ([`super::existence`]), and what follows from it ([`super::mode`]).

use std::{collections::HashMap, sync::Arc};

use crate::{
    crm::key::{Key, KeySpace},
    hubspot::answer::{BatchAnswer, BatchResult, Told},
};

/// A record of the CRM as HubSpot had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its number, if the answer has one.
    pub id: Option<Box<str>>,
    /// The key that was asked for is its own one: it was not found by a secondary address, and is no other record's survivor.
    pub by_own_key: bool,
    /// The values that the answer has; empty ones, too.
    values: HashMap<Arc<str>, Box<str>>,
}

/// What HubSpot has of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Current<'a> {
    /// Empty: HubSpot has none.
    Value(&'a str),
    /// It was not asked for, or the answer does not say.
    Unclear,
}

impl Found {
    /// `looks_at`: the properties that were asked for, the key first.
    pub fn of(result: &BatchResult, looks_at: &[Arc<str>], by_own_key: bool) -> Self {
        let told = |(place, name): (usize, &Arc<str>)| match result.property(place) {
            Told::Absent => None,
            Told::Empty => Some((Arc::clone(name), "".into())),
            Told::Value(value) => Some((Arc::clone(name), value.into())),
        };
        let values = looks_at.iter().enumerate().skip(1).filter_map(told).collect();
        Self { id: result.id.as_deref().map(Box::from), by_own_key, values }
    }

    /// What HubSpot has of a property.
    pub fn current(&self, property: &str) -> Current<'_> {
        self.values.get(property).map_or(Current::Unclear, |value| Current::Value(value))
    }
}

/// The record that each key was found as. A result belongs to the key that it shows, and to the other keys that it lists. If one
/// result and one key remain, they belong together.
pub fn found(
    key_space: &Arc<KeySpace>,
    keys: &[Key],
    is_missing: &[bool],
    answer: &BatchAnswer,
    looks_at: &[Arc<str>],
) -> Vec<Option<Found>> {
    let mut by_key: HashMap<Key, Vec<&BatchResult>> = HashMap::new();
    for result in &answer.results {
        if let Some(key) = result.key().and_then(|key| key_space.key(key)) {
            by_key.entry(key).or_default().push(result);
        }
    }
    let mut found: Vec<Option<Found>> = keys
        .iter()
        .map(|key| by_key.remove(key)?.first().map(|result| Found::of(result, looks_at, true)))
        .collect();
    by_other_keys(key_space, keys, answer, looks_at, &mut found);
    let open =
        || found.iter().zip(is_missing).enumerate().filter(|(_, (one, missing))| one.is_none() && !**missing);
    let left: Vec<usize> = open().map(|(place, _)| place).collect();
    let is_asked = |result: &&BatchResult| {
        result.key().and_then(|key| key_space.key(key)).is_some_and(|key| keys.contains(&key))
    };
    let others: Vec<&BatchResult> = answer.results.iter().filter(|result| !is_asked(result)).collect();
    if let ([place], [result]) = (&left[..], &others[..])
        && let Some(one) = found.get_mut(*place)
    {
        *one = Some(Found::of(result, looks_at, false));
    }
    found
}

/// Records that were found by another of their keys, which they list.
fn by_other_keys(
    key_space: &Arc<KeySpace>,
    keys: &[Key],
    answer: &BatchAnswer,
    looks_at: &[Arc<str>],
    found: &mut [Option<Found>],
) {
    let Some(place) =
        key_space.other_keys().and_then(|name| looks_at.iter().position(|property| **property == *name))
    else {
        return;
    };
    let mut results: HashMap<Key, &BatchResult> = HashMap::new();
    for result in &answer.results {
        for key in result.value(place).unwrap_or_default().split(';').filter_map(|text| key_space.key(text)) {
            results.insert(key, result);
        }
    }
    for (key, one) in keys.iter().zip(found).filter(|(_, one)| one.is_none()) {
        *one = results.get(key).map(|result| Found::of(result, looks_at, false));
    }
}
