//! What one request brings to an endpoint.
//!
//! What the sandbox holds is in `account::state`.

use tokio::time::Instant;

use super::effect::Effect;
use crate::{
    account::{
        definition::View,
        tokens::{Grant, SENSITIVE_WRITE},
    },
    endpoint::Version,
    failure::Failure,
    settings::Settings,
};

/// One request that passed authentication.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) version: Version,
    pub(crate) grant: &'a Grant,
    pub(crate) query: &'a str,
    /// Name of a property in the path.
    pub(crate) name: Option<&'a str>,
    pub(crate) body: &'a [u8],
    /// Number in the record of requests.
    pub(crate) number: u64,
    pub(crate) now: Instant,
    /// What a fault changes about carrying it out.
    pub(crate) effect: Effect,
}

impl Call<'_> {
    /// Fails unless the token carries one of these scopes.
    pub(crate) fn require(&self, scopes: &[&str], settings: &Settings) -> Result<(), Failure> {
        self.grant.require_any(scopes, settings.scope_error)
    }

    /// How properties look to this request. `missing` is the settings' list with the fault's added.
    pub(crate) fn view<'a>(&self, missing: &'a [String]) -> View<'a> {
        View { now: self.now, request: self.number, missing, sensitive: self.grant.has(SENSITIVE_WRITE) }
    }

    /// A value of the query.
    pub(crate) fn query_value(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Names treated as though they did not exist.
    pub(crate) fn missing(&self, settings: &Settings) -> Vec<String> {
        settings.missing_properties.iter().chain(&self.effect.missing).cloned().collect()
    }
}
