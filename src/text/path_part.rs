//! Makes a name that is not ours fit to be one part of a path, or of the name of a file or an object. Pure.
//!
//! Not here: which part of which path.

use std::fmt::Write as _;

/// What stands for a name that is empty.
pub const NO_NAME: &str = "no-name";

/// A dash, and a fingerprint in hexadecimal digits.
const SUFFIX: usize = 17;

/// All but ASCII letters, digits and `._-` is percent-encoded, and `.` and `..` are no folders. A name that would be longer than
/// `longest` bytes is cut between characters, and ends with a fingerprint that tells it from others.
pub fn path_part(name: &str, longest: usize) -> String {
    if matches!(name, "." | "..") {
        return "%2E".repeat(name.len());
    }
    let mut encoded = String::new();
    let mut cut = 0;
    for character in name.chars() {
        if encoded.len() <= longest.saturating_sub(SUFFIX) {
            cut = encoded.len();
        }
        if character.is_ascii_alphanumeric() || "._-".contains(character) {
            encoded.push(character);
            continue;
        }
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to a text cannot fail.
            write!(encoded, "%{byte:02X}").ok();
        }
    }
    if encoded.len() > longest {
        encoded.truncate(cut);
        write!(encoded, "-{:016x}", fingerprint(name)).ok();
    }
    encoded
}

/// FNV-1a: the same in every version of the connector.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LONGEST: usize = 128;

    #[test]
    fn a_name_is_one_part_whatever_it_holds() {
        for (name, expected) in [
            (".", "%2E"),
            ("..", "%2E%2E"),
            ("...", "..."),
            ("../../etc", "..%2F..%2Fetc"),
            ("Größe 1", "Gr%C3%B6%C3%9Fe%201"),
            ("a\nb\0", "a%0Ab%00"),
            ("%2E", "%252E"),
            ("{date}", "%7Bdate%7D"),
            ("x_y-z.1", "x_y-z.1"),
        ] {
            assert_eq!(path_part(name, LONGEST), expected, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters_and_stays_apart_from_others() {
        let long = |last: &str| path_part(&format!("{}{last}", "ü".repeat(60)), LONGEST);
        let (one, other) = (long("a"), long("b"));
        assert_ne!(one, other);
        for name in [one, other] {
            assert!(name.len() <= LONGEST, "{name}");
            let (kept, hash) = name.rsplit_once('-').unwrap();
            assert_eq!((hash.len(), kept.len() % 6), (16, 0), "whole characters of %C3%BC: {name}");
        }
        assert_eq!(path_part(&"x".repeat(LONGEST), LONGEST), "x".repeat(LONGEST));
    }

    /// Names as sources may have them, and worse.
    fn any_name() -> impl Strategy<Value = String> {
        prop_oneof!["[./%{}a-c ]{1,6}", ".{1,40}", "[a-zA-Z0-9_]{1,200}", Just("..".to_owned())]
    }

    proptest! {
        #[test]
        fn different_names_are_different_parts(one in any_name(), other in any_name()) {
            prop_assume!(one != other);
            prop_assert_ne!(path_part(&one, LONGEST), path_part(&other, LONGEST));
        }
    }
}
