//! What a status means for the request: again later, or the end.

use hubspot_sandbox::{Fault, StatusAnswer, What};

use super::{assert_fatal, assert_survived, gap_ms};
use crate::{
    model::{always, faulty_sandbox, once},
    support::{Connector, people, state},
};

#[test]
fn what_may_pass_is_asked_for_again() {
    for status in [408, 423, 425, 477, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 599] {
        let sandbox = once(StatusAnswer::new(status));
        assert_survived(&sandbox, 2);
    }
    for status in [403, 408, 429, 500, 502, 503, 504, 524] {
        assert_survived(&once(What::html(status)), 2);
        assert_survived(&once(What::bare(status)), 2);
    }
}

#[test]
fn an_answer_that_wrote_in_spite_of_its_status_is_harmless() {
    for status in [500, 504, 524] {
        let sandbox = faulty_sandbox(Fault::new(What::html(status)).after_write().times(1));
        assert_survived(&sandbox, 2);
    }
}

#[test]
fn a_lock_gets_its_two_seconds() {
    let sandbox = once(What::status(423));
    assert_survived(&sandbox, 2);
    // The tests' delays are a hundredth.
    assert!(gap_ms(&sandbox) >= 20, "{}", gap_ms(&sandbox));
}

#[test]
fn repetitions_are_bounded() {
    for (what, words) in [(What::html(503), "status 503"), (What::CloseUnread, "the connection broke")] {
        let message = assert_fatal(&always(what), "transient_error", 10);
        assert!(message.contains(words) && message.contains("10 attempts"), "{message}");
    }
}

#[test]
fn what_was_settled_before_the_end_is_acknowledged() {
    let sandbox = faulty_sandbox(Fault::new(What::html(502)).skip(1));
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&(people(0..5) + &state(1)));
    running.wait_for_state(1);
    running.send(&(people(5..9) + &state(2)));
    let outcome = running.wait();
    outcome.assert_failure("transient_error");
    assert_eq!(outcome.counts(), [(5.0, 0.0)]);
    assert_eq!(sandbox.contacts().len(), 5);
}

#[test]
fn a_path_that_is_gone_names_the_version() {
    for status in [404, 405, 410] {
        for what in [What::status(status), What::html(status)] {
            let message = assert_fatal(&always(what), "config_error", 1);
            assert!(message.contains("`api_version`"), "{message}");
        }
    }
}

#[test]
fn any_other_refusal_is_fatal_at_once() {
    for status in [402, 406, 411, 412, 415, 418, 422, 451] {
        let message = assert_fatal(&always(What::status(status)), "system_error", 1);
        assert!(message.contains(&format!("status {status}")), "{message}");
    }
}

#[test]
fn a_redirect_is_never_followed() {
    for status in [301, 302, 303, 307, 308] {
        let sandbox = always(What::Redirect { status, location: "/redirected".to_owned() });
        let message = assert_fatal(&sandbox, "config_error", 1);
        assert!(message.contains("redirect"), "{message}");
        assert_eq!(sandbox.requests_to("/redirected").len(), 0);
    }
}
