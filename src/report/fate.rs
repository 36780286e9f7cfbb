//! The one fate that every record has, and the ticket by which it is told. Pure.

use crate::mapping::reason::{Blames, Reason};

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
    /// The record's number within its stream, from 1.
    pub number: u64,
    /// The input line, for log messages.
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
    /// HubSpot has all of it already: nothing was sent.
    Unchanged,
    /// Its record of the CRM is in HubSpot's recycle bin.
    Archived,
    /// Written as part of a later record of its key.
    Folded,
    /// The source, or a setting, says that it is not to be written.
    Skipped(Reason),
    Rejected(Rejection),
}

impl Fate {
    /// The fate of a record that was not mapped for this reason.
    pub fn of_unmapped(reason: Reason) -> Self {
        match reason.code.blames() {
            Blames::Nobody => Self::Skipped(reason),
            Blames::Row | Blames::SetUp => Self::Rejected(reason.into()),
        }
    }
}

/// Why a record was rejected, on whose word, with the number that HubSpot's support asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub reason: Reason,
    pub correlation_id: Option<String>,
    pub grounds: Grounds,
}

/// What a rejection rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grounds {
    /// The connector's own judgement: HubSpot was not asked.
    Ours,
    /// HubSpot's word on this record: it named a property, a value or the record.
    OfRecord,
    /// HubSpot refused and named nothing, so that the request may be at fault.
    General,
    /// HubSpot never said what became of the record.
    Unanswered,
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Self { reason, correlation_id: None, grounds: Grounds::Ours }
    }
}

/// How a fate counts in the statistics of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountsAs {
    /// HubSpot was sent it, by itself or as part of another record.
    Written,
    /// Nothing was sent, since nothing had to be. Nothing is lost, and the source need not send it again.
    Unchanged,
    Archived,
    /// Nothing was sent, since a rule says so. It says nothing about the set-up.
    Skipped,
    Rejected,
}

impl Fate {
    /// The name in results and reports.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Archived => "archived",
            Self::Folded => "folded",
            Self::Skipped(_) => "skipped",
            Self::Rejected(_) => "rejected",
        }
    }

    pub fn counts_as(&self) -> CountsAs {
        match self {
            Self::Created | Self::Updated | Self::Folded => CountsAs::Written,
            Self::Unchanged => CountsAs::Unchanged,
            Self::Archived => CountsAs::Archived,
            Self::Skipped(_) => CountsAs::Skipped,
            Self::Rejected(_) => CountsAs::Rejected,
        }
    }
}
