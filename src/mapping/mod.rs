//! A record in, a contact to upsert or a reason out. Pure: no clock, no network.
//!
//! [`portal`] holds what HubSpot knows, [`names`] and [`usual`] which property a name means, [`mappings`] what the settings
//! say, [`claim`] what a [`field`] wants, [`plan`] which one gets it, [`path`] leads into a field, [`deletion`] knows the marks of deleted records,
//! [`schema`] reads what the catalog promises, [`contact`] maps one record, [`cell`] counts, [`value`] maps one value,
//! [`choices`] the options of a property, [`email`] the key, [`creation`] the properties to make.

pub mod cell;
pub mod choices;
pub mod claim;
pub mod contact;
pub mod creation;
pub mod deletion;
pub mod email;
pub mod field;
pub mod mappings;
pub mod names;
pub mod path;
pub mod plan;
pub mod portal;
pub mod reason;
pub mod schema;
pub mod usual;
pub mod value;

#[cfg(test)]
mod tests;
