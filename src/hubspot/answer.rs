//! The 2xx answer to a batch request, read as far as it is needed. Pure. Not here: what it says of each input.
//!
//! Reading is lenient: a member of another type than expected is passed over, and only what is no answer at all cannot be
//! read. Properties that nobody looks at are not kept, since an answer may hold a hundred long ones of each record.

use std::{fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{
    error_body::ErrorBody,
    lenient::{List, Object, Text, Truth, others_are_default, repaired},
};

/// The body of a 2xx answer to a batch request, with or without errors.
#[derive(Debug, Default)]
pub struct BatchAnswer {
    pub results: Vec<BatchResult>,
    pub errors: Vec<ErrorBody>,
    /// How many errors HubSpot counts; 0 where it gives no number. Neither the length of `errors` nor the number of inputs refused:
    /// one error may be about several inputs, and `errors` may lack some.
    pub num_errors: usize,
}

/// One record as HubSpot has it after the request.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct BatchResult {
    pub id: Option<String>,
    /// `true`: created, `false`: updated.
    pub new: bool,
    pub object_write_trace_id: Option<String>,
    /// The properties that are looked at, in their order.
    values: Vec<Value>,
}

/// What stands in a result for a property.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum Value {
    /// Nothing, or nothing that is a value: of another type, or too long to be kept.
    #[default]
    Absent,
    Null,
    Text(String),
}

/// What a result tells of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told<'a> {
    /// Nothing: what HubSpot has is unclear.
    Absent,
    /// HubSpot has no value.
    Empty,
    Value(&'a str),
}

impl BatchResult {
    /// The value of the key; of a contact that was found by a secondary address, the primary one.
    pub fn key(&self) -> Option<&str> {
        self.value(0)
    }

    /// The value of the property that has this place among those that are looked at. `None` does not tell an empty one from one of
    /// which nothing is said: see [`Self::property`].
    pub fn value(&self, place: usize) -> Option<&str> {
        match self.values.get(place)? {
            Value::Text(text) => Some(text),
            Value::Null | Value::Absent => None,
        }
    }

    /// What is told of the property that has this place among those that are looked at.
    pub fn property(&self, place: usize) -> Told<'_> {
        match self.values.get(place) {
            None | Some(Value::Absent) => Told::Absent,
            Some(Value::Null) => Told::Empty,
            Some(Value::Text(text)) if text.is_empty() => Told::Empty,
            Some(Value::Text(text)) => Told::Value(text),
        }
    }
}

impl BatchAnswer {
    /// Reads an answer; `looks_at` are the properties to keep of each result. `None` if it is not the JSON object of an
    /// answer: an empty body, one that is cut, a page of a proxy.
    pub fn parse(body: &[u8], looks_at: &[Arc<str>]) -> Option<Self> {
        let read = |body: &[u8]| {
            let mut deserializer = serde_json::Deserializer::from_slice(body);
            let answer = AnswerSeed { looks_at }.deserialize(&mut deserializer).ok()?;
            deserializer.end().ok()?;
            Some(answer)
        };
        read(body).or_else(|| read(&repaired(body)?))
    }
}

/// The members that are read, of whichever object.
#[derive(Debug, Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Member {
    Results,
    Errors,
    NumErrors,
    Id,
    New,
    ObjectWriteTraceId,
    Properties,
    #[serde(other)]
    Other,
}

/// Reads an answer.
struct AnswerSeed<'w> {
    looks_at: &'w [Arc<str>],
}

impl<'de> DeserializeSeed<'de> for AnswerSeed<'_> {
    type Value = BatchAnswer;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<BatchAnswer, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AnswerSeed<'_> {
    type Value = BatchAnswer;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with results and errors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BatchAnswer, A::Error> {
        let mut answer = BatchAnswer::default();
        while let Some(member) = map.next_key()? {
            match member {
                Member::Results => answer.results = map.next_value_seed(ResultsSeed(self.looks_at))?,
                Member::Errors => {
                    let errors: List<Object<ErrorBody>> = map.next_value()?;
                    answer.errors = errors.0.into_iter().map(|error| error.0).collect();
                }
                Member::NumErrors => {
                    let number = map.next_value::<Text>()?.0;
                    answer.num_errors = number.and_then(|number| number.parse().ok()).unwrap_or_default();
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(answer)
    }
}

/// Reads the list of results.
#[derive(Clone, Copy)]
struct ResultsSeed<'w>(&'w [Arc<str>]);

impl<'de> DeserializeSeed<'de> for ResultsSeed<'_> {
    type Value = Vec<BatchResult>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ResultsSeed<'_> {
    type Value = Vec<BatchResult>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of results, or anything else to pass over")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut results = Vec::new();
        while let Some(result) = sequence.next_element_seed(ResultSeed(self.0))? {
            results.push(result);
        }
        Ok(results)
    }

    others_are_default!(Vec<BatchResult>: bool, number, str, unit, map);
}

/// Reads one result.
struct ResultSeed<'w>(&'w [Arc<str>]);

impl<'de> DeserializeSeed<'de> for ResultSeed<'_> {
    type Value = BatchResult;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<BatchResult, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ResultSeed<'_> {
    type Value = BatchResult;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a result, or anything else to pass over")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BatchResult, A::Error> {
        let mut result = BatchResult::default();
        while let Some(member) = map.next_key()? {
            match member {
                Member::Id => result.id = map.next_value::<Text>()?.0,
                Member::New => result.new = map.next_value::<Truth>()?.0,
                Member::ObjectWriteTraceId => result.object_write_trace_id = map.next_value::<Text>()?.0,
                Member::Properties => result.values = map.next_value_seed(ValuesSeed(self.0))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(result)
    }

    others_are_default!(BatchResult: bool, number, str, unit, seq);
}

/// Reads the values of those properties that are looked at, in their order.
struct ValuesSeed<'w>(&'w [Arc<str>]);

impl<'de> DeserializeSeed<'de> for ValuesSeed<'_> {
    type Value = Vec<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValuesSeed<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of properties, or anything else to pass over")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = vec![Value::Absent; self.0.len()];
        while let Some(place) = map.next_key_seed(PlaceSeed(self.0))? {
            match place.and_then(|place| values.get_mut(place)) {
                Some(value) => {
                    *value = match map.next_value::<Option<Text>>()? {
                        None => Value::Null,
                        Some(Text(None)) => Value::Absent,
                        Some(Text(Some(text))) => Value::Text(text),
                    }
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(values)
    }

    others_are_default!(Vec<Value>: bool, number, str, unit, seq);
}

/// Finds the place of a property among those that are looked at.
struct PlaceSeed<'w>(&'w [Arc<str>]);

impl<'de> DeserializeSeed<'de> for PlaceSeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for PlaceSeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a property")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|property| **property == *name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Option<BatchAnswer> {
        BatchAnswer::parse(body.as_bytes(), &["email".into(), "stage".into()])
    }

    #[test]
    fn what_is_looked_at_is_kept_and_the_rest_passed_over() {
        let answer = parse(
            r#"{"status":"COMPLETE","results":[{"id":"1","new":true,"properties":{"phone":null,"stage":"lead","email":"a@x.com"}}]}"#,
        );
        let [result] = &answer.unwrap().results[..] else { panic!("one result") };
        assert_eq!((result.id.as_deref(), result.new), (Some("1"), true));
        assert_eq!((result.key(), result.value(1), result.value(2)), (Some("a@x.com"), Some("lead"), None));
    }

    #[test]
    fn an_empty_value_and_one_of_which_nothing_is_said_are_told_apart() {
        for (properties, told, value) in [
            (r#"{"stage":"lead"}"#, Told::Value("lead"), Some("lead")),
            (r#"{"stage":" "}"#, Told::Value(" "), Some(" ")),
            (r#"{"stage":7}"#, Told::Value("7"), Some("7")),
            (r#"{"stage":["lead","other"]}"#, Told::Value("lead"), Some("lead")),
            (r#"{"stage":null}"#, Told::Empty, None),
            (r#"{"stage":""}"#, Told::Empty, Some("")),
            (r#"{"stage":true}"#, Told::Absent, None),
            (r#"{"stage":{}}"#, Told::Absent, None),
            (r#"{"stage":[]}"#, Told::Absent, None),
            (r#"{"email":null}"#, Told::Absent, None),
            ("{}", Told::Absent, None),
            ("null", Told::Absent, None),
        ] {
            let answer = parse(&format!(r#"{{"results":[{{"properties":{properties}}}]}}"#)).unwrap();
            let result = &answer.results[0];
            assert_eq!((result.property(1), result.value(1)), (told, value), "{properties}");
            assert_eq!(result.property(2), Told::Absent);
        }
        let answer = parse(r#"{"results":[{"id":"1"}]}"#).unwrap();
        assert_eq!(answer.results[0].property(0), Told::Absent);
    }

    #[test]
    fn one_odd_element_leaves_the_others_readable() {
        let answer = parse(
            r#"{"results":[null,{"new":"true","properties":[],"objectWriteTraceId":["0"]},7,{"new":[],"properties":{"email":"b@x.com"}}],
                "errors":[null,"x",{"context":[],"category":"CONFLICT"},{"context":{"objectWriteTraceId":["2"]},"errors":[null,{"context":1}]}]}"#,
        )
        .unwrap();
        let results: Vec<_> = answer.results.iter().map(|one| (one.new, one.key())).collect();
        assert_eq!(results, [(false, None), (true, None), (false, None), (false, Some("b@x.com"))]);
        assert_eq!(answer.results[1].object_write_trace_id.as_deref(), Some("0"));
        let errors: Vec<_> =
            answer.errors.iter().map(|one| (one.category(), one.trace_ids().next())).collect();
        assert_eq!(errors, [(None, None), (None, None), (Some("CONFLICT"), None), (None, Some("2"))]);
    }

    #[test]
    fn the_number_of_errors_is_read_if_it_is_one() {
        for (number, read) in [("2", 2), ("\"3\"", 3), ("-1", 0), ("null", 0), ("[]", 0), ("1.5", 0)] {
            let answer = parse(&format!(r#"{{"results":[],"numErrors":{number},"errors":[]}}"#)).unwrap();
            assert_eq!(answer.num_errors, read, "{number}");
        }
    }

    #[test]
    fn members_of_another_type_are_as_good_as_none() {
        for body in ["{}", r#"{"results":null,"errors":null}"#, r#"{"results":{"a":1},"errors":"x"}"#] {
            let answer = parse(body).unwrap();
            assert!(answer.results.is_empty() && answer.errors.is_empty(), "{body}");
        }
    }

    #[test]
    fn a_text_that_is_no_unicode_leaves_the_rest_readable() {
        for message in [
            &br#""cut \ud83d""#[..],
            br#""low \udc00\u0041""#,
            b"\"latin \xe9\"",
            br#""\ud83d\ude00 \\ud83d""#,
        ] {
            let body = [
                &br#"{"results":[{"properties":{"email":"a@x.com"}}],"errors":[{"message":"#[..],
                message,
                b"}]}",
            ]
            .concat();
            let answer = BatchAnswer::parse(&body, &["email".into()]).unwrap();
            assert_eq!(answer.results[0].key(), Some("a@x.com"));
            assert!(answer.errors[0].message.as_deref().is_some());
        }
    }

    #[test]
    fn what_is_no_object_cannot_be_read() {
        for body in ["", "[]", "null", "<html>", r#"{"results":[{"new":true"#, "{} {}"] {
            assert!(parse(body).is_none(), "{body}");
        }
    }
}
