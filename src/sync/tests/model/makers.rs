//! Contacts, tickets, states and the schema, made of few words.

use std::{collections::HashSet, sync::Arc};

use serde_json::{Value, json};

use super::store::{OPTIONS, STAGES};
use crate::{
    config::{InvalidValues, NullValues},
    crm::{
        definition::{PropertyDefinition, PropertyOption},
        key::{Key, KeySpace},
        property::{LIFECYCLE_STAGE, Property},
        schema::Schema,
    },
    mapping::{
        change::{Change, PropertyValue},
        target::{OnCreate, Target, ValuePolicy},
    },
    protocol::message::{self, Message, State},
    report::fate::Ticket,
    sync::input::Part,
};

pub(in crate::sync::tests) fn key(address: &str) -> Key {
    Key::parse(address).expect("a test's address is one")
}

pub(in crate::sync::tests) fn property(name: &str) -> Arc<Property> {
    let (value_type, field_type) = match name {
        OPTIONS => ("enumeration", "checkbox"),
        _ => ("string", "text"),
    };
    Arc::new(Property::new(&PropertyDefinition {
        name: name.to_owned(),
        label: name.to_owned(),
        value_type: value_type.to_owned(),
        field_type: field_type.to_owned(),
        ..PropertyDefinition::default()
    }))
}

pub(in crate::sync::tests) fn values(properties: &[(&str, &str)]) -> Vec<PropertyValue> {
    properties
        .iter()
        .map(|(name, value)| PropertyValue { property: property(name), value: (*value).into() })
        .collect()
}

pub(in crate::sync::tests) fn contact(address: &str, properties: &[(&str, &str)]) -> Change {
    Change {
        key: key(address),
        archives: false,
        properties: values(properties),
        dropped: Vec::new(),
        unless_changed_since: None,
    }
}

/// A ticket for tests without a ledger.
pub(in crate::sync::tests) fn ticket(line: u64) -> Ticket {
    Ticket { stream: 0, interval: 0, among_first: false, number: line, line }
}

pub(in crate::sync::tests) fn part(line: u64, properties: &[(&str, &str)]) -> Part {
    part_of("a@x.com", line, properties)
}

pub(in crate::sync::tests) fn part_of(address: &str, line: u64, properties: &[(&str, &str)]) -> Part {
    Part::new(ticket(line), contact(address, properties))
}

/// A state from the text of its `state` object.
pub(in crate::sync::tests) fn state(object: &Value) -> State {
    let line = json!({ "type": "STATE", "state": object }).to_string();
    match message::parse(line.as_bytes()) {
        Ok(Message::State(state)) => state,
        other => panic!("{line} is no state: {other:?}"),
    }
}

/// What HubSpot lists: it takes no value of `gone` and `frozen` all the same, and not the option `bad`.
pub(in crate::sync::tests) fn schema() -> Schema {
    let option = |value: &&str| PropertyOption { label: String::new(), value: (*value).to_owned() };
    let property = |name: &str, options: &[&str]| {
        let field_type = if name == OPTIONS { "checkbox" } else { "select" };
        let (value_type, field_type) =
            if options.is_empty() { ("string", "text") } else { ("enumeration", field_type) };
        PropertyDefinition {
            name: name.to_owned(),
            value_type: value_type.to_owned(),
            field_type: field_type.to_owned(),
            options: options.iter().map(option).collect(),
            ..PropertyDefinition::default()
        }
    };
    let texts = ["phone", "notes", "favourite", "gone", "frozen"].map(|name| property(name, &[]));
    let options = property(OPTIONS, &["a", "b", "c", "d", "bad"]);
    Schema::new(&[&texts[..], &[options, property(LIFECYCLE_STAGE, &STAGES)]].concat())
}

pub(in crate::sync::tests) fn new_contact_stage(stage: &str) -> OnCreate {
    let schema = schema();
    let property = Arc::clone(schema.property(LIFECYCLE_STAGE).expect("the schema has the property"));
    assert!(property.choices.has(stage), "the schema has the stage");
    OnCreate { property, value: stage.into() }
}

/// What the settings say, as far as the tests change it.
#[derive(Debug, Clone, Default)]
pub(in crate::sync::tests) struct Rules {
    pub stage: Option<OnCreate>,
    pub invalid_values: InvalidValues,
    pub created: HashSet<Arc<str>>,
}

impl Rules {
    pub(in crate::sync::tests) fn target(self) -> Target {
        let values =
            ValuePolicy { invalid: self.invalid_values, null: NullValues::Clear, ..ValuePolicy::default() };
        let (keys, created) = (KeySpace::contacts_by_email(), self.created);
        let target = Target::new(keys, Arc::new(schema()), values);
        Target { on_create: self.stage.into_iter().collect(), created, ..target }
    }
}
