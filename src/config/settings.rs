//! The checked settings, and the way to them from the JSON that Airbyte hands over.
//!
//! Not here: what only HubSpot can tell, such as whether the token is valid or a lifecycle stage exists.

use std::sync::Arc;

use super::choice::{
    ApiVersion, Choice, DateFormat, DeletedRecords, DeletedRecordsOfStream, InvalidValues, NullValues,
    NumberFormat, UnknownFields,
};
use super::error::{ConfigError, List, SettingPath};
use super::field_mapping::{self, FieldMapping};
use super::object_storage::{self, StoreConfig};
use super::policies::{self, Policies, PolicyEntry};
use super::raw::{self, RawFieldMapping};
use super::reading::{chosen, not_blank, required};
use super::share::FailIfRejected;
use super::stream_settings::{self, StreamEntry, StreamSettings};
use super::token::AccessToken;
use super::unknown::UnknownKey;
use super::value_table::ValueTable;

/// The settings of a destination, as `spec.json` describes them.
#[derive(Debug, Clone)]
pub struct Config {
    /// Required.
    pub access_token: AccessToken,
    /// The stage of newly created contacts, by internal value or by label; trimmed, never empty. Whether
    /// HubSpot has it is not known here. Default: none.
    pub lifecycle_stage: Option<String>,
    /// In the order written. Within one `stream`, no two fields go into the same property. Default: empty.
    pub field_mappings: Vec<FieldMapping>,
    /// Default: they are left out.
    pub unknown_fields: UnknownFields,
    /// Default: the rest of the record is written.
    pub invalid_values: InvalidValues,
    /// Default: HubSpot keeps what it has.
    pub null_values: NullValues,
    /// Default: they are skipped.
    pub deleted_records: DeletedRecords,
    /// Default: year first.
    pub date_format: DateFormat,
    /// Default: digits and a decimal point.
    pub number_format: NumberFormat,
    /// Default: a stream that is wrongly set up ends the sync.
    pub fail_if_rejected: FailIfRejected,
    /// Where rejected rows are kept. Default: nowhere.
    pub object_storage: Option<StoreConfig>,
    /// Default: 2026-09.
    pub api_version: ApiVersion,
    /// What single streams have instead, in the order written. No two are for one `stream`. Default: empty.
    pub streams: Vec<StreamEntry>,
    /// In the order written. Within one `stream`, a property has one policy. Default: empty, so that all is overwritten.
    pub policies: Vec<PolicyEntry>,
    /// How many records a sync may archive. Default: 1,000.
    pub max_archived: u64,
}

/// More than a usual sync archives, and few enough that a source which marks everything by mistake does no great harm.
const MAX_ARCHIVED: u64 = 1000;

/// A configuration, and what the user should hear about it.
#[derive(Debug, Clone)]
pub struct Parsed {
    pub config: Config,
    /// Whole sentences: one for each name that is unknown, one for each entry that repeats another
    /// or sets nothing, one for each setting that has no effect beside another.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads the text of a configuration file.
    ///
    /// Absent, `null` and, for text, blank are the same. A leading byte order mark is accepted. A name that
    /// is not known is no error, since the platform may add fields of its own: it gives a warning.
    ///
    /// # Errors
    /// The first fault found, naming the setting and the cure, and holding neither the token nor another
    /// value.
    pub fn parse(json: &[u8]) -> Result<Parsed, ConfigError> {
        let (written, unknown) = raw::read(json)?;
        let token = required(written.access_token, SettingPath::top("access_token"), &unknown)?;
        let access_token = AccessToken::new(&token)?;
        let mut warnings: Vec<String> = unknown.iter().map(ToString::to_string).collect();
        let mut field_mappings = Vec::new();
        for (index, mapping) in written.field_mappings.unwrap_or_default().into_iter().enumerate() {
            field_mappings.push(checked_mapping(index, mapping, &unknown)?);
        }
        let config = Self {
            access_token,
            lifecycle_stage: not_blank(written.lifecycle_stage).map(|stage| stage.trim().to_owned()),
            field_mappings: field_mapping::without_repeats(field_mappings, &mut warnings)?,
            unknown_fields: choice(written.unknown_fields, "unknown_fields")?,
            invalid_values: choice(written.invalid_values, "invalid_values")?,
            null_values: choice(written.null_values, "null_values")?,
            deleted_records: deleted_records(written.deleted_records)?,
            date_format: choice(written.date_format, "date_format")?,
            number_format: choice(written.number_format, "number_format")?,
            fail_if_rejected: fail_if_rejected(written.fail_if_rejected)?,
            object_storage: written
                .object_storage_config
                .map(|store| object_storage::read(store, &unknown, &mut warnings))
                .transpose()?
                .flatten(),
            api_version: choice(written.api_version, "api_version")?,
            streams: stream_settings::read(written.streams.unwrap_or_default(), &unknown, &mut warnings)?,
            policies: policies::read(written.policies.unwrap_or_default(), &unknown, &mut warnings)?,
            max_archived: written.max_archived.unwrap_or(MAX_ARCHIVED),
        };
        Ok(Parsed { config, warnings })
    }

    /// What holds for a stream: its entry of `streams`, and for what that does not say the top level. Of two entries, the one
    /// with the namespace holds, and nothing of the other.
    pub fn settings_of(&self, stream: &str, namespace: Option<&str>) -> StreamSettings {
        let entry = stream_settings::closest(&self.streams, stream, namespace);
        let entry = entry.cloned().unwrap_or_default();
        StreamSettings {
            mode: entry.mode,
            skip_unchanged: entry.skip_unchanged,
            lifecycle_stage: entry.lifecycle_stage.or_else(|| self.lifecycle_stage.clone()),
            invalid_values: entry.invalid_values.unwrap_or(self.invalid_values),
            null_values: entry.null_values.unwrap_or(self.null_values),
            deleted_records: entry.deleted_records.unwrap_or(self.deleted_records.into()),
            date_format: entry.date_format.unwrap_or(self.date_format),
            number_format: entry.number_format.unwrap_or(self.number_format),
        }
    }

    /// The policies of a stream's properties.
    pub fn policies_of(&self, stream: &str, namespace: Option<&str>) -> Policies {
        Policies::of_stream(&self.policies, stream, namespace)
    }

    /// The streams that entries of `streams` and `policies` name, in the order written: the setting, and the stream as it is
    /// written there, to be compared by [`names_stream`](super::names_stream).
    pub fn names_of_entries(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let of_streams = self.streams.iter().map(|entry| (List::Streams.as_str(), entry.stream.as_str()));
        let of_policies = self
            .policies
            .iter()
            .filter_map(|entry| Some((List::Policies.as_str(), entry.stream.as_deref()?)));
        of_streams.chain(of_policies)
    }
}

fn checked_mapping(
    index: usize,
    raw: RawFieldMapping,
    unknown: &[UnknownKey],
) -> Result<FieldMapping, ConfigError> {
    let property =
        required(raw.property, SettingPath::of_entry(List::FieldMappings, index, "property"), unknown)?;
    Ok(FieldMapping {
        stream: not_blank(raw.stream),
        field: required(raw.field, SettingPath::of_entry(List::FieldMappings, index, "field"), unknown)?,
        property: property.trim().to_owned(),
        values: not_blank(raw.values).map(|text| value_table(index, &text)).transpose()?,
    })
}

fn value_table(index: usize, text: &str) -> Result<Arc<ValueTable>, ConfigError> {
    let table = ValueTable::parse(text).map(Arc::new);
    table.ok_or_else(|| ConfigError::NoValueTable {
        setting: SettingPath::of_entry(List::FieldMappings, index, "values"),
    })
}

fn fail_if_rejected(raw: Option<String>) -> Result<FailIfRejected, ConfigError> {
    let Some(text) = not_blank(raw) else { return Ok(FailIfRejected::default()) };
    let setting = || SettingPath::top("fail_if_rejected");
    FailIfRejected::parse(&text).ok_or_else(|| ConfigError::NoShare { setting: setting() })
}

fn deleted_records(raw: Option<String>) -> Result<DeletedRecords, ConfigError> {
    if raw.as_deref().map(str::trim) == Some(DeletedRecordsOfStream::Archive.as_str()) {
        return Err(ConfigError::ArchiveAtTop);
    }
    choice(raw, "deleted_records")
}

/// One of a few named choices; the default if nothing is chosen.
fn choice<T: Choice>(raw: Option<String>, setting: &str) -> Result<T, ConfigError> {
    chosen(raw, SettingPath::top(setting))
}
