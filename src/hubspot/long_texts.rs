//! Reads a JSON answer without the long texts of its results, so that an answer that repeats large values can be read to its
//! end. Pure.
//!
//! Errors stay whole: HubSpot names properties and values in their messages. Not here: what the answer says. Nothing that a result
//! is asked for is as long: keys, record ids, trace ids, stages.

use bytes::BytesMut;

/// A longer text is kept as an empty one.
const LONGEST_TEXT: usize = 16 * 1024;

/// Where in an answer the reading is.
#[derive(Debug, Default)]
pub(super) struct Shortener {
    depth: usize,
    /// At depth 1, the next text is the name of a member.
    name_is_next: bool,
    in_results: bool,
    text: Option<Text>,
}

/// The text that is read.
#[derive(Debug)]
struct Text {
    /// Where it begins in what is kept.
    begin: usize,
    /// The next byte follows a backslash.
    escaped: bool,
    too_long: bool,
}

impl Shortener {
    /// Adds the next piece of the answer to what is kept.
    pub(super) fn keep(&mut self, piece: &[u8], kept: &mut BytesMut) {
        for &byte in piece {
            match &mut self.text {
                None => {
                    kept.extend_from_slice(&[byte]);
                    self.between_texts(byte, kept.len());
                }
                Some(text) => {
                    let ends = byte == b'"' && !text.escaped;
                    text.escaped = byte == b'\\' && !text.escaped;
                    if ends || !text.too_long {
                        kept.extend_from_slice(&[byte]);
                    }
                    if ends {
                        let begin = text.begin;
                        self.text = None;
                        self.after_text(kept.get(begin..kept.len() - 1).unwrap_or_default());
                    } else if self.in_results && kept.len() - text.begin > LONGEST_TEXT {
                        kept.truncate(text.begin);
                        text.too_long = true;
                    }
                }
            }
        }
    }

    fn between_texts(&mut self, byte: u8, begin: usize) {
        match byte {
            b'"' => self.text = Some(Text { begin, escaped: false, too_long: false }),
            b'{' | b'[' => {
                self.depth += 1;
                self.name_is_next = self.depth == 1;
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b',' => self.name_is_next = self.depth == 1,
            _ => {}
        }
    }

    fn after_text(&mut self, text: &[u8]) {
        if std::mem::take(&mut self.name_is_next) {
            self.in_results = text == b"results";
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
    fn a_long_text_of_a_result_is_kept_as_an_empty_one_and_any_other_as_it_is() {
        for filler in ["x", "\"", "\\", "ü", "\u{1}", "🦀", "},]"] {
            let long = filler.repeat(LONGEST_TEXT + 1);
            let answer = |in_result: &str| {
                json!({
                    "errors": [{ "message": long, "results": [long] }],
                    "message": long,
                    "results": [{ "a": in_result, "id": "1", in_result: { "b": [in_result, 2] } }],
                    "status": long,
                })
            };
            for piece in [1, 7, 4_096] {
                assert_eq!(kept(&answer(&long), piece), answer(""));
            }
        }
    }

    proptest! {
        #[test]
        fn an_answer_without_long_texts_is_kept_as_it_is(
            texts in prop::collection::vec("\\PC*|[\"\\\\/\u{0}]{0,9}", 0..20),
            piece in 1..50_usize,
        ) {
            let answer = json!({ "results": texts, "errors": texts });
            prop_assert_eq!(kept(&answer, piece), answer);
        }
    }
}
