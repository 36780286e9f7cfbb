//! A row as it came, for as long as it may have to be kept. Pure. Not here: the lines that keep it ([`super::line`]).

use serde_json::value::RawValue;

use crate::protocol::message::{Record, SentAgain};

/// What a row takes in memory beyond its text, about.
const ROW_OVERHEAD: usize = 128;

/// A row as it came.
#[derive(Debug, Clone)]
pub struct Row {
    /// The `record` of its message, byte for byte.
    pub record: Box<RawValue>,
    /// What its message says if it was rejected before.
    pub sent_again: Option<SentAgain>,
}

impl Row {
    pub fn of(record: &Record<'_>) -> Self {
        Self { record: record.raw.to_owned(), sent_again: record.sent_again }
    }

    /// What it takes in memory, about.
    pub fn bytes(&self) -> usize {
        self.record.get().len() + ROW_OVERHEAD
    }
}
