//! What can be wrong with the configuration or the environment, in words for the user.
//!
//! The texts name the setting and the cure. They hold names of settings, fields, properties and streams, but
//! no other value of the configuration: not the token, and nothing that might be it. Not here: what HubSpot
//! says about the values, which `check` finds out.

use std::fmt;

use serde_path_to_error::{Path, Segment};
use thiserror::Error;

use crate::{error::Failure, text::shown};

/// The setting that says where rejected rows are kept.
pub(super) const STORE: &str = "object_storage_config";

/// Where in the configuration a value stands; shown as the beginning of a sentence. Entries are counted from
/// 0 here, and from 1 in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingPath {
    /// A setting of the configuration itself.
    Top(String),
    /// A whole entry of `field_mappings`.
    Entry(usize),
    /// A setting inside an entry of `field_mappings`.
    OfEntry(usize, String),
    /// A setting inside `object_storage_config`.
    OfStore(String),
}

/// An object of the configuration that holds settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Top,
    /// An entry of `field_mappings`, counted from 0.
    Mapping(usize),
    Store,
}

impl SettingPath {
    /// A setting by name: inside an entry of `field_mappings`, or at the top.
    pub(super) fn at(entry: Option<usize>, name: &str) -> Self {
        Self::within(entry.map_or(Place::Top, Place::Mapping), name)
    }

    /// A setting by name, inside an object of the configuration.
    pub(super) fn within(place: Place, name: &str) -> Self {
        let name = name.to_owned();
        match place {
            Place::Top => Self::Top(name),
            Place::Mapping(index) => Self::OfEntry(index, name),
            Place::Store => Self::OfStore(name),
        }
    }
}

impl From<&Path> for SettingPath {
    fn from(path: &Path) -> Self {
        let mut entry = None;
        let mut names = Vec::new();
        for segment in path {
            match segment {
                Segment::Seq { index } => {
                    entry = Some(*index);
                    names.clear();
                }
                Segment::Map { key } => names.push(key.as_str()),
                Segment::Enum { .. } | Segment::Unknown => {}
            }
        }
        if let [STORE, .., name] = names.as_slice() {
            return Self::within(Place::Store, name);
        }
        match (entry, names.last().copied()) {
            (Some(index), None) => Self::Entry(index),
            (entry, name) => Self::at(entry, name.unwrap_or_default()),
        }
    }
}

impl fmt::Display for SettingPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top(name) => write!(formatter, "The setting `{}`", shown(name)),
            Self::Entry(index) => write!(formatter, "Entry {} of `field_mappings`", index.saturating_add(1)),
            Self::OfEntry(index, name) => {
                write!(
                    formatter,
                    "The setting `{}` in entry {} of `field_mappings`",
                    shown(name),
                    index.saturating_add(1)
                )
            }
            Self::OfStore(name) => write!(formatter, "The setting `{}` in `{STORE}`", shown(name)),
        }
    }
}

/// A configuration or an environment that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// Counted from 1; an empty file ends at column 0.
    #[error("The configuration is not valid JSON: look at line {line}, column {column}.")]
    NotJson { line: usize, column: usize },

    #[error(
        "The configuration looks like {format}, but must be a JSON object with the settings in it, like \
         {{\"access_token\": \"…\"}}."
    )]
    OtherFormat { format: &'static str },

    #[error(
        "The configuration must be a JSON object with the settings in it, like {{\"access_token\": \"…\"}}."
    )]
    NotAnObject,

    /// `similar` is a name in the same place that was probably meant to be this one.
    #[error("{setting} is missing or empty. {}", cure_of_missing(setting, similar.as_deref()))]
    Missing { setting: SettingPath, similar: Option<String> },

    #[error("{setting} must be {expected}.")]
    WrongType { setting: SettingPath, expected: &'static str },

    /// `form` is the right one, made of the keys that were given.
    #[error("{setting} must be a list, such as {form}.")]
    NotAList { setting: SettingPath, form: String },

    #[error("{setting} {said}.")]
    StrangeEntry { setting: SettingPath, said: String },

    #[error("{setting} must be one of {choices}.")]
    NotOneOf { setting: SettingPath, choices: String },

    #[error(
        "{setting} must be \"all\", \"never\", or a share of a stream's records such as \"1 %\": a number greater than 0 and up to \
         100, with a decimal point if need be, and `%` behind it."
    )]
    NoShare { setting: SettingPath },

    #[error(
        "{setting} must hold pairs with `=` between the value of the source and the value of HubSpot, and `;` between the \
         pairs, each value of the source once, such as \"reports = BILLING_ISSUE; other = OTHER\"."
    )]
    NoValueTable { setting: SettingPath },

    #[error(
        "An access token stands in another place of the configuration than the setting `access_token`. Remove it there, so \
         that no message shows it."
    )]
    TokenElsewhere,

    #[error(
        "The setting `access_token` is only asterisks, so it is what a hidden token is shown as. Enter the token \
         itself: the HubSpot service key, or the access token of the private app."
    )]
    TokenMasked,

    #[error(
        "The setting `access_token` holds a placeholder, such as ${{HUBSPOT_TOKEN}}, that was not replaced by the token. \
         Whatever should fill it in did not: enter the token itself, or see to it that the variable is set where the \
         configuration is made."
    )]
    TokenPlaceholder,

    #[error(
        "The setting `access_token` has quotation marks around the token. Remove them: only those that JSON needs belong \
         there, and in a form none."
    )]
    TokenQuoted,

    #[error(
        "The setting `access_token` has a space or a line break inside. Copy the token from HubSpot again, in one piece."
    )]
    TokenWithSpace,

    #[error(
        "The setting `access_token` has a character in it that no HubSpot token has: something other than ASCII \
         letters, digits and signs. Copy the token from HubSpot again."
    )]
    TokenNotAscii,

    #[error(
        "The setting `field_mappings` maps both `{}` and `{}` onto the HubSpot property `{}`{}",
        shown(first_field),
        shown(second_field),
        shown(property),
        cure_of_conflict(stream.as_deref())
    )]
    PropertyTwice { stream: Option<String>, first_field: String, second_field: String, property: String },

    /// A value of `object_storage_config` that cannot be used.
    #[error("{setting} {fault}.")]
    StoreValue { setting: SettingPath, fault: &'static str },

    /// `written` is what stands between the braces.
    #[error(
        "{setting} has the placeholder `{{{}}}`, which has no meaning. It can hold {known}.",
        shown(written)
    )]
    UnknownPlaceholder { setting: SettingPath, written: String, known: String },

    #[error(
        "The setting `role_arn` in `object_storage_config` has no effect: no role and no identity of the machine is used. Enter \
         the key pair of a user that may write to the bucket, in `access_key_id` and `secret_access_key`."
    )]
    RoleWithoutKeys,

    #[error(
        "A key of the object store stands in another place of the configuration than `access_key_id` and `secret_access_key` in \
         `object_storage_config`. Remove it there, so that no message shows it."
    )]
    StoreKeyElsewhere,

    #[error("The environment variable {variable} {fault}.")]
    Environment { variable: &'static str, fault: &'static str },
}

fn cure_of_missing(setting: &SettingPath, similar: Option<&str>) -> String {
    if let Some(similar) = similar {
        return format!("The configuration has `{}` in its place: correct the name.", shown(similar));
    }
    let cure = match setting {
        SettingPath::OfEntry(_, name) if name == "field" => {
            "Enter the name of the field, as the source sends it."
        }
        SettingPath::OfEntry(..) => "Enter the internal name of the HubSpot property.",
        SettingPath::OfStore(name) => return cure_of_missing_in_store(name).to_owned(),
        SettingPath::Top(_) | SettingPath::Entry(_) => {
            "Enter a HubSpot service key, or the access token of a private app."
        }
    };
    cure.to_owned()
}

fn cure_of_missing_in_store(name: &str) -> &'static str {
    match name {
        "storage_type" => "Enter `S3` to keep rejected rows in an object store, or `None`.",
        "access_key_id" | "secret_access_key" => {
            "Enter the key pair of a user that may write to the bucket: both keys are required."
        }
        "s3_bucket_name" => "Enter the name of the bucket that rejected rows go into.",
        "s3_bucket_region" => {
            "Enter the region of the bucket, such as us-east-1; it may only be empty where `s3_endpoint` is set."
        }
        _ => "Enter the folder of the bucket that rejected rows go into, such as hubspot/rejected.",
    }
}

fn cure_of_conflict(stream: Option<&str>) -> String {
    stream.map_or_else(
        || ". Keep one of them, or name the `stream` in each if they belong to different streams.".to_owned(),
        |stream| format!(" for the stream `{}`. Keep one of them.", shown(stream)),
    )
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::config(error.to_string())
    }
}
