//! What a fault of a single input does to its batch.
//!
//! Which fault strikes the request was decided before; the batch is carried out in `write`.

use super::{
    input::WriteInput,
    plan::{Planned, Problem},
};
use crate::{
    api::effect::{ItemFault, ItemFaultKind},
    failure::Failure,
};

/// What a fault of a single input does to this batch.
pub(super) struct Struck {
    pub(super) position: usize,
    /// Whether the input is written although the answer says otherwise.
    pub(super) after_write: bool,
    /// The entry that takes the place of its result, if any.
    pub(super) entry: Option<Failure>,
    /// The answer that takes the place of the whole one.
    pub(super) whole_batch: Option<Failure>,
}

/// Finds the input that a fault strikes: the first that it names, or the first of all.
pub(super) fn strike(
    fault: Option<&ItemFault>,
    inputs: &[WriteInput],
    planned: &mut [Planned],
) -> Result<Option<Struck>, Failure> {
    let Some(fault) = fault else { return Ok(None) };
    let position = inputs.iter().position(|input| fault.strikes(&input.id)).unwrap_or(0);
    let Some((input, target)) = inputs.get(position).zip(planned.get_mut(position)) else { return Ok(None) };
    let mut struck = Struck { position, after_write: fault.after_write, entry: None, whole_batch: None };
    match &fault.kind {
        ItemFaultKind::Unaccounted => {}
        ItemFaultKind::ErrorWithoutTraceId => {
            struck.entry = Some(Failure::validation("There was a problem with the request."));
        }
        ItemFaultKind::Refused { failure, whole_batch: false } => {
            if !fault.after_write {
                // Like any other problem of the input: without trace ids it sinks the batch.
                target.problem = Some(Problem::Other(failure.clone()));
                return Ok(None);
            }
            struck.entry = Some(input.traced(failure.clone()));
        }
        ItemFaultKind::Refused { failure, whole_batch: true } => {
            if !fault.after_write {
                return Err(failure.clone());
            }
            struck.whole_batch = Some(failure.clone());
        }
    }
    Ok(Some(struck))
}
