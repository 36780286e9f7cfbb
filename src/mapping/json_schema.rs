//! What the JSON schema of a field says of the form of its values, and which values lie inside it. Pure. Not here:
//! the types of properties, which [`super::creation`] reads from a schema.
//!
//! A schema is a promise that sources break, so nothing here decides about a record's value.

use indexmap::IndexSet;
use serde_json::Value;

use super::path::Step;

/// So many names inside a field are enough to show what a path looks like.
const MOST_INSIDE: usize = 30;
/// So deep are objects inside objects looked into.
const DEEPEST: usize = 3;

/// The form of a field's values as far as the schema tells; whether null is allowed as well does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A text, a number, or true and false; also one or the other.
    Plain,
    Object,
    ListOfObjects,
    ListOfPlain,
    /// A list of lists, of one thing or another, or of what the schema does not say.
    List,
    /// The schema does not say, or allows one form and another.
    Unknown,
}

impl Shape {
    fn common(self, other: Self) -> Self {
        let is_list = |shape| matches!(shape, Self::ListOfObjects | Self::ListOfPlain | Self::List);
        if self == other {
            self
        } else if is_list(self) && is_list(other) {
            Self::List
        } else {
            Self::Unknown
        }
    }
}

/// The form of the values that a schema allows.
pub fn shape(schema: &Value) -> Shape {
    let shape = |(form, schema): (Form, &Value)| match form {
        Form::Plain => Shape::Plain,
        Form::Object => Shape::Object,
        Form::List => match items(schema).into_iter().map(self::shape).reduce(Shape::common) {
            Some(Shape::Object) => Shape::ListOfObjects,
            Some(Shape::Plain) => Shape::ListOfPlain,
            _ => Shape::List,
        },
        Form::Unknown => Shape::Unknown,
    };
    alternatives(schema).into_iter().map(shape).reduce(Shape::common).unwrap_or(Shape::Unknown)
}

/// Whether all that a schema allows is an object, or a list of objects or of lists: no property can hold such values,
/// not even one that is named in a mapping. A list that may hold plain values as well is not nested.
pub fn is_nested(schema: &Value) -> bool {
    let nested = |(form, schema): &(Form, &Value)| match form {
        Form::Object => true,
        Form::List => {
            let items: Vec<_> = items(schema).into_iter().flat_map(alternatives).collect();
            !items.is_empty() && items.iter().all(|(form, _)| matches!(form, Form::Object | Form::List))
        }
        Form::Plain | Form::Unknown => false,
    };
    let alternatives = alternatives(schema);
    !alternatives.is_empty() && alternatives.iter().all(nested)
}

/// The values inside an object, or inside the first object of a list, as a path says them after the field's name:
/// `city` for `address.city`, `[0].value` for `emails[0].value`. Thirty at most, and only plain values; values in inner
/// objects come with their paths. A name that would read as a path is left out.
pub fn inside(schema: &Value) -> Vec<String> {
    let mut names = IndexSet::new();
    for (form, schema) in alternatives(schema) {
        match form {
            Form::Object => members(schema, "", DEEPEST, &mut names),
            Form::List => {
                let objects = items(schema).into_iter().flat_map(alternatives);
                let objects = objects.filter(|(form, _)| *form == Form::Object);
                objects.for_each(|(_, schema)| members(schema, "[0].", DEEPEST, &mut names));
            }
            Form::Plain | Form::Unknown => {}
        }
    }
    names.into_iter().take(MOST_INSIDE).collect()
}

/// What a schema says of a path inside its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathVerdict {
    /// A text or a number has no members, a list no names, an object no indices.
    Impossible,
    /// The schema lists the members of an object, and this one is not among them.
    NotDeclared,
    /// The schema declares it, or says nothing against it.
    Possible,
}

/// Whether a path can find something in values of this schema.
pub fn judge_path(schema: &Value, steps: &[Step]) -> PathVerdict {
    let Some((step, behind)) = steps.split_first() else { return PathVerdict::Possible };
    let of_alternative = |(form, schema): (Form, &Value)| match (form, step) {
        (Form::Unknown, _) => PathVerdict::Possible,
        (Form::Object, Step::Name(name)) => {
            let declared = schema.get("properties").and_then(Value::as_object).filter(|one| !one.is_empty());
            match declared.map(|properties| properties.get(&**name)) {
                None => PathVerdict::Possible,
                Some(None) => PathVerdict::NotDeclared,
                Some(Some(inner)) => judge_path(inner, behind),
            }
        }
        (Form::List, Step::Index(_)) => {
            let of_items = items(schema).into_iter().map(|inner| judge_path(inner, behind));
            of_items.max().unwrap_or(PathVerdict::Possible)
        }
        (Form::Plain | Form::Object | Form::List, _) => PathVerdict::Impossible,
    };
    alternatives(schema).into_iter().map(of_alternative).max().unwrap_or(PathVerdict::Possible)
}

/// The schema of the value at the end of a path; of several alternatives, the first that declares it.
pub fn schema_at<'a>(schema: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    let Some((step, behind)) = steps.split_first() else { return Some(schema) };
    alternatives(schema).into_iter().find_map(|(form, schema)| match (form, step) {
        (Form::Object, Step::Name(name)) => schema_at(schema.get("properties")?.get(&**name)?, behind),
        (Form::List, Step::Index(_)) => items(schema).into_iter().find_map(|inner| schema_at(inner, behind)),
        _ => None,
    })
}

/// The names of an object's members that hold no further object, each with what comes before it in the path.
fn members(schema: &Value, before: &str, depth: usize, names: &mut IndexSet<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (name, schema) in properties {
            if name.trim().is_empty() || name.contains(['.', '[', ']']) {
                continue;
            }
            if !is_nested(schema) {
                names.insert(format!("{before}{name}"));
            } else if let Some(depth) = depth.checked_sub(1) {
                members(schema, &format!("{before}{name}."), depth, names);
            }
        }
    }
    // An object may say by itself what it is, and only in its alternatives what is in it.
    for schema in ["oneOf", "anyOf", "allOf"].into_iter().flat_map(|member| list(schema, member)) {
        members(schema, before, depth, names);
    }
}

/// What a value is, as far as its JSON type goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Object,
    List,
    Unknown,
}

impl Form {
    /// By JSON schema's name of a type; `None` for null.
    fn of_type(name: &str) -> Option<Self> {
        Some(match name {
            "null" => return None,
            "string" | "integer" | "number" | "boolean" => Self::Plain,
            "object" => Self::Object,
            "array" => Self::List,
            _ => Self::Unknown,
        })
    }
}

/// All that a schema allows but null, each with the schema that says it.
fn alternatives(schema: &Value) -> Vec<(Form, &Value)> {
    let with = |form| (form, schema);
    match schema.get("type") {
        Some(Value::String(name)) => return Form::of_type(name).map(with).into_iter().collect(),
        Some(Value::Array(names)) => {
            return names.iter().filter_map(Value::as_str).filter_map(Form::of_type).map(with).collect();
        }
        _ => {}
    }
    let combined: Vec<&Value> =
        ["oneOf", "anyOf", "allOf"].into_iter().flat_map(|member| list(schema, member)).collect();
    if !combined.is_empty() {
        return combined.into_iter().flat_map(alternatives).collect();
    }
    let has = |member: &str| schema.get(member).is_some();
    let reference = schema.get("$ref").and_then(Value::as_str).unwrap_or_default();
    let form = if has("properties") {
        Form::Object
    } else if has("items") {
        Form::List
    } else if has("format") || has("airbyte_type") || reference.contains("WellKnownTypes.json#/definitions/")
    {
        // Airbyte's own types are all plain.
        Form::Plain
    } else {
        Form::Unknown
    };
    vec![with(form)]
}

/// The schemas of a list's items: several if they are given place by place.
fn items(schema: &Value) -> Vec<&Value> {
    match schema.get("items") {
        Some(Value::Array(schemas)) => schemas.iter().collect(),
        Some(schema) => vec![schema],
        None => Vec::new(),
    }
}

fn list<'a>(schema: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    schema.get(member).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_says_what_is_at_a_path() {
        let schema = json!({
            "type": ["null", "object"],
            "properties": {
                "city": {"type": "string"},
                "geo": {"type": "object"},
                "emails": {"type": "array", "items": {"type": "object", "properties": {"value": {"type": "string"}}}},
                "tags": {"type": "array"},
                "any": {},
            },
        });
        for (path, expected, found) in [
            ("f.city", PathVerdict::Possible, Some(json!({"type": "string"}))),
            ("f.town", PathVerdict::NotDeclared, None),
            ("f.city.x", PathVerdict::Impossible, None),
            ("f[0]", PathVerdict::Impossible, None),
            ("f.geo.lat", PathVerdict::Possible, None),
            ("f.emails[0].value", PathVerdict::Possible, Some(json!({"type": "string"}))),
            ("f.emails[3].label", PathVerdict::NotDeclared, None),
            ("f.emails.value", PathVerdict::Impossible, None),
            ("f.tags[1]", PathVerdict::Possible, None),
            ("f.any.x", PathVerdict::Possible, None),
        ] {
            let steps = crate::mapping::path::Path::parse(path).unwrap().steps;
            assert_eq!(judge_path(&schema, &steps), expected, "{path}");
            assert_eq!(schema_at(&schema, &steps).cloned(), found, "{path}");
        }
    }

    #[test]
    fn schemas_give_shapes() {
        let object = json!({"type": "object"});
        let text = json!({"type": ["null", "string"]});
        // The shape, and whether all of it is nested.
        for (schema, expected, nested) in [
            (json!({"type": ["null", "string"]}), Shape::Plain, false),
            (json!({"type": ["string", "integer"]}), Shape::Plain, false),
            (json!({"oneOf": [{"type": "null"}, {"type": "boolean"}]}), Shape::Plain, false),
            (json!({"$ref": "WellKnownTypes.json#/definitions/Date"}), Shape::Plain, false),
            (json!({"airbyte_type": "big_number"}), Shape::Plain, false),
            (json!({"type": ["null", "object"]}), Shape::Object, true),
            (json!({"properties": {"a": {}}}), Shape::Object, true),
            (json!({"anyOf": [{"type": "null"}, object]}), Shape::Object, true),
            (json!({"type": ["null", "object"], "oneOf": [{"type": "string"}]}), Shape::Object, true),
            (json!({"type": ["null", "array"], "items": object}), Shape::ListOfObjects, true),
            (json!({"items": {"oneOf": [{"type": "null"}, object]}}), Shape::ListOfObjects, true),
            (json!({"type": "array", "items": text}), Shape::ListOfPlain, false),
            (json!({"type": "array", "items": [text, {"type": "number"}]}), Shape::ListOfPlain, false),
            (json!({"type": "array"}), Shape::List, false),
            (json!({"type": "array", "items": {}}), Shape::List, false),
            (json!({"type": "array", "items": true}), Shape::List, false),
            (json!({"type": "array", "items": []}), Shape::List, false),
            (json!({"type": "array", "items": {"anyOf": [object, text]}}), Shape::List, false),
            (json!({"type": "array", "items": {"type": "array"}}), Shape::List, true),
            (json!({"type": "array", "items": {"type": ["array", "object"]}}), Shape::List, true),
            (json!({"anyOf": [{"type": "array", "items": text}, {"type": "array"}]}), Shape::List, false),
            (json!({"type": ["object", "array"], "items": object}), Shape::Unknown, true),
            (json!({"anyOf": [{"type": "array", "items": text}, object]}), Shape::Unknown, false),
            (json!({"type": ["string", "object"]}), Shape::Unknown, false),
            (json!({"oneOf": [text, object]}), Shape::Unknown, false),
            (json!({"type": "null"}), Shape::Unknown, false),
            (json!({"type": "file"}), Shape::Unknown, false),
            (json!({"$ref": "#/definitions/Address"}), Shape::Unknown, false),
            (json!({"oneOf": []}), Shape::Unknown, false),
            (json!({}), Shape::Unknown, false),
            (json!(true), Shape::Unknown, false),
            (json!(null), Shape::Unknown, false),
            (json!({"type": 7}), Shape::Unknown, false),
        ] {
            assert_eq!((shape(&schema), is_nested(&schema)), (expected, nested), "{schema}");
        }
    }

    #[test]
    fn what_is_inside_is_said_as_a_path() {
        let text = json!({"type": "string"});
        let address = json!({
            "city": text, "geo": {"type": "object", "properties": {"lat": {"type": "number"}}}, "line1": {},
            "lines": {"type": "array", "items": text}, "old": {"type": "array", "items": {"type": "object"}},
            "a.b": text, "a[0]": text, " ": text,
        });
        let object = json!({"type": ["null", "object"], "properties": address});
        let list = json!({"type": ["null", "array"], "items": object});
        let many: serde_json::Map<String, Value> =
            (0..40).map(|number| (format!("n{number}"), text.clone())).collect();
        let paths = |schema: &Value| {
            let mut paths = inside(schema);
            paths.sort();
            paths
        };
        assert_eq!(paths(&object), ["city", "geo.lat", "line1", "lines"]);
        assert_eq!(
            paths(&json!({"oneOf": [{"type": "null"}, object, text]})),
            ["city", "geo.lat", "line1", "lines"]
        );
        assert_eq!(
            paths(&json!({"type": "object", "oneOf": [object, object]})),
            ["city", "geo.lat", "line1", "lines"]
        );
        assert_eq!(paths(&list), ["[0].city", "[0].geo.lat", "[0].line1", "[0].lines"]);
        assert_eq!(inside(&json!({"type": "object", "properties": many})).len(), 30);
        for nothing in
            [text.clone(), json!({"type": "object"}), json!({"type": "array", "items": text}), json!(true)]
        {
            assert_eq!(inside(&nothing), Vec::<String>::new(), "{nothing}");
        }
    }
}
