//! Several addresses of one contact: the last record that was read is the last that is written.

use serde_json::{Value, json};

use super::{
    super::model::{Collision, Habits, HubSpot, Rules, Store, refusal},
    Properties, ask, delivery, done, hubspot, inputs_of, run, run_steps, store, strict,
};
use crate::{
    crm::property::{EMAIL, LIFECYCLE_STAGE},
    hubspot::{answer::BatchAnswer, client::Reply},
    mapping::reason::Code,
    report::fate::Fate,
    sync::delivery::steps::Step,
};

fn permutations(length: usize) -> Vec<Vec<usize>> {
    if length == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(length - 1);
    let longer = |order: &Vec<usize>, place: usize| {
        let mut order = order.clone();
        order.insert(place, length - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..length).map(move |place| longer(order, place))).collect()
}

#[test]
fn addresses_of_one_contact_are_written_in_reading_order() {
    let all = ["anna@x.com", "anna@work.com", "anna@old.com"];
    for collision in [Collision::Refused, Collision::OneResult, Collision::BothResults] {
        for echoes_traces in [true, false] {
            for (order, used) in
                permutations(3).into_iter().flat_map(|order| [(order.clone(), 3), (order, 2)])
            {
                let addresses: Vec<&str> = order.iter().take(used).map(|&index| all[index]).collect();
                let values = [("phone", "1"), ("phone", "2"), ("phone", "3")];
                let mut records: Vec<(&str, Properties<'_>)> = addresses
                    .iter()
                    .zip(&values)
                    .map(|(address, value)| (*address, std::slice::from_ref(value)))
                    .collect();
                records.push(("cleo@x.com", &[("phone", "4")]));
                for seed in 0..6 {
                    let habits = Habits { collision, echoes_traces, ..Habits::FRIENDLY };
                    let mut hubspot = HubSpot::new(habits, store(), seed);
                    let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
                    assert_eq!(outcome.accepted(), used + 1, "{addresses:?}, {collision:?}");
                    let last = ["1", "2", "3"][used - 1];
                    let case = format!("{addresses:?}, {collision:?}, echoes: {echoes_traces}");
                    assert_eq!(hubspot.store.value("anna@x.com", "phone"), Some(last), "{case}");
                    assert!(hubspot.requests() <= 10, "{} requests, {case}", hubspot.requests());
                }
            }
        }
    }
}

#[test]
fn a_refusal_that_may_pass_does_not_change_the_order_in_which_records_are_written_again() {
    let records: [(&str, Properties<'_>); 3] = [
        ("anna@work.com", &[("phone", "1")]),
        ("anna@x.com", &[("phone", "2")]),
        ("anna@work.com", &[("phone", "3")]),
    ];
    for status in [207, 409] {
        let mut hubspot = hubspot(Habits { collision: Collision::BothResults, ..Habits::FRIENDLY }, store());
        let (mut of_primary, mut has_failed) = (0, false);
        let outcome = run_steps(delivery(&records, Rules::default()), |step| {
            let inputs = inputs_of(step);
            of_primary += usize::from(inputs.contains_key("anna@x.com"));
            if of_primary < 2 || !inputs.contains_key("anna@x.com") || std::mem::replace(&mut has_failed, true) {
                return ask(&mut hubspot, step);
            }
            assert_eq!(inputs.len(), 1, "written again alone");
            if status == 409 {
                return refusal(409, &json!({ "category": "CONFLICT" }));
            }
            done(&json!({ "errors": [{ "category": "INTERNAL_ERROR", "context": { "ids": ["anna@x.com"] } }] }))
        })
        .unwrap();
        assert!(has_failed, "{status}");
        assert_eq!(outcome.accepted(), 3);
        assert_eq!(hubspot.store.value("anna@x.com", "phone"), Some("3"), "{status}");
    }
}

#[test]
fn a_record_that_is_written_stays_so_though_it_is_refused_when_it_is_written_again() {
    let records: [(&str, Properties<'_>); 2] =
        [("b@x.com", &[("phone", "1")]), ("a@x.com", &[("phone", "2")])];
    let mut requests = 0;
    let outcome = run_steps(delivery(&records, Rules::default()), |step| {
        requests += 1;
        if requests > 1 {
            return refusal(400, &json!({ "category": "VALIDATION_ERROR" }));
        }
        all_are_one(step)
    })
    .unwrap();
    assert_eq!(
        (outcome.accepted(), outcome.notes.out_of_order.iter().map(|one| one.line).collect()),
        (2, vec![1, 2]),
        "{outcome:?}"
    );
}

#[test]
fn a_write_that_was_only_presumed_is_taken_back_if_hubspot_refuses_the_input_by_name() {
    // One result comes twice, and the other input was dropped: that looks like two addresses of one contact.
    let records: [(&str, Properties<'_>); 2] =
        [("a@x.com", &[("phone", "1")]), ("b@x.com", &[("phone", "bad"), ("notes", "1")])];
    for reject in [true, false] {
        let mut requests = 0;
        let outcome = run_steps(delivery(&records, strict(reject)), |step| {
            requests += 1;
            let inputs = inputs_of(step);
            let is_bad = inputs.get("b@x.com").is_some_and(|properties| properties["phone"] == "bad");
            match (requests, is_bad) {
                (1, _) => {
                    let result = json!({ "new": true, "properties": { "email": "a@x.com" } });
                    done(&json!({ "results": [result, result] }))
                }
                (_, true) => refusal(
                    400,
                    &json!({
                        "category": "VALIDATION_ERROR",
                        "errors": [{ "code": "INVALID_OPTION", "context": { "propertyName": ["phone"] } }],
                    }),
                ),
                (_, false) => {
                    let results: Vec<Value> = inputs
                        .keys()
                        .map(|address| json!({ "new": *address == "b@x.com", "properties": { "email": address } }))
                        .collect();
                    done(&json!({ "results": results }))
                }
            }
        })
        .unwrap();
        assert_eq!(outcome.fate(1), &Fate::Created);
        let known: Vec<&str> = outcome.written.iter().map(|(key, _)| key.as_str()).collect();
        if reject {
            assert_eq!(outcome.rejected(2), Some(Code::InvalidValue));
            assert!(!known.contains(&"b@x.com"), "{known:?}");
        } else {
            assert_eq!(outcome.fate(2), &Fate::Created);
            assert_eq!(outcome.left_out().values().collect::<Vec<_>>(), [&vec![2]]);
        }
        assert!(outcome.notes.out_of_order.is_empty());
    }
}

#[test]
fn a_value_that_hubspot_does_not_apply_counts_once_though_its_record_is_written_twice() {
    let records: [(&str, Properties<'_>); 2] =
        [("b@x.com", &[(LIFECYCLE_STAGE, "lead")]), ("a@x.com", &[("phone", "2")])];
    let outcome = run_steps(delivery(&records, Rules::default()), |step| {
        let kept = json!({ EMAIL: "a@x.com", LIFECYCLE_STAGE: "customer" });
        let results = vec![json!({ "new": false, "properties": kept }); inputs_of(step).len()];
        done(&json!({ "results": results }))
    })
    .unwrap();
    let not_applied: Vec<u64> = outcome.notes.not_applied.iter().map(|(_, ticket)| ticket.line).collect();
    assert_eq!((outcome.accepted(), not_applied), (2, vec![1]));
}

/// An answer that has written everything, and gives `a@x.com` as the address of each contact.
fn all_are_one(step: &Step) -> Reply<BatchAnswer> {
    let result = |_| json!({ "new": false, "properties": { "email": "a@x.com" } });
    let results: Vec<Value> = inputs_of(step).keys().map(result).collect();
    done(&json!({ "results": results }))
}

#[test]
fn records_that_must_be_written_again_are_not_settled_before_they_are() {
    let records: [(&str, Properties<'_>); 3] =
        [("b@x.com", &[("phone", "1")]), ("a@x.com", &[("phone", "2")]), ("a@x.com", &[("phone", "3")])];
    let mut delivery = delivery(&records, Rules::default());
    let first = delivery.next_step();
    delivery.answered(all_are_one(&first)).unwrap();
    // The sync may end here, since the next request finds no answer.
    assert_eq!(inputs_of(&delivery.next_step()).len(), 1);
    assert!(delivery.finish().fates.is_empty());
}

#[test]
fn records_that_follow_one_another_are_written_again_together() {
    let mut records: Vec<(&str, Properties<'_>)> = vec![("b@x.com", &[("phone", "1")]); 50];
    records.extend([("a@x.com", &[("phone", "2")][..]); 50]);
    let mut requests = 0;
    let outcome = run_steps(delivery(&records, Rules::default()), |step| {
        requests += 1;
        all_are_one(step)
    })
    .unwrap();
    assert_eq!((outcome.accepted(), requests), (100, 3));
}

#[test]
fn many_addresses_of_one_contact_are_all_confirmed() {
    let all = ["a@x.com", "b@x.com", "c@x.com", "d@x.com", "e@x.com"];
    for collision in [Collision::Refused, Collision::OneResult, Collision::BothResults] {
        for echoes_traces in [true, false] {
            let habits = Habits { collision, echoes_traces, ..Habits::FRIENDLY };
            let mut hubspot = hubspot(habits, Store::with(&[&all]));
            let records = all.map(|address| (address, &[("phone", "1")][..]));
            let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
            assert_eq!(outcome.accepted(), 5, "{collision:?}, echoes: {echoes_traces}");
        }
    }
}

#[test]
fn an_address_is_confirmed_although_another_one_of_its_contact_is_refused_again_and_again() {
    let records: [(&str, Properties<'_>); 2] = [
        ("anna@work.com", &[("phone", "1")]),
        ("anna@x.com", &[("a", "bad"), ("b", "bad"), ("c", "bad"), ("d", "1")]),
    ];
    let outcome = run_steps(delivery(&records, Rules::default()), |step| {
        let inputs = inputs_of(step);
        // The values are refused one after the other, and each result has the primary address.
        let refused =
            |properties: &Value| ["a", "b", "c"].into_iter().find(|name| properties.get(name).is_some());
        let errors: Vec<Value> = inputs
            .get("anna@x.com")
            .and_then(refused)
            .into_iter()
            .map(|name| {
                json!({
                    "category": "VALIDATION_ERROR",
                    "errors": [{ "code": "INVALID_OPTION", "context": { "propertyName": [name] } }],
                    "context": { "ids": ["anna@x.com"] },
                })
            })
            .collect();
        let written = inputs.len() - errors.len();
        let results = vec![json!({ "properties": { EMAIL: "anna@x.com" } }); written];
        done(&json!({ "results": results, "errors": errors }))
    })
    .unwrap();
    assert_eq!(outcome.accepted(), 2);
}

#[test]
fn secondary_addresses_of_different_contacts_cost_nothing_more() {
    let records: [(&str, Properties<'_>); 3] = [
        ("anna@work.com", &[("phone", "1")]),
        ("ben@work.com", &[("phone", "2")]),
        ("cleo@x.com", &[("phone", "3")]),
    ];
    for echoes_traces in [true, false] {
        let mut hubspot = hubspot(Habits { echoes_traces, ..Habits::FRIENDLY }, store());
        let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
        assert_eq!((outcome.accepted(), hubspot.requests()), (3, 1));
    }
}

#[test]
fn answers_that_tell_no_addresses_apart_do_not_mix_contacts_up() {
    let records: [(&str, Properties<'_>); 4] = [
        ("anna@work.com", &[("phone", "1")]),
        ("ben@work.com", &[("phone", "2")]),
        ("ben@x.com", &[("phone", "3")]),
        ("anna@x.com", &[("phone", "4")]),
    ];
    for collision in [Collision::OneResult, Collision::BothResults] {
        for most_inputs in [2, 100] {
            let mut hubspot = hubspot(Habits { collision, most_inputs, ..Habits::FRIENDLY }, store());
            let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
            assert_eq!(outcome.accepted(), 4);
            let phones = ["ben@x.com", "anna@x.com"].map(|address| hubspot.store.value(address, "phone"));
            assert_eq!(phones, [Some("3"), Some("4")], "{collision:?}, {most_inputs}");
        }
    }
}

#[test]
fn a_value_left_out_is_noted_once_though_its_record_is_written_twice() {
    let records: [(&str, Properties<'_>); 2] =
        [("anna@work.com", &[("phone", "bad"), ("notes", "1")]), ("anna@x.com", &[("notes", "2")])];
    for seed in 0..8 {
        let habits = Habits { collision: Collision::OneResult, ..Habits::FRIENDLY };
        let mut hubspot = HubSpot::new(habits, store(), seed);
        let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
        assert_eq!(outcome.left_out().values().collect::<Vec<_>>(), [&vec![1]]);
        assert_eq!(hubspot.store.value("anna@x.com", "notes"), Some("2"));
    }
}
