//! Which property a field means by its name. Pure.
//!
//! Not here: which of several fields gets a property ([`crate::mapping::plan`]), and what HubSpot says of a property
//! ([`super::schema`]).

use std::{collections::HashMap, sync::Arc};

use super::{
    property::{EMAIL, Property},
    usual::{Usual, usual},
};
use crate::text::normal;

/// Properties of HubSpot's own machinery begin with it: what is guessed from a label never goes there.
const MACHINERY: &str = "hs_";

/// What the HubSpot source puts in front of each property's name.
const PREFIX: &str = "properties_";
/// What Salesforce puts behind the name of a field that an administrator made.
const SUFFIX: &str = "__c";

/// By which of its names a property was found: the smaller, the surer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    Name,
    SimilarName,
    Label,
    /// Its name or label, once `properties_` in front or `__c` behind is left out.
    WithoutAffix,
    UsualName,
}

impl By {
    /// In words, as logs say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "its name",
            Self::SimilarName => "its name, without case and separators",
            Self::Label => "its label",
            Self::WithoutAffix => "its name or label, without properties_ or __c",
            Self::UsualName => "a usual name of it",
        }
    }
}

/// The property for a field by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    Found(By, Arc<Property>),
    /// Several properties are called so.
    Several,
    /// Its label is like the field's name, but it belongs to HubSpot's own machinery: only a mapping may name it. Or the
    /// name means one of the others.
    NeedsMapping(Arc<Property>, Vec<Arc<Property>>),
    /// The name means different things in different tools: one of these, perhaps.
    Perhaps(Vec<Arc<Property>>),
    Nothing,
}

/// Whether a field's name is a spelling of the one word for the address: `email`, `E-Mail`, `Email Address`.
///
/// Columns of these names stand in for one another. `user_email` or `primary_email` may be another address.
pub fn is_email_word(field: &str) -> bool {
    matches!(normal(field).as_str(), "email" | "emailaddress")
}

/// How the member of an object is often called that holds an e-mail address, the surest first, in normal form.
pub const ADDRESS_MEMBERS: [&str; 3] = [EMAIL, "emailaddress", "address"];

/// Whether a name, in its normal form, speaks of an e-mail address, as that of `work_email` does.
pub fn speaks_of_address(normal_name: &str) -> bool {
    normal_name.contains(EMAIL)
}

/// Properties by one of their names, in its normal form; `None` where several share it.
type ByName = HashMap<String, Option<Arc<Property>>>;

/// The properties of an account, by what people make of their names.
#[derive(Debug, Clone, Default)]
pub struct Names {
    exact: HashMap<Arc<str>, Arc<Property>>,
    similar: ByName,
    labels: ByName,
    /// The labels of HubSpot's own machinery.
    machinery: ByName,
}

impl Names {
    /// Adds a property; `false` if there is one of this internal name.
    pub fn add(&mut self, property: &Arc<Property>) -> bool {
        if self.exact.contains_key(&property.name) {
            return false;
        }
        self.exact.insert(Arc::clone(&property.name), Arc::clone(property));
        remember(&mut self.similar, &property.name, property);
        let labels =
            if property.name.starts_with(MACHINERY) { &mut self.machinery } else { &mut self.labels };
        remember(labels, &property.label, property);
        true
    }

    /// The property of this internal name.
    pub fn get(&self, name: &str) -> Option<&Arc<Property>> {
        self.exact.get(name)
    }

    pub fn all(&self) -> impl Iterator<Item = &Arc<Property>> {
        self.exact.values()
    }

    /// The property whose label a text is, case and separators aside.
    pub fn of_label(&self, text: &str) -> Option<&Arc<Property>> {
        let normal = normal(text);
        [&self.labels, &self.machinery].into_iter().find_map(|labels| labels.get(&normal)?.as_ref())
    }

    /// The property that a field means.
    pub fn find(&self, field: &str) -> Match {
        if is_ambiguous_though_a_property(field) {
            return self.perhaps(field);
        }
        let (inner, is_property) = without_affix(field);
        let plain = inner.filter(|inner| is_property || !is_ambiguous_though_a_property(inner));
        let of_inner = || self.by_name(plain?).map(|(_, found)| (By::WithoutAffix, found));
        if let Some((rank, found)) = self.by_name(field).or_else(of_inner) {
            return found.map_or(Match::Several, |property| Match::Found(rank, property));
        }
        let spellings = || [Some(field), plain].into_iter().flatten();
        let means = |name: &str| match usual(&normal(name))? {
            Usual::Means(property) => self.get(property),
            Usual::MayMean(_) => None,
        };
        if let Some(property) = spellings().find_map(means) {
            return Match::Found(By::UsualName, Arc::clone(property));
        }
        match spellings().find_map(|name| self.machinery.get(&normal(name))) {
            Some(Some(property)) => {
                let others = match self.perhaps(field) {
                    Match::Perhaps(others) => others,
                    _ => Vec::new(),
                };
                Match::NeedsMapping(Arc::clone(property), others)
            }
            Some(None) => Match::Several,
            None => match self.perhaps(field) {
                Match::Nothing => inner.map_or(Match::Nothing, |inner| self.perhaps(inner)),
                perhaps => perhaps,
            },
        }
    }

    /// By internal name, by that name without case and separators, or by the label likewise, in this order. What several
    /// properties share names none of them.
    fn by_name(&self, field: &str) -> Option<(By, Option<Arc<Property>>)> {
        if let Some(property) = self.get(field) {
            return Some((By::Name, Some(Arc::clone(property))));
        }
        let normal = normal(field);
        let known = [(By::SimilarName, &self.similar), (By::Label, &self.labels)];
        known.into_iter().find_map(|(rank, known)| Some((rank, known.get(&normal)?.clone())))
    }

    fn perhaps(&self, field: &str) -> Match {
        let Some(Usual::MayMean(properties)) = usual(&normal(field)) else { return Match::Nothing };
        let known: Vec<_> = properties.iter().filter_map(|name| self.get(name)).cloned().collect();
        if known.is_empty() { Match::Nothing } else { Match::Perhaps(known) }
    }
}

/// Whether tools use the name of a property for something else: the `state` of an account is no region.
fn is_ambiguous_though_a_property(field: &str) -> bool {
    let normal_name = normal(field);
    match usual(&normal_name) {
        Some(Usual::MayMean(properties)) => properties.iter().any(|property| normal(property) == normal_name),
        _ => false,
    }
}

/// The name without what a source puts around it, and whether the rest is certainly a property's name.
fn without_affix(field: &str) -> (Option<&str>, bool) {
    if let Some((front, inner)) = field.split_at_checked(PREFIX.len())
        && front.eq_ignore_ascii_case(PREFIX)
    {
        return (Some(inner).filter(|inner| !inner.is_empty()), true);
    }
    let cut = field.len().saturating_sub(SUFFIX.len());
    let inner = field
        .split_at_checked(cut)
        .filter(|(inner, end)| end.eq_ignore_ascii_case(SUFFIX) && !inner.is_empty())
        .map(|(inner, _)| inner);
    (inner, false)
}

fn remember(known: &mut ByName, text: &str, property: &Arc<Property>) {
    let normal = normal(text);
    if normal.is_empty() {
        return;
    }
    known.entry(normal).and_modify(|only| *only = None).or_insert_with(|| Some(Arc::clone(property)));
}
