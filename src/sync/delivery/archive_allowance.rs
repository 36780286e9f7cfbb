//! How many records a sync may still archive. Pure. Not here: which ones it archives.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How many records a sync may still archive, shared by all of its batches.
#[derive(Debug, Clone, Default)]
pub struct ArchiveAllowance {
    left: Arc<AtomicU64>,
    most: u64,
}

impl ArchiveAllowance {
    pub fn new(most: u64) -> Self {
        Self { left: Arc::new(AtomicU64::new(most)), most }
    }

    /// How many there were at first.
    pub fn most(&self) -> u64 {
        self.most
    }

    /// What was taken was not archived.
    pub(super) fn give_back(&self) {
        self.left.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes one. `false`: none is left.
    pub(super) fn take(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}
