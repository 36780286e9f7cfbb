//! What is known of a sync as the JSON of `write --report`: version 1, which `docs/report.schema.json` describes. Pure.
//!
//! The members are named here and nowhere else, so that a name that changes in [`super::counts`] changes no report. No member
//! holds a token, a value of a record or a key. Not here: the file ([`crate::command::report_file`]).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::counts::{Counts, StreamCounts, Tallies, Tally};
use crate::{
    config::ApiVersion,
    crm::object::ObjectType,
    error::Failure,
    hubspot::{effort::Effort, endpoint::Endpoint},
    mapping::reason::Reason,
    text,
};

/// It changes when a member goes or gets another meaning, and not when one is added.
const VERSION: u8 = 1;

/// How a sync ended, as far as it has.
#[derive(Debug, Clone, Copy)]
pub enum Ended<'a> {
    /// It has not: the process runs, or it was killed or stopped by a defect before it could say more.
    NotYet,
    Complete,
    Failed(&'a Failure),
    Interrupted,
    OutputClosed,
    /// A defect of the connector stopped a request.
    Defect,
}

/// The calls of a sync.
#[derive(Debug, Default)]
pub struct Calls {
    pub effort: Effort,
    pub by_call: Vec<(Endpoint, u64)>,
    /// The day's limit and what is left of it, as far as HubSpot has said.
    pub daily: Option<(u64, u64)>,
    /// Known once the configuration is read.
    pub api_version: Option<ApiVersion>,
}

/// What is known of a sync.
#[derive(Debug)]
pub struct Facts<'a> {
    pub started: Timestamp,
    /// `None`: it has not ended.
    pub ended_at: Option<Timestamp>,
    pub ended: Ended<'a>,
    pub calls: &'a Calls,
    pub counts: &'a Counts,
    /// Records that were read and have no fate.
    pub open: u64,
}

/// The text of the report, for people too: a line for each member.
///
/// # Errors
///
/// None that can happen: there is nothing in it that JSON does not have.
pub fn report(facts: &Facts<'_>) -> serde_json::Result<String> {
    let json = serde_json::to_string_pretty(&Report::of(facts))?;
    // Names are kept as they are. What is hidden in one is written as an escape, which means the same.
    let lines: Vec<String> = json.lines().map(|line| text::escaped(line.to_owned())).collect();
    Ok(lines.join("\n") + "\n")
}

#[derive(Serialize)]
struct Report<'a> {
    version: u8,
    connector_version: &'static str,
    api_version: Option<&'static str>,
    started_at: String,
    ended_at: Option<String>,
    end: End<'a>,
    requests: Requests,
    quota: Option<Quota>,
    records_without_fate: u64,
    streams: Vec<StreamReport<'a>>,
}

#[derive(Serialize)]
struct End<'a> {
    kind: &'static str,
    failure_type: Option<&'static str>,
    message: Option<&'a str>,
}

#[derive(Serialize)]
struct Requests {
    total: u64,
    retries: u64,
    seconds_waiting_on_limits: f64,
    by_call: Vec<CallCount>,
}

#[derive(Serialize)]
struct CallCount {
    call: &'static str,
    object: Option<&'static str>,
    count: u64,
}

#[derive(Serialize)]
struct Quota {
    daily_limit: u64,
    daily_left: u64,
}

#[derive(Serialize)]
struct RecordCount<'a> {
    count: u64,
    first_records: &'a [u64],
    first_lines: &'a [u64],
}

#[derive(Serialize)]
struct StreamReport<'a> {
    stream: &'a str,
    read: u64,
    created: u64,
    updated: u64,
    unchanged: u64,
    archived: u64,
    folded: u64,
    skipped: u64,
    rejected: u64,
    reasons: Vec<ReasonCount<'a>>,
    values_left_out: Vec<LeftOut<'a>>,
    values_emptied: Vec<ValueCount<'a>>,
    values_held_back: Vec<ValueCount<'a>>,
    not_applied: Vec<PropertyCount<'a>>,
    on_create_refused: Vec<PropertyCount<'a>>,
    on_create_missed: Vec<PropertyCount<'a>>,
    written_out_of_order: RecordCount<'a>,
}

/// Records that have a fate for a reason.
#[derive(Serialize)]
struct ReasonCount<'a> {
    fate: &'static str,
    reason: &'static str,
    property: Option<&'a str>,
    expects: Option<&'a str>,
    count: u64,
    first_records: &'a [u64],
    first_lines: &'a [u64],
    correlation_id: Option<&'a str>,
}

/// Values that records went without.
#[derive(Serialize)]
struct LeftOut<'a> {
    property: Option<&'a str>,
    reason: &'static str,
    expects: Option<&'a str>,
    count: u64,
    first_records: &'a [u64],
    first_lines: &'a [u64],
}

/// Values of a property that something happened to.
#[derive(Serialize)]
struct ValueCount<'a> {
    property: &'a str,
    count: u64,
}

/// Records of which something happened to a property.
#[derive(Serialize)]
struct PropertyCount<'a> {
    property: &'a str,
    count: u64,
    first_records: &'a [u64],
    first_lines: &'a [u64],
}

impl<'a> Report<'a> {
    fn of(facts: &'a Facts<'_>) -> Self {
        let calls = facts.calls;
        let known = facts.counts.streams.iter().filter(|stream| stream.read > 0);
        Self {
            version: VERSION,
            connector_version: env!("CARGO_PKG_VERSION"),
            api_version: calls.api_version.map(ApiVersion::as_str),
            started_at: moment(facts.started),
            ended_at: facts.ended_at.map(moment),
            end: End::of(facts.ended),
            requests: Requests::of(calls),
            quota: calls.daily.map(|(daily_limit, daily_left)| Quota { daily_limit, daily_left }),
            records_without_fate: facts.open,
            streams: known.map(StreamReport::of).collect(),
        }
    }
}

impl<'a> End<'a> {
    fn of(ended: Ended<'a>) -> Self {
        let kind = match ended {
            Ended::NotYet => "unfinished",
            Ended::Complete => "complete",
            Ended::Failed(_) => "failed",
            Ended::Interrupted => "interrupted",
            Ended::OutputClosed => "output_closed",
            Ended::Defect => "defect",
        };
        let Ended::Failed(failure) = ended else { return Self { kind, failure_type: None, message: None } };
        Self { kind, failure_type: Some(failure.failure_type.as_str()), message: Some(&failure.message) }
    }
}

impl Requests {
    fn of(calls: &Calls) -> Self {
        let call = |(endpoint, count): &(Endpoint, u64)| CallCount {
            call: endpoint.name(),
            object: endpoint.object().map(ObjectType::path),
            count: *count,
        };
        Self {
            total: calls.effort.requests,
            retries: calls.effort.retries,
            seconds_waiting_on_limits: (calls.effort.waited.as_secs_f64() * 10.0).round() / 10.0,
            by_call: calls.by_call.iter().map(call).collect(),
        }
    }
}

impl<'a> StreamReport<'a> {
    fn of(counts: &'a StreamCounts) -> Self {
        let rejected = with_reasons("rejected", &counts.rejected);
        Self {
            stream: &counts.stream,
            read: counts.read,
            created: counts.created,
            updated: counts.updated,
            unchanged: counts.unchanged,
            archived: counts.archived,
            folded: counts.folded,
            skipped: counts.skipped.count(),
            rejected: counts.rejected.count(),
            reasons: rejected.chain(with_reasons("skipped", &counts.skipped)).collect(),
            values_left_out: counts.values_left_out.all().map(LeftOut::of).collect(),
            values_emptied: of_values(&counts.values_emptied),
            values_held_back: of_values(&counts.values_held_back),
            not_applied: of_properties(&counts.not_applied),
            on_create_refused: of_properties(&counts.on_create_refused),
            on_create_missed: of_properties(&counts.on_create_missed),
            written_out_of_order: RecordCount {
                count: counts.out_of_order.count,
                first_records: &counts.out_of_order.first_records,
                first_lines: &counts.out_of_order.first_lines,
            },
        }
    }
}

fn with_reasons<'a>(
    fate: &'static str,
    tallies: &'a Tallies,
) -> impl Iterator<Item = ReasonCount<'a>> + use<'a> {
    tallies.all().map(move |(reason, tally)| ReasonCount {
        fate,
        reason: reason.code.as_str(),
        property: reason.property.as_deref(),
        expects: reason.expects.as_deref(),
        count: tally.count,
        first_records: &tally.first_records,
        first_lines: &tally.first_lines,
        correlation_id: tally.correlation_id.as_deref(),
    })
}

impl<'a> LeftOut<'a> {
    fn of((reason, tally): (&'a Reason, &'a Tally)) -> Self {
        Self {
            property: reason.property.as_deref(),
            reason: reason.code.as_str(),
            expects: reason.expects.as_deref(),
            count: tally.count,
            first_records: &tally.first_records,
            first_lines: &tally.first_lines,
        }
    }
}

fn of_values(counts: &BTreeMap<String, u64>) -> Vec<ValueCount<'_>> {
    counts.iter().map(|(property, count)| ValueCount { property, count: *count }).collect()
}

fn of_properties(tallies: &BTreeMap<String, Tally>) -> Vec<PropertyCount<'_>> {
    let mut all = Vec::with_capacity(tallies.len());
    for (property, tally) in tallies {
        let (first_records, first_lines) = (&*tally.first_records, &*tally.first_lines);
        all.push(PropertyCount { property, count: tally.count, first_records, first_lines });
    }
    all
}

/// In UTC, to the millisecond, by RFC 3339.
fn moment(timestamp: Timestamp) -> String {
    format!("{timestamp:.3}")
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Duration};

    use super::*;
    use crate::{
        mapping::reason::Code,
        report::fate::{Fate, Rejection, Ticket},
    };

    const SCHEMA: &str = include_str!("../../docs/report.schema.json");

    fn ticket(number: u64) -> Ticket {
        Ticket { stream: 0, interval: 0, among_first: false, number, line: number * 10 }
    }

    /// At least one of all that can be counted.
    fn counts() -> Counts {
        let mut counts = Counts::default();
        (1..=7).for_each(|_| counts.read(0, || "public.users".to_owned()));
        counts.read(2, || "evil\u{202e}\u{1b}[2J \"name\"".to_owned());
        for (number, fate) in [Fate::Created, Fate::Updated, Fate::Unchanged, Fate::Folded].iter().enumerate()
        {
            counts.settled(ticket(number as u64 + 1), fate);
        }
        counts.settled(ticket(5), &Fate::Skipped(Reason::of(Code::DeletedInSource)));
        let mut reason = Reason::of_property(Code::InvalidValue, &"phone".into());
        reason.expects = Some("a number".into());
        let correlation_id = Some("c0ffee".to_owned());
        let rejection = Rejection { correlation_id, ..Rejection::from(reason.clone()) };
        counts.settled(ticket(6), &Fate::Rejected(rejection));
        counts.left_out(&reason, ticket(1));
        for property in ["city", "city", "zip"] {
            counts.emptied(property, ticket(2));
        }
        counts.not_applied("a", ticket(1));
        counts.on_create_refused("b", ticket(1));
        counts.on_create_missed("c", ticket(1));
        counts.out_of_order(ticket(2));
        counts
    }

    fn calls() -> Calls {
        Calls {
            effort: Effort { requests: 6, retries: 1, waited: Duration::from_millis(1_250) },
            by_call: vec![(Endpoint::Account, 1), (Endpoint::BatchUpsert(ObjectType::CONTACTS), 5)],
            daily: Some((250_000, 249_994)),
            api_version: Some(ApiVersion::Date202609),
        }
    }

    /// The schema, where each object has the members that it names and no other.
    fn schema() -> serde_json::Value {
        let mut schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let mut open = vec![&mut schema];
        while let Some(value) = open.pop() {
            match value {
                serde_json::Value::Object(members) => {
                    if let Some(properties) = members.get("properties").cloned() {
                        members.insert("additionalProperties".to_owned(), false.into());
                        let names: BTreeSet<_> = properties.as_object().unwrap().keys().cloned().collect();
                        let required = members["required"].as_array().unwrap().iter();
                        let required = required.map(|name| name.as_str().unwrap().to_owned());
                        assert_eq!(required.collect::<BTreeSet<_>>(), names, "each member is always there");
                    }
                    open.extend(members.values_mut());
                }
                serde_json::Value::Array(items) => open.extend(items),
                _ => {}
            }
        }
        schema
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + second * 1_000).unwrap()
    }

    #[test]
    fn a_report_has_all_that_was_counted_and_is_what_the_schema_says() {
        let (counts, calls, failure) = (counts(), calls(), Failure::from(NotSo));
        let (nothing, none) = (Counts::default(), Calls::default());
        let validator = jsonschema::draft7::new(&schema()).unwrap();
        let all = [
            Ended::NotYet,
            Ended::Complete,
            Ended::Failed(&failure),
            Ended::Interrupted,
            Ended::OutputClosed,
            Ended::Defect,
        ];
        for ended in all {
            for (counts, calls, ended_at) in [(&counts, &calls, Some(at(9))), (&nothing, &none, None)] {
                let facts = Facts { started: at(0), ended_at, ended, calls, counts, open: 1 };
                let value = serde_json::from_str(&report(&facts).unwrap()).unwrap();
                let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
                assert_eq!(errors, [""; 0], "{value:#}");
            }
        }
        let ended = Ended::Failed(&failure);
        let facts =
            Facts { started: at(0), ended_at: Some(at(9)), ended, calls: &calls, counts: &counts, open: 2 };
        insta::assert_snapshot!(report(&facts).unwrap());
    }

    /// A failure for the test.
    struct NotSo;

    impl From<NotSo> for Failure {
        fn from(_: NotSo) -> Self {
            Self::transient("It did not go well.")
        }
    }
}
