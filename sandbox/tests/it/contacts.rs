//! Upsert, read, update and archive when nothing goes wrong.

use std::collections::HashSet;

use hubspot_sandbox::{Seed, Settings};
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn an_upsert_creates_and_then_updates() {
    let (sandbox, client) = start(Settings::default());
    let created = client.upsert_one("Ada@Example.com", &json!({ "firstname": "Ada", "phone": "1" })).await;
    assert_eq!(created["new"], true);
    assert_eq!(created["archived"], false);
    assert_eq!(created["properties"]["email"], "ada@example.com");
    assert_eq!(created["properties"]["lifecyclestage"], "lead");
    assert_eq!(created["properties"]["hs_object_id"], created["id"]);
    let url = created["url"].as_str().unwrap();
    assert!(url.ends_with(&format!("/12345678/record/0-1/{}", created["id"].as_str().unwrap())));
    let updated =
        client.upsert_one("ada@example.com", &json!({ "lastname": "Lovelace", "phone": "2" })).await;
    assert_eq!(updated["new"], false);
    assert_eq!(updated["id"], created["id"]);
    let contacts = sandbox.contacts();
    assert_eq!(contacts.len(), 1);
    let own = contacts[0].own_properties();
    assert_eq!(own["firstname"], "Ada", "a property that is left out stays");
    assert_eq!(own["phone"], "2");
    assert_eq!(own.keys().collect::<Vec<_>>(), ["firstname", "lastname", "lifecyclestage", "phone"]);
    assert_eq!(contacts[0].writes, 2);
    assert!(contacts[0].id.parse::<u64>().unwrap() > 171_000_000_000);
}

#[tokio::test]
async fn the_envelope_is_complete_and_values_are_strings() {
    let (_sandbox, client) = start(Settings::default());
    let answer = client
        .upsert(&[input(
            "a@example.com",
            &json!({ "favourite_number": 7.50, "newsletter_opt_in": true, "city": "" }),
        )])
        .await;
    let body = answer.json();
    assert_eq!(body["status"], "COMPLETE");
    assert!(body["startedAt"].is_string() && body["completedAt"].is_string());
    assert_eq!(body.get("numErrors"), None);
    let properties = &body["results"][0]["properties"];
    assert_eq!(properties["favourite_number"], "7.5");
    assert_eq!(properties["newsletter_opt_in"], "true");
    assert_eq!(properties["city"], Value::Null);
}

#[tokio::test]
async fn results_come_in_an_order_of_their_own_that_the_seed_repeats() {
    let order = async |settings: Settings| {
        let (_sandbox, client) = start(settings);
        let body = client.upsert(&people(50)).await.json();
        let results = body["results"].as_array().unwrap().clone();
        results.iter().map(|result| result["properties"]["firstname"].clone()).collect::<Vec<_>>()
    };
    let sent: Vec<Value> = (1..=50).map(|number| json!(format!("P{number}"))).collect();
    let first = order(Settings::default()).await;
    assert_ne!(first, sent);
    assert_eq!(first.iter().collect::<HashSet<_>>(), sent.iter().collect());
    assert_eq!(order(Settings::default()).await, first);
    assert_ne!(order(Settings { seed: 1, ..Settings::default() }).await, first);
    assert_eq!(order(Settings { shuffle_results: false, ..Settings::default() }).await, sent);
}

#[tokio::test]
async fn a_secondary_address_means_the_same_contact() {
    let (sandbox, client) = start(Settings::default());
    let id = sandbox.seed_contact(Seed::new("ada@example.com").secondary("Countess@example.com"));
    let result = client.upsert_one("countess@example.com", &json!({ "city": "London" })).await;
    assert_eq!(result["id"], id);
    assert_eq!(result["new"], false);
    assert_eq!(result["properties"]["email"], "ada@example.com");
    // Sending the address among the properties makes it the primary one.
    client.upsert_one("countess@example.com", &json!({ "email": "countess@example.com" })).await;
    let contact = sandbox.contact("ada@example.com").unwrap();
    assert_eq!(contact.email, "countess@example.com");
    assert_eq!(contact.additional_emails, ["ada@example.com"]);
    assert_eq!(contact.property("hs_additional_emails"), Some("ada@example.com"));
}

#[tokio::test]
async fn clearing_and_null() {
    let (sandbox, client) = start(Settings::default());
    client.upsert_one("a@example.com", &json!({ "city": "Rome", "state": "RM", "zip": "1" })).await;
    client.upsert_one("a@example.com", &json!({ "city": "", "state": null, "zip": "2" })).await;
    let contact = sandbox.contact("a@example.com").unwrap();
    assert_eq!(contact.property("city"), None);
    assert_eq!(contact.property("state"), Some("RM"));
    let answer = client.upsert(&[input("a@example.com", &json!({ "city": null }))]).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["message"], "No properties found to update, please provide at least one.");
    sandbox.update(|settings| settings.refuse_empty_properties = false);
    assert_eq!(client.upsert(&[input("b@example.com", &json!({}))]).await.status, 200);
    assert!(sandbox.contact("b@example.com").is_some());
}

#[tokio::test]
async fn an_email_alone_is_enough_to_create() {
    let (sandbox, client) = start(Settings::default());
    let result = client.upsert_one("a@example.com", &json!({ "email": "a@example.com" })).await;
    assert_eq!(result["new"], true);
    assert_eq!(sandbox.contact("a@example.com").unwrap().property("hs_email_domain"), Some("example.com"));
}

#[tokio::test]
async fn stages_move_forward_only_and_without_a_word() {
    let (sandbox, client) = start(Settings::default());
    let set = async |email: &str, stage: &str| {
        let result = client.upsert_one(email, &json!({ "lifecyclestage": stage })).await;
        result["properties"]["lifecyclestage"].clone()
    };
    assert_eq!(set("a@example.com", "subscriber").await, "subscriber", "before the default, on creation");
    assert_eq!(set("a@example.com", "customer").await, "customer");
    assert_eq!(set("a@example.com", "lead").await, "customer");
    assert_eq!(set("a@example.com", "").await, Value::Null);
    assert_eq!(set("a@example.com", "subscriber").await, "subscriber");
    assert!(sandbox.contact("a@example.com").unwrap().property("hs_lifecyclestage_customer_date").is_some());
    client.upsert_one("b@example.com", &json!({ "city": "X" })).await;
    assert_eq!(set("b@example.com", "subscriber").await, "lead", "the default came first");
    sandbox.update(|settings| settings.default_lifecycle_stage = None);
    let none = client.upsert_one("c@example.com", &json!({ "city": "X" })).await;
    assert_eq!(none["properties"].get("lifecyclestage"), None);
}

#[tokio::test]
async fn a_leading_semicolon_appends() {
    let (sandbox, client) = start(Settings::default());
    let interests = |sandbox: &hubspot_sandbox::Sandbox| {
        sandbox.contact("a@example.com").unwrap().property("interests").unwrap().to_owned()
    };
    client.upsert_one("a@example.com", &json!({ "interests": "books;music" })).await;
    client.upsert_one("a@example.com", &json!({ "interests": ";travel;music" })).await;
    assert_eq!(interests(&sandbox), "books;music;travel");
    client.upsert_one("a@example.com", &json!({ "interests": "travel" })).await;
    assert_eq!(interests(&sandbox), "travel");
}

#[tokio::test]
async fn a_custom_unique_property_is_a_key_too() {
    let (sandbox, client) = start(Settings::default());
    let by_number = |number: &str, properties: Value| json!({ "id": number, "idProperty": "customer_number", "properties": properties });
    let created = client.upsert(&[by_number("C-1", json!({ "email": "a@example.com" }))]).await.json();
    assert_eq!(created["results"][0]["new"], true);
    let updated = client.upsert(&[by_number("C-1", json!({ "city": "X" }))]).await.json();
    assert_eq!(updated["results"][0]["new"], false);
    let contact = sandbox.contact("a@example.com").unwrap();
    assert_eq!(contact.property("customer_number"), Some("C-1"));
    assert_eq!(contact.property("city"), Some("X"));
}

#[tokio::test]
async fn a_read_by_address_names_those_it_does_not_find() {
    let (sandbox, client) = start(Settings::default());
    sandbox.seed_contact(Seed::new("a@example.com").secondary("b@example.com").property("city", "X"));
    let answer = client
        .post(
            &READ,
            &json!({
                "idProperty": "email", "properties": ["email", "city", "zip"], "propertiesWithHistory": [],
                "inputs": [{ "id": "B@example.com" }, { "id": "a@example.com" }, { "id": "Nobody@example.com" }],
            }),
        )
        .await;
    assert_eq!(answer.status, 207);
    assert_eq!(answer.emails(), ["a@example.com"]);
    let body = answer.json();
    assert_eq!(body["results"][0]["properties"]["zip"], Value::Null);
    assert_eq!(body["results"][0]["properties"]["city"], "X");
    assert_eq!(body["numErrors"], 1);
    assert_eq!(body["errors"][0]["category"], "OBJECT_NOT_FOUND");
    assert_eq!(body["errors"][0]["context"]["ids"], json!(["Nobody@example.com"]));
    let all_there =
        client.post(&READ, &json!({ "idProperty": "email", "inputs": [{ "id": "a@example.com" }] })).await;
    assert_eq!(all_there.status, 200);
    let many: Vec<Value> = (0..51).map(|number| json!({ "id": number.to_string() })).collect();
    let history = json!({ "inputs": many, "propertiesWithHistory": ["city"] });
    assert_eq!(client.post(&READ, &history).await.status, 400);
}

#[tokio::test]
async fn an_update_goes_by_record_id() {
    let (sandbox, client) = start(Settings::default());
    let id = sandbox.seed_contact(Seed::new("a@example.com"));
    let update = async |inputs: Value| client.post(&UPDATE, &json!({ "inputs": inputs })).await;
    let answer = update(json!([{ "id": id, "properties": { "city": "X" } }])).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["results"][0].get("new"), None);
    assert_eq!(sandbox.contact("a@example.com").unwrap().property("city"), Some("X"));
    // By address: refused with idProperty, passed over without.
    let refused = update(json!([input("a@example.com", &json!({ "city": "Y" }))])).await;
    assert_eq!(
        refused.json()["message"],
        "Unable to perform update/upsert by non-unique 0-1 property email in portal ID 12345678"
    );
    let ignored = update(json!([{ "id": "a@example.com", "properties": { "city": "Y" } }])).await;
    assert_eq!((ignored.status, ignored.json()["results"].clone()), (200, json!([])));
    let unknown = update(json!([{ "id": "42", "properties": { "city": "Y" } }])).await;
    assert_eq!(unknown.status, 207);
    assert_eq!(unknown.json()["errors"][0]["context"]["ids"], json!(["42"]));
    assert_eq!(sandbox.contact("a@example.com").unwrap().property("city"), Some("X"));
}

#[tokio::test]
async fn an_archived_contact_is_gone_and_its_address_free() {
    let (sandbox, client) = start(Settings::default());
    let id = sandbox.seed_contact(Seed::new("a@example.com"));
    let answer = client.post(&ARCHIVE, &json!({ "inputs": [{ "id": id }] })).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert!(sandbox.contacts().is_empty());
    let again = client.upsert_one("a@example.com", &json!({ "city": "X" })).await;
    assert_eq!(again["new"], true);
    assert_ne!(again["id"], id);
}

#[tokio::test]
async fn contacts_can_be_seeded() {
    let (sandbox, client) = start(Settings::default());
    sandbox.seed_contacts(120);
    let contacts = sandbox.contacts();
    assert_eq!(contacts.len(), 120);
    assert_eq!(contacts[0].email, "seed-000001@example.com");
    assert_eq!(contacts[0].writes, 0);
    let result = client.upsert_one("seed-000007@example.com", &json!({ "city": "X" })).await;
    assert_eq!(result["new"], false);
}
