//! Why a record was rejected or a value left out: codes and property names, never a value.

use std::{fmt, sync::Arc};

/// Declares the codes, each with its name in logs, so that none is left out of [`Code::ALL`].
macro_rules! codes {
    ($($(#[$about:meta])* $code:ident = $name:literal,)*) => {
        /// Why a record is not written, or a value is left out of it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$about])* $code,)*
        }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// The name in logs.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }
        }
    };
}

codes! {
    /// The record lacks the address, or it is empty.
    MissingEmail = "missing_email",
    /// No field becomes the address, or its path has never led to one.
    NoEmailField = "no_email_field",
    /// The address is no e-mail address, by our own light test or by HubSpot's.
    InvalidEmail = "invalid_email",
    /// The record was deleted in the source, and such records are skipped.
    DeletedInSource = "deleted_in_source",
    /// The record was deleted in the source and is to be archived, and lacks its key.
    DeletedWithoutKey = "deleted_without_key",
    /// HubSpot has no record with the key, and the mode creates none.
    NotFound = "not_found",
    /// HubSpot has a record with the key, and the mode changes none.
    Exists = "exists",
    /// What the record brings may not overwrite what HubSpot has.
    Policy = "policy",
    /// The record that was found is to be archived, and its own key is another one.
    OtherRecord = "other_record",
    /// The row was rejected before and is sent again, and HubSpot's record was changed since.
    NewerInHubSpot = "newer_in_hubspot",
    /// The record has nothing but an address, and whether the contact exists cannot be read.
    NothingToWrite = "nothing_to_write",
    /// HubSpot, or we, do not accept a property's value.
    InvalidValue = "invalid_value",
    /// An object or a list, where only a mapping may put one.
    NestedValue = "nested_value",
    /// A list of several values, where one is wanted.
    ListValue = "list_value",
    /// A number that may be seconds or milliseconds since 1970.
    UnclearTime = "unclear_time",
    /// A value is longer than HubSpot stores.
    ValueTooLong = "value_too_long",
    /// HubSpot has no such property, or none that the token may see.
    UnknownProperty = "unknown_property",
    /// HubSpot does not let the API set the property.
    ReadOnlyProperty = "read_only_property",
    /// The account's rules demand a property that the record lacks.
    MissingRequiredProperty = "missing_required_property",
    /// Another contact has the address, or HubSpot had two changes at once.
    Conflict = "conflict",
    /// HubSpot refused the record and named no property.
    RefusedByHubSpot = "refused_by_hubspot",
    /// HubSpot accepted requests with the record three times and never said what became of it.
    NotConfirmed = "not_confirmed",
    /// The record alone is larger than HubSpot accepts.
    TooLarge = "too_large",
}

/// Whom a reason blames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blames {
    /// Nobody: a rule, or a mark of deletion, says that the record is not to be written.
    Nobody,
    /// The row, whatever the stream is set up to do: many a customer has no address.
    Row,
    /// Perhaps the set-up: of a stream that is wrongly set up, every record is rejected so.
    SetUp,
}

impl Code {
    pub fn blames(self) -> Blames {
        match self {
            Self::DeletedInSource
            | Self::DeletedWithoutKey
            | Self::NotFound
            | Self::Exists
            | Self::Policy
            | Self::OtherRecord
            | Self::NewerInHubSpot => Blames::Nobody,
            Self::MissingEmail => Blames::Row,
            Self::NoEmailField
            | Self::InvalidEmail
            | Self::NothingToWrite
            | Self::InvalidValue
            | Self::NestedValue
            | Self::ListValue
            | Self::UnclearTime
            | Self::ValueTooLong
            | Self::UnknownProperty
            | Self::ReadOnlyProperty
            | Self::MissingRequiredProperty
            | Self::Conflict
            | Self::RefusedByHubSpot
            | Self::NotConfirmed
            | Self::TooLarge => Blames::SetUp,
        }
    }

    /// What happened and what to do, for log messages.
    pub fn advice(self) -> &'static str {
        match self {
            Self::MissingEmail => {
                "the e-mail address, which is the key, is missing or empty; fill it in the source, or map the field that has it with \
                 `property: email` in `field_mappings`"
            }
            Self::NoEmailField => {
                "no field becomes the e-mail address, which is the key, or the path in its mapping leads nowhere; map the field \
                 that has it with `property: email` in `field_mappings`"
            }
            Self::InvalidEmail => {
                "the value of the e-mail field is no address that HubSpot accepts; correct it in the source"
            }
            Self::DeletedInSource => {
                "the record was deleted in the source: archive it in HubSpot if it must go, or set `deleted_records` to \
                 `archive` in the stream's entry of `streams`"
            }
            Self::DeletedWithoutKey => {
                "the record was deleted in the source, and the row that says so lacks the key, so that its record in HubSpot \
                 cannot be found; have the source send the key with such rows too"
            }
            Self::NotFound => {
                "HubSpot has no record with this key, and the stream's mode creates none; if the mode is `update_only` and the record is \
                 wanted, create it in HubSpot, or set the `mode` to `upsert`"
            }
            Self::Exists => {
                "HubSpot has a record with this key already, and the stream's mode changes none; set the `mode` to `upsert` if it \
                 is to be changed"
            }
            Self::Policy => {
                "all values of the record are held back by `policies`, since HubSpot has values there; set another policy if they are \
                 to be overwritten"
            }
            Self::OtherRecord => {
                "HubSpot finds a record by this key whose own key is another one, such as a contact by a secondary address, so it was \
                 not archived; archive it in HubSpot if it must go"
            }
            Self::NewerInHubSpot => {
                "the row was rejected before, and HubSpot's record was changed since; see which of the two is right; `--rejected` keeps \
                 such rows again, and `write --all` writes them all the same, with every value they have"
            }
            Self::NothingToWrite => {
                "the record has nothing but an address; grant `crm.objects.contacts.read` so that \
                                     such contacts can be looked up, or map more fields"
            }
            Self::InvalidValue => {
                "the value does not fit the property's type or options; correct it in the source, map the field to another \
                 property, or say in the `values` of its mapping what it becomes"
            }
            Self::NestedValue => {
                "an object or a list goes into a text only by a mapping; map the value inside that you want in \
                 `field_mappings`, such as `address.city` or `emails[0].value`"
            }
            Self::ListValue => {
                "the field is a list of several values, and none of them is marked as the primary one; map one of them in \
                 `field_mappings`, such as `emails[0].value`"
            }
            Self::UnclearTime => {
                "the number may count seconds or milliseconds since 1970, and no earlier value of the field shows which; \
                 send dates as texts such as 2024-05-13"
            }
            Self::ValueTooLong => {
                "HubSpot stores at most 65,536 characters in a property; shorten the value in the source"
            }
            Self::UnknownProperty => {
                "HubSpot does not have the property, or the token may not see it; map its field to another one"
            }
            Self::ReadOnlyProperty => {
                "HubSpot does not let the API set the property; map its field to another one"
            }
            Self::MissingRequiredProperty => {
                "the account's rules require a property that the record lacks; map it, or \
                                              set `api_version: v3`, which does not enforce those rules"
            }
            Self::Conflict => {
                "another contact has the address, or it was changed at the same moment; look for the address in \
                 HubSpot, merge the contacts, then send the record again (in Airbyte: clear the stream, which removes \
                 nothing from HubSpot)"
            }
            Self::RefusedByHubSpot => {
                "HubSpot refused the record without naming a property; try the row by hand in HubSpot, or ask its support, \
                 with the correlation id if there is one"
            }
            Self::NotConfirmed => {
                "HubSpot never said what became of the record; look for the contact, and send the record again if it \
                 lacks something (in Airbyte: clear the stream, which removes nothing from HubSpot)"
            }
            Self::TooLarge => "the record alone is larger than HubSpot accepts; leave its long fields out",
        }
    }
}

/// A code with the property it is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reason {
    pub code: Code,
    pub property: Option<Arc<str>>,
    /// What the value has to be, in words, where we know it.
    pub expects: Option<Arc<str>>,
}

impl Reason {
    pub fn of(code: Code) -> Self {
        Self { code, property: None, expects: None }
    }

    pub fn of_property(code: Code, property: &Arc<str>) -> Self {
        Self { code, property: Some(Arc::clone(property)), expects: None }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code.as_str())?;
        match &self.property {
            Some(property) => write!(formatter, "({property})"),
            None => Ok(()),
        }
    }
}
