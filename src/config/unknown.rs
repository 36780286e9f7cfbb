//! Names in a configuration that mean nothing to this connector, and the names that were probably meant.
//!
//! Not here: the decision what to do about them. They are never an error: the platform may add fields of its
//! own.

use std::fmt;

use super::error::{List, Place, SettingPath};
use super::form;
use crate::text::nearest;

/// A name that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnknownKey {
    place: Place,
    name: String,
    /// The known name that is nearest to it, if one is near.
    nearest: Option<&'static str>,
}

impl UnknownKey {
    /// The names among `names` that are not in `known`.
    pub(super) fn find<'a>(
        place: Place,
        names: impl Iterator<Item = &'a String>,
        known: &[&'static str],
    ) -> Vec<Self> {
        names
            .filter(|name| !known.contains(&name.as_str()))
            .map(|name| {
                let is_mapping = matches!(place, Place::Entry(List::FieldMappings, _));
                let usual = || is_mapping.then(|| form::usual_name(name)).flatten();
                Self {
                    place,
                    name: name.clone(),
                    nearest: nearest(name, known.iter().copied()).or_else(usual),
                }
            })
            .collect()
    }

    /// The name as it was written, when it probably stands for `setting`.
    pub(super) fn written_for(&self, setting: &SettingPath) -> Option<&str> {
        let meant = SettingPath::within(self.place, self.nearest?);
        (meant == *setting).then_some(self.name.as_str())
    }
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let setting = SettingPath::within(self.place, &self.name);
        write!(formatter, "{setting} is unknown and has no effect.")?;
        self.nearest.map_or(Ok(()), |nearest| write!(formatter, " Did you mean `{nearest}`?"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_says_where_it_is_and_what_was_meant() {
        let names = ["fields".to_owned(), "stream".to_owned()];
        let unknown =
            UnknownKey::find(Place::Entry(List::FieldMappings, 1), names.iter(), &["stream", "field"]);
        let texts: Vec<_> = unknown.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "The setting `fields` in entry 2 of `field_mappings` is unknown and has no effect. Did you mean `field`?"
            ]
        );
    }
}
