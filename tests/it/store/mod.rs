//! The object store for rejected rows: its client, and `check`, against stores on this machine.
//!
//! Not here: the rules on data, which are unit tests beside the code.

mod check;
mod client;
mod moto;
mod proxy;
pub(super) mod server;
pub(super) mod sync;

use destination_hubspot::{
    config::{Config, Environment},
    rejects::store::{client::ObjectStore, error::StoreError, names::StreamOfObject, pending::ObjectToPut},
};
use serde_json::{Value, json};

const KEY: &str = "AKIAZZSECRET00000000";
const SECRET: &str = "zzsecret/0123456789+abcdefghijklmnopqrst";

/// The settings of a store at an address.
pub(super) fn settings(endpoint: &str) -> Value {
    json!({
        "storage_type": "S3", "access_key_id": KEY, "secret_access_key": SECRET, "s3_bucket_name": "rejects",
        "s3_bucket_region": "eu-west-1", "s3_endpoint": endpoint, "bucket_path": "hubspot/rejected",
    })
}

/// Delays are scaled down to a hundredth, and stores on this machine permitted.
fn environment(variable: &str) -> Option<String> {
    let value = match variable {
        "HUBSPOT_API_BASE_URL" => "http://127.0.0.1:9",
        "HUBSPOT_DELAY_SCALE" => "0.01",
        "HUBSPOT_ALLOW_PRIVATE_ENDPOINTS" => "1",
        _ => return None,
    };
    Some(value.to_owned())
}

fn try_store(
    settings: &Value,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<ObjectStore, StoreError> {
    let config = json!({ "access_token": "pat-x", "object_storage_config": settings });
    let config = Config::parse(config.to_string().as_bytes()).unwrap().config;
    ObjectStore::new(&config.object_storage.unwrap(), &Environment::read(environment).unwrap())
}

fn store(settings: &Value) -> ObjectStore {
    try_store(settings, environment).unwrap()
}

fn people() -> StreamOfObject {
    StreamOfObject { name: "people".to_owned(), namespace: Some("public".to_owned()), sync_id: Some(7) }
}

fn object(part_number: u64, body: &str) -> ObjectToPut {
    ObjectToPut { stream: 0, part_number, body: body.to_owned().into() }
}
