//! Tables of lists of which one item counts.

use serde_json::value::RawValue;

use super::*;
use crate::mapping::reason::Code;

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
