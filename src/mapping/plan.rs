//! The mapping plan of one stream: which field goes into which property, and which are left out. Pure.
//!
//! It starts from the fields that the catalog declares and grows with those that records bring. A field that is in use is
//! never dispossessed by one that comes later. Not here: the mapping of a record ([`super::contact`]).

use std::{collections::HashMap, sync::Arc};

use indexmap::IndexMap;

use super::{
    cell::Cells,
    claim::{Claim, NewField, Rules, Wish, claims},
    contact::ValueRules,
    deletion::Mark,
    field::{Field, Goal, LeftOut, Use},
    mappings::Mappings,
    names::{Match, is_email_word},
    portal::{Portal, PortalProperty},
};
use crate::{
    config::{DeletedRecords, FieldMapping},
    error::Failure,
    hubspot::model::EMAIL,
    protocol::{catalog::ConfiguredStream, message::StreamId},
};

/// Fields beyond this are left out without being remembered, so that a source that invents names cannot fill memory.
const MOST_FIELDS: usize = 10_000;

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

/// The plan of one stream.
#[derive(Debug)]
pub struct Plan {
    stream: StreamId,
    /// The catalog declares fields.
    is_declared: bool,
    rules: Rules,
    mappings: Mappings,
    fields: IndexMap<Box<str>, Field>,
    /// Which field has a property.
    claims: HashMap<Arc<str>, usize>,
    /// The fields that hold the address: the first that is filled counts.
    key: Vec<usize>,
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
            rules: Rules {
                fields_are_properties: stream.fields_are_properties,
                deleted: rules.deleted,
                formats: rules.formats,
            },
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

    /// Whether a record had what a mapping names: its field, or a value at its path.
    pub fn has_used(&self, mapping: &FieldMapping) -> bool {
        let field = self.mappings.field_of(mapping).and_then(|place| self.field(place));
        let mut uses = field.iter().flat_map(|(_, field)| &field.uses);
        uses.any(|one| {
            let is_it = one.is_mapped() && *one.goal.property() == *mapping.property;
            is_it && (one.found || one.path.is_empty() || one.goal == Goal::Key)
        })
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

    pub(super) fn key(&self) -> &[usize] {
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
        let first = self.fields.len();
        let mut added: Vec<(usize, Claim)> = Vec::new();
        for new in fields {
            if self.fields.len() >= MOST_FIELDS && !self.cannot_do_without(new.name, portal) {
                if !std::mem::replace(&mut self.full, true) {
                    self.news.push(News::Full);
                }
                continue;
            }
            let index = self.fields.len();
            self.fields.insert(new.name.into(), Field { shown: new.shown, ..Field::default() });
            added.extend(
                claims(new, &self.mappings, portal, self.rules).into_iter().map(|claim| (index, claim)),
            );
        }
        // A value comes before none, then the better right, then the order of the fields.
        added.sort_by_key(|(index, claim)| (!self.is_shown(*index), claim.rank, !claim.exact));
        for (index, claim) in added {
            self.settle(index, claim, first);
        }
        for index in first..self.fields.len() {
            self.note_mark(index);
            self.news.push(News::Decided(index));
        }
    }

    fn is_shown(&self, index: usize) -> bool {
        self.fields.get_index(index).is_some_and(|(_, field)| field.shown)
    }

    /// A field may mark deleted records, unless a mapping takes it for something else.
    fn note_mark(&mut self, index: usize) {
        let Some((name, field)) = self.fields.get_index(index) else { return };
        let is_mapped = field.uses.iter().any(Use::is_mapped);
        let mark = Mark::of(name).filter(|_| self.rules.deleted == DeletedRecords::Skip && !is_mapped);
        self.marks.extend(mark.map(|mark| (index, mark)));
    }

    fn cannot_do_without(&self, field: &str, portal: &Portal) -> bool {
        let is_key = || matches!(portal.find(field), Match::Found(_, property) if *property.name == *EMAIL);
        Mark::of(field).is_some() || self.mappings.of_field(field).next().is_some() || is_key()
    }

    /// Gives a field what it wants, as far as others leave it. Fields from `first` on came together with it.
    fn settle(&mut self, index: usize, claim: Claim, first: usize) {
        let given = match claim.wish {
            Wish::LeftOut(why) => Err(why),
            Wish::Mapped(place, one) => {
                let property = one.goal.property();
                let gets = self.mappings.bind(place, index) && self.take(&property, index, first);
                if gets { Ok(one) } else { Err(LeftOut::Claimed(property)) }
            }
            Wish::Named(property) => {
                let gets = self.stands_in(index, &property)
                    || (!self.mappings.reserves(&property.name) && self.take(&property.name, index, first));
                let name = self.fields.get_index(index).map_or("", |(name, _)| name);
                match (gets, *property.name == *EMAIL) {
                    (false, _) => Err(LeftOut::Claimed(Arc::clone(&property.name))),
                    (true, true) => Ok(Use::of_field(name, Goal::Key, claim.rank, self.rules.formats)),
                    (true, false) => {
                        Ok(Use::of_field(name, Goal::Property(property), claim.rank, self.rules.formats))
                    }
                }
            }
        };
        let Some((_, field)) = self.fields.get_index_mut(index) else { return };
        match given {
            Ok(one) => {
                if one.goal == Goal::Key {
                    self.key.push(index);
                }
                field.uses.push(one);
                field.left_out = None;
            }
            Err(why) if field.uses.is_empty() => field.left_out = Some(why),
            Err(_) => {}
        }
    }

    /// Claims a property for a field. `false`: another field has it, and keeps it.
    fn take(&mut self, property: &Arc<str>, index: usize, first: usize) -> bool {
        if let Some(holder) = self.claims.get(property).copied() {
            // Among fields that came together the one with the better right was asked first.
            if holder >= first || self.is_shown(holder) || !self.is_shown(index) {
                return holder == index;
            }
            self.dispossess(holder, property);
        }
        self.claims.insert(Arc::clone(property), index);
        true
    }

    /// A field that never had a value loses its property to one that has.
    fn dispossess(&mut self, holder: usize, property: &Arc<str>) {
        if let Some((_, field)) = self.fields.get_index_mut(holder) {
            field.uses.retain(|one| one.goal.property() != *property);
            if field.uses.is_empty() {
                field.left_out = Some(LeftOut::Claimed(Arc::clone(property)));
            }
            if !field.is_key() {
                self.key.retain(|field| *field != holder);
            }
            self.news.push(News::Decided(holder));
        }
    }

    /// Whether a field is one more spelling of the word for the address, beside those that hold it already.
    fn stands_in(&self, index: usize, property: &PortalProperty) -> bool {
        let is_word = |index| self.fields.get_index(index).is_some_and(|(name, _)| is_email_word(name));
        let by_name =
            |index| self.field(index).is_some_and(|(_, field)| !field.key().is_some_and(Use::is_mapped));
        *property.name == *EMAIL
            && is_word(index)
            && !self.key.is_empty()
            && self.key.iter().all(|&field| is_word(field) && by_name(field))
    }
}
