//! Faults of the answer and of the connection, and what the record of requests says about them.

use std::{sync::Arc, time::Duration};

use hubspot_sandbox::{
    Fault, Latency, Policy, RequestRecord, RetryAfter, Sandbox, Settings, StatusAnswer, What,
};
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::*;

fn faulty(faults: impl IntoIterator<Item = Fault>) -> (Sandbox, Client) {
    start(Settings { faults: faults.into_iter().collect(), ..Settings::default() })
}

#[tokio::test]
async fn statuses_with_each_kind_of_body() {
    let (sandbox, client) = faulty([
        Fault::new(What::status(500)).requests([1]),
        Fault::new(What::html(502)).requests([2]),
        Fault::new(What::bare(504)).requests([3]),
        Fault::new(What::status(423)).requests([4]),
        Fault::new(StatusAnswer::new(477).retry_after(RetryAfter::Seconds(7)).into()).requests([5]),
        Fault::new(What::html(524)).requests([6]),
        Fault::new(What::status(401)).requests([7]),
        Fault::new(What::status(403)).requests([8]),
        Fault::new(What::status(409)).requests([9]),
    ]);
    let mut answers = Vec::new();
    for _ in 0..10 {
        answers.push(client.upsert(&people(2)).await);
    }
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [500, 502, 504, 423, 477, 524, 401, 403, 409, 200]);
    assert_eq!(answers[0].json()["status"], "error");
    assert_eq!(answers[0].header("x-hubspot-ratelimit-max"), None, "only 2xx and 4xx carry them");
    assert!(answers[1].text.contains("HTTP ERROR 502 Bad Gateway"));
    assert_eq!(answers[2].text, "");
    assert_eq!(answers[3].header("x-hubspot-ratelimit-max"), Some("100"));
    assert_eq!(answers[4].header("retry-after"), Some("7"));
    assert!(answers[5].text.contains("A Timeout Occurred"));
    assert_eq!(answers[6].json()["category"], "INVALID_AUTHENTICATION");
    assert_eq!(answers[7].json()["category"], "MISSING_SCOPES");
    assert_eq!(answers[8].json()["category"], "CONFLICT");
    assert!(sandbox.contacts().iter().all(|contact| contact.writes == 1));
    let records = sandbox.requests();
    assert_eq!(records[0].fault.as_deref(), Some("status_500"));
    assert_eq!(records[0].status, Some(500));
    assert_eq!(records[0].input_count, 2);
    assert_eq!(records[0].keys, ["person-1@example.com", "person-2@example.com"]);
    assert_eq!(records[9].fault, None);
}

#[tokio::test]
async fn a_status_with_words_of_its_own() {
    let mut answer = StatusAnswer::new(400);
    answer.category = Some("SOMETHING_NEW".to_owned());
    answer.message = Some("Etwas ist schiefgegangen".to_owned());
    let exact = What::Json { status: 409, body: json!({ "error": "CONTACT_EXISTS" }) };
    let (_sandbox, client) =
        faulty([Fault::new(answer.into()).requests([1]), Fault::new(exact).requests([2])]);
    let first = client.upsert(&people(1)).await.json();
    assert_eq!(
        (&first["category"], &first["message"]),
        (&json!("SOMETHING_NEW"), &json!("Etwas ist schiefgegangen"))
    );
    let second = client.upsert(&people(1)).await;
    assert_eq!((second.status, second.json()), (409, json!({ "error": "CONTACT_EXISTS" })));
}

#[tokio::test]
async fn rate_limits_with_every_policy() {
    let limited = |policy, retry_after| What::RateLimited { policy, retry_after };
    let (_sandbox, client) = faulty([
        Fault::new(limited(Some(Policy::TenSecondlyRolling), None)).requests([1]),
        Fault::new(limited(Some(Policy::Secondly), Some(RetryAfter::Seconds(1)))).requests([2]),
        Fault::new(limited(Some(Policy::Daily), Some(RetryAfter::Date(60)))).requests([3]),
        Fault::new(limited(None, Some(RetryAfter::Text("soon".to_owned())))).requests([4]),
    ]);
    let mut seen = Vec::new();
    for _ in 0..4 {
        let answer = client.upsert(&people(1)).await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.json()["errorType"], "RATE_LIMIT");
        seen.push((
            answer.json()["policyName"].as_str().map(str::to_owned),
            answer.header("retry-after").map(str::to_owned),
        ));
    }
    assert_eq!(seen[0], (Some("TEN_SECONDLY_ROLLING".to_owned()), None));
    assert_eq!(seen[1], (Some("SECONDLY".to_owned()), Some("1".to_owned())));
    assert_eq!(seen[2].0.as_deref(), Some("DAILY"));
    assert!(seen[2].1.as_deref().unwrap().ends_with(" GMT"));
    assert_eq!(seen[3], (None, Some("soon".to_owned())));
}

#[tokio::test]
async fn a_status_after_the_write() {
    let (sandbox, client) = faulty([Fault::new(What::html(502)).times(1).after_write()]);
    assert_eq!(client.upsert(&people(1)).await.status, 502);
    assert_eq!(sandbox.contacts().len(), 1);
}

#[tokio::test]
async fn connections_that_are_cut() {
    let (sandbox, client) = faulty([
        Fault::new(What::CloseUnread).requests([1]),
        Fault::new(What::LoseAnswer).requests([2]),
        Fault::new(What::CutBody).requests([3]),
        Fault::new(What::CloseUnread).email("person-1@example.com").requests([4]),
    ]);
    let send = async |people: Vec<serde_json::Value>| {
        client.try_send(Method::POST, &UPSERT, json!({ "inputs": people }).to_string()).await
    };
    assert!(send(people(1)).await.is_err());
    assert!(sandbox.contacts().is_empty(), "nothing was read");
    assert!(send(people(1)).await.is_err());
    assert_eq!(sandbox.contacts().len(), 1, "written, and the answer lost");
    assert!(send(people(2)).await.is_err());
    assert_eq!(sandbox.contacts().len(), 2);
    assert!(send(people(3)).await.is_err());
    assert_eq!(sandbox.contacts().len(), 2);
    assert_eq!(send(people(3)).await.unwrap().status, 200);
    let records = sandbox.requests();
    let statuses: Vec<Option<u16>> = records.iter().map(|record| record.status).collect();
    assert_eq!(statuses, [None, None, Some(200), None, Some(200)]);
    assert!(records.iter().all(|record| record.finished));
    assert_eq!(records[0].fault.as_deref(), Some("close_unread"));
    assert_eq!(records[0].input_count, 0);
    assert_eq!(records[1].fault.as_deref(), Some("lose_answer"));
    assert_eq!(records[2].fault.as_deref(), Some("cut_body"));
}

#[tokio::test]
async fn answers_that_say_nothing() {
    let (sandbox, client) = faulty([
        Fault::new(What::EmptyResults).requests([1]),
        Fault::new(What::EmptyBody).requests([2]),
        Fault::new(What::NotJson).requests([3]),
        Fault::new(What::EmptyResults).requests([4]).after_write(),
    ]);
    let first = client.upsert(&people(1)).await;
    assert_eq!((first.status, &first.json()["results"]), (200, &json!([])));
    assert_eq!(first.json().get("errors"), None);
    let second = client.upsert(&people(1)).await;
    assert_eq!((second.status, second.text.as_str()), (200, ""));
    let third = client.upsert(&people(1)).await;
    assert!(third.status == 200 && serde_json::from_str::<serde_json::Value>(&third.text).is_err());
    assert!(sandbox.contacts().is_empty());
    assert_eq!(client.upsert(&people(1)).await.json()["results"], json!([]));
    assert_eq!(sandbox.contacts().len(), 1);
}

#[tokio::test]
async fn bodies_that_are_slow_or_far_too_big() {
    let (sandbox, client) = faulty([
        Fault::new(What::SlowBody { chunks: 5, pause_ms: 2 }).requests([1]),
        Fault::new(What::Oversized { bytes: 3_000_000 }).requests([2]),
    ]);
    let slow = client.upsert(&people(20)).await;
    assert_eq!(slow.json()["results"].as_array().unwrap().len(), 20);
    let big = client.upsert(&people(1)).await;
    assert_eq!((big.status, big.text.len()), (200, 3_000_000));
    assert_eq!(sandbox.contacts().len(), 20);
}

#[tokio::test]
async fn a_body_above_the_limit_is_too_large() {
    let (sandbox, client) = start(Settings { max_body_bytes: Some(2_000), ..Settings::default() });
    assert_eq!(client.upsert(&people(100)).await.status, 413);
    assert_eq!(client.upsert(&people(5)).await.status, 200);
    assert_eq!(sandbox.contacts().len(), 5);
}

#[tokio::test]
async fn a_redirect_is_seen_if_it_is_followed() {
    let (sandbox, client) = faulty([Fault::new(What::redirect()).times(1)]);
    let answer = client.upsert(&people(1)).await;
    assert_eq!((answer.status, answer.header("location")), (302, Some("/redirected")));
    assert_eq!(sandbox.requests().len(), 1);
    assert_eq!(client.get("/redirected").await.status, 404);
    assert_eq!(sandbox.requests_to("/redirected").len(), 1);
}

#[tokio::test]
async fn delays_add_up_and_join_other_faults() {
    let (sandbox, client) = start(Settings {
        latency: Latency { ms: 1, jitter_ms: 2 },
        faults: vec![
            Fault::new(What::delay(Duration::from_millis(3))).named("late"),
            Fault::new(What::status(503)).requests([1]),
            Fault::new(What::Delay { ms: 1, jitter_ms: 1, before_write: true }),
        ],
        ..Settings::default()
    });
    assert_eq!(client.upsert(&people(1)).await.status, 503);
    assert_eq!(client.upsert(&people(1)).await.status, 200);
    let records = sandbox.requests();
    assert_eq!(records[0].fault.as_deref(), Some("late+status_503+delay"));
    assert_eq!(records[1].fault.as_deref(), Some("late+delay"));
}

#[tokio::test]
async fn a_client_that_leaves_is_seen() {
    let (sandbox, client) = faulty([Fault::new(What::delay(Duration::from_hours(1)))]);
    let sandbox = Arc::new(sandbox);
    let seen = async |wanted: fn(&RequestRecord) -> bool| {
        let sandbox = Arc::clone(&sandbox);
        let wait = move || sandbox.wait_for_requests(1, Duration::from_secs(20), wanted);
        assert!(tokio::task::spawn_blocking(wait).await.unwrap());
    };
    let mut requests = JoinSet::new();
    requests.spawn(async move { client.upsert(&people(1)).await });
    seen(|record| record.fault.is_some()).await;
    assert!(!sandbox.requests()[0].finished);
    requests.shutdown().await;
    seen(|record| record.finished).await;
    assert_eq!(sandbox.requests()[0].status, None);
    assert_eq!(sandbox.contacts().len(), 1, "the write came before the delay");
}

#[tokio::test]
async fn chance_repeats_with_the_seed() {
    let run = async |seed: u64| {
        let faults = vec![Fault::new(What::status(503)).probability(0.4)];
        let (_sandbox, client) = start(Settings { seed, faults, ..Settings::default() });
        let mut statuses = Vec::new();
        for _ in 0..30 {
            statuses.push(client.upsert(&people(2)).await.status);
        }
        statuses
    };
    let first = run(3).await;
    assert!(first.contains(&503) && first.contains(&200));
    assert_eq!(run(3).await, first);
    assert_ne!(run(4).await, first);
}

#[tokio::test]
async fn rules_can_be_changed_and_then_count_anew() {
    let (sandbox, client) = faulty([Fault::new(What::status(503)).times(1)]);
    assert_eq!(client.get(&DETAILS).await.status, 503);
    assert_eq!(client.get(&DETAILS).await.status, 200);
    sandbox.update(|settings| settings.faults.push(Fault::new(What::status(500)).path("token-info")));
    assert_eq!(client.get(&DETAILS).await.status, 503);
    assert_eq!(client.post(&TOKEN_INFO, &json!({ "tokenKey": "x" })).await.status, 500);
    sandbox.update(|settings| settings.faults.clear());
    assert_eq!(client.get(&DETAILS).await.status, 200);
}
