//! Days and moments as HubSpot's `date` and `datetime` properties take them. It knows no zones by name.
//!
//! Not here: which day a text names ([`super::day`]), and which moment a number is ([`super::epoch`]).

use jiff::SignedDuration;
use jiff::civil::{DateTime, Time};

use super::{
    day::day,
    digits::{digits, read_fraction},
    epoch::Number,
    reading::ShownUnit,
};
use crate::{config::DateFormat, mapping::reason::Code, text::trim};

/// Many sources write `0001-01-01` where they have no date, and no contact knows an earlier day than this year's.
const FIRST_YEAR: i16 = 1000;

/// The day, as `YYYY-MM-DD`, of a date, a timestamp or a number.
///
/// A timestamp's day is the one that it names: its zone does not move it.
///
/// # Errors
///
/// [`Code::UnclearTime`] for a number that may be two, [`Code::InvalidValue`] for anything that is no day.
pub(super) fn date(text: &str, order: DateFormat, unit: &mut ShownUnit) -> Result<Box<str>, Code> {
    let (local, _) = read(trim(text), order, unit)?;
    if local.year() < FIRST_YEAR {
        return Err(Code::InvalidValue);
    }
    Ok(local.date().to_string().into())
}

/// The moment, as `YYYY-MM-DDTHH:MM:SS.sssZ`, of a timestamp, a date or a number.
///
/// Without a zone it is taken as UTC. Digits beyond the milliseconds are cut.
///
/// # Errors
///
/// As [`date`].
pub(super) fn datetime(text: &str, order: DateFormat, unit: &mut ShownUnit) -> Result<Box<str>, Code> {
    let (local, offset) = read(trim(text), order, unit)?;
    // Not by way of jiff's `Timestamp`: it ends a day too early for 9999-12-31, which many use for "never".
    let utc = local.checked_sub(offset).map_err(|_| Code::InvalidValue)?;
    if local.year() < FIRST_YEAR || utc.year() < FIRST_YEAR {
        return Err(Code::InvalidValue);
    }
    let (time, millisecond) = (utc.time(), utc.millisecond());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    Ok(format!("{}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z", utc.date()).into())
}

/// The date and time as written, and how far they are ahead of UTC.
fn read(text: &str, order: DateFormat, unit: &mut ShownUnit) -> Result<(DateTime, SignedDuration), Code> {
    match Number::of(text) {
        Some(number) => Ok((number.moment(order, unit)?, SignedDuration::ZERO)),
        None => read_words(text, order).ok_or(Code::InvalidValue),
    }
}

fn read_words(text: &str, order: DateFormat) -> Option<(DateTime, SignedDuration)> {
    let (day, rest) = day(text, order)?;
    if rest.is_empty() {
        return Some((day.to_datetime(Time::midnight()), SignedDuration::ZERO));
    }
    let (time, zone) = read_time(behind_day(rest)?)?;
    Some((day.to_datetime(time), read_zone(zone)?))
}

/// A time begins after a `T`, or after white space with a comma before it or an `at` in it.
fn behind_day(rest: &str) -> Option<&str> {
    if let Some(time) = rest.strip_prefix(['T', 't']) {
        return Some(time);
    }
    let rest = rest.strip_prefix(',').unwrap_or(rest);
    let time = rest.trim_start();
    (time.len() < rest.len()).then(|| time.strip_prefix("at ").unwrap_or(time))
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.s…`, perhaps with the half of the day; and what is behind it.
fn read_time(text: &str) -> Option<(Time, &str)> {
    let end = text.find(|character: char| !matches!(character, '0'..='9' | ':' | '.')).unwrap_or(text.len());
    let (clock, rest) = text.split_at_checked(end)?;
    let (is_afternoon, rest) = half(rest).map_or((None, rest), |(afternoon, rest)| (Some(afternoon), rest));
    let (hour, rest_of_clock) = match clock.split_once(':') {
        Some((hour, rest)) => (hour, rest),
        // Only `10 AM` says no minutes.
        None => (is_afternoon.map(|_| clock)?, "00"),
    };
    let (minute, second, nanosecond) = match rest_of_clock.split_once(':') {
        None => (rest_of_clock, 0, 0),
        Some((minute, second)) => match second.split_once('.') {
            None => (minute, digits(second, 2)?, 0),
            Some((second, fraction)) => (minute, digits(second, 2)?, read_fraction(fraction)?),
        },
    };
    let hour: i8 = if hour.len() == 1 { digits(hour, 1)? } else { digits(hour, 2)? };
    let hour = match is_afternoon {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(is_afternoon) => hour % 12 + if is_afternoon { 12 } else { 0 },
    };
    // A leap second is taken for the second before it, as jiff does.
    let second = if second == 60 { 59 } else { second };
    Some((Time::new(hour, digits(minute, 2)?, second, nanosecond).ok()?, rest))
}

/// Whether `AM` or `PM` follows, and what is behind it.
fn half(text: &str) -> Option<(bool, &str)> {
    let text = text.trim_start();
    let end =
        text.find(|character: char| !matches!(character, 'A'..='Z' | 'a'..='z' | '.')).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end)?;
    match word.to_ascii_lowercase().as_str() {
        "am" | "a.m." => Some((false, rest)),
        "pm" | "p.m." => Some((true, rest)),
        _ => None,
    }
}

/// How far a zone is ahead of UTC: nothing, `Z`, `UTC`, `+HH`, `+HHMM`, `+HH:MM`, `GMT+HHMM`, or Go's `+0000 UTC`. A
/// zone's name in brackets may follow, but does not do alone.
fn read_zone(text: &str) -> Option<SignedDuration> {
    let zone = match text.find(['[', '(']) {
        None => text,
        Some(place) => {
            let (zone, name) = text.split_at_checked(place)?;
            let zone = zone.trim_end();
            Some(zone).filter(|zone| !zone.is_empty() && name.ends_with([']', ')']))?
        }
    };
    match zone.trim_start() {
        "" | "Z" | "z" | "UTC" | "GMT" | "UT" | "+0000 UTC" => Some(SignedDuration::ZERO),
        offset => {
            read_offset(offset.strip_prefix("GMT").or_else(|| offset.strip_prefix("UTC")).unwrap_or(offset))
        }
    }
}

fn read_offset(text: &str) -> Option<SignedDuration> {
    let (sign, offset) = match text.strip_prefix('-') {
        Some(offset) => (-1, offset),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = offset.split_at_checked(2)?;
    let hours: i64 = digits(hours, 2)?;
    let minutes: i64 = match minutes.strip_prefix(':').unwrap_or(minutes) {
        // Not for a colon without minutes.
        "" if minutes.is_empty() => 0,
        minutes => digits(minutes, 2)?,
    };
    (hours < 24 && minutes < 60).then(|| SignedDuration::from_mins(sign * (hours * 60 + minutes)))
}
