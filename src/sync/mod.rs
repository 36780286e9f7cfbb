//! The write path: batches out, outcomes back, states acknowledged.
//!
//! [`batch`] gathers contacts, [`dispatch`] sends batches, [`isolate`] reads what HubSpot says to each input,
//! [`lifecycle`] finds out which contacts are new, [`ledger`] knows the fate of every record and which states are due,
//! [`streams`] has the plan of each stream, [`report`] counts, [`run`] ties them to input and output.

pub mod account;
pub mod alias;
pub mod announce;
pub mod batch;
pub mod dispatch;
pub mod fate;
pub mod isolate;
pub mod known;
pub mod ledger;
pub mod lifecycle;
pub mod outcome;
pub mod refusal;
pub mod report;
pub mod rules;
pub mod run;
pub mod slot;
pub mod streams;

#[cfg(test)]
mod tests;
