//! Reads a JSON answer without the long texts of its results, so that an answer that repeats large values can be read to its
//! end. Pure.
//!
//! Errors stay whole: HubSpot names properties and values in their messages. Not here: what the answer says. Keys, record ids and
//! trace ids are never as long; of a value that is, the answer then says nothing, which is not the same as that it is empty.

use bytes::BytesMut;

/// A longer text is not kept.
const LONGEST_TEXT: usize = 16 * 1024;

/// What stands for a text that is too long: nothing that is read as a value.
const NO_VALUE: &[u8] = b"[]";

/// Where in an answer the reading is.
#[derive(Debug, Default)]
pub(super) struct Shortener {
    depth: usize,
    /// A bit for each depth, the innermost in the lowest: whether it is an object. The parser refuses what is deeper than these.
    objects: u128,
    follows_colon: bool,
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
    /// Not the name of a member.
    is_value: bool,
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
                    if !text.too_long {
                        kept.extend_from_slice(&[byte]);
                    }
                    if ends {
                        let whole = (!text.too_long).then(|| kept.get(text.begin..kept.len() - 1)).flatten();
                        self.text = None;
                        self.after_text(whole.unwrap_or_default());
                    } else if self.in_results && !text.too_long && kept.len() - text.begin > LONGEST_TEXT {
                        text.replace(kept);
                    }
                }
            }
        }
    }

    fn between_texts(&mut self, byte: u8, begin: usize) {
        match byte {
            b'"' => {
                let is_value = self.follows_colon || self.objects & 1 == 0;
                self.text = Some(Text { begin, is_value, escaped: false, too_long: false });
            }
            b'{' | b'[' => {
                self.depth += 1;
                self.objects = self.objects << 1 | u128::from(byte == b'{');
                self.name_is_next = self.depth == 1;
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.objects >>= 1;
            }
            b',' => self.name_is_next = self.depth == 1,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            self.follows_colon = byte == b':';
        }
    }

    fn after_text(&mut self, text: &[u8]) {
        if std::mem::take(&mut self.name_is_next) {
            self.in_results = text == b"results";
        }
    }
}

impl Text {
    /// Takes the text out of what is kept. A name becomes an empty one, since nothing but a text can be a name.
    fn replace(&mut self, kept: &mut BytesMut) {
        kept.truncate(self.begin - 1);
        kept.extend_from_slice(if self.is_value { NO_VALUE } else { b"\"\"" });
        self.too_long = true;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::hubspot::answer::{BatchAnswer, Told};

    /// What is kept of an answer that comes in pieces of this size.
    fn kept(answer: &Value, piece: usize) -> Value {
        let (mut shortener, mut kept) = (Shortener::default(), BytesMut::new());
        answer.to_string().as_bytes().chunks(piece).for_each(|piece| shortener.keep(piece, &mut kept));
        serde_json::from_slice(&kept).unwrap()
    }

    #[test]
    fn a_long_text_of_a_result_is_no_value_and_any_other_is_kept_as_it_is() {
        for filler in ["x", "\"", "\\", "ü", "\u{1}", "🦀", "},]"] {
            let long = filler.repeat(LONGEST_TEXT + 1);
            let answer = |name: &str, value: Value| {
                json!({
                    "errors": [{ "message": long, "results": [long] }],
                    "message": long,
                    "results": [{ "a": value, "id": "1", name: { "b": [true, value, 2, value], "c": null } }, "", value],
                    "status": long,
                })
            };
            for piece in [1, 7, 4_096] {
                assert_eq!(kept(&answer(&long, json!(long)), piece), answer("", json!([])));
            }
        }
    }

    #[test]
    fn a_value_that_is_not_kept_is_not_told_to_be_empty() {
        let result =
            |notes: &str| json!({ "properties": { "email": "a@x.com", "notes": notes, "phone": "" } });
        let long = "x".repeat(LONGEST_TEXT + 1);
        // As a server writes it, too: with blanks.
        let answer =
            serde_json::to_vec_pretty(&json!({ "results": [result(&long), result("short")] })).unwrap();
        let (mut shortener, mut kept) = (Shortener::default(), BytesMut::new());
        shortener.keep(&answer, &mut kept);
        let looks_at = ["email", "notes", "phone"].map(Into::into);
        let results = BatchAnswer::parse(&kept, &looks_at).unwrap().results;
        let told: Vec<_> =
            results.iter().map(|result| [0, 1, 2].map(|place| result.property(place))).collect();
        let (email, phone) = (Told::Value("a@x.com"), Told::Empty);
        assert_eq!(told, [[email, Told::Absent, phone], [email, Told::Value("short"), phone]]);
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
