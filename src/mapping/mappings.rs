//! The entries of `field_mappings` that apply to one stream, and whether each has found its field. Pure.
//!
//! Not here: what a field does with its mapping ([`super::plan`]).

use super::{
    creation::is_valid_name,
    error::{Cure, MappingError},
    json_schema::{PathVerdict, judge_path},
    path::{Path, Step},
};
use crate::{
    config::FieldMapping,
    crm::schema::{Correction, Schema},
    protocol::catalog::ConfiguredStream,
    text::{is_invisible, nearest},
};

/// The mappings of a stream, at most one for each property.
#[derive(Debug, Default)]
pub struct Mappings {
    all: Vec<StreamMapping>,
}

/// A mapping that applies to the stream.
#[derive(Debug)]
struct StreamMapping {
    mapping: FieldMapping,
    /// What its field is if no field of the stream has that name as a whole.
    path: Option<Path>,
    /// The platform that maps fields itself has chosen it.
    is_matching_key: bool,
    /// The place of its field in the plan, once there is one.
    field: Option<usize>,
}

/// Why a mapping may never bring a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// The stream declares no such field; the nearest name that it declares.
    NoField { nearest: Option<String> },
    /// The stream's schema lists what is in the field, and the path is not among it.
    NotDeclared,
    /// By the stream's schema there is nothing inside: a text has no members, a list has no names.
    Impossible,
}

impl Mappings {
    /// The mappings that apply to a stream: those that name it first, since they win.
    ///
    /// # Errors
    ///
    /// If two of them that name the stream send different fields to one property.
    pub(super) fn of_stream(
        stream: &ConfiguredStream,
        mappings: &[FieldMapping],
        key: &str,
    ) -> Result<Self, MappingError> {
        let id = &stream.id;
        let chosen = stream.matching_key.iter().map(|field| FieldMapping {
            stream: Some(id.to_string()),
            field: field.clone(),
            property: key.to_owned(),
            values: None,
        });
        let applies = mappings.iter().filter(|mapping| mapping.applies_to(id.name(), id.namespace()));
        let (specific, general): (Vec<_>, Vec<_>) =
            applies.cloned().chain(chosen).partition(|mapping| mapping.stream.is_some());
        let mut all: Vec<StreamMapping> = Vec::new();
        for mapping in specific.into_iter().chain(general) {
            if let Some(other) = all.iter().find(|one| one.mapping.property == mapping.property) {
                if mapping.stream.is_some() && other.mapping.field != mapping.field {
                    return Err(MappingError::PropertyTwice {
                        stream: id.clone(),
                        property: mapping.property,
                        first_field: other.mapping.field.clone(),
                        second_field: mapping.field,
                    });
                }
                continue;
            }
            let is_matching_key =
                mapping.property == key && stream.matching_key.as_ref() == Some(&mapping.field);
            let path = Path::parse(&mapping.field);
            all.push(StreamMapping { mapping, path, is_matching_key, field: None });
        }
        Ok(Self { all })
    }

    /// The mappings of a field, each with its place and the way inside the field; nothing leads to the field itself.
    pub(super) fn of_field(&self, name: &str) -> impl Iterator<Item = (usize, &FieldMapping, &[Step])> {
        self.all.iter().enumerate().filter_map(move |(place, one)| {
            if is_field(&one.mapping.field, name) {
                return Some((place, &one.mapping, &[][..]));
            }
            let path = one.path.as_ref().filter(|path| is_field(&path.field, name))?;
            Some((place, &one.mapping, &path.steps[..]))
        })
    }

    /// Gives a mapping its field.
    pub(super) fn bind(&mut self, place: usize, field: usize) {
        if let Some(one) = self.all.get_mut(place) {
            one.field = Some(field);
        }
    }

    /// A field has nothing any more.
    pub(super) fn unbind(&mut self, field: usize) {
        self.all.iter_mut().filter(|one| one.field == Some(field)).for_each(|one| one.field = None);
    }

    pub(super) fn is_matching_key(&self, place: usize) -> bool {
        self.all.get(place).is_some_and(|one| one.is_matching_key)
    }

    /// Whether a property is kept for a mapping: one that has its field, or that names the stream.
    pub(super) fn reserves(&self, property: &str) -> bool {
        let mut of_property = self.all.iter().filter(|one| one.mapping.property == property);
        of_property.any(|one| one.field.is_some() || one.mapping.stream.is_some())
    }

    /// The place of the field that a mapping of the stream has found.
    pub(super) fn place_of_field(&self, mapping: &FieldMapping) -> Option<usize> {
        self.all.iter().find(|one| one.mapping == *mapping)?.field
    }

    /// The mapping that names the address for this very stream.
    pub(super) fn of_key(&self, key: &str) -> Option<&FieldMapping> {
        let of_key = self.all.iter().find(|one| one.mapping.property == key)?;
        (of_key.field.is_some() || of_key.mapping.stream.is_some()).then_some(&of_key.mapping)
    }

    /// The mapping that names the key, whether or not the stream has its field.
    pub fn to_key(&self, key: &str) -> Option<&FieldMapping> {
        self.all.iter().map(|one| &one.mapping).find(|mapping| mapping.property == key)
    }

    /// What makes a mapping doubtful by what the stream declares; `None` if nothing does, or if it does not apply.
    pub fn doubt(&self, mapping: &FieldMapping, stream: &ConfiguredStream) -> Option<Doubt> {
        let one = self.all.iter().find(|one| one.mapping == *mapping)?;
        let declared = |name: &str| stream.fields.iter().find(|field| is_field(name, &field.name));
        if stream.fields.is_empty() || declared(&mapping.field).is_some() {
            return None;
        }
        match one.path.as_ref().and_then(|path| Some((declared(&path.field)?, path))) {
            None => {
                let names = stream.fields.iter().map(|field| field.name.as_str());
                // A path may be of a field whose name is misspelt.
                let path = one.path.as_ref().filter(|path| !path.steps.is_empty());
                let near = nearest(path.map_or(&mapping.field, |path| &path.field), names);
                Some(Doubt::NoField { nearest: near.map(str::to_owned) })
            }
            Some((field, path)) => match judge_path(&field.schema, &path.steps) {
                PathVerdict::Possible => None,
                PathVerdict::NotDeclared => Some(Doubt::NotDeclared),
                PathVerdict::Impossible => Some(Doubt::Impossible),
            },
        }
    }
}

/// Whether a mapping means a field of this name: what nobody sees at the ends of a name, such as the mark that editors put
/// before the first heading of a table, makes no difference.
pub fn is_field(mapped: &str, name: &str) -> bool {
    mapped == name || mapped == name.trim_matches(is_invisible)
}

/// A mapping that cannot work is a mistake to correct at once, not a field to leave out in silence.
///
/// `key` is the property by which records are found. `may_be_created` says of a mapping whose property the account does not have whether the sync will make it.
///
/// # Errors
///
/// For the first mapping whose property the account does not have or does not let the API set.
pub fn check_mappings(
    mappings: &[FieldMapping],
    key: &str,
    schema: &Schema,
    may_be_created: impl Fn(&FieldMapping) -> bool,
) -> Result<(), MappingError> {
    for mapping in mappings {
        let names = || (mapping.field.clone(), mapping.property.clone());
        match schema.property(&mapping.property) {
            _ if mapping.property == key => {}
            Some(known) if known.read_only => {
                let (field, property) = names();
                return Err(MappingError::ReadOnly { field, property });
            }
            Some(_) => {}
            None if may_be_created(mapping) => {}
            None => {
                let (field, property) = names();
                let cure = cure(&property, schema);
                return Err(MappingError::NoSuchProperty { field, property, cure });
            }
        }
    }
    Ok(())
}

fn cure(property: &str, schema: &Schema) -> Cure {
    match schema.correction(property) {
        Correction::OfLabel(name) => Cure::UseName(name),
        Correction::Near(names) => Cure::ChooseNear(names),
        Correction::Nothing if is_valid_name(property) => Cure::CopyOrCreate,
        Correction::Nothing => Cure::CopyOrRename,
    }
}
