//! The bodies of HubSpot's single calls: account, token, property definitions. Pure.
//!
//! Not here: errors ([`super::error_body`]) and batches ([`super::batch_call`], [`super::answer`]).

use serde::Deserialize;

use super::{
    error_body::ErrorBody,
    lenient::{List, Object, Text, Truth},
};
use crate::crm::{self, definition::PropertyDefinition};

/// The account that a token belongs to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Account {
    pub portal_id: Text,
    utc_offset_milliseconds: Text,
}

impl Account {
    /// Added to UTC, it gives the account's local time, at whose midnight the daily limit is reset.
    pub fn utc_offset_milliseconds(&self) -> i64 {
        self.utc_offset_milliseconds.as_deref().and_then(|text| text.parse().ok()).unwrap_or_default()
    }
}

/// What a private app token or service key may do.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TokenInfo {
    pub scopes: Option<Vec<String>>,
}

/// The definition of a contact property in the account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListedProperty {
    pub name: Text,
    pub label: Text,
    #[serde(rename = "type")]
    pub value_type: Text,
    pub field_type: Text,
    /// What the options refer to, if they are kept elsewhere, e.g. `OWNER`.
    pub referenced_object_type: Text,
    pub options: List<Object<PropertyOption>>,
    pub modification_metadata: Object<ModificationMetadata>,
}

impl From<ListedProperty> for PropertyDefinition {
    fn from(wire: ListedProperty) -> Self {
        let text = |text: Text| text.0.unwrap_or_default();
        let option = |option: PropertyOption| crm::definition::PropertyOption {
            value: text(option.value),
            label: text(option.label),
        };
        Self {
            name: text(wire.name),
            label: text(wire.label),
            value_type: text(wire.value_type),
            field_type: text(wire.field_type),
            referenced_object_type: wire.referenced_object_type.0,
            options: wire.options.0.into_iter().map(|one| option(one.0)).collect(),
            read_only: wire.modification_metadata.0.read_only_value.0,
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModificationMetadata {
    pub read_only_value: Truth,
}

/// One value that an enumeration allows.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PropertyOption {
    pub label: Text,
    pub value: Text,
}

/// The answer to a creation of several properties.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CreatedProperties {
    results: List<Object<ListedProperty>>,
    errors: List<Object<ErrorBody>>,
}

impl CreatedProperties {
    /// What it would be if one error were about all of them.
    pub fn refused(error: ErrorBody) -> Self {
        Self { results: List::default(), errors: List(vec![Object(error)]) }
    }

    /// The internal names of those that were made.
    pub fn created(&self) -> impl Iterator<Item = &str> {
        self.results.0.iter().filter_map(|one| one.0.name.as_deref())
    }

    pub fn errors(&self) -> impl Iterator<Item = &ErrorBody> {
        self.errors.0.iter().map(|one| &one.0)
    }
}

/// The body of the property list. What has no list is none: taken for an empty one, it would be an account without properties.
#[derive(Debug, Deserialize)]
pub struct PropertyList {
    pub results: Vec<Object<ListedProperty>>,
}
