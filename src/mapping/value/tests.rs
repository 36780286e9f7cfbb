//! Tables of values for each kind of property.

use proptest::prelude::*;
use serde_json::{json, value::RawValue};

use super::*;
use crate::{
    hubspot::model::{Property, PropertyOption, Text},
    mapping::portal::Portal,
};

fn text_of(text: &str) -> Text {
    Text(Some(text.to_owned()))
}

/// A property of a type, such as `enumeration/checkbox`, with options as (value, label).
fn property(types: &str, options: &[(&str, &str)]) -> PortalProperty {
    let (value_type, field_type) = types.split_once('/').unwrap_or((types, "text"));
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
fn plain(unit: &mut Option<EpochUnit>) -> Reading<'_> {
    Reading { formats: Formats::default(), unit, mapped: true, values: None }
}

fn of(property: &PortalProperty, json: &str) -> Result<Option<String>, Code> {
    let raw = RawValue::from_string(json.to_owned()).unwrap();
    convert(&raw, property, &mut plain(&mut None)).map(|converted| match converted {
        Converted::Empty => None,
        Converted::Nothing => Some("(nothing)".to_owned()),
        Converted::Value(text) => Some(text.into()),
    })
}

/// Each value with what becomes of it; `None`: it does not fit.
#[track_caller]
fn table(property: &PortalProperty, cases: &[(&str, Option<&str>)]) {
    for (json, expected) in cases {
        let expected = expected.map(|text| Some(text.to_owned())).ok_or(Code::InvalidValue);
        assert_eq!(of(property, json), expected, "{json} as {}", property.kind.as_str());
    }
    assert_eq!(of(property, "null"), Ok(None), "null as {}", property.kind.as_str());
}

const TIERS: &[(&str, &str)] = &[("tier_1", "Bronze"), ("tier_2", "Silver"), ("3", "Gold")];

#[test]
fn text_takes_everything() {
    for types in ["string", "string/textarea", "object_coordinates", "json", ""] {
        table(
            &property(types, &[]),
            &[
                (r#"" Ada ""#, Some(" Ada ")),
                (r#""""#, Some("")),
                ("12345678901234567890.10", Some("12345678901234567890.10")),
                ("1e3", Some("1e3")),
                ("true", Some("true")),
                ("[1, \"a\"]", Some("[1,\"a\"]")),
                ("{\"a\": null}", Some("{\"a\":null}")),
                (r#""2024-05-01T10:00:00+02:00""#, Some("2024-05-01T10:00:00+02:00")),
                (r#""10:00:00+02:00""#, Some("10:00:00+02:00")),
            ],
        );
    }
}

#[test]
fn numbers() {
    table(
        &property("number", &[]),
        &[
            ("7", Some("7")),
            ("-0.50", Some("-0.50")),
            ("123456789012345678901234567890", Some("123456789012345678901234567890")),
            ("1.5e3", Some("1500")),
            (r#"" 42 ""#, Some("42")),
            (r#""1e-2""#, Some("0.01")),
            (r#""""#, Some("")),
            (r#""  ""#, Some("")),
            (r#""1,234""#, None),
            (r#""12 kg""#, None),
            (r#""NaN""#, None),
            ("true", None),
            ("[1]", None),
            ("{}", None),
        ],
    );
}

#[test]
fn truth_values() {
    let plain: &[(&str, Option<&str>)] = &[
        ("true", Some("true")),
        ("false", Some("false")),
        ("1", Some("true")),
        ("0", Some("false")),
        (r#""TRUE""#, Some("true")),
        (r#"" no ""#, Some("false")),
        (r#""Yes""#, Some("true")),
        (r#""1""#, Some("true")),
        (r#""""#, Some("")),
        ("2", None),
        ("1.0", None),
        (r#""maybe""#, None),
        ("[true]", None),
    ];
    table(&property("bool/booleancheckbox", &[]), plain);
    table(&property("bool/booleancheckbox", &[("true", "Yes"), ("false", "No")]), plain);
    table(&property("enumeration/booleancheckbox", &[("true", "Yes"), ("false", "No")]), plain);
    let shouting = property("enumeration/booleancheckbox", &[("TRUE", "Ja"), ("FALSE", "Nein")]);
    table(&shouting, &[("true", Some("TRUE")), ("0", Some("FALSE")), (r#""ja""#, Some("TRUE"))]);
    let labelled = property("bool/booleancheckbox", &[("true", "Opted in"), ("false", "1")]);
    table(&labelled, &[(r#""opted IN""#, Some("true")), ("1", Some("false")), ("0", Some("false"))]);
}

#[test]
fn dates_and_moments() {
    table(
        &property("date/date", &[]),
        &[
            (r#""2024-05-01""#, Some("2024-05-01")),
            (r#""2024-05-01T23:30:00-05:00""#, Some("2024-05-01")),
            (r#""2024-05-01T23:30:00""#, Some("2024-05-01")),
            ("1714521600", Some("2024-05-01")),
            ("1714521600000", Some("2024-05-01")),
            (r#""""#, Some("")),
            (r#""01/05/2024""#, None),
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
            ("[]", None),
        ],
    );
}

#[test]
fn one_option() {
    table(
        &property("enumeration/select", TIERS),
        &[
            (r#""tier_1""#, Some("tier_1")),
            (r#"" BRONZE ""#, Some("tier_1")),
            ("3", Some("3")),
            (r#""""#, Some("")),
            (r#""platinum""#, None),
            (r#""tier_1;tier_2""#, None),
            ("[\"tier_1\"]", None),
        ],
    );
    // Options that are kept elsewhere cannot be judged here.
    table(&property("enumeration/select", &[]), &[(r#""anything""#, Some("anything")), ("7", Some("7"))]);
}

#[test]
fn several_options() {
    table(
        &property("enumeration/checkbox", TIERS),
        &[
            (r#""tier_1;Silver""#, Some("tier_1;tier_2")),
            (r#"";gold ; tier_1;""#, Some(";3;tier_1")),
            (r#"["Silver", null, 3, "silver", " "]"#, Some("tier_2;3")),
            ("[]", Some("")),
            (r#"" ; ;""#, Some("(nothing)")),
            (r#""tier_1;platinum""#, None),
            (r#"["tier_1", "platinum"]"#, None),
            (r#"[["tier_1"]]"#, None),
            ("{}", None),
        ],
    );
    let tiers = property("enumeration/checkbox", TIERS);
    assert_eq!((of(&tiers, "[null, null]"), of(&tiers, r#"" ""#)), (Ok(None), Ok(Some(String::new()))));
    // An option with a semicolon in it cannot be said.
    let unsayable = property("enumeration/checkbox", &[("a;b", "Both"), ("a", "A"), ("b", "B")]);
    table(&unsayable, &[(r#""a;b""#, Some("a;b")), (r#""Both""#, None), (r#"["Both"]"#, None)]);
    let open = property("enumeration/checkbox", &[]);
    table(&open, &[(r#"["a", "b"]"#, Some("a;b")), (r#""a;b""#, Some("a;b")), (r#"["a;b"]"#, None)]);
}

#[test]
fn phones_and_owners() {
    table(
        &property("phone_number/phonenumber", &[]),
        &[(r#"" +44 20 ""#, Some("+44 20")), ("4420", Some("4420")), ("{}", None)],
    );
    table(
        &property("enumeration/select OWNER", &[]),
        &[
            ("81426347", Some("81426347")),
            (r#""81426347""#, Some("81426347")),
            (r#""a@x.com""#, None),
            ("-1", None),
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

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        ".{0,20}".prop_map(serde_json::Value::from),
        "[-+0-9.eT:Z ]{0,25}".prop_map(serde_json::Value::from),
        prop::sample::select(vec!["tier_1", "Silver", ";gold", "yes"]).prop_map(serde_json::Value::from),
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
    fn any_value_for_any_kind_becomes_a_text_or_a_reason(value in any_json()) {
        let kinds = [
            "string", "number", "bool", "date", "datetime", "enumeration/select", "enumeration/checkbox",
            "phone_number", "enumeration/select OWNER",
        ];
        for types in kinds {
            for options in [&[][..], TIERS] {
                let property = property(types, options);
                let first = of(&property, &value.to_string());
                let nulls = value.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(serde_json::Value::is_null));
                prop_assert!(first != Ok(None) || value.is_null() || nulls);
                // What was turned once stays as it is.
                if let Ok(Some(text)) = first && text != "(nothing)" {
                    prop_assert_eq!(of(&property, &json!(text).to_string()), Ok(Some(text)));
                }
            }
        }
    }
}
