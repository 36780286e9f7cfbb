//! What each answer of HubSpot means: for the contacts, for the fates of the records, for the states, for the requests
//! that it costs, and for the end of the sync. Here: what these tests share.

mod empty;
mod limits;
mod lost;
mod partial;
mod properties;
mod statuses;
mod tokens;
mod two_addresses;
mod whole_batch;

use hubspot_sandbox::Sandbox;
use serde_json::Value;

use crate::{
    model::sums_of_success,
    paths,
    support::{Connector, Outcome, email_of, people, state, upserts},
};

/// The address of one of [`people`].
fn email(number: u32) -> String {
    email_of("users", number)
}

/// Writes so many people, with a state behind them.
fn write_people(sandbox: &Sandbox, count: u32) -> Outcome {
    Connector::new(sandbox).write(&(people(0..count) + &state(1)))
}

/// Asserts that a fault cost nothing but requests: all of three people are written.
#[track_caller]
fn assert_survived(sandbox: &Sandbox, upserts_needed: usize) -> Outcome {
    let outcome = write_people(sandbox, 3);
    let sums = sums_of_success(&outcome, sandbox);
    assert_eq!((sums.written(), sums.rejected), (3, 0), "{sums:?}");
    assert_eq!(sandbox.contacts().len(), 3);
    assert_eq!(outcome.counts(), [(3.0, 0.0)]);
    assert_eq!(upserts(sandbox), upserts_needed);
    outcome
}

/// Asserts that three people cannot be written, and that their state is kept back. Gives the message.
#[track_caller]
fn assert_fatal(sandbox: &Sandbox, failure_type: &str, upserts_spent: usize) -> String {
    let outcome = write_people(sandbox, 3);
    let message = outcome.assert_failure(failure_type);
    assert_eq!(outcome.states(), [] as [Value; 0]);
    assert_eq!(upserts(sandbox), upserts_spent, "{:#?}", outcome.lines);
    message
}

/// Milliseconds between the arrival of one upsert and of the next.
fn gap_ms(sandbox: &Sandbox) -> u64 {
    let requests = sandbox.requests_to(paths::UPSERT);
    requests[1].at_ms - requests[0].at_ms
}
