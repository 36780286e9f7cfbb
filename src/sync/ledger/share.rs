//! Whether more of a stream's records are rejected than the share that the setting allows. Pure.
//!
//! It is looked for at every moment, over all records read by then, and before every state, over the records up to it. The
//! second finds what the first may miss, since reading runs ahead of the fates: with it, what was acknowledged is within the
//! share, so that the records that the next attempt reads are not. Not here: holding states back ([`super`]).

use std::collections::BTreeMap;

use crate::{
    config::Share,
    mapping::reason::Reason,
    protocol::message::{StateCounts, StreamId},
    sync::error::SyncError,
};

/// Fewer records say nothing of a share.
const FEWEST: u64 = 100;

/// Records of a stream but for the skipped ones, and those of them that were rejected.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Judged {
    pub(super) records: u64,
    pub(super) rejected: u64,
}

impl Judged {
    fn plus(self, counts: StateCounts) -> Self {
        let records = counts.written + counts.unchanged + counts.rejected;
        Self { records: self.records + records, rejected: self.rejected + counts.rejected }
    }
}

/// The share of one stream.
#[derive(Debug, Default)]
pub(super) struct ShareBooks {
    /// `None`: no share is set, and nothing is noted.
    share: Option<Share>,
    /// What went out with states.
    acknowledged: Judged,
    reasons: BTreeMap<Reason, u64>,
    /// When it was found to be exceeded. It stays so, whatever comes.
    exceeded: Option<Judged>,
    /// It was exceeded when the stream was judged.
    failed: bool,
}

impl ShareBooks {
    pub(super) fn new(share: Option<Share>) -> Self {
        Self { share, ..Self::default() }
    }

    /// A record of the stream was rejected.
    pub(super) fn note_rejected(&mut self, reason: &Reason) {
        if self.share.is_none() {
            return;
        }
        match self.reasons.get_mut(reason) {
            Some(count) => *count += 1,
            None => {
                self.reasons.insert(reason.clone(), 1);
            }
        }
    }

    /// Looks at all that was read so far.
    pub(super) fn look_at(&mut self, judged: Judged) {
        let exceeds =
            |share: Share| judged.records >= FEWEST && share.is_exceeded(judged.rejected, judged.records);
        if self.exceeded.is_none() && self.share.is_some_and(exceeds) {
            self.exceeded = Some(judged);
        }
    }

    /// Looks at all up to a state that would be next to go; `counts` are what it would acknowledge of the stream.
    pub(super) fn look_at_state(&mut self, counts: StateCounts) {
        self.look_at(self.acknowledged.plus(counts));
    }

    /// A state went out.
    pub(super) fn note_acknowledged(&mut self, counts: StateCounts) {
        self.acknowledged = self.acknowledged.plus(counts);
    }

    pub(super) fn is_exceeded(&self) -> bool {
        self.exceeded.is_some()
    }

    /// No record comes any more, or states that are held back have filled their memory.
    pub(super) fn judge(&mut self) {
        self.failed = self.is_exceeded();
    }

    /// Whether the sync fails for it.
    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Why the sync fails, once the stream was judged; `all` is the whole of it. So many `others` have failed too.
    pub(super) fn failure(&self, stream: &StreamId, all: Judged, others: usize) -> Option<SyncError> {
        let (share, exceeded) = (self.share?, self.exceeded.filter(|_| self.failed)?);
        // Reasons of one word and property are one for a person, whatever else is said of them.
        let is_alike =
            |one: &Reason, other: &Reason| one.code == other.code && one.property == other.property;
        let count_of = |reason: &Reason| -> u64 {
            self.reasons.iter().filter(|(other, _)| is_alike(reason, other)).map(|(_, count)| count).sum()
        };
        let (count, reason) =
            self.reasons.keys().map(|reason| (count_of(reason), reason)).max_by_key(|(count, _)| *count)?;
        Some(SyncError::ShareExceeded {
            stream: stream.clone(),
            share,
            records_then: exceeded.records,
            rejected_then: exceeded.rejected,
            records: all.records,
            rejected: all.rejected,
            count,
            reason: Box::new(reason.clone()),
            acknowledged: self.acknowledged.rejected > 0,
            others,
        })
    }
}
