//! A property of a CRM object: what it takes, and how its values behave. Pure.
//!
//! Not here: its options ([`super::choices`]), and the form of a value ([`crate::mapping::value`]).

use std::sync::Arc;

use super::{choices::Choices, definition::PropertyDefinition};

/// The most characters that a property value may have.
///
/// Source: <https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide>.
pub const MAX_VALUE_CHARACTERS: usize = 65_536;

/// The property that holds a contact's lifecycle stage.
pub const LIFECYCLE_STAGE: &str = "lifecyclestage";

/// The property that holds a contact's address, by which contacts are found.
pub const EMAIL: &str = "email";

/// One property of the account, kept small.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Property {
    pub name: Arc<str>,
    pub label: String,
    pub kind: Kind,
    pub read_only: bool,
    /// A text with room for more than a line, where JSON is better than nothing.
    pub multi_line: bool,
    /// Its options are users of the account, by id; of several, if it takes several options.
    pub of_owners: bool,
    /// What it allows, if it is one of the kinds with choices. Empty: the choices are kept elsewhere.
    pub choices: Choices,
    pub traits: Traits,
}

/// How the values of a property behave beside those that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    pub fold: Fold,
    /// An empty value may be sent to it.
    pub may_be_cleared: bool,
    /// HubSpot ignores a move backwards in silence: it accepts the value and keeps its own.
    pub forward_only: bool,
}

impl Default for Traits {
    fn default() -> Self {
        Self { fold: Fold::LaterWins, may_be_cleared: true, forward_only: false }
    }
}

impl Traits {
    fn of(name: &str, kind: Kind) -> Self {
        match kind {
            // Two different stages are two steps of a contact's life, and HubSpot must see both.
            _ if name == LIFECYCLE_STAGE => {
                Self { fold: Fold::Never, may_be_cleared: false, forward_only: true }
            }
            Kind::Choices => Self { fold: Fold::Append, ..Self::default() },
            _ => Self::default(),
        }
    }
}

/// What two values of one record that follow each other come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    LaterWins,
    /// A value that begins with `;` is appended.
    Append,
    /// Two different ones are sent one after the other.
    Never,
}

/// What a property takes.
///
/// Source: <https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Any text. Types that this connector does not know are taken for it.
    #[default]
    Text,
    Number,
    Bool,
    /// A calendar date.
    Date,
    /// A moment.
    DateTime,
    /// One of several options.
    Choice,
    /// Several options at once: a value with a leading `;` is appended to what is there.
    Choices,
    Phone,
    /// A user of the account, by id.
    Owner,
}

impl Kind {
    fn of(definition: &PropertyDefinition) -> Self {
        let field_type = definition.field_type.as_str();
        match definition.value_type.as_str() {
            "enumeration" if of_owners(definition) && field_type == "checkbox" => Self::Choices,
            _ if of_owners(definition) || definition.name == "hubspot_owner_id" => Self::Owner,
            "number" => Self::Number,
            "bool" => Self::Bool,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "phone_number" => Self::Phone,
            "string" if field_type == "phonenumber" => Self::Phone,
            "enumeration" if field_type == "checkbox" => Self::Choices,
            "enumeration" if field_type == "booleancheckbox" => Self::Bool,
            "enumeration" => Self::Choice,
            _ => Self::Text,
        }
    }

    /// The kind in words, as logs say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Bool => "true or false",
            Self::Date => "date",
            Self::DateTime => "date and time",
            Self::Choice => "one option",
            Self::Choices => "several options",
            Self::Phone => "phone number",
            Self::Owner => "owner id",
        }
    }
}

impl Property {
    pub fn new(definition: &PropertyDefinition) -> Self {
        let name: Arc<str> = definition.name.as_str().into();
        let kind = Kind::of(definition);
        let choices = match kind {
            // The ids of users are no list that is kept here.
            _ if of_owners(definition) => Choices::default(),
            Kind::Bool | Kind::Choice | Kind::Choices => Choices::new(&definition.options),
            _ => Choices::default(),
        };
        let label = definition.label.clone();
        // The flag is unreliable for `email`, which can always be set: it is the key.
        let read_only = definition.read_only && definition.name != EMAIL;
        let multi_line = matches!(definition.field_type.as_str(), "textarea" | "html");
        let traits = Traits::of(&name, kind);
        Self { name, label, kind, read_only, multi_line, of_owners: of_owners(definition), choices, traits }
    }
}

fn of_owners(definition: &PropertyDefinition) -> bool {
    definition.referenced_object_type.as_deref() == Some("OWNER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_what_a_property_takes_and_not_how_it_is_stored() {
        for (value_type, field_type, referenced, kind) in [
            ("string", "text", None, Kind::Text),
            ("string", "textarea", None, Kind::Text),
            ("string", "phonenumber", None, Kind::Phone),
            ("phone_number", "phonenumber", None, Kind::Phone),
            ("enumeration", "select", Some("OWNER"), Kind::Owner),
            ("enumeration", "checkbox", Some("OWNER"), Kind::Choices),
            ("enumeration", "checkbox", None, Kind::Choices),
            ("enumeration", "booleancheckbox", None, Kind::Bool),
            ("enumeration", "radio", None, Kind::Choice),
        ] {
            let property = Property::new(&PropertyDefinition {
                name: "p".to_owned(),
                value_type: value_type.to_owned(),
                field_type: field_type.to_owned(),
                referenced_object_type: referenced.map(str::to_owned),
                ..PropertyDefinition::default()
            });
            assert_eq!(property.kind, kind, "{value_type} {field_type} {referenced:?}");
            assert_eq!(property.multi_line, field_type == "textarea");
            assert_eq!(property.of_owners, referenced.is_some());
        }
    }
}
