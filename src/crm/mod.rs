//! What a CRM object is: its type, its properties and their options, its key, and which property a name means. Pure.
//!
//! Everything else stands on it. Not here: HubSpot's calls and bodies ([`crate::hubspot`]), and the records of a source
//! ([`crate::mapping`]).

pub mod choices;
pub mod definition;
pub mod key;
pub mod names;
pub mod object;
pub mod property;
pub mod same;
pub mod schema;
pub mod truth;
pub mod usual;
