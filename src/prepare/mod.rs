//! All that is asked of HubSpot, made there and planned before the first record. Not here: the sync itself, and what a
//! command prints.

pub mod connect;
pub mod create;
pub mod doubts;
pub mod error;
pub mod learn;
pub mod permissions;
pub mod plans;
pub mod stage;
