//! Names, labels and settings that hold control characters, turn the reading direction or never end do no harm where they are
//! shown: not in a log, not in an error, not at a terminal.

use std::process::{Command, Stdio};

use hubspot_sandbox::{Fault, StatusAnswer, What};
use serde_json::{Value, json};

use super::{
    paths,
    support::{Connector, Outcome, is_state, record, record_of, sandbox, sandbox_with_faults, state_of},
};

/// Colours, a new line, the other reading direction, an isolate, a zero width space, C1; and ten thousand letters.
fn hostile(name: &str) -> String {
    format!("{name}\u{1b}[31m\r\nFATAL\u{202e}\u{2066}\u{200b}\u{9b}1m\u{2028}\0{}", "x".repeat(10_000))
}

/// The same without what no variable and no file name can hold.
fn hostile_argument(name: &str) -> String {
    hostile(name).replace('\0', "")
}

fn is_harmful(character: char) -> bool {
    character.is_control() || "\u{202e}\u{2066}\u{200b}\u{2028}".contains(character)
}

/// Every text for people in what was printed; the raw lines hold nothing harmful either, the decoded names for programs may.
#[track_caller]
fn assert_harmless(outcome: &Outcome, about: &str) {
    let mut texts: Vec<String> = outcome.stderr.lines().map(str::to_owned).collect();
    for line in outcome.lines.iter().filter(|line| !is_state(line)) {
        assert!(!line.contains(is_harmful), "{about}: {line:?}");
        let message: Value = serde_json::from_str(line).unwrap();
        let places = [
            &message["log"]["message"],
            &message["connectionStatus"]["message"],
            &message["trace"]["error"]["message"],
            &message["trace"]["error"]["internal_message"],
        ];
        texts.extend(places.into_iter().filter_map(Value::as_str).map(str::to_owned));
    }
    assert!(!texts.is_empty(), "{about}");
    for text in texts {
        assert!(!text.contains(is_harmful), "{about}: {text:?}");
        assert!(!text.contains(&"x".repeat(201)), "{about}: {text}");
    }
}

/// Runs `check` and `write`, looks at what they print, and gives all texts together.
#[track_caller]
fn harmless_in_both(connector: &Connector, input: &str, about: &str) -> String {
    let (checked, written) = (connector.check(), connector.write(input));
    assert_harmless(&checked, about);
    assert_harmless(&written, about);
    [checked.lines, written.lines].concat().join("\n")
}

#[test]
fn names_of_the_source_do_no_harm() {
    let sandbox = sandbox();
    let (stream, field) = (hostile("stream"), hostile("field"));
    let row = record_of(&stream, json!({ "email": "ada@example.com", field.as_str(): "Ada" }))
        + &state_of(&stream, 1);
    let fields = ["email", field.as_str()];
    let connector = Connector::new(&sandbox).streams(&[(stream.as_str(), &fields)]);
    let said = harmless_in_both(&connector, &row, "names in catalog and records");
    assert!(said.contains("fields left out stream=") && said.contains("…"), "{said}");
    harmless_in_both(&Connector::new(&sandbox), &row, "names without a catalog");
    // Errors that name them.
    let fails = [
        Connector::new(&sandbox).streams(&[(stream.as_str(), &["no_address"])]),
        Connector::new(&sandbox).streams(&[(stream.as_str(), &fields)]).set("unknown_fields", "fail"),
        Connector::new(&sandbox).streams(&[("other", &["email"])]),
    ];
    for (number, connector) in fails.iter().enumerate() {
        harmless_in_both(connector, &row, &format!("error {number}"));
    }
    // The descriptor is for programs: it is the name, whatever it holds.
    let outcome = fails[2].write(&row);
    assert_eq!(outcome.errors()[0]["stream_descriptor"]["name"], stream.as_str());
}

#[test]
fn settings_do_no_harm() {
    let sandbox = sandbox();
    let row = record(json!({ "email": "ada@example.com" }));
    let name = hostile("name");
    let mapping = json!([{ "field": name, "property": name, "stream": name }]);
    let twice = json!([{ "field": "a", "property": "email", "stream": name }, { "field": name, "property": "email", "stream": name }]);
    for (setting, value) in [
        ("lifecycle_stage", json!(name)),
        (name.as_str(), json!(1)),
        ("field_mappings", mapping),
        ("field_mappings", twice),
        ("field_mappings", json!({ name.as_str(): "email" })),
        ("field_mappings", json!([{ name.as_str(): "email" }])),
        ("field_mappings", json!([{ "field": "a", "property": "city", name.as_str(): "email" }])),
        ("unknown_fields", json!(name)),
    ] {
        let connector = Connector::new(&sandbox).set(setting, value.clone());
        harmless_in_both(&connector, &row, &format!("{setting:.20}: {:.60}", value.to_string()));
    }
    let catalog = json!({ "streams": [{
        "stream": { "name": "users", "json_schema": { "properties": { "email": {} } } },
        "destination_sync_mode": "append_dedup", "destination_object_name": hostile("COMPANY"), "primary_key": [["email"]],
    }] });
    let said = harmless_in_both(&Connector::new(&sandbox).catalog(catalog), &row, "the object of a catalog");
    assert!(said.contains("another object than a contact: `COMPANY FATAL"), "{said}");
}

#[test]
fn what_hubspot_calls_things_does_no_harm() {
    let row = record(json!({ "email": "ada@example.com", "tier": "no option", "firstname": "Ada" }));
    let property = |name: &str, kind: &str, options: Value| {
        json!({
            "name": name, "label": hostile(name), "type": kind, "fieldType": "select", "options": options,
            "modificationMetadata": { "readOnlyValue": false },
        })
    };
    let options = json!([{ "value": hostile("lead"), "label": hostile("Lead"), "hidden": false }]);
    let list = json!({ "results": [
        property("email", "string", json!([])),
        property("firstname", "string", json!([])),
        property(&hostile("tier"), "string", json!([])),
        property("tier", "enumeration", options.clone()),
        property("lifecyclestage", "enumeration", options),
    ] });
    let properties = Fault::new(What::Json { status: 200, body: list }).path(paths::PROPERTIES).times(50);
    let account =
        What::Json { status: 200, body: json!({ "portalId": hostile("4711"), "timeZone": hostile("UTC") }) };
    let refusal = StatusAnswer {
        category: Some(hostile("CATEGORY")),
        message: Some(hostile("message")),
        ..StatusAnswer::new(400)
    };
    let forbidden = What::Json {
        status: 403,
        body: json!({
            "category": hostile("MISSING_SCOPES"), "correlationId": hostile("id"), "message": hostile("message"),
            "context": { "requiredGranularScopes": [hostile("scope")] },
        }),
    };
    for (about, fault) in [
        ("account", Fault::new(account).path(paths::DETAILS).times(50)),
        ("refusal", Fault::new(refusal.into()).path(paths::UPSERT).times(50)),
        ("forbidden", Fault::new(forbidden).path(paths::UPSERT).times(50)),
    ] {
        let sandbox = sandbox_with_faults(vec![properties.clone(), fault]);
        harmless_in_both(&Connector::new(&sandbox), &row, about);
        let said = harmless_in_both(&Connector::new(&sandbox).set("lifecycle_stage", "VIP"), &row, about);
        assert!(said.contains("Use the internal value or the label of one of these: `lead FATAL"), "{said}");
    }
}

#[test]
fn variables_and_arguments_do_no_harm() {
    let sandbox = sandbox();
    let row = record(json!({ "email": "ada@example.com" }));
    let level = Connector::new(&sandbox).variable("LOG_LEVEL", &hostile_argument("loud"));
    let said = harmless_in_both(&level, &row, "LOG_LEVEL");
    assert!(said.contains("The variable LOG_LEVEL is `loud FATAL"), "{said}");
    for variable in [
        "HUBSPOT_API_BASE_URL",
        "HUBSPOT_API_ALLOW_HTTP",
        "HUBSPOT_ALLOW_PRIVATE_ENDPOINTS",
        "HUBSPOT_DELAY_SCALE",
    ] {
        let connector = Connector::new(&sandbox).variable(variable, &hostile_argument("http://a"));
        harmless_in_both(&connector, &row, variable);
    }
    let argument = hostile_argument("file");
    let short = "file\u{1b}[31m\u{202e}.json";
    for arguments in [
        ["check", "--config", argument.as_str()],
        ["write", "--config", argument.as_str()],
        ["check", "--config", short],
        ["check", argument.as_str(), "x"],
        [short, "--config", "x"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_destination-hubspot"));
        let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let lines = text(output.stdout).lines().map(str::to_owned).collect();
        let outcome = Outcome { code: output.status.code(), lines, stderr: text(output.stderr) };
        assert_harmless(&outcome, &format!("{:.20} {:.20}", arguments[0], arguments[1]));
    }
}
