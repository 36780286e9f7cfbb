//! Moments as numbers: since 1970 in seconds or milliseconds, the digits of a day, or the days of a spreadsheet.

use std::ops::{Range, RangeInclusive};

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, ToSpan};

use super::{
    digits::{digits, read_fraction},
    number::is_digits,
    reading::{EpochUnit, ShownUnit},
};
use crate::{config::DateFormat, mapping::reason::Code};

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
/// Smaller numbers are years, or days counted from somewhere, rather than the first days of 1970.
const FIRST_EPOCH: i64 = 1_000_000;
/// From 2001 to 2100 in seconds; in milliseconds these are a few weeks of 1970, which no column of moments is about.
const CERTAIN_SECONDS: Range<i64> = 978_307_200..4_133_980_800;
/// The years of births, contracts and plans: a reading outside of them makes no sense.
const SENSIBLE_YEARS: RangeInclusive<i16> = 1900..=2200;
/// Many write this day for "never".
const NEVER: Date = Date::constant(9999, 12, 31);

/// In seconds somebody's "never", in milliseconds a day of 1970.
const LAST_OF_TEN_DIGITS: i64 = 9_999_999_999;

/// The only numbers that are taken for a day's digits.
const DAY_NUMBERS: RangeInclusive<i64> = 19_000_101..=21_001_231;

/// Days in a spreadsheet, from 1927 to 2099, counted from the day before 1900 in a calendar that has a 1900-02-29.
///
/// Source: <https://support.microsoft.com/en-us/office/date-systems-in-excel-e7fe7167-48a9-4b96-bb53-5612a800b487>.
const SERIAL_DAYS: RangeInclusive<i64> = 10_000..=73_050;
/// The lengths of a day with its hour, and with its minute.
const YYYYMMDDHH: usize = 10;
const YYYYMMDDHHMM: usize = 12;
const SERIAL_START: DateTime = DateTime::constant(1899, 12, 30, 0, 0, 0, 0);
const SECONDS_OF_A_DAY: i64 = 86_400;

/// A number with an optional sign and fraction, but without exponent.
#[derive(Debug)]
pub(super) struct Number<'a> {
    digits: &'a str,
    whole: i64,
    /// As the sign of `whole`.
    billionths: i64,
}

impl<'a> Number<'a> {
    /// `None` if the text is no such number. One that is too large for any moment is the largest.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let (whole, billionths) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, i64::from(read_fraction(fraction)?)),
            None => (text, 0),
        };
        let digits = whole.strip_prefix('-').unwrap_or(whole);
        if !is_digits(digits) {
            return None;
        }
        let sign = if digits.len() < whole.len() { -1 } else { 1 };
        let whole = sign * digits.parse().unwrap_or(i64::MAX);
        Some(Self { digits, whole, billionths: sign * billionths })
    }

    /// The moment that it is. A number that can be one in a single unit shows the unit.
    ///
    /// # Errors
    ///
    /// [`Code::UnclearTime`] if it makes sense as two, [`Code::InvalidValue`] if as none.
    pub(super) fn moment(&self, order: DateFormat, shown: &mut ShownUnit) -> Result<DateTime, Code> {
        // Also with a fraction of zero: a table library that turned integers into floats leaves `20240501.0`. Other
        // texts of eight digits are no epoch either: they may well be days in another order, such as 31122024.
        if self.digits.len() == "YYYYMMDD".len() && self.billionths == 0 && self.whole >= 0 {
            let day = self.leading_day().ok_or(Code::InvalidValue)?;
            return Ok(day.to_datetime(Time::midnight()));
        }
        // A day and a time without anything between, rather than milliseconds in the 27th century.
        if self.digits.len() == "YYYYMMDDHHMMSS".len() && self.leading_day().is_some() {
            return Err(Code::InvalidValue);
        }
        if order != DateFormat::Iso && SERIAL_DAYS.contains(&self.whole) {
            return self.serial_day().ok_or(Code::InvalidValue);
        }
        let is_start = self.whole == 0 && self.billionths == 0;
        if self.whole.abs() < FIRST_EPOCH && !is_start {
            return Err(Code::InvalidValue);
        }
        if self.is_day_with_time() {
            // Numbers of seconds look so from 2030-03-17 to 2036-07-20 alone, those of milliseconds in 1976 alone, and only
            // one in a hundred: the usual ones are never refused, be they numbers or texts. A column that has shown its
            // unit by others has no days with a time.
            match (self.digits.len(), &*shown) {
                (YYYYMMDDHH, ShownUnit::Of(EpochUnit::Seconds))
                | (YYYYMMDDHHMM, ShownUnit::Of(EpochUnit::Milliseconds)) => {}
                (YYYYMMDDHH, _) => return Err(Code::UnclearTime),
                _ => return Err(Code::InvalidValue),
            }
        }
        self.since_1970(shown)
    }

    /// The day that the first eight digits are, as warehouses use it for a key.
    fn leading_day(&self) -> Option<Date> {
        let (day, _) = self.digits.split_at_checked("YYYYMMDD".len())?;
        let (year, month_and_day) = day.split_at_checked(4)?;
        let (month, day_of_month) = month_and_day.split_at_checked(2)?;
        let date = Date::new(digits(year, 4)?, digits(month, 2)?, digits(day_of_month, 2)?).ok()?;
        DAY_NUMBERS.contains(&day.parse().ok()?).then_some(date)
    }

    /// Whether the digits are a day and, without anything between, an hour or an hour and a minute.
    fn is_day_with_time(&self) -> bool {
        let time = self.digits.split_at_checked("YYYYMMDD".len()).map_or("", |(_, time)| time);
        let is_time = match time.split_at_checked(2) {
            Some((hour, "")) => is_below(hour, 24),
            Some((hour, minute)) => is_below(hour, 24) && is_below(minute, 60),
            None => false,
        };
        is_time && self.whole > 0 && self.billionths == 0 && self.leading_day().is_some()
    }

    fn serial_day(&self) -> Option<DateTime> {
        // The fraction of a day in a float is a little beside the second that it means.
        let nanoseconds = self.billionths * SECONDS_OF_A_DAY;
        let milliseconds = (nanoseconds + 500_000) / 1_000_000;
        let day = SERIAL_START.checked_add(self.whole.days()).ok()?;
        day.checked_add(SignedDuration::from_millis(milliseconds)).ok()
    }

    fn since_1970(&self, shown: &mut ShownUnit) -> Result<DateTime, Code> {
        if let Some(unit) = self.certain_unit() {
            *shown = shown.and(unit);
            return self.in_unit(unit).ok_or(Code::InvalidValue);
        }
        let sensible = |unit| self.in_unit(unit).filter(|moment| is_sensible(*moment));
        let (seconds, milliseconds) = (sensible(EpochUnit::Seconds), sensible(EpochUnit::Milliseconds));
        if seconds.is_none() && milliseconds.is_none() {
            return Err(Code::InvalidValue);
        }
        match *shown {
            // It makes sense in the other unit, but one odd value among many is rather a mistake than a change of unit.
            ShownUnit::Of(EpochUnit::Seconds) => seconds.ok_or(Code::UnclearTime),
            ShownUnit::Of(EpochUnit::Milliseconds) => milliseconds.ok_or(Code::UnclearTime),
            // The start of 1970 is the same in both.
            ShownUnit::Both | ShownUnit::Nothing if seconds == milliseconds => {
                seconds.ok_or(Code::InvalidValue)
            }
            ShownUnit::Both => Err(Code::UnclearTime),
            ShownUnit::Nothing if self.whole == LAST_OF_TEN_DIGITS => Err(Code::UnclearTime),
            // It shows nothing for the others: in seconds it may just be nonsense.
            ShownUnit::Nothing => {
                let only = if seconds.is_none() { milliseconds } else { None };
                only.ok_or(Code::UnclearTime)
            }
        }
    }

    /// The unit in which the number is from 2001 to 2100.
    fn certain_unit(&self) -> Option<EpochUnit> {
        if CERTAIN_SECONDS.contains(&self.whole) {
            return Some(EpochUnit::Seconds);
        }
        CERTAIN_SECONDS.contains(&(self.whole / 1000)).then_some(EpochUnit::Milliseconds)
    }

    /// `None` beyond the year 9999.
    fn in_unit(&self, unit: EpochUnit) -> Option<DateTime> {
        let distance = match unit {
            EpochUnit::Seconds => {
                SignedDuration::from_secs(self.whole).checked_add(SignedDuration::from_nanos(self.billionths))
            }
            EpochUnit::Milliseconds => SignedDuration::from_millis(self.whole)
                .checked_add(SignedDuration::from_nanos(self.billionths / 1000)),
        };
        EPOCH.checked_add(distance?).ok()
    }
}

fn is_below(text: &str, end: i8) -> bool {
    digits::<i8>(text, 2).is_some_and(|number| number < end)
}

fn is_sensible(moment: DateTime) -> bool {
    SENSIBLE_YEARS.contains(&moment.year()) || moment.date() == NEVER
}
