//! No answer, or half of one, or one that is too long.

use hubspot_sandbox::{Fault, Sandbox, Settings, What};
use serde_json::json;

use super::{assert_survived, email, paths, write_people};
use crate::{
    model::{faulty_sandbox, once, reasons, roomy_sandbox, stored, sums_of_success},
    support::{Connector, people, record, state},
};

#[test]
fn a_lost_cut_or_late_answer_is_asked_for_again_and_writes_nothing_twice() {
    let late = What::Delay { ms: 600_000, jitter_ms: 0, before_write: false };
    let stuck = What::SlowBody { chunks: 3, pause_ms: 600_000 };
    for what in [What::CloseUnread, What::LoseAnswer, What::CutBody, late, stuck] {
        let sandbox = once(what);
        let outcome = assert_survived(&sandbox, 2);
        assert_eq!(outcome.logs("will ask again").len(), 1, "{:#?}", outcome.lines);
        for number in 0..3 {
            assert_eq!(stored(&sandbox, &email(number), "firstname"), Some(format!("Name {number}")));
        }
    }
}

#[test]
fn an_answer_that_drips_is_read_to_its_end() {
    assert_survived(&once(What::SlowBody { chunks: 8, pause_ms: 5 }), 1);
}

#[test]
fn an_oversized_answer_is_asked_for_in_halves() {
    let sandbox = once(What::Oversized { bytes: 17 * 1024 * 1024 });
    let outcome = write_people(&sandbox, 100);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [100, 0, 0, 0]);
    let sizes: Vec<usize> =
        sandbox.requests_to(paths::UPSERT).iter().map(|request| request.input_count).collect();
    assert_eq!(sizes, [100, 50, 50]);
}

#[test]
fn an_oversized_answer_to_one_record_says_nothing_about_the_record() {
    let sandbox =
        faulty_sandbox(Fault::new(What::Oversized { bytes: 17 * 1024 * 1024 }).after_write().times(1));
    let outcome = write_people(&sandbox, 1);
    let sums = sums_of_success(&outcome, &sandbox);
    assert_eq!((sums.written(), sums.rejected), (1, 0), "{}", reasons(&outcome));
    assert_eq!(sandbox.contacts().len(), 1);
}

#[test]
fn an_answer_that_repeats_large_values_is_read_to_its_end() {
    let sandbox = once(What::Padded { bytes: 20 * 1024 * 1024 });
    let outcome = write_people(&sandbox, 100);
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [100, 0, 0, 0]);
    assert_eq!(sandbox.requests_to(paths::UPSERT).len(), 1);
}

#[test]
fn a_refusal_that_quotes_long_values_is_read_to_its_end() {
    let sandbox = roomy_sandbox(|_| ());
    let long = "x".repeat(9_000);
    let row = |number: u32| {
        record(json!({ "email": email(number), "firstname": "Ada", "hs_additional_emails": long }))
    };
    let rows: String = (0..20).map(row).collect();
    let outcome = Connector::new(&sandbox).write(&(rows + &state(1)));
    let sums = sums_of_success(&outcome, &sandbox);
    assert_eq!((sums.written(), sums.rejected), (20, 0), "{}", reasons(&outcome));
    assert!(outcome.summary().contains(" values_left_out=20 "), "{}", outcome.summary());
}

#[test]
fn hubspot_going_away_for_good_ends_the_sync() {
    let sandbox = roomy_sandbox(|_| ());
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&(people(0..3) + &state(1)));
    running.wait_for_state(1);
    drop(sandbox);
    running.send(&(people(3..6) + &state(2)));
    let outcome = running.finish();
    let message = outcome.assert_failure("transient_error");
    assert!(
        message.contains("no connection could be made to http://127.0.0.1:")
            && message.contains("in 10 attempts"),
        "{message}"
    );
    assert_eq!(outcome.state_ids(), [1]);
}

#[test]
fn hubspot_coming_back_is_found_again() {
    let sandbox = roomy_sandbox(|_| ());
    let settings = Settings {
        port: sandbox.base_url().rsplit(':').next().unwrap().parse().unwrap(),
        ..sandbox.settings()
    };
    // Slower repetitions than elsewhere: the last one must not be over before the second sandbox listens.
    let mut running = Connector::new(&sandbox).variable("HUBSPOT_DELAY_SCALE", "0.1").start("write");
    running.send(&(people(0..3) + &state(1)));
    running.wait_for_state(1);
    drop(sandbox);
    running.send(&(people(3..6) + &state(2)));
    running.wait_for(|line| line.contains("will ask again"));
    let sandbox = Sandbox::start(settings).unwrap();
    let outcome = running.finish();
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(3.0, 0.0), (3.0, 0.0)]);
    assert_eq!(sandbox.contacts().len(), 3);
}
