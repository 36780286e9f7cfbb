//! Tests of what answers mean, and of calls as a whole.

mod client;
mod retry;
