//! Reading the body of a batch. What cannot be read at all is refused with line and column, as Jackson does on HubSpot's
//! side; what can be read is judged later.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error as _};
use serde_json::value::RawValue;

use crate::failure::Failure;

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

/// Parses a body.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let full = error.to_string();
        let what = full.split(" at line ").next().unwrap_or_default();
        Failure::validation(format!(
            "Invalid input JSON on line {}, column {}: {what}",
            error.line(),
            error.column()
        ))
    })
}

/// Ids of a body of any shape, for the record of requests and for faults that strike certain addresses.
pub(crate) fn keys(body: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Peek {
        inputs: Vec<PeekInput>,
    }
    #[derive(Deserialize)]
    struct PeekInput {
        #[serde(default)]
        id: Option<Box<RawValue>>,
    }
    let Ok(peek) = serde_json::from_slice::<Peek>(body) else { return Vec::new() };
    let text = |raw: Box<RawValue>| {
        serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
    };
    peek.inputs.into_iter().map(|input| input.id.map(text).unwrap_or_default()).collect()
}
