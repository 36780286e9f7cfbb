//! Usual names of columns: what other tools call the values that HubSpot has properties for. Pure.
//!
//! The table itself is `usual_names.txt`. Not here: names that are like a property's own name or label, which come first
//! ([`super::names`]).

use std::{collections::HashMap, sync::LazyLock};

use crate::text::normal;

const TABLE: &str = include_str!("usual_names.txt");

/// What a usual name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usual {
    /// In all tools that use it, it is what this property holds.
    Means(&'static str),
    /// It means one thing here and another there: only a person can tell which of these properties it is, if any.
    MayMean(Vec<&'static str>),
}

/// One line of the table.
#[derive(Debug)]
struct Entry {
    name: &'static str,
    usual: Usual,
    /// The tools that use it so, for those who read the table.
    #[cfg(test)]
    sources: &'static str,
}

/// The lines of the table, in their order.
fn entries() -> impl Iterator<Item = Entry> {
    TABLE.lines().filter_map(|line| {
        let line = line.trim();
        if line.starts_with('#') {
            return None;
        }
        let mut columns = line.split('|').map(str::trim);
        let (name, properties) = (columns.next()?, columns.next()?);
        let list =
            |text: &'static str| text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        let usual = match properties.strip_prefix('?') {
            None => Usual::Means(properties),
            Some(properties) => Usual::MayMean(list(properties)),
        };
        Some(Entry {
            name,
            usual,
            #[cfg(test)]
            sources: columns.next()?,
        })
    })
}

/// What a name, in its normal form, usually says.
pub fn usual(normal_name: &str) -> Option<&'static Usual> {
    static BY_NAME: LazyLock<HashMap<String, Usual>> =
        LazyLock::new(|| entries().map(|entry| (normal(entry.name), entry.usual)).collect());
    BY_NAME.get(normal_name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The contact properties of the local HubSpot, which are those of a new account: internal name, label.
    fn properties() -> Vec<(String, String)> {
        let list: serde_json::Value =
            serde_json::from_str(include_str!("../../sandbox/data/contact-properties.json")).unwrap();
        let text =
            |one: &serde_json::Value, member: &str| one[member].as_str().unwrap_or_default().to_owned();
        list["properties"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (text(one, "name"), text(one, "label")))
            .collect()
    }

    #[test]
    fn every_line_is_an_entry_with_sources_and_no_name_is_there_twice() {
        let lines = TABLE.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).count();
        assert_eq!(entries().count(), lines);
        let mut seen = HashSet::new();
        for entry in entries() {
            assert!(!entry.sources.is_empty(), "{}", entry.name);
            assert!(seen.insert(normal(entry.name)), "{} is there twice", entry.name);
        }
    }

    #[test]
    fn what_a_name_means_exists_and_the_name_shadows_no_property() {
        let properties = properties();
        let names: HashSet<&str> = properties.iter().map(|(name, _)| name.as_str()).collect();
        let known: HashSet<String> =
            properties.iter().flat_map(|(name, label)| [normal(name), normal(label)]).collect();
        for entry in entries() {
            let (means, may_mean) = match &entry.usual {
                Usual::Means(property) => (Some(*property), &[][..]),
                Usual::MayMean(properties) => (None, &properties[..]),
            };
            for property in means.iter().chain(may_mean) {
                assert!(names.contains(property), "{} means {property}, which does not exist", entry.name);
            }
            if means.is_some() {
                assert!(
                    !known.contains(&normal(entry.name)),
                    "{} is the name or label of a property",
                    entry.name
                );
                assert!(!means.is_some_and(|property| property.starts_with("hs_")), "{}", entry.name);
            } else {
                assert!(!may_mean.is_empty(), "{}", entry.name);
            }
        }
    }

    #[test]
    fn another_address_than_the_contacts_never_becomes_the_key() {
        for name in ["user_email", "owner_email", "billing_email", "work_email", "agent_email", "cc_email"] {
            assert!(!matches!(usual(&normal(name)), Some(Usual::Means("email"))), "{name}");
        }
    }
}
