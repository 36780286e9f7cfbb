//! Reads JSON objects one level at a time and leaves the values as the text they came in.
//!
//! The protocol's inputs hold what typed deserialization refuses: duplicate keys, an explicit `null` for every absent
//! field, numbers beyond any type, deep nesting. A member that is not asked for is skipped without recursion, a member
//! that is asked for is borrowed. Not here: the meaning of any member.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Deserializer, de::Read, value::RawValue};

/// The value is JSON but not an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a JSON object")]
pub struct NotAnObject;

/// The members of an object in their order, duplicates kept: the last of several with one key is the one that counts.
///
/// A key with half a surrogate pair, which JSON can escape but UTF-8 cannot say, has U+FFFD in its place.
pub fn members(object: &RawValue) -> Result<Vec<(Cow<'_, str>, &RawValue)>, NotAnObject> {
    let mut members = Vec::new();
    for_each_member(object, |key, value| members.push((key, value)))?;
    Ok(members)
}

/// Calls `visit` with each member that [`members`] would list.
pub fn for_each_member<'a>(
    object: &'a RawValue,
    visit: impl FnMut(Cow<'a, str>, &'a RawValue),
) -> Result<(), NotAnObject> {
    // A raw value is JSON already, so being something else than an object is the one thing that can be wrong.
    read_object(Deserializer::from_str(object.get()), EachMember(visit)).map_err(|_| NotAnObject)
}

/// The values of the named members of an object that is all of `source`; of several with one key the last.
///
/// An explicit `null` is the same as no member.
pub(super) fn pick<'de, const N: usize>(
    source: Deserializer<impl Read<'de>>,
    names: [&str; N],
) -> Result<[Option<&'de RawValue>; N], serde_json::Error> {
    let values = read_object(source, Pick(names))?;
    Ok(values.map(|value| value.filter(|value| value.get() != "null")))
}

/// [`pick`] from a value that may be missing; nothing if it is missing or no object.
pub(super) fn pick_from<'a, const N: usize>(
    value: Option<&'a RawValue>,
    names: [&str; N],
) -> Option<[Option<&'a RawValue>; N]> {
    pick(Deserializer::from_str(value?.get()), names).ok()
}

/// The text of a JSON string; nothing if the value is anything else.
pub(super) fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    /// `Cow` alone would always be deserialized as owned.
    #[derive(serde::Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    serde_json::from_str::<Text<'_>>(value.get()).ok().map(|text| text.0)
}

fn read_object<'de, V: Visitor<'de>>(
    mut source: Deserializer<impl Read<'de>>,
    visitor: V,
) -> Result<V::Value, serde_json::Error> {
    let value = source.deserialize_map(visitor)?;
    source.end()?;
    Ok(value)
}

struct EachMember<F>(F);

impl<'de, F: FnMut(Cow<'de, str>, &'de RawValue)> Visitor<'de> for EachMember<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key<'de>>()? {
            (self.0)(key.into_text(), map.next_value()?);
        }
        Ok(())
    }
}

struct Pick<'names, const N: usize>([&'names str; N]);

impl<'de, const N: usize> Visitor<'de> for Pick<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = [None; N];
        while let Some(Key(key)) = map.next_key()? {
            let wanted = self.0.iter().zip(&mut values).find(|(name, _)| name.as_bytes() == &*key);
            match wanted {
                Some((_, value)) => *value = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(values)
    }
}

/// A member's key, read as bytes because a text would refuse half a surrogate pair, and with it the whole line.
struct Key<'de>(Cow<'de, [u8]>);

impl<'de> Key<'de> {
    fn into_text(self) -> Cow<'de, str> {
        match self.0 {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(Key(Cow::Borrowed(bytes)))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Key(Cow::Owned(bytes.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn listed(text: &str) -> Result<Vec<(String, String)>, NotAnObject> {
        let raw = serde_json::from_str::<&RawValue>(text).expect("the test's text is JSON");
        let members = members(raw)?;
        Ok(members.into_iter().map(|(key, value)| (key.into_owned(), value.get().to_owned())).collect())
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn members_come_in_order_with_duplicates_and_untouched_values() {
        assert_eq!(
            listed(r#" { "b" : 1e400 , "a":[ 1 ], "b":12345678901234567890.10, "\u0063\n" : "\ud800" } "#),
            Ok(vec![
                pair("b", "1e400"),
                pair("a", "[ 1 ]"),
                pair("b", "12345678901234567890.10"),
                pair("c\n", r#""\ud800""#),
            ])
        );
        assert_eq!(listed("{}"), Ok(vec![]));
    }

    #[test]
    fn half_a_surrogate_pair_in_a_key_costs_only_the_key() {
        let members = listed(r#"{"\ud800x":1,"y":2}"#).expect("an object");
        assert_eq!(members.len(), 2);
        assert!(members[0].0.ends_with("\u{fffd}x"), "{members:?}");
    }

    #[test]
    fn other_values_are_no_objects() {
        for text in ["null", "[]", "1", "1e400", "\"{}\"", "true"] {
            assert_eq!(listed(text), Err(NotAnObject), "{text}");
        }
    }

    #[test]
    fn picking_takes_the_last_of_duplicates_and_null_for_absent() {
        let text = r#"{"a":1,"b":2,"a":3,"c":4,"b":null,"\u0061":5}"#;
        let [a, b, d] = pick(Deserializer::from_str(text), ["a", "b", "d"]).expect("an object");
        assert_eq!(a.map(RawValue::get), Some("5"));
        assert!(b.is_none());
        assert!(d.is_none());
    }

    #[test]
    fn text_is_borrowed_where_it_can_be() {
        let plain = serde_json::from_str::<&RawValue>(r#""abc""#).expect("JSON");
        assert!(matches!(text(plain), Some(Cow::Borrowed("abc"))));
        let escaped = serde_json::from_str::<&RawValue>(r#""\u0061bc""#).expect("JSON");
        assert_eq!(text(escaped).as_deref(), Some("abc"));
        let number = serde_json::from_str::<&RawValue>("1").expect("JSON");
        assert_eq!(text(number), None);
    }

    proptest! {
        #[test]
        fn any_object_is_listed_as_it_was_made(
            made in proptest::collection::vec((".{0,6}", "[0-9]{1,30}|\"[a-z]{0,5}\"|null|\\[\\]"), 0..6),
        ) {
            let body: Vec<String> = made
                .iter()
                .map(|(key, value)| format!("{} :\t{}", serde_json::Value::from(key.as_str()), number(value)))
                .collect();
            let expected: Vec<_> = made.iter().map(|(key, value)| (key.clone(), number(value))).collect();
            prop_assert_eq!(listed(&format!("{{{}}}", body.join(" , "))), Ok(expected));
        }
    }

    /// JSON knows no leading zeros.
    fn number(value: &str) -> String {
        if value.starts_with('0') { format!("1{value}") } else { value.to_owned() }
    }
}
