//! What look-ups are asked and what they leave unsaid: which contacts exist, for stages and for records with nothing
//! but an address.

use serde_json::{Value, json};

use super::{
    Properties, addresses, all_updated, answered, ask, delivery, done, hubspot, hundred, is_look_up, is_read,
    run, run_steps, store, with_stage,
};
use crate::{
    crm::{object::ObjectType, property::LIFECYCLE_STAGE},
    error::FailureType,
    hubspot::{answer::BatchAnswer, batch_call::BatchCall, client::Reply, endpoint::Endpoint},
    mapping::reason::Code,
    report::fate::Fate,
    sync::{
        delivery::steps::Step,
        tests::model::{Collision, Habits, Rules, Store, refusal},
    },
};

/// A refusal of a request that names nothing.
type Answer = fn() -> Reply<BatchAnswer>;

fn refused_look_up() -> Reply<BatchAnswer> {
    refusal(400, &json!({ "category": "VALIDATION_ERROR", "correlationId": "c0ffee" }))
}

#[test]
fn where_a_stage_hangs_on_it_a_look_up_without_an_answer_ends_the_sync() {
    let records: [(&str, Properties<'_>); 3] =
        [("a@x.com", &[("phone", "1")]), ("b@x.com", &[]), ("b@x.com", &[])];
    // Three answers that say nothing, or both at once and then each alone.
    let answers: [(Answer, FailureType); 5] = [
        (|| Reply::Unreadable, FailureType::Transient),
        (|| Reply::Unreadable, FailureType::Transient),
        (|| answered(b"{}"), FailureType::Transient),
        (|| Reply::TooLarge, FailureType::System),
        (refused_look_up, FailureType::System),
    ];
    for many in [1, 3] {
        for (answer, failure_type) in answers {
            let mut reads = 0;
            let failure = run_steps(delivery(&records[..many], with_stage("customer")), |step| match step {
                Step::Send(call) if is_look_up(call) => {
                    reads += 1;
                    answer()
                }
                step => panic!("{step:?}"),
            })
            .unwrap_err();
            assert_eq!(failure.failure_type, failure_type);
            assert!(failure.message.starts_with("HubSpot did not say which contacts exist"), "{failure}");
            assert_eq!(reads, if many == 1 && failure_type == FailureType::System { 1 } else { 3 });
        }
    }
}

#[test]
fn where_no_stage_hangs_on_it_a_look_up_without_an_answer_costs_records_with_nothing_but_an_address() {
    let addresses: Vec<String> = (0..20).map(|number| format!("n{number}@x.com")).collect();
    let records: Vec<(&str, Properties<'_>)> = addresses
        .iter()
        .enumerate()
        .map(|(place, address)| (address.as_str(), if place == 0 { &[("phone", "1")][..] } else { &[] }))
        .collect();
    for answer in [refused_look_up as fn() -> Reply<BatchAnswer>, || answered(b"{}")] {
        let mut reads = 0;
        let outcome = run_steps(delivery(&records, Rules::default()), |step| match step {
            Step::Send(call) if is_look_up(call) => {
                reads += 1;
                answer()
            }
            step => all_updated(step),
        })
        .unwrap();
        assert_eq!((outcome.accepted(), outcome.rejected(2)), (1, Some(Code::NothingToWrite)));
        assert_eq!((outcome.notes.on_create_missed.len(), reads), (0, 3));
    }
}

#[test]
fn a_record_whose_only_value_is_refused_and_of_which_no_look_up_speaks_names_the_property() {
    let mut hubspot = hubspot(Habits::FRIENDLY, store());
    let records: [(&str, Properties<'_>); 2] =
        [("a@x.com", &[("phone", "bad")]), ("b@x.com", &[("phone", "1")])];
    let outcome = run_steps(delivery(&records, Rules::default()), |step| match step {
        Step::Send(call) if is_look_up(call) => answered(b"{}"),
        step => ask(&mut hubspot, step),
    })
    .unwrap();
    assert_eq!([1, 2].map(|line| outcome.rejected(line)), [Some(Code::InvalidValue), None]);
}

#[test]
fn look_ups_that_are_refused_whatever_they_ask_for_end_the_sync_soon() {
    let addresses = addresses();
    let records = hundred(0, &addresses, &[("phone", "1")]);
    let mut reads = 0;
    let failure = run_steps(delivery(&records, with_stage("customer")), |_| {
        reads += 1;
        refused_look_up()
    })
    .unwrap_err();
    assert_eq!((failure.failure_type, reads), (FailureType::System, 3));
    assert!(failure.message.contains("status 400 (VALIDATION_ERROR)"), "{failure}");
    assert!(failure.message.contains("c0ffee"), "{failure}");
}

/// The addresses of a look-up.
fn asked_for(body: &[u8]) -> Vec<String> {
    let request: Value = serde_json::from_slice(body).unwrap();
    request["inputs"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_address_that_cannot_be_looked_up_costs_the_others_no_stage() {
    let addresses = addresses();
    let records = hundred(0, &addresses, &[("phone", "1")]);
    for places in [vec![0], vec![50], vec![99], vec![17], vec![17, 18, 70], vec![0, 1, 2]] {
        for whole in [true, false] {
            let is_refused = |address: &String| places.iter().any(|&place| addresses[place] == *address);
            let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
            let outcome = run_steps(delivery(&records, with_stage("customer")), |step| match step {
                Step::Send(call) if is_look_up(call) && asked_for(&call.body).iter().any(is_refused) => {
                    hubspot.reads += 1;
                    if whole {
                        refused_look_up()
                    } else {
                        done(&json!({ "errors": [{ "category": "ODD" }] }))
                    }
                }
                step => ask(&mut hubspot, step),
            })
            .unwrap();
            let unstaged: Vec<usize> = (0..100)
                .filter(|&place| hubspot.store.value(&addresses[place], LIFECYCLE_STAGE) != Some("customer"))
                .collect();
            assert_eq!(unstaged, places);
            assert_eq!((outcome.accepted(), outcome.notes.on_create_missed.len()), (100, places.len()));
            assert!(hubspot.reads <= 17 * places.len(), "{places:?}: {} look-ups", hubspot.reads);
        }
    }
}

#[test]
fn an_address_that_look_ups_never_speak_of_is_not_created_without_its_stage() {
    let addresses = addresses();
    let records = hundred(0, &addresses, &[("phone", "1")]);
    let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
    let outcome = run_steps(delivery(&records, with_stage("customer")), |step| match step {
        Step::Send(BatchCall { body, endpoint: Endpoint::BatchRead(_), .. }) => {
            let missing: Vec<String> =
                asked_for(body).into_iter().filter(|address| *address != addresses[41]).collect();
            let errors = json!([{ "context": { "ids": missing } }]);
            done(&json!({ "errors": if missing.is_empty() { json!([]) } else { errors } }))
        }
        step => ask(&mut hubspot, step),
    })
    .unwrap();
    assert_eq!((outcome.accepted(), outcome.rejected(42)), (99, Some(Code::NotConfirmed)));
    assert!(hubspot.store.get(&addresses[41]).is_none());
}

#[test]
fn two_addresses_of_one_contact_that_a_look_up_answers_with_one_result_are_both_known() {
    let records: [(&str, Properties<'_>); 2] = [("anna@work.com", &[]), ("anna@old.com", &[])];
    let mut hubspot = hubspot(Habits { collision: Collision::OneResult, ..Habits::FRIENDLY }, store());
    let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
    assert_eq!([1, 2].map(|line| outcome.fate(line).clone()), [Fate::Unchanged, Fate::Unchanged]);
    assert_eq!((hubspot.reads, hubspot.upserts), (3, 0));
}

#[test]
fn a_look_up_that_says_nothing_is_made_again() {
    let records: [(&str, Properties<'_>); 3] =
        [("new@x.com", &[("phone", "1")]), ("new2@x.com", &[]), ("cleo@x.com", &[])];
    for spoilt in [&b""[..], b"{}", b"{\"results\":[{"] {
        let mut hubspot = hubspot(Habits::FRIENDLY, store());
        let mut first = true;
        let outcome = run_steps(delivery(&records, with_stage("customer")), |step| {
            if std::mem::take(&mut first) { answered(spoilt) } else { ask(&mut hubspot, step) }
        })
        .unwrap();
        assert_eq!(
            [1, 2, 3].map(|line| outcome.fate(line).clone()),
            [Fate::Created, Fate::Created, Fate::Unchanged]
        );
        assert_eq!(hubspot.store.value("new@x.com", LIFECYCLE_STAGE), Some("customer"));
        assert_eq!(outcome.notes.on_create_missed, []);
    }
}

#[test]
fn a_known_contact_with_nothing_to_write_is_left_alone_and_an_unknown_one_is_created() {
    let records: [(&str, Properties<'_>); 4] =
        [("cleo@x.com", &[]), ("anna@work.com", &[]), ("anna@x.com", &[]), ("new@x.com", &[])];
    let mut hubspot = hubspot(Habits::FRIENDLY, store());
    let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
    assert_eq!(
        [1, 2, 3, 4].map(|line| outcome.fate(line).clone()),
        [Fate::Unchanged, Fate::Unchanged, Fate::Unchanged, Fate::Created]
    );
    assert_eq!((hubspot.reads, hubspot.sizes.clone()), (1, vec![1]));
}

#[test]
fn without_permission_to_look_up_a_record_with_nothing_but_an_address_is_rejected() {
    let records: [(&str, Properties<'_>); 2] = [("a@x.com", &[]), ("b@x.com", &[("phone", "1")])];
    let mut delivery = delivery(&records, Rules::default());
    assert!(delivery.may_go_without(Endpoint::BatchRead(ObjectType::CONTACTS)));
    assert!(is_read(&delivery.next_step()));
    delivery.look_up_denied();
    let outcome = run_steps(delivery, all_updated).unwrap();
    assert_eq!([1, 2].map(|line| outcome.rejected(line)), [Some(Code::NothingToWrite), None]);
}

#[test]
fn a_record_whose_every_value_is_refused_still_is_its_contact() {
    for (address, fate) in [("cleo@x.com", Fate::Unchanged), ("new@x.com", Fate::Created)] {
        let mut hubspot = hubspot(Habits::FRIENDLY, store());
        let outcome =
            run(&mut hubspot, &[(address, &[("phone", "bad"), ("gone", "1")])], Rules::default()).unwrap();
        assert_eq!(outcome.fate(1), &fate);
    }
}

#[test]
fn look_ups_that_are_answered_without_a_word_of_any_record_are_recognised_in_a_few_requests() {
    let addresses = addresses();
    for body in [
        &b"{\"results\":[],\"errors\":[{\"category\":\"X\"}]}"[..],
        b"{\"results\":[{}],\"errors\":[{\"category\":\"X\"}]}",
    ] {
        for staged in [true, false] {
            let mut reads = 0;
            let properties: Properties<'_> = if staged { &[("phone", "1")] } else { &[] };
            let records: Vec<(&str, Properties<'_>)> =
                addresses.iter().map(|address| (address.as_str(), properties)).collect();
            let rules = if staged { with_stage("customer") } else { Rules::default() };
            let ended = run_steps(delivery(&records, rules), |step| match step {
                Step::Send(call) if is_look_up(call) => {
                    reads += 1;
                    answered(body)
                }
                step => all_updated(step),
            });
            assert_eq!(reads, 3);
            match ended {
                Err(failure) => assert!(staged && failure.failure_type == FailureType::System, "{failure}"),
                Ok(outcome) => assert!(!staged && outcome.accepted() == 0),
            }
        }
    }
}

#[test]
fn as_many_results_without_a_key_as_inputs_are_those_inputs() {
    let records: [(&str, Properties<'_>); 2] = [("a@x.com", &[]), ("b@x.com", &[])];
    let answers =
        [("{\"results\":[{\"id\":\"1\"},{\"id\":\"2\"}]}", 2), ("{\"results\":[{\"id\":\"1\"}]}", 0)];
    for (body, unchanged) in answers {
        let outcome = run_steps(delivery(&records, Rules::default()), |step| match step {
            Step::Send(call) if is_look_up(call) => answered(body.as_bytes()),
            step => all_updated(step),
        })
        .unwrap();
        let count = outcome.fates.values().filter(|fate| **fate == Fate::Unchanged).count();
        assert!(count >= unchanged, "{body}: {count}");
    }
}
