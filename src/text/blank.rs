//! White space and what takes no room: characters that nobody sees at the ends of a text. Pure.
//!
//! Not here: characters that must not be shown ([`super::printable`]).

/// The text without white space and invisible characters at its ends.
pub fn trim(text: &str) -> &str {
    text.trim_matches(is_unseen)
}

/// Whether a character cannot be seen at the end of a text.
pub fn is_unseen(character: char) -> bool {
    character.is_whitespace() || is_invisible(character)
}

/// Whether a text holds nothing that can be seen.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_unseen)
}

/// Characters that take no room: NUL, soft hyphen, zero-width spaces and joiners, byte-order mark, and the marks of writing
/// direction that a phone number or an address brings along when it is copied from an address book.
pub fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\0' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}
