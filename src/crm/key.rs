//! The key of a contact: the e-mail address, trimmed and in lower case as far as that changes no mailbox.
//!
//! The test is light on purpose: HubSpot is the judge of addresses, and what passes here may still be refused there.

use std::{fmt, sync::Arc};

use crate::text::trim;

/// The key of a contact.
///
/// HubSpot stores addresses in lower case and takes two spellings for one contact, so the key is normalised before
/// records are compared. `Debug` hides it: a key is a record's value.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Arc<str>);

impl Key {
    /// `None` if no contact can have this address.
    ///
    /// Source for quotes and the dot: <https://legacydocs.hubspot.com/docs/faq/how-does-hubspot-validate-email-addresses>.
    pub fn parse(address: &str) -> Option<Self> {
        let address = trim(address);
        let (local, domain) = address.split_once('@')?;
        let forbidden = |c: char| {
            c.is_whitespace() || c.is_control() || matches!(c, '@' | '"' | '<' | '>' | ',' | ';' | '(' | ')')
        };
        let labels_filled = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
        if local.is_empty() || local.contains(forbidden) || domain.contains(forbidden) || !labels_filled {
            return None;
        }
        let domain: String = domain.chars().map(lower).collect();
        Some(Self([&local.to_ascii_lowercase(), "@", &domain].concat().into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A letter of a domain in lower case. Not one that looks like an ASCII letter, such as the sign for Kelvin, or that
/// has no single small letter: what it stands for is left to HubSpot.
fn lower(letter: char) -> char {
    let mut small = letter.to_lowercase();
    match (small.next(), small.next()) {
        (Some(small), None) if small.is_ascii() == letter.is_ascii() => small,
        _ => letter,
    }
}

impl std::borrow::Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_are_one_key() {
        assert_eq!(Key::parse("  Ada@Example.COM\t"), Key::parse("ada@example.com"));
        assert_eq!(Key::parse("ada@example.com").unwrap().as_str(), "ada@example.com");
    }

    #[test]
    fn what_nobody_sees_around_an_address_is_no_part_of_it() {
        for address in
            ["\u{200b}ada@example.com", "ada@example.com\u{feff}", "\u{a0}\u{202d}ada@example.com\u{202c}"]
        {
            assert_eq!(Key::parse(address), Key::parse("ada@example.com"), "{address:?}");
        }
    }

    #[test]
    fn lower_case_never_makes_another_mailbox() {
        for (address, key) in [
            // The sign for Kelvin, whose small letter would be an ASCII k.
            ("\u{212a}ate@x.com", "\u{212a}ate@x.com"),
            ("a@\u{212a}.com", "a@\u{212a}.com"),
            ("ÄDA@x.com", "Äda@x.com"),
            ("ada@BÜCHER.Example", "ada@bücher.example"),
            ("\u{130}a@\u{130}x.com", "\u{130}a@\u{130}x.com"),
        ] {
            assert_eq!(Key::parse(address).unwrap().as_str(), key);
        }
    }

    #[test]
    fn plus_and_dots_make_other_keys() {
        assert_ne!(Key::parse("a+b@x.com"), Key::parse("a@x.com"));
        assert_ne!(Key::parse("a.b@x.com"), Key::parse("ab@x.com"));
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        for address in [
            "",
            " ",
            "@",
            "a@",
            "@b.com",
            "a@localhost",
            "a@b.",
            "a@.com",
            "a@b..com",
            "a b@c.com",
            "a@b c.com",
            "a@b@c.com",
            "\"a\"@b.com",
            "Ada <ada@b.com>",
            "a@b.com,c@d.com",
            "a\u{0}@b.com",
        ] {
            assert_eq!(Key::parse(address), None, "{address:?}");
        }
    }

    #[test]
    fn what_may_be_an_address_is_left_to_hubspot() {
        for address in ["a@b.comtttt", "ä@bücher.example", "o'neil@x.ie", "a@[127.0.0.1]", "a@b.test"] {
            assert!(Key::parse(address).is_some(), "{address:?}");
        }
    }
}
