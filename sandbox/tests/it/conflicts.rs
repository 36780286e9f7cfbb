//! Addresses that belong to another contact, and two addresses of one contact in a batch.

use hubspot_sandbox::{SameContactInputs, Sandbox, Seed, Settings};
use serde_json::{Value, json};

use crate::support::*;

fn taken() -> Vec<Value> {
    vec![
        input("a@example.com", &json!({ "email": "taken@example.com" })),
        input("b@example.com", &json!({ "city": "X" })),
    ]
}

#[tokio::test]
async fn an_address_of_another_contact_is_a_conflict() {
    let (sandbox, client) = start(Settings::default());
    let owner = sandbox.seed_contact(Seed::new("x@example.com").secondary("taken@example.com"));
    let whole = client.upsert(&taken()).await;
    assert_eq!(whole.status, 409);
    let body = whole.json();
    assert_eq!(body["category"], "CONFLICT");
    assert_eq!(body["message"], format!("Contact already exists. Existing ID: {owner}"));
    assert_eq!(body.get("context"), None);
    assert_eq!(sandbox.contacts().len(), 1);
    let partly = client.upsert(&traced(taken())).await;
    assert_eq!(partly.status, 207);
    assert_eq!(partly.emails(), ["b@example.com"]);
    let error = &partly.json()["errors"][0];
    assert_eq!(error["category"], "CONFLICT");
    assert_eq!(error["context"], json!({ "existingId": [owner], "objectWriteTraceId": ["0"] }));
}

#[tokio::test]
async fn two_inputs_that_take_one_address_are_a_conflict() {
    let (sandbox, client) = start(Settings::default());
    let by_number = |number: &str| json!({ "id": number, "idProperty": "customer_number", "properties": { "email": "a@example.com" } });
    let answer = client.upsert(&traced([by_number("1"), by_number("2")])).await;
    assert_eq!(answer.status, 207);
    assert_eq!(answer.failed_traces(), ["1"]);
    assert_eq!(answer.json()["errors"][0]["message"], "Contact already exists");
    assert_eq!(sandbox.contacts().len(), 1);
}

#[tokio::test]
async fn two_addresses_of_one_contact_in_a_batch() {
    let both = || {
        traced([
            input("ada@example.com", &json!({ "city": "London", "zip": "1" })),
            input("countess@example.com", &json!({ "city": "Paris" })),
            input("other@example.com", &json!({ "city": "Rome" })),
        ])
    };
    for (choice, status, results) in [
        (SameContactInputs::Conflict409, 409, 0),
        (SameContactInputs::MergedIntoOneResult, 200, 2),
        (SameContactInputs::BothResults, 200, 3),
    ] {
        let settings = Settings { same_contact_inputs: choice, ..Settings::default() };
        let sandbox = Sandbox::start(settings).unwrap();
        sandbox.seed_contact(Seed::new("ada@example.com").secondary("countess@example.com"));
        let answer = Client::new(&sandbox).upsert(&both()).await;
        assert_eq!(answer.status, status, "{choice:?}");
        let contact = sandbox.contact("ada@example.com").unwrap();
        if status == 409 {
            assert_eq!(contact.writes, 0);
            assert_eq!(sandbox.contacts().len(), 1);
        } else {
            assert_eq!(answer.json()["results"].as_array().unwrap().len(), results, "{choice:?}");
            assert_eq!(contact.property("city"), Some("Paris"), "written in order");
            assert_eq!(contact.property("zip"), Some("1"));
        }
    }
}
