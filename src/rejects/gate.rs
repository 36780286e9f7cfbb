//! Holds states back until the rows before them are kept. Pure.
//!
//! Every line to keep has a number, in the order in which lines come. A state that is due waits until all lines that came before
//! it are kept: those of other streams too, which costs it a moment and keeps the order of states.

use std::collections::VecDeque;

/// The states that are due and wait, with the number of the last line before each.
#[derive(Debug, Default)]
pub struct Gate {
    waiting: VecDeque<(u64, String)>,
    bytes: usize,
}

impl Gate {
    /// A state is due after this line.
    pub fn push(&mut self, line: u64, state: String) {
        self.bytes += state.len();
        self.waiting.push_back((line, state));
    }

    /// The next state that may go out when all lines up to this one are kept.
    pub fn next(&mut self, kept_through: u64) -> Option<String> {
        let (_, state) = self.waiting.pop_front_if(|(line, _)| *line <= kept_through)?;
        self.bytes -= state.len();
        Some(state)
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What the states take in memory, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}
