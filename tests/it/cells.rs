//! Whether every value of the input is accounted for: counted here from the rows, in the log, and in what HubSpot got.
//!
//! Also what the tests of rows and of sources share: their catalog, their input, and the contacts that they expect.

use std::collections::{BTreeMap, BTreeSet};

use hubspot_sandbox::{Sandbox, Settings};
use serde_json::{Map, Value, json};

use super::{
    paths,
    support::{Outcome, record_of, sandbox_with, state_of},
};

/// Contacts by their address; of each some properties: the value, `null` for none, or a list of values that are all right.
pub(crate) type Expected = BTreeMap<String, BTreeMap<String, Value>>;

/// A sandbox without rate limits.
pub(crate) fn unlimited() -> Sandbox {
    sandbox_with(|settings: &mut Settings| settings.limits.enforced = false)
}

/// A catalog of one stream with this schema.
pub(crate) fn catalog_of(stream: &str, schema: &Value, primary_key: &Value) -> Value {
    json!({ "streams": [{
        "stream": { "name": stream, "json_schema": schema, "supported_sync_modes": ["full_refresh", "incremental"] },
        "sync_mode": "incremental", "destination_sync_mode": "append_dedup", "primary_key": primary_key,
        "generation_id": 1, "minimum_generation_id": 0, "sync_id": 1,
    }] })
}

/// These records, and a state after them.
pub(crate) fn input_of(stream: &str, records: &[Value], state: u64) -> String {
    let records: String = records.iter().map(|data| record_of(stream, data.clone())).collect();
    records + &state_of(stream, state)
}

// ---- What contacts have -------------------------------------------------------------------------------------

/// What the contacts in the sandbox have other than is expected, one line each.
pub(crate) fn wrong_contacts(sandbox: &Sandbox, expected: &Expected) -> Vec<String> {
    let mut wrong = Vec::new();
    for (email, properties) in expected {
        let Some(contact) = sandbox.contact(email) else {
            wrong.push(format!("there is no contact {email}"));
            continue;
        };
        for (name, fine) in properties {
            let stored = contact.property(name).filter(|value| !value.is_empty());
            let stored = stored.map_or(Value::Null, Value::from);
            let is_fine = fine.as_array().map_or(stored == *fine, |any| any.contains(&stored));
            if !is_fine {
                wrong.push(format!("{name} of {email} is {stored} instead of {fine}"));
            }
        }
    }
    wrong
}

// ---- The lines of the log -----------------------------------------------------------------------------------

/// The value of a field in a line of the log: up to the next blank, or the text within quotation marks.
pub(crate) fn field_of(line: &str, name: &str) -> Option<String> {
    let (_, value) = line.split_once(&format!(" {name}="))?;
    let Some(quoted) = value.strip_prefix('"') else {
        return Some(value.split(' ').next().unwrap_or_default().to_owned());
    };
    let mut text = String::new();
    let mut letters = quoted.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Some(text),
            '\\' => text.push(letters.next()?),
            _ => text.push(letter),
        }
    }
    None
}

fn number_of(line: &str, name: &str) -> u64 {
    let number = field_of(line, name).unwrap_or_else(|| panic!("{name} is not in: {line}"));
    number.parse().unwrap_or_else(|_| panic!("{name} is no number in: {line}"))
}

fn sum_of(lines: &[String], name: &str) -> u64 {
    lines.iter().map(|line| number_of(line, name)).sum()
}

/// The sum of the numbers in `a (1), b (2)`.
fn sum_in_brackets(fields: &str) -> u64 {
    let number = |part: &str| part.trim_end_matches(')').rsplit_once('(')?.1.parse::<u64>().ok();
    fields.split("), ").map(|part| number(part).unwrap_or_else(|| panic!("no number in: {part}"))).sum()
}

/// The field of each property, by the lines that say where fields go. Of a path, it is the field that it begins with.
fn fields_of_properties(outcome: &Outcome, records: &[Value]) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for line in outcome.logs("field mapped ") {
        let (field, properties) = (field_of(&line, "field").unwrap(), field_of(&line, "property").unwrap());
        let is_path = records.iter().all(|record| record.get(&field).is_none());
        let field = if is_path { field.split(['.', '[']).next().unwrap().to_owned() } else { field };
        for property in properties.split(", ") {
            fields.insert(property.to_owned(), field.clone());
        }
    }
    fields
}

// ---- The counts ---------------------------------------------------------------------------------------------

/// Whether a cell holds a value. The connector has its own rule; this is the one that it documents.
fn has_value(cell: &Value) -> bool {
    let is_seen = |letter: char| {
        !letter.is_whitespace()
            && !matches!(letter, '\0' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    match cell {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => text.chars().any(is_seen),
        Value::Array(items) => items.iter().any(has_value),
        Value::Object(members) => !members.is_empty(),
    }
}

/// How many cells of these records hold a value.
fn cells_with_value(records: &[Value]) -> u64 {
    let of_record =
        |record: &Value| record.as_object().unwrap().values().filter(|cell| has_value(cell)).count();
    records.iter().map(of_record).sum::<usize>().try_into().unwrap()
}

/// What the log counts and what it should, one line for each difference. `sandbox` is given where these records are all
/// that it was ever sent.
pub(crate) fn miscounts(outcome: &Outcome, records: &[Value], sandbox: Option<&Sandbox>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut compare = |what: &str, told: u64, counted: u64| {
        if told != counted {
            wrong.push(format!("{what}: {told} and {counted} should be the same"));
        }
    };
    let totals = outcome.logs("values of the stream ");
    let [total] = totals.as_slice() else {
        return vec![format!("the values of the stream are told {} times", totals.len())];
    };
    let count = |name: &str| number_of(total, name);
    compare("`values` and the cells with a value", count("values"), cells_with_value(records));
    let parts = ["key", "mapped", "left_out", "unfit", "of_records_left_out"];
    compare("`values` and the sum of its parts", count("values"), parts.into_iter().map(count).sum());

    let left_out = outcome.logs("values left out with their fields ");
    compare("`left_out` and the values of fields left out", count("left_out"), sum_of(&left_out, "values"));
    for line in &left_out {
        let by_field = sum_in_brackets(&field_of(line, "fields").unwrap());
        compare("values of a reason and of its fields", number_of(line, "values"), by_field);
    }
    // A field of several properties is one cell, whose value may fit one of them and not another.
    let fields = fields_of_properties(outcome, records);
    if fields.values().collect::<BTreeSet<_>>().len() == fields.len() {
        let unfit = outcome.logs("values left out stream=");
        compare("`unfit` and the values left out for a reason", count("unfit"), sum_of(&unfit, "count"));
    }
    if let Some(sandbox) = sandbox
        && number_of(&outcome.summary(), "folded") == 0
    {
        compare("`mapped` and the cells that HubSpot got", count("mapped"), cells_sent(sandbox, &fields));
    }
    wrong
}

/// How many cells the accepted upserts carried: for each contact, the fields of its properties.
fn cells_sent(sandbox: &Sandbox, fields: &BTreeMap<String, String>) -> u64 {
    let mut cells = 0;
    for request in sandbox.requests_to(paths::UPSERT) {
        if request.status != Some(200) {
            continue;
        }
        let body = request.json().expect("a body that was kept");
        for input in body["inputs"].as_array().unwrap() {
            let properties: &Map<String, Value> = input["properties"].as_object().unwrap();
            let filled = properties.iter().filter(|(name, value)| *name != "email" && has_value(value));
            let of_input: BTreeSet<&str> =
                filled.map(|(name, _)| fields.get(name).map_or(name.as_str(), String::as_str)).collect();
            cells += u64::try_from(of_input.len()).unwrap();
        }
    }
    cells
}

// ---- The counters themselves --------------------------------------------------------------------------------

#[test]
fn lines_are_read_as_they_are_written() {
    let line = r#"fields left out stream=a fields="b \"c\" (1), d=e (20)" reason=x count=3"#;
    assert_eq!(field_of(line, "fields").as_deref(), Some("b \"c\" (1), d=e (20)"));
    assert_eq!(field_of(line, "stream").as_deref(), Some("a"));
    assert_eq!((number_of(line, "count"), field_of(line, "values")), (3, None));
    assert_eq!(sum_in_brackets(&field_of(line, "fields").unwrap()), 21);
}

#[test]
fn cells_without_a_value_are_not_counted() {
    let record = json!({ "a": null, "b": " \u{200b}", "c": [], "d": [null, ["", {}]], "e": {}, "f": 0, "g": false,
        "h": { "i": null }, "j": ["", "k"] });
    assert_eq!(cells_with_value(&[record]), 4);
}

#[test]
fn a_wrong_count_is_noticed() {
    let outcome = |total: &str, reason: &str| {
        let left_out = "values left out with their fields stream=s values=2 fields=\"a (1), b (1)\" reason=r";
        let line = |message: &str| {
            format!("{{\"type\":\"LOG\",\"log\":{}}}", json!({ "level": "INFO", "message": message }))
        };
        let total = format!("values of the stream stream=s {total}");
        let lines = vec![line(left_out), line(reason), line(&total)];
        Outcome { code: Some(0), lines, stderr: String::new() }
    };
    let records = [json!({ "email": "a@x.com", "a": 1, "b": 2, "c": "?", "d": "" })];
    let reason = "values left out stream=s reason=invalid_value(c) count=1";
    let right = "values=4 key=1 mapped=0 left_out=2 unfit=1 of_records_left_out=0";
    assert_eq!(miscounts(&outcome(right, reason), &records, None), Vec::<String>::new());
    for (total, reason, complaints) in [
        (right.replace("values=4", "values=5"), reason, 2),
        (right.replace("mapped=0", "mapped=1"), reason, 1),
        (right.replace("left_out=2 unfit=1", "left_out=1 unfit=2"), reason, 2),
        (right.to_owned(), "values left out stream=s reason=invalid_value(c) count=3", 1),
    ] {
        let told = miscounts(&outcome(&total, reason), &records, None);
        assert_eq!(told.len(), complaints, "{total}: {told:?}");
    }
}
