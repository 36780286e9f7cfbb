//! The configuration as it is written: the shape of `spec.json`, before anything is checked but types.
//!
//! Not here: what the values mean. Not repeated here: serde's error texts, which quote values and so might
//! show the token.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::{ConfigError, List, Place, STORE, SettingPath};
use super::form;
use super::unknown::UnknownKey;

/// Editors on Windows put this in front of a file.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The only number among the settings.
const MAX_ARCHIVED: &str = "max_archived";

/// The only setting that is on or off, in an entry of `streams`.
const SKIP_UNCHANGED: &str = "skip_unchanged";

/// The configuration object. A `null` counts as absent, for every field.
///
/// It has no `Debug`, as it holds the token.
#[derive(Deserialize)]
pub(super) struct RawConfig {
    pub(super) access_token: Option<String>,
    pub(super) lifecycle_stage: Option<String>,
    pub(super) field_mappings: Option<Vec<RawFieldMapping>>,
    pub(super) unknown_fields: Option<String>,
    pub(super) invalid_values: Option<String>,
    pub(super) null_values: Option<String>,
    pub(super) deleted_records: Option<String>,
    pub(super) date_format: Option<String>,
    pub(super) number_format: Option<String>,
    pub(super) fail_if_rejected: Option<String>,
    pub(super) object_storage_config: Option<RawObjectStorage>,
    pub(super) api_version: Option<String>,
    pub(super) streams: Option<Vec<RawStream>>,
    pub(super) policies: Option<Vec<RawPolicy>>,
    pub(super) max_archived: Option<u64>,
}

impl RawConfig {
    /// The names that are read; any other is reported as unknown.
    pub(super) const FIELDS: &[&str] = &[
        "access_token",
        "lifecycle_stage",
        "field_mappings",
        "unknown_fields",
        "invalid_values",
        "null_values",
        "deleted_records",
        "date_format",
        "number_format",
        "fail_if_rejected",
        STORE,
        "api_version",
        "streams",
        "policies",
        MAX_ARCHIVED,
    ];
}

/// `object_storage_config`. Like the whole, it has no `Debug`.
#[derive(Deserialize)]
pub(super) struct RawObjectStorage {
    pub(super) storage_type: Option<String>,
    pub(super) access_key_id: Option<String>,
    pub(super) secret_access_key: Option<String>,
    pub(super) s3_bucket_name: Option<String>,
    pub(super) s3_bucket_region: Option<String>,
    pub(super) s3_endpoint: Option<String>,
    pub(super) bucket_path: Option<String>,
    pub(super) path_format: Option<String>,
    pub(super) file_name_format: Option<String>,
    pub(super) compression: Option<RawCompression>,
    pub(super) role_arn: Option<String>,
}

impl RawObjectStorage {
    /// The names that are read.
    pub(super) const FIELDS: &[&str] = &[
        "storage_type",
        "access_key_id",
        "secret_access_key",
        "s3_bucket_name",
        "s3_bucket_region",
        "s3_endpoint",
        "bucket_path",
        "path_format",
        "file_name_format",
        COMPRESSION,
        ROLE,
    ];

    /// Names of Airbyte's own destination that are no mistake and have no effect: rows are always kept as JSON lines.
    pub(super) const WITHOUT_EFFECT: &[&str] = &["format"];
}

const COMPRESSION: &str = "compression";

/// A name of Airbyte's that is read only to say that it has no effect.
pub(super) const ROLE: &str = "role_arn";

/// The compression of objects.
#[derive(Deserialize)]
pub(super) struct RawCompression {
    pub(super) compression_type: Option<String>,
}

/// An entry of `field_mappings`.
#[derive(Deserialize)]
pub(super) struct RawFieldMapping {
    pub(super) stream: Option<String>,
    pub(super) field: Option<String>,
    pub(super) property: Option<String>,
    pub(super) values: Option<String>,
}

impl RawFieldMapping {
    /// The names that are read; any other is reported as unknown.
    pub(super) const FIELDS: &[&str] = &["stream", "field", "property", "values"];
}

/// An entry of `streams`.
#[derive(Deserialize)]
pub(super) struct RawStream {
    pub(super) stream: Option<String>,
    pub(super) mode: Option<String>,
    pub(super) skip_unchanged: Option<bool>,
    pub(super) lifecycle_stage: Option<String>,
    pub(super) null_values: Option<String>,
    pub(super) invalid_values: Option<String>,
    pub(super) deleted_records: Option<String>,
    pub(super) date_format: Option<String>,
    pub(super) number_format: Option<String>,
}

impl RawStream {
    /// The names that are read.
    pub(super) const FIELDS: &[&str] = &[
        "stream",
        "mode",
        SKIP_UNCHANGED,
        "lifecycle_stage",
        "null_values",
        "invalid_values",
        "deleted_records",
        "date_format",
        "number_format",
    ];
}

/// An entry of `policies`.
#[derive(Deserialize)]
pub(super) struct RawPolicy {
    pub(super) stream: Option<String>,
    pub(super) property: Option<String>,
    pub(super) policy: Option<String>,
}

impl RawPolicy {
    /// The names that are read.
    pub(super) const FIELDS: &[&str] = &["stream", "property", "policy"];
}

/// The names that are read in an entry of a list.
fn fields_of(list: List) -> &'static [&'static str] {
    match list {
        List::FieldMappings => RawFieldMapping::FIELDS,
        List::Streams => RawStream::FIELDS,
        List::Policies => RawPolicy::FIELDS,
    }
}

/// Whether the token, or what looks like one of HubSpot's, stands where messages would show it: as a name, or in an entry of
/// a list.
fn is_token_elsewhere(settings: &Map<String, Value>) -> bool {
    const SHORTEST: usize = 20;

    let token = settings.get("access_token").and_then(Value::as_str).map(str::trim).unwrap_or_default();
    let is_token = |text: &str| {
        let is_same = token.len() >= SHORTEST && text.contains(token);
        is_same || (text.len() >= SHORTEST && text.trim().to_ascii_lowercase().starts_with("pat-"))
    };
    if settings.keys().any(|name| is_token(name)) {
        return true;
    }
    let mut others: Vec<&Value> =
        List::ALL.map(List::as_str).iter().chain([&STORE]).filter_map(|name| settings.get(*name)).collect();
    while let Some(value) = others.pop() {
        match value {
            Value::String(text) if is_token(text) => return true,
            Value::Array(items) => others.extend(items),
            Value::Object(members) if members.keys().any(|name| is_token(name)) => return true,
            Value::Object(members) => others.extend(members.values()),
            _ => {}
        }
    }
    false
}

/// Reads the text of a configuration file, and lists the names in it that mean nothing to us.
///
/// # Errors
/// The text is not JSON, is not an object, or holds a value of the wrong type. The error holds no value.
pub(super) fn read(json: &[u8]) -> Result<(RawConfig, Vec<UnknownKey>), ConfigError> {
    let text = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
    let value: Value = serde_json::from_slice(text).map_err(|error| match other_format(text) {
        Some(format) => ConfigError::OtherFormat { format },
        None => ConfigError::NotJson { line: error.line(), column: error.column() },
    })?;
    // An array must not get further: serde would read it as the fields in their order.
    let Value::Object(settings) = &value else { return Err(ConfigError::NotAnObject) };
    if is_token_elsewhere(settings) {
        return Err(ConfigError::TokenElsewhere);
    }
    let unknown = unknown_keys(settings)?;
    let raw = serde_path_to_error::deserialize(value).map_err(|error| wrong_type(error.path()))?;
    Ok((raw, unknown))
}

/// What a text that is no JSON looks like, by its first line that says something.
fn other_format(text: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(text);
    let lines = text.lines().map(str::trim);
    let first =
        lines.into_iter().find(|line| !(line.is_empty() || line.starts_with('#') || *line == "---"))?;
    let name = first.strip_prefix("export ").unwrap_or(first);
    let name_ends = name.find(|letter: char| !(letter.is_ascii_alphanumeric() || "_-.".contains(letter)))?;
    let (name, rest) = name.split_at_checked(name_ends)?;
    match rest.trim_start().chars().next()? {
        _ if name.is_empty() => None,
        ':' => Some("YAML"),
        '=' => Some("lines of `name=value`"),
        _ => None,
    }
}

/// # Errors
/// A list of objects is no list, or an entry of it is not an object, or one of `field_mappings` with other names; or
/// `object_storage_config` is not an object.
fn unknown_keys(settings: &Map<String, Value>) -> Result<Vec<UnknownKey>, ConfigError> {
    let mut unknown = UnknownKey::find(Place::Top, settings.keys(), RawConfig::FIELDS);
    unknown.extend(unknown_in_store(settings.get(STORE))?);
    for list in List::ALL {
        unknown.extend(unknown_in_list(list, settings.get(list.as_str()))?);
    }
    Ok(unknown)
}

fn unknown_in_list(list: List, value: Option<&Value>) -> Result<Vec<UnknownKey>, ConfigError> {
    let entries = match value {
        Some(Value::Array(entries)) => entries,
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(other) => {
            let setting = SettingPath::top(list.as_str());
            return Err(ConfigError::NotAList { setting, form: form::list_for(list, other) });
        }
    };
    let mut unknown = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let setting = SettingPath::Entry(list, index);
        let Value::Object(members) = entry else {
            return Err(ConfigError::WrongType { setting, expected: form::an_entry(list) });
        };
        if list == List::FieldMappings
            && let Some(said) = form::of_strange_entry(members)
        {
            return Err(ConfigError::StrangeEntry { setting, said });
        }
        unknown.extend(UnknownKey::find(Place::Entry(list, index), members.keys(), fields_of(list)));
    }
    Ok(unknown)
}

/// # Errors
/// `object_storage_config`, or the compression in it, is not an object.
fn unknown_in_store(store: Option<&Value>) -> Result<Vec<UnknownKey>, ConfigError> {
    let settings = match store {
        Some(Value::Object(settings)) => settings,
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(_) => {
            let expected = r#"an object, such as {"storage_type": "None"}"#;
            return Err(ConfigError::WrongType { setting: SettingPath::Top(STORE.to_owned()), expected });
        }
    };
    if !matches!(settings.get(COMPRESSION), None | Some(Value::Null | Value::Object(_))) {
        let expected = r#"an object, such as {"compression_type": "GZIP"}"#;
        return Err(ConfigError::WrongType {
            setting: SettingPath::within(Place::Store, COMPRESSION),
            expected,
        });
    }
    let known = [RawObjectStorage::FIELDS, RawObjectStorage::WITHOUT_EFFECT].concat();
    Ok(UnknownKey::find(Place::Store, settings.keys(), &known))
}

/// Puts the place of a type error into our own words. Lists and objects have been looked at before.
fn wrong_type(path: &serde_path_to_error::Path) -> ConfigError {
    let setting = SettingPath::from(path);
    let expected = match &setting {
        SettingPath::Top(name) if name == MAX_ARCHIVED => "a whole number from 0 on, without quotes",
        SettingPath::OfEntry(_, _, name) if name == SKIP_UNCHANGED => "true or false, without quotes",
        _ => "text, in double quotes",
    };
    ConfigError::WrongType { setting, expected }
}
