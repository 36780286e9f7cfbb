//! The mapping plan of one stream: which field goes into which property, and which are left out. Pure.
//!
//! It starts from the fields that the catalog declares and grows with those that records bring. A field that is in use is
//! never dispossessed by one that comes later. Not here: the mapping of a record ([`super::contact`]).

use std::{collections::HashMap, sync::Arc};

use indexmap::IndexMap;
use serde_json::value::RawValue;

use super::{
    cell::Cells,
    contact::{ValueRules, paths_inside},
    deletion::Mark,
    field::{Field, Goal, LeftOut, Use},
    mappings::Mappings,
    names::{Match, Rank, is_email_word},
    portal::{Kind, Portal, PortalProperty},
    schema::{Shape, inside, shape},
    value::Formats,
};
use crate::{
    config::{DeletedRecords, FieldMapping},
    error::Failure,
    hubspot::model::EMAIL,
    protocol::{
        catalog::{self, ConfiguredStream},
        message::StreamId,
    },
};

/// Fields beyond this are left out without being remembered, so that a source that invents names cannot fill memory.
const MOST_FIELDS: usize = 10_000;

/// Airbyte's own columns and those of its database sources: left out unless a mapping names them.
const TECHNICAL_PREFIXES: [&str; 3] = ["_airbyte_", "_ab_cdc_", "_ab_source_file_"];

/// Whether a column is one of Airbyte's own.
pub fn is_technical(field: &str) -> bool {
    TECHNICAL_PREFIXES.iter().any(|prefix| field.starts_with(prefix))
}

/// What a plan has to tell since it was last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The field of this place has another target than before.
    Decided(usize),
    /// The field of this place brought an object or a list; these are the paths to the values inside.
    Nested(usize, Vec<String>),
    /// So many fields are known that further ones are left out without being remembered.
    Full,
}

/// A field that is new to a plan.
#[derive(Debug, Clone)]
pub(super) struct NewField<'a> {
    name: &'a str,
    /// The catalog declares it, or its first cell has a value.
    shown: bool,
    /// What the catalog says of its values.
    shape: Shape,
    /// The paths to values inside, if its values are objects or lists.
    inside: Vec<String>,
}

impl<'a> NewField<'a> {
    fn of_catalog(field: &'a catalog::Field) -> Self {
        let inside = inside(&field.schema).iter().map(|path| joined(&field.name, path)).collect();
        Self { name: &field.name, shown: true, shape: shape(&field.schema), inside }
    }

    pub(super) fn of_record(name: &'a str, raw: &RawValue, shown: bool) -> Self {
        Self { name, shown, shape: Shape::Unknown, inside: paths_inside(name, raw) }
    }
}

/// The plan of one stream.
#[derive(Debug)]
pub struct Plan {
    stream: StreamId,
    /// The catalog declares fields.
    is_declared: bool,
    fields_are_properties: bool,
    deleted: DeletedRecords,
    formats: Formats,
    mappings: Mappings,
    fields: IndexMap<Box<str>, Field>,
    /// Which field has a property.
    claims: HashMap<Arc<str>, usize>,
    /// The fields that hold the address, each with the place among its uses: the first that is filled counts.
    key: Vec<(usize, usize)>,
    marks: Vec<(usize, Mark)>,
    cells: Cells,
    news: Vec<News>,
    full: bool,
}

impl Plan {
    /// Compiles the plan for the fields that the catalog declares, if it declares any.
    ///
    /// # Errors
    ///
    /// A `config_error` if two mappings of the stream contradict each other.
    pub fn new(
        stream: &ConfiguredStream,
        mappings: &[FieldMapping],
        rules: ValueRules,
        portal: &Portal,
    ) -> Result<Self, Failure> {
        let mut plan = Self {
            stream: stream.id.clone(),
            is_declared: !stream.fields.is_empty(),
            fields_are_properties: stream.fields_are_properties,
            deleted: rules.deleted,
            formats: rules.formats,
            mappings: Mappings::of_stream(stream, mappings)?,
            fields: IndexMap::new(),
            claims: HashMap::new(),
            key: Vec::new(),
            marks: Vec::new(),
            cells: Cells::default(),
            news: Vec::new(),
            full: false,
        };
        plan.learn(stream.fields.iter().map(NewField::of_catalog).collect(), portal);
        Ok(plan)
    }

    pub fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// Whether the catalog declares fields, so that it is known before the first record which there are.
    pub fn is_declared(&self) -> bool {
        self.is_declared
    }

    /// Whether a field becomes the address.
    pub fn has_key(&self) -> bool {
        !self.key.is_empty()
    }

    /// The mappings that apply to the stream, and what has become of them.
    pub fn mappings(&self) -> &Mappings {
        &self.mappings
    }

    /// The fields known so far, in the order they became known.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Field)> {
        self.fields.iter().map(|(name, field)| (&**name, field))
    }

    /// A field by its place.
    pub fn field(&self, index: usize) -> Option<(&str, &Field)> {
        self.fields.get_index(index).map(|(name, field)| (&**name, field))
    }

    /// How many cells the stream has brought so far, and what became of them.
    pub fn cells(&self) -> Cells {
        self.cells
    }

    /// What has changed since this was last asked.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    pub(super) fn known(&self) -> usize {
        self.fields.len()
    }

    pub(super) fn place_of(&self, field: &str) -> Option<usize> {
        self.fields.get_index_of(field)
    }

    pub(super) fn field_mut(&mut self, index: usize) -> Option<&mut Field> {
        self.fields.get_index_mut(index).map(|(_, field)| field)
    }

    pub(super) fn key(&self) -> &[(usize, usize)] {
        &self.key
    }

    /// The fields that mark deleted records.
    pub(super) fn marks(&self) -> impl Iterator<Item = (usize, Mark)> {
        self.marks.iter().copied()
    }

    /// A record has a cell in this field. Once one of them has a value, the field is in use.
    pub(super) fn note_value(&mut self, index: usize, has_value: impl FnOnce() -> bool) {
        if let Some(field) = self.field_mut(index).filter(|field| !field.shown) {
            field.shown = has_value();
        }
    }

    /// Counts the cells of a record that was mapped; `left_out` are the places of those that lead nowhere.
    pub(super) fn count(&mut self, cells: Cells, left_out: &[usize]) {
        self.cells += cells;
        for &index in left_out {
            self.cells.left_out += 1;
            if let Some(field) = self.field_mut(index) {
                field.cells_left_out += 1;
            }
        }
    }

    /// A record was rejected or skipped with so many cells that have a value.
    pub(super) fn count_record_left_out(&mut self, cells: u64) {
        self.cells.of_records_left_out += cells;
    }

    /// A field brought an object or a list that only a mapping could put into a text: told once.
    pub(super) fn tell_nested(&mut self, index: usize, paths: impl FnOnce(&str) -> Vec<String>) {
        let Some((name, field)) = self.fields.get_index_mut(index) else { return };
        if !std::mem::replace(&mut field.told_nested, true) {
            self.news.push(News::Nested(index, paths(name)));
        }
    }

    /// Adds fields that are new to the plan, those of one record or of the catalog. Among them the better right decides;
    /// none of them takes anything from a field that is in use.
    pub(super) fn learn(&mut self, fields: Vec<NewField<'_>>, portal: &Portal) {
        let mut added: Vec<(usize, Claimant)> = Vec::new();
        for new in fields {
            if self.fields.len() >= MOST_FIELDS && !self.cannot_do_without(new.name, portal) {
                if !std::mem::replace(&mut self.full, true) {
                    self.news.push(News::Full);
                }
                continue;
            }
            let index = self.fields.len();
            let (name, shown) = (new.name, new.shown);
            let claimant = self.claimant(new, portal);
            self.fields.insert(name.into(), Field { shown, ..Field::default() });
            added.push((index, claimant));
        }
        let order: Vec<usize> = added.iter().map(|(index, _)| *index).collect();
        // A value comes before none, then the better right, then the order of the fields.
        added.sort_by_key(|(index, claimant)| {
            let shown = self.fields.get_index(*index).is_some_and(|(_, field)| field.shown);
            (!shown, claimant.rank, !claimant.exact)
        });
        let first = order.first().copied().unwrap_or_default();
        for (index, claimant) in added {
            self.settle(index, claimant, first);
        }
        self.news.extend(order.into_iter().map(News::Decided));
    }

    fn cannot_do_without(&self, field: &str, portal: &Portal) -> bool {
        let is_key = || matches!(portal.find(field), Match::Found(_, property) if *property.name == *EMAIL);
        Mark::of(field).is_some() || self.mappings.of_field(field).next().is_some() || is_key()
    }

    /// What a field wants by its name and the mappings, whatever others want.
    fn claimant(&self, new: NewField<'_>, portal: &Portal) -> Claimant {
        let by_mapping: Vec<(usize, Use)> = self
            .mappings
            .of_field(new.name)
            .filter_map(|(place, mapping, steps)| {
                let goal = if mapping.property == EMAIL {
                    Goal::Key
                } else {
                    Goal::Property(Arc::clone(portal.property(&mapping.property)?))
                };
                let values = mapping.values.clone();
                Some((place, Use::new(new.name, goal, steps.into(), values, true, self.formats)))
            })
            .collect();
        let exact = by_mapping.iter().any(|(_, one)| one.path.is_empty());
        if !by_mapping.is_empty() {
            let key = by_mapping.iter().any(|(place, _)| self.mappings.is_matching_key(*place));
            let rank = if key { Rank::MatchingKey } else { Rank::Mapping };
            return Claimant { rank, exact, wish: Wish::Mapped(by_mapping) };
        }
        let (rank, wish) = self.by_name(new, portal);
        Claimant { rank, exact: true, wish }
    }

    fn by_name(&self, new: NewField<'_>, portal: &Portal) -> (Rank, Wish) {
        let out = |why| (Rank::UsualName, Wish::LeftOut(why));
        if self.deleted == DeletedRecords::Skip && Mark::of(new.name).is_some() {
            return out(LeftOut::DeletionMark);
        }
        if is_technical(new.name) {
            return out(LeftOut::Technical);
        }
        let chosen = portal.property(new.name).filter(|_| self.fields_are_properties);
        let found = match chosen {
            Some(property) => Match::Found(Rank::Name, Arc::clone(property)),
            None => portal.find(new.name),
        };
        let is_nested = matches!(new.shape, Shape::Object | Shape::ListOfObjects);
        match found {
            Match::Found(_, property) if property.read_only => out(LeftOut::ReadOnly),
            Match::Found(rank, property) if fits(new.shape, &property) => (rank, Wish::Named(property)),
            Match::Found(..) => out(LeftOut::Nested(new.inside)),
            _ if is_nested || !new.inside.is_empty() => out(LeftOut::Nested(new.inside)),
            Match::Nothing => out(LeftOut::NoProperty),
            Match::Several => out(LeftOut::Ambiguous),
            Match::NeedsMapping(property, others) => {
                out(LeftOut::NeedsMapping(Arc::clone(&property.name), names_of(&others)))
            }
            Match::Perhaps(properties) => out(LeftOut::Perhaps(names_of(&properties))),
        }
    }

    /// Gives a field what it wants, as far as others leave it. Fields from `first` on came together with it.
    fn settle(&mut self, index: usize, claimant: Claimant, first: usize) {
        let (mut uses, mut left_out) = (Vec::new(), None);
        match claimant.wish {
            Wish::LeftOut(why) => left_out = Some(why),
            Wish::Named(property) => {
                let gets = self.stands_in(index, &property)
                    || (!self.mappings.reserves(&property.name) && self.take(&property.name, index, first));
                if gets {
                    let goal = if *property.name == *EMAIL { Goal::Key } else { Goal::Property(property) };
                    let name = self.fields.get_index(index).map_or("", |(name, _)| name);
                    uses.push(Use::new(name, goal, Box::default(), None, false, self.formats));
                } else {
                    left_out = Some(LeftOut::Claimed(Arc::clone(&property.name)));
                }
            }
            Wish::Mapped(wanted) => {
                for (place, one) in wanted {
                    let property = match &one.goal {
                        Goal::Key => EMAIL.into(),
                        Goal::Property(property) => Arc::clone(&property.name),
                    };
                    if self.mappings.bind(place, index) && self.take(&property, index, first) {
                        uses.push(one);
                    } else {
                        left_out = Some(LeftOut::Claimed(property));
                    }
                }
                left_out = left_out.filter(|_| uses.is_empty());
            }
        }
        if let Some(place) = uses.iter().position(|one| one.goal == Goal::Key) {
            self.key.push((index, place));
        }
        let mark_counts = self.deleted == DeletedRecords::Skip && uses.iter().all(|one| !one.mapped);
        let Some((name, field)) = self.fields.get_index_mut(index) else { return };
        if let Some(mark) = Mark::of(name).filter(|_| mark_counts) {
            self.marks.push((index, mark));
        }
        field.rank = (!uses.is_empty()).then_some(claimant.rank);
        (field.uses, field.left_out) = (uses, left_out);
    }

    /// Claims a property for a field. `false`: another field has it, and keeps it.
    fn take(&mut self, property: &Arc<str>, index: usize, first: usize) -> bool {
        if let Some(holder) = self.claims.get(property).copied() {
            let is_shown = |index| self.fields.get_index(index).is_some_and(|(_, field)| field.shown);
            // Among fields that came together the one with the better right was asked first.
            if holder >= first || is_shown(holder) || !is_shown(index) {
                return holder == index;
            }
            self.dispossess(holder, property);
        }
        self.claims.insert(Arc::clone(property), index);
        true
    }

    /// A field that never had a value loses its property to one that has.
    fn dispossess(&mut self, holder: usize, property: &Arc<str>) {
        self.key.retain(|(field, _)| *field != holder);
        if let Some((_, field)) = self.fields.get_index_mut(holder) {
            let stays = |one: &Use| match &one.goal {
                Goal::Key => **property != *EMAIL,
                Goal::Property(other) => other.name != *property,
            };
            field.uses.retain(stays);
            if field.uses.is_empty() {
                field.left_out = Some(LeftOut::Claimed(Arc::clone(property)));
                field.rank = None;
            }
            self.news.push(News::Decided(holder));
        }
    }

    /// Whether a field is one more spelling of the word for the address, beside those that hold it already.
    fn stands_in(&self, index: usize, property: &PortalProperty) -> bool {
        let is_word = |index| self.fields.get_index(index).is_some_and(|(name, _)| is_email_word(name));
        let by_name = |field| self.field(field).is_some_and(|(_, field)| field.rank > Some(Rank::Mapping));
        *property.name == *EMAIL
            && is_word(index)
            && !self.key.is_empty()
            && self.key.iter().all(|&(field, _)| is_word(field) && by_name(field))
    }
}

/// What a field wants.
#[derive(Debug)]
struct Claimant {
    rank: Rank,
    /// By its whole name, not by a path that begins with it.
    exact: bool,
    wish: Wish,
}

#[derive(Debug)]
enum Wish {
    /// By mappings, each with its place among them.
    Mapped(Vec<(usize, Use)>),
    Named(Arc<PortalProperty>),
    LeftOut(LeftOut),
}

fn names_of(properties: &[Arc<PortalProperty>]) -> Vec<Arc<str>> {
    properties.iter().map(|property| Arc::clone(&property.name)).collect()
}

/// Whether values of this form may go into a property without a mapping.
fn fits(shape: Shape, property: &PortalProperty) -> bool {
    match shape {
        Shape::Object => false,
        // The primary entry of a list may be an address or a number, but never a text.
        Shape::ListOfObjects => *property.name == *EMAIL || property.kind != Kind::Text,
        Shape::ListOfPlain | Shape::List | Shape::Plain | Shape::Unknown => true,
    }
}

/// A field and a path inside it, as a mapping names them.
pub fn joined(field: &str, inside: &str) -> String {
    if inside.starts_with('[') { format!("{field}{inside}") } else { format!("{field}.{inside}") }
}
