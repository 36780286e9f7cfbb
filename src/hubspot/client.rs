//! HubSpot's calls as this connector makes them: the loop that repeats, typed answers.
//!
//! Every attempt pays the throttle and is counted. Not here: what an answer means for each input of a batch.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::{
    answer::BatchAnswer,
    batch_call::BatchCall,
    effort::{Attempted, Effort},
    endpoint::{Endpoint, Repetition, Sensitivity, Success},
    error::{ApiError, ApiErrorKind, Called},
    error_body::ErrorBody,
    model::{Account, CreatedProperties, PropertyList, TokenInfo},
    new_property::new_properties,
    retry::{Disposition, RetryPolicy, Stop, Wait, disposition},
    throttle::Throttle,
    transport::{HttpTransport, Request, Response, Transport, TransportError},
};
use crate::{
    config::{
        AccessToken, ApiVersion,
        environment::{DelayScale, Environment},
    },
    crm::{definition::PropertyDefinition, object::ObjectType},
};

/// The wait before a token that has worked is tried once more after a 401.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// An answer that the caller has to look into.
#[derive(Debug)]
pub enum Reply<T> {
    /// 2xx.
    Done(T),
    /// 2xx, and the body is not what the call answers with: empty, cut, or a page of a proxy. What became of the request is
    /// unknown.
    Unreadable,
    /// HubSpot refused the request for what it holds.
    Refused { status: u16, error: ErrorBody },
    /// The request is too long.
    TooLarge,
    /// The answer is too long to be read: what became of the request is unknown.
    AnswerTooLarge,
    /// Whether HubSpot carried the request out is not known, and it may not be repeated as it is ([`Repetition::LooksUpFirst`]): the
    /// caller looks up first, and counts in [`BatchCall::unknown_before`]. The pause that HubSpot asks for, or the back-off, is
    /// waited already. In place of [`Self::Unreadable`] and [`Self::AnswerTooLarge`], too.
    Unknown,
}

impl Reply<Bytes> {
    /// The same with its body read; `None`: it cannot be read.
    fn read<T>(self, read: impl FnOnce(&[u8]) -> Option<T>) -> Reply<T> {
        match self {
            Self::Done(body) => read(&body).map_or(Reply::Unreadable, Reply::Done),
            Self::Unreadable => Reply::Unreadable,
            Self::Refused { status, error } => Reply::Refused { status, error },
            Self::TooLarge => Reply::TooLarge,
            Self::AnswerTooLarge => Reply::AnswerTooLarge,
            Self::Unknown => Reply::Unknown,
        }
    }
}

/// A client for one token. It is shared by reference; all of its calls pay one throttle.
pub struct Client {
    transport: Arc<dyn Transport>,
    token: AccessToken,
    version: ApiVersion,
    policy: RetryPolicy,
    delay_scale: DelayScale,
    /// For errors.
    called: Arc<Called>,
    throttle: Throttle,
    authenticated: AtomicBool,
    utc_offset_milliseconds: AtomicI64,
    attempted: Attempted,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Client {
    /// A client over HTTP.
    ///
    /// # Errors
    ///
    /// If the system's trusted certificates cannot be loaded.
    pub fn over_http(
        token: AccessToken,
        version: ApiVersion,
        policy: RetryPolicy,
        environment: &Environment,
    ) -> Result<Self, ApiError> {
        let transport = HttpTransport::new(&token, environment)
            .map_err(|_| ApiError::new(Endpoint::Account, ApiErrorKind::NoTransport))?;
        let client = Self::new(Arc::new(transport), token, version, policy, environment.delay_scale);
        Ok(Self { called: Arc::new(Called::new(environment)), ..client })
    }

    /// A client over any transport.
    pub fn new(
        transport: Arc<dyn Transport>,
        token: AccessToken,
        version: ApiVersion,
        policy: RetryPolicy,
        delay_scale: DelayScale,
    ) -> Self {
        Self {
            transport,
            token,
            version,
            policy,
            delay_scale,
            called: Arc::default(),
            throttle: Throttle::new(),
            authenticated: AtomicBool::new(false),
            utc_offset_milliseconds: AtomicI64::new(0),
            attempted: Attempted::default(),
        }
    }

    pub fn throttle(&self) -> &Throttle {
        &self.throttle
    }

    pub fn effort(&self) -> Effort {
        let (requests, retries) = self.attempted.all_and_retries();
        Effort { requests, retries, waited: self.throttle.waited() }
    }

    /// The attempts of each call that was made, repetitions included.
    pub fn requests_by_call(&self) -> Vec<(Endpoint, u64)> {
        self.attempted.by_call()
    }

    pub fn version(&self) -> ApiVersion {
        self.version
    }

    /// Reads the account that the token belongs to, which proves the token. The account's time zone is kept: at its
    /// midnight the daily limit is reset.
    ///
    /// # Errors
    ///
    /// As every call: see [`ApiError`].
    pub async fn account(&self) -> Result<Account, ApiError> {
        let account: Account = self.fetch(Endpoint::Account, None, None).await?;
        self.utc_offset_milliseconds.store(account.utc_offset_milliseconds(), Ordering::Relaxed);
        Ok(account)
    }

    /// Reads the definitions of all properties of an object that are of a sensitivity. Sensitive ones need scopes of their own.
    ///
    /// # Errors
    ///
    /// As every call: see [`ApiError`].
    pub async fn properties(
        &self,
        object: ObjectType,
        sensitivity: Sensitivity,
    ) -> Result<Vec<PropertyDefinition>, ApiError> {
        let endpoint = Endpoint::Properties(object);
        let list: PropertyList = self.fetch(endpoint, sensitivity.query(), None).await?;
        // Each object has properties of HubSpot's own that are not sensitive.
        if list.results.is_empty() && sensitivity == Sensitivity::None {
            return Err(self.failed(endpoint, ApiErrorKind::Unreadable));
        }
        Ok(list.results.into_iter().map(|one| PropertyDefinition::from(one.0)).collect())
    }

    /// Creates the group that properties are to be in.
    ///
    /// # Errors
    ///
    /// If no repetition helps: see [`ApiError`].
    pub async fn create_group(
        &self,
        object: ObjectType,
        name: &str,
        label: &str,
    ) -> Result<Reply<()>, ApiError> {
        let body = serde_json::json!({ "name": name, "label": label, "displayOrder": -1 });
        let reply = self.call(Endpoint::CreateGroup(object), None, Some(body.to_string().into()), 0).await?;
        // Whatever the body of a 2xx says: properties that are put into the group show whether it is there.
        Ok(reply.read(|_| Some(())))
    }

    /// Creates properties in a group, at most [`MAX_BATCH_INPUTS`](crate::crm::object::MAX_BATCH_INPUTS), with one description
    /// for all of them.
    ///
    /// # Errors
    ///
    /// If no repetition helps: see [`ApiError`].
    pub async fn create_properties(
        &self,
        object: ObjectType,
        group: &str,
        description: &str,
        definitions: &[PropertyDefinition],
    ) -> Result<Reply<CreatedProperties>, ApiError> {
        let body = new_properties(group, description, definitions);
        let reply = self.call(Endpoint::CreateProperties(object), None, Some(body), 0).await?;
        Ok(reply.read(|body| serde_json::from_slice(body).ok()))
    }

    /// Reads what the token may do. It works for service keys and private apps, but is not part of HubSpot's
    /// published specification: a failure proves nothing.
    ///
    /// # Errors
    ///
    /// As every call: see [`ApiError`].
    pub async fn token_info(&self) -> Result<TokenInfo, ApiError> {
        let body = serde_json::json!({ "tokenKey": self.token.expose() });
        self.fetch(Endpoint::TokenInfo, None, Some(Bytes::from(body.to_string()))).await
    }

    /// Sends a batch request and hands back what HubSpot said to it.
    ///
    /// # Errors
    ///
    /// If no repetition helps: see [`ApiError`].
    pub async fn batch(&self, call: &BatchCall) -> Result<Reply<BatchAnswer>, ApiError> {
        let BatchCall { endpoint, ref body, ref looks_at, unknown_before } = *call;
        let reply = self.call(endpoint, None, Some(body.clone()), unknown_before).await?;
        let reply = reply.read(|answer| match endpoint.success() {
            Success::Whole if answer.trim_ascii().is_empty() => Some(BatchAnswer::default()),
            // HubSpot documents no other success than that without a body.
            Success::Whole => BatchAnswer::parse(answer, looks_at)
                .filter(|answer| !answer.errors.is_empty() || answer.num_errors > 0),
            Success::EachInput | Success::FoundOrMissing | Success::Body => {
                BatchAnswer::parse(answer, looks_at)
            }
        });
        match (endpoint.repetition(), reply) {
            (Repetition::LooksUpFirst, Reply::Unreadable | Reply::AnswerTooLarge) => {
                if unknown_before + 1 >= self.policy.attempts {
                    return Err(self.failed(endpoint, ApiErrorKind::Unreadable));
                }
                Ok(Reply::Unknown)
            }
            (_, reply) => Ok(reply),
        }
    }

    /// Waits as long as a delay of this length is, scaled like all delays.
    pub async fn wait_scaled(&self, delay: Duration) {
        tokio::time::sleep(self.delay_scale.apply(delay)).await;
    }

    async fn fetch<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        query: Option<&'static str>,
        body: Option<Bytes>,
    ) -> Result<T, ApiError> {
        let unreadable = || self.failed(endpoint, ApiErrorKind::Unreadable);
        match self.call(endpoint, query, body, 0).await? {
            Reply::Done(body) => serde_json::from_slice(&body).map_err(|_| unreadable()),
            Reply::Refused { status, error } => {
                Err(ApiError::new(endpoint, ApiErrorKind::Stop(Stop::Unexpected)).with(status, Some(&error)))
            }
            Reply::Unreadable | Reply::TooLarge | Reply::AnswerTooLarge | Reply::Unknown => Err(unreadable()),
        }
    }

    async fn call(
        &self,
        endpoint: Endpoint,
        query: Option<&'static str>,
        body: Option<Bytes>,
        failed_before: u32,
    ) -> Result<Reply<Bytes>, ApiError> {
        let path = endpoint.path(self.version).into_owned();
        let request = Request { path, query, body, most_answer_bytes: endpoint.most_answer_bytes() };
        let mut attempts = Attempts {
            endpoint,
            started: Instant::now(),
            saved: Duration::ZERO,
            failed: failed_before,
            looked_twice: false,
        };
        loop {
            let outcome = self.attempt(endpoint, &request, attempts.failed > 0).await?;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            match disposition(endpoint, &outcome, now) {
                Disposition::Done => {
                    self.authenticated.store(true, Ordering::Relaxed);
                    let Ok(response) = outcome else { return Ok(Reply::Unreadable) };
                    // Without a body, only "no content" says that all is done.
                    let says_nothing = response.status != NO_CONTENT && response.body.trim_ascii().is_empty();
                    if endpoint.success() == Success::Whole && says_nothing {
                        return Ok(Reply::Unreadable);
                    }
                    return Ok(Reply::Done(response.body));
                }
                Disposition::Refused => {
                    self.authenticated.store(true, Ordering::Relaxed);
                    let (status, error) = described(&outcome);
                    return Ok(Reply::Refused { status, error: error.unwrap_or_default() });
                }
                Disposition::TooLarge => return Ok(Reply::TooLarge),
                Disposition::AnswerTooLarge => return Ok(Reply::AnswerTooLarge),
                Disposition::Again(wait) => self.wait(&mut attempts, wait, outcome, Then::Again).await?,
                Disposition::Unknown(wait) => {
                    self.wait(&mut attempts, wait, outcome, Then::HandBack).await?;
                    return Ok(Reply::Unknown);
                }
                Disposition::Unauthorized(_)
                    if self.authenticated.load(Ordering::Relaxed) && !attempts.looked_twice =>
                {
                    attempts.looked_twice = true;
                    attempts.failed += 1;
                    warn!(
                        call = &*endpoint.purpose(),
                        "HubSpot refused the token after it had worked; trying once more"
                    );
                    tokio::time::sleep(self.delay_scale.apply(SECOND_LOOK)).await;
                }
                Disposition::Unauthorized(stop) | Disposition::Stop(stop) => {
                    if matches!(stop, Stop::DailyLimit) {
                        self.throttle.use_up_day();
                    }
                    let (status, error) = described(&outcome);
                    return Err(self.stopped(endpoint, stop).with(status, error.as_ref()));
                }
            }
        }
    }

    async fn attempt(
        &self,
        endpoint: Endpoint,
        request: &Request,
        repeated: bool,
    ) -> Result<Result<Response, TransportError>, ApiError> {
        let Ok(grant) = self.throttle.acquire().await else {
            return Err(self.stopped(endpoint, Stop::DailyLimit));
        };
        let number = self.attempted.note(endpoint, repeated);
        let sent = Instant::now();
        let outcome = self.transport.exchange(request.clone()).await;
        if let Ok(response) = &outcome {
            self.throttle.answered(grant, &response.rate_limit);
        }
        let status = outcome.as_ref().ok().map(|response| response.status);
        debug!(
            call = &*endpoint.purpose(),
            number,
            status,
            milliseconds = sent.elapsed().as_millis(),
            "answered"
        );
        Ok(outcome)
    }

    /// Waits as the answer says, or gives up.
    async fn wait(
        &self,
        attempts: &mut Attempts,
        wait: Wait,
        outcome: Result<Response, TransportError>,
        then: Then,
    ) -> Result<(), ApiError> {
        let (status, error) = described(&outcome);
        // The answer goes first: a large one would keep others waiting.
        let last = outcome.err();
        attempts.failed += 1;
        let backoff = self.policy.backoff(attempts.failed, fastrand::f64());
        let (delay, counted) = match wait {
            Wait::Backoff { at_least } => (backoff.max(at_least), true),
            // The back-off counts here too: a server that says "again in 0 s" for ever is not taken at its word.
            Wait::PauseAll(pause) => (pause.max(backoff), then == Then::HandBack),
        };
        let elapsed = attempts.started.elapsed() + attempts.saved;
        if (counted && attempts.failed >= self.policy.attempts) || elapsed + delay > self.policy.total {
            let kind = ApiErrorKind::Exhausted { attempts: attempts.failed, elapsed, last };
            return Err(self.failed(attempts.endpoint, kind).with(status, error.as_ref()));
        }
        let seconds = (delay.as_secs_f64() * 10.0).round() / 10.0;
        let reason = last.map(|error| error.to_string());
        let status = (status != 0).then_some(status);
        warn!(
            call = &*attempts.endpoint.purpose(),
            attempt = attempts.failed,
            status,
            reason,
            seconds,
            "will ask again"
        );
        let scaled = self.delay_scale.apply(delay);
        attempts.saved += delay.saturating_sub(scaled);
        if status == Some(429) {
            self.throttle.exceeded();
        }
        match wait {
            Wait::Backoff { .. } => tokio::time::sleep(scaled).await,
            Wait::PauseAll(_) => self.throttle.pause(scaled),
        }
        Ok(())
    }

    fn stopped(&self, endpoint: Endpoint, stop: Stop) -> ApiError {
        self.failed(endpoint, ApiErrorKind::Stop(stop))
    }

    fn failed(&self, endpoint: Endpoint, kind: ApiErrorKind) -> ApiError {
        let mut error = ApiError::new(endpoint, kind);
        error.called = Arc::clone(&self.called);
        error.utc_offset_milliseconds = self.utc_offset_milliseconds.load(Ordering::Relaxed);
        error
    }
}

/// The status of a success without a body.
const NO_CONTENT: u16 = 204;

/// What one call has gone through.
struct Attempts {
    endpoint: Endpoint,
    started: Instant,
    /// The time that scaled delays have saved: the bound on the total is that of unscaled ones.
    saved: Duration,
    /// With those of earlier calls for the same inputs.
    failed: u32,
    looked_twice: bool,
}

/// What follows a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Again,
    /// The call ends, and the caller may make it again. The bound on the total time begins anew then, so each of these attempts counts.
    HandBack,
}

/// The status (0: none) and the error body of an outcome.
fn described(outcome: &Result<Response, TransportError>) -> (u16, Option<ErrorBody>) {
    match outcome {
        Ok(response) => (response.status, ErrorBody::parse(&response.body)),
        Err(_) => (0, None),
    }
}
