//! One sync from its first line to its last state: ties input, mapping, batches, requests, ledger and output together.
//!
//! The loop owns everything and decides nothing by itself: the pure parts do. Finished requests come before new input,
//! so that memory stays bounded and states go out as soon as they are due.

use std::{pin::Pin, sync::Arc, time::Duration};

use indexmap::IndexMap;
use tokio::{task::JoinSet, time::Instant};
use tracing::{debug, warn};

use super::{
    batcher::{Batcher, Timing},
    delivery::{
        pending::UnusableProperties,
        send::{Delivered, deliver},
        state::Delivery,
    },
    error::SyncError,
    known::KnownContacts,
    ledger::Ledger,
    streams::Streams,
};
use crate::{
    config::{FailIfRejected, FieldMapping, UnknownFields},
    crm::schema::Schema,
    error::Failure,
    hubspot::client::Client,
    io::{
        input::{Block, InputReader},
        output::{Output, OutputClosed},
    },
    mapping::{
        plan::Plan,
        reason::{Code, Reason},
        record::map_record,
        target::{Rules, ValueRules},
    },
    protocol::{
        catalog::ConfiguredStream,
        error::CatalogError,
        foreign::recognise,
        message::{self, Message, Record, StreamId},
    },
    report::{
        counts::Report,
        fate::{Fate, Ticket},
        plan_log::announce_news,
    },
};

/// Contacts that have not landed may take so much memory; reading stops beyond it.
const MOST_CONTACT_BYTES: usize = 4 * 1024 * 1024;
/// States that wait may take so much.
const MOST_STATE_BYTES: usize = 4 * 1024 * 1024;
/// After a failure, or a signal, what is in flight gets this long to settle.
const GRACE_AFTER_FAILURE: Duration = Duration::from_mins(1);
const GRACE_AFTER_SIGNAL: Duration = Duration::from_secs(5);

/// What a sync works with.
#[derive(Debug)]
pub struct SyncParts {
    pub client: Arc<Client>,
    pub schema: Schema,
    pub rules: Rules,
    pub values: ValueRules,
    pub unknown_fields: UnknownFields,
    pub fail_if_rejected: FailIfRejected,
    pub field_mappings: Vec<FieldMapping>,
    /// The plans of the catalog's streams; `None` without a catalog, when every stream is taken.
    pub plans: Option<Vec<Plan>>,
    /// Streams of the catalog that may have states, but no record; with what is wrong with one.
    pub unsupported_streams: IndexMap<StreamId, CatalogError>,
    pub timing: Timing,
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
    setting: SyncParts,
    rules: Arc<Rules>,
    output: Output,
    started: Instant,
    streams: Streams,
    ledger: Ledger,
    batcher: Batcher,
    refused: UnusableProperties,
    known: KnownContacts,
    report: Report,
    jobs: JoinSet<Delivered>,
    block: Option<Block>,
    input_ended: bool,
    was_stopped: bool,
    warned_of_unknown_type: bool,
}

impl Sync {
    pub fn new(mut setting: SyncParts, output: Output) -> Self {
        let mut ledger = Ledger::new(setting.fail_if_rejected);
        let plans = setting.plans.take();
        let refused = std::mem::take(&mut setting.unsupported_streams);
        let streams = Streams::new(plans, refused, &mut ledger);
        Self {
            rules: Arc::new(setting.rules.clone()),
            batcher: Batcher::new(setting.timing),
            setting,
            output,
            started: Instant::now(),
            streams,
            ledger,
            refused: UnusableProperties::new(),
            known: KnownContacts::default(),
            report: Report::default(),
            jobs: JoinSet::new(),
            block: None,
            input_ended: false,
            was_stopped: false,
            warned_of_unknown_type: false,
        }
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
            let deadline = self.batcher.deadline().map(|due| self.started + due);
            // Finished requests first: they make room, and states due. Input last.
            tokio::select! { biased;
                Some(landed) = self.jobs.join_next(), if !self.jobs.is_empty() => {
                    if let Err(end) = self.land(landed) {
                        break end;
                    }
                }
                () = &mut signal => {
                    say_interrupted();
                    break End::Signalled;
                }
                () = output.closed() => break End::OutputClosed,
                () = sleep_until(deadline), if deadline.is_some() => self.batcher.close_partial(self.now()),
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
            self.write_due_states()?;
            if let Some(failure) = self.ledger.all_rejected() {
                return Err(End::Failed(failure));
            }
            if !self.has_room() {
                if self.jobs.is_empty() && !self.batcher.has_ready() {
                    // Nothing will make room by itself.
                    self.free_memory();
                    continue;
                }
                self.was_stopped = true;
                return Ok(false);
            }
            let now = self.now();
            if std::mem::take(&mut self.was_stopped) {
                self.batcher.reading_again(now);
            }
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
            self.ledger.judge_rejected_streams();
            self.write_due_states()?;
            return self.verdict().map(|()| true).map_err(End::Failed);
        }
    }

    /// At the end of the input: no record may be without a fate, no stream may be wrongly set up.
    fn verdict(&self) -> Result<(), Failure> {
        if let Some(failure) = self.ledger.all_rejected() {
            return Err(failure);
        }
        match self.ledger.open_records() {
            0 => Ok(()),
            open => Err(SyncError::NeverSettled { open }.into()),
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn concurrency(&self) -> usize {
        self.setting.client.throttle().concurrency()
    }

    fn has_room(&self) -> bool {
        !self.batcher.has_ready()
            && self.batcher.bytes() < MOST_CONTACT_BYTES
            && self.ledger.waiting_bytes() < MOST_STATE_BYTES
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
            self.ledger.judge_rejected_streams();
        }
    }

    fn launch(&mut self) {
        while self.jobs.len() < self.concurrency() {
            let Some(batch) = self.batcher.take_ready() else { return };
            debug!(inputs = batch.inputs.len(), in_flight = self.jobs.len() + 1, "batch leaves");
            let client = Arc::clone(&self.setting.client);
            let mut delivery = Delivery::new(batch, Arc::clone(&self.rules), self.refused.clone());
            delivery.mark_existing(|key| self.known.has(key));
            self.jobs.spawn(deliver(client, delivery));
        }
    }

    fn write_due_states(&mut self) -> Result<(), End> {
        for line in self.ledger.take_due() {
            self.output.line(&line).map_err(|OutputClosed| End::OutputClosed)?;
        }
        Ok(())
    }

    fn read_block(&mut self, mut block: Block) -> Result<(), Failure> {
        while let Some((number, line)) = block.next_line() {
            self.read_line(number, &line)?;
            if !self.has_room() {
                self.block = Some(block);
                return Ok(());
            }
        }
        Ok(())
    }

    fn read_line(&mut self, number: u64, line: &[u8]) -> Result<(), Failure> {
        let message = message::parse(line).map_err(|error| {
            // Before the first record, it may be a person that gives rows as they are.
            let foreign = if self.report.read == 0 { recognise(number, line, error) } else { None };
            foreign.map_or_else(|| SyncError::Malformed { line: number, error }.into(), Failure::from)
        })?;
        match message {
            Message::Record(record) => self.read_record(number, &record),
            Message::State(state) => {
                self.ledger.state(state);
                let ledger = &self.ledger;
                self.batcher.state_arrived(|ticket| ledger.is_awaited(ticket));
                Ok(())
            }
            Message::Ignored => Ok(()),
            Message::Unknown => {
                if !std::mem::replace(&mut self.warned_of_unknown_type, true) {
                    warn!(line = number, "lines of a type that Airbyte does not have are ignored");
                }
                Ok(())
            }
        }
    }

    fn read_record(&mut self, number: u64, record: &Record<'_>) -> Result<(), Failure> {
        let now = self.now();
        let setting = &self.setting;
        let plan = |id| {
            let undeclared = ConfiguredStream::undeclared(id);
            Ok(Plan::new(&undeclared, &setting.field_mappings, setting.values, &setting.schema)?)
        };
        let stream = self.streams.of_record(record, &mut self.ledger, plan)?;
        self.report.read += 1;
        let ticket = self.ledger.open(stream.ledger_place, number);
        let mapped = map_record(&mut stream.plan, &self.setting.schema, self.setting.values, record.data);
        let news = stream.plan.take_news();
        if !news.is_empty() {
            announce_news(&stream.plan, &news, self.setting.unknown_fields)?;
        }
        match mapped {
            Ok(contact) => self.batcher.push(contact, ticket, now),
            Err(reason) => {
                if reason.code == Code::DeletedInSource
                    && !std::mem::replace(&mut stream.warned_of_deletions, true)
                {
                    warn!(stream = %stream.plan.stream(), "records that the source marks as deleted are skipped: nothing is written or deleted in HubSpot; to write them, set `deleted_records` to `write`");
                }
                self.settle_at_once(ticket, reason);
            }
        }
        Ok(())
    }

    fn settle_at_once(&mut self, ticket: Ticket, reason: Reason) {
        let fate = Fate::of_unmapped(reason);
        self.report.settled(ticket, &fate);
        self.ledger.settle(ticket, &fate);
    }

    fn land(&mut self, landed: Result<Delivered, tokio::task::JoinError>) -> Result<(), End> {
        // Nobody cancels a request, so it panicked: its records have no fate, and their states do not go out.
        let landed = landed.map_err(|_| End::Panicked)?;
        self.check_vanished(&landed.notes.learned).map_err(End::Failed)?;
        for (ticket, fate) in &landed.fates {
            self.report.settled(*ticket, fate);
            self.ledger.settle(*ticket, fate);
        }
        landed.written.iter().for_each(|key| self.known.remember(key));
        for (reason, lines) in &landed.notes.dropped {
            for &line in lines {
                self.report.dropped(reason, line);
            }
        }
        self.report.stage_unclear += landed.notes.stage_unclear;
        landed.notes.out_of_order.iter().for_each(|line| self.report.out_of_order(*line));
        self.note_not_applied(landed.notes.not_applied);
        for (property, code) in landed.notes.learned {
            if self.refused.insert(Arc::clone(&property), code).is_none() {
                warn!(%property, reason = code.as_str(), "property left out for the rest of the sync: {}", code.advice());
            }
        }
        let ledger = &self.ledger;
        let now = self.started.elapsed();
        self.batcher.landed(&landed.keys, landed.bytes, now, |ticket| ledger.is_awaited(ticket));
        landed.failure.map_or(Ok(()), |failure| Err(End::Failed(failure)))
    }

    /// Where every field has to have a property, a batch that went without one is not settled.
    fn check_vanished(&self, learned: &[(Arc<str>, Code)]) -> Result<(), Failure> {
        let mut vanished = learned.iter().filter(|(_, code)| *code == Code::UnknownProperty);
        match vanished.next() {
            Some((property, _)) if self.setting.unknown_fields == UnknownFields::Fail => {
                Err(SyncError::PropertyGone { property: Arc::clone(property) }.into())
            }
            _ => Ok(()),
        }
    }

    /// HubSpot has taken a value and kept its own: each stream hears of it once, the summary has the count.
    fn note_not_applied(&mut self, not_applied: Vec<(Arc<str>, Ticket)>) {
        for (property, ticket) in not_applied {
            let stream = self.streams.by_ledger_place(ticket.stream());
            if let Some(stream) = stream.filter(|stream| !stream.warned_of_not_applied) {
                stream.warned_of_not_applied = true;
                let line = ticket.line;
                warn!(stream = %stream.plan.stream(), %property, line, "HubSpot accepted a value and kept its own: a lifecycle stage moves forward only");
            }
            *self.report.not_applied.entry(property).or_default() += 1;
        }
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
            tokio::select! { biased;
                landed = self.jobs.join_next() => match landed {
                    Some(landed) => {
                        if let Err(further) = self.land(landed) {
                            debug!(?further, "further failure");
                        }
                        if let Err(closed) = self.write_due_states() {
                            return closed;
                        }
                    }
                    None => break,
                },
                () = &mut signal, if !signal_heard => {
                    say_interrupted();
                    signal_heard = true;
                    until = until.min(Instant::now() + GRACE_AFTER_SIGNAL);
                }
                () = output.closed() => return End::OutputClosed,
                () = tokio::time::sleep_until(until) => break,
            }
        }
        // No record comes any more, as at the end of the input.
        self.ledger.judge_rejected_streams();
        let written = self.write_due_states();
        self.streams.announce_end(&self.setting.field_mappings, self.input_ended);
        let name = |stream| self.ledger.stream_id(stream);
        self.report.log(self.setting.client.effort(), self.now(), self.ledger.open_records(), name);
        match written {
            Ok(()) => end,
            Err(closed) => closed,
        }
    }
}

/// What tests look at.
#[cfg(test)]
impl Sync {
    /// Each fate as it is told.
    pub(super) fn witness(&self) -> crate::report::counts::Witness {
        std::sync::Arc::clone(&self.report.witness)
    }

    /// What records and states take in memory.
    pub(super) fn bytes(&self) -> (usize, usize) {
        (self.batcher.bytes(), self.ledger.waiting_bytes())
    }
}

/// Said at once, since what is in flight may take its time.
fn say_interrupted() {
    warn!("interrupted: what is in flight is settled, nothing more is read");
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
