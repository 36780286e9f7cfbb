//! Whether the token may do what the settings ask for, told before anything is done.
//!
//! Not here: sensitive properties, which a sync can do without; [`super::learn`] sees to them.

use bytes::Bytes;
use tracing::warn;

use crate::{
    config::{Config, UnknownFields},
    error::Failure,
    hubspot::{client::Client, endpoint::Endpoint, error::ApiError},
};

/// A batch of nothing: it shows whether writing is permitted.
const WRITE_PROBE: &str = r#"{"inputs":[]}"#;
/// A read of nobody: it shows whether reading is permitted.
const READ_PROBE: &str = r#"{"inputs":[{"id":"nobody@example.com"}],"idProperty":"email","properties":["email"],"propertiesWithHistory":[]}"#;

/// The calls that a sync will make: it writes; it reads too if new contacts get a stage, and creates properties if that is asked
/// for.
fn needed(config: &Config) -> impl Iterator<Item = Endpoint> {
    let needed = [
        Some(Endpoint::BatchUpsert),
        config.lifecycle_stage.as_ref().map(|_| Endpoint::BatchRead),
        (config.unknown_fields == UnknownFields::Create).then_some(Endpoint::CreateProperties),
    ];
    needed.into_iter().flatten()
}

/// Compares what the sync needs with the scopes that HubSpot listed.
///
/// # Errors
///
/// A `config_error` that names the first scope that is missing.
pub fn compare(config: &Config, scopes: &[String]) -> Result<(), Failure> {
    let is_listed = |endpoint: &Endpoint| scopes.iter().any(|scope| scope == endpoint.scope());
    match needed(config).find(|endpoint| !is_listed(endpoint)) {
        Some(endpoint) => Err(ApiError::missing_scope(endpoint).into()),
        None => Ok(()),
    }
}

/// Where HubSpot did not list the token's scopes: requests that do nothing show them, if they are refused for them.
///
/// # Errors
///
/// If a scope is missing, or the token is refused.
pub async fn probe(client: &Client, config: &Config) -> Result<(), Failure> {
    for endpoint in needed(config) {
        let body = if endpoint == Endpoint::BatchRead { READ_PROBE } else { WRITE_PROBE };
        match client.batch(endpoint, Bytes::from_static(body.as_bytes())).await {
            Err(error) if error.is_missing_scope() || error.is_unauthorized() => return Err(error.into()),
            Ok(_) | Err(_) => warn!(
                "HubSpot did not list the token's scopes. If the first sync says that one is missing to {}, add it",
                endpoint.purpose()
            ),
        }
    }
    Ok(())
}
