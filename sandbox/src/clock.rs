//! Points in time: now, to and from ISO 8601, and HTTP dates. Milliseconds since 1970 in UTC throughout.
//!
//! Not for measuring how long something took: that is `tokio::time::Instant`.

use std::time::{SystemTime, UNIX_EPOCH};

const MILLIS_PER_DAY: i64 = 86_400_000;
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// `2025-11-03T23:36:13.632Z`; without a fraction when it is a whole second, as Java prints an `Instant`.
pub(crate) fn iso(millis: i64) -> String {
    let (year, month, day) = civil(millis.div_euclid(MILLIS_PER_DAY));
    let (hour, minute, second, fraction) = time_of_day(millis);
    let date_and_time = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if fraction == 0 { format!("{date_and_time}Z") } else { format!("{date_and_time}.{fraction:03}Z") }
}

/// `2025-11-03`.
pub(crate) fn iso_date(millis: i64) -> String {
    let (year, month, day) = civil(millis.div_euclid(MILLIS_PER_DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

/// `Mon, 03 Nov 2025 23:36:13 GMT`, the only date form an HTTP server may write.
pub(crate) fn http_date(millis: i64) -> String {
    let days = millis.div_euclid(MILLIS_PER_DAY);
    let (year, month, day) = civil(days);
    let (hour, minute, second, _) = time_of_day(millis);
    let weekday = named(&WEEKDAYS, days.rem_euclid(7));
    let month = named(&MONTHS, month - 1);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// The start of the day, UTC.
pub(crate) fn midnight(millis: i64) -> i64 {
    millis.div_euclid(MILLIS_PER_DAY) * MILLIS_PER_DAY
}

/// Hour, minute, second and millisecond of the day.
pub(crate) fn time_of_day(millis: i64) -> (i64, i64, i64, i64) {
    let rest = millis.rem_euclid(MILLIS_PER_DAY);
    (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60, rest % 1_000)
}

/// Reads exactly `YYYY-MM-DD`, giving its midnight.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = digits(parts.next()?, 2)?;
    if parts.next().is_some() {
        return None;
    }
    let days = days_from_civil(year, month, day);
    (civil(days) == (year, month, day)).then_some(days * MILLIS_PER_DAY)
}

/// Reads ISO 8601 with a zone: `2020-02-29T03:30:17.000Z`, `2020-02-29T03:30+01:00`.
pub(crate) fn parse_datetime(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once('T')?;
    let midnight = parse_date(date)?;
    let (time, offset_minutes) = split_zone(rest)?;
    let mut parts = time.split(':');
    let hour = digits(parts.next()?, 2).filter(|hour| *hour < 24)?;
    let minute = digits(parts.next()?, 2).filter(|minute| *minute < 60)?;
    let millis = match parts.next() {
        Some(seconds) => parse_seconds(seconds)?,
        None => 0,
    };
    if parts.next().is_some() {
        return None;
    }
    Some(midnight + hour * 3_600_000 + (minute - offset_minutes) * 60_000 + millis)
}

fn parse_seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let seconds = digits(whole, 2).filter(|second| *second < 60)?;
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded: String = fraction.chars().chain("00".chars()).take(3).collect();
    Some(seconds * 1_000 + padded.parse::<i64>().ok()?)
}

/// The time of day and the zone's offset in minutes.
fn split_zone(text: &str) -> Option<(&str, i64)> {
    if let Some(time) = text.strip_suffix('Z') {
        return Some((time, 0));
    }
    let at = text.rfind(['+', '-'])?;
    let (time, zone) = text.split_at_checked(at)?;
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let zone: String = zone.chars().filter(char::is_ascii_digit).collect();
    let number = digits(&zone, 4)?;
    Some((time, sign * (number / 100 * 60 + number % 100)))
}

fn digits(text: &str, length: usize) -> Option<i64> {
    let fits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

fn named(names: &[&'static str], index: i64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

/// Days since 1970 of a date in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last day of a year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`]: year, month, day.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_survive_the_round_trip() {
        for text in ["1969-12-31", "1970-01-01", "2000-02-29", "2024-02-29", "2026-11-23", "1900-03-01"] {
            assert_eq!(iso_date(parse_date(text).unwrap()), text);
        }
        for text in ["2023-02-29", "2023-13-01", "2023-1-01", "23-01-01", "2023-01-01T", ""] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn datetimes_need_a_zone() {
        assert_eq!(parse_datetime("2020-02-29T03:30:17.000Z"), Some(1_582_947_017_000));
        assert_eq!(parse_datetime("2020-02-29T04:30:17+01:00"), Some(1_582_947_017_000));
        assert_eq!(parse_datetime("2020-02-29T03:30:17.123456Z"), Some(1_582_947_017_123));
        assert_eq!(parse_datetime("2020-02-29T03:30:17"), None);
        assert_eq!(parse_datetime("2020-02-29 03:30:17Z"), None);
        assert_eq!(iso(1_582_947_017_000), "2020-02-29T03:30:17Z");
        assert_eq!(iso(1_582_947_017_123), "2020-02-29T03:30:17.123Z");
    }

    #[test]
    fn http_dates_name_the_weekday() {
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
