//! The write path: batches out, outcomes back, states acknowledged.
//!
//! [`batcher`] gathers inputs, [`delivery`] brings a batch to HubSpot, [`ledger`] knows the fate of every record and which
//! states are due, [`known`] which contacts exist, [`streams`] has the plan of each stream, [`run`] ties them to input and
//! output.

pub mod batcher;
pub mod delivery;
pub mod error;
pub mod input;
pub mod known;
pub mod ledger;
pub mod run;
pub mod streams;

#[cfg(test)]
mod tests;
