//! The counts of a sync as log lines, so that the numbers add up and each record can be found. Not here: counting
//! ([`super::counts`]).

use std::{collections::BTreeMap, time::Duration};

use tracing::{info, warn};

use super::counts::{Counts, StreamCounts};
use crate::{hubspot::client::Effort, protocol::message::StreamId};

/// How a sync went, beside its counts.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    pub effort: Effort,
    pub elapsed: Duration,
    /// Records without a fate, since the sync ended before.
    pub open: u64,
}

/// Writes the summary: what was rejected, skipped or left out and why, by stream; then one line with all counts.
pub fn log_counts<'a>(counts: &Counts, course: Course, stream_id: impl Fn(usize) -> Option<&'a StreamId>) {
    let streams = || counts.streams.iter().enumerate().map(|(place, stream)| (stream_id(place), stream));
    streams().for_each(|(id, stream)| log_rejected(id, stream));
    streams().for_each(|(id, stream)| log_left_out(id, stream));
    log_unclear(counts);
    streams().for_each(|(id, stream)| log_skipped(id, stream));
    if counts.streams.len() > 1 {
        streams().filter(|(_, stream)| stream.read > 0).for_each(|(id, stream)| log_stream(id, stream));
    }
    info!(
        read = counts.sum(|one| one.read),
        created = counts.sum(|one| one.created),
        updated = counts.sum(|one| one.updated),
        unchanged = counts.sum(|one| one.unchanged),
        folded = counts.sum(|one| one.folded),
        skipped = counts.sum(|one| one.skipped.count()),
        rejected = counts.sum(|one| one.rejected.count()),
        open = (course.open > 0).then_some(course.open),
        values_left_out = counts.sum(|one| one.values_left_out.count()),
        values_emptied = counts.sum(|one| one.values_cleared),
        reasons = reasons(counts),
        requests = course.effort.requests,
        retries = course.effort.retries,
        seconds_waiting_on_limits = tenths(course.effort.waited),
        seconds = tenths(course.elapsed),
        "summary"
    );
}

fn log_rejected(id: Option<&StreamId>, stream: &StreamCounts) {
    for (reason, tally) in stream.rejected.all() {
        let (stream, expects) = (id.map(tracing::field::display), reason.expects.as_deref());
        let (advice, correlation_id) = (reason.code.advice(), tally.correlation_id.as_deref());
        warn!(
            stream,
            %reason,
            count = tally.count,
            first_lines = ?tally.first_lines,
            first_records = ?tally.first_records,
            expects,
            correlation_id,
            advice,
            "rejected records"
        );
    }
}

fn log_left_out(id: Option<&StreamId>, stream: &StreamCounts) {
    for (reason, tally) in stream.values_left_out.all() {
        let (stream, expects) = (id.map(tracing::field::display), reason.expects.as_deref());
        let advice = reason.code.advice();
        warn!(
            stream,
            %reason,
            count = tally.count,
            first_lines = ?tally.first_lines,
            first_records = ?tally.first_records,
            expects,
            advice,
            "values left out"
        );
    }
}

fn log_unclear(counts: &Counts) {
    if counts.new_unclear > 0 {
        warn!(
            count = counts.new_unclear,
            "contacts of which HubSpot did not say whether they are new: those that are got no lifecycle stage"
        );
    }
    if counts.out_of_order.count > 0 {
        warn!(
            count = counts.out_of_order.count,
            first_lines = ?counts.out_of_order.first_lines,
            "records of contacts with several addresses that were written out of order and could not be written again"
        );
    }
    for (property, count) in &counts.not_applied {
        warn!(%property, count, "values that HubSpot accepted and did not apply");
    }
}

fn log_skipped(id: Option<&StreamId>, stream: &StreamCounts) {
    for (reason, tally) in stream.skipped.all() {
        let stream = id.map(tracing::field::display);
        let (first_lines, first_records) = (&tally.first_lines, &tally.first_records);
        info!(stream, %reason, count = tally.count, ?first_lines, ?first_records, "records skipped");
    }
}

fn log_stream(id: Option<&StreamId>, stream: &StreamCounts) {
    info!(
        stream = id.map(tracing::field::display),
        read = stream.read,
        created = stream.created,
        updated = stream.updated,
        unchanged = stream.unchanged,
        folded = stream.folded,
        skipped = stream.skipped.count(),
        rejected = stream.rejected.count(),
        "records of the stream"
    );
}

fn reasons(counts: &Counts) -> String {
    // Fields that are expected to hold different things may share a reason.
    let mut by_reason = BTreeMap::<String, u64>::new();
    for (reason, tally) in counts.streams.iter().flat_map(|stream| stream.rejected.all()) {
        *by_reason.entry(reason.to_string()).or_default() += tally.count;
    }
    let reasons: Vec<_> = by_reason.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
    if reasons.is_empty() { "none".to_owned() } else { reasons.join(", ") }
}

fn tenths(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}
