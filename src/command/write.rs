//! The `write` command: learns what the account knows, then runs the sync. Not here: the sync itself.

use std::{path::PathBuf, sync::Arc};

use tracing::{info, warn};

use super::{Context, read_catalog, read_config};
use crate::{
    config::{DelayScale, UnknownFields},
    error::Failure,
    hubspot::retry::RetryPolicy,
    io::input,
    mapping::mappings::check_mappings,
    prepare::{
        connect::{Connection, connect},
        plans::{Missing, prepare_plans},
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
    let environment = &context.environment;
    let Connection { client, portal_id, target, .. } =
        connect(&config, catalog.as_ref(), RetryPolicy::WRITE, environment).await?;
    info!(
        account = portal_id.as_deref(),
        api_version = config.api_version.as_str(),
        "writing contacts to HubSpot"
    );
    let (target, plans) = if let Some(catalog) = &catalog {
        let (target, plans) = prepare_plans(Missing::Create(&client), catalog, &config, target).await?;
        warn_of_what_will_not_happen(catalog);
        (target, Some(plans))
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
