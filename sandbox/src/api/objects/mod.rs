//! Contacts: batches to upsert, update, read and archive; two to merge, one to delete for good.
//!
//! `input` has the bodies, `plan` judges every input, `write` decides between whole-batch refusal and partial success and
//! carries out, `result` forms the answer. Who may call is checked between reading the body and everything else,
//! which is HubSpot's order.

pub(crate) mod archive;
mod input;
pub(crate) mod merge;
mod plan;
pub(crate) mod read;
mod result;
mod struck;
pub(crate) mod write;
