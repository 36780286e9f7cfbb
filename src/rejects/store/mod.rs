//! The object store: what waits for it, how objects are named, how they get there. Not here: what stands in a line.

mod answer;
pub mod client;
pub mod error;
pub mod names;
pub mod pending;
mod transport;
