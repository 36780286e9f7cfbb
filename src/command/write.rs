//! The `write` command: learns what the account knows, then runs the sync. Not here: the sync itself.

use std::{path::PathBuf, sync::Arc};

use tracing::{info, warn};

use super::{Context, read_catalog, read_config, report_file::ReportFile};
use crate::{
    config::{DelayScale, UnknownFields},
    error::Failure,
    hubspot::{client::Client, retry::RetryPolicy},
    io::input,
    mapping::mappings::check_mappings,
    prepare::{
        connect::{Connection, connect},
        plans::{Missing, prepare_plans},
    },
    protocol::catalog::{Catalog, ConfiguredStream},
    rejects::{
        folders::Folders,
        keeper::{Keeper, StreamFacts},
        store::{client::ObjectStore, pending::PendingObjects},
    },
    report::{
        counts::Counts,
        json::{Calls, Ended},
    },
    sync::{
        batcher::Timing,
        run::{End, Sync, SyncParts},
    },
};

/// What is to be written, and how.
#[derive(Debug)]
pub struct Job {
    pub config: PathBuf,
    pub catalog: Option<PathBuf>,
    /// Where rows are kept.
    pub folders: Folders,
    /// Rows that are sent again are written whatever HubSpot has.
    pub writes_all: bool,
}

/// How a sync ended.
#[derive(Debug)]
pub struct Written {
    pub end: End,
    /// No record was rejected, no value left out since it did not fit, and no row sent again was skipped as older than HubSpot's.
    pub nothing_to_correct: bool,
}

/// Reads messages from standard input until its end and writes their contacts to HubSpot.
///
/// `signal` asks for an early, orderly end.
pub async fn run(
    context: Context,
    job: Job,
    report: Option<ReportFile>,
    signal: impl Future<Output = ()>,
) -> Written {
    // The source may begin to send at once; it waits when the first lines fill their room.
    let input = input::start(std::io::stdin());
    context.warn();
    tokio::pin!(signal);
    let mut client = None;
    let prepared = tokio::select! { biased;
        () = &mut signal => Err(End::Signalled),
        parts = prepare(&context, job, &mut client) => parts.map_err(End::Failed),
    };
    let parts = match prepared {
        Ok(parts) => parts,
        Err(end) => {
            let end = write_report(report, end, client.as_deref(), &Counts::default(), 0);
            return Written { end, nothing_to_correct: true };
        }
    };
    let mut sync = Sync::new(parts, context.output);
    let end = sync.run(input, signal).await;
    let end = write_report(report, end, client.as_deref(), sync.counts(), sync.open_records());
    Written { end, nothing_to_correct: sync.counts().nothing_to_correct() }
}

/// Writes the report, if one is asked for, and gives how the sync ended. One that is complete fails if its report cannot be
/// written.
fn write_report(
    file: Option<ReportFile>,
    end: End,
    client: Option<&Client>,
    counts: &Counts,
    open: u64,
) -> End {
    let Some(file) = file else { return end };
    let ended = match &end {
        End::Complete => Ended::Complete,
        End::Failed(failure) => Ended::Failed(failure),
        End::Panicked => Ended::Defect,
        End::OutputClosed => Ended::OutputClosed,
        End::Signalled => Ended::Interrupted,
    };
    let calls = client.map(|client| Calls {
        effort: client.effort(),
        by_call: client.requests_by_call(),
        daily: client.throttle().daily(),
        api_version: Some(client.version()),
    });
    match file.write(ended, &calls.unwrap_or_default(), counts, open) {
        Ok(()) => end,
        Err(error) if matches!(end, End::Complete) => End::Failed(error.into()),
        Err(error) => {
            warn!("{error}");
            end
        }
    }
}

/// The report of a sync that failed before it could begin.
pub fn report_failed_start(file: Option<ReportFile>, failure: Failure) -> End {
    write_report(file, End::Failed(failure), None, &Counts::default(), 0)
}

/// `known` gets the client as soon as there is one, so that the calls of a start that fails are known too.
async fn prepare(context: &Context, job: Job, known: &mut Option<Arc<Client>>) -> Result<SyncParts, Failure> {
    let Job { config, catalog, folders, writes_all } = job;
    let config = read_config(&config)?;
    let catalog = catalog.map(|path| read_catalog(&path)).transpose()?;
    let environment = &context.environment;
    let store = config.object_storage.as_ref();
    let store = store.map(|settings| ObjectStore::new(settings, environment)).transpose()?;
    let token = config.access_token.clone();
    let client = Client::over_http(token, config.api_version, RetryPolicy::WRITE, environment)?;
    let client = &*known.insert(Arc::new(client));
    let Connection { portal_id, targets, .. } = connect(client, &config, catalog.as_ref()).await?;
    info!(
        account = portal_id.as_deref(),
        api_version = config.api_version.as_str(),
        "writing contacts to HubSpot"
    );
    let (targets, plans) = if let Some(catalog) = &catalog {
        let (targets, plans) = prepare_plans(Missing::Create(client), catalog, &config, targets).await?;
        warn_of_what_will_not_happen(catalog);
        (targets, Some(plans))
    } else {
        check_mappings(&config.field_mappings, targets.key_space().property(), targets.schema(), |_| false)?;
        if config.unknown_fields == UnknownFields::Create {
            warn!("without a catalog no field is declared, so that no property is created");
        }
        (targets, None)
    };
    let streams = catalog.iter().flat_map(|catalog| &catalog.streams);
    let facts = |stream: &ConfiguredStream| StreamFacts {
        primary_key: stream.primary_key.clone(),
        sync_id: stream.sync_id,
    };
    let facts = streams.map(|stream| (stream.id.clone(), facts(stream))).collect();
    let interval = environment.delay_scale.apply(PendingObjects::INTERVAL);
    Ok(SyncParts {
        client: Arc::clone(client),
        targets,
        max_archived: config.max_archived,
        unknown_fields: config.unknown_fields,
        fail_if_rejected: config.fail_if_rejected,
        field_mappings: config.field_mappings,
        plans,
        unsupported_streams: catalog.map(|catalog| catalog.unsupported).unwrap_or_default(),
        timing: timing(environment.delay_scale),
        keeper: Keeper::new(folders, store, interval, facts),
        writes_all,
        summary_as_table: context.to_terminal,
    })
}

fn warn_of_what_will_not_happen(catalog: &Catalog) {
    if catalog.streams.iter().any(ConfiguredStream::asks_for_truncation) {
        warn!(
            "the catalog asks to remove what earlier syncs wrote; that removes nothing from HubSpot, so that its contacts stay"
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
