//! Which accounts are asked at all, and how their limits are kept.

use hubspot_sandbox::{Fault, Settings, What};

use super::{TOKEN, run, run_into, start, test_account, usual};
use crate::run::Ending;

#[tokio::test]
async fn only_test_accounts_are_asked_unless_told_otherwise() {
    for (kind, is_test) in [
        ("STANDARD", false),
        ("APP_DEVELOPER", false),
        ("", false),
        ("SANDBOX", true),
        ("DEVELOPER_TEST", true),
    ] {
        let mut settings = test_account();
        settings.account.account_type = kind.to_owned();
        let refused = run(settings.clone(), &["--api-version", "v3"]).await;
        assert_eq!(
            refused.ending,
            if is_test { Ending::Answered } else { Ending::Refused },
            "{}",
            refused.text
        );
        assert_eq!(refused.writes() > 0, is_test, "{kind}");
        let told = run(settings, &["--api-version", "v3", "--any-account"]).await;
        assert_eq!(told.ending, Ending::Answered, "{kind}: {}", told.text);
    }
}

#[tokio::test]
async fn a_token_that_may_not_read_asks_nothing() {
    let sandbox = start(test_account());
    sandbox.update(|settings| {
        settings.tokens.insert(TOKEN.to_owned(), vec!["crm.objects.contacts.write".to_owned()]);
    });
    let mut out = Vec::new();
    let ending = run_into(&sandbox, &[], &mut out).await.unwrap();
    assert_eq!(ending, Ending::Refused);
    assert!(String::from_utf8(out).unwrap().contains("MISSING_SCOPES"));
    assert!(sandbox.requests_to("upsert").is_empty());
}

#[tokio::test]
async fn limits_and_locks_are_waited_for() {
    let faults = vec![
        Fault::new(What::rate_limited()).path("upsert").skip(3).times(2),
        Fault::new(What::status(423)).path("archive").times(1),
    ];
    let run = run(Settings { faults, ..test_account() }, &[]).await;
    assert_eq!(run.ending, Ending::Answered, "{}", run.text);
    assert_eq!(run.settings(), usual());
}
