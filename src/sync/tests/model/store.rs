//! What HubSpot holds: contacts with their addresses, and what a write makes of their properties. It refuses nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::crm::property::{EMAIL, LIFECYCLE_STAGE};

/// The stages of the account, in the order of a contact's life.
pub(in crate::sync::tests) const STAGES: [&str; 5] =
    ["subscriber", "lead", "opportunity", "customer", "evangelist"];
/// What HubSpot makes of a new contact by itself.
const DEFAULT_STAGE: &str = "lead";
/// The property that holds several options.
pub(in crate::sync::tests) const OPTIONS: &str = "options";

/// One contact of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sync::tests) struct Row {
    /// The primary address first.
    pub addresses: Vec<String>,
    pub properties: BTreeMap<String, String>,
}

/// All contacts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::sync::tests) struct Store {
    pub rows: Vec<Row>,
}

impl Store {
    pub(in crate::sync::tests) fn with(contacts: &[&[&str]]) -> Self {
        let row = |addresses: &&[&str]| Row {
            addresses: addresses.iter().map(|&address| address.to_owned()).collect(),
            properties: BTreeMap::from([(LIFECYCLE_STAGE.to_owned(), DEFAULT_STAGE.to_owned())]),
        };
        Self { rows: contacts.iter().map(row).collect() }
    }

    pub(super) fn place(&self, address: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.addresses.iter().any(|one| one == address))
    }

    pub(in crate::sync::tests) fn get(&self, address: &str) -> Option<&Row> {
        self.place(address).and_then(|place| self.rows.get(place))
    }

    pub(in crate::sync::tests) fn value(&self, address: &str, property: &str) -> Option<&str> {
        self.get(address)?.properties.get(property).map(String::as_str)
    }

    /// Writes one contact as HubSpot does. `true`: it is new.
    pub(in crate::sync::tests) fn upsert<'a>(
        &mut self,
        address: &str,
        properties: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> bool {
        let known = self.place(address);
        let place = known.unwrap_or_else(|| {
            self.rows.push(Row { addresses: vec![address.to_owned()], properties: BTreeMap::new() });
            self.rows.len() - 1
        });
        let stored = &mut self.rows[place].properties;
        for (name, value) in properties {
            match name {
                EMAIL => {}
                LIFECYCLE_STAGE => forward(stored, value),
                OPTIONS => choose(stored, value),
                _ => {
                    stored.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        if known.is_none() {
            stored.entry(LIFECYCLE_STAGE.to_owned()).or_insert_with(|| DEFAULT_STAGE.to_owned());
        }
        known.is_none()
    }

    /// The contacts without their stages, in the order of their primary addresses.
    pub(in crate::sync::tests) fn without_stages(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let row = |row: &Row| {
            let mut properties = row.properties.clone();
            properties.remove(LIFECYCLE_STAGE);
            (row.addresses[0].clone(), properties)
        };
        self.rows.iter().map(row).collect()
    }
}

/// A stage moves forward only; a move backwards is ignored in silence.
fn forward(stored: &mut BTreeMap<String, String>, stage: &str) {
    let rank = |stage: &str| STAGES.iter().position(|one| *one == stage);
    let present = stored.get(LIFECYCLE_STAGE).and_then(|present| rank(present));
    if rank(stage) > present {
        stored.insert(LIFECYCLE_STAGE.to_owned(), stage.to_owned());
    }
}

/// Options are a set; a leading `;` adds to it.
fn choose(stored: &mut BTreeMap<String, String>, value: &str) {
    let earlier = stored.get(OPTIONS).filter(|_| value.starts_with(';')).map_or("", String::as_str);
    let options: BTreeSet<&str> =
        earlier.split(';').chain(value.split(';')).filter(|one| !one.is_empty()).collect();
    let options = options.into_iter().collect::<Vec<_>>().join(";");
    stored.insert(OPTIONS.to_owned(), options);
}
