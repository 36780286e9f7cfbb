//! What can be wrong with the configured catalog, in words for the user. Pure.
//!
//! The texts hold names of streams and places in the file, and never another text of it. Not here: what is wrong with a
//! line of the input ([`super::message::Malformed`]).

use std::fmt;

use thiserror::Error;

use super::message::StreamId;
use crate::{error::Failure, text::shown};

/// The end of a sentence about a stream in another mode.
const ONLY_UPSERTS: &str = "but has to be written with \"append_dedup\". Set a primary key for the stream and \
                            choose the sync mode Incremental | Append + Deduped.";

/// A catalog that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CatalogError {
    #[error("The catalog is not valid JSON ({at}).")]
    NotJson { at: Place },

    #[error("The catalog ends before its JSON does ({at}).")]
    Cut { at: Place },

    /// `path` is that of the part, such as `streams[0].primary_key`.
    #[error("The catalog cannot be read: `{path}` is not of the form that Airbyte defines ({at}).")]
    WrongForm { path: String, at: Place },

    #[error("The catalog has no list `streams`: is it another file?")]
    NoStreams,

    /// Counted from 0, as in a path.
    #[error("The catalog has a stream without a name (`streams[{index}].stream.name`).")]
    NamelessStream { index: usize },

    #[error("The catalog names the stream \"{}\" more than once. Remove one of them.", stream.shown())]
    StreamTwice { stream: StreamId },

    /// A mode that Airbyte has and contacts cannot have. `mode` is its name there.
    #[error("The stream \"{}\" asks for the destination sync mode \"{mode}\", {ONLY_UPSERTS}", stream.shown())]
    OtherMode { stream: StreamId, mode: &'static str },

    #[error("The stream \"{}\" asks for a destination sync mode that does not exist, {ONLY_UPSERTS}", stream.shown())]
    NoSuchMode { stream: StreamId },

    #[error("The stream \"{}\" has no destination sync mode, {ONLY_UPSERTS}", stream.shown())]
    NoMode { stream: StreamId },

    #[error(
        "The stream \"{}\" is to be matched by several fields, or by a field within another one. Contacts are matched by one \
         field: the one that holds the e-mail address.",
        stream.shown()
    )]
    NoSingleKey { stream: StreamId },

    #[error(
        "The stream \"{}\" is to become another object than a contact: `{}`. Choose the object `{offered}`, the only one that \
         this destination has.",
        stream.shown(),
        shown(asked)
    )]
    OtherObject { stream: StreamId, asked: String, offered: &'static str },

    #[error(
        "The catalog's JSON schema of the stream \"{}\" has a field whose schema cannot be read: its numbers are too large or \
         it is nested too deeply.",
        stream.shown()
    )]
    UnreadableSchema { stream: StreamId },
}

/// A place in the file: the line counted from 1, the column as the parser counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        let failure = Self::config(error.to_string());
        match error {
            CatalogError::NotJson { .. }
            | CatalogError::Cut { .. }
            | CatalogError::WrongForm { .. }
            | CatalogError::NoStreams
            | CatalogError::NamelessStream { .. } => failure,
            CatalogError::StreamTwice { stream }
            | CatalogError::OtherMode { stream, .. }
            | CatalogError::NoSuchMode { stream }
            | CatalogError::NoMode { stream }
            | CatalogError::NoSingleKey { stream }
            | CatalogError::OtherObject { stream, .. }
            | CatalogError::UnreadableSchema { stream } => {
                failure.of_stream(stream.name(), stream.namespace())
            }
        }
    }
}
