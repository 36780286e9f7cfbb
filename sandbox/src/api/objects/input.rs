//! The bodies of batches of contacts, as types. What they say is judged later.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, value::RawValue};

use crate::failure::{Failure, TRACE_ID};

/// Body of an upsert or update.
#[derive(Debug, Deserialize)]
pub(crate) struct WriteBatch {
    pub(crate) inputs: Vec<WriteInput>,
}

/// One contact to write.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WriteInput {
    /// A string; a number is refused.
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) id_property: Option<String>,
    #[serde(default)]
    pub(crate) object_write_trace_id: Option<String>,
    pub(crate) properties: BTreeMap<String, Sent>,
    /// Record ids to associate with, which only a create has.
    #[serde(skip)]
    pub(crate) associated: Vec<String>,
}

/// Body of a create.
#[derive(Debug, Deserialize)]
pub(crate) struct CreateBatch {
    pub(crate) inputs: Vec<CreateInput>,
}

/// One contact to create. It has no id.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateInput {
    #[serde(default)]
    object_write_trace_id: Option<String>,
    properties: BTreeMap<String, Sent>,
    #[serde(default)]
    associations: Option<Vec<Value>>,
}

impl From<CreateInput> for WriteInput {
    /// Its address stands in for the id, for faults that name one.
    fn from(created: CreateInput) -> Self {
        let address = created.properties.get("email").and_then(|sent| sent.0.clone());
        let id_of = |association: Value| match association.pointer("/to/id") {
            Some(Value::String(id)) => id.clone(),
            other => other.map(Value::to_string).unwrap_or_default(),
        };
        Self {
            id: address.unwrap_or_default(),
            id_property: None,
            object_write_trace_id: created.object_write_trace_id,
            properties: created.properties,
            associated: created.associations.unwrap_or_default().into_iter().map(id_of).collect(),
        }
    }
}

impl WriteInput {
    /// Ties an entry of `errors[]` to this input, if the input has a trace id.
    pub(crate) fn traced(&self, failure: Failure) -> Failure {
        match &self.object_write_trace_id {
            Some(trace) => failure.context(TRACE_ID, [trace]),
            None => failure,
        }
    }
}

/// Body of a read or archive.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReadBatch {
    pub(crate) inputs: Vec<ReadInput>,
    #[serde(default)]
    pub(crate) id_property: Option<String>,
    #[serde(default)]
    pub(crate) properties: Vec<String>,
    #[serde(default)]
    pub(crate) properties_with_history: Vec<String>,
}

/// One contact to read.
#[derive(Debug, Deserialize)]
pub(crate) struct ReadInput {
    pub(crate) id: String,
}

/// A value as sent: text, or the text of a JSON number or bool; `None` for null, which changes nothing.
#[derive(Debug)]
pub(crate) struct Sent(pub(crate) Option<String>);

impl<'de> Deserialize<'de> for Sent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Kept raw, so that a number keeps the digits it was written with.
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let refuse = |what: &str| {
            D::Error::custom(format_args!(
                "Cannot deserialize value of type `java.lang.String` from {what} value"
            ))
        };
        match text.as_bytes().first() {
            Some(b'{') => Err(refuse("Object")),
            Some(b'[') => Err(refuse("Array")),
            Some(b'"') => serde_json::from_str(text).map(|text| Self(Some(text))).map_err(D::Error::custom),
            Some(b'n') => Ok(Self(None)),
            _ => Ok(Self(Some(text.to_owned()))),
        }
    }
}
