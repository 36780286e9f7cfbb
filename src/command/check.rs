//! The `check` command: proves, without writing anything, that a sync would work.

use std::{collections::HashSet, path::PathBuf, sync::Arc, time::Duration};

use tracing::info;

use super::{Context, error::CommandError, read_catalog, read_config};
use crate::{
    config::{Config, UnknownFields},
    crm::{key::KeySpace, schema::Schema},
    error::Failure,
    hubspot::{client::Client, error::Called, retry::RetryPolicy},
    io::output::OutputClosed,
    mapping::{mappings::check_mappings, target::Target},
    prepare::{create, doubts::warn_of_values, learn, permissions, plans, stage::stage},
    protocol::{catalog::Catalog, emit},
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
    let checked = tokio::time::timeout(LONGEST, check(context, config, catalog)).await;
    let outcome = checked.unwrap_or_else(|_| {
        let called = Called::new(&context.environment);
        Err(CommandError::NoAnswer { seconds: LONGEST.as_secs(), called }.into())
    });
    match outcome {
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
    let client = Client::over_http(
        config.access_token.clone(),
        config.api_version,
        RetryPolicy::CHECK,
        &context.environment,
    )?;
    let account = client.account().await?;
    let key_space = KeySpace::contacts_by_email();
    let scopes = learn::scopes(&client).await;
    let schema =
        learn::learn(&client, &config, catalog.as_ref(), &key_space, async || scopes.clone()).await?;
    match &scopes {
        Some(scopes) => permissions::compare(&config, key_space.object(), scopes)?,
        None => permissions::probe(&client, &config, &key_space).await?,
    }
    let stage = config.lifecycle_stage.as_deref().map(|text| stage(text, &schema)).transpose()?;
    warn_of_values(&config.field_mappings, plans::value_policy(&config).formats, &schema);
    if let Some(catalog) = &catalog {
        if let Some(error) = catalog.unsupported.values().next() {
            return Err(error.clone().into());
        }
        show_plans(catalog, &config, Target::new(key_space, Arc::new(schema), plans::value_policy(&config)))?;
    } else {
        // A catalog may declare the field, and a sync then makes the property.
        let creates = config.unknown_fields == UnknownFields::Create;
        check_mappings(&config.field_mappings, key_space.property(), &schema, |_| creates)?;
    }
    let portal_id = shown(account.portal_id.as_deref().unwrap_or("(no id)"));
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

/// Shows where each field goes, and which properties a sync would create.
fn show_plans(catalog: &Catalog, config: &Config, target: Target) -> Result<(), Failure> {
    let mut target = Arc::new(target);
    let mut plans = plans::plans(catalog, config, &target)?;
    if config.unknown_fields == UnknownFields::Create {
        let wanted = create::missing(catalog, &plans, &target.schema, &config.field_mappings);
        for property in &wanted {
            let (name, label, value_type) = (&property.name, &property.label, &property.value_type);
            info!(property = name, label, r#type = value_type, "a sync will create this property");
        }
        let mut schema = Schema::clone(&target.schema);
        schema.add(&wanted);
        target = Arc::new(target.with_created(schema, HashSet::new()));
        plans = plans::plans(catalog, config, &target)?;
    }
    Ok(plans::announce_plans(&mut plans, catalog, config)?)
}
