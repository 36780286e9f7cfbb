//! Tables of what is true, and what is false.

use serde_json::value::RawValue;

use super::*;

#[test]
fn a_mark_is_true_as_a_checkbox_is() {
    let marked = |json: &str| flag(&RawValue::from_string(json.to_owned()).unwrap()) == Some(true);
    for json in [
        "true",
        "1",
        "1.0",
        "1e0",
        "10e-1",
        "[true]",
        "[null, 1]",
        r#"["on"]"#,
        r#"" 1.0 ""#,
        r#""Y""#,
        r#"" yes ""#,
        r#""on""#,
        r#""TRUE""#,
    ] {
        assert!(marked(json), "{json}");
        assert_eq!(of(&property("bool", &[]), json), Ok(Some("true".to_owned())), "{json}");
    }
    for json in [
        "false",
        "0",
        "null",
        "2",
        r#""""#,
        r#""N""#,
        "[false]",
        "[true, true]",
        "[[true]]",
        "{}",
        r#"{"a": true}"#,
        r#""\ud800""#,
        r#""2027-01-01""#,
    ] {
        assert!(!marked(json), "{json}");
        assert_ne!(of(&property("bool", &[]), json), Ok(Some("true".to_owned())), "{json}");
    }
}

#[test]
fn truth_values() {
    let plain: &[(&str, Option<&str>)] = &[
        ("true", Some("true")),
        ("false", Some("false")),
        ("1", Some("true")),
        ("0", Some("false")),
        ("1.0", Some("true")),
        ("0.0", Some("false")),
        (r#""1.0""#, Some("true")),
        (r#""TRUE""#, Some("true")),
        (r#"" no ""#, Some("false")),
        (r#""Yes""#, Some("true")),
        (r#""Y""#, Some("true")),
        (r#""n""#, Some("false")),
        (r#""t""#, Some("true")),
        (r#""F""#, Some("false")),
        (r#""On""#, Some("true")),
        (r#""off""#, Some("false")),
        (r#""1""#, Some("true")),
        ("2", None),
        (r#""maybe""#, None),
        ("[true]", Some("true")),
    ];
    table(&property("bool/booleancheckbox", &[]), plain);
    table(&property("bool/booleancheckbox", &[("true", "Yes"), ("false", "No")]), plain);
    table(&property("enumeration/booleancheckbox", &[("true", "Yes"), ("false", "No")]), plain);
    let shouting = property("enumeration/booleancheckbox", &[("TRUE", "Ja"), ("FALSE", "Nein")]);
    table(&shouting, &[("true", Some("TRUE")), ("0", Some("FALSE")), (r#""ja""#, Some("TRUE"))]);
    let labelled = property("bool/booleancheckbox", &[("true", "Opted in"), ("false", "1")]);
    table(
        &labelled,
        &[
            (r#""opted IN""#, Some("true")),
            ("1", Some("false")),
            ("1.0", Some("false")),
            ("0", Some("false")),
        ],
    );
    let letters = property("enumeration/booleancheckbox", &[("Y", "Y"), ("N", "N")]);
    table(&letters, &[("true", Some("Y")), (r#""no""#, Some("N"))]);
}

#[test]
fn a_flag_that_is_neither_true_nor_false_says_so() {
    let flag = |json: &str| flag(&RawValue::from_string(json.to_owned()).unwrap());
    for (json, expected) in [
        ("\"Yes\"", Some(true)),
        ("[1.0]", Some(true)),
        ("\"\"", Some(false)),
        ("\"off\"", Some(false)),
        ("\"ja\"", None),
        ("\"x\"", None),
        ("2", None),
        ("{\"a\":1}", None),
    ] {
        assert_eq!(flag(json), expected, "{json}");
    }
}
