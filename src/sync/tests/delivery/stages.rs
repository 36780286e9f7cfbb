//! Which lifecycle stage a contact gets. What hangs on the look-up alone is in `look_ups`.

use serde_json::{Value, json};

use super::{
    super::model::{Habits, HubSpot, Rules, Store, new_contact_stage, refusal},
    Properties, ask, delivery, hubspot, inputs_of, is_upsert, run, run_steps, store, strict, with_stage,
};
use crate::{
    config::InvalidValues,
    crm::property::LIFECYCLE_STAGE,
    hubspot::{answer::BatchAnswer, client::Reply},
    mapping::reason::Code,
    report::fate::Fate,
    sync::delivery::steps::Step,
};

#[test]
fn the_configured_stage_is_for_new_contacts_without_a_valid_one_of_their_own() {
    let records: [(&str, Properties<'_>); 6] = [
        ("cleo@x.com", &[("phone", "1")]),
        ("new1@x.com", &[("phone", "1")]),
        ("new2@x.com", &[("phone", "1"), (LIFECYCLE_STAGE, "subscriber")]),
        ("new3@x.com", &[("phone", "1"), (LIFECYCLE_STAGE, "nonsense")]),
        ("new4@x.com", &[("phone", "1"), (LIFECYCLE_STAGE, " ")]),
        ("anna@work.com", &[("phone", "1")]),
    ];
    let mut hubspot = hubspot(Habits::FRIENDLY, store());
    let outcome = run(&mut hubspot, &records, with_stage("customer")).unwrap();
    assert_eq!((outcome.accepted(), hubspot.reads, hubspot.upserts), (6, 1, 1));
    for (address, stage) in [
        ("cleo@x.com", "lead"),
        ("new1@x.com", "customer"),
        ("new2@x.com", "subscriber"),
        ("new3@x.com", "customer"),
        ("new4@x.com", "customer"),
        ("anna@x.com", "lead"),
    ] {
        assert_eq!(hubspot.store.value(address, LIFECYCLE_STAGE), Some(stage), "{address}");
    }
}

#[test]
fn the_first_record_of_an_unfolded_input_that_is_written_gets_the_stage() {
    let records: [(&str, Properties<'_>); 3] = [
        ("new@x.com", &[("notes", "bad")]),
        ("new@x.com", &[("phone", "1"), ("notes", "bad")]),
        ("new@x.com", &[("phone", "2")]),
    ];
    let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
    let rules = Rules { stage: Some(new_contact_stage("customer")), ..strict(true) };
    let outcome = run(&mut hubspot, &records, rules).unwrap();
    let invalid = Some(Code::InvalidValue);
    assert_eq!([1, 2, 3].map(|line| outcome.rejected(line)), [invalid, invalid, None]);
    assert_eq!(outcome.fate(3), &Fate::Created);
    assert_eq!(hubspot.store.value("new@x.com", LIFECYCLE_STAGE), Some("customer"));
    assert_eq!(hubspot.reads, 1);
}

#[test]
fn records_of_an_unfolded_input_are_not_looked_up_again_and_only_the_first_brings_the_stage() {
    let records: [(&str, Properties<'_>); 4] = [
        ("new@x.com", &[("phone", "1")]),
        ("new@x.com", &[("notes", "odd")]),
        ("new@x.com", &[("phone", "2")]),
        ("new@x.com", &[("phone", "3")]),
    ];
    let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
    let mut staged = Vec::new();
    let outcome = run_steps(delivery(&records, with_stage("customer")), |step| {
        if is_upsert(step) {
            let (_, properties) = inputs_of(step).pop_first().unwrap();
            if properties["notes"] == "odd" {
                return refusal(
                    400,
                    &json!({ "category": "VALIDATION_ERROR", "message": "no property named" }),
                );
            }
            staged.push(properties.get(LIFECYCLE_STAGE).is_some());
        }
        ask(&mut hubspot, step)
    })
    .unwrap();
    assert_eq!(outcome.accepted(), 3);
    assert_eq!((hubspot.reads, staged), (1, vec![true, false]));
    assert_eq!(hubspot.store.value("new@x.com", "phone"), Some("3"));
}

#[test]
fn a_stage_goes_out_once_though_the_row_brings_one_that_does_not_fit() {
    let records: [(&str, Properties<'_>); 1] =
        [("new@x.com", &[("phone", "1"), (LIFECYCLE_STAGE, "nonsense")])];
    let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
    run_steps(delivery(&records, with_stage("customer")), |step| {
        if let Step::Send(call) = step
            && is_upsert(step)
        {
            let body = String::from_utf8_lossy(&call.body);
            assert_eq!(body.matches(&format!("\"{LIFECYCLE_STAGE}\":")).count(), 1, "{body}");
        }
        ask(&mut hubspot, step)
    })
    .unwrap();
}

/// Refuses these stages by name, and else does as the model does.
fn refusing_stages(hubspot: &mut HubSpot, refused: &[&str], step: &Step) -> Reply<BatchAnswer> {
    if is_upsert(step) {
        let inputs = inputs_of(step);
        let is_refused =
            |properties: &Value| refused.iter().any(|stage| properties[LIFECYCLE_STAGE] == *stage);
        if inputs.values().any(is_refused) {
            let fault = json!({ "code": "INVALID_OPTION", "context": { "propertyName": [LIFECYCLE_STAGE] } });
            return refusal(400, &json!({ "category": "VALIDATION_ERROR", "errors": [fault] }));
        }
    }
    ask(hubspot, step)
}

#[test]
fn a_new_contact_whose_own_stage_is_refused_gets_the_configured_one() {
    let stage: Properties<'_> = &[("phone", "1"), (LIFECYCLE_STAGE, "opportunity")];
    for records in [
        vec![("new@x.com", stage)],
        vec![("new@x.com", stage), ("new@x.com", &[("phone", "2")]), ("new@x.com", stage)],
        vec![("a@x.com", &[("phone", "1")][..]), ("new@x.com", stage), ("cleo@x.com", stage)],
    ] {
        let mut hubspot = hubspot(Habits::FRIENDLY, store());
        let outcome = run_steps(delivery(&records, with_stage("customer")), |step| {
            refusing_stages(&mut hubspot, &["opportunity"], step)
        })
        .unwrap();
        assert_eq!(outcome.accepted(), records.len());
        assert_eq!(hubspot.store.value("new@x.com", LIFECYCLE_STAGE), Some("customer"));
        let known = records.iter().any(|(address, _)| *address == "cleo@x.com");
        assert!(!known || hubspot.store.value("cleo@x.com", LIFECYCLE_STAGE) == Some("lead"));
        let told = outcome.left_out().values().map(Vec::len).sum::<usize>();
        assert_eq!(told, records.iter().filter(|(_, properties)| properties.len() == 2).count());
    }
}

#[test]
fn a_contact_that_is_rejected_is_not_created_without_its_stage() {
    for rejected in [true, false] {
        let records: [(&str, Properties<'_>); 1] =
            [(if rejected { "bad@x.com" } else { "a@x.com" }, &[("phone", "1")])];
        let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
        let outcome = run_steps(delivery(&records, with_stage("customer")), |step| {
            refusing_stages(&mut hubspot, &["customer"], step)
        })
        .unwrap();
        assert_eq!(outcome.rejected(1).is_some(), rejected);
        assert_eq!(outcome.notes.on_create_refused.len(), usize::from(!rejected));
    }
}

#[test]
fn contacts_go_without_a_stage_that_hubspot_takes_from_nobody_and_are_told() {
    let records: [(&str, Properties<'_>); 2] =
        [("a@x.com", &[("phone", "1")]), ("cleo@x.com", &[("phone", "1")])];
    let mut hubspot = hubspot(Habits::FRIENDLY, store());
    let outcome = run_steps(delivery(&records, with_stage("customer")), |step| {
        let staged = |properties: &Value| properties.get(LIFECYCLE_STAGE).is_some();
        if is_upsert(step) && inputs_of(step).values().any(staged) {
            let fault =
                json!({ "code": "PROPERTY_DOESNT_EXIST", "context": { "propertyName": [LIFECYCLE_STAGE] } });
            return refusal(400, &json!({ "category": "VALIDATION_ERROR", "errors": [fault] }));
        }
        ask(&mut hubspot, step)
    })
    .unwrap();
    let refused: Vec<u64> = outcome.notes.on_create_refused.iter().map(|(_, ticket)| ticket.line).collect();
    assert_eq!((outcome.accepted(), refused), (2, vec![1]));
}

#[test]
fn a_configured_stage_that_is_refused_is_left_out() {
    let own: Properties<'_> = &[("phone", "1"), (LIFECYCLE_STAGE, "opportunity")];
    for rules in
        [with_stage("customer"), Rules { stage: Some(new_contact_stage("customer")), ..strict(true) }]
    {
        for refused in [&["customer"][..], &["customer", "opportunity"]] {
            let is_strict = rules.invalid_values == InvalidValues::RejectRecord;
            let records: [(&str, Properties<'_>); 3] =
                [("a@x.com", &[("phone", "1")]), ("a@x.com", &[("phone", "2")]), ("b@x.com", own)];
            let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
            let outcome = run_steps(delivery(&records, rules.clone()), |step| {
                refusing_stages(&mut hubspot, refused, step)
            })
            .unwrap();
            let rejected = (is_strict && refused.len() == 2).then_some(Code::InvalidValue);
            assert_eq!([1, 2, 3].map(|line| outcome.rejected(line)), [None, None, rejected]);
            let told: Vec<u64> = outcome.left_out().into_values().flatten().collect();
            assert!(told.iter().all(|line| *line == 3), "{told:?} brought no stage but line 3");
            assert_eq!(hubspot.store.value("a@x.com", "phone"), Some("2"));
            assert_eq!(hubspot.store.value("a@x.com", LIFECYCLE_STAGE), Some("lead"));
        }
    }
}
