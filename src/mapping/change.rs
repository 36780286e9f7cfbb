//! A record as a change to one CRM record: its key and the values of its properties. Pure. Not here: how it is made
//! ([`super::record`]).

use std::sync::Arc;

use jiff::Timestamp;

use super::reason::Reason;
use crate::crm::{key::Key, property::Property};

/// A property with its value as HubSpot takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyValue {
    pub property: Arc<Property>,
    pub value: Box<str>,
}

/// One record as what it changes in the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub key: Key,
    /// The CRM record is to be archived: nothing of the record is written.
    pub archives: bool,
    /// Each property once, in the order of the plan. Never the key: among the properties, an address could turn a contact's
    /// secondary address into the primary one.
    pub properties: Vec<PropertyValue>,
    /// Values that were left out although their field has a property.
    pub dropped: Vec<Reason>,
    /// The record is left as it is if HubSpot changed it after this moment: the row was rejected then, and is sent again.
    pub unless_changed_since: Option<Timestamp>,
}
