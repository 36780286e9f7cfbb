//! Tables of telephone numbers, of owners, and of values that a mapping translates.

use super::*;
use crate::{config::ValueTable, crm::property::Property, mapping::reason::Code};

#[test]
fn phones_and_owners() {
    for types in ["phone_number/phonenumber", "string/phonenumber"] {
        table(
            &property(types, &[]),
            &[
                (r#"" +44 20 ""#, Some("+44 20")),
                (r#""\u202d+44 20\u202c""#, Some("+44 20")),
                ("4420", Some("4420")),
                ("442079460000.0", Some("442079460000")),
            ],
        );
    }
    table(
        &property("enumeration/select OWNER", &[]),
        &[
            ("81426347", Some("81426347")),
            ("81426347.0", Some("81426347")),
            (r#""81426347""#, Some("81426347")),
            (r#""a@x.com""#, None),
            ("-1", None),
            ("1.5", None),
        ],
    );
    let several = property("enumeration/checkbox OWNER", &[]);
    table(
        &several,
        &[
            ("11", Some("11")),
            (r#""11;22""#, Some("11;22")),
            (r#"";11""#, Some(";11")),
            ("[11, 22.0, \"11\"]", Some("11;22")),
            (r#""11, 22""#, Some("11;22")),
            (r#""11.0;22.0""#, Some("11;22")),
            (r#""[11,22]""#, Some("11;22")),
            (r#""11;ada@x.com""#, None),
            (r#"["Ada"]"#, None),
        ],
    );
}

#[test]
fn a_table_of_values_translates_each_part_before_it_is_read() {
    let values = ValueTable::parse("reports = tier_1; other = Silver; 1 = 3; true = 3; a, b = 3").unwrap();
    let one = property("enumeration/select", TIERS);
    let several = property("enumeration/checkbox", TIERS);
    let text = property("string", &[]);
    let translated = |property: &Property, json: &str| {
        read(property, json, &mut Reading { values: Some(&values), ..plain(&mut ShownUnit::default()) })
    };
    for (property, json, expected) in [
        (&one, r#"" reports ""#, Ok(Some("tier_1"))),
        (&one, r#""other""#, Ok(Some("tier_2"))),
        (&one, "1", Ok(Some("3"))),
        (&one, "1.0", Ok(Some("3"))),
        (&one, "true", Ok(Some("3"))),
        // What is not listed does not fit, even if it is an option.
        (&one, r#""tier_1""#, Err(Code::InvalidValue)),
        (&one, r#""Reports""#, Ok(Some("tier_1"))),
        (&one, "null", Ok(None)),
        (&one, r#"" ""#, Ok(None)),
        (&text, r#""reports""#, Ok(Some("tier_1"))),
        (&text, r#""x""#, Err(Code::InvalidValue)),
        (&text, r#"["reports"]"#, Ok(Some("tier_1"))),
        (&text, r#"[{"value": "reports"}]"#, Ok(Some("tier_1"))),
        (&text, r#"["reports", "other"]"#, Err(Code::ListValue)),
        (&text, r#"{"a": "reports"}"#, Err(Code::NestedValue)),
        (&several, r#""reports;other""#, Ok(Some("tier_1;tier_2"))),
        (&several, r#"";reports""#, Ok(Some(";tier_1"))),
        (&several, r#""other, reports""#, Ok(Some("tier_2;tier_1"))),
        (&several, r#""a, b""#, Ok(Some("3"))),
        (&several, r#"["other", 1]"#, Ok(Some("tier_2;3"))),
        (&several, r#"["other", "tier_1"]"#, Err(Code::InvalidValue)),
    ] {
        assert_eq!(translated(property, json), expected.map(|value| value.map(str::to_owned)), "{json}");
    }
}

#[test]
fn a_telephone_number_loses_what_a_table_of_numbers_made_of_it() {
    for (text, expected) in [
        (r#""4922112345001.0""#, Some("4922112345001")),
        (r#""+4922112345001.00""#, Some("+4922112345001")),
        (r#""4.91701234e+11""#, None),
        (r#""49E11""#, None),
        (r#""3,46123E+10""#, None),
        (r#""34611222333,0""#, Some("34611222333")),
        (r##""#N/A""##, None),
        (r#""-""#, None),
        (r#""٠١٢٣""#, Some("٠١٢٣")),
        (r#""0221 12345""#, Some("0221 12345")),
        (r#""030.1234.0""#, Some("030.1234.0")),
        (r#""1.5""#, Some("1.5")),
        ("4922112345001.0", Some("4922112345001")),
    ] {
        let expected = expected.map(|text| Some(text.to_owned())).ok_or(Code::InvalidValue);
        assert_eq!(of(&property("phone_number", &[]), text), expected, "{text}");
    }
}
