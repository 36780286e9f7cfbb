//! A configuration of an earlier version runs as it is.

use hubspot_sandbox::Seed;
use serde_json::{Value, json};

use super::support::{Connector, record, sandbox, state};

const CONFIG_0_1_0: &str = include_str!("../data/config-0.1.0.json");

#[test]
fn a_configuration_of_0_1_0_runs_without_a_warning() {
    let config: Value = serde_json::from_str(CONFIG_0_1_0).unwrap();
    let field = |kind: &str| json!({ "type": ["null", kind] });
    let catalog = json!({ "streams": [{
        "stream": { "name": "users", "json_schema": { "type": "object", "properties": {
            "work_mail": field("string"), "given": field("string"), "lastname": field("string"),
            "city": field("string"), "Shoe Size": field("integer"),
        } } },
        "sync_mode": "incremental", "destination_sync_mode": "append_dedup", "primary_key": [["work_mail"]],
    }] });
    let sandbox = sandbox();
    sandbox.seed_contact(Seed::new("grace@example.com").property("city", "Arlington"));
    let connector = Connector::new(&sandbox).config(config).catalog(catalog);

    let check = connector.check();
    check.assert_success();
    assert_eq!(check.connection_status().0, "SUCCEEDED", "{:#?}", check.lines);

    let row = |email: &str| {
        record(
            json!({ "work_mail": email, "given": "Ada", "lastname": "Lovelace", "city": null, "Shoe Size": 38 }),
        )
    };
    let written = connector.write(&(row("ada@example.com") + &row("grace@example.com") + &state(1)));
    written.assert_success();
    assert_eq!(written.counts(), [(2.0, 0.0)]);
    for outcome in [check, written] {
        let warnings: Vec<Value> = outcome
            .messages()
            .into_iter()
            .filter(|message| ["WARN", "ERROR"].map(Value::from).contains(&message["log"]["level"]))
            // The sandbox is not HubSpot.
            .filter(|message| !message["log"]["message"].as_str().unwrap().contains("HUBSPOT_API_BASE_URL"))
            .collect();
        assert_eq!(warnings, Vec::<Value>::new());
    }

    let property = |email: &str, name: &str| {
        let contact = sandbox.contact(email).unwrap();
        contact.property(name).filter(|value| !value.is_empty()).map(str::to_owned)
    };
    for (email, name, expected) in [
        ("ada@example.com", "firstname", Some("Ada")),
        ("ada@example.com", "lastname", Some("Lovelace")),
        ("ada@example.com", "shoe_size", Some("38")),
        ("ada@example.com", "lifecyclestage", Some("marketingqualifiedlead")),
        ("grace@example.com", "firstname", Some("Ada")),
        ("grace@example.com", "city", None),
    ] {
        assert_eq!(property(email, name).as_deref(), expected, "{email} {name}");
    }
}
