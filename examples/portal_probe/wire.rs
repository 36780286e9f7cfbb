//! The way to HubSpot: one request at a time, within the account's limits, and a record of what was asked and what came.
//!
//! A request is repeated only if HubSpot says that it was not carried out, as an answer to a repeated one would mean less.
//! What is asked is in `portal`.

use std::{
    fmt, mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use destination_hubspot::{
    config::{AccessToken, DelayScale, Environment},
    hubspot::{
        endpoint::Endpoint,
        retry::{Disposition, Wait, disposition},
        throttle::{RateLimit, Throttle},
        transport::{HttpTransport, Request, Response, Transport, TransportError},
    },
};

use crate::{answer::Answer, contacts::Contacts};

/// The most often that a request is sent.
const ATTEMPTS: u32 = 4;
const TOO_MANY_REQUESTS: u16 = 429;
const LOCKED: u16 = 423;

/// Why a question stays open.
#[derive(Debug)]
pub(crate) enum Failed {
    NoAnswer(TransportError),
    DailyLimit,
    Unexpected(String),
}

impl Failed {
    pub(crate) fn unexpected(words: impl Into<String>) -> Self {
        Self::Unexpected(words.into())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer(error) => error.fmt(formatter),
            Self::DailyLimit => formatter.write_str("the account's requests of the day are used up"),
            Self::Unexpected(words) => formatter.write_str(words),
        }
    }
}

/// What all questions of a run share.
#[derive(Debug)]
pub(crate) struct Wire {
    transport: Arc<HttpTransport>,
    throttle: Throttle,
    ignores_reserve: AtomicBool,
    delay_scale: DelayScale,
    said: Mutex<RateLimit>,
    transcript: Mutex<Vec<String>>,
    contacts: Mutex<Contacts>,
}

impl Wire {
    pub(crate) fn new(token: &AccessToken, environment: &Environment) -> Option<Self> {
        Some(Self {
            transport: Arc::new(HttpTransport::new(token, environment).ok()?),
            throttle: Throttle::new(),
            ignores_reserve: AtomicBool::new(false),
            delay_scale: environment.delay_scale,
            said: Mutex::default(),
            transcript: Mutex::default(),
            contacts: Mutex::new(Contacts::new()),
        })
    }

    /// Sends a request, and writes down what it was for and what came.
    pub(crate) async fn send(&self, what: &str, request: Request) -> Result<Answer, Failed> {
        let outcome = self.repeat(request).await;
        let came = match &outcome {
            Ok(answer) => answer.describe(),
            Err(failed) => failed.to_string(),
        };
        self.note(format!("{what}\n    → {came}"));
        outcome
    }

    async fn repeat(&self, request: Request) -> Result<Answer, Failed> {
        let mut attempt = 1;
        loop {
            let grant = self.throttle.acquire().await.ok();
            if grant.is_none() && !self.ignores_reserve.load(Ordering::Relaxed) {
                return Err(Failed::DailyLimit);
            }
            let outcome = self.transport.exchange(request.clone()).await;
            if let Ok(response) = &outcome {
                if let Some(grant) = grant {
                    self.throttle.answered(grant, &response.rate_limit);
                }
                self.remember(&response.rate_limit);
            }
            if attempt < ATTEMPTS
                && let Some(pause) = pause(&outcome)
            {
                attempt += 1;
                self.rest(pause).await;
                continue;
            }
            let Response { status, retry_after, body, .. } = outcome.map_err(Failed::NoAnswer)?;
            return Ok(Answer { status, retry_after, body });
        }
    }

    fn remember(&self, said: &RateLimit) {
        if said.max.is_some() {
            *lock(&self.said) = *said;
        }
    }

    /// The limits as HubSpot stated them last.
    pub(crate) fn limits(&self) -> RateLimit {
        *lock(&self.said)
    }

    /// From now on, requests are sent although only the reserve of the day is left: what was made must not stay for want of them.
    pub(crate) fn ignore_reserve(&self) {
        self.ignores_reserve.store(true, Ordering::Relaxed);
    }

    /// The way around the throttle, for the question that wants to be refused.
    pub(crate) fn transport(&self) -> Arc<HttpTransport> {
        Arc::clone(&self.transport)
    }

    /// Nothing more is sent for so long: a window that HubSpot has stated, which is not shorter in tests.
    pub(crate) fn pause(&self, pause: Duration) {
        self.throttle.pause(pause);
    }

    /// Waits, shorter in tests.
    pub(crate) async fn rest(&self, pause: Duration) {
        tokio::time::sleep(self.delay_scale.apply(pause)).await;
    }

    pub(crate) fn note(&self, line: String) {
        lock(&self.transcript).push(line);
    }

    /// What was asked and what came since this was called last.
    pub(crate) fn take_transcript(&self) -> Vec<String> {
        mem::take(&mut *lock(&self.transcript))
    }

    pub(crate) fn contacts(&self) -> MutexGuard<'_, Contacts> {
        lock(&self.contacts)
    }
}

/// How long to wait before the same request may be sent again, if HubSpot has certainly not carried it out.
fn pause(outcome: &Result<Response, TransportError>) -> Option<Duration> {
    let status = outcome.as_ref().ok()?.status;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // These two mean the same for each call.
    match disposition(Endpoint::Account, outcome, now) {
        Disposition::Again(wait) if matches!(status, TOO_MANY_REQUESTS | LOCKED) => Some(match wait {
            Wait::Backoff { at_least } => at_least,
            Wait::PauseAll(pause) => pause,
        }),
        _ => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
