//! The `spec` command: what this connector supports and how it is configured.
//!
//! Not here: the reading of a configuration, which is `config`'s, and the shape of the message, which is
//! `protocol`'s.

use crate::{
    io::output::{Output, OutputClosed},
    protocol::emit,
};

/// The `ConnectorSpecification` object of the `SPEC` message, written by hand in `spec.json`.
///
/// It is embedded as it stands, over several lines. That its schema and the configuration that is read agree
/// is tested in `config`.
pub const SPEC: &str = include_str!("../../spec.json");

/// Writes the `SPEC` message.
///
/// # Errors
///
/// If nobody reads standard output.
pub fn run(output: &Output) -> Result<(), OutputClosed> {
    output.line(&emit::spec(SPEC))
}
