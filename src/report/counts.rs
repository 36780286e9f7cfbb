//! What became of the records and their values, counted by stream: plain data, which log lines and reports are views of. Pure.
//!
//! Not here: saying it ([`super::log`]).

use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeSeq};

use super::fate::{Fate, Rejection, Ticket};
use crate::mapping::reason::Reason;

/// So many records are named for each reason.
const NAMED_RECORDS: usize = 5;

/// How often something happened, with the first records it happened to.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    pub count: u64,
    /// Their lines in the input.
    pub first_lines: Vec<u64>,
    /// Their numbers within the stream, from 1.
    pub first_records: Vec<u64>,
    /// The first correlation id that HubSpot gave.
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

impl Serialize for Tallies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Entry<'a> {
            reason: &'static str,
            property: Option<&'a str>,
            expects: Option<&'a str>,
            #[serde(flatten)]
            tally: &'a Tally,
        }

        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for (reason, tally) in &self.0 {
            let (property, expects) = (reason.property.as_deref(), reason.expects.as_deref());
            list.serialize_element(&Entry { reason: reason.code.as_str(), property, expects, tally })?;
        }
        list.end()
    }
}

/// The counts of one stream.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct StreamCounts {
    pub read: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub folded: u64,
    pub skipped: Tallies,
    pub rejected: Tallies,
    /// Values that records which were written, or were unchanged, went without.
    pub values_left_out: Tallies,
    /// Values of such records that empty their property.
    pub values_cleared: u64,
}

impl StreamCounts {
    fn settled(&mut self, ticket: Ticket, fate: &Fate) {
        match fate {
            Fate::Created => self.created += 1,
            Fate::Updated => self.updated += 1,
            Fate::Unchanged => self.unchanged += 1,
            Fate::Folded => self.folded += 1,
            Fate::Skipped(reason) => self.skipped.add(reason, ticket, None),
            Fate::Rejected(Rejection { reason, correlation_id, .. }) => {
                self.rejected.add(reason, ticket, correlation_id.as_deref());
            }
        }
    }
}

/// The counts of a sync.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// By the stream's place in the ledger.
    pub streams: Vec<StreamCounts>,
    /// Records of which HubSpot did not say whether they are new: they did not get what new ones get.
    pub new_unclear: u64,
    /// Records that were written, perhaps over a later one of the same CRM record.
    pub out_of_order: Tally,
    /// How often HubSpot took a value and kept its own, by property.
    pub not_applied: BTreeMap<String, u64>,
}

impl Counts {
    fn of_stream(&mut self, place: usize) -> Option<&mut StreamCounts> {
        if self.streams.len() <= place {
            self.streams.resize(place + 1, StreamCounts::default());
        }
        self.streams.get_mut(place)
    }

    /// A record of a stream was read.
    pub fn read(&mut self, place: usize) {
        if let Some(stream) = self.of_stream(place) {
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

    /// Values of a record emptied their properties.
    pub fn cleared(&mut self, ticket: Ticket, values: u32) {
        if let Some(stream) = self.of_stream(ticket.stream()) {
            stream.values_cleared += u64::from(values);
        }
    }

    /// The sum of a number over all streams.
    pub fn sum(&self, number: impl Fn(&StreamCounts) -> u64) -> u64 {
        self.streams.iter().map(number).sum()
    }
}
