//! Everything that changes while the sandbox runs.
//!
//! What one request brings is in `api::call`.

use std::collections::BTreeMap;

use super::{
    budget::Budget,
    catalogue::Catalogue,
    contact::Seed,
    store::{Store, WriteRules},
};
use crate::{faults::engine::Engine, settings::Settings};

/// The account and what happened to it. One lock guards it all, and no request holds it across an await.
#[derive(Debug)]
pub(crate) struct State {
    /// The settings that it started with.
    initial: Settings,
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) catalogue: Catalogue,
    pub(crate) budget: Budget,
    pub(crate) engine: Engine,
    pub(crate) random: fastrand::Rng,
}

impl State {
    pub(crate) fn new(settings: Settings) -> Self {
        let mut state = Self {
            random: fastrand::Rng::with_seed(settings.seed),
            initial: settings.clone(),
            settings,
            store: Store::new(),
            catalogue: Catalogue::of_fresh_portal(),
            budget: Budget::default(),
            engine: Engine::default(),
        };
        state.seed_numbered(state.settings.seed_contacts);
        state
    }

    /// Everything as it was at the start: settings, contacts, properties, what was spent, counts of the faults, chance.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.initial.clone());
    }

    /// Puts in made-up contacts, numbered from 1.
    pub(crate) fn seed_numbered(&mut self, count: usize) {
        for number in 1..=count {
            self.with_rules(|store, rules| store.seed(Seed::numbered(number), rules));
        }
    }

    /// Changes the settings. Counts of the faults start anew if the faults were changed, and chance if the seed was.
    pub(crate) fn update(&mut self, change: impl FnOnce(&mut Settings)) {
        let before = self.settings.clone();
        change(&mut self.settings);
        if self.settings.faults != before.faults {
            self.engine = Engine::default();
        }
        if self.settings.seed != before.seed {
            self.random.seed(self.settings.seed);
        }
    }

    /// Changes the contact of an address as a person would. Returns whether there is one.
    pub(crate) fn edit(&mut self, email: &str, properties: &BTreeMap<String, String>) -> bool {
        let Some(id) = self.store.by_address(email) else { return false };
        self.with_rules(|store, rules| store.edit(id, properties, rules));
        true
    }

    /// Moves the contact of an address to the recycle bin. Returns whether there is one.
    pub(crate) fn archive(&mut self, email: &str) -> bool {
        let id = self.store.by_address(email);
        if let Some(id) = id {
            self.store.archive(id);
        }
        id.is_some()
    }

    /// Merges the contact of one address into that of another. Returns whether there are two.
    pub(crate) fn merge(&mut self, primary: &str, other: &str) -> bool {
        match (self.store.by_address(primary), self.store.by_address(other)) {
            (Some(primary), Some(other)) if primary != other => {
                self.with_rules(|store, rules| store.merge(primary, other, rules));
                true
            }
            _ => false,
        }
    }

    /// A correlation id: a random UUID.
    pub(crate) fn correlation_id(&mut self) -> String {
        let random = &mut self.random;
        format!(
            "{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}",
            random.u32(..),
            random.u16(..),
            random.u16(..0x1000),
            random.u8(8..12),
            random.u16(..0x1000),
            random.u64(..1 << 48),
        )
    }

    /// What the store needs to know about the account.
    pub(crate) fn with_rules<T>(&mut self, action: impl FnOnce(&mut Store, WriteRules<'_>) -> T) -> T {
        let stages = self.catalogue.lifecycle_stages();
        let unique: Vec<&str> =
            self.catalogue.custom_unique().map(|definition| definition.name.as_str()).collect();
        let same_values_move_date = self.settings.same_values_move_date;
        let default_stage = self.settings.default_lifecycle_stage.as_deref();
        let rules = WriteRules { stages: &stages, default_stage, unique: &unique, same_values_move_date };
        action(&mut self.store, rules)
    }
}
