//! The options of a property, found by internal value or by label. Not here: the values of a record ([`super::value`]).

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::hubspot::model::PropertyOption;

/// So many options are named in a message.
const MOST_NAMED: usize = 10;

/// The options that a property allows, in the portal's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    values: Vec<Arc<str>>,
    exact: HashSet<Arc<str>>,
    /// By label, or by value where no label is the same, in lower case; `None` where several options share it.
    by_text: HashMap<String, Option<Arc<str>>>,
}

impl Choices {
    pub fn new(options: &[PropertyOption]) -> Self {
        let mut choices = Self::default();
        let mut by_value = Vec::new();
        for option in options {
            let Some(value) = option.value.as_deref() else { continue };
            let value: Arc<str> = value.into();
            if !choices.exact.insert(Arc::clone(&value)) {
                continue;
            }
            if let Some(label) = option.label.as_deref() {
                share(&mut choices.by_text, folded(label), &value);
            }
            by_value.push((folded(&value), Arc::clone(&value)));
            choices.values.push(value);
        }
        for (text, value) in by_value {
            choices.by_text.entry(text).or_insert(Some(value));
        }
        choices
    }

    /// Whether the portal lists none: they are kept elsewhere, and any value may be one.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The internal value that a text means: the value itself, or a label without case.
    pub fn find(&self, text: &str) -> Option<Arc<str>> {
        let text = text.trim();
        self.exact.get(text).or_else(|| self.by_text.get(&folded(text))?.as_ref()).map(Arc::clone)
    }

    /// The first options, for people.
    pub fn named(&self) -> String {
        let first: Vec<&str> = self.values.iter().take(MOST_NAMED).map(|value| &**value).collect();
        match self.values.len().saturating_sub(MOST_NAMED) {
            0 => first.join(", "),
            more => format!("{} and {more} more", first.join(", ")),
        }
    }
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

fn share(by_text: &mut HashMap<String, Option<Arc<str>>>, text: String, value: &Arc<str>) {
    by_text.entry(text).and_modify(|only| *only = None).or_insert_with(|| Some(Arc::clone(value)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hubspot::model::Text;

    fn choices(options: &[(&str, &str)]) -> Choices {
        let option = |(value, label): &(&str, &str)| PropertyOption {
            value: Text(Some((*value).to_owned())),
            label: Text(Some((*label).to_owned())),
        };
        Choices::new(&options.iter().map(option).collect::<Vec<_>>())
    }

    #[test]
    fn an_option_is_found_by_value_or_label_without_case() {
        let tiers = choices(&[("tier_1", "Bronze"), ("tier_2", "Silver"), ("gold", "tier_1"), ("X", "x y")]);
        for (text, expected) in [
            ("tier_1", Some("tier_1")),
            (" tier_2 ", Some("tier_2")),
            ("BRONZE", Some("tier_1")),
            ("TIER_2", Some("tier_2")),
            // A label says more than a value in another case.
            ("Tier_1", Some("gold")),
            ("X Y", Some("X")),
            ("x", Some("X")),
            ("platinum", None),
            ("", None),
        ] {
            assert_eq!(tiers.find(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_label_of_two_options_names_neither() {
        let both = choices(&[("a", "Same"), ("b", "same"), ("c", "Other")]);
        assert_eq!(both.find("same"), None);
        assert_eq!(both.find("a").as_deref(), Some("a"));
    }

    #[test]
    fn only_the_first_options_are_named() {
        assert_eq!(choices(&[("a", "A"), ("b", "B")]).named(), "a, b");
        let many: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|one| (one.as_str(), one.as_str())).collect();
        assert_eq!(choices(&many).named(), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
        assert!(choices(&[]).is_empty());
    }
}
