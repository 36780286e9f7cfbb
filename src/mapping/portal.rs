//! What the portal knows of contact properties, kept small: the list that HubSpot sends has half a megabyte.

use std::sync::Arc;

use super::{
    choices::{Choices, Found},
    names::{Match, Names},
};
use crate::{
    config::nearest,
    hubspot::model::{EMAIL, LIFECYCLE_STAGE, Property},
    text::shown,
};

/// So many names are proposed where one is wrong.
const MOST_PROPOSED: usize = 3;

/// The contact properties of a portal: by internal name, and by what people make of it.
#[derive(Debug, Default)]
pub struct Portal {
    names: Names,
    stages: Vec<Stage>,
    /// The same, to look them up as a record's own stage is.
    stage_choices: Choices,
}

/// One property of the portal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortalProperty {
    pub name: Arc<str>,
    pub label: String,
    pub kind: Kind,
    pub read_only: bool,
    /// A text with room for more than a line, where JSON is better than nothing.
    pub multi_line: bool,
    /// Its options are users of the portal, by id; of several, if it takes several options.
    pub of_owners: bool,
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
        let field_type = definition.field_type.as_deref();
        match definition.value_type.as_deref().unwrap_or_default() {
            "enumeration" if of_owners(definition) && field_type == Some("checkbox") => Self::Choices,
            _ if of_owners(definition) || definition.name == "hubspot_owner_id" => Self::Owner,
            "number" => Self::Number,
            "bool" => Self::Bool,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "phone_number" => Self::Phone,
            "string" if field_type == Some("phonenumber") => Self::Phone,
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
            // The ids of users are no list that is kept here.
            _ if of_owners(definition) => Choices::default(),
            Kind::Bool | Kind::Choice | Kind::Choices => Choices::new(&definition.options),
            _ => Choices::default(),
        };
        let label = definition.label.as_deref().unwrap_or_default().to_owned();
        // The flag is unreliable for `email`, which can always be set: it is the key.
        let read_only = definition.read_only() && definition.name != EMAIL;
        let multi_line = matches!(definition.field_type.as_deref(), Some("textarea" | "html"));
        Self { name, label, kind, read_only, multi_line, of_owners: of_owners(definition), choices }
    }
}

fn of_owners(definition: &Property) -> bool {
    definition.referenced_object_type.as_deref() == Some("OWNER")
}

/// A lifecycle stage of the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The internal value; a number as text for stages that an administrator made.
    pub value: Arc<str>,
    pub label: String,
}

/// The lifecycle stage that a text means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageMatch<'a> {
    Found(&'a Stage),
    /// They share the label.
    Several(Vec<&'a Stage>),
    Nothing,
}

impl Portal {
    pub fn new(definitions: &[Property]) -> Self {
        let (stages, stage_choices) = stages(definitions);
        let mut portal = Self { stages, stage_choices, ..Self::default() };
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
            return Some(format!(
                "`{}` is the label of the property `{}`: write that.",
                shown(name),
                property.name
            ));
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

    /// Finds a stage by the rule that a record's own stage is found by ([`Choices::look_up`]).
    pub fn stage(&self, text: &str) -> StageMatch<'_> {
        let of = |value: &Arc<str>| self.stages.iter().find(|stage| stage.value == *value);
        match self.stage_choices.look_up(text) {
            Found::One(value) => of(value).map_or(StageMatch::Nothing, StageMatch::Found),
            Found::Several(values) => StageMatch::Several(values.iter().filter_map(of).collect()),
            Found::Nothing => StageMatch::Nothing,
        }
    }
}

/// Stages are the options of a property that says `externalOptions` and lists its options all the same.
fn stages(definitions: &[Property]) -> (Vec<Stage>, Choices) {
    let definition = definitions.iter().find(|definition| definition.name == LIFECYCLE_STAGE);
    let options = definition.map_or(&[][..], |definition| &definition.options);
    let stage = |value: &str, label: &str| Stage { value: value.into(), label: label.to_owned() };
    let stages = options
        .iter()
        .filter_map(|option| {
            option.value.as_deref().map(|value| stage(value, option.label.as_deref().unwrap_or(value)))
        })
        .collect();
    (stages, Choices::new(options))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hubspot::model::{PropertyOption, Text};

    fn text(text: &str) -> Text {
        Text(Some(text.to_owned()))
    }

    fn portal(stages: &[(&str, &str)]) -> Portal {
        let option =
            |(value, label): &(&str, &str)| PropertyOption { value: text(value), label: text(label) };
        Portal::new(&[Property {
            name: LIFECYCLE_STAGE.to_owned(),
            value_type: text("enumeration"),
            field_type: text("radio"),
            options: stages.iter().map(option).collect(),
            ..Property::default()
        }])
    }

    #[test]
    fn the_setting_and_a_record_find_the_same_stage() {
        let portal = portal(&[
            ("lead", "Lead"),
            ("opportunity", "Qualified"),
            ("4711", "Opportunity"),
            ("a", "Same"),
            ("b", "same"),
            ("Customer", "Kunde"),
        ]);
        let own = &portal.property(LIFECYCLE_STAGE).unwrap().choices;
        for (text, expected) in [
            ("lead", Some("lead")),
            (" LEAD ", Some("lead")),
            ("opportunity", Some("opportunity")),
            // The label says more than a value in another case.
            ("Opportunity", Some("4711")),
            ("qualified", Some("opportunity")),
            ("customer", Some("Customer")),
            ("SAME", None),
            ("mql", None),
            ("", None),
        ] {
            let found = match portal.stage(text) {
                StageMatch::Found(stage) => Some(&*stage.value),
                StageMatch::Several(_) | StageMatch::Nothing => None,
            };
            assert_eq!(found, expected, "{text}");
            assert_eq!(own.find(text).as_deref(), expected, "{text} of a record");
        }
        let StageMatch::Several(both) = portal.stage("Same") else { panic!("two stages share it") };
        assert_eq!(both.iter().map(|stage| &*stage.value).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn the_kind_is_what_a_property_takes_and_not_how_it_is_stored() {
        for (value_type, field_type, referenced, kind) in [
            ("string", "text", None, Kind::Text),
            ("string", "textarea", None, Kind::Text),
            ("string", "phonenumber", None, Kind::Phone),
            ("phone_number", "phonenumber", None, Kind::Phone),
            ("enumeration", "select", Some("OWNER"), Kind::Owner),
            ("enumeration", "checkbox", Some("OWNER"), Kind::Choices),
            ("enumeration", "checkbox", None, Kind::Choices),
            ("enumeration", "booleancheckbox", None, Kind::Bool),
            ("enumeration", "radio", None, Kind::Choice),
        ] {
            let property = PortalProperty::new(&Property {
                name: "p".to_owned(),
                value_type: text(value_type),
                field_type: text(field_type),
                referenced_object_type: Text(referenced.map(str::to_owned)),
                ..Property::default()
            });
            assert_eq!(property.kind, kind, "{value_type} {field_type} {referenced:?}");
            assert_eq!(property.multi_line, field_type == "textarea");
            assert_eq!(property.of_owners, referenced.is_some());
        }
    }
}
