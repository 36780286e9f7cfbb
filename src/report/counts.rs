//! What became of the records and their values, counted by stream: plain data, which log lines and reports are views of. Pure.
//!
//! Not here: saying it ([`super::log`]).

use std::{collections::BTreeMap, time::Duration};

use super::fate::{Fate, Rejection, Ticket};
use crate::{
    hubspot::effort::Effort,
    mapping::reason::{Code, Reason},
};

/// So many records are named for each reason.
const NAMED_RECORDS: usize = 5;

/// How often something happened, with the first records it happened to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    pub count: u64,
    /// Their lines in the input.
    pub first_lines: Vec<u64>,
    /// Their numbers within the stream, from 1.
    pub first_records: Vec<u64>,
    /// One of the correlation ids that HubSpot gave.
    pub correlation_id: Option<String>,
}

impl Tally {
    pub fn add(&mut self, ticket: Ticket) {
        self.count += 1;
        // Batches land in any order, so a later one may bring an earlier line.
        let place = self.first_lines.partition_point(|earlier| *earlier <= ticket.line);
        if place < NAMED_RECORDS {
            self.first_lines.insert(place, ticket.line);
            self.first_records.insert(place, ticket.number);
            self.first_lines.truncate(NAMED_RECORDS);
            self.first_records.truncate(NAMED_RECORDS);
        }
    }
}

/// Tallies by reason.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tallies(BTreeMap<Reason, Tally>);

impl Tallies {
    pub fn add(&mut self, reason: &Reason, ticket: Ticket, correlation_id: Option<&str>) {
        let tally = match self.0.get_mut(reason) {
            Some(tally) => tally,
            None => self.0.entry(reason.clone()).or_default(),
        };
        tally.add(ticket);
        if tally.correlation_id.is_none() {
            tally.correlation_id = correlation_id.map(str::to_owned);
        }
    }

    pub fn all(&self) -> impl Iterator<Item = (&Reason, &Tally)> {
        self.0.iter()
    }

    pub fn count(&self) -> u64 {
        self.0.values().map(|tally| tally.count).sum()
    }
}

/// The counts of one stream.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct StreamCounts {
    /// Its name, with the namespace in front.
    pub stream: String,
    pub read: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub archived: u64,
    pub folded: u64,
    pub skipped: Tallies,
    pub rejected: Tallies,
    /// Values that records which were written, or were unchanged, went without.
    pub values_left_out: Tallies,
    /// Values of such records that empty their property, by property.
    pub values_emptied: BTreeMap<String, u64>,
    /// Values that a policy kept from being sent, by property.
    pub values_held_back: BTreeMap<String, u64>,
    /// New records that went without the value that new ones get, since HubSpot refused it, by property.
    pub on_create_refused: BTreeMap<String, Tally>,
    /// New records that went without the value that new ones get, since HubSpot had not said that they are new, by property.
    pub on_create_missed: BTreeMap<String, Tally>,
    /// Values that HubSpot accepted and did not apply, since it kept its own, by property.
    pub not_applied: BTreeMap<String, Tally>,
    /// Records that were written, perhaps over a later one of the same CRM record.
    pub out_of_order: Tally,
}

impl StreamCounts {
    /// Records came, some were rejected, and HubSpot has none of them.
    pub fn wrote_nothing(&self) -> bool {
        self.created + self.updated + self.unchanged + self.archived + self.folded == 0
            && self.rejected.count() > 0
    }

    fn settled(&mut self, ticket: Ticket, fate: &Fate) {
        match fate {
            Fate::Created => self.created += 1,
            Fate::Updated => self.updated += 1,
            Fate::Unchanged => self.unchanged += 1,
            Fate::Archived => self.archived += 1,
            Fate::Folded => self.folded += 1,
            Fate::Skipped(reason) => self.skipped.add(reason, ticket, None),
            Fate::Rejected(Rejection { reason, correlation_id, .. }) => {
                self.rejected.add(reason, ticket, correlation_id.as_deref());
            }
        }
    }
}

/// How a sync went, beside its counts.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    pub effort: Effort,
    /// The requests that looked records up.
    pub look_ups: u64,
    pub elapsed: Duration,
    /// Records without a fate, since the sync ended before.
    pub open: u64,
    /// The summary is for a person at a terminal.
    pub as_table: bool,
}

/// The counts of a sync.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counts {
    /// By the stream's place in the ledger.
    pub streams: Vec<StreamCounts>,
}

impl Counts {
    fn of_stream(&mut self, place: usize) -> Option<&mut StreamCounts> {
        if self.streams.len() <= place {
            self.streams.resize(place + 1, StreamCounts::default());
        }
        self.streams.get_mut(place)
    }

    /// A record was read of a stream, whose name is asked for once.
    pub fn read(&mut self, place: usize, name: impl FnOnce() -> String) {
        if let Some(stream) = self.of_stream(place) {
            if stream.read == 0 {
                stream.stream = name();
            }
            stream.read += 1;
        }
    }

    /// A record has its fate.
    pub fn settled(&mut self, ticket: Ticket, fate: &Fate) {
        if let Some(stream) = self.of_stream(ticket.stream()) {
            stream.settled(ticket, fate);
        }
    }

    /// A value was left out of a record that went on without it.
    pub fn left_out(&mut self, reason: &Reason, ticket: Ticket) {
        if let Some(stream) = self.of_stream(ticket.stream()) {
            stream.values_left_out.add(reason, ticket, None);
        }
    }

    /// HubSpot refused what a new record was to get.
    pub fn on_create_refused(&mut self, property: &str, ticket: Ticket) {
        if let Some(stream) = self.of_stream(ticket.stream()) {
            stream.on_create_refused.entry(property.to_owned()).or_default().add(ticket);
        }
    }

    /// A new record did not get it, since HubSpot had not said that it is new.
    pub fn on_create_missed(&mut self, property: &str, ticket: Ticket) {
        if let Some(stream) = self.of_stream(ticket.stream()) {
            stream.on_create_missed.entry(property.to_owned()).or_default().add(ticket);
        }
    }

    /// HubSpot accepted a value and kept its own.
    pub fn not_applied(&mut self, property: &str, ticket: Ticket) {
        if let Some(stream) = self.of_stream(ticket.stream()) {
            stream.not_applied.entry(property.to_owned()).or_default().add(ticket);
        }
    }

    /// A record was written, perhaps over a later one of the same CRM record.
    pub fn out_of_order(&mut self, ticket: Ticket) {
        if let Some(stream) = self.of_stream(ticket.stream()) {
            stream.out_of_order.add(ticket);
        }
    }

    /// A value empties its property.
    pub fn emptied(&mut self, property: &str, ticket: Ticket) {
        if let Some(stream) = self.of_stream(ticket.stream()) {
            count(&mut stream.values_emptied, property);
        }
    }

    /// A policy has kept a value from being sent.
    pub fn held_back(&mut self, property: &str, ticket: Ticket) {
        if let Some(stream) = self.of_stream(ticket.stream()) {
            count(&mut stream.values_held_back, property);
        }
    }

    /// Whether no record was rejected, none went without a value that did not fit, and none that was sent again was skipped as older
    /// than HubSpot's.
    pub fn nothing_to_correct(&self) -> bool {
        let is_older = |reason: &Reason| reason.code == Code::NewerInHubSpot;
        self.sum(|one| one.rejected.count() + one.values_left_out.count()) == 0
            && !self.streams.iter().any(|one| one.skipped.all().any(|(reason, _)| is_older(reason)))
    }

    /// The sum of a number over all streams.
    pub fn sum(&self, number: impl Fn(&StreamCounts) -> u64) -> u64 {
        self.streams.iter().map(number).sum()
    }
}

fn count(counts: &mut BTreeMap<String, u64>, property: &str) {
    match counts.get_mut(property) {
        Some(count) => *count += 1,
        None => drop(counts.insert(property.to_owned(), 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mapping::reason::Code, report::fate::Grounds};

    fn ticket(number: u64) -> Ticket {
        Ticket { stream: 0, interval: 0, among_first: false, number, line: number * 10 }
    }

    #[test]
    fn a_tally_names_the_first_records_in_whatever_order_they_come() {
        let mut tally = Tally::default();
        [9, 2, 7, 4, 1, 8, 3].map(ticket).into_iter().for_each(|ticket| tally.add(ticket));
        assert_eq!(tally.count, 7);
        assert_eq!(tally.first_records, [1, 2, 3, 4, 7]);
        assert_eq!(tally.first_lines, [10, 20, 30, 40, 70]);
    }

    #[test]
    fn counts_are_plain_data() {
        let mut counts = Counts::default();
        (1..=3).for_each(|_| counts.read(0, || "public.users".to_owned()));
        counts.settled(ticket(1), &Fate::Created);
        counts.settled(ticket(2), &Fate::Unchanged);
        let reason = Reason::of_property(Code::InvalidValue, &"phone".into());
        let rejection = Rejection {
            reason: reason.clone(),
            correlation_id: Some("c0ffee".to_owned()),
            grounds: Grounds::OfRecord,
        };
        counts.settled(ticket(3), &Fate::Rejected(rejection));
        counts.left_out(&reason, ticket(1));
        for property in ["city", "city", "zip"] {
            counts.emptied(property, ticket(1));
        }
        counts.not_applied("lifecyclestage", ticket(1));
        insta::assert_debug_snapshot!(counts);
    }
}
