//! The body of a request that creates properties. Pure. Not here: which properties are created
//! ([`crate::mapping::creation`]), and what the answer says ([`super::model`]).
//!
//! Source: `InputsPropertyCreate` of HubSpot's API specification.

use bytes::Bytes;
use serde::Serialize;

use super::batch_call::encode;
use crate::crm::definition::PropertyDefinition;

/// The body for these definitions.
pub(super) fn new_properties(group: &str, description: &str, definitions: &[PropertyDefinition]) -> Bytes {
    let inputs = definitions.iter().map(|definition| NewProperty {
        name: &definition.name,
        label: &definition.label,
        value_type: &definition.value_type,
        field_type: &definition.field_type,
        group_name: group,
        description,
        options: NewOption::all_of(definition),
    });
    encode(&Body { inputs: inputs.collect() })
}

#[derive(Serialize)]
struct Body<'a> {
    inputs: Vec<NewProperty<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewProperty<'a> {
    name: &'a str,
    label: &'a str,
    #[serde(rename = "type")]
    value_type: &'a str,
    field_type: &'a str,
    group_name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<NewOption<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewOption<'a> {
    label: &'a str,
    value: &'a str,
    display_order: usize,
    hidden: bool,
}

impl<'a> NewOption<'a> {
    fn all_of(definition: &'a PropertyDefinition) -> Vec<Self> {
        let options = definition.options.iter().enumerate();
        options
            .map(|(display_order, one)| Self {
                label: &one.label,
                value: &one.value,
                display_order,
                hidden: false,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::crm::definition::PropertyOption;

    #[test]
    fn options_are_numbered_and_a_property_without_them_names_none() {
        let option =
            |label: &str, value: &str| PropertyOption { label: label.to_owned(), value: value.to_owned() };
        let definition = |name: &str, value_type: &str, field_type: &str| PropertyDefinition {
            name: name.to_owned(),
            label: "Is VIP?".to_owned(),
            value_type: value_type.to_owned(),
            field_type: field_type.to_owned(),
            ..PropertyDefinition::default()
        };
        let yes_and_no = vec![option("Yes", "true"), option("No", "false")];
        let vip = PropertyDefinition { options: yes_and_no, ..definition("vip", "bool", "booleancheckbox") };
        let body = new_properties("airbyte", "Made.", &[vip, definition("age", "number", "number")]);
        assert_eq!(
            serde_json::from_slice::<Value>(&body).unwrap(),
            json!({ "inputs": [
                {
                    "name": "vip", "label": "Is VIP?", "type": "bool", "fieldType": "booleancheckbox",
                    "groupName": "airbyte", "description": "Made.", "options": [
                        { "label": "Yes", "value": "true", "displayOrder": 0, "hidden": false },
                        { "label": "No", "value": "false", "displayOrder": 1, "hidden": false },
                    ],
                },
                {
                    "name": "age", "label": "Is VIP?", "type": "number", "fieldType": "number",
                    "groupName": "airbyte", "description": "Made.",
                },
            ] })
        );
    }
}
