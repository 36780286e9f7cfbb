//! The key of a contact: the trimmed, lower-cased e-mail address.
//!
//! The test is light on purpose: HubSpot is the judge of addresses, and what passes here may still be refused there.

use std::{fmt, sync::Arc};

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
        let address = address.trim();
        let (local, domain) = address.split_once('@')?;
        let forbidden = |c: char| {
            c.is_whitespace() || c.is_control() || matches!(c, '@' | '"' | '<' | '>' | ',' | ';' | '(' | ')')
        };
        let labels_filled = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
        if local.is_empty() || local.contains(forbidden) || domain.contains(forbidden) || !labels_filled {
            return None;
        }
        Some(Self(address.to_lowercase().into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
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
