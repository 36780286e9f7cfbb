//! The one fate that every record has, and the ticket by which it is told.

use crate::mapping::reason::{Code, Reason};

/// Identifies one record until its outcome is known. It comes back to the ledger exactly once; a ticket that never does keeps its
/// state from going out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[must_use = "a record without a fate holds its state back"]
pub struct Ticket {
    /// The stream, by its place in the ledger.
    pub(crate) stream: usize,
    /// The records between two states of the stream that this one belongs to.
    pub(crate) interval: u64,
    /// Whether the record was read before its stream could be found to be wrongly set up, so that the verdict waits for it.
    pub(crate) among_first: bool,
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
    /// The source, or a setting, says that it is not to be written.
    Skipped(Reason),
    Rejected(Rejection),
}

impl Fate {
    /// The fate of a record that is no contact for this reason.
    pub fn of_unmapped(reason: Reason) -> Self {
        match reason.code {
            Code::DeletedInSource => Self::Skipped(reason),
            _ => Self::Rejected(reason.into()),
        }
    }
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
