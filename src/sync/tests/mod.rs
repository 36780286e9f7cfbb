//! Tests of the write path: its pure parts by themselves, and the whole of it against a model of HubSpot.

mod batcher;
mod delivery;
mod harness;
mod ledger;
mod model;
mod run;
mod targets;
mod whole;
mod wire;
