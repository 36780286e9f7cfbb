//! Records of one key share an input: what becomes of each when the input is refused or too large.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{
    super::model::{Habits, OPTIONS, Rules, Store, key, part},
    Properties, addresses, all_or_nothing, all_updated, ask, delivery, done, hubspot, hundred, inputs_of,
    run, run_steps, store, strict, ticket,
};
use crate::{
    hubspot::{answer::BatchAnswer, client::Reply},
    mapping::reason::{Code, Reason},
    report::fate::Fate,
    sync::{
        delivery::{pending::UnusableProperties, state::Delivery, steps::Step},
        input::{Batch, Input},
    },
};

#[test]
fn a_refused_input_is_unfolded_and_its_records_are_judged_in_order() {
    let records: [(&str, Properties<'_>); 4] = [
        ("a@x.com", &[("phone", "1"), (OPTIONS, "a")]),
        ("a@x.com", &[("phone", "2"), ("notes", "bad"), (OPTIONS, ";b")]),
        ("a@x.com", &[("phone", "3")]),
        ("b@x.com", &[("phone", "1")]),
    ];
    for (habits, reject_invalid_values) in
        [(Habits::FRIENDLY, true), (all_or_nothing(), true), (Habits::FRIENDLY, false)]
    {
        let mut hubspot = hubspot(habits, Store::default());
        let outcome = run(&mut hubspot, &records, strict(reject_invalid_values)).unwrap();
        let second = if reject_invalid_values { Some(Code::InvalidValue) } else { None };
        assert_eq!([1, 2, 3, 4].map(|line| outcome.rejected(line)), [None, second, None, None]);
        assert_eq!((outcome.fate(1), outcome.fate(3)), (&Fate::Folded, &Fate::Created));
        assert_eq!(hubspot.store.value("a@x.com", "phone"), Some("3"));
        assert_eq!(
            hubspot.store.value("a@x.com", OPTIONS),
            Some(if reject_invalid_values { "a" } else { "a;b" })
        );
    }
}

#[test]
fn one_bad_record_among_many_of_one_key_costs_few_requests() {
    let mut records = vec![("a@x.com", [("phone", "1")]); 1_000];
    records[613].1 = [("notes", "bad")];
    let records: Vec<(&str, Properties<'_>)> =
        records.iter().map(|(address, one)| (*address, one.as_slice())).collect();
    let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
    let outcome = run(&mut hubspot, &records, strict(true)).unwrap();
    let rejected: Vec<u64> = (1..=1_000).filter(|line| outcome.rejected(*line).is_some()).collect();
    assert_eq!(rejected, [614]);
    assert_eq!(hubspot.requests(), 2, "the value that was refused is that of the last record that has one");
}

#[test]
fn a_value_that_many_records_of_a_key_share_costs_one_request_if_it_is_refused() {
    for reject_invalid_values in [true, false] {
        let mut records = vec![("a@x.com", [("phone", "1"), ("notes", "bad")]); 100];
        records[0].1 = [("phone", "0"), ("notes", "good")];
        let records: Vec<(&str, Properties<'_>)> =
            records.iter().map(|(address, one)| (*address, one.as_slice())).collect();
        let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
        let outcome = run(&mut hubspot, &records, strict(reject_invalid_values)).unwrap();
        let phone = if reject_invalid_values { "0" } else { "1" };
        assert_eq!(hubspot.store.value("a@x.com", "phone"), Some(phone));
        assert_eq!(hubspot.store.value("a@x.com", "notes"), Some("good"));
        assert_eq!(outcome.accepted(), if reject_invalid_values { 1 } else { 100 });
        assert_eq!(hubspot.requests(), 2);
    }
}

/// A refusal for want of a property, if `lacks` says so of an input's properties.
fn demanding(code: &str, lacks: impl Fn(&Value) -> bool, step: &Step) -> Reply<BatchAnswer> {
    let fault = json!({ "code": code, "context": { "propertyName": ["city"] } });
    let error = |key: &String| json!({ "category": "VALIDATION_ERROR", "context": { "ids": [key] }, "errors": [fault] });
    let (refused, taken): (Vec<_>, Vec<_>) =
        inputs_of(step).into_iter().partition(|(_, properties)| lacks(properties));
    let errors: Vec<Value> = refused.iter().map(|(key, _)| error(key)).collect();
    let result = |(key, _): &(String, Value)| json!({ "new": false, "properties": { "email": key } });
    done(&json!({ "results": taken.iter().map(result).collect::<Vec<_>>(), "errors": errors }))
}

#[test]
fn what_one_record_empties_is_not_missing_in_the_others() {
    let records: [(&str, Properties<'_>); 2] =
        [("a@x.com", &[("city", "Paris")]), ("a@x.com", &[("city", "")])];
    let outcome = run_steps(delivery(&records, Rules::default()), |step| {
        demanding("MISSING_REQUIRED_PROPERTY", |properties| properties["city"] == "", step)
    })
    .unwrap();
    assert_eq!([1, 2].map(|line| outcome.rejected(line)), [None, Some(Code::MissingRequiredProperty)]);
}

#[test]
fn what_one_record_makes_necessary_the_others_do_not_need() {
    let records: [(&str, Properties<'_>); 2] =
        [("a@x.com", &[("phone", "1")]), ("a@x.com", &[("notes", "x")])];
    let outcome = run_steps(delivery(&records, Rules::default()), |step| {
        let lacks = |properties: &Value| properties.get("notes").is_some();
        demanding("MISSING_CONDITIONAL_REQUIRED_PROPERTY", lacks, step)
    })
    .unwrap();
    assert_eq!([1, 2].map(|line| outcome.rejected(line)), [None, Some(Code::MissingRequiredProperty)]);
}

#[test]
fn what_no_record_brings_rejects_them_all_at_once() {
    let records: Vec<(&str, Properties<'_>)> = vec![("a@x.com", &[("phone", "1")]); 50];
    let mut requests = 0;
    let outcome = run_steps(delivery(&records, Rules::default()), |step| {
        requests += 1;
        demanding("MISSING_REQUIRED_PROPERTY", |_| true, step)
    })
    .unwrap();
    assert_eq!((outcome.accepted(), requests), (0, 1));
}

#[test]
fn values_left_out_are_reported_only_for_records_that_are_written() {
    let reason = Reason::of_property(Code::ValueTooLong, &"notes".into());
    let dropping = |line, properties: Properties<'_>| {
        let mut part = part(line, properties);
        part.dropped.push(reason.clone());
        part
    };
    let parts = vec![dropping(1, &[("phone", "1")]), dropping(2, &[("notes", "bad")])];
    let target = Arc::new(strict(true).target());
    let batch = Batch { target, inputs: vec![Input { key: key("a@x.com"), archives: false, parts }] };
    let delivery = Delivery::new(batch, UnusableProperties::new());
    let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
    let outcome = run_steps(delivery, |step| ask(&mut hubspot, step)).unwrap();
    assert_eq!((outcome.rejected(1), outcome.rejected(2)), (None, Some(Code::InvalidValue)));
    assert_eq!(outcome.left_out(), BTreeMap::from([(reason, vec![1])]));
}

#[test]
fn records_of_one_input_share_one_request_and_only_the_last_is_updated() {
    let records: [(&str, Properties<'_>); 3] =
        [("a@x.com", &[("phone", "1")]), ("a@x.com", &[("notes", "2")]), ("a@x.com", &[("phone", "3")])];
    let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
    let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
    assert_eq!([1, 2, 3].map(|line| outcome.fate(line).clone()), [Fate::Folded, Fate::Folded, Fate::Created]);
    assert_eq!((hubspot.requests(), hubspot.store.value("a@x.com", "phone")), (1, Some("3")));
}

#[test]
fn a_value_that_several_records_of_a_key_empty_counts_once() {
    let records: [(&str, Properties<'_>); 3] =
        [("a@x.com", &[("phone", "")]), ("a@x.com", &[("notes", "1")]), ("a@x.com", &[("phone", "")])];
    let outcome = run(&mut hubspot(Habits::FRIENDLY, store()), &records, Rules::default()).unwrap();
    assert_eq!(outcome.notes.emptied, [("phone".into(), ticket(3))]);
}

#[test]
fn what_is_too_large_goes_in_smaller_pieces() {
    let addresses = addresses();
    let mut model = hubspot(Habits { most_inputs: 30, ..Habits::FRIENDLY }, Store::default());
    let outcome = run(&mut model, &hundred(0, &addresses, &[("phone", "2")]), Rules::default()).unwrap();
    assert_eq!((outcome.accepted(), model.requests()), (100, 7));

    let records: [(&str, Properties<'_>); 3] =
        [("a@x.com", &[("phone", "1")]), ("a@x.com", &[("notes", "huge")]), ("b@x.com", &[("phone", "1")])];
    let outcome = run_steps(delivery(&records, Rules::default()), |step| {
        let huge = |properties: &Value| properties.get("notes").is_some();
        if inputs_of(step).values().any(huge) { Reply::TooLarge } else { all_updated(step) }
    })
    .unwrap();
    assert_eq!([1, 2, 3].map(|line| outcome.rejected(line)), [None, Some(Code::TooLarge), None]);
}
