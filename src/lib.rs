//! `destination-hubspot`: Airbyte records in, HubSpot contacts out.
//!
//! The library behind the binary of the same name; [`cli`] is its entrance. `docs/ARCHITECTURE.md` shows the way of a
//! record and where to look for what.

pub mod cli;
pub mod command;
pub mod config;
pub mod crm;
pub mod error;
pub mod hubspot;
pub mod io;
pub mod logging;
pub mod mapping;
pub mod prepare;
pub mod protocol;
pub mod rejects;
pub mod report;
pub mod sync;
pub mod text;

#[cfg(test)]
mod documentation;
