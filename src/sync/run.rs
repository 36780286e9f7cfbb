//! One sync from its first line to its last state: the loop that ties input, batches, requests, books and output together.
//!
//! Finished requests come before new input, so that memory stays bounded and states go out as soon as they are due. Not here:
//! what a line means ([`super::intake`]), what a batch comes to ([`super::delivery`]), and which states are due
//! ([`super::ledger`]).

use std::{pin::Pin, sync::Arc, time::Duration};

use indexmap::IndexMap;
use tokio::{task::JoinSet, time::Instant};
use tracing::{debug, warn};

use super::{
    batcher::{Batcher, Timing},
    books::{Books, Told},
    delivery::{
        archive_allowance::ArchiveAllowance,
        send::{Delivered, deliver},
        state::Delivery,
    },
    error::SyncError,
    intake::Intake,
    known::KnownRecords,
};
use crate::{
    config::{FailIfRejected, FieldMapping, UnknownFields},
    error::Failure,
    hubspot::{client::Client, endpoint::Success},
    io::{
        input::{Block, InputReader},
        output::{Output, OutputClosed},
    },
    mapping::{plan::Plan, targets::Targets},
    protocol::{error::CatalogError, message::StreamId},
    rejects::keeper::Keeper,
    report::counts::{Counts, Course},
};

/// Inputs that have not landed, their requests and the states that wait may take so much memory together: 16 MiB. Reading stops
/// beyond it. One sum for all, since rich records need it for many requests at once, and large states for full batches.
const MOST_WAITING_BYTES: usize = 16 * 1024 * 1024;
/// After a failure, or a signal, what is in flight gets this long to settle.
const GRACE_AFTER_FAILURE: Duration = Duration::from_mins(1);
const GRACE_AFTER_SIGNAL: Duration = Duration::from_secs(5);

/// What a sync works with.
#[derive(Debug)]
pub struct SyncParts {
    pub client: Arc<Client>,
    /// What streams write to.
    pub targets: Targets,
    /// How many records may be archived.
    pub max_archived: u64,
    pub unknown_fields: UnknownFields,
    pub fail_if_rejected: FailIfRejected,
    pub field_mappings: Vec<FieldMapping>,
    /// The plans of the catalog's streams; `None` without a catalog, when every stream is taken.
    pub plans: Option<Vec<Plan>>,
    /// Streams of the catalog that may have states, but no record; with what is wrong with one.
    pub unsupported_streams: IndexMap<StreamId, CatalogError>,
    pub timing: Timing,
    /// Where rows are kept.
    pub keeper: Keeper,
    /// Rows that are sent again are written whatever HubSpot has.
    pub writes_all: bool,
    /// The summary is for a person at a terminal.
    pub summary_as_table: bool,
}

/// How a sync ended.
#[derive(Debug)]
pub enum End {
    Complete,
    Failed(Failure),
    /// A request panicked. The panic's hook has told of it already, with its place.
    Panicked,
    /// Nobody reads standard output any more.
    OutputClosed,
    /// A signal asked for the end.
    Signalled,
}

/// A sync under way.
#[derive(Debug)]
pub struct Sync {
    client: Arc<Client>,
    output: Output,
    started: Instant,
    intake: Intake,
    batcher: Batcher,
    books: Books,
    known: KnownRecords,
    archive_allowance: ArchiveAllowance,
    jobs: JoinSet<Delivered>,
    block: Option<Block>,
    input_ended: bool,
    summary_as_table: bool,
}

impl Sync {
    pub fn new(parts: SyncParts, output: Output) -> Self {
        let mut books = Books::new(parts.fail_if_rejected, parts.keeper);
        let (plans, unsupported) = (parts.plans, parts.unsupported_streams);
        let (mappings, unknown_fields) = (parts.field_mappings, parts.unknown_fields);
        Self {
            client: parts.client,
            output,
            started: Instant::now(),
            intake: Intake::new(
                plans,
                unsupported,
                parts.targets,
                mappings,
                unknown_fields,
                parts.writes_all,
                &mut books,
            ),
            batcher: Batcher::new(parts.timing),
            books,
            known: KnownRecords::default(),
            archive_allowance: ArchiveAllowance::new(parts.max_archived),
            jobs: JoinSet::new(),
            block: None,
            input_ended: false,
            summary_as_table: parts.summary_as_table,
        }
    }

    /// What became of the records so far.
    pub fn counts(&self) -> &Counts {
        self.books.counts()
    }

    /// The records that were read and have no fate.
    pub fn open_records(&self) -> u64 {
        self.books.open_records()
    }

    /// Reads until the input ends, a failure, a closed output or a signal; then settles what is in flight, writes the
    /// states that became due, and sums up.
    pub async fn run(&mut self, mut input: InputReader, signal: impl Future<Output = ()>) -> End {
        tokio::pin!(signal);
        let output = self.output.clone();
        let end = loop {
            match self.advance() {
                Ok(true) => break End::Complete,
                Ok(false) => {}
                Err(end) => break end,
            }
            let reading = self.may_read();
            let deadlines = [self.batcher.deadline(), self.books.keeper().deadline()];
            let deadline = deadlines.into_iter().flatten().min().map(|due| self.started + due);
            let is_putting = self.books.keeper().is_putting();
            // Finished requests first: they make room, and states due. Input last.
            tokio::select! { biased;
                Some(landed) = self.jobs.join_next(), if !self.jobs.is_empty() => {
                    if let Err(end) = self.take_delivered(landed) {
                        break end;
                    }
                }
                () = self.books.keeper().put_ended(), if is_putting => {}
                () = &mut signal => {
                    say_interrupted();
                    break End::Signalled;
                }
                () = output.closed() => break End::OutputClosed,
                () = sleep_until(deadline), if deadline.is_some() => self.batcher.close_due(self.now()),
                block = input.next(), if reading => match block {
                    Some(Ok(block)) => self.block = Some(block),
                    Some(Err(error)) => break End::Failed(error.into()),
                    None => self.input_ended = true,
                },
            }
        };
        self.wind_up(end, signal).await
    }

    /// Everything that can be done without waiting. `true`: the sync is complete.
    fn advance(&mut self) -> Result<bool, End> {
        loop {
            self.launch();
            self.put_due();
            self.write_due_states()?;
            if let Some(failure) = self.books.failure() {
                return Err(End::Failed(failure.into()));
            }
            if !self.has_room() {
                let is_busy = !self.jobs.is_empty() || self.books.keeper().is_waiting();
                if !is_busy && !self.batcher.has_ready() {
                    // Nothing will make room by itself.
                    self.free_memory();
                    continue;
                }
                self.batcher.reading_stopped();
                return Ok(false);
            }
            let now = self.now();
            self.batcher.reading_again(now);
            if let Some(block) = self.block.take() {
                self.read_block(block).map_err(End::Failed)?;
                continue;
            }
            if !self.input_ended {
                return Ok(false);
            }
            self.batcher.finish(now);
            if self.batcher.has_ready() && self.jobs.len() < self.concurrency() {
                continue;
            }
            if !(self.batcher.is_empty() && self.jobs.is_empty()) {
                return Ok(false);
            }
            self.books.judge_rejected_streams();
            self.books.keeper().finish(now).map_err(|error| End::Failed(error.into()))?;
            self.write_due_states()?;
            if self.books.keeper().is_waiting() {
                return Ok(false);
            }
            return self.verdict().map(|()| true).map_err(End::Failed);
        }
    }

    /// At the end of the input: no record may be without a fate, no stream may be wrongly set up.
    fn verdict(&self) -> Result<(), Failure> {
        if let Some(failure) = self.books.failure() {
            return Err(failure.into());
        }
        match self.books.open_records() {
            0 => Ok(()),
            open => Err(SyncError::NeverSettled { open }.into()),
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn concurrency(&self) -> usize {
        self.client.throttle().concurrency()
    }

    fn has_room(&self) -> bool {
        !self.batcher.has_ready()
            && !self.books.is_full()
            && self.batcher.bytes() + self.books.waiting_bytes() < MOST_WAITING_BYTES
    }

    fn may_read(&self) -> bool {
        self.has_room() && !self.input_ended && self.block.is_none()
    }

    /// Memory is full and nothing is under way: the open batch goes, and states that wait for a better record of a stream
    /// are judged by what there is.
    fn free_memory(&mut self) {
        let now = self.now();
        self.batcher.close_partial(now);
        if !self.batcher.has_ready() {
            self.books.judge_rejected_streams();
        }
    }

    fn launch(&mut self) {
        while self.jobs.len() < self.concurrency() {
            let Some(batch) = self.batcher.take_ready() else { return };
            debug!(inputs = batch.inputs.len(), in_flight = self.jobs.len() + 1, "batch leaves");
            let client = Arc::clone(&self.client);
            let object = batch.target.key_space.object();
            let mut delivery = Delivery::new(batch, self.books.unusable().clone());
            delivery.mark_existing(|key| self.known.has(key), |key| self.known.changed_before(key));
            delivery.tell_record_ids(self.books.keeper().needs_record_ids());
            delivery.allow_archiving(self.archive_allowance.clone());
            if self.known.may_not_look_up(object) {
                delivery.deny_look_ups();
            }
            self.jobs.spawn(deliver(client, delivery));
        }
    }

    /// Puts the objects that are due into the store.
    fn put_due(&mut self) {
        let now = self.now();
        self.books.keeper().put_due(now);
    }

    fn write_due_states(&mut self) -> Result<(), End> {
        let now = self.now();
        for line in self.books.take_due_states(now).map_err(|error| End::Failed(error.into()))? {
            self.output.line(&line).map_err(|OutputClosed| End::OutputClosed)?;
        }
        Ok(())
    }

    fn read_block(&mut self, mut block: Block) -> Result<(), Failure> {
        while let Some((number, line)) = block.next_line() {
            self.intake.take(number, &line, &mut self.books, &mut self.batcher, self.started.elapsed())?;
            if !self.has_room() {
                self.block = Some(block);
                return Ok(());
            }
        }
        Ok(())
    }

    fn take_delivered(&mut self, delivered: Result<Delivered, tokio::task::JoinError>) -> Result<(), End> {
        // Nobody cancels a request, so it panicked: its records have no fate, and their states do not go out.
        let delivered = delivered.map_err(|_| End::Panicked)?;
        // Where every field has to have a property, a batch that went without one is not settled.
        let vanished = delivered.notes.vanished_property().filter(|_| self.intake.requires_properties());
        if let Some(property) = vanished {
            return Err(End::Failed(SyncError::PropertyGone { property: Arc::clone(property) }.into()));
        }
        // In reading order, so that two runs of the same input say the same.
        let mut fates: Vec<_> = delivered.fates.iter().collect();
        fates.sort_unstable_by_key(|(ticket, _)| **ticket);
        let now = self.now();
        self.books.keep_left_out(&delivered.notes, |stream| self.intake.plan_of(stream));
        for (ticket, fate) in fates {
            let told = Told {
                record_id: delivered.record_ids.get(ticket).map(|id| &**id),
                at: delivered.verdicts.get(ticket).copied(),
            };
            self.books.settle(*ticket, fate, told, now);
        }
        self.books.take(delivered.notes);
        delivered.written.iter().for_each(|(key, changed)| self.known.remember(key, *changed));
        delivered.not_found.iter().for_each(|key| self.known.forget(key));
        if !delivered.archived.is_empty() {
            // Which other keys the archived records have is not known.
            self.known.forget_all();
        }
        if let Some(object) = delivered.denied_look_ups {
            self.known.deny_look_ups(object);
        }
        let now = self.now();
        let books = &self.books;
        self.batcher.landed(&delivered.keys, delivered.bytes, now, |ticket| books.is_awaited(ticket));
        delivered.failure.map_or(Ok(()), |failure| Err(End::Failed(failure)))
    }

    /// Settles what is in flight, within bounds, and sums up.
    async fn wind_up(&mut self, end: End, mut signal: Pin<&mut impl Future<Output = ()>>) -> End {
        let grace = match end {
            End::Complete => Duration::ZERO,
            End::Failed(_) | End::Panicked => GRACE_AFTER_FAILURE,
            End::Signalled => GRACE_AFTER_SIGNAL,
            End::OutputClosed => return end,
        };
        let mut until = Instant::now() + grace;
        let mut signal_heard = matches!(end, End::Signalled);
        let output = self.output.clone();
        loop {
            // What was rejected so far is kept, too, as far as the time allows.
            let now = self.now();
            if let Err(error) = self.books.keeper().finish(now) {
                debug!(%error, "rows could not be kept");
            }
            if let Err(End::OutputClosed) = self.write_due_states() {
                return End::OutputClosed;
            }
            let is_putting = self.books.keeper().is_putting();
            if self.jobs.is_empty() && !is_putting {
                break;
            }
            tokio::select! { biased;
                Some(landed) = self.jobs.join_next(), if !self.jobs.is_empty() => {
                    if let Err(further) = self.take_delivered(landed) {
                        debug!(?further, "further failure");
                    }
                }
                () = self.books.keeper().put_ended(), if is_putting => {}
                () = &mut signal, if !signal_heard => {
                    say_interrupted();
                    signal_heard = true;
                    until = until.min(Instant::now() + GRACE_AFTER_SIGNAL);
                }
                () = output.closed() => return End::OutputClosed,
                () = tokio::time::sleep_until(until) => break,
            }
        }
        if !self.jobs.is_empty() {
            warn!(
                requests = self.jobs.len(),
                "batches were given up before HubSpot answered: their records count as open, and HubSpot may have them"
            );
        }
        let not_kept = self.books.keeper().bytes_not_kept();
        if not_kept > 0 {
            warn!(
                bytes = not_kept,
                "rejected rows were given up before the object store had them: no state behind them was acknowledged"
            );
        }
        // No record comes any more, as at the end of the input.
        self.books.judge_rejected_streams();
        let written = self.write_due_states();
        self.intake.announce_end(self.input_ended);
        let (effort, elapsed, open) = (self.client.effort(), self.now(), self.books.open_records());
        let calls = self.client.requests_by_call();
        let look_ups = calls.iter().filter(|(call, _)| call.success() == Success::FoundOrMissing);
        let look_ups = look_ups.map(|(_, count)| count).sum();
        self.books.log(Course { effort, look_ups, elapsed, open, as_table: self.summary_as_table });
        match (written, end) {
            // What ended the sync first is told.
            (Ok(()) | Err(_), end @ (End::Failed(_) | End::Panicked)) | (Ok(()), end) => end,
            (Err(further), _) => further,
        }
    }
}

/// What tests look at.
#[cfg(test)]
impl Sync {
    /// Each fate as it is told.
    pub(super) fn witness(&self) -> super::books::Witness {
        Arc::clone(&self.books.witness)
    }

    /// What records and states take in memory.
    pub(super) fn bytes(&self) -> (usize, usize) {
        (self.batcher.bytes(), self.books.waiting_bytes())
    }
}

/// Said at once, since what is in flight may take its time.
fn say_interrupted() {
    warn!(
        "interrupted: nothing more is read; requests under way get up to {} s to be answered",
        GRACE_AFTER_SIGNAL.as_secs()
    );
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
