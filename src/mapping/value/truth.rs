//! Words that say yes or no, in the forms that sources have for them. Not here: an account's own words.

use super::text::trim;

/// What a word says, and how surely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    Word(bool),
    /// A letter, which may well be short for something else where it stands among options.
    Letter(bool),
    /// A `1` or a `0`, likewise.
    Digit(bool),
}

impl Meaning {
    pub(crate) fn is_true(self) -> bool {
        match self {
            Self::Word(is_true) | Self::Letter(is_true) | Self::Digit(is_true) => is_true,
        }
    }
}

/// What a text means, without case; `None` if it is no such word.
pub(crate) fn meaning(text: &str) -> Option<Meaning> {
    let text = trim(text);
    // The longest word has five letters.
    if text.len() <= 5 {
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => return Some(Meaning::Word(true)),
            "false" | "no" | "off" => return Some(Meaning::Word(false)),
            "t" | "y" => return Some(Meaning::Letter(true)),
            "f" | "n" => return Some(Meaning::Letter(false)),
            _ => {}
        }
    }
    let whole = match text.split_once('.') {
        None => text,
        Some((whole, fraction)) => {
            let zeros = !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0');
            Some(whole).filter(|_| zeros)?
        }
    };
    match whole {
        "1" => Some(Meaning::Digit(true)),
        "0" => Some(Meaning::Digit(false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_yes_and_no_are_known_without_case() {
        for text in ["true", "TRUE", " Yes ", "y", "T", "on", "1", "1.0", "1.00", "\u{feff}Y"] {
            assert_eq!(meaning(text).map(Meaning::is_true), Some(true), "{text}");
        }
        for text in ["false", "no", "N", "f", "Off", "0", "0.0", "0.000"] {
            assert_eq!(meaning(text).map(Meaning::is_true), Some(false), "{text}");
        }
        for text in ["", "2", "1.", "1.5", ".0", "-1", "-0", "10", "ja", "yess", "null", "maybe", "1,0", "١"]
        {
            assert_eq!(meaning(text), None, "{text}");
        }
    }
}
