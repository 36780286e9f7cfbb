//! `batch/archive`: contacts to the recycle bin, by record id. `gdpr-delete`: one contact for good, and its addresses to the
//! blocklist.

use serde::Deserialize;

use super::input::ReadBatch;
use crate::{
    account::{state::State, tokens},
    api::{
        batch::{MAX_INPUTS, check_count},
        body,
        call::Call,
    },
    failure::Failure,
    reply::Reply,
};

/// Carries out `batch/archive`. Unknown ids are passed over; an archived contact's addresses are free again.
pub(crate) fn archive(state: &mut State, call: &Call<'_>) -> Result<Reply, Failure> {
    let batch: ReadBatch = body::parse(call.body)?;
    call.require(tokens::TO_WRITE, &state.settings)?;
    check_count(batch.inputs.len(), MAX_INPUTS)?;
    for input in &batch.inputs {
        if let Ok(id) = input.id.parse() {
            state.store.archive(id);
        }
    }
    Ok(Reply::empty(204))
}

/// Body of a deletion for good.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GdprDelete {
    object_id: String,
    #[serde(default)]
    id_property: Option<String>,
}

/// Carries out `gdpr-delete`. An address that no contact has goes to the blocklist as well.
/// <https://developers.hubspot.com/docs/api-reference/legacy/crm/objects/contacts/gdpr/gdpr-delete-contact>
///
/// HubSpot takes up to 30 days to complete it; here it is done at once.
pub(crate) fn gdpr_delete(state: &mut State, call: &Call<'_>) -> Result<Reply, Failure> {
    let deletion: GdprDelete = body::parse(call.body)?;
    call.require(tokens::TO_WRITE, &state.settings)?;
    let by_address = deletion.id_property.as_deref() == Some("email");
    let id = if by_address {
        state.store.by_address(&deletion.object_id)
    } else {
        deletion.object_id.parse().ok()
    };
    if by_address {
        state.store.block(&deletion.object_id);
    }
    if let Some(id) = id {
        state.store.delete_for_good(id);
    }
    Ok(Reply::empty(204))
}
