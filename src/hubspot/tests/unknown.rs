//! Calls that may not be repeated where it is open whether HubSpot carried them out: creates and archives.

use std::{iter, time::Duration};

use crate::{
    crm::key::{Key, KeySpace},
    error::{Failure, FailureType},
    hubspot::{
        answer::BatchAnswer,
        batch_call::{BatchCall, KeyedInput},
        client::{Client, Reply},
        error::{ApiError, ApiErrorKind},
        retry::RetryPolicy,
        tests::script::{Answer, answer, broken, client, client_of, exhausted, status},
        transport::TransportError,
    },
};

fn create() -> BatchCall {
    let (space, key) = (KeySpace::contacts_by_email(), Key::parse("ada@x.com").unwrap());
    let inputs = [&key].into_iter().map(|key| KeyedInput {
        trace_id: 0,
        key,
        properties: iter::empty::<(&str, &str)>(),
    });
    BatchCall::create(&space, inputs, &[])
}

fn archive() -> BatchCall {
    BatchCall::archive(&KeySpace::contacts_by_email(), iter::once("17"))
}

/// What may have been carried out.
fn ambiguous() -> [Answer; 7] {
    [
        broken(TransportError::Timeout),
        broken(TransportError::Interrupted),
        status(408),
        status(500),
        answer(502, "<html>"),
        status(503),
        status(524),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_carried_out_is_not_repeated() {
    for call in [create(), archive()] {
        for one in ambiguous() {
            let (client, script) = client(std::slice::from_ref(&one));
            let reply = client.batch(&call).await;
            assert!(matches!(reply, Ok(Reply::Unknown)), "{one:?}: {reply:?}");
            assert_eq!((script.times().len(), client.effort().retries), (1, 0));
            let waited = script.start.elapsed();
            assert!((250..=510).contains(&waited.as_millis()), "the back-off is waited: {waited:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_carried_out_is_repeated() {
    let refusals = [
        broken(TransportError::Connect),
        answer(403, "<html>"),
        status(423),
        status(425),
        status(429).retry_after("1"),
        status(477),
    ];
    for (call, success) in [(create(), status(200)), (archive(), answer(204, ""))] {
        let (client, script) = client(&[&refusals[..], &[success]].concat());
        assert!(matches!(client.batch(&call).await, Ok(Reply::Done(_))));
        assert_eq!((script.times().len(), client.effort().retries), (7, 6));
    }
    // An unclear end after them is the end of the call all the same.
    let (client, script) = client(&[&refusals[..], &[status(503)]].concat());
    assert!(matches!(client.batch(&create()).await, Ok(Reply::Unknown)));
    assert_eq!(script.times().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_says_nothing_of_it_leaves_it_unknown() {
    for one in [
        answer(200, ""),
        answer(200, "<html>"),
        answer(201, "{\"results\":"),
        broken(TransportError::AnswerTooLarge),
    ] {
        let (client, script) = client(&[one]);
        assert!(matches!(client.batch(&create()).await, Ok(Reply::Unknown)));
        assert_eq!((script.times().len(), script.start.elapsed()), (1, Duration::ZERO));
    }
    for one in [answer(200, "<html>"), broken(TransportError::AnswerTooLarge)] {
        let (client, _) = client(&[one]);
        assert!(matches!(client.batch(&archive()).await, Ok(Reply::Unknown)));
    }
}

#[tokio::test(start_paused = true)]
async fn no_content_settles_an_archive_and_no_other_success_without_errors_does() {
    let (client, _) = self::client(&[answer(204, "")]);
    assert!(matches!(client.batch(&archive()).await,
        Ok(Reply::Done(answer)) if answer.results.is_empty() && answer.errors.is_empty()));
    for one in [
        answer(200, "\n"),
        answer(200, "{}"),
        answer(202, r#"{"status":"PENDING"}"#),
        answer(200, r#"{"results":[]}"#),
    ] {
        let (client, _) = self::client(&[one]);
        assert!(matches!(client.batch(&archive()).await, Ok(Reply::Unknown)));
    }
    // Not documented, but cheap to honour.
    let missing = r#"{"numErrors":1,"errors":[{"category":"OBJECT_NOT_FOUND","context":{"ids":["17"]}}]}"#;
    let (client, _) = self::client(&[answer(207, missing)]);
    assert!(matches!(client.batch(&archive()).await,
        Ok(Reply::Done(answer)) if answer.errors[0].ids().eq(["17"])));
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_gone_is_no_fault_of_the_path() {
    let missing = r#"{"status":"error","category":"OBJECT_NOT_FOUND","context":{"ids":["17"]}}"#;
    let (client, _) = client(&[answer(404, missing)]);
    assert!(matches!(client.batch(&archive()).await,
        Ok(Reply::Refused { status: 404, error }) if error.ids().eq(["17"])));
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_hubspot_asks_for_is_everybodys_before_the_look_up() {
    let (client, script) = client(&[status(503).retry_after("30"), status(200)]);
    assert!(matches!(client.batch(&create()).await, Ok(Reply::Unknown)));
    let key = Key::parse("ada@x.com");
    let look_up = BatchCall::read(&KeySpace::contacts_by_email(), key.iter(), &[]);
    assert!(matches!(client.batch(&look_up).await, Ok(Reply::Done(_))));
    assert_eq!(script.seconds(), [0, 30]);
}

/// Makes the same call until it is no longer unknown what became of it, as a caller does that looks up in between.
async fn call_again_and_again(client: &Client) -> Result<Reply<BatchAnswer>, ApiError> {
    let mut call = create();
    for unknown_before in 0..100 {
        call.unknown_before = unknown_before;
        match client.batch(&call).await {
            Ok(Reply::Unknown) => {}
            other => return other,
        }
    }
    panic!("it is called without an end");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_counts_waits_longer_each_time_and_is_stopped_after_ten_attempts() {
    for always in [status(503), broken(TransportError::Timeout)] {
        let last = always.outcome.as_ref().err().copied();
        let (client, script) = client_of(&[always], true, RetryPolicy::WRITE, 1.0);
        let (attempts, _, told, error) = exhausted(call_again_and_again(&client).await);
        assert_eq!((attempts, told, script.times().len()), (10, last, 10));
        assert_eq!(client.effort().retries, 9);
        assert!(script.start.elapsed() > Duration::from_mins(1), "{:?}", script.start.elapsed());
        assert_eq!(Failure::from(error).failure_type, FailureType::Transient);
    }
    // Pauses count here, as the total time does not bound several calls.
    let (client, script) = client_of(&[status(503).retry_after("1")], true, RetryPolicy::WRITE, 1.0);
    assert_eq!(exhausted(call_again_and_again(&client).await).0, 10);
    assert_eq!(script.times().len(), 10);

    let (client, script) = client_of(&[answer(200, "<html>")], true, RetryPolicy::WRITE, 1.0);
    let error = call_again_and_again(&client).await.expect_err("it is given up");
    assert_eq!((error.kind, script.times().len()), (ApiErrorKind::Unreadable, 10));
}
