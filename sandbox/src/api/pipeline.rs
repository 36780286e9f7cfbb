//! The way of a request through HubSpot's checks, in their order: path, credential, rate limit, object type, body, scopes,
//! lookup. Faults strike after the rate limit.
//!
//! Which function answers which endpoint is said here, once. Everything is plain computation under the lock of the
//! state; routing, waiting and sending are in `server`.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    call::Call,
    details,
    effect::{Effect, change_contacts},
    hint::Lacking,
    objects::{archive, merge, read, write},
    properties::{create, list},
    replacement::replacement,
};
use crate::{
    account::{
        state::State,
        tokens::{self, Grant},
    },
    endpoint::{Endpoint, Version},
    failure::Failure,
    faults::{
        delivery::Delivery,
        engine::{Chosen, Seen, jittered},
    },
    reply::Reply,
};

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) endpoint: Endpoint,
    pub(crate) version: Version,
    /// As it stands in the path; judged only after the credential.
    pub(crate) object_type: Option<String>,
    /// Name of a property.
    pub(crate) name: Option<String>,
}

/// Why there is no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoute {
    UnknownPath,
    WrongMethod,
}

/// A request, read to its end.
#[derive(Debug)]
pub(crate) struct Request {
    /// Number in the record of requests.
    pub(crate) number: u64,
    pub(crate) route: Result<Route, NoRoute>,
    /// As it was sent.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) accept: Option<String>,
    pub(crate) body: Bytes,
    pub(crate) keys: Vec<String>,
}

/// A request that passed the first checks.
#[derive(Debug)]
pub(crate) struct Admitted {
    route: Route,
    grant: Grant,
    chosen: Chosen,
}

impl Admitted {
    /// How long to wait before [`perform`].
    pub(crate) fn delay_before(&self) -> Duration {
        self.chosen.delay_before
    }
}

/// What is to be sent, and how.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) reply: Reply,
    pub(crate) delivery: Delivery,
    pub(crate) delay: Duration,
    pub(crate) fault: Option<String>,
}

/// The checks before a request is carried out. `Err` is an answer right away.
pub(crate) fn admit(state: &mut State, request: &Request, now: Instant) -> Result<Admitted, Box<Outcome>> {
    let answer = |state: &mut State, failure: Failure, token: Option<&str>| {
        let id = state.correlation_id();
        let reply = failure.into_reply(&id);
        Box::new(plain(state, reply, token))
    };
    let route = match &request.route {
        Ok(route) => route.clone(),
        Err(no_route) => {
            // Recorded: a GET of what does not exist was answered 404 or 405 with a page in HTML. No answer in JSON is known.
            let (status, lacking) = match no_route {
                NoRoute::UnknownPath => (404, Lacking::Path),
                NoRoute::WrongMethod => (405, Lacking::Method),
            };
            let mut outcome = answer(state, Failure::html(status), None);
            outcome.reply = lacking.hint(outcome.reply);
            return Err(outcome);
        }
    };
    if !admits_json(request.accept.as_deref()) {
        return Err(answer(state, Failure::html(406), None));
    }
    if state.settings.max_body_bytes.is_some_and(|limit| request.body.len() > limit) {
        return Err(answer(state, Failure::html(413), None));
    }
    let grant = if route.endpoint == Endpoint::TokenInfo {
        // The token stands in the body; the header is optional.
        Grant { token: String::new(), scopes: Vec::new() }
    } else {
        let header = request.authorization.as_deref();
        let grant = match tokens::authenticate(header, &state.settings) {
            Ok(grant) => grant,
            Err(failure) => return Err(answer(state, failure, None)),
        };
        if let Err(exceeded) = state.budget.spend(&grant.token, now, &state.settings.limits) {
            let id = state.correlation_id();
            let settings = &state.settings;
            let reply = exceeded.into_reply(settings.account.portal_id, &id, &settings.limits);
            return Err(Box::new(plain(state, reply, Some(&grant.token))));
        }
        grant
    };
    let seen = Seen { number: request.number, path: &request.path, keys: Some(&request.keys) };
    let chosen = state.engine.choose(&state.settings.faults, seen, &mut state.random);
    Ok(Admitted { route, grant, chosen })
}

/// Carries out a request, or does what a fault wants instead.
pub(crate) fn perform(state: &mut State, request: &Request, admitted: Admitted, now: Instant) -> Outcome {
    let Admitted { route, grant, chosen } = admitted;
    let fault = chosen.fault.as_ref();
    let id = state.correlation_id();
    let replaced = fault.and_then(|fault| replacement(state, fault, &id));
    let is_carried_out = replaced.is_none() || fault.is_some_and(|fault| fault.after_write);
    let real = is_carried_out.then(|| {
        let call = Call {
            version: route.version,
            grant: &grant,
            query: &request.query,
            name: route.name.as_deref(),
            body: &request.body,
            number: request.number,
            now,
            effect: fault.map(Effect::of).unwrap_or_default(),
        };
        if let Some(failure) = unknown_object_type(&route) {
            return Lacking::ObjectType.hint(failure.into_reply(&id));
        }
        let handled = handle(state, &call, route.endpoint);
        handled.unwrap_or_else(|failure| failure.into_reply(&id))
    });
    for change in &chosen.changes {
        change_contacts(state, change);
    }
    let reply = replaced.or(real).unwrap_or_else(|| Reply::empty(500));
    let mut outcome =
        plain(state, reply, Some(&grant.token).filter(|token| !token.is_empty()).map(String::as_str));
    outcome.delay += chosen.delay_after;
    outcome.delivery = fault.map_or(Delivery::Whole, Delivery::of);
    outcome.fault = (!chosen.names.is_empty()).then(|| chosen.names.join("+"));
    outcome
}

/// An answer as it is, with the rate headers and the general latency.
fn plain(state: &mut State, reply: Reply, token: Option<&str>) -> Outcome {
    let latency = state.settings.latency;
    let delay = jittered(latency.ms, latency.jitter_ms, &mut state.random);
    // HubSpot sends them with 2xx and 4xx. Without a known token there is no budget to tell of, and a gateway's page
    // knows nothing of budgets.
    let is_page = reply.headers.iter().any(|(_, value)| value.starts_with("text/html"));
    let is_stamped = matches!(reply.status, 200..300 | 400..500) && !is_page;
    let reply = match token.filter(|_| is_stamped) {
        Some(token) => state.budget.stamp(reply, Some(token), &state.settings.limits),
        None => reply,
    };
    Outcome { reply, delivery: Delivery::Whole, delay, fault: None }
}

/// The header must allow JSON. HubSpot answers 406 otherwise.
fn admits_json(accept: Option<&str>) -> bool {
    accept.is_none_or(|accept| {
        accept.split(',').any(|part| {
            let kind = part.split(';').next().unwrap_or_default().trim();
            matches!(kind, "*/*" | "application/*" | "application/json")
        })
    })
}

/// HubSpot's refusal of an object type that it does not know.
fn unknown_object_type(route: &Route) -> Option<Failure> {
    let unknown = route.object_type.as_deref().filter(|object| !means_contacts(object));
    unknown.map(|object| Failure::uncategorised(400, format!("Unable to infer object type from: {object}")))
}

/// Whether an object type of a path means contacts; all these spellings do.
fn means_contacts(object_type: &str) -> bool {
    matches!(object_type, "contact" | "contacts" | "CONTACT" | "0-1")
}

fn handle(state: &mut State, call: &Call<'_>, endpoint: Endpoint) -> Result<Reply, Failure> {
    match endpoint {
        Endpoint::BatchUpsert => write::upsert(state, call),
        Endpoint::BatchCreate => write::create(state, call),
        Endpoint::BatchUpdate => write::update(state, call),
        Endpoint::BatchRead => read::read(state, call),
        Endpoint::BatchArchive => archive::archive(state, call),
        Endpoint::Merge => merge::merge(state, call),
        Endpoint::GdprDelete => archive::gdpr_delete(state, call),
        Endpoint::ListProperties => list::list(state, call),
        Endpoint::OneProperty => list::one(state, call),
        Endpoint::ListGroups => list::groups(state, call),
        Endpoint::CreateProperty => create::one(state, call),
        Endpoint::CreateProperties => create::batch(state, call),
        Endpoint::CreateGroup => create::group(state, call),
        Endpoint::ArchiveProperty => create::archive(state, call),
        Endpoint::AccountDetails => Ok(details::account_details(state)),
        Endpoint::TokenInfo => details::token_info(state, call),
    }
}
