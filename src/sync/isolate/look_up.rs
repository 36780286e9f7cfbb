//! Looking contacts up before they are written: which ones, and what the answer says. Pure.

use super::{Isolation, MOST_UNACCOUNTED};
use crate::{
    hubspot::model::{BatchAnswer, LIFECYCLE_STAGE, MAX_BATCH_INPUTS},
    mapping::{
        email::Key,
        reason::{Code, Reason},
    },
    sync::{
        lifecycle::{Existence, existence},
        slot::Slot,
    },
};

impl Isolation {
    /// The look-up was not permitted: whether the contacts exist stays open.
    pub fn look_up_denied(&mut self) {
        self.looked_up(None);
    }

    /// Whether the sync cannot go on without looking contacts up.
    pub fn needs_look_ups(&self) -> bool {
        self.rules.stage.is_some()
    }

    pub(super) fn staged(&self, slot: &Slot) -> bool {
        let stage = self.rules.stage.as_ref().filter(|_| !self.refused.contains_key(LIFECYCLE_STAGE));
        stage.is_some_and(|stage| stage.applies_to(&slot.input))
    }

    pub(super) fn must_look_up(&self, index: usize) -> bool {
        self.open(index).is_some_and(|slot| {
            slot.existence == Existence::NotAsked && (self.staged(slot) || self.properties(slot).is_empty())
        })
    }

    pub(super) fn looked_up(&mut self, answer: Option<BatchAnswer>) {
        let keys: Vec<Key> =
            self.current.iter().filter_map(|&index| Some(self.slots.get(index)?.input.key.clone())).collect();
        let answered = answer.is_some();
        self.look_ups = MAX_BATCH_INPUTS.min(self.look_ups * if answered { 2 } else { 1 });
        let found = existence(&keys, &answer.unwrap_or_default());
        // No answer is not a no: the group, which is still to come, looks them up again.
        if answered && found.iter().all(|one| *one == Existence::Unclear) {
            self.silent += 1;
            if self.silent < MOST_UNACCOUNTED {
                return self.current.clear();
            }
        }
        self.silent = 0;
        for (index, existence) in std::mem::take(&mut self.current).into_iter().zip(found) {
            let staged = self.slots.get(index).is_some_and(|slot| self.staged(slot));
            let Some(slot) = self.slots.get_mut(index) else { continue };
            slot.existence = existence;
            self.outcome.notes.stage_unclear += u64::from(staged && existence == Existence::Unclear);
        }
    }

    /// Inputs that have nothing to send get their fate here, unless their contact is new.
    pub(super) fn settle_without_writing(&mut self) {
        for index in std::mem::take(&mut self.current) {
            let Some(slot) = self.slots.get(index) else { continue };
            match (self.properties(slot).is_empty(), slot.existence) {
                (true, Existence::Known) => self.written(index, false),
                (true, Existence::Unclear) => self.reject(index, Reason::of(Code::NothingToWrite), None),
                (true, Existence::New | Existence::NotAsked) | (false, _) => self.current.push(index),
            }
        }
    }
}
