//! Whether more of a stream's records are rejected than the share that the setting allows. Pure.
//!
//! The share is checked twice: after every record, over all that was read so far; and before each state, over what was
//! acknowledged and what the state would acknowledge. Records are read before their fates are known, so that the first check
//! alone could let a state out whose records exceed the share. The next attempt would then begin behind them, and might succeed. Not here: holding states back ([`super`]).

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
pub(super) struct RecordCounts {
    pub(super) records: u64,
    pub(super) rejected: u64,
}

impl RecordCounts {
    fn plus(self, counts: StateCounts) -> Self {
        let records = counts.written + counts.unchanged + counts.archived + counts.rejected;
        Self { records: self.records + records, rejected: self.rejected + counts.rejected }
    }
}

/// The share of one stream.
#[derive(Debug, Default)]
pub(super) struct StreamShare {
    /// `None`: no share is set, and nothing is noted.
    share: Option<Share>,
    /// What went out with states.
    acknowledged: RecordCounts,
    reasons: BTreeMap<Reason, u64>,
    /// When it was found to be exceeded. It stays so, whatever comes.
    exceeded: Option<RecordCounts>,
    /// The stream was judged, and no record of it was read since. A state that is looked at afterwards may still show that the share is
    /// exceeded.
    is_judged: bool,
}

impl StreamShare {
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
    pub(super) fn check_all_read(&mut self, judged: RecordCounts) {
        let exceeds =
            |share: Share| judged.records >= FEWEST && share.is_exceeded(judged.rejected, judged.records);
        if self.exceeded.is_none() && self.share.is_some_and(exceeds) {
            self.exceeded = Some(judged);
        }
    }

    /// Looks at all up to a state that would be next to go; `counts` are what it would acknowledge of the stream.
    pub(super) fn check_before_state(&mut self, counts: StateCounts) {
        self.check_all_read(self.acknowledged.plus(counts));
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
        self.is_judged = true;
    }

    /// A further record of the stream was read.
    pub(super) fn note_read(&mut self) {
        self.is_judged &= self.is_exceeded();
    }

    /// Whether the sync fails for it.
    pub(super) fn fails_sync(&self) -> bool {
        self.is_judged && self.is_exceeded()
    }

    /// Why the sync fails, once the stream was judged; `all` is the whole of it. So many `others` have failed too.
    pub(super) fn failure(&self, stream: &StreamId, all: RecordCounts, others: usize) -> Option<SyncError> {
        let (share, exceeded) = (self.share?, self.exceeded.filter(|_| self.is_judged)?);
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
