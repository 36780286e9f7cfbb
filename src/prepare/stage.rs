//! Finds the lifecycle stage that the settings name for new contacts. Not here: which contacts get it.

use std::sync::Arc;

use super::error::PrepareError;
use crate::{
    crm::{
        property::LIFECYCLE_STAGE,
        schema::{Schema, Stage, StageMatch},
    },
    mapping::target::OnCreate,
};

/// Finds the configured stage in the account.
///
/// # Errors
///
/// With the stages there are, or those that share the label.
pub fn stage(text: &str, schema: &Schema) -> Result<Stage, PrepareError> {
    match schema.stage(text) {
        StageMatch::Found(stage) => Ok(stage.clone()),
        StageMatch::Several(stages) => {
            Err(PrepareError::StageOfSeveral { stages: stages.into_iter().cloned().collect() })
        }
        StageMatch::Nothing if schema.stages().is_empty() => Err(PrepareError::NoStages),
        StageMatch::Nothing => Err(PrepareError::NoSuchStage { stages: schema.stages().to_vec() }),
    }
}

/// The stage as a value that new contacts get.
pub fn on_create(stage: &Stage, schema: &Schema) -> Option<OnCreate> {
    let property = schema.property(LIFECYCLE_STAGE)?;
    Some(OnCreate { property: Arc::clone(property), value: Arc::clone(&stage.value) })
}
