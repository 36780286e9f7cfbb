//! What became of the records, and how it is told: fates, counts, and the log lines of plans and of the end.
//!
//! Not here: who decides a fate ([`crate::sync`]).

pub mod counts;
pub mod fate;
pub mod json;
pub mod log;
pub mod plan_log;
pub mod table;
