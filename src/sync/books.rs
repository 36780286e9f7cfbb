//! Books what becomes of each record: its fate goes to the ledger and the counts from this one place. Not here: who decides a
//! fate, and which states are due ([`super::ledger`]).

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tracing::{debug, warn};

use super::{
    delivery::{outcome::Notes, pending::UnusableProperties},
    error::SyncError,
    ledger::Ledger,
};
use crate::{
    config::FailIfRejected,
    mapping::{
        plan::Plan,
        reason::{Code, Reason},
    },
    protocol::message::{Record, State, StreamId},
    rejects::{error::KeepError, keeper::Keeper, row::Row},
    report::{
        counts::{Counts, Course},
        fate::{Fate, Rejection, Ticket},
        log::log_counts,
    },
};

/// The books of a sync.
#[derive(Debug)]
pub struct Books {
    ledger: Ledger,
    counts: Counts,
    /// The properties that HubSpot turned out to reject for every record.
    unusable: UnusableProperties,
    /// The streams of which a value was accepted and not applied.
    not_applied: BTreeSet<usize>,
    keeper: Keeper,
    /// The rows of records without a fate, where they may have to be kept.
    rows: HashMap<Ticket, Row>,
    row_bytes: usize,
    #[cfg(test)]
    pub(super) witness: Witness,
}

/// What is known of a fate besides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told<'a> {
    /// The record of the CRM that the row became.
    pub record_id: Option<&'a str>,
    /// The moment of the verdict, if it is past.
    pub at: Option<Timestamp>,
}

/// The fates in the order in which they are told, for tests.
#[cfg(test)]
pub(super) type Witness = Arc<std::sync::Mutex<Vec<(Ticket, Fate)>>>;

impl Books {
    pub fn new(fail_if_rejected: FailIfRejected, keeper: Keeper) -> Self {
        Self {
            ledger: Ledger::new(fail_if_rejected),
            counts: Counts::default(),
            unusable: UnusableProperties::new(),
            not_applied: BTreeSet::new(),
            keeper,
            rows: HashMap::new(),
            row_bytes: 0,
            #[cfg(test)]
            witness: Witness::default(),
        }
    }

    /// The place of a stream in the books; a new stream is added.
    pub fn stream(&mut self, id: &StreamId) -> usize {
        self.ledger.stream(id)
    }

    /// A record of the stream that has this place was read. `line` is its place in the input.
    pub fn open(&mut self, stream: usize, line: u64, record: &Record<'_>) -> Ticket {
        let name = || self.ledger.stream_id(stream).map(ToString::to_string).unwrap_or_default();
        self.counts.read(stream, name);
        let ticket = self.ledger.open(stream, line);
        if self.keeper.needs_rows() {
            let row = Row::of(record);
            self.row_bytes += row.bytes();
            self.rows.insert(ticket, row);
        }
        ticket
    }

    /// A state was read.
    pub fn state(&mut self, state: State) {
        self.ledger.state(state);
    }

    /// Whether a state waits for the record.
    pub fn is_awaited(&self, ticket: Ticket) -> bool {
        self.ledger.is_awaited(ticket)
    }

    /// What states that have not gone out, and rows that may have to be kept, take in memory, about.
    pub fn waiting_bytes(&self) -> usize {
        self.ledger.waiting_bytes() + self.row_bytes + self.keeper.bytes()
    }

    /// Takes the states that may go out, as the lines to write: they are due, and what is to be kept of the rows before them is.
    ///
    /// # Errors
    ///
    /// If a row could not be kept.
    pub fn take_due_states(&mut self, now: Duration) -> Result<Vec<String>, KeepError> {
        let due = self.ledger.take_due();
        if !self.keeper.needs_rows() {
            return Ok(due);
        }
        for state in due {
            self.keeper.hold(state);
        }
        self.keeper.release(now)
    }

    /// Whether so many rows wait to be kept that no more should come.
    pub fn is_full(&self) -> bool {
        self.keeper.is_full()
    }

    /// What keeps the rows of the sync.
    pub fn keeper(&mut self) -> &mut Keeper {
        &mut self.keeper
    }

    /// Judges streams by what they have so far: see [`Ledger::judge_rejected_streams`].
    pub fn judge_rejected_streams(&mut self) {
        self.ledger.judge_rejected_streams();
    }

    /// Why the sync fails by what was rejected so far, if it does: see [`Ledger::failure`].
    pub fn failure(&self) -> Option<SyncError> {
        self.ledger.failure()
    }

    /// The number of records without a fate.
    pub fn open_records(&self) -> u64 {
        self.ledger.open_records()
    }

    /// Whether no record has been read.
    pub fn is_empty(&self) -> bool {
        self.counts.streams.iter().all(|stream| stream.read == 0)
    }

    /// A record has its fate.
    pub fn settle(&mut self, ticket: Ticket, fate: &Fate, told: Told<'_>, now: Duration) {
        #[cfg(test)]
        self.witness.lock().expect("no test panics here").push((ticket, fate.clone()));
        let (stream, record, line) = (self.stream_id(ticket), ticket.number, ticket.line);
        match fate {
            Fate::Created => debug!(stream, record, line, "record created"),
            Fate::Updated => debug!(stream, record, line, "record updated"),
            Fate::Unchanged => debug!(stream, record, line, "record unchanged"),
            Fate::Archived => debug!(stream, record, line, "record archived"),
            Fate::Folded => debug!(stream, record, line, "record folded into a later one"),
            Fate::Skipped(reason) => debug!(stream, record, line, %reason, "record skipped"),
            Fate::Rejected(Rejection { reason, correlation_id, .. }) => {
                debug!(stream, record, line, %reason, correlation_id, "record rejected");
            }
        }
        self.counts.settled(ticket, fate);
        self.ledger.settle(ticket, fate);
        if self.keeper.needs_rows() {
            self.keep(ticket, fate, told, now);
        }
    }

    fn keep(&mut self, ticket: Ticket, fate: &Fate, told: Told<'_>, now: Duration) {
        let row = self.rows.remove(&ticket);
        self.row_bytes -= row.as_ref().map_or(0, Row::bytes);
        let Some(stream) = self.ledger.stream_id(ticket.stream()) else { return };
        let to_correct = match fate {
            Fate::Rejected(rejection) => Some((&rejection.reason, rejection.correlation_id.as_deref())),
            // It was rejected once and is still not written, so that it stays at hand.
            Fate::Skipped(reason) if reason.code == Code::NewerInHubSpot => Some((reason, None)),
            Fate::Created
            | Fate::Updated
            | Fate::Unchanged
            | Fate::Archived
            | Fate::Folded
            | Fate::Skipped(_) => None,
        };
        if let (Some(why), Some(row)) = (to_correct, &row) {
            let at = told.at.unwrap_or_else(Timestamp::now);
            self.keeper.not_written(ticket, stream, row, why, at, now);
        }
        self.keeper.result(ticket, stream, row.as_ref(), fate, told.record_id);
    }

    /// Keeps the values that records go without, before these are settled. `plan` is that of a stream, by its place.
    pub fn keep_left_out<'p>(&mut self, notes: &Notes, plan: impl Fn(usize) -> Option<&'p Plan>) {
        if !self.keeper.keeps_left_out() {
            return;
        }
        let mut by_record = BTreeMap::<Ticket, Vec<&Reason>>::new();
        // One that a later record of the contact has brought would overwrite that.
        for (reason, ticket) in notes.left_out.iter().filter(|one| !notes.replaced.contains(one)) {
            by_record.entry(*ticket).or_default().push(reason);
        }
        for (ticket, reasons) in by_record {
            let (Some(plan), Some(row)) = (plan(ticket.stream()), self.rows.get(&ticket)) else { continue };
            let places = |reason: &Reason| reason.property.as_deref().map(|name| plan.places_of(name));
            let reasons: Vec<_> =
                reasons.into_iter().map(|reason| (reason, places(reason).unwrap_or_default())).collect();
            self.keeper.left_out(ticket, plan.stream(), row, &plan.places_of_key(), &reasons);
        }
    }

    /// What a batch has to report besides the fates of its records.
    pub fn take(&mut self, notes: Notes) {
        for (reason, ticket) in &notes.left_out {
            debug!(stream = self.stream_id(*ticket), record = ticket.number, line = ticket.line, %reason, "value left out");
            self.counts.left_out(reason, *ticket);
        }
        notes.emptied.iter().for_each(|(property, ticket)| self.counts.emptied(property, *ticket));
        notes.held_back.iter().for_each(|(property, ticket)| self.counts.held_back(property, *ticket));
        for ticket in notes.out_of_order {
            debug!(
                stream = self.stream_id(ticket),
                record = ticket.number,
                line = ticket.line,
                "record written out of order"
            );
            self.counts.out_of_order(ticket);
        }
        for (property, ticket) in notes.on_create_refused {
            debug!(stream = self.stream_id(ticket), %property, record = ticket.number, line = ticket.line, "value of new records refused");
            self.counts.on_create_refused(&property, ticket);
        }
        for (property, ticket) in notes.on_create_missed {
            debug!(stream = self.stream_id(ticket), %property, record = ticket.number, line = ticket.line, "value of new records missed");
            self.counts.on_create_missed(&property, ticket);
        }
        for (property, ticket) in notes.not_applied {
            self.note_not_applied(&property, ticket);
        }
        for (property, code) in notes.unusable {
            if self.unusable.insert(Arc::clone(&property), code).is_none() {
                warn!(%property, reason = code.as_str(), "property left out for the rest of the sync: {}", code.advice());
            }
        }
    }

    /// HubSpot has taken a value and kept its own: each stream hears of it once, the summary has the count.
    fn note_not_applied(&mut self, property: &str, ticket: Ticket) {
        let (record, line) = (ticket.number, ticket.line);
        if self.not_applied.insert(ticket.stream()) {
            warn!(stream = self.stream_id(ticket), %property, line, record, "HubSpot accepted a value and kept its own: a lifecycle stage moves forward only");
        }
        debug!(stream = self.stream_id(ticket), %property, record, line, "value not applied");
        self.counts.not_applied(property, ticket);
    }

    /// The properties that HubSpot turned out to reject for every record.
    pub fn unusable(&self) -> &UnusableProperties {
        &self.unusable
    }

    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Says at the end what became of the records.
    pub fn log(&self, course: Course) {
        log_counts(&self.counts, course);
    }

    fn stream_id(&self, ticket: Ticket) -> Option<tracing::field::DisplayValue<&StreamId>> {
        self.ledger.stream_id(ticket.stream()).map(tracing::field::display)
    }
}
