//! Paths to a value inside a field: `default_address.city`, `emails[0].value`, `a['b.c']`. Pure.
//!
//! A path is walked over the text of the JSON, so that nothing of the rest is read into memory. Not here: which fields
//! a stream has, and whether a name that looks like a path is one.

use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::{Deserializer, value::RawValue};

use crate::protocol::message::for_each_member;

/// A path with more steps is no path.
const MOST_STEPS: usize = 32;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A member of an object.
    Name(Box<str>),
    /// An item of a list, counted from 0.
    Index(usize),
}

/// The way from a field to a value inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The field of the record.
    pub field: Box<str>,
    /// The steps inside it; at least one.
    pub steps: Box<[Step]>,
}

impl Path {
    /// Reads a path. `None` if the text is no path, leads nowhere but to a field, or has too many steps.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, behind) = match rest.strip_prefix('[') {
                Some(inside) => bracket(inside)?,
                None => name(if steps.is_empty() { rest } else { rest.strip_prefix('.')? })?,
            };
            steps.push(step);
            rest = behind;
        }
        if steps.len() < 2 || steps.len() > MOST_STEPS {
            return None;
        }
        match steps.remove(0) {
            Step::Name(field) => Some(Self { field, steps: steps.into() }),
            Step::Index(_) => None,
        }
    }
}

/// A name up to the next `.` or `[`.
fn name(text: &str) -> Option<(Step, &str)> {
    let (name, behind) = text.split_at_checked(text.find(['.', '[']).unwrap_or(text.len()))?;
    (!name.is_empty()).then(|| (Step::Name(name.into()), behind))
}

/// What stands behind a `[`: an index, or a name in quotes of either kind.
fn bracket(text: &str) -> Option<(Step, &str)> {
    for quote in ['\'', '"'] {
        if let Some(quoted) = text.strip_prefix(quote) {
            let (name, behind) = quoted.split_once(quote)?;
            return Some((Step::Name(name.into()), behind.strip_prefix(']')?));
        }
    }
    let (index, behind) = text.split_once(']')?;
    let is_index = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    Some((Step::Index(index.parse().ok().filter(|_| is_index)?), behind))
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(formatter, "[{index}]"),
            Self::Name(name) if !name.is_empty() && !name.contains(['.', '[']) => {
                write!(formatter, ".{name}")
            }
            Self::Name(name) if name.contains('\'') => write!(formatter, "[\"{name}\"]"),
            Self::Name(name) => write!(formatter, "['{name}']"),
        }
    }
}

/// The value at the end of the steps. `None`: one of them is absent, or leads into a value without members.
///
/// A null on the way is the null that the path finds. Of several members with one name the last counts.
pub fn walk<'a>(value: &'a RawValue, steps: &[Step]) -> Option<&'a RawValue> {
    let mut value = value;
    for step in steps {
        value = match (step, value.get().as_bytes().first()) {
            (_, Some(b'n')) => return Some(value),
            (Step::Name(name), Some(b'{')) => member(value, name)?,
            (Step::Index(index), Some(b'[')) => item(value, *index)?,
            _ => return None,
        };
    }
    Some(value)
}

fn member<'a>(object: &'a RawValue, name: &str) -> Option<&'a RawValue> {
    let mut found = None;
    for_each_member(object, |member, value| {
        if *member == *name {
            found = Some(value);
        }
    })
    .ok()?;
    found
}

/// The item of a list at a place. What stands behind it is not looked at.
pub(super) fn item(list: &RawValue, index: usize) -> Option<&RawValue> {
    let mut found = None;
    // Leaving off in the middle of the list is an error to the reader, and no matter here.
    Deserializer::from_str(list.get()).deserialize_seq(Item { index, found: &mut found }).ok();
    found
}

struct Item<'a, 'de> {
    index: usize,
    found: &'a mut Option<&'de RawValue>,
}

impl<'de> Visitor<'de> for Item<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        for _ in 0..self.index {
            if list.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        *self.found = list.next_element()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn steps(text: &str) -> Option<(String, Vec<String>)> {
        let path = Path::parse(text)?;
        Some((path.field.into(), path.steps.iter().map(ToString::to_string).collect()))
    }

    #[test]
    fn names_and_indices_are_read() {
        for (text, field, expected) in [
            ("default_address.city", "default_address", &[".city"][..]),
            ("emails[0].value", "emails", &["[0]", ".value"]),
            ("a['b.c']", "a", &["['b.c']"]),
            ("a[\"b'.c\"][12]", "a", &["[\"b'.c\"]", "[12]"]),
            ("['a.b'].c d", "a.b", &[".c d"]),
            ("a['']", "a", &["['']"]),
        ] {
            let expected: Vec<String> = expected.iter().map(|step| (*step).to_owned()).collect();
            assert_eq!(steps(text), Some((field.to_owned(), expected)), "{text}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [
            "", "a", "a b", ".a", "a.", "a..b", "[0]", "[0].a", "a[", "a[]", "a[x]", "a[-1]", "a[+1]", "a[0",
            "a['b'", "a['b]", "a['b']c", "a[0]b", "['a']", "a.[0]",
        ] {
            assert_eq!(Path::parse(text), None, "{text}");
        }
        assert!(Path::parse(&vec!["a"; 32].join(".")).is_some());
        assert_eq!(Path::parse(&vec!["a"; 33].join(".")), None);
        assert_eq!(Path::parse(&format!("a[{}]", "9".repeat(40))), None);
    }

    fn at(value: &Value, path: &str) -> Option<String> {
        let raw = RawValue::from_string(value.to_string()).unwrap();
        let path = Path::parse(&format!("field{path}")).unwrap();
        walk(&raw, &path.steps).map(|found| found.get().to_owned())
    }

    #[test]
    fn a_null_on_the_way_is_null_and_a_step_that_is_absent_is_missing() {
        let value = json!({"a": {"b": [1, {"c": "x"}, null], "n": null}, "t": "text"});
        for (path, expected) in [
            (".a.b[0]", Some("1")),
            (".a.b[1].c", Some("\"x\"")),
            (".a.b[2]", Some("null")),
            (".a.b[2].c", Some("null")),
            (".a.n", Some("null")),
            (".a.n.x.y", Some("null")),
            (".a.b[3]", None),
            (".a.b[1].d", None),
            (".a.b.c", None),
            (".a[0]", None),
            (".t.x", None),
            (".t[0]", None),
            (".x", None),
        ] {
            assert_eq!(at(&value, path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn of_repeated_members_the_last_one_counts() {
        let raw = RawValue::from_string(r#"{"a":1,"\u0061":{"b":2},"x":0}"#.to_owned()).unwrap();
        let path = Path::parse("field.a.b").unwrap();
        assert_eq!(walk(&raw, &path.steps).map(RawValue::get), Some("2"));
    }

    proptest! {
        #[test]
        fn a_path_that_is_written_is_read_again(
            field in "[a-z]{1,4}",
            names in prop::collection::vec(prop_oneof!["[a-z. \\[\\]']{1,5}", "[0-9]{1,3}"], 1..8),
        ) {
            let step = |text: &String| match text.parse() {
                Ok(index) => Step::Index(index),
                Err(_) => Step::Name(text.as_str().into()),
            };
            let steps: Box<[Step]> = names.iter().map(step).collect();
            let text = steps.iter().fold(field.clone(), |text, step| text + &step.to_string());
            prop_assert_eq!(Path::parse(&text), Some(Path { field: field.into(), steps }), "{}", text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,12}|[a.\\[\\]0'\"]{0,12}") {
            if let Some(path) = Path::parse(&text) {
                let raw = RawValue::from_string(r#"{"a":[{"a":[]}]}"#.to_owned()).unwrap();
                walk(&raw, &path.steps);
            }
        }
    }
}
