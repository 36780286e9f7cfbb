//! Input that is no Airbyte message but rows, as a person would give them: what it looks like, and the form that is wanted.
//!
//! Only a guess for the beginning of the input, made to help. The texts hold nothing of the line: it may be personal data.

use super::message::Malformed;
use crate::error::Failure;

/// What the beginning of the input looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    #[error(
        "Line {line} of the input looks like a plain row in JSON, but every line must be an Airbyte message: \
         {WANTED}. Wrap rows so: jq -c '{{type:\"RECORD\",record:{{stream:\"users\",data:.,emitted_at:0}}}}'"
    )]
    Row { line: u64 },
    #[error(
        "Line {line} of the input looks like JSON over several lines, but every line must be an Airbyte message: {WANTED}. Put each \
         message on one line so: jq -c . If they are plain rows, wrap them so: \
         jq -c '{{type:\"RECORD\",record:{{stream:\"users\",data:.,emitted_at:0}}}}'"
    )]
    SeveralLines { line: u64 },
    #[error(
        "Line {line} of the input looks like a list in JSON, but every line must be an Airbyte message: \
         {WANTED}. Wrap the rows of a list so: jq -c '.[] | {{type:\"RECORD\",record:{{stream:\"users\",data:.,emitted_at:0}}}}'"
    )]
    List { line: u64 },
    #[error(
        "Line {line} of the input looks like CSV with {separator} between the columns, but every line must be an Airbyte message: \
         {WANTED}. Make each row a JSON object first, with any tool, then wrap it so: \
         jq -c '{{type:\"RECORD\",record:{{stream:\"users\",data:.,emitted_at:0}}}}'"
    )]
    Csv { line: u64, separator: &'static str },
    #[error(
        "Line {line} of the input looks like UTF-16, as Windows PowerShell passes text on, but the input must be UTF-8. Convert \
         it first: iconv -f UTF-16 -t UTF-8"
    )]
    Utf16 { line: u64 },
}

impl From<Foreign> for Failure {
    fn from(foreign: Foreign) -> Self {
        match foreign {
            Foreign::Row { .. }
            | Foreign::SeveralLines { .. }
            | Foreign::List { .. }
            | Foreign::Csv { .. }
            | Foreign::Utf16 { .. } => Self::config(foreign.to_string()),
        }
    }
}

/// The form of a record.
const WANTED: &str = r#"{"type":"RECORD","record":{"stream":"users","data":{…}}}"#;

const SEPARATORS: [(char, &str); 4] = [(',', "commas"), (';', "semicolons"), ('\t', "tabs"), ('|', "bars")];

/// The longest name of a column that a header is believed to have, in characters.
const LONGEST_COLUMN: usize = 60;

/// What a line looks like that could not be used, if it stands at the beginning of the input.
pub fn recognise(line: u64, text: &[u8], error: Malformed) -> Option<Foreign> {
    if matches!(text, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) || text.iter().take(64).any(|byte| *byte == 0) {
        return Some(Foreign::Utf16 { line });
    }
    let text = std::str::from_utf8(text).ok()?.trim();
    match error {
        Malformed::NoType | Malformed::ForeignType => Some(Foreign::Row { line }),
        Malformed::Cut if text == "{" => Some(Foreign::SeveralLines { line }),
        Malformed::Cut | Malformed::NotAnObject | Malformed::NotJson { .. } if text.starts_with('[') => {
            Some(Foreign::List { line })
        }
        Malformed::NotJson { .. } | Malformed::NotAnObject | Malformed::Cut => {
            Some(Foreign::Csv { line, separator: separator(text)? })
        }
        Malformed::NotUtf8
        | Malformed::NoRecord
        | Malformed::RecordWithoutStream
        | Malformed::RecordWithoutData
        | Malformed::RejectionWithoutMoment
        | Malformed::NamespaceNotText
        | Malformed::NoState
        | Malformed::StateWithoutStream => None,
    }
}

/// What separates the columns of a header; `None` if the text reads like none, as a sentence does.
fn separator(text: &str) -> Option<&'static str> {
    let is_column = |column: &str| {
        let name = column.trim().trim_matches('"');
        name.chars().count() <= LONGEST_COLUMN
            && name.split(' ').count() <= 4
            && !name.contains(['{', '}', '[', ']', ':', '='])
    };
    let is_header = |separator: char| text.contains(separator) && text.split(separator).all(is_column);
    SEPARATORS.into_iter().find(|(separator, _)| is_header(*separator)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::super::message::parse;
    use super::*;

    fn recognised(line: &str) -> Option<Foreign> {
        recognise(1, line.as_bytes(), parse(line.as_bytes()).expect_err(line))
    }

    #[test]
    fn rows_lists_and_headers_are_recognised() {
        let csv = |separator| Some(Foreign::Csv { line: 1, separator });
        for (line, expected) in [
            (r#"{"email":"secret@example.com","id":1}"#, Some(Foreign::Row { line: 1 })),
            (r#"{"email":"secret@example.com","type":7}"#, Some(Foreign::Row { line: 1 })),
            ("{}", Some(Foreign::Row { line: 1 })),
            ("{", Some(Foreign::SeveralLines { line: 1 })),
            ("[", Some(Foreign::List { line: 1 })),
            (r#"[{"email":"secret@example.com"},"#, Some(Foreign::List { line: 1 })),
            (r#"[{"email":"secret@example.com"}]"#, Some(Foreign::List { line: 1 })),
            ("id,email,first name", csv("commas")),
            ("\"id\",\"email\"", csv("commas")),
            ("7,secret@example.com", csv("commas")),
            ("id;email;city", csv("semicolons")),
            ("id\temail", csv("tabs")),
            ("email", None),
            ("INFO: Starting up, please wait for the source to answer", None),
            ("2026-01-01 12:00:00,123 INFO source started", None),
            (r#"{"type":"RECORD","record":{"stream":"users","data":{"email":"secret@exam"#, None),
            (r#"{"type":"RECORD","record":"secret"}"#, None),
            ("\"secret\"", None),
        ] {
            let found = recognised(line);
            assert_eq!(found, expected, "{line}");
            let said = found.map(|foreign| foreign.to_string()).unwrap_or_default();
            assert!(!said.contains("secret"), "{said}");
        }
        assert_eq!(recognise(1, b"\xff\xfe{\0", Malformed::NotUtf8), Some(Foreign::Utf16 { line: 1 }));
        assert_eq!(recognise(1, b"caf\xe9,x", Malformed::NotUtf8), None);
    }

    #[test]
    fn the_wanted_form_is_shown_and_can_be_read() {
        let said = Foreign::Row { line: 3 }.to_string();
        assert!(said.starts_with("Line 3 ") && said.contains(WANTED), "{said}");
        assert!(
            said.ends_with("jq -c '{type:\"RECORD\",record:{stream:\"users\",data:.,emitted_at:0}}'"),
            "{said}"
        );
        assert!(parse(WANTED.replace('…', "").as_bytes()).is_ok());
    }
}
