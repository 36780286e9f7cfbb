//! The name that somebody probably meant: of a setting, a property, a field, a stream.
//!
//! Pure, and knows nothing of what the names stand for. Not here: what is said about it.

use super::normal;

/// Twice what HubSpot's longest name has; what is longer was no slip of the pen.
const LONGEST: usize = 200;

/// The known name that differs least from `name`: by at most a third of its letters, signs and case aside.
///
/// Of names that differ equally, the one that comes first.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = normal(name);
    // A distance costs time by the product of the lengths.
    if written.chars().count() > LONGEST {
        return None;
    }
    let tolerated = written.chars().count().max(3) / 3;
    known
        .into_iter()
        .map(|candidate| (candidate, normal(candidate)))
        .filter(|(_, letters)| letters.chars().count() <= written.chars().count().saturating_add(tolerated))
        .map(|(candidate, letters)| (strsim::osa_distance(&written, &letters), candidate))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_or_none() {
        let known = ["access_token", "lifecycle_stage", "field_mappings", "api_version"];
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
        assert_eq!(
            nearest("emial", ["phone".to_owned(), "email".to_owned()].iter().map(String::as_str)),
            Some("email")
        );
    }

    #[test]
    fn what_is_very_long_is_near_nothing() {
        let long = "a".repeat(100_000);
        assert_eq!(nearest(&long, [long.as_str()]), None);
        assert_eq!(nearest("a", [long.as_str()]), None);
    }
}
