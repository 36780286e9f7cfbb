//! Finds the lifecycle stage that the settings name for new contacts. Not here: which contacts get it.

use super::error::PrepareError;
use crate::{
    crm::schema::{Schema, StageMatch},
    mapping::target::NewContactStage,
};

/// Finds the configured stage in the account.
///
/// # Errors
///
/// With the stages there are, or those that share the label.
pub fn stage(text: &str, schema: &Schema) -> Result<NewContactStage, PrepareError> {
    match schema.stage(text) {
        StageMatch::Found(stage) => Ok(NewContactStage::new(stage, schema)),
        StageMatch::Several(stages) => {
            Err(PrepareError::StageOfSeveral { stages: stages.into_iter().cloned().collect() })
        }
        StageMatch::Nothing if schema.stages().is_empty() => Err(PrepareError::NoStages),
        StageMatch::Nothing => Err(PrepareError::NoSuchStage { stages: schema.stages().to_vec() }),
    }
}
