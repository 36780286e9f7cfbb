//! Text without what nobody sees: the white space and the invisible characters around it. Knows no JSON but how to
//! make it compact.

use crate::{crm::property::MAX_VALUE_CHARACTERS, mapping::reason::Code, text::is_unseen};

/// The text without the invisible characters at its ends; the white space there stays, which somebody may have meant.
pub(super) fn visible(text: &str) -> Box<str> {
    let inner = text.trim_start_matches(is_unseen);
    let (start, _) = text.split_at_checked(text.len() - inner.len()).unwrap_or_default();
    let core = inner.trim_end_matches(is_unseen);
    let end = inner.strip_prefix(core).unwrap_or_default();
    let seen = |edge: &str| edge.chars().filter(|character| character.is_whitespace()).collect::<String>();
    [&seen(start), core, &seen(end)].concat().into()
}

/// # Errors
///
/// [`Code::ValueTooLong`] beyond HubSpot's limit.
pub(super) fn check_length(text: &str) -> Result<(), Code> {
    // Bytes first: counting characters is only worth it for the few texts that may be too long.
    if text.len() > MAX_VALUE_CHARACTERS && text.chars().count() > MAX_VALUE_CHARACTERS {
        return Err(Code::ValueTooLong);
    }
    Ok(())
}

/// JSON without the white space between its tokens; every other byte stays, so numbers keep all their digits.
///
/// # Errors
///
/// [`Code::ValueTooLong`] as soon as it is longer than HubSpot's limit: the rest may be many times as long.
pub(super) fn compact(json: &str) -> Result<String, Code> {
    let mut compacted = String::with_capacity(json.len().min(MAX_VALUE_CHARACTERS));
    let (mut in_text, mut escaped) = (false, false);
    let mut room = MAX_VALUE_CHARACTERS;
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
        room = room.checked_sub(1).ok_or(Code::ValueTooLong)?;
        compacted.push(character);
    }
    Ok(compacted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::trim;

    #[test]
    fn what_nobody_sees_at_the_ends_is_no_part_of_a_text() {
        for (text, trimmed, seen) in [
            ("Ada", "Ada", "Ada"),
            (" Ada\t", "Ada", " Ada\t"),
            ("\u{feff}Ada\u{200b}", "Ada", "Ada"),
            ("\u{200b} \u{200b}Ada\u{a0}\u{2060}", "Ada", " Ada\u{a0}"),
            ("\u{202d}+49 30\u{202c}", "+49 30", "+49 30"),
            ("A\u{200d}da", "A\u{200d}da", "A\u{200d}da"),
            ("\u{ad}\u{200b}", "", ""),
            ("", "", ""),
        ] {
            assert_eq!(trim(text), trimmed, "{text:?}");
            assert_eq!(&*visible(text), seen, "{text:?}");
        }
    }

    #[test]
    fn the_limit_counts_characters() {
        assert_eq!(check_length(&"é".repeat(MAX_VALUE_CHARACTERS)), Ok(()));
        assert_eq!(check_length(&"é".repeat(MAX_VALUE_CHARACTERS + 1)), Err(Code::ValueTooLong));
    }

    proptest! {
        #[test]
        fn compacting_does_not_change_what_the_json_says(words in prop::collection::vec(".*", 0..5)) {
            let value = serde_json::json!({ "list": words, "n": 1 });
            let spaced = serde_json::to_string_pretty(&value).unwrap();
            let compacted = compact(&spaced).unwrap();
            prop_assert_eq!(&compacted, &value.to_string());
        }

        #[test]
        fn what_was_made_visible_stays_as_it_is(text in "[ a\u{200b}\u{feff}\u{a0}\t\u{202d}]{0,12}") {
            let seen = visible(&text);
            prop_assert_eq!(visible(&seen), seen.clone());
            prop_assert_eq!(trim(&seen), trim(&text));
        }
    }
}
