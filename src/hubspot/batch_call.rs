//! The bodies of batch requests: built here from keys and values, as JSON without a copy in between. Pure.
//!
//! Not here: sending them ([`super::client`]), and what their answers say ([`super::answer`]).

use std::sync::Arc;

use bytes::Bytes;
use serde::{Serialize, Serializer, ser::SerializeSeq};

use super::endpoint::Endpoint;
use crate::crm::key::{Key, KeySpace};

/// A batch request, ready to be sent.
#[derive(Debug, Clone)]
pub struct BatchCall {
    pub endpoint: Endpoint,
    pub body: Bytes,
    /// The properties of results that are read: the key first.
    pub looks_at: Arc<[Arc<str>]>,
}

/// One input of an upsert.
#[derive(Debug)]
pub struct UpsertInput<'a, P> {
    /// Unique in its batch. It makes HubSpot judge each input by itself, and names the input in `errors[].context`.
    pub trace_id: usize,
    pub key: &'a Key,
    /// Names and values; an iterator that can be cloned.
    pub properties: P,
}

impl BatchCall {
    /// Looks records up by their keys, which are of one space. `watched` are the properties besides the key that are asked for.
    pub fn read<'a>(key_space: &KeySpace, ids: impl Iterator<Item = &'a Key>, watched: &[Arc<str>]) -> Self {
        let looks_at: Arc<[Arc<str>]> =
            [key_space.property()].into_iter().chain(watched).map(Arc::clone).collect();
        let body = ReadBody {
            inputs: ids.map(|key| Id { id: key.as_str() }).collect(),
            id_property: key_space.property(),
            properties: looks_at.iter().map(|property| &**property).collect(),
            properties_with_history: [],
        };
        let body = encode(&body);
        Self { endpoint: Endpoint::BatchRead(key_space.object()), body, looks_at }
    }

    /// An upsert without inputs: it shows whether writing is permitted.
    pub fn upsert_nothing(key_space: &KeySpace) -> Self {
        Self::upsert(key_space, std::iter::empty::<UpsertInput<'_, std::iter::Empty<(&str, &str)>>>(), &[])
    }

    /// Creates or updates records by their keys. `watched` are the properties besides the key that are read of the results.
    pub fn upsert<'a, P>(
        key_space: &KeySpace,
        inputs: impl Iterator<Item = UpsertInput<'a, P>> + Clone,
        watched: &[Arc<str>],
    ) -> Self
    where
        P: Iterator<Item = (&'a str, &'a str)> + Clone,
    {
        let looks_at = [key_space.property()].into_iter().chain(watched).map(Arc::clone).collect();
        let body = UpsertBody { inputs: Inputs { inputs, id_property: key_space.property() } };
        Self { endpoint: Endpoint::BatchUpsert(key_space.object()), body: encode(&body), looks_at }
    }
}

pub(super) fn encode(body: &impl Serialize) -> Bytes {
    // Texts, lists and maps of texts cannot fail to become JSON.
    Bytes::from(serde_json::to_vec(body).expect("texts are JSON"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReadBody<'a> {
    inputs: Vec<Id<'a>>,
    id_property: &'a str,
    properties: Vec<&'a str>,
    /// Marked as required in HubSpot's specification, so it is sent empty.
    properties_with_history: [&'static str; 0],
}

#[derive(Serialize)]
struct Id<'a> {
    id: &'a str,
}

#[derive(Serialize)]
struct UpsertBody<I> {
    inputs: I,
}

struct Inputs<'k, I> {
    inputs: I,
    id_property: &'k str,
}

impl<'a, I, P> Serialize for Inputs<'_, I>
where
    I: Iterator<Item = UpsertInput<'a, P>> + Clone,
    P: Iterator<Item = (&'a str, &'a str)> + Clone,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for UpsertInput { trace_id, key, properties } in self.inputs.clone() {
            list.serialize_element(&Input {
                id: key.as_str(),
                id_property: self.id_property,
                object_write_trace_id: trace_id.to_string(),
                // HubSpot refuses an input without properties. Its record is new, so naming the key changes none.
                properties: Properties { properties, otherwise: (self.id_property, key.as_str()) },
            })?;
        }
        list.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[serde(bound = "Properties<'k, P>: Serialize")]
struct Input<'k, P> {
    id: &'k str,
    id_property: &'k str,
    object_write_trace_id: String,
    properties: Properties<'k, P>,
}

struct Properties<'k, P> {
    properties: P,
    /// What is sent where there is nothing else.
    otherwise: (&'k str, &'k str),
}

impl<'a, P: Iterator<Item = (&'a str, &'a str)> + Clone> Serialize for Properties<'_, P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let properties = self.properties.clone();
        if properties.clone().next().is_none() {
            return serializer.collect_map([self.otherwise]);
        }
        serializer.collect_map(properties)
    }
}
