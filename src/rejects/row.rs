//! A row as it came, for as long as it may have to be kept. Pure. Not here: the lines that keep it ([`super::line`]).

use serde_json::value::RawValue;

use crate::protocol::message::Record;

/// What a row takes in memory beyond its text, about.
const ROW_OVERHEAD: usize = 128;

/// A row as it came.
#[derive(Debug, Clone)]
pub struct Row {
    /// The `record` of its message, byte for byte.
    pub record: Box<RawValue>,
    /// How often it was rejected before, as its message says.
    pub attempts: u64,
}

impl Row {
    pub fn of(record: &Record<'_>) -> Self {
        let attempts = record.sent_again.as_ref().map_or(0, |again| again.attempts);
        Self { record: record.raw.to_owned(), attempts }
    }

    /// What it takes in memory, about.
    pub fn bytes(&self) -> usize {
        self.record.get().len() + ROW_OVERHEAD
    }
}
