//! The sandbox over real HTTP, on the real clock: one module for each of its aspects.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod access;
mod changes;
mod conflicts;
mod contacts;
mod control;
mod creation;
mod faults;
mod item_faults;
mod limits;
mod merge_and_delete;
mod model;
mod partial;
mod program;
mod properties;
mod property_creation;
mod reading;
mod readme;
mod recycle_bin;
mod support;
mod unique_values;
mod values;
