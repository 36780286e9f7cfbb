//! The `write` command: learns what the account knows, then runs the sync. Not here: the sync itself.

use std::{path::PathBuf, sync::Arc};

use tracing::{info, warn};

use super::{Context, read_catalog, read_config};
use crate::{
    config::{Config, DelayScale, UnknownFields},
    crm::{key::KeySpace, schema::Schema},
    error::Failure,
    hubspot::{client::Client, retry::RetryPolicy},
    io::input,
    mapping::{mappings::check_mappings, plan::Plan, target::Target},
    prepare::{
        create,
        doubts::warn_of_values,
        learn, permissions,
        plans::{self, value_policy},
        stage::{on_create, stage},
    },
    protocol::catalog::{Catalog, ConfiguredStream},
    sync::{
        batcher::Timing,
        run::{End, Sync, SyncParts},
    },
};

/// Reads messages from standard input until its end and writes their contacts to HubSpot.
///
/// `signal` asks for an early, orderly end.
pub async fn run(
    context: Context,
    config: PathBuf,
    catalog: Option<PathBuf>,
    signal: impl Future<Output = ()>,
) -> End {
    // The source may begin to send at once; it waits when the first lines fill their room.
    let input = input::start(std::io::stdin());
    context.warn();
    tokio::pin!(signal);
    let parts = tokio::select! { biased;
        () = &mut signal => return End::Signalled,
        parts = prepare(&context, config, catalog) => parts,
    };
    match parts {
        Ok(parts) => Sync::new(parts, context.output).run(input, signal).await,
        Err(failure) => End::Failed(failure),
    }
}

async fn prepare(context: &Context, config: PathBuf, catalog: Option<PathBuf>) -> Result<SyncParts, Failure> {
    let config = read_config(&config)?;
    let catalog = catalog.map(|path| read_catalog(&path)).transpose()?;
    let key_space = KeySpace::contacts_by_email();
    let environment = &context.environment;
    let token = config.access_token.clone();
    let client = Client::over_http(token, config.api_version, RetryPolicy::WRITE, environment)?;
    let account = client.account().await?;
    // Before anything is done, and before a plan that would only have to be read again.
    let scopes = learn::scopes(&client).await;
    if let Some(scopes) = &scopes {
        permissions::compare(&config, key_space.object(), scopes)?;
    }
    let schema = learn::learn(&client, &config, catalog.as_ref(), &key_space, async || scopes).await?;
    info!(
        account = account.portal_id.as_deref(),
        api_version = config.api_version.as_str(),
        "writing contacts to HubSpot"
    );
    let stage = config.lifecycle_stage.as_deref().map(|text| stage(text, &schema)).transpose()?;
    let mut target = Target::new(key_space, Arc::new(schema), value_policy(&config));
    target.on_create = stage.iter().filter_map(|stage| on_create(stage, &target.schema)).collect();
    warn_of_values(&config.field_mappings, target.values.formats, &target.schema);
    let (target, plans) = if let Some(catalog) = &catalog {
        let planned = plan(&client, catalog, &config, target).await?;
        warn_of_what_will_not_happen(catalog);
        planned
    } else {
        check_mappings(&config.field_mappings, target.key_space.property(), &target.schema, |_| false)?;
        if config.unknown_fields == UnknownFields::Create {
            warn!("without a catalog no field is declared, so that no property is created");
        }
        (Arc::new(target), None)
    };
    Ok(SyncParts {
        client: Arc::new(client),
        target,
        unknown_fields: config.unknown_fields,
        fail_if_rejected: config.fail_if_rejected,
        field_mappings: config.field_mappings,
        plans,
        unsupported_streams: catalog.map(|catalog| catalog.unsupported).unwrap_or_default(),
        timing: timing(environment.delay_scale),
    })
}

/// Compiles the plans, after the properties that are missing have been created, if they are to be.
async fn plan(
    client: &Client,
    catalog: &Catalog,
    config: &Config,
    target: Target,
) -> Result<(Arc<Target>, Option<Vec<Plan>>), Failure> {
    let mut target = Arc::new(target);
    let mut plans = plans::plans(catalog, config, &target)?;
    if config.unknown_fields == UnknownFields::Create {
        let wanted = create::missing(catalog, &plans, &target.schema, &config.field_mappings);
        if !wanted.is_empty() {
            let mut schema = Schema::clone(&target.schema);
            let created = create::create(client, &wanted, target.key_space.object(), &mut schema).await?;
            target = Arc::new(target.with_created(schema, created));
            plans = plans::plans(catalog, config, &target)?;
        }
    }
    plans::announce_plans(&mut plans, catalog, config)?;
    Ok((target, Some(plans)))
}

fn warn_of_what_will_not_happen(catalog: &Catalog) {
    if catalog.streams.iter().any(ConfiguredStream::asks_for_truncation) {
        warn!(
            "the catalog asks to remove what earlier syncs wrote; contacts are never deleted, so they stay"
        );
    }
    for stream in catalog.unsupported.keys() {
        warn!(
            %stream,
            "the stream asks for a mode other than append_dedup: its states come back, a record would end the sync, and \
             contacts that are there stay"
        );
    }
}

fn timing(scale: DelayScale) -> Timing {
    Timing {
        quiet: scale.apply(Timing::STANDARD.quiet),
        between_partial: scale.apply(Timing::STANDARD.between_partial),
        longest_wait: scale.apply(Timing::STANDARD.longest_wait),
    }
}
