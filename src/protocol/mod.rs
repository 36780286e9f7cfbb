//! The Airbyte protocol as pure data: what arrives, what the catalog says, what goes out.
//!
//! Not here: where lines come from and go to (`io`), what is done with a message (`sync`), time (a parameter).

pub mod catalog;
pub mod emit;
pub mod error;
pub mod foreign;
mod json;
pub mod message;
