//! Tests of `object_storage_config`: what is read, what is refused, what no text holds, and that `spec.json` says the same.

use serde_json::{Value, json};

use super::name_format::{Piece, Placeholder};
use super::raw::{RawCompression, RawObjectStorage};
use super::spec_tests::{SPEC, derived_fields};
use super::*;

const KEY: &str = "AKIA0123456789SECRET";
const SECRET: &str = "zz0123456789/secret+of/the+store";

/// The least that a store needs, changed.
fn parse(change: impl FnOnce(&mut Value)) -> Result<Parsed, ConfigError> {
    let mut store = json!({
        "storage_type": "S3", "access_key_id": KEY, "secret_access_key": SECRET, "s3_bucket_name": "rejects",
        "s3_bucket_region": "eu-west-1", "bucket_path": "hubspot/rejected"
    });
    change(&mut store);
    Config::parse(json!({ "access_token": "pat-x", "object_storage_config": store }).to_string().as_bytes())
}

fn store(change: impl FnOnce(&mut Value)) -> StoreConfig {
    parse(change).unwrap().config.object_storage.unwrap()
}

#[track_caller]
fn fault(change: impl FnOnce(&mut Value)) -> String {
    let said = parse(change).map(drop).unwrap_err().to_string();
    assert!(!said.contains(KEY) && !said.contains(SECRET), "{said}");
    said
}

#[test]
fn the_least_has_airbytes_defaults() {
    let store = store(|_| {});
    assert_eq!((store.access_key_id.expose(), store.secret_access_key.expose()), (KEY, SECRET));
    assert_eq!((store.bucket.as_str(), store.region.as_str()), ("rejects", "eu-west-1"));
    assert_eq!(store.endpoint.to_string(), "https://s3.eu-west-1.amazonaws.com");
    assert_eq!(store.bucket_path, "hubspot/rejected");
    let slash = || Piece::Literal("/".to_owned());
    let of = |placeholder| Piece::Placeholder(placeholder);
    let (sync_id, namespace) = (of(Placeholder::SyncId), of(Placeholder::Namespace));
    let expected = [sync_id, slash(), namespace, slash(), of(Placeholder::StreamName), slash()];
    assert_eq!(store.path_format.pieces(), expected);
    assert_eq!(store.file_name_format.pieces().len(), 6);
    assert_eq!(store.compression, Compression::Plain);
    assert!(!store.has_own_endpoint);
}

#[test]
fn nothing_that_is_chosen_keeps_nothing() {
    for absent in [
        json!(null),
        json!({}),
        json!({ "storage_type": "None" }),
        json!({ "storage_type": null, "s3_bucket_region": "" }),
        json!({ "storage_type": "None", "access_key_id": 1.to_string() }),
    ] {
        let config = json!({ "access_token": "pat-x", "object_storage_config": absent });
        let parsed = Config::parse(config.to_string().as_bytes()).unwrap();
        assert!(parsed.config.object_storage.is_none() && parsed.warnings.is_empty(), "{config}");
    }
    assert!(
        fault(|store| store["storage_type"] = json!(null))
            .contains("`storage_type` in `object_storage_config` is missing")
    );
}

#[test]
fn a_store_with_an_endpoint_of_its_own_needs_no_region() {
    let with_endpoint = store(|store| {
        store["s3_bucket_region"] = json!("");
        store["s3_endpoint"] = json!(" http://minio.local:9000/ ");
    });
    assert_eq!((with_endpoint.region.as_str(), with_endpoint.has_own_endpoint), ("us-east-1", true));
    assert_eq!(with_endpoint.endpoint.to_string(), "http://minio.local:9000");
    assert!(fault(|store| store["s3_bucket_region"] = json!("")).contains("where `s3_endpoint` is set"));
    // Newer than the list of the form.
    assert_eq!(store(|store| store["s3_bucket_region"] = json!("mx-central-1")).region, "mx-central-1");
}

#[test]
fn airbytes_other_settings_are_tolerated() {
    let format =
        parse(|store| store["format"] = json!({ "format_type": "CSV", "flattening": "No flattening" }));
    assert_eq!(format.unwrap().warnings, [""; 0]);
    let role = parse(|store| store["role_arn"] = json!("arn:aws:iam::1:role/x")).unwrap();
    assert_eq!(
        role.warnings,
        ["The setting `role_arn` in `object_storage_config` has no effect: the key pair alone is used."]
    );
    let without_keys = fault(|store| {
        store["role_arn"] = json!("arn:aws:iam::1:role/x");
        store["secret_access_key"] = json!("");
    });
    assert!(without_keys.contains("no identity of the machine is used"), "{without_keys}");
    let misspelt = parse(|store| store["s3_endpont"] = json!("x")).unwrap().warnings;
    assert_eq!(
        misspelt,
        [
            "The setting `s3_endpont` in `object_storage_config` is unknown and has no effect. Did you mean `s3_endpoint`?"
        ]
    );
}

#[test]
fn keys_are_shown_nowhere() {
    let parsed = parse(|_| {}).unwrap();
    let debug = format!("{parsed:?}");
    assert!(!debug.contains(KEY) && !debug.contains(SECRET), "{debug}");
    for name in [
        "s3_bucket_name",
        "bucket_path",
        "path_format",
        "file_name_format",
        "s3_bucket_region",
        "s3_endpoint",
    ] {
        let said = fault(|store| store[name] = json!(format!("https://x/{SECRET}")));
        assert!(said.contains("stands in another place"), "{name}: {said}");
    }
    for wrong in ["a b", "***", "ключ"] {
        assert!(!fault(|store| store["secret_access_key"] = json!(wrong)).contains(wrong));
    }
}

#[test]
fn a_key_of_a_form_is_trimmed() {
    assert_eq!(store(|store| store["secret_access_key"] = json!(" zz\n")).secret_access_key.expose(), "zz");
}

#[test]
fn names_that_make_no_key_are_refused() {
    for (name, value) in [
        ("s3_bucket_name", "a"),
        ("s3_bucket_name", "a/b"),
        ("s3_bucket_name", "..."),
        ("s3_bucket_name", "my bucket"),
        ("s3_bucket_region", "us-east-1.evil.example/"),
        ("bucket_path", "a/../b"),
        ("path_format", "{nonsense}"),
        ("file_name_format", "a/b"),
        ("file_name_format", "}"),
    ] {
        let said = fault(|store| store[name] = json!(value));
        assert!(said.starts_with(&format!("The setting `{name}` in `object_storage_config`")), "{said}");
    }
    assert!(fault(|store| store["path_format"] = json!("{stream_name}".repeat(9))).contains("too long"));
    assert_eq!(store(|store| store["bucket_path"] = json!("/")).bucket_path, "");
}

#[test]
fn the_specification_has_the_settings_that_are_read() {
    let spec: Value = serde_json::from_str(SPEC).unwrap();
    let options = &spec["connectionSpecification"]["properties"]["object_storage_config"]["oneOf"];
    let constants = |options: &Value, name: &str| -> Vec<String> {
        let options = options.as_array().unwrap().iter();
        options.map(|option| option["properties"][name]["const"].as_str().unwrap().to_owned()).collect()
    };
    let names = |choices: &[&str]| choices.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(
        constants(options, "storage_type"),
        names(&[StorageType::Nowhere.as_str(), StorageType::S3.as_str()])
    );
    let s3 = &options[1];
    let settings = s3["properties"].as_object().unwrap();
    let compressions = &settings["compression"]["oneOf"];
    let known: Vec<_> = Compression::ALL.iter().map(|one| one.as_str()).collect();
    assert_eq!(constants(compressions, "compression_type"), names(&known));
    assert_eq!(derived_fields::<RawCompression>(), ["compression_type"]);

    let sorted = |names: &mut Vec<&str>| names.sort_unstable();
    let mut in_schema: Vec<&str> = settings.keys().map(String::as_str).chain(["role_arn"]).collect();
    let mut read = RawObjectStorage::FIELDS.to_vec();
    let mut derived = derived_fields::<RawObjectStorage>().to_vec();
    for names in [&mut in_schema, &mut read, &mut derived] {
        sorted(names);
    }
    assert_eq!(read, in_schema);
    assert_eq!(derived, in_schema);

    // What is required, and what is a secret.
    for (name, setting) in settings {
        let is_required = s3["required"].as_array().unwrap().contains(&json!(name));
        let absent = parse(|store| drop(store.as_object_mut().unwrap().remove(name)));
        assert_eq!(absent.is_err(), is_required, "{name}");
        let is_key = matches!(name.as_str(), "access_key_id" | "secret_access_key");
        assert_eq!(setting["airbyte_secret"] == json!(true), is_key, "{name}");
        for sample in setting["examples"].as_array().into_iter().flatten() {
            assert!(parse(|store| store[name] = sample.clone()).is_ok(), "{name}: {sample}");
        }
    }

    // Written out or left out, a default means the same; the region's is for stores with an endpoint.
    for name in ["path_format", "file_name_format"] {
        let explicit = store(|store| store[name] = settings[name]["default"].clone());
        assert_eq!(format!("{explicit:?}"), format!("{:?}", store(|_| {})), "{name}");
    }
    for region in settings["s3_bucket_region"]["enum"].as_array().unwrap() {
        let with_endpoint = |store: &mut Value| {
            store["s3_bucket_region"] = region.clone();
            store["s3_endpoint"] = json!("https://s3.example.com");
        };
        assert!(parse(with_endpoint).is_ok(), "{region}");
    }
}
