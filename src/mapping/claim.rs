//! What a field of a stream wants, by its name and the mappings, whatever other fields want. Pure.
//!
//! Not here: which of several fields gets a property ([`super::plan`]).

use std::sync::Arc;

use serde_json::value::RawValue;

use super::{
    cell,
    deletion::Mark,
    field::{Goal, LeftOut, Rank, Use},
    json_schema::{Shape, inside, shape},
    mappings::Mappings,
    paths_inside::paths_inside,
    target::Target,
};
use crate::{
    crm::{
        key::KeySpace,
        names::{By, Match},
        property::{Kind, Property},
        schema::Schema,
    },
    protocol::catalog,
};

/// Airbyte's own columns and those of its database sources: left out unless a mapping names them.
const TECHNICAL_PREFIXES: [&str; 3] = ["_airbyte_", "_ab_cdc_", "_ab_source_file_"];

/// Whether a column is one of Airbyte's own.
pub fn is_technical(field: &str) -> bool {
    TECHNICAL_PREFIXES.iter().any(|prefix| field.starts_with(prefix))
}

/// A field that is new to a plan.
#[derive(Debug, Clone)]
pub(super) struct NewField<'a> {
    pub name: &'a str,
    /// The catalog declares it, or its first cell has a value.
    pub in_use: bool,
    /// What the catalog says of its values.
    shape: Shape,
    /// Something inside its values could be mapped, or nothing but that.
    nested: bool,
    /// The paths to values inside.
    inside: Vec<String>,
}

impl<'a> NewField<'a> {
    pub(super) fn of_catalog(field: &'a catalog::Field) -> Self {
        let inside: Vec<String> =
            inside(&field.schema).iter().map(|path| joined(&field.name, path)).collect();
        let shape = shape(&field.schema);
        let nested = matches!(shape, Shape::Object | Shape::ListOfObjects) || !inside.is_empty();
        Self { name: &field.name, in_use: true, shape, nested, inside }
    }

    pub(super) fn of_record(name: &'a str, raw: &RawValue, schema: &Schema) -> Self {
        let in_use = cell::has_value(raw);
        let nested = in_use && raw.get().starts_with(['{', '[']);
        let inside = if nested { paths_inside(name, raw, schema) } else { Vec::new() };
        Self { name, in_use, shape: Shape::Unknown, nested, inside }
    }
}

/// Something that a field wants.
#[derive(Debug)]
pub(super) struct Claim {
    pub rank: Rank,
    /// By its whole name, not by a path that begins with it.
    pub exact: bool,
    pub candidate: Candidate,
}

#[derive(Debug)]
pub(super) enum Candidate {
    /// What a mapping says, with its place among the mappings.
    Mapped(usize, Use),
    Named(Arc<Property>),
    LeftOut(LeftOut),
}

/// What a field wants: what mappings say of it and of paths inside it, and what its name means unless a mapping names the
/// field as a whole. `fields_are_properties`: the platform has mapped the fields itself, so that they have the internal names of
/// properties.
pub(super) fn claims(
    new: NewField<'_>,
    mappings: &Mappings,
    target: &Target,
    fields_are_properties: bool,
) -> Vec<Claim> {
    let Target { key_space, schema, values, .. } = target;
    let mut claims = Vec::new();
    for (place, mapping, steps) in mappings.of_field(new.name) {
        let goal = match schema.property(&mapping.property) {
            _ if key_space.is_key(&mapping.property) => Goal::Key(Arc::clone(key_space)),
            Some(property) => Goal::Property(Arc::clone(property)),
            None => continue,
        };
        let rank = if mappings.is_matching_key(place) { Rank::MatchingKey } else { Rank::Mapping };
        let one = Use::new(new.name, goal, steps.into(), rank, values.formats).with_values(
            new.name,
            mapping.values.clone(),
            values.formats,
        );
        claims.push(Claim { rank, exact: steps.is_empty(), candidate: Candidate::Mapped(place, one) });
    }
    if claims.iter().any(|claim| claim.exact) {
        return claims;
    }
    let (rank, candidate) = by_name(new, target, fields_are_properties);
    let says_nothing_new = !claims.is_empty() && matches!(candidate, Candidate::LeftOut(_));
    if !says_nothing_new {
        claims.push(Claim { rank, exact: true, candidate });
    }
    claims
}

fn by_name(new: NewField<'_>, target: &Target, fields_are_properties: bool) -> (Rank, Candidate) {
    let Target { key_space, schema, values, .. } = target;
    let out = |why| (Rank::Named(By::UsualName), Candidate::LeftOut(why));
    let chosen = schema.property(new.name).filter(|_| fields_are_properties);
    if let Some(property) = chosen.filter(|property| !property.read_only) {
        return (Rank::Named(By::Name), Candidate::Named(Arc::clone(property)));
    }
    if values.heeds_deletions() && Mark::of(new.name).is_some() {
        return out(LeftOut::DeletionMark);
    }
    if is_technical(new.name) {
        return out(LeftOut::Technical);
    }
    match schema.find(new.name) {
        Match::Found(_, property) if property.read_only => out(LeftOut::ReadOnly),
        Match::Found(by, property) if fits(new.shape, &property, key_space) => {
            (Rank::Named(by), Candidate::Named(property))
        }
        Match::Found(..) => out(LeftOut::Nested(new.inside)),
        _ if new.nested => out(LeftOut::Nested(new.inside)),
        // Not even where such records are written: it says nothing of a contact.
        Match::Nothing if Mark::of(new.name).is_some() => out(LeftOut::DeletionMark),
        Match::Nothing => out(LeftOut::NoProperty),
        Match::Several => out(LeftOut::Ambiguous),
        Match::NeedsMapping(property, others) => {
            out(LeftOut::NeedsMapping(Arc::clone(&property.name), names_of(&others)))
        }
        Match::Perhaps(properties) => out(LeftOut::Perhaps(names_of(&properties))),
    }
}

fn names_of(properties: &[Arc<Property>]) -> Vec<Arc<str>> {
    properties.iter().map(|property| Arc::clone(&property.name)).collect()
}

/// Whether values of this form may go into a property without a mapping.
fn fits(shape: Shape, property: &Property, key_space: &KeySpace) -> bool {
    match shape {
        Shape::Object => false,
        // The primary entry of a list may be an address or a number, but never a text.
        Shape::ListOfObjects => key_space.is_key(&property.name) || property.kind != Kind::Text,
        Shape::ListOfPlain | Shape::List | Shape::Plain | Shape::Unknown => true,
    }
}

/// A field and a path inside it, as a mapping names them.
pub fn joined(field: &str, inside: &str) -> String {
    if inside.starts_with('[') { format!("{field}{inside}") } else { format!("{field}.{inside}") }
}
