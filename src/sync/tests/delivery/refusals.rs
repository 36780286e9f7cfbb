//! What a refusal costs: how few requests find the inputs that HubSpot does not take.

use serde_json::{Value, json};

use super::{
    super::model::{Habits, Rules, Store, refusal},
    Properties, addresses, all_or_nothing, all_updated, delivery, hubspot, hundred, inputs_of, run,
    run_steps, strict,
};
use crate::{error::FailureType, mapping::reason::Code};

#[test]
fn one_bad_value_among_a_hundred_costs_few_requests() {
    let addresses = addresses();
    for place in (0..100).step_by(9) {
        let records = hundred(place, &addresses, &[("notes", "bad"), ("phone", "1")]);
        for (habits, reject_invalid_values, most) in [
            // Named input by input: the rest is written at once, and the input once more without its value.
            (Habits::FRIENDLY, true, 1),
            (Habits::FRIENDLY, false, 2),
            // Named by property, which one input has: without it, alone, and once more without the value.
            (all_or_nothing(), true, 3),
            (all_or_nothing(), false, 4),
            (Habits { names_properties: false, names_addresses: true, ..all_or_nothing() }, false, 3),
            // Nothing is named: halved, with one look whether the request itself is at fault.
            (Habits { names_properties: false, ..all_or_nothing() }, false, 17),
        ] {
            let mut hubspot = hubspot(habits.clone(), Store::default());
            let outcome = run(&mut hubspot, &records, strict(reject_invalid_values)).unwrap();
            let written = if reject_invalid_values || !habits.names_properties { 99 } else { 100 };
            assert_eq!(outcome.accepted(), written, "at {place}, {habits:?}");
            assert!(hubspot.requests() <= most, "at {place}: {} requests, {habits:?}", hubspot.requests());
        }
    }
}

#[test]
fn one_bad_value_among_many_of_its_property_costs_few_requests() {
    let addresses = addresses();
    for place in (0..100).step_by(9) {
        let mut hubspot = hubspot(all_or_nothing(), Store::default());
        let outcome =
            run(&mut hubspot, &hundred(place, &addresses, &[("phone", "bad")]), Rules::default()).unwrap();
        assert_eq!((outcome.accepted(), outcome.left_out().len()), (100, 1));
        assert!(hubspot.requests() <= 17, "at {place}: {} requests", hubspot.requests());
    }
}

#[test]
fn a_request_that_is_refused_whatever_it_holds_ends_the_sync_soon() {
    let addresses = addresses();
    let mut hubspot = hubspot(Habits { refuses_all: true, ..Habits::FRIENDLY }, Store::default());
    let failure =
        run(&mut hubspot, &hundred(0, &addresses, &[("phone", "1")]), Rules::default()).unwrap_err();
    assert_eq!((failure.failure_type, hubspot.requests()), (FailureType::System, 3));
}

#[test]
fn refusals_that_name_properties_are_not_the_fault_of_the_request() {
    let records: [(&str, Properties<'_>); 4] = [
        ("a@x.com", &[("phone", "bad"), ("fax", "1")]),
        ("b@x.com", &[("phone", "1")]),
        ("c@x.com", &[("notes", "bad"), ("fax", "1")]),
        ("d@x.com", &[("notes", "1")]),
    ];
    let outcome = run_steps(delivery(&records, Rules::default()), |step| {
        let inputs = inputs_of(step);
        let bad = |input: &Value| {
            input
                .as_object()
                .unwrap()
                .iter()
                .find(|(_, value)| **value == "bad")
                .map(|(name, _)| name.clone())
        };
        let faulty: Vec<String> = inputs.values().filter_map(bad).collect();
        match (faulty.first(), inputs.len()) {
            (None, _) => all_updated(step),
            // Only for a single contact the reason is given in full.
            (Some(name), 1) => refusal(
                400,
                &json!({
                    "category": "VALIDATION_ERROR",
                    "message": json!([{ "name": name, "error": "INVALID_OPTION" }]).to_string(),
                }),
            ),
            (Some(_), _) => refusal(400, &json!({ "category": "VALIDATION_ERROR" })),
        }
    })
    .unwrap();
    assert_eq!((outcome.accepted(), outcome.left_out().len()), (4, 2));
}

#[test]
fn a_bad_address_with_many_records_is_refused_once() {
    let records: Vec<(&str, Properties<'_>)> =
        (0..50).map(|_| ("bad@x.com", &[("phone", "1")][..])).collect();
    for habits in [Habits::FRIENDLY, all_or_nothing()] {
        let mut hubspot = hubspot(habits, Store::default());
        let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
        assert!((1..=50).all(|line| outcome.rejected(line) == Some(Code::InvalidEmail)));
        assert_eq!(hubspot.requests(), 1);
    }
}
