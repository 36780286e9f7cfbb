//! Where batch requests go, and their bodies as HubSpot gets them.

use std::{iter, sync::Arc};

use serde_json::{Value, json};

use crate::{
    config::ApiVersion,
    crm::{
        key::{Key, KeySpace},
        object::ObjectType,
    },
    hubspot::{
        batch_call::{BatchCall, KeyedInput, UpdateInput},
        endpoint::{Endpoint, Repetition, Success},
    },
};

fn key(address: &str) -> Key {
    Key::parse(address).unwrap()
}

fn space() -> Arc<KeySpace> {
    KeySpace::contacts_by_email()
}

fn body(call: &BatchCall) -> Value {
    serde_json::from_slice(&call.body).unwrap()
}

fn looks_at(call: &BatchCall) -> Vec<&str> {
    call.looks_at.iter().map(|property| &**property).collect()
}

#[test]
fn each_batch_call_has_its_path_name_scope_and_purpose() {
    for (endpoint, call, scope, purpose) in [
        (Endpoint::BatchRead as fn(_) -> _, "read", "read", "read contacts"),
        (Endpoint::BatchUpsert, "upsert", "write", "write contacts"),
        (Endpoint::BatchCreate, "create", "write", "create contacts"),
        (Endpoint::BatchUpdate, "update", "write", "update contacts"),
        (Endpoint::BatchArchive, "archive", "write", "archive contacts"),
    ] {
        let endpoint = endpoint(ObjectType::CONTACTS);
        assert_eq!(endpoint.path(ApiVersion::V3), format!("/crm/v3/objects/contacts/batch/{call}"));
        assert_eq!(
            endpoint.path(ApiVersion::Date202609),
            format!("/crm/objects/2026-09/contacts/batch/{call}")
        );
        assert_eq!(endpoint.name(), format!("batch_{call}"));
        assert_eq!(endpoint.object(), Some(ObjectType::CONTACTS));
        assert_eq!(endpoint.scope(), format!("crm.objects.contacts.{scope}"));
        assert_eq!(endpoint.purpose(), purpose);
    }
}

#[test]
fn each_write_says_whether_it_may_be_repeated_and_what_settles_it() {
    let of = |endpoint: fn(_) -> Endpoint| {
        let endpoint = endpoint(ObjectType::CONTACTS);
        (endpoint.repetition(), endpoint.success())
    };
    assert_eq!(of(Endpoint::BatchUpsert), (Repetition::ChangesNothing, Success::EachInput));
    assert_eq!(of(Endpoint::BatchUpdate), (Repetition::ChangesNothing, Success::EachInput));
    assert_eq!(of(Endpoint::BatchCreate), (Repetition::LooksUpFirst, Success::EachInput));
    assert_eq!(of(Endpoint::BatchArchive), (Repetition::LooksUpFirst, Success::Whole));
}

#[test]
fn an_upsert_names_records_by_key_and_never_comes_without_properties() {
    let (ada, ben) = (key("ada@x.com"), key("ben@x.com"));
    let inputs = [(3, &ada, &[("phone", "1"), ("city", "Rome")][..]), (7, &ben, &[])];
    let inputs = inputs.into_iter().map(|(trace_id, key, properties)| KeyedInput {
        trace_id,
        key,
        properties: properties.iter().copied(),
    });
    let space = space();
    let call = BatchCall::upsert(&space, inputs, &["stage".into()]);
    assert_eq!(
        body(&call),
        json!({ "inputs": [
            {
                "id": "ada@x.com", "idProperty": "email", "objectWriteTraceId": "3",
                "properties": { "phone": "1", "city": "Rome" },
            },
            {
                "id": "ben@x.com", "idProperty": "email", "objectWriteTraceId": "7",
                "properties": { "email": "ben@x.com" },
            },
        ] })
    );
    assert_eq!(looks_at(&call), ["email", "stage"]);
    assert_eq!(body(&BatchCall::upsert_nothing(&space)), json!({ "inputs": [] }));
}

#[test]
fn a_create_has_the_key_among_the_properties_and_no_id() {
    let (ada, ben) = (key("Ada@X.com"), key("ben@x.com"));
    let inputs = [(0, &ada, &[("phone", "1")][..]), (1, &ben, &[])];
    let inputs = inputs.into_iter().map(|(trace_id, key, properties)| KeyedInput {
        trace_id,
        key,
        properties: properties.iter().copied(),
    });
    let space = space();
    let call = BatchCall::create(&space, inputs, &["stage".into()]);
    assert_eq!(call.endpoint, Endpoint::BatchCreate(ObjectType::CONTACTS));
    assert_eq!(
        body(&call),
        json!({ "inputs": [
            { "objectWriteTraceId": "0", "properties": { "email": "ada@x.com", "phone": "1" } },
            { "objectWriteTraceId": "1", "properties": { "email": "ben@x.com" } },
        ] })
    );
    assert_eq!((looks_at(&call), call.unknown_before), (vec!["email", "stage"], 0));
}

#[test]
fn an_update_names_records_by_id_and_never_sends_the_key() {
    let properties = [("email", "moved@x.com"), ("phone", "1")];
    let input = UpdateInput { trace_id: 4, id: "17", properties: properties.iter().copied() };
    let call = BatchCall::update(&space(), iter::once(&input).map(copy), &["stage".into()]);
    assert_eq!(call.endpoint, Endpoint::BatchUpdate(ObjectType::CONTACTS));
    assert_eq!(
        body(&call),
        json!({ "inputs": [{ "id": "17", "objectWriteTraceId": "4", "properties": { "phone": "1" } }] })
    );
    assert_eq!(looks_at(&call), ["email", "stage"]);
}

fn copy<'a, P: Clone>(input: &UpdateInput<'a, P>) -> UpdateInput<'a, P> {
    UpdateInput { properties: input.properties.clone(), ..*input }
}

#[test]
fn an_archive_has_ids_and_nothing_else() {
    let call = BatchCall::archive(&space(), ["17", "18"].into_iter());
    assert_eq!(call.endpoint, Endpoint::BatchArchive(ObjectType::CONTACTS));
    assert_eq!(body(&call), json!({ "inputs": [{ "id": "17" }, { "id": "18" }] }));
    assert!(call.looks_at.is_empty());
}

#[test]
fn a_read_asks_for_the_key_and_what_is_watched() {
    let ada = key("ada@x.com");
    let call = BatchCall::read(&space(), iter::once(&ada), &["stage".into(), "phone".into()]);
    assert_eq!(
        body(&call),
        json!({
            "inputs": [{ "id": "ada@x.com" }], "idProperty": "email",
            "properties": ["email", "stage", "phone"], "propertiesWithHistory": [],
        })
    );
    assert_eq!(looks_at(&call), ["email", "stage", "phone"]);
}
