//! What one stream writes to, decided once before its first record. Pure.
//!
//! Not here: which property a field goes into ([`super::plan`]).

use std::{collections::HashSet, sync::Arc};

use super::value::Formats;
use crate::{
    config::{DeletedRecords, InvalidValues, NullValues},
    crm::{key::KeySpace, property::Property, schema::Schema},
};

/// What one stream writes to. Streams that write to the same share one target: records of one target share batches.
#[derive(Debug)]
pub struct Target {
    /// The object, and the property by which its records are found.
    pub key_space: Arc<KeySpace>,
    pub mode: WriteMode,
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
        Self { key_space, mode: WriteMode::Upsert, schema, on_create, values, created, watched }
    }

    /// The same for an account that has further properties now, some of which were created a moment ago.
    #[must_use]
    pub fn with_created(&self, schema: Schema, created: HashSet<Arc<str>>) -> Self {
        let of_schema = Self::new(Arc::clone(&self.key_space), Arc::new(schema), self.values);
        Self { mode: self.mode, on_create: self.on_create.clone(), created, ..of_schema }
    }
}

/// What becomes of a record of which HubSpot has, or lacks, the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// It is created, or updated.
    Upsert,
}

/// What the settings say about values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ValuePolicy {
    /// What becomes of a record with a value that does not fit, or that HubSpot refuses.
    pub invalid: InvalidValues,
    pub null: NullValues,
    pub deleted: DeletedRecords,
    pub formats: Formats,
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
