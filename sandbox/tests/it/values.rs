//! Values over HTTP; each type by itself is tested beside the code.

use hubspot_sandbox::{ConditionalProperty, Settings};
use serde_json::{Value, json};

use crate::support::*;

/// Code of the refusal of one value, or the stored value.
async fn outcome(client: &Client, name: &str, value: Value) -> Result<String, String> {
    let answer = client.upsert(&[input("v@example.com", &json!({ name: value }))]).await;
    let body = answer.json();
    match answer.status {
        200 => Ok(body["results"][0]["properties"][name].as_str().unwrap().to_owned()),
        _ => Err(body["errors"][0]["code"].as_str().unwrap().to_owned()),
    }
}

#[tokio::test]
async fn values_are_judged_by_their_definition() {
    let (_sandbox, client) = start(Settings::default());
    for (name, value, expected) in [
        ("favourite_number", json!("5,333,222"), Err("INVALID_INTEGER")),
        ("favourite_number", json!(1e21), Err("INVALID_INTEGER")),
        ("favourite_number", json!(12), Ok("12")),
        ("newsletter_opt_in", json!(false), Ok("false")),
        ("newsletter_opt_in", json!("YES"), Err("INVALID_OPTION")),
        ("membership_tier", json!("Gold member"), Err("INVALID_OPTION")),
        ("membership_tier", json!("tier_3"), Ok("tier_3")),
        ("contract_end", json!("2026-11-23"), Ok("2026-11-23")),
        ("contract_end", json!(1_795_392_000_000_u64), Ok("2026-11-23")),
        ("contract_end", json!("tomorrow"), Err("INVALID_LONG")),
        ("last_login", json!("2026-11-23T12:30:00.250+01:00"), Ok("2026-11-23T11:30:00.250Z")),
        ("hubspot_owner_id", json!("anna@example.com"), Err("INVALID_OPTION")),
        ("hs_object_id", json!("1"), Err("READ_ONLY_VALUE")),
        ("Firstname", json!("A"), Err("PROPERTY_DOESNT_EXIST")),
        ("email", json!("a@b"), Err("INVALID_EMAIL")),
    ] {
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(outcome(&client, name, value.clone()).await, expected, "{name} = {value}");
    }
    let body = client.upsert(&[input("v@example.com", &json!({ "newsletter_opt_in": "tYES" }))]).await.json();
    assert_eq!(body["errors"][0]["message"], "tYES was not one of the allowed options: [true, false]");
}

#[tokio::test]
async fn a_key_must_be_an_address() {
    let (sandbox, client) = start(Settings::default());
    for email in ["a@host.local", "\"a\"@example.com", "a@b", "a b@example.com", ""] {
        let answer = client.upsert(&traced([input(email, &json!({ "city": "X" }))])).await;
        assert_eq!(answer.status, 207, "{email}");
        assert!(answer.text.contains("INVALID_EMAIL"), "{email}");
    }
    assert!(sandbox.contacts().is_empty());
}

#[tokio::test]
async fn only_2026_09_normalises_dates() {
    let (_sandbox, client) = start(Settings::default());
    let inputs =
        json!({ "inputs": [input("a@example.com", &json!({ "contract_end": "2026-11-23T10:00:00Z" }))] });
    let lax = client.post(&UPSERT, &inputs).await;
    assert_eq!(lax.status, 400);
    assert_eq!(lax.json()["errors"][0]["code"], "INVALID_DATE");
    let strict = client.post(&UPSERT_2026_09, &inputs).await;
    assert_eq!(strict.status, 200);
    let result = &strict.json()["results"][0];
    assert_eq!(result["properties"]["contract_end"], "2026-11-23");
    assert_eq!(
        result["warnings"],
        json!([{
            "category": "PROPERTY_VALUE_NORMALIZED",
            "context": {
                "normalizedValue": "1795392000000", "propertyName": "contract_end", "rawValue": "2026-11-23T10:00:00Z",
            },
            "message": "contract_end was normalized",
        }])
    );
}

#[tokio::test]
async fn only_2026_09_enforces_the_admins_rules() {
    let (sandbox, client) = start(Settings {
        required_properties: vec!["company".to_owned()],
        conditional_properties: vec![ConditionalProperty {
            when: "hs_lead_status".to_owned(),
            is: "CONNECTED".to_owned(),
            require: "phone".to_owned(),
        }],
        ..Settings::default()
    });
    let inputs = |email: &str, properties: Value| json!({ "inputs": traced([input(email, &properties)]) });
    assert_eq!(client.post(&UPSERT, &inputs("a@example.com", json!({ "city": "X" }))).await.status, 200);
    let existing = client.post(&UPSERT_2026_09, &inputs("a@example.com", json!({ "city": "Y" }))).await;
    assert_eq!(existing.status, 200, "required on creation only");
    let new = client.post(&UPSERT_2026_09, &inputs("b@example.com", json!({ "city": "X" }))).await;
    assert_eq!(new.status, 207);
    assert!(new.text.contains("MISSING_REQUIRED_PROPERTY"));
    assert_eq!(new.json()["errors"][0]["context"]["propertyName"], json!(["company"]));
    let connected = json!({ "inputs": [input("a@example.com", &json!({ "hs_lead_status": "CONNECTED" }))] });
    let conditional = client.post(&UPSERT_2026_09, &connected).await;
    assert_eq!(conditional.status, 400);
    assert_eq!(conditional.json()["errors"][0]["code"], "MISSING_CONDITIONAL_REQUIRED_PROPERTY");
    assert_eq!(conditional.json()["category"], "VALIDATION_ERROR");
    let complete = json!({ "hs_lead_status": "CONNECTED", "phone": "1" });
    assert_eq!(client.post(&UPSERT_2026_09, &inputs("a@example.com", complete)).await.status, 200);
    assert_eq!(sandbox.contacts().len(), 1);
}

#[tokio::test]
async fn properties_can_go_missing() {
    let (sandbox, client) = start(Settings::default());
    client.upsert_one("a@example.com", &json!({ "city": "X" })).await;
    sandbox.update(|settings| settings.missing_properties = vec!["city".to_owned()]);
    assert_eq!(outcome(&client, "city", json!("Y")).await, Err("PROPERTY_DOESNT_EXIST".to_owned()));
    assert_eq!(client.get(&format!("{PROPERTIES}/city")).await.status, 404);
    assert!(!client.get(&PROPERTIES).await.text.contains("\"city\""));
}
