//! The mapping plan of one stream: which field goes into which property, and which are left out.
//!
//! It starts from the fields that the catalog declares and grows with those that records bring.

use std::{collections::HashMap, sync::Arc};

use indexmap::IndexMap;

use super::portal::{Match, Portal, PortalProperty, Rank};
use crate::{config::FieldMapping, error::Failure, hubspot::model::EMAIL, protocol::message::StreamId};

/// Fields beyond this are left out without being remembered, so that a source that invents names cannot fill memory.
const MOST_FIELDS: usize = 10_000;

/// Airbyte's own columns and those of its database sources: left out unless a mapping names them.
const TECHNICAL_PREFIXES: [&str; 3] = ["_airbyte_", "_ab_cdc_", "_ab_source_file_"];

/// Whether a column is one of Airbyte's own.
pub fn is_technical(field: &str) -> bool {
    TECHNICAL_PREFIXES.iter().any(|prefix| field.starts_with(prefix))
}

/// The column that says when a record was deleted in the source.
pub const DELETED_AT: &str = "_ab_cdc_deleted_at";

/// Where the values of a field go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// The value is the contact's address.
    pub key: bool,
    pub properties: Vec<Target>,
    /// A value that is not null marks the record as deleted.
    pub deletion_mark: bool,
    pub left_out: Option<LeftOut>,
    /// The property that another field has.
    pub claimed: Option<Arc<str>>,
    /// How the field found what it goes into.
    pub rank: Option<Rank>,
}

impl Targets {
    /// Whether the portal has nothing for the field, or nothing that can be told apart.
    pub fn is_unknown(&self) -> bool {
        matches!(self.left_out, Some(LeftOut::NoProperty | LeftOut::Ambiguous))
    }
}

/// A property that a field goes into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub property: Arc<PortalProperty>,
    /// What a value has to be, in words, with the field's name.
    pub expects: Arc<str>,
}

impl Target {
    fn new(field: &str, property: &Arc<PortalProperty>) -> Self {
        let kind = property.kind.as_str();
        let choices = &property.choices;
        let expects = if choices.is_empty() {
            format!("field `{field}`, {kind}")
        } else {
            format!("field `{field}`, {kind}: {}", choices.named())
        };
        Self { property: Arc::clone(property), expects: expects.into() }
    }
}

/// Why a field goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// No property has its name.
    NoProperty,
    /// Several properties have a name like it.
    Ambiguous,
    /// HubSpot does not let the API set the property of its name.
    ReadOnly,
    /// Another field claims the property, with a better right.
    Claimed,
    /// A column of Airbyte's own, left out as a matter of course.
    Technical,
}

impl LeftOut {
    /// Why, and what to do, for people.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoProperty => {
                "no contact property has this name or label; name one in `field_mappings`, or create it in HubSpot"
            }
            Self::Ambiguous => {
                "several contact properties have a name or label like this; name one in `field_mappings`"
            }
            Self::ReadOnly => "HubSpot does not let the API set the property of this name",
            Self::Claimed => "another field goes into the property of this name",
            Self::Technical => "a column of Airbyte's own; name a property in `field_mappings` to have it",
        }
    }
}

/// A field that has come to the plan, or whose property was taken by another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The field of this place has another target than before.
    Decided(usize),
    /// So many fields are known that further ones are left out without being remembered.
    Full,
}

/// The plan of one stream.
#[derive(Debug)]
pub struct Plan {
    stream: StreamId,
    /// The mappings that apply to the stream: those that name it first, since they win.
    mappings: Vec<FieldMapping>,
    /// Mappings for every stream whose field the catalog does not declare: they apply once a record brings it.
    waiting: Vec<FieldMapping>,
    fields: IndexMap<Box<str>, Targets>,
    /// Which field has a property by its name, and by what right. Properties of mappings are not in it.
    claims: HashMap<Arc<str>, (Rank, usize)>,
    news: Vec<News>,
    full: bool,
}

impl Plan {
    /// Compiles the plan for the fields that the catalog declares, if it declares any.
    ///
    /// # Errors
    ///
    /// A `config_error` if a mapping names a property that the portal does not have or does not let the API set, or if
    /// fields are declared and none of them becomes the address.
    pub fn new(
        stream: &StreamId,
        declared: &[&str],
        mappings: &[FieldMapping],
        portal: &Portal,
    ) -> Result<Self, Failure> {
        let applies = |mapping: &&FieldMapping| mapping.applies_to(stream.name(), stream.namespace());
        let mut own: Vec<FieldMapping> = Vec::new();
        let (specific, general): (Vec<_>, Vec<_>) =
            mappings.iter().filter(applies).partition(|mapping| mapping.stream.is_some());
        for mapping in specific.into_iter().chain(general) {
            let rival = |other: &&FieldMapping| other.property == mapping.property && other.stream.is_some();
            if let Some(rival) = own.iter().find(rival).filter(|_| mapping.stream.is_some())
                && rival.field != mapping.field
            {
                return Err(Failure::config(format!(
                    "`field_mappings` sends two fields of the stream `{stream}` to the property `{}`: `{}` and `{}`. Keep \
                     one of them.",
                    mapping.property, rival.field, mapping.field
                )));
            }
            if !own.iter().any(|other| other.property == mapping.property) {
                own.push(mapping.clone());
            }
        }
        check_mappings(&own, portal)?;
        let applies =
            |mapping: &FieldMapping| mapping.stream.is_some() || declared.contains(&mapping.field.as_str());
        let (mappings, waiting) = own.into_iter().partition(applies);
        let mut plan = Self {
            stream: stream.clone(),
            mappings,
            waiting,
            fields: IndexMap::new(),
            claims: HashMap::new(),
            news: Vec::new(),
            full: false,
        };
        for field in declared {
            plan.learn(field, portal);
        }
        if !declared.is_empty() && !plan.fields.values().any(|targets| targets.key) {
            return Err(Failure::config(format!(
                "The stream `{stream}` has no field that becomes the contact's e-mail address, which is the key. Name \
                 the field that has it in `field_mappings` with `property: email`."
            ))
            .of_stream(stream.name(), stream.namespace()));
        }
        Ok(plan)
    }

    pub fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// The fields known so far, in the order they became known.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Targets)> {
        self.fields.iter().map(|(field, targets)| (&**field, targets))
    }

    /// A field by its place, with its targets.
    pub fn field(&self, index: usize) -> Option<(&str, &Targets)> {
        self.fields.get_index(index).map(|(field, targets)| (&**field, targets))
    }

    /// What has changed since this was last asked.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    pub(super) fn known(&self) -> usize {
        self.fields.len()
    }

    /// The place of a field in the plan; a field that is new to it is added. `None`: there is no more room, and the
    /// field is left out.
    pub(super) fn index(&mut self, field: &str, portal: &Portal) -> Option<usize> {
        match self.fields.get_index_of(field) {
            Some(index) => Some(index),
            None => self.learn(field, portal),
        }
    }

    fn learn(&mut self, field: &str, portal: &Portal) -> Option<usize> {
        if self.fields.len() >= MOST_FIELDS && !self.cannot_do_without(field, portal) {
            if !std::mem::replace(&mut self.full, true) {
                self.news.push(News::Full);
            }
            return None;
        }
        self.awaken(field);
        let index = self.fields.len();
        self.fields.insert(field.into(), Targets::default());
        self.decide(index, portal);
        Some(index)
    }

    fn cannot_do_without(&self, field: &str, portal: &Portal) -> bool {
        let is_key = || matches!(portal.find(field), Match::Found(_, property) if *property.name == *EMAIL);
        let mut mappings = self.mappings.iter().chain(&self.waiting);
        field == DELETED_AT || mappings.any(|mapping| mapping.field == field) || is_key()
    }

    /// Lets mappings of a field that has turned up apply: they take their properties from the fields of those names.
    fn awaken(&mut self, field: &str) {
        for mapping in self.waiting.extract_if(.., |mapping| mapping.field == field).collect::<Vec<_>>() {
            if let Some((_, loser)) = self.claims.remove(mapping.property.as_str()) {
                self.dispossess(loser);
            }
            self.mappings.push(mapping);
        }
    }

    /// A field that had its property by name loses it to one with a better right.
    fn dispossess(&mut self, index: usize) {
        if let Some((_, targets)) = self.fields.get_index_mut(index) {
            let property = targets.properties.first().map(|target| Arc::clone(&target.property.name));
            *targets = Targets {
                deletion_mark: targets.deletion_mark,
                left_out: Some(LeftOut::Claimed),
                claimed: property.or_else(|| Some(EMAIL.into())),
                ..Targets::default()
            };
            self.news.push(News::Decided(index));
        }
    }

    /// Explicit mappings first, then the names.
    fn decide(&mut self, index: usize, portal: &Portal) {
        let Some((field, _)) = self.fields.get_index(index) else { return };
        let mut targets = Targets { deletion_mark: &**field == DELETED_AT, ..Targets::default() };
        for mapping in self.mappings.iter().filter(|mapping| mapping.field == **field) {
            targets.rank = Some(Rank::Mapping);
            if mapping.property == EMAIL {
                targets.key = true;
            } else if let Some(property) = portal.property(&mapping.property) {
                targets.properties.push(Target::new(field, property));
            }
        }
        if targets.rank.is_none() {
            if is_technical(field) {
                targets.left_out = Some(LeftOut::Technical);
            } else {
                match portal.find(field) {
                    Match::Nothing => targets.left_out = Some(LeftOut::NoProperty),
                    Match::Several => targets.left_out = Some(LeftOut::Ambiguous),
                    Match::Found(_, property) if property.read_only => {
                        targets.left_out = Some(LeftOut::ReadOnly);
                    }
                    Match::Found(rank, property) if self.yields(&property.name, rank) => {
                        targets.left_out = Some(LeftOut::Claimed);
                        targets.claimed = Some(Arc::clone(&property.name));
                    }
                    Match::Found(rank, property) => {
                        targets.rank = Some(rank);
                        targets.key = &*property.name == EMAIL;
                        if !targets.key {
                            targets.properties.push(Target::new(field, &property));
                        }
                        self.claim(&property, rank, index);
                    }
                }
            }
        }
        if let Some((_, place)) = self.fields.get_index_mut(index) {
            *place = targets;
        }
        self.news.push(News::Decided(index));
    }

    /// Whether a field has to leave a property to another one, whose right is as good or better.
    fn yields(&self, property: &str, rank: Rank) -> bool {
        self.mappings.iter().any(|mapping| mapping.property == property)
            || self.claims.get(property).is_some_and(|(other, _)| *other <= rank)
    }

    fn claim(&mut self, property: &PortalProperty, rank: Rank, index: usize) {
        if let Some((_, loser)) = self.claims.insert(Arc::clone(&property.name), (rank, index)) {
            self.dispossess(loser);
        }
    }
}

/// A mapping that cannot work is a mistake to mend at once, not a field to leave out in silence.
///
/// # Errors
///
/// A `config_error` for the first mapping whose property the portal does not have or does not let the API set.
pub fn check_mappings(mappings: &[FieldMapping], portal: &Portal) -> Result<(), Failure> {
    for FieldMapping { field, property, .. } in mappings {
        if property == EMAIL {
            continue;
        }
        let wrong = match portal.property(property) {
            None => {
                "no contact property of this HubSpot account has that internal name. Copy the internal name from the \
                     property's settings in HubSpot, or create the property there"
            }
            Some(known) if known.read_only => {
                "HubSpot does not let the API set that property. Choose another one"
            }
            Some(_) => continue,
        };
        return Err(Failure::config(format!(
            "`field_mappings` sends the field `{field}` to the property `{property}`, but {wrong}."
        )));
    }
    Ok(())
}
