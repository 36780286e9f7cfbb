//! HubSpot's API: what each request is answered, without sockets and without waiting.
//!
//! `pipeline` has the order of the checks and leads to one function an endpoint. What is remembered is in `account`.

mod batch;
pub(crate) mod body;
mod call;
mod details;
mod effect;
mod hint;
mod objects;
pub(crate) mod pipeline;
mod properties;
mod refusal;
mod replacement;
