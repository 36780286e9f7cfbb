//! What each stream writes to, by its settings: streams of which the same holds share one target. Pure.
//!
//! Not here: finding the account's properties and lifecycle stages ([`crate::prepare`]).

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    target::{OnCreate, Target, ValuePolicy},
    value::Formats,
};
use crate::{
    config::{Config, Mode, Policies, StreamSettings},
    crm::{key::KeySpace, schema::Schema},
    protocol::catalog::{ConfiguredStream, DestinationMode},
};

/// The targets of the streams of a sync.
#[derive(Debug)]
pub struct Targets {
    key_space: Arc<KeySpace>,
    schema: Arc<Schema>,
    created: HashSet<Arc<str>>,
    /// What new records get, by the lifecycle stage as the settings name it.
    on_create: HashMap<String, OnCreate>,
    config: Arc<Config>,
    made: HashMap<(StreamSettings, Policies), Arc<Target>>,
}

impl Targets {
    /// `on_create` has each lifecycle stage that the settings name.
    pub fn new(
        key_space: Arc<KeySpace>,
        schema: Schema,
        on_create: HashMap<String, OnCreate>,
        config: Arc<Config>,
    ) -> Self {
        let schema = Arc::new(schema);
        Self { key_space, schema, created: HashSet::new(), on_create, config, made: HashMap::new() }
    }

    /// One target for all streams.
    #[cfg(test)]
    pub(crate) fn of_one(target: Arc<Target>) -> Self {
        let config = Config::parse(br#"{"access_token": "pat-test"}"#).expect("it has a token").config;
        let (key_space, schema) = (Arc::clone(&target.key_space), Schema::clone(&target.schema));
        let key = (config.settings_of("", None), config.policies_of("", None));
        let mut targets = Self::new(key_space, schema, HashMap::new(), Arc::new(config));
        targets.made.insert(key, target);
        targets
    }

    /// The same for an account that has further properties now, some of which were created a moment ago.
    #[must_use]
    pub fn with_created(self, schema: Schema, created: HashSet<Arc<str>>) -> Self {
        Self { schema: Arc::new(schema), created, made: HashMap::new(), ..self }
    }

    /// The settings that have entries for streams, with the streams in them.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.config.names_of_entries()
    }

    pub fn key_space(&self) -> &Arc<KeySpace> {
        &self.key_space
    }

    /// The account's properties.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The target of a stream. What the platform asks for in data activation counts before the mode of the settings.
    pub fn of(&mut self, stream: &ConfiguredStream) -> Arc<Target> {
        let (name, namespace) = (stream.id.name(), stream.id.namespace());
        let mut settings = self.config.settings_of(name, namespace);
        match stream.mode {
            DestinationMode::AppendDedup => {}
            DestinationMode::Update => settings.mode = Mode::UpdateOnly,
            DestinationMode::SoftDelete => settings.mode = Mode::Archive,
        }
        let policies = self.config.policies_of(name, namespace);
        if let Some(target) = self.made.get(&(settings.clone(), policies.clone())) {
            return Arc::clone(target);
        }
        let target = Arc::new(self.make(&settings, &policies));
        self.made.insert((settings, policies), Arc::clone(&target));
        target
    }

    fn make(&self, settings: &StreamSettings, policies: &Policies) -> Target {
        let values = ValuePolicy {
            invalid: settings.invalid_values,
            null: settings.null_values,
            deleted: settings.deleted_records,
            formats: Formats { dates: settings.date_format, numbers: settings.number_format },
        };
        let mut target = Target::new(Arc::clone(&self.key_space), Arc::clone(&self.schema), values);
        target.mode = settings.mode;
        target.created.clone_from(&self.created);
        if settings.mode == Mode::Archive {
            return target;
        }
        target.policies = policies.clone();
        target.skips_unchanged = settings.skip_unchanged && settings.mode != Mode::CreateOnly;
        let creates = settings.mode != Mode::UpdateOnly;
        let stage = settings.lifecycle_stage.as_ref().filter(|_| creates);
        target.on_create = stage.and_then(|stage| self.on_create.get(stage)).cloned().into_iter().collect();
        target
    }
}
