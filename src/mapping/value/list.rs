//! The one value of a list: its only item, or the value of the entry that is marked as the primary one.
//!
//! Not here: lists as a whole, which some properties take.

use serde_json::value::RawValue;

use super::{convert::is_true, plain::Plain, text::trim};
use crate::{
    mapping::{
        portal::{Kind, PortalProperty},
        reason::Code,
    },
    protocol::message::members,
};

/// Lists that are deeper hold something, whatever it is.
const DEEPEST_EMPTY: usize = 8;

/// An item of a list that is not empty.
#[derive(Debug)]
pub(super) enum Item<'a> {
    Plain(Plain),
    Object(&'a RawValue),
    List,
}

/// The items of a list but those that are no value: `null`, blank text, and lists of nothing else.
///
/// # Errors
///
/// An item that is too long, or no Unicode.
pub(super) fn items(raw: &RawValue) -> Result<Vec<Item<'_>>, Code> {
    let mut items = Vec::new();
    for item in elements(raw) {
        match item.get().as_bytes().first() {
            Some(b'{') => items.push(Item::Object(item)),
            Some(b'[') if is_empty(item, DEEPEST_EMPTY) => {}
            Some(b'[') => items.push(Item::List),
            _ => items.extend(Plain::of(item)?.map(Item::Plain)),
        }
    }
    Ok(items)
}

fn elements(raw: &RawValue) -> Vec<&RawValue> {
    // It is JSON already, and the caller saw its bracket.
    serde_json::from_str(raw.get()).unwrap_or_default()
}

fn is_empty(raw: &RawValue, depth: usize) -> bool {
    match raw.get().as_bytes().first() {
        Some(b'[') => depth > 0 && elements(raw).into_iter().all(|item| is_empty(item, depth - 1)),
        Some(b'{') => false,
        _ => matches!(Plain::of(raw), Ok(None)),
    }
}

/// How the member with an entry's value may be called, the surest first; in normal form.
#[derive(Debug)]
pub(super) struct Names {
    own: String,
    others: &'static [&'static str],
}

impl Names {
    const ADDRESS: &'static [&'static str] = &["email", "emailaddress", "address"];
    pub(super) const OF_ADDRESSES: Self = Self { own: String::new(), others: Self::ADDRESS };

    pub(super) fn of(property: &PortalProperty) -> Self {
        let own = normal(&property.name);
        let others = match property.kind {
            Kind::Phone => &["number", "phone"][..],
            // Of a property like `work_email`.
            _ if own.contains("email") => Self::ADDRESS,
            _ => &[],
        };
        Self { own, others }
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        ["value", &self.own].into_iter().chain(self.others.iter().copied()).filter(|name| !name.is_empty())
    }
}

/// The value of the only item, or of the entry that is marked as the primary one, or of the only entry that has one.
/// `None`: the entry is there, and its value is empty.
///
/// # Errors
///
/// [`Code::ListValue`] if nothing says which one it is.
pub(super) fn the_one(items: Vec<Item<'_>>, names: &Names) -> Result<Option<Plain>, Code> {
    let mut entries = Vec::with_capacity(items.len());
    let is_single = items.len() == 1;
    for item in items {
        match item {
            Item::Plain(plain) if is_single => return Ok(Some(plain)),
            // One that is no object has no mark, but is a value all the same.
            Item::Plain(_) | Item::List => entries.push(Err(Code::ListValue)),
            Item::Object(object) if is_primary(object) => return value_of(object, names),
            Item::Object(object) => entries.push(value_of(object, names)),
        }
    }
    let mut filled = entries.into_iter().filter(|entry| !matches!(entry, Ok(None)));
    match (filled.next(), filled.next()) {
        (None, _) => Ok(None),
        (Some(only), None) => only,
        (Some(_), Some(_)) => Err(Code::ListValue),
    }
}

/// `None`: the member with the value is there, and empty.
fn value_of(object: &RawValue, names: &Names) -> Result<Option<Plain>, Code> {
    let members = members(object).map_err(|_| Code::ListValue)?;
    let mut found = Err(Code::ListValue);
    for name in names.all() {
        for (_, value) in members.iter().filter(|(member, _)| normal(member) == name) {
            // One that is an object, such as a postal address, is not the value that is wanted.
            let Ok(plain) = Plain::of(value) else { continue };
            found = Ok(plain);
            if matches!(found, Ok(Some(_))) {
                return found;
            }
        }
    }
    found
}

/// Google's and other interfaces keep the mark in `metadata`.
fn is_primary(object: &RawValue) -> bool {
    let Ok(members) = members(object) else { return false };
    members.iter().any(|(name, value)| {
        is_mark(name, value)
            || (normal(name) == "metadata"
                && self::members(value)
                    .is_ok_and(|inner| inner.iter().any(|(name, value)| is_mark(name, value))))
    })
}

fn is_mark(name: &str, value: &RawValue) -> bool {
    matches!(normal(name).as_str(), "primary" | "isprimary" | "default" | "isdefault") && is_true(value)
}

/// A member's name without case and separators.
fn normal(name: &str) -> String {
    trim(name).chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
