//! One request and its answer: enters it into the record, reads it, waits where the answer is to be late, and sends.
//!
//! What is answered is decided in `api` (HubSpot's routes) and `control` (the sandbox's own).

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::{HeaderMap, Request as HttpRequest, Response, StatusCode, body::Incoming, header::HeaderName};
use tokio::time::Instant;

use super::{
    control,
    shared::Shared,
    travelling::{Cut, Travelling},
};
use crate::{
    api::{
        body,
        pipeline::{self, Outcome, Request},
    },
    faults::{delivery::Delivery, engine::Seen},
    reply::Reply,
};

/// No request to HubSpot comes near this; it keeps a runaway client from filling the memory.
const LARGEST_BODY: usize = 64 * 1_024 * 1_024;

pub(super) async fn answer(
    shared: Arc<Shared>,
    request: HttpRequest<Incoming>,
) -> Result<Response<Travelling>, Cut> {
    if request.uri().path().starts_with(control::PREFIX) {
        let method = request.method().as_str().to_owned();
        let path = request.uri().path().to_owned();
        let body = read(request.into_body()).await.ok_or(Cut)?;
        return respond(control::handle(&shared, &method, &path, &body), Delivery::Whole);
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let number = shared.journal.arrive(request.method().as_str(), &path);
    // If the client leaves, this future is dropped; the record must not stay open then.
    let closing = Closing { shared: &shared, number };
    if let Some(name) = closes_unread(&shared, number, request.uri().path()) {
        shared.journal.amend(number, |record| record.fault = Some(name));
        return Err(Cut);
    }
    let request = gather(number, request).await.ok_or(Cut)?;
    record_body(&shared, &request);
    let outcome = carry_out(&shared, &request).await;
    tokio::time::sleep(outcome.delay).await;
    let status = (outcome.delivery != Delivery::Nothing).then_some(outcome.reply.status);
    shared.journal.finish(number, status);
    drop(closing);
    respond(outcome.reply, outcome.delivery)
}

fn closes_unread(shared: &Shared, number: u64, path: &str) -> Option<String> {
    let mut guard = shared.lock();
    let state = &mut *guard;
    let seen = Seen { number, path, keys: None };
    state.engine.closes_unread(&state.settings.faults, seen, &mut state.random)
}

fn record_body(shared: &Shared, request: &Request) {
    let is_kept = request.number <= shared.lock().settings.recorded_bodies;
    shared.journal.amend(request.number, |record| {
        record.input_count = request.keys.len();
        record.keys.clone_from(&request.keys);
        record.body = is_kept.then(|| request.body.clone());
    });
}

async fn carry_out(shared: &Shared, request: &Request) -> Outcome {
    let admitted = pipeline::admit(&mut shared.lock(), request, Instant::now());
    let admitted = match admitted {
        Ok(admitted) => admitted,
        Err(outcome) => return *outcome,
    };
    tokio::time::sleep(admitted.delay_before()).await;
    let outcome = pipeline::perform(&mut shared.lock(), request, admitted, Instant::now());
    shared.journal.amend(request.number, |record| record.fault.clone_from(&outcome.fault));
    outcome
}

/// Marks the record of a request as finished, however its handling ends.
struct Closing<'a> {
    shared: &'a Shared,
    number: u64,
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.shared.journal.finish(self.number, None);
    }
}

async fn gather(number: u64, request: HttpRequest<Incoming>) -> Option<Request> {
    let (head, body) = request.into_parts();
    let content = read(body).await?;
    Some(Request {
        number,
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        authorization: header(&head.headers, hyper::header::AUTHORIZATION),
        accept: header(&head.headers, hyper::header::ACCEPT),
        keys: body::keys(&content),
        body: content,
    })
}

async fn read(body: Incoming) -> Option<Bytes> {
    Limited::new(body, LARGEST_BODY).collect().await.ok().map(http_body_util::Collected::to_bytes)
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn respond(reply: Reply, delivery: Delivery) -> Result<Response<Travelling>, Cut> {
    if delivery == Delivery::Nothing {
        return Err(Cut);
    }
    let (body, announced) = Travelling::new(reply.body, delivery);
    let mut response = Response::builder().status(StatusCode::from_u16(reply.status).map_err(|_| Cut)?);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    if let Some(length) = announced {
        response = response.header(hyper::header::CONTENT_LENGTH, length);
    }
    response.body(body).map_err(|_| Cut)
}
