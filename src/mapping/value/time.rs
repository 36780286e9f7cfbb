//! Days and moments as HubSpot's `date` and `datetime` properties take them. It knows no zones by name.

use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
/// Smaller numbers are years, or days counted from somewhere, rather than the first days of 1970.
const FIRST_SECONDS: i64 = 1_000_000;
/// Epochs below are seconds (until the year 2286), the others milliseconds (until the same day): what is larger may well
/// be the digits of a day and a time.
const FIRST_MILLISECONDS: i64 = 10_000_000_000;
const FIRST_NEITHER: i64 = 10_000_000_000_000;
/// Before 1970 seconds go back to 1897. Earlier ones may as well be milliseconds of the year 1969.
const FIRST_DOUBTFUL_BEFORE: i64 = 2_300_000_000;

/// The only numbers that are taken for a day's digits.
const DAY_NUMBERS: RangeInclusive<i64> = 19_000_101..=21_001_231;

/// The day, as `YYYY-MM-DD`, of a date, a timestamp or an epoch; `None` for anything else.
///
/// A timestamp's day is the one that it names: its zone does not move it.
pub(super) fn date(text: &str) -> Option<Box<str>> {
    let (local, _) = read(text.trim())?;
    has_plain_year(local).then(|| local.date().to_string().into())
}

/// The moment, as `YYYY-MM-DDTHH:MM:SS.sssZ`, of a timestamp, a date or an epoch; `None` for anything else.
///
/// Without a zone it is taken as UTC. Digits beyond the milliseconds are cut.
pub(super) fn datetime(text: &str) -> Option<Box<str>> {
    let (local, offset) = read(text.trim())?;
    // Not by way of jiff's `Timestamp`: it ends a day too early for 9999-12-31, which many use for "never".
    let utc = local.checked_sub(offset).ok()?;
    let (time, millisecond) = (utc.time(), utc.millisecond());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    (has_plain_year(local) && has_plain_year(utc))
        .then(|| format!("{}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z", utc.date()).into())
}

/// jiff also has years before 1, which no one means.
fn has_plain_year(moment: DateTime) -> bool {
    moment.year() >= 1
}

/// The date and time as written, and how far they are ahead of UTC.
fn read(text: &str) -> Option<(DateTime, SignedDuration)> {
    if let Some(moment) = read_number(text) {
        return Some((moment, SignedDuration::ZERO));
    }
    let (day, rest) = text.split_at_checked("YYYY-MM-DD".len())?;
    let day = read_day(day)?;
    if rest.is_empty() {
        return Some((day.to_datetime(Time::midnight()), SignedDuration::ZERO));
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let end = rest.find(|character: char| !matches!(character, '0'..='9' | ':' | '.')).unwrap_or(rest.len());
    let (time, zone) = rest.split_at_checked(end)?;
    Some((day.to_datetime(read_time(time)?), read_zone(zone)?))
}

/// An epoch, or a day as the number that warehouses use for its key.
fn read_number(text: &str) -> Option<DateTime> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, read_fraction(fraction)?),
        None => (text, 0),
    };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    if !is_digits(digits) {
        return None;
    }
    let number: i64 = digits.parse().ok()?;
    let is_negative = digits.len() < whole.len();
    // Also with a fraction of zero: a table library that turned integers into floats leaves `20240501.0`. Other
    // texts of eight digits are no epoch either: they may well be days in another order, such as 31122024.
    if digits.len() == "YYYYMMDD".len() && fraction == 0 && !is_negative {
        let (year, month_and_day) = digits.split_at_checked(4)?;
        let (month, day) = month_and_day.split_at_checked(2)?;
        let day = to_day(year, month, day)?;
        return DAY_NUMBERS.contains(&number).then(|| day.to_datetime(Time::midnight()));
    }
    let fraction = i64::from(fraction);
    let distance = match number {
        1..FIRST_SECONDS => return None,
        FIRST_DOUBTFUL_BEFORE..FIRST_MILLISECONDS if is_negative => return None,
        ..FIRST_MILLISECONDS => SignedDuration::from_secs(number) + SignedDuration::from_nanos(fraction),
        FIRST_MILLISECONDS..FIRST_NEITHER => {
            SignedDuration::from_millis(number) + SignedDuration::from_nanos(fraction / 1000)
        }
        _ => return None,
    };
    if is_negative { EPOCH.checked_sub(distance).ok() } else { EPOCH.checked_add(distance).ok() }
}

/// `YYYY-MM-DD`
fn read_day(text: &str) -> Option<Date> {
    let (year, month_and_day) = text.split_once('-')?;
    let (month, day) = month_and_day.split_once('-')?;
    to_day(year, month, day)
}

fn to_day(year: &str, month: &str, day: &str) -> Option<Date> {
    Date::new(digits(year, 4)?, digits(month, 2)?, digits(day, 2)?).ok()
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.s…`
fn read_time(text: &str) -> Option<Time> {
    let (hour, rest) = text.split_once(':')?;
    let (minute, second, nanosecond) = match rest.split_once(':') {
        None => (rest, 0, 0),
        Some((minute, second)) => match second.split_once('.') {
            None => (minute, digits(second, 2)?, 0),
            Some((second, fraction)) => (minute, digits(second, 2)?, read_fraction(fraction)?),
        },
    };
    // A leap second is taken for the second before it, as jiff does.
    let second = if second == 60 { 59 } else { second };
    Time::new(digits(hour, 2)?, digits(minute, 2)?, second, nanosecond).ok()
}

/// How far a zone is ahead of UTC: nothing, `Z`, `UTC`, `+HH`, `+HHMM`, `+HH:MM`, or Go's `+0000 UTC`. A zone's
/// name in brackets may follow, but does not do alone.
fn read_zone(text: &str) -> Option<SignedDuration> {
    let zone = match text.split_once('[') {
        None => text,
        Some((zone, name)) => Some(zone.trim_end()).filter(|zone| !zone.is_empty() && name.ends_with(']'))?,
    };
    match zone.strip_prefix(' ').unwrap_or(zone) {
        "" | "Z" | "z" | "UTC" | "GMT" | "+0000 UTC" => Some(SignedDuration::ZERO),
        offset => read_offset(offset),
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

/// The digits after a point, as billionths; what is smaller is cut.
fn read_fraction(text: &str) -> Option<i32> {
    let digits = is_digits(text).then(|| text.bytes().chain(std::iter::repeat(b'0')).take(9))?;
    Some(digits.fold(0, |billionths, digit| billionths * 10 + i32::from(digit - b'0')))
}

/// A number of exactly so many digits.
fn digits<T: FromStr>(text: &str, count: usize) -> Option<T> {
    if text.len() == count && is_digits(text) { text.parse().ok() } else { None }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, ZonedDateTime, tz::Offset};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn timestamps_become_utc_and_their_own_day() {
        for (text, moment, day) in [
            ("2024-05-01T12:30:45Z", "2024-05-01T12:30:45.000Z", "2024-05-01"),
            ("2024-05-01t12:30:45.1z", "2024-05-01T12:30:45.100Z", "2024-05-01"),
            ("2024-05-01 12:30:45.123456+02:00", "2024-05-01T10:30:45.123Z", "2024-05-01"),
            ("2024-05-01T12:30:45.9999999999999-0330", "2024-05-01T16:00:45.999Z", "2024-05-01"),
            ("2024-05-01T23:30:00-05:00", "2024-05-02T04:30:00.000Z", "2024-05-01"),
            ("2024-05-01 00:30+02", "2024-04-30T22:30:00.000Z", "2024-05-01"),
            ("2024-05-01T12:30:45", "2024-05-01T12:30:45.000Z", "2024-05-01"),
            ("2024-05-01 12:30", "2024-05-01T12:30:00.000Z", "2024-05-01"),
            ("2024-05-01 12:30:45 UTC", "2024-05-01T12:30:45.000Z", "2024-05-01"),
            ("2024-05-01 12:30:45 GMT", "2024-05-01T12:30:45.000Z", "2024-05-01"),
            ("2024-05-01 12:30:45.5 +0000 UTC", "2024-05-01T12:30:45.500Z", "2024-05-01"),
            ("2024-05-01 12:30:45 -00:00", "2024-05-01T12:30:45.000Z", "2024-05-01"),
            ("2024-05-01T12:30+02:00[Europe/Paris]", "2024-05-01T10:30:00.000Z", "2024-05-01"),
            ("2024-05-01T12:30Z[Etc/UTC][u-ca=gregory]", "2024-05-01T12:30:00.000Z", "2024-05-01"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z", "2016-12-31"),
            (" 2024-02-29\n", "2024-02-29T00:00:00.000Z", "2024-02-29"),
            ("0001-01-01", "0001-01-01T00:00:00.000Z", "0001-01-01"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999Z", "9999-12-31"),
        ] {
            assert_eq!(datetime(text).as_deref(), Some(moment), "{text}");
            assert_eq!(date(text).as_deref(), Some(day), "{text}");
        }
    }

    #[test]
    fn epochs_and_days_as_numbers_are_told_apart_by_their_size() {
        for (text, moment) in [
            ("0", "1970-01-01T00:00:00.000Z"),
            ("1000000", "1970-01-12T13:46:40.000Z"),
            ("-1000000.0001", "1969-12-20T10:13:19.999Z"),
            ("1714521600", "2024-05-01T00:00:00.000Z"),
            (" 1714521600.1239 ", "2024-05-01T00:00:00.123Z"),
            ("1714521600123", "2024-05-01T00:00:00.123Z"),
            ("1714521600123.9", "2024-05-01T00:00:00.123Z"),
            ("9999999999", "2286-11-20T17:46:39.000Z"),
            ("10000000000", "1970-04-26T17:46:40.000Z"),
            ("31536000000", "1971-01-01T00:00:00.000Z"),
            ("-2299999999", "1897-02-11T15:06:41.000Z"),
            ("-10000000000", "1969-09-07T06:13:20.000Z"),
            ("-100000000000", "1966-10-31T14:13:20.000Z"),
            ("9999999999999", "2286-11-20T17:46:39.999Z"),
            ("19000101", "1900-01-01T00:00:00.000Z"),
            ("20240501", "2024-05-01T00:00:00.000Z"),
            ("20240501.0", "2024-05-01T00:00:00.000Z"),
            ("21001231", "2100-12-31T00:00:00.000Z"),
            ("20240501.5", "1970-08-23T06:21:41.500Z"),
            ("-20240501", "1969-05-11T17:38:19.000Z"),
        ] {
            assert_eq!(datetime(text).as_deref(), Some(moment), "{text}");
            assert_eq!(date(text).as_deref(), moment.split('T').next(), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        let refused = [
            "|-|.|.5|5.|+5|--5|1.5.5|1e9|1.7145216e9|NaN|null|true|now|1,714,521,600|１７１４５２１６００",
            "2024|45413|19844|-1|999999|20240501123045|10000000000000|-2300000000|-9999999999|-99999999999999|99999999999999999999999",
            "20240230|20230229|20241301|31122024|18991231|21010101|99991231|00000000|20240230.0",
            "2024-02-30|2023-02-29|2024-13-01|2024-00-10|0000-01-01|0000-00-00 00:00:00|10000-01-01|-001-01-01",
            "24-05-01|2024-5-1|2024-05|2024/05/01|01.05.2024|05/01/2024|2024-W18-3|2024-122|20240501T123045Z",
            "2024-05-01Z|2024-05-01T|2024-05-01T12|2024-05-01T1230|2024-05-01T12:3|2024-05-01T12:30:",
            "2024-05-01T12:30.5|2024-05-01T12:30:45.|2024-05-01T12:30:45,5Z|2024-05-01T12:30:45.5.5",
            "2024-05-01T24:00:00Z|2024-05-01T12:60Z|2024-05-01T12:30:61Z|2024-05-01  12:30|2024-05-01_12:30",
            "2024-05-01T12:30+|2024-05-01T12:30+2|2024-05-01T12:30+02:|2024-05-01T12:30+020",
            "2024-05-01T12:30−02",
            "2024-05-01T12:30+24|2024-05-01T12:30+02:60|2024-05-01T12:30+02:00 UTC|2024-05-01T12:30 PM",
            "2024-05-01T12:30 CEST|2024-05-01T12:30[Europe/Paris]|2024-05-01T12:30+02[Europe/Paris",
            "2024-05-01T12:30Z Z",
        ];
        for text in refused.iter().flat_map(|line| line.split('|')) {
            assert_eq!(datetime(text), None, "{text}");
            assert_eq!(date(text), None, "{text}");
        }
        for text in ["0001-01-01T00:00+01", "9999-12-31T23:30-01"] {
            assert_eq!(datetime(text), None, "{text}: the year in UTC");
            assert_eq!(date(text).as_deref(), text.split('T').next(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(
            text in prop_oneof![
                ".*",
                "[-0-9TZz:.+ \\[\\]é]{0,30}",
                "2024-05-01[T é][0-9:.]{0,12}.{0,8}",
                "2024-0[1-9]-0[1-9]T0[0-9]:0[0-9][-+Z: 0-9\\[\\]]{0,8}",
                "[-]?[0-9.]{0,25}",
            ],
        ) {
            if let Some(moment) = datetime(&text) {
                prop_assert_eq!(datetime(&moment), Some(moment));
            }
            if let Some(day) = date(&text) {
                prop_assert_eq!(date(&day), Some(day));
            }
        }

        #[test]
        fn every_spelling_of_an_instant_is_the_same_instant(
            milliseconds in -62_135_510_400_000_i64..253_402_120_000_000,
            minutes in -1439..=1439_i32,
            between in prop::sample::select(vec!["T", "t", " "]),
            offset_format in prop::sample::select(vec!["%z", "%:z", " %:z", "%:z[Europe/Paris]"]),
        ) {
            let instant = Timestamp::from_millisecond(milliseconds).unwrap();
            let zoned = ZonedDateTime::new(instant, Offset::from_seconds(minutes * 60).unwrap().to_time_zone());
            let text = zoned.strftime(&format!("%Y-%m-%d{between}%H:%M:%S.%3f{offset_format}")).to_string();
            prop_assert_eq!(datetime(&text), Some(format!("{instant:.3}").into()));
            prop_assert_eq!(date(&text), Some(zoned.strftime("%Y-%m-%d").to_string().into()));
        }

        #[test]
        fn an_epoch_is_its_instant(milliseconds in 10_000_000_000_i64..9_999_999_999_999, negative: bool) {
            let milliseconds = if negative { -milliseconds } else { milliseconds };
            let instant = Timestamp::from_millisecond(milliseconds).unwrap();
            let has_plain_year = milliseconds >= -62_135_596_800_000;
            let expected = has_plain_year.then(|| format!("{instant:.3}").into());
            prop_assert_eq!(datetime(&milliseconds.to_string()), expected);
        }
    }
}
