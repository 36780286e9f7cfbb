//! What type of property suits a JSON schema. Pure. Not here: whether a property is made at all.

use serde_json::Value;

use crate::text::normal;

/// What a property is to take and how HubSpot shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PropertyType {
    Text,
    /// Lists, which are written as one text.
    LongText,
    Number,
    Bool,
    Date,
    DateTime,
}

impl PropertyType {
    pub(super) fn of(schema: &Value) -> Self {
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
    pub(super) fn common(self, other: Self) -> Self {
        if self == other { self } else { Self::Text }
    }

    /// HubSpot's `type` and `fieldType`: it takes only certain pairs.
    pub(super) fn types(self) -> (&'static str, &'static str) {
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
                let (value_type, field_type) = PropertyType::of(schema).types();
                assert_eq!(&format!("{value_type} {field_type}"), expected, "{schema}");
            }
        }
    }
}
