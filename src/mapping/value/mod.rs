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
use crate::hubspot::model::MAX_VALUE_CHARACTERS;

pub use text::text;

/// What a value becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Converted {
    /// `null`, or a list of nothing else.
    Null,
    /// It says nothing, like a `;` with no options to append.
    Nothing,
    /// What the property takes. An empty text empties the property.
    Value(Box<str>),
}

/// Turns a value into what the property takes. Of white space where it means nothing an empty text remains.
///
/// # Errors
///
/// [`Code::InvalidValue`] if it cannot be turned, [`Code::ValueTooLong`] beyond HubSpot's limit.
pub fn convert(raw: &RawValue, property: &PortalProperty) -> Result<Converted, Code> {
    let is_list = raw.get().starts_with('[');
    if is_list && property.kind == Kind::Choices {
        return list(raw, property);
    }
    let Some(text) = text(raw)? else { return Ok(Converted::Null) };
    if property.kind == Kind::Text {
        return Ok(Converted::Value(text));
    }
    if is_list || raw.get().starts_with('{') {
        return Err(Code::InvalidValue);
    }
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Converted::Value(Box::default()));
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
        return Ok(Converted::Null);
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
    Ok(Converted::Value(joined))
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
