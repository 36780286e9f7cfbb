//! Whether the token may do what the settings ask for, told before anything is done.
//!
//! Not here: sensitive properties, which a sync can do without; [`super::learn`] sees to them.

use std::{borrow::Cow, sync::Arc};

use tracing::warn;

use super::error::PrepareError;
use crate::{
    config::{Config, DeletedRecordsOfStream, Mode, Policy, UnknownFields},
    crm::{key::KeySpace, object::ObjectType},
    error::Failure,
    hubspot::{batch_call::BatchCall, client::Client, endpoint::Endpoint, error::ApiError},
    protocol::catalog::{Catalog, ConfiguredStream, DestinationMode},
};

/// A key that no record has.
const NOBODY: &str = "nobody@example.com";

/// The calls that a sync will make: it writes; it reads too if a setting asks for that, and creates properties if that is asked
/// for.
fn needed(config: &Config, catalog: Option<&Catalog>, object: ObjectType) -> impl Iterator<Item = Endpoint> {
    let needed = [
        Some(Endpoint::BatchUpsert(object)),
        needs_reading(config, catalog).map(|_| Endpoint::BatchRead(object)),
        (config.unknown_fields == UnknownFields::Create).then_some(Endpoint::CreateProperties(object)),
    ];
    needed.into_iter().flatten()
}

/// Compares what the sync needs with the scopes that HubSpot listed.
///
/// # Errors
///
/// A `config_error` that names the first scope that is missing.
pub fn compare(
    config: &Config,
    catalog: Option<&Catalog>,
    object: ObjectType,
    scopes: &[String],
) -> Result<(), Failure> {
    let is_listed = |endpoint: &Endpoint| scopes.iter().any(|scope| *scope == endpoint.scope());
    match needed(config, catalog, object).find(|endpoint| !is_listed(endpoint)) {
        Some(endpoint) => Err(why_missing(config, catalog, endpoint, ApiError::missing_scope(endpoint))),
        None => Ok(()),
    }
}

/// The first setting that makes a sync look records up, with the stream that it is for.
fn needs_reading<'a>(
    config: &'a Config,
    catalog: Option<&'a Catalog>,
) -> Option<(&'static str, Option<Cow<'a, str>>)> {
    let top = config.lifecycle_stage.as_ref().map(|_| ("lifecycle_stage", None));
    let of_streams = config.streams.iter().find_map(|entry| {
        let setting = [
            ("mode", entry.mode != Mode::Upsert),
            ("skip_unchanged", entry.skip_unchanged),
            ("lifecycle_stage", entry.lifecycle_stage.is_some()),
            ("deleted_records", entry.deleted_records == Some(DeletedRecordsOfStream::Archive)),
        ];
        let (setting, _) = setting.into_iter().find(|(_, needs)| *needs)?;
        Some((setting, Some(entry.stream.as_str().into())))
    });
    let asks = |stream: &&ConfiguredStream| stream.mode != DestinationMode::AppendDedup;
    let of_catalog = catalog.and_then(|catalog| catalog.streams.iter().find(asks));
    let of_catalog = of_catalog.map(|stream| ("destination_sync_mode", Some(stream.id.to_string().into())));
    let policy = config.policies.iter().find(|entry| entry.policy != Policy::Overwrite);
    let policy = policy.map(|entry| ("policies", entry.stream.as_deref().map(Cow::Borrowed)));
    top.or(of_streams).or(policy).or(of_catalog)
}

/// The error, with the setting that needs the call where one does.
fn why_missing(config: &Config, catalog: Option<&Catalog>, endpoint: Endpoint, error: ApiError) -> Failure {
    let is_lack = matches!(endpoint, Endpoint::BatchRead(_)) && error.is_missing_scope();
    let refusal = Failure::from(error);
    let Some((setting, stream)) = needs_reading(config, catalog).filter(|_| is_lack) else { return refusal };
    let stream = stream.map(Cow::into_owned);
    PrepareError::MissingScope { refusal: refusal.message, setting, stream }.into()
}

/// Where HubSpot did not list the token's scopes: requests that do nothing show them, if they are refused for them.
///
/// # Errors
///
/// If a scope is missing, or the token is refused.
pub async fn probe(
    client: &Client,
    config: &Config,
    catalog: Option<&Catalog>,
    key_space: &Arc<KeySpace>,
) -> Result<(), Failure> {
    for endpoint in needed(config, catalog, key_space.object()) {
        let tried = match endpoint {
            // A read of nobody.
            Endpoint::BatchRead(_) => {
                client.batch(&BatchCall::read(key_space, key_space.key(NOBODY).iter(), &[])).await.map(drop)
            }
            Endpoint::CreateProperties(object) => {
                client.create_properties(object, "", "", &[]).await.map(drop)
            }
            // A batch of nothing. The others are not needed, or were made already.
            Endpoint::BatchUpsert(_)
            | Endpoint::BatchCreate(_)
            | Endpoint::BatchUpdate(_)
            | Endpoint::BatchArchive(_)
            | Endpoint::Account
            | Endpoint::TokenInfo
            | Endpoint::Properties(_)
            | Endpoint::CreateGroup(_) => client.batch(&BatchCall::upsert_nothing(key_space)).await.map(drop),
        };
        match tried {
            Err(error) if error.is_missing_scope() || error.is_unauthorized() => {
                return Err(why_missing(config, catalog, endpoint, error));
            }
            Ok(()) | Err(_) => warn!(
                "HubSpot did not list the token's scopes. If the first sync says that one is missing to {}, add it",
                endpoint.purpose()
            ),
        }
    }
    Ok(())
}
