//! The limits of the account, and how it refuses what exceeds them.

use std::{sync::Arc, time::Duration};

use destination_hubspot::hubspot::transport::{HttpTransport, Request, Response, Transport};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{answer::Answer, portal::Portal, verdict::Verdict, wire::Failed};

/// The largest tier allows 250 requests in a window.
const LARGEST_MAX: u32 = 250;
/// How many requests beyond the limit are tried.
const BEYOND: u32 = 50;
const AT_ONCE: u32 = 25;
const WINDOW: Duration = Duration::from_secs(10);

/// Costs no request: every answer states them.
pub(super) fn limits(portal: Portal<'_>) -> Vec<Verdict> {
    let said = portal.wire.limits();
    let window = said.interval.and_then(|interval| u64::try_from(interval.as_millis()).ok());
    let members = [
        ("limits.max", said.max.map(|max| json!(max))),
        ("limits.window_ms", window.map(|window| json!(window))),
        ("limits.daily", said.daily.map(|daily| json!(daily))),
    ];
    let settled: Vec<Verdict> =
        members.into_iter().filter_map(|(name, value)| Some(Verdict::Setting(name, value?))).collect();
    if settled.is_empty() { vec![Verdict::Open("no answer stated a limit".to_owned())] } else { settled }
}

/// Sends reads around the throttle until one is refused.
pub(super) async fn retry_after(portal: Portal<'_>) -> Result<Vec<Verdict>, Failed> {
    let request = portal.read_request(&portal.address()?)?;
    let said = portal.wire.limits();
    let most = said.max.unwrap_or(LARGEST_MAX) + BEYOND;
    let mut sent = 0;
    let mut refused = None;
    while refused.is_none() && sent < most {
        let count = AT_ONCE.min(most - sent);
        sent += count;
        refused = send_at_once(portal.wire.transport(), &request, count).await;
    }
    portal.wire.pause(said.interval.unwrap_or(WINDOW));
    let Some(Response { status, retry_after, body, .. }) = refused else {
        return Err(Failed::unexpected(format!("{sent} reads in a row were not refused")));
    };
    let answer = Answer { status, retry_after, body };
    portal
        .wire
        .note(format!("up to {sent} reads of one address, as fast as possible\n    → {}", answer.describe()));
    Ok(vec![Verdict::setting("limits.retry_after", answer.retry_after.is_some())])
}

/// Sends so many at once, and gives one that was refused for the limit.
async fn send_at_once(transport: Arc<HttpTransport>, request: &Request, count: u32) -> Option<Response> {
    let mut reads = JoinSet::new();
    for _ in 0..count {
        let (transport, request) = (Arc::clone(&transport), request.clone());
        reads.spawn(async move { transport.exchange(request).await });
    }
    let answers = reads.join_all().await;
    answers.into_iter().flatten().find(|response| response.status == 429)
}
