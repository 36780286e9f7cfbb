//! Whether a cell of a record holds a value at all, and how many cells went where. Pure.
//!
//! Not here: whether a value fits its property ([`super::value`]).

use serde_json::value::RawValue;

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
}

impl Cells {
    /// All cells with a value.
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
    }
}

/// Whether there is a value: not `null`, empty or blank text, an empty object, or a list of nothing else.
pub fn has_value(raw: &RawValue) -> bool {
    let mut rest = raw.get();
    let mut opens_object = false;
    while let Some(first) = rest.bytes().next() {
        let length = match first {
            b'n' => "null".len(),
            b'"' if opens_object => return true,
            b'"' => {
                let length = length_of_text(rest);
                let is_empty =
                    |text: &str| serde_json::from_str(text).is_ok_and(|text: String| is_blank(&text));
                if !rest.get(..length).is_some_and(is_empty) {
                    return true;
                }
                length
            }
            b'[' | b']' | b'{' | b'}' | b',' => 1,
            _ if first.is_ascii_whitespace() => 1,
            _ => return true,
        };
        if !first.is_ascii_whitespace() {
            opens_object = first == b'{';
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    false
}

fn length_of_text(json: &str) -> usize {
    let mut escaped = false;
    let end = json.bytes().skip(1).position(|byte| {
        let ends = !escaped && byte == b'"';
        escaped = !escaped && byte == b'\\';
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

/// Whether a text holds nothing that can be seen.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|letter| letter.is_whitespace() || is_invisible(letter))
}

/// Signs without width that editors and exports leave at the edges of a text, and NUL.
pub fn is_invisible(letter: char) -> bool {
    matches!(letter, '\0' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_has_no_value() {
        for json in
            ["null", "\"\"", "\" \\t\"", "\"\\u200b\\ufeff\"", "[]", "[ null , \"\" , [] ]", "{}", "{ }"]
        {
            assert!(!has_value(&RawValue::from_string(json.to_owned()).unwrap()), "{json}");
        }
        for json in
            ["0", "false", "\"a\"", "\"-\"", "\" a\"", "[0]", "[null,\"x\"]", "{\"a\":null}", "[{\"a\":1}]"]
        {
            assert!(has_value(&RawValue::from_string(json.to_owned()).unwrap()), "{json}");
        }
    }
}
