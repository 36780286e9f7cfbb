//! HubSpot's refusals of contacts, in its words: a conflict, a unique value that is taken, an unknown id, values that do not
//! fit, a key that is not unique.
//!
//! When each is due is decided where it arises.

use serde_json::Value;

use crate::{
    account::value::ValueError,
    failure::{EXISTING_ID, Failure},
    settings::Language,
};

/// The refusal of an address that another contact owns. HubSpot does not always name that contact.
pub(crate) fn conflict(existing: Option<u64>) -> Failure {
    match existing {
        Some(id) => Failure::new(409, "CONFLICT", format!("Contact already exists. Existing ID: {id}"))
            .context(EXISTING_ID, [id.to_string()]),
        None => Failure::new(409, "CONFLICT", "Contact already exists"),
    }
}

/// The refusal of a unique value that another contact has. Recorded of deals and products in 2026-09; the other's id is in the
/// text alone.
pub(crate) fn taken(property: &str, value: &str, on: u64, owner: u64, portal_id: u64) -> Failure {
    Failure::validation(format!(
        "Cannot set PropertyValueCoordinates{{portalId={portal_id}, objectTypeId=ObjectTypeId{{legacyObjectType=CONTACT}}, \
         propertyName={property}, value={value}}} on {on}. {owner} already has that value."
    ))
}

/// The refusal of a whole update for values of unique properties that no contact has. Only the member of `context` is on
/// record, and that its texts end with the property, a colon and the value.
pub(crate) fn unknown_values(coordinates: Vec<String>) -> Failure {
    Failure::validation("Some objects could not be found by the values of their unique properties.")
        .context("missingObjectPropertyValueCoordinates", coordinates)
}

/// The refusal of a create with associations to what is not there.
pub(crate) fn invalid_associations(ids: Vec<String>) -> Failure {
    Failure::validation("One or more associations are invalid").context("objectId", ids)
}

/// The refusal of a contact that has none of the properties which HubSpot's guide demands; its wording is not on record.
/// <https://developers.hubspot.com/docs/guides/api/crm/objects/contacts>
pub(crate) fn nameless() -> Failure {
    Failure::validation("At least one of the properties email, firstname, lastname must be set.")
}

/// The refusal of values: an array of JSON inside the message, an entry for each refusal, and no word about which input.
pub(crate) fn refused_values(errors: &[ValueError], language: Language, portal_id: u64) -> Failure {
    let embedded: Vec<Value> = errors.iter().map(|error| error.embedded(language, portal_id)).collect();
    let embedded = Value::Array(embedded);
    let mut failure = Failure::validation(format!("Property values were not valid: {embedded}"));
    let mut listed: Vec<&ValueError> = Vec::new();
    for error in errors {
        // Said once in `errors`, however many inputs have it.
        if !listed.contains(&error) {
            listed.push(error);
            failure = failure.error(error.listed(language));
        }
    }
    let required: Vec<&str> =
        listed.iter().filter(|error| error.is_requirement()).map(|error| error.name()).collect();
    if required.is_empty() { failure } else { failure.context("propertyName", required) }
}

/// Refuses an upsert or update by a property whose values are not unique.
pub(crate) fn not_unique(property: &str, portal_id: u64) -> Failure {
    Failure::validation(format!(
        "Unable to perform update/upsert by non-unique 0-1 property {property} in portal ID {portal_id}"
    ))
}

/// The entry for ids that belong to no contact. It names the ids, not the inputs.
pub(crate) fn not_found<'a>(ids: impl IntoIterator<Item = &'a str>) -> Failure {
    Failure::new(
        404,
        "OBJECT_NOT_FOUND",
        "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.",
    )
    .context("ids", ids)
}
