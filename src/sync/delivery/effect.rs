//! What the records of an input change in their CRM record, one after the other: by the policies of their properties, and by what
//! HubSpot has. Pure. Not here: what becomes of the input then ([`super::mode`]).
//!
//! Folded records must have the effect of single writes. So this file keeps the CRM record's state after each of them.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use super::{
    existence::Existence,
    found::{Current, Found},
};
use crate::{
    config::Policy,
    crm::same::is_same,
    mapping::{change::PropertyValue, target::Target},
    sync::input::{Part, appended_value, fold_into},
};

/// What an input changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// The values to send, each property once.
    pub sends: Vec<PropertyValue>,
    /// What each record of the input adds to that, in their order.
    pub of_parts: Vec<PartEffect>,
}

/// What one record of an input comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartEffect {
    pub kind: EffectKind,
    /// The properties whose values a policy holds back.
    pub held_back: Vec<Arc<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectKind {
    /// It creates the record of the CRM, or changes it.
    Changes,
    /// All of its values are held back.
    HeldBack,
    /// HubSpot has all of it that may be written.
    Nothing,
}

/// What becomes of one value.
enum Verdict {
    Sent,
    HeldBack,
    Same,
}

impl Effect {
    /// `may_send`: whether HubSpot takes a property at all. Others are passed over.
    pub fn of(
        target: &Target,
        parts: &[Part],
        existence: Existence,
        found: Option<&Found>,
        may_send: impl Fn(&str) -> bool,
    ) -> Self {
        let mut record = Record {
            target,
            found,
            was_missing: existence == Existence::Missing,
            exists: existence != Existence::Missing,
            written: HashMap::new(),
        };
        let mut effect = Self::default();
        for part in parts {
            let creates = !record.exists;
            let mut kinds = (false, false);
            let mut held_back = Vec::new();
            for one in part.properties.iter().filter(|one| may_send(&one.property.name)) {
                match record.judge(one) {
                    Verdict::Sent => {
                        kinds.0 = true;
                        record.write(one);
                        send(&mut effect.sends, one);
                    }
                    Verdict::HeldBack => held_back.push(Arc::clone(&one.property.name)),
                    Verdict::Same => kinds.1 = true,
                }
            }
            let kind = match kinds {
                _ if creates => EffectKind::Changes,
                (true, _) => EffectKind::Changes,
                (false, false) if !held_back.is_empty() => EffectKind::HeldBack,
                (false, _) => EffectKind::Nothing,
            };
            record.exists = true;
            effect.of_parts.push(PartEffect { kind, held_back });
        }
        effect
    }
}

/// The record of the CRM, as it is after some of the records.
struct Record<'a> {
    target: &'a Target,
    found: Option<&'a Found>,
    /// HubSpot does not have it before the first record.
    was_missing: bool,
    exists: bool,
    written: HashMap<&'a str, Cow<'a, str>>,
}

impl<'a> Record<'a> {
    fn current(&self, property: &str) -> Current<'_> {
        match (self.written.get(property), self.found) {
            (Some(value), _) => Current::Value(value),
            (None, Some(found)) => found.current(property),
            (None, None) if self.was_missing => Current::Value(""),
            (None, None) => Current::Unclear,
        }
    }

    fn judge(&self, one: &PropertyValue) -> Verdict {
        let PropertyValue { property, value } = one;
        let current = self.current(&property.name);
        let is_same_as = |current: &Current<'_>| match current {
            Current::Value(has) => is_same(property, value, has),
            Current::Unclear => false,
        };
        match self.target.policy_of(&property.name) {
            Policy::OnlyOnCreate if self.exists => Verdict::HeldBack,
            Policy::FillEmpty => match current {
                // An empty value fills nothing.
                Current::Value("") if value.is_empty() && self.exists => Verdict::Same,
                Current::Value("") => Verdict::Sent,
                _ if self.target.skips_unchanged && is_same_as(&current) => Verdict::Same,
                Current::Value(_) | Current::Unclear => Verdict::HeldBack,
            },
            Policy::Overwrite | Policy::OnlyOnCreate => {
                let skips = self.exists && self.target.skips_unchanged;
                if skips && is_same_as(&current) { Verdict::Same } else { Verdict::Sent }
            }
        }
    }

    fn write(&mut self, one: &'a PropertyValue) {
        let name = &*one.property.name;
        let value = match self.current(name) {
            Current::Value(has) => Some(appended_value(has, one).into_owned()),
            Current::Unclear => None,
        };
        self.written.insert(name, value.map_or(Cow::Borrowed(&*one.value), Cow::Owned));
    }
}

fn send(sends: &mut Vec<PropertyValue>, one: &PropertyValue) {
    match sends.iter_mut().find(|earlier| earlier.property.name == one.property.name) {
        Some(earlier) => fold_into(earlier, one),
        None => sends.push(one.clone()),
    }
}
