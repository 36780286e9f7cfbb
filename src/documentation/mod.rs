//! Tests that the user's page `docs/hubspot.md` has every message that ends a sync, fails a check, or says why a field goes
//! nowhere.
//!
//! The page shows a message as it is, with `…` for what differs. So [`examples`] has `…` or [`N`] in those places, and
//! each has to be on the page whole. Not here: warnings, which are no types (`tests/it/documentation.rs`).

mod examples;
mod of_calls;
mod of_store;

use self::examples::Example;

const PAGE: &str = include_str!("../../docs/hubspot.md");

/// A number that differs from message to message. It stands for `…`.
const N: u16 = 4711;

/// Lists one example of each variant of an enum: one that is forgotten does not compile.
macro_rules! each_of {
    ($of:ident: $($variant:ident $({ $($field:ident: $value:expr),* $(,)? })? $(($($part:expr),*))?),* $(,)?) => {{
        let examples = vec![$($of::$variant $({ $($field: $value),* })? $(($($part),*))?),*];
        for example in &examples {
            match example {
                $($of::$variant { .. })|* => {}
            }
        }
        examples
    }};
}
use each_of;

/// The message with `…` in place of its numbers and of what is shown elsewhere on the page.
fn pattern(example: &Example) -> String {
    let mut message = example.message.replace(&N.to_string(), "…");
    for part in &example.parts {
        message = message.replace(part.as_str(), "…");
    }
    message
}

#[track_caller]
fn assert_on_page(examples: &[Example]) {
    let page = PAGE.replace("\\|", "|");
    let missing: Vec<String> =
        examples.iter().map(pattern).filter(|pattern| !page.contains(pattern.trim())).collect();
    assert!(missing.is_empty(), "not in docs/hubspot.md:\n  {}", missing.join("\n  "));
}

#[test]
fn every_failure_of_the_settings_is_on_the_page() {
    assert_on_page(&examples::of_settings());
    assert_on_page(&examples::of_strange_entries());
}

#[test]
fn every_warning_about_the_settings_is_on_the_page() {
    assert_on_page(&examples::warnings());
}

#[test]
fn every_failure_of_a_catalog_or_of_input_is_on_the_page() {
    assert_on_page(&examples::of_catalog());
    assert_on_page(&examples::of_input());
}

#[test]
fn every_failure_before_the_first_record_is_on_the_page() {
    assert_on_page(&examples::of_mapping());
    assert_on_page(&examples::of_preparation());
}

#[test]
fn every_failure_of_a_sync_is_on_the_page() {
    assert_on_page(&examples::of_sync());
}

#[test]
fn every_failure_of_a_command_is_on_the_page() {
    assert_on_page(&examples::of_command());
}

#[test]
fn every_failure_of_a_call_is_on_the_page() {
    assert_on_page(&of_calls::failures_of_calls());
    assert_on_page(&of_calls::parts());
}

#[test]
fn every_failure_of_the_object_store_is_on_the_page() {
    assert_on_page(&of_store::of_settings());
    assert_on_page(&of_store::warnings());
    assert_on_page(&of_store::failures_of_store());
    assert_on_page(&of_store::parts());
}

#[test]
fn every_reason_why_rows_cannot_be_kept_is_on_the_page() {
    assert_on_page(&of_store::of_keeping());
}

#[test]
fn every_reason_to_leave_a_field_out_is_on_the_page() {
    assert_on_page(&examples::of_fields_left_out());
}

#[test]
fn a_message_is_looked_for_with_all_its_words() {
    let example = Example::of("Line 4711 of it is no address: call ada");
    let whole = pattern(&Example { parts: vec!["ada".to_owned()], ..example });
    assert_eq!(whole, "Line … of it is no address: call …");
}
