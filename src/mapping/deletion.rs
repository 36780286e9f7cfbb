//! The marks by which sources say that a record was deleted. Pure. Not here: what becomes of such a record.

use serde_json::value::RawValue;

use super::{cell, value};
use crate::text::normal;

/// Columns with a moment: a record with a value there is deleted. In the normal form of names.
///
/// `_ab_cdc_deleted_at` is that of Airbyte's database sources
/// (<https://docs.airbyte.com/platform/understanding-airbyte/cdc>), `deleted_at` that of most web frameworks.
const MOMENTS: [&str; 2] = ["abcdcdeletedat", "deletedat"];

/// Columns with a flag: a record is deleted if it is true.
///
/// `IsDeleted` is Salesforce's, `_fivetran_deleted` Fivetran's, `_airbyte_deleted` of tables that Airbyte has written.
const FLAGS: [&str; 3] = ["isdeleted", "fivetrandeleted", "airbytedeleted"];

/// Values in such a column that mean: not deleted. Databases that know no null, and exports, have them. In lower case.
const NO_MOMENTS: [&str; 12] =
    ["0", "0.0", "-", "false", "f", "no", "n", "off", "null", "none", "nil", "nan"];
/// The beginnings of the dates that stand for none in `MySQL`, and in Go and .NET.
const NO_DATES: [&str; 2] = ["0000-00-00", "0001-01-01"];

/// A kind of column that marks deleted records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Moment,
    Flag,
}

impl Mark {
    /// The mark that a column of this name is. Case and separators make no difference.
    pub fn of(field: &str) -> Option<Self> {
        let normal = normal(field);
        if MOMENTS.contains(&normal.as_str()) {
            return Some(Self::Moment);
        }
        FLAGS.contains(&normal.as_str()).then_some(Self::Flag)
    }

    /// Whether a value says that the record was deleted; `None` if it says neither that nor the opposite.
    pub fn is_set(self, value: &RawValue) -> Option<bool> {
        match self {
            Self::Flag => value::flag(value),
            Self::Moment => {
                let text = value.get().trim_matches('"').trim().to_lowercase();
                let is_none =
                    NO_MOMENTS.contains(&&*text) || NO_DATES.iter().any(|none| text.starts_with(none));
                if is_none || !cell::has_value(value) {
                    return Some(false);
                }
                // Whatever its form, a moment has digits.
                let has_digits = text.bytes().any(|byte| byte.is_ascii_digit());
                if has_digits { Some(true) } else { value::flag(value) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_marks_whatever_their_case() {
        for (field, mark) in [
            ("_ab_cdc_deleted_at", Some(Mark::Moment)),
            ("deleted_at", Some(Mark::Moment)),
            ("deletedAt", Some(Mark::Moment)),
            ("IsDeleted", Some(Mark::Flag)),
            ("is_deleted", Some(Mark::Flag)),
            ("_FIVETRAN_DELETED", Some(Mark::Flag)),
            ("_airbyte_deleted", Some(Mark::Flag)),
            ("deleted", None),
            ("deleted_by", None),
            ("_ab_cdc_updated_at", None),
        ] {
            assert_eq!(Mark::of(field), mark, "{field}");
        }
    }

    #[test]
    fn a_moment_marks_and_an_empty_one_does_not() {
        for (json, moment, flag) in [
            ("null", false, false),
            ("\"\"", false, false),
            ("\" \"", false, false),
            ("\"2027-01-01T00:00:00Z\"", true, false),
            ("1767225600", true, false),
            ("0", false, false),
            ("\"0000-00-00 00:00:00.000000\"", false, false),
            ("\"0001-01-01T00:00:00Z\"", false, false),
            ("\"False\"", false, false),
            ("\"N\"", false, false),
            ("false", false, false),
            ("true", true, true),
            ("1", true, true),
            ("\"true\"", true, true),
            ("\"yes\"", true, true),
        ] {
            let raw = RawValue::from_string(json.to_owned()).unwrap();
            assert_eq!(Mark::Moment.is_set(&raw), Some(moment), "{json} as a moment");
            assert_eq!(Mark::Flag.is_set(&raw).unwrap_or_default(), flag, "{json} as a flag");
        }
        for json in ["\"never\"", "\"active\""] {
            let raw = RawValue::from_string(json.to_owned()).unwrap();
            assert_eq!(Mark::Moment.is_set(&raw), None, "{json} says neither yes nor no");
        }
    }
}
