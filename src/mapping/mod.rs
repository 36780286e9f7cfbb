//! A record in, a change to one CRM record, or a reason, out. Pure: no clock, no network.
//!
//! [`mappings`] knows what the settings say, [`claim`] what a [`field`] wants, [`plan`] which one gets it, [`path`] leads into a
//! field, [`deletion`] knows the marks of deleted records, [`json_schema`] reads what the catalog promises, [`record`] maps one
//! record into a [`change`], [`cell`] counts, [`value`] maps one value, [`creation`] the properties to make.

pub mod cell;
pub mod change;
pub mod claim;
pub mod creation;
pub mod deletion;
pub mod error;
pub mod field;
pub mod json_schema;
pub mod mappings;
pub mod path;
mod paths_inside;
pub mod plan;
pub mod reason;
pub mod record;
pub mod target;
pub mod targets;
pub mod value;

#[cfg(test)]
mod tests;
