//! `batch/archive`: contacts to the recycle bin, by record id. `gdpr-delete`: one contact for good, and its addresses to the
//! blocklist.

use serde::Deserialize;

use super::input::{ReadBatch, ReadInput};
use crate::{
    account::{state::State, tokens},
    api::{
        batch::{MAX_INPUTS, check_count, envelope},
        body,
        call::Call,
        refusal::not_found,
    },
    clock,
    failure::Failure,
    reply::Reply,
    settings::ArchiveOfMissing,
};

/// Carries out `batch/archive`. The id of a merged contact archives the one that remained. What is done about an id that is
/// unknown or archived already, the settings choose.
pub(crate) fn archive(state: &mut State, call: &Call<'_>) -> Result<Reply, Failure> {
    let started = clock::now();
    let batch: ReadBatch = body::parse(call.body)?;
    call.require(tokens::TO_WRITE, &state.settings)?;
    check_count(batch.inputs.len(), MAX_INPUTS)?;
    let known = |input: &ReadInput| input.id.parse().ok().and_then(|id| state.store.known(id));
    let ids: Vec<u64> = batch.inputs.iter().filter_map(known).collect();
    let missing = batch.inputs.iter().filter(|input| known(input).is_none());
    let missing: Vec<&str> = missing.map(|input| input.id.as_str()).collect();
    let choice = state.settings.archive_of_missing;
    if choice == ArchiveOfMissing::Status404 && !missing.is_empty() {
        return Err(not_found(missing));
    }
    for id in ids {
        state.store.archive(id);
    }
    if choice == ArchiveOfMissing::Status207 && !missing.is_empty() {
        return Ok(envelope(started, 207, Vec::new(), vec![not_found(missing).into_entry()]));
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
