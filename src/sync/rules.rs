//! What the configuration decides for all batches of a sync.

use std::{collections::HashSet, sync::Arc};

use super::lifecycle::NewContactStage;
use crate::config::InvalidValues;

/// What holds for all batches of a sync.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub stage: Option<NewContactStage>,
    /// What becomes of a record with a value that HubSpot refuses.
    pub invalid_values: InvalidValues,
    /// Properties that were created at the start, so that HubSpot may not know them everywhere yet.
    pub created: HashSet<Arc<str>>,
}
