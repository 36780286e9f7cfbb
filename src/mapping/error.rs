//! What can be wrong between the fields of a stream and the properties of the account, in words for the user. Pure.
//!
//! The texts hold names of streams, fields and properties, and never a value. Not here: why a record or a value is not
//! written ([`super::reason`]), nor why a field goes nowhere ([`super::field::LeftOut`]): these are no failures.

use std::{fmt, sync::Arc};

use thiserror::Error;

use crate::{error::Failure, protocol::message::StreamId, text::shown};

/// A plan that cannot be made, or that the settings forbid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MappingError {
    #[error(
        "`field_mappings` sends two fields of the stream `{}` to the property `{}`: `{}` and `{}`. Keep one of them.",
        stream.shown(),
        shown(property),
        shown(first_field),
        shown(second_field)
    )]
    PropertyTwice { stream: StreamId, property: String, first_field: String, second_field: String },

    #[error(
        "`field_mappings` sends the field `{}` to the property `{}`, but HubSpot does not let the API set that property. Choose \
         another one.",
        shown(field),
        shown(property)
    )]
    ReadOnly { field: String, property: String },

    #[error(
        "`field_mappings` sends the field `{}` to the property `{}`, but no contact property of this HubSpot account has that \
         internal name; {}",
        shown(field),
        shown(property),
        CureOf(cure, property)
    )]
    NoSuchProperty { field: String, property: String, cure: Cure },

    /// `streams` is not empty.
    #[error(
        "No contact property fits these fields, and `unknown_fields` is `fail` ({}). Name a property for each in \
         `field_mappings`, create it in HubSpot, leave the field out in the connection, or set `unknown_fields` to `ignore` or \
         `create`.",
        of_streams(streams)
    )]
    UnknownFields { streams: Vec<UnknownOfStream> },
}

/// What to do about a name that no property has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cure {
    /// It is the label of this property.
    UseName(Arc<str>),
    /// These names are near.
    ChooseNear(Vec<Arc<str>>),
    /// A property of this name could be created.
    CopyOrCreate,
    /// HubSpot takes no property of this name.
    CopyOrRename,
    /// The property would be created, but no stream declares the field.
    CorrectField { nearest: Option<String> },
}

/// A [`Cure`] with the name that it is for.
struct CureOf<'a>(&'a Cure, &'a str);

impl fmt::Display for CureOf<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(cure, name) = self;
        match cure {
            Cure::UseName(property) => {
                write!(formatter, "`{}` is the label of the property `{property}`: write that.", shown(name))
            }
            Cure::ChooseNear(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                write!(formatter, "did you mean {}?", names.join(" or "))
            }
            Cure::CopyOrCreate => formatter.write_str(
                "copy the internal name from the property's settings in HubSpot, or create the property there.",
            ),
            Cure::CopyOrRename => formatter.write_str(
                "copy the internal name from the property's settings in HubSpot, or, to have the property made by \
                 `unknown_fields: create`, write a name of lower-case letters, digits and `_`.",
            ),
            Cure::CorrectField { nearest } => {
                formatter.write_str(
                    "`unknown_fields: create` does not make it, since no stream of the catalog declares the field",
                )?;
                match nearest {
                    Some(name) => write!(formatter, ". Did you mean the field `{}`?", shown(name)),
                    None => formatter.write_str(". Correct the field, or select it in the connection."),
                }
            }
        }
    }
}

/// Fields of a stream that no property fits, where that is to end the sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownOfStream {
    pub stream: StreamId,
    /// The fields as they are named in the message.
    pub fields: String,
}

fn of_streams(streams: &[UnknownOfStream]) -> String {
    let streams: Vec<String> =
        streams.iter().map(|one| format!("`{}`: {}", one.stream.shown(), one.fields)).collect();
    streams.join("; ")
}

impl From<MappingError> for Failure {
    fn from(error: MappingError) -> Self {
        match error {
            MappingError::PropertyTwice { .. }
            | MappingError::ReadOnly { .. }
            | MappingError::NoSuchProperty { .. }
            | MappingError::UnknownFields { .. } => Self::config(error.to_string()),
        }
    }
}
