//! Text that is not ours, made fit to be shown and compared: names of fields, streams, settings and files, labels, headers,
//! variables.
//!
//! The one place that knows which characters could move a cursor, change colours, turn the reading direction or hide, and how
//! long a name may get in a message. Log lines, errors and the verdict of a check pass [`printable`] where they leave the
//! process; a name that goes into a message passes [`shown`] too, so that it cannot push the rest of the sentence out of sight.
//! Pure. [`nearest()`] finds the name that was probably meant, [`trim`] takes away what nobody sees, [`path_part()`] makes a name fit for a path. Not here: what may be shown at all.

mod blank;
mod nearest;
mod path_part;

use std::{borrow::Cow, fmt::Write as _};

pub use self::{
    blank::{is_blank, is_invisible, is_unseen, trim},
    nearest::nearest,
    path_part::{NO_NAME, path_part},
};

/// The longest name in a message, and the longest word in one, in characters.
const LONGEST_NAME: usize = 200;
/// The longest message, in characters: names of many fields fit, a novel does not.
const LONGEST_MESSAGE: usize = 20_000;

/// A whole message as one line without anything hidden, very long words and a very long rest cut.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) && text.len() <= LONGEST_NAME {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len().min(LONGEST_MESSAGE));
    let (mut letters, mut of_word) = (0_usize, 0_usize);
    for character in visible(text) {
        of_word = if character == ' ' { 0 } else { of_word.saturating_add(1) };
        if of_word > LONGEST_NAME {
            if of_word == LONGEST_NAME.saturating_add(1) {
                line.push('…');
            }
            continue;
        }
        letters = letters.saturating_add(1);
        if letters > LONGEST_MESSAGE {
            line.push('…');
            break;
        }
        line.push(character);
    }
    Cow::Owned(line)
}

/// A name as it stands in a message: nothing hidden in it, and at most 200 characters.
pub fn shown(name: &str) -> Cow<'_, str> {
    if !name.contains(is_hidden) && name.len() <= LONGEST_NAME {
        return Cow::Borrowed(name);
    }
    let mut letters = visible(name);
    let mut short: String = letters.by_ref().take(LONGEST_NAME).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    Cow::Owned(short)
}

/// JSON with an escape for each character that is hidden, so that a line holds none and means the same.
///
/// For what is read by programs and has to stay as it is, such as the name of a stream.
pub fn escaped(json: String) -> String {
    if !json.contains(is_hidden) {
        return json;
    }
    let mut line = String::with_capacity(json.len().saturating_add(16));
    for character in json.chars() {
        if is_hidden(character) {
            let mut units = [0_u16; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a `String` cannot fail.
                write!(line, "\\u{unit:04x}").ok();
            }
        } else {
            line.push(character);
        }
    }
    line
}

/// A name without case and separators: `First Name`, `first_name` and `FirstName` are the same.
pub fn normal(text: &str) -> String {
    text.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a character is better not sent to a terminal or a page as it is.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
                // Zero width, and marks of direction.
                | '\u{200b}'..='\u{200f}'
                // Line and paragraph separator, embeddings and overrides of direction.
                | '\u{2028}'..='\u{202e}'
                // Invisible operators, isolates of direction.
                | '\u{2060}'..='\u{206f}'
                | '\u{fff9}'..='\u{fffb}'
                // Tags: whole invisible sentences.
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// The characters that remain: what breaks a line or makes room becomes a space, all else that is hidden goes, together with
/// the parameters of a terminal's control sequence.
fn visible(text: &str) -> impl Iterator<Item = char> {
    let mut letters = text.chars().peekable();
    std::iter::from_fn(move || {
        loop {
            let letter = letters.next()?;
            if letter == '\r' && letters.peek() == Some(&'\n') {
                continue;
            }
            if matches!(letter, '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}') {
                return Some(' ');
            }
            if !is_hidden(letter) {
                return Some(letter);
            }
            // `ESC [ 31 m`, or the same with the one character U+009B.
            if letter == '\u{9b}' || (letter == '\u{1b}' && letters.next_if_eq(&'[').is_some()) {
                while letters.next_if(|next| matches!(next, ' '..='?')).is_some() {}
                letters.next_if(|next| matches!(next, '@'..='~'));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_deceive_goes_and_the_words_stay() {
        for (text, expected) in [
            ("plain – naïve 字段 🚀", "plain – naïve 字段 🚀"),
            ("a\r\nb\tc\u{2028}d\re", "a b c d e"),
            ("\u{1b}[31mred\u{1b}[0m \u{9b}1;31mred \u{1b}]0;title\u{7}", "red red ]0;title"),
            ("user\u{202e}gpj.exe\u{2066}x\u{2069}\u{200e}\u{200f}\u{61c}", "usergpj.exex"),
            ("z\u{200b}e\u{200d}r\u{feff}o\u{2060}\0\u{7f}", "zero"),
            ("tag\u{e0041}", "tag"),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
        ] {
            assert_eq!(printable(text), expected, "{text:?}");
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_very_long_is_cut() {
        let long = "x".repeat(10_000);
        let cut = format!("{}…", "x".repeat(LONGEST_NAME));
        assert_eq!(shown(&long), cut);
        assert_eq!(shown(&"é".repeat(LONGEST_NAME)), "é".repeat(LONGEST_NAME));
        assert_eq!(
            printable(&format!("the field {long} is cut, the {long} too")),
            format!("the field {cut} is cut, the {cut} too")
        );
        assert_eq!(printable(&"ab ".repeat(10_000)).chars().count(), LONGEST_MESSAGE + 1);
    }

    #[test]
    fn escapes_mean_the_same() {
        let name = "s\u{202e}t\u{e0041}\u{7f}\n";
        let json = escaped(serde_json::json!({ "name": name }).to_string());
        assert_eq!(json, r#"{"name":"s\u202et\udb40\udc41\u007f\n"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).expect("JSON")["name"], name);
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left_and_twice_is_once(text in any::<String>()) {
            for once in [printable(&text), shown(&text)] {
                prop_assert!(!once.contains(is_hidden));
                prop_assert_eq!(printable(&once), once.as_ref());
            }
            prop_assert!(!escaped(text).contains(is_hidden));
        }
    }
}
