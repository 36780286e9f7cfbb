//! What an operator reads while a sync takes longer than it should: each retry, pause and split is a line.

use hubspot_sandbox::{Fault, RetryAfter, Sandbox, What};
use serde_json::{Value, json};

use super::{
    model::{faulty_sandbox, once, roomy_sandbox},
    paths,
    support::{Connector, Outcome, email_of, people, record, state},
};

fn write_people(sandbox: &Sandbox) -> Outcome {
    let outcome = Connector::new(sandbox).write(&(people(0..8) + &state(1)));
    outcome.assert_success();
    outcome
}

/// Asserts that there is one line of this level with each of these parts.
#[track_caller]
fn assert_told(outcome: &Outcome, level: &str, parts: &[&str]) {
    let is_it = |line: &&String| {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = line["log"]["message"].as_str().unwrap_or_default();
        line["log"]["level"] == level && parts.iter().all(|part| text.contains(part))
    };
    let told = outcome.lines.iter().filter(is_it).count();
    assert_eq!(told, 1, "{level} {parts:?}: {:#?}", outcome.lines);
}

#[test]
fn a_retry_and_a_pause_are_warnings_with_the_attempt_the_status_and_the_wait() {
    let outcome = write_people(&once(What::status(503)));
    assert_told(
        &outcome,
        "WARN",
        &["will ask again", "call=\"write contacts\"", "attempt=1", "status=503", "seconds="],
    );
    assert!(outcome.summary().contains("retries=1"), "{}", outcome.summary());

    let pause = What::RateLimited { policy: None, retry_after: Some(RetryAfter::Seconds(7)) };
    let outcome = write_people(&once(pause));
    assert_told(&outcome, "WARN", &["will ask again", "attempt=1", "status=429", "seconds=7"]);
    assert!(!outcome.summary().contains("seconds_waiting_on_limits=0.0 "), "{}", outcome.summary());

    let outcome = write_people(&once(What::LoseAnswer));
    assert_told(&outcome, "WARN", &["will ask again", "reason=\"the connection broke"]);
}

#[test]
fn a_batch_that_is_taken_apart_is_a_line_with_its_size() {
    let outcome = write_people(&once(What::status(413)));
    assert_told(&outcome, "INFO", &["batch too large: sending it in parts", "inputs=8"]);

    let sinks = What::Conflict { existing_id: false, whole_batch: true };
    let outcome = write_people(&faulty_sandbox(Fault::new(sinks).email(email_of("users", 3)).times(1)));
    assert_told(
        &outcome,
        "INFO",
        &["batch refused as a whole", "status=409", "category=CONFLICT", "inputs=8"],
    );

    let outcome =
        write_people(&faulty_sandbox(Fault::new(What::Unaccounted).email(email_of("users", 3)).times(1)));
    assert_told(&outcome, "INFO", &["inputs that the answer does not settle: asking again", "inputs=8"]);
}

#[test]
fn records_of_one_contact_that_are_refused_together_are_a_line() {
    let sandbox = roomy_sandbox(|settings| {
        let fault =
            Fault::new(What::Category { category: "VALIDATION_ERROR".to_owned(), whole_batch: false });
        settings.faults = vec![fault.path(paths::UPSERT).email("ada@example.com").times(1)];
    });
    let input: String =
        (0..4).map(|number| record(json!({ "email": "ada@example.com", "zip": number }))).collect();
    let outcome = Connector::new(&sandbox).write(&(input + &state(1)));
    outcome.assert_success();
    assert_told(&outcome, "INFO", &["several records of one contact refused together"]);
}
