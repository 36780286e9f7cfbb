//! Tables of values for each kind of property, by the module that knows the kind. Here: what these tests share.

mod convert;
mod list;
mod number;
mod options;
mod plain;
mod text;
mod time;
mod truth;
mod wanted;

use serde_json::value::RawValue;

use super::*;
use crate::{
    crm::{
        definition::{PropertyDefinition, PropertyOption},
        property::Property,
        schema::Schema,
    },
    mapping::reason::Code,
};

/// A property of a type, such as `enumeration/checkbox`, with options as (value, label).
fn property(types: &str, options: &[(&str, &str)]) -> Property {
    let (stored, _) = types.split_once(' ').unwrap_or((types, ""));
    let (value_type, field_type) = stored.split_once('/').unwrap_or((stored, "text"));
    let option = |(value, label): &(&str, &str)| PropertyOption {
        value: (*value).to_owned(),
        label: (*label).to_owned(),
    };
    let definition = PropertyDefinition {
        name: "p".to_owned(),
        value_type: value_type.to_owned(),
        field_type: field_type.to_owned(),
        referenced_object_type: types.contains("OWNER").then(|| "OWNER".to_owned()),
        options: options.iter().map(option).collect(),
        ..PropertyDefinition::default()
    };
    Property::clone(Schema::new(&[definition]).property("p").unwrap())
}

/// The settings at their defaults, for a field that a mapping names.
fn plain(unit: &mut ShownUnit) -> Reading<'_> {
    Reading { formats: Formats::default(), unit, mapped: true, values: None }
}

fn read(property: &Property, json: &str, reading: &mut Reading<'_>) -> Result<Option<String>, Code> {
    let raw = RawValue::from_string(json.to_owned()).unwrap();
    convert(&raw, property, reading).map(|converted| match converted {
        Converted::Empty => None,
        Converted::Nothing => Some("(nothing)".to_owned()),
        Converted::Value(text) => Some(text.into()),
    })
}

fn of(property: &Property, json: &str) -> Result<Option<String>, Code> {
    read(property, json, &mut plain(&mut ShownUnit::default()))
}

/// A field that found its property by its name.
fn unmapped(property: &Property, json: &str) -> Result<Option<String>, Code> {
    read(property, json, &mut Reading { mapped: false, ..plain(&mut ShownUnit::default()) })
}

/// Each value with what becomes of it; `None`: it does not fit.
#[track_caller]
fn table(property: &Property, cases: &[(&str, Option<&str>)]) {
    for (json, expected) in cases {
        let expected = expected.map(|text| Some(text.to_owned())).ok_or(Code::InvalidValue);
        assert_eq!(of(property, json), expected, "{json} as {}", property.kind.as_str());
    }
    for json in EMPTY {
        assert_eq!(of(property, json), Ok(None), "{json} as {}", property.kind.as_str());
        assert_eq!(unmapped(property, json), Ok(None), "{json} as {}", property.kind.as_str());
    }
}

/// What is no value, whatever the property.
const EMPTY: [&str; 13] = [
    "null",
    r#""""#,
    r#""  ""#,
    r#""\u00a0\u200b\ufeff\t""#,
    r#""\u0000""#,
    "[]",
    r#"[null, "", " "]"#,
    "[[], [null]]",
    r#"[["\u200b"]]"#,
    "{}",
    " { } ",
    "[{}]",
    "[{}, null, [{ }]]",
];

const TIERS: &[(&str, &str)] = &[("tier_1", "Bronze"), ("tier_2", "Silver"), ("3", "Gold")];

/// Every kind of property, by type.
const KINDS: [&str; 11] = [
    "string",
    "string/textarea",
    "number",
    "bool",
    "date",
    "datetime",
    "enumeration/select",
    "enumeration/checkbox",
    "phone_number",
    "enumeration/select OWNER",
    "enumeration/checkbox OWNER",
];
