//! What a fault changes about carrying a request out, and what it does to the contacts right after.
//!
//! Faults that put another answer in place of the real one are in `replacement`.

use super::refusal::conflict;
use crate::{
    account::{contact::Seed, state::State},
    failure::Failure,
    faults::{
        engine::contains_key,
        rule::{Fault, What},
    },
    settings::Language,
};

/// Changes contacts as a fault of this kind says: what somebody else does right after a request.
pub(crate) fn change_contacts(state: &mut State, fault: &Fault) {
    let What::Change { email, properties, archive } = &fault.what else { return };
    if state.store.by_address(email).is_none() {
        state.with_rules(|store, rules| store.seed(Seed::new(email), rules));
    }
    if !properties.is_empty() {
        state.edit(email, properties);
    }
    if *archive {
        state.archive(email);
    }
}

/// What a fault changes about carrying out a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effect {
    pub(crate) item: Option<ItemFault>,
    pub(crate) missing: Vec<String>,
    pub(crate) lifecycle_ignored: bool,
    pub(crate) language: Option<Language>,
}

/// A fault of a single input.
#[derive(Clone, Debug)]
pub(crate) struct ItemFault {
    emails: Vec<String>,
    pub(crate) after_write: bool,
    pub(crate) kind: ItemFaultKind,
}

/// What happens to the input.
#[derive(Clone, Debug)]
pub(crate) enum ItemFaultKind {
    Unaccounted,
    ErrorWithoutTraceId,
    Refused { failure: Failure, whole_batch: bool },
}

impl ItemFault {
    /// Whether it strikes the input with this id.
    pub(crate) fn strikes(&self, id: &str) -> bool {
        self.emails.is_empty() || contains_key(&self.emails, id)
    }
}

impl Effect {
    /// The effect of a rule on carrying out the request; most change only the answer and have none.
    pub(crate) fn of(fault: &Fault) -> Self {
        let mut effect = Self::default();
        let refused = |failure: Failure, whole_batch: bool| ItemFaultKind::Refused { failure, whole_batch };
        let kind = match &fault.what {
            What::MissingProperties { names } => {
                effect.missing.clone_from(names);
                None
            }
            What::LifecycleIgnored => {
                effect.lifecycle_ignored = true;
                None
            }
            What::Localised => {
                effect.language = Some(Language::Portuguese);
                None
            }
            What::Unaccounted => Some(ItemFaultKind::Unaccounted),
            What::ErrorWithoutTraceId => Some(ItemFaultKind::ErrorWithoutTraceId),
            What::Conflict { existing_id, whole_batch } => {
                // The id of a contact that a recording names.
                let existing = existing_id.then_some(171_591_000_198);
                Some(refused(conflict(existing), *whole_batch))
            }
            What::AlreadyExists { whole_batch } => {
                let failure = Failure::new(409, "OBJECT_ALREADY_EXISTS", "Contact already exists");
                Some(refused(failure, *whole_batch))
            }
            What::Category { category, whole_batch } => Some(refused(
                Failure::new(400, category, "There was a problem with the request."),
                *whole_batch,
            )),
            _ => None,
        };
        effect.item = kind.map(|kind| ItemFault {
            emails: fault.when.emails.clone(),
            after_write: fault.after_write,
            kind,
        });
        effect
    }
}
