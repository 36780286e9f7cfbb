//! Questions that are asked only on request, and versions that are asked alone.

use clap::Parser as _;
use hubspot_sandbox::Settings;

use super::{run, test_account, usual};
use crate::{Arguments, run::Ending};

#[tokio::test]
async fn gdpr_is_asked_only_on_request() {
    for refuse_blocklisted_emails in [false, true] {
        let settings = || Settings { refuse_blocklisted_emails, ..test_account() };
        let asked = run(settings(), &["--gdpr"]).await;
        assert_eq!(asked.ending, Ending::Answered, "{}", asked.text);
        assert_eq!(asked.settings()["refuse_blocklisted_emails"], refuse_blocklisted_emails);
        assert_eq!(asked.left(), [""; 0]);
        assert_eq!(asked.text.contains("GDPR_BLACKLISTED_EMAIL"), refuse_blocklisted_emails);
        assert_eq!(asked.sandbox.requests_to("gdpr-delete").len(), 4);
        let unasked = run(settings(), &[]).await;
        assert!(unasked.sandbox.requests_to("gdpr-delete").is_empty());
        assert_eq!(unasked.settings().get("refuse_blocklisted_emails"), None);
    }
}

#[tokio::test]
async fn the_limit_is_exceeded_only_on_request() {
    for retry_after in [false, true] {
        let mut settings = test_account();
        settings.limits.max = Some(100);
        settings.limits.window_ms = 3_000;
        settings.limits.retry_after = retry_after;
        let asked = run(settings.clone(), &["--provoke-limit"]).await;
        assert_eq!(asked.ending, Ending::Answered, "{}", asked.text);
        assert_eq!(asked.settings()["limits"]["retry_after"], retry_after, "{}", asked.text);
        assert!(asked.text.contains("TEN_SECONDLY_ROLLING"), "{}", asked.text);
        assert_eq!(asked.left(), [""; 0]);
        let unasked = run(settings, &[]).await;
        assert!(unasked.sandbox.requests().iter().all(|request| request.status != Some(429)));
        assert_eq!(unasked.settings()["limits"].get("retry_after"), None);
    }
}

#[tokio::test]
async fn a_limit_that_is_not_enforced_leaves_the_question_open() {
    let mut settings = test_account();
    settings.limits.enforced = false;
    settings.limits.max = Some(100);
    settings.limits.window_ms = 1_000;
    let run = run(settings, &["--provoke-limit"]).await;
    assert_eq!(run.ending, Ending::Incomplete);
    assert!(run.text.contains("150 reads in a row were not refused"), "{}", run.text);
    assert_eq!(run.left(), [""; 0]);
}

#[tokio::test]
async fn only_the_versions_asked_for_are_used() {
    let run = run(test_account(), &["--api-version", "v3"]).await;
    assert_eq!(run.ending, Ending::Answered, "{}", run.text);
    assert_eq!(run.settings(), usual());
    assert!(run.sandbox.requests_to("2026-09").is_empty());
    assert!(Arguments::try_parse_from(["portal_probe", "--api-version", "v1"]).is_err());
}
