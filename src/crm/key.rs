//! Keys: by which value a record of an object is found, and when two spellings are one key. Pure.
//!
//! The one place that knows the latter. Its tests of a text are light on purpose: HubSpot is the judge, and what passes here may
//! still be refused there.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use super::{names::is_email_word, object::ObjectType, property::EMAIL};
use crate::text::trim;

/// How the texts of a key are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyRule {
    /// An e-mail address, trimmed and in lower case as far as that changes no mailbox: HubSpot stores addresses in lower case
    /// and takes two spellings for one contact.
    Email,
}

impl KeyRule {
    /// The one spelling of a key. `None` if no record can have this key.
    ///
    /// Source for the quotes and the dot of an address:
    /// <https://legacydocs.hubspot.com/docs/faq/how-does-hubspot-validate-email-addresses>.
    fn normalise(self, text: &str) -> Option<Arc<str>> {
        match self {
            Self::Email => email(text),
        }
    }
}

/// An object with the property by which its records are found. Records whose keys are of one space are kept in order and may be
/// folded together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeySpace {
    object: ObjectType,
    property: Arc<str>,
    rule: KeyRule,
}

impl KeySpace {
    /// Contacts by their e-mail address.
    pub fn contacts_by_email() -> Arc<Self> {
        Arc::new(Self { object: ObjectType::CONTACTS, property: EMAIL.into(), rule: KeyRule::Email })
    }

    pub fn object(&self) -> ObjectType {
        self.object
    }

    /// The internal name of the property.
    pub fn property(&self) -> &Arc<str> {
        &self.property
    }

    /// The property that lists the other keys by which HubSpot finds a record, if there is one: a contact's secondary addresses,
    /// with `;` between them.
    ///
    /// Source: <https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/guide>.
    pub fn other_keys(&self) -> Option<&'static str> {
        match self.rule {
            KeyRule::Email => Some("hs_additional_emails"),
        }
    }

    /// Whether a property of this name is the key.
    pub fn is_key(&self, property: &str) -> bool {
        *self.property == *property
    }

    /// Whether a field's name is a spelling of the one word for the key: columns of such names stand in for one another.
    pub fn is_word_for_key(&self, field: &str) -> bool {
        match self.rule {
            KeyRule::Email => is_email_word(field),
        }
    }

    /// What a value has to be to become the key, in words.
    pub fn wanted(&self) -> &'static str {
        match self.rule {
            KeyRule::Email => "an e-mail address",
        }
    }

    /// The same with an example.
    pub fn wanted_example(&self) -> &'static str {
        match self.rule {
            KeyRule::Email => "an e-mail address such as name@company.com",
        }
    }

    /// The key that a text is; `None` if no record can have it.
    pub fn key(self: &Arc<Self>, text: &str) -> Option<Key> {
        Some(Key { value: self.rule.normalise(text)?, space: Arc::clone(self) })
    }

    /// Whether a text, in whatever spelling, is this key.
    pub fn is_same(&self, text: &str, key: &Key) -> bool {
        self.rule.normalise(text).is_some_and(|value| *value == *key.value)
    }
}

/// The key of a record. `Debug` hides its text, which is a value of a record.
#[derive(Clone)]
pub struct Key {
    space: Arc<KeySpace>,
    value: Arc<str>,
}

impl Key {
    /// A contact's key, for tests.
    #[cfg(test)]
    pub(crate) fn parse(address: &str) -> Option<Self> {
        KeySpace::contacts_by_email().key(address)
    }

    /// Its one spelling.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    pub fn space(&self) -> &Arc<KeySpace> {
        &self.space
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value && (Arc::ptr_eq(&self.space, &other.space) || self.space == other.space)
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value).then_with(|| self.space.cmp(&other.space))
    }
}

impl Hash for Key {
    /// The text alone: equal texts of two spaces are rare.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

fn email(text: &str) -> Option<Arc<str>> {
    let address = trim(text);
    let (local, domain) = address.split_once('@')?;
    let forbidden = |c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '@' | '"' | '<' | '>' | ',' | ';' | '(' | ')')
    };
    let labels_filled = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    if local.is_empty() || local.contains(forbidden) || domain.contains(forbidden) || !labels_filled {
        return None;
    }
    if address.is_ascii() && !address.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some(address.into());
    }
    let mut key = local.to_ascii_lowercase();
    key.push('@');
    key.extend(domain.chars().map(lower));
    Some(key.into())
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
