//! `merge`: two contacts become one, which keeps the addresses of both.

use serde::Deserialize;
use serde_json::Value;

use super::result::record;
use crate::{
    account::{state::State, tokens},
    api::{body, call::Call, refusal::not_found},
    failure::Failure,
    reply::Reply,
};

/// Shown of the contact that remains.
const SHOWN: &[&str] = &[
    "createdate",
    "email",
    "hs_additional_emails",
    "hs_merged_object_ids",
    "hs_object_id",
    "lastmodifieddate",
];

/// Body of a merge.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Merge {
    primary_object_id: String,
    object_id_to_merge: String,
}

/// Carries out `merge`. The primary contact keeps its id and its values, and takes over the values that it lacks; HubSpot
/// documents neither, only that old ids lead to the contact that remains, and that it has the addresses of both.
/// <https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/basic/post-crm-v3-objects-contacts-merge>
pub(crate) fn merge(state: &mut State, call: &Call<'_>) -> Result<Reply, Failure> {
    let pair: Merge = body::parse(call.body)?;
    call.require(tokens::TO_WRITE, &state.settings)?;
    let primary = known(state, &pair.primary_object_id)?;
    let other = known(state, &pair.object_id_to_merge)?;
    if primary == other {
        return Err(Failure::validation("A contact cannot be merged with itself."));
    }
    state.with_rules(|store, rules| store.merge(primary, other, rules));
    let merged = state.store.get(primary).ok_or_else(|| not_found([pair.primary_object_id.as_str()]))?;
    Ok(Reply::json(200, &Value::Object(record(state, merged, SHOWN.iter().copied()))))
}

/// The contact that an id leads to.
fn known(state: &State, id: &str) -> Result<u64, Failure> {
    let contact = id.parse().ok().and_then(|id| state.store.known(id));
    contact.ok_or_else(|| not_found([id]))
}
