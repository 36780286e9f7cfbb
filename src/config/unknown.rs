//! Names in a configuration that mean nothing to this connector, and the names that were probably meant.
//!
//! Not here: the decision what to do about them. They are never an error: the platform may add fields of its
//! own.

use std::fmt;

use super::error::Setting;

/// A name that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnknownKey {
    /// Which entry of `field_mappings` it is in, from 0; `None` at the top.
    entry: Option<usize>,
    name: String,
    /// The known name that is nearest to it, if one is near.
    nearest: Option<&'static str>,
}

impl UnknownKey {
    /// The names among `names` that are not in `known`.
    pub(super) fn find<'a>(
        entry: Option<usize>,
        names: impl Iterator<Item = &'a String>,
        known: &[&'static str],
    ) -> Vec<Self> {
        names
            .filter(|name| !known.contains(&name.as_str()))
            .map(|name| Self { entry, name: name.clone(), nearest: nearest(name, known) })
            .collect()
    }

    /// The name as it was written, when it probably stands for `setting`.
    pub(super) fn written_for(&self, setting: &Setting) -> Option<&str> {
        let meant = Setting::at(self.entry, self.nearest?);
        (meant == *setting).then_some(self.name.as_str())
    }
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let setting = Setting::at(self.entry, &self.name);
        write!(formatter, "{setting} is unknown and has no effect.")?;
        self.nearest.map_or(Ok(()), |nearest| write!(formatter, " Did you mean `{nearest}`?"))
    }
}

/// The known name that differs least from `name`: by at most a third of its letters, signs and case aside.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let written = letters(name);
    let tolerated = written.chars().count().max(3) / 3;
    known
        .iter()
        .map(|candidate| (strsim::osa_distance(&written, &letters(candidate)), *candidate))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// So that `accessToken` and `access-token` are both `access_token`.
fn letters(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_or_none() {
        let known = super::super::raw::RawConfig::FIELDS;
        let cases = [
            ("accessToken", Some("access_token")),
            ("access-token", Some("access_token")),
            ("acces_tokne", Some("access_token")),
            ("lifecycle_stages", Some("lifecycle_stage")),
            ("mappings", None),
            ("credentials", None),
            ("", None),
            ("ß", None),
        ];
        for (name, expected) in cases {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
    }

    #[test]
    fn an_unknown_key_says_where_it_is_and_what_was_meant() {
        let names = ["fields".to_owned(), "stream".to_owned()];
        let unknown = UnknownKey::find(Some(1), names.iter(), &["stream", "field"]);
        let texts: Vec<_> = unknown.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "The setting `fields` in entry 2 of `field_mappings` is unknown and has no effect. Did you mean `field`?"
            ]
        );
    }
}
