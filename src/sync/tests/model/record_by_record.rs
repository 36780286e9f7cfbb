//! What rows come to if each is written by itself, one after the other: by mode, policies and `skip_unchanged`. It is written from the
//! page for users, and shares no code with what is tested but the names of modes and policies.

use std::collections::{BTreeMap, BTreeSet};

use super::store::{OPTIONS, STAGES};
use crate::config::{Mode, Policy};

/// The stage that HubSpot gives a new contact that names none.
pub(in crate::sync::tests) const DEFAULT_STAGE: &str = "lead";

/// The settings of the stream.
#[derive(Debug, Clone)]
pub(in crate::sync::tests) struct Settings {
    pub mode: Mode,
    pub policies: BTreeMap<&'static str, Policy>,
    pub skips_unchanged: bool,
}

impl Settings {
    pub(in crate::sync::tests) fn policy(&self, property: &str) -> Policy {
        self.policies.get(property).or_else(|| self.policies.get("*")).copied().unwrap_or_default()
    }
}

/// A row.
#[derive(Debug, Clone)]
pub(in crate::sync::tests) struct Row {
    pub address: &'static str,
    pub archives: bool,
    pub values: Vec<(&'static str, &'static str)>,
}

/// What HubSpot has: values by primary address, and whose the other addresses are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::sync::tests) struct Contacts {
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    pub others: BTreeMap<String, String>,
}

/// What a property has after a value is written to it.
pub(in crate::sync::tests) fn written(property: &str, has: &str, value: &str) -> String {
    match property {
        OPTIONS => {
            let earlier = if value.starts_with(';') { has } else { "" };
            let options: BTreeSet<&str> =
                earlier.split(';').chain(value.split(';')).filter(|one| !one.is_empty()).collect();
            options.into_iter().collect::<Vec<_>>().join(";")
        }
        "lifecyclestage" => {
            let rank = |stage: &str| STAGES.iter().position(|one| *one == stage);
            if rank(value) > rank(has) { value.to_owned() } else { has.to_owned() }
        }
        _ => value.to_owned(),
    }
}

impl Contacts {
    /// The primary address of the contact that has an address, or the address itself if there is none.
    pub(in crate::sync::tests) fn primary<'a>(&'a self, address: &'a str) -> &'a str {
        let other = self.others.get(address).filter(|primary| self.values.contains_key(*primary));
        if self.values.contains_key(address) { address } else { other.map_or(address, String::as_str) }
    }

    /// Writes a row, and says what becomes of it, with the reason where it is skipped; `written` is created or updated.
    pub(in crate::sync::tests) fn apply(&mut self, settings: &Settings, row: &Row) -> &'static str {
        let primary = self.primary(row.address).to_owned();
        let is_there = self.values.contains_key(&primary);
        if row.archives || settings.mode == Mode::Archive {
            return match is_there {
                false => "not_found",
                true if primary != row.address => "other_record",
                true => {
                    self.values.remove(&primary);
                    self.others.retain(|_, of| *of != primary);
                    "archived"
                }
            };
        }
        match settings.mode {
            Mode::UpdateOnly if !is_there => return "not_found",
            Mode::CreateOnly if is_there => return "exists",
            _ => {}
        }
        let contact = self.values.entry(primary).or_default();
        let (mut sent, mut held, mut same) = (0, 0, 0);
        for (property, value) in &row.values {
            let has = contact.get(*property).cloned().unwrap_or_default();
            let after = written(property, &has, value);
            let policy = settings.policy(property);
            let may = match policy {
                Policy::Overwrite => true,
                Policy::FillEmpty => has.is_empty(),
                Policy::OnlyOnCreate => !is_there,
            };
            let fills_nothing = policy == Policy::FillEmpty && has.is_empty() && value.is_empty();
            let is_same = settings.skips_unchanged && after == has && policy != Policy::OnlyOnCreate;
            if is_there && (is_same || fills_nothing) {
                same += 1;
            } else if may {
                sent += 1;
                contact.insert((*property).to_owned(), after);
            } else {
                held += 1;
            }
        }
        if !is_there {
            contact.entry("lifecyclestage".to_owned()).or_insert_with(|| DEFAULT_STAGE.to_owned());
        }
        contact.retain(|_, value| !value.is_empty());
        match (is_there, sent, held, same) {
            (false, ..) | (true, 1.., ..) => "written",
            (true, 0, 1.., 0) => "policy",
            (true, ..) => "unchanged",
        }
    }
}
