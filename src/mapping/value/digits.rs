//! Runs of digits, as dates and times are made of. Not here: what they count.

use std::str::FromStr;

use super::number::is_digits;

/// The digits after a point, as billionths; what is smaller is cut.
pub(super) fn read_fraction(text: &str) -> Option<i32> {
    let digits = is_digits(text).then(|| text.bytes().chain(std::iter::repeat(b'0')).take(9))?;
    Some(digits.fold(0, |billionths, digit| billionths * 10 + i32::from(digit - b'0')))
}

/// A number of exactly so many digits.
pub(super) fn digits<T: FromStr>(text: &str, count: usize) -> Option<T> {
    if text.len() == count && is_digits(text) { text.parse().ok() } else { None }
}
