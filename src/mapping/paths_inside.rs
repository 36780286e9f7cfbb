//! The paths to the values inside an object or a list, for messages. Pure. Not here: a path that a mapping names
//! ([`super::path`]).

use serde_json::value::RawValue;

use super::path::{Step, item};
use crate::{
    crm::{names::Match, schema::Schema},
    protocol::message::for_each_member,
};

/// So many paths into a value are named in a message.
const MOST_PATHS: usize = 30;

/// What members of objects are often called, beside what properties are.
const USUAL_INSIDE: [&str; 11] =
    ["value", "label", "id", "number", "street", "line1", "line2", "given", "family", "first", "last"];

/// The paths to plain values inside an object, or inside the first object of a list, by names that are known.
///
/// The names of a record's members may be values themselves, such as those of a map by customer: only what the account, or
/// everybody, has a name for is told.
pub(super) fn paths_inside(field: &str, raw: &RawValue, schema: &Schema) -> Vec<String> {
    let (object, before) = match raw.get().as_bytes().first() {
        Some(b'{') => (Some(raw), ""),
        Some(b'[') => (item(raw, 0), "[0]"),
        _ => return Vec::new(),
    };
    let mut paths = Vec::new();
    let read = object.map(|object| {
        for_each_member(object, |name, value| {
            let known = || USUAL_INSIDE.contains(&&*name) || schema.find(&name) != Match::Nothing;
            let plain = !value.get().starts_with(['{', '[']);
            if plain && paths.len() < MOST_PATHS && known() {
                paths.push(format!("{field}{before}{}", Step::Name((*name).into())));
            }
        })
    });
    if read.is_some_and(|read| read.is_err()) && before == "[0]" {
        paths.push(format!("{field}{before}"));
    }
    paths
}
