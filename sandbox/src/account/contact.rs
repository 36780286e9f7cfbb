//! A contact as tests see it, and contacts to start with.
//!
//! How contacts are found and changed is in `store`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Properties that HubSpot sets by itself.
const SET_BY_HUBSPOT: &[&str] = &[
    "createdate",
    "hs_email_domain",
    "hs_is_unworked",
    "hs_merged_object_ids",
    "hs_object_id",
    "hs_object_source",
    "hs_pipeline",
    "lastmodifieddate",
];

/// A contact in the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// Record id: a number of twelve digits, as text.
    pub id: String,
    /// Primary address, in lower case; empty if the contact has none.
    pub email: String,
    /// Secondary addresses, in lower case.
    pub additional_emails: Vec<String>,
    /// All properties that have a value, those of HubSpot included. Dates are stored as `YYYY-MM-DD`, points in time
    /// as ISO 8601 in UTC.
    pub properties: BTreeMap<String, String>,
    /// When it was created, ISO 8601.
    pub created_at: String,
    /// When it was last changed. It moves with every change, also with two in the same millisecond.
    pub updated_at: String,
    /// Number of inputs written to it, the creating one included; 0 if it was only seeded. Changes through
    /// [`Sandbox`](crate::Sandbox) and merges do not count.
    pub writes: u64,
    /// Whether it is in the recycle bin.
    pub archived: bool,
}

impl Contact {
    /// A property's value.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }

    /// The properties without `email` and without those that HubSpot sets by itself, to compare with a model.
    /// `lifecyclestage` stays: its default is visible to everyone.
    pub fn own_properties(&self) -> BTreeMap<String, String> {
        let foreign = |name: &str| {
            name == "email"
                || name == "hs_additional_emails"
                || SET_BY_HUBSPOT.contains(&name)
                || (name.starts_with("hs_lifecyclestage_") && name.ends_with("_date"))
        };
        self.properties
            .iter()
            .filter(|(name, _)| !foreign(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// A contact to start with. Nothing about it is validated.
///
/// ```
/// use hubspot_sandbox::Seed;
///
/// let ada = Seed::new("ada@example.com").secondary("countess@example.com").property("firstname", "Ada");
/// # let _ = ada;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// Primary address.
    pub email: String,
    /// Secondary addresses.
    #[serde(default)]
    pub additional_emails: Vec<String>,
    /// Other properties; `lifecyclestage` is the account's default unless given here.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

impl Seed {
    /// A contact with an address and nothing else.
    pub fn new(email: impl Into<String>) -> Self {
        Self { email: email.into(), additional_emails: Vec::new(), properties: BTreeMap::new() }
    }

    /// Adds a secondary address.
    #[must_use]
    pub fn secondary(mut self, email: impl Into<String>) -> Self {
        self.additional_emails.push(email.into());
        self
    }

    /// Adds a property.
    #[must_use]
    pub fn property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.insert(name.into(), value.into());
        self
    }

    /// One of a series of made-up people, with an address like `seed-000001@example.com`.
    pub(crate) fn numbered(number: usize) -> Self {
        const FIRST: [&str; 6] = ["Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald"];
        const LAST: [&str; 5] = ["Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov"];
        let pick = |names: &[&'static str]| names.get(number % names.len()).copied().unwrap_or_default();
        Self::new(format!("seed-{number:06}@example.com"))
            .property("firstname", pick(&FIRST))
            .property("lastname", pick(&LAST))
    }
}
