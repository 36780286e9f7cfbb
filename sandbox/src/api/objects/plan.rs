//! Judging the inputs of a batch before anything is written: which contact each means, what it changes, what is wrong.
//!
//! Nothing here changes the store.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::input::WriteInput;
use crate::{
    account::{
        catalogue::Catalogue,
        definition::View,
        store::Store,
        value::{self, Change, ValueError, Wrong},
    },
    api::refusal::conflict,
    failure::Failure,
    settings::Settings,
};

/// What a batch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// By a unique property; creates what is not there.
    Upsert,
    /// By record id; creates nothing.
    Update,
}

/// An input that was judged.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) target: Target,
    pub(crate) changes: BTreeMap<String, Change>,
    /// Entries of the result's `warnings`.
    pub(crate) warnings: Vec<Value>,
    pub(crate) problem: Option<Problem>,
}

/// Which contact an input means.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    Existing(u64),
    /// None yet: property and value it will be created with.
    New(String, String),
    /// None, and an update creates none.
    Nobody,
}

/// What is wrong with an input.
#[derive(Clone, Debug)]
pub(crate) enum Problem {
    /// Its values. In a refused batch these are reported together.
    Values(Vec<ValueError>),
    /// Anything else; in a refused batch the first is reported alone.
    Other(Failure),
}

/// What the judgement rests on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge<'a> {
    pub(crate) store: &'a Store,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) settings: &'a Settings,
    pub(crate) view: View<'a>,
    /// Whether the rules of version 2026-09 apply.
    pub(crate) strict: bool,
}

/// Addresses and unique values that inputs of this batch take, with the contact that takes them.
type Claims = HashMap<String, Target>;

impl Judge<'_> {
    /// Judges all inputs of an upsert, in order.
    pub(crate) fn upserts(&self, inputs: &[WriteInput]) -> Vec<Planned> {
        let mut claims = Claims::new();
        inputs.iter().map(|input| self.upsert(input, &mut claims)).collect()
    }

    /// Judges all inputs of an update.
    pub(crate) fn updates(&self, inputs: &[WriteInput]) -> Vec<Planned> {
        let mut claims = Claims::new();
        inputs
            .iter()
            .map(|input| {
                let target = self.updated_contact(input).map_or(Target::Nobody, Target::Existing);
                self.judge(input, target, &mut claims)
            })
            .collect()
    }

    fn updated_contact(&self, input: &WriteInput) -> Option<u64> {
        let id = match input.id_property.as_deref() {
            None | Some("hs_object_id") => input.id.parse().ok(),
            Some(property) => self.store.by_unique(property, &input.id),
        };
        id.filter(|id| self.store.get(*id).is_some())
    }

    fn upsert(&self, input: &WriteInput, claims: &mut Claims) -> Planned {
        let property = input.id_property.as_deref().unwrap_or_default();
        let value = if property == "email" { input.id.to_lowercase() } else { input.id.clone() };
        let target = match self.store.by_unique(property, &value) {
            Some(id) => Target::Existing(id),
            None => Target::New(property.to_owned(), value.clone()),
        };
        let mut planned = self.judge(input, target, claims);
        let is_new = matches!(planned.target, Target::New(..));
        if is_new {
            // The id is written like any other property, and so judged like one.
            if property == "email" && !value::is_valid_email(&value) {
                planned.add(ValueError::new("email", Wrong::InvalidEmail(input.id.clone())));
            }
            if property == "email" && self.settings.refuse_blocklisted_emails && self.store.is_blocked(&value)
            {
                planned.add(ValueError::new("email", Wrong::Blocklisted));
            }
            planned.changes.entry(property.to_owned()).or_insert(Change::Set(value));
            if self.strict {
                self.require(&mut planned);
            }
        }
        planned
    }

    /// Judges the values of one input.
    fn judge(&self, input: &WriteInput, target: Target, claims: &mut Claims) -> Planned {
        let mut planned = Planned { target, changes: BTreeMap::new(), warnings: Vec::new(), problem: None };
        for (name, sent) in &input.properties {
            let Some(definition) = self.catalogue.visible(name, self.view) else {
                planned.add(ValueError::new(name, Wrong::Unknown));
                continue;
            };
            let Some(text) = &sent.0 else { continue };
            match value::check(definition, text, self.strict) {
                Ok(checked) => {
                    planned.warnings.extend(checked.warning);
                    planned.changes.insert(name.clone(), checked.change);
                }
                Err(error) => planned.add(error),
            }
        }
        if planned.problem.is_none() {
            let is_empty = planned.changes.is_empty() && self.settings.refuse_empty_properties;
            planned.problem = if is_empty {
                Some(Problem::Other(Failure::validation(
                    "No properties found to update, please provide at least one.",
                )))
            } else {
                self.conflict(&planned, claims).map(Problem::Other)
            };
        }
        if self.strict && planned.problem.is_none() {
            self.require_conditionally(&mut planned);
        }
        planned
    }

    /// Whether an address that the input brings belongs to another contact.
    fn conflict(&self, planned: &Planned, claims: &mut Claims) -> Option<Failure> {
        for address in addresses(&planned.changes) {
            let owner = self.store.by_address(address).map(Target::Existing);
            let owner = owner.or_else(|| claims.get(address).cloned());
            match owner {
                Some(Target::Existing(id)) if planned.target != Target::Existing(id) => {
                    return Some(conflict(Some(id)));
                }
                Some(owner) if owner != planned.target => return Some(conflict(None)),
                _ => {
                    claims.insert(address.to_owned(), planned.target.clone());
                }
            }
        }
        None
    }

    /// The admin's required properties, for a new contact.
    fn require(&self, planned: &mut Planned) {
        for name in &self.settings.required_properties {
            if !matches!(planned.changes.get(name), Some(Change::Set(_) | Change::Append(_))) {
                planned.add(ValueError::new(name, Wrong::Required));
            }
        }
    }

    /// The admin's conditionally required properties, when the controlling one is written.
    fn require_conditionally(&self, planned: &mut Planned) {
        for rule in &self.settings.conditional_properties {
            let applies =
                matches!(planned.changes.get(&rule.when), Some(Change::Set(value)) if *value == rule.is);
            let existing = match planned.target {
                Target::Existing(id) => self.store.get(id),
                _ => None,
            };
            let has_already = existing.is_some_and(|contact| contact.properties.contains_key(&rule.require));
            let is_given = match planned.changes.get(&rule.require) {
                Some(Change::Clear) => false,
                Some(_) => true,
                None => has_already,
            };
            if applies && !is_given {
                planned.add(ValueError::new(&rule.require, Wrong::RequiredBy(rule.when.clone())));
            }
        }
    }
}

impl Planned {
    fn add(&mut self, error: ValueError) {
        match &mut self.problem {
            Some(Problem::Values(errors)) => errors.push(error),
            // Values come first in HubSpot's answers: a conflict is only found with good values.
            other => *other = Some(Problem::Values(vec![error])),
        }
    }
}

/// Addresses among the new values.
fn addresses(changes: &BTreeMap<String, Change>) -> Vec<&str> {
    let mut found = Vec::new();
    if let Some(Change::Set(address)) = changes.get("email") {
        found.push(address.as_str());
    }
    match changes.get("hs_additional_emails") {
        Some(Change::Set(list)) => found.extend(list.split(';')),
        Some(Change::Append(list)) => found.extend(list.iter().map(String::as_str)),
        Some(Change::Clear) | None => {}
    }
    found
}
