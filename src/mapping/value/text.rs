//! One JSON value as text, whatever its type. Not here: what other kinds of properties make of it.

use serde_json::value::RawValue;

use super::super::reason::Code;
use crate::hubspot::model::MAX_VALUE_CHARACTERS;

/// A value's text; `None` for `null`, which leaves the property as it is.
///
/// Numbers keep their digits, booleans are `true` and `false`, lists and objects become compact JSON.
///
/// # Errors
///
/// [`Code::ValueTooLong`] beyond HubSpot's limit, [`Code::InvalidValue`] for text that is no Unicode (a lone half of a
/// surrogate pair).
pub(super) fn text(raw: &RawValue) -> Result<Option<Box<str>>, Code> {
    let json = raw.get();
    let text: Box<str> = match json.as_bytes().first() {
        Some(b'n') => return Ok(None),
        Some(b'"') => serde_json::from_str::<String>(json).map_err(|_| Code::InvalidValue)?.into(),
        Some(b'[' | b'{') => compact(json).into(),
        _ => json.into(),
    };
    // Bytes first: counting characters is only worth it for the few texts that may be too long.
    if text.len() > MAX_VALUE_CHARACTERS && text.chars().count() > MAX_VALUE_CHARACTERS {
        return Err(Code::ValueTooLong);
    }
    Ok(Some(text))
}

/// JSON without the white space between its tokens; every other byte stays, so numbers keep all their digits.
fn compact(json: &str) -> String {
    let mut compacted = String::with_capacity(json.len());
    let (mut in_text, mut escaped) = (false, false);
    for character in json.chars() {
        if !in_text && character.is_ascii_whitespace() {
            continue;
        }
        if escaped {
            escaped = false;
        } else if character == '"' {
            in_text = !in_text;
        } else {
            escaped = in_text && character == '\\';
        }
        compacted.push(character);
    }
    compacted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(json: &str) -> Result<Option<Box<str>>, Code> {
        text(&RawValue::from_string(json.to_owned()).unwrap())
    }

    #[test]
    fn texts_are_unescaped_and_numbers_keep_their_digits() {
        for (json, expected) in [
            (r#""Ada \"A\" Lovelace\u00e9""#, "Ada \"A\" Lovelaceé"),
            (r#""""#, ""),
            ("12345678901234567890.123456789", "12345678901234567890.123456789"),
            ("1.50", "1.50"),
            ("true", "true"),
            ("false", "false"),
            (r#"[ 1, "a b", { "c" : "d\" e" } ]"#, r#"[1,"a b",{"c":"d\" e"}]"#),
            ("{ }", "{}"),
        ] {
            assert_eq!(of(json).unwrap().as_deref(), Some(expected), "{json}");
        }
    }

    #[test]
    fn null_is_no_value() {
        assert_eq!(of("null"), Ok(None));
    }

    #[test]
    fn what_hubspot_cannot_store_is_refused() {
        assert_eq!(of(r#""\ud800""#), Err(Code::InvalidValue));
        let longest = format!("\"{}\"", "é".repeat(MAX_VALUE_CHARACTERS));
        assert_eq!(of(&longest).unwrap().unwrap().chars().count(), MAX_VALUE_CHARACTERS);
        let too_long = format!("\"{}\"", "é".repeat(MAX_VALUE_CHARACTERS + 1));
        assert_eq!(of(&too_long), Err(Code::ValueTooLong));
    }

    proptest! {
        #[test]
        fn compacting_does_not_change_what_the_json_says(words in prop::collection::vec(".*", 0..5)) {
            let value = serde_json::json!({ "list": words, "n": 1 });
            let spaced = serde_json::to_string_pretty(&value).unwrap();
            let compacted = compact(&spaced);
            prop_assert_eq!(&compacted, &value.to_string());
        }
    }
}
