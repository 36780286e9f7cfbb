//! `policies`: which properties of HubSpot a stream may overwrite, fill, or set only in new records. Pure.
//!
//! Not here: what HubSpot has, and so whether a value goes out.

use std::collections::{BTreeMap, HashMap};

use super::choice::Policy;
use super::error::{ConfigError, List, SettingPath};
use super::raw::RawPolicy;
use super::reading::{chosen, not_blank, required};
use super::stream_name::closeness;
use super::unknown::UnknownKey;

/// What stands for all properties.
const ALL: &str = "*";

/// An entry of `policies`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyEntry {
    /// The stream it is for, as `name` or `namespace.name`; `None` for every stream.
    pub stream: Option<String>,
    /// The internal name of the property, trimmed, never empty, or `*` for all.
    pub property: String,
    pub policy: Policy,
}

/// The policies of one stream's properties. Streams with the same policies are equal. Default: all are overwritten.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Policies {
    /// By the property's name in lower case; only those that differ from the others.
    named: BTreeMap<String, Policy>,
    others: Policy,
}

impl Policies {
    /// The entry that names the property holds before one for all properties; among these, the one that means the stream most
    /// closely.
    pub(super) fn of_stream(entries: &[PolicyEntry], name: &str, namespace: Option<&str>) -> Self {
        let mut of_stream: Vec<_> = entries
            .iter()
            .filter_map(|entry| Some((closeness(entry.stream.as_deref(), name, namespace)?, entry)))
            .collect();
        of_stream.sort_by_key(|(closeness, _)| *closeness);
        let mut policies = Self::default();
        for (_, entry) in of_stream {
            if entry.property == ALL {
                policies.others = entry.policy;
            } else {
                policies.named.insert(entry.property.to_lowercase(), entry.policy);
            }
        }
        policies.named.retain(|_, policy| *policy != policies.others);
        policies
    }

    /// The policy of a property, by its internal name in any case.
    pub fn of(&self, property: &str) -> Policy {
        self.named.get(&property.to_lowercase()).copied().unwrap_or(self.others)
    }

    /// Whether all properties are overwritten, so that nothing depends on what HubSpot has.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads the entries. Repeated ones are left out, each with a warning.
///
/// # Errors
/// An entry lacks its property or its policy, or the policy is none; or two entries of the same `stream`, or two without one,
/// have different policies for one property, letter case aside.
pub(super) fn read(
    written: Vec<RawPolicy>,
    unknown: &[UnknownKey],
    warnings: &mut Vec<String>,
) -> Result<Vec<PolicyEntry>, ConfigError> {
    let mut policy_of: HashMap<(Option<String>, String), Policy> = HashMap::new();
    let mut entries = Vec::with_capacity(written.len());
    for (index, raw) in written.into_iter().enumerate() {
        let entry = checked(index, raw, unknown)?;
        let meant = (entry.stream.clone(), entry.property.to_lowercase());
        match policy_of.insert(meant, entry.policy) {
            None => entries.push(entry),
            Some(earlier) if earlier == entry.policy => warnings.push(List::Policies.repeats(index)),
            Some(_) => {
                return Err(ConfigError::PolicyTwice { stream: entry.stream, property: entry.property });
            }
        }
    }
    Ok(entries)
}

fn checked(index: usize, raw: RawPolicy, unknown: &[UnknownKey]) -> Result<PolicyEntry, ConfigError> {
    let at = |name: &str| SettingPath::of_entry(List::Policies, index, name);
    let property = required(raw.property, at("property"), unknown)?;
    let policy = required(raw.policy, at("policy"), unknown)?;
    Ok(PolicyEntry {
        stream: not_blank(raw.stream),
        property: property.trim().to_owned(),
        policy: chosen(Some(policy), at("policy"))?,
    })
}
