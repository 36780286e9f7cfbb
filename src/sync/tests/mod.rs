//! Tests of the write path: its pure parts by themselves, and the whole of it against a model of HubSpot.

mod batch;
mod harness;
mod isolate;
mod ledger;
mod model;
mod run;
mod whole;
mod wire;
