//! One input on its way to a fate, and what is sent of it. Pure. Not here: the body of a request
//! ([`crate::hubspot::batch_call`]).

use std::{collections::HashSet, sync::Arc};

use indexmap::IndexMap;
use jiff::Timestamp;

use super::{
    effect::Effect,
    existence::{Existence, LastModified},
    found::Found,
    operation::Operation,
};
use crate::{
    mapping::{
        change::PropertyValue,
        reason::{Code, Reason},
        target::{OnCreate, Target},
    },
    sync::input::{Input, Part},
};

/// Properties that HubSpot rejects for every record, with the reason, in the order in which that was learned.
pub type UnusableProperties = IndexMap<Arc<str>, Code>;

/// One input on its way to a fate.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the way of an input")]
pub struct PendingInput {
    pub input: Input,
    /// The values of several records as they are folded, built once for these records.
    folded: Option<Vec<PropertyValue>>,
    pub existence: Existence,
    /// When HubSpot's record was last changed, as far as that was asked.
    pub last_modified: LastModified,
    /// When HubSpot's record was last changed before this sync wrote it, once the sync has: what a later look-up says is its own doing.
    pub changed_before_sync: Option<Timestamp>,
    /// What HubSpot's record has, as far as that was asked.
    pub found: Option<Found>,
    /// What it changes, where that depends on what HubSpot has. Made anew each time it is decided about.
    effect: Option<Effect>,
    /// What was sent of it, and may have been carried out.
    pub unconfirmed: Option<Operation>,
    /// The id of the record that was to be archived then.
    pub archived_id: Option<Box<str>>,
    /// How many answers of a kind that says nothing there were to it.
    pub unknown_answers: u32,
    /// It is one of the records that the sync may archive.
    pub counted_as_archived: bool,
    /// How many answers did not account for it.
    pub unaccounted: u8,
    /// How many answers to look-ups of it alone said nothing.
    pub unanswered_look_ups: u8,
    /// It was refused for what is possibly temporary, and has been asked once more.
    pub second_try: bool,
    /// Properties whose values HubSpot refused.
    pub dropped: HashSet<Arc<str>>,
    /// Properties of which HubSpot refused the value that new records get.
    pub on_create_refused: HashSet<Arc<str>>,
    /// Its records have their fates, or have gone on as inputs of their own.
    pub settled: bool,
    /// Which request of its batch wrote it, counted from 1; 0: none did.
    pub written_by: u64,
    /// That it was written is only presumed: no result named it.
    pub presumed: bool,
}

impl PendingInput {
    pub fn new(input: Input) -> Self {
        let folded = (input.parts.len() > 1).then(|| input.fold());
        Self {
            input,
            folded,
            existence: Existence::NotAsked,
            last_modified: LastModified::NotAsked,
            changed_before_sync: None,
            found: None,
            effect: None,
            unconfirmed: None,
            archived_id: None,
            unknown_answers: 0,
            counted_as_archived: false,
            unaccounted: 0,
            unanswered_look_ups: 0,
            second_try: false,
            dropped: HashSet::new(),
            on_create_refused: HashSet::new(),
            settled: false,
            written_by: 0,
            presumed: false,
        }
    }

    /// An input for some of its records, to be judged by themselves.
    #[must_use]
    pub fn with_parts(&self, parts: Vec<Part>) -> Self {
        let Input { key, archives, .. } = &self.input;
        let mut alone = Self::new(Input { key: key.clone(), archives: *archives, parts });
        alone.existence = self.existence;
        alone.last_modified = self.last_modified;
        alone.changed_before_sync = self.changed_before_sync;
        alone.found.clone_from(&self.found);
        alone.second_try = self.second_try;
        alone.on_create_refused.clone_from(&self.on_create_refused);
        alone
    }

    /// Whether a record of it is not to be written if HubSpot's record was changed since a moment.
    pub fn is_conditional(&self) -> bool {
        self.input.parts.iter().any(|part| part.unless_changed_since.is_some())
    }

    /// When its CRM record was last changed before it is written, if its rows are sent again.
    pub fn changed_before(&self) -> Option<Timestamp> {
        match (self.existence, self.last_modified) {
            _ if !self.is_conditional() => None,
            _ if self.changed_before_sync.is_some() => self.changed_before_sync,
            (Existence::Missing, _) => Some(Timestamp::MIN),
            (_, LastModified::At(moment)) => Some(moment),
            (_, LastModified::NotAsked | LastModified::Unclear) => None,
        }
    }

    /// Its records move out: it has none any more.
    pub fn take_parts(&mut self) -> Vec<Part> {
        (self.folded, self.effect) = (None, None);
        std::mem::take(&mut self.input.parts)
    }

    /// Changes its records.
    pub fn change_parts<T>(&mut self, change: impl FnOnce(&mut Vec<Part>) -> T) -> T {
        let changed = change(&mut self.input.parts);
        self.effect = None;
        self.folded = (self.input.parts.len() > 1).then(|| self.input.fold());
        changed
    }

    /// Finds out what it changes, where that depends on what HubSpot has.
    pub fn compare(&mut self, target: &Target, unusable: &UnusableProperties) {
        self.effect = (target.compares_values() && !self.input.archives).then(|| {
            let (existence, found) = (self.existence, self.found.as_ref());
            Effect::of(target, &self.input.parts, existence, found, |name| self.may_send(name, unusable))
        });
    }

    /// What it changes, where that was compared.
    pub fn effect(&self) -> Option<&Effect> {
        self.effect.as_ref()
    }

    /// What HubSpot's record has is not known any more, since this sync may have written it.
    pub fn forget_found(&mut self) {
        self.changed_before_sync = self.changed_before();
        self.ask_anew();
    }

    /// What HubSpot's record has is not known any more, since somebody else may have changed it.
    pub fn ask_anew(&mut self) {
        (self.existence, self.last_modified) = (Existence::NotAsked, LastModified::NotAsked);
        (self.found, self.effect) = (None, None);
    }

    /// When HubSpot's record was last changed by others, as far as that is known.
    pub fn changed_by_others(&self) -> LastModified {
        self.changed_before_sync.map_or(self.last_modified, LastModified::At)
    }

    /// The values that its records bring, each property once; without what is not to be sent, where that was compared.
    pub fn values(&self) -> &[PropertyValue] {
        match (&self.folded, &self.input.parts[..]) {
            _ if self.effect.is_some() => self.effect.as_ref().map_or(&[], |effect| &effect.sends),
            (Some(folded), _) => folded,
            (None, [part]) => &part.properties,
            (None, _) => &[],
        }
    }

    /// The values of its records, one record after the other.
    pub fn own_values(&self) -> impl Iterator<Item = &PropertyValue> + Clone {
        self.input.parts.iter().flat_map(|part| &part.properties)
    }

    /// The value that its records bring for a property.
    pub fn brings(&self, property: &str) -> Option<&PropertyValue> {
        self.values().iter().find(|one| *one.property.name == *property)
    }

    /// Its records lose the value that they bring for a property. `false`: they bring none.
    pub fn drop_own(&mut self, property: &Arc<str>) -> bool {
        self.change_parts(|parts| {
            let mut found = false;
            for part in parts {
                let before = part.properties.len();
                part.properties.retain(|one| one.property.name != *property);
                if part.properties.len() < before {
                    part.dropped.push(Reason::of_property(Code::InvalidValue, property));
                    found = true;
                }
            }
            found
        })
    }

    /// Whether a value of this property goes out: HubSpot takes the property, and has not refused this value of it.
    pub fn may_send(&self, property: &str, unusable: &UnusableProperties) -> bool {
        !(self.dropped.contains(property) || (!unusable.is_empty() && unusable.contains_key(property)))
    }

    /// What it would get of `on_create` if its record were new.
    pub fn on_create<'a>(
        &'a self,
        target: &'a Target,
        unusable: &'a UnusableProperties,
    ) -> impl Iterator<Item = &'a OnCreate> + Clone {
        target.on_create.iter().filter(move |one| {
            let name = &*one.property.name;
            let may_go = self.may_send(name, unusable) && !self.on_create_refused.contains(name);
            may_go && one.applies_to(self.brings(name).map(|own| &*own.value))
        })
    }

    /// What is sent: the values without what HubSpot does not take, and what a new record gets if it is one.
    pub fn sends<'a>(
        &'a self,
        target: &'a Target,
        unusable: &'a UnusableProperties,
    ) -> impl Iterator<Item = (&'a str, &'a str)> + Clone {
        let is_new = self.existence == Existence::Missing;
        let created = move || self.on_create(target, unusable).filter(move |_| is_new);
        let own = self.values().iter().filter(move |one| {
            let name = &*one.property.name;
            self.may_send(name, unusable) && !(is_new && created().any(|one| *one.property.name == *name))
        });
        let own = own.map(|one| (&*one.property.name, &*one.value));
        own.chain(created().map(|one| (&*one.property.name, &*one.value)))
    }

    pub fn sends_nothing(&self, target: &Target, unusable: &UnusableProperties) -> bool {
        self.sends(target, unusable).next().is_none()
    }
}
