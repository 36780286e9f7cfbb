//! What all batches have in common: the limit of inputs, ids that must differ, and the envelope of the answer.
//!
//! What is in the envelope is up to each endpoint.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::{clock, failure::Failure, reply::Reply};

/// Largest number of inputs in a batch.
pub(crate) const MAX_INPUTS: usize = 100;

/// The envelope of a batch's answer: `success`, or 207 with errors.
pub(crate) fn envelope(started: i64, success: u16, results: Vec<Value>, errors: Vec<Value>) -> Reply {
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
    put("status", json!("COMPLETE"));
    put("startedAt", json!(clock::iso(started)));
    put("completedAt", json!(clock::iso(clock::now())));
    put("results", Value::Array(results));
    let status = if errors.is_empty() { success } else { 207 };
    if status == 207 {
        put("numErrors", json!(errors.len()));
        put("errors", Value::Array(errors));
    }
    Reply::json(status, &Value::Object(body))
}

/// Refuses a batch of more inputs than allowed.
pub(crate) fn check_count(count: usize, limit: usize) -> Result<(), Failure> {
    if count <= limit {
        return Ok(());
    }
    Err(Failure::validation(format!(
        "The maximum number of inputs supported in a batch is {limit}. Please reduce the number of items and try again"
    )))
}

/// Refuses a batch in which an id occurs twice.
pub(crate) fn check_duplicates<'a>(
    ids: impl Iterator<Item = &'a str>,
    ignore_case: bool,
) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    let mut duplicates: Vec<&str> = Vec::new();
    for id in ids {
        let key = if ignore_case { id.to_lowercase() } else { id.to_owned() };
        if !seen.insert(key) && !duplicates.contains(&id) {
            duplicates.push(id);
        }
    }
    if duplicates.is_empty() {
        return Ok(());
    }
    let list = duplicates.join(", ");
    let message = format!("Duplicate IDs found in batch input: [{list}]. IDs must be unique");
    Err(Failure::validation(message).context("ids", duplicates))
}
