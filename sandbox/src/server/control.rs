//! The sandbox's own routes, to see whether it runs, to look inside, and to change it. They need no token, count against no
//! limit and are not recorded.
//!
//! HubSpot's routes are in `endpoint`.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{Method, Uri},
    response::Response,
    routing::{MethodFilter, any, on},
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    shared::Shared,
    travelling::{Cut, LARGEST_BODY, respond},
};
use crate::{
    account::contact::Seed, endpoint::Endpoint, faults::delivery::Delivery, reply::Reply, settings::Settings,
};

/// One of the sandbox's own routes.
struct Own {
    method: &'static str,
    path: &'static str,
    /// Answers a request with this body.
    answer: fn(&Shared, &[u8]) -> Reply,
}

const OWN: &[Own] = &[
    Own { method: "GET", path: "/_sandbox/settings", answer: show_settings },
    Own { method: "PUT", path: "/_sandbox/settings", answer: replace_settings },
    Own { method: "PATCH", path: "/_sandbox/settings", answer: patch_settings },
    Own { method: "GET", path: "/_sandbox/contacts", answer: show_contacts },
    Own { method: "POST", path: "/_sandbox/contacts", answer: add_contacts },
    Own { method: "GET", path: "/_sandbox/requests", answer: show_requests },
    Own { method: "GET", path: "/_sandbox/routes", answer: show_routes },
    Own { method: "POST", path: "/_sandbox/reset", answer: reset },
    Own { method: "GET", path: "/health", answer: health },
];

/// The router of these routes, and of what is missing below their prefix.
pub(super) fn routes() -> Router<Arc<Shared>> {
    let mut router = Router::new();
    for Own { method, path, answer } in OWN {
        let handler = async move |State(shared): State<Arc<Shared>>, body: Bytes| {
            respond(answer(&shared, &body), Delivery::Whole)
        };
        router = router.route(path, on(filter(method), handler));
    }
    router
        .method_not_allowed_fallback(no_route)
        .route("/_sandbox", any(no_route))
        .route("/_sandbox/{*rest}", any(no_route))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
}

/// The filter for a method of a table.
pub(super) fn filter(method: &str) -> MethodFilter {
    let method = Method::from_bytes(method.as_bytes()).ok();
    method.and_then(|method| method.try_into().ok()).expect("the tables name methods that HTTP knows")
}

async fn no_route(method: Method, uri: Uri) -> Result<Response, Cut> {
    let path = uri.path();
    let error = format!("no control route {method} {path}; GET /_sandbox/routes lists them all");
    respond(Reply::json(404, &json!({ "error": error })), Delivery::Whole)
}

fn show_settings(shared: &Shared, _: &[u8]) -> Reply {
    Reply::json(200, &json!(shared.lock().settings))
}

/// Absent members get their default.
fn replace_settings(shared: &Shared, body: &[u8]) -> Reply {
    set(shared, serde_json::from_slice(body))
}

/// Absent members stay.
fn patch_settings(shared: &Shared, body: &[u8]) -> Reply {
    let current = json!(shared.lock().settings);
    let patched = serde_json::from_slice(body).map(|patch| patched(current, patch));
    set(shared, patched.and_then(serde_json::from_value))
}

/// The settings with the top-level members of a patch in place of theirs.
fn patched(mut current: Value, patch: Value) -> Value {
    match (&mut current, patch) {
        (Value::Object(members), Value::Object(patch)) => {
            members.extend(patch);
            current
        }
        (_, other) => other,
    }
}

fn set(shared: &Shared, settings: serde_json::Result<Settings>) -> Reply {
    match settings {
        Ok(settings) => {
            let mut state = shared.lock();
            state.update(|current| *current = settings);
            Reply::json(200, &json!(state.settings))
        }
        Err(error) => refusal(&error),
    }
}

fn show_contacts(shared: &Shared, _: &[u8]) -> Reply {
    Reply::json(200, &json!(shared.lock().store.all()))
}

/// `[{"email":…,"additional_emails":[…],"properties":{…}}]`
fn add_contacts(shared: &Shared, body: &[u8]) -> Reply {
    match serde_json::from_slice::<Vec<Seed>>(body) {
        Ok(seeds) => {
            let mut state = shared.lock();
            let addresses =
                seeds.iter().flat_map(|seed| [&seed.email].into_iter().chain(&seed.additional_emails));
            if let Some(known) =
                addresses.filter(|one| !one.is_empty()).find(|one| state.store.by_address(one).is_some())
            {
                let error = format!(
                    "a contact has the address {known} already; change it by a batch upsert of HubSpot's"
                );
                return Reply::json(409, &json!({ "error": error }));
            }
            let ids: Vec<String> = seeds
                .into_iter()
                .map(|seed| state.with_rules(|store, rules| store.seed(seed, rules)))
                .collect();
            Reply::json(200, &json!({ "ids": ids }))
        }
        Err(error) => refusal(&error),
    }
}

/// The newest, with the number of those that were dropped in a header.
fn show_requests(shared: &Shared, _: &[u8]) -> Reply {
    let (records, dropped) = shared.journal.all();
    Reply::json(200, &json!(records)).header("x-sandbox-dropped-requests", dropped.to_string())
}

/// Every route, HubSpot's first, as the router has them.
fn show_routes(_: &Shared, _: &[u8]) -> Reply {
    let hubspots = Endpoint::ALL.into_iter().flat_map(|endpoint| {
        let paths = endpoint.versions().iter().map(move |version| endpoint.path(*version, "{object}"));
        paths.map(move |path| (endpoint.method(), path))
    });
    let own = OWN.iter().map(|own| (own.method, own.path.to_owned()));
    let all = hubspots.chain(own).map(|(method, path)| json!({ "method": method, "path": path }));
    Reply::json(200, &all.collect())
}

fn reset(shared: &Shared, _: &[u8]) -> Reply {
    shared.reset();
    Reply::empty(204)
}

fn health(_: &Shared, _: &[u8]) -> Reply {
    Reply::json(200, &json!({ "status": "ok" }))
}

fn refusal(error: &serde_json::Error) -> Reply {
    Reply::json(400, &json!({ "error": error.to_string() }))
}
