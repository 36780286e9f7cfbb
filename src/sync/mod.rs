//! The write path: batches out, outcomes back, states acknowledged.
//!
//! [`intake`] takes lines, [`streams`] has the plan of each stream, [`batcher`] gathers inputs, [`delivery`] brings a batch to
//! HubSpot, [`books`] books the fate of each record, [`ledger`] knows which states are due, [`evidence`] whether HubSpot judges records at all, [`known`] which records exist,
//! [`run`] ties them to input and output.

pub mod batcher;
pub mod books;
pub mod delivery;
pub mod error;
pub mod evidence;
pub mod input;
pub mod intake;
pub mod known;
pub mod ledger;
pub mod run;
pub mod streams;

#[cfg(test)]
mod tests;
