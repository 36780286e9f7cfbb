//! Refusals of a whole batch: by a property, by an address, by halves, by size.

use hubspot_sandbox::{BodyKind, Fault, Language, StatusAnswer, What};
use serde_json::{Value, json};

use super::{email, paths, write_people};
use crate::{
    model::{always, faulty_sandbox, once, reasons, roomy_sandbox, stored, sums_of_success},
    support::{Connector, people, record, state, upserts},
};

#[test]
fn a_refusal_that_names_the_property_takes_out_just_its_holders() {
    let bad = record(json!({ "email": "ada@example.com", "firstname": "Ada", "lastname": "https://x" }));
    let input = people(0..50) + &bad + &people(50..99) + &state(1);

    let sandbox = roomy_sandbox(|settings| settings.partial_success = false);
    let outcome = Connector::new(&sandbox).write(&input);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [100, 0, 0, 0]);
    assert_eq!(stored(&sandbox, "ada@example.com", "lastname"), None);
    assert_eq!(stored(&sandbox, "ada@example.com", "firstname").as_deref(), Some("Ada"));
    assert!(upserts(&sandbox) <= 4, "{}", upserts(&sandbox));

    let sandbox = roomy_sandbox(|settings| settings.partial_success = false);
    let outcome = Connector::new(&sandbox).set("invalid_values", "reject_record").write(&input);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [99, 0, 0, 1]);
    assert_eq!(reasons(&outcome), "invalid_value(lastname): 1");
    assert!(upserts(&sandbox) <= 3, "{}", upserts(&sandbox));
}

#[test]
fn a_refusal_that_names_the_address_takes_out_just_that_record() {
    let bad = record(json!({ "email": "ada@example.invalid", "firstname": "Ada" }));
    let by_id = json!({ "status": "error", "category": "VALIDATION_ERROR", "message": "x", "context": { "ids": [email(7)] } });
    for (sandbox, rejected, all) in [
        (roomy_sandbox(|settings| settings.partial_success = false), 1, 100),
        (once(What::Json { status: 400, body: by_id }), 0, 99),
    ] {
        let extra = if rejected == 1 { bad.as_str() } else { "" };
        let outcome = Connector::new(&sandbox).write(&(people(0..99) + extra + &state(1)));
        let sums = sums_of_success(&outcome, &sandbox);
        assert_eq!((sums.read, sums.created, sums.rejected), (all, 99, rejected));
        assert!(upserts(&sandbox) <= 3, "{}", upserts(&sandbox));
    }
}

#[test]
fn one_bad_record_in_a_hundred_is_found_by_halving() {
    // Seven halvings, two requests each, the whole batch, and what it takes to tell the request itself from its records.
    const MOST: usize = 18;
    let unknown = What::Category { category: "SOMETHING_NEW".to_owned(), whole_batch: true };
    let nothing = What::Category { category: "VALIDATION_ERROR".to_owned(), whole_batch: true };
    let conflict = What::Conflict { existing_id: false, whole_batch: true };
    let exists = What::AlreadyExists { whole_batch: true };
    for (what, reason) in [
        (unknown, "refused_by_hubspot: 1"),
        (nothing, "refused_by_hubspot: 1"),
        (conflict, "conflict: 1"),
        (exists, "conflict: 1"),
    ] {
        for bad in [0, 37, 50, 99] {
            let sandbox = faulty_sandbox(Fault::new(what.clone()).email(email(bad)));
            let outcome = write_people(&sandbox, 100);
            assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [99, 0, 0, 1]);
            assert_eq!(reasons(&outcome), reason);
            assert!(sandbox.contact(&email(bad)).is_none());
            assert!(upserts(&sandbox) <= MOST, "{what:?} for record {bad}: {}", upserts(&sandbox));
        }
    }
}

#[test]
fn a_whole_batch_conflict_that_passes_rejects_nobody() {
    for status in [400, 409] {
        let what = StatusAnswer { category: Some("CONFLICT".to_owned()), ..StatusAnswer::new(status) };
        let sandbox = once(what);
        let outcome = write_people(&sandbox, 100);
        assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [100, 0, 0, 0]);
        assert!(upserts(&sandbox) <= 4, "{}", upserts(&sandbox));
    }
}

#[test]
fn a_batch_written_although_it_was_refused_counts_once() {
    let sandbox = faulty_sandbox(Fault::new(What::status(409)).after_write().times(1));
    let outcome = write_people(&sandbox, 100);
    let sums = sums_of_success(&outcome, &sandbox);
    assert_eq!((sums.written(), sums.rejected), (100, 0));
    assert_eq!(sandbox.contacts().len(), 100);
}

#[test]
fn many_bad_records_without_partial_success_leave_the_good_ones_written() {
    let sandbox = roomy_sandbox(|settings| settings.partial_success = false);
    let mut input = String::new();
    for number in 0..100 {
        let domain = if number % 9 == 0 { "example.invalid" } else { "example.com" };
        input += &record(json!({ "email": format!("p{number}@{domain}"), "firstname": "Ada" }));
    }
    let outcome = Connector::new(&sandbox).write(&(input + &state(1)));
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [88, 0, 0, 12]);
    assert_eq!(reasons(&outcome), "invalid_email: 12");
    assert_eq!(sandbox.contacts().len(), 88);
    // Halving alone would take about a hundred.
    assert!(upserts(&sandbox) <= 100, "{}", upserts(&sandbox));
}

#[test]
fn a_request_that_is_wrong_whatever_it_holds_ends_the_sync_within_few_requests() {
    for body in [BodyKind::Json, BodyKind::Html, BodyKind::Empty] {
        let sandbox = always(StatusAnswer { body, ..StatusAnswer::new(400) });
        let outcome = write_people(&sandbox, 100);
        let message = outcome.assert_failure("system_error");
        assert!(message.contains("status 400"), "{message}");
        assert_eq!(outcome.states(), [] as [Value; 0]);
        assert!(upserts(&sandbox) <= 3, "{}", upserts(&sandbox));
    }
}

#[test]
fn a_request_that_is_wrong_whatever_it_holds_rejects_nobody_in_a_small_sync() {
    for count in [1, 3] {
        let sandbox = always(StatusAnswer::new(400));
        let outcome = write_people(&sandbox, count);
        let message = outcome.assert_failure("system_error");
        assert!(message.contains("the request itself may be at fault"), "{message}");
        assert_eq!(outcome.states(), [] as [Value; 0]);
    }
}

#[test]
fn records_that_are_only_taken_one_by_one_are_written_one_by_one() {
    let sandbox = faulty_sandbox(Fault::new(What::status(400)).min_inputs(2));
    let outcome = write_people(&sandbox, 16);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [16, 0, 0, 0]);
    assert!(upserts(&sandbox) <= 2 * 16, "{}", upserts(&sandbox));
}

#[test]
fn localised_messages_change_nothing() {
    let input = people(0..60)
        + &record(json!({ "email": "ada@example.invalid", "firstname": "Ada" }))
        + &record(
            json!({ "email": "bob@example.com", "firstname": "Bob", "lastname": "https://x", "company": "B" }),
        )
        + &record(json!({ "email": "eve@example.com", "lastname": "ftp://x" }))
        + &state(1);
    for partial in [true, false] {
        let run = |language: Language| {
            let sandbox = roomy_sandbox(|settings| {
                settings.partial_success = partial;
                settings.language = language;
                settings.shuffle_results = false;
                settings.missing_properties = vec![];
                settings.faults = vec![
                    Fault::new(What::MissingProperties { names: vec!["company".to_owned()] })
                        .path(paths::UPSERT),
                ];
            });
            let outcome = Connector::new(&sandbox).write(&input);
            let sums = sums_of_success(&outcome, &sandbox);
            let contacts: Vec<_> = sandbox
                .contacts()
                .iter()
                .map(|contact| (contact.email.clone(), contact.own_properties()))
                .collect();
            let left_out: Vec<String> = outcome
                .logs("left out")
                .iter()
                .map(|line| line.split(" correlation_id").next().unwrap().to_owned())
                .collect();
            (sums, reasons(&outcome), left_out, contacts)
        };
        let english = run(Language::English);
        assert_eq!(english.0.fates(), [62, 0, 0, 1]);
        assert_eq!(english.1, "invalid_email: 1");
        assert_eq!(run(Language::Portuguese), english);
    }
}

#[test]
fn a_request_that_is_too_large_is_halved_until_it_fits() {
    let sandbox = roomy_sandbox(|settings| settings.max_body_bytes = Some(40_000));
    let value = "x".repeat(1_000);
    let mut input: String =
        (0..100).map(|number| record(json!({ "email": email(number), "message": value }))).collect();
    // One that cannot be made any smaller.
    input += &record(json!({ "email": "ada@example.com", "message": "y".repeat(50_000) }));
    let outcome = Connector::new(&sandbox).write(&(input + &state(1)));
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [100, 0, 0, 1]);
    assert_eq!(reasons(&outcome), "too_large: 1");
    assert_eq!(sandbox.contacts().len(), 100);
    let mut sizes: Vec<usize> = sandbox
        .requests_to(paths::UPSERT)
        .iter()
        .map(|request| request.body.as_ref().map_or(0, bytes::Bytes::len))
        .collect();
    sizes.sort_unstable();
    assert!(sizes.len() <= 9, "{sizes:?}");
}
