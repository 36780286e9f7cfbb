//! What the portal knows of contact properties, kept small: the list that HubSpot sends has half a megabyte.

use std::sync::Arc;

use super::{
    choices::Choices,
    names::{Match, Names},
};
use crate::{
    config::nearest,
    hubspot::model::{EMAIL, LIFECYCLE_STAGE, Property},
};

/// So many names are proposed where one is wrong.
const MOST_PROPOSED: usize = 3;

/// The contact properties of a portal: by internal name, and by what people make of it.
#[derive(Debug, Default)]
pub struct Portal {
    names: Names,
    stages: Vec<Stage>,
}

/// One property of the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalProperty {
    pub name: Arc<str>,
    pub label: String,
    pub kind: Kind,
    pub read_only: bool,
    /// What it allows, if it is one of the kinds with choices. Empty: the choices are kept elsewhere.
    pub choices: Choices,
}

/// What a property takes.
///
/// Source: <https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Any text. Types that this connector does not know are taken for it.
    #[default]
    Text,
    Number,
    Bool,
    /// A calendar date.
    Date,
    /// A moment.
    DateTime,
    /// One of several options.
    Choice,
    /// Several options at once: a value with a leading `;` is appended to what is there.
    Choices,
    Phone,
    /// A user of the portal, by id.
    Owner,
}

impl Kind {
    fn of(definition: &Property) -> Self {
        let owner = definition.referenced_object_type.as_deref() == Some("OWNER");
        let field_type = definition.field_type.as_deref();
        match definition.value_type.as_deref().unwrap_or_default() {
            _ if owner || definition.name == "hubspot_owner_id" => Self::Owner,
            "number" => Self::Number,
            "bool" => Self::Bool,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "phone_number" => Self::Phone,
            "enumeration" if field_type == Some("checkbox") => Self::Choices,
            "enumeration" if field_type == Some("booleancheckbox") => Self::Bool,
            "enumeration" => Self::Choice,
            _ => Self::Text,
        }
    }

    /// The kind in words, as logs say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Bool => "true or false",
            Self::Date => "date",
            Self::DateTime => "date and time",
            Self::Choice => "one option",
            Self::Choices => "several options",
            Self::Phone => "phone number",
            Self::Owner => "owner id",
        }
    }
}

impl PortalProperty {
    fn new(definition: &Property) -> Self {
        let name: Arc<str> = definition.name.as_str().into();
        let kind = Kind::of(definition);
        let choices = match kind {
            Kind::Bool | Kind::Choice | Kind::Choices => Choices::new(&definition.options),
            _ => Choices::default(),
        };
        let label = definition.label.as_deref().unwrap_or_default().to_owned();
        // The flag is unreliable for `email`, which can always be set: it is the key.
        let read_only = definition.read_only() && definition.name != EMAIL;
        Self { name, label, kind, read_only, choices }
    }
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
        let mut portal = Self { stages: stages(definitions), ..Self::default() };
        portal.add(definitions);
        // The key is there even where HubSpot does not list it.
        portal.add(&[Property { name: EMAIL.to_owned(), ..Property::default() }]);
        portal
    }

    /// Adds properties that have come since; those that are known stay as they are.
    pub fn add(&mut self, definitions: &[Property]) {
        for definition in definitions.iter().filter(|definition| !definition.name.is_empty()) {
            let property = Arc::new(PortalProperty::new(definition));
            self.names.add(&property);
        }
    }

    pub fn property(&self, name: &str) -> Option<&Arc<PortalProperty>> {
        self.names.get(name)
    }

    /// The properties that the API lets anyone set, by name.
    pub fn writable(&self) -> Vec<&PortalProperty> {
        let mut writable: Vec<&PortalProperty> =
            self.names.all().map(AsRef::as_ref).filter(|property| !property.read_only).collect();
        writable.sort_by(|one, other| one.name.cmp(&other.name));
        writable
    }

    /// The property that a field means by its name.
    pub fn find(&self, field: &str) -> Match {
        self.names.find(field)
    }

    /// What to do about a name that no property has: the property that has it as its label, or the nearest names.
    pub fn correction(&self, name: &str) -> Option<String> {
        if let Some(property) = self.names.of_label(name) {
            return Some(format!("`{name}` is the label of the property `{}`: write that.", property.name));
        }
        let mut known: Vec<&str> = self.names.all().map(|property| &*property.name).collect();
        known.sort_unstable();
        let mut proposed = Vec::new();
        while proposed.len() < MOST_PROPOSED
            && let Some(near) = nearest(name, known.iter().copied())
        {
            known.retain(|one| *one != near);
            proposed.push(format!("`{near}`"));
        }
        (!proposed.is_empty()).then(|| format!("did you mean {}?", proposed.join(" or ")))
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
