//! One input of a batch: the records of one key, folded together. Pure. Not here: which records share a batch
//! ([`super::batcher`]), and what becomes of them ([`super::delivery`]).

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;

use crate::{
    config::{Mode, Policy},
    crm::{key::Key, property::Fold},
    mapping::{
        change::{Change, PropertyValue},
        reason::Reason,
        target::Target,
    },
    report::fate::Ticket,
};

/// What a record takes in memory beyond its values, about.
const RECORD_OVERHEAD: usize = 256;
const PROPERTY_OVERHEAD: usize = 48;
/// What a record takes in the body of a request beyond its key, names and values, at most: `id`, `idProperty`,
/// `objectWriteTraceId`, `properties`, and the name of the key's property.
const RECORD_IN_BODY: usize = 128;
/// Two pairs of quotes, a colon and a comma.
const PROPERTY_IN_BODY: usize = 6;

/// One record's share of an input.
#[derive(Debug, Clone)]
pub struct Part {
    pub ticket: Ticket,
    pub properties: Vec<PropertyValue>,
    /// Values that its record goes without.
    pub dropped: Vec<Reason>,
    /// Its record is left as it is if HubSpot changed it after this moment.
    pub unless_changed_since: Option<Timestamp>,
    /// What it weighed when it came.
    pub bytes: PartBytes,
}

impl Part {
    pub fn new(ticket: Ticket, change: Change) -> Self {
        let Change { key, archives: _, properties, dropped, unless_changed_since } = change;
        let bytes = PartBytes::of(&key, &properties, dropped.len());
        Self { ticket, properties, dropped, unless_changed_since, bytes }
    }
}

/// One record of the CRM to write: the records of one key, in reading order, as they are folded together.
#[derive(Debug, Clone)]
pub struct Input {
    pub key: Key,
    /// Its CRM record is to be archived.
    pub archives: bool,
    /// At least one.
    pub parts: Vec<Part>,
}

impl Input {
    /// The values of all parts, as HubSpot would have them after one part upon the other.
    pub fn fold(&self) -> Vec<PropertyValue> {
        let mut folded: Vec<PropertyValue> = Vec::new();
        for value in self.parts.iter().flat_map(|part| &part.properties) {
            match folded.iter_mut().find(|one| one.property.name == value.property.name) {
                Some(earlier) => fold_into(earlier, value),
                None => folded.push(value.clone()),
            }
        }
        folded
    }

    /// The value of a property that the records themselves bring: of several the last one.
    pub fn own(&self, property: &str) -> Option<&str> {
        self.parts.iter().rev().find_map(|part| value_of(&part.properties, property))
    }

    /// What the input takes in memory, about, the request that carries it included.
    pub fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.bytes.in_memory).sum()
    }

    /// What the input takes in the body of a request, at most.
    pub fn body_bytes(&self) -> usize {
        self.parts.iter().map(|part| part.bytes.in_body).sum()
    }

    /// Whether a later record of the key may be folded in: not where it brings another value of a property that does not fold, or where
    /// the first of them decides whether the others are written at all.
    pub fn folds_with(&self, change: &Change, target: &Target) -> bool {
        if self.archives || change.archives || target.mode == Mode::CreateOnly {
            return false;
        }
        let differs = |one: &PropertyValue| {
            let own = || self.own(&one.property.name);
            // HubSpot gives a new record a stage of its own, which nobody knows before it is created.
            let fills = || target.policy_of(&one.property.name) == Policy::FillEmpty && own().is_none();
            one.property.traits.fold == Fold::Never
                && (own().is_some_and(|own| *own != *one.value) || fills())
        };
        !change.properties.iter().any(differs)
    }
}

/// One value upon the other, as they are sent together.
pub fn fold_into(earlier: &mut PropertyValue, later: &PropertyValue) {
    earlier.value = appended_value(&earlier.value, later).as_ref().into();
}

/// What is there once a value is written over another one.
pub fn appended_value<'v>(earlier: &str, later: &'v PropertyValue) -> Cow<'v, str> {
    match later.value.strip_prefix(';').filter(|_| later.property.traits.fold == Fold::Append) {
        Some(options) if earlier.is_empty() => options.into(),
        Some(options) => appended(earlier, options).into(),
        None => (&*later.value).into(),
    }
}

/// Appends options as HubSpot does: one that is there already is not added.
fn appended(earlier: &str, options: &str) -> String {
    let mut all = earlier.to_owned();
    for option in options.split(';').filter(|option| !option.is_empty()) {
        if !all.split(';').any(|one| one == option) {
            all.push(';');
            all.push_str(option);
        }
    }
    all
}

fn value_of<'a>(properties: &'a [PropertyValue], property: &str) -> Option<&'a str> {
    properties.iter().find(|one| *one.property.name == *property).map(|one| &*one.value)
}

/// What a record's share of an input weighs, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartBytes {
    /// In the body of a request, at most: folded with others, it takes no more.
    pub in_body: usize,
    /// In memory, about, its place in the body included.
    pub in_memory: usize,
}

impl PartBytes {
    fn of(key: &Key, properties: &[PropertyValue], dropped: usize) -> Self {
        let mut in_body = RECORD_IN_BODY + json_bytes(key.as_str());
        let mut values = 0;
        for PropertyValue { property, value } in properties {
            in_body += PROPERTY_IN_BODY + property.name.len() + json_bytes(value);
            values += PROPERTY_OVERHEAD + value.len();
        }
        let dropped = dropped * size_of::<Reason>();
        Self { in_body, in_memory: RECORD_OVERHEAD + key.as_str().len() + values + dropped + in_body }
    }
}

/// The length of a text in JSON, without its quotes.
fn json_bytes(text: &str) -> usize {
    // Asked of every value: without a branch, many bytes are looked at together.
    let special = |byte: u8| u8::from(byte < b' ') | u8::from(byte == b'"') | u8::from(byte == b'\\');
    if text.bytes().fold(0, |any, byte| any | special(byte)) == 0 {
        return text.len();
    }
    let escapes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..0x20 => 5,
        _ => 0,
    });
    text.len() + escapes.sum::<usize>()
}

/// Inputs of different keys that go to one target in one request.
#[derive(Debug, Clone)]
pub struct Batch {
    pub target: Arc<Target>,
    pub inputs: Vec<Input>,
}

impl Batch {
    pub fn bytes(&self) -> usize {
        self.inputs.iter().map(Input::bytes).sum()
    }
}
