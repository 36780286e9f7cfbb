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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Each step adds lines and a state, or says through which line all is kept.
        #[test]
        fn states_keep_their_order_and_none_goes_before_its_lines(
            steps in prop::collection::vec((0..4_u64, any::<bool>(), 0..10_u64), 0..40),
        ) {
            let (mut gate, mut lines, mut kept) = (Gate::default(), 0, 0);
            let (mut held, mut gone) = (Vec::new(), Vec::new());
            for (more, has_state, progress) in steps {
                lines += more;
                if has_state {
                    gate.push(lines, held.len().to_string());
                    held.push(lines);
                }
                kept = lines.min(kept + progress);
                gone.extend(std::iter::from_fn(|| gate.next(kept)));
                let due = held.iter().take_while(|line| **line <= kept).count();
                prop_assert_eq!(&gone, &(0..due).map(|state| state.to_string()).collect::<Vec<_>>());
                prop_assert_eq!(gate.is_empty(), due == held.len());
                prop_assert_eq!(gate.bytes(), (due..held.len()).map(|state| state.to_string().len()).sum::<usize>());
            }
        }
    }
}
