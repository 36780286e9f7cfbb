//! What an account knows of the properties of an object, kept small: the list that HubSpot sends has half a megabyte. Pure.
//!
//! Not here: asking HubSpot for it, and what a field of a source means by its name ([`super::names`]).

use std::sync::Arc;

use super::{
    choices::{Choices, Found},
    definition::{PropertyDefinition, PropertyOption},
    names::{Match, Names},
    property::{EMAIL, LIFECYCLE_STAGE, Property},
};
use crate::text::nearest;

/// So many names are proposed where one is wrong.
const MOST_PROPOSED: usize = 3;

/// The properties of an object in an account: by internal name, and by what people make of it.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    names: Names,
    stages: Vec<Stage>,
    /// The same, to look them up as a record's own stage is.
    stage_choices: Choices,
}

/// A lifecycle stage of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The internal value; a number as text for stages that an administrator made.
    pub value: Arc<str>,
    pub label: String,
}

/// What a name that no property has may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Correction {
    /// The property of this name, whose label it is.
    OfLabel(Arc<str>),
    /// One of these names, the nearest first.
    Near(Vec<Arc<str>>),
    Nothing,
}

/// The lifecycle stage that a text means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageMatch<'a> {
    Found(&'a Stage),
    /// They share the label.
    Several(Vec<&'a Stage>),
    Nothing,
}

impl Schema {
    pub fn new(definitions: &[PropertyDefinition]) -> Self {
        let (stages, stage_choices) = stages(definitions);
        let mut schema = Self { stages, stage_choices, ..Self::default() };
        schema.add(definitions);
        // The key is there even where HubSpot does not list it.
        schema.add(&[PropertyDefinition { name: EMAIL.to_owned(), ..PropertyDefinition::default() }]);
        schema
    }

    /// Adds properties that have come since; those that are known stay as they are.
    pub fn add(&mut self, definitions: &[PropertyDefinition]) {
        for definition in definitions.iter().filter(|definition| !definition.name.is_empty()) {
            let property = Arc::new(Property::new(definition));
            self.names.add(&property);
        }
    }

    pub fn property(&self, name: &str) -> Option<&Arc<Property>> {
        self.names.get(name)
    }

    /// The properties that the API lets anyone set, by name.
    pub fn writable(&self) -> Vec<&Property> {
        let mut writable: Vec<&Property> =
            self.names.all().map(AsRef::as_ref).filter(|property| !property.read_only).collect();
        writable.sort_by(|one, other| one.name.cmp(&other.name));
        writable
    }

    /// The properties whose values move forward only, by name.
    pub fn forward_only(&self) -> Vec<Arc<str>> {
        let forward_only = self.names.all().filter(|property| property.traits.forward_only);
        let mut names: Vec<Arc<str>> = forward_only.map(|property| Arc::clone(&property.name)).collect();
        names.sort();
        names
    }

    /// The property that a field means by its name.
    pub fn find(&self, field: &str) -> Match {
        self.names.find(field)
    }

    /// What a name that no property has may mean: the property that has it as its label, or those whose names are nearest.
    pub fn correction(&self, name: &str) -> Correction {
        if let Some(property) = self.names.of_label(name) {
            return Correction::OfLabel(Arc::clone(&property.name));
        }
        let mut known: Vec<&Arc<str>> = self.names.all().map(|property| &property.name).collect();
        known.sort_unstable();
        let mut near = Vec::new();
        while near.len() < MOST_PROPOSED
            && let Some(nearest) = nearest(name, known.iter().copied().map(AsRef::as_ref))
            && let Some(place) = known.iter().position(|one| &***one == nearest)
        {
            near.push(Arc::clone(known.remove(place)));
        }
        if near.is_empty() { Correction::Nothing } else { Correction::Near(near) }
    }

    /// The lifecycle stages that the account allows, in its order.
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
fn stages(definitions: &[PropertyDefinition]) -> (Vec<Stage>, Choices) {
    let definition = definitions.iter().find(|definition| definition.name == LIFECYCLE_STAGE);
    let options = definition.map_or(&[][..], |definition| &definition.options);
    let stage = |option: &PropertyOption| {
        let label = if option.label.is_empty() { &option.value } else { &option.label };
        Stage { value: option.value.as_str().into(), label: label.clone() }
    };
    let stages = options.iter().filter(|option| !option.value.is_empty()).map(stage).collect();
    (stages, Choices::new(options))
}

#[cfg(test)]
mod tests {
    use super::*;
    fn with_stages(stages: &[(&str, &str)]) -> Schema {
        let option = |(value, label): &(&str, &str)| PropertyOption {
            value: (*value).to_owned(),
            label: (*label).to_owned(),
        };
        Schema::new(&[PropertyDefinition {
            name: LIFECYCLE_STAGE.to_owned(),
            value_type: "enumeration".to_owned(),
            field_type: "radio".to_owned(),
            options: stages.iter().map(option).collect(),
            ..PropertyDefinition::default()
        }])
    }

    #[test]
    fn the_setting_and_a_record_find_the_same_stage() {
        let schema = with_stages(&[
            ("lead", "Lead"),
            ("opportunity", "Qualified"),
            ("4711", "Opportunity"),
            ("a", "Same"),
            ("b", "same"),
            ("Customer", "Kunde"),
        ]);
        let own = &schema.property(LIFECYCLE_STAGE).unwrap().choices;
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
            let found = match schema.stage(text) {
                StageMatch::Found(stage) => Some(&*stage.value),
                StageMatch::Several(_) | StageMatch::Nothing => None,
            };
            assert_eq!(found, expected, "{text}");
            assert_eq!(own.find(text).as_deref(), expected, "{text} of a record");
        }
        let StageMatch::Several(both) = schema.stage("Same") else { panic!("two stages share it") };
        assert_eq!(both.iter().map(|stage| &*stage.value).collect::<Vec<_>>(), ["a", "b"]);
    }
}
