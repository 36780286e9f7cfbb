//! A 2xx that says nothing of some records, or of all.

use hubspot_sandbox::{Fault, What};
use serde_json::{Value, json};

use super::{assert_fatal, assert_survived, email, write_people};
use crate::{
    model::{always, faulty_sandbox, once, reasons, sums_of_success},
    support::{Connector, people, state, upserts},
};

#[test]
fn an_empty_or_unreadable_success_is_asked_for_again() {
    for what in
        [What::EmptyResults, What::EmptyBody, What::NotJson, What::Json { status: 202, body: json!([1]) }]
    {
        assert_survived(&once(what), 2);
    }
}

#[test]
fn a_batch_that_is_never_accounted_for_ends_the_sync_after_three_requests() {
    for what in [What::EmptyResults, What::EmptyBody, What::NotJson] {
        let message = assert_fatal(&always(what), "transient_error", 3);
        assert!(message.contains("three times"), "{message}");
    }
}

#[test]
fn a_success_that_stays_empty_although_it_wrote_is_no_success() {
    let sandbox = faulty_sandbox(Fault::new(What::EmptyResults).after_write());
    assert_fatal(&sandbox, "transient_error", 3);
    assert_eq!(sandbox.contacts().len(), 3);
}

#[test]
fn a_single_record_that_is_never_accounted_for_is_rejected_after_three_requests() {
    let sandbox = faulty_sandbox(Fault::new(What::EmptyResults).skip(1));
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&(people(0..2) + &state(1)));
    running.wait_for_state(1);
    running.send(&(people(7..8) + &state(2)));
    let outcome = running.finish();
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [2, 0, 0, 1]);
    assert_eq!(reasons(&outcome), "not_confirmed: 1");
    assert_eq!(outcome.counts(), [(2.0, 0.0), (0.0, 1.0)]);
    assert_eq!(upserts(&sandbox), 4);
}

#[test]
fn a_page_instead_of_an_answer_is_no_rejection_of_a_single_record() {
    for what in [What::EmptyResults, What::NotJson] {
        let sandbox = always(what);
        let outcome = write_people(&sandbox, 1);
        let message = outcome.assert_failure("transient_error");
        assert!(message.contains("never said what became of 1 of them"), "{message}");
        assert_eq!(outcome.states(), [] as [Value; 0]);
    }
}

#[test]
fn every_2xx_with_results_is_a_success() {
    for status in [200, 201, 202, 207] {
        let results: Vec<Value> =
            (0..3).map(|number| json!({ "new": true, "properties": { "email": email(number) } })).collect();
        let sandbox = once(What::Json { status, body: json!({ "results": results }) });
        let outcome = write_people(&sandbox, 3);
        assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [3, 0, 0, 0]);
        assert_eq!(upserts(&sandbox), 1);
    }
}
