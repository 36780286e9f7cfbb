//! `streams`: what single streams have instead of the settings of the top level, and what of it has no effect. Pure.
//!
//! Not here: the settings of the top level ([`super::settings`]), and what a mode does with a record.

use std::collections::HashSet;

use super::choice::{DateFormat, DeletedRecordsOfStream, InvalidValues, Mode, NullValues, NumberFormat};
use super::error::{ConfigError, List, SettingPath};
use super::raw::RawStream;
use super::reading::{chosen, chosen_if_any, not_blank, required};
use super::stream_name::closeness;
use super::unknown::UnknownKey;

/// An entry of `streams`. What is `None` is the top level's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamEntry {
    /// As `name` or `namespace.name`, exactly as it was written. Not blank.
    pub stream: String,
    pub mode: Mode,
    /// Whether a record that HubSpot has already is not written.
    pub skip_unchanged: bool,
    /// Trimmed, never empty.
    pub lifecycle_stage: Option<String>,
    pub invalid_values: Option<InvalidValues>,
    pub null_values: Option<NullValues>,
    pub deleted_records: Option<DeletedRecordsOfStream>,
    pub date_format: Option<DateFormat>,
    pub number_format: Option<NumberFormat>,
}

/// What holds for one stream. Streams of which the same holds are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamSettings {
    pub mode: Mode,
    pub skip_unchanged: bool,
    /// Trimmed, never empty. Not every mode makes use of it.
    pub lifecycle_stage: Option<String>,
    pub invalid_values: InvalidValues,
    pub null_values: NullValues,
    pub deleted_records: DeletedRecordsOfStream,
    pub date_format: DateFormat,
    pub number_format: NumberFormat,
}

impl StreamEntry {
    /// The settings that ask for something, by their names. A `skip` of deleted records asks for nothing.
    fn set(&self) -> impl Iterator<Item = &'static str> {
        let acts_on_deleted = self.deleted_records.is_some_and(|one| one != DeletedRecordsOfStream::Skip);
        let settings = [
            ("skip_unchanged", self.skip_unchanged),
            ("lifecycle_stage", self.lifecycle_stage.is_some()),
            ("null_values", self.null_values.is_some()),
            ("invalid_values", self.invalid_values.is_some()),
            ("deleted_records", acts_on_deleted),
            ("date_format", self.date_format.is_some()),
            ("number_format", self.number_format.is_some()),
        ];
        settings.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name)
    }

    /// Whether the stream has nothing but the settings of the top level. Airbyte's form writes out the defaults.
    fn is_plain(&self) -> bool {
        self.mode == Mode::Upsert && self.deleted_records.is_none() && self.set().next().is_none()
    }
}

/// Why a mode leaves a setting without effect, if it does.
fn why_without_effect(mode: Mode, setting: &str) -> Option<&'static str> {
    match (mode, setting) {
        (Mode::UpdateOnly, "lifecycle_stage") => Some("the mode `update_only` creates nothing"),
        (Mode::CreateOnly, "skip_unchanged") => Some("the mode `create_only` changes nothing that is there"),
        (Mode::Archive, _) => Some("the mode `archive` archives every record, and writes nothing"),
        (Mode::Upsert | Mode::UpdateOnly | Mode::CreateOnly, _) => None,
    }
}

/// Reads the entries, with a warning for each one that sets nothing and each setting that has no effect.
///
/// # Errors
/// An entry has no stream, or the stream of another one; or a setting in it is none of its choices.
pub(super) fn read(
    written: Vec<RawStream>,
    unknown: &[UnknownKey],
    warnings: &mut Vec<String>,
) -> Result<Vec<StreamEntry>, ConfigError> {
    let mut entries = Vec::with_capacity(written.len());
    let mut streams = HashSet::new();
    for (index, raw) in written.into_iter().enumerate() {
        let entry = checked(index, raw, unknown)?;
        if !streams.insert(entry.stream.clone()) {
            return Err(ConfigError::StreamTwice { stream: entry.stream });
        }
        entries.push(entry);
    }
    for (index, entry) in entries.iter().enumerate() {
        if entry.is_plain() && !entries.iter().any(|other| is_exception(entry, other)) {
            warnings.push(format!(
                "{} sets nothing: its stream has the settings of the top level. Set its `mode` or another setting, or remove it.",
                SettingPath::Entry(List::Streams, index)
            ));
        }
        for name in entry.set() {
            if let Some(why) = why_without_effect(entry.mode, name) {
                let setting = SettingPath::of_entry(List::Streams, index, name);
                warnings.push(format!("{setting} has no effect: {why}."));
            }
        }
    }
    Ok(entries)
}

/// Whether an entry has the namespace of its stream and another one has only the name, so that it says something even if it
/// sets nothing.
fn is_exception(entry: &StreamEntry, other: &StreamEntry) -> bool {
    entry.stream.strip_suffix(&other.stream).is_some_and(|namespace| namespace.ends_with('.'))
}

fn checked(index: usize, raw: RawStream, unknown: &[UnknownKey]) -> Result<StreamEntry, ConfigError> {
    let at = |name: &str| SettingPath::of_entry(List::Streams, index, name);
    Ok(StreamEntry {
        stream: required(raw.stream, at("stream"), unknown)?,
        mode: chosen(raw.mode, at("mode"))?,
        skip_unchanged: raw.skip_unchanged.unwrap_or_default(),
        lifecycle_stage: not_blank(raw.lifecycle_stage).map(|stage| stage.trim().to_owned()),
        invalid_values: chosen_if_any(raw.invalid_values, at("invalid_values"))?,
        null_values: chosen_if_any(raw.null_values, at("null_values"))?,
        deleted_records: chosen_if_any(raw.deleted_records, at("deleted_records"))?,
        date_format: chosen_if_any(raw.date_format, at("date_format"))?,
        number_format: chosen_if_any(raw.number_format, at("number_format"))?,
    })
}

/// The entry that holds for a stream.
pub(super) fn closest<'e>(
    entries: &'e [StreamEntry],
    name: &str,
    namespace: Option<&str>,
) -> Option<&'e StreamEntry> {
    let of_stream = entries.iter().filter_map(|entry| {
        let closeness = closeness(Some(&entry.stream), name, namespace)?;
        Some((closeness, entry))
    });
    of_stream.max_by_key(|(closeness, _)| *closeness).map(|(_, entry)| entry)
}
