//! The results of a batch: contacts as HubSpot shows them, in an order of their own.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::plan::Mode;
use crate::{
    account::{contact::Contact, definition::Kind, state::State},
    clock,
    settings::{DatesInAnswers, SameContactInputs},
};

/// Properties in the result of a write beside those that were sent.
const ALWAYS_SHOWN: &[&str] = &[
    "createdate",
    "email",
    "hs_is_unworked",
    "hs_object_id",
    "hs_object_source",
    "hs_pipeline",
    "lastmodifieddate",
    "lifecyclestage",
];

/// One input that was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) id: u64,
    pub(crate) is_new: bool,
    pub(crate) names: BTreeSet<String>,
    pub(crate) trace_id: Option<String>,
    pub(crate) warnings: Vec<Value>,
}

/// Forms the results. HubSpot does not keep the order of the inputs.
pub(crate) fn results(state: &mut State, written: Vec<Written>, mode: Mode) -> Vec<Value> {
    let written = match state.settings.same_contact_inputs {
        SameContactInputs::MergedIntoOneResult => merged(written),
        SameContactInputs::Conflict409 | SameContactInputs::BothResults => written,
    };
    let mut results: Vec<Value> = written.iter().filter_map(|written| one(state, written, mode)).collect();
    if state.settings.shuffle_results {
        state.random.shuffle(&mut results);
    }
    results
}

/// Joins what was written to the same contact, if the settings say that it gives one result.
fn merged(written: Vec<Written>) -> Vec<Written> {
    let mut places: HashMap<u64, usize> = HashMap::new();
    let mut joined: Vec<Written> = Vec::new();
    for next in written {
        let place = places.get(&next.id).copied();
        if let Some(first) = place.and_then(|place| joined.get_mut(place)) {
            first.names.extend(next.names);
            first.warnings.extend(next.warnings);
            first.is_new |= next.is_new;
        } else {
            places.insert(next.id, joined.len());
            joined.push(next);
        }
    }
    joined
}

fn one(state: &State, written: &Written, mode: Mode) -> Option<Value> {
    let contact = state.store.get(written.id)?;
    let always = ALWAYS_SHOWN.iter().copied().filter(|name| contact.properties.contains_key(*name));
    let names: BTreeSet<&str> = always.chain(written.names.iter().map(String::as_str)).collect();
    let mut body = record(state, contact, names);
    if mode == Mode::Upsert {
        body.insert("new".to_owned(), json!(written.is_new));
    }
    if let Some(trace) = written.trace_id.as_ref().filter(|_| state.settings.echo_trace_ids) {
        body.insert("objectWriteTraceId".to_owned(), json!(trace));
    }
    if !written.warnings.is_empty() {
        body.insert("warnings".to_owned(), Value::Array(written.warnings.clone()));
    }
    Some(Value::Object(body))
}

/// A contact with some of its properties; all values are strings, and null where there is none.
pub(crate) fn record<'a>(
    state: &State,
    contact: &Contact,
    names: impl IntoIterator<Item = &'a str>,
) -> Map<String, Value> {
    let portal_id = state.settings.account.portal_id;
    let shown = |name: &str| contact.property(name).map(|value| in_answer(state, name, value));
    let properties: Map<String, Value> =
        names.into_iter().map(|name| (name.to_owned(), json!(shown(name)))).collect();
    let mut body = Map::new();
    body.insert("id".to_owned(), json!(contact.id));
    body.insert("properties".to_owned(), Value::Object(properties));
    body.insert("createdAt".to_owned(), json!(contact.created_at));
    body.insert("updatedAt".to_owned(), json!(contact.updated_at));
    body.insert("archived".to_owned(), json!(contact.archived));
    let url = format!("https://app.hubspot.com/contacts/{portal_id}/record/0-1/{}", contact.id);
    body.insert("url".to_owned(), json!(url));
    body
}

/// A value in the form of answers.
fn in_answer(state: &State, name: &str, value: &str) -> String {
    if state.settings.dates_in_answers == DatesInAnswers::Milliseconds {
        let millis = match state.catalogue.any(name).map(|definition| definition.kind) {
            Some(Kind::Date) => clock::parse_date(value),
            Some(Kind::DateTime) => clock::parse_datetime(value),
            _ => None,
        };
        if let Some(millis) = millis {
            return millis.to_string();
        }
    }
    value.to_owned()
}
