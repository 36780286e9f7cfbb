//! Words that say yes or no, in the forms that sources have for them. Pure. Not here: an account's own words.

use crate::text::trim;

/// What a word says, and beside which other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    pub is_true: bool,
    pub pair: Pair,
}

/// The two words of which one is the opposite of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pair {
    TrueFalse,
    YesNo,
    OnOff,
    /// Letters may well be short for something else where they stand among options.
    TF,
    YN,
    /// `1` and `0`, likewise.
    Digits,
}

impl Meaning {
    fn of(pair: Pair, is_true: bool) -> Self {
        Self { is_true, pair }
    }
}

/// What a text means, without case; `None` if it is no such word.
pub fn meaning(text: &str) -> Option<Meaning> {
    let text = trim(text);
    // The longest word has five letters.
    if text.len() <= 5 {
        match text.to_ascii_lowercase().as_str() {
            word @ ("true" | "false") => return Some(Meaning::of(Pair::TrueFalse, word == "true")),
            word @ ("yes" | "no") => return Some(Meaning::of(Pair::YesNo, word == "yes")),
            word @ ("on" | "off") => return Some(Meaning::of(Pair::OnOff, word == "on")),
            letter @ ("t" | "f") => return Some(Meaning::of(Pair::TF, letter == "t")),
            letter @ ("y" | "n") => return Some(Meaning::of(Pair::YN, letter == "y")),
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
        digit @ ("1" | "0") => Some(Meaning::of(Pair::Digits, digit == "1")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_yes_and_no_are_known_without_case() {
        for text in ["true", "TRUE", " Yes ", "y", "T", "on", "1", "1.0", "1.00", "\u{feff}Y"] {
            assert_eq!(meaning(text).map(|meaning| meaning.is_true), Some(true), "{text}");
        }
        for text in ["false", "no", "N", "f", "Off", "0", "0.0", "0.000"] {
            assert_eq!(meaning(text).map(|meaning| meaning.is_true), Some(false), "{text}");
        }
        for text in ["", "2", "1.", "1.5", ".0", "-1", "-0", "10", "ja", "yess", "null", "maybe", "1,0", "١"]
        {
            assert_eq!(meaning(text), None, "{text}");
        }
    }
}
