//! All or nothing, or partly: what trace ids change, and what refuses a batch either way.

use hubspot_sandbox::{EmptyInputs, Language, Settings, tokens};
use serde_json::{Value, json};

use crate::support::*;

fn one_bad_of_three() -> Vec<Value> {
    vec![
        input("a@example.com", &json!({ "firstname": "A" })),
        input("b@example.com", &json!({ "favourite_number": "many" })),
        input("c@example.com", &json!({ "firstname": "C" })),
    ]
}

/// The array inside a message.
fn embedded(message: &str) -> Value {
    serde_json::from_str(message.strip_prefix("Property values were not valid: ").unwrap()).unwrap()
}

#[tokio::test]
async fn without_trace_ids_one_bad_input_sinks_the_batch() {
    let (sandbox, client) = start(Settings::default());
    let answer = client.upsert(&one_bad_of_three()).await;
    assert_eq!(answer.status, 400);
    let body = answer.json();
    assert_eq!(body["category"], "VALIDATION_ERROR");
    assert_eq!(body["errors"][0]["code"], "INVALID_INTEGER");
    assert_eq!(body["errors"][0]["context"]["propertyName"], json!(["favourite_number"]));
    assert!(sandbox.contacts().is_empty());
}

#[tokio::test]
async fn with_trace_ids_the_good_ones_are_written() {
    let (sandbox, client) = start(Settings::default());
    let answer = client.upsert(&traced(one_bad_of_three())).await;
    assert_eq!(answer.status, 207);
    assert_eq!(answer.emails(), ["a@example.com", "c@example.com"]);
    assert_eq!(answer.failed_traces(), ["1"]);
    let body = answer.json();
    assert_eq!(body["numErrors"], 1);
    let error = &body["errors"][0];
    assert_eq!(error["category"], "VALIDATION_ERROR");
    assert_eq!(error.get("errors"), None, "the code is in the message only");
    let message = error["message"].as_str().unwrap();
    let embedded: Value = embedded(message);
    assert_eq!(embedded[0]["error"], "INVALID_INTEGER");
    assert_eq!(embedded[0]["name"], "favourite_number");
    assert_eq!(embedded[0]["isValid"], false);
    assert_eq!(embedded[0]["message"], "favourite_number was not a valid number");
    assert_eq!(embedded[0]["portalId"], 12_345_678);
    assert_eq!(sandbox.contacts().len(), 2);
    assert_eq!(body["results"][0].get("objectWriteTraceId"), None);
}

#[tokio::test]
async fn every_input_needs_a_trace_id_of_its_own() {
    let (sandbox, client) = start(Settings::default());
    let mut one_missing = traced(one_bad_of_three());
    one_missing[0].as_object_mut().unwrap().remove("objectWriteTraceId");
    assert_eq!(client.upsert(&one_missing).await.status, 400);
    let mut one_twice = traced(one_bad_of_three());
    one_twice[0]["objectWriteTraceId"] = json!("2");
    assert_eq!(client.upsert(&one_twice).await.status, 400);
    assert!(sandbox.contacts().is_empty());
}

#[tokio::test]
async fn settings_choose_how_partial_success_looks() {
    let (sandbox, client) = start(Settings { partial_success: false, ..Settings::default() });
    assert_eq!(client.upsert(&traced(one_bad_of_three())).await.status, 400);
    assert!(sandbox.contacts().is_empty());
    sandbox.update(|settings| {
        settings.partial_success = true;
        settings.echo_trace_ids = true;
        settings.group_errors = true;
        settings.shuffle_results = false;
    });
    let bad = json!({ "nonsense": "x" });
    let inputs = traced([
        input("a@example.com", &bad),
        input("b@example.com", &json!({ "city": "X" })),
        input("c@example.com", &bad),
    ]);
    let answer = client.upsert(&inputs).await;
    assert_eq!(answer.json()["numErrors"], 1);
    assert_eq!(answer.failed_traces(), ["0", "2"]);
    assert_eq!(answer.json()["results"][0]["objectWriteTraceId"], "1");
}

#[tokio::test]
async fn all_bad_values_are_listed_and_each_kind_once_in_errors() {
    let (_sandbox, client) = start(Settings::default());
    let answer = client
        .upsert(&[
            input("a@example.com", &json!({ "first000name": "A", "hs_email_optout": "true" })),
            input("b@example.com", &json!({ "first000name": "B" })),
        ])
        .await;
    let body = answer.json();
    let message = body["message"].as_str().unwrap();
    let embedded: Value = embedded(message);
    assert_eq!(embedded.as_array().unwrap().len(), 3);
    assert_eq!(embedded[0]["message"], "Property \"first000name\" does not exist");
    assert_eq!(body["errors"].as_array().unwrap().len(), 2);
    assert_eq!(body["errors"][0]["code"], "PROPERTY_DOESNT_EXIST");
    assert_eq!(body["errors"][1]["code"], "READ_ONLY_VALUE");
    assert_eq!(
        body["errors"][1]["message"],
        "\"hs_email_optout\" is a read only property; its value cannot be set."
    );
}

#[tokio::test]
async fn structural_faults_refuse_the_batch_even_with_trace_ids() {
    let (sandbox, client) = start(Settings::default());
    let good = || input("a@example.com", &json!({ "city": "X" }));
    let with = |key: &str, value: Value| {
        let mut changed = good();
        changed[key] = value;
        changed
    };
    let without_key = {
        let mut changed = good();
        changed.as_object_mut().unwrap().remove("idProperty");
        changed
    };
    for (inputs, message) in [
        (
            vec![good(), with("id", json!("A@Example.com"))],
            "Duplicate IDs found in batch input: [A@Example.com]. IDs must be unique",
        ),
        (
            people(101),
            "The maximum number of inputs supported in a batch is 100. Please reduce the number of items and try again",
        ),
        (
            vec![with("idProperty", json!("city"))],
            "Unable to perform update/upsert by non-unique 0-1 property city in portal ID 12345678",
        ),
        (
            vec![without_key],
            "Unable to perform update/upsert by non-unique 0-1 property hs_object_id in portal ID 12345678",
        ),
    ] {
        let answer = client.upsert(&traced(inputs)).await;
        assert_eq!(answer.status, 400, "{message}");
        let body = answer.json();
        assert_eq!(body["message"], message);
        assert_eq!(body["category"], "VALIDATION_ERROR");
    }
    assert!(sandbox.contacts().is_empty());
    sandbox.update(|settings| settings.duplicate_check_ignores_case = false);
    let twice = [good(), good()];
    assert_eq!(client.upsert(&twice).await.json()["context"]["ids"], json!(["a@example.com"]));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_its_place() {
    let (_sandbox, client) = start(Settings::default());
    for (body, place) in [
        ("{\"inputs\":\n  nonsense}", "line 2, column 4"),
        ("{\"inputs\":[{\"id\":42,\"properties\":{}}]}", "line 1, column 19"),
        ("{\"inputs\":[{\"properties\":{}}]}", "line 1, column 28"),
        ("{\"inputs\":[{\"id\":\"a@b.co\",\"properties\":{\"city\":[1]}}]}", "line 1"),
        ("{\"inputs\":[{\"id\":\"a@b.co\",\"properties\":{\"city\":{}}}]}", "line 1"),
        ("", "line 1, column 0"),
    ] {
        let answer = client.post_text(&UPSERT, body).await;
        assert_eq!(answer.status, 400, "{body}");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(&format!("Invalid input JSON on {place}")), "{body}: {message}");
    }
}

#[tokio::test]
async fn an_empty_batch_is_answered_as_set() {
    let (sandbox, client) = start(Settings::default());
    let read_only = client.with_token(tokens::READ_ONLY);
    for (choice, with_scope, without) in [
        (EmptyInputs::Status200, 200, 403),
        (EmptyInputs::Status400, 400, 403),
        (EmptyInputs::Status400BeforeScopes, 400, 400),
    ] {
        sandbox.update(|settings| settings.empty_inputs = choice);
        assert_eq!(client.upsert(&[]).await.status, with_scope, "{choice:?}");
        assert_eq!(read_only.upsert(&[]).await.status, without, "{choice:?}");
    }
}

#[tokio::test]
async fn messages_follow_the_language_and_codes_do_not() {
    let (_sandbox, client) = start(Settings { language: Language::Portuguese, ..Settings::default() });
    let body = client.upsert(&[input("tb.tb@yahoo.comtttt", &json!({ "city": "X" }))]).await.json();
    assert_eq!(body["errors"][0]["message"], "Endereço de e-mail tb.tb@yahoo.comtttt inválido");
    assert_eq!(body["errors"][0]["code"], "INVALID_EMAIL");
}
