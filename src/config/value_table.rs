//! The values that an entry of `field_mappings` translates: `reports = BILLING_ISSUE; other = OTHER`.
//!
//! Not here: what becomes of a value that is not listed; it does not fit its property.

use std::collections::{BTreeSet, HashMap};

/// Which value of the source becomes which value of HubSpot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueTable {
    /// By the source's value, trimmed.
    values: HashMap<Box<str>, Box<str>>,
    /// By that value in lower case; `None` where several share it.
    in_any_case: HashMap<String, Option<Box<str>>>,
    first: Box<str>,
}

impl ValueTable {
    /// Reads pairs with `=` inside and `;` between them. White space around each part means nothing.
    ///
    /// `None` if the text holds no pair, a pair without `=`, an empty side, or one source value twice.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut values, mut in_any_case) = (HashMap::new(), HashMap::new());
        let mut first = None;
        for pair in text.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (from, to) = pair.split_once('=')?;
            let (from, to) = (from.trim(), to.trim());
            if from.is_empty() || to.is_empty() || values.insert(from.into(), to.into()).is_some() {
                return None;
            }
            in_any_case.entry(from.to_lowercase()).and_modify(|only| *only = None).or_insert(Some(to.into()));
            first.get_or_insert_with(|| from.into());
        }
        Some(Self { values, in_any_case, first: first? })
    }

    /// What a value of the source becomes: exactly as it is listed, else in any case if only one is listed so. `None` if it
    /// is not listed.
    pub fn get(&self, value: &str) -> Option<&str> {
        let value = value.trim();
        let exact = self.values.get(value);
        exact.or_else(|| self.in_any_case.get(&value.to_lowercase())?.as_ref()).map(AsRef::as_ref)
    }

    /// What the values become, each once, sorted.
    pub fn targets(&self) -> BTreeSet<&str> {
        self.values.values().map(AsRef::as_ref).collect()
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
        assert_eq!(table.get("Reports"), Some("BILLING_ISSUE"));
        assert_eq!(table.get("invoices"), None);
        let cases = ValueTable::parse("a = 1; A = 2").unwrap();
        assert_eq!((cases.get("a"), cases.get("A")), (Some("1"), Some("2")));
        let both = ValueTable::parse("ab = 1; AB = 2").unwrap();
        assert_eq!(both.get("Ab"), None);
        assert_eq!(table.example(), "reports");
        assert_eq!(Vec::from_iter(table.targets()), ["BILLING_ISSUE", "OTHER", "x = y"]);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for text in ["", " ; ", "reports", "=x", "x=", "a=b;c", "a=b; a=c"] {
            assert_eq!(ValueTable::parse(text), None, "{text}");
        }
    }
}
