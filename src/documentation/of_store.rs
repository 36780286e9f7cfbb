//! A message of each kind that the object store, and the settings of it, can end with.

use std::{io::ErrorKind, time::Duration};

use serde_json::{Value, json};

use super::{
    N, each_of,
    examples::{Example, failures, texts},
};
use crate::{
    config::{Config, ConfigError, Environment},
    rejects::{
        error::KeepError,
        store::error::{Location, ProbeDoubt, StoreError, StoreRefusal, TemporaryFault},
    },
};

const SECRET: &str = "zz0123456789ABCDEF";

fn location() -> Location {
    let any = || "…".to_owned();
    Location { bucket: any(), region: any(), endpoint: any(), key: any() }
}

fn gave_up(last: TemporaryFault) -> StoreError {
    StoreError::GaveUp {
        at: Box::new(location()),
        attempts: N.into(),
        elapsed: Duration::from_secs(N.into()),
        last,
    }
}

fn temporary_faults() -> Vec<TemporaryFault> {
    each_of!(TemporaryFault: Connect, Timeout, Interrupted, Full, Status(N), NoStore, Taken)
}

/// What the store refuses. `…` in brackets stands for the location.
pub(super) fn failures_of_store() -> Vec<Example> {
    let at = || Box::new(location());
    let refusals = each_of!(StoreRefusal:
        UnknownKey,
        WrongSecret,
        ExpiredKey,
        Clock,
        Forbidden,
        Bucket,
        Region,
        NoCondition(N),
        Certificate,
        PrivateAddress,
    );
    let refused = |refusal| StoreError::Refused { refusal, at: at() };
    let errors = each_of!(StoreError:
        Refused { refusal: StoreRefusal::Bucket, at: at() },
        PlainHttp { at: at() },
        GaveUp { at: at(), attempts: N.into(), elapsed: Duration::from_secs(N.into()), last: TemporaryFault::Connect },
        NoTransport,
    );
    let errors = errors.into_iter().chain(refusals.into_iter().map(refused));
    let errors = errors.chain(temporary_faults().into_iter().map(gave_up));
    let doubts = each_of!(ProbeDoubt:
        NotRead { at: at() },
        Changed { at: at() },
        NotDeleted { at: at() },
    );
    let mut parts: Vec<String> =
        temporary_faults().iter().map(|fault| fault.to_string().replace(&N.to_string(), "…")).collect();
    parts.push(location().to_string());
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    failures(errors).into_iter().chain(texts(doubts)).map(|one| one.with(&parts)).collect()
}

/// Rows that cannot be kept.
pub(super) fn of_keeping() -> Vec<Example> {
    let any = || "…".to_owned();
    let kind = ErrorKind::PermissionDenied;
    let errors = each_of!(KeepError:
        Folder { argument: "…", folder: any(), kind: kind },
        Shared { argument: "…", other: "…", folder: any() },
        Row { argument: "…", folder: any(), kind: kind },
        Store(StoreError::NoTransport),
        Defect,
    );
    let full = KeepError::Row { argument: "…", folder: any(), kind: ErrorKind::StorageFull };
    failures(errors.into_iter().chain([full]))
        .into_iter()
        .map(|one| one.with(&["permission denied", "no storage space", &StoreError::NoTransport.to_string()]))
        .collect()
}

/// What failures put together.
pub(super) fn parts() -> Vec<Example> {
    texts(temporary_faults()).into_iter().chain(texts([location()])).collect()
}

/// A configuration with a store in which all is right but for the change.
fn parse(change: impl FnOnce(&mut Value)) -> Result<crate::config::Parsed, ConfigError> {
    let mut store = json!({
        "storage_type": "S3", "access_key_id": "AKIA", "secret_access_key": SECRET, "s3_bucket_name": "rejects",
        "s3_bucket_region": "eu-west-1", "bucket_path": "hubspot"
    });
    change(&mut store);
    Config::parse(json!({ "access_token": "pat-x", "object_storage_config": store }).to_string().as_bytes())
}

/// What is wrong with the settings of a store.
pub(super) fn of_settings() -> Vec<Example> {
    let wrong: [(&str, Value); 31] = [
        ("storage_type", json!(null)),
        ("access_key_id", json!("")),
        ("access_key_id", json!("a b")),
        ("access_key_id", json!("****")),
        ("access_key_id", json!("ключ")),
        ("secret_access_key", json!("")),
        ("s3_bucket_name", json!(" ")),
        ("s3_bucket_name", json!("s3://rejects/hubspot")),
        ("s3_bucket_name", json!(SECRET)),
        ("s3_bucket_region", json!("")),
        ("s3_bucket_region", json!("EU (Ireland)")),
        ("s3_endpoint", json!("s3.example.com")),
        ("s3_endpoint", json!("ftp://s3.example.com")),
        ("s3_endpoint", json!("https://ada@s3.example.com")),
        ("s3_endpoint", json!("https://s3.example.com?x")),
        ("bucket_path", json!("")),
        ("bucket_path", json!("a/../b")),
        ("bucket_path", json!("a\nb")),
        ("path_format", json!("../{sync_id}")),
        ("path_format", json!("a\nb")),
        ("path_format", json!("{date")),
        ("path_format", json!("{…}")),
        ("path_format", json!("{namespace}".repeat(10))),
        ("file_name_format", json!("a/b")),
        ("compression", json!("GZIP")),
        ("compression", json!({ "compression_type": "LZO" })),
        ("storage_type", json!("GCS")),
        ("role_arn", json!("arn:aws:iam::1:role/x")),
        ("s3_bucket", json!("rejects")),
        ("storage_type", json!(1)),
        ("path_format", json!(1)),
    ];
    let errors = wrong.into_iter().filter_map(|(name, value)| {
        parse(|store| {
            if name == "role_arn" {
                store["access_key_id"] = json!("");
            }
            if name == "s3_bucket" {
                store["s3_bucket_name"] = json!("");
            }
            store[name] = value;
        })
        .err()
    });
    let errors: Vec<ConfigError> = errors.collect();
    assert_eq!(errors.len(), 31);
    let no_object =
        Config::parse(br#"{"access_token": "pat-x", "object_storage_config": "S3"}"#).unwrap_err();
    let variable = |name: &str| (name == "HUBSPOT_ALLOW_PRIVATE_ENDPOINTS").then(|| "maybe".to_owned());
    let of_variable = Environment::read(variable).unwrap_err();
    failures(errors.into_iter().chain([no_object, of_variable]))
        .into_iter()
        .map(|one| one.with(&["s3_bucket`"]))
        .collect()
}

pub(super) fn warnings() -> Vec<Example> {
    let parsed = parse(|store| {
        store["role_arn"] = json!("arn:aws:iam::1:role/x");
        store["s3_endpont"] = json!("https://s3.example.com");
        store["format"] = json!({ "format_type": "CSV" });
    });
    let warnings = parsed.unwrap().warnings;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    warnings.iter().map(|warning| Example::of(warning).with(&["s3_endpont", "s3_endpoint"])).collect()
}
