//! Reading a request's body. What cannot be read at all is refused with line and column, as Jackson does on HubSpot's side.
//!
//! What can be read is judged by each endpoint.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::failure::Failure;

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

/// Ids of a body of any shape, for the record of requests and for faults that strike certain addresses. An input of a create
/// has none: its address stands for it.
pub(crate) fn keys(body: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Peek {
        inputs: Vec<PeekInput>,
    }
    #[derive(Deserialize)]
    struct PeekInput {
        #[serde(default)]
        id: Option<Box<RawValue>>,
        #[serde(default)]
        properties: Option<Box<RawValue>>,
    }
    #[derive(Deserialize)]
    struct PeekProperties {
        email: Box<RawValue>,
    }
    let Ok(peek) = serde_json::from_slice::<Peek>(body) else { return Vec::new() };
    let text = |raw: Box<RawValue>| {
        serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
    };
    let address = |properties: Box<RawValue>| {
        serde_json::from_str::<PeekProperties>(properties.get()).ok().map(|found| found.email)
    };
    let key = |input: PeekInput| input.id.or_else(|| input.properties.and_then(address));
    peek.inputs.into_iter().map(|input| key(input).map(text).unwrap_or_default()).collect()
}
