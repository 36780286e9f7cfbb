//! The mapping plan of one stream: which field goes into which property, and which are left out.
//!
//! It starts from the fields that the catalog declares and grows with those that records bring.

use std::sync::Arc;

use indexmap::IndexMap;

use super::portal::{Portal, PortalProperty};
use crate::{config::FieldMapping, error::Failure, hubspot::model::EMAIL, protocol::message::StreamId};

/// Fields beyond this are left out without being remembered, so that a source that invents names cannot fill memory.
const MOST_FIELDS: usize = 10_000;

/// Airbyte's own columns and those of its database sources: left out unless a mapping names them.
const TECHNICAL_PREFIXES: [&str; 3] = ["_airbyte_", "_ab_cdc_", "_ab_source_file_"];

/// The column that says when a record was deleted in the source.
pub const DELETED_AT: &str = "_ab_cdc_deleted_at";

/// Where the values of a field go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// The value is the contact's address.
    pub key: bool,
    pub properties: Vec<Arc<PortalProperty>>,
    /// A value that is not null marks the record as deleted.
    pub deletion_mark: bool,
    pub left_out: Option<LeftOut>,
}

/// Why a field goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// No property has its name.
    NoProperty,
    /// HubSpot does not let the API set the property of its name.
    ReadOnly,
    /// A mapping of another field claims the property.
    Claimed,
    /// A column of Airbyte's own; not worth a warning.
    Technical,
}

impl LeftOut {
    /// The warning's text; `None` for what is left out as a matter of course.
    pub fn warning(self) -> Option<&'static str> {
        match self {
            Self::NoProperty => Some(
                "no contact property has this internal name; name one in `field_mappings`, or create it in HubSpot",
            ),
            Self::ReadOnly => Some("HubSpot does not let the API set the property of this name"),
            Self::Claimed => Some("`field_mappings` gives the property of this name to another field"),
            Self::Technical => None,
        }
    }
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
            if !own.iter().any(|other| other.property == mapping.property) {
                own.push(mapping.clone());
            }
        }
        check_mappings(&own, portal)?;
        let applies = |mapping: &FieldMapping| {
            mapping.stream.is_some() || declared.is_empty() || declared.contains(&mapping.field.as_str())
        };
        let (mappings, waiting) = own.into_iter().partition(applies);
        let mut plan = Self { stream: stream.clone(), mappings, waiting, fields: IndexMap::new() };
        for field in declared {
            plan.learn(field, portal);
        }
        if !declared.is_empty() && !plan.fields.values().any(|targets| targets.key) {
            return Err(Failure::config(format!(
                "the stream `{stream}` has no field that becomes the contact's e-mail address, which is the key. Name \
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

    pub(super) fn known(&self) -> usize {
        self.fields.len()
    }

    pub(super) fn targets(&self, index: usize) -> Option<&Targets> {
        self.fields.get_index(index).map(|(_, targets)| targets)
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
        if self.fields.len() >= MOST_FIELDS {
            return None;
        }
        self.awaken(field, portal);
        let targets = self.decide(field, portal);
        Some(self.fields.insert_full(field.into(), targets).0)
    }

    /// Lets mappings of a field that has turned up apply: they take their properties from the fields of those names.
    fn awaken(&mut self, field: &str, portal: &Portal) {
        for mapping in self.waiting.extract_if(.., |mapping| mapping.field == field).collect::<Vec<_>>() {
            let property = mapping.property.clone();
            self.mappings.push(mapping);
            let targets = self.decide(&property, portal);
            if let Some(by_name) = self.fields.get_mut(property.as_str()) {
                *by_name = targets;
            }
        }
    }

    /// Explicit mappings first, then the internal name.
    fn decide(&self, field: &str, portal: &Portal) -> Targets {
        let mut targets = Targets { deletion_mark: field == DELETED_AT, ..Targets::default() };
        for mapping in self.mappings.iter().filter(|mapping| mapping.field == field) {
            if mapping.property == EMAIL {
                targets.key = true;
            } else if let Some(property) = portal.property(&mapping.property) {
                targets.properties.push(Arc::clone(property));
            }
        }
        if targets.key || !targets.properties.is_empty() {
            return targets;
        }
        if TECHNICAL_PREFIXES.iter().any(|prefix| field.starts_with(prefix)) {
            targets.left_out = Some(LeftOut::Technical);
            return targets;
        }
        let claimed = self.mappings.iter().any(|mapping| mapping.property == field);
        match portal.property(field) {
            _ if claimed => targets.left_out = Some(LeftOut::Claimed),
            _ if field == EMAIL => targets.key = true,
            None => targets.left_out = Some(LeftOut::NoProperty),
            Some(property) if property.read_only => targets.left_out = Some(LeftOut::ReadOnly),
            Some(property) => targets.properties.push(Arc::clone(property)),
        }
        targets
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
