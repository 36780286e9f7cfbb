//! Two contacts made one, and contacts deleted for good.

use hubspot_sandbox::{Seed, Settings, tokens};
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn a_merge_leaves_one_contact_with_the_addresses_of_both() {
    let (sandbox, client) = start(Settings::default());
    let kept = sandbox.seed_contact(Seed::new("ada@example.com").property("city", "London"));
    let gone = sandbox.seed_contact(
        Seed::new("countess@example.com")
            .secondary("king@example.com")
            .property("city", "Paris")
            .property("zip", "1"),
    );
    let answer = client.post(&MERGE, &json!({ "primaryObjectId": kept, "objectIdToMerge": gone })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["id"], json!(kept));

    let contact = &sandbox.contacts()[0];
    assert_eq!(sandbox.contacts().len(), 1);
    assert_eq!(contact.email, "ada@example.com");
    assert_eq!(contact.additional_emails, ["countess@example.com", "king@example.com"]);
    assert_eq!((contact.property("city"), contact.property("zip")), (Some("London"), Some("1")));
    for address in ["ada@example.com", "countess@example.com", "king@example.com"] {
        let result = client.upsert_one(address, &json!({ "phone": "1" })).await;
        assert_eq!((&result["id"], &result["new"]), (&json!(kept), &json!(false)));
        assert_eq!(result["properties"]["email"], "ada@example.com");
    }
    // The id of the contact that is gone leads to the other one.
    let read = client.post(&READ, &json!({ "inputs": [{ "id": gone }], "properties": ["email"] })).await;
    assert_eq!(read.emails(), ["ada@example.com"]);
    client.post(&UPDATE, &json!({ "inputs": [{ "id": gone, "properties": { "phone": "2" } }] })).await;
    assert_eq!(sandbox.contacts()[0].property("phone"), Some("2"));
    client.post(&ARCHIVE, &json!({ "inputs": [{ "id": gone }] })).await;
    assert!(sandbox.contacts().is_empty());
}

#[tokio::test]
async fn a_merge_needs_two_contacts_and_the_scope_to_write() {
    let (sandbox, client) = start(Settings::default());
    let id = sandbox.seed_contact(Seed::new("ada@example.com"));
    let merge = |other: &str| json!({ "primaryObjectId": id, "objectIdToMerge": other });
    let unknown = client.post(&MERGE, &merge("42")).await;
    assert_eq!((unknown.status, unknown.json()["category"].clone()), (404, json!("OBJECT_NOT_FOUND")));
    assert_eq!(client.post(&MERGE, &merge(&id)).await.status, 400);
    let forbidden = client.with_token(tokens::READ_ONLY).post(&MERGE, &merge("42")).await;
    assert_eq!(forbidden.status, 403);
    assert_eq!(sandbox.contacts().len(), 1);
}

#[tokio::test]
async fn an_address_deleted_for_good_comes_back_or_is_refused() {
    for refuse_blocklisted_emails in [false, true] {
        let (sandbox, client) = start(Settings { refuse_blocklisted_emails, ..Settings::default() });
        sandbox.seed_contact(Seed::new("ada@example.com").secondary("countess@example.com"));
        for address in ["Ada@example.com", "nobody@example.com"] {
            let body = json!({ "objectId": address, "idProperty": "email" });
            let answer = client.post(&GDPR_DELETE, &body).await;
            assert_eq!((answer.status, answer.text.as_str()), (204, ""));
        }
        assert!(sandbox.contacts().is_empty());

        let addresses =
            ["ada@example.com", "Countess@example.com", "nobody@example.com", "other@example.com"];
        let inputs = addresses.map(|address| input(address, &json!({ "city": "X" })));
        let answer = client.upsert(&traced(inputs)).await;
        if refuse_blocklisted_emails {
            assert_eq!(answer.failed_traces(), ["0", "1", "2"]);
            assert!(answer.text.contains("GDPR_BLACKLISTED_EMAIL"), "{}", answer.text);
            assert_eq!(answer.emails(), ["other@example.com"]);
        } else {
            assert_eq!(answer.emails().len(), 4);
        }
    }
}

#[tokio::test]
async fn a_contact_is_deleted_for_good_by_its_id() {
    let (sandbox, client) = start(Settings::default());
    let id = sandbox.seed_contact(Seed::new("ada@example.com"));
    let delete = json!({ "objectId": id });
    assert_eq!(client.with_token(tokens::READ_ONLY).post(&GDPR_DELETE, &delete).await.status, 403);
    assert_eq!(sandbox.contacts().len(), 1);
    assert_eq!(client.post(&GDPR_DELETE, &delete).await.status, 204);
    assert!(sandbox.contacts().is_empty());
}
