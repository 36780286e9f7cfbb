//! What holds of any value for any kind of property.

use proptest::prelude::*;
use serde_json::{json, value::RawValue};

use super::*;

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
