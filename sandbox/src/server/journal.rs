//! The record of the newest requests, and waiting until certain ones were seen.
//!
//! Requests to the control routes are not recorded.

use std::{
    collections::VecDeque,
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
    /// Counted from 1, over all connections, by arrival; from 1 again after a reset.
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
    /// How many requests the record keeps; older ones are dropped, and counted.
    pub const KEPT: usize = 10_000;

    /// The body as JSON.
    pub fn json(&self) -> Option<Value> {
        self.body.as_ref().and_then(|body| serde_json::from_slice(body).ok())
    }
}

/// The record.
#[derive(Debug)]
pub(crate) struct Journal {
    started: Instant,
    pages: Mutex<Pages>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Pages {
    /// How often the record was cleared.
    edition: u64,
    /// Requests dropped so far in this edition; the first record kept has the next number.
    dropped: u64,
    kept: VecDeque<RequestRecord>,
}

/// Names a request in the record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    edition: u64,
    pub(crate) number: u64,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), pages: Mutex::default(), changed: Condvar::new() }
    }

    /// Enters a request, in place of the oldest one if the record is full.
    pub(crate) fn arrive(&self, method: &str, path: &str) -> Entry {
        let mut pages = self.lock();
        if pages.kept.len() == RequestRecord::KEPT {
            pages.kept.pop_front();
            pages.dropped += 1;
        }
        let number = pages.dropped + pages.kept.len() as u64 + 1;
        pages.kept.push_back(RequestRecord {
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
        Entry { edition: pages.edition, number }
    }

    /// Changes the record of a request, if it is still kept.
    pub(crate) fn amend(&self, entry: Entry, change: impl FnOnce(&mut RequestRecord)) {
        let mut pages = self.lock();
        if pages.edition != entry.edition {
            return;
        }
        let place = entry.number.checked_sub(pages.dropped + 1).and_then(|place| usize::try_from(place).ok());
        if let Some(record) = place.and_then(|place| pages.kept.get_mut(place)) {
            change(record);
        }
        self.changed.notify_all();
    }

    /// Marks a request as done with; the first call counts.
    pub(crate) fn finish(&self, entry: Entry, status: Option<u16>) {
        let now = self.now_ms();
        self.amend(entry, |record| {
            if !record.finished {
                record.status = status;
                record.finished = true;
                record.finished_at_ms = Some(now);
            }
        });
    }

    /// A copy of all that are kept, and how many older ones are not.
    pub(crate) fn all(&self) -> (Vec<RequestRecord>, u64) {
        let pages = self.lock();
        (pages.kept.iter().cloned().collect(), pages.dropped)
    }

    /// Forgets everything; numbers start from 1 again. What is under way is not recorded any more.
    pub(crate) fn clear(&self) {
        let mut pages = self.lock();
        *pages = Pages { edition: pages.edition + 1, ..Pages::default() };
        self.changed.notify_all();
    }

    /// Waits until so many records that are kept fulfil the condition; false if the time ran out.
    pub(crate) fn wait(
        &self,
        count: usize,
        limit: Duration,
        wanted: impl Fn(&RequestRecord) -> bool,
    ) -> bool {
        let lacking = |pages: &mut Pages| pages.kept.iter().filter(|record| wanted(record)).count() < count;
        let guard = self.lock();
        match self.changed.wait_timeout_while(guard, limit, lacking) {
            Ok((_, outcome)) => !outcome.timed_out(),
            Err(poisoned) => !poisoned.into_inner().1.timed_out(),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(journal: &Journal) -> (u64, u64, usize, u64) {
        let (records, dropped) = journal.all();
        (records[0].number, records[records.len() - 1].number, records.len(), dropped)
    }

    #[test]
    fn only_the_newest_requests_are_kept_and_the_others_counted() {
        let journal = Journal::new();
        let first = journal.arrive("GET", "/first");
        let mut second = first;
        for _ in 2..=RequestRecord::KEPT {
            let entry = journal.arrive("GET", "/");
            second = if entry.number == 2 { entry } else { second };
        }
        let kept = RequestRecord::KEPT as u64;
        assert_eq!(numbers(&journal), (1, kept, RequestRecord::KEPT, 0));
        journal.arrive("GET", "/newest");
        assert_eq!(numbers(&journal), (2, kept + 1, RequestRecord::KEPT, 1));
        // One that is dropped is amended no more; the others still by their numbers.
        journal.finish(first, Some(200));
        journal.finish(second, Some(201));
        let (records, _) = journal.all();
        let finished: Vec<_> = records.iter().filter(|record| record.finished).collect();
        assert_eq!((finished.len(), finished[0].number, finished[0].status), (1, 2, Some(201)));
    }

    #[test]
    fn a_request_under_way_at_a_reset_does_not_amend_another_one() {
        let journal = Journal::new();
        let before = journal.arrive("GET", "/before");
        journal.clear();
        let after = journal.arrive("GET", "/after");
        assert_eq!(before.number, after.number);
        journal.finish(before, Some(500));
        let (records, dropped) = journal.all();
        assert_eq!(
            (records.len(), records[0].path.as_str(), records[0].finished, dropped),
            (1, "/after", false, 0)
        );
    }
}
