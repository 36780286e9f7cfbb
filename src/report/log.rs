//! The counts of a sync as log lines, so that the numbers add up and each record can be found. Not here: counting
//! ([`super::counts`]).

use std::{collections::BTreeMap, time::Duration};

use tracing::{info, warn};

use super::{
    counts::{Counts, Course, StreamCounts, Tallies},
    table::table,
};
use crate::mapping::reason::Code;

/// So many records of a stream, none of which HubSpot has, point to a wrong key.
const MANY: u64 = 100;

/// Writes the summary: what was rejected, skipped or left out and why, by stream; then one line with all counts, or the table of
/// them.
pub fn log_counts(counts: &Counts, course: Course) {
    let streams = || counts.streams.iter().filter(|stream| stream.read > 0);
    streams().for_each(|one| log_tallies(one, &one.rejected, "rejected records"));
    streams().for_each(|one| log_tallies(one, &one.values_left_out, "values left out"));
    streams().filter(|one| one.wrote_nothing()).for_each(|one| {
        warn!(stream = %one.stream, read = one.read, rejected = one.rejected.count(), "no record of the stream was written");
    });
    streams().for_each(log_by_property);
    streams().for_each(log_out_of_order);
    streams().for_each(log_held_back);
    streams().for_each(warn_of_nothing_found);
    streams().for_each(log_skipped);
    if course.as_table {
        for line in table(counts, course) {
            info!("{line}");
        }
        return;
    }
    if streams().count() > 1 {
        streams().for_each(log_stream);
    }
    info!(
        read = counts.sum(|one| one.read),
        created = counts.sum(|one| one.created),
        updated = counts.sum(|one| one.updated),
        unchanged = counts.sum(|one| one.unchanged),
        archived = above_zero(counts.sum(|one| one.archived)),
        folded = counts.sum(|one| one.folded),
        skipped = counts.sum(|one| one.skipped.count()),
        rejected = counts.sum(|one| one.rejected.count()),
        open = above_zero(course.open),
        values_left_out = counts.sum(|one| one.values_left_out.count()),
        values_emptied = counts.sum(|one| one.values_emptied.values().sum()),
        values_held_back = above_zero(counts.sum(|one| one.values_held_back.values().sum())),
        reasons = reasons(counts),
        requests = course.effort.requests,
        look_ups = above_zero(course.look_ups),
        retries = course.effort.retries,
        seconds_waiting_on_limits = tenths(course.effort.waited),
        seconds = tenths(course.elapsed),
        "summary"
    );
}

fn log_tallies(counts: &StreamCounts, tallies: &Tallies, message: &str) {
    for (reason, tally) in tallies.all() {
        let (stream, expects) = (&counts.stream, reason.expects.as_deref());
        let (advice, correlation_id) = (reason.code.advice(), tally.correlation_id.as_deref());
        warn!(
            %stream,
            %reason,
            count = tally.count,
            first_lines = ?tally.first_lines,
            first_records = ?tally.first_records,
            expects,
            correlation_id,
            advice,
            "{message}"
        );
    }
}

fn log_by_property(counts: &StreamCounts) {
    let stream = &counts.stream;
    let by_property = [
        (
            &counts.on_create_refused,
            "HubSpot refuses the value that new records get: these were created without it",
        ),
        (
            &counts.on_create_missed,
            "records created without the value that new ones get: HubSpot had not said that they are new",
        ),
        (&counts.not_applied, "values that HubSpot accepted and did not apply"),
    ];
    for (tallies, message) in by_property {
        for (property, tally) in tallies {
            let (first_lines, first_records) = (&tally.first_lines, &tally.first_records);
            warn!(%stream, %property, count = tally.count, ?first_lines, ?first_records, "{message}");
        }
    }
}

fn log_out_of_order(counts: &StreamCounts) {
    let (stream, tally) = (&counts.stream, &counts.out_of_order);
    if tally.count > 0 {
        let (first_lines, first_records) = (&tally.first_lines, &tally.first_records);
        warn!(%stream, count = tally.count, ?first_lines, ?first_records, "records of contacts with several addresses that were written out of order and could not be written again");
    }
}

fn log_held_back(counts: &StreamCounts) {
    for (property, count) in &counts.values_held_back {
        info!(stream = %counts.stream, %property, count, "values held back by a policy");
    }
}

/// All of many records were not found: that is rather a wrong key than a customer who is gone.
fn warn_of_nothing_found(counts: &StreamCounts) {
    let not_found: u64 = counts
        .skipped
        .all()
        .filter(|(reason, _)| reason.code == Code::NotFound)
        .map(|(_, tally)| tally.count)
        .sum();
    if not_found >= MANY && not_found == counts.read {
        warn!(
            stream = %counts.stream,
            records = not_found,
            "HubSpot has none of the stream's records, so nothing was done: see whether the field that becomes the key is the right one \
             (`field_mappings`); if the mode is `update_only` and the records are to be created, set it to `upsert`"
        );
    }
}

fn log_skipped(counts: &StreamCounts) {
    for (reason, tally) in counts.skipped.all() {
        let stream = &counts.stream;
        let (first_lines, first_records) = (&tally.first_lines, &tally.first_records);
        if reason.code == Code::NewerInHubSpot {
            // Somebody has corrected the row and waits for it.
            let advice = reason.code.advice();
            warn!(%stream, %reason, count = tally.count, ?first_lines, ?first_records, advice, "records skipped");
        } else {
            info!(%stream, %reason, count = tally.count, ?first_lines, ?first_records, "records skipped");
        }
    }
}

fn log_stream(counts: &StreamCounts) {
    info!(
        stream = %counts.stream,
        read = counts.read,
        created = counts.created,
        updated = counts.updated,
        unchanged = counts.unchanged,
        archived = above_zero(counts.archived),
        folded = counts.folded,
        skipped = counts.skipped.count(),
        rejected = counts.rejected.count(),
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

/// What only some syncs have.
fn above_zero(count: u64) -> Option<u64> {
    (count > 0).then_some(count)
}

fn tenths(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}
