//! The checked settings, and the way to them from the JSON that Airbyte hands over.
//!
//! Not here: what only HubSpot can tell, such as whether the token is valid or a lifecycle stage exists.

use super::error::{ConfigError, Setting};
use super::field_mapping::{self, FieldMapping};
use super::raw::{self, RawFieldMapping};
use super::token::AccessToken;
use super::unknown::UnknownKey;

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
    /// Default: 2026-09.
    pub api_version: ApiVersion,
}

/// A configuration, and what the user should hear about it.
#[derive(Debug, Clone)]
pub struct Parsed {
    pub config: Config,
    /// Whole sentences: one for each name that is unknown, one for each entry that repeats another.
    pub warnings: Vec<String>,
}

/// What happens to a field that no property fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownFields {
    /// It is left out, with one warning.
    #[default]
    Ignore,
    /// The property is created, if the catalog declares the field.
    Create,
    /// The sync ends before it writes anything of it.
    Fail,
}

impl UnknownFields {
    /// All choices, the recommended one first.
    pub const ALL: [Self; 3] = [Self::Ignore, Self::Create, Self::Fail];

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Create => "create",
            Self::Fail => "fail",
        }
    }
}

/// What happens to a property whose field is `null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NullValues {
    /// HubSpot keeps what it has.
    #[default]
    Ignore,
    /// The property is emptied, the lifecycle stage excepted.
    Clear,
}

impl NullValues {
    /// All choices, the recommended one first.
    pub const ALL: [Self; 2] = [Self::Ignore, Self::Clear];

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Clear => "clear",
        }
    }
}

/// What happens to a record with a value that HubSpot does not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InvalidValues {
    /// The value is left out, so that HubSpot keeps what it has, and the rest of the record is written.
    #[default]
    DropValue,
    /// Nothing of the record is written.
    RejectRecord,
}

impl InvalidValues {
    /// All choices, the recommended one first.
    pub const ALL: [Self; 2] = [Self::DropValue, Self::RejectRecord];

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DropValue => "drop_value",
            Self::RejectRecord => "reject_record",
        }
    }
}

/// The version of HubSpot's API. The paths that belong to it are the `hubspot` module's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApiVersion {
    /// Supported by HubSpot until September 2027; does not enforce the account's rules on required
    /// properties.
    V3,
    /// Released in September 2026, supported for 18 months; enforces the account's rules.
    ///
    /// Source: <https://developers.hubspot.com/docs/developer-tooling/platform/versioning>.
    #[default]
    Date202609,
}

impl ApiVersion {
    /// All versions, the recommended one first.
    pub const ALL: [Self; 2] = [Self::Date202609, Self::V3];

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V3 => "v3",
            Self::Date202609 => "2026-09",
        }
    }
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
        let token = required(written.access_token, Setting::at(None, "access_token"), &unknown)?;
        let access_token = AccessToken::new(&token)?;
        let mut warnings = unknown.iter().map(ToString::to_string).collect();
        let mut field_mappings = Vec::new();
        for (index, mapping) in written.field_mappings.unwrap_or_default().into_iter().enumerate() {
            field_mappings.push(checked_mapping(index, mapping, &unknown)?);
        }
        let config = Self {
            access_token,
            lifecycle_stage: not_blank(written.lifecycle_stage).map(|stage| stage.trim().to_owned()),
            field_mappings: field_mapping::without_repeats(field_mappings, &mut warnings)?,
            unknown_fields: choice(
                written.unknown_fields,
                "unknown_fields",
                &UnknownFields::ALL,
                UnknownFields::as_str,
            )?,
            invalid_values: choice(
                written.invalid_values,
                "invalid_values",
                &InvalidValues::ALL,
                InvalidValues::as_str,
            )?,
            null_values: choice(written.null_values, "null_values", &NullValues::ALL, NullValues::as_str)?,
            api_version: choice(written.api_version, "api_version", &ApiVersion::ALL, ApiVersion::as_str)?,
        };
        Ok(Parsed { config, warnings })
    }
}

fn checked_mapping(
    index: usize,
    raw: RawFieldMapping,
    unknown: &[UnknownKey],
) -> Result<FieldMapping, ConfigError> {
    let property = required(raw.property, Setting::at(Some(index), "property"), unknown)?;
    Ok(FieldMapping {
        stream: not_blank(raw.stream),
        field: required(raw.field, Setting::at(Some(index), "field"), unknown)?,
        property: property.trim().to_owned(),
    })
}

/// One of a few named choices; the default if nothing is chosen.
fn choice<T: Copy + Default>(
    raw: Option<String>,
    setting: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, ConfigError> {
    let Some(chosen) = not_blank(raw) else { return Ok(T::default()) };
    all.iter().copied().find(|&one| name(one) == chosen.trim()).ok_or_else(|| {
        let choices: Vec<String> = all.iter().map(|&one| format!("\"{}\"", name(one))).collect();
        ConfigError::NotOneOf { setting: Setting::at(None, setting), choices: choices.join(", ") }
    })
}

/// The text of a setting that must be there. If it is not, a similar name in its place is pointed out.
fn required(text: Option<String>, setting: Setting, unknown: &[UnknownKey]) -> Result<String, ConfigError> {
    not_blank(text).ok_or_else(|| {
        let similar = unknown.iter().find_map(|key| key.written_for(&setting)).map(str::to_owned);
        ConfigError::Missing { setting, similar }
    })
}

/// Forms send an emptied field as empty text.
fn not_blank(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}
