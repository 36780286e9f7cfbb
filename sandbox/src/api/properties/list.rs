//! Listing properties and groups.
//! <https://developers.hubspot.com/docs/guides/api/crm/properties>

use serde_json::{Value, json};

use crate::{
    account::{
        catalogue::Group,
        definition::{Definition, NOT_SENSITIVE, View},
        state::State,
        tokens,
    },
    api::call::Call,
    failure::Failure,
    reply::Reply,
};

/// All properties, without paging. `archived=true` lists the archived ones instead, `dataSensitivity` the sensitive ones.
pub(crate) fn list(state: &State, call: &Call<'_>) -> Result<Reply, Failure> {
    require_reading(call)?;
    let archived = call.query_value("archived").is_some_and(|value| value == "true");
    let sensitivity = call.query_value("dataSensitivity").unwrap_or_else(|| NOT_SENSITIVE.to_owned());
    if sensitivity != NOT_SENSITIVE {
        call.require(&[tokens::SENSITIVE_READ, tokens::SENSITIVE_WRITE], &state.settings)?;
    }
    let missing = call.missing(&state.settings);
    // Permission was settled above, so the view need not ask again.
    let view = View { sensitive: true, ..call.view(&missing) };
    let results: Vec<Value> = state
        .catalogue
        .iter()
        .filter(|definition| definition.sensitivity == sensitivity)
        .filter(|definition| if archived { definition.archived } else { definition.is_visible(view) })
        .map(Definition::to_json)
        .collect();
    Ok(Reply::json(200, &json!({ "results": results })))
}

/// One property by its name.
pub(crate) fn one(state: &State, call: &Call<'_>) -> Result<Reply, Failure> {
    require_reading(call)?;
    let name = call.name.unwrap_or_default();
    let missing = call.missing(&state.settings);
    state
        .catalogue
        .visible(name, call.view(&missing))
        .map(|definition| Reply::json(200, &definition.to_json()))
        .ok_or_else(|| not_found(name))
}

/// All groups.
pub(crate) fn groups(state: &State, call: &Call<'_>) -> Result<Reply, Failure> {
    require_reading(call)?;
    let groups: Vec<Value> = state.catalogue.groups().iter().map(Group::to_json).collect();
    Ok(Reply::json(200, &json!({ "results": groups })))
}

/// The refusal of a name that no property has.
pub(super) fn not_found(name: &str) -> Failure {
    Failure::new(404, "OBJECT_NOT_FOUND", format!("Property \"{name}\" does not exist"))
        .context("propertyName", [name])
}

/// Any of many scopes will do; HubSpot's refusal names none of them.
fn require_reading(call: &Call<'_>) -> Result<(), Failure> {
    let permitted = tokens::TO_LIST_PROPERTIES.iter().any(|scope| call.grant.has(scope));
    if permitted {
        return Ok(());
    }
    Err(Failure::new(
        403,
        "MISSING_SCOPES",
        "This app hasn't been granted all required scopes to make this call.",
    ))
}
