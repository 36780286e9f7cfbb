//! Calls to HubSpot that cannot succeed, told so that a newcomer can act on them.
//!
//! Never the token, and never a text of HubSpot's: those quote values. What is shown of an answer is its status,
//! category, scopes and correlation id.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{endpoint::Endpoint, error_body::ErrorBody, retry::Stop, transport::TransportError};
use crate::{
    config::environment::{BaseUrl, Environment},
    error::Failure,
};

/// A call that failed for good.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub endpoint: Endpoint,
    pub kind: ApiErrorKind,
    /// 0 if there was no answer.
    pub status: u16,
    pub category: Option<Box<str>>,
    pub correlation_id: Option<Box<str>>,
    pub required_scopes: Vec<String>,
    /// Which address was called.
    pub called: Arc<Called>,
    /// The account's distance from UTC, for the time at which the daily limit is reset.
    pub utc_offset_milliseconds: i64,
}

/// The address that calls go to, and the variables that have a say in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Called {
    base_url: BaseUrl,
    proxy_variable: Option<&'static str>,
}

impl Called {
    pub fn new(environment: &Environment) -> Self {
        Self { base_url: environment.base_url.clone(), proxy_variable: environment.proxy_variable }
    }

    /// The address, and the variable that set it.
    fn address(&self) -> String {
        if self.base_url.is_hubspots() {
            return self.base_url.to_string();
        }
        format!("{} (set by HUBSPOT_API_BASE_URL)", self.base_url)
    }

    /// The same behind a preposition; nothing for HubSpot's own address.
    pub fn elsewhere(&self) -> String {
        if self.base_url.is_hubspots() { String::new() } else { format!(" at {}", self.address()) }
    }

    /// What to look at if nobody answers there.
    pub fn advice(&self) -> String {
        let proxy = match self.proxy_variable {
            Some(variable) => format!("the proxy that {variable} names"),
            None => "the proxy settings".to_owned(),
        };
        if self.base_url.is_hubspots() {
            return format!("Check the network, {proxy} and that api.hubapi.com is an allowed host.");
        }
        if self.base_url.is_loopback() {
            return "See whether a server runs there, or unset HUBSPOT_API_BASE_URL to reach HubSpot itself."
                .to_owned();
        }
        format!(
            "Check that address, the network and {proxy}, or unset HUBSPOT_API_BASE_URL to reach HubSpot itself."
        )
    }
}

/// How it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiErrorKind {
    /// No repetition would help.
    Stop(Stop),
    /// Repetitions did not help.
    Exhausted { attempts: u32, elapsed: Duration, last: Option<TransportError> },
    /// A 2xx whose body is not what the call answers with.
    Unreadable,
    /// The HTTP client could not be set up.
    NoTransport,
}

impl ApiError {
    pub fn new(endpoint: Endpoint, kind: ApiErrorKind) -> Self {
        Self {
            endpoint,
            kind,
            status: 0,
            category: None,
            correlation_id: None,
            required_scopes: Vec::new(),
            called: Arc::default(),
            utc_offset_milliseconds: 0,
        }
    }

    /// The token is known to lack the scope for a call, without the call having been made.
    pub fn missing_scope(endpoint: Endpoint) -> Self {
        Self::new(endpoint, ApiErrorKind::Stop(Stop::MissingScopes))
    }

    /// Adds what may be shown of the answer.
    #[must_use]
    pub fn with(mut self, status: u16, error: Option<&ErrorBody>) -> Self {
        self.status = status;
        if let Some(error) = error {
            self.category = error.category().map(Box::from);
            self.correlation_id = error.correlation_id().map(Box::from);
            self.required_scopes = error.required_scopes();
        }
        self
    }

    /// Whether the token lacks a scope for the call.
    pub fn is_missing_scope(&self) -> bool {
        self.kind == ApiErrorKind::Stop(Stop::MissingScopes)
    }

    /// Whether the token itself was refused.
    pub fn is_unauthorized(&self) -> bool {
        matches!(self.kind, ApiErrorKind::Stop(Stop::InvalidToken | Stop::ExpiredToken))
    }

    fn message(&self) -> String {
        match self.kind {
            ApiErrorKind::Stop(stop) => self.stop_message(stop),
            ApiErrorKind::Exhausted { attempts, elapsed, last: Some(error) } => format!(
                "HubSpot could not be reached: {error} {} {}, in {attempts} attempts over {} s. {}",
                preposition(error),
                self.called.address(),
                elapsed.as_secs(),
                self.called.advice(),
            ),
            ApiErrorKind::Exhausted { attempts, elapsed, last: None } if self.status == 429 => format!(
                "HubSpot refused {attempts} attempts over {} s to {}, since the limit of this token was used up. Other \
                 programs seem to use the same token: give this connection a key of its own. Nothing is lost; run the \
                 sync again.{}",
                elapsed.as_secs(),
                self.endpoint.purpose(),
                self.trace(),
            ),
            ApiErrorKind::Exhausted { attempts, elapsed, last: None } => format!(
                "HubSpot is not answering properly: status {} to the last of {attempts} attempts over {} s to {}{}. \
                 Nothing is lost; run the sync again later, and see status.hubspot.com.{}",
                self.status,
                elapsed.as_secs(),
                self.endpoint.purpose(),
                self.called.elsewhere(),
                self.trace(),
            ),
            ApiErrorKind::Unreadable => format!(
                "HubSpot's answer to the call to {}{} could not be read. If a proxy stands between, check that it passes \
                 JSON on unchanged.",
                self.endpoint.purpose(),
                self.called.elsewhere(),
            ),
            ApiErrorKind::NoTransport => {
                "The system's trusted certificates could not be loaded. Install the package `ca-certificates`, or point \
                 SSL_CERT_FILE at a certificate file."
                    .to_owned()
            }
        }
    }

    fn stop_message(&self, stop: Stop) -> String {
        let trace = self.trace();
        match stop {
            Stop::InvalidToken => format!(
                "HubSpot does not accept the access token. Copy the whole service key or private app access token again \
                 (it starts with `pat-`) into the setting `access_token`: HubSpot shows it under Development → Keys → \
                 Service keys, or in the private app's Auth tab.{trace}"
            ),
            Stop::ExpiredToken => format!(
                "The access token has expired or was rotated. Copy the current service key or private app access token \
                 into the setting `access_token`; tokens of an OAuth app last 30 minutes and do not work here.{trace}"
            ),
            Stop::MissingScopes if self.is_forbidden_otherwise() => format!(
                "HubSpot forbids the access token to {} (status {}{}). Check that it has the scope {}, and that the account \
                 and the token's owner may do this.{trace}",
                self.endpoint.purpose(),
                self.status,
                self.shown_category(),
                self.scopes(),
            ),
            Stop::MissingScopes => format!(
                "The access token may not {}: it lacks the scope {}. Add the scope to the service key (Development → \
                 Keys → Service keys) or to the private app (Scopes tab), then try again.{trace}",
                self.endpoint.purpose(),
                self.scopes(),
            ),
            Stop::PathGone => format!(
                "HubSpot does not know the address of the call to {}{} (status {}). Choose another `api_version`, and check the \
                 proxy settings.{trace}",
                self.endpoint.purpose(),
                self.called.elsewhere(),
                self.status,
            ),
            Stop::Redirect => format!(
                "The call to {}{} was answered with a redirect (status {}), which is never followed since the token would \
                 go along. Check the proxy settings.",
                self.endpoint.purpose(),
                self.called.elsewhere(),
                self.status,
            ),
            Stop::DailyLimit => format!(
                "The HubSpot account's daily limit of API requests is used up, or less than 2 % of it is left, which \
                 stays reserved for your other apps. It is reset at midnight in the account's time zone, in {}. What \
                 was written so far stays in HubSpot. Run the sync again after that: it goes on behind the last \
                 acknowledged state, or from the start if there is none.",
                self.until_reset(),
            ),
            Stop::PauseTooLong(pause) => format!(
                "HubSpot asks for a pause of {} minutes (status {}), longer than a sync can wait. Nothing is lost; run \
                 the sync again after that.{trace}",
                pause.as_secs().div_ceil(60),
                self.status,
            ),
            Stop::Certificate => format!(
                "The certificate of HubSpot's address is not trusted: that of {}. Install the package `ca-certificates`; if a \
                 proxy inspects the traffic, add its certificate to the system's trusted ones, or point SSL_CERT_FILE at a \
                 file that holds it.",
                self.called.address(),
            ),
            Stop::Unexpected => format!(
                "HubSpot refused the call to {} with status {}{}. Try again; if it stays so, ask HubSpot's support with the \
                 correlation id.{trace}",
                self.endpoint.purpose(),
                self.status,
                self.shown_category(),
            ),
        }
    }

    /// Whether a 403 names no scope and gives another category: then a scope may not be what lacks.
    fn is_forbidden_otherwise(&self) -> bool {
        self.required_scopes.is_empty()
            && self.category.as_deref().is_some_and(|category| category != "MISSING_SCOPES")
    }

    /// The category as it stands behind a status.
    fn shown_category(&self) -> String {
        self.category.as_ref().map(|category| format!(", {category}")).unwrap_or_default()
    }

    /// HubSpot lists scopes of which any one suffices; the plainest of them is ours.
    fn scopes(&self) -> String {
        let own = self.endpoint.scope();
        if self.required_scopes.is_empty() || self.required_scopes.iter().any(|scope| *scope == own) {
            return format!("`{own}`");
        }
        let some: Vec<_> = self.required_scopes.iter().take(4).map(|scope| format!("`{scope}`")).collect();
        some.join(" or ")
    }

    fn trace(&self) -> String {
        self.correlation_id
            .as_ref()
            .map(|id| format!(" (HubSpot's correlation id: {id})"))
            .unwrap_or_default()
    }

    fn until_reset(&self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let left = until_midnight(now, self.utc_offset_milliseconds);
        format!("{} h {} min", left.as_secs() / 3600, left.as_secs() % 3600 / 60)
    }
}

/// What stands between the words of an error and the address.
fn preposition(error: TransportError) -> &'static str {
    match error {
        TransportError::Connect => "to",
        TransportError::Certificate => "of",
        TransportError::Timeout | TransportError::Interrupted | TransportError::AnswerTooLarge => "from",
    }
}

/// The time until the next midnight at an offset from UTC. `now` counts from 1970 in UTC.
fn until_midnight(now: Duration, utc_offset_milliseconds: i64) -> Duration {
    const DAY: i128 = 24 * 60 * 60 * 1000;
    let local = i128::try_from(now.as_millis()).unwrap_or_default() + i128::from(utc_offset_milliseconds);
    Duration::from_millis(u64::try_from(DAY - local.rem_euclid(DAY)).unwrap_or_default())
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let message = error.message();
        match error.kind {
            ApiErrorKind::Stop(
                Stop::InvalidToken
                | Stop::ExpiredToken
                | Stop::MissingScopes
                | Stop::PathGone
                | Stop::Redirect
                | Stop::Certificate,
            )
            | ApiErrorKind::NoTransport => Self::config(message),
            ApiErrorKind::Stop(Stop::DailyLimit | Stop::PauseTooLong(_)) | ApiErrorKind::Exhausted { .. } => {
                Self::transient(message)
            }
            ApiErrorKind::Stop(Stop::Unexpected) | ApiErrorKind::Unreadable => Self::system(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_reached_is_named_with_the_variable_that_set_it() {
        let said = |variables: &[(&str, &str)]| {
            let get = |name: &str| {
                variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
            };
            let elapsed = Duration::from_secs(3);
            let last = Some(TransportError::Connect);
            let kind = ApiErrorKind::Exhausted { attempts: 2, elapsed, last };
            let mut error = ApiError::new(Endpoint::Account, kind);
            error.called = Arc::new(Called::new(&Environment::read(get).unwrap()));
            error.message()
        };
        assert_eq!(
            said(&[("HUBSPOT_API_BASE_URL", "http://127.0.0.1:9/")]),
            "HubSpot could not be reached: no connection could be made to http://127.0.0.1:9 (set by HUBSPOT_API_BASE_URL), \
             in 2 attempts over 3 s. See whether a server runs there, or unset HUBSPOT_API_BASE_URL to reach HubSpot itself."
        );
        assert_eq!(
            said(&[("HTTPS_PROXY", "http://ada:secret@proxy")]),
            "HubSpot could not be reached: no connection could be made to https://api.hubapi.com, in 2 attempts over 3 s. \
             Check the network, the proxy that HTTPS_PROXY names and that api.hubapi.com is an allowed host."
        );
    }

    #[test]
    fn the_daily_limit_is_reset_at_the_accounts_midnight() {
        let noon = Duration::from_hours(12);
        assert_eq!(until_midnight(noon, 0), Duration::from_hours(12));
        assert_eq!(until_midnight(noon, -5 * 3_600_000), Duration::from_hours(17));
        assert_eq!(until_midnight(noon, 12 * 3_600_000), Duration::from_hours(24));
    }
}
