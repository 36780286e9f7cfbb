//! What the probe finds: each verdict follows its setting, and no other does.

use destination_hubspot::config::ApiVersion;
use hubspot_sandbox::{EmptyInputs, SameContactInputs, Settings, What};
use serde_json::{Value, json};

use super::{run, strange, test_account, upsert, usual};
use crate::{
    questions::Question,
    run::Ending,
    verdict::{Finding, Verdict, disagreements, settings as settled},
};

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
