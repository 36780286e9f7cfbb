//! Fates and counts, and how they are told: log lines, the table at a terminal, the JSON of a report.
//!
//! Not here: who decides a fate ([`crate::sync`]).

pub mod counts;
pub mod fate;
pub mod json;
pub mod log;
pub mod plan_log;
pub mod table;
