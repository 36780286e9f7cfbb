//! Reads a JSON answer without its long texts, so that an answer that repeats large values can be read to its end. Pure.
//!
//! Not here: what the answer says. Nothing that it is asked for is as long: keys, record ids, stages, errors.

use bytes::BytesMut;

/// A longer text is kept as an empty one. Longer than any name, label or option of a property, whatever its script.
const LONGEST_TEXT: usize = 16 * 1024;

/// Where in an answer the reading is.
#[derive(Debug, Default)]
pub(super) struct Shortener {
    /// Where the text that is read begins in what is kept.
    text: Option<usize>,
    /// The next byte of the text follows a backslash.
    escaped: bool,
    /// The text is too long.
    too_long: bool,
}

impl Shortener {
    /// Adds the next piece of the answer to what is kept.
    pub(super) fn keep(&mut self, piece: &[u8], kept: &mut BytesMut) {
        for &byte in piece {
            let Some(begin) = self.text else {
                kept.extend_from_slice(&[byte]);
                self.text = (byte == b'"').then_some(kept.len());
                continue;
            };
            let ends = byte == b'"' && !self.escaped;
            self.escaped = byte == b'\\' && !self.escaped;
            if ends || !self.too_long {
                kept.extend_from_slice(&[byte]);
            }
            if ends {
                *self = Self::default();
            } else if kept.len() - begin > LONGEST_TEXT {
                kept.truncate(begin);
                self.too_long = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// What is kept of an answer that comes in pieces of this size.
    fn kept(answer: &Value, piece: usize) -> Value {
        let (mut shortener, mut kept) = (Shortener::default(), BytesMut::new());
        answer.to_string().as_bytes().chunks(piece).for_each(|piece| shortener.keep(piece, &mut kept));
        serde_json::from_slice(&kept).unwrap()
    }

    #[test]
    fn a_long_text_is_kept_as_an_empty_one_whatever_it_holds() {
        for filler in ["x", "\"", "\\", "ü", "\u{1}", "🦀", "},]"] {
            let long = filler.repeat(LONGEST_TEXT + 1);
            let answer = json!({ "results": [{ "a": long, "id": "1", &long: 2 }], "new": true });
            for piece in [1, 7, 4_096] {
                assert_eq!(
                    kept(&answer, piece),
                    json!({ "results": [{ "a": "", "id": "1", "": 2 }], "new": true })
                );
            }
        }
    }

    proptest! {
        #[test]
        fn an_answer_without_long_texts_is_kept_as_it_is(
            texts in prop::collection::vec("\\PC*|[\"\\\\/\u{0}]{0,9}", 0..20),
            piece in 1..50_usize,
        ) {
            let answer = json!({ "results": texts });
            prop_assert_eq!(kept(&answer, piece), answer);
        }
    }
}
