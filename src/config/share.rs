//! The setting `fail_if_rejected`: a word, or a share of a stream's records such as `1 %`. Not here: what is counted.

use std::fmt;

/// When a sync fails for its rejected records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailIfRejected {
    /// If a stream is wrongly set up, so that the source sends its records again once the cause is gone.
    #[default]
    All,
    /// Also if more than this share of a stream's records is rejected.
    Share(Share),
    /// Never: rejected records are acknowledged.
    Never,
}

impl FailIfRejected {
    /// Reads `all`, `never`, or a share. `None`: it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "all" => Some(Self::All),
            "never" => Some(Self::Never),
            share => Share::parse(share).map(Self::Share),
        }
    }

    /// The share, if one is set.
    pub fn share(self) -> Option<Share> {
        match self {
            Self::Share(share) => Some(share),
            Self::All | Self::Never => None,
        }
    }
}

/// So many digits behind the point are taken.
const DECIMALS: usize = 9;
/// One percent, in the unit of a share.
const PERCENT: u64 = 10_u64.pow(9);

/// A share greater than nothing, up to all: an exact number of billionths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u64);

impl Share {
    /// Reads `1 %`, `0.5%` and the like. `None`: it is none, or is nothing or more than all.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix('%')?.trim_end();
        let (whole, decimals) =
            number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
        let is_number =
            |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        if !is_number(whole)
            || !decimals.is_none_or(|decimals| is_number(decimals) && decimals.len() <= DECIMALS)
        {
            return None;
        }
        let decimals = format!("{:0<DECIMALS$}", decimals.unwrap_or_default());
        let share = whole.parse::<u64>().ok()?.checked_mul(PERCENT)?.checked_add(decimals.parse().ok()?)?;
        (1..=100 * PERCENT).contains(&share).then_some(Self(share))
    }

    /// Whether `part` is more than this share of `all`.
    pub fn is_exceeded(self, part: u64, all: u64) -> bool {
        u128::from(part) * u128::from(100 * PERCENT) > u128::from(all) * u128::from(self.0)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, decimals) = (self.0 / PERCENT, format!("{:0DECIMALS$}", self.0 % PERCENT));
        match decimals.trim_end_matches('0') {
            "" => write!(formatter, "{whole} %"),
            decimals => write!(formatter, "{whole}.{decimals} %"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_number_greater_than_nothing_up_to_a_hundred() {
        for (text, shown) in [
            ("1 %", "1 %"),
            ("1%", "1 %"),
            ("0.5 %", "0.5 %"),
            ("0.50%", "0.5 %"),
            ("12.345 %", "12.345 %"),
            ("100 %", "100 %"),
            ("100.0 %", "100 %"),
            ("0.000000001 %", "0.000000001 %"),
        ] {
            assert_eq!(Share::parse(text).unwrap().to_string(), shown, "{text}");
        }
        for text in [
            "",
            "%",
            "1",
            "0 %",
            "0.0 %",
            "100.1 %",
            "101 %",
            "-1 %",
            "+1 %",
            "1,5 %",
            ".5 %",
            "1. %",
            "1 % ",
            "one %",
            "1 %%",
            "1e1 %",
            "0.0000000001 %",
            "99999999999999999999 %",
        ] {
            assert_eq!(Share::parse(text), None, "{text}");
        }
        assert_eq!(FailIfRejected::parse(" 2 % ").unwrap().share().unwrap().to_string(), "2 %");
        assert_eq!(FailIfRejected::parse("All"), None);
    }

    #[test]
    fn a_share_is_compared_exactly() {
        for (share, part, all, exceeded) in [
            ("1 %", 1, 100, false),
            ("1 %", 2, 100, true),
            ("0.7 %", 7, 1_000, false),
            ("0.7 %", 701, 100_000, true),
            ("0.07 %", 7, 10_000, false),
            ("33.333333333 %", 1, 3, true),
            ("33.333333334 %", 1, 3, false),
            ("100 %", 5, 5, false),
            ("0.000000001 %", 1, u64::MAX, false),
            ("99 %", u64::MAX, u64::MAX, true),
        ] {
            assert_eq!(
                Share::parse(share).unwrap().is_exceeded(part, all),
                exceeded,
                "{part} of {all}: {share}"
            );
        }
    }
}
