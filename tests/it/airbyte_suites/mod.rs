//! The scenarios of Airbyte's own test suites for destinations, played against the built connector.
//!
//! Each test has the name of its original in Airbyte's bulk CDK (`SpecTest`, `CheckIntegrationTest`,
//! `DiscoverIntegrationTest`, `BasicFunctionalityIntegrationTest`, `UncleanSyncEndBehavior`, `DlqWriteTest`). The originals look
//! into tables; here each row is a person with an address, and HubSpot's contacts are looked at. Where an upsert of contacts has to
//! answer otherwise than a table would, the test says so. Left out is what this connector does not declare: files, sockets.
//!
//! Here is what the suites share: streams, lines, and the ways in which a sync ends.

mod ends;
mod schemas;
mod types;
mod verbs;
mod write;

use std::collections::BTreeMap;

use hubspot_sandbox::Sandbox;
use serde_json::{Value, json};

use super::support::{Connector, Outcome, Running, is_state};

/// What the suites send again and again while they wait for a state.
const NOISE: &str = "{\"type\":\"TRACE\",\"trace\":{\"type\":\"ANALYTICS\",\"emitted_at\":0.0,\"analytics\":{\"type\":\"foo\",\"value\":\"bar\"}}}\n";

/// A stream of the catalog, with what the platform says of it.
#[derive(Clone, Debug)]
struct Stream {
    namespace: Option<String>,
    name: String,
    fields: Value,
    mode: &'static str,
    primary_key: Value,
    cursor: Vec<&'static str>,
    generation_id: u64,
    minimum_generation_id: u64,
    sync_id: u64,
}

impl Stream {
    /// A deduplicated stream of people with the address, and a name.
    fn new(name: &str) -> Self {
        Self {
            namespace: Some("test20261123abcd".to_owned()),
            name: name.to_owned(),
            fields: json!({ "email": text(), "firstname": text() }),
            mode: "append_dedup",
            primary_key: json!([["email"]]),
            cursor: Vec::new(),
            generation_id: 0,
            minimum_generation_id: 0,
            sync_id: 42,
        }
    }

    fn fields(mut self, fields: Value) -> Self {
        self.fields = fields;
        self
    }

    fn namespace(mut self, namespace: Option<&str>) -> Self {
        self.namespace = namespace.map(str::to_owned);
        self
    }

    /// The same stream in a sync of this generation that keeps only generations from the minimum on.
    fn generation(&self, id: u64, minimum: u64) -> Self {
        Self { generation_id: id, minimum_generation_id: minimum, ..self.clone() }
    }

    fn configured(&self) -> Value {
        json!({
            "stream": {
                "name": self.name, "namespace": self.namespace,
                "json_schema": { "type": "object", "properties": self.fields },
                "supported_sync_modes": ["full_refresh", "incremental"],
            },
            "sync_mode": "incremental", "destination_sync_mode": self.mode,
            "primary_key": self.primary_key, "cursor_field": self.cursor,
            "generation_id": self.generation_id, "minimum_generation_id": self.minimum_generation_id,
            "sync_id": self.sync_id,
        })
    }

    fn descriptor(&self) -> Value {
        let mut descriptor = json!({ "name": self.name });
        if let Some(namespace) = &self.namespace {
            descriptor["namespace"] = json!(namespace);
        }
        descriptor
    }

    /// A record, at a moment of extraction that means nothing to HubSpot.
    fn record(&self, data: Value) -> String {
        let mut record = json!({ "stream": self.name, "emitted_at": 1234 });
        if let Some(namespace) = &self.namespace {
            record["namespace"] = json!(namespace);
        }
        record["data"] = data;
        line("RECORD", "record", &record)
    }

    /// A record of somebody with the address `id<number>@example.com`.
    fn person(&self, number: u32, name: &str) -> String {
        self.record(json!({ "email": address(number), "firstname": name }))
    }

    /// A state after this many records, as the suites send it: without the platform's number.
    fn checkpoint(&self, blob: &Value, records: f64) -> String {
        line("STATE", "state", &self.state(blob, records))
    }

    fn state(&self, blob: &Value, records: f64) -> Value {
        json!({
            "type": "STREAM",
            "stream": { "stream_descriptor": self.descriptor(), "stream_state": blob },
            "sourceStats": { "recordCount": records },
        })
    }

    /// The source's word that the stream is complete.
    fn complete(&self) -> String {
        let status = json!({ "stream_descriptor": self.descriptor(), "status": "COMPLETE" });
        let trace = json!({ "type": "STREAM_STATUS", "emitted_at": 1_234.0, "stream_status": status });
        line("TRACE", "trace", &trace)
    }
}

fn line(kind: &str, member: &str, payload: &Value) -> String {
    format!("{{\"type\":\"{kind}\",\"{member}\":{payload}}}\n")
}

/// A schema of texts.
fn text() -> Value {
    json!({ "type": ["null", "string"] })
}

fn address(number: u32) -> String {
    format!("id{number}@example.com")
}

/// The connector as the suites start it: relative names of files, and the variables of their container.
fn connector(sandbox: &Sandbox, streams: &[Stream]) -> Connector {
    let streams: Vec<Value> = streams.iter().map(Stream::configured).collect();
    Connector::new(sandbox)
        .in_job_directory()
        .catalog(json!({ "streams": streams }))
        .variable("DEPLOYMENT_MODE", "OSS")
        .variable("WORKER_JOB_ID", "0")
        .variable("AIRBYTE_DESTINATION_RECORD_BATCH_SIZE_OVERRIDE", "1")
}

/// Runs a sync that ends as it should: every stream complete, then the end of the input.
#[track_caller]
fn run_sync(sandbox: &Sandbox, streams: &[Stream], lines: &str) -> Outcome {
    run_to_its_end(&connector(sandbox, streams), streams, lines)
}

#[track_caller]
fn run_to_its_end(connector: &Connector, streams: &[Stream], lines: &str) -> Outcome {
    let statuses: String = streams.iter().map(Stream::complete).collect();
    let outcome = connector.write(&(lines.to_owned() + &statuses));
    outcome.assert_success();
    outcome
}

/// Runs a sync until its state has come back, under a stream of lines that mean nothing, with the input still open.
fn run_until_state(connector: &Connector, lines: &str) -> (Value, Running) {
    let mut running = connector.start("write");
    running.send(lines);
    let state = running.send_until(NOISE, is_state);
    let mut message: Value = serde_json::from_str(&state).unwrap();
    (message["state"].take(), running)
}

/// The name of each person by address.
fn names(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let name = |contact: &hubspot_sandbox::Contact| contact.property("firstname").unwrap_or("").to_owned();
    sandbox.contacts().iter().map(|contact| (contact.email.clone(), name(contact))).collect()
}

/// People with their names, to compare with [`names`].
fn people<const N: usize>(people: [(u32, &str); N]) -> BTreeMap<String, String> {
    people.into_iter().map(|(number, name)| (address(number), name.to_owned())).collect()
}
