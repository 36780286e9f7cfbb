//! Archived contacts: how they get there, how they are seen, and what becomes of their addresses.

use hubspot_sandbox::{ArchiveOfMissing, ArchivedValues, Seed, Settings};
use serde_json::{Value, json};

use crate::support::*;

fn ids(ids: &[&str]) -> Value {
    let inputs: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
    json!({ "inputs": inputs, "properties": ["email", "city"] })
}

#[tokio::test]
async fn an_archive_of_what_is_not_there_is_answered_as_set() {
    for (choice, status) in [
        (ArchiveOfMissing::Status204, 204),
        (ArchiveOfMissing::Status207, 207),
        (ArchiveOfMissing::Status404, 404),
    ] {
        let (sandbox, client) = start(Settings { archive_of_missing: choice, ..Settings::default() });
        let seed = |email: &str| sandbox.seed_contact(Seed::new(email));
        let (ada, gone) = (seed("ada@example.com"), seed("gone@example.com"));
        assert!(sandbox.archive_contact("gone@example.com"));
        let before = sandbox.archived()[0].clone();
        let missing = [gone.as_str(), "42", "ada@example.com"];
        let answer = client.post(&ARCHIVE, &ids(&[&ada, missing[0], missing[1], missing[2]])).await;
        assert_eq!(answer.status, status);
        let archived: Vec<String> = sandbox.archived().into_iter().map(|contact| contact.email).collect();
        match status {
            204 => assert_eq!(answer.text, ""),
            207 => {
                let body = answer.json();
                assert_eq!((&body["results"], &body["numErrors"]), (&json!([]), &json!(1)));
                assert_eq!(body["errors"][0]["category"], "OBJECT_NOT_FOUND");
                assert_eq!(body["errors"][0]["context"]["ids"], json!(missing));
            }
            _ => {
                let body = answer.json();
                assert_eq!(body["category"], "OBJECT_NOT_FOUND");
                assert_eq!(body["context"]["ids"], json!(missing));
                assert_eq!(archived, ["gone@example.com"], "nothing more is archived");
                continue;
            }
        }
        assert_eq!(archived, ["ada@example.com", "gone@example.com"]);
        assert_eq!(sandbox.archived()[1], before);
        assert!(sandbox.contacts().is_empty());
    }
}

#[tokio::test]
async fn where_all_are_there_an_archive_is_silent_whatever_is_set() {
    for choice in [ArchiveOfMissing::Status204, ArchiveOfMissing::Status207, ArchiveOfMissing::Status404] {
        let (sandbox, client) = start(Settings { archive_of_missing: choice, ..Settings::default() });
        let id = sandbox.seed_contact(Seed::new("a@example.com"));
        let answer = client.post(&ARCHIVE, &ids(&[&id])).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    }
}

#[tokio::test]
async fn an_archived_contact_is_missing_but_from_a_read_of_the_recycle_bin() {
    let (sandbox, client) = start(Settings::default());
    let id = sandbox.seed_contact(Seed::new("a@example.com").secondary("b@example.com"));
    sandbox.seed_contact(Seed::new("c@example.com"));
    client.post(&ARCHIVE, &ids(&[&id])).await;
    let by_id = client.post(&READ, &ids(&[&id])).await;
    assert_eq!((by_id.status, by_id.json()["errors"][0]["context"]["ids"].clone()), (207, json!([id])));
    let mut by_address = ids(&["a@example.com", "b@example.com", "c@example.com"]);
    by_address["idProperty"] = json!("email");
    let live = client.post(&READ, &by_address).await;
    assert_eq!(live.emails(), ["c@example.com"]);
    let missing = live.json()["errors"][0]["context"]["ids"].clone();
    assert_eq!(missing, json!(["a@example.com", "b@example.com"]));
    let archived = format!("{READ}?archived=true");
    for (body, missing) in [(ids(&[&id]), Value::Null), (by_address, json!(["c@example.com"]))] {
        let answer = client.post(&archived, &body).await;
        assert_eq!(answer.emails(), ["a@example.com"]);
        assert_eq!(answer.json()["results"][0]["archived"], true);
        assert_eq!(answer.json()["errors"][0]["context"]["ids"], missing);
    }
    let kept = &sandbox.archived()[0];
    assert_eq!((kept.id.as_str(), kept.email.as_str(), kept.archived), (id.as_str(), "a@example.com", true));
}

#[tokio::test]
async fn the_values_of_an_archived_contact_are_free_or_held() {
    let by_number = json!({ "id": "C-1", "idProperty": "customer_number", "properties": { "city": "X" } });
    let of = |email: &str| json!({ "properties": { "email": email } });
    let writes = [
        (&UPSERT, input("a@example.com", &json!({ "city": "X" })), "email", "a@example.com"),
        (&UPSERT, input("B@example.com", &json!({ "city": "X" })), "email", "b@example.com"),
        (&UPSERT, by_number, "customer_number", "C-1"),
        (&CREATE, of("a@example.com"), "email", "a@example.com"),
        (&UPSERT, input("other@example.com", &json!({ "email": "a@example.com" })), "email", "a@example.com"),
    ];
    for archived_values in [ArchivedValues::Free, ArchivedValues::Held] {
        for (path, input, property, value) in &writes {
            let (sandbox, client) = start(Settings { archived_values, ..Settings::default() });
            sandbox.seed_contact(Seed::new("other@example.com"));
            let seed = Seed::new("a@example.com").secondary("b@example.com");
            let id = sandbox.seed_contact(seed.property("customer_number", "C-1"));
            assert!(sandbox.archive_contact("a@example.com"));
            let answer = client.post(path, &json!({ "inputs": [input] })).await;
            if archived_values == ArchivedValues::Free {
                assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
                assert_ne!(answer.json()["results"][0]["id"], id);
                assert_eq!(sandbox.archived().len(), 1);
                continue;
            }
            assert_eq!(answer.status, 400, "{}", answer.text);
            let message = answer.json()["message"].as_str().unwrap().to_owned();
            assert!(message.contains(&format!("propertyName={property}, value={value}}} on ")), "{message}");
            assert!(message.ends_with(&format!(". {id} already has that value.")), "{message}");
            assert_eq!(sandbox.contacts().len(), 1);
            let partly = client.post(path, &json!({ "inputs": traced([input.clone()]) })).await;
            assert_eq!((partly.status, partly.failed_traces().len()), (207, 1));
        }
    }
}
