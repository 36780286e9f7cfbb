//! A record in, a contact to upsert or a reason out. Pure: no clock, no network.
//!
//! [`portal`] holds what HubSpot knows, [`plan`] which field goes where, [`contact`] maps one record, [`value`] one
//! value, [`email`] the key.

pub mod contact;
pub mod email;
pub mod plan;
pub mod portal;
pub mod reason;
pub mod value;

#[cfg(test)]
mod tests;
