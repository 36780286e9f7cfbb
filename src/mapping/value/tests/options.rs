//! Tables of properties with options, one of them or several.

use serde_json::json;

use super::*;
use crate::{crm::property::MAX_VALUE_CHARACTERS, mapping::reason::Code};

#[test]
fn one_option() {
    table(
        &property("enumeration/select", TIERS),
        &[
            (r#""tier_1""#, Some("tier_1")),
            (r#"" BRONZE ""#, Some("tier_1")),
            (r#""Gold\u200b""#, Some("3")),
            ("3", Some("3")),
            ("3.0", Some("3")),
            ("3e0", Some("3")),
            (r#""3.0""#, Some("3")),
            (r#""3.5""#, None),
            (r#""platinum""#, None),
            (r#""tier_1;tier_2""#, None),
            ("true", None),
            (r#"["tier_1"]"#, Some("tier_1")),
        ],
    );
    // The exact value comes first.
    table(
        &property("enumeration/select", &[("1", "One"), ("1.0", "Float")]),
        &[("1.0", Some("1.0")), ("1", Some("1"))],
    );
    // Options that are kept elsewhere cannot be judged here.
    table(
        &property("enumeration/select", &[]),
        &[(r#""anything""#, Some("anything")), ("7", Some("7")), ("7.0", Some("7"))],
    );
    let yes_or_no = property("enumeration/select", &[("Yes", "Yes"), ("No", "No"), ("?", "Unknown")]);
    table(
        &yes_or_no,
        &[
            ("true", Some("Yes")),
            ("false", Some("No")),
            ("1", Some("Yes")),
            ("0.0", Some("No")),
            (r#""Y""#, Some("Yes")),
            (r#""off""#, Some("No")),
            (r#""x""#, None),
        ],
    );
    // A yes or no is no language, country or size.
    for (options, exact, others) in [
        (&[("no", "Norwegian"), ("de", "German")][..], Some(r#""no""#), ["false", r#""off""#]),
        (&[("DE", "DE"), ("NO", "NO"), ("SE", "SE")], Some(r#""NO""#), ["false", r#""N""#]),
        (&[("ON", "Ontario"), ("QC", "Quebec")], Some(r#""on""#), ["true", r#""yes""#]),
        (&[("Y", "Yellow"), ("N", "Navy")], Some(r#""y""#), ["true", "0"]),
        (&[("S", "S"), ("T", "T"), ("F", "F")], Some(r#""t""#), ["true", "false"]),
    ] {
        let property = property("enumeration/select", options);
        if let Some(exact) = exact {
            assert!(matches!(of(&property, exact), Ok(Some(_))), "{exact}");
        }
        for json in others {
            assert_eq!(of(&property, json), Err(Code::InvalidValue), "{json} among {options:?}");
        }
    }
}

#[test]
fn several_options() {
    let tiers = property("enumeration/checkbox", TIERS);
    table(
        &tiers,
        &[
            (r#""tier_1;Silver""#, Some("tier_1;tier_2")),
            (r#"";gold ; tier_1;""#, Some(";3;tier_1")),
            (r#""Bronze, silver,3.0""#, Some("tier_1;tier_2;3")),
            (r#""bronze,""#, Some("tier_1")),
            (r#""[\"tier_1\", \"Gold\", null, 3]""#, Some("tier_1;3")),
            (r#""{tier_1,\"Silver\",NULL}""#, Some("tier_1;tier_2")),
            (r#"["Silver", null, 3, "silver", " "]"#, Some("tier_2;3")),
            ("3", Some("3")),
            (r#"" ; ;""#, Some("(nothing)")),
            (r#"";""#, Some("(nothing)")),
            (r#""tier_1;platinum""#, None),
            (r#""tier_1,platinum""#, None),
            (r#""tier_1 tier_2""#, None),
            (r#""[\"platinum\"]""#, None),
            (r#""[[\"tier_1\"]]""#, None),
            (r#""{platinum}""#, None),
            (r#""{{tier_1}}""#, None),
            (r#""{tier_1""#, None),
            (r#""{\"tier_1}""#, None),
            (r#"["tier_1", "platinum"]"#, None),
        ],
    );
    assert_eq!((of(&tiers, r#""[]""#), of(&tiers, r#""{}""#)), (Ok(None), Ok(None)));
    let languages = property("enumeration/checkbox", &[("no", "No"), ("yes", "Yes"), ("de", "German")]);
    table(
        &languages,
        &[
            (r#""de;NO""#, Some("de;no")),
            (r#""de;0""#, None),
            (r#""de,off""#, None),
            ("[false]", None),
            (r#"["de", "N"]"#, None),
        ],
    );
    for json in [r#"[["tier_1"]]"#, r#"[{"value": "tier_1"}]"#, r#"{"a": null}"#] {
        assert_eq!(of(&tiers, json), Err(Code::NestedValue), "{json}");
    }
    // An option with a semicolon in it cannot be said.
    let unsayable = property("enumeration/checkbox", &[("a;b", "Both"), ("a", "A"), ("b", "B")]);
    table(&unsayable, &[(r#""a;b""#, Some("a;b")), (r#""Both""#, None), (r#"["Both"]"#, None)]);
    let open = property("enumeration/checkbox", &[]);
    table(
        &open,
        &[
            (r#"["a", "b"]"#, Some("a;b")),
            (r#""a;b""#, Some("a;b")),
            (r#"["a;b"]"#, None),
            // Which of them may be options is not known here, and a name may hold commas.
            (r#""a, b""#, Some("a, b")),
            (r#""11, a""#, Some("11, a")),
            (r#""a, b;c""#, Some("a, b;c")),
            // Numbers alone are the ids of something.
            (r#""11, 22,""#, Some("11;22")),
            (r#""11,22;33""#, Some("11,22;33")),
            (r#"" 11.0;22.0;11 ""#, Some("11;22")),
            (r#"";11.0""#, Some(";11")),
            (r#""11.5;22""#, Some("11.5;22")),
            (r#""1.0;a""#, Some("1.0;a")),
            (r#""[\"a\"]""#, Some("a")),
            (r#""{a,b}""#, Some("a;b")),
            (r#""{a\"}""#, Some("{a\"}")),
        ],
    );
    let commas = property(
        "enumeration/checkbox",
        &[("b", "Books"), ("ac", "Arts, crafts"), ("a", "Arts"), ("c", "Crafts")],
    );
    table(
        &commas,
        &[
            (r#""Arts, crafts""#, Some("ac")),
            (r#""Books, Arts, crafts""#, Some("b;ac")),
            (r#""Crafts, Arts,Books""#, Some("c;a;b")),
            (r#""books,,travel""#, None),
        ],
    );
}

#[test]
fn what_is_too_long_is_not_taken() {
    let options = json!(
        vec!["tier_1".repeat(1_000); 30]
            .iter()
            .enumerate()
            .map(|(n, one)| format!("{one}{n}"))
            .collect::<Vec<_>>()
    );
    assert_eq!(of(&property("enumeration/checkbox", &[]), &options.to_string()), Err(Code::ValueTooLong));
}

#[test]
fn many_options_are_read_once_and_no_further_than_there_is_room() {
    let (open, tiers) = (property("enumeration/checkbox", &[]), property("enumeration/checkbox", TIERS));
    let numbers: Vec<u32> = (0..100_000).collect();
    assert_eq!(of(&open, &json!(numbers).to_string()), Err(Code::ValueTooLong));
    let numbers: Vec<String> = (100_000..109_000).map(|number| number.to_string()).collect();
    let joined = numbers.join(";");
    let twice = [&*numbers, &*numbers].concat();
    assert_eq!(of(&open, &json!(twice).to_string()), Ok(Some(joined.clone())));
    assert_eq!(of(&open, &json!(joined).to_string()), Ok(Some(joined)));
    assert_eq!(of(&tiers, &format!("[{}]", vec!["3"; 30_000].join(","))), Ok(Some("3".to_owned())));
    let many = json!("x,".repeat(30_000)).to_string();
    assert_eq!(of(&tiers, &many), Err(Code::InvalidValue));
    let many = json!("3,".repeat(30_000)).to_string();
    assert_eq!(of(&tiers, &many), Ok(Some("3".to_owned())));
    // As much as there is room for, with and without a `;` in front.
    let full = "a".repeat(MAX_VALUE_CHARACTERS - 2);
    let fits = |text: &str| matches!(of(&open, &json!(text).to_string()), Ok(Some(taken)) if taken == text);
    assert!(fits(&format!("{full};b")) && fits(&format!(";{full}b")));
    assert_eq!(of(&open, &json!([full, "bc"]).to_string()), Err(Code::ValueTooLong));
}
