//! What the object store refuses, told so that its user can act: bucket, key, region, endpoint, permission.
//!
//! Never one of its secrets, a row, or a text of the store's. Not here: what an answer means (`answer.rs`).

use std::{fmt, time::Duration};

use thiserror::Error;

pub use super::answer::{StoreRefusal, TemporaryFault};
use crate::{error::Failure, text::shown};

/// What a request was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    pub bucket: String,
    pub region: String,
    pub endpoint: String,
    /// The key of the object.
    pub key: String,
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, region, endpoint, key } = self;
        write!(
            formatter,
            "bucket `{}`, region `{}`, endpoint {}, object `{}`",
            shown(bucket),
            shown(region),
            shown(endpoint),
            shown(key)
        )
    }
}

/// A store that does not keep what it is to keep.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The store refuses it.
    #[error("{refusal} ({at})")]
    Refused { refusal: StoreRefusal, at: Box<Location> },

    #[error(
        "The endpoint of the object store must begin with https://, so that nobody on the way reads the rows. Correct \
         `s3_endpoint` in `object_storage_config`, or set HUBSPOT_ALLOW_PRIVATE_ENDPOINTS=1 in the environment ({at})."
    )]
    PlainHttp { at: Box<Location> },

    #[error(
        "The object store did not take an object in {attempts} attempts over {} s: {last}. Check the \
         store and the network ({at}).",
        elapsed.as_secs()
    )]
    GaveUp { at: Box<Location>, attempts: u32, elapsed: Duration, last: TemporaryFault },

    /// The HTTP client could not be set up.
    #[error(
        "The connection to the object store cannot be set up. Install the package `ca-certificates`, or point SSL_CERT_FILE at a \
         certificate file."
    )]
    NoTransport,
}

/// What a check could not do, and a sync does not need.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProbeDoubt {
    #[error(
        "The object store took the object of the check, but did not give it back. A sync only writes, so nothing has to be changed \
         ({at})."
    )]
    NotRead { at: Box<Location> },

    #[error(
        "The object store took the object of the check and gave back another content. See what stands between: rows may not be \
         kept as they are ({at})."
    )]
    Changed { at: Box<Location> },

    #[error(
        "The object of the check stays in the object store: it could not be deleted. A sync needs only to write; delete the object \
         yourself, or add the permission `s3:DeleteObject` ({at})."
    )]
    NotDeleted { at: Box<Location> },
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Refused { .. } | StoreError::PlainHttp { .. } | StoreError::NoTransport => {
                Self::config(message)
            }
            StoreError::GaveUp { .. } => Self::transient(message),
        }
    }
}
