//! A message of each kind that a call to HubSpot can end with, and the parts of it that differ by the address.

use std::{sync::Arc, time::Duration};

use super::{
    N, each_of,
    examples::{Example, failures, texts},
};
use crate::{
    config::Environment,
    crm::object::ObjectType,
    error::Failure,
    hubspot::{
        endpoint::Endpoint,
        error::{ApiError, ApiErrorKind, Called},
        retry::Stop,
        transport::TransportError,
    },
};

fn no_answers() -> Vec<TransportError> {
    each_of!(TransportError: Connect, Certificate, Timeout, Interrupted, AnswerTooLarge)
}

/// Whether a call is repeated after it, so that it may be what a failure ends with.
fn is_repeated(error: TransportError) -> bool {
    match error {
        TransportError::Connect | TransportError::Timeout | TransportError::Interrupted => true,
        TransportError::Certificate | TransportError::AnswerTooLarge => false,
    }
}

fn exhausted(last: Option<TransportError>) -> ApiErrorKind {
    ApiErrorKind::Exhausted { attempts: N.into(), elapsed: Duration::from_secs(N.into()), last }
}

fn of_kind(kind: ApiErrorKind) -> ApiError {
    let mut error = ApiError::new(Endpoint::BatchUpsert(ObjectType::CONTACTS), kind);
    error.status = N;
    error
}

/// Each kind of failure, told of HubSpot's own address.
pub(super) fn failures_of_calls() -> Vec<Example> {
    let kinds = each_of!(ApiErrorKind:
        Stop(Stop::Unexpected),
        Exhausted { attempts: N.into(), elapsed: Duration::from_secs(N.into()), last: None },
        Unreadable,
        NoTransport,
    );
    let stops = each_of!(Stop:
        InvalidToken,
        ExpiredToken,
        MissingScopes,
        PathGone,
        Redirect,
        DailyLimit,
        PauseTooLong(Duration::from_mins(N.into())),
        Certificate,
        Unexpected,
    );
    let repeated = no_answers().into_iter().filter(|error| is_repeated(*error));
    let in_vain = repeated.map(|error| exhausted(Some(error)));
    let kinds = kinds.into_iter().chain(stops.into_iter().map(ApiErrorKind::Stop)).chain(in_vain);
    let mut errors: Vec<ApiError> = kinds.map(of_kind).collect();
    // A limit, and a refusal for another reason than a scope.
    let limit = ApiError { status: 429, ..of_kind(exhausted(None)) };
    let forbidden =
        ApiError { category: Some("…".into()), ..of_kind(ApiErrorKind::Stop(Stop::MissingScopes)) };
    errors.extend([limit, forbidden]);
    let endpoint = Endpoint::BatchUpsert(ObjectType::CONTACTS);
    let shown_elsewhere = [&*Called::default().advice(), &*endpoint.purpose(), &*endpoint.scope()];
    let mut parts: Vec<String> = no_answers().into_iter().map(|error| error.to_string()).collect();
    parts.extend(shown_elsewhere.map(str::to_owned));
    parts.push("https://api.hubapi.com".to_owned());
    let with_parts = |mut one: Example| {
        one.message = without_time(&one.message);
        one.parts.clone_from(&parts);
        one
    };
    failures(errors).into_iter().map(with_parts).collect()
}

/// The time until midnight hangs on the clock.
fn without_time(message: &str) -> String {
    let around = |message: &str| {
        let (before, rest) = message.split_once("time zone, in ")?;
        let (_, behind) = rest.split_once(" min.")?;
        Some(format!("{before}time zone, in … h … min.{behind}"))
    };
    around(message).unwrap_or_else(|| message.to_owned())
}

/// What failures put together: why no answer came, what to do where, and HubSpot's id.
pub(super) fn parts() -> Vec<Example> {
    let of = |variables: &[(&str, &str)]| {
        let get =
            |name: &str| variables.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned());
        Called::new(&Environment::read(get).unwrap())
    };
    let local = of(&[("HUBSPOT_API_BASE_URL", "http://127.0.0.1:9")]);
    let elsewhere = of(&[("HUBSPOT_API_BASE_URL", "https://hubspot.example")]);
    let through_proxy = of(&[("HTTPS_PROXY", "http://proxy")]);
    let advice = [Called::default(), local, elsewhere.clone(), through_proxy].map(|called| called.advice());
    let mut unreadable = of_kind(ApiErrorKind::Unreadable);
    unreadable.called = Arc::new(elsewhere);
    let mut refused = of_kind(ApiErrorKind::Stop(Stop::Unexpected));
    refused.correlation_id = Some("…".into());
    let part_of = |error: ApiError, part: &str| {
        let message = Failure::from(error).message;
        assert!(message.contains(part), "{message}");
        Example::of(part)
    };
    let of_failures = [
        part_of(unreadable, "(set by HUBSPOT_API_BASE_URL)"),
        part_of(refused, "(HubSpot's correlation id: …)"),
    ];
    texts(no_answers())
        .into_iter()
        .chain(texts(advice))
        .chain(of_failures)
        .map(|one| one.with(&["HTTPS_PROXY"]))
        .collect()
}
