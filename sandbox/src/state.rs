//! What the sandbox knows, and what one request brings: the two things every endpoint works on.

use tokio::time::Instant;

use crate::{
    budget::Budget,
    failure::Failure,
    inject::{Effect, Engine},
    properties::{Catalogue, View},
    route::Version,
    settings::Settings,
    store::{Store, WriteRules},
    tokens::{Grant, SENSITIVE_WRITE},
};

/// Everything that changes while the sandbox runs. One lock guards it all, and no request holds it across an await.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) catalogue: Catalogue,
    pub(crate) budget: Budget,
    pub(crate) engine: Engine,
    pub(crate) random: fastrand::Rng,
}

/// One request that passed authentication.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) version: Version,
    pub(crate) grant: &'a Grant,
    pub(crate) query: &'a str,
    /// Name of a property in the path.
    pub(crate) name: Option<&'a str>,
    pub(crate) body: &'a [u8],
    /// Number in the record of requests.
    pub(crate) number: u64,
    pub(crate) now: Instant,
    /// What a fault changes about carrying it out.
    pub(crate) effect: Effect,
}

impl State {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            random: fastrand::Rng::with_seed(settings.seed),
            settings,
            store: Store::new(),
            catalogue: Catalogue::of_fresh_portal(),
            budget: Budget::default(),
            engine: Engine::default(),
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

    /// Fails unless the token carries one of these scopes.
    pub(crate) fn require(&self, call: &Call<'_>, scopes: &[&str]) -> Result<(), Failure> {
        call.grant.require_any(scopes, self.settings.scope_error)
    }

    /// What the store needs to know about the account.
    pub(crate) fn with_rules<T>(&mut self, action: impl FnOnce(&mut Store, WriteRules<'_>) -> T) -> T {
        let stages = self.catalogue.lifecycle_stages();
        let unique: Vec<&str> = self
            .catalogue
            .iter()
            .filter(|definition| definition.unique && !definition.hubspot_defined)
            .map(|definition| definition.name.as_str())
            .collect();
        let default_stage = self.settings.default_lifecycle_stage.as_deref();
        action(&mut self.store, WriteRules { stages: &stages, default_stage, unique: &unique })
    }
}

impl Call<'_> {
    /// How properties look to this request. `missing` is the settings' list with the fault's added.
    pub(crate) fn view<'a>(&self, missing: &'a [String]) -> View<'a> {
        View { now: self.now, request: self.number, missing, sensitive: self.grant.has(SENSITIVE_WRITE) }
    }

    /// Names treated as though they did not exist.
    pub(crate) fn missing(&self, settings: &Settings) -> Vec<String> {
        settings.missing_properties.iter().chain(&self.effect.missing).cloned().collect()
    }
}
