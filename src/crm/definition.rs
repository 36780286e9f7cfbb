//! A property of an object as HubSpot defines it, whole. Pure. Not here: what is kept of it ([`super::property`]), and the
//! JSON that it comes in ([`crate::hubspot::model`]).

/// A property as HubSpot defines it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PropertyDefinition {
    /// The internal name.
    pub name: String,
    pub label: String,
    /// `type` in HubSpot's API, such as `enumeration`.
    pub value_type: String,
    /// How forms show it, such as `checkbox`.
    pub field_type: String,
    /// What the options refer to, if they are kept elsewhere, e.g. `OWNER`.
    pub referenced_object_type: Option<String>,
    pub options: Vec<PropertyOption>,
    /// The API may not set it. `calculated` says less: most read-only properties are not calculated.
    pub read_only: bool,
}

/// One value that an enumeration allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PropertyOption {
    /// The internal value.
    pub value: String,
    /// What people see; may be empty.
    pub label: String,
}
