//! Tables of values for each kind of property.

use proptest::prelude::*;
use serde_json::{json, value::RawValue};

use super::*;
use crate::{
    config::{DateFormat, NumberFormat, ValueTable},
    hubspot::model::{MAX_VALUE_CHARACTERS, Property, PropertyOption, Text},
    mapping::{
        portal::{Portal, PortalProperty},
        reason::Code,
    },
};

fn text_of(text: &str) -> Text {
    Text(Some(text.to_owned()))
}

/// A property of a type, such as `enumeration/checkbox`, with options as (value, label).
fn property(types: &str, options: &[(&str, &str)]) -> PortalProperty {
    let (stored, _) = types.split_once(' ').unwrap_or((types, ""));
    let (value_type, field_type) = stored.split_once('/').unwrap_or((stored, "text"));
    let option =
        |(value, label): &(&str, &str)| PropertyOption { value: text_of(value), label: text_of(label) };
    let definition = Property {
        name: "p".to_owned(),
        value_type: text_of(value_type),
        field_type: text_of(field_type),
        referenced_object_type: Text(types.contains("OWNER").then(|| "OWNER".to_owned())),
        options: options.iter().map(option).collect(),
        ..Property::default()
    };
    PortalProperty::clone(Portal::new(&[definition]).property("p").unwrap())
}

/// The settings at their defaults, for a field that a mapping names.
fn plain(unit: &mut ShownUnit) -> Reading<'_> {
    Reading { formats: Formats::default(), unit, mapped: true, values: None }
}

fn read(property: &PortalProperty, json: &str, reading: &mut Reading<'_>) -> Result<Option<String>, Code> {
    let raw = RawValue::from_string(json.to_owned()).unwrap();
    convert(&raw, property, reading).map(|converted| match converted {
        Converted::Empty => None,
        Converted::Nothing => Some("(nothing)".to_owned()),
        Converted::Value(text) => Some(text.into()),
    })
}

fn of(property: &PortalProperty, json: &str) -> Result<Option<String>, Code> {
    read(property, json, &mut plain(&mut ShownUnit::default()))
}

/// A field that found its property by its name.
fn unmapped(property: &PortalProperty, json: &str) -> Result<Option<String>, Code> {
    read(property, json, &mut Reading { mapped: false, ..plain(&mut ShownUnit::default()) })
}

/// Each value with what becomes of it; `None`: it does not fit.
#[track_caller]
fn table(property: &PortalProperty, cases: &[(&str, Option<&str>)]) {
    for (json, expected) in cases {
        let expected = expected.map(|text| Some(text.to_owned())).ok_or(Code::InvalidValue);
        assert_eq!(of(property, json), expected, "{json} as {}", property.kind.as_str());
    }
    for json in EMPTY {
        assert_eq!(of(property, json), Ok(None), "{json} as {}", property.kind.as_str());
        assert_eq!(unmapped(property, json), Ok(None), "{json} as {}", property.kind.as_str());
    }
}

/// What is no value, whatever the property.
const EMPTY: [&str; 13] = [
    "null",
    r#""""#,
    r#""  ""#,
    r#""\u00a0\u200b\ufeff\t""#,
    r#""\u0000""#,
    "[]",
    r#"[null, "", " "]"#,
    "[[], [null]]",
    r#"[["\u200b"]]"#,
    "{}",
    " { } ",
    "[{}]",
    "[{}, null, [{ }]]",
];

const TIERS: &[(&str, &str)] = &[("tier_1", "Bronze"), ("tier_2", "Silver"), ("3", "Gold")];

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

#[test]
fn of_a_list_of_objects_the_primary_one_or_the_only_one_counts() {
    let phone = property("string/phonenumber", &[]);
    for (json, expected) in [
        (
            r#"[{"label": "work", "value": "1", "primary": true}, {"value": "2", "primary": false}]"#,
            Ok(Some("1")),
        ),
        (r#"[{"number": "1"}, {"number": "2", "is_primary": "Y"}]"#, Ok(Some("2"))),
        (
            r#"[{"Phone": "1"}, {"phone": "2", "isPrimary": 1}, {"phone": "3", "default": false}]"#,
            Ok(Some("2")),
        ),
        (r#"[{"value": "1"}, {"value": "2", "metadata": {"primary": true}}]"#, Ok(Some("2"))),
        (r#"[{"P": 4420.0, "kind": "home"}]"#, Ok(Some("4420"))),
        (r#"[{"value": null, "phone": "1"}]"#, Ok(Some("1"))),
        // The other one is empty, so that there is only one.
        (r#"[{"value": "1"}, {"value": ""}]"#, Ok(Some("1"))),
        // Nobody knows which of two is the one, or whether the other one does instead of one that is empty.
        (r#"[{"value": "", "primary": true}, {"value": "2"}]"#, Err(Code::ListValue)),
        (r#"[{"value": "2"}, {"value": "", "primary": true}]"#, Err(Code::ListValue)),
        (r#"["2", {"value": "", "primary": true}]"#, Err(Code::ListValue)),
        (r#"[{"value": "", "primary": true}, {"value": "1", "primary": true}]"#, Err(Code::ListValue)),
        (r#"[{"value": "", "primary": true}, {"value": " "}]"#, Ok(None)),
        (r#"[{"value": "1", "primary": true}, {"value": "2", "default": 1}]"#, Err(Code::ListValue)),
        (
            r#"[{"value": "1", "primary": true}, {"value": "2"}, {"number": "1", "default": 1}]"#,
            Ok(Some("1")),
        ),
        // A remark on the entry is not its value.
        (r#"[{"value": "work", "phone": "1"}]"#, Ok(Some("1"))),
        (r#"[{"value": "1", "phone": "work"}]"#, Ok(Some("1"))),
        (r#"[{"value": "ext 1", "phone": ""}]"#, Ok(Some("ext 1"))),
        (r#"[{"value": "1", "primary": [true]}, {"value": "2", "primary": 0e0}]"#, Ok(Some("1"))),
        (r#"[{"value": "", "primary": true}]"#, Ok(None)),
        (r#"[{"value": ""}, {"value": " "}]"#, Ok(None)),
        (r#"[{"value": "1"}, {"value": "2"}]"#, Err(Code::ListValue)),
        (r#"[{"value": "1", "primary": false}, {"value": "2", "primary": "no"}]"#, Err(Code::ListValue)),
        (r#"[{"label": "1"}]"#, Err(Code::ListValue)),
        (r#"[{"value": {"a": 1}}]"#, Err(Code::ListValue)),
        (r#"["1", "2"]"#, Err(Code::ListValue)),
        (r#"["1", {"value": "2"}]"#, Err(Code::ListValue)),
        (r#"[["1"]]"#, Err(Code::ListValue)),
        (r#"["1"]"#, Ok(Some("1"))),
        (r#"{"value": "1"}"#, Err(Code::NestedValue)),
    ] {
        let expected = expected.map(|value| value.map(str::to_owned));
        assert_eq!(of(&phone, json), expected, "{json}");
        assert_eq!(unmapped(&phone, json), expected, "{json}");
    }
    let number = property("number", &[]);
    assert_eq!(of(&number, r#"[{"p": 1, "default": true}, {"p": 2}]"#), Ok(Some("1".to_owned())));
    assert_eq!(of(&number, r#"[{"p": "x"}]"#), Err(Code::InvalidValue));
    for types in ["number", "bool", "date", "datetime", "enumeration/select", "enumeration/select OWNER"] {
        let property = property(types, &[]);
        assert_eq!(of(&property, "[1, 0]"), Err(Code::ListValue), "{types}");
        assert_eq!(of(&property, r#"{"a": 1}"#), Err(Code::NestedValue), "{types}");
    }
}

#[test]
fn the_key_is_one_address() {
    for (json, expected) in [
        (r#"" \u200bada@x.com\u0000 ""#, Ok(Some("ada@x.com"))),
        ("7", Ok(Some("7"))),
        ("null", Ok(None)),
        (r#"["", null]"#, Ok(None)),
        (r#"["ada@x.com"]"#, Ok(Some("ada@x.com"))),
        (r#"["a@x.com", "b@x.com"]"#, Err(Code::ListValue)),
        (r#"[{"value": "a@x.com"}, {"value": "b@x.com", "primary": true}]"#, Ok(Some("b@x.com"))),
        (r#"[{"Email_Address": "a@x.com"}]"#, Ok(Some("a@x.com"))),
        (r#"[{"address": "a@x.com", "id": 1}]"#, Ok(Some("a@x.com"))),
        (r#"[{"email": "a@x.com"}, {"email": "b@x.com"}]"#, Err(Code::ListValue)),
        (r#"[{"id": 1}]"#, Err(Code::ListValue)),
        ("{}", Ok(None)),
        ("[{}, null]", Ok(None)),
        (r#"[{"value": "work", "email": "w@x.com", "primary": true}]"#, Ok(Some("w@x.com"))),
        (r#"[{"email": "w@x.com", "value": "a@b@c"}, {}]"#, Ok(Some("w@x.com"))),
        (r#"[{"email": "w@x.com", "value": "v@x.com"}]"#, Ok(Some("v@x.com"))),
        (r#"[{"value": "work", "email": ""}]"#, Ok(Some("work"))),
        (
            r#"[{"email": "a@x.com", "primary": true}, {"email": "b@x.com", "primary": true}]"#,
            Err(Code::ListValue),
        ),
        (
            r#"[{"email": "a@x.com", "primary": true}, {"email": "a@x.com", "primary": true}]"#,
            Ok(Some("a@x.com")),
        ),
        (r#"[{"email": "", "primary": true}, {"email": "b@x.com"}]"#, Err(Code::ListValue)),
        (r#"{"value": "a@x.com"}"#, Err(Code::InvalidEmail)),
        (r#""\ud800@x.com""#, Err(Code::InvalidEmail)),
        (r#"["\ud800@x.com"]"#, Err(Code::InvalidEmail)),
    ] {
        let raw = RawValue::from_string(json.to_owned()).unwrap();
        assert_eq!(
            address(&raw).map(|text| text.map(String::from)),
            expected.map(|text| text.map(str::to_owned))
        );
    }
}

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
fn numbers() {
    table(
        &property("number", &[]),
        &[
            ("7", Some("7")),
            ("-0.50", Some("-0.50")),
            ("1200000.0", Some("1200000")),
            ("123456789012345678901234567890", Some("123456789012345678901234567890")),
            ("1.5e3", Some("1500")),
            (r#"" 42 ""#, Some("42")),
            (r#""5\u200b""#, Some("5")),
            (r#""1e-2""#, Some("0.01")),
            (r#""1,234""#, None),
            (r#""12 kg""#, None),
            (r#""5%""#, None),
            (r#""NaN""#, None),
            ("true", None),
            ("[1]", Some("1")),
        ],
    );
    let number = property("number", &[]);
    for (format, json, expected) in [
        (NumberFormat::CommaThousands, r#""1,250,000.75""#, Some("1250000.75")),
        (NumberFormat::CommaDecimal, r#"" 1.250.000,75 ""#, Some("1250000.75")),
        // A number of JSON is always plain.
        (NumberFormat::CommaDecimal, "1.250", Some("1.250")),
        (NumberFormat::CommaDecimal, r#""1.250""#, Some("1250")),
        (NumberFormat::CommaThousands, r#""1,25""#, None),
    ] {
        let formats = Formats { numbers: format, ..Formats::default() };
        let read = read(&number, json, &mut Reading { formats, ..plain(&mut ShownUnit::default()) });
        assert_eq!(read.ok().flatten().as_deref(), expected, "{json} {format:?}");
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
fn dates_and_moments() {
    table(
        &property("date/date", &[]),
        &[
            (r#""2024-05-01""#, Some("2024-05-01")),
            (r#""2024-05-01T23:30:00-05:00""#, Some("2024-05-01")),
            (r#""2024-05-01T23:30:00""#, Some("2024-05-01")),
            (r#""13 May 2024""#, Some("2024-05-13")),
            ("1714521600", Some("2024-05-01")),
            ("1714521600000", Some("2024-05-01")),
            ("1.7145216e12", Some("2024-05-01")),
            (r#""01/05/2024""#, None),
            (r#""0001-01-01""#, None),
            (r#""soon""#, None),
            ("true", None),
        ],
    );
    table(
        &property("datetime/date", &[]),
        &[
            (r#""2024-05-01T23:30:00-05:00""#, Some("2024-05-02T04:30:00.000Z")),
            (r#""2024-05-01T23:30:00.123456Z""#, Some("2024-05-01T23:30:00.123Z")),
            (r#""2024-05-01T23:30:00""#, Some("2024-05-01T23:30:00.000Z")),
            (r#""2024-05-01""#, Some("2024-05-01T00:00:00.000Z")),
            ("1714521600", Some("2024-05-01T00:00:00.000Z")),
            ("1714521600123", Some("2024-05-01T00:00:00.123Z")),
            (r#""10:00""#, None),
        ],
    );
    let day = property("date/date", &[]);
    let mut unit = ShownUnit::default();
    assert_eq!(read(&day, "5097600000", &mut plain(&mut unit)), Err(Code::UnclearTime));
    assert_eq!(read(&day, "1714521600000", &mut plain(&mut unit)), Ok(Some("2024-05-01".to_owned())));
    assert_eq!(read(&day, "5097600000", &mut plain(&mut unit)), Ok(Some("1970-03-01".to_owned())));
    let formats = Formats { dates: DateFormat::MonthFirst, ..Formats::default() };
    for json in [r#""5/13/2024""#, "45425", "45425.0"] {
        let read = read(&day, json, &mut Reading { formats, ..plain(&mut ShownUnit::default()) });
        assert_eq!(read, Ok(Some("2024-05-13".to_owned())), "{json}");
    }
}

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
    let translated = |property: &PortalProperty, json: &str| {
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
fn what_is_wanted_is_said_by_an_example() {
    let formats = |dates, numbers| Formats { dates, numbers };
    let plain = Formats::default();
    let first = formats(DateFormat::DayFirst, NumberFormat::CommaDecimal);
    for (types, options, formats, said) in [
        (
            "number",
            &[][..],
            plain,
            &["a number such as 1250.75", "without thousands separators", "`number_format`"][..],
        ),
        ("number", &[], first, &["1.250,75"]),
        ("date", &[], plain, &["a date such as 2024-05-13", "13/5/2024", "5/13/2024", "`date_format`"]),
        ("date", &[], first, &["a date such as 13/5/2024"]),
        ("datetime", &[], plain, &["2024-05-13T10:30:00Z"]),
        ("bool", &[], plain, &["true or false", "yes"]),
        ("enumeration/select", TIERS, plain, &["one option: tier_1, tier_2, 3"]),
        ("enumeration/checkbox", TIERS, plain, &["several options", "`;`", "tier_1, tier_2, 3"]),
        ("enumeration/checkbox OWNER", &[], plain, &["81426347;81426348"]),
        ("enumeration/select OWNER", &[], plain, &["81426347"]),
        ("string/phonenumber", &[], plain, &["+49"]),
        ("string", &[], plain, &["a text"]),
    ] {
        let text = wanted(&property(types, options), formats);
        for part in said {
            assert!(text.contains(part), "{types}: {text}");
        }
    }
}

#[test]
fn every_example_of_what_is_wanted_is_taken() {
    let of = |dates, numbers| Formats { dates, numbers };
    for (types, formats, example) in [
        ("number", of(DateFormat::Iso, NumberFormat::Plain), "1250.75"),
        ("number", of(DateFormat::Iso, NumberFormat::CommaThousands), "1,250.75"),
        ("number", of(DateFormat::Iso, NumberFormat::CommaDecimal), "1.250,75"),
        ("date", of(DateFormat::Iso, NumberFormat::Plain), "2024-05-13"),
        ("date", of(DateFormat::DayFirst, NumberFormat::Plain), "13/5/2024"),
        ("date", of(DateFormat::MonthFirst, NumberFormat::Plain), "5/13/2024"),
        ("datetime", of(DateFormat::MonthFirst, NumberFormat::Plain), "2024-05-13T10:30:00Z"),
        ("enumeration/checkbox OWNER", Formats::default(), "81426347;81426348"),
        ("string/phonenumber", Formats::default(), "+49 30 123456"),
    ] {
        let property = property(types, &[]);
        assert!(wanted(&property, formats).contains(example), "{types} {example}");
        let read = read(
            &property,
            &json!(example).to_string(),
            &mut Reading { formats, ..plain(&mut ShownUnit::default()) },
        );
        assert!(matches!(read, Ok(Some(_))), "{types} {example}");
    }
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

/// Every kind of property, by type.
const KINDS: [&str; 11] = [
    "string",
    "string/textarea",
    "number",
    "bool",
    "date",
    "datetime",
    "enumeration/select",
    "enumeration/checkbox",
    "phone_number",
    "enumeration/select OWNER",
    "enumeration/checkbox OWNER",
];

#[test]
fn deep_and_wide_cells_do_no_harm() {
    // A test's stack of 2 MiB leaves 70 bytes for a level, which is less than any recursion takes.
    const DEPTH: usize = 30_000;
    const WIDTH: usize = 10_000;
    let nested =
        |open: &str, core: &str, close: &str| format!("{}{core}{}", open.repeat(DEPTH), close.repeat(DEPTH));
    let wide = |item: &str| format!("[{}]", vec![item; WIDTH].join(","));
    let marks = r#"{"value": "a@x.com", "primary": "#;
    let cells = [
        (nested("[", "", "]"), true),
        (nested("[", "1", "]"), false),
        (nested(r#"{"a":"#, "1", "}"), false),
        (nested(r#"[{"primary":"#, "1", "}]"), false),
        (nested(r#"[{"metadata":{"primary":"#, "1", "}}]"), false),
        (nested("[null,", "1", "]"), false),
        (wide("null"), true),
        (wide("[{}]"), true),
        (wide(r#""\u200b""#), true),
        (wide("1"), false),
        (wide("[1]"), false),
        (wide(&[marks, "false}"].concat()), false),
        (format!("[{{{}}}, 1]", vec![r#""value":"x""#; WIDTH].join(",")), false),
    ];
    for (json, is_empty) in cells {
        let start: String = json.chars().take(30).collect();
        for types in KINDS {
            let property = property(types, &[]);
            for read in [of(&property, &json), unmapped(&property, &json)] {
                assert_eq!(read == Ok(None), is_empty, "{start} as {types}");
            }
        }
        let raw = RawValue::from_string(json).unwrap();
        assert_eq!(matches!(address(&raw), Ok(None)), is_empty, "{start}");
        assert_ne!(flag(&raw), Some(true), "{start}");
    }
    // All of them are primary, and alike.
    let raw = RawValue::from_string(wide(&[marks, "true}"].concat())).unwrap();
    assert_eq!(address(&raw), Ok(Some("a@x.com".into())));
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

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        ".{0,20}".prop_map(serde_json::Value::from),
        "[-+0-9.eT:Z ]{0,25}".prop_map(serde_json::Value::from),
        prop::sample::select(vec!["tier_1", "Silver", ";gold", "yes", "{a,b}", "[1]"])
            .prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::hash_map(".{0,3}", inner, 0..3).prop_map(serde_json::Value::from_iter),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_for_any_kind_becomes_a_text_or_a_reason(value in any_json(), mapped: bool) {
        for types in KINDS {
            for options in [&[][..], TIERS] {
                let property = property(types, options);
                let once = |json: &str| read(&property, json, &mut Reading { mapped, ..plain(&mut ShownUnit::default()) });
                let first = once(&value.to_string());
                if let Ok(Some(text)) = &first {
                    prop_assert!(!text.is_empty() && !text.contains('\0'));
                }
                let may_be_empty = value.is_null() || value.is_array() || value.is_object() || value.is_string();
                prop_assert!(first != Ok(None) || may_be_empty);
                // What was turned once stays as it is. (Of options that are kept elsewhere nothing is known.)
                let is_open = types == "enumeration/checkbox" && options.is_empty();
                if let Ok(Some(text)) = first && text != "(nothing)" && !is_open {
                    prop_assert_eq!(once(&json!(text).to_string()), Ok(Some(text)));
                }
            }
        }
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
