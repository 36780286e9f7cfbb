//! `BasicFunctionalityIntegrationTest`: values of every type, and what becomes of those that do not fit.
//!
//! The properties are made for the fields, so that the schema decides about their types.

use std::collections::BTreeMap;

use hubspot_sandbox::Sandbox;
use serde_json::{Value, json};

use super::{
    super::support::{Outcome, sandbox},
    Stream, address, connector, run_to_its_end, text,
};

/// Writes rows of these fields, JSON objects as texts; row n is of the person n. Gives what a person's contact then has.
fn write(sandbox: &Sandbox, fields: Value, rows: &[String]) -> (Outcome, Vec<BTreeMap<String, String>>) {
    let mut fields = fields;
    fields["email"] = text();
    let streams = [Stream::new("test_stream").fields(fields)];
    let connector = connector(sandbox, &streams).set("unknown_fields", "create");
    let lines: String = (0..)
        .zip(rows)
        .map(|(number, row)| {
            let with_address =
                format!("{{\"email\":\"{}\",{}", address(number), row.strip_prefix('{').unwrap());
            streams[0].record(json!("here")).replace("\"here\"", &with_address)
        })
        .collect();
    let outcome = run_to_its_end(&connector, &streams, &lines);
    let contacts = (0..).zip(rows).map(|(number, _)| {
        let mut properties = sandbox.contact(&address(number)).unwrap().own_properties();
        properties.remove("lifecyclestage");
        properties
    });
    let contacts = contacts.collect();
    (outcome, contacts)
}

/// Rows as texts.
fn rows<const N: usize>(rows: [Value; N]) -> Vec<String> {
    rows.map(|row| row.to_string()).into()
}

fn properties<const N: usize>(expected: [(&str, &str); N]) -> BTreeMap<String, String> {
    expected.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn basic_types() -> Value {
    let timestamp = |kind: &str| json!({ "type": "string", "format": "date-time", "airbyte_type": kind });
    let time = |kind: &str| json!({ "type": "string", "format": "time", "airbyte_type": kind });
    json!({
        "a_struct": { "type": "object", "properties": { "foo": { "type": "number" } } },
        "a_string": { "type": "string" },
        "a_number": { "type": "number" },
        "an_integer": { "type": "integer" },
        "a_boolean": { "type": "boolean" },
        "with_timezone": timestamp("timestamp_with_timezone"),
        "without_timezone": timestamp("timestamp_without_timezone"),
        "time_with_timezone": time("time_with_timezone"),
        "time_without_timezone": time("time_without_timezone"),
        "a_date": { "type": "string", "format": "date" },
    })
}

#[test]
fn test_basic_types() {
    let sandbox = sandbox();
    let all = |value: Value| {
        let fields = basic_types();
        let names = fields.as_object().unwrap().keys();
        Value::Object(names.map(|name| (name.clone(), value.clone())).collect())
    };
    let mut bad = all(json!("foo"));
    bad["a_string"] = json!({});
    let mut rows = rows([
        json!({
            "a_string": "foo", "a_number": 42.1, "an_integer": 42, "a_boolean": true,
            "with_timezone": "2023-01-23T11:34:56-01:00", "without_timezone": "2023-01-23T12:34:56",
            "time_with_timezone": "11:34:56-01:00", "time_without_timezone": "12:34:56", "a_date": "2023-01-23",
        }),
        all(Value::Null),
        json!({ "a_string": "not alone" }),
        bad,
        json!({ "with_timezone": "2023-01-23T11:34:00-01:00", "without_timezone": "2023-01-23T12:34:00" }),
        json!({ "an_integer": 0, "a_number": 0.0 }),
        json!({ "an_integer": -1, "a_number": -1.0 }),
    ]);
    // Numbers as texts, which no reader of the test has rounded.
    rows.push(r#"{"a_struct":{"foo":50000.0000000000000001},"an_integer":99999999999999999999999999999999,"a_number":1.0000000000000000000000000000000000000000e39}"#.to_owned());
    rows.push(r#"{"an_integer":-99999999999999999999999999999999,"a_number":-2.0000000000000000000000000000000000000000e39}"#.to_owned());

    let (outcome, contacts) = write(&sandbox, basic_types(), &rows);
    assert_eq!(outcome.logs("rejected=").len(), 1, "only the summary: {:#?}", outcome.lines);
    let expected = [
        properties([
            ("a_string", "foo"),
            ("a_number", "42.1"),
            ("an_integer", "42"),
            ("a_boolean", "true"),
            ("with_timezone", "2023-01-23T12:34:56Z"),
            ("without_timezone", "2023-01-23T12:34:56Z"),
            ("time_with_timezone", "11:34:56-01:00"),
            ("time_without_timezone", "12:34:56"),
            ("a_date", "2023-01-23"),
        ]),
        properties([]),
        properties([("a_string", "not alone")]),
        // Texts take any text; the rest is left out.
        properties([("time_with_timezone", "foo"), ("time_without_timezone", "foo")]),
        properties([("with_timezone", "2023-01-23T12:34:00Z"), ("without_timezone", "2023-01-23T12:34:00Z")]),
        properties([("an_integer", "0"), ("a_number", "0")]),
        properties([("an_integer", "-1"), ("a_number", "-1")]),
        properties([
            ("an_integer", "99999999999999999999999999999999"),
            ("a_number", "1000000000000000000000000000000000000000"),
        ]),
        properties([
            ("an_integer", "-99999999999999999999999999999999"),
            ("a_number", "-2000000000000000000000000000000000000000"),
        ]),
    ];
    for (number, (contact, expected)) in contacts.iter().zip(&expected).enumerate() {
        assert_eq!(contact, expected, "row {number}");
    }
}

/// Lists and objects become JSON in a text by a mapping, whatever their schema, and are left out without one.
#[test]
fn test_container_types() {
    let sandbox = sandbox();
    let fields = json!({
        "schematized_object": { "type": "object", "properties": { "id": { "type": "integer" }, "name": { "type": "string" } } },
        "empty_object": { "type": "object", "properties": {} },
        "schemaless_object": { "type": "object" },
        "schematized_array": { "type": "array", "items": { "type": "integer" } },
        "schemaless_array": { "type": "array" },
    });
    let rows = rows([
        json!({
            "schematized_object": { "id": 1, "name": "Joe", "undeclared": 42 }, "empty_object": {},
            "schemaless_object": { "uuid": "38F52396", "nested": { "a": [1, null] } },
            "schematized_array": [10, null], "schemaless_array": [10, "foo", null, { "bar": "qua" }],
        }),
        json!({ "schematized_object": null, "empty_object": null, "schematized_array": null }),
    ]);
    let (outcome, contacts) = write(&sandbox, fields.clone(), &rows);
    assert_eq!(contacts, [properties([]), properties([])]);
    assert_eq!(outcome.logs("property created"), Vec::<String>::new());

    let mut fields = fields;
    fields["email"] = text();
    let streams = [Stream::new("test_stream").fields(fields)];
    let mapping = |(field, property): (&str, &str)| json!({ "field": field, "property": property });
    let texts = [
        ("schematized_object", "notes_long", r#"{"id":1,"name":"Joe","undeclared":42}"#),
        ("schemaless_object", "message", r#"{"nested":{"a":[1,null]},"uuid":"38F52396"}"#),
        ("schematized_array", "company", "10"),
        ("schemaless_array", "address", r#"[10,"foo",null,{"bar":"qua"}]"#),
    ];
    let mappings = texts.map(|(field, property, _)| mapping((field, property)));
    let connector = connector(&sandbox, &streams).set("field_mappings", json!(mappings));
    let row = rows[0].replacen('{', "{\"email\":\"mapped@example.com\",", 1);
    run_to_its_end(&connector, &streams, &streams[0].record(json!("here")).replace("\"here\"", &row));
    let contact = sandbox.contact("mapped@example.com").unwrap();
    for (field, property, text) in texts {
        assert_eq!(contact.property(property), Some(text), "{field}");
    }
}

#[test]
fn test_unknown_types() {
    let sandbox = sandbox();
    let fields = json!({ "potato_field": { "type": "potato" }, "no_schema": {}, "odd_schema": true });
    let rows = rows([
        json!({ "potato_field": "ordinary", "no_schema": 1.50, "odd_schema": false }),
        json!({ "potato_field": { "a": 1 }, "no_schema": [], "odd_schema": null }),
    ]);
    let (_, contacts) = write(&sandbox, fields, &rows);
    let expected = [
        properties([("potato_field", "ordinary"), ("no_schema", "1.5"), ("odd_schema", "false")]),
        properties([]),
    ];
    assert_eq!(contacts, expected);
}

#[test]
fn test_unions() {
    let sandbox = sandbox();
    let object = |fields: Value| json!({ "type": "object", "properties": fields });
    let fields = json!({
        "combined_type": { "oneOf": [{ "type": "string" }, { "type": "integer" }] },
        "union_of_objects": { "oneOf": [object(json!({ "id": { "type": "integer" } })), object(json!({ "name": { "type": "string" } }))] },
        "several_types": { "type": ["string", "boolean", "null"] },
    });
    let rows = rows([
        json!({ "combined_type": "string1", "union_of_objects": { "id": 10 }, "several_types": "a" }),
        json!({ "combined_type": 20, "union_of_objects": { "name": "Jenny" }, "several_types": true }),
        json!({ "combined_type": null, "union_of_objects": null, "several_types": null }),
    ]);
    let (_, contacts) = write(&sandbox, fields, &rows);
    let expected = [
        properties([("combined_type", "string1"), ("several_types", "a")]),
        properties([("combined_type", "20"), ("several_types", "true")]),
        properties([]),
    ];
    assert_eq!(contacts, expected);
}

/// A field that may be a number or a truth value becomes a text, which loses neither.
#[test]
fn test_coerce_legacy_unions() {
    let sandbox = sandbox();
    let fields = json!({ "number_or_boolean": { "type": ["number", "boolean"] } });
    let rows = rows([json!({ "number_or_boolean": "42" }), json!({ "number_or_boolean": false })]);
    let (_, contacts) = write(&sandbox, fields, &rows);
    let expected = [properties([("number_or_boolean", "42")]), properties([("number_or_boolean", "false")])];
    assert_eq!(contacts, expected);
}

/// What the schema does not declare gets no property, but fits one that is there.
#[test]
fn test_undeclared_fields() {
    let sandbox = sandbox();
    let rows = rows([json!({ "undeclared": "asdf", "lastname": "Lovelace" })]);
    let (outcome, contacts) = write(&sandbox, json!({}), &rows);
    assert_eq!(contacts, [properties([("lastname", "Lovelace")])]);
    assert_eq!(outcome.logs("fields left out").len(), 1, "{:#?}", outcome.lines);
}
