//! The lines that keep rows: each is a message that `write` takes again, or says what became of a row. Pure.
//!
//! Not here: where the lines go ([`super::keeper`]).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::row::Row;
use crate::{
    mapping::{path::Step, reason::Reason},
    protocol::message::{StreamId, members},
    report::fate::{Fate, Rejection},
};

/// Where a row comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// When the run began that read it: what tells its lines from those of other runs.
    pub run: Timestamp,
    /// Its number within its stream, from 1.
    pub number: u64,
}

/// A row that was not written, and can be sent again: its message as it came, and why. `correlation_id`: HubSpot's, of its refusal.
pub fn not_written(
    row: &Row,
    reason: &Reason,
    correlation_id: Option<&str>,
    origin: Origin,
    at: Timestamp,
) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        r#type: &'static str,
        record: &'a RawValue,
        rejection: Member<'a>,
    }

    #[derive(Serialize)]
    struct Member<'a> {
        reason: &'static str,
        property: Option<&'a str>,
        expects: Option<&'a str>,
        correlation_id: Option<&'a str>,
        run: String,
        stream_record: u64,
        at: String,
        first_at: String,
        attempt: u64,
    }

    let before = row.sent_again;
    json(&Line {
        r#type: "RECORD",
        record: &row.record,
        rejection: Member {
            reason: reason.code.as_str(),
            property: reason.property.as_deref(),
            expects: reason.expects.as_deref(),
            correlation_id,
            run: moment(origin.run),
            stream_record: origin.number,
            at: moment(at),
            first_at: moment(before.map_or(at, |before| before.first_at)),
            attempt: before.map_or(0, |before| before.attempts).saturating_add(1),
        },
    })
}

/// Where in a row a value stands: its field, and the steps inside it.
pub type ValuePlace<'a> = (&'a str, &'a [Step]);

/// The values of a row that were left out, with those of its key, so that they can be corrected and sent. `None`: the row
/// has none of them.
///
/// `keys` are the fields that may hold the key; `left_out` are the reasons, each with the places that the property is filled from.
pub fn left_out(
    row: &Row,
    stream: &StreamId,
    keys: &[ValuePlace<'_>],
    left_out: &[(&Reason, Vec<ValuePlace<'_>>)],
    origin: Origin,
    at: Timestamp,
) -> Option<String> {
    #[derive(Serialize)]
    struct Line<'a> {
        r#type: &'static str,
        record: Record<'a>,
        left_out: Member<'a>,
    }

    #[derive(Serialize)]
    struct Record<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<&'a str>,
        stream: &'a str,
        data: Data<'a>,
        emitted_at: i64,
    }

    #[derive(Serialize)]
    struct Member<'a> {
        values: Vec<Value<'a>>,
        run: String,
        stream_record: u64,
        at: String,
    }

    #[derive(Serialize)]
    struct Value<'a> {
        property: Option<&'a str>,
        reason: &'static str,
        expects: Option<&'a str>,
    }

    let record = members(&row.record).ok()?;
    let data = record.iter().rev().find(|(name, _)| name == "data").map(|(_, data)| *data)?;
    let mut some = Data::default();
    for place in left_out.iter().flat_map(|(_, places)| places) {
        some.add(data, place);
    }
    if some.0.is_empty() {
        return None;
    }
    for place in keys {
        some.add(data, place);
    }
    Some(json(&Line {
        r#type: "RECORD",
        record: Record {
            namespace: stream.namespace(),
            stream: stream.name(),
            data: some,
            emitted_at: at.as_millisecond(),
        },
        left_out: Member {
            values: left_out
                .iter()
                .map(|(reason, _)| Value {
                    property: reason.property.as_deref(),
                    reason: reason.code.as_str(),
                    expects: reason.expects.as_deref(),
                })
                .collect(),
            run: moment(origin.run),
            stream_record: origin.number,
            at: moment(at),
        },
    }))
}

/// Some values of a row's data, where they stood. A value below an index of a list comes with its whole field, since a list
/// without its other items would be another one.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
struct Data<'a>(BTreeMap<&'a str, Node<'a>>);

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Node<'a> {
    Value(&'a RawValue),
    Object(BTreeMap<&'a str, Self>),
}

impl<'a> Data<'a> {
    fn add(&mut self, data: &'a RawValue, (field, steps): &ValuePlace<'a>) {
        let Some(value) = member(data, field) else { return };
        let names: Option<Vec<&'a str>> = steps
            .iter()
            .map(|step| match step {
                Step::Name(name) => Some(&**name),
                Step::Index(_) => None,
            })
            .collect();
        let Some(names) = names.filter(|_| value.get().starts_with('{')) else {
            self.0.insert(field, Node::Value(value));
            return;
        };
        match self.0.entry(field).or_insert_with(|| Node::Object(BTreeMap::new())) {
            // The whole field is there already.
            Node::Value(_) => {}
            Node::Object(object) if names.is_empty() => {
                object.clear();
                self.0.insert(field, Node::Value(value));
            }
            Node::Object(object) => insert(object, value, &names),
        }
    }
}

/// Puts what the names lead to in `value` into the same place of an object.
fn insert<'a>(object: &mut BTreeMap<&'a str, Node<'a>>, value: &'a RawValue, names: &[&'a str]) {
    let Some((first, rest)) = names.split_first() else { return };
    let Some(inside) = member(value, first) else { return };
    if rest.is_empty() || !inside.get().starts_with('{') {
        object.insert(first, Node::Value(inside));
        return;
    }
    match object.entry(first).or_insert_with(|| Node::Object(BTreeMap::new())) {
        Node::Value(_) => {}
        Node::Object(object) => insert(object, inside, rest),
    }
}

/// The member of an object; of several of one name the last, as when the row was read.
fn member<'a>(object: &'a RawValue, name: &str) -> Option<&'a RawValue> {
    let members = members(object).ok()?;
    members.into_iter().rev().find(|(member, _)| member == name).map(|(_, value)| value)
}

/// What became of a row.
pub fn result(
    row: Option<&Row>,
    stream: &StreamId,
    primary_key: &[Vec<String>],
    origin: Origin,
    fate: &Fate,
    record_id: Option<&str>,
) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        stream: String,
        run: String,
        stream_record: u64,
        primary_key: Option<Vec<Option<&'a RawValue>>>,
        fate: &'static str,
        record_id: Option<&'a str>,
        reason: Option<&'static str>,
        property: Option<&'a str>,
    }

    let data = row.and_then(|row| member(&row.record, "data"));
    let value = |path: &Vec<String>| path.iter().try_fold(data?, |value, name| member(value, name));
    let reason = match fate {
        Fate::Skipped(reason) | Fate::Rejected(Rejection { reason, .. }) => Some(reason),
        Fate::Created | Fate::Updated | Fate::Unchanged | Fate::Archived | Fate::Folded => None,
    };
    json(&Line {
        stream: stream.to_string(),
        run: moment(origin.run),
        stream_record: origin.number,
        primary_key: (!primary_key.is_empty()).then(|| primary_key.iter().map(value).collect()),
        fate: fate.as_str(),
        record_id,
        reason: reason.map(|reason| reason.code.as_str()),
        property: reason.and_then(|reason| reason.property.as_deref()),
    })
}

fn json(line: &impl Serialize) -> String {
    // Texts, numbers and raw JSON cannot fail to become JSON.
    serde_json::to_string(line).expect("a line is JSON")
}

fn moment(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        mapping::{path::Path, reason::Code},
        protocol::message::SentAgain,
    };

    const ORIGIN: Origin = Origin { run: Timestamp::UNIX_EPOCH, number: 1 };

    fn row(data: &str) -> Row {
        let record = format!(r#"{{"stream":"users","data":{data},"emitted_at":1}}"#);
        Row { record: RawValue::from_string(record).unwrap(), sent_again: None }
    }

    /// The data that is kept where the values at these paths were left out; the key is `email`.
    fn kept(data: &str, paths: &[&str]) -> Option<Value> {
        let paths: Vec<Path> = paths
            .iter()
            .map(|path| Path::parse(path).unwrap_or(Path { field: (*path).into(), steps: [].into() }))
            .collect();
        let reason = Reason::of(Code::InvalidValue);
        let reasons: Vec<_> =
            paths.iter().map(|path| (&reason, vec![(&*path.field, &*path.steps)])).collect();
        let at = Timestamp::UNIX_EPOCH;
        let line =
            left_out(&row(data), &StreamId::new("users", None), &[("email", &[])], &reasons, ORIGIN, at)?;
        let line: Value = serde_json::from_str(&line).unwrap();
        Some(line["record"]["data"].clone())
    }

    #[test]
    fn values_are_kept_where_they_stood_and_nothing_beside_them() {
        let data = r#"{"email":"a@x.com","n":1.50,"address":{"city":"x","zip":{"a":1,"b":2}},"list":[{"v":1},{"v":2}],"n":7}"#;
        let object = |fields: Value| {
            let mut fields = fields;
            fields["email"] = json!("a@x.com");
            Some(fields)
        };
        for (paths, expected) in [
            (&["n"][..], json!({ "n": 7 })),
            (&["address.city"], json!({ "address": { "city": "x" } })),
            (&["address.city", "address.zip.b"], json!({ "address": { "city": "x", "zip": { "b": 2 } } })),
            (&["address.city", "address"], json!({ "address": { "city": "x", "zip": { "a": 1, "b": 2 } } })),
            (&["list[1].v"], json!({ "list": [{ "v": 1 }, { "v": 2 }] })),
        ] {
            assert_eq!(kept(data, paths), object(expected), "{paths:?}");
        }
        assert_eq!(kept(data, &["missing"]), None);
    }

    #[test]
    fn an_attempt_is_counted_on_and_the_moment_of_the_first_one_stays() {
        let reason = Reason::of(Code::InvalidEmail);
        let (first, now) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(86_400).unwrap());
        let again = |attempts| Some(SentAgain { first_at: first, attempts });
        for (sent_again, attempt, first_at) in [
            (None, 1, "1970-01-02T00:00:00.000Z"),
            (again(3), 4, "1970-01-01T00:00:00.000Z"),
            (again(u64::MAX), u64::MAX, "1970-01-01T00:00:00.000Z"),
        ] {
            let row = Row { sent_again, ..row("{}") };
            let line: Value = serde_json::from_str(&not_written(&row, &reason, None, ORIGIN, now)).unwrap();
            let rejection = &line["rejection"];
            assert_eq!(
                (&rejection["attempt"], &rejection["first_at"], &rejection["at"]),
                (&attempt.into(), &first_at.into(), &"1970-01-02T00:00:00.000Z".into())
            );
        }
    }
}
