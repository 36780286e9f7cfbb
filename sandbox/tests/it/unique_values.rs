//! Values of a custom unique property: taken by another contact, or of no contact; and which ids an update takes.

use hubspot_sandbox::{Sandbox, Seed, Settings, TakenUniqueValues, UnknownUniqueValues};
use serde_json::{Value, json};

use crate::support::*;

/// A sandbox with the contact `owner@example.com` that has the number `C-1`, and its id.
fn with_owner(settings: Settings) -> (Sandbox, Client, String) {
    let (sandbox, client) = start(settings);
    let id = sandbox.seed_contact(Seed::new("owner@example.com").property("customer_number", "C-1"));
    (sandbox, client, id)
}

fn two(id: &str) -> [(&'static Path, Vec<Value>); 3] {
    let taken = json!({ "email": "new@example.com", "customer_number": "C-1" });
    let good = json!({ "email": "good@example.com" });
    let by_id = |id: &str, properties: &Value| json!({ "id": id, "properties": properties });
    [
        (&CREATE, vec![json!({ "properties": taken }), json!({ "properties": good })]),
        (&UPSERT, vec![input("new@example.com", &taken), input("good@example.com", &good)]),
        (&UPDATE, vec![by_id(id, &json!({ "customer_number": "C-1" }))]),
    ]
}

#[tokio::test]
async fn a_value_of_another_contact_is_refused() {
    for (choice, status) in [(TakenUniqueValues::Entry207, 207), (TakenUniqueValues::Status400, 400)] {
        let (sandbox, client, owner) =
            with_owner(Settings { taken_unique_values: choice, ..Settings::default() });
        let other = sandbox.seed_contact(Seed::new("other@example.com"));
        for (path, inputs) in two(&other) {
            let whole = client.post(path, &json!({ "inputs": inputs })).await;
            assert_eq!(whole.status, 400, "{path}: {}", whole.text);
            let body = whole.json();
            assert_eq!(body["category"], "VALIDATION_ERROR");
            let message = body["message"].as_str().unwrap();
            assert!(
                message.starts_with("Cannot set PropertyValueCoordinates{portalId=12345678, "),
                "{message}"
            );
            assert!(message.contains("propertyName=customer_number, value=C-1} on 17159604"), "{message}");
            assert!(message.ends_with(&format!(". {owner} already has that value.")), "{message}");
            let traced = client.post(path, &json!({ "inputs": traced(inputs) })).await;
            assert_eq!(traced.status, status, "{path}");
            if status == 207 {
                assert_eq!(traced.failed_traces(), ["0"]);
                assert_eq!(traced.json()["errors"][0]["message"], body["message"]);
            }
        }
        assert_eq!(sandbox.contact("good@example.com").is_some(), status == 207);
        assert_eq!(sandbox.contact("new@example.com"), None);
        assert_eq!(sandbox.contact("owner@example.com").unwrap().property("customer_number"), Some("C-1"));
    }
}

#[tokio::test]
async fn two_inputs_that_take_one_value() {
    let (sandbox, client) = start(Settings::default());
    let new = |email: &str| json!({ "properties": { "email": email, "customer_number": "C-1" } });
    let inputs = traced(["a@example.com", "b@example.com"].map(new));
    let answer = client.post(&CREATE, &json!({ "inputs": inputs })).await;
    assert_eq!((answer.status, answer.failed_traces()), (207, vec!["1".to_owned()]));
    assert!(answer.text.contains("already has that value"), "{}", answer.text);
    assert_eq!(sandbox.contacts().len(), 1);
}

#[tokio::test]
async fn a_value_of_no_contact_is_named_or_refuses_the_update() {
    let by_number = |number: &str| json!({ "id": number, "idProperty": "customer_number", "properties": { "city": "X" } });
    let inputs = json!({ "inputs": traced([by_number("C-1"), by_number("C-9")]) });
    for (choice, status) in [(UnknownUniqueValues::Entry207, 207), (UnknownUniqueValues::Status400, 400)] {
        let settings = Settings { unknown_unique_values: choice, ..Settings::default() };
        let (sandbox, client, _) = with_owner(settings);
        let answer = client.post(&UPDATE, &inputs).await;
        assert_eq!(answer.status, status);
        let body = answer.json();
        let is_written = sandbox.contact("owner@example.com").unwrap().property("city").is_some();
        assert_eq!(is_written, status == 207);
        if status == 207 {
            assert_eq!(body["errors"][0]["category"], "OBJECT_NOT_FOUND");
            assert_eq!(body["errors"][0]["context"], json!({ "ids": ["C-9"] }));
        } else {
            let named = body["context"]["missingObjectPropertyValueCoordinates"][0].as_str().unwrap();
            assert_eq!(named.split_once("customer_number:").unwrap().1, "C-9");
        }
    }
}

#[tokio::test]
async fn an_update_names_the_ids_it_does_not_find_and_updates_the_others() {
    let (sandbox, client, id) = with_owner(Settings { echo_trace_ids: true, ..Settings::default() });
    let archived = sandbox.seed_contact(Seed::new("archived@example.com"));
    assert!(sandbox.archive_contact("archived@example.com"));
    let by_id = |id: &str| json!({ "id": id, "properties": { "city": "X" } });
    let inputs =
        || vec![by_id(&archived), by_id(&id), by_id("42"), by_id("nonsense"), by_id("owner@example.com")];
    for inputs in [inputs(), traced(inputs())] {
        let answer = client.post(&UPDATE, &json!({ "inputs": inputs })).await;
        assert_eq!(answer.status, 207);
        let body = answer.json();
        let missing = json!([{
            "status": "error", "category": "OBJECT_NOT_FOUND",
            "message": "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.",
            "context": { "ids": [archived, "42", "nonsense"] },
        }]);
        assert_eq!((&body["errors"], &body["numErrors"]), (&missing, &json!(1)));
        assert_eq!(body["results"].as_array().unwrap().len(), 1);
        assert_eq!(body["results"][0]["id"], id);
        assert_eq!(body["results"][0].get("objectWriteTraceId"), inputs[1].get("objectWriteTraceId"));
    }
    assert_eq!(sandbox.contact("owner@example.com").unwrap().writes, 2);
    let mut by_key = by_id(&id);
    by_key["idProperty"] = json!("hs_object_id");
    let refused = client.post(&UPDATE, &json!({ "inputs": [by_key] })).await;
    assert!(refused.text.contains("non-unique 0-1 property hs_object_id"), "{}", refused.text);
}

#[tokio::test]
async fn an_update_by_a_merged_id_may_repeat_the_address_of_the_contact_that_remained() {
    let (sandbox, client, _) = with_owner(Settings::default());
    let gone = sandbox.seed_contact(Seed::new("gone@example.com"));
    assert!(sandbox.merge_contacts("owner@example.com", "gone@example.com"));
    let update =
        json!({ "inputs": [{ "id": gone, "properties": { "email": "owner@example.com", "city": "X" } }] });
    let answer = client.post(&UPDATE, &update).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(sandbox.contact("gone@example.com").unwrap().property("city"), Some("X"));
}
