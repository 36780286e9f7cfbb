//! Counts what a sync did, and says it so that the numbers add up and a rejected record can be found.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tracing::{info, warn};

use super::fate::{Fate, Rejection, Ticket};
use crate::{hubspot::client::Effort, mapping::reason::Reason, protocol::message::StreamId};

/// So many input lines are named for each reason.
const NAMED_LINES: usize = 5;

/// How often something happened, with the first lines it happened on.
#[derive(Debug, Default, Clone)]
struct Tally {
    count: u64,
    lines: Vec<u64>,
    correlation_id: Option<String>,
}

impl Tally {
    fn add(&mut self, line: u64) {
        self.count += 1;
        // Batches land in any order, so a later one may bring an earlier line.
        let place = self.lines.partition_point(|earlier| *earlier <= line);
        if place < NAMED_LINES {
            self.lines.insert(place, line);
            self.lines.truncate(NAMED_LINES);
        }
    }
}

/// The counts of a sync.
#[derive(Debug, Default)]
pub struct Report {
    pub read: u64,
    pub created: u64,
    pub updated: u64,
    pub folded: u64,
    /// By the stream's place in the ledger.
    skipped: BTreeMap<(usize, Reason), Tally>,
    rejected: BTreeMap<Reason, Tally>,
    dropped: BTreeMap<Reason, Tally>,
    pub stage_unclear: u64,
    out_of_order: Tally,
    /// How often HubSpot took a value and kept its own, by property.
    pub not_applied: BTreeMap<Arc<str>, u64>,
    #[cfg(test)]
    pub(crate) witness: Witness,
}

/// The fates in the order in which they are told, for tests.
#[cfg(test)]
pub(crate) type Witness = Arc<std::sync::Mutex<Vec<(Ticket, Fate)>>>;

impl Report {
    pub fn settled(&mut self, ticket: Ticket, fate: &Fate) {
        #[cfg(test)]
        self.witness.lock().expect("no test panics here").push((ticket, fate.clone()));
        match fate {
            Fate::Created => self.created += 1,
            Fate::Updated => self.updated += 1,
            Fate::Folded => self.folded += 1,
            Fate::Skipped(reason) => {
                self.skipped.entry((ticket.stream(), reason.clone())).or_default().add(ticket.line);
            }
            Fate::Rejected(Rejection { reason, correlation_id }) => {
                let tally = self.rejected.entry(reason.clone()).or_default();
                tally.add(ticket.line);
                if tally.correlation_id.is_none() {
                    tally.correlation_id.clone_from(correlation_id);
                }
            }
        }
    }

    /// A value was left out of a record that went on without it.
    pub fn dropped(&mut self, reason: &Reason, line: u64) {
        self.dropped.entry(reason.clone()).or_default().add(line);
    }

    /// A record was written, perhaps over a later one of the same contact.
    pub fn out_of_order(&mut self, line: u64) {
        self.out_of_order.add(line);
    }

    pub fn rejected(&self) -> u64 {
        self.rejected.values().map(|tally| tally.count).sum()
    }

    /// Writes the summary: what was rejected, skipped or left out and why, then one line with all counts. `open` records
    /// have no fate, since the sync ended before.
    pub fn log<'a>(
        &self,
        effort: Effort,
        elapsed: Duration,
        open: u64,
        stream_id: impl Fn(usize) -> Option<&'a StreamId>,
    ) {
        self.log_reasons();
        for ((stream, reason), tally) in &self.skipped {
            let stream = stream_id(*stream).map(tracing::field::display);
            info!(stream, %reason, count = tally.count, first_lines = ?tally.lines, "records skipped");
        }
        info!(
            read = self.read,
            created = self.created,
            updated = self.updated,
            folded = self.folded,
            skipped = self.skipped.values().map(|tally| tally.count).sum::<u64>(),
            rejected = self.rejected(),
            open = (open > 0).then_some(open),
            reasons = self.reasons(),
            requests = effort.requests,
            retries = effort.retries,
            seconds_waiting_on_limits = tenths(effort.waited),
            seconds = tenths(elapsed),
            "summary"
        );
    }

    fn log_reasons(&self) {
        for (reason, tally) in &self.rejected {
            let (count, correlation_id) = (tally.count, tally.correlation_id.as_deref());
            let (expects, advice) = (reason.expects.as_deref(), reason.code.advice());
            warn!(%reason, count, first_lines = ?tally.lines, expects, correlation_id, advice, "rejected records");
        }
        for (reason, tally) in &self.dropped {
            let (expects, advice) = (reason.expects.as_deref(), reason.code.advice());
            warn!(%reason, count = tally.count, first_lines = ?tally.lines, expects, advice, "values left out");
        }
        if self.stage_unclear > 0 {
            warn!(
                count = self.stage_unclear,
                "contacts that got no lifecycle stage, since HubSpot did not say whether they are new"
            );
        }
        if self.out_of_order.count > 0 {
            warn!(
                count = self.out_of_order.count,
                first_lines = ?self.out_of_order.lines,
                "records of contacts with several addresses that were written out of order and could not be written again"
            );
        }
        for (property, count) in &self.not_applied {
            warn!(%property, count, "values that HubSpot accepted and did not apply");
        }
    }

    fn reasons(&self) -> String {
        // Fields that are expected to hold different things may share a reason.
        let mut counts = BTreeMap::<String, u64>::new();
        for (reason, tally) in &self.rejected {
            *counts.entry(reason.to_string()).or_default() += tally.count;
        }
        let reasons: Vec<_> = counts.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
        if reasons.is_empty() { "none".to_owned() } else { reasons.join(", ") }
    }
}

fn tenths(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}
