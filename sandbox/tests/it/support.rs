//! A small HTTP client for the tests, and bodies to send.

use std::{fmt, ops::Deref, sync::LazyLock};

use hubspot_sandbox::{Endpoint, Sandbox, Settings, Version, tokens};
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

pub(crate) static UPSERT: Path = Path::of(|| Endpoint::BatchUpsert.path(Version::V3, "contacts"));
pub(crate) static UPSERT_2026_09: Path =
    Path::of(|| Endpoint::BatchUpsert.path(Version::Date202609, "contacts"));
pub(crate) static CREATE: Path = Path::of(|| Endpoint::BatchCreate.path(Version::V3, "contacts"));
pub(crate) static CREATE_2026_09: Path =
    Path::of(|| Endpoint::BatchCreate.path(Version::Date202609, "contacts"));
pub(crate) static UPDATE: Path = Path::of(|| Endpoint::BatchUpdate.path(Version::V3, "contacts"));
pub(crate) static READ: Path = Path::of(|| Endpoint::BatchRead.path(Version::V3, "contacts"));
pub(crate) static ARCHIVE: Path = Path::of(|| Endpoint::BatchArchive.path(Version::V3, "contacts"));
pub(crate) static MERGE: Path = Path::of(|| Endpoint::Merge.path(Version::V3, "contacts"));
pub(crate) static GDPR_DELETE: Path = Path::of(|| Endpoint::GdprDelete.path(Version::V3, "contacts"));
pub(crate) static PROPERTIES: Path = Path::of(|| Endpoint::ListProperties.path(Version::V3, "contacts"));
pub(crate) static PROPERTIES_BATCH: Path =
    Path::of(|| Endpoint::CreateProperties.path(Version::V3, "contacts"));
pub(crate) static GROUPS: Path = Path::of(|| Endpoint::ListGroups.path(Version::V3, "contacts"));
pub(crate) static DETAILS: Path = Path::of(|| Endpoint::AccountDetails.path(Version::V3, "contacts"));
pub(crate) static TOKEN_INFO: Path = Path::of(|| Endpoint::TokenInfo.path(Version::V3, "contacts"));

/// A path of the sandbox's, made once.
pub(crate) struct Path(LazyLock<String>);

impl Path {
    const fn of(make: fn() -> String) -> Self {
        Self(LazyLock::new(make))
    }
}

impl Deref for Path {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self)
    }
}

/// A client of one sandbox, with one connection and one token.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    authorization: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Client {
    pub(crate) fn new(sandbox: &Sandbox) -> Self {
        Self::at(&sandbox.base_url())
    }

    pub(crate) fn at(base: &str) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, base: base.to_owned(), authorization: format!("Bearer {}", tokens::FULL) }
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        self.with_authorization(&format!("Bearer {token}"))
    }

    pub(crate) fn with_authorization(&self, authorization: &str) -> Self {
        Self { authorization: authorization.to_owned(), ..self.clone() }
    }

    pub(crate) async fn try_send(&self, method: Method, path: &str, body: String) -> reqwest::Result<Answer> {
        let request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header("authorization", &self.authorization)
            .header("content-type", "application/json")
            .body(body);
        let response = request.send().await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        Ok(Answer { status, headers, text: response.text().await? })
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, &body.to_string()).await
    }

    pub(crate) async fn post_text(&self, path: &str, body: &str) -> Answer {
        self.try_send(Method::POST, path, body.to_owned()).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_send(Method::GET, path, String::new()).await.unwrap()
    }

    pub(crate) async fn upsert(&self, inputs: &[Value]) -> Answer {
        self.post(&UPSERT, &json!({ "inputs": inputs })).await
    }

    /// Upserts one contact and expects that to work, giving its result.
    pub(crate) async fn upsert_one(&self, email: &str, properties: &Value) -> Value {
        let answer = self.upsert(&[input(email, properties)]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["results"][0].clone()
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Emails of the results, sorted.
    pub(crate) fn emails(&self) -> Vec<String> {
        let body = self.json();
        let mut emails: Vec<String> = body["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| result["properties"]["email"].as_str().unwrap().to_owned())
            .collect();
        emails.sort();
        emails
    }

    /// Trace ids in the errors, in their order.
    pub(crate) fn failed_traces(&self) -> Vec<String> {
        let body = self.json();
        body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|error| error["context"]["objectWriteTraceId"].as_array())
            .flatten()
            .map(|trace| trace.as_str().unwrap().to_owned())
            .collect()
    }
}

pub(crate) fn start(settings: Settings) -> (Sandbox, Client) {
    let sandbox = Sandbox::start(settings).unwrap();
    let client = Client::new(&sandbox);
    (sandbox, client)
}

/// An input without trace id.
pub(crate) fn input(email: &str, properties: &Value) -> Value {
    json!({ "id": email, "idProperty": "email", "properties": properties })
}

/// Inputs with trace ids `0`, `1`, ….
pub(crate) fn traced(inputs: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut inputs: Vec<Value> = inputs.into_iter().collect();
    for (position, input) in inputs.iter_mut().enumerate() {
        input["objectWriteTraceId"] = json!(position.to_string());
    }
    inputs
}

/// Inputs `person-1@example.com` and so on, each with a first name.
pub(crate) fn people(count: usize) -> Vec<Value> {
    (1..=count)
        .map(|number| {
            input(&format!("person-{number}@example.com"), &json!({ "firstname": format!("P{number}") }))
        })
        .collect()
}
