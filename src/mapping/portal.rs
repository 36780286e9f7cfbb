//! What the portal knows of contact properties, kept small: the list that HubSpot sends has half a megabyte.

use std::{collections::HashMap, sync::Arc};

use crate::hubspot::model::{EMAIL, LIFECYCLE_STAGE, Property};

/// The contact properties of a portal, by internal name.
#[derive(Debug, Default)]
pub struct Portal {
    properties: HashMap<Arc<str>, Arc<PortalProperty>>,
    stages: Vec<Stage>,
}

/// One property of the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalProperty {
    pub name: Arc<str>,
    pub read_only: bool,
    /// Holds several options, so that a value with a leading `;` is appended to what is there.
    pub multiple: bool,
}

/// A lifecycle stage of the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The internal value; a number as text for stages that an administrator made.
    pub value: Arc<str>,
    pub label: String,
}

impl Portal {
    pub fn new(definitions: &[Property]) -> Self {
        let property = |definition: &Property| {
            let name: Arc<str> = definition.name.as_str().into();
            // The flag is unreliable for `email`, which can always be set: it is the key.
            let read_only = definition.read_only() && definition.name != EMAIL;
            let multiple = definition.field_type.as_deref() == Some("checkbox");
            (Arc::clone(&name), Arc::new(PortalProperty { name, read_only, multiple }))
        };
        let named = definitions.iter().filter(|definition| !definition.name.is_empty());
        Self { properties: named.map(property).collect(), stages: stages(definitions) }
    }

    pub fn property(&self, name: &str) -> Option<&Arc<PortalProperty>> {
        self.properties.get(name)
    }

    /// The lifecycle stages that the portal allows, in its order.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// Finds a stage by internal value or, without case, by label.
    pub fn stage(&self, text: &str) -> Option<&Stage> {
        let text = text.trim();
        let same = |one: &str| one.to_lowercase() == text.to_lowercase();
        let by_value = self.stages.iter().find(|stage| &*stage.value == text);
        by_value
            .or_else(|| self.stages.iter().find(|stage| same(&stage.value)))
            .or_else(|| self.stages.iter().find(|stage| same(&stage.label)))
    }
}

/// Stages are the options of a property that says `externalOptions` and lists its options all the same.
fn stages(definitions: &[Property]) -> Vec<Stage> {
    let definition = definitions.iter().find(|definition| definition.name == LIFECYCLE_STAGE);
    let options = definition.map_or(&[][..], |definition| &definition.options);
    let stage = |value: &str, label: &str| Stage { value: value.into(), label: label.to_owned() };
    options
        .iter()
        .filter_map(|option| {
            option.value.as_deref().map(|value| stage(value, option.label.as_deref().unwrap_or(value)))
        })
        .collect()
}
