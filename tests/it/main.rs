//! The built connector against the sandbox, and what holds for the repository as a whole.
//!
//! One binary for all of them, so that linking is paid once. [`support`] runs the connector.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod airbyte_suites;
mod answers;
mod cells;
mod check;
mod discover;
mod documentation;
mod ends;
mod findable;
mod folding;
mod hostile_text;
mod layering;
mod mapping;
mod memory;
mod model;
mod modes;
mod modes_page;
mod network;
mod operators;
mod panics;
mod paths;
mod plans;
mod protocol;
mod readme;
mod rejects;
mod report;
mod rows;
mod secrets;
mod settings;
mod soak;
mod sources;
mod states;
mod store;
mod strict;
mod support;
mod unknown_fields;
mod upgrade;
mod whole_runs;
mod write;
mod wrong_streams;
