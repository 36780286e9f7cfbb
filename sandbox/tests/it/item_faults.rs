//! Faults of single inputs, and faults that change how a batch is carried out.

use hubspot_sandbox::{Fault, Sandbox, Settings, What};
use serde_json::{Value, json};

use crate::support::*;

const STRUCK: &str = "person-2@example.com";

fn faulty(fault: Fault) -> (Sandbox, Client) {
    start(Settings { faults: vec![fault], ..Settings::default() })
}

fn emails(sandbox: &Sandbox) -> Vec<String> {
    sandbox.contacts().into_iter().map(|contact| contact.email).collect()
}

#[tokio::test]
async fn an_input_is_left_unaccounted_for() {
    for (fault, written) in [
        (Fault::new(What::Unaccounted).email("Person-2@Example.com"), false),
        (Fault::new(What::Unaccounted).email(STRUCK).after_write(), true),
    ] {
        let (sandbox, client) = faulty(fault);
        let answer = client.upsert(&traced(people(3))).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.emails(), ["person-1@example.com", "person-3@example.com"]);
        assert_eq!(emails(&sandbox).contains(&STRUCK.to_owned()), written);
    }
}

#[tokio::test]
async fn an_error_names_no_input() {
    let (sandbox, client) = faulty(Fault::new(What::ErrorWithoutTraceId).email(STRUCK));
    let answer = client.upsert(&traced(people(3))).await;
    assert_eq!(answer.status, 207);
    assert_eq!(answer.emails().len(), 2);
    assert_eq!(answer.json()["errors"][0].get("context"), None);
    assert_eq!(sandbox.contacts().len(), 2);
}

#[tokio::test]
async fn refusals_of_one_input_of_a_207() {
    let category = "SOMETHING_NEW".to_owned();
    for (what, expected) in [
        (What::conflict(), "CONFLICT"),
        (What::Conflict { existing_id: false, whole_batch: false }, "CONFLICT"),
        (What::AlreadyExists { whole_batch: false }, "OBJECT_ALREADY_EXISTS"),
        (What::Category { category, whole_batch: false }, "SOMETHING_NEW"),
    ] {
        let (sandbox, client) = faulty(Fault::new(what.clone()).email(STRUCK).times(1));
        let answer = client.upsert(&traced(people(3))).await;
        assert_eq!(answer.status, 207, "{what:?}");
        assert_eq!(answer.failed_traces(), ["1"], "{what:?}");
        assert_eq!(answer.json()["errors"][0]["category"], expected);
        let names_other = answer.text.contains("Existing ID: ");
        assert_eq!(names_other, what == What::conflict());
        assert_eq!(sandbox.contacts().len(), 2);
        assert_eq!(client.upsert(&people(3)).await.status, 200, "only once");
        assert_eq!(sandbox.contacts().len(), 3);
    }
}

#[tokio::test]
async fn refusals_of_the_whole_batch() {
    let category = "SOMETHING_NEW".to_owned();
    for (what, status) in [
        (What::Conflict { existing_id: true, whole_batch: true }, 409),
        (What::Conflict { existing_id: false, whole_batch: true }, 409),
        (What::AlreadyExists { whole_batch: true }, 409),
        (What::Category { category, whole_batch: true }, 400),
    ] {
        let (sandbox, client) = faulty(Fault::new(what.clone()).email(STRUCK));
        assert_eq!(client.upsert(&traced(people(3))).await.status, status, "{what:?}");
        assert!(sandbox.contacts().is_empty(), "{what:?}");
        let without = vec![people(3)[0].clone(), people(3)[2].clone()];
        assert_eq!(client.upsert(&traced(without)).await.status, 200, "{what:?}");
    }
    let whole = What::Conflict { existing_id: true, whole_batch: true };
    let (sandbox, client) = faulty(Fault::new(whole).after_write());
    assert_eq!(client.upsert(&traced(people(3))).await.status, 409);
    assert_eq!(sandbox.contacts().len(), 3, "written all the same");
}

#[tokio::test]
async fn a_refused_input_sinks_a_batch_without_trace_ids() {
    let (sandbox, client) = faulty(Fault::new(What::conflict()).email(STRUCK));
    assert_eq!(client.upsert(&people(3)).await.status, 409);
    assert!(sandbox.contacts().is_empty());
}

#[tokio::test]
async fn only_batches_of_some_size_are_struck() {
    let (sandbox, client) = faulty(Fault::new(What::status(409)).min_inputs(2));
    assert_eq!(client.upsert(&people(2)).await.status, 409);
    assert_eq!(client.upsert(&people(1)).await.status, 200);
    assert_eq!(sandbox.contacts().len(), 1);
}

#[tokio::test]
async fn reads_are_passed_by() {
    let (_sandbox, client) = faulty(Fault::new(What::conflict()).times(1));
    let read = json!({ "idProperty": "email", "inputs": [{ "id": STRUCK }], "properties": [] });
    assert_eq!(client.post(&READ, &read).await.status, 207);
    assert_eq!(client.upsert(&people(1)).await.status, 409);
}

#[tokio::test]
async fn a_property_vanishes_in_the_middle() {
    let names = vec!["firstname".to_owned()];
    let (sandbox, client) = faulty(Fault::new(What::MissingProperties { names }).from_request(2));
    assert_eq!(client.upsert(&people(1)).await.status, 200);
    let refused = client.upsert(&people(1)).await;
    assert_eq!(refused.json()["errors"][0]["code"], "PROPERTY_DOESNT_EXIST");
    assert_eq!(sandbox.contacts().len(), 1);
}

#[tokio::test]
async fn a_stage_is_not_applied() {
    let (sandbox, client) = faulty(Fault::new(What::LifecycleIgnored));
    let result = client.upsert_one("a@example.com", &json!({ "lifecyclestage": "customer" })).await;
    assert_eq!(result["properties"]["lifecyclestage"], "lead");
    assert_eq!(sandbox.contact("a@example.com").unwrap().property("lifecyclestage"), Some("lead"));
}

#[tokio::test]
async fn one_answer_is_in_another_language() {
    let (_sandbox, client) = faulty(Fault::new(What::Localised).times(1));
    let message = async || -> Value {
        let body = client.upsert(&[input("a@example.com", &json!({ "nonsense": "1" }))]).await.json();
        body["errors"][0]["message"].clone()
    };
    assert_eq!(message().await, "A propriedade \"nonsense\" não existe");
    assert_eq!(message().await, "Property \"nonsense\" does not exist");
}
