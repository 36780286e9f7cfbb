//! Properties that HubSpot does not take, or demands: what is learned of them, and which record pays.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    super::model::{Habits, Rules, Store, refusal},
    Properties, addresses, all_or_nothing, all_updated, delivery, done, hubspot, inputs_of, is_read, run,
    run_steps, strict, with_stage,
};
use crate::{
    crm::property::LIFECYCLE_STAGE,
    mapping::reason::{Code, Reason},
    report::fate::Fate,
};

#[test]
fn an_unusable_property_is_learned_once_for_all_inputs_that_have_it() {
    let addresses = addresses();
    let gone: Properties<'_> = &[("gone", "1"), ("frozen", "1"), ("phone", "1")];
    let records: Vec<(&str, Properties<'_>)> =
        addresses.iter().map(|address| (address.as_str(), gone)).collect();
    for habits in [Habits::FRIENDLY, all_or_nothing()] {
        let mut hubspot = hubspot(habits, Store::default());
        let outcome = run(&mut hubspot, &records, strict(true)).unwrap();
        assert_eq!(outcome.accepted(), 100);
        let unusable: BTreeMap<&str, Code> =
            outcome.notes.unusable.iter().map(|(name, code)| (&**name, *code)).collect();
        assert_eq!(
            unusable,
            BTreeMap::from([("gone", Code::UnknownProperty), ("frozen", Code::ReadOnlyProperty)])
        );
        assert_eq!(hubspot.requests(), 2);
        let left_out: BTreeMap<Reason, usize> =
            outcome.left_out().into_iter().map(|(reason, lines)| (reason, lines.len())).collect();
        let reason = |code, name: &str| Reason::of_property(code, &name.into());
        assert_eq!(
            left_out,
            BTreeMap::from([
                (reason(Code::UnknownProperty, "gone"), 100),
                (reason(Code::ReadOnlyProperty, "frozen"), 100)
            ])
        );
    }
}

#[test]
fn a_portal_that_does_not_let_the_stage_be_set_gets_contacts_without_it() {
    for whole in [true, false] {
        let records: [(&str, Properties<'_>); 2] =
            [("a@x.com", &[("phone", "1")]), ("b@x.com", &[("phone", "2")])];
        let mut requests = 0;
        let outcome = run_steps(delivery(&records, with_stage("customer")), |step| {
            requests += 1;
            assert!(requests < 10, "asked for ever");
            if is_read(step) {
                return done(&json!({ "errors": [{ "context": { "ids": ["a@x.com", "b@x.com"] } }] }));
            }
            let staged = |properties: &Value| properties.get(LIFECYCLE_STAGE).is_some();
            let fault =
                json!({ "code": "READ_ONLY_VALUE", "context": { "propertyName": [LIFECYCLE_STAGE] } });
            let mut error = json!({ "category": "VALIDATION_ERROR", "errors": [fault] });
            match inputs_of(step).values().filter(|properties| staged(properties)).count() {
                0 => all_updated(step),
                _ if whole => refusal(400, &error),
                _ => {
                    error["context"] = json!({ "objectWriteTraceId": ["0", "1"] });
                    done(&json!({ "errors": [error] }))
                }
            }
        })
        .unwrap();
        assert_eq!(outcome.accepted(), 2);
        assert_eq!(outcome.notes.unusable, [(LIFECYCLE_STAGE.into(), Code::ReadOnlyProperty)]);
        assert_eq!(outcome.notes.on_create_missed, []);
        if !whole {
            assert_eq!(outcome.notes.on_create_refused, [], "these were updated");
        }
    }
}

#[test]
fn a_bad_address_in_another_property_is_a_bad_value() {
    let records: [(&str, Properties<'_>); 1] = [("a@x.com", &[("work_email", "nonsense"), ("phone", "1")])];
    let outcome = run_steps(delivery(&records, Rules::default()), |step| {
        match inputs_of(step)["a@x.com"].get("work_email") {
            Some(_) => refusal(
                400,
                &json!({
                    "category": "VALIDATION_ERROR",
                    "errors": [{ "code": "INVALID_EMAIL", "context": { "propertyName": ["work_email"] } }],
                }),
            ),
            None => all_updated(step),
        }
    })
    .unwrap();
    assert_eq!(outcome.fate(1), &Fate::Updated);
    assert_eq!(outcome.left_out().len(), 1);
}

#[test]
fn a_required_property_rejects_the_record_and_is_named() {
    let records: [(&str, Properties<'_>); 2] =
        [("picky@x.com", &[("phone", "1")]), ("picky2@x.com", &[("favourite", "1")])];
    for habits in [Habits::FRIENDLY, all_or_nothing()] {
        let outcome = run(&mut hubspot(habits, Store::default()), &records, Rules::default()).unwrap();
        let Fate::Rejected(rejection) = outcome.fate(1) else { panic!("{outcome:?}") };
        assert_eq!(rejection.reason.to_string(), "missing_required_property(favourite)");
        assert_eq!(rejection.correlation_id.as_deref(), Some("c0ffee"));
        assert_eq!(outcome.fate(2), &Fate::Created);
    }
}
