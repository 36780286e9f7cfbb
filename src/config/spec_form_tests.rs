//! Tests that `spec.json` has only forms that Airbyte renders, whatever settings are added to it.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

const SPEC: &str = include_str!("../../spec.json");

/// Keywords of JSON Schema that Airbyte's form does not know.
const NOT_RENDERED: [&str; 7] = ["anyOf", "allOf", "not", "if", "then", "else", "patternProperties"];

/// What Airbyte cannot render of a schema, each with its place. `in_list` says that it is an entry of a list.
fn faults(schema: &Value, place: &str, in_list: bool, found: &mut Vec<String>) {
    let Value::Object(schema) = schema else { return };
    for keyword in NOT_RENDERED.iter().filter(|keyword| schema.contains_key(**keyword)) {
        found.push(format!("{place}: {keyword}"));
    }
    if let Some(options) = schema.get("oneOf") {
        one_of_faults(schema, options, place, in_list, found);
    }
    if let Some(items) = schema.get("items") {
        if in_list && items["type"] == "object" {
            found.push(format!("{place}: a list of objects inside a list of objects"));
        }
        faults(items, &format!("{place}[]"), in_list || items["type"] == "object", found);
    }
    let Some(Value::Object(properties)) = schema.get("properties") else { return };
    let mut orders = HashSet::new();
    for (name, property) in properties {
        if let Some(order) = property.get("order")
            && !orders.insert(order.to_string())
        {
            found.push(format!("{place}.{name}: order {order} is there twice"));
        }
        faults(property, &format!("{place}.{name}"), in_list, found);
    }
}

/// A choice needs `type: object`, and in each option the same text with a `const` of the option's own.
fn one_of_faults(
    schema: &Map<String, Value>,
    options: &Value,
    place: &str,
    in_list: bool,
    found: &mut Vec<String>,
) {
    if in_list {
        found.push(format!("{place}: oneOf inside a list"));
    }
    if schema.get("type") != Some(&json!("object")) {
        found.push(format!("{place}: oneOf without type: object"));
    }
    let options: Vec<&Value> = options.as_array().into_iter().flatten().collect();
    let constants = |option: &Value| -> Vec<(String, String)> {
        let properties = option["properties"].as_object().into_iter().flatten();
        properties
            .filter(|(_, property)| property["type"] == "string" && property["const"].is_string())
            .map(|(name, property)| (name.clone(), property["const"].to_string()))
            .collect()
    };
    let candidates = options.first().map(|first| constants(first)).unwrap_or_default();
    let tells_apart = |name: &str| {
        let values = options.iter().filter_map(|option| {
            constants(option).into_iter().find(|(one, _)| one == name).map(|(_, value)| value)
        });
        values.collect::<HashSet<_>>().len() == options.len()
    };
    if !candidates.iter().any(|(name, _)| tells_apart(name)) {
        found.push(format!("{place}: oneOf without one text that has a const of its own in each option"));
    }
    for (number, option) in options.iter().enumerate() {
        if option["type"] != "object" || !option["title"].is_string() {
            found.push(format!("{place}: option {number} is no object with a title"));
        }
        faults(option, &format!("{place}<{number}>"), in_list, found);
    }
}

fn faults_of(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    faults(schema, "", false, &mut found);
    found
}

#[test]
fn every_form_of_the_specification_is_one_that_airbyte_renders() {
    let spec: Value = serde_json::from_str(SPEC).unwrap();
    assert_eq!(faults_of(&spec["connectionSpecification"]), [""; 0]);
}

#[test]
fn a_form_that_airbyte_does_not_render_is_found() {
    let of = |setting: Value| faults_of(&json!({"type": "object", "properties": {"a": setting}}));
    let list_of = |items: Value| json!({"type": "array", "items": items});
    let object_with = |setting: Value| json!({"type": "object", "properties": {"b": setting}});
    let option = |name: &str, constant: &str| json!({"type": "object", "title": "x", "properties": {name: {"type": "string", "const": constant}}});
    let good = json!({"type": "object", "oneOf": [option("kind", "x"), option("kind", "y")]});
    for fine in
        [good.clone(), list_of(object_with(list_of(json!({"type": "string"})))), object_with(good.clone())]
    {
        assert_eq!(of(fine.clone()), [""; 0], "{fine}");
    }
    for (setting, fault) in [
        (
            list_of(object_with(list_of(object_with(json!({}))))),
            ".a[].b: a list of objects inside a list of objects",
        ),
        (list_of(good.clone()), ".a[]: oneOf inside a list"),
        (list_of(object_with(good)), ".a[].b: oneOf inside a list"),
        (json!({"anyOf": []}), ".a: anyOf"),
        (object_with(json!({"patternProperties": {}})), ".a.b: patternProperties"),
        (json!({"if": {}}), ".a: if"),
        (json!({"oneOf": [option("kind", "x"), option("kind", "y")]}), ".a: oneOf without type: object"),
        (
            json!({"type": "object", "oneOf": [option("kind", "x"), option("kind", "x")]}),
            ".a: oneOf without one text that has a const of its own in each option",
        ),
        (
            json!({"type": "object", "oneOf": [option("kind", "x"), option("other", "y")]}),
            ".a: oneOf without one text that has a const of its own in each option",
        ),
        (
            json!({"type": "object", "properties": {"x": {"order": 0}, "y": {"order": 0}}}),
            ".a.y: order 0 is there twice",
        ),
    ] {
        assert!(of(setting.clone()).iter().any(|found| found == fault), "{fault} in {setting}");
    }
}
