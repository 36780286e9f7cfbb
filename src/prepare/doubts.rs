//! What is wrong or doubtful in the plans of a catalog, in words for the user: streams without an address, mappings that
//! match nothing or lead to values that no property takes, an address that is a list. Not here: how a plan is made ([`crate::mapping::plan`]).

use serde_json::Value;
use tracing::warn;

use super::error::{KeylessStream, LookedFor, PrepareError};
use crate::{
    config::{Config, FieldMapping, UnknownFields, names_stream},
    crm::schema::{Correction, Schema},
    mapping::{
        claim::joined,
        creation::is_valid_name,
        error::{Cure, MappingError},
        json_schema::{Shape, inside, is_nested, schema_at, shape},
        mappings::{Doubt, is_field},
        path::Path,
        plan::Plan,
        value::{Formats, fits, wanted},
    },
    protocol::{
        catalog::{Catalog, ConfiguredStream},
        message::StreamId,
    },
    text::{nearest, normal, shown},
};

/// So many fields of a stream are named in an error.
const MOST_FIELDS: usize = 30;
/// So many fields that may be the address are named.
const MOST_CANDIDATES: usize = 5;

/// A stream that declares its fields, none of which becomes the address.
#[derive(Debug)]
pub struct Keyless<'a> {
    stream: &'a ConfiguredStream,
    /// The mapping that should name the address.
    mapping: Option<FieldMapping>,
}

impl<'a> Keyless<'a> {
    pub fn of(stream: &'a ConfiguredStream, plan: &Plan) -> Option<Self> {
        let mapping = plan.mapping_of_key();
        let leads_nowhere =
            mapping.is_some_and(|one| plan.mappings().doubt(one, stream) == Some(Doubt::Impossible));
        let has_key = plan.has_key() && !leads_nowhere;
        // A mapping for all streams names a field that this one lacks.
        let told = mapping.or_else(|| plan.mappings().to_key(plan.target().key_space.property()));
        (plan.is_declared() && !has_key).then(|| Self { stream, mapping: told.cloned() })
    }

    /// What was looked for, and what there is.
    fn told(&self) -> KeylessStream {
        let names = || self.stream.fields.iter().map(|field| field.name.as_str());
        let looked_for = match &self.mapping {
            Some(mapping) => {
                let nearest = nearest(&mapping.field, names()).map(str::to_owned);
                LookedFor::Mapped { field: mapping.field.clone(), nearest }
            }
            None => LookedFor::UsualName { perhaps: self.candidates() },
        };
        KeylessStream {
            stream: self.stream.id.clone(),
            looked_for,
            fields: names().take(MOST_FIELDS).map(str::to_owned).collect(),
            more_fields: self.stream.fields.len().saturating_sub(MOST_FIELDS),
        }
    }

    /// Fields, and values inside of fields, whose names speak of an address.
    fn candidates(&self) -> Vec<String> {
        let speaks = |name: &str| {
            let name = normal(name);
            ["mail", "correo", "courriel"].iter().any(|word| name.contains(word))
        };
        let of_field = self.stream.fields.iter().flat_map(|field| {
            let own = speaks(&field.name).then(|| field.name.clone());
            let inside = inside(&field.schema).into_iter().filter(|path| speaks(path));
            own.into_iter().chain(inside.map(|path| joined(&field.name, &path)))
        });
        of_field.take(MOST_CANDIDATES).collect()
    }
}

/// What is wrong with a catalog with streams that have no address.
pub fn no_key(keyless: &[Keyless<'_>]) -> PrepareError {
    let candidate = keyless.first().and_then(|one| one.candidates().into_iter().next());
    PrepareError::NoKey { streams: keyless.iter().map(Keyless::told).collect(), candidate }
}

/// The schema of what nobody has declared.
pub static ANYTHING: Value = Value::Null;

/// What a stream declares for a field or a path: the field, and the schema of the value.
pub fn declared<'a>(stream: &'a ConfiguredStream, field: &str) -> Option<(&'a str, &'a Value)> {
    let of_name = |name: &str| stream.fields.iter().find(|field| is_field(name, &field.name));
    if let Some(field) = of_name(field) {
        return Some((&field.name, &field.schema));
    }
    let path = Path::parse(field)?;
    let field = of_name(&path.field)?;
    Some((&field.name, schema_at(&field.schema, &path.steps).unwrap_or(&ANYTHING)))
}

/// Whether the property of a mapping will be made, since it does not exist and a stream declares a plain field for it.
pub fn may_be_created(mapping: &FieldMapping, catalog: &Catalog, config: &Config) -> bool {
    let is_plain = |(_, schema)| !is_nested(schema);
    config.unknown_fields == UnknownFields::Create
        && is_valid_name(&mapping.property)
        && streams_of(mapping, catalog).any(|stream| declared(stream, &mapping.field).is_some_and(is_plain))
}

/// A property of a mapping is not created since no stream declares the field: then the field is the mistake.
pub fn blame_field(error: MappingError, catalog: &Catalog, config: &Config) -> MappingError {
    match error {
        MappingError::NoSuchProperty { field, property, cure: Cure::CopyOrCreate }
            if config.unknown_fields == UnknownFields::Create
                && catalog.streams.iter().all(|stream| declared(stream, &field).is_none()) =>
        {
            let fields = catalog.streams.iter().flat_map(|stream| &stream.fields);
            let nearest = nearest(&field, fields.map(|field| field.name.as_str())).map(str::to_owned);
            MappingError::NoSuchProperty { field, property, cure: Cure::CorrectField { nearest } }
        }
        error => error,
    }
}

fn streams_of<'a>(
    mapping: &FieldMapping,
    catalog: &'a Catalog,
) -> impl Iterator<Item = &'a ConfiguredStream> {
    catalog.streams.iter().filter(|stream| mapping.applies_to(stream.id.name(), stream.id.namespace()))
}

/// Warns where the catalog declares that the address comes as a list.
pub fn warn_of_lists(plans: &[Plan], catalog: &Catalog) {
    for (plan, stream) in plans.iter().zip(&catalog.streams) {
        for field in &stream.fields {
            let is_key = plan.fields().any(|(name, planned)| {
                let whole = planned.uses.iter().any(|one| one.path.is_empty());
                name == field.name && planned.is_key() && whole
            });
            let is_list =
                matches!(shape(&field.schema), Shape::List | Shape::ListOfObjects | Shape::ListOfPlain);
            if is_key && is_list {
                warn!(
                    stream = %stream.id,
                    field = field.name,
                    "the field of the e-mail address is a list: its only entry is taken, or the one that is marked as the \
                     primary one, and a record with several of which none is marked is rejected; to take the first, map \
                     `{}[0]` or a value inside it",
                    shown(&field.name)
                );
            }
        }
    }
}

/// Warns of policies for properties that the account does not have: the meant one is overwritten. A property that the sync is going to
/// make may have one.
pub fn warn_of_policies(config: &Config, schema: &Schema) {
    let entries = config.policies.iter().filter(|entry| entry.property != "*");
    for entry in entries.filter(|_| config.unknown_fields != UnknownFields::Create) {
        let known = schema.writable();
        let mut names = known.iter().map(|property| &*property.name);
        if schema.property(&entry.property).is_some()
            || names.any(|name| name.eq_ignore_ascii_case(&entry.property))
        {
            continue;
        }
        let nearest = match schema.correction(&entry.property) {
            Correction::OfLabel(name) => Some(name),
            Correction::Near(names) => names.into_iter().next(),
            Correction::Nothing => None,
        };
        warn!(
            stream = entry.stream.as_deref(),
            property = %shown(&entry.property),
            nearest = nearest.as_deref(),
            "an entry of `policies` is for a property that the account does not have, so that nothing is held back by it"
        );
    }
}

/// Warns of entries of `streams` and `policies` for streams that the catalog does not have.
pub fn warn_of_entries(config: &Config, catalog: Option<&Catalog>) {
    let Some(catalog) = catalog else { return };
    let known = || catalog.streams.iter().map(|stream| &stream.id).chain(catalog.unsupported.keys());
    for (setting, stream) in config.names_of_entries() {
        if known().any(|id| names_stream(stream, id.name(), id.namespace())) {
            continue;
        }
        let names: Vec<String> = known().flat_map(|id| [id.name().to_owned(), id.to_string()]).collect();
        let nearest = nearest(stream, names.iter().map(String::as_str));
        warn!(setting, stream = %shown(stream), nearest, "an entry is for a stream that the catalog does not have, so that it has no effect");
    }
}

/// Warns of values that mappings lead to and that their properties do not take, such as an option that does not exist.
pub fn warn_of_values(mappings: &[FieldMapping], formats: Formats, schema: &Schema) {
    for mapping in mappings {
        let (Some(table), Some(property)) = (&mapping.values, schema.property(&mapping.property)) else {
            continue;
        };
        let unfit: Vec<_> =
            table.targets().into_iter().filter(|text| !fits(text, property, formats)).map(shown).collect();
        if !unfit.is_empty() {
            warn!(
                stream = mapping.stream.as_deref(),
                field = mapping.field,
                property = mapping.property,
                values = unfit.join(", "),
                expects = wanted(property, formats),
                "the `values` of an entry of `field_mappings` lead to values that the property does not take"
            );
        }
    }
}

/// Warns of mappings that can match nothing, by what the catalog declares.
pub fn warn_of_mappings(plans: &[Plan], catalog: &Catalog, config: &Config) {
    for mapping in &config.field_mappings {
        let applies = |id: &StreamId| mapping.applies_to(id.name(), id.namespace());
        let (stream, field) = (mapping.stream.as_deref(), mapping.field.as_str());
        let known = || catalog.streams.iter().map(|stream| &stream.id).chain(catalog.unsupported.keys());
        if !known().any(applies) {
            let names: Vec<String> = known().map(ToString::to_string).collect();
            let nearest = nearest(
                stream.unwrap_or_default(),
                names.iter().map(String::as_str).chain(known().map(StreamId::name)),
            );
            warn!(
                stream,
                field, nearest, "an entry of `field_mappings` names a stream that is not in the catalog"
            );
            continue;
        }
        let of_streams = plans.iter().zip(&catalog.streams).filter(|(plan, _)| applies(plan.stream()));
        let doubts: Vec<Option<Doubt>> =
            of_streams.map(|(plan, stream)| plan.mappings().doubt(mapping, stream)).collect();
        // One stream in which it works, or which declares nothing, is enough.
        let Some(Some(doubt)) = doubts.iter().min_by_key(|doubt| doubt.is_some()) else { continue };
        match doubt {
            Doubt::NoField { nearest } => warn!(
                stream,
                field,
                nearest = nearest.as_deref(),
                "an entry of `field_mappings` names a field that no stream of the catalog has"
            ),
            Doubt::NotDeclared => warn!(
                stream,
                field,
                property = mapping.property,
                "the catalog's schema does not have the path of an entry of `field_mappings`"
            ),
            Doubt::Impossible => warn!(
                stream,
                field,
                property = mapping.property,
                "the path of an entry of `field_mappings` can never match: by the catalog's schema there is nothing inside"
            ),
        }
    }
}
