//! JSON members of any type, read as what is wanted of them: whatever else stands there is passed over. Pure.
//!
//! HubSpot asks callers to treat every field of an error as optional and adds fields over time
//! (<https://developers.hubspot.com/docs/api-reference/error-handling>). Not here: which members there are.

use std::{borrow::Cow, collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// What a visitor makes of JSON of the types that it does not want: the default, once it has passed over it.
macro_rules! others_are_default {
    ($value:ty: $($kind:ident),+) => {
        $($crate::hubspot::lenient::others_are_default!(@ $kind $value);)+
    };
    (@ bool $value:ty) => {
        fn visit_bool<E>(self, _: bool) -> Result<$value, E> {
            Ok(<$value>::default())
        }
    };
    (@ number $value:ty) => {
        fn visit_u64<E>(self, _: u64) -> Result<$value, E> {
            Ok(<$value>::default())
        }

        fn visit_i64<E>(self, _: i64) -> Result<$value, E> {
            Ok(<$value>::default())
        }

        fn visit_f64<E>(self, _: f64) -> Result<$value, E> {
            Ok(<$value>::default())
        }
    };
    (@ str $value:ty) => {
        fn visit_str<E>(self, _: &str) -> Result<$value, E> {
            Ok(<$value>::default())
        }
    };
    (@ unit $value:ty) => {
        fn visit_unit<E>(self) -> Result<$value, E> {
            Ok(<$value>::default())
        }
    };
    (@ seq $value:ty) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<$value, A::Error> {
            while sequence.next_element::<IgnoredAny>()?.is_some() {}
            Ok(<$value>::default())
        }
    };
    (@ map $value:ty) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(<$value>::default())
        }
    };
}

pub(super) use others_are_default;

/// Text where HubSpot sends text, and nothing where it sends anything else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(pub Option<String>);

impl Text {
    pub fn as_deref(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Texts::deserialize(deserializer)?.0.into_iter().next()))
    }
}

/// A text or a list of texts; whatever else stands there is passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts(pub Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("text, a list of texts, or anything else to pass over")
    }

    fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts(vec![text.to_owned()]))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Texts, E> {
        Ok(Texts(vec![number.to_string()]))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Texts, E> {
        Ok(Texts(vec![number.to_string()]))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Texts, E> {
        Ok(Texts(vec![number.to_string()]))
    }

    others_are_default!(Texts: bool, unit, map);

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while let Some(element) = sequence.next_element::<Self::Value>()? {
            texts.extend(element.0);
        }
        Ok(Texts(texts))
    }
}

/// `true` or its text, and false for anything else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Truth(pub bool);

impl<'de> Deserialize<'de> for Truth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TruthVisitor;

        impl<'de> Visitor<'de> for TruthVisitor {
            type Value = Truth;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("true or false, or anything else to pass over")
            }

            fn visit_bool<E>(self, truth: bool) -> Result<Truth, E> {
                Ok(Truth(truth))
            }

            fn visit_str<E>(self, text: &str) -> Result<Truth, E> {
                Ok(Truth(text.eq_ignore_ascii_case("true")))
            }

            others_are_default!(Truth: number, unit, seq, map);
        }

        deserializer.deserialize_any(TruthVisitor)
    }
}

/// A list; what is none is an empty one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list, or anything else to pass over")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = sequence.next_element()? {
                    list.push(element);
                }
                Ok(List(list))
            }

            others_are_default!(List<T>: bool, number, str, unit, map);
        }

        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// An object; what is none has no members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object, or anything else to pass over")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }

            others_are_default!(Object<T>: bool, number, str, unit, seq);
        }

        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

/// The members of an object, by name.
pub(super) type Members = Object<BTreeMap<String, Texts>>;

/// A body whose texts are not all Unicode, with what is none replaced: bytes that are not UTF-8, and escapes of one half of a
/// pair, as when a quoted value was cut. `None`: there is nothing of the kind.
pub(super) fn repaired(body: &[u8]) -> Option<Vec<u8>> {
    const REPLACEMENT: &[u8] = br"\ufffd";
    let text = String::from_utf8_lossy(body);
    // A long answer is not copied for nothing.
    if matches!(text, Cow::Borrowed(_)) && !text.contains(r"\ud") && !text.contains(r"\uD") {
        return None;
    }
    let mut rest = text.as_bytes();
    let mut repaired = Vec::with_capacity(rest.len());
    while let Some(place) = rest.iter().position(|byte| *byte == b'\\') {
        let (before, escape) = rest.split_at(place);
        repaired.extend_from_slice(before);
        let length = match (half(escape), half(escape.get(6..).unwrap_or_default())) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(_), _) => {
                repaired.extend_from_slice(REPLACEMENT);
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            (None, _) => 2,
        };
        let (escape, behind) = escape.split_at(length.min(escape.len()));
        repaired.extend_from_slice(escape);
        rest = behind;
    }
    repaired.extend_from_slice(rest);
    (repaired != body).then_some(repaired)
}

/// The half of a pair that an escape stands for, such as `\ud83d`.
fn half(escape: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(escape.strip_prefix(br"\u")?.get(..4)?).ok()?;
    u16::from_str_radix(digits, 16).ok().filter(|code| (0xd800..0xe000).contains(code))
}
