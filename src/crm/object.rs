//! The kinds of records of a CRM, and what holds for all of them. Pure. Not here: their properties ([`super::property`]).

/// The most inputs that one batch request may hold.
///
/// Source: <https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/batch/post-crm-v3-objects-contacts-batch-upsert>.
pub const MAX_BATCH_INPUTS: usize = 100;

/// A kind of CRM record, as paths, scopes and sentences name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectType(&'static ObjectNames);

#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct ObjectNames {
    /// In paths and in scopes.
    path: &'static str,
    /// In sentences, for one of them.
    singular: &'static str,
    /// The property with the moment of the last change.
    last_modified: &'static str,
}

impl ObjectType {
    pub const CONTACTS: Self =
        Self(&ObjectNames { path: "contacts", singular: "contact", last_modified: "lastmodifieddate" });

    /// The name in paths, such as `contacts`; sentences take it for several records.
    pub fn path(self) -> &'static str {
        self.0.path
    }

    /// The property with the moment at which HubSpot, or anybody, last changed a record.
    ///
    /// Source: <https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/guide>.
    pub fn last_modified(self) -> &'static str {
        self.0.last_modified
    }

    /// The name of one record in sentences, such as `contact`.
    pub fn singular(self) -> &'static str {
        self.0.singular
    }
}
