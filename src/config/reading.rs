//! How a text that is written becomes a choice, or is missing, wherever in the configuration it stands.
//!
//! Pure. Not here: which settings there are.

use super::choice::Choice;
use super::error::{ConfigError, SettingPath};
use super::unknown::UnknownKey;

/// One of a few named choices; the default if nothing is chosen.
pub(super) fn chosen<T: Choice>(raw: Option<String>, setting: SettingPath) -> Result<T, ConfigError> {
    Ok(chosen_if_any(raw, setting)?.unwrap_or_default())
}

/// One of a few named choices, if one is chosen.
pub(super) fn chosen_if_any<T: Choice>(
    raw: Option<String>,
    setting: SettingPath,
) -> Result<Option<T>, ConfigError> {
    let Some(chosen) = not_blank(raw) else { return Ok(None) };
    let choice = T::all().iter().copied().find(|one| one.name() == chosen.trim());
    choice.map(Some).ok_or_else(|| {
        let choices: Vec<String> = T::all().iter().map(|one| format!("\"{}\"", one.name())).collect();
        ConfigError::NotOneOf { setting, choices: choices.join(", ") }
    })
}

/// The text of a setting that must be there. If it is not, a similar name in its place is pointed out.
pub(super) fn required(
    text: Option<String>,
    setting: SettingPath,
    unknown: &[UnknownKey],
) -> Result<String, ConfigError> {
    not_blank(text).ok_or_else(|| {
        let similar = unknown.iter().find_map(|key| key.written_for(&setting)).map(str::to_owned);
        ConfigError::Missing { setting, similar }
    })
}

/// Forms send an emptied field as empty text.
pub(super) fn not_blank(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}
