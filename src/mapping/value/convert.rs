//! Where a value begins its way: plain, a list or an object. Not here: the forms of each kind of property.

use serde_json::value::RawValue;

use super::{
    list::{Held, MemberNames, held, is_nested, single, the_one, try_each},
    number, options,
    plain::Plain,
    reading::{Converted, Formats, Reading, ShownUnit},
    text::{compact, visible},
    time,
};
use crate::{
    crm::property::{Kind, Property},
    mapping::{cell, reason::Code},
    text::trim,
};

/// Turns a value into what the property takes.
///
/// # Errors
///
/// Why it cannot be turned.
pub fn convert(raw: &RawValue, property: &Property, reading: &mut Reading<'_>) -> Result<Converted, Code> {
    if is_nested(raw) && !cell::has_value(raw) {
        return Ok(Converted::Empty);
    }
    match raw.get().as_bytes().first() {
        Some(b'[') => list(raw, property, reading),
        Some(b'{') => whole(raw, property, reading),
        _ => of_plain(Plain::of(raw)?.as_ref(), property, reading),
    }
}

/// Whether the property takes the text.
pub fn fits(text: &str, property: &Property, formats: Formats) -> bool {
    let mut unit = ShownUnit::default();
    let mut reading = Reading { formats, unit: &mut unit, mapped: true, values: None };
    of_plain(Plain::of_text(text).as_ref(), property, &mut reading).is_ok()
}

/// The one text that a field of the key holds: a plain value, the only item of a list, or the value of the primary
/// entry of a list of objects. `None`: there is no value.
///
/// # Errors
///
/// [`Code::ListValue`] if it is a list of several, [`Code::InvalidEmail`] for anything else that is no text.
pub fn address(raw: &RawValue) -> Result<Option<Box<str>>, Code> {
    if is_nested(raw) && !cell::has_value(raw) {
        return Ok(None);
    }
    let plain = match raw.get().as_bytes().first() {
        Some(b'{') => return Err(Code::InvalidEmail),
        Some(b'[') if !matches!(held(raw), Held::One(item) if !is_nested(item)) => {
            the_one(raw, &MemberNames::OF_ADDRESSES)?
        }
        _ => single(raw).map_err(|_| Code::InvalidEmail)?,
    };
    Ok(plain.map(|plain| trim(&plain.text).into()))
}

/// Whether a value is true or false for a checkbox; `None` if it is neither.
pub fn flag(raw: &RawValue) -> Option<bool> {
    let checkbox = Property { kind: Kind::Bool, ..Property::default() };
    let mut unit = ShownUnit::default();
    let mut reading = Reading { formats: Formats::default(), unit: &mut unit, mapped: false, values: None };
    match convert(raw, &checkbox, &mut reading) {
        Ok(Converted::Value(value)) => Some(&*value == "true"),
        Ok(Converted::Empty) => Some(false),
        Ok(Converted::Nothing) | Err(_) => None,
    }
}

/// A telephone number as a text: without the `.0` that a table of numbers has put behind it. `None` if it has no digit, or
/// if a table has rounded it, as in `4.9e+11`: its last digits are lost. Tables write a comma for the point in many places.
fn phone(text: &str) -> Option<Box<str>> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let without_plus = |text: &'_ str| is_digits(text.strip_prefix('+').unwrap_or(text));
    if let Some((digits, zeros)) = text.split_once(['.', ','])
        && without_plus(digits)
        && !zeros.is_empty()
        && zeros.bytes().all(|byte| byte == b'0')
    {
        return Some(digits.into());
    }
    let is_rounded = text.split_once(['e', 'E']).is_some_and(|(mantissa, exponent)| {
        without_plus(exponent) && is_digits(&mantissa.replacen(['.', ','], "", 1))
    });
    let has_digit = text.chars().any(char::is_numeric);
    (has_digit && !is_rounded).then(|| text.into())
}

fn list(raw: &RawValue, property: &Property, reading: &mut Reading<'_>) -> Result<Converted, Code> {
    if property.kind == Kind::Choices {
        return options::of_list(raw, property, reading);
    }
    match held(raw) {
        Held::Nothing => return Ok(Converted::Empty),
        Held::One(item) if !is_nested(item) => return of_plain(Plain::of(item)?.as_ref(), property, reading),
        Held::One(_) | Held::Several => {}
    }
    // A text of several lines has room for the whole list; in a text of one line people expect one value.
    let takes_all = || reading.values.is_none() && (property.multi_line || !holds_objects_alone(raw));
    if property.kind == Kind::Text && (!reading.mapped || takes_all()) {
        return whole(raw, property, reading);
    }
    of_plain(the_one(raw, &MemberNames::of(property))?.as_ref(), property, reading)
}

fn holds_objects_alone(list: &RawValue) -> bool {
    try_each(list, |item| if item.get().starts_with('{') { Ok(()) } else { Err(()) }).is_ok()
}

/// An object or a list as a whole: it goes into a text, as JSON, if a mapping says so.
fn whole(raw: &RawValue, property: &Property, reading: &Reading<'_>) -> Result<Converted, Code> {
    // A table of values says what single values become.
    if property.kind != Kind::Text || !reading.mapped || reading.values.is_some() {
        return Err(Code::NestedValue);
    }
    Ok(Converted::Value(compact(raw.get())?.into()))
}

fn of_plain(
    plain: Option<&Plain>,
    property: &Property,
    reading: &mut Reading<'_>,
) -> Result<Converted, Code> {
    let Some(plain) = plain else { return Ok(Converted::Empty) };
    if property.kind == Kind::Choices {
        return options::of_text(plain, property, reading);
    }
    let translated =
        reading.values.map(|values| plain.translated(values).ok_or(Code::InvalidValue)).transpose()?;
    let plain = translated.as_ref().unwrap_or(plain);
    let text = trim(&plain.text);
    let value = match property.kind {
        Kind::Text => plain.as_text().map(|text| visible(&text)),
        Kind::Phone => plain.as_text().and_then(|text| phone(trim(&text))),
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
