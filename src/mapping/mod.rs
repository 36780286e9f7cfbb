//! A record in, a contact to upsert or a reason out. Pure: no clock, no network.
//!
//! [`mappings`] knows what the settings say, [`claim`] what a [`field`] wants, [`plan`] which one gets it, [`path`] leads into a
//! field, [`deletion`] knows the marks of deleted records, [`schema`] reads what the catalog promises, [`contact`] maps one
//! record, [`cell`] counts, [`value`] maps one value, [`creation`] the properties to make.

pub mod cell;
pub mod claim;
pub mod contact;
pub mod creation;
pub mod deletion;
pub mod field;
pub mod mappings;
pub mod path;
pub mod plan;
pub mod reason;
pub mod schema;
pub mod value;

#[cfg(test)]
mod tests;
