//! The account that the sandbox plays: its contacts, its properties, its tokens, and what was spent of its limits.
//!
//! What a request is answered is decided in `api`.

pub(crate) mod budget;
pub(crate) mod catalogue;
pub(crate) mod contact;
pub(crate) mod definition;
pub(crate) mod state;
pub(crate) mod store;
pub mod tokens;
pub(crate) mod value;
