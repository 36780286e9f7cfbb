//! What each mode does with an input: the one table that knows them. Pure. Not here: asking HubSpot, and booking a fate.

use super::{
    existence::Existence,
    pending::{PendingInput, UnusableProperties},
};
use crate::mapping::{
    reason::{Code, Reason},
    target::{Target, WriteMode},
};

/// What is to be done with an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Send,
    /// Nothing is sent: HubSpot has all of it.
    Unchanged,
    Reject(Reason),
}

/// Whether HubSpot has to be asked first if it has the record.
pub fn must_look_up(target: &Target, pending: &PendingInput, unusable: &UnusableProperties) -> bool {
    match target.mode {
        WriteMode::Upsert => {
            pending.existence == Existence::NotAsked
                && (depends_on_look_up(target, pending, unusable) || pending.sends_nothing(target, unusable))
        }
    }
}

/// Whether a value that only the creating request can set depends on the look-up: what a new record gets.
pub fn depends_on_look_up(target: &Target, pending: &PendingInput, unusable: &UnusableProperties) -> bool {
    pending.on_create(target, unusable).next().is_some()
}

/// What to do with an input, by what is known of its record.
pub fn decide(target: &Target, pending: &PendingInput, unusable: &UnusableProperties) -> Action {
    match target.mode {
        WriteMode::Upsert if !pending.sends_nothing(target, unusable) => Action::Send,
        WriteMode::Upsert => match pending.existence {
            // A record that has nothing but its key is created.
            Existence::Missing | Existence::NotAsked => Action::Send,
            Existence::Exists => Action::Unchanged,
            Existence::Unclear => Action::Reject(nothing_left(pending)),
        },
    }
}

/// Why nothing of an input is left to write.
fn nothing_left(pending: &PendingInput) -> Reason {
    match pending.dropped.iter().min() {
        Some(refused) => Reason::of_property(Code::InvalidValue, refused),
        None => Reason::of(Code::NothingToWrite),
    }
}
