//! Paths, tokens, scopes, and the order in which they are checked.

use hubspot_sandbox::{ScopeErrorShape, Settings, tokens};
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn all_versions_and_spellings_answer_alike() {
    let (sandbox, client) = start(Settings::default());
    let mut number = 0;
    for prefix in ["/crm/v3/objects", "/crm/objects/2026-03", "/crm/objects/2026-09"] {
        for object in ["contact", "contacts", "CONTACT", "0-1"] {
            number += 1;
            let body =
                json!({ "inputs": [input(&format!("v{number}@example.com"), &json!({ "firstname": "A" }))] });
            let answer = client.post(&format!("{prefix}/{object}/batch/upsert"), &body).await;
            assert_eq!(answer.status, 200, "{prefix}/{object}: {}", answer.text);
        }
    }
    for path in [
        "/crm/v3/properties/contacts",
        "/crm/properties/2026-03/0-1",
        "/crm/properties/2026-09/contacts",
        "/account-info/v3/details",
        "/account-info/2026-03/details",
        "/account-info/2026-09/details",
    ] {
        assert_eq!(client.get(path).await.status, 200, "{path}");
    }
    assert_eq!(sandbox.contacts().len(), number);
}

/// What the sandbox says beside HubSpot's answer.
fn hint(answer: &Answer) -> Option<Value> {
    answer.header("x-sandbox-hint").map(|hint| serde_json::from_str(hint).unwrap())
}

#[tokio::test]
async fn what_the_sandbox_lacks_is_said_in_a_header() {
    let (_sandbox, client) = start(Settings::default());
    let companies = client.post(&UPSERT.replace("contacts", "companies"), &json!({ "inputs": [] })).await;
    assert_eq!(companies.status, 400);
    assert_eq!(hint(&companies).unwrap()["lacking"], "object_type");
    assert_eq!(hint(&client.upsert(&people(1)).await), None);
    // HubSpot's own 404 of a route that is there.
    let nobody = client.get(&format!("{PROPERTIES}/nonsense")).await;
    assert_eq!((nobody.status, hint(&nobody)), (404, None));
}

#[tokio::test]
async fn unknown_paths_get_a_page() {
    let (_sandbox, client) = start(Settings::default());
    for (path, status) in [("/crm/v4/objects/contacts/batch/upsert", 404), (&UPSERT, 405), ("/", 404)] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/html;charset=iso-8859-1"));
        assert!(answer.text.starts_with("<html>"));
        assert_eq!(answer.header("allow"), (status == 405).then_some("POST"), "{path}");
        let hint = hint(&answer).unwrap();
        assert_eq!(hint["lacking"], if status == 405 { "method" } else { "path" }, "{path}");
        assert_eq!(client.get(hint["routes"].as_str().unwrap()).await.status, 200);
    }
}

#[tokio::test]
async fn paths_are_told_apart_to_their_end() {
    let (sandbox, client) = start(Settings::default());
    // A property may be named like a part of another path.
    let body = client.get("/crm/v3/properties/contacts/batch").await;
    assert_eq!((body.status, &body.json()["context"]["propertyName"][0]), (404, &json!("batch")));
    // Names are decoded.
    let body = client.get("/crm/v3/properties/0-1/a%2Bb").await.json();
    assert_eq!(body["context"]["propertyName"][0], "a+b");
    let query = "/crm/v3/properties/contacts?x=1&archived=%74rue";
    assert_eq!(client.get(query).await.json()["results"], json!([]));
    for unknown in
        ["/crm/objects/2027-03/contacts/batch/upsert", "/crm/v3/objects/contacts/batch/upsert/1", "/crm/v3"]
    {
        assert_eq!(client.post(unknown, &json!({})).await.status, 404, "{unknown}");
    }
    // Slashes at the ends do not count, and are recorded as they were sent.
    let slashes = format!("/{DETAILS}/");
    assert_eq!(client.get(&slashes).await.status, 200);
    assert_eq!(sandbox.requests().last().unwrap().path, slashes);
}

#[tokio::test]
async fn unknown_tokens_are_not_found_and_garbage_expired_in_1970() {
    let (_sandbox, client) = start(Settings::default());
    let full = tokens::FULL;
    for wrong in [
        "Bearer pat-na1-11111111-2222-3333-4444-555555555555".to_owned(),
        "Bearer ".to_owned(),
        format!("bearer {full}"),
        format!("Bearer  {full}"),
        full.to_owned(),
    ] {
        let answer = client.with_authorization(&wrong).get(&DETAILS).await;
        assert_eq!(answer.status, 401, "{wrong}");
        let body = answer.json();
        assert_eq!(body["category"], "INVALID_AUTHENTICATION", "{wrong}");
        assert!(body["message"].as_str().unwrap().starts_with("Authentication credentials not found."));
        assert_eq!(body["status"], "error");
        assert_eq!(body["correlationId"].as_str().unwrap().len(), 36);
    }
    let garbage = client.with_token("not-a-token").get(&DETAILS).await.json();
    assert_eq!(garbage["category"], "EXPIRED_AUTHENTICATION");
    assert_eq!(garbage["context"]["expire time"], json!(["1970-01-01T00:00:00Z"]));
    let expired = client.with_token(tokens::EXPIRED).get(&DETAILS).await;
    assert_eq!(expired.status, 401);
    let expired = expired.json();
    assert_eq!(expired["message"], "The OAuth token used to make this call expired 75 second(s) ago.");
    assert!(expired["context"]["expire time"][0].as_str().unwrap().starts_with("20"));
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let (sandbox, client) = start(Settings::default());
    let answer = client.with_token(tokens::READ_ONLY).upsert(&people(1)).await;
    assert_eq!(answer.status, 403);
    let body = answer.json();
    assert_eq!(body["category"], "MISSING_SCOPES");
    let scopes = &body["errors"][0]["context"]["requiredGranularScopes"];
    assert_eq!(scopes[0], "crm.objects.contacts.write");
    assert_eq!(body["links"]["scopes"], "https://developers.hubspot.com/scopes");
    sandbox.update(|settings| settings.scope_error = ScopeErrorShape::Old);
    let body = client.with_token(tokens::READ_ONLY).upsert(&people(1)).await.json();
    assert_eq!(body["context"]["requiredGranularScopes"][0], "crm.objects.contacts.write");
    assert!(sandbox.contacts().is_empty());
}

#[tokio::test]
async fn each_token_may_do_what_its_scopes_say() {
    let (_sandbox, client) = start(Settings::default());
    let read = json!({ "inputs": [], "properties": [] });
    for (token, upsert, batch_read, list, create) in [
        (tokens::FULL, 200, 200, 200, 201),
        (tokens::CONTACTS, 200, 200, 200, 403),
        (tokens::WRITE_ONLY, 200, 403, 200, 403),
        (tokens::READ_ONLY, 403, 200, 200, 403),
        (tokens::NO_CONTACTS, 403, 403, 403, 403),
        (tokens::SCHEMA_WRITE_ONLY, 403, 403, 403, 409),
    ] {
        let client = client.with_token(token);
        let new = json!({
            "name": "pet_name", "label": "Pet", "type": "string", "fieldType": "text", "groupName": "contactinformation",
        });
        assert_eq!(client.upsert(&people(1)).await.status, upsert, "{token}");
        assert_eq!(client.post(&READ, &read).await.status, batch_read, "{token}");
        assert_eq!(client.get(&PROPERTIES).await.status, list, "{token}");
        assert_eq!(client.post(&PROPERTIES, &new).await.status, create, "{token}");
        assert_eq!(client.get(&DETAILS).await.status, 200, "{token}");
    }
}

#[tokio::test]
async fn checks_come_in_hubspots_order() {
    let (_sandbox, client) = start(Settings::default());
    let read_only = client.with_token(tokens::READ_ONLY);
    let butterflies = UPSERT.replace("contacts", "butterflies");
    // Credential before object type.
    assert_eq!(client.with_token("pat-na1-x").post_text(&butterflies, "{").await.status, 401);
    // Object type before body.
    let body = read_only.post_text(&butterflies, "{").await.json();
    assert_eq!(body["message"], "Unable to infer object type from: butterflies");
    assert_eq!(body.get("category"), None);
    // Body before scopes.
    let answer = read_only.post_text(&UPSERT, "{").await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.json()["message"].as_str().unwrap().starts_with("Invalid input JSON on line 1, column 1: ")
    );
    // Scopes before what the body says.
    let twice = [people(1), people(1)].concat();
    assert_eq!(read_only.upsert(&twice).await.status, 403);
}

#[tokio::test]
async fn the_account_and_the_scopes_can_be_asked() {
    let (_sandbox, client) = start(Settings::default());
    let details = client.get(&DETAILS).await.json();
    assert_eq!(details["portalId"], 12_345_678);
    assert_eq!(details["timeZone"], "US/Eastern");
    assert_eq!(details["utcOffset"], "-04:00");
    assert_eq!(details["utcOffsetMilliseconds"], -14_400_000);
    let info = client.post(&TOKEN_INFO, &json!({ "tokenKey": tokens::WRITE_ONLY })).await;
    assert_eq!(info.status, 200);
    assert_eq!(info.json()["scopes"], json!(["oauth", "crm.objects.contacts.write"]));
    assert_eq!(info.json()["hubId"], 12_345_678);
    assert_eq!(client.post(&TOKEN_INFO, &json!({ "tokenKey": "pat-na1-x" })).await.status, 401);
}

#[tokio::test]
async fn further_tokens_can_be_set() {
    let (sandbox, client) = start(Settings::default());
    sandbox.update(|settings| {
        settings.tokens.insert("pat-eu1-mine".to_owned(), vec!["crm.objects.contacts.write".to_owned()]);
    });
    assert_eq!(client.with_token("pat-eu1-mine").upsert(&people(1)).await.status, 200);
}

#[tokio::test]
async fn an_answer_in_json_must_be_acceptable() {
    let (sandbox, _client) = start(Settings::default());
    let http = reqwest::Client::builder().build().unwrap();
    for (accept, status) in [("text/html", 406), ("application/json", 200), ("text/html, */*;q=0.1", 200)] {
        let request = http.get(format!("{}{DETAILS}", sandbox.base_url()));
        let answer = request.bearer_auth(tokens::FULL).header("accept", accept).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{accept}");
    }
}
