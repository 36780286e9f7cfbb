//! Sockets: accepts connections on 127.0.0.1, reads requests, waits where the answer is to be late, and sends.
//!
//! What is answered is decided in `pipeline` (HubSpot's routes) and `control` (the sandbox's own).

use std::{
    net::TcpListener as StdListener,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::{
    HeaderMap, Request as HttpRequest, Response, StatusCode, body::Incoming, header::HeaderName,
    server::conn::http1, service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet, time::Instant};

use crate::{
    control,
    delivery::{Cut, Delivery, Travelling},
    inject::Seen,
    journal::Journal,
    objects::input,
    pipeline::{self, Outcome, Request},
    reply::Reply,
    state::State,
};

/// No request to HubSpot comes near this; it keeps a runaway client from filling the memory.
const LARGEST_BODY: usize = 64 * 1_024 * 1_024;

/// What connections and the handle share.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) journal: Journal,
}

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        Self { state: Mutex::new(state), journal: Journal::new() }
    }

    /// The state, also after a panic of another thread: a test that failed must not hide why.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until told to stop; connections still open are dropped then.
pub(crate) async fn serve(
    listener: StdListener,
    shared: Arc<Shared>,
    mut stop: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            _ = &mut stop => return Ok(()),
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => {
                // Out of sockets, or a client that left at once: the next one may do better.
                let Ok((stream, _)) = accepted else {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    continue;
                };
                // Many small answers follow each other; without this each would wait for the client's next packet.
                let _ignored = stream.set_nodelay(true);
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    let service = service_fn(|request| answer(Arc::clone(&shared), request));
                    // An error here is a client that left, or a connection cut on purpose.
                    let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        }
    }
}

async fn answer(shared: Arc<Shared>, request: HttpRequest<Incoming>) -> Result<Response<Travelling>, Cut> {
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
    let body = read(body).await?;
    Some(Request {
        number,
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        authorization: header(&head.headers, hyper::header::AUTHORIZATION),
        accept: header(&head.headers, hyper::header::ACCEPT),
        keys: input::keys(&body),
        body,
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
