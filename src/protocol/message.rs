//! What arrives on standard input: records, states, and everything else, which is ignored.
//!
//! A record's data and a state stay the text they came in: nothing of them is rounded, reordered or dropped. Not here:
//! splitting the input into lines, and what a record's data means.
//!
//! Source of the shapes: `airbyte_protocol.yaml`, 0.18.0. What real senders add to it: an explicit `null` for every
//! absent field, keys that occur twice, unknown members (the platform's integer `id` of a state, above all).

use std::{borrow::Cow, fmt};

use jiff::Timestamp;
use serde_json::{Deserializer, error::Category, value::RawValue};

pub use super::json::{NotAnObject, for_each_member, members};
use super::json::{pick, pick_from, text};
use crate::text::shown;

/// The name of a stream; an absent namespace, a `null` and an empty one are the same.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct StreamId {
    namespace: Option<Box<str>>,
    name: Box<str>,
}

impl StreamId {
    pub fn new(name: &str, namespace: Option<&str>) -> Self {
        Self {
            namespace: namespace.filter(|namespace| !namespace.is_empty()).map(Box::from),
            name: name.into(),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// As it stands in a message: see [`shown`].
    pub fn shown(&self) -> String {
        shown(&self.to_string()).into_owned()
    }
}

/// `namespace.name`, or the name alone.
impl fmt::Display for StreamId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namespace) = &self.namespace {
            write!(formatter, "{namespace}.")?;
        }
        formatter.write_str(&self.name)
    }
}

/// One line of the input.
#[derive(Debug)]
pub enum Message<'a> {
    Record(Record<'a>),
    State(State),
    /// `LOG`, `TRACE` and the other types of Airbyte's: a destination has nothing to do with them, so they are not looked
    /// into.
    Ignored,
    /// A type that Airbyte does not have, or not yet.
    Unknown,
}

impl Message<'_> {
    /// Whether it is a record that was rejected before.
    pub fn is_sent_again(&self) -> bool {
        matches!(self, Self::Record(Record { sent_again: Some(_), .. }))
    }
}

/// A record: `{"stream":"users","namespace":"public","data":{…}}`; whatever else it holds is ignored.
#[derive(Debug)]
pub struct Record<'a> {
    /// Never empty: see [`StreamId`].
    pub namespace: Option<Cow<'a, str>>,
    pub stream: Cow<'a, str>,
    /// An object. [`members`] lists what is in it.
    pub data: &'a RawValue,
    /// All of it, as it came.
    pub raw: &'a RawValue,
    /// It was rejected before, and is sent again.
    pub sent_again: Option<SentAgain>,
}

/// What the message of a record says that was rejected before: its member `rejection`, beside `record`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentAgain {
    /// When it was rejected for the first time: nothing of it was written since, whoever rejected it again.
    pub first_at: Timestamp,
    /// How often it came without being written.
    pub attempts: u64,
}

impl SentAgain {
    /// Nothing without a `rejection`.
    fn parse(rejection: Option<&RawValue>) -> Result<Option<Self>, Malformed> {
        let Some(rejection) = rejection else { return Ok(None) };
        let [at, first_at, attempt] = pick_from(Some(rejection), ["at", "first_at", "attempt"])
            .ok_or(Malformed::RejectionWithoutMoment)?;
        let moment = first_at.or(at).and_then(text).and_then(|at| at.parse().ok());
        let first_at = moment.ok_or(Malformed::RejectionWithoutMoment)?;
        // Whoever corrects rows by hand may have lost it.
        let attempts = attempt.and_then(|attempt| attempt.get().parse().ok()).unwrap_or(1);
        Ok(Some(Self { first_at, attempts }))
    }
}

impl<'a> Record<'a> {
    /// Whether the record is of this stream; costs no allocation.
    pub fn is_of(&self, stream: &StreamId) -> bool {
        self.stream == stream.name() && self.namespace.as_deref() == stream.namespace()
    }

    pub fn stream_id(&self) -> StreamId {
        StreamId::new(&self.stream, self.namespace.as_deref())
    }

    fn parse(record: Option<&'a RawValue>, rejection: Option<&RawValue>) -> Result<Self, Malformed> {
        let raw = record.ok_or(Malformed::NoRecord)?;
        let [namespace, stream, data] =
            pick_from(record, ["namespace", "stream", "data"]).ok_or(Malformed::NoRecord)?;
        Ok(Self {
            namespace: parse_namespace(namespace)?,
            stream: stream.and_then(text).ok_or(Malformed::RecordWithoutStream)?,
            data: data.filter(|data| data.get().starts_with('{')).ok_or(Malformed::RecordWithoutData)?,
            raw,
            sent_again: SentAgain::parse(rejection)?,
        })
    }
}

/// Which records a state stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateScope {
    /// Those of one stream (`"type":"STREAM"`).
    Stream(StreamId),
    /// Those of all streams: `GLOBAL`, `LEGACY` (also where the type is absent or `null`), and any type unknown to us.
    ///
    /// A state without a type is never taken for a stream's, even if it has a stream descriptor: to wait for the
    /// records of every stream is right in both cases, to wait for those of one stream only in one.
    AllStreams,
}

/// A state, which goes back to the sender once every record before it is settled.
#[derive(Debug, Clone)]
pub struct State {
    scope: StateScope,
    /// The text of the `state` object, cut at each place where the counts go.
    pieces: Box<[Box<str>]>,
}

impl State {
    pub fn scope(&self) -> &StateScope {
        &self.scope
    }

    /// How many bytes the state holds in memory, about.
    pub fn size(&self) -> usize {
        self.pieces.iter().map(|piece| piece.len()).sum()
    }

    /// The line that says so: how many records were `written` and how many `rejected` since the state before.
    ///
    /// Every byte of the `state` object is kept but the value of `destinationStats`, which is replaced where it stands
    /// or else added at the end. The platform needs above all the `id` and, so that its checksums hold, both counts
    /// with a decimal point.
    pub fn acknowledge(&self, counts: StateCounts) -> String {
        let stats = counts.to_json();
        format!(r#"{{"type":"STATE","state":{}}}"#, self.pieces.join(stats.as_str()))
    }

    fn parse(state: Option<&RawValue>) -> Result<Self, Malformed> {
        let state = state.ok_or(Malformed::NoState)?;
        let [kind, stream] = pick_from(Some(state), ["type", "stream"]).ok_or(Malformed::NoState)?;
        let scope = match kind.and_then(text).as_deref() {
            Some("STREAM") => StateScope::Stream(parse_descriptor(stream)?),
            _ => StateScope::AllStreams,
        };
        Ok(Self { scope, pieces: cut_around_stats(state).map_err(|NotAnObject| Malformed::NoState)? })
    }
}

/// What became of the records that a state covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StateCounts {
    /// They were sent, by themselves or as part of another one.
    pub written: u64,
    /// Nothing of them had to be sent.
    pub unchanged: u64,
    /// Their records of the CRM went into the recycle bin.
    pub archived: u64,
    /// They were not sent, since a rule says so.
    pub skipped: u64,
    pub rejected: u64,
}

impl std::ops::AddAssign for StateCounts {
    fn add_assign(&mut self, other: Self) {
        self.written += other.written;
        self.unchanged += other.unchanged;
        self.archived += other.archived;
        self.skipped += other.skipped;
        self.rejected += other.rejected;
    }
}

impl StateCounts {
    /// Airbyte knows two numbers, which add up to the records that were sent here; what is besides is told apart by name.
    ///
    /// Source: `AirbyteStateStats` of the Airbyte protocol. Numbers are floats there.
    fn to_json(self) -> String {
        let Self { written, unchanged, archived, skipped, rejected } = self;
        let kept = written + unchanged + archived + skipped;
        let others: Vec<String> = [("unchanged", unchanged), ("archived", archived), ("skipped", skipped)]
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| format!(r#""{name}":{count}.0"#))
            .collect();
        let others = match &others[..] {
            [] => String::new(),
            others => format!(r#","additionalStats":{{{}}}"#, others.join(",")),
        };
        format!(r#"{{"recordCount":{kept}.0,"rejectedRecordCount":{rejected}.0{others}}}"#)
    }
}

/// Why a line cannot be used. The texts go on where "line 12 of the input" leaves off, and hold nothing of the line:
/// it may be personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("is not UTF-8")]
    NotUtf8,
    #[error("is not JSON (column {column})")]
    NotJson { column: usize },
    #[error("ends before its JSON does")]
    Cut,
    #[error("is not a JSON object")]
    NotAnObject,
    #[error("has no `type` that is a text")]
    NoType,
    #[error("has a `type` that Airbyte does not have: its types are in capitals, such as RECORD")]
    ForeignType,
    #[error("is a RECORD without an object `record`")]
    NoRecord,
    #[error("is a RECORD without the name of a `stream`")]
    RecordWithoutStream,
    #[error("is a RECORD without an object `data`")]
    RecordWithoutData,
    #[error(
        "is a RECORD with a `rejection` without the moment `at`: leave it as it was kept, or take `rejection` out, which has the record \
         written whatever HubSpot has"
    )]
    RejectionWithoutMoment,
    #[error("has a `namespace` that is not a text")]
    NamespaceNotText,
    #[error("is a STATE without an object `state`")]
    NoState,
    #[error("is a STATE of the type STREAM without the name of a stream in its `stream_descriptor`")]
    StateWithoutStream,
}

impl Malformed {
    fn because_of(error: &serde_json::Error, line: &[u8]) -> Self {
        if std::str::from_utf8(line).is_err() {
            return Self::NotUtf8;
        }
        match error.classify() {
            Category::Eof => Self::Cut,
            // Every member is taken as it is, so the line itself is what has the wrong type.
            Category::Data => Self::NotAnObject,
            Category::Syntax | Category::Io => Self::NotJson { column: error.column() },
        }
    }
}

/// The types that a destination may be sent and ignores. Source: `AirbyteMessage` in `airbyte_protocol.yaml`, 0.18.0.
const OTHER_TYPES: [&str; 7] =
    ["LOG", "TRACE", "CONTROL", "SPEC", "CONNECTION_STATUS", "CATALOG", "DESTINATION_CATALOG"];

/// The members of a message that are read. Airbyte does not have `rejection`: a line of a file of rejected rows has it.
const MEMBERS: [&str; 4] = ["type", "record", "state", "rejection"];

/// Reads one line of the input, without its end.
pub fn parse(line: &[u8]) -> Result<Message<'_>, Malformed> {
    let [kind, record, state, rejection] =
        pick(Deserializer::from_slice(line), MEMBERS).map_err(|error| Malformed::because_of(&error, line))?;
    match kind.and_then(text).as_deref() {
        None => Err(Malformed::NoType),
        Some("RECORD") => Record::parse(record, rejection).map(Message::Record),
        Some("STATE") => State::parse(state).map(Message::State),
        Some(kind) if OTHER_TYPES.contains(&kind) => Ok(Message::Ignored),
        // Airbyte's types are in capitals. Anything else is the `type` of a row, or a slip.
        Some(kind)
            if !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') =>
        {
            Ok(Message::Unknown)
        }
        Some(_) => Err(Malformed::ForeignType),
    }
}

fn parse_descriptor(stream: Option<&RawValue>) -> Result<StreamId, Malformed> {
    let [descriptor] = pick_from(stream, ["stream_descriptor"]).ok_or(Malformed::StateWithoutStream)?;
    let [name, namespace] =
        pick_from(descriptor, ["name", "namespace"]).ok_or(Malformed::StateWithoutStream)?;
    let name = name.and_then(text).ok_or(Malformed::StateWithoutStream)?;
    Ok(StreamId::new(&name, parse_namespace(namespace)?.as_deref()))
}

fn parse_namespace(namespace: Option<&RawValue>) -> Result<Option<Cow<'_, str>>, Malformed> {
    let Some(namespace) = namespace else { return Ok(None) };
    let namespace = text(namespace).ok_or(Malformed::NamespaceNotText)?;
    Ok(Some(namespace).filter(|namespace| !namespace.is_empty()))
}

/// The text of a state in pieces, so that the counts between each two of them give the acknowledgement.
fn cut_around_stats(state: &RawValue) -> Result<Box<[Box<str>]>, NotAnObject> {
    let mut values = Vec::new();
    for_each_member(state, |key, value| {
        if key == STATS {
            values.push(value.get());
        }
    })?;
    if values.is_empty() {
        let open = state.get().strip_suffix('}').ok_or(NotAnObject)?;
        let comma = if open.trim_end() == "{" { "" } else { "," };
        return Ok([format!("{open}{comma}\"{STATS}\":").into(), "}".into()].into());
    }
    let mut pieces = Vec::with_capacity(values.len() + 1);
    let mut rest = state.get();
    for value in values {
        // The value is borrowed from `rest`, so the distance of their addresses is its place.
        let (before, found) = rest.split_at(value.as_ptr().addr() - rest.as_ptr().addr());
        pieces.push(before.into());
        rest = found.split_at(value.len()).1;
    }
    pieces.push(rest.into());
    Ok(pieces.into())
}

/// The member of a state that holds the destination's counts.
const STATS: &str = "destinationStats";

#[cfg(test)]
mod tests;
