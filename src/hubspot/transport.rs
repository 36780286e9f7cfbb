//! One HTTP exchange with HubSpot: the only place of this room that knows of reqwest.
//!
//! Not here: what an answer means, repeating, pacing.

use std::{error::Error, fmt, future::Future, io, pin::Pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{long_texts::Shortener, throttle::RateLimit};
use crate::config::{AccessToken, environment::Environment};

/// Only one answer at a time may grow beyond this, so that many large ones do not add up in memory. It is kept without its
/// long texts.
const LARGE_ANSWER_BYTES: usize = 256 * 1024;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// HubSpot's edge gives up after 100 s with a 524; an answer that comes is worth more than a timeout of ours.
/// Source: <https://developers.hubspot.com/docs/api-reference/error-handling>.
const READ_TIMEOUT: Duration = Duration::from_secs(110);
const TOTAL_TIMEOUT: Duration = Duration::from_mins(3);
/// However far delays are scaled down for tests, an exchange gets this long.
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(1);

/// What is asked of HubSpot. A body makes it a `POST`, none a `GET`.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    /// What follows the `?`, already escaped.
    pub query: Option<&'static str>,
    pub body: Option<Bytes>,
    /// An answer of which more than this is to be kept is not read.
    pub most_answer_bytes: usize,
}

/// What came back, whatever its status.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub rate_limit: RateLimit,
    pub retry_after: Option<String>,
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The request was not sent: name resolution or connecting failed.
    #[error("no connection could be made")]
    Connect,
    /// The server's certificate was not trusted.
    #[error("the server's certificate is not trusted")]
    Certificate,
    /// The request may have been carried out, but no answer came in time.
    #[error("no answer came in time")]
    Timeout,
    /// The request may have been carried out, but the connection broke.
    #[error("the connection broke before the whole answer came")]
    Interrupted,
    /// The request was carried out, but the answer was longer than [`Request::most_answer_bytes`].
    #[error("the answer was longer than the connector reads")]
    AnswerTooLarge,
}

/// A [`Transport`]'s answer, boxed so that the trait can be used as an object.
pub type Exchange<'a> = Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>>;

/// Carries one request to HubSpot and its answer back. Tests put a model in its place.
pub trait Transport: Send + Sync + fmt::Debug {
    fn exchange(&self, request: Request) -> Exchange<'_>;
}

/// The real transport.
#[derive(Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
    base_url: crate::config::environment::BaseUrl,
    large_answers: Arc<Semaphore>,
}

impl HttpTransport {
    /// Never follows a redirect, since the token would go along.
    ///
    /// # Errors
    ///
    /// If the system's trusted certificates cannot be loaded.
    pub fn new(token: &AccessToken, environment: &Environment) -> Result<Self, reqwest::Error> {
        let scaled = |timeout: Duration| environment.delay_scale.apply(timeout).max(SHORTEST_TIMEOUT);
        let mut headers = HeaderMap::new();
        if let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {}", token.expose())) {
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        let builder = reqwest::Client::builder();
        // A local HubSpot is spoken to directly: a proxy would get the token in clear text.
        let builder = if environment.base_url.is_loopback() { builder.no_proxy() } else { builder };
        let client = builder
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(scaled(CONNECT_TIMEOUT))
            .read_timeout(scaled(READ_TIMEOUT))
            .timeout(scaled(TOTAL_TIMEOUT))
            .build()?;
        Ok(Self {
            client,
            base_url: environment.base_url.clone(),
            large_answers: Arc::new(Semaphore::new(1)),
        })
    }

    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut url = self.base_url.join(&request.path);
        url.set_query(request.query);
        let builder = match request.body {
            Some(body) => self.client.post(url).header("content-type", "application/json").body(body),
            None => self.client.get(url),
        };
        let mut response =
            builder.header("accept", "application/json").send().await.map_err(|error| classify(&error))?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let rate_limit = RateLimit::from_headers(header);
        let retry_after = header(RETRY_AFTER.as_str()).map(str::to_owned);
        let status = response.status().as_u16();
        let body = self.read_body(&mut response, request.most_answer_bytes).await?;
        Ok(Response { status, rate_limit, retry_after, body })
    }

    async fn read_body(
        &self,
        response: &mut reqwest::Response,
        most: usize,
    ) -> Result<Bytes, TransportError> {
        let announced = response.content_length().map_or(0, |bytes| usize::try_from(bytes).unwrap_or(most));
        let mut body = BytesMut::new();
        let mut large = None;
        while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
            let Some((_, shortener)) = &mut large else {
                body.extend_from_slice(&chunk);
                if body.len() > LARGE_ANSWER_BYTES {
                    let permit = Arc::clone(&self.large_answers).acquire_owned().await.ok();
                    let mut shortener = Shortener::default();
                    // In one step: growing bit by bit would hold the old half and the new whole at once.
                    let mut kept = BytesMut::with_capacity(announced.min(most));
                    shortener.keep(&body, &mut kept);
                    body = kept;
                    large = Some((permit, shortener));
                }
                continue;
            };
            shortener.keep(&chunk, &mut body);
            if body.len() > most {
                return Err(TransportError::AnswerTooLarge);
            }
        }
        Ok(match large {
            Some((permit, _)) => Bytes::from_owner(LargeAnswer { body, _permit: permit }),
            None => body.freeze(),
        })
    }
}

/// An answer that keeps other large ones waiting until nobody needs it any more.
struct LargeAnswer {
    body: BytesMut,
    _permit: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for LargeAnswer {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl Transport for HttpTransport {
    fn exchange(&self, request: Request) -> Exchange<'_> {
        Box::pin(self.send(request))
    }
}

/// reqwest's own predicates are too coarse: a refused certificate counts as "connect", a reset as "request".
fn classify(error: &reqwest::Error) -> TransportError {
    let chain = || {
        let first: &(dyn Error + 'static) = error;
        std::iter::successors(Some(first), |error: &&(dyn Error + 'static)| (*error).source())
    };
    let timed_out = |error: &(dyn Error + 'static)| {
        error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
    };
    if error.is_connect() && chain().any(|error| error.to_string().contains("certificate")) {
        TransportError::Certificate
    } else if error.is_connect() {
        TransportError::Connect
    } else if error.is_timeout() || chain().any(timed_out) {
        TransportError::Timeout
    } else {
        TransportError::Interrupted
    }
}
