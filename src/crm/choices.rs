//! The options of a property, found by internal value or by label. Pure. Not here: the values of a record ([`crate::mapping::value`]).

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    definition::PropertyOption,
    truth::{Meaning, Pair, meaning},
};
use crate::text::trim;

/// So many options are named in a message.
const MOST_NAMED: usize = 10;

/// The options that a property allows, in the account's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    values: Vec<Arc<str>>,
    exact: HashSet<Arc<str>>,
    /// By label, or by value where no label is the same, in lower case: several where they share it.
    by_text: HashMap<String, Vec<Arc<str>>>,
    /// The only option that means yes, and the only one that means no: both, or neither.
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
            let PropertyOption { value, label } = option;
            let value: Arc<str> = value.as_str().into();
            if value.is_empty() || !choices.exact.insert(Arc::clone(&value)) {
                continue;
            }
            share(&mut choices.by_text, label, &value);
            share(&mut by_value, &value, &value);
            meanings.extend(meaning_of(&value, label).map(|meaning| (meaning, Arc::clone(&value))));
            choices.values.push(value);
        }
        for (text, values) in by_value {
            choices.by_text.entry(text).or_insert(values);
        }
        if let Some([yes, no]) = yes_and_no(&meanings, &choices.values) {
            (choices.yes, choices.no) = (Some(yes), Some(no));
        }
        choices
    }

    /// Whether the account lists none: they are kept elsewhere, and any value may be one.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether this is an internal value.
    pub fn has(&self, value: &str) -> bool {
        self.exact.contains(value)
    }

    /// The place of an internal value among all, in the account's order.
    pub fn place(&self, value: &str) -> Option<usize> {
        self.values.iter().position(|one| **one == *value)
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

    /// The only option that says yes, or no, if another one says the opposite: `Yes` and `No`, `True` and `False`, `On` and
    /// `Off`, `Y` and `N`, `T` and `F`, or `1` and `0`.
    pub fn meant(&self, is_true: bool) -> Option<Arc<str>> {
        if is_true { self.yes.clone() } else { self.no.clone() }
    }

    /// The first options, for log messages.
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

/// What an option means. The label is what people see: where it says something else than the value, the value alone, such
/// as `no` for Norwegian, means nothing.
fn meaning_of(value: &str, label: &str) -> Option<Meaning> {
    let shown = if trim(label).is_empty() { value } else { label };
    meaning(shown)
}

/// The options that mean yes and no, if they are the only two, and opposites.
///
/// Letters and digits may well mean something else: `T` beside `S` and `F`, or `1` among the grades of a scale. They count
/// only if no other option is one.
fn yes_and_no(meanings: &[(Meaning, Arc<str>)], values: &[Arc<str>]) -> Option<[Arc<str>; 2]> {
    let [(first, one), (second, other)] = meanings else { return None };
    if first.pair != second.pair || first.is_true == second.is_true {
        return None;
    }
    let are_sure = match first.pair {
        Pair::TrueFalse | Pair::YesNo | Pair::OnOff => true,
        Pair::TF | Pair::YN => values.iter().filter(|value| value.chars().count() == 1).count() <= 2,
        Pair::Digits => values.iter().filter(|value| value.parse::<f64>().is_ok()).count() <= 2,
    };
    let pair = if first.is_true { [one, other] } else { [other, one] };
    are_sure.then(|| pair.map(Arc::clone))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(options: &[(&str, &str)]) -> Choices {
        let option = |(value, label): &(&str, &str)| PropertyOption {
            value: (*value).to_owned(),
            label: (*label).to_owned(),
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
            // An opposite is the other word of the pair, and there is one.
            (&[("yes", "Yes")], None, None),
            (&[("yes", "Yes"), ("off", "Off")], None, None),
            (&[("a", "Yes"), ("b", "True"), ("c", "No")], None, None),
            (&[("a", "Yes"), ("b", "No"), ("c", "no")], None, None),
            // A label that means something else is what people see.
            (&[("no", "Norwegian"), ("de", "German"), ("yes", "Yes")], None, None),
            (&[("DE", "DE"), ("NO", "NO"), ("SE", "SE")], None, None),
            (&[("ON", "Ontario"), ("QC", "Quebec"), ("OFF", "Offaly")], None, None),
            (&[("ON", "ON"), ("QC", "QC"), ("NO", "NO")], None, None),
            (&[("Y", "Yellow"), ("N", "Navy")], None, None),
            (&[("S", "Small"), ("T", "Tall"), ("F", "Full")], None, None),
            (&[("S", "S"), ("T", "T"), ("F", "F")], None, None),
            (&[("1", "Low"), ("0", "None")], None, None),
            // Where there is no label, or it says the same.
            (&[("yes", ""), ("no", " NO ")], Some("yes"), Some("no")),
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
