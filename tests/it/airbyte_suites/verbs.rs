//! `SpecTest`, `CheckIntegrationTest` and `DiscoverIntegrationTest`: exactly one message, and the right one.

use std::process::Command;

use hubspot_sandbox::tokens;
use serde_json::{Map, Value, json};

use super::{
    super::support::{Connector, Outcome, sandbox},
    Stream, line,
};

/// The one message of a type. Log lines may stand beside it, nothing else.
#[track_caller]
fn only(outcome: &Outcome, kind: &str) -> Value {
    let (wanted, others): (Vec<Value>, Vec<Value>) =
        outcome.messages().into_iter().partition(|message| message["type"] == kind);
    assert!(others.iter().all(|message| message["type"] == "LOG"), "{others:#?}");
    let [message] = <[Value; 1]>::try_from(wanted).unwrap();
    message
}

fn spec_in(mode: &str) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_destination-hubspot"));
    let output = command.arg("spec").env("DEPLOYMENT_MODE", mode).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    let lines: Vec<&str> = std::str::from_utf8(&output.stdout).unwrap().lines().collect();
    let [line] = lines[..] else { panic!("{lines:#?}") };
    serde_json::from_str(line).unwrap()
}

#[test]
fn test_spec_oss_and_test_spec_cloud() {
    let expected: Value = serde_json::from_str(include_str!("../../../spec.json")).unwrap();
    for mode in ["OSS", "CLOUD"] {
        assert_eq!(spec_in(mode), json!({ "type": "SPEC", "spec": expected }), "{mode}");
    }
}

#[test]
fn test_check_success_configs() {
    let sandbox = sandbox();
    for (setting, value) in [
        ("lifecycle_stage", json!("Marketing Qualified Lead")),
        ("field_mappings", json!([{ "field": "mail", "property": "email" }])),
        // The platform and older versions may add settings.
        ("no_setting_of_ours", json!({ "a": [1] })),
    ] {
        let outcome = Connector::new(&sandbox).in_job_directory().set(setting, value).check();
        outcome.assert_success();
        assert_eq!(only(&outcome, "CONNECTION_STATUS")["connectionStatus"]["status"], "SUCCEEDED");
    }
}

#[test]
fn test_check_fail_configs() {
    let sandbox = sandbox();
    for (config, reason) in [
        (json!({}), "access_token"),
        (json!({ "access_token": tokens::EXPIRED }), "expired"),
        (json!({ "access_token": tokens::READ_ONLY }), "crm.objects.contacts.write"),
        (json!({ "access_token": tokens::FULL, "lifecycle_stage": "friend" }), "`lifecycle_stage`"),
    ] {
        let outcome = Connector::new(&sandbox).in_job_directory().config(config).check();
        outcome.assert_success();
        let status = only(&outcome, "CONNECTION_STATUS")["connectionStatus"].take();
        assert_eq!(status["status"], "FAILED");
        assert!(status["message"].as_str().unwrap().contains(reason), "{status}");
    }
}

/// A value that a field of this schema can have.
fn example(schema: &Value) -> Value {
    match (schema["type"].as_str().unwrap(), schema["format"].as_str()) {
        ("boolean", None) => json!(true),
        ("number", None) => json!(41),
        ("string", None) => json!("7"),
        ("string", Some("date")) => json!("2024-05-01"),
        ("string", Some("date-time")) => json!("2024-05-01T10:00:00Z"),
        other => panic!("no type of Airbyte's: {other:?}"),
    }
}

/// The original compares one catalog. Here the catalog is also used as the platform uses it: a connection is held to
/// its rules, and what is written by it arrives.
#[test]
fn test_discover_success_configs() {
    let sandbox = sandbox();
    let outcome = Connector::new(&sandbox).in_job_directory().start("discover").finish();
    outcome.assert_success();
    let operation = only(&outcome, "DESTINATION_CATALOG")["destination_catalog"]["operations"][0].take();
    let fields: Map<String, Value> = operation["json_schema"]["properties"].as_object().unwrap().clone();
    let key = &operation["matching_keys"][0];
    assert!(key.as_array().unwrap().iter().all(|name| fields.contains_key(name.as_str().unwrap())));

    let mut stream = Stream::new("users").fields(json!(fields)).configured();
    stream["destination_sync_mode"] = operation["sync_mode"].clone();
    stream["destination_object_name"] = operation["object_name"].clone();
    stream["primary_key"] = operation["matching_keys"].clone();
    let mut row: Map<String, Value> =
        fields.iter().map(|(name, schema)| (name.clone(), example(schema))).collect();
    row["email"] = json!("ada@example.com");
    let connector = Connector::new(&sandbox).in_job_directory().catalog(json!({ "streams": [stream] }));
    let record = json!({ "stream": "users", "namespace": "test20261123abcd", "emitted_at": 1, "data": row });
    let outcome = connector.write(&line("RECORD", "record", &record));
    outcome.assert_success();
    assert!(outcome.summary().contains(" read=1 created=1 "), "{}", outcome.summary());

    // Every field was offered because it can be written. Only values that are no option of theirs are left out.
    assert_eq!(outcome.logs("fields left out"), Vec::<String>::new());
    let contact = sandbox.contact("ada@example.com").unwrap();
    for name in row.keys().filter(|name| *name != "lifecyclestage") {
        let refused = !outcome
            .logs(&format!("values left out stream=test20261123abcd.users reason=invalid_value({name})"))
            .is_empty();
        assert_eq!(contact.property(name).is_none(), refused, "{name}");
    }
    for name in ["firstname", "closedate", "contract_end", "newsletter_opt_in", "favourite_number"] {
        assert!(contact.property(name).is_some(), "{name}");
    }
}
