//! Properties with options: checkboxes, lists to choose from, owners, and several of them at once.
//!
//! Not here: how an option is found by its name ([`crate::crm::choices`]).

use std::borrow::Cow;

use indexmap::IndexSet;
use serde_json::value::RawValue;

use super::{
    list::try_each,
    number::is_digits,
    plain::Plain,
    reading::{Converted, Reading},
};
use crate::{
    config::ValueTable,
    crm::{
        choices::Choices,
        property::{MAX_VALUE_CHARACTERS, Property},
    },
    mapping::reason::Code,
    text::trim,
};

/// So many commas less one may an option's own name hold.
const MOST_PARTS_OF_A_NAME: usize = 8;

/// A checkbox. The account's own words come first: a label may well be `No` for `true`.
pub(super) fn truth(plain: &Plain, property: &Property) -> Option<Box<str>> {
    let choices = &property.choices;
    if let Some(own) = named(plain, choices) {
        return Some(own);
    }
    let is_true = plain.said()?;
    let word = if is_true { "true" } else { "false" };
    if choices.is_empty() {
        return Some(word.into());
    }
    choices.find(word).or_else(|| choices.meant(is_true)).map(|value| (&*value).into())
}

/// One option: by its name, or the only one that says yes or no as the value does.
pub(super) fn option(plain: &Plain, property: &Property) -> Option<Box<str>> {
    listed(plain, property).or_else(|| {
        let is_true = plain.said()?;
        property.choices.meant(is_true).map(|value| (&*value).into())
    })
}

/// One option by its name alone: of several, none is there to say yes or no.
fn listed(plain: &Plain, property: &Property) -> Option<Box<str>> {
    if property.of_owners {
        return owner(plain);
    }
    if property.choices.is_empty() {
        return Some((&*plain.digits()).into());
    }
    named(plain, &property.choices)
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
    list: &RawValue,
    property: &Property,
    reading: &Reading<'_>,
) -> Result<Converted, Code> {
    let mut several = Several::new("");
    try_each(list, |item| match Plain::of(item)? {
        Some(plain) => several.add(part(&plain, property, reading.values)),
        None => Ok(()),
    })?;
    Ok(several.joined())
}

/// Several options in a text: after a leading `;`, which stays, since it makes HubSpot append them; between `;`; as a
/// JSON array or one of Postgres; or between commas.
pub(super) fn of_text(plain: &Plain, property: &Property, reading: &Reading<'_>) -> Result<Converted, Code> {
    let text = trim(&plain.text);
    // Options that are kept elsewhere cannot be judged here, so that no whole text can be told from its parts.
    let is_open = property.choices.is_empty() && !property.of_owners && reading.values.is_none();
    if !is_open && let Some(one) = part(plain, property, reading.values) {
        return Several::of("", [Some(one)]);
    }
    if text.chars().all(|character| character.is_whitespace() || matches!(character, ';' | ',')) {
        return Ok(Converted::Nothing);
    }
    let appends = if text.starts_with(';') { ";" } else { "" };
    if is_open && let Some(ids) = ids(text) {
        return Several::of(appends, ids.into_iter().map(Some));
    }
    let each = |parts: Vec<Plain>| parts.into_iter().map(|one| part(&one, property, reading.values));
    if text.contains(';') {
        return Several::of(appends, each(text.split(';').filter_map(Plain::of_text).collect()));
    }
    if let Some(parts) = json_array(text).or_else(|| postgres_array(text)) {
        return Several::of("", each(parts));
    }
    if is_open {
        return Several::of("", [part(plain, property, None)]);
    }
    let options = between_commas(text, property, reading.values).ok_or(Code::InvalidValue)?;
    Several::of("", options.into_iter().map(Some))
}

/// The whole numbers between `;`, or else between `,`, if they are nothing else: such options are the ids of something,
/// and no name holds nothing but numbers and commas.
fn ids(text: &str) -> Option<Vec<Box<str>>> {
    let sign = if text.contains(';') { ';' } else { ',' };
    let parts = text.split(sign).filter_map(Plain::of_text);
    parts.map(|part| owner(&part)).collect()
}

/// One of several options. HubSpot separates them by `;`, so one that holds it cannot be said.
fn part(plain: &Plain, property: &Property, values: Option<&ValueTable>) -> Option<Box<str>> {
    let plain = match values {
        Some(values) => Cow::Owned(plain.translated(values)?),
        None => Cow::Borrowed(plain),
    };
    listed(&plain, property).filter(|value| !value.contains(';'))
}

/// Options to join, each once.
#[derive(Debug)]
struct Several {
    /// Nothing, or a `;` in front of all.
    appends: &'static str,
    once: IndexSet<Box<str>>,
    characters: usize,
}

impl Several {
    fn new(appends: &'static str) -> Self {
        Self { appends, once: IndexSet::new(), characters: appends.len() }
    }

    /// # Errors
    ///
    /// As [`Self::add`].
    fn of(
        appends: &'static str,
        options: impl IntoIterator<Item = Option<Box<str>>>,
    ) -> Result<Converted, Code> {
        let mut several = Self::new(appends);
        for option in options {
            several.add(option)?;
        }
        Ok(several.joined())
    }

    /// # Errors
    ///
    /// [`Code::InvalidValue`] for one that is not allowed, which makes the whole value invalid; [`Code::ValueTooLong`] as
    /// soon as all of them are too long.
    fn add(&mut self, option: Option<Box<str>>) -> Result<(), Code> {
        let option = option.ok_or(Code::InvalidValue)?;
        let between = usize::from(!self.once.is_empty());
        let length = option.chars().count() + between;
        if self.once.insert(option) {
            self.characters += length;
        }
        if self.characters > MAX_VALUE_CHARACTERS { Err(Code::ValueTooLong) } else { Ok(()) }
    }

    fn joined(self) -> Converted {
        if self.once.is_empty() {
            return Converted::Empty;
        }
        let options: Vec<&str> = self.once.iter().map(AsRef::as_ref).collect();
        Converted::Value([self.appends, &options.join(";")].concat().into())
    }
}

/// The options between commas. An option whose own name holds commas comes before those that its parts would be.
fn between_commas(text: &str, property: &Property, values: Option<&ValueTable>) -> Option<Vec<Box<str>>> {
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
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
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
