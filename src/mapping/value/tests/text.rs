//! Tables of texts, and of what becomes one.

use super::*;
use crate::{crm::property::MAX_VALUE_CHARACTERS, mapping::reason::Code};

#[test]
fn text_takes_everything_that_is_plain() {
    for types in ["string", "string/textarea", "object_coordinates", "json", ""] {
        let text = property(types, &[]);
        table(
            &text,
            &[
                (r#"" Ada ""#, Some(" Ada ")),
                (r#""\u200b Ada\u0000\ufeff""#, Some(" Ada")),
                (r#""A\u0000d\u200da""#, Some("Ad\u{200d}a")),
                ("12345678901234567890.10", Some("12345678901234567890.10")),
                ("1.50", Some("1.50")),
                ("442079460000.0", Some("442079460000")),
                ("4.4207946e11", Some("442079460000")),
                ("1e3", Some("1000")),
                ("-0.0", Some("0")),
                ("1e400", None),
                (r#""1.0""#, Some("1.0")),
                (r#""1e3""#, Some("1e3")),
                ("true", Some("true")),
                (r#""2024-05-01T10:00:00+02:00""#, Some("2024-05-01T10:00:00+02:00")),
                (r#"["Ada"]"#, Some("Ada")),
                ("[null, 94105.0]", Some("94105")),
                (r#""\ud800""#, None),
            ],
        );
        let digits = "7".repeat(500);
        assert_eq!(of(&text, &digits), Ok(Some(digits)));
    }
}

#[test]
fn objects_and_lists_go_into_a_text_only_by_a_mapping() {
    let (line, lines) = (property("string", &[]), property("string/textarea", &[]));
    let addresses = r#"[{"value": "a", "primary": false}, {"value": "b", "primary": true}]"#;
    let unmarked = r#"[{"value": "a"}, {"value": "b"}]"#;
    let compact = |json: &str| Ok(Some(json.replace(' ', "")));
    for json in [r#"{"a": null}"#, r#"["a", "b"]"#, r#"[1, {"b": 2}]"#, "[[1]]"] {
        for text in [&line, &lines] {
            assert_eq!(of(text, json), compact(json), "{json}");
            assert_eq!(unmapped(text, json), Err(Code::NestedValue), "{json}");
        }
    }
    for json in [addresses, unmarked, r#"[{"value": "a"}]"#] {
        assert_eq!(of(&lines, json), compact(json), "{json}");
        assert_eq!(unmapped(&lines, json), Err(Code::NestedValue), "{json}");
        assert_eq!(unmapped(&line, json), Err(Code::NestedValue), "{json}");
    }
    assert_eq!(of(&line, addresses), Ok(Some("b".to_owned())));
    assert_eq!(of(&line, r#"[{"value": "a"}]"#), Ok(Some("a".to_owned())));
    assert_eq!(of(&line, unmarked), Err(Code::ListValue));
    let long = format!("[\"{}\", \"b\"]", "a".repeat(MAX_VALUE_CHARACTERS));
    assert_eq!(of(&line, &long), Err(Code::ValueTooLong));
}
