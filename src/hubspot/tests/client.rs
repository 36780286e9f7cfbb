//! How often a call is sent, when, and what becomes of it. The clock stands still until everybody waits, so that times are
//! exact but for the jitter of the back-off.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::script::{answer, broken, client, client_always, client_of, exhausted, status};
use crate::{
    crm::{key::KeySpace, object::ObjectType},
    error::{Failure, FailureType},
    hubspot::{
        answer::BatchAnswer,
        batch_call::BatchCall,
        client::{Client, Reply},
        effort::Effort,
        endpoint::Sensitivity,
        error::{ApiError, ApiErrorKind},
        retry::{RetryPolicy, Stop},
        transport::TransportError,
    },
};

// ---- What is asked of it -------------------------------------------------------------------------------------

async fn upsert(client: &Client) -> Result<Reply<BatchAnswer>, ApiError> {
    client.batch(&BatchCall::upsert_nothing(&KeySpace::contacts_by_email())).await
}

fn is_done(reply: &Result<Reply<BatchAnswer>, ApiError>) -> bool {
    matches!(reply, Ok(Reply::Done(_)))
}

#[track_caller]
fn stopped(reply: Result<Reply<BatchAnswer>, ApiError>) -> (Stop, FailureType) {
    let error = reply.expect_err("it is stopped");
    let ApiErrorKind::Stop(stop) = error.kind else { panic!("{error:?}") };
    (stop, Failure::from(error).failure_type)
}

const DAILY: &str = r#"{"status":"error","policyName":"DAILY","category":"RATE_LIMITS"}"#;

// ---- Once ---------------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_call_goes_to_its_path_with_its_query_and_body() {
    let list = answer(200, r#"{"results":[{"name":"phone"}]}"#);
    let (client, script) = client(&[list.clone(), list, status(200)]);
    assert_eq!(client.properties(ObjectType::CONTACTS, Sensitivity::None).await.unwrap()[0].name, "phone");
    client.properties(ObjectType::CONTACTS, Sensitivity::Sensitive).await.unwrap();
    assert!(is_done(&upsert(&client).await));
    let asked = script.asked.lock().unwrap();
    let asked: Vec<_> = asked.iter().map(|(_, one)| (&*one.path, one.query, one.body.as_deref())).collect();
    let path = "/crm/v3/properties/contacts";
    assert_eq!(
        asked,
        [
            (path, None, None),
            (path, Some("dataSensitivity=sensitive"), None),
            ("/crm/v3/objects/contacts/batch/upsert", None, Some(&br#"{"inputs":[]}"#[..])),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_of_properties_that_is_no_list_or_empty_cannot_be_read() {
    for body in [
        "{}",
        "[]",
        r#"{"results":null}"#,
        r#"{"results":"x"}"#,
        r#"{"results":{"a":1}}"#,
        r#"{"results":[]}"#,
    ] {
        let (client, _) = client(&[answer(200, body)]);
        let error = client.properties(ObjectType::CONTACTS, Sensitivity::None).await.unwrap_err();
        assert_eq!(error.kind, ApiErrorKind::Unreadable, "{body}");
    }
    let (client, _) =
        client(&[answer(200, r#"{"results":[]}"#), answer(200, r#"{"results":[null,{"name":null}]}"#)]);
    assert!(client.properties(ObjectType::CONTACTS, Sensitivity::Sensitive).await.unwrap().is_empty());
    assert_eq!(client.properties(ObjectType::CONTACTS, Sensitivity::None).await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_hubspot_says_to_a_batch_is_handed_on_at_once() {
    let refusal = r#"{"category":"VALIDATION_ERROR","correlationId":"c0ffee"}"#;
    let answers = [
        answer(207, "{}"),
        answer(400, refusal),
        answer(409, "<html>"),
        status(413),
        broken(TransportError::AnswerTooLarge),
    ];
    let (client, script) = client(&answers);
    assert!(matches!(upsert(&client).await, Ok(Reply::Done(answer)) if answer.results.is_empty()));
    assert!(matches!(upsert(&client).await,
        Ok(Reply::Refused { status: 400, error }) if error.correlation_id() == Some("c0ffee")));
    assert!(matches!(upsert(&client).await,
        Ok(Reply::Refused { status: 409, error }) if error.category().is_none()));
    assert!(matches!(upsert(&client).await, Ok(Reply::TooLarge)));
    assert!(matches!(upsert(&client).await, Ok(Reply::AnswerTooLarge)));
    assert_eq!(script.times().len(), 5);
    assert_eq!(client.effort().retries, 0);
}

#[tokio::test(start_paused = true)]
async fn what_no_repetition_mends_ends_the_call_at_once() {
    let missing = r#"{"category":"MISSING_SCOPES"}"#;
    for (one, expected) in [
        (status(301), (Stop::Redirect, FailureType::Config)),
        (status(307), (Stop::Redirect, FailureType::Config)),
        (status(401), (Stop::InvalidToken, FailureType::Config)),
        (answer(403, missing), (Stop::MissingScopes, FailureType::Config)),
        (status(404), (Stop::PathGone, FailureType::Config)),
        (status(422), (Stop::Unexpected, FailureType::System)),
        (broken(TransportError::Certificate), (Stop::Certificate, FailureType::Config)),
    ] {
        let (client, script) = client(std::slice::from_ref(&one));
        assert_eq!(stopped(upsert(&client).await), expected, "{one:?}");
        assert_eq!(script.times(), [Duration::ZERO]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_what_the_call_answers_with_is_no_success() {
    for one in [answer(200, "<html>"), status(413), broken(TransportError::AnswerTooLarge)] {
        let (client, script) = client(&[one]);
        let error = client.account().await.expect_err("no account is read");
        assert_eq!(error.kind, ApiErrorKind::Unreadable);
        assert_eq!(script.times().len(), 1);
    }
    let refusal = answer(400, r#"{"category":"ODD","correlationId":"c0ffee"}"#);
    let (client, _) = client(&[refusal]);
    let error = client.account().await.expect_err("it is refused");
    assert_eq!(error.kind, ApiErrorKind::Stop(Stop::Unexpected));
    assert_eq!((error.status, error.category.as_deref()), (400, Some("ODD")));
    assert_eq!(error.correlation_id.as_deref(), Some("c0ffee"));
}

// ---- A second look after a 401 ------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_token_that_has_worked_is_tried_once_more_after_two_seconds() {
    // A refusal of what a request holds shows that the token works, too.
    for worked in [status(200), status(400)] {
        let (client, script) = client(&[worked, status(401), status(200), status(401), status(200)]);
        upsert(&client).await.unwrap();
        for _ in 0..2 {
            assert!(is_done(&upsert(&client).await));
        }
        assert_eq!(script.seconds(), [0, 0, 2, 2, 4]);
        assert_eq!((client.effort().requests, client.effort().retries), (5, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_401_is_the_end() {
    let (client, script) = client(&[status(200), status(401), status(401)]);
    upsert(&client).await.unwrap();
    assert_eq!(stopped(upsert(&client).await), (Stop::InvalidToken, FailureType::Config));
    assert_eq!(script.seconds(), [0, 0, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_call_has_one_second_look_however_often_it_is_repeated() {
    let (client, script) = client(&[status(200), status(401), status(503), status(401)]);
    upsert(&client).await.unwrap();
    assert_eq!(stopped(upsert(&client).await).0, Stop::InvalidToken);
    assert_eq!(script.times().len(), 4);
}

// ---- Repeating ----------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_repeated_until_it_has_passed() {
    let passing = [
        broken(TransportError::Connect),
        broken(TransportError::Timeout).after(Duration::from_mins(3)),
        broken(TransportError::Interrupted),
        status(500),
        status(502),
        answer(403, "<html>"),
        status(429).retry_after("1"),
        status(423),
        status(200),
    ];
    let (client, script) = client(&passing);
    assert!(is_done(&upsert(&client).await));
    assert_eq!(script.times().len(), passing.len());
    let effort = client.effort();
    assert_eq!((effort.requests, effort.retries), (9, 8));
}

#[tokio::test(start_paused = true)]
async fn after_ten_attempts_a_call_is_given_up_with_its_story() {
    let (client, script) = client_always(answer(503, r#"{"correlationId":"c0ffee"}"#));
    let (attempts, elapsed, last, error) = exhausted(upsert(&client).await);
    assert_eq!((attempts, last, error.status), (10, None, 503));
    assert_eq!(error.correlation_id.as_deref(), Some("c0ffee"));
    // The waits are 0.5, 1, 2 … s up to 60 s, each shortened by up to a half.
    let times = script.times();
    let mut longest = 0.5;
    for pair in times.windows(2) {
        let wait = pair[1].saturating_sub(pair[0]).as_secs_f64();
        assert!((longest / 2.0..=longest + 0.01).contains(&wait), "{wait} s instead of about {longest} s");
        longest = f64::min(longest * 2.0, 60.0);
    }
    assert_eq!((times.len(), elapsed), (10, times[9]));
    let failure = Failure::from(error);
    assert_eq!(failure.failure_type, FailureType::Transient);
    let story =
        format!("status 503 to the last of 10 attempts over {} s to write contacts", elapsed.as_secs());
    assert!(failure.message.contains(&story), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn what_happened_last_is_told_of_a_call_that_is_given_up() {
    let mut answers = vec![status(503); 9];
    answers.push(broken(TransportError::Timeout));
    let (client, _) = client(&answers);
    let (attempts, _, last, error) = exhausted(upsert(&client).await);
    assert_eq!((attempts, last, error.status), (10, Some(TransportError::Timeout), 0));
    assert!(Failure::from(error).message.starts_with("HubSpot could not be reached: no answer came in time"));
}

#[tokio::test(start_paused = true)]
async fn a_check_gives_up_sooner() {
    let (client, script) = client_of(&[status(503)], true, RetryPolicy::CHECK, 1.0);
    let (attempts, elapsed, _, _) = exhausted(upsert(&client).await);
    assert_eq!(attempts, 3);
    assert!(elapsed < Duration::from_secs(2), "{elapsed:?}");
    assert_eq!(script.times().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn no_attempt_begins_after_a_quarter_of_an_hour() {
    // Each attempt takes three minutes: the fifth ends after the quarter of an hour.
    let (client, script) = client_always(broken(TransportError::Timeout).after(Duration::from_mins(3)));
    let (attempts, elapsed, last, _) = exhausted(upsert(&client).await);
    assert_eq!((attempts, last), (5, Some(TransportError::Timeout)));
    assert!(elapsed >= Duration::from_mins(15), "{elapsed:?}");
    assert!(script.times().iter().all(|at| *at <= Duration::from_mins(15)));

    // Pauses are no attempts that fail, but they take time.
    let (client, script) = client_always(status(503).retry_after("300"));
    let (attempts, elapsed, last, _) = exhausted(upsert(&client).await);
    assert_eq!((attempts, elapsed, last), (4, Duration::from_mins(15), None));
    assert_eq!(script.seconds(), [0, 300, 600, 900]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_no_pause_again_and_again_is_not_taken_at_its_word() {
    let (client, script) = client_always(status(429).retry_after("0"));
    let (attempts, elapsed, _, error) = exhausted(upsert(&client).await);
    assert!((20..60).contains(&attempts), "{attempts}");
    assert!(elapsed <= Duration::from_mins(15), "{elapsed:?}");
    assert_eq!(script.times().len(), usize::try_from(attempts).unwrap());
    assert!(Failure::from(error).message.contains("the limit of this token was used up"));
}

#[tokio::test(start_paused = true)]
async fn delays_that_are_scaled_count_in_full() {
    let (client, script) = client_of(&[status(503).retry_after("300")], true, RetryPolicy::WRITE, 0.01);
    let (attempts, elapsed, ..) = exhausted(upsert(&client).await);
    assert_eq!((attempts, elapsed), (4, Duration::from_mins(15)));
    assert_eq!(script.seconds(), [0, 3, 6, 9]);
}

// ---- Pauses -------------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_pause_is_everybodys() {
    for asking in [429, 503] {
        let (client, script) =
            client_of(&[status(asking).retry_after("30"), status(200)], true, RetryPolicy::WRITE, 1.0);
        let later = async |seconds| {
            sleep(Duration::from_secs(seconds)).await;
            upsert(&client).await
        };
        let (first, second, third) = tokio::join!(later(0), later(1), later(31));
        assert!(is_done(&first) && is_done(&second) && is_done(&third));
        let times = script.times();
        assert_eq!((times.len(), times[0]), (4, Duration::ZERO));
        assert!(times[1..].iter().all(|at| *at >= Duration::from_secs(30)), "{times:?}");
        assert!(times[2] < Duration::from_secs(31), "{times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shorter_pause_does_not_end_a_longer_one() {
    let answers = [
        status(200),
        status(429).retry_after("60").after(Duration::from_secs(1)),
        status(429).retry_after("5").after(Duration::from_secs(2)),
        status(200),
        status(200),
    ];
    let (client, script) = client(&answers);
    upsert(&client).await.unwrap();
    let (one, other) = tokio::join!(upsert(&client), upsert(&client));
    assert!(is_done(&one) && is_done(&other));
    let times = script.times();
    assert_eq!(times[..3], [Duration::ZERO; 3]);
    assert!(times[3] >= Duration::from_secs(61), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_back_off_is_nobody_elses() {
    let (client, script) = client_of(&[status(200), status(503), status(200)], true, RetryPolicy::WRITE, 1.0);
    upsert(&client).await.unwrap();
    let (one, other) = tokio::join!(upsert(&client), upsert(&client));
    assert!(is_done(&one) && is_done(&other));
    let times = script.times();
    assert_eq!(times[..3], [Duration::ZERO; 3]);
    assert!(times[3] >= Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn a_pause_beyond_ten_minutes_ends_the_call() {
    let (client, script) = client(&[status(429).retry_after("601")]);
    let expected = (Stop::PauseTooLong(Duration::from_secs(601)), FailureType::Transient);
    assert_eq!(stopped(upsert(&client).await), expected);
    assert_eq!(script.times().len(), 1);

    let (client, script) = super::script::client(&[status(429).retry_after("600"), status(200)]);
    assert!(is_done(&upsert(&client).await));
    assert_eq!(script.seconds(), [0, 600]);
}

#[tokio::test(start_paused = true)]
async fn no_request_goes_once_the_days_limit_is_used_up() {
    let (client, script) = client(&[status(200), answer(429, DAILY).after(Duration::from_secs(1))]);
    upsert(&client).await.unwrap();
    // One waits for its turn while the other learns of it.
    client.throttle().pause(Duration::ZERO);
    let waits = async {
        sleep(Duration::from_millis(10)).await;
        client.throttle().pause(Duration::from_mins(1));
        upsert(&client).await
    };
    let (learns, waits) = tokio::join!(upsert(&client), waits);
    let after = Instant::now();
    for reply in [learns, waits, upsert(&client).await] {
        assert_eq!(stopped(reply), (Stop::DailyLimit, FailureType::Transient));
    }
    assert_eq!(script.times().len(), 2);
    assert_eq!((after - script.start).as_secs(), 1);
    let Effort { requests, retries, .. } = client.effort();
    assert_eq!((requests, retries), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn the_accounts_offset_from_utc_goes_along_with_later_failures() {
    let account = answer(200, r#"{"portalId":1,"utcOffsetMilliseconds":-18000000}"#);
    let (client, _) = client(&[account, answer(429, DAILY)]);
    client.account().await.unwrap();
    let error = upsert(&client).await.expect_err("the limit is used up");
    assert_eq!(error.utc_offset_milliseconds, -18_000_000);
}
