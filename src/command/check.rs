//! The `check` command: proves, without writing anything, that a sync would work.

use std::{path::PathBuf, time::Duration};

use bytes::Bytes;
use tracing::{info, warn};

use super::{Context, portal, read_config, read_file, write::stage};
use crate::{
    config::{Config, UnknownFields},
    error::Failure,
    hubspot::{
        client::{Client, Endpoint},
        error::ApiError,
        retry::RetryPolicy,
    },
    io::output::OutputClosed,
    mapping::{creation::NewProperty, mappings::check_mappings, portal::Portal},
    protocol::{catalog::Catalog, emit},
};

/// A check answers within a minute, whatever HubSpot does.
const LONGEST: Duration = Duration::from_secs(50);

/// A batch of nothing: it shows whether writing is permitted.
const WRITE_PROBE: &str = r#"{"inputs":[]}"#;
/// A read of nobody: it shows whether reading is permitted.
const READ_PROBE: &str = r#"{"inputs":[{"id":"nobody@example.com"}],"idProperty":"email","properties":["email"],"propertiesWithHistory":[]}"#;

/// Checks the configuration and writes one `CONNECTION_STATUS`.
///
/// # Errors
///
/// If nobody reads standard output.
pub async fn run(context: &Context, config: PathBuf, catalog: Option<PathBuf>) -> Result<(), OutputClosed> {
    let checked = tokio::time::timeout(LONGEST, check(context, config, catalog)).await;
    let outcome = checked.unwrap_or_else(|_| {
        let message = format!(
            "HubSpot did not answer within {} s. Check the network, the proxy settings and status.hubspot.com.",
            LONGEST.as_secs()
        );
        Err(Failure::transient(message))
    });
    match outcome {
        Ok(message) => {
            if context.to_terminal {
                info!("{message}");
            }
            context.output.line(&emit::connection_status(Ok(&message)))
        }
        Err(failure) => refuse(context, &failure),
    }
}

/// Reports that the check failed, which is not a failure of the command.
///
/// # Errors
///
/// If nobody reads standard output.
pub fn refuse(context: &Context, failure: &Failure) -> Result<(), OutputClosed> {
    if context.to_terminal {
        tracing::error!("{failure}");
    }
    context.output.line(&emit::connection_status(Err(&failure.message)))
}

async fn check(context: &Context, config: PathBuf, catalog: Option<PathBuf>) -> Result<String, Failure> {
    let config = read_config(&config)?;
    let catalog = catalog.map(|path| Catalog::parse(&read_file(&path, "--catalog")?)).transpose()?;
    let client = Client::over_http(
        config.access_token.clone(),
        config.api_version,
        RetryPolicy::CHECK,
        &context.environment,
    )?;
    let account = client.account().await?;
    let scopes = portal::scopes(&client).await;
    let portal = portal::learn(&client, &config, catalog.as_ref(), async || scopes.clone()).await?;
    check_permissions(&client, &config, scopes.as_deref()).await?;
    let stage = config.lifecycle_stage.as_deref().map(|text| stage(text, &portal)).transpose()?;
    if let Some(catalog) = &catalog {
        if let Some(failure) = catalog.refused.values().next() {
            return Err(failure.clone());
        }
        show_plans(catalog, &config, portal)?;
    } else {
        // A catalog may declare the field, and a sync then makes the property.
        let creates = config.unknown_fields == UnknownFields::Create;
        check_mappings(&config.field_mappings, &portal, |_| creates)?;
    }
    let portal_id = account.portal_id.as_deref().unwrap_or("(no id)");
    let stage = match stage {
        Some(stage) => format!("the lifecycle stage `{}` ({})", stage.value, stage.label),
        None => "the account's default lifecycle stage".to_owned(),
    };
    let left = match client.throttle().daily() {
        Some((limit, remaining)) => format!(" {remaining} of {limit} API calls are left today."),
        None => String::new(),
    };
    Ok(format!("Connected to HubSpot account {portal_id}. New contacts get {stage}.{left}"))
}

/// Shows where each field goes, and which properties a sync would create.
fn show_plans(catalog: &Catalog, config: &Config, mut portal: Portal) -> Result<(), Failure> {
    let mut plans = portal::plans(catalog, config, &portal)?;
    if config.unknown_fields == UnknownFields::Create {
        let wanted = portal::missing(catalog, &plans, &portal, &config.field_mappings);
        for property in &wanted {
            let (name, label, value_type) = (&property.name, &property.label, property.value_type);
            info!(property = name, label, r#type = value_type, "a sync will create this property");
        }
        portal.add(&wanted.iter().map(NewProperty::definition).collect::<Vec<_>>());
        plans = portal::plans(catalog, config, &portal)?;
    }
    portal::announce_plans(&mut plans, catalog, config)
}

/// Writing has to be permitted; reading too if new contacts get a stage, and the creation of properties if it is asked for.
async fn check_permissions(
    client: &Client,
    config: &Config,
    scopes: Option<&[String]>,
) -> Result<(), Failure> {
    let needed = [
        Some(Endpoint::BatchUpsert),
        config.lifecycle_stage.as_ref().map(|_| Endpoint::BatchRead),
        (config.unknown_fields == UnknownFields::Create).then_some(Endpoint::CreateProperties),
    ];
    for endpoint in needed.into_iter().flatten() {
        match scopes {
            Some(scopes) if scopes.iter().any(|scope| scope == endpoint.scope()) => {}
            Some(_) => return Err(ApiError::missing_scope(endpoint).into()),
            None => probe(client, endpoint).await?,
        }
    }
    Ok(())
}

/// HubSpot did not list the token's scopes: a request that does nothing shows them, if it is refused for them.
async fn probe(client: &Client, endpoint: Endpoint) -> Result<(), Failure> {
    let body = if endpoint == Endpoint::BatchRead { READ_PROBE } else { WRITE_PROBE };
    match client.batch(endpoint, Bytes::from_static(body.as_bytes())).await {
        Err(error) if error.is_missing_scope() || error.is_unauthorized() => Err(error.into()),
        Ok(_) | Err(_) => {
            warn!(
                "HubSpot did not list the token's scopes. If the first sync says that one is missing to {}, add it",
                endpoint.purpose()
            );
            Ok(())
        }
    }
}
