//! What a list holds, and the one value of it: its only item, or the value of the entry that is marked as primary.
//!
//! A list may have millions of items: each is looked at where it stands, and none is kept. Not here: lists as a whole,
//! which some properties take.

use std::fmt;

use serde::de::{Deserializer as _, SeqAccess, Visitor};
use serde_json::{Deserializer, value::RawValue};

use super::plain::Plain;
use crate::{
    crm::{
        names::{ADDRESS_MEMBERS, speaks_of_address},
        property::{Kind, Property},
    },
    mapping::{cell, reason::Code},
    protocol::message::for_each_member,
    text::trim,
};

/// The items of a list that are a value, as far as they matter to most properties.
#[derive(Debug)]
pub(super) enum Held<'a> {
    Nothing,
    One(&'a RawValue),
    Several,
}

pub(super) fn held(list: &RawValue) -> Held<'_> {
    let mut held = Held::Nothing;
    let outcome = try_each(list, |item| {
        held = match held {
            Held::Nothing => Held::One(item),
            Held::One(_) | Held::Several => return Err(()),
        };
        Ok(())
    });
    if outcome.is_ok() { held } else { Held::Several }
}

/// The plain value that a value is, or that is the only one of a list.
///
/// # Errors
///
/// [`Code::NestedValue`] for an object, [`Code::ListValue`] for any other list, and those of [`Plain::of`].
pub(super) fn single(raw: &RawValue) -> Result<Option<Plain>, Code> {
    if !raw.get().starts_with('[') {
        return Plain::of(raw);
    }
    match held(raw) {
        Held::Nothing => Ok(None),
        Held::One(item) if is_nested(item) => Err(Code::ListValue),
        Held::One(item) => Plain::of(item),
        Held::Several => Err(Code::ListValue),
    }
}

/// Calls `visit` with the items of a list that are a value, up to the first that it fails for.
///
/// # Errors
///
/// Those of `visit`.
pub(super) fn try_each<'a, E>(
    list: &'a RawValue,
    visit: impl FnMut(&'a RawValue) -> Result<(), E>,
) -> Result<(), E> {
    let mut outcome = Ok(());
    let items = EachItem { visit, outcome: &mut outcome };
    // It is JSON already, and the caller saw its bracket. The error of a list that is left early means nothing.
    drop(Deserializer::from_str(list.get()).deserialize_seq(items));
    outcome
}

struct EachItem<'out, F, E> {
    visit: F,
    outcome: &'out mut Result<(), E>,
}

impl<'de, E, F: FnMut(&'de RawValue) -> Result<(), E>> Visitor<'de> for EachItem<'_, F, E> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<&RawValue>()? {
            if !is_value(item) {
                continue;
            }
            *self.outcome = (self.visit)(item);
            if self.outcome.is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// Whether an item is a value at all. One that cannot be read is.
fn is_value(item: &RawValue) -> bool {
    if item.get().starts_with('"') { !matches!(Plain::of(item), Ok(None)) } else { cell::has_value(item) }
}

pub(super) fn is_nested(raw: &RawValue) -> bool {
    raw.get().starts_with(['[', '{'])
}

/// How the member with an entry's value may be called, the surest first, in normal form; and how it may look.
#[derive(Debug)]
pub(super) struct MemberNames {
    own: String,
    others: &'static [&'static str],
    /// Beside a member that looks so, one that does not is rather a remark on the entry: `value` may be `work`.
    looks_right: fn(&str) -> bool,
}

impl MemberNames {
    pub(super) const OF_ADDRESSES: Self = Self {
        own: String::new(),
        others: &ADDRESS_MEMBERS,
        looks_right: |text| text.bytes().filter(|byte| *byte == b'@').count() == 1,
    };

    pub(super) fn of(property: &Property) -> Self {
        let own = normal(&property.name);
        match property.kind {
            Kind::Phone => Self {
                own,
                others: &["number", "phone"],
                looks_right: |text| text.contains(char::is_numeric),
            },
            // Of a property like `work_email`.
            _ if speaks_of_address(&own) => Self { own, ..Self::OF_ADDRESSES },
            _ => Self { own, others: &[], looks_right: |_| true },
        }
    }

    fn rank(&self, member: &str) -> Option<usize> {
        let mut all = ["value", &self.own].into_iter().chain(self.others.iter().copied());
        all.position(|name| !name.is_empty() && name == member)
    }
}

/// The value of the entry that is marked as the primary one, or of the only entry that has one. `None`: the entries are
/// there, and all their values are empty.
///
/// # Errors
///
/// [`Code::ListValue`] if nothing says which one it is: also where several are marked and differ, or the one that is
/// marked is empty beside others.
pub(super) fn the_one(list: &RawValue, names: &MemberNames) -> Result<Option<Plain>, Code> {
    let mut primary: Option<Result<Option<Plain>, Code>> = None;
    let mut other: Option<Result<Plain, Code>> = None;
    try_each(list, |item| {
        // One that is no object has no mark, but is a value all the same.
        let entry = if item.get().starts_with('{') {
            Entry::of(item, names)
        } else {
            Entry::unmarked(Err(Code::ListValue))
        };
        if entry.is_primary {
            primary = match primary.take() {
                None => Some(entry.value),
                Some(first) if first == entry.value => Some(first),
                Some(_) => return Err(Code::ListValue),
            };
        } else if let Some(value) = entry.value.transpose() {
            // Where there is a second one, neither counts.
            other = Some(if other.is_none() { value } else { Err(Code::ListValue) });
        }
        Ok(())
    })?;
    match (primary, other) {
        (None, other) => other.transpose(),
        (Some(Ok(None)), Some(_)) => Err(Code::ListValue),
        (Some(primary), _) => primary,
    }
}

/// An object of a list.
#[derive(Debug)]
struct Entry {
    is_primary: bool,
    /// `None`: the member with the value is there, and empty.
    value: Result<Option<Plain>, Code>,
}

impl Entry {
    fn unmarked(value: Result<Option<Plain>, Code>) -> Self {
        Self { is_primary: false, value }
    }

    fn of(object: &RawValue, names: &MemberNames) -> Self {
        let mut entry = Self::unmarked(Err(Code::ListValue));
        // Whether the best one so far looks wrong, and its rank.
        let mut best = (true, usize::MAX);
        let read = for_each_member(object, |name, value| {
            let name = normal(&name);
            entry.is_primary |= is_mark(&name, value) || is_marked_inside(&name, value);
            let Some(rank) = names.rank(&name) else { return };
            // One that is an object, such as a postal address, is not the value that is wanted.
            match Plain::of(value) {
                Ok(None) if entry.value.is_err() => entry.value = Ok(None),
                Ok(None) | Err(_) => {}
                Ok(Some(plain)) => {
                    let this = (!(names.looks_right)(&plain.text), rank);
                    if this < best {
                        best = this;
                        entry.value = Ok(Some(plain));
                    }
                }
            }
        });
        // The caller saw the brace.
        if read.is_ok() { entry } else { Self::unmarked(Err(Code::ListValue)) }
    }
}

/// Google's and other interfaces keep the mark in `metadata`.
fn is_marked_inside(name: &str, value: &RawValue) -> bool {
    let mut is_marked = false;
    if name == "metadata" && value.get().starts_with('{') {
        let read = for_each_member(value, |name, value| is_marked |= is_mark(&normal(&name), value));
        return read.is_ok() && is_marked;
    }
    false
}

fn is_mark(name: &str, value: &RawValue) -> bool {
    matches!(name, "primary" | "isprimary" | "default" | "isdefault")
        && matches!(single(value), Ok(Some(plain)) if plain.said() == Some(true))
}

/// A member's name without case and separators.
fn normal(name: &str) -> String {
    trim(name).chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
