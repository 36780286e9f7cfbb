//! One property: its definition as HubSpot lists it, who may see it when, and the compact form in which those of a fresh
//! portal are embedded.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

/// Type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    String,
    Number,
    Date,
    #[serde(rename = "datetime")]
    DateTime,
    Enumeration,
    Bool,
    PhoneNumber,
    ObjectCoordinates,
}

/// One option of an enumeration or a bool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) label: String,
    pub(crate) value: String,
}

/// A property.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "HubSpot's definition has these members")]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) field_type: String,
    pub(crate) description: String,
    pub(crate) group_name: String,
    pub(crate) options: Vec<Choice>,
    pub(crate) display_order: i64,
    pub(crate) calculated: bool,
    pub(crate) calculation_formula: Option<String>,
    pub(crate) external_options: bool,
    pub(crate) referenced_object_type: Option<String>,
    pub(crate) unique: bool,
    pub(crate) hidden: bool,
    pub(crate) hubspot_defined: bool,
    pub(crate) read_only: bool,
    pub(crate) form_field: bool,
    pub(crate) sensitivity: String,
    pub(crate) archived: bool,
    pub(crate) created_at: String,
    /// A created property cannot be seen before this time and this request.
    pub(crate) visible_from: Option<(Instant, u64)>,
}

/// `dataSensitivity` of an ordinary property.
pub(crate) const NOT_SENSITIVE: &str = "non_sensitive";

/// Who looks, and when: decides whether a property can be seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    /// For properties that become visible some time after they were created.
    pub(crate) now: Instant,
    /// Number of the request, likewise.
    pub(crate) request: u64,
    /// Names treated as though they did not exist.
    pub(crate) missing: &'a [String],
    /// Whether the token may write sensitive properties.
    pub(crate) sensitive: bool,
}

impl Definition {
    /// Whether it can be seen and written: not archived, not hidden by a setting, old enough.
    pub(crate) fn is_visible(&self, view: View<'_>) -> bool {
        let old_enough =
            self.visible_from.is_none_or(|(time, request)| view.now >= time && view.request >= request);
        let permitted = self.sensitivity == NOT_SENSITIVE || view.sensitive;
        !self.archived && old_enough && permitted && !view.missing.contains(&self.name)
    }

    /// Values of the options.
    pub(crate) fn values(&self) -> Vec<&str> {
        self.options.iter().map(|choice| choice.value.as_str()).collect()
    }

    /// Whether several options can be chosen at once.
    pub(crate) fn is_multiple(&self) -> bool {
        self.kind == Kind::Enumeration && self.field_type == "checkbox"
    }

    /// The definition as HubSpot lists it.
    pub(crate) fn to_json(&self) -> Value {
        let options: Vec<Value> = self
            .options
            .iter()
            .enumerate()
            .map(|(order, choice)| {
                json!({
                    "label": choice.label, "value": choice.value, "description": "",
                    "displayOrder": order, "hidden": false,
                })
            })
            .collect();
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
        put("updatedAt", json!(self.created_at));
        put("createdAt", json!(self.created_at));
        put("name", json!(self.name));
        put("label", json!(self.label));
        put("type", json!(self.kind));
        put("fieldType", json!(self.field_type));
        put("description", json!(self.description));
        put("groupName", json!(self.group_name));
        put("options", Value::Array(options));
        if let Some(referenced) = &self.referenced_object_type {
            put("referencedObjectType", json!(referenced));
        }
        put("displayOrder", json!(self.display_order));
        put("calculated", json!(self.calculated));
        put("externalOptions", json!(self.external_options));
        if self.archived {
            put("archived", json!(true));
        }
        put("hasUniqueValue", json!(self.unique));
        put("hidden", json!(self.hidden));
        put("hubspotDefined", json!(self.hubspot_defined));
        put(
            "modificationMetadata",
            json!({
                "archivable": !self.hubspot_defined,
                "readOnlyDefinition": self.hubspot_defined,
                "readOnlyValue": self.read_only,
            }),
        );
        put("formField", json!(self.form_field));
        if let Some(formula) = &self.calculation_formula {
            put("calculationFormula", json!(formula));
        }
        put("dataSensitivity", json!(self.sensitivity));
        Value::Object(body)
    }
}

/// The compact form of an embedded definition: only what differs from the usual.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "HubSpot's definition has these members")]
pub(super) struct Row {
    name: String,
    label: String,
    #[serde(rename = "type")]
    kind: Kind,
    field_type: String,
    group_name: String,
    #[serde(default)]
    description: String,
    /// Pairs of label and value.
    #[serde(default)]
    options: Vec<(String, String)>,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    calculated: bool,
    #[serde(default)]
    calculation_formula: Option<String>,
    #[serde(default)]
    external_options: bool,
    #[serde(default)]
    referenced_object_type: Option<String>,
    #[serde(default)]
    unique: bool,
    #[serde(default)]
    hidden: bool,
    /// Made by the customer rather than by HubSpot.
    #[serde(default)]
    custom: bool,
    #[serde(default)]
    data_sensitivity: Option<String>,
}

impl Row {
    pub(super) fn into_definition(self, position: usize) -> Definition {
        let options = self.options.into_iter().map(|(label, value)| Choice { label, value }).collect();
        Definition {
            name: self.name,
            label: self.label,
            kind: self.kind,
            field_type: self.field_type,
            description: self.description,
            group_name: self.group_name,
            options,
            display_order: i64::try_from(position).unwrap_or(-1),
            calculated: self.calculated,
            calculation_formula: self.calculation_formula,
            external_options: self.external_options,
            referenced_object_type: self.referenced_object_type,
            unique: self.unique,
            hidden: self.hidden,
            hubspot_defined: !self.custom,
            read_only: self.read_only,
            form_field: !self.read_only && !self.hidden,
            sensitivity: self.data_sensitivity.unwrap_or_else(|| NOT_SENSITIVE.to_owned()),
            archived: false,
            created_at: "2019-08-06T02:41:08.204Z".to_owned(),
            visible_from: None,
        }
    }
}
