//! The record of requests, and waiting until certain ones were seen.
//!
//! Requests to the control routes are not recorded.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

/// One request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestRecord {
    /// Counted from 1, over all connections, by arrival.
    pub number: u64,
    /// `POST`, …
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Milliseconds between the start of the sandbox and the arrival of the request's head.
    pub at_ms: u64,
    /// Status of the answer; `None` while it is under way, and for good if the connection was cut before the answer or
    /// the client left. An answer cut half way had sent its status.
    pub status: Option<u16>,
    /// Whether the sandbox is done with it.
    pub finished: bool,
    /// Milliseconds between the start of the sandbox and that moment.
    pub finished_at_ms: Option<u64>,
    /// Number of inputs in the body.
    pub input_count: usize,
    /// Ids of the inputs, as sent.
    pub keys: Vec<String>,
    /// Names of the faults that struck it, if any, joined by `+`.
    pub fault: Option<String>,
    /// The body, if it was kept (see [`Settings::recorded_bodies`](crate::Settings::recorded_bodies)).
    #[serde(skip)]
    pub body: Option<Bytes>,
}

impl RequestRecord {
    /// The body as JSON.
    pub fn json(&self) -> Option<Value> {
        self.body.as_ref().and_then(|body| serde_json::from_slice(body).ok())
    }
}

/// The record.
#[derive(Debug)]
pub(crate) struct Journal {
    started: Instant,
    records: Mutex<Vec<RequestRecord>>,
    changed: Condvar,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), records: Mutex::new(Vec::new()), changed: Condvar::new() }
    }

    /// Enters a request, giving its number.
    pub(crate) fn arrive(&self, method: &str, path: &str) -> u64 {
        let mut records = self.lock();
        let number = records.len() as u64 + 1;
        records.push(RequestRecord {
            number,
            method: method.to_owned(),
            path: path.to_owned(),
            at_ms: self.now_ms(),
            status: None,
            finished: false,
            finished_at_ms: None,
            input_count: 0,
            keys: Vec::new(),
            fault: None,
            body: None,
        });
        self.changed.notify_all();
        number
    }

    /// Changes the record of a request.
    pub(crate) fn amend(&self, number: u64, change: impl FnOnce(&mut RequestRecord)) {
        let mut records = self.lock();
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        if let Some(record) = index.and_then(|index| records.get_mut(index)) {
            change(record);
        }
        self.changed.notify_all();
    }

    /// Marks a request as done with; the first call counts.
    pub(crate) fn finish(&self, number: u64, status: Option<u16>) {
        let now = self.now_ms();
        self.amend(number, |record| {
            if !record.finished {
                record.status = status;
                record.finished = true;
                record.finished_at_ms = Some(now);
            }
        });
    }

    /// A copy of all.
    pub(crate) fn all(&self) -> Vec<RequestRecord> {
        self.lock().clone()
    }

    /// Waits until so many records fulfil the condition; false if the time ran out.
    pub(crate) fn wait(
        &self,
        count: usize,
        limit: Duration,
        wanted: impl Fn(&RequestRecord) -> bool,
    ) -> bool {
        let lacking =
            |records: &mut Vec<RequestRecord>| records.iter().filter(|record| wanted(record)).count() < count;
        let guard = self.lock();
        match self.changed.wait_timeout_while(guard, limit, lacking) {
            Ok((_, outcome)) => !outcome.timed_out(),
            Err(poisoned) => !poisoned.into_inner().1.timed_out(),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<RequestRecord>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
