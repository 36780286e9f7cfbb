//! A 2xx with errors: which records it rejects, and which are asked about again.

use hubspot_sandbox::{ConditionalProperty, Fault, Seed, Settings, What};
use serde_json::json;

use super::{email, paths, write_people};
use crate::{
    model::{faulty_sandbox, reasons, roomy_sandbox, stored, sums_of_success},
    support::{Connector, people, record, state, upserts},
};

#[test]
fn one_bad_record_in_a_batch_is_rejected_and_the_others_are_written() {
    for grouped in [false, true] {
        let sandbox = roomy_sandbox(|settings| settings.group_errors = grouped);
        let bad = record(json!({ "email": "ada@example.invalid", "firstname": "Ada" }));
        let outcome = Connector::new(&sandbox).write(&(people(0..4) + &bad + &state(1)));
        assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 0, 0, 1]);
        assert_eq!(reasons(&outcome), "invalid_email: 1");
        assert_eq!(outcome.counts(), [(4.0, 1.0)]);
        assert_eq!(sandbox.contacts().len(), 4);
        assert_eq!(upserts(&sandbox), 1);
    }
}

#[test]
fn an_error_that_names_several_trace_ids_rejects_each_of_them() {
    let sandbox = roomy_sandbox(|settings| settings.group_errors = true);
    let bad: String =
        (90..93).map(|number| record(json!({ "email": email(number), "lastname": "https://x" }))).collect();
    let connector = Connector::new(&sandbox).set("invalid_values", "reject_record");
    let outcome = connector.write(&(people(0..4) + &bad + &state(1)));
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 0, 0, 3]);
    assert_eq!(reasons(&outcome), "invalid_value(lastname): 3");
    assert_eq!(sandbox.contacts().len(), 4);
    assert_eq!(upserts(&sandbox), 1);
}

#[test]
fn a_refused_value_is_left_out_and_the_rest_of_the_record_is_written() {
    let sandbox = roomy_sandbox(|_| ());
    sandbox.seed_contact(Seed::new("ada@example.com").property("lastname", "Lovelace"));
    let bad = record(json!({ "email": "ada@example.com", "firstname": "Ada", "lastname": "https://x" }));
    let outcome = Connector::new(&sandbox).write(&(people(0..4) + &bad + &state(1)));
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 1, 0, 0]);
    assert_eq!(stored(&sandbox, "ada@example.com", "firstname").as_deref(), Some("Ada"));
    assert_eq!(stored(&sandbox, "ada@example.com", "lastname").as_deref(), Some("Lovelace"));
    assert_eq!(outcome.logs("values left out").len(), 1, "{:#?}", outcome.lines);
    assert!(outcome.logs("values left out")[0].contains("invalid_value(lastname)"));
    assert_eq!(upserts(&sandbox), 2);
}

#[test]
fn an_error_without_a_trace_id_is_traced_by_asking_again() {
    let lasting = Fault::new(What::ErrorWithoutTraceId).email(email(1));
    let sandbox = faulty_sandbox(lasting.clone());
    let outcome = write_people(&sandbox, 5);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 0, 0, 1]);
    assert_eq!(reasons(&outcome), "refused_by_hubspot: 1");
    assert!(sandbox.contact(&email(1)).is_none());
    assert_eq!(upserts(&sandbox), 2);

    let sandbox = faulty_sandbox(lasting.times(1));
    let outcome = write_people(&sandbox, 5);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [5, 0, 0, 0]);
    assert_eq!(upserts(&sandbox), 2);
}

#[test]
fn created_and_updated_are_told_apart_in_any_order_with_or_without_echoed_trace_ids() {
    for (echoed, shuffled) in [(false, false), (false, true), (true, false), (true, true)] {
        let sandbox = roomy_sandbox(|settings| {
            settings.echo_trace_ids = echoed;
            settings.shuffle_results = shuffled;
        });
        for number in 0..30 {
            sandbox.seed_contact(Seed::new(email(number)));
        }
        // Known by their second addresses only: HubSpot answers with the first ones.
        for number in 30..33 {
            sandbox.seed_contact(Seed::new(format!("first-{number}@example.com")).secondary(email(number)));
        }
        let outcome = write_people(&sandbox, 100);
        assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [67, 33, 0, 0]);
        assert_eq!(upserts(&sandbox), 1);
        assert_eq!(sandbox.contacts().len(), 100);
        for number in 0..100 {
            assert_eq!(stored(&sandbox, &email(number), "firstname"), Some(format!("Name {number}")));
        }
        assert_eq!(sandbox.contact(&email(30)).unwrap().email, "first-30@example.com");
    }
}

#[test]
fn a_conflict_that_passes_costs_one_request_and_one_that_lasts_the_record() {
    let conflict = What::Conflict { existing_id: false, whole_batch: false };
    let exists = What::AlreadyExists { whole_batch: false };
    let unknown = What::Category { category: "SOMETHING_NEW".to_owned(), whole_batch: false };
    for (what, reason) in [
        (What::conflict(), "conflict: 1"),
        (conflict, "conflict: 1"),
        (exists, "conflict: 1"),
        (unknown, "refused_by_hubspot: 1"),
    ] {
        let fault = Fault::new(what).email(email(2));
        let sandbox = faulty_sandbox(fault.clone().times(1));
        let outcome = write_people(&sandbox, 5);
        assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [5, 0, 0, 0]);
        assert_eq!(stored(&sandbox, &email(2), "firstname").as_deref(), Some("Name 2"));
        assert_eq!(upserts(&sandbox), 2);

        let sandbox = faulty_sandbox(fault);
        let outcome = write_people(&sandbox, 5);
        assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 0, 0, 1]);
        assert_eq!(reasons(&outcome), reason);
        assert_eq!(outcome.counts(), [(4.0, 1.0)]);
        assert!(sandbox.contact(&email(2)).is_none());
        assert_eq!(upserts(&sandbox), 2);
    }
}

#[test]
fn a_validation_error_without_a_property_is_final_at_once() {
    let what = What::Category { category: "VALIDATION_ERROR".to_owned(), whole_batch: false };
    let sandbox = faulty_sandbox(Fault::new(what).email(email(2)));
    let outcome = write_people(&sandbox, 5);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 0, 0, 1]);
    assert_eq!(reasons(&outcome), "refused_by_hubspot: 1");
    assert_eq!(upserts(&sandbox), 1);
}

#[test]
fn a_required_property_rejects_the_record_and_names_the_way_round() {
    let with_rules = |settings: &mut Settings| {
        settings.required_properties = vec!["customer_number".to_owned()];
        settings.conditional_properties = vec![ConditionalProperty {
            when: "hs_lead_status".to_owned(),
            is: "OPEN".to_owned(),
            require: "jobtitle".to_owned(),
        }];
    };
    let input = record(json!({ "email": "ada@example.com", "firstname": "Ada", "customer_number": "1" }))
        + &record(json!({ "email": "bob@example.com", "firstname": "Bob" }))
        + &record(json!({ "email": "eve@example.com", "customer_number": "3", "hs_lead_status": "OPEN" }))
        + &state(1);
    let sandbox = roomy_sandbox(with_rules);
    let outcome = Connector::new(&sandbox).write(&input);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [1, 0, 0, 2]);
    assert_eq!(
        reasons(&outcome),
        "missing_required_property(customer_number): 1, missing_required_property(jobtitle): 1"
    );
    let told = outcome.logs("rejected records");
    assert!(told.iter().all(|line| line.contains("api_version: v3")), "{told:#?}");
    assert_eq!(upserts(&sandbox), 1);

    let sandbox = roomy_sandbox(with_rules);
    let outcome = Connector::new(&sandbox).set("api_version", "v3").write(&input);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [3, 0, 0, 0]);
}

#[test]
fn an_input_that_an_answer_forgets_is_asked_about_again_three_times_in_all() {
    let fault = Fault::new(What::Unaccounted).email(email(3));
    let sandbox = faulty_sandbox(fault.clone().times(1));
    let outcome = write_people(&sandbox, 5);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [5, 0, 0, 0]);
    assert_eq!(upserts(&sandbox), 2);
    assert_eq!(sandbox.requests_to(paths::UPSERT)[1].keys, [email(3)]);

    let sandbox = faulty_sandbox(fault);
    let outcome = write_people(&sandbox, 5);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [4, 0, 0, 1]);
    assert_eq!(reasons(&outcome), "not_confirmed: 1");
    assert_eq!(outcome.counts(), [(4.0, 1.0)]);
    assert_eq!(upserts(&sandbox), 3);
}

#[test]
fn an_input_written_but_forgotten_counts_once() {
    let sandbox = faulty_sandbox(Fault::new(What::Unaccounted).email(email(3)).after_write().times(1));
    let outcome = write_people(&sandbox, 5);
    // Created or updated: the answer that knew is lost.
    assert_eq!(sums_of_success(&outcome, &sandbox).written(), 5);
    assert_eq!(sandbox.contacts().len(), 5);
    assert_eq!(upserts(&sandbox), 2);
}
