//! A record in, a contact to upsert or a reason out. Pure: no clock, no network.
//!
//! [`portal`] holds what HubSpot knows, [`plan`] which field goes where, [`contact`] maps one record, [`value`] one
//! value, [`choices`] the options of a property, [`email`] the key, [`schema`] what the catalog says of a field.

pub mod choices;
pub mod contact;
pub mod creation;
pub mod email;
pub mod plan;
pub mod portal;
pub mod reason;
pub mod schema;
pub mod value;

#[cfg(test)]
mod tests;
