//! One request and its answer: enters it into the record, reads it, waits where the answer is to be late, and sends.
//!
//! What is answered is decided in `api`.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract,
    http::{HeaderMap, HeaderName, Uri, header},
    response::Response,
};
use bytes::Bytes;
use tokio::time::Instant;

use super::{
    journal::Entry,
    shared::Shared,
    travelling::{Cut, LARGEST_BODY, respond},
};
use crate::{
    api::{
        body,
        pipeline::{self, NoRoute, Outcome, Request, Route},
    },
    faults::{delivery::Delivery, engine::Seen},
};

/// The target of a request as it was sent, before the router saw it.
#[derive(Clone, Debug)]
pub(super) struct Sent(pub(super) Uri);

/// Answers a request to HubSpot's API.
pub(super) async fn answer(
    shared: Arc<Shared>,
    route: Result<Route, NoRoute>,
    Sent(uri): Sent,
    request: extract::Request,
) -> Result<Response, Cut> {
    let path_and_query = uri.path_and_query().map_or("/", |path| path.as_str());
    let entry = shared.journal.arrive(request.method().as_str(), path_and_query);
    // If the client leaves, this future is dropped; the record must not stay open then.
    let closing = Closing { shared: &shared, entry };
    if let Some(name) = closes_unread(&shared, entry.number, uri.path()) {
        shared.journal.amend(entry, |record| record.fault = Some(name));
        return Err(Cut);
    }
    let request = gather(entry.number, route, &uri, request).await.ok_or(Cut)?;
    record_body(&shared, entry, &request);
    let outcome = carry_out(&shared, entry, &request).await;
    wait(outcome.delay).await;
    let status = (outcome.delivery != Delivery::Nothing).then_some(outcome.reply.status);
    shared.journal.finish(entry, status);
    drop(closing);
    respond(outcome.reply, outcome.delivery)
}

fn closes_unread(shared: &Shared, number: u64, path: &str) -> Option<String> {
    let mut guard = shared.lock();
    let state = &mut *guard;
    let seen = Seen { number, path, keys: None };
    state.engine.closes_unread(&state.settings.faults, seen, &mut state.random)
}

fn record_body(shared: &Shared, entry: Entry, request: &Request) {
    let is_kept = request.number <= shared.lock().settings.recorded_bodies;
    shared.journal.amend(entry, |record| {
        record.input_count = request.keys.len();
        record.keys.clone_from(&request.keys);
        record.body = is_kept.then(|| request.body.clone());
    });
}

async fn carry_out(shared: &Shared, entry: Entry, request: &Request) -> Outcome {
    let admitted = pipeline::admit(&mut shared.lock(), request, Instant::now());
    let admitted = match admitted {
        Ok(admitted) => admitted,
        Err(outcome) => return *outcome,
    };
    wait(admitted.delay_before()).await;
    let outcome = pipeline::perform(&mut shared.lock(), request, admitted, Instant::now());
    shared.journal.amend(entry, |record| record.fault.clone_from(&outcome.fault));
    outcome
}

/// Without a delay there is no wait: the timer would make a millisecond of it.
async fn wait(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

/// Marks the record of a request as finished, however its handling ends.
struct Closing<'a> {
    shared: &'a Shared,
    entry: Entry,
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.shared.journal.finish(self.entry, None);
    }
}

async fn gather(
    number: u64,
    route: Result<Route, NoRoute>,
    uri: &Uri,
    request: extract::Request,
) -> Option<Request> {
    let (head, body) = request.into_parts();
    let content = read(body).await?;
    Some(Request {
        number,
        route,
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        authorization: text(&head.headers, header::AUTHORIZATION),
        accept: text(&head.headers, header::ACCEPT),
        keys: body::keys(&content),
        body: content,
    })
}

/// The whole body; nothing if the client left, or if there is no end to it.
async fn read(body: Body) -> Option<Bytes> {
    to_bytes(body, LARGEST_BODY).await.ok()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
