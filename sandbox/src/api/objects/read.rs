//! `batch/read`: contacts by id, by address (secondary ones too) or by a custom unique property.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    input::{ReadBatch, ReadInput},
    result::record,
};
use crate::{
    account::{contact::Contact, state::State, tokens},
    api::{
        batch::{MAX_INPUTS, check_count, envelope},
        body,
        call::Call,
        refusal::not_found,
    },
    clock,
    failure::Failure,
    reply::Reply,
};

/// Shown in every result.
const ALWAYS_SHOWN: &[&str] = &["createdate", "hs_object_id", "lastmodifieddate"];
/// Shown when the request names no properties.
const SHOWN_BY_DEFAULT: &[&str] = &["email", "firstname", "lastname"];
/// A read with history takes fewer inputs.
const MAX_INPUTS_WITH_HISTORY: usize = 50;

/// Carries out `batch/read`. Ids that belong to no contact are named in an error as they were sent. The id of a merged contact
/// gives the one that remained, with the id of that. `archived=true` reads what is in the recycle bin, and nothing else.
pub(crate) fn read(state: &mut State, call: &Call<'_>) -> Result<Reply, Failure> {
    let started = clock::now();
    let batch: ReadBatch = body::parse(call.body)?;
    call.require(tokens::TO_READ, &state.settings)?;
    let limit = if batch.properties_with_history.is_empty() { MAX_INPUTS } else { MAX_INPUTS_WITH_HISTORY };
    check_count(batch.inputs.len(), limit)?;
    let is_archived = call.query_value("archived").is_some_and(|value| value == "true");
    let names = names(state, call, &batch);
    let mut seen = HashSet::new();
    let mut results = Vec::new();
    let mut unknown = Vec::new();
    for input in &batch.inputs {
        match found(state, &batch, input, is_archived) {
            // Two addresses of one contact give one result.
            Some(contact) if seen.insert(contact.id.clone()) => {
                results.push(Value::Object(record(state, contact, names.iter().copied())));
            }
            Some(_) => {}
            None => unknown.push(input.id.as_str()),
        }
    }
    if state.settings.shuffle_results {
        state.random.shuffle(&mut results);
    }
    let errors = if unknown.is_empty() { Vec::new() } else { vec![not_found(unknown).into_entry()] };
    Ok(envelope(started, 200, results, errors))
}

fn found<'a>(
    state: &'a State,
    batch: &ReadBatch,
    input: &ReadInput,
    is_archived: bool,
) -> Option<&'a Contact> {
    let store = &state.store;
    let id = match batch.id_property.as_deref() {
        None | Some("hs_object_id") => input.id.parse().ok(),
        Some(property) if is_archived => store.bin_by_unique(property, &input.id),
        Some(property) => store.by_unique(property, &input.id),
    }?;
    if is_archived { store.in_bin(id) } else { store.get(id) }
}

/// The properties of the answer. Those that the account or the token does not know are left out: HubSpot's specification
/// says of `properties` that those which are not there are ignored.
fn names<'a>(state: &State, call: &Call<'_>, batch: &'a ReadBatch) -> Vec<&'a str> {
    let missing = call.missing(&state.settings);
    let view = call.view(&missing);
    let mut names: Vec<&str> = batch.properties.iter().map(String::as_str).collect();
    if names.is_empty() {
        names = SHOWN_BY_DEFAULT.to_vec();
    }
    names.retain(|name| state.catalogue.visible(name, view).is_some());
    names.extend(ALWAYS_SHOWN);
    names.retain(|name| !state.settings.lacks_asked_properties.iter().any(|lacked| lacked == name));
    names
}
