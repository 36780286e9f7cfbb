//! What arrives on standard input: records, states, and everything else, which is ignored.
//!
//! A record's data and a state stay the text they came in: nothing of them is rounded, reordered or dropped. Not here:
//! splitting the input into lines, and what a record's data means.
//!
//! Source of the shapes: `airbyte_protocol.yaml`, 0.18.0. What real senders add to it: an explicit `null` for every
//! absent field, keys that occur twice, unknown members (the platform's integer `id` of a state, above all).

use std::{borrow::Cow, fmt};

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

/// A record: `{"stream":"users","namespace":"public","data":{…}}`; whatever else it holds is ignored.
#[derive(Debug)]
pub struct Record<'a> {
    /// Never empty: see [`StreamId`].
    pub namespace: Option<Cow<'a, str>>,
    pub stream: Cow<'a, str>,
    /// An object. [`members`] lists what is in it.
    pub data: &'a RawValue,
}

impl<'a> Record<'a> {
    /// Whether the record is of this stream; costs no allocation.
    pub fn is_of(&self, stream: &StreamId) -> bool {
        self.stream == stream.name() && self.namespace.as_deref() == stream.namespace()
    }

    pub fn stream_id(&self) -> StreamId {
        StreamId::new(&self.stream, self.namespace.as_deref())
    }

    fn parse(record: Option<&'a RawValue>) -> Result<Self, Malformed> {
        let [namespace, stream, data] =
            pick_from(record, ["namespace", "stream", "data"]).ok_or(Malformed::NoRecord)?;
        Ok(Self {
            namespace: parse_namespace(namespace)?,
            stream: stream.and_then(text).ok_or(Malformed::RecordWithoutStream)?,
            data: data.filter(|data| data.get().starts_with('{')).ok_or(Malformed::RecordWithoutData)?,
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
    /// They were not sent, since a rule says so.
    pub skipped: u64,
    pub rejected: u64,
}

impl std::ops::AddAssign for StateCounts {
    fn add_assign(&mut self, other: Self) {
        self.written += other.written;
        self.unchanged += other.unchanged;
        self.skipped += other.skipped;
        self.rejected += other.rejected;
    }
}

impl StateCounts {
    /// Airbyte knows two numbers, which add up to the records that were sent here; what is besides is told apart by name.
    ///
    /// Source: `AirbyteStateStats` of the Airbyte protocol. Numbers are floats there.
    fn to_json(self) -> String {
        let Self { written, unchanged, skipped, rejected } = self;
        let kept = written + unchanged + skipped;
        let others: Vec<String> = [("unchanged", unchanged), ("skipped", skipped)]
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

/// Reads one line of the input, without its end.
pub fn parse(line: &[u8]) -> Result<Message<'_>, Malformed> {
    let [kind, record, state] = pick(Deserializer::from_slice(line), ["type", "record", "state"])
        .map_err(|error| Malformed::because_of(&error, line))?;
    match kind.and_then(text).as_deref() {
        None => Err(Malformed::NoType),
        Some("RECORD") => Record::parse(record).map(Message::Record),
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(line: &str) -> Record<'_> {
        match parse(line.as_bytes()) {
            Ok(Message::Record(record)) => record,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn state(line: &str) -> State {
        match parse(line.as_bytes()) {
            Ok(Message::State(state)) => state,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn state_line(object: &str) -> String {
        format!(r#"{{"type":"STATE","state":{object}}}"#)
    }

    fn acknowledged(object: &str) -> String {
        state(&state_line(object)).acknowledge(StateCounts {
            written: 98,
            rejected: 2,
            ..StateCounts::default()
        })
    }

    const COUNTS: &str = r#"{"recordCount":98.0,"rejectedRecordCount":2.0}"#;

    #[test]
    fn a_record_is_borrowed_and_its_data_untouched() {
        let line = r#"{"type":"RECORD","record":{"namespace":"public","stream":"users","data":{ "n":1e400,"n":2 },"emitted_at":1700000000000}}"#;
        let record = record(line);
        assert!(matches!(record.stream, Cow::Borrowed("users")));
        assert!(matches!(record.namespace, Some(Cow::Borrowed("public"))));
        assert_eq!(record.data.get(), r#"{ "n":1e400,"n":2 }"#);
        assert!(record.is_of(&StreamId::new("users", Some("public"))));
        assert!(!record.is_of(&StreamId::new("users", None)));
        assert_eq!(record.stream_id(), StreamId::new("users", Some("public")));
        assert_eq!(record.stream_id().to_string(), "public.users");
    }

    #[test]
    fn real_senders_are_understood() {
        for line in [
            // All nulls explicit, as PyAirbyte writes them; seconds with a fraction.
            r#"{"type":"RECORD","log":null,"spec":null,"record":{"namespace":null,"stream":"users","data":{},"emitted_at":1795448290.04,"meta":null,"file_reference":null},"state":null,"global_":null,"global_":null}"#,
            // Escaped keys and text, any order, unknown members, an empty namespace.
            r#"{"x":[1e400,{"type":"LOG"}],"record":{"data":{},"stre\u0061m":"us\u0065rs","namespace":"","emitted_at":[{}]},"t\u0079pe":"REC\u004fRD"}"#,
            // Of duplicates the last counts, on every level.
            r#"{"type":"LOG","record":7,"type":"RECORD","record":{"stream":1,"data":[],"stream":"users","data":{"a":1},"data":{}}}"#,
            " {\"type\" : \"RECORD\",\r\"record\" : { \"stream\" : \"users\" , \"data\" : {} } } ",
        ] {
            let record = record(line);
            assert!(record.is_of(&StreamId::new("users", None)), "{line}");
            assert_eq!(record.data.get(), "{}", "{line}");
        }
    }

    #[test]
    fn other_types_are_not_looked_into() {
        let parsed = |kind: &str| {
            let line = format!(r#"{{"type":"{kind}","record":3,"state":[],"log":{{"n":-1e999}}}}"#);
            parse(line.as_bytes()).map(|message| format!("{message:?}"))
        };
        for kind in OTHER_TYPES {
            assert_eq!(parsed(kind).as_deref(), Ok("Ignored"), "{kind}");
        }
        assert_eq!(parsed("NEW_TYPE").as_deref(), Ok("Unknown"), "a type of a later protocol");
        for kind in ["record", "Record", "", " RECORD", "company"] {
            assert_eq!(parsed(kind), Err(Malformed::ForeignType), "{kind}");
        }
        assert!(matches!(parse(b"{\"log\":\"caf\xe9\",\"type\":\"LOG\"}"), Ok(Message::Ignored)));
    }

    #[test]
    fn malformed_lines_say_what_is_wrong_and_not_what_they_hold() {
        use Malformed::*;
        for (line, expected) in [
            ("{\"unparseable", Cut),
            ("", Cut),
            ("secret", NotJson { column: 1 }),
            ("{\"a\":1} secret", NotJson { column: 9 }),
            ("[\"secret\"]", NotAnObject),
            ("\"secret\"", NotAnObject),
            ("1e400", NotJson { column: 5 }),
            ("{}", NoType),
            (r#"{"type":null}"#, NoType),
            (r#"{"type":{"secret":1}}"#, NoType),
            (r#"{"type":"RECORD"}"#, NoRecord),
            (r#"{"type":"RECORD","record":null}"#, NoRecord),
            (r#"{"type":"RECORD","record":"secret"}"#, NoRecord),
            (r#"{"type":"RECORD","record":{"data":{}}}"#, RecordWithoutStream),
            (r#"{"type":"RECORD","record":{"stream":"\ud800","data":{}}}"#, RecordWithoutStream),
            (r#"{"type":"RECORD","record":{"stream":"secret"}}"#, RecordWithoutData),
            (r#"{"type":"RECORD","record":{"stream":"s","data":[]}}"#, RecordWithoutData),
            (r#"{"type":"RECORD","record":{"stream":"s","data":{},"namespace":7}}"#, NamespaceNotText),
            (r#"{"type":"STATE"}"#, NoState),
            (r#"{"type":"STATE","state":"secret"}"#, NoState),
            (r#"{"type":"STATE","state":{"type":"STREAM"}}"#, StateWithoutStream),
            (
                r#"{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{}}}}"#,
                StateWithoutStream,
            ),
        ] {
            let malformed = parse(line.as_bytes()).expect_err(line);
            assert_eq!(malformed, expected, "{line}");
            assert!(!malformed.to_string().contains("secret"));
        }
        assert_eq!(parse(b"{\"type\":\"RECORD\",\"record\":\"\xff\"}").expect_err("bytes"), NotUtf8);
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let nested = deep(1_000_000);
        let line = format!(
            r#"{{"type":"RECORD","x":{nested},"record":{{"stream":"s","data":{{"a":{nested}}},"meta":{nested}}}}}"#
        );
        assert_eq!(record(&line).data.get().len(), nested.len() + 6);
        assert!(matches!(parse(nested.as_bytes()), Err(Malformed::NotAnObject)));
        let open = format!(r#"{{"type":"STATE","state":{}"#, "{\"a\":".repeat(100_000));
        assert!(matches!(parse(open.as_bytes()), Err(Malformed::Cut)));
        assert!(acknowledged(&format!(r#"{{"data":{nested}}}"#)).contains(&nested));
    }

    #[test]
    fn scopes_are_the_stream_or_everything() {
        let scope = |object: &str| state(&state_line(object)).scope().clone();
        let users = |namespace| StateScope::Stream(StreamId::new("users", namespace));
        assert_eq!(
            scope(
                r#"{"type":"STREAM","stream":{"stream_descriptor":{"name":"users","namespace":"public"}}}"#
            ),
            users(Some("public"))
        );
        assert_eq!(
            scope(
                r#"{"stream":{"stream_descriptor":{"namespace":null,"name":"users"}},"type":"STREAM","id":1}"#
            ),
            users(None)
        );
        for object in [
            "{}",
            r#"{"type":"GLOBAL","global":{"shared_state":{},"stream_states":[]}}"#,
            r#"{"type":"LEGACY","data":{}}"#,
            r#"{"type":null,"data":{}}"#,
            r#"{"type":"NEW"}"#,
            r#"{"stream":{"stream_descriptor":{"name":"users"}}}"#,
        ] {
            assert_eq!(scope(object), StateScope::AllStreams, "{object}");
        }
    }

    #[test]
    fn an_acknowledgement_keeps_the_state_and_adds_the_counts() {
        for (object, expected) in [
            ("{}", format!(r#"{{"destinationStats":{COUNTS}}}"#)),
            ("{ }", format!(r#"{{ "destinationStats":{COUNTS}}}"#)),
            ("{\"id\":7 \t}", format!("{{\"id\":7 \t,\"destinationStats\":{COUNTS}}}")),
            (
                r#"{"b":{"destinationStats":null},"a":12345678901234567890.123456789,"id":9,"id":9}"#,
                format!(
                    r#"{{"b":{{"destinationStats":null}},"a":12345678901234567890.123456789,"id":9,"id":9,"destinationStats":{COUNTS}}}"#
                ),
            ),
            (r#"{"destinationStats": null ,"id":1}"#, format!(r#"{{"destinationStats": {COUNTS} ,"id":1}}"#)),
            (
                r#"{"destinationStats":{"recordCount":1.0},"id":1,"destination\u0053tats":[2]}"#,
                format!(r#"{{"destinationStats":{COUNTS},"id":1,"destination\u0053tats":{COUNTS}}}"#),
            ),
        ] {
            assert_eq!(acknowledged(object), state_line(&expected));
        }
        let size = state(&state_line(r#"{"id":7}"#)).size();
        assert_eq!(size, r#"{"id":7,"destinationStats":}"#.len());
    }

    proptest! {
        #[test]
        fn any_state_comes_back_byte_for_byte(
            made in proptest::collection::vec(
                (
                    prop_oneof!["\"destinationStats\"", "\"destination\\\\u0053tats\"", "\"[a-z é\\\\\\\\]{0,3}x\"", "\"id\""],
                    "[ \t\r]{0,2}",
                    prop_oneof!["null", "\\{\\}", "-?[1-9][0-9]{0,30}(\\.[0-9]{1,20})?", "\"[a-z{},é]{0,9}\"", "\\{\"destinationStats\": [12]\\}"],
                ),
                0..6,
            ),
            space in "[ \t\r]{0,2}",
        ) {
            // A key's backslashes must come in pairs, or it would be no JSON.
            let made: Vec<_> = made.into_iter().filter(|(key, ..)| serde_json::from_str::<String>(key).is_ok()).collect();
            let object = |replaced: bool| {
                let members: Vec<String> = made
                    .iter()
                    .map(|(key, space, value)| {
                        let is_stats = serde_json::from_str::<String>(key).is_ok_and(|key| key == STATS);
                        format!("{key}{space}:{space}{}{space}", if replaced && is_stats { COUNTS } else { value })
                    })
                    .collect();
                format!("{{{space}{}{space}", members.join(","))
            };
            let (sent, kept) = (object(false), object(true));
            let has_stats = made.iter().any(|(key, ..)| serde_json::from_str::<String>(key).is_ok_and(|key| key == STATS));
            let expected = match (has_stats, made.is_empty()) {
                (true, _) => format!("{kept}}}"),
                (false, true) => format!("{kept}\"destinationStats\":{COUNTS}}}"),
                (false, false) => format!("{kept},\"destinationStats\":{COUNTS}}}"),
            };
            prop_assert_eq!(acknowledged(&format!("{sent}}}")), state_line(&expected));
        }

        #[test]
        fn no_line_is_too_odd(line in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(parse(&line).is_err());
        }

        #[test]
        fn no_cut_line_is_taken_for_whole(cut in 0_usize..118) {
            let line = r#"{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"usérs"},"stream_state":{"a":[1]}},"id":1}}"#;
            prop_assert!(matches!(parse(&line.as_bytes()[..cut]), Err(Malformed::Cut | Malformed::NotUtf8)));
        }
    }
}
