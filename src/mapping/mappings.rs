//! The entries of `field_mappings` that apply to one stream, and whether each has found its field. Pure.
//!
//! Not here: what a field does with its mapping ([`super::plan`]).

use super::{
    creation::is_valid_name,
    path::{Path, Step},
    schema::{PathVerdict, judge_path},
};
use crate::{
    config::FieldMapping,
    crm::schema::Schema,
    error::Failure,
    protocol::catalog::ConfiguredStream,
    text::{is_invisible, nearest, shown},
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
    /// A `config_error` if two of them that name the stream send different fields to one property.
    pub(super) fn of_stream(
        stream: &ConfiguredStream,
        mappings: &[FieldMapping],
        key: &str,
    ) -> Result<Self, Failure> {
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
            if let Some(rival) = all.iter().find(|one| one.mapping.property == mapping.property) {
                if mapping.stream.is_some() && rival.mapping.field != mapping.field {
                    return Err(contradiction(stream, &rival.mapping, &mapping));
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
                Some(Doubt::NoField { nearest: nearest(&mapping.field, names).map(str::to_owned) })
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

fn contradiction(stream: &ConfiguredStream, one: &FieldMapping, other: &FieldMapping) -> Failure {
    Failure::config(format!(
        "`field_mappings` sends two fields of the stream `{}` to the property `{}`: `{}` and `{}`. Keep one of them.",
        stream.id.shown(),
        shown(&other.property),
        shown(&one.field),
        shown(&other.field)
    ))
}

/// A mapping that cannot work is a mistake to mend at once, not a field to leave out in silence.
///
/// `key` is the property by which records are found. `may_be_created` says of a mapping whose property the account does not have whether the sync will make it.
///
/// # Errors
///
/// A `config_error` for the first mapping whose property the account does not have or does not let the API set.
pub fn check_mappings(
    mappings: &[FieldMapping],
    key: &str,
    schema: &Schema,
    may_be_created: impl Fn(&FieldMapping) -> bool,
) -> Result<(), Failure> {
    for mapping in mappings {
        let FieldMapping { field, property, .. } = mapping;
        let wrong = match schema.property(property) {
            _ if property == key => continue,
            Some(known) if known.read_only => {
                "HubSpot does not let the API set that property. Choose another one.".to_owned()
            }
            Some(_) => continue,
            None if may_be_created(mapping) => continue,
            None => format!(
                "no contact property of this HubSpot account has that internal name; {}",
                cure(property, schema)
            ),
        };
        return Err(Failure::config(format!(
            "`field_mappings` sends the field `{}` to the property `{}`, but {wrong}",
            shown(field),
            shown(property)
        )));
    }
    Ok(())
}

fn cure(property: &str, schema: &Schema) -> String {
    match schema.correction(property) {
        Some(correction) => correction,
        None if is_valid_name(property) => {
            "copy the internal name from the property's settings in HubSpot, or create the property there.".to_owned()
        }
        None => "copy the internal name from the property's settings in HubSpot, or, to have the property made by \
                 `unknown_fields: create`, write a name of lower-case letters, digits and `_`."
            .to_owned(),
    }
}
