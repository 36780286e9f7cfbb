//! An answer before it is sent: status, headers, body.
//!
//! How it travels, whole or in pieces, is in `delivery`.

use bytes::Bytes;
use serde_json::Value;

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// HTTP status.
    pub(crate) status: u16,
    /// Headers beside those that hyper adds.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Body.
    pub(crate) body: Bytes,
}

impl Reply {
    /// A JSON answer.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::of_type(status, "application/json;charset=utf-8", body.to_string())
    }

    /// A page. HubSpot's are in Latin-1, and so plain ASCII here.
    pub(crate) fn html(status: u16, page: &str) -> Self {
        Self::of_type(status, "text/html;charset=iso-8859-1", page.to_owned())
    }

    /// No body at all.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// The same with one more header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn of_type(status: u16, content_type: &str, body: String) -> Self {
        Self { body: Bytes::from(body), ..Self::empty(status) }.header("content-type", content_type)
    }
}
