//! What the fates of a sync say of HubSpot and of the requests: whether it has ever judged a record as such. Pure.
//!
//! A refusal that names nothing, and a missing answer, may be the fault of the request. If nothing else ever came, booking the records as
//! rejected would lose them. Not here: holding states back ([`super::ledger`]).

use super::error::SyncError;
use crate::report::fate::{Fate, Grounds, Rejection};

/// What HubSpot made of the records of a sync so far.
#[derive(Debug, Default)]
pub struct Evidence {
    /// It has accepted a record, or refused one for something that it named: the request itself is fine.
    judges_records: bool,
    /// Records that it refused without naming anything.
    refused: u64,
    /// Records of which it never said what became.
    unanswered: u64,
    /// That of the first general refusal.
    correlation_id: Option<String>,
}

impl Evidence {
    /// Takes a fate in. `true`: from here on HubSpot is known to judge records.
    pub fn note(&mut self, fate: &Fate) -> bool {
        let before = self.judges_records;
        match fate {
            Fate::Created | Fate::Updated | Fate::Archived | Fate::Folded => self.judges_records = true,
            Fate::Unchanged | Fate::Skipped(_) => {}
            Fate::Rejected(Rejection { grounds, correlation_id, .. }) => match grounds {
                Grounds::Ours => {}
                Grounds::OfRecord => self.judges_records = true,
                Grounds::General => {
                    self.refused += 1;
                    if self.correlation_id.is_none() {
                        self.correlation_id.clone_from(correlation_id);
                    }
                }
                Grounds::Unanswered => self.unanswered += 1,
            },
        }
        self.judges_records && !before
    }

    /// HubSpot has only refused without naming anything, or not answered: that may be the fault of the request.
    pub fn is_against_the_requests(&self) -> bool {
        !self.judges_records && self.refused + self.unanswered > 0
    }

    /// Why a sync fails that ends like this.
    pub fn failure(&self) -> SyncError {
        match self.refused {
            0 => SyncError::NothingAnswered { unanswered: self.unanswered },
            refused => SyncError::NothingAccepted { refused, correlation_id: self.correlation_id.clone() },
        }
    }
}
