//! What ends a sync early, in words for the user. Pure.
//!
//! The texts hold names of streams and properties, and never a value or a text of HubSpot's. Not here: the fate of a single
//! record, and calls that cannot succeed ([`crate::hubspot::error`]).

use std::{borrow::Cow, sync::Arc};

use thiserror::Error;

use crate::{
    config::Share,
    error::Failure,
    hubspot::error_body::ErrorBody,
    mapping::reason::Reason,
    protocol::message::{Malformed, StreamId},
};

/// A sync that cannot go on, or that may not count as done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SyncError {
    #[error("Line {line} of the input {error}. Nothing after the last acknowledged state counts as written.")]
    Malformed { line: u64, error: Malformed },

    #[error(
        "A record of the stream `{}` came, which is not in the catalog. Add the stream to the connection, or leave it out in \
         the source.",
        stream.shown()
    )]
    NotInCatalog { stream: StreamId },

    #[error(
        "The property `{property}` is gone from HubSpot, or the token may no longer see it, and `unknown_fields` is `fail`. \
         Create it again, or map its field to another property."
    )]
    PropertyGone { property: Arc<str> },

    /// `not_written` counts the records rejected and skipped, `wrong` those of them that were rejected in a way that speaks of
    /// the set-up, `count` those of these that have the reason.
    #[error(
        "None of the {not_written} records of the stream `{}` so far was written; {wrong} were rejected in a way that points to \
         a wrong set-up, {count} of them as {reason}: {}. {} If such records are to be passed over, set `fail_if_rejected` to \
         `never`.",
        stream.shown(),
        reason.code.advice(),
        of_states(*acknowledged)
    )]
    AllRejected {
        stream: StreamId,
        not_written: u64,
        wrong: u64,
        count: u64,
        reason: Reason,
        /// Whether a state of the stream went out.
        acknowledged: bool,
    },

    /// `…_then`: when the share was exceeded, which the whole of the stream need not do. The skipped ones are none of these records.
    #[error(
        "`fail_if_rejected` allows {share} of the records of a stream to be rejected. Of the stream `{}`, {rejected_then} of \
         {records_then} were, and {rejected} of {records} in all, {count} of them as {reason}: {}.{} The states of the stream were \
         held back from then on, so that the source sends the records after the last acknowledged state again.{} Remove the \
         cause and run the sync again. If so many records may be passed over, set a larger share, or `never`.",
        stream.shown(),
        reason.code.advice(),
        of_others(*others),
        of_earlier(*acknowledged)
    )]
    ShareExceeded {
        stream: StreamId,
        share: Share,
        records_then: u64,
        rejected_then: u64,
        records: u64,
        rejected: u64,
        count: u64,
        reason: Box<Reason>,
        /// Whether a state with rejected records went out before.
        acknowledged: bool,
        /// So many other streams exceeded it.
        others: usize,
    },

    #[error(
        "{open} records were never settled. This is a fault of the connector; their states were not acknowledged. Run the sync \
         again, and report this."
    )]
    NeverSettled { open: u64 },

    #[error(
        "`max_archived` allows a sync to archive {most} records, and there are more to archive. Nothing after the last acknowledged state \
         counts as done, also of the records that are to be written. See whether so many are to go: `write --results` names those that \
         were archived. If they are, run the sync again, which goes on from here unless the number is 0, or raise it."
    )]
    ArchivedEnough { most: u64 },

    #[error(
        "HubSpot accepted the same batch three times and never said what became of its contacts. Nothing after the last \
         acknowledged state counts as written; run the sync again later."
    )]
    NotAccountedFor,

    #[error(
        "HubSpot accepted none of the records of this sync: it refused {refused} of them and named no property, no value and no \
         record, so that the request itself may be at fault. Nothing after the last acknowledged state counts as written, so \
         that the source sends the records again. Try the other `api_version`, or ask HubSpot's support. If such records are to \
         be passed over, set `fail_if_rejected` to `never`.{}",
        trace(correlation_id.as_deref())
    )]
    NothingAccepted { refused: u64, correlation_id: Option<String> },

    #[error(
        "HubSpot accepted none of the records of this sync, and never said what became of {unanswered} of them. Nothing after \
         the last acknowledged state counts as written, so that the source sends the records again. Run the sync again later. \
         If such records are to be passed over, set `fail_if_rejected` to `never`."
    )]
    NothingAnswered { unanswered: u64 },

    #[error(
        "HubSpot refuses every batch with status {}, whatever contacts it holds, and names no reason. Try the other \
         `api_version`, or ask HubSpot's support.{}",
        .0.status(),
        .0.trace()
    )]
    BatchesRefused(Refusal),

    #[error(
        "HubSpot did not say which contacts exist, though it was asked three times. The sync has to know it, since \
         `lifecycle_stage`, `streams` or `policies` depend on it, or since rows are sent again. Nothing after the last \
         acknowledged state counts as written; run the sync again later."
    )]
    LookUpsUnanswered,

    #[error(
        "HubSpot did not say which contacts exist: it {}. The sync has to know it, since `lifecycle_stage`, `streams` or \
         `policies` depend on it, or since rows are sent again. Nothing after the last acknowledged state counts as written. Try \
         the other `api_version`, leave that setting empty, send rows again with `--all`, or ask HubSpot's support.{}",
        .0.of_look_ups(),
        .0.trace()
    )]
    LookUpsRefused(Refusal),
}

/// What of HubSpot's refusal may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
    category: Option<String>,
    correlation_id: Option<String>,
}

impl Refusal {
    pub fn new(status: u16, error: &ErrorBody) -> Self {
        Self {
            status,
            category: error.category().map(str::to_owned),
            correlation_id: error.correlation_id().map(str::to_owned),
        }
    }

    /// With the category behind it.
    fn status(&self) -> String {
        let category = self.category.as_ref().map(|category| format!(" ({category})"));
        format!("{}{}", self.status, category.unwrap_or_default())
    }

    /// A look-up may be answered with a status of success, and name no record that was asked for.
    fn of_look_ups(&self) -> String {
        match self.status {
            200..300 => format!("answers with status {} and names none of them", self.status()),
            _ => format!("refuses to look them up with status {}", self.status()),
        }
    }

    fn trace(&self) -> String {
        trace(self.correlation_id.as_deref())
    }
}

fn trace(correlation_id: Option<&str>) -> String {
    correlation_id.map(|id| format!(" HubSpot's correlation id: {id}.")).unwrap_or_default()
}

fn of_states(acknowledged: bool) -> &'static str {
    if acknowledged {
        "Some states of the stream were acknowledged before: clear the stream in Airbyte, which removes nothing from HubSpot, so \
         that the source sends the records again."
    } else {
        "No state of the stream was acknowledged, so that the source sends the records again."
    }
}

/// The log and the report name them.
fn of_others(others: usize) -> Cow<'static, str> {
    match others {
        0 => "".into(),
        1 => " One other stream exceeded it too; the counts of each stream are in the log.".into(),
        _ => format!(" {others} other streams exceeded it too; the counts of each stream are in the log.")
            .into(),
    }
}

fn of_earlier(acknowledged: bool) -> &'static str {
    if acknowledged {
        " It does not send those that were rejected before that state: clear the stream in Airbyte, which removes nothing from \
         HubSpot, if it is to send them too."
    } else {
        ""
    }
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        let message = error.to_string();
        match error {
            SyncError::NotInCatalog { stream }
            | SyncError::AllRejected { stream, .. }
            | SyncError::ShareExceeded { stream, .. } => {
                Self::config(message).of_stream(stream.name(), stream.namespace())
            }
            SyncError::PropertyGone { .. } | SyncError::ArchivedEnough { .. } => Self::config(message),
            SyncError::NotAccountedFor | SyncError::LookUpsUnanswered | SyncError::NothingAnswered { .. } => {
                Self::transient(message)
            }
            SyncError::Malformed { .. }
            | SyncError::NeverSettled { .. }
            | SyncError::NothingAccepted { .. }
            | SyncError::BatchesRefused(_)
            | SyncError::LookUpsRefused(_) => Self::system(message),
        }
    }
}
