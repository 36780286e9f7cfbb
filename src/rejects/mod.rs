//! Where rejected rows are kept. Not here: which rows are rejected, and what waits until they are kept.

pub mod store;
