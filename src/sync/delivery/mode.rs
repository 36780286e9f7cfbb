//! What each mode does with an input: the one table that knows them. Pure. Not here: asking HubSpot, and booking a fate.

use super::{
    existence::{Existence, LastModified},
    pending::{PendingInput, UnusableProperties},
};
use crate::{
    mapping::{
        reason::{Code, Reason},
        target::{Target, WriteMode},
    },
    sync::input::Part,
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

/// Whether something depends on the look-up that cannot be set right later: what a new record gets, or whether the record is
/// written at all.
pub fn depends_on_look_up(target: &Target, pending: &PendingInput, unusable: &UnusableProperties) -> bool {
    pending.is_conditional() || pending.on_create(target, unusable).next().is_some()
}

/// Whether a record of an input, which was rejected before and is sent again, is older than what HubSpot has. What HubSpot does
/// not say is taken for newer, and so is a change in the same millisecond.
pub fn is_older(existence: Existence, last_modified: LastModified, part: &Part) -> bool {
    let Some(since) = part.unless_changed_since.filter(|_| existence == Existence::Exists) else {
        return false;
    };
    match last_modified {
        LastModified::At(changed) => changed >= since,
        LastModified::Unclear => true,
        LastModified::NotAsked => false,
    }
}

/// What to do with an input, by what is known of its record.
pub fn decide(target: &Target, pending: &PendingInput, unusable: &UnusableProperties) -> Action {
    match target.mode {
        WriteMode::Upsert if pending.existence == Existence::Unclear && pending.is_conditional() => {
            Action::Reject(Reason::of(Code::NotConfirmed))
        }
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
