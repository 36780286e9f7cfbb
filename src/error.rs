//! What ends a command early, in the words and the kinds that Airbyte knows.
//!
//! Each layer has typed errors of its own; at its border they become a [`Failure`]. Not here: the fate of single
//! records (a rejected record is no failure).

use std::fmt;

/// Who can fix a failure, as the platform names it in a `TRACE` message.
///
/// Source: `failure_type` of `AirbyteErrorTraceMessage` in the Airbyte protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureType {
    /// The user, by changing a setting, a permission or the catalog.
    Config,
    /// Time: the same sync may work later.
    Transient,
    /// The makers of the source or of this connector.
    System,
}

impl FailureType {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config_error",
            Self::Transient => "transient_error",
            Self::System => "system_error",
        }
    }
}

/// The stream a failure belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedStream {
    pub name: String,
    pub namespace: Option<String>,
}

/// A reason to end a command: what happened, which setting or permission it concerns, what to do.
///
/// The message is shown to the user, so it never holds the token, a record's value, or a text of HubSpot's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub failure_type: FailureType,
    pub message: String,
    pub stream: Option<FailedStream>,
}

impl Failure {
    /// A failure that the user can fix.
    pub fn config(message: impl Into<String>) -> Self {
        Self { failure_type: FailureType::Config, message: message.into(), stream: None }
    }

    /// A failure that may be gone later.
    pub fn transient(message: impl Into<String>) -> Self {
        Self { failure_type: FailureType::Transient, message: message.into(), stream: None }
    }

    /// A failure that neither the user can fix nor time.
    pub fn system(message: impl Into<String>) -> Self {
        Self { failure_type: FailureType::System, message: message.into(), stream: None }
    }

    /// Names the stream that failed.
    #[must_use]
    pub fn of_stream(mut self, name: &str, namespace: Option<&str>) -> Self {
        self.stream = Some(FailedStream { name: name.to_owned(), namespace: namespace.map(str::to_owned) });
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
