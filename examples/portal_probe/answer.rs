//! An answer of HubSpot's, and how it is shown: status, codes and structure, never a text or a value.

use std::collections::BTreeSet;

use bytes::Bytes;
use destination_hubspot::{
    crm::property::{EMAIL, LIFECYCLE_STAGE},
    hubspot::{
        answer::{BatchAnswer, BatchResult},
        error_body::ErrorBody,
    },
};
use serde_json::Value;

use crate::wire::Failed;

/// An answer with its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Bytes,
}

/// What two answers must have in common to count as the same refusal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    status: u16,
    category: Option<String>,
    context: BTreeSet<String>,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether HubSpot refused the whole request for what it holds.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.status, 400 | 409)
    }

    /// Whether it tells what became of the inputs: a refusal of all, or a word about single ones.
    pub(crate) fn tells_of_inputs(&self) -> bool {
        let batch = self.batch();
        self.is_refusal() || (self.is_success() && batch.results.len() + batch.errors.len() > 0)
    }

    /// The same, as a step on the way to a verdict.
    pub(crate) fn telling(self) -> Result<Self, Failed> {
        if self.tells_of_inputs() {
            return Ok(self);
        }
        Err(Failed::unexpected("the last answer does not tell what became of the inputs"))
    }

    /// Whether the request was refused for itself, so that no input was looked at. After the statuses that are left out,
    /// some may have been.
    pub(crate) fn is_before_any_input(&self) -> bool {
        (400..500).contains(&self.status) && !matches!(self.status, 408 | 409 | 499)
    }

    pub(crate) fn batch(&self) -> BatchAnswer {
        BatchAnswer::parse(&self.body, &[EMAIL.into(), LIFECYCLE_STAGE.into()]).unwrap_or_default()
    }

    pub(crate) fn error(&self) -> ErrorBody {
        ErrorBody::parse(&self.body).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The results of a batch of which everything was expected to work.
    pub(crate) fn results(&self, expected: usize) -> Result<Vec<BatchResult>, Failed> {
        let results = self.batch().results;
        if self.is_success() && results.len() == expected {
            return Ok(results);
        }
        Err(Failed::unexpected(format!("{expected} results were expected; came {}", self.describe())))
    }

    /// Whether the only input of a batch was refused; `None` if the answer does not tell.
    pub(crate) fn refuses_its_input(&self) -> Option<bool> {
        if self.is_refusal() {
            return Some(true);
        }
        let batch = self.batch();
        match (self.is_success(), batch.results.len(), batch.errors.len()) {
            (true, 1, 0) => Some(false),
            (true, 0, 1..) => Some(true),
            _ => None,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        let error = self.error();
        Kind {
            status: self.status,
            category: error.category().map(str::to_owned),
            context: error.context.0.into_keys().collect(),
        }
    }

    /// Status, codes and structure in a line.
    pub(crate) fn describe(&self) -> String {
        let mut parts = vec![self.status.to_string()];
        if let Some(pause) = &self.retry_after {
            let is_number = pause.trim().parse::<f64>().is_ok();
            parts.push(format!("Retry-After as {}", if is_number { "seconds" } else { "text" }));
        }
        if self.is_success() {
            parts.extend(self.describe_batch());
        } else {
            parts.push(describe_error(&self.error()));
        }
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
    }

    fn describe_batch(&self) -> Vec<String> {
        let batch = self.batch();
        let mut parts = Vec::new();
        if let Some(first) = self.json().pointer("/results/0").and_then(Value::as_object) {
            let created = batch.results.iter().filter(|result| result.new).count();
            let members: Vec<&str> = first.keys().map(String::as_str).filter(|name| is_word(name)).collect();
            parts.push(format!(
                "{} result(s), {created} new, with {}",
                batch.results.len(),
                members.join(" ")
            ));
        } else if self.json().get("results").is_some() {
            parts.push("no results".to_owned());
        }
        parts.extend(batch.errors.iter().map(|error| format!("error: {}", describe_error(error))));
        parts
    }
}

/// Category, codes, and which members the context has: `VALIDATION_ERROR (INVALID_EMAIL) about objectWriteTraceId`.
fn describe_error(error: &ErrorBody) -> String {
    let mut codes: BTreeSet<String> =
        error.property_faults().into_iter().map(|fault| fault.code).filter(|code| !code.is_empty()).collect();
    let further = [&error.sub_category, &error.policy_name];
    codes.extend(
        further
            .into_iter()
            .filter_map(|code| code.as_deref())
            .filter(|code| is_word(code))
            .map(str::to_owned),
    );
    let about: Vec<String> = error
        .context
        .0
        .iter()
        .filter(|(name, _)| is_word(name))
        .map(|(name, texts)| format!("{name}×{}", texts.0.len()))
        .collect();
    let mut parts = vec![error.category().unwrap_or("no category").to_owned()];
    if !codes.is_empty() {
        parts.push(format!("({})", codes.into_iter().collect::<Vec<_>>().join(" ")));
    }
    if !about.is_empty() {
        parts.push(format!("about {}", about.join(" ")));
    }
    parts.join(" ")
}

/// Whether a text is a name of HubSpot's own, and so no value.
pub(crate) fn is_word(text: &str) -> bool {
    text.len() <= 80 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}
