//! When a contact counts as changed, and changes that somebody else makes, also between two requests.

use hubspot_sandbox::{Fault, Sandbox, Seed, Settings, What};
use serde_json::{Value, json};

use crate::support::*;

fn moment(sandbox: &Sandbox) -> String {
    let contact = sandbox.contact("a@example.com").unwrap();
    let moment = contact.property("lastmodifieddate").unwrap().to_owned();
    assert_eq!(contact.updated_at, moment);
    moment
}

async fn read(client: &Client, email: &str) -> Answer {
    let body = json!({ "idProperty": "email", "inputs": [{ "id": email }], "properties": ["email", "city"] });
    client.post(&READ, &body).await
}

async fn city(client: &Client, email: &str) -> Value {
    read(client, email).await.json()["results"][0]["properties"]["city"].clone()
}

#[tokio::test]
async fn every_change_moves_the_date_and_a_read_does_not() {
    let (sandbox, client) = start(Settings::default());
    let id = sandbox.seed_contact(Seed::new("a@example.com"));
    sandbox.seed_contact(Seed::new("b@example.com"));
    let mut moments = vec![moment(&sandbox)];
    for number in 0..50 {
        assert!(sandbox.change_contact("a@example.com", "city", &number.to_string()));
        moments.push(moment(&sandbox));
    }
    client.upsert_one("a@example.com", &json!({ "city": "X" })).await;
    moments.push(moment(&sandbox));
    client.post(&UPDATE, &json!({ "inputs": [{ "id": id, "properties": { "city": "" } }] })).await;
    moments.push(moment(&sandbox));
    assert!(sandbox.merge_contacts("a@example.com", "b@example.com"));
    moments.push(moment(&sandbox));
    let parts =
        |moment: &String| moment.trim_end_matches('Z').replace(|sign: char| !sign.is_ascii_digit(), "");
    let padded: Vec<String> = moments.iter().map(|moment| format!("{:0<17}", parts(moment))).collect();
    assert!(padded.is_sorted_by(|one, next| one < next), "{moments:?}");
    read(&client, "a@example.com").await;
    assert_eq!(Some(&moment(&sandbox)), moments.last());
}

#[tokio::test]
async fn a_write_of_the_same_values_moves_the_date_or_not() {
    for same_values_move_date in [true, false] {
        let (sandbox, client) = start(Settings { same_values_move_date, ..Settings::default() });
        let seed = Seed::new("a@example.com").property("city", "X").property("lifecyclestage", "customer");
        sandbox.seed_contact(seed);
        for same in [json!({ "city": "X" }), json!({ "zip": "" }), json!({ "lifecyclestage": "lead" })] {
            let before = moment(&sandbox);
            client.upsert_one("a@example.com", &same).await;
            assert_eq!(moment(&sandbox) != before, same_values_move_date, "{same}");
        }
        let before = moment(&sandbox);
        client.upsert_one("a@example.com", &json!({ "city": "X", "zip": "1" })).await;
        assert_ne!(moment(&sandbox), before);
        assert_eq!(sandbox.contact("a@example.com").unwrap().writes, 4);
    }
}

#[tokio::test]
async fn a_person_changes_what_a_request_then_sees() {
    let (sandbox, client) = start(Settings::default());
    sandbox.seed_contact(Seed::new("a@example.com").secondary("b@example.com").property("city", "X"));
    assert!(sandbox.change_contact("B@example.com", "lifecyclestage", "customer"));
    assert!(sandbox.change_contact("a@example.com", "lifecyclestage", "subscriber"));
    let contact = sandbox.contact("a@example.com").unwrap();
    assert_eq!(contact.property("lifecyclestage"), Some("subscriber"), "a person can move it back");
    assert!(sandbox.change_contact("a@example.com", "city", ""));
    assert!(sandbox.change_contact("a@example.com", "email", "B@example.com"));
    assert!(!sandbox.change_contact("nobody@example.com", "city", "Y"));
    assert!(!sandbox.archive_contact("nobody@example.com"));
    assert_eq!(city(&client, "a@example.com").await, Value::Null);
    let contact = sandbox.contact("a@example.com").unwrap();
    assert_eq!((contact.email.as_str(), contact.writes), ("b@example.com", 0));
    assert_eq!(sandbox.requests().len(), 1, "only the read");
}

#[tokio::test]
async fn a_contact_changes_between_a_read_and_a_write() {
    let rule = json!({
        "what": { "change": { "email": "a@example.com", "properties": { "city": "Y" } } },
        "when": { "path_contains": "batch/read", "skip": 1, "times": 1 },
    });
    let faults = vec![serde_json::from_value(rule).unwrap()];
    let (sandbox, client) = start(Settings { faults, ..Settings::default() });
    sandbox.seed_contact(Seed::new("a@example.com").property("city", "X"));
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(city(&client, "a@example.com").await);
    }
    assert_eq!(seen, ["X", "X", "Y", "Y"], "after the second answer");
    let contact = sandbox.contact("a@example.com").unwrap();
    assert_eq!((contact.property("city"), contact.writes), (Some("Y"), 0));
    assert_ne!(contact.updated_at, contact.created_at);
    let struck: Vec<Option<String>> = sandbox.requests().into_iter().map(|request| request.fault).collect();
    assert_eq!(struck, [None, Some("change".to_owned()), None, None]);
}

#[tokio::test]
async fn a_contact_appears_or_is_archived_between_a_read_and_a_write() {
    let appears = What::change("new@example.com", "city", "Y");
    let archived = What::Change { email: "a@example.com".to_owned(), properties: [].into(), archive: true };
    let settings = Settings {
        // Changes add up, with each other and with another fault.
        faults: vec![
            Fault::new(appears).path("batch/read").times(1),
            Fault::new(archived).path("batch/read").email("a@example.com").times(1),
            Fault::new(What::status(503)).path("batch/read").skip(1).times(1),
        ],
        ..Settings::default()
    };
    let (sandbox, client) = start(settings);
    let id = sandbox.seed_contact(Seed::new("a@example.com"));
    assert_eq!(read(&client, "new@example.com").await.json()["results"], json!([]));
    let create = json!({ "inputs": [{ "properties": { "email": "new@example.com" } }] });
    assert_eq!(client.post(&CREATE, &create).await.status, 409, "there by now");
    assert_eq!(sandbox.contact("new@example.com").unwrap().property("city"), Some("Y"));
    assert_eq!(read(&client, "a@example.com").await.status, 503);
    let update = json!({ "inputs": [{ "id": id, "properties": { "city": "X" } }] });
    assert_eq!(client.post(&UPDATE, &update).await.status, 207, "archived by now");
    assert_eq!(sandbox.archived()[0].id, id);
    let faults: Vec<Option<String>> = sandbox.requests().into_iter().map(|request| request.fault).collect();
    assert_eq!(faults[2].as_deref(), Some("change+status_503"));
}
