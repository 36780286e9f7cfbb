//! Tests of the write path's pure parts: each by itself, and all together against a model of HubSpot.

mod batch;
mod isolate;
mod ledger;
mod model;
mod whole;
