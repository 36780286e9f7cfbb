//! One batch on its way to HubSpot, until each of its records has its fate.
//!
//! [`send`] makes the requests that [`steps`] asks for and `requests` puts together. What an answer means: [`attribution`] for a 2xx, [`blame`] for a
//! reason; what follows from it: `refused`, `look_up`, [`write_order`], [`record_order`]. [`state`] is what they share, [`pending`] one
//! input, [`existence`] and [`found`] what is known of a record, [`effect`] what an input changes in it, [`mode`] what to do with it, [`operation`] how it is sent, [`outcome`] the end. Not here: which records share a batch, and when
//! states go out.

pub mod archive_allowance;
pub mod attribution;
pub mod blame;
pub mod effect;
pub mod existence;
pub mod found;
pub mod look_up;
pub mod mode;
pub mod operation;
pub mod outcome;
pub mod pending;
pub mod record_order;
pub mod refused;
mod requests;
pub mod send;
pub mod state;
pub mod steps;
pub mod write_order;
