//! Rate limits and their headers.

use hubspot_sandbox::{Limits, Settings, Tier, tokens};

use crate::support::*;

fn limited(limits: Limits) -> Settings {
    Settings { limits, ..Settings::default() }
}

#[tokio::test]
async fn headers_tell_the_budget_on_success_and_on_errors() {
    let (sandbox, client) = start(Settings::default());
    let first = client.get(&DETAILS).await;
    assert_eq!(first.header("x-hubspot-ratelimit-max"), Some("100"));
    assert_eq!(first.header("x-hubspot-ratelimit-remaining"), Some("99"));
    assert_eq!(first.header("x-hubspot-ratelimit-interval-milliseconds"), Some("10000"));
    assert_eq!(first.header("x-hubspot-ratelimit-daily"), Some("250000"));
    assert_eq!(first.header("x-hubspot-ratelimit-daily-remaining"), Some("249999"));
    let refused = client.post_text(&UPSERT, "{").await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.header("x-hubspot-ratelimit-remaining"), Some("98"));
    for (tier, max, daily) in [
        (Tier::Professional, "190", "625000"),
        (Tier::Enterprise, "190", "1000000"),
        (Tier::LimitIncrease, "250", "2000000"),
    ] {
        sandbox.update(|settings| settings.limits.tier = tier);
        let answer = client.get(&DETAILS).await;
        assert_eq!(answer.header("x-hubspot-ratelimit-max"), Some(max));
        assert_eq!(answer.header("x-hubspot-ratelimit-daily"), Some(daily));
    }
    sandbox.update(|settings| settings.limits.window_spent = 50);
    assert_eq!(client.get(&DETAILS).await.header("x-hubspot-ratelimit-remaining"), Some("194"));
}

#[tokio::test]
async fn a_full_window_refuses() {
    let (sandbox, client) = start(limited(Limits { max: Some(3), window_ms: 600_000, ..Limits::default() }));
    for _ in 0..3 {
        assert_eq!(client.get(&DETAILS).await.status, 200);
    }
    let refused = client.upsert(&people(1)).await;
    assert_eq!(refused.status, 429);
    let body = refused.json();
    assert_eq!(body["policyName"], "TEN_SECONDLY_ROLLING");
    assert_eq!(body["errorType"], "RATE_LIMIT");
    assert_eq!(body.get("category"), None);
    assert_eq!(body["message"], "You have reached your ten_secondly_rolling limit.");
    assert!(body["groupName"].as_str().unwrap().starts_with("publicapi:private_app-api-calls-ten-secondly:"));
    assert_eq!(refused.header("retry-after"), None);
    assert_eq!(refused.header("x-hubspot-ratelimit-remaining"), Some("0"));
    assert!(sandbox.contacts().is_empty());
    // Another token has a window of its own.
    assert_eq!(client.with_token(tokens::CONTACTS).get(&DETAILS).await.status, 200);
    sandbox.update(|settings| settings.limits.retry_after = true);
    let seconds: u64 = client.get(&DETAILS).await.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=600).contains(&seconds));
    sandbox.update(|settings| settings.limits.enforced = false);
    assert_eq!(client.get(&DETAILS).await.status, 200);
}

#[tokio::test]
async fn room_returns_when_the_window_has_moved_on() {
    let (_sandbox, client) = start(limited(Limits { max: Some(2), window_ms: 30, ..Limits::default() }));
    let mut refused = 0;
    let mut answered = 0;
    while answered < 6 {
        match client.get(&DETAILS).await.status {
            200 => answered += 1,
            429 => refused += 1,
            other => panic!("{other}"),
        }
        assert!(refused < 1_000_000, "the window never moved on");
    }
}

#[tokio::test]
async fn a_spent_day_refuses_with_its_own_policy() {
    let (_sandbox, client) = start(limited(Limits { daily: Some(10), daily_spent: 8, ..Limits::default() }));
    assert_eq!(client.get(&DETAILS).await.header("x-hubspot-ratelimit-daily-remaining"), Some("1"));
    assert_eq!(client.get(&DETAILS).await.status, 200);
    let refused = client.get(&DETAILS).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["policyName"], "DAILY");
    assert_eq!(refused.json()["message"], "You have reached your daily limit.");
}

#[tokio::test]
async fn a_request_without_a_valid_token_costs_nothing() {
    let (_sandbox, client) = start(limited(Limits { max: Some(1), window_ms: 600_000, ..Limits::default() }));
    for _ in 0..3 {
        assert_eq!(client.with_token("pat-na1-x").get(&DETAILS).await.status, 401);
    }
    assert_eq!(client.get(&DETAILS).await.status, 200);
}
