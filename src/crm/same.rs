//! Whether a write would change a value: what would be sent beside what HubSpot has, in the forms that HubSpot gives values. Pure.
//!
//! Two values are the same only where that is sure. What is not the same is written, which at worst costs a request.
//! Not here: the form in which values are sent ([`crate::mapping::value`]).

use std::collections::BTreeSet;

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::Offset,
};

use super::property::{Fold, Kind, Property};

/// Whether HubSpot's value stays as it is if `sent` is written. `has` is empty where HubSpot has none.
pub fn is_same(property: &Property, sent: &str, has: &str) -> bool {
    let (sent, has) = (sent.trim(), has.trim());
    if sent == has {
        return true;
    }
    if sent.is_empty() || has.is_empty() {
        return false;
    }
    if property.traits.forward_only {
        // HubSpot ignores a move backwards.
        let place = |value| property.choices.place(value);
        return place(sent).zip(place(has)).is_some_and(|(sent, has)| sent < has);
    }
    match property.kind {
        Kind::Number => in_form(decimal, sent, has),
        Kind::Bool => sent.eq_ignore_ascii_case(has),
        Kind::Date => in_form(date, sent, has),
        Kind::DateTime => in_form(moment, sent, has),
        Kind::Choices => are_chosen(property, sent, has),
        Kind::Phone => in_form(dialled, sent, has),
        Kind::Text => sent.replace("\r\n", "\n") == has.replace("\r\n", "\n"),
        Kind::Choice | Kind::Owner => false,
    }
}

/// Whether two values are the same in a form that both have.
fn in_form<T: PartialEq>(form: impl Fn(&str) -> Option<T>, sent: &str, has: &str) -> bool {
    form(sent).is_some_and(|sent| form(has) == Some(sent))
}

/// The order of options says nothing, and one that is appended may be there already.
fn are_chosen(property: &Property, sent: &str, has: &str) -> bool {
    let options = |text: &str| -> BTreeSet<String> {
        text.split(';').map(str::trim).filter(|option| !option.is_empty()).map(str::to_owned).collect()
    };
    let has = options(has);
    match sent.strip_prefix(';').filter(|_| property.traits.fold == Fold::Append) {
        Some(appended) => options(appended).is_subset(&has),
        None => options(sent) == has,
    }
}

/// A number as its digits without zeros at either end, and the power of ten of the last one: `1.50` and `1.5E0` are one.
fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (negative, unsigned) = match mantissa.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    let shortest = significant.trim_end_matches('0');
    if shortest.is_empty() {
        return Some((false, String::new(), 0));
    }
    let cut = i64::try_from(significant.len() - shortest.len()).ok()?;
    let power = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(cut)?;
    Some((negative, shortest.to_owned(), power))
}

/// A day, also where it is given as its midnight in UTC, in milliseconds.
fn date(text: &str) -> Option<Date> {
    if let Ok(date) = text.parse::<Date>() {
        return Some(date);
    }
    let moment = Offset::UTC.to_datetime(moment(text)?);
    (moment.time() == Time::midnight()).then(|| moment.date())
}

/// A moment, also in milliseconds since 1970. Beyond milliseconds, HubSpot keeps nothing.
fn moment(text: &str) -> Option<Timestamp> {
    let milliseconds = match text.parse::<i64>() {
        Ok(milliseconds) => milliseconds,
        Err(_) => text.parse::<Timestamp>().ok()?.as_millisecond(),
    };
    Timestamp::from_millisecond(milliseconds).ok()
}

/// A phone number without what only separates its digits. Letters may be an extension, so they stay.
fn dialled(text: &str) -> Option<String> {
    let kept: String = text.chars().filter(|one| !" -./()\u{a0}".contains(*one)).collect();
    kept.contains(|one: char| one.is_ascii_digit()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::{
        choices::Choices,
        definition::PropertyOption,
        property::{LIFECYCLE_STAGE, Traits},
    };

    fn of(kind: Kind) -> Property {
        let traits = match kind {
            Kind::Choices => Traits { fold: Fold::Append, ..Traits::default() },
            _ => Traits::default(),
        };
        Property { kind, traits, ..Property::default() }
    }

    #[test]
    fn values_are_compared_in_the_forms_that_hubspot_gives_them() {
        for (kind, sent, has, expected) in [
            (Kind::Text, " Ada ", "Ada", true),
            (Kind::Text, "a\r\nb", "a\nb", true),
            (Kind::Text, "ada", "Ada", false),
            (Kind::Text, "1.0", "1", false),
            (Kind::Text, "", "", true),
            (Kind::Text, "", "Ada", false),
            (Kind::Text, "Ada", "", false),
            (Kind::Number, "5", "5.0", true),
            (Kind::Number, "1200", "1.2E3", true),
            (Kind::Number, "-0.10", "-.1", true),
            (Kind::Number, "0", "-0.00", true),
            (Kind::Number, "12345678901234567890", "12345678901234567891", false),
            (Kind::Number, "5", "-5", false),
            (Kind::Number, "5", "five", false),
            (Kind::Bool, "true", "TRUE", true),
            (Kind::Bool, "true", "false", false),
            (Kind::Date, "2024-05-13", "2024-05-13", true),
            (Kind::Date, "2024-05-13", "1715558400000", true),
            (Kind::Date, "2024-05-13", "2024-05-13T00:00:00Z", true),
            (Kind::Date, "2024-05-13", "1715558400001", false),
            (Kind::Date, "2024-05-13", "2024-05-14", false),
            (Kind::DateTime, "2024-05-13T10:00:00Z", "2024-05-13T10:00:00.000Z", true),
            (Kind::DateTime, "2024-05-13T12:00:00+02:00", "1715594400000", true),
            (Kind::DateTime, "2024-05-13T10:00:00.0009Z", "2024-05-13T10:00:00Z", true),
            (Kind::DateTime, "2024-05-13T10:00:01Z", "2024-05-13T10:00:00Z", false),
            (Kind::Choices, "a;b", "b; a", true),
            (Kind::Choices, ";a", "b;a", true),
            (Kind::Choices, "a", "b;a", false),
            (Kind::Choices, ";c", "b;a", false),
            (Kind::Choice, "a", "A", false),
            (Kind::Phone, "+49 (30) 12-34", "+49301234", true),
            (Kind::Phone, "49301234", "+49301234", false),
            (Kind::Phone, "1234 ext 5", "1234ext5", true),
            (Kind::Phone, "none", "no ne", false),
            (Kind::Owner, "7", "70", false),
        ] {
            assert_eq!(is_same(&of(kind), sent, has), expected, "{kind:?} {sent:?} {has:?}");
        }
    }

    #[test]
    fn a_stage_in_front_of_hubspots_changes_nothing() {
        let option = |value: &str| PropertyOption { value: value.to_owned(), label: value.to_owned() };
        let stage = Property {
            name: LIFECYCLE_STAGE.into(),
            kind: Kind::Choice,
            choices: Choices::new(&["subscriber", "lead", "customer"].map(option)),
            traits: Traits { forward_only: true, ..Traits::default() },
            ..Property::default()
        };
        for (sent, has, expected) in [
            ("lead", "customer", true),
            ("lead", "lead", true),
            ("customer", "lead", false),
            ("lead", "", false),
            ("unknown", "lead", false),
            ("lead", "unknown", false),
        ] {
            assert_eq!(is_same(&stage, sent, has), expected, "{sent} {has}");
        }
    }
}
