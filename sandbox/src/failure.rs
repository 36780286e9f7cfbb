//! HubSpot's error object, as the body of a 4xx and as an entry of `errors[]` in a 207.
//!
//! What the errors say is decided where they arise.

use serde_json::{Map, Value, json};

use crate::reply::Reply;

/// An error in HubSpot's form. Every member but `status` and `message` may be absent, as in reality.
/// <https://developers.hubspot.com/docs/api-reference/error-handling>
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// Boxed, so that results that may fail stay small.
    parts: Box<Parts>,
}

#[derive(Clone, Debug)]
struct Parts {
    status: u16,
    category: Option<String>,
    message: String,
    context: Map<String, Value>,
    errors: Vec<Value>,
    extra: Map<String, Value>,
    html: bool,
}

impl Failure {
    /// An error with a category.
    pub(crate) fn new(status: u16, category: &str, message: impl Into<String>) -> Self {
        let mut failure = Self::uncategorised(status, message);
        failure.parts.category = Some(category.to_owned());
        failure
    }

    /// An error without a category.
    pub(crate) fn uncategorised(status: u16, message: impl Into<String>) -> Self {
        Self {
            parts: Box::new(Parts {
                status,
                category: None,
                message: message.into(),
                context: Map::new(),
                errors: Vec::new(),
                extra: Map::new(),
                html: false,
            }),
        }
    }

    /// A `VALIDATION_ERROR`.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "VALIDATION_ERROR", message)
    }

    /// A gateway's or servlet's page.
    pub(crate) fn html(status: u16) -> Self {
        let mut failure = Self::uncategorised(status, reason(status));
        failure.parts.html = true;
        failure
    }

    /// Adds a member of `context`, whose values are always lists.
    pub(crate) fn context<T: Into<String>>(mut self, key: &str, values: impl IntoIterator<Item = T>) -> Self {
        let values = values.into_iter().map(|value| Value::String(value.into())).collect();
        self.parts.context.insert(key.to_owned(), Value::Array(values));
        self
    }

    /// Adds an entry of `errors`.
    pub(crate) fn error(mut self, entry: Value) -> Self {
        self.parts.errors.push(entry);
        self
    }

    /// Adds any other member.
    pub(crate) fn extra(mut self, key: &str, value: Value) -> Self {
        self.parts.extra.insert(key.to_owned(), value);
        self
    }

    /// Gives it another HTTP status.
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.parts.status = status;
        self
    }

    /// Whether two entries of a 207 differ in nothing but the input they concern.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let apart_from_trace = |failure: &Self| {
            let mut context = failure.parts.context.clone();
            context.remove(TRACE_ID);
            context
        };
        self.parts.category == other.parts.category
            && self.parts.message == other.parts.message
            && self.parts.extra == other.parts.extra
            && apart_from_trace(self) == apart_from_trace(other)
    }

    /// Adds the trace ids of another entry to this one's.
    pub(crate) fn absorb_traces(&mut self, other: &Self) {
        let Some(Value::Array(further)) = other.parts.context.get(TRACE_ID) else { return };
        if let Some(Value::Array(own)) = self.parts.context.get_mut(TRACE_ID) {
            own.extend(further.iter().cloned());
        }
    }

    /// The entry of `errors[]` in a 207. It has neither `errors` nor `correlationId`.
    pub(crate) fn into_entry(self) -> Value {
        let parts = *self.parts;
        let mut entry = Map::new();
        entry.insert("status".to_owned(), json!("error"));
        if let Some(category) = parts.category {
            entry.insert("category".to_owned(), json!(category));
        }
        entry.extend(parts.extra);
        entry.insert("message".to_owned(), json!(parts.message));
        if !parts.context.is_empty() {
            entry.insert("context".to_owned(), Value::Object(parts.context));
        }
        Value::Object(entry)
    }

    /// The answer to the request.
    pub(crate) fn into_reply(self, correlation_id: &str) -> Reply {
        let mut parts = *self.parts;
        if parts.html {
            return Reply::html(parts.status, &page(parts.status));
        }
        // Only an entry of a 207 repeats the other contact's id here; a whole answer has it in the message alone.
        parts.context.remove(EXISTING_ID);
        let mut body = Map::new();
        body.insert("status".to_owned(), json!("error"));
        body.insert("message".to_owned(), json!(parts.message));
        body.insert("correlationId".to_owned(), json!(correlation_id));
        if !parts.context.is_empty() {
            body.insert("context".to_owned(), Value::Object(parts.context));
        }
        if !parts.errors.is_empty() {
            body.insert("errors".to_owned(), Value::Array(parts.errors));
        }
        body.extend(parts.extra);
        if let Some(category) = parts.category {
            body.insert("category".to_owned(), json!(category));
        }
        Reply::json(parts.status, &Value::Object(body))
    }
}

/// The member of `context` that ties an entry to an input.
pub(crate) const TRACE_ID: &str = "objectWriteTraceId";

/// The member of `context` that names the contact which owns an address already.
pub(crate) const EXISTING_ID: &str = "existingId";

/// A page as gateways and servlet containers send them.
pub(crate) fn page(status: u16) -> String {
    let reason = reason(status);
    format!(
        "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=ISO-8859-1\"/>\n\
         <title>Error {status} {reason}</title>\n</head>\n<body><h2>HTTP ERROR {status} {reason}</h2>\n</body>\n</html>\n"
    )
}

/// The usual words for a status, those that only HubSpot and Cloudflare use included.
pub(crate) fn reason(status: u16) -> String {
    let words = match status {
        423 => "Locked",
        477 => "Migration in Progress",
        520 => "Web Server Returned an Unknown Error",
        521 => "Web Server Is Down",
        522 => "Connection Timed Out",
        523 => "Origin Is Unreachable",
        524 => "A Timeout Occurred",
        525 => "SSL Handshake Failed",
        526 => "Invalid SSL Certificate",
        other => axum::http::StatusCode::from_u16(other)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Unknown"),
    };
    words.to_owned()
}
