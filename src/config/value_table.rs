//! The values that an entry of `field_mappings` translates: `reports = BILLING_ISSUE; other = OTHER`.
//!
//! Not here: what becomes of a value that is not listed; it does not fit its property.

use std::collections::HashMap;

/// Which value of the source becomes which value of HubSpot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueTable {
    /// By the source's value, trimmed.
    values: HashMap<Box<str>, Box<str>>,
    first: Box<str>,
}

impl ValueTable {
    /// Reads pairs with `=` inside and `;` between them. White space around each part means nothing.
    ///
    /// `None` if the text holds no pair, a pair without `=`, an empty side, or one source value twice.
    pub fn parse(text: &str) -> Option<Self> {
        let mut values = HashMap::new();
        let mut first = None;
        for pair in text.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (from, to) = pair.split_once('=')?;
            let (from, to) = (from.trim(), to.trim());
            if from.is_empty() || to.is_empty() || values.insert(from.into(), to.into()).is_some() {
                return None;
            }
            first.get_or_insert_with(|| from.into());
        }
        Some(Self { values, first: first? })
    }

    /// What a value of the source becomes; `None` if it is not listed.
    pub fn get(&self, value: &str) -> Option<&str> {
        self.values.get(value.trim()).map(AsRef::as_ref)
    }

    /// A source value that is listed, as an example in messages.
    pub fn example(&self) -> &str {
        &self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_without_the_space_around_them() {
        let table = ValueTable::parse(" reports = BILLING_ISSUE ;other=OTHER; a b = x = y;").unwrap();
        assert_eq!(table.get("reports"), Some("BILLING_ISSUE"));
        assert_eq!(table.get(" other "), Some("OTHER"));
        assert_eq!(table.get("a b"), Some("x = y"));
        assert_eq!(table.get("Reports"), None);
        assert_eq!(table.example(), "reports");
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for text in ["", " ; ", "reports", "=x", "x=", "a=b;c", "a=b; a=c"] {
            assert_eq!(ValueTable::parse(text), None, "{text}");
        }
    }
}
