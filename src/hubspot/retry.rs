//! What one answer of HubSpot means for the request: done, judge the inputs, again, or the end. A pure table.
//!
//! Not here: waiting, counting attempts, and what the answer means for each input of a batch.

use std::time::{Duration, UNIX_EPOCH};

use super::{
    endpoint::{Endpoint, Repetition},
    error_body::ErrorBody,
    transport::{Response, TransportError},
};

/// A server that asks for a longer pause than this ends the sync: waiting on would block the source's pipe, which the
/// platform cuts after two hours.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// The pause when a rolling limit is exceeded and the answer does not say how long to wait.
/// Source: <https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines>.
const ROLLING_WINDOW: Duration = Duration::from_secs(10);
const SECONDLY_WINDOW: Duration = Duration::from_secs(1);

/// HubSpot's locks last two seconds. Source: <https://developers.hubspot.com/docs/api-reference/error-handling>.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// How long to wait before the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// As the back-off says, but at least this long.
    Backoff { at_least: Duration },
    /// Every request of the process waits this long.
    PauseAll(Duration),
}

/// Why a request ends the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// 401 without a sign that the token has expired.
    InvalidToken,
    /// 401 for a token that has expired.
    ExpiredToken,
    /// 403 with HubSpot's reason.
    MissingScopes,
    /// 404, 405, 410 on a path that is fixed for the API version.
    PathGone,
    /// 3xx: never followed, since the token would go along.
    Redirect,
    /// The account's quota for the day is used up.
    DailyLimit,
    /// The server asks for a pause that is too long to wait in a sync.
    PauseTooLong(Duration),
    /// The server's certificate is not trusted.
    Certificate,
    /// Any other status that no repetition helps with.
    Unexpected,
}

/// What an answer, or the lack of one, means for the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// 2xx: the body says what became of each input.
    Done,
    /// 400, 409, or 404 for a record id: HubSpot refused the request for what it holds.
    Refused,
    /// 413: the same in smaller pieces.
    TooLarge,
    /// The answer is too long to read, and does not say what became of the request: the same in smaller pieces.
    AnswerTooLarge,
    /// The same request may work later. It was not carried out, or by [`Endpoint::repetition`] it may be repeated even so.
    Again(Wait),
    /// The request may have been carried out, and by [`Endpoint::repetition`] it may not be repeated: after the wait it is looked up
    /// what became of it.
    Unknown(Wait),
    /// 401: after an earlier success once more, else [`Stop::InvalidToken`].
    Unauthorized(Stop),
    Stop(Stop),
}

const SOON: Wait = Wait::Backoff { at_least: Duration::ZERO };

/// Reads an answer with the facts of HubSpot's error handling
/// (<https://developers.hubspot.com/docs/api-reference/error-handling>). `now`, counted from 1970, is for
/// dates in `Retry-After`.
pub fn disposition(
    endpoint: Endpoint,
    outcome: &Result<Response, TransportError>,
    now: Duration,
) -> Disposition {
    let response = match outcome {
        Ok(response) => response,
        Err(TransportError::Certificate) => return Disposition::Stop(Stop::Certificate),
        Err(TransportError::AnswerTooLarge) => return Disposition::AnswerTooLarge,
        Err(TransportError::Connect) => return Disposition::Again(SOON),
        Err(TransportError::Timeout | TransportError::Interrupted) => {
            return possibly_done(endpoint, Disposition::Again(SOON));
        }
    };
    let pause = response.retry_after.as_deref().and_then(|text| retry_after(text, now));
    match response.status {
        200..=299 => Disposition::Done,
        300..=399 => Disposition::Stop(Stop::Redirect),
        400 | 409 => Disposition::Refused,
        401 => Disposition::Unauthorized(unauthorized(&response.body)),
        // HubSpot's own refusal is JSON; a page of HTML comes from a proxy or the edge, and is possibly temporary.
        403 if ErrorBody::parse(&response.body).is_some() => Disposition::Stop(Stop::MissingScopes),
        404 if endpoint.takes_record_ids() && is_missing_record(&response.body) => Disposition::Refused,
        404 | 405 | 410 => Disposition::Stop(Stop::PathGone),
        413 => Disposition::TooLarge,
        423 => again(pause.map(|pause| pause.max(LOCK_WAIT)), Wait::Backoff { at_least: LOCK_WAIT }),
        429 => rate_limited(&response.body, pause),
        403 | 425 | 477 => again(pause, SOON),
        // Whoever gave up waiting does not know how far HubSpot has come.
        408 | 500..=599 => possibly_done(endpoint, again(pause, SOON)),
        _ => Disposition::Stop(Stop::Unexpected),
    }
}

/// What an answer means that leaves open whether the request was carried out.
fn possibly_done(endpoint: Endpoint, otherwise: Disposition) -> Disposition {
    match (endpoint.repetition(), otherwise) {
        (Repetition::LooksUpFirst, Disposition::Again(wait)) => Disposition::Unknown(wait),
        (
            Repetition::LooksUpFirst | Repetition::ChangesNothing | Repetition::IsRefusedAsExisting,
            otherwise,
        ) => otherwise,
    }
}

/// Whether a 404 is about a record, and not about the path.
fn is_missing_record(body: &[u8]) -> bool {
    ErrorBody::parse(body).is_some_and(|error| error.is_not_found() || error.ids().next().is_some())
}

fn again(pause: Option<Duration>, otherwise: Wait) -> Disposition {
    match pause {
        Some(pause) if pause > LONGEST_PAUSE => Disposition::Stop(Stop::PauseTooLong(pause)),
        Some(pause) => Disposition::Again(Wait::PauseAll(pause)),
        None => Disposition::Again(otherwise),
    }
}

fn rate_limited(body: &[u8], pause: Option<Duration>) -> Disposition {
    let policy = ErrorBody::parse(body).and_then(|error| error.policy_name.0);
    match policy.as_deref() {
        Some("DAILY") => Disposition::Stop(Stop::DailyLimit),
        Some("SECONDLY") => again(pause, Wait::PauseAll(SECONDLY_WINDOW)),
        _ => again(pause, Wait::PauseAll(ROLLING_WINDOW)),
    }
}

/// HubSpot calls a token that it cannot read "expired", since 1970.
fn unauthorized(body: &[u8]) -> Stop {
    let Some(error) = ErrorBody::parse(body) else { return Stop::InvalidToken };
    let since_1970 =
        error.context.0.values().flat_map(|texts| &texts.0).any(|text| text.starts_with("1970-01-01"));
    if error.category() == Some("EXPIRED_AUTHENTICATION") && !since_1970 {
        Stop::ExpiredToken
    } else {
        Stop::InvalidToken
    }
}

/// Both forms of the header (RFC 9110, 10.2.3): seconds, or a date. A date that has passed means "now".
fn retry_after(text: &str, now: Duration) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number beyond all bounds is still a pause, and too long.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    if let Ok(seconds) = text.parse::<f64>() {
        // Not in the standard, but cheap to honour: rounded up, and nonsense is no pause.
        return Duration::try_from_secs_f64(seconds.ceil()).ok();
    }
    let date = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(date.saturating_sub(now))
}

/// How often and how long a request is repeated before the command gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The most attempts that fail without the server asking for a pause.
    pub attempts: u32,
    /// No attempt begins later than this after the first one.
    pub total: Duration,
    /// The first wait; each further one is twice as long, up to `longest`.
    pub first: Duration,
    pub longest: Duration,
}

impl RetryPolicy {
    /// For a sync: about four minutes of back-off, a quarter of an hour with pauses.
    pub const WRITE: Self = Self {
        attempts: 10,
        total: Duration::from_mins(15),
        first: Duration::from_millis(500),
        longest: Duration::from_mins(1),
    };

    /// For a check: it must answer within a minute, all of its calls together.
    pub const CHECK: Self = Self {
        attempts: 3,
        total: Duration::from_secs(20),
        first: Duration::from_millis(500),
        longest: Duration::from_secs(4),
    };

    /// The wait after the `failed`-th failed attempt (from 1). `jitter` in 0..1 spreads it over the upper half, so
    /// that requests which failed together do not come back together.
    pub fn backoff(&self, failed: u32, jitter: f64) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(failed.saturating_sub(1)));
        doubled.min(self.longest).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }
}
