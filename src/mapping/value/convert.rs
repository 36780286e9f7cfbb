//! Where a value begins its way: plain, a list or an object. Not here: the forms of each kind of property.

use serde_json::value::RawValue;

use super::{
    list::{Item, Names, items, the_one},
    number, options,
    plain::Plain,
    reading::{Converted, Reading},
    text::{check_length, compact, trim, visible},
    time,
    truth::{self, Meaning},
};
use crate::mapping::{
    portal::{Kind, PortalProperty},
    reason::Code,
};

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
    match raw.get().as_bytes().first() {
        Some(b'[') => list(raw, property, reading),
        Some(b'{') => whole(raw, property, reading),
        _ => match Plain::of(raw)? {
            Some(plain) => convert_plain(&plain, property, reading),
            None => Ok(Converted::Empty),
        },
    }
}

/// The one text that a field of the key holds: a plain value, the only item of a list, or the value of the primary
/// entry of a list of objects. `None`: there is no value.
///
/// # Errors
///
/// [`Code::ListValue`] if it is a list of several, [`Code::InvalidEmail`] for anything else that is no text.
pub fn address(raw: &RawValue) -> Result<Option<Box<str>>, Code> {
    let plain = match raw.get().as_bytes().first() {
        Some(b'[') => {
            let items = items(raw).map_err(|_| Code::InvalidEmail)?;
            if items.is_empty() {
                return Ok(None);
            }
            the_one(items, &Names::OF_ADDRESSES)?
        }
        Some(b'{') => return Err(Code::InvalidEmail),
        _ => Plain::of(raw).map_err(|_| Code::InvalidEmail)?,
    };
    Ok(plain.map(|plain| trim(&plain.text).into()))
}

/// Whether a value is true in any form that a checkbox takes.
pub fn is_true(raw: &RawValue) -> bool {
    let plain = Plain::of(raw).ok().flatten();
    plain.is_some_and(|plain| truth::meaning(&plain.text).is_some_and(Meaning::is_true))
}

fn list(raw: &RawValue, property: &PortalProperty, reading: &mut Reading<'_>) -> Result<Converted, Code> {
    let items = items(raw)?;
    if items.is_empty() {
        return Ok(Converted::Empty);
    }
    if property.kind == Kind::Choices {
        return options::of_list(items, property, reading);
    }
    if let [Item::Plain(only)] = &*items {
        return convert_plain(only, property, reading);
    }
    if property.kind == Kind::Text {
        let all_objects = items.iter().all(|item| matches!(item, Item::Object(_)));
        // A text of several lines has room for the whole list; in a text of one line people expect one value.
        let takes_all = reading.values.is_none() && (property.multi_line || !all_objects);
        if takes_all || !reading.mapped {
            return whole(raw, property, reading);
        }
    }
    match the_one(items, &Names::of(property))? {
        Some(plain) => convert_plain(&plain, property, reading),
        None => Ok(Converted::Empty),
    }
}

/// An object or a list as a whole: it goes into a text, as JSON, if a mapping says so.
fn whole(raw: &RawValue, property: &PortalProperty, reading: &Reading<'_>) -> Result<Converted, Code> {
    // A table of values says what single values become.
    if property.kind != Kind::Text || !reading.mapped || reading.values.is_some() {
        return Err(Code::NestedValue);
    }
    let json = compact(raw.get());
    check_length(&json)?;
    Ok(Converted::Value(json.into()))
}

fn convert_plain(
    plain: &Plain,
    property: &PortalProperty,
    reading: &mut Reading<'_>,
) -> Result<Converted, Code> {
    if property.kind == Kind::Choices {
        return options::of_text(plain, property, reading);
    }
    let translated =
        reading.values.map(|values| plain.translated(values).ok_or(Code::InvalidValue)).transpose()?;
    let plain = translated.as_ref().unwrap_or(plain);
    let text = trim(&plain.text);
    let value = match property.kind {
        Kind::Text => plain.as_text().map(|text| visible(&text)),
        Kind::Phone => plain.as_text().map(|text| trim(&text).into()),
        Kind::Number if plain.is_number => number::number(text),
        Kind::Number => number::formatted(text, reading.formats.numbers),
        Kind::Bool => options::truth(plain, property),
        Kind::Date => Some(time::date(&plain.digits(), reading.formats.dates, reading.unit)?),
        Kind::DateTime => Some(time::datetime(&plain.digits(), reading.formats.dates, reading.unit)?),
        Kind::Choice | Kind::Choices => options::option(plain, property),
        Kind::Owner => options::owner(plain),
    };
    value.map(Converted::Value).ok_or(Code::InvalidValue)
}
