//! Tests of what is sent and what answers mean, and of calls as a whole.

mod bodies;
mod client;
mod error_bodies;
mod retry;
mod script;
mod unknown;
