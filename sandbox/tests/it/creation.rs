//! `batch/create`: what is created, and what is a conflict with what is there. Unique values are in `unique_values`.

use hubspot_sandbox::{EmptyInputs, Fault, Sandbox, Seed, Settings, What, tokens};
use serde_json::{Value, json};

use crate::support::*;

/// An input of a create.
fn new(properties: &Value) -> Value {
    json!({ "properties": properties, "associations": [] })
}

async fn create(client: &Client, inputs: &[Value]) -> Answer {
    client.post(&CREATE, &json!({ "inputs": inputs })).await
}

fn addresses(sandbox: &Sandbox) -> Vec<String> {
    sandbox.contacts().into_iter().map(|contact| contact.email).collect()
}

#[tokio::test]
async fn a_create_creates() {
    let (sandbox, client) = start(Settings::default());
    let answer = create(&client, &[new(&json!({ "email": "Ada@Example.com", "city": "London" }))]).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let result = &answer.json()["results"][0];
    assert_eq!(result.get("new"), None, "only an upsert says so");
    assert_eq!(result["archived"], false);
    assert_eq!(result["properties"]["email"], "ada@example.com");
    assert_eq!(result["properties"]["city"], "London");
    assert_eq!(result["properties"]["lifecyclestage"], "lead");
    assert_eq!(result["properties"]["createdate"], result["properties"]["lastmodifieddate"]);
    let contact = sandbox.contact("ada@example.com").unwrap();
    assert_eq!((json!(contact.id), contact.writes), (result["id"].clone(), 1));
    assert_eq!(sandbox.requests()[0].keys, ["Ada@Example.com"], "the address stands in for the id");
}

fn one_is_there() -> Vec<Value> {
    vec![
        new(&json!({ "email": "new@example.com" })),
        new(&json!({ "email": "Second@example.com", "city": "X" })),
        new(&json!({ "email": "ada@example.com", "city": "X" })),
    ]
}

#[tokio::test]
async fn what_is_there_is_a_conflict() {
    let (sandbox, client) = start(Settings::default());
    let ada = sandbox.seed_contact(Seed::new("ada@example.com").secondary("second@example.com"));
    let answer = create(&client, &traced(one_is_there())).await;
    assert_eq!(answer.status, 207);
    assert_eq!(answer.emails(), ["new@example.com"]);
    let body = answer.json();
    assert_eq!(body["numErrors"], 2);
    for (place, trace) in ["1", "2"].iter().enumerate() {
        assert_eq!(
            body["errors"][place],
            json!({
                "status": "error", "category": "CONFLICT",
                "message": format!("Contact already exists. Existing ID: {ada}"),
                "context": { "objectWriteTraceId": [trace], "existingId": [ada] },
            })
        );
    }
    assert_eq!(sandbox.contact("ada@example.com").unwrap().property("city"), None);
}

#[tokio::test]
async fn without_partial_success_nothing_is_created() {
    for (partial_success, inputs) in [(true, one_is_there()), (false, traced(one_is_there()))] {
        let (sandbox, client) = start(Settings { partial_success, ..Settings::default() });
        let ada = sandbox.seed_contact(Seed::new("ada@example.com").secondary("second@example.com"));
        let answer = create(&client, &inputs).await;
        assert_eq!(answer.status, 409);
        let body = answer.json();
        assert_eq!(body["category"], "CONFLICT");
        assert_eq!(body["message"], format!("Contact already exists. Existing ID: {ada}"));
        assert_eq!(addresses(&sandbox), ["ada@example.com"]);
    }
}

#[tokio::test]
async fn of_two_inputs_with_one_address_the_second_is_a_conflict() {
    let twice = || {
        vec![
            new(&json!({ "email": "a@example.com", "city": "1" })),
            new(&json!({ "email": "A@example.com", "city": "2" })),
        ]
    };
    let (sandbox, client) = start(Settings::default());
    assert_eq!(create(&client, &twice()).await.status, 409);
    assert!(sandbox.contacts().is_empty());
    let answer = create(&client, &traced(twice())).await;
    assert_eq!((answer.status, answer.failed_traces()), (207, vec!["1".to_owned()]));
    assert_eq!(answer.json()["errors"][0]["message"], "Contact already exists");
    assert_eq!(sandbox.contacts().len(), 1);
    assert_eq!(sandbox.contact("a@example.com").unwrap().property("city"), Some("1"));
}

#[tokio::test]
async fn values_are_judged_as_in_an_upsert() {
    let (sandbox, client) = start(Settings {
        refuse_blocklisted_emails: true,
        required_properties: vec!["company".to_owned()],
        ..Settings::default()
    });
    let blocked = json!({ "objectId": "gone@example.com", "idProperty": "email" });
    assert_eq!(client.post(&GDPR_DELETE, &blocked).await.status, 204);
    for (properties, code) in [
        (json!({ "email": "a@host.local" }), "INVALID_EMAIL"),
        (json!({ "email": "gone@example.com" }), "GDPR_BLACKLISTED_EMAIL"),
        (json!({ "email": "a@example.com", "nonsense": "1" }), "PROPERTY_DOESNT_EXIST"),
        (json!({ "email": "a@example.com", "favourite_number": "many" }), "INVALID_INTEGER"),
        (json!({ "email": "a@example.com", "hs_object_id": "1" }), "READ_ONLY_VALUE"),
    ] {
        let whole = create(&client, &[new(&properties)]).await;
        assert_eq!((whole.status, whole.json()["errors"][0]["code"].clone()), (400, json!(code)));
        let partly = create(&client, &traced([new(&properties)])).await;
        assert_eq!((partly.status, partly.failed_traces().len()), (207, 1));
    }
    let strict = json!({ "inputs": [new(&json!({ "email": "a@example.com" }))] });
    let strict = client.post(&CREATE_2026_09, &strict).await;
    assert!(strict.text.contains("MISSING_REQUIRED_PROPERTY"), "{}", strict.text);
    assert!(sandbox.contacts().is_empty());
}

#[tokio::test]
async fn a_contact_needs_an_address_or_a_name_and_can_be_created_twice_without_an_address() {
    let (sandbox, client) = start(Settings::default());
    for properties in [json!({}), json!({ "city": "X" }), json!({ "email": null, "firstname": "" })] {
        assert_eq!(create(&client, &[new(&properties)]).await.status, 400, "{properties}");
    }
    for _ in 0..2 {
        assert_eq!(create(&client, &[new(&json!({ "lastname": "Lovelace" }))]).await.status, 201);
    }
    assert_eq!(addresses(&sandbox), ["", ""]);
}

#[tokio::test]
async fn what_refuses_a_whole_create() {
    let (sandbox, client) = start(Settings::default());
    let many: Vec<Value> =
        (0..101).map(|number| new(&json!({ "email": format!("{number}@example.com") }))).collect();
    assert_eq!(create(&client, &traced(many)).await.status, 400);
    assert_eq!(create(&client, &[]).await.status, 400);
    sandbox.update(|settings| settings.empty_inputs = EmptyInputs::Status200);
    assert_eq!(create(&client, &[]).await.status, 201);
    let mut associated = new(&json!({ "email": "a@example.com" }));
    associated["associations"] = json!([{ "to": { "id": "42" }, "types": [] }]);
    let refused = create(&client, &traced([associated])).await;
    assert_eq!(refused.json()["message"], "One or more associations are invalid");
    assert_eq!((refused.status, refused.json()["context"].clone()), (400, json!({ "objectId": ["42"] })));
    let good = [new(&json!({ "email": "a@example.com" }))];
    assert_eq!(create(&client.with_token(tokens::READ_ONLY), &good).await.status, 403);
    assert!(sandbox.contacts().is_empty());
}

#[tokio::test]
async fn settings_and_faults_of_batches_apply() {
    let fault = Fault::new(What::Unaccounted).email("b@example.com").after_write();
    let (sandbox, client) =
        start(Settings { echo_trace_ids: true, faults: vec![fault], ..Settings::default() });
    // A batch of properties has the same end of its path, and is passed by.
    client.post(&PROPERTIES_BATCH, &json!({ "inputs": [] })).await;
    let inputs = ["a@example.com", "b@example.com"].map(|email| new(&json!({ "email": email })));
    let answer = create(&client, &traced(inputs)).await;
    assert_eq!(answer.emails(), ["a@example.com"]);
    assert_eq!(answer.json()["results"][0]["objectWriteTraceId"], "0");
    assert_eq!(addresses(&sandbox), ["a@example.com", "b@example.com"]);
    let struck: Vec<bool> = sandbox.requests().iter().map(|request| request.fault.is_some()).collect();
    assert_eq!(struck, [false, true]);
}
