//! Properties with options: checkboxes, lists to choose from, owners, and several of them at once.
//!
//! Not here: how an option is found by its name ([`crate::mapping::choices`]).

use std::borrow::Cow;

use super::{
    list::Item,
    number::is_digits,
    plain::Plain,
    reading::{Converted, Reading},
    text::{check_length, trim},
    truth,
};
use crate::{
    config::ValueTable,
    mapping::{choices::Choices, portal::PortalProperty, reason::Code},
};

/// So many commas less one may an option's own name hold.
const MOST_PARTS_OF_A_NAME: usize = 8;

/// A checkbox. The portal's own words come first: a label may well be `No` for `true`.
pub(super) fn truth(plain: &Plain, property: &PortalProperty) -> Option<Box<str>> {
    let choices = &property.choices;
    if let Some(own) = named(plain, choices) {
        return Some(own);
    }
    let is_true = truth::meaning(&plain.digits())?.is_true();
    let word = if is_true { "true" } else { "false" };
    if choices.is_empty() {
        return Some(word.into());
    }
    choices.find(word).or_else(|| choices.meant(is_true)).map(|value| (&*value).into())
}

/// One option: by its name, or the only one that says yes or no as the value does.
pub(super) fn option(plain: &Plain, property: &PortalProperty) -> Option<Box<str>> {
    let choices = &property.choices;
    if property.of_owners {
        return owner(plain);
    }
    if choices.is_empty() {
        return Some((&*plain.digits()).into());
    }
    named(plain, choices).or_else(|| {
        let is_true = truth::meaning(&plain.digits())?.is_true();
        choices.meant(is_true).map(|value| (&*value).into())
    })
}

/// The id of a user.
pub(super) fn owner(plain: &Plain) -> Option<Box<str>> {
    let id = plain.whole().unwrap_or_else(|| trim(&plain.text).into());
    is_digits(&id).then_some(id)
}

fn named(plain: &Plain, choices: &Choices) -> Option<Box<str>> {
    let value = choices.find(&plain.text).or_else(|| choices.find(&plain.whole()?))?;
    Some((&*value).into())
}

/// Several options as a list.
pub(super) fn of_list(
    items: Vec<Item<'_>>,
    property: &PortalProperty,
    reading: &Reading<'_>,
) -> Result<Converted, Code> {
    let mut parts = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Item::Plain(plain) => parts.push(plain),
            Item::Object(_) | Item::List => return Err(Code::NestedValue),
        }
    }
    joined("", each(&parts, property, reading.values))
}

/// Several options in a text: after a leading `;`, which stays, since it makes HubSpot append them; between `;`; as a
/// JSON array or one of Postgres; or between commas.
pub(super) fn of_text(
    plain: &Plain,
    property: &PortalProperty,
    reading: &Reading<'_>,
) -> Result<Converted, Code> {
    let text = trim(&plain.text);
    // Options that are kept elsewhere cannot be judged here, so that no whole text can be told from its parts.
    let is_open = property.choices.is_empty() && !property.of_owners && reading.values.is_none();
    if !is_open && let Some(one) = part(plain, property, reading.values) {
        return joined("", Some(vec![one]));
    }
    if text.chars().all(|character| character.is_whitespace() || matches!(character, ';' | ',')) {
        return Ok(Converted::Nothing);
    }
    if text.contains(';') {
        let appends = if text.starts_with(';') { ";" } else { "" };
        let parts: Vec<Plain> = text.split(';').filter_map(Plain::of_text).collect();
        return joined(appends, each(&parts, property, reading.values));
    }
    if let Some(parts) = json_array(text).or_else(|| postgres_array(text)) {
        return joined("", each(&parts, property, reading.values));
    }
    let options = if is_open {
        part(plain, property, None).map(|one| vec![one])
    } else {
        between_commas(text, property, reading.values)
    };
    joined("", options)
}

/// One of several options. HubSpot separates them by `;`, so one that holds it cannot be said.
fn part(plain: &Plain, property: &PortalProperty, values: Option<&ValueTable>) -> Option<Box<str>> {
    let plain = match values {
        Some(values) => Cow::Owned(plain.translated(values)?),
        None => Cow::Borrowed(plain),
    };
    option(&plain, property).filter(|value| !value.contains(';'))
}

fn each(parts: &[Plain], property: &PortalProperty, values: Option<&ValueTable>) -> Option<Vec<Box<str>>> {
    parts.iter().map(|one| part(one, property, values)).collect()
}

/// Each option once; one that is not allowed makes the whole value invalid.
fn joined(appends: &str, options: Option<Vec<Box<str>>>) -> Result<Converted, Code> {
    let mut once: Vec<Box<str>> = Vec::new();
    for option in options.ok_or(Code::InvalidValue)? {
        if !once.contains(&option) {
            once.push(option);
        }
    }
    if once.is_empty() {
        return Ok(Converted::Empty);
    }
    let joined = [appends, &once.join(";")].concat();
    check_length(&joined)?;
    Ok(Converted::Value(joined.into()))
}

/// The options between commas. An option whose own name holds commas comes before those that its parts would be.
fn between_commas(
    text: &str,
    property: &PortalProperty,
    values: Option<&ValueTable>,
) -> Option<Vec<Box<str>>> {
    let parts: Vec<&str> = text.split(',').collect();
    let mut rest = &*parts;
    let mut options = Vec::new();
    while let Some((first, others)) = rest.split_first() {
        if trim(first).is_empty() {
            rest = others;
            continue;
        }
        let longest = rest.len().min(MOST_PARTS_OF_A_NAME);
        let (option, behind) = (1..=longest).rev().find_map(|count| {
            let (name, behind) = rest.split_at_checked(count)?;
            let plain = Plain::of_text(&name.join(","))?;
            Some((part(&plain, property, values)?, behind))
        })?;
        options.push(option);
        rest = behind;
    }
    Some(options)
}

/// The plain values of an array that a table column holds as text; `None` if it is none.
fn json_array(text: &str) -> Option<Vec<Plain>> {
    if !text.starts_with('[') {
        return None;
    }
    let elements: Vec<&serde_json::value::RawValue> = serde_json::from_str(text).ok()?;
    let mut parts = Vec::with_capacity(elements.len());
    for element in elements {
        parts.extend(Plain::of(element).ok()?);
    }
    Some(parts)
}

/// The values of `{a,"b c",NULL}`; `None` if the text has not this form.
///
/// Source: <https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>.
fn postgres_array(text: &str) -> Option<Vec<Plain>> {
    let mut rest = text.strip_prefix('{')?.strip_suffix('}')?.trim();
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (part, behind) = postgres_element(rest)?;
        parts.extend(part);
        let behind = behind.trim_start();
        rest = if behind.is_empty() { "" } else { behind.strip_prefix(',')?.trim_start() };
    }
    Some(parts)
}

/// The first element, if it is a value at all, and what is behind it.
fn postgres_element(text: &str) -> Option<(Option<Plain>, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (part, behind) = unquoted(quoted)?;
        return Some((Plain::of_text(&part), behind));
    }
    let (part, behind) = text.split_at_checked(text.find(',').unwrap_or(text.len()))?;
    if part.contains(['{', '}', '"', '\\']) {
        return None;
    }
    let is_null = part.trim().eq_ignore_ascii_case("null");
    Some((Plain::of_text(part).filter(|_| !is_null), behind))
}

/// The text up to the closing quote, and what is behind it.
fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => return Some((text, characters.as_str())),
            '\\' => text.push(characters.next()?),
            character => text.push(character),
        }
    }
}
