//! Creating and archiving properties, and creating groups.
//! <https://developers.hubspot.com/docs/guides/api/crm/properties>
//!
//! A created property can be kept invisible for a while, as it is at HubSpot for 250 to 700 ms.

use std::{collections::HashSet, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};

use super::list;
use crate::{
    account::{
        catalogue::{Catalogue, Group},
        definition::{Choice, Definition, Kind, NOT_SENSITIVE},
        state::State,
        tokens,
    },
    api::{
        batch::{MAX_INPUTS, check_count, envelope},
        body,
        call::Call,
    },
    clock,
    failure::Failure,
    reply::Reply,
};

const MAX_CUSTOM_PROPERTIES: usize = 1_000;
const MAX_UNIQUE_PROPERTIES: usize = 10;
const MAX_NAME_LENGTH: usize = 100;

/// Types with the field types that each may have.
const PAIRS: &[(&str, Kind, &[&str])] = &[
    ("bool", Kind::Bool, &["booleancheckbox", "calculation_equation"]),
    ("date", Kind::Date, &["date"]),
    ("datetime", Kind::DateTime, &["date"]),
    (
        "enumeration",
        Kind::Enumeration,
        &["booleancheckbox", "checkbox", "radio", "select", "calculation_equation"],
    ),
    ("number", Kind::Number, &["number", "calculation_equation"]),
    ("phone_number", Kind::PhoneNumber, &["phonenumber"]),
    ("string", Kind::String, &["text", "textarea", "file", "html", "phonenumber", "calculation_equation"]),
];

/// A property to create.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "HubSpot's request has these members")]
struct NewProperty {
    name: String,
    label: String,
    #[serde(rename = "type")]
    kind: String,
    field_type: String,
    group_name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    options: Vec<NewOption>,
    #[serde(default)]
    display_order: Option<i64>,
    #[serde(default)]
    has_unique_value: bool,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    form_field: bool,
    #[serde(default)]
    external_options: bool,
    #[serde(default)]
    calculation_formula: Option<String>,
    #[serde(default)]
    data_sensitivity: Option<String>,
}

#[derive(Debug, Deserialize)]
struct NewOption {
    label: String,
    value: String,
}

#[derive(Debug, Deserialize)]
struct NewProperties {
    inputs: Vec<NewProperty>,
}

/// Creates one property: 201 with its definition.
pub(crate) fn one(state: &mut State, call: &Call<'_>) -> Result<Reply, Failure> {
    let wanted: NewProperty = body::parse(call.body)?;
    call.require(tokens::TO_CREATE_PROPERTIES, &state.settings)?;
    create(state, call, wanted).map(|definition| Reply::json(201, &definition))
}

/// Creates several: 201, or 207 with an entry for each that could not be created.
pub(crate) fn batch(state: &mut State, call: &Call<'_>) -> Result<Reply, Failure> {
    let started = clock::now();
    let batch: NewProperties = body::parse(call.body)?;
    call.require(tokens::TO_CREATE_PROPERTIES, &state.settings)?;
    check_count(batch.inputs.len(), MAX_INPUTS)?;
    let mut results = Vec::new();
    let mut errors = Vec::new();
    for wanted in batch.inputs {
        match create(state, call, wanted) {
            Ok(definition) => results.push(definition),
            Err(failure) => errors.push(failure.into_entry()),
        }
    }
    Ok(envelope(started, 201, results, errors))
}

/// Creates a group.
pub(crate) fn group(state: &mut State, call: &Call<'_>) -> Result<Reply, Failure> {
    let group: Group = body::parse(call.body)?;
    call.require(tokens::TO_CREATE_PROPERTIES, &state.settings)?;
    check_name(&group.name)?;
    if state.catalogue.groups().iter().any(|known| known.name == group.name) {
        return Err(exists("property group", &group.name, "Properties.GROUP_WITH_NAME_EXISTS"));
    }
    let reply = Reply::json(201, &group.to_json());
    state.catalogue.add_group(group);
    Ok(reply)
}

/// Archives a property. Its values stay, and come back with it when the name is created again.
pub(crate) fn archive(state: &mut State, call: &Call<'_>) -> Result<Reply, Failure> {
    call.require(tokens::TO_CREATE_PROPERTIES, &state.settings)?;
    let name = call.name.unwrap_or_default();
    let definition = state.catalogue.any_mut(name).filter(|definition| !definition.archived);
    let definition = definition.ok_or_else(|| list::not_found(name))?;
    if definition.hubspot_defined {
        return Err(Failure::validation(format!(
            "Property \"{name}\" is defined by HubSpot and cannot be archived"
        )));
    }
    definition.archived = true;
    Ok(Reply::empty(204))
}

fn create(state: &mut State, call: &Call<'_>, wanted: NewProperty) -> Result<Value, Failure> {
    let kind = check(&state.catalogue, &wanted)?;
    check_sensitivity(state, call, &wanted)?;
    let settings = &state.settings;
    let (delay, requests) = (settings.property_visible_after_ms, settings.property_visible_after_requests);
    let visible_from = (delay > 0 || requests > 0)
        .then(|| (call.now + Duration::from_millis(delay), call.number + requests + 1));
    let options = wanted
        .options
        .into_iter()
        .map(|option| Choice { label: option.label, value: option.value })
        .collect();
    let definition = Definition {
        name: wanted.name,
        label: wanted.label,
        kind,
        description: wanted.description.unwrap_or_default(),
        group_name: wanted.group_name,
        options,
        display_order: wanted.display_order.unwrap_or(-1),
        calculated: wanted.field_type == "calculation_equation",
        read_only: wanted.field_type == "calculation_equation",
        field_type: wanted.field_type,
        calculation_formula: wanted.calculation_formula,
        external_options: wanted.external_options,
        referenced_object_type: None,
        unique: wanted.has_unique_value,
        hidden: wanted.hidden,
        hubspot_defined: false,
        form_field: wanted.form_field,
        sensitivity: wanted.data_sensitivity.unwrap_or_else(|| NOT_SENSITIVE.to_owned()),
        archived: false,
        created_at: clock::iso(clock::now()),
        visible_from,
    };
    let answer = definition.to_json();
    state.catalogue.put(definition);
    Ok(answer)
}

/// Judges a definition and gives its type.
fn check(catalogue: &Catalogue, wanted: &NewProperty) -> Result<Kind, Failure> {
    check_name(&wanted.name)?;
    if wanted.label.trim().is_empty() {
        return Err(invalid("label", "Property label must not be empty"));
    }
    if catalogue.any(&wanted.name).is_some_and(|known| !known.archived) {
        return Err(exists("property", &wanted.name, "Properties.PROPERTY_WITH_NAME_EXISTS"));
    }
    let (_, kind, field_types) = PAIRS
        .iter()
        .find(|(name, ..)| *name == wanted.kind)
        .ok_or_else(|| invalid("type", format!("{} is not a valid property type", wanted.kind)))?;
    if !field_types.contains(&wanted.field_type.as_str()) {
        let message =
            format!("Field type {} is not valid for property type {}", wanted.field_type, wanted.kind);
        return Err(invalid("fieldType", message));
    }
    if !catalogue.groups().iter().any(|group| group.name == wanted.group_name) {
        return Err(invalid("groupName", format!("Property group '{}' does not exist", wanted.group_name)));
    }
    check_options(*kind, &wanted.options)?;
    check_room(catalogue, wanted.has_unique_value)?;
    Ok(*kind)
}

fn check_options(kind: Kind, options: &[NewOption]) -> Result<(), Failure> {
    let mut values = HashSet::new();
    if let Some(twice) = options.iter().find(|option| !values.insert(option.value.as_str())) {
        return Err(invalid("options", format!("Option value '{}' occurs more than once", twice.value)));
    }
    if kind == Kind::Bool && values != HashSet::from(["true", "false"]) {
        const CODE: &str = "INVALID_BOOLEAN_OPTION";
        let message = "Boolean properties must have exactly two options, true and false";
        return Err(Failure::validation(message)
            .error(json!({ "message": message, "code": CODE }))
            .extra("subCategory", json!(format!("Properties.{CODE}"))));
    }
    Ok(())
}

/// Limits of an account: custom properties of an object, and those with unique values.
fn check_room(catalogue: &Catalogue, unique: bool) -> Result<(), Failure> {
    let custom = || catalogue.iter().filter(|known| !known.hubspot_defined && !known.archived);
    if custom().count() >= MAX_CUSTOM_PROPERTIES {
        let message = format!("You have reached the limit of {MAX_CUSTOM_PROPERTIES} custom properties");
        return Err(Failure::validation(message));
    }
    if unique && custom().filter(|known| known.unique).count() >= MAX_UNIQUE_PROPERTIES {
        let message = format!("You have reached the limit of {MAX_UNIQUE_PROPERTIES} unique properties");
        return Err(Failure::validation(message));
    }
    Ok(())
}

fn check_sensitivity(state: &State, call: &Call<'_>, wanted: &NewProperty) -> Result<(), Failure> {
    match wanted.data_sensitivity.as_deref() {
        None | Some(NOT_SENSITIVE) => Ok(()),
        Some("sensitive" | "highly_sensitive") => call.require(&[tokens::SENSITIVE_WRITE], &state.settings),
        Some(other) => Err(invalid("dataSensitivity", format!("{other} is not a valid data sensitivity"))),
    }
}

/// Lower-case letters, digits and underscores, beginning with a letter.
fn check_name(name: &str) -> Result<(), Failure> {
    let starts_well = name.starts_with(|letter: char| letter.is_ascii_lowercase());
    let is_plain =
        name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if starts_well && is_plain && name.len() <= MAX_NAME_LENGTH {
        return Ok(());
    }
    Err(invalid(
        "name",
        format!(
            "'{name}' is not a valid name: lower-case letters, digits and underscores, beginning with a letter"
        ),
    ))
}

fn invalid(member: &str, message: impl Into<String>) -> Failure {
    Failure::validation(message).context("propertyName", [member])
}

fn exists(what: &str, name: &str, sub_category: &str) -> Failure {
    Failure::new(409, "OBJECT_ALREADY_EXISTS", format!("A {what} named '{name}' already exists."))
        .context("name", [name])
        .extra("subCategory", json!(sub_category))
}
