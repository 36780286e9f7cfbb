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

/// A setting that is a list of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    FieldMappings,
    Streams,
    Policies,
}

impl List {
    pub(super) const ALL: [Self; 3] = [Self::FieldMappings, Self::Streams, Self::Policies];

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FieldMappings => "field_mappings",
            Self::Streams => "streams",
            Self::Policies => "policies",
        }
    }

    /// What is said of an entry, counted from 0, that is there twice.
    pub(super) fn repeats(self, index: usize) -> String {
        let (entry, list) = (index.saturating_add(1), self.as_str());
        format!("Entry {entry} of the setting `{list}` repeats an earlier one and has no effect.")
    }
}

/// Where in the configuration a value stands; shown as the beginning of a sentence. Entries are counted from
/// 0 here, and from 1 in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingPath {
    /// A setting of the configuration itself.
    Top(String),
    /// A whole entry of a list.
    Entry(List, usize),
    /// A setting inside an entry of a list.
    OfEntry(List, usize, String),
    /// A setting inside `object_storage_config`.
    OfStore(String),
}

/// An object of the configuration that holds settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Top,
    /// An entry of a list, counted from 0.
    Entry(List, usize),
    Store,
}

impl SettingPath {
    /// A setting of the configuration itself, by name.
    pub(super) fn top(name: &str) -> Self {
        Self::within(Place::Top, name)
    }

    /// A setting inside an entry of a list, by name.
    pub(super) fn of_entry(list: List, index: usize, name: &str) -> Self {
        Self::within(Place::Entry(list, index), name)
    }

    /// A setting by name, inside an object of the configuration.
    pub(super) fn within(place: Place, name: &str) -> Self {
        let name = name.to_owned();
        match place {
            Place::Top => Self::Top(name),
            Place::Entry(list, index) => Self::OfEntry(list, index, name),
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
                    let list = List::ALL.into_iter().find(|list| names.last() == Some(&list.as_str()));
                    entry = list.map(|list| (list, *index));
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
            (Some((list, index)), None) => Self::Entry(list, index),
            (Some((list, index)), Some(name)) => Self::of_entry(list, index, name),
            (None, name) => Self::top(name.unwrap_or_default()),
        }
    }
}

impl fmt::Display for SettingPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top(name) => write!(formatter, "The setting `{}`", shown(name)),
            Self::Entry(list, index) => {
                write!(formatter, "Entry {} of `{}`", index.saturating_add(1), list.as_str())
            }
            Self::OfEntry(list, index, name) => {
                let (name, entry, list) = (shown(name), index.saturating_add(1), list.as_str());
                write!(formatter, "The setting `{name}` in entry {entry} of `{list}`")
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

    #[error("The setting `streams` has two entries for the stream `{}`. Keep one of them.", shown(stream))]
    StreamTwice { stream: String },

    /// `property` may be the sign for all properties.
    #[error(
        "The setting `policies` has two policies for the HubSpot property `{}`{}",
        shown(property),
        cure_of_conflict(stream.as_deref())
    )]
    PolicyTwice { stream: Option<String>, property: String },

    #[error(
        "The setting `deleted_records` can be `archive` only in an entry of `streams`, which names the stream whose deleted \
         records are archived. Set it there, and at the top to `skip` or `write`."
    )]
    ArchiveAtTop,

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
        SettingPath::OfEntry(list, _, name) => cure_of_missing_in_entry(*list, name),
        SettingPath::OfStore(name) => cure_of_missing_in_store(name),
        SettingPath::Top(_) | SettingPath::Entry(..) => {
            "Enter a HubSpot service key, or the access token of a private app."
        }
    };
    cure.to_owned()
}

fn cure_of_missing_in_entry(list: List, name: &str) -> &'static str {
    match (list, name) {
        (List::FieldMappings, "field") => "Enter the name of the field, as the source sends it.",
        (List::FieldMappings, _) => "Enter the internal name of the HubSpot property.",
        (List::Streams, _) => "Enter the stream that the entry is for, as name or namespace.name.",
        (List::Policies, "policy") => "Enter `overwrite`, `fill_empty` or `only_on_create`.",
        (List::Policies, _) => "Enter the internal name of the HubSpot property, or `*` for all properties.",
    }
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
