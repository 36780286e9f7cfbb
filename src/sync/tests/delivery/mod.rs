//! One batch at a time: whatever HubSpot answers, each record gets the one fate that is true. Here: what these tests
//! share.

mod conflicts;
mod decisions;
mod effects;
mod folded;
mod look_ups;
mod modes;
mod properties;
mod refusals;
mod sent_again;
mod stages;
mod unaccounted;
mod unusable;
mod write_order;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::model::{Habits, HubSpot, Rules, Store, key, new_contact_stage, parsed, part, ticket};
use crate::{
    config::InvalidValues,
    crm::property::EMAIL,
    error::Failure,
    hubspot::{answer::BatchAnswer, batch_call::BatchCall, client::Reply, endpoint::Endpoint},
    mapping::reason::{Code, Reason},
    report::fate::Fate,
    sync::{
        delivery::{outcome::Outcome, pending::UnusableProperties, state::Delivery, steps::Step},
        input::{Batch, Input},
    },
};

type Properties<'a> = &'a [(&'a str, &'a str)];

/// No batch of a test may cost more requests.
const MOST_REQUESTS: usize = 2_000;

impl Outcome {
    fn fate(&self, line: u64) -> &Fate {
        self.fates.get(&ticket(line)).unwrap_or_else(|| panic!("the record of line {line} has no fate"))
    }

    fn rejected(&self, line: u64) -> Option<Code> {
        match self.fate(line) {
            Fate::Rejected(rejection) => Some(rejection.reason.code),
            Fate::Created
            | Fate::Updated
            | Fate::Unchanged
            | Fate::Archived
            | Fate::Folded
            | Fate::Skipped(_) => None,
        }
    }

    /// Values left out, with the lines of their records.
    fn left_out(&self) -> BTreeMap<Reason, Vec<u64>> {
        let mut left_out = BTreeMap::<Reason, Vec<u64>>::new();
        for (reason, ticket) in &self.notes.left_out {
            left_out.entry(reason.clone()).or_default().push(ticket.line);
        }
        left_out
    }

    /// How many records were written.
    fn accepted(&self) -> usize {
        self.fates.values().filter(|fate| !matches!(fate, Fate::Rejected(_))).count()
    }
}

/// The records, folded by their addresses in reading order, as one batch.
fn batch(records: &[(&str, Properties<'_>)], rules: Rules) -> Batch {
    let mut inputs: Vec<Input> = Vec::new();
    for (line, (address, properties)) in (1..).zip(records) {
        let part = part(line, properties);
        match inputs.iter_mut().find(|input| input.key.as_str() == *address) {
            Some(input) => input.parts.push(part),
            None => inputs.push(Input { key: key(address), archives: false, parts: vec![part] }),
        }
    }
    Batch { target: Arc::new(rules.target()), inputs }
}

fn delivery(records: &[(&str, Properties<'_>)], rules: Rules) -> Delivery {
    Delivery::new(batch(records, rules), UnusableProperties::new())
}

fn run_steps(
    mut delivery: Delivery,
    mut answer: impl FnMut(&Step) -> Reply<BatchAnswer>,
) -> Result<Outcome, Failure> {
    for _ in 0..MOST_REQUESTS {
        let step = delivery.next_step();
        if matches!(step, Step::Finished) {
            return Ok(delivery.finish());
        }
        if matches!(step, Step::Wait(_)) {
            continue;
        }
        delivery.answered(answer(&step))?;
    }
    panic!("more than {MOST_REQUESTS} requests for one batch");
}

fn ask(hubspot: &mut HubSpot, step: &Step) -> Reply<BatchAnswer> {
    match step {
        Step::Send(call) if is_look_up(call) => hubspot.read(&call.body),
        Step::Send(call) => hubspot.upsert(&call.body),
        Step::Wait(_) | Step::Fail(_) | Step::Finished => panic!("nothing is asked"),
    }
}

fn run(hubspot: &mut HubSpot, records: &[(&str, Properties<'_>)], rules: Rules) -> Result<Outcome, Failure> {
    run_steps(delivery(records, rules), |step| ask(hubspot, step))
}

fn is_look_up(call: &BatchCall) -> bool {
    matches!(call.endpoint, Endpoint::BatchRead(_))
}

fn is_read(step: &Step) -> bool {
    matches!(step, Step::Send(call) if is_look_up(call))
}

fn is_upsert(step: &Step) -> bool {
    matches!(step, Step::Send(call) if !is_look_up(call))
}

/// What the client makes of the body of a 2xx.
fn answered(body: &[u8]) -> Reply<BatchAnswer> {
    parsed(body)
}

fn hubspot(habits: Habits, store: Store) -> HubSpot {
    HubSpot::new(habits, store, 7)
}

fn with_stage(stage: &str) -> Rules {
    Rules { stage: Some(new_contact_stage(stage)), ..Rules::default() }
}

/// Whether a value that HubSpot refuses takes its record with it.
fn strict(strict: bool) -> Rules {
    let invalid_values = if strict { InvalidValues::RejectRecord } else { InvalidValues::DropValue };
    Rules { invalid_values, ..Rules::default() }
}

fn all_or_nothing() -> Habits {
    Habits { all_or_nothing: true, ..Habits::FRIENDLY }
}

/// The inputs of an upsert, by address.
fn inputs_of(step: &Step) -> BTreeMap<String, Value> {
    assert!(is_upsert(step), "{step:?} is no upsert");
    let Step::Send(call) = step else { unreachable!() };
    let request: Value = serde_json::from_slice(&call.body).unwrap();
    let inputs = request["inputs"].as_array().unwrap().iter();
    inputs.map(|input| (input["id"].as_str().unwrap().to_owned(), input["properties"].clone())).collect()
}

fn done(body: &Value) -> Reply<BatchAnswer> {
    answered(body.to_string().as_bytes())
}

/// An answer that accounts for every input of an upsert.
fn all_updated(step: &Step) -> Reply<BatchAnswer> {
    let results: Vec<Value> =
        inputs_of(step).keys().map(|address| json!({ "properties": { EMAIL: address } })).collect();
    done(&json!({ "results": results }))
}

/// Two contacts with several addresses and one with a single one.
fn store() -> Store {
    Store::with(&[
        &["anna@x.com", "anna@work.com", "anna@old.com"],
        &["ben@x.com", "ben@work.com"],
        &["cleo@x.com"],
    ])
}

/// A hundred records, the one at `place` with what is wrong.
fn hundred<'a>(
    place: usize,
    addresses: &'a [String],
    wrong: Properties<'a>,
) -> Vec<(&'a str, Properties<'a>)> {
    let properties = |index| if index == place { wrong } else { &[("phone", "1")] };
    addresses.iter().enumerate().map(|(index, address)| (address.as_str(), properties(index))).collect()
}

fn addresses() -> Vec<String> {
    (0..100).map(|number| format!("n{number}@x.com")).collect()
}
