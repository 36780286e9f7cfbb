//! The account's contact properties and their groups.
//!
//! What one definition holds, and who may see it, is in `definition`; listing and creating them over HTTP is in
//! `api::properties`; judging values is in `value`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::definition::{Definition, Row, View};

/// Definitions and groups of a fresh portal.
const EMBEDDED: &str = include_str!("../../data/contact-properties.json");

/// The lifecycle stages of a fresh portal, from first to last: contacts move forward only.
pub const DEFAULT_STAGES: [&str; 8] = [
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
];

/// All properties of contacts.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    properties: BTreeMap<String, Definition>,
    groups: Vec<Group>,
}

/// A heading under which HubSpot shows properties.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) label: String,
    #[serde(default)]
    pub(crate) display_order: i64,
}

impl Group {
    pub(crate) fn to_json(&self) -> Value {
        json!({ "name": self.name, "label": self.label, "displayOrder": self.display_order, "archived": false })
    }
}

#[derive(Deserialize)]
struct Embedded {
    groups: Vec<Group>,
    properties: Vec<Row>,
}

impl Catalogue {
    /// The properties of a fresh portal.
    pub(crate) fn of_fresh_portal() -> Self {
        let embedded: Embedded =
            serde_json::from_str(EMBEDDED).expect("the embedded definitions are valid JSON of this shape");
        let properties = embedded.properties.into_iter().enumerate().map(|(position, row)| {
            let definition = row.into_definition(position);
            (definition.name.clone(), definition)
        });
        Self { properties: properties.collect(), groups: embedded.groups }
    }

    /// A property as a write sees it.
    pub(crate) fn visible(&self, name: &str, view: View<'_>) -> Option<&Definition> {
        self.properties.get(name).filter(|definition| definition.is_visible(view))
    }

    /// A property whatever its state.
    pub(crate) fn any(&self, name: &str) -> Option<&Definition> {
        self.properties.get(name)
    }

    /// The same, to change it.
    pub(crate) fn any_mut(&mut self, name: &str) -> Option<&mut Definition> {
        self.properties.get_mut(name)
    }

    /// All, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Definition> {
        self.properties.values()
    }

    /// Custom properties with unique values.
    pub(crate) fn custom_unique(&self) -> impl Iterator<Item = &Definition> {
        self.iter().filter(|definition| definition.unique && !definition.hubspot_defined)
    }

    /// Adds one or replaces it.
    pub(crate) fn put(&mut self, definition: Definition) {
        self.properties.insert(definition.name.clone(), definition);
    }

    /// Values of `lifecyclestage` from first to last.
    pub(crate) fn lifecycle_stages(&self) -> Vec<&str> {
        self.any("lifecyclestage").map_or_else(Vec::new, Definition::values)
    }

    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }

    pub(crate) fn add_group(&mut self, group: Group) {
        self.groups.push(group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_stages_are_those_of_a_fresh_portal() {
        assert_eq!(Catalogue::of_fresh_portal().lifecycle_stages(), DEFAULT_STAGES);
    }
}
