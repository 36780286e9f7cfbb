//! Tests of plans and of contacts: which field goes where, and what becomes of a record. Here: what they share.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use proptest::prelude::*;
use serde_json::{Value, json, value::RawValue};

mod course;
mod mappings;
mod names;
mod paths;
mod plan;
mod property;
mod record;
mod targets;

use super::{
    cell::Cells,
    change::Change,
    error::MappingError,
    field::{Field, Rank},
    mappings::{Doubt, check_mappings},
    plan::{News, Plan},
    reason::{Code, Reason},
    record::map_record,
    target::{Target, ValuePolicy},
};
use crate::{
    config::{DeletedRecordsOfStream, FieldMapping, InvalidValues, NullValues},
    crm::{
        definition::PropertyDefinition,
        key::{Key, KeySpace},
        names::{By, Match, is_email_word},
        property::{Kind, MAX_VALUE_CHARACTERS},
        schema::Schema,
    },
    error::{Failure, FailureType},
    protocol::{
        catalog::{self, ConfiguredStream},
        message::StreamId,
    },
};

fn property(name: &str, label: &str, value_type: &str, read_only_value: bool) -> PropertyDefinition {
    let (value_type, field_type) = value_type.split_once('/').unwrap_or((value_type, "text"));
    PropertyDefinition {
        name: name.to_owned(),
        label: label.to_owned(),
        value_type: value_type.to_owned(),
        field_type: field_type.to_owned(),
        read_only: read_only_value,
        ..PropertyDefinition::default()
    }
}

fn target(values: ValuePolicy, schema: Schema) -> Arc<Target> {
    Arc::new(Target::new(KeySpace::contacts_by_email(), Arc::new(schema), values))
}

fn schema() -> Schema {
    Schema::new(&[
        // The flag of `email` means nothing.
        property("email", "Email", "string", true),
        property("firstname", "First Name", "string", false),
        property("phone", "Phone Number", "string/phonenumber", false),
        property("work_email", "Work email", "string", false),
        property("interests", "Interests", "enumeration/checkbox", false),
        property("createdate", "Create Date", "datetime", true),
        property("lifecyclestage", "Lifecycle Stage", "enumeration/radio", false),
        property("hs_score_1", "Score", "number", false),
        property("hs_score_2", "score", "number", false),
        property("zip", "Postal Code", "string", false),
        property("postal_code", "Old one", "string", false),
        property("_airbyte_note", "", "string", false),
    ])
}

fn users() -> StreamId {
    StreamId::new("users", Some("public"))
}

fn mapping(stream: Option<&str>, field: &str, property: &str) -> FieldMapping {
    FieldMapping {
        stream: stream.map(str::to_owned),
        field: field.to_owned(),
        property: property.to_owned(),
        values: None,
    }
}

fn plan(declared: &[&str], mappings: &[FieldMapping]) -> Result<Plan, MappingError> {
    plan_with(declared, mappings, ValuePolicy::default())
}

fn plan_with(declared: &[&str], mappings: &[FieldMapping], rules: ValuePolicy) -> Result<Plan, MappingError> {
    let text = |name: &&str| ((*name).to_owned(), json!({ "type": ["null", "string"] }));
    plan_of(declared.iter().map(text).collect(), mappings, rules)
}

fn plan_of(
    fields: Vec<(String, Value)>,
    mappings: &[FieldMapping],
    rules: ValuePolicy,
) -> Result<Plan, MappingError> {
    let fields = fields.into_iter().map(|(name, schema)| catalog::Field { name, schema }).collect();
    Plan::new(
        &ConfiguredStream { fields, ..ConfiguredStream::undeclared(users()) },
        mappings,
        &target(rules, schema()),
    )
}

/// Where a field goes, in words.
fn goes(field: &Field) -> String {
    let mut places: Vec<String> = field.properties().map(|property| property.name.to_string()).collect();
    if field.is_key() {
        places.insert(0, "KEY".to_owned());
    }
    let why = field.left_out.as_ref().map(|why| format!("{why:?}"));
    places.extend(why.map(|why| why.split('(').next().unwrap_or_default().to_owned()));
    places.join("+")
}

fn routes(plan: &Plan) -> Vec<(String, String)> {
    plan.fields().map(|(field, targets)| (field.to_owned(), goes(targets))).collect()
}

fn routes_of(declared: &[&str], mappings: &[FieldMapping]) -> Vec<(String, String)> {
    routes(&plan(declared, mappings).unwrap())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(field, place)| ((*field).to_owned(), (*place).to_owned())).collect()
}

type Mapped = Result<Change, Reason>;

fn map_by(plan: &mut Plan, data: &str, rules: ValuePolicy) -> Mapped {
    plan.set_values(rules);
    map_record(plan, &RawValue::from_string(data.to_owned()).unwrap())
}

fn map_with(plan: &mut Plan, data: &str, invalid: InvalidValues) -> Mapped {
    map_by(plan, data, ValuePolicy { invalid, ..ValuePolicy::default() })
}

/// A record of a stream without a schema.
fn mapped(data: &str) -> Mapped {
    map_with(&mut plan(&[], &[]).unwrap(), data, InvalidValues::DropValue)
}

fn rejected(mapped: &Mapped) -> Option<Code> {
    mapped.as_ref().err().map(|reason| reason.code)
}

/// The key and the properties of a record that became a contact.
fn contact(mapped: &Mapped) -> (String, BTreeMap<String, String>) {
    let contact = mapped.as_ref().expect("a contact");
    let properties =
        contact.properties.iter().map(|one| (one.property.name.to_string(), one.value.to_string()));
    (contact.key.as_str().to_owned(), properties.collect())
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    self::pairs(pairs).into_iter().collect()
}
