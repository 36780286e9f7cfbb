//! One HTTP exchange with an object store: what `object_store` sends through, and what is seen of the answer.
//!
//! Not here: signatures and bodies, which `object_store` makes; what an answer means ([`super::answer`]); repeating.

use std::{
    error::Error,
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use object_store::{
    ClientOptions,
    client::{HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService},
};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

use super::answer::{Answer, Code, NoAnswer};
use crate::config::{Environment, StoreConfig, is_private};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Answers to writes are short. What is longer is cut.
const MOST_ANSWER_BYTES: usize = 64 * 1024;

/// What was seen of the last exchange of a request. It travels with the request, in its extensions.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Option<Answer>>>);

impl Seen {
    pub(super) fn answer(&self) -> Option<Answer> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, answer: Answer) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }
}

/// Gives `object_store` our client, whatever options it has for one of its own.
#[derive(Debug)]
pub(super) struct Connector(reqwest::Client);

impl Connector {
    /// Never follows a redirect, since the rows would go along.
    ///
    /// # Errors
    ///
    /// If the system's trusted certificates cannot be loaded.
    pub(super) fn new(config: &StoreConfig, environment: &Environment) -> Result<Self, reqwest::Error> {
        let builder = reqwest::Client::builder();
        // A store on this machine or in a private network is spoken to directly.
        let builder = if config.endpoint.is_private() { builder.no_proxy() } else { builder };
        // Amazon's own name may lead into a private network, by the rules of that network; nobody can have set it.
        let guarded = config
            .endpoint
            .name()
            .filter(|_| config.has_own_endpoint && !environment.allows_private_endpoints);
        let builder = match guarded {
            Some(name) => builder.dns_resolver(Arc::new(Guard { name: name.to_owned() })),
            None => builder,
        };
        let client = builder
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(environment.delay_scale.apply(CONNECT_TIMEOUT).max(Duration::from_secs(1)))
            .http1_only()
            .no_gzip()
            .build()?;
        Ok(Self(client))
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Exchange(self.0.clone())))
    }
}

#[derive(Debug)]
struct Exchange(reqwest::Client);

impl Exchange {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let seen = parts.extensions.get::<Seen>().cloned().unwrap_or_default();
        let url = parts.uri.to_string().parse::<Url>();
        let url = url.map_err(|error| HttpError::new(HttpErrorKind::Request, error))?;
        let mut request = reqwest::Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        *request.body_mut() = Some(reqwest::Body::wrap(body));
        let failed = |error: reqwest::Error| {
            let why = classify(&error);
            seen.note(Answer::None(why));
            HttpError::new(HttpErrorKind::Unknown, error.without_url())
        };
        let mut response = self.0.execute(request).await.map_err(failed)?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let body = read(&mut response).await.map_err(failed)?;
        let code = if status.is_success() { None } else { Code::of_body(&body) };
        seen.note(Answer::Status { status: status.as_u16(), code });
        let mut answer = HttpResponse::new(body.into());
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

/// The body of an answer, or its beginning.
async fn read(response: &mut reqwest::Response) -> Result<Bytes, reqwest::Error> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MOST_ANSWER_BYTES {
            body.truncate(MOST_ANSWER_BYTES);
            break;
        }
    }
    Ok(body.freeze())
}

impl HttpService for Exchange {
    // What `#[async_trait]` makes of it.
    fn call<'service, 'future>(
        &'service self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'future>>
    where
        'service: 'future,
        Self: 'future,
    {
        Box::pin(self.send(request))
    }
}

/// Keeps the name of the endpoint from leading into a private network. Other names, such as that of a proxy, are not its
/// concern.
#[derive(Debug)]
struct Guard {
    name: String,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let is_guarded = name.as_str().eq_ignore_ascii_case(&self.name);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let is_allowed = |address: &SocketAddr| !(is_guarded && is_private(address.ip()));
            let allowed: Vec<SocketAddr> = found.iter().copied().filter(is_allowed).collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(Private.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// A name has only private addresses.
#[derive(Debug)]
struct Private;

impl fmt::Display for Private {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name has only private addresses")
    }
}

impl Error for Private {}

/// reqwest's own predicates are too coarse: a refused certificate counts as "connect", a reset as "request".
fn classify(error: &reqwest::Error) -> NoAnswer {
    let chain = || {
        let first: &(dyn Error + 'static) = error;
        std::iter::successors(Some(first), |error: &&(dyn Error + 'static)| (*error).source())
    };
    let timed_out = |error: &(dyn Error + 'static)| {
        error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
    };
    if chain().any(<dyn Error>::is::<Private>) {
        NoAnswer::PrivateAddress
    } else if error.is_connect() && chain().any(|error| error.to_string().contains("certificate")) {
        NoAnswer::Certificate
    } else if error.is_connect() {
        NoAnswer::Connect
    } else if error.is_timeout() || chain().any(timed_out) {
        NoAnswer::Timeout
    } else {
        NoAnswer::Interrupted
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Config;

    fn config(endpoint: &str) -> StoreConfig {
        let store = json!({
            "storage_type": "S3", "access_key_id": "AKIA", "secret_access_key": "zz", "s3_bucket_name": "rejects",
            "s3_bucket_region": "eu-west-1", "s3_endpoint": endpoint, "bucket_path": "hubspot"
        });
        let config = json!({ "access_token": "pat-x", "object_storage_config": store });
        Config::parse(config.to_string().as_bytes()).unwrap().config.object_storage.unwrap()
    }

    async fn answer(endpoint: &str, environment: &Environment) -> Option<Answer> {
        let connector = Connector::new(&config(endpoint), environment).unwrap();
        let seen = Seen::default();
        let mut request = HttpRequest::new(Bytes::new().into());
        *request.uri_mut() = format!("{endpoint}/rejects/x").parse().unwrap();
        request.extensions_mut().insert(seen.clone());
        Exchange(connector.0).send(request).await.unwrap_err();
        seen.answer()
    }

    /// `localhost` stands for any name that leads to this machine. Nobody listens on the port.
    #[tokio::test]
    async fn a_name_that_leads_into_a_private_network_is_not_connected_to() {
        let refused = answer("https://localhost:1", &Environment::default()).await;
        assert_eq!(refused, Some(Answer::None(NoAnswer::PrivateAddress)));
        let allowed = Environment { allows_private_endpoints: true, ..Environment::default() };
        let tried = answer("https://localhost:1", &allowed).await;
        assert_eq!(tried, Some(Answer::None(NoAnswer::Connect)));
    }

    #[tokio::test]
    async fn only_the_name_of_the_endpoint_is_guarded() {
        let guard = Guard { name: "s3.example.com".to_owned() };
        let of_proxy = guard.resolve("localhost".parse().unwrap()).await;
        assert!(of_proxy.unwrap().all(|address| address.ip().is_loopback()));
        let guard = Guard { name: "LOCALHOST".to_owned() };
        assert!(guard.resolve("localhost".parse().unwrap()).await.is_err());
    }
}
