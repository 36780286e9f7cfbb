//! What the settings decide for what a sync writes to: what a new contact gets, and what becomes of values. Pure.
//!
//! Not here: which property a field goes into ([`super::plan`]).

use std::{collections::HashSet, sync::Arc};

use super::value::Formats;
use crate::{
    config::{DeletedRecords, InvalidValues, NullValues},
    crm::schema::{Schema, Stage},
};

/// What holds for all batches of a sync.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub stage: Option<NewContactStage>,
    /// What becomes of a record with a value that HubSpot refuses.
    pub invalid_values: InvalidValues,
    /// Properties that were created at the start, so that HubSpot may not know them everywhere yet.
    pub created: HashSet<Arc<str>>,
}

/// What the configuration says about values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ValueRules {
    /// What becomes of a record with a value that does not fit.
    pub invalid: InvalidValues,
    pub null: NullValues,
    pub deleted: DeletedRecords,
    pub formats: Formats,
}

/// The stage for contacts that a sync creates.
#[derive(Debug, Clone)]
pub struct NewContactStage {
    /// The internal value that is sent.
    pub value: Arc<str>,
    /// What people see.
    pub label: String,
    /// The internal values that the account allows.
    allowed: HashSet<Arc<str>>,
}

impl NewContactStage {
    /// The stage of the account, which a setting has named.
    pub fn new(stage: &Stage, schema: &Schema) -> Self {
        let allowed = schema.stages().iter().map(|stage| Arc::clone(&stage.value)).collect();
        Self { value: Arc::clone(&stage.value), label: stage.label.clone(), allowed }
    }

    /// Whether a new contact gets this stage, whose records set the stage `own`: a valid one wins.
    pub fn applies_to(&self, own: Option<&str>) -> bool {
        !own.is_some_and(|own| self.allowed.contains(own))
    }
}
