//! How an answer travels, as data: whole, in pieces, padded, cut, not at all, or as endless filler.
//!
//! What it says is decided in `api`; the bytes are sent by `server::travelling`.

use std::time::Duration;

use super::rule::{Fault, What};

/// How an answer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// As it should.
    Whole,
    /// The connection is closed without an answer.
    Nothing,
    /// The connection is closed half way through the body.
    Half,
    /// In pieces with a pause before each.
    Slow { chunks: usize, pause: Duration },
    /// With a text of so many bytes in its first result.
    Padded { bytes: usize },
    /// A body of so many bytes of filler.
    Filler { bytes: u64 },
}

impl Delivery {
    /// How a fault makes it travel.
    pub(crate) fn of(fault: &Fault) -> Self {
        match fault.what {
            What::LoseAnswer | What::CloseUnread => Self::Nothing,
            What::CutBody => Self::Half,
            What::SlowBody { chunks, pause_ms } => {
                Self::Slow { chunks: chunks.max(1), pause: Duration::from_millis(pause_ms) }
            }
            What::Padded { bytes } => Self::Padded { bytes },
            What::Oversized { bytes } => Self::Filler { bytes },
            _ => Self::Whole,
        }
    }
}
