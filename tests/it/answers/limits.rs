//! Pauses and limits of HubSpot: waited for, or the end.

use hubspot_sandbox::{Fault, Policy, RetryAfter, StatusAnswer, What};
use serde_json::Value;

use super::{assert_fatal, assert_survived, gap_ms, paths};
use crate::{
    model::{always, once, roomy_sandbox, sums_of_success},
    support::{Connector, people, state, upserts},
};

#[test]
fn a_pause_that_is_asked_for_is_kept() {
    let limited = |policy, retry_after| What::RateLimited { policy, retry_after };
    let locked = |retry_after| What::from(StatusAnswer::new(477).retry_after(retry_after));
    let overloaded = |retry_after| What::from(StatusAnswer::new(503).retry_after(retry_after));
    // A hundredth of what HubSpot asks for, or of its window; a date has no parts of seconds.
    for (what, at_least_ms) in [
        (limited(None, None), 100),
        (limited(Some(Policy::TenSecondlyRolling), None), 100),
        (limited(Some(Policy::Secondly), None), 10),
        (limited(Some(Policy::TenSecondlyRolling), Some(RetryAfter::Seconds(20))), 200),
        (limited(Some(Policy::TenSecondlyRolling), Some(RetryAfter::Date(20))), 180),
        (limited(Some(Policy::Secondly), Some(RetryAfter::Text("12.5".to_owned()))), 130),
        (limited(None, Some(RetryAfter::Text("soon".to_owned()))), 100),
        (locked(RetryAfter::Seconds(20)), 200),
        (overloaded(RetryAfter::Seconds(20)), 200),
    ] {
        let sandbox = once(what.clone());
        assert_survived(&sandbox, 2);
        assert!(gap_ms(&sandbox) >= at_least_ms, "{what:?}: {} ms", gap_ms(&sandbox));
    }
}

#[test]
fn a_pause_holds_for_every_request() {
    let pause = What::RateLimited { policy: None, retry_after: Some(RetryAfter::Seconds(50)) };
    let sandbox = once(pause);
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&people(0..100));
    running.wait_for(|line| line.contains("will ask again"));
    // The pause began before this.
    let limited_at = sandbox.requests_to(paths::UPSERT)[0].at_ms;
    running.send(&(people(100..1_000) + &state(1)));
    let outcome = running.finish();
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [1_000, 0, 0, 0]);
    let requests = sandbox.requests_to(paths::UPSERT);
    assert_eq!(requests.len(), 11);
    assert!(requests.iter().skip(1).all(|request| request.at_ms >= limited_at + 500), "{requests:#?}");
}

#[test]
fn a_rate_limit_without_end_ends_the_sync() {
    // A server that always says "again at once" is not taken at its word either.
    for retry_after in [None, Some(RetryAfter::Seconds(0))] {
        let sandbox = always(What::RateLimited { policy: None, retry_after });
        let connector = Connector::new(&sandbox).variable("HUBSPOT_DELAY_SCALE", "0.001");
        let outcome = connector.write(&(people(0..3) + &state(1)));
        let message = outcome.assert_failure("transient_error");
        assert!(message.contains("the same token"), "{message}");
        assert_eq!(outcome.states(), [] as [Value; 0]);
        assert!(upserts(&sandbox) <= 200, "{}", upserts(&sandbox));
    }
}

#[test]
fn a_pause_that_is_too_long_ends_the_sync() {
    let hour = RetryAfter::Seconds(3_600);
    for what in [
        What::RateLimited { policy: Some(Policy::TenSecondlyRolling), retry_after: Some(hour.clone()) },
        What::from(StatusAnswer::new(477).retry_after(hour.clone())),
        What::from(StatusAnswer::new(503).retry_after(RetryAfter::Date(3_602))),
    ] {
        let message = assert_fatal(&always(what), "transient_error", 1);
        assert!(message.contains("60 minutes") || message.contains("61 minutes"), "{message}");
    }
}

#[test]
fn ten_minutes_are_waited_for() {
    let what = StatusAnswer::new(503).retry_after(RetryAfter::Seconds(600));
    let sandbox = once(what);
    let outcome =
        Connector::new(&sandbox).variable("HUBSPOT_DELAY_SCALE", "0.0005").write(&(people(0..3) + &state(1)));
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [3, 0, 0, 0]);
}

#[test]
fn the_daily_limit_ends_the_sync_and_says_when_it_is_reset() {
    let message = assert_fatal(
        &always(What::RateLimited { policy: Some(Policy::Daily), retry_after: None }),
        "transient_error",
        1,
    );
    assert!(
        message.contains("daily limit") && message.contains("midnight in the account's time zone, in "),
        "{message}"
    );
    let words: Vec<&str> = message.split_whitespace().collect();
    let hours = words.iter().position(|word| *word == "h").and_then(|at| words[at - 1].parse::<u64>().ok());
    assert!(hours.is_some_and(|hours| hours < 24), "{message}");
}

#[test]
fn requests_that_wait_their_turn_are_not_sent_once_the_day_is_used_up() {
    let daily = What::RateLimited { policy: Some(Policy::Daily), retry_after: None };
    let sandbox = roomy_sandbox(|settings| {
        settings.faults = vec![Fault::new(daily).path(paths::UPSERT)];
        settings.limits.max = Some(10);
        settings.limits.window_ms = 10_000;
    });
    // The limits let ten of these go in the first ten seconds, the questions of the start among them.
    let outcome = Connector::new(&sandbox).write(&people(0..3_000));
    outcome.assert_failure("transient_error");
    let sent = sandbox.requests_to(paths::UPSERT).len();
    assert!((1..10).contains(&sent), "{sent}");
}

#[test]
fn the_last_two_percent_of_the_day_are_left_to_others() {
    let sandbox = roomy_sandbox(|settings| {
        settings.limits.daily = Some(1_000);
        settings.limits.daily_spent = 970;
        // Few requests are in flight, so that few of them overtake the news.
        settings.limits.max = Some(100);
        settings.limits.window_ms = 60_000;
    });
    let mut running = Connector::new(&sandbox).start("write");
    let mut number = 0;
    // One batch after the other until it ends.
    while number < 30 {
        running.send(&(people(number * 100..number * 100 + 100) + &state(number.into())));
        number += 1;
    }
    let outcome = running.wait();
    let message = outcome.assert_failure("transient_error");
    assert!(message.contains("2 %") && message.contains("midnight"), "{message}");
    let left = 30 - sandbox.requests().len();
    assert!((14..=20).contains(&left), "{left} of the day's 1,000 requests are left");
    // What was written is acknowledged.
    let written = u64::try_from(outcome.states().len()).unwrap();
    assert_eq!(outcome.state_ids(), (0..written).collect::<Vec<u64>>());
    assert_eq!(outcome.states().len(), upserts(&sandbox));
    assert_eq!(sandbox.contacts().len(), upserts(&sandbox) * 100);
}
