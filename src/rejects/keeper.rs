//! Keeps the rows of a sync in folders and in an object store, and says which states may go out. Only the books hand rows to it. Not
//! here: what a line says ([`super::line`]).
//!
//! A failure to keep a row is remembered: from then on no state goes out.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::{
    error::KeepError,
    folder::Folder,
    folders::Folders,
    gate::Gate,
    line::{self, Origin, ValuePlace},
    row::Row,
    store::{
        client::ObjectStore,
        error::StoreError,
        names::StreamOfObject,
        pending::{ObjectToPut, PendingObjects},
    },
};
use crate::{
    mapping::reason::Reason,
    protocol::message::StreamId,
    report::fate::{Fate, Ticket},
};

/// What the catalog says of a stream that lines and objects are to tell.
#[derive(Debug, Clone, Default)]
pub struct StreamFacts {
    /// The paths of its primary key.
    pub primary_key: Vec<Vec<String>>,
    /// The platform's number of the sync.
    pub sync_id: Option<i64>,
}

/// Keeps what is to be kept of a sync.
#[derive(Debug, Default)]
pub struct Keeper {
    /// When the run began.
    run: Timestamp,
    folders: Folders,
    streams: HashMap<StreamId, StreamFacts>,
    store: Option<StoreQueue>,
    gate: Gate,
    /// How many lines there were to keep.
    lines: u64,
    saves: Saves,
    failed: Option<KeepError>,
}

/// When the folders are saved: each time costs a write to the disk for every stream with new lines, so not for every state.
#[derive(Debug, Default)]
struct Saves {
    /// Between two of them.
    interval: Duration,
    last: Option<Duration>,
    /// So many lines there were at the last one.
    lines: u64,
}

impl Saves {
    /// When the next one is due if something waits for it.
    fn due(&self) -> Duration {
        self.last.map_or(Duration::ZERO, |last| last.saturating_add(self.interval))
    }
}

/// What is on its way to an object store.
#[derive(Debug)]
struct StoreQueue {
    store: Arc<ObjectStore>,
    pending: PendingObjects,
    /// By the place of a stream in the books.
    streams: HashMap<usize, StreamOfObject>,
    /// Objects under way, with the place of their stream.
    puts: JoinSet<(usize, Result<(), StoreError>)>,
}

impl Keeper {
    /// Folders are saved so often, as a part of the interval of objects.
    const SAVES_IN_INTERVAL: u32 = 4;

    /// `store` gets the rejected rows, beside the folders; `interval` is [`PendingObjects::INTERVAL`], scaled down in tests.
    pub fn new(
        folders: Folders,
        store: Option<ObjectStore>,
        interval: Duration,
        streams: HashMap<StreamId, StreamFacts>,
    ) -> Self {
        let queue = |store| StoreQueue {
            store: Arc::new(store),
            pending: PendingObjects::new(interval),
            streams: HashMap::new(),
            puts: JoinSet::new(),
        };
        let saves = Saves { interval: interval / Self::SAVES_IN_INTERVAL, ..Saves::default() };
        Self { run: Timestamp::now(), folders, streams, store: store.map(queue), saves, ..Self::default() }
    }

    /// Whether rows have to be at hand until they have their fates.
    pub fn needs_rows(&self) -> bool {
        self.store.is_some() || self.folders.are_any()
    }

    /// Whether the results have to name the record of the CRM that each row became.
    pub fn needs_record_ids(&self) -> bool {
        self.folders.results.is_some()
    }

    pub fn keeps_left_out(&self) -> bool {
        self.folders.left_out.is_some()
    }

    /// A row that was rejected, or sent again and skipped. `at` is the moment of the verdict, `now` the time since the sync began.
    pub fn not_written(
        &mut self,
        ticket: Ticket,
        stream: &StreamId,
        row: &Row,
        (reason, correlation_id): (&Reason, Option<&str>),
        at: Timestamp,
        now: Duration,
    ) {
        if self.folders.rejected.is_none() && self.store.is_none() {
            return;
        }
        let line = line::not_written(row, reason, correlation_id, self.origin(ticket), at);
        let sequence = self.keep(|folders| &mut folders.rejected, ticket, stream, &line);
        if let Some(queue) = &mut self.store {
            let facts = self.streams.get(stream);
            queue.streams.entry(ticket.stream()).or_insert_with(|| StreamOfObject {
                name: stream.name().to_owned(),
                namespace: stream.namespace().map(str::to_owned),
                sync_id: facts.and_then(|facts| facts.sync_id),
            });
            queue.pending.push(ticket.stream(), &line, sequence, now);
        }
    }

    /// `keys` and the places beside each reason: where in the row their values stand.
    pub fn left_out(
        &mut self,
        ticket: Ticket,
        stream: &StreamId,
        row: &Row,
        keys: &[ValuePlace<'_>],
        left_out: &[(&Reason, Vec<ValuePlace<'_>>)],
    ) {
        let line = line::left_out(row, stream, keys, left_out, self.origin(ticket), Timestamp::now());
        if let Some(line) = line {
            self.keep(|folders| &mut folders.left_out, ticket, stream, &line);
        }
    }

    pub fn result(
        &mut self,
        ticket: Ticket,
        stream: &StreamId,
        row: Option<&Row>,
        fate: &Fate,
        record_id: Option<&str>,
    ) {
        if self.folders.results.is_some() {
            let primary_key = self.streams.get(stream).map_or(&[][..], |facts| &facts.primary_key);
            let line = line::result(row, stream, primary_key, self.origin(ticket), fate, record_id);
            self.keep(|folders| &mut folders.results, ticket, stream, &line);
        }
    }

    fn origin(&self, ticket: Ticket) -> Origin {
        Origin { run: self.run, number: ticket.number }
    }

    /// Adds a line to a folder, if there is one, and gives the number of the line. After a failure nothing is added any more.
    fn keep(
        &mut self,
        folder: impl FnOnce(&mut Folders) -> &mut Option<Folder>,
        ticket: Ticket,
        stream: &StreamId,
        line: &str,
    ) -> u64 {
        // Of left-out values and results too, which never go to the store.
        self.lines += 1;
        if let (Some(folder), None) = (folder(&mut self.folders), &self.failed) {
            self.failed = folder.add(ticket.stream(), &stream.to_string(), line).err();
        }
        self.lines
    }

    /// A state is due. It goes out once every row before it is kept.
    pub fn hold(&mut self, state: String) {
        self.gate.push(self.lines, state);
    }

    /// The states that may go out now, in their order.
    ///
    /// # Errors
    ///
    /// If a row could not be kept.
    pub fn release(&mut self, now: Duration) -> Result<Vec<String>, KeepError> {
        if self.gate.is_empty() && self.failed.is_none() {
            return Ok(Vec::new());
        }
        if !self.folders.are_any() {
            self.saves.lines = self.lines;
        } else if self.saves.lines < self.lines && self.saves.due() <= now {
            self.save_folders(now)?;
        }
        self.failed.clone().map_or(Ok(()), Err)?;
        let waiting = self.store.as_ref().map(|queue| &queue.pending);
        let in_store = waiting.filter(|pending| !pending.is_empty()).map(PendingObjects::kept_through);
        let kept = in_store.unwrap_or(self.lines).min(self.saves.lines);
        Ok(std::iter::from_fn(|| self.gate.next(kept)).collect())
    }

    /// Puts the objects that are due into the store.
    pub fn put_due(&mut self, now: Duration) {
        let Some(StoreQueue { store, pending, streams, puts }) = &mut self.store else { return };
        for object in pending.take_due(now) {
            let ObjectToPut { stream, .. } = object;
            // Rows are only handed over with their stream.
            let Some(of_object) = streams.get(&stream).cloned() else {
                self.failed.get_or_insert(KeepError::Defect);
                continue;
            };
            let store = Arc::clone(store);
            puts.spawn(async move { (stream, store.put(&of_object, object).await) });
        }
    }

    /// When [`put_due`](Self::put_due) or [`release`](Self::release) has something to do again.
    pub fn deadline(&self) -> Option<Duration> {
        let of_store = self.store.as_ref().and_then(|queue| queue.pending.deadline());
        let waits_for_folders =
            self.folders.are_any() && !self.gate.is_empty() && self.saves.lines < self.lines;
        let of_folders = waits_for_folders.then(|| self.saves.due());
        [of_store, of_folders].into_iter().flatten().min()
    }

    /// Whether objects are on their way to the store.
    pub fn is_putting(&self) -> bool {
        self.store.as_ref().is_some_and(|queue| !queue.puts.is_empty())
    }

    /// Waits for the end of the next PUT, and notes whether its rows are kept. Cancel-safe.
    pub async fn put_ended(&mut self) {
        let Some(queue) = &mut self.store else { return };
        match queue.puts.join_next().await {
            Some(Ok((stream, Ok(())))) => queue.pending.landed(stream),
            Some(Ok((_, Err(error)))) => drop(self.failed.get_or_insert_with(|| error.into())),
            // The hook has told of the panic. The object has not landed, so no state goes out.
            Some(Err(_)) => drop(self.failed.get_or_insert(KeepError::Defect)),
            None => {}
        }
    }

    /// Whether rows wait for the store.
    pub fn is_waiting(&self) -> bool {
        self.failed.is_none() && self.store.as_ref().is_some_and(|queue| !queue.pending.is_empty())
    }

    /// Whether so much waits for the store that no more rows should come.
    pub fn is_full(&self) -> bool {
        self.store.as_ref().is_some_and(|queue| queue.pending.is_full())
    }

    /// No further row comes: all that waits goes to the store, and the files are on the disk.
    ///
    /// # Errors
    ///
    /// If a row could not be kept.
    pub fn finish(&mut self, now: Duration) -> Result<(), KeepError> {
        if let Some(queue) = &mut self.store {
            queue.pending.finish();
        }
        self.put_due(now);
        self.save_folders(now)
    }

    fn save_folders(&mut self, now: Duration) -> Result<(), KeepError> {
        if self.failed.is_none() {
            self.failed = self.folders.save().err();
        }
        self.failed.clone().map_or(Ok(()), Err)?;
        (self.saves.last, self.saves.lines) = (Some(now), self.lines);
        Ok(())
    }

    /// How many bytes of rows are not known to be in the store.
    pub fn bytes_not_kept(&self) -> usize {
        self.store.as_ref().map_or(0, |queue| queue.pending.bytes())
    }

    /// What rows and states that wait take in memory, about.
    pub fn bytes(&self) -> usize {
        self.gate.bytes() + self.store.as_ref().map_or(0, |queue| queue.pending.bytes())
    }
}

#[cfg(test)]
mod tests;
