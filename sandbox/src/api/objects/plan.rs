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
    api::refusal::{conflict, nameless, taken},
    failure::Failure,
    settings::{ArchivedValues, Settings},
};

/// What a batch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// By a unique property; creates what is not there.
    Upsert,
    /// Without a key; creates all.
    Create,
    /// By record id or a custom unique property; creates nothing.
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
    /// None yet, and a create looks for none: the contact of the input at this position.
    Fresh(usize),
    /// None, and an update creates none.
    Nobody,
}

/// What is wrong with an input.
#[derive(Clone, Debug)]
pub(crate) enum Problem {
    /// Its values. In a refused batch these are reported together.
    Values(Vec<ValueError>),
    /// A unique value that another contact has. By a setting it refuses the batch even with trace ids.
    Taken(Failure),
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

/// Unique values that inputs of this batch take, by property, with the contact that takes them. A secondary address is one
/// of `email`.
type Claims = HashMap<(String, String), Target>;

impl Judge<'_> {
    /// Judges all inputs of an upsert, in order.
    pub(crate) fn upserts(&self, inputs: &[WriteInput]) -> Vec<Planned> {
        let mut claims = Claims::new();
        inputs.iter().map(|input| self.upsert(input, &mut claims)).collect()
    }

    /// Judges all inputs of a create, in order.
    pub(crate) fn creates(&self, inputs: &[WriteInput]) -> Vec<Planned> {
        let mut claims = Claims::new();
        inputs.iter().enumerate().map(|(position, input)| self.create(position, input, &mut claims)).collect()
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
            None => input.id.parse().ok(),
            Some(property) => self.store.by_unique(property, &input.id),
        };
        id.and_then(|id| self.store.known(id))
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
            if planned.problem.is_none() {
                planned.problem = self.held(property, &value, &planned.target);
            }
            planned.changes.entry(property.to_owned()).or_insert(Change::Set(value.clone()));
            self.judge_new(&mut planned, (property == "email").then_some(&value));
        }
        planned
    }

    fn create(&self, position: usize, input: &WriteInput, claims: &mut Claims) -> Planned {
        let mut planned = self.judge(input, Target::Fresh(position), claims);
        let is_set = |name: &&str| matches!(planned.changes.get(*name), Some(Change::Set(_)));
        if planned.problem.is_none() && !["email", "firstname", "lastname"].iter().any(is_set) {
            planned.problem = Some(Problem::Other(nameless()));
        }
        let address = match planned.changes.get("email") {
            Some(Change::Set(address)) => Some(address.clone()),
            _ => None,
        };
        self.judge_new(&mut planned, address.as_ref());
        planned
    }

    /// What HubSpot asks of a new contact alone.
    fn judge_new(&self, planned: &mut Planned, address: Option<&String>) {
        if self.settings.refuse_blocklisted_emails
            && address.is_some_and(|address| self.store.is_blocked(address))
        {
            planned.add(ValueError::new("email", Wrong::Blocklisted));
        }
        if self.strict {
            self.require(planned);
        }
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
            let is_update = !matches!(planned.target, Target::Fresh(_));
            let is_empty = is_update && planned.changes.is_empty() && self.settings.refuse_empty_properties;
            planned.problem = if is_empty {
                Some(Problem::Other(Failure::validation(
                    "No properties found to update, please provide at least one.",
                )))
            } else {
                self.conflict(&planned, claims)
            };
        }
        if self.strict && planned.problem.is_none() {
            self.require_conditionally(&mut planned);
        }
        planned
    }

    /// Whether an address or another unique value that the input brings belongs to another contact. An address is refused
    /// as a conflict, every other value in words of its own.
    fn conflict(&self, planned: &Planned, claims: &mut Claims) -> Option<Problem> {
        let target = &planned.target;
        for address in addresses(&planned.changes) {
            match self.owner("email", address, claims) {
                Some(Target::Existing(id)) if *target != Target::Existing(id) => {
                    return Some(Problem::Other(conflict(Some(id))));
                }
                Some(owner) if owner != *target => return Some(Problem::Other(conflict(None))),
                Some(_) => {}
                None => {
                    if let Some(problem) = self.held("email", address, target) {
                        return Some(problem);
                    }
                }
            }
            claims.insert(("email".to_owned(), address.to_owned()), target.clone());
        }
        for property in self.catalogue.custom_unique().map(|definition| definition.name.as_str()) {
            let Some(Change::Set(value)) = planned.changes.get(property) else { continue };
            match self.owner(property, value, claims) {
                Some(owner) if owner != *target => {
                    return Some(self.taken(property, value, target, self.id_of(&owner)));
                }
                Some(_) => {}
                None => {
                    if let Some(problem) = self.held(property, value, target) {
                        return Some(problem);
                    }
                }
            }
            claims.insert((property.to_owned(), value.clone()), target.clone());
        }
        None
    }

    /// Which contact has a unique value, or gets it by an earlier input of the batch.
    fn owner(&self, property: &str, value: &str, claims: &Claims) -> Option<Target> {
        let owner = self.store.by_unique(property, value).map(Target::Existing);
        owner.or_else(|| claims.get(&(property.to_owned(), value.to_owned())).cloned())
    }

    /// The refusal of a value that a contact in the recycle bin has, if by the setting it keeps its values.
    fn held(&self, property: &str, value: &str, target: &Target) -> Option<Problem> {
        if self.settings.archived_values == ArchivedValues::Free {
            return None;
        }
        let owner = self.store.bin_by_unique(property, value)?;
        Some(self.taken(property, value, target, owner))
    }

    fn taken(&self, property: &str, value: &str, target: &Target, owner: u64) -> Problem {
        let portal_id = self.settings.account.portal_id;
        // Where both contacts are new, the later one gets the next id after that of the owner.
        let on = if self.id_of(target) == owner { owner + 1 } else { self.id_of(target) };
        Problem::Taken(taken(property, value, on, owner, portal_id))
    }

    /// The id of a contact, or the one that a new contact is about to get.
    fn id_of(&self, target: &Target) -> u64 {
        match target {
            Target::Existing(id) => *id,
            Target::New(..) | Target::Fresh(_) | Target::Nobody => self.store.next_id(),
        }
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
