//! Whether the counts tell all, and whether each row that was not written, and each value that was left out, can be found by
//! its number. Not here: what becomes of values ([`super::settings`]), and that cells add up ([`super::cells`]).

use hubspot_sandbox::Seed;
use serde_json::json;

use super::support::{Connector, record, record_of, sandbox, state, state_of};

#[test]
fn a_state_tells_of_records_that_were_unchanged_or_skipped_beside_airbytes_two_numbers() {
    let sandbox = sandbox();
    sandbox.seed_contact(Seed::new("known@example.com"));
    let deleted = json!({ "email": "gone@example.com", "_ab_cdc_deleted_at": "2026-01-01T00:00:00Z" });
    let input = record(json!({ "email": "known@example.com" }))
        + &record(json!({ "email": "new@example.com", "firstname": "Ada" }))
        + &record(deleted)
        + &record(json!({ "email": "no address" }))
        + &state(1)
        + &record(json!({ "email": "other@example.com", "firstname": "Ben" }))
        + &state(2);
    let outcome = Connector::new(&sandbox).write(&input);
    outcome.assert_success();
    let stats: Vec<_> = outcome.states().iter().map(|state| state["destinationStats"].clone()).collect();
    let others = json!({ "unchanged": 1.0, "skipped": 1.0 });
    assert_eq!(
        stats,
        [
            json!({ "recordCount": 3.0, "rejectedRecordCount": 1.0, "additionalStats": others }),
            json!({ "recordCount": 1.0, "rejectedRecordCount": 0.0 }),
        ]
    );
    assert!(
        outcome.summary().contains(" created=2 updated=0 unchanged=1 folded=0 skipped=1 rejected=1 "),
        "{}",
        outcome.summary()
    );
}

#[test]
fn rejected_rows_and_left_out_values_are_named_by_their_number_within_their_stream() {
    let sandbox = sandbox();
    let input: String = (1..=9)
        .map(|number| {
            let email = if number == 4 { "no address" } else { &format!("lead{number}@example.com") };
            let count = if number > 2 { json!("many") } else { json!(number) };
            record_of("people", json!({ "email": format!("user{number}@example.com"), "firstname": "Ada" }))
                + &record_of("leads", json!({ "email": email, "favourite_number": count }))
        })
        .collect();
    let input = input + &state_of("people", 1) + &state_of("leads", 2);
    let outcome = Connector::new(&sandbox).variable("LOG_LEVEL", "debug").write(&input);
    outcome.assert_success();
    // The record of lead 4 was rejected: its value is not among those left out. Lines count both streams.
    let left_out = outcome.logs("values left out stream=leads");
    assert!(
        left_out.len() == 1
            && left_out[0]
                .contains(" count=6 first_lines=[6, 10, 12, 14, 16] first_records=[3, 5, 6, 7, 8] "),
        "{left_out:#?}"
    );
    let rejected = outcome.logs("rejected records stream=leads");
    assert!(
        rejected.len() == 1 && rejected[0].contains(" count=1 first_lines=[8] first_records=[4] "),
        "{rejected:#?}"
    );
    // Every one of them at `debug`, never by its key.
    let each: Vec<String> = outcome.logs("value left out stream=leads record=");
    assert_eq!(each.len(), 6, "{each:#?}");
    assert!(each.iter().any(|line| line.contains("record=9 line=18 reason=invalid_value(favourite_number)")));
    assert_eq!(outcome.logs("record rejected stream=leads record=4 line=8 reason=invalid_email").len(), 1);
    assert!(
        outcome.lines.iter().filter(|line| line.contains("\"LOG\"")).all(|line| !line.contains("lead9@"))
    );
    assert!(outcome.summary().contains(" values_left_out=6 values_emptied=0 "), "{}", outcome.summary());
    assert_eq!(outcome.logs("records of the stream stream=leads read=9 created=8 ").len(), 1);
    assert_eq!(outcome.logs("records of the stream stream=people read=9 created=9 ").len(), 1);
}

#[test]
fn values_of_a_record_that_is_rejected_later_count_neither_as_emptied_nor_as_left_out() {
    let sandbox = sandbox();
    let row = |email: &str| record(json!({ "email": email, "city": "", "favourite_number": "many" }));
    // HubSpot refuses the second address, which looks like one.
    let input = row("ada@example.com") + &row("ben@example.local") + &state(1);
    let outcome = Connector::new(&sandbox).set("null_values", "clear").write(&input);
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(1.0, 1.0)], "{:#?}", outcome.lines);
    assert!(outcome.summary().contains(" values_left_out=1 values_emptied=1 "), "{}", outcome.summary());
}

#[test]
fn a_column_of_which_nothing_fits_is_told_once() {
    let row = |number: u32, value: &str| {
        record(json!({ "email": format!("u{number}@example.com"), "favourite_number": value }))
    };
    for (input, warnings) in [
        ((0..100).map(|number| row(number, "many")).collect::<String>(), 1),
        ((0..99).map(|number| row(number, "many")).collect(), 0),
        ((0..100).map(|number| row(number, if number == 50 { "7" } else { "many" })).collect(), 0),
    ] {
        let outcome = Connector::new(&sandbox()).write(&(input + &state(1)));
        outcome.assert_success();
        let told = outcome.logs("none of the many values of a column fits its property");
        assert_eq!(told.len(), warnings, "{told:#?}");
        assert!(told.iter().all(|line| line.contains("stream=users field=favourite_number")), "{told:#?}");
    }
}

#[test]
fn a_value_is_emptied_only_if_it_is_sent() {
    let sandbox = sandbox();
    let row = |city: serde_json::Value| record(json!({ "email": "ada@example.com", "city": city }));
    // The second record of the address brings a value: nothing empty is sent.
    let outcome = Connector::new(&sandbox)
        .set("null_values", "clear")
        .write(&(row(json!(null)) + &row(json!("London")) + &state(1)));
    outcome.assert_success();
    assert!(outcome.summary().contains(" values_emptied=0 "), "{}", outcome.summary());
    let outcome = Connector::new(&sandbox).set("null_values", "clear").write(&(row(json!(null)) + &state(2)));
    assert!(outcome.summary().contains(" values_emptied=1 "), "{}", outcome.summary());
}
