//! Creating and archiving properties, and groups.

use std::time::Duration;

use hubspot_sandbox::{Settings, tokens};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

fn property(name: &str, kind: &str, field_type: &str) -> Value {
    json!({
        "name": name, "label": format!("The {name}"), "type": kind, "fieldType": field_type,
        "groupName": "contactinformation",
    })
}

fn with(mut property: Value, key: &str, value: Value) -> Value {
    property[key] = value;
    property
}

fn yes_and_no() -> Value {
    json!([{ "label": "Yes", "value": "true", "displayOrder": 0 }, { "label": "No", "value": "false", "displayOrder": 1 }])
}

#[tokio::test]
async fn a_created_property_can_be_written() {
    let (sandbox, client) = start(Settings::default());
    for (path, name) in [
        (&*PROPERTIES, "shoe_size"),
        ("/crm/properties/2026-03/contacts", "hat_size"),
        ("/crm/properties/2026-09/0-1", "glove_size"),
    ] {
        let created = client.post(path, &property(name, "number", "number")).await;
        assert_eq!(created.status, 201, "{}", created.text);
        assert_eq!(created.json()["hubspotDefined"], false);
        assert_eq!(created.json()["modificationMetadata"]["readOnlyValue"], false);
        assert_eq!(client.get(&format!("{PROPERTIES}/{name}")).await.json(), created.json());
        client.upsert_one("a@example.com", &json!({ name: "42" })).await;
        assert_eq!(sandbox.contact("a@example.com").unwrap().property(name), Some("42"));
    }
}

#[tokio::test]
async fn a_name_that_exists_is_refused() {
    let (_sandbox, client) = start(Settings::default());
    for name in ["age__c", "age__c", "firstname"] {
        let answer = client.post(&PROPERTIES, &property(name, "string", "text")).await;
        if answer.status == 201 {
            continue;
        }
        assert_eq!(answer.status, 409);
        let body = answer.json();
        assert_eq!(body["category"], "OBJECT_ALREADY_EXISTS");
        assert_eq!(body["subCategory"], "Properties.PROPERTY_WITH_NAME_EXISTS");
        assert_eq!(body["message"], format!("A property named '{name}' already exists."));
        assert_eq!(body["context"]["name"], json!([name]));
    }
    let again = client.post(&PROPERTIES, &property("age__c", "string", "text")).await;
    assert_eq!(again.status, 409);
}

#[tokio::test]
async fn a_batch_creates_what_it_can() {
    let (_sandbox, client) = start(Settings::default());
    let inputs = |names: &[&str]| {
        let inputs: Vec<Value> = names.iter().map(|name| property(name, "string", "text")).collect();
        json!({ "inputs": inputs })
    };
    let all = client.post(&PROPERTIES_BATCH, &inputs(&["one", "two"])).await;
    assert_eq!(all.status, 201);
    assert_eq!(all.json()["results"].as_array().unwrap().len(), 2);
    assert_eq!(all.json()["status"], "COMPLETE");
    let some = client.post(&PROPERTIES_BATCH, &inputs(&["two", "three"])).await;
    assert_eq!(some.status, 207);
    let body = some.json();
    assert_eq!(body["results"][0]["name"], "three");
    assert_eq!(body["numErrors"], 1);
    assert_eq!(
        body["errors"],
        json!([{
            "status": "error", "category": "OBJECT_ALREADY_EXISTS",
            "subCategory": "Properties.PROPERTY_WITH_NAME_EXISTS",
            "message": "A property named 'two' already exists.", "context": { "name": ["two"] },
        }])
    );
}

#[tokio::test]
async fn definitions_must_follow_the_rules() {
    let (_sandbox, client) = start(Settings::default());
    let text = |name: &str| property(name, "string", "text");
    for wrong in [
        text("Upper"),
        text("1st"),
        text("with space"),
        text("with-dash"),
        text("_first"),
        text(""),
        text(&"x".repeat(101)),
        with(text("no_group"), "groupName", json!("nonsense")),
        with(text("no_label"), "label", json!("")),
        property("a", "string", "number"),
        property("b", "number", "text"),
        property("c", "datetime", "text"),
        property("d", "json", "text"),
        property("e", "bool", "booleancheckbox"),
        with(
            property("f", "enumeration", "select"),
            "options",
            json!([
                { "label": "A", "value": "a" }, { "label": "B", "value": "a" },
            ]),
        ),
        with(text("g"), "dataSensitivity", json!("secret")),
        json!({ "name": "h", "label": "H", "type": "string", "fieldType": "text" }),
    ] {
        let answer = client.post(&PROPERTIES, &wrong).await;
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.text);
        assert_eq!(answer.json()["category"], "VALIDATION_ERROR", "{wrong}");
    }
    let only_yes = with(property("e", "bool", "booleancheckbox"), "options", json!([yes_and_no()[0]]));
    let refused = client.post(&PROPERTIES, &only_yes).await;
    assert!(refused.status == 400 && refused.text.contains("INVALID_BOOLEAN_OPTION"));
}

#[tokio::test]
async fn every_type_can_be_created() {
    let (_sandbox, client) = start(Settings::default());
    let options = json!([{ "label": "Small", "value": "s" }, { "label": "Large", "value": "l" }]);
    for (position, definition) in [
        property("p", "string", "textarea"),
        property("p", "number", "number"),
        property("p", "date", "date"),
        property("p", "datetime", "date"),
        property("p", "phone_number", "phonenumber"),
        with(property("p", "bool", "booleancheckbox"), "options", yes_and_no()),
        with(property("p", "enumeration", "checkbox"), "options", options.clone()),
        with(property("p", "enumeration", "radio"), "options", options),
    ]
    .into_iter()
    .enumerate()
    {
        let named = with(definition, "name", json!(format!("p{position}")));
        let answer = client.post(&PROPERTIES, &named).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(answer.json()["type"], named["type"]);
    }
    let inputs = traced([
        input("a@example.com", &json!({ "p5": "true", "p6": "s;l", "p7": "l" })),
        input("b@example.com", &json!({ "p7": "Large" })),
    ]);
    assert_eq!(client.upsert(&inputs).await.failed_traces(), ["1"]);
}

#[tokio::test]
async fn a_new_property_stays_invisible_as_long_as_set() {
    let (sandbox, client) = start(Settings { property_visible_after_requests: 2, ..Settings::default() });
    let definition = property("shoe_size", "number", "number");
    assert_eq!(client.post(&PROPERTIES, &definition).await.status, 201);
    let refused = client.upsert(&[input("a@example.com", &json!({ "shoe_size": "42" }))]).await;
    assert_eq!(refused.json()["errors"][0]["code"], "PROPERTY_DOESNT_EXIST");
    assert_eq!(client.post(&PROPERTIES, &definition).await.status, 409, "there, though not visible");
    client.upsert_one("a@example.com", &json!({ "shoe_size": "42" })).await;
    sandbox.update(|settings| {
        settings.property_visible_after_requests = 0;
        settings.property_visible_after_ms = 3_600_000;
    });
    assert_eq!(client.post(&PROPERTIES, &property("hat_size", "number", "number")).await.status, 201);
    assert_eq!(client.get(&format!("{PROPERTIES}/hat_size")).await.status, 404);
    sandbox.update(|settings| settings.property_visible_after_ms = 20);
    assert_eq!(client.post(&PROPERTIES, &property("glove_size", "number", "number")).await.status, 201);
    let mut tries = 0;
    while client.get(&format!("{PROPERTIES}/glove_size")).await.status != 200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        tries += 1;
        assert!(tries < 1_000);
    }
}

#[tokio::test]
async fn an_archived_property_comes_back_with_its_values() {
    let (sandbox, client) = start(Settings::default());
    let path = format!("{PROPERTIES}/favourite_number");
    let delete = async |path: &str| client.try_send(Method::DELETE, path, String::new()).await.unwrap();
    client.upsert_one("a@example.com", &json!({ "favourite_number": "7" })).await;
    assert_eq!(delete(&path).await.status, 204);
    assert_eq!(delete(&path).await.status, 404);
    assert_eq!(client.get(&path).await.status, 404);
    assert!(client.get(&format!("{PROPERTIES}?archived=true")).await.text.contains("favourite_number"));
    let refused = client.upsert(&[input("a@example.com", &json!({ "favourite_number": "8" }))]).await;
    assert_eq!(refused.json()["errors"][0]["code"], "PROPERTY_DOESNT_EXIST");
    let again = property("favourite_number", "number", "number");
    assert_eq!(client.post(&PROPERTIES, &again).await.status, 201);
    assert_eq!(client.get(&path).await.status, 200);
    assert_eq!(sandbox.contact("a@example.com").unwrap().property("favourite_number"), Some("7"));
    assert_eq!(delete(&format!("{PROPERTIES}/firstname")).await.status, 400);
}

#[tokio::test]
async fn groups_can_be_listed_and_created() {
    let (_sandbox, client) = start(Settings::default());
    let group = json!({ "name": "from_airbyte", "label": "From Airbyte", "displayOrder": 1 });
    assert_eq!(client.post(&GROUPS, &group).await.status, 201);
    assert_eq!(client.post(&GROUPS, &group).await.status, 409);
    assert_eq!(client.post(&GROUPS, &json!({ "name": "No", "label": "x" })).await.status, 400);
    let groups = client.get(&GROUPS).await.json();
    let names: Vec<&str> =
        groups["results"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"contactinformation") && names.contains(&"from_airbyte"));
    let inside = with(property("x", "string", "text"), "groupName", json!("from_airbyte"));
    assert_eq!(client.post(&PROPERTIES, &inside).await.status, 201);
}

#[tokio::test]
async fn creating_takes_its_own_scope() {
    let (_sandbox, client) = start(Settings::default());
    let refused =
        client.with_token(tokens::CONTACTS).post(&PROPERTIES, &property("x", "string", "text")).await;
    assert_eq!(refused.status, 403);
    let scopes = &refused.json()["errors"][0]["context"]["requiredGranularScopes"];
    assert_eq!(scopes, &json!(["crm.schemas.contacts.write"]));
    let secret = with(property("x", "string", "text"), "dataSensitivity", json!("sensitive"));
    assert_eq!(client.post(&PROPERTIES, &secret).await.status, 403);
    let permitted = client.with_token(tokens::SENSITIVE);
    assert_eq!(permitted.post(&PROPERTIES, &secret).await.status, 201);
}

#[tokio::test]
async fn unique_properties_are_few_and_become_keys() {
    let (_sandbox, client) = start(Settings::default());
    let unique = |number: usize| {
        with(property(&format!("key_{number}"), "string", "text"), "hasUniqueValue", json!(true))
    };
    // The fresh portal has one already.
    for number in 1..=9 {
        assert_eq!(client.post(&PROPERTIES, &unique(number)).await.status, 201);
    }
    assert_eq!(client.post(&PROPERTIES, &unique(10)).await.status, 400);
    let by_key = json!({ "id": "K", "idProperty": "key_3", "properties": { "city": "X" } });
    for new in [true, false] {
        let answer = client.upsert(std::slice::from_ref(&by_key)).await;
        assert_eq!(answer.json()["results"][0]["new"], new, "{}", answer.text);
    }
}
