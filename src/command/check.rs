//! The `check` command: proves that a sync would work, without writing anything into HubSpot. In an object store for rejected
//! rows, it writes an object and deletes it again.

use std::{path::PathBuf, time::Duration};

use tracing::{info, warn};

use super::{Context, error::CommandError, read_catalog, read_config};
use crate::{
    config::{Config, UnknownFields},
    error::Failure,
    hubspot::{client::Client, error::Called, retry::RetryPolicy},
    io::output::OutputClosed,
    mapping::mappings::check_mappings,
    prepare::{
        connect::{Connection, connect},
        permissions,
        plans::{Missing, prepare_plans},
    },
    protocol::{catalog::Catalog, emit},
    rejects::store::client::ObjectStore,
    text::shown,
};

/// A check answers within a minute, whatever HubSpot does.
const LONGEST: Duration = Duration::from_secs(50);

/// Checks the configuration, writes one `CONNECTION_STATUS`, and gives whether it is good.
///
/// # Errors
///
/// If nobody reads standard output.
pub async fn run(context: &Context, config: PathBuf, catalog: Option<PathBuf>) -> Result<bool, OutputClosed> {
    context.warn();
    match check(context, config, catalog).await {
        Ok(message) => {
            if context.to_terminal {
                info!("{message}");
            }
            context.output.line(&emit::connection_status(Ok(&message))).map(|()| true)
        }
        Err(failure) => report_failure(context, &failure),
    }
}

/// Reports that the check failed, which is not a failure of the command: gives `false`.
///
/// # Errors
///
/// If nobody reads standard output.
pub fn report_failure(context: &Context, failure: &Failure) -> Result<bool, OutputClosed> {
    if context.to_terminal {
        tracing::error!("{failure}");
    }
    context.output.line(&emit::connection_status(Err(&failure.message))).map(|()| false)
}

async fn check(context: &Context, config: PathBuf, catalog: Option<PathBuf>) -> Result<String, Failure> {
    let config = read_config(&config)?;
    let catalog = catalog.map(|path| read_catalog(&path)).transpose()?;
    let environment = &context.environment;
    let store = config.object_storage.as_ref();
    let store = store.map(|settings| ObjectStore::new(settings, environment)).transpose()?;
    let for_store = store.as_ref().map_or(Duration::ZERO, |_| ObjectStore::LONGEST_PROBE);
    let longest = LONGEST.saturating_sub(for_store);
    let checked = tokio::time::timeout(longest, check_account(context, &config, catalog.as_ref())).await;
    let message = checked.unwrap_or_else(|_| {
        let called = Called::new(environment);
        Err(CommandError::NoAnswer { seconds: longest.as_secs(), called }.into())
    })?;
    let Some(store) = store else { return Ok(message) };
    for doubt in store.probe().await? {
        warn!("{doubt}");
    }
    Ok(format!("{message} Rejected rows can be written to the bucket `{}`.", shown(store.bucket())))
}

/// Checks what concerns HubSpot.
async fn check_account(
    context: &Context,
    config: &Config,
    catalog: Option<&Catalog>,
) -> Result<String, Failure> {
    let (token, environment) = (config.access_token.clone(), &context.environment);
    let client = Client::over_http(token, config.api_version, RetryPolicy::CHECK, environment)?;
    let Connection { portal_id, knows_scopes, stage, targets } = connect(&client, config, catalog).await?;
    if !knows_scopes {
        permissions::probe(&client, config, catalog, targets.key_space()).await?;
    }
    if let Some(catalog) = catalog {
        if let Some(error) = catalog.unsupported.values().next() {
            return Err(error.clone().into());
        }
        prepare_plans(Missing::Tell, catalog, config, targets).await?;
    } else {
        // A catalog may declare the field, and a sync then makes the property.
        let creates = config.unknown_fields == UnknownFields::Create;
        check_mappings(&config.field_mappings, targets.key_space().property(), targets.schema(), |_| {
            creates
        })?;
    }
    let portal_id = shown(portal_id.as_deref().unwrap_or("(no id)"));
    let stage = match stage {
        Some(stage) => format!("the lifecycle stage `{}` ({})", shown(&stage.value), shown(&stage.label)),
        None => "the account's default lifecycle stage".to_owned(),
    };
    let left = match client.throttle().daily() {
        Some((limit, remaining)) => format!(" {remaining} of {limit} API calls are left today."),
        None => String::new(),
    };
    Ok(format!("Connected to HubSpot account {portal_id}. New contacts get {stage}.{left}"))
}
