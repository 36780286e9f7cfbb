//! The bodies of batch requests: built here from keys and values, as JSON without a copy in between. Pure.
//!
//! Not here: sending them ([`super::client`]), and what their answers say ([`super::answer`]).

use std::sync::Arc;

use bytes::Bytes;
use serde::{Serialize, Serializer};

use super::endpoint::Endpoint;
use crate::crm::key::{Key, KeySpace};

/// A batch request, ready to be sent.
#[derive(Debug, Clone)]
pub struct BatchCall {
    pub endpoint: Endpoint,
    pub body: Bytes,
    /// The properties of results that are read: the key first.
    pub looks_at: Arc<[Arc<str>]>,
    /// How many calls for the same inputs ended as [`Reply::Unknown`](super::client::Reply::Unknown) before this one. Each was one
    /// attempt that failed, and the client counts on from there: it waits longer each time, and gives up after as many attempts as of
    /// any call. A caller that leaves it at 0 has to set itself a bound.
    pub unknown_before: u32,
}

/// One input that names its record by the key: of an upsert, or of a create.
#[derive(Debug)]
pub struct KeyedInput<'a, P> {
    /// Unique in its batch. It makes HubSpot judge each input by itself, and names the input in `errors[].context`.
    pub trace_id: usize,
    pub key: &'a Key,
    /// Names and values besides the key; an iterator that can be cloned.
    pub properties: P,
}

/// One input that names its record by HubSpot's id: of an update.
#[derive(Debug)]
pub struct UpdateInput<'a, P> {
    /// As in [`KeyedInput`].
    pub trace_id: usize,
    pub id: &'a str,
    /// Names and values; an iterator that can be cloned. HubSpot refuses an input without any.
    pub properties: P,
}

impl BatchCall {
    /// Looks records up by their keys, which are of one space. `watched` are the properties besides the key that are asked for.
    pub fn read<'a>(key_space: &KeySpace, ids: impl Iterator<Item = &'a Key>, watched: &[Arc<str>]) -> Self {
        let looks_at = looks_at(key_space, watched);
        let body = ReadBody {
            inputs: ids.map(|key| Id { id: key.as_str() }).collect(),
            id_property: key_space.property(),
            properties: looks_at.iter().map(|property| &**property).collect(),
            properties_with_history: [],
        };
        Self::new(Endpoint::BatchRead(key_space.object()), &body, Arc::clone(&looks_at))
    }

    /// An upsert without inputs: it shows whether writing is permitted.
    pub fn upsert_nothing(key_space: &KeySpace) -> Self {
        Self::upsert(key_space, std::iter::empty::<KeyedInput<'_, std::iter::Empty<(&str, &str)>>>(), &[])
    }

    /// Creates or updates records by their keys. `watched` are the properties besides the key that are read of the results.
    pub fn upsert<'a, P>(
        key_space: &'a KeySpace,
        inputs: impl Iterator<Item = KeyedInput<'a, P>> + Clone,
        watched: &[Arc<str>],
    ) -> Self
    where
        P: Iterator<Item = (&'a str, &'a str)> + Clone,
    {
        let id_property: &str = key_space.property();
        let inputs = inputs.map(|KeyedInput { trace_id, key, properties }| {
            // HubSpot refuses an input without properties. Its record is new, so naming the key changes none.
            let otherwise = properties.clone().next().is_none().then_some((id_property, key.as_str()));
            Input {
                id: Some(key.as_str()),
                id_property: Some(id_property),
                object_write_trace_id: trace_id.to_string(),
                properties: Properties(otherwise.into_iter().chain(properties)),
            }
        });
        Self::write(Endpoint::BatchUpsert(key_space.object()), key_space, inputs, watched)
    }

    /// Creates records, each with its key. `watched` as in [`Self::upsert`].
    pub fn create<'a, P>(
        key_space: &'a KeySpace,
        inputs: impl Iterator<Item = KeyedInput<'a, P>> + Clone,
        watched: &[Arc<str>],
    ) -> Self
    where
        P: Iterator<Item = (&'a str, &'a str)> + Clone,
    {
        let key_property: &str = key_space.property();
        let inputs = inputs.map(|KeyedInput { trace_id, key, properties }| Input {
            id: None,
            id_property: None,
            object_write_trace_id: trace_id.to_string(),
            properties: Properties(std::iter::once((key_property, key.as_str())).chain(properties)),
        });
        Self::write(Endpoint::BatchCreate(key_space.object()), key_space, inputs, watched)
    }

    /// Updates records by their ids. The key is never sent: of a record that was found by a secondary address, it would change the
    /// primary one. `watched` as in [`Self::upsert`].
    ///
    /// With an `idProperty`, HubSpot refuses an e-mail address, so none is sent.
    pub fn update<'a, P>(
        key_space: &KeySpace,
        inputs: impl Iterator<Item = UpdateInput<'a, P>> + Clone,
        watched: &[Arc<str>],
    ) -> Self
    where
        P: Iterator<Item = (&'a str, &'a str)> + Clone,
    {
        let inputs = inputs.map(|UpdateInput { trace_id, id, properties }| Input {
            id: Some(id),
            id_property: None,
            object_write_trace_id: trace_id.to_string(),
            properties: Properties(properties.filter(|(name, _)| !key_space.is_key(name))),
        });
        Self::write(Endpoint::BatchUpdate(key_space.object()), key_space, inputs, watched)
    }

    /// Moves records to the recycle bin, by their ids.
    pub fn archive<'a>(key_space: &KeySpace, ids: impl Iterator<Item = &'a str> + Clone) -> Self {
        let body = Body { inputs: Inputs(ids.map(|id| Id { id })) };
        Self::new(Endpoint::BatchArchive(key_space.object()), &body, Arc::default())
    }

    fn write(
        endpoint: Endpoint,
        key_space: &KeySpace,
        inputs: impl Iterator<Item: Serialize> + Clone,
        watched: &[Arc<str>],
    ) -> Self {
        Self::new(endpoint, &Body { inputs: Inputs(inputs) }, looks_at(key_space, watched))
    }

    fn new(endpoint: Endpoint, body: &impl Serialize, looks_at: Arc<[Arc<str>]>) -> Self {
        Self { endpoint, body: encode(body), looks_at, unknown_before: 0 }
    }
}

fn looks_at(key_space: &KeySpace, watched: &[Arc<str>]) -> Arc<[Arc<str>]> {
    [key_space.property()].into_iter().chain(watched).map(Arc::clone).collect()
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
#[serde(bound = "Inputs<I>: Serialize")]
struct Body<I> {
    inputs: Inputs<I>,
}

struct Inputs<I>(I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for Inputs<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[serde(bound = "Properties<P>: Serialize")]
struct Input<'k, P> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'k str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_property: Option<&'k str>,
    object_write_trace_id: String,
    properties: Properties<P>,
}

struct Properties<P>(P);

impl<'a, P: Iterator<Item = (&'a str, &'a str)> + Clone> Serialize for Properties<P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.clone())
    }
}
