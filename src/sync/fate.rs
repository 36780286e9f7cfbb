//! The one fate that every record has, and the ticket by which it is told.

use crate::mapping::reason::Reason;

/// A record's claim to a fate. It comes back to the ledger exactly once; one that never does keeps its state unsaid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[must_use = "a record without a fate holds its state back"]
pub struct Ticket {
    /// The stream, by its place in the ledger.
    pub(super) stream: usize,
    /// The records between two states of the stream that this one belongs to.
    pub(super) stretch: u64,
    /// Whether the record is one of the first of its stream, on which a hopeless sync is recognised.
    pub(super) early: bool,
    /// The input line, for people.
    pub line: u64,
}

impl Ticket {
    /// The stream of the record, by its place in the ledger.
    pub fn stream(self) -> usize {
        self.stream
    }
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Created,
    Updated,
    /// Written as part of a later record of its key.
    Folded,
    Rejected(Rejection),
}

/// Why a record was rejected, with the number that HubSpot's support asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub reason: Reason,
    pub correlation_id: Option<String>,
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Self { reason, correlation_id: None }
    }
}
