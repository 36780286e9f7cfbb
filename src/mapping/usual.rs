//! Usual names of columns: what other tools call the values that HubSpot has properties for. Pure.
//!
//! The table itself is `usual_names.txt`. Not here: names that are like a property's own name or label, which come first
//! ([`super::names`]).

use std::{collections::HashMap, sync::LazyLock};

use super::names::normal;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: &'static str,
    pub usual: Usual,
    /// The tools that use it so.
    pub sources: Vec<&'static str>,
}

/// The lines of the table, in their order.
pub fn entries() -> impl Iterator<Item = Entry> {
    TABLE.lines().filter_map(|line| {
        let line = line.trim();
        if line.starts_with('#') {
            return None;
        }
        let mut columns = line.split('|').map(str::trim);
        let (name, properties, sources) = (columns.next()?, columns.next()?, columns.next()?);
        let list =
            |text: &'static str| text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        let usual = match properties.strip_prefix('?') {
            None => Usual::Means(properties),
            Some(properties) => Usual::MayMean(list(properties)),
        };
        Some(Entry { name, usual, sources: list(sources) })
    })
}

/// What a name, in its normal form, usually says.
pub fn usual(normal_name: &str) -> Option<&'static Usual> {
    static BY_NAME: LazyLock<HashMap<String, Usual>> =
        LazyLock::new(|| entries().map(|entry| (normal(entry.name), entry.usual)).collect());
    BY_NAME.get(normal_name)
}
