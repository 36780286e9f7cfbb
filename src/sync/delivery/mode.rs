//! What each mode does with an input: the one table that knows them. Pure. Not here: asking HubSpot, and booking a fate.

use super::{
    existence::{Existence, LastModified},
    found::Current,
    operation::Operation,
    pending::{PendingInput, UnusableProperties},
};
use crate::{
    config::{Mode, Policy},
    crm::same::is_same,
    mapping::{
        reason::{Code, Reason},
        target::Target,
    },
    sync::input::Part,
};

/// What is to be done with an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Send(Operation),
    /// Nothing is sent: HubSpot has all of it that may be written, or a policy holds it back. The effect of each record says which.
    Nothing,
    /// Nothing is sent: a rule says so.
    Skip(Code),
    Reject(Reason),
    /// What was sent before turns out to have been carried out.
    Confirmed(Operation),
}

/// What has to be known of HubSpot's record before it is decided about an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    Nothing,
    /// Whether it exists.
    Existence,
    /// Its number, and values of it.
    Record,
}

/// What has to be known of an input's record.
pub fn need(target: &Target, pending: &PendingInput, unusable: &UnusableProperties) -> Need {
    match target.mode {
        Mode::Archive | Mode::UpdateOnly => Need::Record,
        _ if pending.input.archives => Need::Record,
        // What is there may be what was sent before.
        Mode::CreateOnly if pending.unconfirmed.is_some() => Need::Record,
        Mode::CreateOnly => Need::Existence,
        Mode::Upsert if target.skips_unchanged || brings(target, pending, Policy::FillEmpty) => Need::Record,
        // Even where it brings nothing that is compared, it may be by another key of a record that is: their order hangs on it.
        Mode::Upsert
            if target.compares_values()
                || depends_on_look_up(target, pending, unusable)
                || pending.sends_nothing(target, unusable) =>
        {
            Need::Existence
        }
        Mode::Upsert => Need::Nothing,
    }
}

/// Whether an input brings a property that has this policy.
fn brings(target: &Target, pending: &PendingInput, policy: Policy) -> bool {
    pending.own_values().any(|one| target.policy_of(&one.property.name) == policy)
}

/// Whether a policy holds back values of an input where HubSpot has the record.
fn may_be_held_back(target: &Target, pending: &PendingInput) -> bool {
    target.compares_values()
        && (brings(target, pending, Policy::FillEmpty) || brings(target, pending, Policy::OnlyOnCreate))
}

/// Whether HubSpot's value of a property that an input brings has to be known.
pub fn needs_value(target: &Target, pending: &PendingInput, property: &str) -> bool {
    if pending.input.archives {
        return false;
    }
    let may_be_ours = target.mode == Mode::CreateOnly && pending.unconfirmed.is_some();
    let is_kept = target.policy_of(property) == Policy::FillEmpty;
    may_be_ours || target.skips_unchanged || is_kept
}

/// Whether HubSpot has to be asked first.
pub fn must_look_up(target: &Target, pending: &PendingInput, unusable: &UnusableProperties) -> bool {
    match need(target, pending, unusable) {
        Need::Nothing => false,
        Need::Existence => pending.existence == Existence::NotAsked,
        Need::Record => match pending.existence {
            Existence::NotAsked => true,
            Existence::Exists => pending.found.is_none(),
            Existence::Missing | Existence::Unclear => false,
        },
    }
}

/// Whether something depends on the look-up that cannot be set right later: what a new record gets, or whether the record is
/// written at all.
pub fn depends_on_look_up(target: &Target, pending: &PendingInput, unusable: &UnusableProperties) -> bool {
    target.mode != Mode::Upsert
        || pending.input.archives
        || pending.is_conditional()
        || may_be_held_back(target, pending)
        || pending.on_create(target, unusable).next().is_some()
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
    let unclear = || Action::Reject(Reason::of(Code::NotConfirmed));
    if pending.input.archives || target.mode == Mode::Archive {
        return match (pending.existence, &pending.found) {
            (Existence::Missing, _) if pending.unconfirmed.is_some() => Action::Confirmed(Operation::Archive),
            (Existence::Missing, _) => Action::Skip(Code::NotFound),
            // The one that was to be archived is, and somebody has created another one since.
            (Existence::Exists, Some(found))
                if pending.archived_id.is_some() && pending.archived_id != found.id =>
            {
                Action::Confirmed(Operation::Archive)
            }
            (Existence::Exists, Some(found)) if !found.by_own_key => Action::Skip(Code::OtherRecord),
            (Existence::Exists, Some(found)) if found.id.is_some() => Action::Send(Operation::Archive),
            (Existence::Exists | Existence::Unclear | Existence::NotAsked, _) => unclear(),
        };
    }
    match (target.mode, pending.existence) {
        (Mode::UpdateOnly, Existence::Missing) => Action::Skip(Code::NotFound),
        (Mode::UpdateOnly, Existence::Exists) if pending.sends_nothing(target, unusable) => Action::Nothing,
        (Mode::UpdateOnly, Existence::Exists)
            if pending.found.as_ref().is_some_and(|found| found.id.is_some()) =>
        {
            Action::Send(Operation::Update)
        }
        (Mode::CreateOnly, Existence::Missing) => Action::Send(Operation::Create),
        (Mode::CreateOnly, Existence::Exists) if is_as_sent(pending, unusable) => {
            Action::Confirmed(Operation::Create)
        }
        (Mode::CreateOnly, Existence::Exists) => Action::Skip(Code::Exists),
        (Mode::UpdateOnly, _) | (Mode::CreateOnly, Existence::Unclear | Existence::NotAsked) => unclear(),
        (Mode::Upsert | Mode::Archive, existence) => match existence {
            Existence::Unclear if pending.is_conditional() || may_be_held_back(target, pending) => unclear(),
            _ if !pending.sends_nothing(target, unusable) => Action::Send(Operation::Upsert),
            // A record that has nothing but its key is created.
            Existence::Missing | Existence::NotAsked => Action::Send(Operation::Upsert),
            Existence::Exists => Action::Nothing,
            Existence::Unclear => Action::Reject(nothing_left(pending)),
        },
    }
}

/// Whether HubSpot's record has all that was sent to create it, so that it is what was created.
fn is_as_sent(pending: &PendingInput, unusable: &UnusableProperties) -> bool {
    let Some(found) = pending.found.as_ref().filter(|_| pending.unconfirmed.is_some()) else { return false };
    let mut sent = pending.own_values().filter(|one| pending.may_send(&one.property.name, unusable));
    sent.all(|one| match found.current(&one.property.name) {
        Current::Value(has) => is_same(&one.property, &one.value, has),
        Current::Unclear => false,
    })
}

/// Why nothing of an input is left to write.
fn nothing_left(pending: &PendingInput) -> Reason {
    match pending.dropped.iter().min() {
        Some(refused) => Reason::of_property(Code::InvalidValue, refused),
        None => Reason::of(Code::NothingToWrite),
    }
}
