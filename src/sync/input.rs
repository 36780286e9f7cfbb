//! One input of a batch: the records of one key, folded together. Pure. Not here: which records share a batch
//! ([`super::batcher`]), and what becomes of them ([`super::delivery`]).

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    crm::{
        key::Key,
        property::{Kind, LIFECYCLE_STAGE},
    },
    mapping::{
        change::{Change, PropertyValue},
        reason::Reason,
    },
    report::fate::Ticket,
};

/// What a record takes in memory beyond its values, about.
const RECORD_OVERHEAD: usize = 256;
const PROPERTY_OVERHEAD: usize = 48;

/// One record's share of an input.
#[derive(Debug, Clone)]
pub struct Part {
    pub ticket: Ticket,
    pub properties: Vec<PropertyValue>,
    /// Values that its record goes without.
    pub dropped: Vec<Reason>,
}

/// One contact to upsert: the records of one key, in reading order, as they are folded together.
#[derive(Debug, Clone)]
pub struct Input {
    pub key: Key,
    pub parts: Vec<Part>,
}

impl Input {
    /// The properties of all parts, as HubSpot would have them after one part upon the other: the later value wins; for
    /// a property of several options, a value that begins with `;` is appended.
    pub fn merged(&self) -> BTreeMap<Arc<str>, String> {
        let mut merged = BTreeMap::<Arc<str>, String>::new();
        for PropertyValue { property, value } in self.parts.iter().flat_map(|part| &part.properties) {
            let appended = value.strip_prefix(';').filter(|_| property.kind == Kind::Choices);
            match (merged.get_mut(&property.name), appended) {
                (Some(earlier), Some(options)) if earlier.is_empty() => options.clone_into(earlier),
                (Some(earlier), Some(options)) => append(earlier, options),
                _ => {
                    merged.insert(Arc::clone(&property.name), value.to_string());
                }
            }
        }
        merged
    }

    /// The lifecycle stage that the records themselves set.
    pub fn own_stage(&self) -> Option<&str> {
        self.parts.iter().rev().find_map(|part| stage_of(&part.properties))
    }

    /// What the input takes in memory, about.
    pub fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part_bytes(&self.key, part)).sum()
    }

    /// Two different stages are two steps of a contact's life, and HubSpot must see both.
    pub fn folds_with(&self, contact: &Change) -> bool {
        match (self.own_stage(), stage_of(&contact.properties)) {
            (Some(own), Some(other)) => own == other,
            _ => true,
        }
    }
}

/// Appends options as HubSpot does: one that is there already is not added.
fn append(earlier: &mut String, options: &str) {
    for option in options.split(';').filter(|option| !option.is_empty()) {
        if !earlier.split(';').any(|one| one == option) {
            earlier.push(';');
            earlier.push_str(option);
        }
    }
}

fn stage_of(properties: &[PropertyValue]) -> Option<&str> {
    let stage = properties.iter().find(|one| &*one.property.name == LIFECYCLE_STAGE);
    stage.map(|one| &*one.value)
}

pub fn part_bytes(key: &Key, part: &Part) -> usize {
    let values: usize = part.properties.iter().map(|one| one.value.len() + PROPERTY_OVERHEAD).sum();
    RECORD_OVERHEAD + key.as_str().len() + values + part.dropped.len() * size_of::<Reason>()
}

/// Contacts of different keys, to go in one request.
#[derive(Debug, Clone)]
pub struct Batch {
    pub inputs: Vec<Input>,
}

impl Batch {
    pub fn bytes(&self) -> usize {
        self.inputs.iter().map(Input::bytes).sum()
    }
}
