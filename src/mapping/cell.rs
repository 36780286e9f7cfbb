//! Whether a cell of a record holds a value at all, and how many cells went where. Pure.
//!
//! Not here: whether a value fits its property ([`super::value`]).

use serde_json::value::RawValue;

use crate::text::is_blank;

/// What became of the cells with a value that a stream brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cells {
    /// They were the address.
    pub key: u64,
    /// Their value went into at least one property.
    pub mapped: u64,
    /// Their field, or the path of its mapping, leads nowhere.
    pub left_out: u64,
    /// Their value did not fit.
    pub unfit: u64,
    /// Their record was rejected or skipped before it was sent.
    pub of_records_left_out: u64,
    /// Cells without a value that empty a property.
    pub cleared: u64,
}

impl Cells {
    /// All cells with a value: [`Self::cleared`] is not among them.
    pub fn all(self) -> u64 {
        self.key + self.mapped + self.left_out + self.unfit + self.of_records_left_out
    }
}

impl std::ops::AddAssign for Cells {
    fn add_assign(&mut self, other: Self) {
        self.key += other.key;
        self.mapped += other.mapped;
        self.left_out += other.left_out;
        self.unfit += other.unfit;
        self.of_records_left_out += other.of_records_left_out;
        self.cleared += other.cleared;
    }
}

/// Whether there is a value: not `null`, empty or blank text, an empty object, or a list of nothing else.
///
/// It reads the JSON from left to right and stops at the first value, so that a long or deep cell costs little.
pub fn has_value(raw: &RawValue) -> bool {
    let json = raw.get();
    match json.as_bytes() {
        [b'n', ..] | [b'"', b'"'] => return false,
        // Most texts begin with a letter or a digit.
        [b'"', first, ..] if first.is_ascii_alphanumeric() => return true,
        [b'"' | b'[' | b'{', ..] => {}
        _ => return true,
    }
    let mut rest = json;
    while let Some(first) = rest.bytes().next() {
        let length = match first {
            b'[' | b']' | b'{' | b'}' | b',' | b' ' | b'\t' | b'\n' | b'\r' => 1,
            b'n' => "null".len(),
            b'"' => {
                let length = text_length(rest);
                let (text, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
                // The name of a member: an object with members is a value.
                if behind.trim_start().starts_with(':') || !is_blank_json(text) {
                    return true;
                }
                length
            }
            _ => return true,
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    false
}

/// How many bytes the JSON text has that a piece of JSON begins with, its quotation marks included.
fn text_length(json: &str) -> usize {
    let mut escaped = true; // the first mark opens it
    for (place, byte) in json.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return place + 1,
            _ => {}
        }
    }
    json.len()
}

/// Whether a JSON text says nothing that can be seen. One that is no Unicode is no blank one.
fn is_blank_json(json: &str) -> bool {
    serde_json::from_str::<String>(json).is_ok_and(|text| is_blank(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_has_no_value() {
        for json in [
            "null",
            "\"\"",
            "\" \\t\"",
            "\"\\u200b\\ufeff\"",
            "[]",
            "[ null , \"\" , [{}] ]",
            "{}",
            "{ }",
            "[{}]",
        ] {
            assert!(!has_value(&RawValue::from_string(json.to_owned()).unwrap()), "{json}");
        }
        for json in
            ["0", "false", "\"a\"", "\"-\"", "\" a\"", "[0]", "[null,\"x\"]", "{\"a\":null}", "[{\"a\":1}]"]
        {
            assert!(has_value(&RawValue::from_string(json.to_owned()).unwrap()), "{json}");
        }
    }
}
