//! Finds the lifecycle stage that the settings name for new contacts. Not here: which contacts get it.

use std::sync::Arc;

use crate::{
    crm::{
        property::LIFECYCLE_STAGE,
        schema::{Schema, Stage, StageMatch},
    },
    error::Failure,
    mapping::target::OnCreate,
    text::shown,
};

/// Finds the configured stage in the account.
///
/// # Errors
///
/// A `config_error` that lists the stages there are, or those that share the label.
pub fn stage(text: &str, schema: &Schema) -> Result<Stage, Failure> {
    let told = |stages: &mut dyn Iterator<Item = &Stage>| {
        stages
            .map(|stage| format!("`{}` ({})", shown(&stage.value), shown(&stage.label)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let problem = match schema.stage(text) {
        StageMatch::Found(stage) => return Ok(stage.clone()),
        StageMatch::Several(stages) => format!(
            "is the label of several lifecycle stages of this HubSpot account. Use the internal value of the one that you \
             mean: {}.",
            told(&mut stages.into_iter())
        ),
        StageMatch::Nothing if schema.stages().is_empty() => {
            "is no lifecycle stage of this HubSpot account. HubSpot shows none of them to this token; leave the setting \
             empty, or use another key."
                .to_owned()
        }
        StageMatch::Nothing => format!(
            "is no lifecycle stage of this HubSpot account. Use the internal value or the label of one of these: {}.",
            told(&mut schema.stages().iter())
        ),
    };
    Err(Failure::config(format!("The setting `lifecycle_stage` {problem}")))
}

/// The stage as a value that new contacts get.
pub fn on_create(stage: &Stage, schema: &Schema) -> Option<OnCreate> {
    let property = schema.property(LIFECYCLE_STAGE)?;
    Some(OnCreate { property: Arc::clone(property), value: Arc::clone(&stage.value) })
}
