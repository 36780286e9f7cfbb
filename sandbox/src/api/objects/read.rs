//! `batch/read`: contacts by id, by address (secondary ones too) or by a custom unique property.

use std::collections::HashSet;

use serde_json::Value;

use super::{input::ReadBatch, result::record};
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
};

/// Shown in every result.
const ALWAYS_SHOWN: &[&str] = &["createdate", "hs_object_id", "lastmodifieddate"];
/// Shown when the request names no properties.
const SHOWN_BY_DEFAULT: &[&str] = &["email", "firstname", "lastname"];
/// A read with history takes fewer inputs.
const MAX_INPUTS_WITH_HISTORY: usize = 50;

/// Carries out `batch/read`. Ids that belong to no contact are named in an error as they were sent.
pub(crate) fn read(state: &mut State, call: &Call<'_>) -> Result<Reply, Failure> {
    let started = clock::now();
    let batch: ReadBatch = body::parse(call.body)?;
    call.require(tokens::TO_READ, &state.settings)?;
    let limit = if batch.properties_with_history.is_empty() { MAX_INPUTS } else { MAX_INPUTS_WITH_HISTORY };
    check_count(batch.inputs.len(), limit)?;
    let mut seen = HashSet::new();
    let mut results = Vec::new();
    let mut unknown = Vec::new();
    for input in &batch.inputs {
        let id = match batch.id_property.as_deref() {
            None | Some("hs_object_id") => input.id.parse().ok(),
            Some(property) => state.store.by_unique(property, &input.id),
        };
        match id.and_then(|id| state.store.get(id)) {
            // Two addresses of one contact give one result.
            Some(contact) if seen.insert(contact.id.clone()) => {
                let names: Vec<&str> = if batch.properties.is_empty() {
                    SHOWN_BY_DEFAULT.to_vec()
                } else {
                    batch.properties.iter().map(String::as_str).collect()
                };
                let names = names.into_iter().chain(ALWAYS_SHOWN.iter().copied());
                results.push(Value::Object(record(contact, names, state.settings.account.portal_id)));
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
