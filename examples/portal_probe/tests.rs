//! The probe against the sandbox: each verdict follows its setting, and nothing but the probe's own contacts is touched.

use std::{
    io::{self, Write},
    iter,
};

use clap::Parser;
use destination_hubspot::config::{AccessToken, ApiVersion, BaseUrl, DelayScale, Environment};
use hubspot_sandbox::{
    BodyKind, EmptyInputs, Fault, Language, SameContactInputs, Sandbox, Seed, Settings, StatusAnswer, What,
};
use serde_json::{Value, json};

use crate::{
    Arguments,
    questions::Question,
    run::{Ending, probe},
    verdict::{Finding, Verdict, disagreements, settings as settled},
};

const MARK: &str = "zzsecret";
const TOKEN: &str = "pat-na1-zzsecret-0000";

/// A finished run.
struct Run {
    ending: Ending,
    text: String,
    sandbox: Sandbox,
}

impl Run {
    /// The settings at the end of the text.
    fn settings(&self) -> Value {
        let (_, json) = self.text.split_once("--settings:\n").unwrap_or_else(|| panic!("{}", self.text));
        serde_json::from_str(json).unwrap()
    }

    /// The addresses of contacts that the probe has left.
    fn left(&self) -> Vec<String> {
        let contacts = self.sandbox.contacts().into_iter().map(|contact| contact.email);
        contacts.filter(|email| email.starts_with("probe-")).collect()
    }

    fn writes(&self) -> usize {
        self.sandbox
            .requests_to("objects")
            .iter()
            .filter(|request| !request.path.ends_with("batch/read"))
            .count()
    }
}

/// A test account that behaves as the sandbox does by itself.
fn test_account() -> Settings {
    let mut settings = Settings::default();
    settings.account.account_type = "DEVELOPER_TEST".to_owned();
    // A run would be spread over some seconds otherwise.
    settings.limits.max = Some(1_000);
    settings
}

fn strange(skip: u64, what: What) -> Settings {
    let fault = Fault::new(what).path("2026-09/contacts/batch/upsert").skip(skip).times(1);
    Settings { faults: vec![fault], ..test_account() }
}

fn start(mut settings: Settings) -> Sandbox {
    let scopes = ["oauth", "crm.objects.contacts.read", "crm.objects.contacts.write"];
    settings.tokens.insert(TOKEN.to_owned(), scopes.map(str::to_owned).into());
    let sandbox = Sandbox::start(settings).unwrap();
    sandbox.seed_contact(Seed::new("ada@example.com").secondary("countess@example.com"));
    sandbox.seed_contacts(3);
    sandbox
}

async fn run_into(sandbox: &Sandbox, options: &[&str], out: &mut (dyn Write + Send)) -> io::Result<Ending> {
    let arguments = Arguments::parse_from(iter::once("portal_probe").chain(options.iter().copied()));
    let environment = Environment {
        base_url: BaseUrl::parse(&sandbox.base_url()).unwrap(),
        delay_scale: DelayScale::new(0.01).unwrap(),
        ..Environment::default()
    };
    probe(&arguments, &AccessToken::new(TOKEN).unwrap(), &environment, out).await
}

/// Runs the probe. Whatever happens, the contacts of others stay as they are, and no secret is printed.
async fn run(settings: Settings, options: &[&str]) -> Run {
    let sandbox = start(settings);
    let before = sandbox.contacts();
    let mut out = Vec::new();
    let ending = run_into(&sandbox, options, &mut out).await.unwrap();
    let text = String::from_utf8(out).unwrap();
    let others: Vec<_> =
        sandbox.contacts().into_iter().filter(|contact| !contact.email.starts_with("probe-")).collect();
    assert_eq!(others, before);
    assert!(!text.contains(MARK), "{text}");
    Run { ending, text, sandbox }
}

/// What the sandbox does by itself, as the probe finds it.
fn usual() -> Value {
    json!({
        "partial_success": true, "echo_trace_ids": false, "group_errors": false, "shuffle_results": true,
        "duplicate_check_ignores_case": true, "same_contact_inputs": "conflict409",
        "empty_inputs": "status400", "refuse_empty_properties": true, "default_lifecycle_stage": "lead",
        "limits": { "max": 1_000, "daily": 250_000, "window_ms": 10_000 },
    })
}

#[tokio::test]
async fn an_account_like_the_sandbox_gives_the_sandboxs_settings() {
    let run = run(test_account(), &[]).await;
    assert_eq!(run.ending, Ending::Answered, "{}", run.text);
    assert_eq!(run.settings(), usual(), "{}", run.text);
    assert_eq!(run.left(), [""; 0]);
    assert!(!run.text.contains("\n  !"), "{}", run.text);
    assert_eq!(
        run.text.matches("as the sandbox does").count(),
        6,
        "three facts in two versions: {}",
        run.text
    );
    assert!(!run.text.contains("The versions differ"), "{}", run.text);
}

type Change = fn(&mut Settings);

/// Every switch in each of its other positions, and what the probe then finds otherwise.
fn switches() -> Vec<(Change, &'static str, Value)> {
    vec![
        (|settings| settings.echo_trace_ids = true, "echo_trace_ids", json!(true)),
        (|settings| settings.group_errors = true, "group_errors", json!(true)),
        (|settings| settings.shuffle_results = false, "shuffle_results", json!(false)),
        (
            |settings| settings.duplicate_check_ignores_case = false,
            "duplicate_check_ignores_case",
            json!(false),
        ),
        (
            |settings| settings.same_contact_inputs = SameContactInputs::MergedIntoOneResult,
            "same_contact_inputs",
            json!("merged_into_one_result"),
        ),
        (
            |settings| settings.same_contact_inputs = SameContactInputs::BothResults,
            "same_contact_inputs",
            json!("both_results"),
        ),
        (|settings| settings.empty_inputs = EmptyInputs::Status200, "empty_inputs", json!("status200")),
        (|settings| settings.refuse_empty_properties = false, "refuse_empty_properties", json!(false)),
        (|settings| settings.default_lifecycle_stage = None, "default_lifecycle_stage", json!(null)),
        (
            |settings| settings.default_lifecycle_stage = Some("subscriber".to_owned()),
            "default_lifecycle_stage",
            json!("subscriber"),
        ),
        (
            |settings| {
                settings.limits.max = Some(190);
                settings.limits.daily = Some(5_000);
                settings.limits.window_ms = 8_000;
            },
            "limits",
            json!({ "max": 190, "daily": 5_000, "window_ms": 8_000 }),
        ),
    ]
}

#[tokio::test]
async fn each_verdict_follows_its_setting_and_no_other_does() {
    for (change, name, value) in switches() {
        let mut settings = test_account();
        change(&mut settings);
        let run = run(settings, &[]).await;
        assert_eq!(run.ending, Ending::Answered, "{name}: {}", run.text);
        let mut expected = usual();
        expected[name] = value;
        assert_eq!(run.settings(), expected, "{name}: {}", run.text);
        assert_eq!(run.left(), [""; 0], "{name}");
    }
}

#[tokio::test]
async fn without_partial_success_nothing_can_be_said_of_single_errors() {
    // A refused batch leaves room for the other settings that are about two contacts in one.
    let mut settings = Settings { partial_success: false, echo_trace_ids: true, ..test_account() };
    settings.refuse_empty_properties = false;
    let run = run(settings, &[]).await;
    assert_eq!(run.ending, Ending::Answered, "{}", run.text);
    let mut expected = usual();
    expected["partial_success"] = json!(false);
    expected["echo_trace_ids"] = json!(true);
    expected["refuse_empty_properties"] = json!(false);
    expected.as_object_mut().unwrap().remove("group_errors");
    assert_eq!(run.settings(), expected, "{}", run.text);
    assert!(run.text.contains("does not arise: whether errors are grouped"), "{}", run.text);
}

#[tokio::test]
async fn a_sandbox_with_the_settings_found_is_found_to_have_them() {
    let mut settings = Settings {
        echo_trace_ids: true,
        group_errors: true,
        shuffle_results: false,
        duplicate_check_ignores_case: false,
        same_contact_inputs: SameContactInputs::BothResults,
        empty_inputs: EmptyInputs::Status200,
        refuse_empty_properties: false,
        refuse_blocklisted_emails: true,
        default_lifecycle_stage: None,
        ..test_account()
    };
    settings.limits.max = Some(150);
    let found = run(settings, &["--gdpr"]).await.settings();
    let mut again: Settings = serde_json::from_value(found.clone()).unwrap();
    assert_eq!((again.echo_trace_ids, again.refuse_blocklisted_emails), (true, true));
    again.account.account_type = "SANDBOX".to_owned();
    assert_eq!(run(again, &["--gdpr"]).await.settings(), found);
}

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
async fn only_the_versions_asked_for_are_used() {
    let run = run(test_account(), &["--api-version", "v3"]).await;
    assert_eq!(run.ending, Ending::Answered, "{}", run.text);
    assert_eq!(run.settings(), usual());
    assert!(run.sandbox.requests_to("2026-09").is_empty());
    assert!(Arguments::try_parse_from(["portal_probe", "--api-version", "v1"]).is_err());
}

/// Which upsert of the first version a fault strikes, counted from 0.
mod upsert {
    pub(super) const FIRST: u64 = 0;
    pub(super) const PARTIAL: u64 = 2;
    pub(super) const BOTH_ADDRESSES: u64 = 8;
    pub(super) const STAGE_BACK: u64 = 14;
    pub(super) const ARCHIVED_ADDRESS: u64 = 16;
    pub(super) const COUNT: u64 = 17;
}

#[tokio::test]
async fn what_the_sandbox_cannot_do_is_said() {
    for (number, words) in [
        (upsert::PARTIAL, "partial_success: false"),
        (
            upsert::BOTH_ADDRESSES,
            "! no value of same_contact_inputs behaves like this: 400; VALIDATION_ERROR",
        ),
        (upsert::STAGE_BACK, "! not as the sandbox does: the step back is refused"),
        (upsert::ARCHIVED_ADDRESS, "! not as the sandbox does: it is refused"),
    ] {
        let run = run(strange(number, What::status(400)), &[]).await;
        assert_eq!(run.ending, Ending::Answered, "{}", run.text);
        assert!(run.text.contains(words), "{words}: {}", run.text);
        assert_eq!(run.left(), [""; 0]);
        // The second version was not struck, and is told apart from the first.
        let differs = number == upsert::PARTIAL;
        assert_eq!(
            run.text.contains("partial_success is false in 2026-09 and true in v3"),
            differs,
            "{}",
            run.text
        );
    }
}

#[tokio::test]
async fn a_question_that_fails_leaves_no_contact() {
    let strange_answers = [What::html(503), What::CloseUnread, What::NotJson, What::EmptyBody];
    for (number, what) in (0..upsert::COUNT).zip(strange_answers.iter().cycle()) {
        let run = run(strange(number, what.clone()), &["--api-version", "2026-09"]).await;
        assert_eq!(run.left(), [""; 0], "{number} {what:?}: {}", run.text);
        assert_eq!(run.ending, Ending::Incomplete, "{number} {what:?}: {}", run.text);
        assert!(run.text.contains("? open: "), "{number} {what:?}: {}", run.text);
    }
}

#[tokio::test]
async fn contacts_that_no_answer_told_of_are_found_by_their_addresses() {
    let half_told = What::Json { status: 200, body: json!({ "results": [{ "id": "1", "new": false }] }) };
    for what in [What::LoseAnswer, What::CutBody, half_told] {
        let run = run(strange(upsert::FIRST, what.clone()), &[]).await;
        assert_eq!(run.ending, Ending::Incomplete);
        assert_eq!(run.left(), [""; 0], "{what:?}: {}", run.text);
        assert!(!run.text.contains("May exist") && !run.text.contains("by hand"), "{what:?}: {}", run.text);
    }
}

#[tokio::test]
async fn contacts_that_cannot_be_found_are_named() {
    // The first read proves that the addresses are free, so that nothing but the last one is struck.
    for (status, is_named) in [(400, false), (408, true)] {
        let lost = Fault::new(What::LoseAnswer).path("2026-09/contacts/batch/upsert").times(1);
        let unreadable = Fault::new(What::status(500)).path("batch/read").skip(1);
        let refused = Fault::new(What::status(status)).path("2026-09/contacts/batch/upsert").skip(1).times(1);
        let faults = vec![lost, unreadable, refused];
        let run = run(Settings { faults, ..test_account() }, &["--api-version", "2026-09"]).await;
        assert_eq!(run.ending, Ending::Incomplete);
        let left = run.left();
        assert_eq!(left.len(), 6, "{}", run.text);
        let (_, named) = run.text.split_once("May exist").unwrap();
        for address in left {
            assert!(named.contains(&address), "{}", run.text);
        }
        let count = named.lines().next().unwrap().matches("@example.com").count();
        assert_eq!(count > 6, is_named, "{status}: {}", run.text);
    }
}

#[tokio::test]
async fn the_other_version_archives_what_the_first_cannot() {
    let fault = Fault::new(What::status(404)).path("2026-09/contacts/batch/archive");
    let run = run(Settings { faults: vec![fault], ..test_account() }, &["--api-version", "2026-09"]).await;
    assert_eq!(run.left(), [""; 0], "{}", run.text);
    assert!(!run.text.contains("by hand"), "{}", run.text);
}

#[tokio::test]
async fn an_archive_of_which_a_part_failed_is_not_taken_for_done() {
    // The first is part of a question.
    let what = What::Json { status: 207, body: json!({ "results": [], "numErrors": 1, "errors": [] }) };
    let fault = Fault::new(what).path("batch/archive").skip(1).times(1);
    let run = run(Settings { faults: vec![fault], ..test_account() }, &["--api-version", "2026-09"]).await;
    assert_eq!(run.ending, Ending::Answered, "{}", run.text);
    assert_eq!(run.left(), [""; 0], "{}", run.text);
}

#[tokio::test]
async fn the_reserve_of_the_day_does_not_keep_contacts_from_being_removed() {
    let mut settings = test_account();
    // 2 % of it is 20: the questions of one version end there, and what they have made is removed all the same.
    settings.limits.daily = Some(1_000);
    settings.limits.daily_spent = 965;
    let run = run(settings, &["--api-version", "2026-09"]).await;
    assert_eq!(run.ending, Ending::Incomplete);
    assert!(run.text.contains("requests of the day are used up"), "{}", run.text);
    assert!(!run.text.contains("\n0 contact(s)"), "{}", run.text);
    assert_eq!(run.left(), [""; 0], "{}", run.text);
}

#[tokio::test]
async fn a_refused_merge_leaves_no_contact() {
    for what in [What::status(400), What::LoseAnswer] {
        let fault = Fault::new(what).path("2026-09/contacts/merge");
        let run = run(Settings { faults: vec![fault], ..test_account() }, &[]).await;
        assert_eq!(run.ending, Ending::Incomplete);
        assert_eq!(run.left(), [""; 0], "{}", run.text);
    }
}

#[tokio::test]
async fn what_cannot_be_archived_is_named() {
    let archive = |what| Fault::new(what).path("batch/archive");
    let run_with = |fault| run(Settings { faults: vec![fault], ..test_account() }, &["--api-version", "v3"]);

    let never = run_with(archive(What::status(500))).await;
    assert_eq!(never.ending, Ending::Incomplete);
    assert!(never.text.contains("\n0 contact(s) of this run"), "{}", never.text);
    let (_, named) = never.text.split_once("Could not be archived").unwrap();
    let left = never.sandbox.contacts().into_iter().filter(|contact| contact.email.starts_with("probe-"));
    let ids: Vec<String> = left.map(|contact| contact.id).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| named.contains(id)), "{}", never.text);

    // The first is part of a question; the second is that of all contacts, after which each is tried by itself.
    let not_together = run_with(archive(What::status(400)).skip(1).times(1)).await;
    assert_eq!(not_together.ending, Ending::Answered, "{}", not_together.text);
    assert_eq!(not_together.left(), [""; 0]);
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

#[tokio::test]
async fn no_text_of_hubspots_is_printed() {
    let loud = StatusAnswer {
        message: Some(format!("{MARK} is not allowed")),
        category: Some(format!("{MARK} {MARK}")),
        body: BodyKind::Json,
        ..StatusAnswer::new(400)
    };
    for number in [upsert::FIRST, upsert::PARTIAL, upsert::BOTH_ADDRESSES, upsert::ARCHIVED_ADDRESS] {
        let mut settings = strange(number, What::Status(loud.clone()));
        settings.language = Language::Portuguese;
        let run = run(settings, &["--api-version", "2026-09"]).await;
        assert!(!run.text.contains("propriedade") && !run.text.contains("@Example"), "{}", run.text);
        assert_eq!(run.left(), [""; 0]);
    }
}

/// An output that is closed after some lines.
struct Closing(usize);

impl Write for Closing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(1).ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_closed_output_leaves_no_contact() {
    let sandbox = start(test_account());
    let before = sandbox.contacts();
    run_into(&sandbox, &[], &mut Closing(20)).await.unwrap_err();
    assert!(!sandbox.requests_to("upsert").is_empty());
    assert_eq!(sandbox.contacts(), before);
}

#[test]
fn the_first_version_decides_and_the_others_are_compared() {
    let finding = |version, verdict| Finding { version, question: Question::Limits, verdicts: vec![verdict] };
    let findings = [
        finding(ApiVersion::Date202609, Verdict::setting("limits.max", 1)),
        finding(ApiVersion::Date202609, Verdict::setting("limits.daily", 2)),
        finding(ApiVersion::V3, Verdict::setting("limits.max", 3)),
        finding(ApiVersion::V3, Verdict::setting("limits.daily", 2)),
    ];
    assert_eq!(Value::Object(settled(&findings)), json!({ "limits": { "max": 1, "daily": 2 } }));
    assert_eq!(
        disagreements(&findings),
        ["limits.max is 1 in 2026-09 and 3 in v3; the sandbox has one value for both"]
    );
}
