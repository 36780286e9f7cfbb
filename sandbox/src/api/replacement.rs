//! Answers that a fault puts in place of the real one.
//!
//! Faults that change how a request is carried out are in `effect`.

use bytes::Bytes;
use serde_json::json;

use super::refusal::conflict;
use crate::{
    account::{budget, state::State, tokens},
    clock,
    failure::{Failure, page},
    faults::rule::{BodyKind, Fault, Policy, RetryAfter, StatusAnswer, What},
    reply::Reply,
};

/// The answer that a fault puts in place of the real one, if it does.
pub(crate) fn replacement(state: &State, fault: &Fault, correlation_id: &str) -> Option<Reply> {
    let account = &state.settings.account;
    let empty_batch = || {
        let now = clock::iso(clock::now());
        json!({ "status": "COMPLETE", "results": [], "startedAt": now, "completedAt": now })
    };
    let reply = match &fault.what {
        What::Status(answer) => status_reply(state, answer, correlation_id),
        What::RateLimited { policy, retry_after } => {
            let reply = budget::refusal(*policy, account.portal_id).into_reply(correlation_id);
            with_retry_after(reply, retry_after.as_ref())
        }
        What::Json { status, body } => Reply::json(*status, body),
        What::Redirect { status, location } => Reply::empty(*status).header("location", location),
        What::EmptyResults => Reply::json(200, &empty_batch()),
        What::EmptyBody | What::CloseUnread => Reply::empty(200),
        What::NotJson => {
            Reply { body: Bytes::from_static(b"OK, but not JSON {"), ..Reply::json(200, &json!(0)) }
        }
        What::Oversized { .. } => Reply { body: Bytes::new(), ..Reply::json(200, &json!(0)) },
        _ => return None,
    };
    Some(reply)
}

fn status_reply(state: &State, answer: &StatusAnswer, correlation_id: &str) -> Reply {
    let status = answer.status;
    let reply = match answer.body {
        BodyKind::Html => Reply::html(status, &page(status)),
        BodyKind::Empty => Reply::empty(status),
        BodyKind::Json if answer.category.is_none() && answer.message.is_none() => {
            usual_failure(state, status).into_reply(correlation_id)
        }
        BodyKind::Json => {
            let message = answer.message.as_deref().unwrap_or("There was a problem with the request.");
            let failure = match &answer.category {
                Some(category) => Failure::new(status, category, message),
                None => Failure::uncategorised(status, message),
            };
            failure.into_reply(correlation_id)
        }
    };
    with_retry_after(reply, answer.retry_after.as_ref())
}

/// HubSpot's usual error for a status.
fn usual_failure(state: &State, status: u16) -> Failure {
    let account = &state.settings.account;
    match status {
        401 => tokens::no_credentials(),
        403 => tokens::missing_scopes(tokens::TO_WRITE, state.settings.scope_error),
        404 => Failure::new(404, "OBJECT_NOT_FOUND", "resource not found"),
        409 => conflict(None),
        423 => Failure::new(423, "LOCKED", "The resource is locked. Please try again later."),
        429 => budget::refusal(Some(Policy::TenSecondlyRolling), account.portal_id),
        400..500 => Failure::validation("There was a problem with the request.").with_status(status),
        _ => Failure::uncategorised(status, "internal error"),
    }
}

fn with_retry_after(reply: Reply, value: Option<&RetryAfter>) -> Reply {
    match value {
        None => reply,
        Some(RetryAfter::Seconds(seconds)) => reply.header("retry-after", seconds.to_string()),
        Some(RetryAfter::Text(text)) => reply.header("retry-after", text),
        Some(RetryAfter::Date(seconds)) => {
            let millis = i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX / 2);
            reply.header("retry-after", clock::http_date(clock::now().saturating_add(millis)))
        }
    }
}
