//! One JSON value as what a property takes: by the property's kind, not by the JSON type.
//!
//! HubSpot's values are texts, whatever their type; each kind has its own form. Not here: which property a field goes
//! into, and what becomes of a record whose value does not fit.

mod number;
mod text;
mod time;

use serde_json::value::RawValue;

use super::{
    portal::{Kind, PortalProperty},
    reason::Code,
};
use crate::{
    config::{DateFormat, NumberFormat, ValueTable},
    hubspot::model::MAX_VALUE_CHARACTERS,
};

use text::text;

/// How the settings say that texts are to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Formats {
    pub dates: DateFormat,
    pub numbers: NumberFormat,
}

/// What the numbers of a field count since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochUnit {
    Seconds,
    Milliseconds,
}

/// How the values of one field are read for one property.
#[derive(Debug)]
pub struct Reading<'a> {
    pub formats: Formats,
    /// What earlier values of the field have shown; a value that shows it sets it.
    pub unit: &'a mut Option<EpochUnit>,
    /// A mapping names the property. Only then do objects and lists go into a text.
    pub mapped: bool,
    /// The values that the mapping translates.
    pub values: Option<&'a ValueTable>,
}

/// What a value becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Converted {
    /// There is no value: `null`, empty or blank text, an empty list, or a list of nothing else.
    Empty,
    /// It says nothing, like a `;` with no options to append.
    Nothing,
    /// What the property takes; never empty.
    Value(Box<str>),
}

/// Turns a value into what the property takes.
///
/// # Errors
///
/// Why it cannot be turned.
pub fn convert(
    raw: &RawValue,
    property: &PortalProperty,
    reading: &mut Reading<'_>,
) -> Result<Converted, Code> {
    let _ = reading;
    let is_list = raw.get().starts_with('[');
    if is_list && property.kind == Kind::Choices {
        return list(raw, property);
    }
    let Some(text) = text(raw)? else { return Ok(Converted::Empty) };
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Converted::Empty);
    }
    if property.kind == Kind::Text {
        return Ok(Converted::Value(text));
    }
    if is_list || raw.get().starts_with('{') {
        return Err(Code::InvalidValue);
    }
    if property.kind == Kind::Choices && trimmed.bytes().all(|byte| matches!(byte, b';' | b' ')) {
        return Ok(Converted::Nothing);
    }
    let converted = match property.kind {
        Kind::Text | Kind::Phone => Some(trimmed.into()),
        Kind::Number => number::number(trimmed),
        Kind::Bool => truth(trimmed, property),
        Kind::Date => time::date(trimmed),
        Kind::DateTime => time::datetime(trimmed),
        Kind::Choice => choice(trimmed, property),
        Kind::Choices => choices(trimmed, property),
        Kind::Owner => trimmed.bytes().all(|byte| byte.is_ascii_digit()).then(|| trimmed.into()),
    };
    converted.map(Converted::Value).ok_or(Code::InvalidValue)
}

/// The one text that a field of the key holds: a plain value, the only item of a list, or the value of the primary
/// entry of a list of objects. `None`: there is no value.
///
/// # Errors
///
/// [`Code::ListValue`] if it is a list of several, [`Code::InvalidEmail`] for anything else that is no text.
pub fn address(raw: &RawValue) -> Result<Option<Box<str>>, Code> {
    let text = text(raw).map_err(|_| Code::InvalidEmail)?;
    Ok(text.filter(|text| !text.trim().is_empty()))
}

/// Whether a value is true in any form that a checkbox takes.
pub fn is_true(raw: &RawValue) -> bool {
    text(raw).ok().flatten().is_some_and(|text| matches!(text.trim(), "true" | "1"))
}

/// What a property takes, in words and by an example.
pub fn wanted(property: &PortalProperty, formats: Formats) -> String {
    let _ = formats;
    let kind = property.kind.as_str();
    let choices = &property.choices;
    if choices.is_empty() { kind.to_owned() } else { format!("{kind}: {}", choices.named()) }
}

/// The portal's own words come first: a label may well be `No` for `true`.
fn truth(text: &str, property: &PortalProperty) -> Option<Box<str>> {
    if let Some(value) = property.choices.find(text) {
        return Some((&*value).into());
    }
    let truth = match text.to_lowercase().as_str() {
        "true" | "1" | "yes" => "true",
        "false" | "0" | "no" => "false",
        _ => return None,
    };
    if property.choices.is_empty() {
        return Some(truth.into());
    }
    property.choices.find(truth).map(|value| (&*value).into())
}

fn choice(text: &str, property: &PortalProperty) -> Option<Box<str>> {
    if property.choices.is_empty() {
        return Some(text.into());
    }
    property.choices.find(text).map(|value| (&*value).into())
}

/// Options separated by `;`. A leading one stays: it makes HubSpot append them to what is there.
fn choices(text: &str, property: &PortalProperty) -> Option<Box<str>> {
    if let Some(one) = choice(text, property).filter(|one| !one.contains(';')) {
        return Some(one);
    }
    let (appends, options) = match text.strip_prefix(';') {
        Some(options) => (";", options),
        None => ("", text),
    };
    let joined = join(options.split(';').map(str::trim).filter(|option| !option.is_empty()), property)?;
    Some(format!("{appends}{joined}").into())
}

fn list(raw: &RawValue, property: &PortalProperty) -> Result<Converted, Code> {
    let elements: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| Code::InvalidValue)?;
    if !elements.is_empty() && elements.iter().all(|element| element.get() == "null") {
        return Ok(Converted::Empty);
    }
    let mut options = Vec::new();
    for element in elements {
        if element.get().starts_with(['[', '{']) {
            return Err(Code::InvalidValue);
        }
        options.extend(text(element)?.filter(|option| !option.trim().is_empty()));
    }
    let joined = join(options.iter().map(|option| option.trim()), property).ok_or(Code::InvalidValue)?;
    if joined.len() > MAX_VALUE_CHARACTERS && joined.chars().count() > MAX_VALUE_CHARACTERS {
        return Err(Code::ValueTooLong);
    }
    Ok(if joined.is_empty() { Converted::Empty } else { Converted::Value(joined) })
}

/// Each option once, as its internal value. One that is not allowed makes the whole value invalid.
fn join<'a>(options: impl Iterator<Item = &'a str>, property: &PortalProperty) -> Option<Box<str>> {
    let mut joined: Vec<Box<str>> = Vec::new();
    for option in options {
        let value = choice(option, property)?;
        // HubSpot separates options by it, so one that holds it cannot be said.
        if value.contains(';') {
            return None;
        }
        if !joined.contains(&value) {
            joined.push(value);
        }
    }
    Some(joined.join(";").into())
}

#[cfg(test)]
mod tests;
