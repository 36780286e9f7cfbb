//! The list of properties.

use std::collections::BTreeSet;

use hubspot_sandbox::{Settings, tokens};
use serde_json::{Value, json};

use crate::support::*;

async fn listed(client: &Client, query: &str) -> Vec<Value> {
    let answer = client.get(&format!("{PROPERTIES}{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["results"].as_array().unwrap().clone()
}

#[tokio::test]
async fn definitions_are_as_hubspot_has_them() {
    let (_sandbox, client) = start(Settings::default());
    let all = listed(&client, "").await;
    assert!(all.len() >= 60, "{}", all.len());
    let find = |name: &str| {
        all.iter().find(|property| property["name"] == name).unwrap_or_else(|| panic!("no {name}"))
    };
    assert_eq!(
        find("email"),
        &json!({
            "name": "email", "label": "Email", "type": "string", "fieldType": "text",
            "description": "A contact's email address", "groupName": "contactinformation", "options": [],
            "displayOrder": find("email")["displayOrder"], "calculated": false, "externalOptions": false,
            "hasUniqueValue": true, "hidden": false, "hubspotDefined": true,
            "modificationMetadata": { "archivable": false, "readOnlyDefinition": true, "readOnlyValue": false },
            "formField": true, "dataSensitivity": "non_sensitive",
            "createdAt": "2019-08-06T02:41:08.204Z", "updatedAt": "2019-08-06T02:41:08.204Z",
        })
    );
    let stages = find("lifecyclestage");
    assert_eq!(stages["externalOptions"], true);
    assert_eq!(stages["options"].as_array().unwrap().len(), 8);
    assert_eq!(stages["options"][2]["label"], "Marketing Qualified Lead");
    assert_eq!(stages["options"][2]["value"], "marketingqualifiedlead");
    assert_eq!(find("hubspot_owner_id")["options"], json!([]));
    assert_eq!(find("hubspot_owner_id")["externalOptions"], true);
    assert_eq!(find("numemployees")["type"], "enumeration");
    for name in ["annualrevenue", "date_of_birth"] {
        assert_eq!(find(name)["type"], "string");
    }
    for name in ["hs_email_optout", "hs_marketable_status", "createdate", "hs_object_id"] {
        assert_eq!(find(name)["modificationMetadata"]["readOnlyValue"], true, "{name}");
    }
    let types: BTreeSet<&str> = all.iter().map(|property| property["type"].as_str().unwrap()).collect();
    let expected =
        ["bool", "date", "datetime", "enumeration", "number", "object_coordinates", "phone_number", "string"];
    assert_eq!(types.into_iter().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn one_property_by_name() {
    let (_sandbox, client) = start(Settings::default());
    let stage = client.get(&format!("{PROPERTIES}/lifecyclestage")).await;
    assert_eq!(stage.status, 200);
    assert_eq!(stage.json()["name"], "lifecyclestage");
    let none = client.get("/crm/properties/2026-09/0-1/nonsense").await;
    assert_eq!(none.status, 404);
    assert_eq!(none.json()["category"], "OBJECT_NOT_FOUND");
}

#[tokio::test]
async fn sensitive_properties_are_listed_apart_and_by_permission() {
    let (_sandbox, client) = start(Settings::default());
    let name = |property: &Value| property["name"].as_str().unwrap().to_owned();
    assert!(!listed(&client, "").await.iter().map(name).any(|name| name == "national_insurance_number"));
    let query = "?dataSensitivity=sensitive";
    assert_eq!(client.get(&format!("{PROPERTIES}{query}")).await.status, 403);
    let permitted = client.with_token(tokens::SENSITIVE);
    assert_eq!(
        listed(&permitted, query).await.iter().map(name).collect::<Vec<_>>(),
        ["national_insurance_number"]
    );
    let inputs = [input("a@example.com", &json!({ "national_insurance_number": "QQ 12 34 56 C" }))];
    assert_eq!(client.upsert(&inputs).await.status, 400);
    assert_eq!(permitted.upsert(&inputs).await.status, 200);
}

#[tokio::test]
async fn a_refusal_to_list_names_no_scope() {
    let (_sandbox, client) = start(Settings::default());
    let answer = client.with_token(tokens::SCHEMA_WRITE_ONLY).get(&PROPERTIES).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["category"], "MISSING_SCOPES");
    assert!(!answer.text.contains("requiredGranularScopes"));
}
