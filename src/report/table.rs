//! The summary of a sync as a table, for a person at a terminal: the same counts as in the log's lines. Pure.
//!
//! Not here: the lines for programs ([`super::log`]), and who gets which.

use super::counts::{Counts, Course, StreamCounts};
use crate::text::shown;

const COLUMNS: [&str; 12] = [
    "stream",
    "read",
    "created",
    "updated",
    "unchanged",
    "archived",
    "folded",
    "skipped",
    "rejected",
    "values left out",
    "values emptied",
    "values held back",
];

/// The lines of the table: one for each stream that had records, one for all of them if there are several, and the effort.
pub fn table(counts: &Counts, course: Course) -> Vec<String> {
    let streams: Vec<&StreamCounts> = counts.streams.iter().filter(|stream| stream.read > 0).collect();
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(streams.iter().map(|stream| row(&shown(&stream.stream), numbers(stream))));
    if streams.len() != 1 {
        let mut sums = [0; 11];
        for stream in &streams {
            for (sum, number) in sums.iter_mut().zip(numbers(stream)) {
                *sum += number;
            }
        }
        rows.push(row("all streams", sums));
    }
    let mut lines = aligned(&rows);
    if course.open > 0 {
        lines.push(format!("records without a fate, since the sync ended before: {}", course.open));
    }
    let effort = course.effort;
    lines.push(format!(
        "requests: {}, look-ups among them: {}, retries among them: {}, waiting on limits: {:.1} s, in all: {:.1} s",
        effort.requests,
        course.look_ups,
        effort.retries,
        effort.waited.as_secs_f64(),
        course.elapsed.as_secs_f64()
    ));
    lines
}

/// In the order of the columns.
fn numbers(stream: &StreamCounts) -> [u64; 11] {
    [
        stream.read,
        stream.created,
        stream.updated,
        stream.unchanged,
        stream.archived,
        stream.folded,
        stream.skipped.count(),
        stream.rejected.count(),
        stream.values_left_out.count(),
        stream.values_emptied.values().sum(),
        stream.values_held_back.values().sum(),
    ]
}

fn row(name: &str, numbers: [u64; 11]) -> [String; 12] {
    let mut cells = std::iter::once(name.to_owned()).chain(numbers.map(|number| number.to_string()));
    std::array::from_fn(|_| cells.next().unwrap_or_default())
}

/// Names to the left, numbers to the right.
fn aligned(rows: &[[String; 12]]) -> Vec<String> {
    let letters = |cell: &String| cell.chars().count();
    let widths: [usize; 12] = std::array::from_fn(|column| {
        rows.iter().filter_map(|row| row.get(column)).map(letters).max().unwrap_or_default()
    });
    let line = |row: &[String; 12]| {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ")
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        hubspot::effort::Effort,
        mapping::reason::{Code, Reason},
        report::fate::{Fate, Ticket},
    };

    fn course(open: u64) -> Course {
        let effort = Effort { requests: 1_204, retries: 3, waited: Duration::from_millis(9_940) };
        Course { effort, look_ups: 3, elapsed: Duration::from_millis(75_250), open, as_table: true }
    }

    /// Counts of these streams: so many records of each, of which one is rejected.
    fn counts(streams: &[(&str, u64)]) -> Counts {
        let mut counts = Counts::default();
        for (stream, (name, records)) in streams.iter().enumerate() {
            for number in 1..=*records {
                counts.read(stream, || (*name).to_owned());
                let ticket = Ticket { stream, interval: 0, among_first: false, number, line: number };
                let reason = Reason::of(Code::InvalidEmail);
                counts.settled(
                    ticket,
                    &if number == 1 { Fate::Rejected(reason.into()) } else { Fate::Created },
                );
                counts.emptied("city", ticket);
            }
        }
        counts
    }

    fn printed(streams: &[(&str, u64)], open: u64) -> String {
        table(&counts(streams), course(open)).join("\n")
    }

    #[test]
    fn the_counts_are_in_columns() {
        insta::assert_snapshot!("one_stream", printed(&[("users", 1_000)], 0));
        let several =
            [("public.müller", 12), ("a\u{1b}[2J\u{202e}b", 1), ("crm.customers_of_the_last_year", 12_345)];
        insta::assert_snapshot!("several_streams_and_an_early_end", printed(&several, 200));
        insta::assert_snapshot!("no_stream", printed(&[], 0));
    }
}
