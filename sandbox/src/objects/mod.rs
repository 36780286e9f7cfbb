//! Contacts: batches to upsert, update, read and archive; two to merge, one to delete for good.
//!
//! `input` reads the body, `plan` judges every input, `write` decides between whole-batch refusal and partial success and
//! carries out, `result` forms the answer. Who may call is checked between reading the body and everything else,
//! which is HubSpot's order.

pub(crate) mod archive;
pub(crate) mod input;
pub(crate) mod merge;
mod plan;
pub(crate) mod read;
mod result;
pub(crate) mod write;

pub(crate) use plan::conflict;
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
    let mut seen = std::collections::HashSet::new();
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

/// Refuses an upsert or update by a property whose values are not unique.
pub(crate) fn not_unique(property: &str, portal_id: u64) -> Failure {
    Failure::validation(format!(
        "Unable to perform update/upsert by non-unique 0-1 property {property} in portal ID {portal_id}"
    ))
}

/// The entry for ids that belong to no contact. It names the ids, not the inputs.
pub(crate) fn not_found<'a>(ids: impl IntoIterator<Item = &'a str>) -> Failure {
    Failure::new(
        404,
        "OBJECT_NOT_FOUND",
        "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.",
    )
    .context("ids", ids)
}
