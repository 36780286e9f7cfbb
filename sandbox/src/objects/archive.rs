//! `batch/archive`: contacts to the recycle bin, by record id.

use super::{
    MAX_INPUTS, check_count,
    input::{self, ReadBatch},
};
use crate::{
    failure::Failure,
    reply::Reply,
    state::{Call, State},
    tokens,
};

/// Carries out `batch/archive`. Unknown ids are passed over; an archived contact's addresses are free again.
pub(crate) fn archive(state: &mut State, call: &Call<'_>) -> Result<Reply, Failure> {
    let batch: ReadBatch = input::parse(call.body)?;
    state.require(call, tokens::TO_WRITE)?;
    check_count(batch.inputs.len(), MAX_INPUTS)?;
    for input in &batch.inputs {
        if let Ok(id) = input.id.parse() {
            state.store.archive(id);
        }
    }
    Ok(Reply::empty(204))
}
