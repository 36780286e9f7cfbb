//! The day at the start of a text: year first, with the name of its month, or in the order that the settings name.
//!
//! Not here: the time behind it, and days as numbers.

use jiff::civil::{Date, Weekday};

use super::digits::digits;
use crate::config::DateFormat;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    Digits(&'a str),
    Month(i8),
}

/// The day that a text begins with, and what is behind it. Under an order, a day that is impossible in it is none.
pub(super) fn day(text: &str, order: DateFormat) -> Option<(Date, &str)> {
    let (weekday, text) = weekday(text);
    let (first, text) = part(text)?;
    let (before_second, text) = separator(text)?;
    let (second, text) = part(text)?;
    let (before_third, text) = separator(text)?;
    let (third, rest) = part(text)?;
    let is_numbers = before_second == before_third && matches!(before_second, "-" | "/" | ".");
    let date = match (first, second, third) {
        (Part::Digits(year), Part::Digits(month), Part::Digits(day)) if year.len() == 4 && is_numbers => {
            Date::new(digits(year, 4)?, number(month)?, number(day)?)
        }
        (Part::Digits(year), Part::Month(month), Part::Digits(day)) if year.len() == 4 => {
            Date::new(digits(year, 4)?, month, number(day)?)
        }
        (Part::Digits(day), Part::Month(month), Part::Digits(year))
        | (Part::Month(month), Part::Digits(day), Part::Digits(year)) => {
            Date::new(self::year(year, order)?, month, number(day)?)
        }
        (Part::Digits(first), Part::Digits(second), Part::Digits(year)) if is_numbers => {
            let (day, month) = match order {
                DateFormat::Iso => return None,
                DateFormat::DayFirst => (first, second),
                DateFormat::MonthFirst => (second, first),
            };
            Date::new(self::year(year, order)?, number(month)?, number(day)?)
        }
        _ => return None,
    };
    let date = date.ok()?;
    // One of the two is wrong, and nobody knows which.
    let agrees = weekday.is_none_or(|weekday| weekday == date.weekday());
    agrees.then_some((date, rest))
}

fn weekday(text: &str) -> (Option<Weekday>, &str) {
    let (word, rest) = word(text);
    let found = WEEKDAYS.iter().find(|(name, _)| is_short_for(word, name));
    match found {
        Some((_, weekday)) => (Some(*weekday), rest.trim_start_matches(['.', ',']).trim_start()),
        None => (None, text),
    }
}

/// Digits, with `st`, `nd`, `rd` or `th` behind them at most, or the name of a month; and what is behind it.
fn part(text: &str) -> Option<(Part<'_>, &str)> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    let (word, behind_word) = word(rest);
    if digits.is_empty() {
        let place = MONTHS.iter().position(|month| is_short_for(word, month))?;
        return Some((Part::Month(i8::try_from(place + 1).ok()?), behind_word));
    }
    let is_ordinal = matches!(word.to_ascii_lowercase().as_str(), "st" | "nd" | "rd" | "th");
    Some((Part::Digits(digits), if is_ordinal { behind_word } else { rest }))
}

/// What is between two parts, without its white space; and what is behind it.
fn separator(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start_matches(|character: char| {
        character.is_whitespace() || matches!(character, '-' | '/' | '.' | ',')
    });
    let (separator, rest) = text.split_at_checked(text.len() - rest.len())?;
    let separator = separator.trim();
    (separator.len() <= 1).then_some((separator, rest))
}

/// The letters that a text begins with, and what is behind them.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// A name may be cut after three letters or later, as in `Sept` and `Thurs`.
fn is_short_for(word: &str, name: &str) -> bool {
    word.len() >= 3 && name.starts_with(word.to_ascii_lowercase().as_str())
}

/// A day or a month.
fn number(text: &str) -> Option<i8> {
    if text.len() == 1 { digits(text, 1) } else { digits(text, 2) }
}

/// Where an order is set, two digits do, in the span of POSIX's `strptime`: 1969 to 2068.
fn year(text: &str, order: DateFormat) -> Option<i16> {
    if text.len() != 2 || order == DateFormat::Iso {
        return digits(text, 4);
    }
    let short: i16 = digits(text, 2)?;
    Some(if short <= 68 { 2000 + short } else { 1900 + short })
}
