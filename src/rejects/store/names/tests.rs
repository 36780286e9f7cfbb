//! Tests of the names of objects: on examples, and for names of streams and formats of any kind.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::Config;

/// 2026-11-18 09:04:07 UTC.
const BEGAN: Duration = Duration::from_secs(1_794_992_647);
/// A minute later.
const MADE_AT: Duration = Duration::from_millis(1_794_992_707_123);

fn names(change: impl FnOnce(&mut Value)) -> ObjectNames {
    let mut store = json!({
        "storage_type": "S3", "access_key_id": "AKIA", "secret_access_key": "zz", "s3_bucket_name": "rejects",
        "s3_bucket_region": "eu-west-1", "bucket_path": "/hubspot//rejected/"
    });
    change(&mut store);
    let config = json!({ "access_token": "pat-x", "object_storage_config": store });
    let config = Config::parse(config.to_string().as_bytes()).unwrap().config;
    ObjectNames::new(&config.object_storage.unwrap(), BEGAN)
}

fn stream(name: &str, namespace: Option<&str>, sync_id: Option<i64>) -> StreamOfObject {
    StreamOfObject { name: name.to_owned(), namespace: namespace.map(str::to_owned), sync_id }
}

const ID: ObjectId = ObjectId { part_number: 3, made_at: MADE_AT, unique: 0x1f };

#[test]
fn the_default_is_airbytes_with_an_id_of_the_object() {
    let names = names(|_| {});
    assert_eq!(
        names.key(&stream("people", Some("public"), Some(77)), ID),
        "hubspot/rejected/77/public/people/2026_11_18_1794992707123_3-000000000000001f.jsonl"
    );
    assert_eq!(
        names.key(&stream("people", None, None), ID),
        "hubspot/rejected/run-20261118T090407Z/no-namespace/people/2026_11_18_1794992707123_3-000000000000001f.jsonl"
    );
    assert_eq!(names.probe(0x1f), "hubspot/rejected/_check-000000000000001f");
}

#[test]
fn formats_of_ones_own_are_followed() {
    let names = names(|store| {
        store["bucket_path"] = json!("/");
        store["path_format"] = json!("year={year}/{month}{day}{hour}//x {namespace}.{stream_name}");
        store["file_name_format"] = json!("{format_extension}.{part_number}");
        store["compression"] = json!({ "compression_type": "GZIP" });
    });
    assert_eq!(
        names.key(&stream("a/b", Some(""), None), ID),
        "year=2026/111809/x no-namespace.a%2Fb/.jsonl.gz.3-000000000000001f"
    );
    assert_eq!(names.probe(0x1f), "_check-000000000000001f");
}

/// Names as sources may have them, and worse.
fn any_name() -> impl Strategy<Value = String> {
    prop_oneof!["[./%{}a-c ]{0,6}", ".{0,40}", "[a-zA-Z0-9_]{0,200}", Just("..".to_owned()),]
}

proptest! {
    #[test]
    fn every_key_is_safe_short_and_its_own(
        name in any_name(),
        namespace in proptest::option::of(any_name()),
        sync_id: Option<i64>,
        folders in proptest::collection::vec("[a-z. ]{0,3}(\\{(namespace|stream_name|sync_id|part_number)\\})?\\.?", 0..5),
        part_number: u64,
        unique: u64,
    ) {
        let path_format = folders.join("/");
        prop_assume!(!folders.iter().any(|folder| folder == "." || folder == ".."));
        let names = names(|store| store["path_format"] = json!(path_format));
        let stream = StreamOfObject { name, namespace, sync_id };
        let key = names.key(&stream, ObjectId { part_number, made_at: MADE_AT, unique });
        prop_assert!(key.len() <= 1024);
        prop_assert!(key.starts_with("hubspot/rejected/"));
        prop_assert!(key.split('/').all(|part| !matches!(part, "" | "." | "..")), "{}", key);
        prop_assert!(!key.contains(char::is_control));
        let given: HashSet<&str> = folders.iter().map(String::as_str).filter(|folder| !folder.is_empty()).collect();
        prop_assert!(key.split('/').count() >= 3 + usize::from(!given.is_empty() && !path_format.trim().is_empty()));
        prop_assert_eq!(object_store::path::Path::parse(&key).unwrap().to_string(), key.clone());
        let other = names.key(&stream, ObjectId { part_number, made_at: MADE_AT, unique: unique ^ 1 });
        prop_assert_ne!(key, other);
    }
}
