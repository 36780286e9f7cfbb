//! Judging a value against the definition of its property, and giving it the form in which it is stored.
//! <https://developers.hubspot.com/docs/guides/api/crm/properties>
//!
//! Whether the property may be written at all is decided here too; what a refusal does to the batch is not.

mod email;
mod error;

use serde_json::{Value, json};

pub(crate) use email::is_valid as is_valid_email;
pub(crate) use error::{ValueError, Wrong};

use super::definition::{Definition, Kind};
use crate::clock;

/// Longest text HubSpot keeps.
const MAX_CHARACTERS: usize = 65_536;

/// What a value does to a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// `""`.
    Clear,
    /// Replaces the value.
    Set(String),
    /// A leading `;`: adds to the chosen options.
    Append(Vec<String>),
}

/// A value that passed.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) change: Change,
    /// Entry of the result's `warnings`, which only 2026-09 sends.
    pub(crate) warning: Option<Value>,
}

/// Judges a value. `strict` is how 2026-09 does it: dates are normalised with a warning rather than refused.
pub(crate) fn check(definition: &Definition, text: &str, strict: bool) -> Result<Checked, ValueError> {
    let refuse = |wrong: Wrong| ValueError::new(&definition.name, wrong);
    if definition.read_only || definition.calculated {
        return Err(refuse(if definition.calculated { Wrong::Calculated } else { Wrong::ReadOnly }));
    }
    if text.is_empty() {
        return Ok(Checked { change: Change::Clear, warning: None });
    }
    // Whitespace around anything but a text is tolerated: HubSpot announced to refuse it and took that back.
    let trimmed = text.trim();
    let stored = match definition.kind {
        Kind::String => check_text(definition, text),
        Kind::PhoneNumber | Kind::ObjectCoordinates => check_length(text).map(|()| text.to_owned()),
        Kind::Number => check_number(trimmed),
        Kind::Date => return check_date(definition, trimmed, strict).map_err(refuse),
        Kind::DateTime => check_datetime(trimmed),
        Kind::Bool => check_option(definition, trimmed).map(|()| trimmed.to_owned()),
        Kind::Enumeration => {
            return check_enumeration(definition, trimmed).map_err(refuse).map(without_warning);
        }
    };
    stored.map(|stored| without_warning(Change::Set(stored))).map_err(refuse)
}

fn without_warning(change: Change) -> Checked {
    Checked { change, warning: None }
}

fn check_text(definition: &Definition, text: &str) -> Result<String, Wrong> {
    check_length(text)?;
    match definition.name.as_str() {
        "email" if !is_valid_email(text) => Err(Wrong::InvalidEmail(text.to_owned())),
        "email" => Ok(text.to_lowercase()),
        // HubSpot refuses "obviously wrong" names such as URLs; its pattern is secret.
        "firstname" | "lastname" if text.contains("://") => Err(Wrong::ObviouslyNoName),
        _ => Ok(text.to_owned()),
    }
}

fn check_length(text: &str) -> Result<(), Wrong> {
    if text.chars().count() > MAX_CHARACTERS { Err(Wrong::TooLong(MAX_CHARACTERS)) } else { Ok(()) }
}

/// Digits with one point at most and perhaps a sign; no separators of thousands, no exponent.
fn check_number(text: &str) -> Result<String, Wrong> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits(whole) && all_digits(fraction) { Ok(text.to_owned()) } else { Err(Wrong::NotANumber) }
}

fn check_date(definition: &Definition, text: &str, strict: bool) -> Result<Checked, Wrong> {
    if let Some(midnight) = clock::parse_date(text) {
        return Ok(without_warning(Change::Set(clock::iso_date(midnight))));
    }
    let millis = parse_millis(text)
        .or_else(|| clock::parse_datetime(text))
        .ok_or_else(|| Wrong::NotALong(text.to_owned()))?;
    let midnight = clock::midnight(millis);
    let is_iso = text.contains('T');
    if strict && (millis != midnight || is_iso) {
        let warning = json!({
            "category": "PROPERTY_VALUE_NORMALIZED",
            "context": {
                "normalizedValue": midnight.to_string(), "propertyName": definition.name, "rawValue": text,
            },
            "message": format!("{} was normalized", definition.name),
        });
        return Ok(Checked { change: Change::Set(clock::iso_date(midnight)), warning: Some(warning) });
    }
    if millis != midnight {
        return Err(Wrong::NotMidnight(millis));
    }
    Ok(without_warning(Change::Set(clock::iso_date(midnight))))
}

fn check_datetime(text: &str) -> Result<String, Wrong> {
    // Seconds instead of milliseconds are taken at their word and land in January 1970.
    parse_millis(text)
        .or_else(|| clock::parse_datetime(text))
        .map(clock::iso)
        .ok_or_else(|| Wrong::NotALong(text.to_owned()))
}

/// Milliseconds since 1970, kept within years of four digits.
fn parse_millis(text: &str) -> Option<i64> {
    text.parse().ok().filter(|millis| (-62_135_596_800_000..=253_402_300_799_999).contains(millis))
}

fn check_enumeration(definition: &Definition, text: &str) -> Result<Change, Wrong> {
    if definition.name == "hs_additional_emails" {
        return check_addresses(text);
    }
    if !definition.is_multiple() {
        return check_option(definition, text).map(|()| Change::Set(text.to_owned()));
    }
    let (appends, list) = match text.strip_prefix(';') {
        Some(list) => (true, list),
        None => (false, text),
    };
    let chosen: Vec<String> = list.split(';').map(str::to_owned).collect();
    for value in &chosen {
        check_option(definition, value)?;
    }
    Ok(if appends { Change::Append(chosen) } else { Change::Set(chosen.join(";")) })
}

/// Secondary addresses: no options are listed, and each must be an address.
fn check_addresses(text: &str) -> Result<Change, Wrong> {
    let (appends, list) = match text.strip_prefix(';') {
        Some(list) => (true, list),
        None => (false, text),
    };
    let addresses: Vec<String> = list.split(';').map(str::to_lowercase).collect();
    match addresses.iter().find(|address| !is_valid_email(address)) {
        Some(wrong) => Err(Wrong::InvalidEmail(wrong.clone())),
        None if appends => Ok(Change::Append(addresses)),
        None => Ok(Change::Set(addresses.join(";"))),
    }
}

/// The internal value, exactly. Where no options are listed they are kept elsewhere, and only an owner's id can be
/// told from anything else: it is a number, and the owner's address is refused.
fn check_option(definition: &Definition, value: &str) -> Result<(), Wrong> {
    let fits = if definition.options.is_empty() {
        definition.name != "hubspot_owner_id" || value.bytes().all(|byte| byte.is_ascii_digit())
    } else {
        definition.options.iter().any(|choice| choice.value == value)
    };
    if fits {
        return Ok(());
    }
    let allowed = definition.values().into_iter().map(str::to_owned).collect();
    Err(Wrong::NotAnOption { value: value.to_owned(), allowed })
}

#[cfg(test)]
mod tests;
