//! Properties of contacts over HTTP: listing, creating and archiving them, and their groups.
//!
//! The definitions themselves are in `account::catalogue`.

pub(crate) mod create;
pub(crate) mod list;
