//! What is offered to platforms that map fields themselves, and what they then ask for.

use hubspot_sandbox::tokens;
use serde_json::{Value, json};

use super::support::{Connector, end_of, record, sandbox, state};

fn discovered(connector: &Connector) -> Value {
    let outcome = connector.start("discover").finish();
    outcome.assert_success();
    let messages = outcome.messages();
    let mut catalogs: Vec<&Value> =
        messages.iter().filter(|message| message["type"] == "DESTINATION_CATALOG").collect();
    assert_eq!(catalogs.len(), 1, "{:#?}", outcome.lines);
    catalogs.remove(0)["destination_catalog"].clone()
}

#[test]
fn contacts_are_offered_with_their_writable_properties() {
    let sandbox = sandbox();
    let catalog = discovered(&Connector::new(&sandbox));
    let operations = catalog["operations"].as_array().unwrap();
    let modes: Vec<&Value> = operations.iter().map(|operation| &operation["sync_mode"]).collect();
    assert_eq!(modes, ["append_dedup", "update", "soft_delete"]);
    let operation = &operations[0];
    assert_eq!(operation["object_name"], "CONTACT");
    assert_eq!(operation["sync_mode"], "append_dedup");
    assert_eq!(operation["matching_keys"], json!([["email"]]));
    let schema = &operation["json_schema"];
    assert_eq!((&schema["type"], &schema["additionalProperties"]), (&json!("object"), &json!(false)));
    let moment =
        json!({ "type": "string", "format": "date-time", "airbyte_type": "timestamp_with_timezone" });
    for (name, expected) in [
        ("email", json!({ "type": "string" })),
        ("firstname", json!({ "type": "string" })),
        ("membership_tier", json!({ "type": "string" })),
        ("hubspot_owner_id", json!({ "type": "string" })),
        ("favourite_number", json!({ "type": "number" })),
        ("newsletter_opt_in", json!({ "type": "boolean" })),
        ("contract_end", json!({ "type": "string", "format": "date" })),
        ("last_login", moment),
    ] {
        assert_eq!(schema["properties"][name], expected, "{name}");
    }
    for name in ["createdate", "hubspotscore", "national_insurance_number"] {
        assert_eq!(schema["properties"][name], Value::Null, "{name}");
    }
    assert!(sandbox.contacts().is_empty());
}

#[test]
fn the_settings_and_the_token_decide_what_else_may_come() {
    let sandbox = sandbox();
    let connector =
        Connector::new(&sandbox).set("unknown_fields", "create").set("access_token", tokens::SENSITIVE);
    let schema = discovered(&connector)["operations"][0]["json_schema"].clone();
    assert_eq!(schema["additionalProperties"], true);
    assert_eq!(schema["properties"]["national_insurance_number"], json!({ "type": "string" }));
}

#[test]
fn what_cannot_be_discovered_is_an_error() {
    let sandbox = sandbox();
    let outcome = Connector::new(&sandbox).set("access_token", tokens::EXPIRED).start("discover").finish();
    let message = outcome.assert_failure("config_error");
    assert!(message.contains("expired"), "{message}");
}

#[test]
fn a_reader_that_was_never_there_is_an_error() {
    let sandbox = sandbox();
    let connector = Connector::new(&sandbox);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = connector.command("discover").stdout(writer).spawn().unwrap();
    assert_eq!(end_of(&mut child).code(), Some(1));
}

fn catalog(object: &str, key: &Value) -> Value {
    let schema = json!({ "type": "object", "properties": { "mail": {}, "firstname": {} } });
    json!({ "streams": [{
        "stream": { "name": "users", "namespace": "public", "json_schema": schema },
        "destination_sync_mode": "append_dedup", "destination_object_name": object, "primary_key": key,
    }] })
}

#[test]
fn the_field_that_the_platform_matches_by_holds_the_address() {
    let sandbox = sandbox();
    let line = record(json!({ "mail": "ada@example.com", "firstname": "Ada" }));
    let line = line.replace("\"stream\":\"users\"", "\"stream\":\"users\",\"namespace\":\"public\"");
    let connector = |object: &str| Connector::new(&sandbox).catalog(catalog(object, &json!([["mail"]])));
    let outcome = connector("CONTACT").write(&(line.clone() + &state(1)));
    outcome.assert_success();
    assert_eq!(sandbox.contact("ada@example.com").unwrap().property("firstname"), Some("Ada"));
    let message = connector("COMPANY").write(&(line + &state(1))).assert_failure("config_error");
    assert!(message.contains("CONTACT") && message.contains("users"), "{message}");
}

/// Where the platform has chosen them among what is offered, and nowhere else.
#[test]
fn the_modes_that_are_offered_are_honoured_in_data_activation() {
    let row = |email: &str| record(json!({ "email": email, "firstname": "Ada" }));
    for (mode, object, summary) in [
        ("update", Some("CONTACT"), Some(" created=0 updated=1 unchanged=0 folded=0 skipped=1 ")),
        ("soft_delete", Some("CONTACT"), Some(" archived=1 folded=0 skipped=1 ")),
        ("update", None, None),
        ("soft_delete", None, None),
    ] {
        let sandbox = sandbox();
        sandbox.seed_contact(hubspot_sandbox::Seed::new("there@example.com"));
        let stream = json!({
            "stream": { "name": "users", "json_schema": { "properties": { "email": {}, "firstname": {} } } },
            "sync_mode": "incremental", "destination_sync_mode": mode, "destination_object_name": object,
            "primary_key": [["email"]]
        });
        let connector = Connector::new(&sandbox).catalog(json!({ "streams": [stream] }));
        let outcome = connector.write(&(row("there@example.com") + &row("missing@example.com")));
        let Some(summary) = summary else {
            outcome.assert_failure("config_error");
            continue;
        };
        outcome.assert_success();
        assert!(outcome.summary().contains(summary), "{mode}: {}", outcome.summary());
        assert_eq!(sandbox.contacts().len(), usize::from(mode == "update"));
        // They need leave to read, which a check says with the stream.
        let connector = connector.set("access_token", tokens::WRITE_ONLY);
        let (status, message) = connector.check().connection_status();
        assert_eq!(status, "FAILED", "{message}");
        assert!(message.contains("crm.objects.contacts.read") && message.contains("`users`"), "{message}");
    }
}
