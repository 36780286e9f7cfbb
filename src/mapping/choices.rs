//! The options of a property, found by internal value or by label. Not here: the values of a record ([`super::value`]).

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::value::{Meaning, meaning, trim};
use crate::hubspot::model::PropertyOption;

/// So many options are named in a message.
const MOST_NAMED: usize = 10;

/// The options that a property allows, in the portal's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    values: Vec<Arc<str>>,
    exact: HashSet<Arc<str>>,
    /// By label, or by value where no label is the same, in lower case: several where they share it.
    by_text: HashMap<String, Vec<Arc<str>>>,
    /// The only option that means yes, and the only one that means no.
    yes: Option<Arc<str>>,
    no: Option<Arc<str>>,
}

/// The options that a text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    One(&'a Arc<str>),
    /// They share the label.
    Several(&'a [Arc<str>]),
    Nothing,
}

impl Choices {
    pub fn new(options: &[PropertyOption]) -> Self {
        let mut choices = Self::default();
        let mut by_value = HashMap::new();
        let mut meanings = Vec::new();
        for option in options {
            let Some(value) = option.value.as_deref() else { continue };
            let label = option.label.as_deref().unwrap_or_default();
            let value: Arc<str> = value.into();
            if !choices.exact.insert(Arc::clone(&value)) {
                continue;
            }
            share(&mut choices.by_text, label, &value);
            share(&mut by_value, &value, &value);
            meanings.push((meaning(label).or_else(|| meaning(&value)), Arc::clone(&value)));
            choices.values.push(value);
        }
        for (text, values) in by_value {
            choices.by_text.entry(text).or_insert(values);
        }
        choices.yes = only_one(&meanings, true, &choices.values);
        choices.no = only_one(&meanings, false, &choices.values);
        choices
    }

    /// Whether the portal lists none: they are kept elsewhere, and any value may be one.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// What a text means: an internal value, else a label without case, else an internal value without case. A label says
    /// more than a value in another case, since labels are what people see.
    pub fn look_up(&self, text: &str) -> Found<'_> {
        let text = trim(text);
        if let Some(value) = self.exact.get(text) {
            return Found::One(value);
        }
        match self.by_text.get(&folded(text)).map(|values| &**values) {
            None | Some([]) => Found::Nothing,
            Some([value]) => Found::One(value),
            Some(several) => Found::Several(several),
        }
    }

    /// The internal value of the one option that a text means.
    pub fn find(&self, text: &str) -> Option<Arc<str>> {
        match self.look_up(text) {
            Found::One(value) => Some(Arc::clone(value)),
            Found::Several(_) | Found::Nothing => None,
        }
    }

    /// The only option that says yes, or no: `Yes`, `Y`, `True`, `On` and the like, by label or else by value.
    pub fn meant(&self, is_true: bool) -> Option<Arc<str>> {
        if is_true { self.yes.clone() } else { self.no.clone() }
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
    trim(text).to_lowercase()
}

fn share(by_text: &mut HashMap<String, Vec<Arc<str>>>, text: &str, value: &Arc<str>) {
    let folded = folded(text);
    if !folded.is_empty() {
        by_text.entry(folded).or_default().push(Arc::clone(value));
    }
}

/// The option that means it, if it is the only one.
///
/// A single letter or digit may well mean something else: `N` beside `S`, `E` and `W`, or `1` among the grades of a
/// scale. It counts only if another option says the opposite, and a digit only if no other option is a number.
fn only_one(
    meanings: &[(Option<Meaning>, Arc<str>)],
    is_true: bool,
    values: &[Arc<str>],
) -> Option<Arc<str>> {
    let meant = |wanted: bool| {
        meanings.iter().filter_map(move |(meaning, value)| {
            meaning.filter(|meaning| meaning.is_true() == wanted).map(|meaning| (meaning, value))
        })
    };
    let mut meaning_it = meant(is_true);
    let (meaning, value) = meaning_it.next()?;
    if meaning_it.next().is_some() {
        return None;
    }
    let has_opposite = meant(!is_true).count() == 1;
    let is_number = |value: &&Arc<str>| value.parse::<f64>().is_ok();
    let is_sure = match meaning {
        Meaning::Word(_) => true,
        Meaning::Letter(_) => has_opposite,
        Meaning::Digit(_) => has_opposite && values.iter().filter(is_number).count() <= 2,
    };
    is_sure.then(|| Arc::clone(value))
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
    fn values_that_differ_by_case_alone_are_told_apart_by_case_alone() {
        let both = choices(&[("aB", "One"), ("Ab", "Two")]);
        assert_eq!(both.find("Ab").as_deref(), Some("Ab"));
        assert_eq!(both.find("AB"), None);
        assert_eq!(choices(&[("a", ""), ("b", "")]).find(""), None);
    }

    #[test]
    fn yes_and_no_are_found_where_they_can_be_nothing_else() {
        for (options, yes, no) in [
            (&[("Yes", "Yes"), ("No", "No")][..], Some("Yes"), Some("No")),
            (&[("Y", "Yes"), ("N", "No"), ("U", "Unknown")], Some("Y"), Some("N")),
            (&[("a", "On"), ("b", "Off")], Some("a"), Some("b")),
            (&[("1", "1"), ("0", "0")], Some("1"), Some("0")),
            // The label is what people see.
            (&[("0", "Yes"), ("1", "No")], Some("0"), Some("1")),
            (&[("T", "T"), ("F", "F")], Some("T"), Some("F")),
            (&[("yes", "Yes")], Some("yes"), None),
            (&[("a", "Yes"), ("b", "True"), ("c", "No")], None, Some("c")),
            (&[("N", "N"), ("S", "S")], None, None),
            (&[("M", "Male"), ("F", "Female")], None, None),
            (&[("0", "0"), ("1", "1"), ("2", "2")], None, None),
            (&[("ja", "Ja"), ("nein", "Nein")], None, None),
        ] {
            let choices = choices(options);
            let meant = [choices.meant(true), choices.meant(false)];
            assert_eq!(meant.each_ref().map(|one| one.as_deref()), [yes, no], "{options:?}");
        }
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
