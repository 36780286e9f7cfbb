//! Refusals that may pass: conflicts, and reasons that nobody knows.

use serde_json::{Value, json};

use super::{
    super::model::{Habits, Rules, Store, refusal},
    Properties, all_or_nothing, all_updated, ask, delivery, done, hubspot, inputs_of, run, run_steps,
};
use crate::{
    hubspot::{answer::BatchAnswer, client::Reply},
    mapping::reason::Code,
    sync::delivery::{outcome::Outcome, state::Delivery, steps::Step},
};

/// Leads a batch to its end. Beside the outcome: the sizes of its requests, and the waits between them in seconds.
fn lead_with_waits(
    mut delivery: Delivery,
    mut answer: impl FnMut(&Step) -> Reply<BatchAnswer>,
) -> (Outcome, Vec<usize>, Vec<u64>) {
    let (mut sizes, mut waits) = (Vec::new(), Vec::new());
    loop {
        match delivery.next_step() {
            Step::Finished => return (delivery.finish(), sizes, waits),
            Step::Fail(error) => panic!("{error}"),
            Step::Wait(duration) => waits.push(duration.as_secs()),
            step @ Step::Send(_) => {
                sizes.push(inputs_of(&step).len());
                delivery.answered(answer(&step)).unwrap();
            }
        }
    }
}

/// An answer in which each input fails for this category.
fn all_fail(step: &Step, category: &str) -> Reply<BatchAnswer> {
    let Step::Send(call) = step else { panic!("{step:?} is no request") };
    let request: Value = serde_json::from_slice(&call.body).unwrap();
    let trace = |input: &Value| json!({ "objectWriteTraceId": [input["objectWriteTraceId"]] });
    let errors: Vec<Value> = request["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|input| json!({ "category": category, "context": trace(input) }))
        .collect();
    done(&json!({ "results": [], "errors": errors }))
}

#[test]
fn a_conflict_may_pass_and_a_lasting_one_rejects() {
    let records: [(&str, Properties<'_>); 3] = [
        ("race@x.com", &[("phone", "1")]),
        ("taken@x.com", &[("phone", "1")]),
        ("a@x.com", &[("phone", "1")]),
    ];
    for habits in [Habits::FRIENDLY, all_or_nothing(), Habits { names_properties: false, ..all_or_nothing() }]
    {
        let mut hubspot = hubspot(habits, Store::default());
        let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
        assert_eq!([1, 2, 3].map(|line| outcome.rejected(line)), [None, Some(Code::Conflict), None]);
    }
}

#[test]
fn a_reason_nobody_knows_is_asked_about_once_more() {
    let records: [(&str, Properties<'_>); 2] =
        [("odd@x.com", &[("phone", "1")]), ("a@x.com", &[("phone", "1")])];
    let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
    let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
    assert_eq!([1, 2].map(|line| outcome.rejected(line)), [Some(Code::RefusedByHubSpot), None]);
    assert_eq!(hubspot.sizes, [2, 1]);
}

#[test]
fn a_second_try_waits_two_seconds_and_those_of_one_batch_wait_together() {
    let records: [(&str, Properties<'_>); 4] = [
        ("race1@x.com", &[("phone", "1")]),
        ("taken1@x.com", &[("phone", "1")]),
        ("a@x.com", &[("phone", "1")]),
        ("taken2@x.com", &[("phone", "1")]),
    ];
    for habits in [Habits::FRIENDLY, all_or_nothing()] {
        let mut hubspot = hubspot(habits, Store::default());
        let (outcome, _, waits) =
            lead_with_waits(delivery(&records, Rules::default()), |step| ask(&mut hubspot, step));
        assert_eq!((outcome.accepted(), waits), (2, vec![2]));
    }
}

#[test]
fn later_records_of_a_key_wait_for_the_second_try_of_earlier_ones() {
    let records: [(&str, Properties<'_>); 2] =
        [("race@x.com", &[("phone", "1")]), ("race@x.com", &[("phone", "2")])];
    // The two are refused together for a value, so that they are unfolded, and then meet a conflict.
    let mut values = Vec::new();
    let mut requests = 0;
    let (outcome, sizes, waits) = lead_with_waits(delivery(&records, Rules::default()), |step| {
        requests += 1;
        values.push(inputs_of(step)["race@x.com"]["phone"].clone());
        match requests {
            1 => done(&json!({ "errors": [{ "category": "VALIDATION_ERROR" }] })),
            2 => all_fail(step, "CONFLICT"),
            _ => all_updated(step),
        }
    });
    assert_eq!((outcome.accepted(), sizes, waits), (2, vec![1; 4], vec![2]));
    assert_eq!(values, ["2", "1", "1", "2"]);
}

#[test]
fn a_failure_of_hubspots_at_each_input_has_the_batch_sent_again_as_a_whole() {
    let addresses: Vec<String> = (0..100).map(|number| format!("n{number}@x.com")).collect();
    let records: Vec<(&str, Properties<'_>)> =
        addresses.iter().map(|address| (address.as_str(), &[("phone", "1")][..])).collect();
    for (failures, expected, expected_waits) in
        [(1, vec![100, 100], vec![2]), (3, vec![100; 4], vec![2, 4, 8])]
    {
        let mut requests = 0;
        let (outcome, sizes, waits) = lead_with_waits(delivery(&records, Rules::default()), |step| {
            requests += 1;
            if requests <= failures { all_fail(step, "INTERNAL_ERROR") } else { all_updated(step) }
        });
        assert_eq!((outcome.accepted(), sizes, waits), (100, expected, expected_waits));
    }
}

#[test]
fn what_fails_again_and_again_is_judged_one_by_one_in_the_end() {
    let records: [(&str, Properties<'_>); 2] =
        [("a@x.com", &[("phone", "1")]), ("b@x.com", &[("phone", "1")])];
    let (outcome, sizes, waits) =
        lead_with_waits(delivery(&records, Rules::default()), |step| all_fail(step, "INTERNAL_ERROR"));
    assert_eq!([1, 2].map(|line| outcome.rejected(line)), [Some(Code::RefusedByHubSpot); 2]);
    assert_eq!((sizes, waits), (vec![2, 2, 2, 2, 1, 1], vec![2, 4, 8, 2]));
    // Reasons that are the inputs' own are judged at once.
    let (_, sizes, waits) =
        lead_with_waits(delivery(&records, Rules::default()), |step| all_fail(step, "CONFLICT"));
    assert_eq!((sizes, waits), (vec![2, 1, 1], vec![2]));
}

#[test]
fn a_conflict_of_the_address_rejects_all_records_of_the_key_at_once() {
    let records = vec![("taken@x.com", &[("phone", "1")][..]); 300];
    for habits in [Habits::FRIENDLY, all_or_nothing()] {
        let mut hubspot = hubspot(habits, Store::default());
        let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
        assert!((1..=300).all(|line| outcome.rejected(line) == Some(Code::Conflict)));
        assert_eq!(hubspot.requests(), 2);
    }
}

#[test]
fn a_conflict_of_a_unique_property_is_that_of_the_record_that_brings_it() {
    let mut records = vec![("a@x.com", &[("phone", "1")][..]); 16];
    records[5].1 = &[("notes", "of another contact")];
    let mut requests = 0;
    let outcome = run_steps(delivery(&records, Rules::default()), |step| {
        requests += 1;
        if inputs_of(step)["a@x.com"].get("notes").is_none() {
            return all_updated(step);
        }
        let details = json!([{ "context": { "propertyName": ["notes"] } }]);
        refusal(409, &json!({ "category": "CONFLICT", "errors": details }))
    })
    .unwrap();
    let rejected: Vec<u64> = (1..=16).filter(|line| outcome.rejected(*line).is_some()).collect();
    assert_eq!((rejected, outcome.rejected(6)), (vec![6], Some(Code::Conflict)));
    assert!(requests <= 12, "{requests} requests");
}
