//! Definitions of properties to create for fields that no property fits. Pure. Not here: asking HubSpot.
//!
//! The next sync has to find each created property again by its field's name, or it would create one more. So
//! every definition is the one and only that its field means: by internal name or label, without case and
//! separators. What cannot be found again gets no definition.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;

use super::names::normal;
use crate::hubspot::model::{Property, PropertyOption, Text};

/// The internal name of the group that holds what is created.
pub const GROUP: &str = "airbyte";
pub const GROUP_LABEL: &str = "Airbyte";

const DESCRIPTION: &str = "Created by Airbyte for the field of this name.";

/// HubSpot's limit.
const MOST_NAME_CHARACTERS: usize = 100;
const MOST_LABEL_CHARACTERS: usize = 255;

/// A property as HubSpot's request to create it takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewProperty {
    pub name: String,
    pub label: String,
    #[serde(rename = "type")]
    pub value_type: &'static str,
    pub field_type: &'static str,
    pub group_name: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<NewOption>,
    pub description: &'static str,
}

impl NewProperty {
    /// The property as HubSpot will list it.
    pub fn definition(&self) -> Property {
        let text = |text: &str| Text(Some(text.to_owned()));
        let option =
            |option: &NewOption| PropertyOption { label: text(option.label), value: text(option.value) };
        Property {
            name: self.name.clone(),
            label: text(&self.label),
            value_type: text(self.value_type),
            field_type: text(self.field_type),
            options: self.options.iter().map(option).collect(),
            ..Property::default()
        }
    }
}

/// One of the values that a property allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewOption {
    pub label: &'static str,
    pub value: &'static str,
    pub display_order: u8,
    pub hidden: bool,
}

/// The definitions for fields with their JSON schemas, in the order of the fields; each with its field.
///
/// Of fields that are the same without case and separators only the first gets one. Those of other streams
/// share its property, so the type has to suit all: text if they differ. A field without a letter or digit
/// gets none, nor does one that is too long for a label.
///
/// `taken` says whether the portal already finds a property by this name. It should look at similar names and
/// labels too: a new name that is like that of a known property makes both ambiguous.
pub fn definitions<'a>(
    fields: impl IntoIterator<Item = (&'a str, &'a Value)>,
    taken: impl Fn(&str) -> bool,
) -> Vec<(String, NewProperty)> {
    let mut wanted: IndexMap<String, (&str, Form)> = IndexMap::new();
    for (field, schema) in fields {
        let form = Form::of(schema);
        wanted.entry(normal(field)).and_modify(|(_, old)| *old = old.common(form)).or_insert((field, form));
    }
    wanted.shift_remove("");

    // A name must not look like another field, which would then be written into this field's property.
    let mut meant: HashSet<String> = wanted.keys().cloned().collect();
    let mut definitions = Vec::with_capacity(wanted.len());
    for (own, (field, form)) in &wanted {
        let label = label(field);
        if normal(&label) != *own {
            continue;
        }
        let stem = stem(field);
        let free = |name: &String| {
            let similar = normal(name);
            !taken(name) && (similar == *own || meant.insert(similar))
        };
        if let Some(name) = (1..=u32::MAX).map(|number| numbered(&stem, number)).find(free) {
            definitions.push(((*field).to_owned(), form.define(name, label)));
        }
    }
    definitions
}

/// The field's name as people are to see it.
fn label(field: &str) -> String {
    field.trim().chars().take(MOST_LABEL_CHARACTERS).collect()
}

/// The field's name with one `_` for all that an internal name cannot have; not yet with a proper beginning.
fn stem(field: &str) -> String {
    let other = |letter: char| !(letter.is_ascii_lowercase() || letter.is_ascii_digit());
    let lower = field.to_lowercase();
    let parts: Vec<&str> = lower.split(other).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "field".to_owned() } else { parts.join("_") }
}

/// The internal name to try at this attempt: from the second on it ends with the number.
fn numbered(stem: &str, number: u32) -> String {
    let end = if number == 1 { String::new() } else { format!("_{number}") };
    // `hs_` is HubSpot's own, and `hs` would become that with a number. A digit cannot be the first either.
    let reserved = stem.starts_with("hs_") || (stem == "hs" && number > 1);
    let starts_well = stem.starts_with(|first: char| first.is_ascii_lowercase());
    let start = if starts_well && !reserved { "" } else { "field_" };
    let room = MOST_NAME_CHARACTERS.saturating_sub(start.len() + end.len());
    let middle: String = stem.chars().take(room).collect();
    format!("{start}{}{end}", middle.trim_end_matches('_'))
}

/// What a property is to take and how HubSpot shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    /// Lists and objects, which are written as JSON.
    LongText,
    Number,
    Bool,
    Date,
    DateTime,
}

impl Form {
    fn of(schema: &Value) -> Self {
        Self::unless_null(schema).unwrap_or(Self::Text)
    }

    /// `None` for a schema that allows nothing but null.
    fn unless_null(schema: &Value) -> Option<Self> {
        let text = |member| schema.get(member).and_then(Value::as_str);
        let list = |member| schema.get(member).and_then(Value::as_array);
        if let Some(reference) = text("$ref") {
            let known = reference.rsplit_once("WellKnownTypes.json#/definitions/");
            return known.and_then(|(_, name)| Self::of_word(name)).or(Some(Self::Text));
        }
        // Airbyte's own type says more than the JSON type: a big number, say, may come as a text.
        if let Some(form) = text("airbyte_type").and_then(Self::of_word) {
            return Some(form);
        }
        let format = text("format");
        match (schema.get("type"), list("oneOf").or_else(|| list("anyOf"))) {
            (Some(Value::String(name)), _) => Self::of_type(name, format),
            (Some(Value::Array(names)), _) => {
                let names = names.iter().filter_map(Value::as_str);
                names.filter_map(|name| Self::of_type(name, format)).reduce(Self::common)
            }
            (_, Some(alternatives)) => alternatives.iter().filter_map(Self::unless_null).reduce(Self::common),
            _ => Self::of_type("string", format),
        }
    }

    fn of_type(name: &str, format: Option<&str>) -> Option<Self> {
        match (name, format) {
            ("null", _) => None,
            ("string", Some("date")) => Some(Self::Date),
            ("string", Some("date-time")) => Some(Self::DateTime),
            ("array" | "object", _) => Some(Self::LongText),
            _ => Some(Self::of_word(name).unwrap_or(Self::Text)),
        }
    }

    /// By the name of a type: JSON schema's, `airbyte_type`'s or that of one of Airbyte's well-known types.
    fn of_word(word: &str) -> Option<Self> {
        Some(match normal(word).as_str() {
            "boolean" => Self::Bool,
            "integer" | "number" | "biginteger" | "bignumber" => Self::Number,
            "date" => Self::Date,
            "timestampwithtimezone" | "timestampwithouttimezone" => Self::DateTime,
            "timewithtimezone" | "timewithouttimezone" => Self::Text,
            _ => return None,
        })
    }

    /// What suits both.
    fn common(self, other: Self) -> Self {
        if self == other { self } else { Self::Text }
    }

    fn define(self, name: String, label: String) -> NewProperty {
        let (value_type, field_type) = self.types();
        let option = |label, value, display_order| NewOption { label, value, display_order, hidden: false };
        // HubSpot refuses the type without them.
        let yes_and_no = || vec![option("Yes", "true", 0), option("No", "false", 1)];
        let options = if self == Self::Bool { yes_and_no() } else { Vec::new() };
        let (group_name, description) = (GROUP, DESCRIPTION);
        NewProperty { name, label, value_type, field_type, group_name, options, description }
    }

    /// HubSpot's `type` and `fieldType`: it takes only certain pairs.
    fn types(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("string", "text"),
            Self::LongText => ("string", "textarea"),
            Self::Number => ("number", "number"),
            Self::Bool => ("bool", "booleancheckbox"),
            Self::Date => ("date", "date"),
            Self::DateTime => ("datetime", "date"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_give_types() {
        let table = json!({
            "bool booleancheckbox": [
                {"type": ["boolean", "null"]}, {"oneOf": [{"type": "null"}, {"type": "boolean"}]},
                {"$ref": "@Boolean"}, {"type": "boolean", "airbyte_type": "unheard_of"}],
            "number number": [
                {"type": "integer"}, {"type": ["null", "integer", "number"]}, {"$ref": "@Number"},
                {"type": "number", "airbyte_type": "integer"}, {"type": "integer", "format": "date-time"},
                {"type": "string", "airbyte_type": "big_integer"}, {"airbyte_type": "big_number"},
                {"anyOf": [{"type": "integer"}, {"oneOf": [{"type": "number"}]}]}, {"$ref": "@Integer"}],
            "date date": [
                {"type": ["null", "string"], "format": "date"}, {"format": "date"}, {"$ref": "@Date"},
                {"anyOf": [{"type": "null"}, {"$ref": "@Date"}]}],
            "datetime date": [
                {"type": "string", "format": "date-time"}, {"airbyte_type": "timestamp_without_timezone"},
                {"type": "string", "format": "date-time", "airbyte_type": "timestamp_with_timezone"},
                {"$ref": "@TimestampWithTimezone"}, {"$ref": "@TimestampWithoutTimezone"}],
            "string textarea": [{"type": "array"}, {"type": ["null", "object"], "oneOf": [{}]}],
            "string text": [
                {"type": "string"}, {"type": ["null", "string"], "enum": ["a"]}, {"type": "null"}, {},
                {"type": "string", "format": "time"}, {"type": "string", "format": "email"}, {"type": "file"},
                {"type": "string", "airbyte_type": "time_with_timezone"}, {"$ref": "#/definitions/Number"},
                {"type": ["string", "integer"], "format": "date"}, {"$ref": "@BinaryData"}, {"oneOf": []},
                {"oneOf": [{"type": "string"}, {"type": "boolean"}]}, {"oneOf": [{"type": "null"}]},
                true, null, {"type": 7},
                {"$ref": "@String"}, {"$ref": "@TimeWithTimezone"}, {"$ref": "@TimeWithoutTimezone"}],
        });
        let table = table.to_string().replace('@', "WellKnownTypes.json#/definitions/");
        let table: Value = serde_json::from_str(&table).unwrap();
        for (expected, schemas) in table.as_object().unwrap() {
            for schema in schemas.as_array().unwrap() {
                let (value_type, field_type) = Form::of(schema).types();
                assert_eq!(&format!("{value_type} {field_type}"), expected, "{schema}");
            }
        }
    }

    #[test]
    fn a_definition_is_what_hubspot_takes() {
        let [number, integer, bool] = ["number", "integer", "boolean"].map(|name| json!({"type": name}));
        let fields = [(" Is VIP? ", &bool), ("a", &number), ("b", &bool), ("a", &integer), ("B", &number)];
        let made = serde_json::to_value(definitions(fields, |_| false)).unwrap();
        let plain = |name: &str, value_type: &str, field_type: &str| {
            json!([name, {
                "name": name, "label": name, "type": value_type, "fieldType": field_type,
                "groupName": "airbyte", "description": DESCRIPTION}])
        };
        let vip = json!([" Is VIP? ", {
            "name": "is_vip", "label": "Is VIP?", "type": "bool", "fieldType": "booleancheckbox",
            "groupName": "airbyte", "description": DESCRIPTION, "options": [
                {"label": "Yes", "value": "true", "displayOrder": 0, "hidden": false},
                {"label": "No", "value": "false", "displayOrder": 1, "hidden": false},
            ],
        }]);
        // Schemas that agree give their type; those that differ give text.
        assert_eq!(made, json!([vip, plain("a", "number", "number"), plain("b", "string", "text")]));
    }

    #[test]
    fn fields_give_names() {
        let x = |count| "x".repeat(count);
        for (fields, taken, expected) in [
            (&["First  Name", "__age__c_", "_", ""][..], &[][..], &["first_name", "age_c"][..]),
            (&["2nd", "-HS lead", "hsx", "hs"], &[], &["field_2nd", "field_hs_lead", "hsx", "hs"]),
            (&["hs", "age"], &["hs", "age", "age_2"], &["field_hs_2", "age_3"]),
            (&["имя", "First Name", "адрес", "first_name"], &[], &["field", "first_name", "field_2"]),
            // The second field would be written into the property of the first if that were called `gr_e`.
            (&["Größe", "GrE"], &[], &["gr_e_2", "gre"]),
            (&[&x(101), &(x(99) + " y")], &[], &[&x(100), &x(99)]),
            (&[&x(101)], &[&x(100)], &[&(x(98) + "_2")]),
            (&[&format!("1{}", x(100))], &[], &[&format!("field_1{}", x(93))]),
            (&[&x(255), &"y".repeat(256)], &[], &[&x(100)]),
        ] {
            let fields = fields.iter().map(|field| (*field, &Value::Null));
            let made = definitions(fields, |name| taken.contains(&name));
            let names: Vec<&str> = made.iter().map(|(_, new)| new.name.as_str()).collect();
            assert_eq!(names, expected);
        }
    }

    /// The fields whose definitions a field means, as the portal looks for them.
    fn found<'a>(made: &'a [(String, NewProperty)], field: &str) -> Vec<&'a str> {
        let own = normal(field);
        let ranks: [&dyn Fn(&NewProperty) -> bool; 3] =
            [&|new| new.name == field, &|new| normal(&new.name) == own, &|new| normal(&new.label) == own];
        let all = |fits: &dyn Fn(&NewProperty) -> bool| -> Vec<&'a str> {
            made.iter().filter(|(_, new)| fits(new)).map(|(field, _)| field.as_str()).collect()
        };
        ranks.into_iter().map(all).find(|fields| !fields.is_empty()).unwrap_or_default()
    }

    proptest! {
        #[test]
        fn names_are_valid_and_found_again(
            fields in collection::vec("\\PC{0,8}|[a-cA-C_ é2]{0,4}|(hs|field)_?[2a]?|[a é]{95,260}", 0..16),
            taken in collection::hash_set("(field|hs|field_hs|[a-c]{1,2})(_[2-4])?", 0..20),
        ) {
            let texts = fields.iter().map(|field| (field.as_str(), &Value::Null));
            let made = definitions(texts, |name| taken.contains(name));
            let mut seen = HashSet::new();
            for (field, NewProperty { name, label, .. }) in &made {
                let allowed = |letter| matches!(letter, b'a'..=b'z' | b'0'..=b'9' | b'_');
                prop_assert!(name.bytes().all(allowed) && name.len() <= 100, "{name}");
                prop_assert!(name.as_bytes()[0].is_ascii_lowercase() && !name.starts_with("hs_"), "{name}");
                prop_assert!(!taken.contains(name) && seen.insert(name), "{name}");
                prop_assert!(!label.trim().is_empty() && label.chars().count() <= 255);
                prop_assert_eq!(found(&made, field), [field.as_str()]);
            }
            for field in fields.iter().filter(|field| field.chars().count() <= 255) {
                prop_assert_eq!(found(&made, field).len(), usize::from(!normal(field).is_empty()));
            }
        }
    }
}
