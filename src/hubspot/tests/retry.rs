//! The table of answers, line by line: a change of its meaning has to be looked at.

use std::{
    fmt::Write as _,
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    crm::object::ObjectType,
    hubspot::{
        endpoint::Endpoint,
        retry::{Disposition, LONGEST_PAUSE, RetryPolicy, Wait, disposition},
        throttle::RateLimit,
        transport::{Response, TransportError},
    },
};

const UPSERT: Endpoint = Endpoint::BatchUpsert(ObjectType::CONTACTS);
/// The calls that may not be repeated unless they surely were not carried out.
const LOOK_UP_FIRST: [Endpoint; 2] =
    [Endpoint::BatchCreate(ObjectType::CONTACTS), Endpoint::BatchArchive(ObjectType::CONTACTS)];

const HTML: &str = "<!DOCTYPE html><html><body>Bad Gateway</body></html>";
const ERROR: &str = r#"{"status":"error","message":"…","correlationId":"c0ffee","category":"SOMETHING"}"#;

/// Midday of the first day of 2027, counted from 1970.
const NOW: Duration = Duration::from_hours(499_668);

fn of(status: u16, body: impl Into<Bytes>, retry_after: Option<&str>) -> Disposition {
    of_call(UPSERT, status, body, retry_after)
}

fn of_call(
    endpoint: Endpoint,
    status: u16,
    body: impl Into<Bytes>,
    retry_after: Option<&str>,
) -> Disposition {
    let rate_limit = RateLimit::default();
    let retry_after = retry_after.map(str::to_owned);
    disposition(endpoint, &Ok(Response { status, rate_limit, retry_after, body: body.into() }), NOW)
}

/// One line for each run of statuses that mean the same.
fn table(meaning: impl Fn(u16) -> String) -> String {
    let mut runs: Vec<(u16, u16, String)> = Vec::new();
    for status in 100..=599 {
        let means = meaning(status);
        match runs.last_mut() {
            Some((_, last, same)) if *same == means => *last = status,
            _ => runs.push((status, status, means)),
        }
    }
    let mut table = String::new();
    for (first, last, means) in runs {
        let statuses = if first == last { format!("{first}") } else { format!("{first}-{last}") };
        writeln!(table, "{statuses:<8} {means}").unwrap();
    }
    table
}

#[test]
fn each_status_has_its_meaning_whatever_the_body() {
    let meaning = |status| {
        let [empty, error, html] = ["", ERROR, HTML].map(|body| format!("{:?}", of(status, body, None)));
        match (empty == html, empty == error) {
            (true, true) => empty,
            (true, false) => format!("{empty}; with an error of HubSpot's: {error}"),
            (false, _) => format!("empty: {empty}; error: {error}; HTML: {html}"),
        }
    };
    insta::assert_snapshot!(table(meaning), @r"
    100-199  Stop(Unexpected)
    200-299  Done
    300-399  Stop(Redirect)
    400      Refused
    401      Unauthorized(InvalidToken)
    402      Stop(Unexpected)
    403      Again(Backoff { at_least: 0ns }); with an error of HubSpot's: Stop(MissingScopes)
    404-405  Stop(PathGone)
    406-407  Stop(Unexpected)
    408      Again(Backoff { at_least: 0ns })
    409      Refused
    410      Stop(PathGone)
    411-412  Stop(Unexpected)
    413      TooLarge
    414-422  Stop(Unexpected)
    423      Again(Backoff { at_least: 2s })
    424      Stop(Unexpected)
    425      Again(Backoff { at_least: 0ns })
    426-428  Stop(Unexpected)
    429      Again(PauseAll(10s))
    430-476  Stop(Unexpected)
    477      Again(Backoff { at_least: 0ns })
    478-499  Stop(Unexpected)
    500-599  Again(Backoff { at_least: 0ns })
    ");
}

#[test]
fn a_server_that_says_when_is_taken_at_its_word() {
    let meaning = |status| {
        let [without, with] = [None, Some("77")].map(|after| format!("{:?}", of(status, HTML, after)));
        if without == with { "no matter".to_owned() } else { with }
    };
    insta::assert_snapshot!(table(meaning), @r"
    100-402  no matter
    403      Again(PauseAll(77s))
    404-407  no matter
    408      Again(PauseAll(77s))
    409-422  no matter
    423      Again(PauseAll(77s))
    424      no matter
    425      Again(PauseAll(77s))
    426-428  no matter
    429      Again(PauseAll(77s))
    430-476  no matter
    477      Again(PauseAll(77s))
    478-499  no matter
    500-599  Again(PauseAll(77s))
    ");
}

const NO_ANSWER: [TransportError; 5] = [
    TransportError::Connect,
    TransportError::Certificate,
    TransportError::Timeout,
    TransportError::Interrupted,
    TransportError::AnswerTooLarge,
];

#[test]
fn lost_answers_may_come_the_next_time() {
    let mut table = String::new();
    for error in NO_ANSWER {
        writeln!(table, "{error:?}: {:?}", disposition(UPSERT, &Err(error), NOW)).unwrap();
    }
    insta::assert_snapshot!(table, @r"
    Connect: Again(Backoff { at_least: 0ns })
    Certificate: Stop(Certificate)
    Timeout: Again(Backoff { at_least: 0ns })
    Interrupted: Again(Backoff { at_least: 0ns })
    AnswerTooLarge: AnswerTooLarge
    ");
}

/// Where the answers to a call mean something else than those to an upsert.
fn differences(endpoint: Endpoint) -> String {
    let differs = |status, body: &'static str, after| {
        let own = of_call(endpoint, status, body, after);
        (own != of(status, body, after)).then(|| format!("{own:?}"))
    };
    let mut table = table(|status| {
        let [empty, error, html] = ["", ERROR, HTML].map(|body| differs(status, body, None));
        assert!(empty == error && error == html, "{status}");
        let Some(own) = empty else { return "no difference".to_owned() };
        let paused = differs(status, HTML, Some("77")).expect("a pause makes no difference to it");
        format!("{own}; with Retry-After: {paused}")
    });
    for error in NO_ANSWER {
        let own = disposition(endpoint, &Err(error), NOW);
        if own != disposition(UPSERT, &Err(error), NOW) {
            writeln!(table, "{error:?}: {own:?}").unwrap();
        }
    }
    table
}

#[test]
fn what_may_have_been_carried_out_is_unknown_where_it_may_not_be_repeated() {
    let [create, archive] = LOOK_UP_FIRST.map(differences);
    assert_eq!(create, archive);
    insta::assert_snapshot!(create, @r"
    100-407  no difference
    408      Unknown(Backoff { at_least: 0ns }); with Retry-After: Unknown(PauseAll(77s))
    409-499  no difference
    500-599  Unknown(Backoff { at_least: 0ns }); with Retry-After: Unknown(PauseAll(77s))
    Timeout: Unknown(Backoff { at_least: 0ns })
    Interrupted: Unknown(Backoff { at_least: 0ns })
    ");
    assert_eq!(differences(Endpoint::BatchUpdate(ObjectType::CONTACTS)), "100-599  no difference\n");
    assert_eq!(of_call(LOOK_UP_FIRST[0], 503, HTML, Some("601")), of(503, HTML, Some("601")));
}

#[test]
fn a_record_that_is_not_found_is_the_fault_of_an_id_and_anything_else_that_of_the_path() {
    let missing = json!({ "category": "OBJECT_NOT_FOUND" }).to_string();
    let named =
        json!({ "context": { "missingObjectPropertyValueCoordinates": ["hs_object_id:17"] } }).to_string();
    let calls: [fn(_) -> _; 5] = [
        Endpoint::BatchRead,
        Endpoint::BatchUpsert,
        Endpoint::BatchCreate,
        Endpoint::BatchUpdate,
        Endpoint::BatchArchive,
    ];
    let mut table = String::new();
    for endpoint in calls.map(|call| call(ObjectType::CONTACTS)) {
        let means = [&missing, &named, ERROR, HTML].map(|body| of_call(endpoint, 404, body.to_owned(), None));
        writeln!(table, "{}: {means:?}", endpoint.name()).unwrap();
    }
    insta::assert_snapshot!(table, @r"
    batch_read: [Stop(PathGone), Stop(PathGone), Stop(PathGone), Stop(PathGone)]
    batch_upsert: [Stop(PathGone), Stop(PathGone), Stop(PathGone), Stop(PathGone)]
    batch_create: [Stop(PathGone), Stop(PathGone), Stop(PathGone), Stop(PathGone)]
    batch_update: [Refused, Refused, Stop(PathGone), Stop(PathGone)]
    batch_archive: [Refused, Refused, Stop(PathGone), Stop(PathGone)]
    ");
}

#[test]
fn a_refused_token_is_wrong_or_has_expired() {
    let expired =
        |time: &str| json!({ "category": "EXPIRED_AUTHENTICATION", "context": { "expire time": [time] } });
    let cases: [(&str, Value); 5] = [
        ("no such token", json!({ "category": "INVALID_AUTHENTICATION" })),
        ("expired of late", expired("2026-12-31T10:37:52.040Z")),
        ("expired in 1970", expired("1970-01-01T00:00:00Z")),
        ("expired, no date", json!({ "category": "EXPIRED_AUTHENTICATION" })),
        ("no reason", json!({})),
    ];
    let mut table = String::new();
    for (case, body) in cases {
        writeln!(table, "{case}: {:?}", of(401, body.to_string(), None)).unwrap();
    }
    writeln!(table, "HTML: {:?}", of(401, HTML, Some("5"))).unwrap();
    insta::assert_snapshot!(table, @r"
    no such token: Unauthorized(InvalidToken)
    expired of late: Unauthorized(ExpiredToken)
    expired in 1970: Unauthorized(InvalidToken)
    expired, no date: Unauthorized(ExpiredToken)
    no reason: Unauthorized(InvalidToken)
    HTML: Unauthorized(InvalidToken)
    ");
}

#[test]
fn a_forbidden_call_is_hubspots_word_or_a_proxys() {
    let scopes = json!({
        "category": "MISSING_SCOPES",
        "errors": [{ "context": { "requiredGranularScopes": ["crm.objects.contacts.write"] } }],
    });
    let mut table = String::new();
    for (case, body, after) in [
        ("scopes", scopes.to_string(), None),
        ("JSON of another kind", json!({ "error": "no" }).to_string(), None),
        ("HTML", HTML.to_owned(), None),
        ("HTML with Retry-After", HTML.to_owned(), Some("30")),
        ("empty", String::new(), None),
        ("cut", ERROR.chars().take(40).collect(), None),
        ("a text", "\"forbidden\"".to_owned(), None),
    ] {
        writeln!(table, "{case}: {:?}", of(403, body, after)).unwrap();
    }
    insta::assert_snapshot!(table, @r"
    scopes: Stop(MissingScopes)
    JSON of another kind: Stop(MissingScopes)
    HTML: Again(Backoff { at_least: 0ns })
    HTML with Retry-After: Again(PauseAll(30s))
    empty: Again(Backoff { at_least: 0ns })
    cut: Again(Backoff { at_least: 0ns })
    a text: Again(Backoff { at_least: 0ns })
    ");
}

#[test]
fn a_rate_limit_pauses_for_its_window_and_a_daily_one_ends_the_sync() {
    let mut table = String::new();
    for policy in ["TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY", "NEW_ONE", ""] {
        let body =
            if policy.is_empty() { HTML.to_owned() } else { json!({ "policyName": policy }).to_string() };
        for after in [None, Some("3")] {
            let after_text = after.map_or(String::new(), |after| format!(", Retry-After {after}"));
            writeln!(table, "{policy}{after_text}: {:?}", of(429, body.clone(), after)).unwrap();
        }
    }
    insta::assert_snapshot!(table, @r"
    TEN_SECONDLY_ROLLING: Again(PauseAll(10s))
    TEN_SECONDLY_ROLLING, Retry-After 3: Again(PauseAll(3s))
    SECONDLY: Again(PauseAll(1s))
    SECONDLY, Retry-After 3: Again(PauseAll(3s))
    DAILY: Stop(DailyLimit)
    DAILY, Retry-After 3: Stop(DailyLimit)
    NEW_ONE: Again(PauseAll(10s))
    NEW_ONE, Retry-After 3: Again(PauseAll(3s))
    : Again(PauseAll(10s))
    , Retry-After 3: Again(PauseAll(3s))
    ");
}

#[test]
fn both_forms_of_retry_after_are_read_and_nonsense_is_not() {
    let date = |offset: i64| {
        let time = UNIX_EPOCH + NOW;
        let distance = Duration::from_secs(offset.unsigned_abs());
        httpdate::fmt_http_date(if offset < 0 { time - distance } else { time + distance })
    };
    let mut table = String::new();
    for (case, text) in [
        ("seconds", "12"),
        ("padded", " 12 "),
        ("zero", "0"),
        ("fraction", "1.2"),
        ("ten minutes", "600"),
        ("longer", "601"),
        ("a day", "86400"),
        ("date", date(30).as_str()),
        ("past date", date(-30).as_str()),
        ("date in an hour", date(3600).as_str()),
        ("negative", "-5"),
        ("words", "soon"),
        ("empty", ""),
        ("no number", "NaN"),
        ("infinite", "inf"),
        ("beyond numbers", "99999999999999999999"),
    ] {
        writeln!(table, "{case}: {:?}", of(503, HTML, Some(text))).unwrap();
    }
    insta::assert_snapshot!(table, @r"
    seconds: Again(PauseAll(12s))
    padded: Again(PauseAll(12s))
    zero: Again(PauseAll(0ns))
    fraction: Again(PauseAll(2s))
    ten minutes: Again(PauseAll(600s))
    longer: Stop(PauseTooLong(601s))
    a day: Stop(PauseTooLong(86400s))
    date: Again(PauseAll(30s))
    past date: Again(PauseAll(0ns))
    date in an hour: Stop(PauseTooLong(3600s))
    negative: Again(Backoff { at_least: 0ns })
    words: Again(Backoff { at_least: 0ns })
    empty: Again(Backoff { at_least: 0ns })
    no number: Again(Backoff { at_least: 0ns })
    infinite: Again(Backoff { at_least: 0ns })
    beyond numbers: Stop(PauseTooLong(18446744073709551615s))
    ");
}

#[test]
fn a_lock_is_waited_for_though_the_answer_asks_for_less() {
    let wait = |text| format!("{:?}", of(423, HTML, Some(text)));
    assert_eq!(wait("0"), "Again(PauseAll(2s))");
    assert_eq!(wait("5"), "Again(PauseAll(5s))");
}

proptest! {
    /// A pause is waited in full or not at all.
    #[test]
    fn a_pause_is_never_shortened(seconds in any::<u64>(), status in prop::sample::select(vec![408, 423, 425, 429, 477, 500, 503, 524])) {
        let pause = Duration::from_secs(seconds);
        match of(status, HTML, Some(&seconds.to_string())) {
            Disposition::Again(Wait::PauseAll(waited)) => prop_assert!(waited == pause && pause <= LONGEST_PAUSE),
            Disposition::Stop(_) => prop_assert!(pause > LONGEST_PAUSE),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn no_header_and_no_body_makes_it_panic(status in 100..600_u16, header in "\\PC*", body in prop::collection::vec(any::<u8>(), 0..80)) {
        let _meaning = of(status, body, Some(&header));
    }

    /// Each wait is at least half of what it would be without jitter, at most all of it, and never beyond the longest.
    #[test]
    fn waits_grow_within_their_bounds(failed in 1..200_u32, jitter in 0.0..1.0_f64) {
        for policy in [RetryPolicy::WRITE, RetryPolicy::CHECK] {
            let full = policy.backoff(failed, 1.0);
            let wait = policy.backoff(failed, jitter);
            prop_assert!(full / 2 <= wait && wait <= full && full <= policy.longest);
            prop_assert!(wait <= policy.backoff(failed + 1, jitter));
            prop_assert!(policy.first / 2 <= wait);
        }
    }
}

#[test]
fn waits_double_up_to_the_longest() {
    let waits = |policy: RetryPolicy| -> Vec<u128> {
        (1..policy.attempts).map(|failed| policy.backoff(failed, 1.0).as_millis()).collect()
    };
    assert_eq!(waits(RetryPolicy::WRITE), [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    assert_eq!(waits(RetryPolicy::CHECK), [500, 1_000]);
}
