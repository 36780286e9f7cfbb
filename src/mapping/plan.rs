//! The mapping plan of one stream: which field goes into which property, and which are left out. Pure.
//!
//! It starts from the fields that the catalog declares and grows with those that records bring. A field keeps
//! its property though a later field would fit it better. Not here: the mapping of a record ([`super::record`]).

use std::{collections::HashMap, sync::Arc};

use indexmap::IndexMap;

use super::{
    cell::Cells,
    claim::{Candidate, Claim, NewField, claims},
    deletion::Mark,
    error::MappingError,
    field::{Field, Goal, LeftOut, Rank, Use},
    mappings::Mappings,
    path::Step,
    target::Target,
};
use crate::{
    config::FieldMapping,
    crm::{names::Match, property::Property},
    protocol::{catalog::ConfiguredStream, message::StreamId},
};

/// Fields beyond this are left out without being remembered, so that a source that invents names cannot fill memory.
const MOST_FIELDS: usize = 10_000;
/// So are those whose names would take more memory than this together: 1 MiB.
const MOST_NAME_BYTES: usize = 1024 * 1024;

/// What a plan has to tell since it was last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The field of this place has another target than before.
    Decided(usize),
    /// The field of this place brought an object or a list; these are the paths to the values inside.
    Nested(usize, Vec<String>),
    /// So many fields, or so long names of fields, are known that further ones are left out without being remembered.
    Full,
}

/// The plan of one stream.
#[derive(Debug)]
pub struct Plan {
    stream: StreamId,
    /// The catalog declares fields.
    is_declared: bool,
    /// The platform has mapped the fields itself: they have the internal names of properties.
    fields_are_properties: bool,
    target: Arc<Target>,
    mappings: Mappings,
    fields: IndexMap<Box<str>, Field>,
    /// What their names take.
    name_bytes: usize,
    /// Which field has a property.
    holders: HashMap<Arc<str>, usize>,
    /// The fields that hold the address: the first that is filled counts.
    key: Vec<usize>,
    marks: Vec<(usize, Mark)>,
    cells: Cells,
    /// How many records came.
    records: u64,
    news: Vec<News>,
    full: bool,
    /// How often fields have been taken up.
    round: u32,
}

impl Plan {
    /// Compiles the plan for the fields that the catalog declares, if it declares any.
    ///
    /// # Errors
    ///
    /// If two mappings of the stream contradict each other.
    pub fn new(
        stream: &ConfiguredStream,
        mappings: &[FieldMapping],
        target: &Arc<Target>,
    ) -> Result<Self, MappingError> {
        let mut plan = Self {
            stream: stream.id.clone(),
            is_declared: !stream.fields.is_empty(),
            fields_are_properties: stream.fields_are_properties,
            target: Arc::clone(target),
            mappings: Mappings::of_stream(stream, mappings, target.key_space.property())?,
            fields: IndexMap::new(),
            name_bytes: 0,
            holders: HashMap::new(),
            key: Vec::new(),
            marks: Vec::new(),
            cells: Cells::default(),
            records: 0,
            news: Vec::new(),
            full: false,
            round: 0,
        };
        plan.learn(stream.fields.iter().map(NewField::of_catalog).collect());
        Ok(plan)
    }

    pub fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// What the stream writes to.
    pub fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// Whether the catalog declares fields, so that it is known before the first record which there are.
    pub fn is_declared(&self) -> bool {
        self.is_declared
    }

    /// The field that holds the address if it is filled, for one that stands in for it.
    pub fn stands_in_for(&self, field: &str) -> Option<&str> {
        let (first, _) = self.field(*self.key.first()?)?;
        let place = self.place_of(field)?;
        (self.key.contains(&place) && first != field).then_some(first)
    }

    /// Whether a field becomes the address.
    pub fn has_key(&self) -> bool {
        !self.key.is_empty()
    }

    /// The mapping that names the key for this very stream.
    pub fn mapping_of_key(&self) -> Option<&FieldMapping> {
        self.mappings.of_key(self.target.key_space.property())
    }

    /// The mappings that apply to the stream, and what has become of them.
    pub fn mappings(&self) -> &Mappings {
        &self.mappings
    }

    /// Whether a record had what a mapping names: its field, or a value at its path.
    pub fn has_used(&self, mapping: &FieldMapping) -> bool {
        let field = self.mappings.place_of_field(mapping).and_then(|place| self.field(place));
        let mut uses = field.iter().flat_map(|(_, field)| &field.uses);
        uses.any(|one| {
            let is_it = one.is_mapped() && *one.goal.property() == *mapping.property;
            is_it && (one.found || one.path.is_empty() || one.goal.is_key())
        })
    }

    /// The fields known so far, in the order they became known.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Field)> {
        self.fields.iter().map(|(name, field)| (&**name, field))
    }

    /// Where in a row the values of a property stand: fields, and the way inside each.
    pub fn places_of(&self, property: &str) -> Vec<(&str, &[Step])> {
        self.places(|one| !one.goal.is_key() && *one.goal.property() == *property)
    }

    /// Where in a row the key stands.
    pub fn places_of_key(&self) -> Vec<(&str, &[Step])> {
        self.places(|one| one.goal.is_key())
    }

    fn places(&self, wanted: impl Fn(&Use) -> bool) -> Vec<(&str, &[Step])> {
        let uses = self.fields().flat_map(|(name, field)| field.uses.iter().map(move |one| (name, one)));
        uses.filter(|(_, one)| wanted(one)).map(|(name, one)| (name, &*one.path)).collect()
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

    /// Other settings for values, for tests.
    #[cfg(test)]
    pub(super) fn set_values(&mut self, values: super::target::ValuePolicy) {
        let Target { key_space, schema, .. } = &*self.target;
        self.target = Arc::new(Target::new(Arc::clone(key_space), Arc::clone(schema), values));
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

    /// Whether a field is in use: the catalog declares it, or a record had a value in it.
    pub(super) fn is_in_use(&self, index: usize) -> bool {
        self.fields.get_index(index).is_some_and(|(_, field)| field.in_use)
    }

    /// The path of the address has led to one.
    pub(super) fn note_key_found(&mut self, index: usize) {
        let key = self.field_mut(index).and_then(|field| field.uses.iter_mut().find(|one| one.goal.is_key()));
        if let Some(key) = key {
            key.found = true;
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

    /// A cell that marks deleted records says neither yes nor no.
    pub(super) fn count_unclear_mark(&mut self, index: usize) {
        let record = self.records;
        if let Some(field) = self.field_mut(index) {
            field.unclear_marks.add(record);
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

    /// Takes up fields of one record, or of the catalog, that are new to the plan, or that have a value for the first time.
    /// Among them the better right decides; none of them takes anything from a field that is in use.
    pub(super) fn learn(&mut self, fields: Vec<NewField<'_>>) {
        let target = Arc::clone(&self.target);
        self.round += 1;
        let mut touched: Vec<(usize, Option<Field>)> = Vec::with_capacity(fields.len());
        let mut wanted: Vec<(usize, Claim)> = Vec::new();
        for new in fields {
            let Some((index, before)) = self.take_up(&new) else { continue };
            let claims = claims(new, &self.mappings, &target, self.fields_are_properties);
            wanted.extend(claims.into_iter().map(|claim| (index, claim)));
            touched.push((index, before));
        }
        // Fields that a mapping names, or that have a value, come before empty ones; then the better right, then the order of
        // the fields.
        wanted.sort_by_key(|(index, claim)| {
            let is_empty = claim.rank > Rank::Mapping && !self.is_in_use(*index);
            (is_empty, claim.rank, !claim.exact)
        });
        for (index, claim) in wanted {
            self.grant(index, claim);
        }
        for (index, before) in touched {
            self.note_mark(index);
            let is_same =
                |(_, after): (_, &Field)| before.as_ref().is_some_and(|before| before.goes_as(after));
            if !self.fields.get_index(index).is_some_and(is_same) {
                self.news.push(News::Decided(index));
            }
        }
    }

    /// The place of a field that is new or had no value before, free of all that it had; with what that was. `None`:
    /// there is no more room.
    fn take_up(&mut self, new: &NewField<'_>) -> Option<(usize, Option<Field>)> {
        let round = self.round;
        if let Some(index) = self.place_of(new.name) {
            self.holders.retain(|_, holder| *holder != index);
            self.key.retain(|field| *field != index);
            self.marks.retain(|(field, _)| *field != index);
            self.mappings.unbind(index);
            let field = self.field_mut(index)?;
            let free = Field { in_use: new.in_use, round, met: field.met, ..Field::default() };
            let before = std::mem::replace(field, free);
            (field.cells_left_out, field.unclear_marks) =
                (before.cells_left_out, before.unclear_marks.clone());
            return Some((index, Some(before)));
        }
        let name_bytes = self.name_bytes + new.name.len();
        let is_full = self.fields.len() >= MOST_FIELDS || name_bytes > MOST_NAME_BYTES;
        if is_full && !self.cannot_do_without(new.name) {
            if !std::mem::replace(&mut self.full, true) {
                self.news.push(News::Full);
            }
            return None;
        }
        self.name_bytes = name_bytes;
        let field = Field { in_use: new.in_use, round, met: round, ..Field::default() };
        Some((self.fields.insert_full(new.name.into(), field).0, None))
    }

    fn came_now(&self, index: usize) -> bool {
        self.field(index).is_some_and(|(_, field)| field.round == self.round)
    }

    /// A field may mark deleted records, unless a mapping takes it for something else.
    fn note_mark(&mut self, index: usize) {
        let Some((name, field)) = self.fields.get_index(index) else { return };
        let is_chosen =
            field.uses.iter().any(Use::is_mapped) || (self.fields_are_properties && !field.uses.is_empty());
        let mark = Mark::of(name).filter(|_| self.target.heeds_deletions() && !is_chosen);
        self.marks.extend(mark.map(|mark| (index, mark)));
    }

    fn cannot_do_without(&self, field: &str) -> bool {
        let Target { key_space, schema, .. } = &*self.target;
        let is_key =
            || matches!(schema.find(field), Match::Found(_, property) if key_space.is_key(&property.name));
        Mark::of(field).is_some() || self.mappings.of_field(field).next().is_some() || is_key()
    }

    /// A record is about to be mapped.
    pub(super) fn next_record(&mut self) {
        self.records += 1;
    }

    /// Gives a field what it wants, as far as others leave it.
    fn grant(&mut self, index: usize, claim: Claim) {
        let given = match claim.candidate {
            Candidate::LeftOut(why) => Err(why),
            Candidate::Mapped(place, one) => {
                let property = one.goal.property();
                if self.take(&property, index, true) {
                    self.mappings.bind(place, index);
                    Ok(one)
                } else if self.holders.get(&property).is_some_and(|holder| self.came_now(*holder)) {
                    Err(LeftOut::Claimed(property))
                } else {
                    Err(LeftOut::MappedTooLate(property))
                }
            }
            Candidate::Named(property) => {
                let gets = self.stands_in(index, &property)
                    || (!self.mappings.reserves(&property.name) && self.take(&property.name, index, false));
                let name = self.fields.get_index(index).map_or("", |(name, _)| name);
                let is_key = self.target.key_space.is_key(&property.name);
                if gets {
                    let goal = if is_key {
                        Goal::Key(Arc::clone(&self.target.key_space))
                    } else {
                        Goal::Property(property)
                    };
                    Ok(Use::of_field(name, goal, claim.rank, self.target.values.formats))
                } else {
                    Err(LeftOut::Claimed(Arc::clone(&property.name)))
                }
            }
        };
        let Some((_, field)) = self.fields.get_index_mut(index) else { return };
        match given {
            Ok(one) => {
                let is_key = one.goal.is_key();
                field.uses.push(one);
                field.left_out = None;
                if is_key {
                    self.add_key(index);
                }
            }
            Err(why) if field.uses.is_empty() => field.left_out = Some(why),
            Err(_) => {}
        }
    }

    /// Of the fields that hold the address the one that came first counts first; of those that came together, the one with
    /// the better right.
    fn add_key(&mut self, index: usize) {
        self.key.push(index);
        let fields = &self.fields;
        self.key.sort_by_key(|index| {
            let field = fields.get_index(*index).map(|(_, field)| field);
            field.map(|field| (field.met, field.key().map(|one| one.rank)))
        });
    }

    /// Gives a property to a field. `false`: another field holds it and keeps it.
    fn take(&mut self, property: &Arc<str>, index: usize, is_mapped: bool) -> bool {
        if let Some(holder) = self.holders.get(property).copied() {
            let is_empty = !is_mapped && !self.is_in_use(index);
            // Among fields that came together the one with the better right was asked first.
            if self.came_now(holder) || self.is_in_use(holder) || is_empty {
                return holder == index;
            }
            self.take_from(holder, property);
        }
        self.holders.insert(Arc::clone(property), index);
        true
    }

    /// A field that never had a value loses its property to one that has.
    fn take_from(&mut self, holder: usize, property: &Arc<str>) {
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
    fn stands_in(&self, index: usize, property: &Property) -> bool {
        let is_word = |index| {
            self.fields.get_index(index).is_some_and(|(name, _)| self.target.key_space.is_word_for_key(name))
        };
        let by_name =
            |index| self.field(index).is_some_and(|(_, field)| !field.key().is_some_and(Use::is_mapped));
        self.target.key_space.is_key(&property.name)
            && is_word(index)
            && !self.key.is_empty()
            && self.key.iter().all(|&field| is_word(field) && by_name(field))
    }
}
