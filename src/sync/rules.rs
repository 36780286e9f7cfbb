//! What the configuration decides for all batches of a sync.

use super::lifecycle::NewContactStage;
use crate::config::InvalidValues;

/// What holds for all batches of a sync.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub stage: Option<NewContactStage>,
    /// What becomes of a record with a value that HubSpot refuses.
    pub invalid_values: InvalidValues,
}
