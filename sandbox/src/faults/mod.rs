//! Faults: the rules as data, which of them strikes a request, and how the answer then travels.
//!
//! What a fault changes about carrying a request out is in `api`, which knows HubSpot's answers.

pub(crate) mod delivery;
pub(crate) mod engine;
pub(crate) mod rule;
