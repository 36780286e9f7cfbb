//! `object_storage_config`: where rejected rows are kept, under the names that Airbyte's own destination has. Pure.
//!
//! Not here: whether the store takes anything, which `check` finds out, and whether the environment permits the endpoint.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::choice::{Compression, StorageType};
use super::error::{ConfigError, Place, SettingPath};
use super::name_format::{FormatFault, NameFormat, Placeholder};
use super::raw::{ROLE, RawCompression, RawObjectStorage};
use super::reading::{chosen, not_blank, required};
use super::store_endpoint::StoreEndpoint;
use super::unknown::UnknownKey;

/// The defaults of Airbyte's own destination.
const PATH_FORMAT: &str = "{sync_id}/{namespace}/{stream_name}/";
const FILE_NAME_FORMAT: &str = "{date}_{timestamp}_{part_number}{format_extension}";

/// Where a store with an endpoint of its own is, unless it says otherwise: the name that all of them take.
const USUAL_REGION: &str = "us-east-1";

/// No key of S3 is longer, in bytes.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
const LONGEST_KEY: usize = 1024;
/// What every key has besides what the settings say: slashes, an id of its own.
const REST_OF_KEY: usize = 32;

/// A bucket, the right to write into it, and how objects are named.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    pub access_key_id: StoreKey,
    pub secret_access_key: StoreKey,
    /// Letters, digits and `.-_`.
    pub bucket: String,
    /// Never empty.
    pub region: String,
    /// Amazon's own address, unless `s3_endpoint` is set.
    pub endpoint: StoreEndpoint,
    /// Whether `s3_endpoint` says where the store is.
    pub has_own_endpoint: bool,
    /// The folder that all objects are in: without a slash at its ends; may be empty, if only slashes were written.
    pub bucket_path: String,
    /// The folders below that.
    pub path_format: NameFormat,
    pub file_name_format: NameFormat,
    pub compression: Compression,
}

/// One of a pair of keys, which nothing may print. Visible ASCII characters, at least one. `Debug` does not show it.
#[derive(Clone)]
pub struct StoreKey(SecretString);

impl StoreKey {
    /// The key itself. Only what signs requests calls this.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether a text holds the key. Short ones may be there by chance: keys of trials are called `minio`.
    fn is_in(&self, text: &str) -> bool {
        const SHORTEST: usize = 16;
        self.expose().len() >= SHORTEST && text.contains(self.expose())
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StoreKey(hidden)")
    }
}

/// Reads what is written; `None` if rejected rows are kept nowhere.
pub(super) fn read(
    raw: RawObjectStorage,
    unknown: &[UnknownKey],
    warnings: &mut Vec<String>,
) -> Result<Option<StoreConfig>, ConfigError> {
    let storage_type = match not_blank(raw.storage_type.clone()) {
        None if is_empty(&raw) => return Ok(None),
        written => required(written, at("storage_type"), unknown)?,
    };
    match chosen(Some(storage_type), at("storage_type"))? {
        StorageType::Nowhere => return Ok(None),
        StorageType::S3 => {}
    }
    warn_of_role(&raw, warnings)?;
    let access_key_id = key(raw.access_key_id, "access_key_id", unknown)?;
    let secret_access_key = key(raw.secret_access_key, "secret_access_key", unknown)?;
    let bucket = required(raw.s3_bucket_name, at("s3_bucket_name"), unknown)?.trim().to_owned();
    let own_endpoint = not_blank(raw.s3_endpoint);
    let region = match not_blank(raw.s3_bucket_region) {
        None if own_endpoint.is_some() => USUAL_REGION.to_owned(),
        written => required(written, at("s3_bucket_region"), unknown)?.trim().to_owned(),
    };
    let bucket_path = required(raw.bucket_path, at("bucket_path"), unknown)?.trim().to_owned();
    let path_format = not_blank(raw.path_format).unwrap_or_else(|| PATH_FORMAT.to_owned());
    let file_name_format = not_blank(raw.file_name_format).unwrap_or_else(|| FILE_NAME_FORMAT.to_owned());
    let others = [&bucket, &region, &bucket_path, &path_format, &file_name_format];
    let is_key_in = |text: &str| access_key_id.is_in(text) || secret_access_key.is_in(text);
    if others.into_iter().chain(&own_endpoint).any(|text| is_key_in(text)) {
        return Err(ConfigError::StoreKeyElsewhere);
    }
    if !is_bucket(&bucket) {
        return Err(wrong(
            "s3_bucket_name",
            "must be the name of a bucket alone: 3 to 63 letters, digits, `.`, `-` and `_`, a letter or digit first",
        ));
    }
    let has_own_endpoint = own_endpoint.is_some();
    let endpoint = endpoint(own_endpoint, &region)?;
    let (bucket_path, path_format, file_name_format) =
        formats(&bucket_path, &path_format, &file_name_format)?;
    let compression = raw.compression.and_then(|RawCompression { compression_type }| compression_type);
    let compression = chosen(compression, at("compression_type"))?;
    Ok(Some(StoreConfig {
        access_key_id,
        secret_access_key,
        bucket,
        region,
        endpoint,
        has_own_endpoint,
        bucket_path,
        path_format,
        file_name_format,
        compression,
    }))
}

/// Says that a role has no effect.
///
/// # Errors
/// Without a key pair, since the role was to take its place.
fn warn_of_role(raw: &RawObjectStorage, warnings: &mut Vec<String>) -> Result<(), ConfigError> {
    if not_blank(raw.role_arn.clone()).is_none() {
        return Ok(());
    }
    if [&raw.access_key_id, &raw.secret_access_key].into_iter().any(|key| not_blank(key.clone()).is_none()) {
        return Err(ConfigError::RoleWithoutKeys);
    }
    warnings.push(format!("{} has no effect: the key pair alone is used.", at(ROLE)));
    Ok(())
}

/// The endpoint of the settings, or Amazon's of the region.
fn endpoint(own: Option<String>, region: &str) -> Result<StoreEndpoint, ConfigError> {
    let no_region = || wrong("s3_bucket_region", "must be the name of a region, such as us-east-1");
    if !is_region(region) {
        return Err(no_region());
    }
    match own {
        Some(text) => StoreEndpoint::parse(&text).map_err(|fault| wrong("s3_endpoint", fault)),
        None => StoreEndpoint::of_amazon(region).ok_or_else(no_region),
    }
}

/// The folder and the formats, which together make no key that is too long.
fn formats(
    bucket_path: &str,
    path_format: &str,
    file_name_format: &str,
) -> Result<(String, NameFormat, NameFormat), ConfigError> {
    let bucket_path = folder(bucket_path)?;
    let path_format = NameFormat::of_path(path_format).map_err(|fault| unusable("path_format", fault))?;
    let file_name_format =
        NameFormat::of_file_name(file_name_format).map_err(|fault| unusable("file_name_format", fault))?;
    let longest = [bucket_path.len(), path_format.longest(), file_name_format.longest(), REST_OF_KEY];
    if longest.into_iter().fold(0, usize::saturating_add) > LONGEST_KEY {
        return Err(wrong(
            "path_format",
            "makes names that are too long together with `bucket_path` and `file_name_format`",
        ));
    }
    Ok((bucket_path, path_format, file_name_format))
}

fn at(name: &str) -> SettingPath {
    SettingPath::within(Place::Store, name)
}

fn wrong(name: &str, fault: &'static str) -> ConfigError {
    ConfigError::StoreValue { setting: at(name), fault }
}

/// Whether nothing that is read is written.
fn is_empty(raw: &RawObjectStorage) -> bool {
    let RawObjectStorage {
        storage_type,
        access_key_id,
        secret_access_key,
        s3_bucket_name,
        s3_bucket_region,
        s3_endpoint,
        bucket_path,
        path_format: _,
        file_name_format: _,
        compression: _,
        role_arn,
    } = raw;
    let written = [
        storage_type,
        access_key_id,
        secret_access_key,
        s3_bucket_name,
        s3_bucket_region,
        s3_endpoint,
        bucket_path,
        role_arn,
    ];
    written.into_iter().flatten().all(|text| text.trim().is_empty())
}

/// A key as it was pasted, without the white space around it.
fn key(written: Option<String>, name: &str, unknown: &[UnknownKey]) -> Result<StoreKey, ConfigError> {
    let text = required(written, at(name), unknown)?;
    let text = text.trim();
    if text.contains(char::is_whitespace) {
        return Err(wrong(name, "has a space or a line break inside; copy the key again, in one piece"));
    }
    // Airbyte's interfaces hand out secrets like this, and a copied configuration keeps it.
    if text.bytes().all(|byte| byte == b'*') {
        return Err(wrong(
            name,
            "is only asterisks, so it is what a hidden key is shown as; enter the key itself",
        ));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong(name, "has a character in it that no key has; copy the key again"));
    }
    Ok(StoreKey(SecretString::from(text)))
}

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>; other stores, and old buckets, also
/// have upper case and `_`.
fn is_bucket(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

/// It becomes a part of a host's name. Regions that are newer than the list of `spec.json` are fine.
fn is_region(name: &str) -> bool {
    name.len() <= 63
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A folder that is written out: no placeholders, and no empty part in it.
fn folder(text: &str) -> Result<String, ConfigError> {
    if text.chars().any(char::is_control) {
        return Err(wrong("bucket_path", "must not hold a line break or another control character"));
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
    if parts.iter().any(|part| matches!(*part, "." | "..")) {
        return Err(wrong("bucket_path", "must not hold the folders `.` and `..`"));
    }
    Ok(parts.join("/"))
}

fn unusable(name: &str, fault: FormatFault) -> ConfigError {
    match fault {
        FormatFault::Form(fault) => wrong(name, fault),
        FormatFault::Unknown(written) => {
            let known: Vec<_> =
                Placeholder::ALL.iter().map(|one| format!("`{{{}}}`", one.as_str())).collect();
            ConfigError::UnknownPlaceholder { setting: at(name), written, known: known.join(", ") }
        }
    }
}
