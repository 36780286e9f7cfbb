//! What a read answers for merged contacts, for properties that are empty, unknown or left out, and in which form.

use hubspot_sandbox::{DatesInAnswers, Seed, Settings};
use serde_json::{Value, json};

use crate::support::*;

async fn read(client: &Client, ids: &[&str], properties: &[&str]) -> Value {
    let by_address = ids[0].contains('@');
    let inputs: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
    let mut body = json!({ "inputs": inputs, "properties": properties, "propertiesWithHistory": [] });
    if by_address {
        body["idProperty"] = json!("email");
    }
    client.post(&READ, &body).await.json()
}

#[tokio::test]
async fn a_merged_contact_is_read_as_the_one_that_remained() {
    let (sandbox, client) = start(Settings::default());
    let seed = |email: &str| sandbox.seed_contact(Seed::new(email));
    let (ada, bob, cyd) = (seed("ada@example.com"), seed("bob@example.com"), seed("cyd@example.com"));
    assert!(sandbox.merge_contacts("bob@example.com", "cyd@example.com"));
    assert!(sandbox.merge_contacts("ada@example.com", "bob@example.com"));
    assert!(!sandbox.merge_contacts("ada@example.com", "cyd@example.com"), "one contact by now");
    assert!(!sandbox.merge_contacts("ada@example.com", "nobody@example.com"));
    let names = ["email", "hs_additional_emails", "hs_merged_object_ids"];
    for id in [&bob, &cyd, "cyd@example.com"] {
        let body = read(&client, &[id], &names).await;
        assert_eq!(body.get("errors"), None);
        let result = &body["results"][0];
        assert_eq!(result["id"], ada);
        assert_eq!(result["properties"]["hs_object_id"], ada);
        assert_eq!(result["properties"]["email"], "ada@example.com");
        assert_eq!(result["properties"]["hs_additional_emails"], "bob@example.com;cyd@example.com");
        assert_eq!(result["properties"]["hs_merged_object_ids"], format!("{cyd};{bob}"));
    }
    let both = read(&client, &[&ada, &bob], &names).await;
    assert_eq!(both["results"].as_array().unwrap().len(), 1);
    assert!(sandbox.archived().is_empty());
    assert_eq!(sandbox.contacts()[0].writes, 0);
    assert!(sandbox.archive_contact("cyd@example.com"));
    let body = read(&client, &[&bob, "42"], &names).await;
    assert_eq!(body["errors"][0]["context"]["ids"], json!([bob, "42"]));
}

#[tokio::test]
async fn an_empty_property_is_null_and_one_that_is_unknown_or_left_out_is_absent() {
    let (sandbox, client) = start(Settings {
        missing_properties: vec!["company".to_owned()],
        lacks_asked_properties: vec!["zip".to_owned(), "lastmodifieddate".to_owned()],
        ..Settings::default()
    });
    sandbox.seed_contact(Seed::new("a@example.com").property("zip", "1").property("state", "RM"));
    let names = ["city", "state", "zip", "company", "nonsense", "lastmodifieddate"];
    let body = read(&client, &["a@example.com"], &names).await;
    let mut properties = body["results"][0]["properties"].clone();
    for own in ["createdate", "hs_object_id"] {
        assert!(properties.as_object_mut().unwrap().remove(own).is_some());
    }
    assert_eq!(properties, json!({ "city": null, "state": "RM" }));
    sandbox.update(|settings| settings.lacks_asked_properties.clear());
    let body = read(&client, &["a@example.com"], &names).await;
    assert_eq!(body["results"][0]["properties"]["zip"], "1");
}

#[tokio::test]
async fn dates_come_in_either_form() {
    let (sandbox, client) = start(Settings::default());
    let sent =
        json!({ "contract_end": "2026-11-23", "last_login": "2020-02-29T03:30:17Z", "city": "2026-11-23" });
    client.upsert_one("a@example.com", &sent).await;
    let names = ["contract_end", "last_login", "city"];
    let shown = async || {
        let properties = read(&client, &["a@example.com"], &names).await["results"][0]["properties"].clone();
        let moment = properties["lastmodifieddate"].as_str().unwrap().parse::<i64>();
        (names.map(|name| properties[name].as_str().unwrap().to_owned()), moment.is_ok())
    };
    let iso = (["2026-11-23", "2020-02-29T03:30:17Z", "2026-11-23"].map(str::to_owned), false);
    assert_eq!(shown().await, iso);
    sandbox.update(|settings| settings.dates_in_answers = DatesInAnswers::Milliseconds);
    let millis = (["1795392000000", "1582947017000", "2026-11-23"].map(str::to_owned), true);
    assert_eq!(shown().await, millis);
    let written = client.upsert_one("a@example.com", &json!({ "contract_end": "2026-11-24" })).await;
    assert_eq!(written["properties"]["contract_end"], "1795478400000");
    let kept = sandbox.contact("a@example.com").unwrap();
    assert_eq!(kept.property("contract_end"), Some("2026-11-24"), "what is kept stays as it is");
}
