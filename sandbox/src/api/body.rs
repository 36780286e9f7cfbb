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
