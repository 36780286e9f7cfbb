//! What one stream writes to, decided once before its first record. Pure.
//!
//! Not here: which property a field goes into ([`super::plan`]).

use std::{collections::HashSet, sync::Arc};

use super::value::Formats;
use crate::{
    config::{DeletedRecordsOfStream, InvalidValues, Mode, NullValues, Policies, Policy},
    crm::{key::KeySpace, property::Property, schema::Schema},
};

/// What one stream writes to. Streams that write to the same share one target: records of one target share batches.
#[derive(Debug)]
pub struct Target {
    /// The object, and the property by which its records are found.
    pub key_space: Arc<KeySpace>,
    pub mode: Mode,
    pub policies: Policies,
    /// A value that HubSpot has already is not sent, and a record of which it has all is not written.
    pub skips_unchanged: bool,
    /// The account's properties of the object.
    pub schema: Arc<Schema>,
    /// What a record gets that the sync creates.
    pub on_create: Vec<OnCreate>,
    pub values: ValuePolicy,
    /// Properties that were created at the start, so that HubSpot may not know them everywhere yet.
    pub created: HashSet<Arc<str>>,
    /// Properties of which HubSpot may accept a value and keep its own, which its answers show.
    pub watched: Vec<Arc<str>>,
}

impl Target {
    /// A target in the mode `upsert` that gives new records nothing besides.
    pub fn new(key_space: Arc<KeySpace>, schema: Arc<Schema>, values: ValuePolicy) -> Self {
        let (on_create, created) = (Vec::new(), HashSet::new());
        let watched = schema.forward_only();
        let (mode, policies, skips_unchanged) = (Mode::Upsert, Policies::default(), false);
        Self { key_space, mode, policies, skips_unchanged, schema, on_create, values, created, watched }
    }

    /// Whether what is sent of a value depends on what HubSpot has.
    pub fn compares_values(&self) -> bool {
        self.skips_unchanged || !self.policies.is_plain()
    }

    /// Whether records may have to be looked up for more than a record that holds nothing but its key.
    pub fn needs_look_ups(&self) -> bool {
        let archives = self.values.deleted == DeletedRecordsOfStream::Archive;
        self.mode != Mode::Upsert || archives || self.compares_values() || !self.on_create.is_empty()
    }

    /// Whether marks of deletion say what becomes of a record.
    pub fn heeds_deletions(&self) -> bool {
        self.values.heeds_deletions()
    }

    pub fn policy_of(&self, property: &str) -> Policy {
        if self.policies.is_plain() { Policy::Overwrite } else { self.policies.of(property) }
    }
}

/// What the settings say about values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ValuePolicy {
    /// What becomes of a record with a value that does not fit, or that HubSpot refuses.
    pub invalid: InvalidValues,
    pub null: NullValues,
    pub deleted: DeletedRecordsOfStream,
    pub formats: Formats,
}

impl ValuePolicy {
    /// Whether marks of deletion say what becomes of a record.
    pub fn heeds_deletions(self) -> bool {
        self.deleted != DeletedRecordsOfStream::Write
    }
}

/// A value that a new record gets unless its row brings a valid one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnCreate {
    pub property: Arc<Property>,
    /// The internal value that is sent.
    pub value: Arc<str>,
}

impl OnCreate {
    /// Whether a new record gets it whose row brings the value `own`.
    pub fn applies_to(&self, own: Option<&str>) -> bool {
        !own.is_some_and(|own| self.property.choices.has(own))
    }
}
