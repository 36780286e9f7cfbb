//! What connections, the control routes and the handle share: the state under its lock, and the record of requests.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::journal::Journal;
use crate::account::state::State;

/// Shared by everything that runs.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) journal: Journal,
}

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        Self { state: Mutex::new(state), journal: Journal::new() }
    }

    /// Goes back to the start. No request sees a fresh account with the old record, or the other way round.
    pub(crate) fn reset(&self) {
        let mut state = self.lock();
        state.reset();
        self.journal.clear();
    }

    /// The state, also after a panic of another thread: a test that failed must not hide why.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
