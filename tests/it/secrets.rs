//! What is printed never holds the token, a record's value or a text of HubSpot's, whatever goes wrong.
//!
//! Every value of a record, every token and every invented text of HubSpot's has [`MARK`] in it, so that one look for it
//! in all that was printed finds each of them.

use hubspot_sandbox::{
    EmptyInputs, Fault, Language, RetryAfter, Sandbox, Settings, StatusAnswer, What, tokens,
};
use serde_json::{Value, json};

use super::{
    paths,
    store::{server::Server, settings},
    support::{Connector, Outcome, is_state, record, record_of, sandbox, sandbox_with, state},
};

const MARK: &str = "zzsecret";
const TOKEN: &str = "pat-na1-zzsecret-0000";

/// More often than any request is repeated.
const ALWAYS: u64 = 12;

/// A sandbox that knows [`TOKEN`].
fn marked_sandbox(change: impl FnOnce(&mut Settings)) -> Sandbox {
    sandbox_with(|settings| {
        let scopes = ["oauth", "crm.objects.contacts.read", "crm.objects.contacts.write"].map(str::to_owned);
        settings.tokens.insert(TOKEN.to_owned(), scopes.into());
        change(settings);
    })
}

fn email(number: usize) -> String {
    format!("{MARK}.{number}@example.com")
}

/// A record with these fields besides address and name.
fn marked(number: usize, mut fields: Value) -> String {
    fields["email"] = json!(email(number));
    fields["firstname"] = json!(format!("{MARK} {number}"));
    record(fields)
}

fn marked_people() -> String {
    (0..5).map(|number| marked(number, json!({}))).collect()
}

#[track_caller]
fn assert_no_secret(outcome: &Outcome, about: &str) {
    assert_eq!(outcome.stderr, "", "{about}");
    for line in outcome.lines.iter().filter(|line| !is_state(line)) {
        let printed = line.to_lowercase();
        assert!(
            !printed.contains(MARK) && !printed.contains(&tokens::FULL.to_lowercase()),
            "{about}: {line}"
        );
        assert!(!printed.contains("@example"), "{about}: {line}");
    }
    // The state's own content comes back, and nothing else in its line.
    for line in outcome.state_lines() {
        assert!(line.len() < 300 && !line.contains(MARK), "{about}: {line}");
    }
    outcome.messages();
}

/// Runs `write` at both log levels, and gives the outcomes.
#[track_caller]
fn write_in_silence(connector: impl Fn() -> Connector, input: &str, about: &str) -> Vec<Outcome> {
    let levels = [None, Some("trace")];
    let run = |level: Option<&str>| {
        let folder = tempfile::tempdir().unwrap();
        let connector = ["--rejected", "--left-out", "--results"].into_iter().fold(
            connector().set("access_token", TOKEN).with_report(),
            |connector, argument| {
                let path = folder.path().join(argument.trim_start_matches('-'));
                connector.arguments(&[argument, path.to_str().unwrap()])
            },
        );
        let store = Server::start();
        let connector = connector
            .set("object_storage_config", settings(&store.address()))
            .variable("HUBSPOT_ALLOW_PRIVATE_ENDPOINTS", "1");
        let connector = match level {
            Some(level) => connector.variable("LOG_LEVEL", level),
            None => connector,
        };
        let outcome = connector.write(input);
        assert_no_secret(&outcome, about);
        let report = connector.read_report().to_lowercase();
        assert!(!report.contains(MARK) && !report.contains("@example"), "{about}: {report}");
        outcome
    };
    levels.into_iter().map(run).collect()
}

#[test]
fn values_that_hubspot_refuses_are_not_printed() {
    // The sandbox quotes them in its messages, as HubSpot does.
    let input = marked_people()
        + &marked(10, json!({ "favourite_number": MARK }))
        + &marked(11, json!({ "membership_tier": MARK }))
        + &marked(12, json!({ "contract_end": MARK }))
        + &marked(13, json!({ "lifecyclestage": MARK }))
        + &marked(14, json!({ "hubspot_owner_id": email(14) }))
        + &marked(15, json!({ "notes_long": MARK.repeat(10_000) }))
        + &record(json!({ "email": format!("{MARK}@example.no-such-domain"), "firstname": MARK }))
        + &record(json!({ "email": format!("{MARK} is no address") }))
        + &record(json!({ "email": { MARK: 1 } }))
        + &record(json!({ "firstname": MARK }))
        + &marked(16, json!({ "_ab_cdc_deleted_at": MARK }))
        + &state(1);
    for language in [Language::English, Language::Portuguese] {
        for partial_success in [true, false] {
            for rule in ["drop_value", "reject_record"] {
                let sandbox = marked_sandbox(|settings| {
                    settings.language = language;
                    settings.partial_success = partial_success;
                });
                let connector = || Connector::new(&sandbox).set("invalid_values", rule);
                for outcome in write_in_silence(connector, &input, rule) {
                    outcome.assert_success();
                    // The one that is marked as deleted is skipped.
                    let rejected = if rule == "drop_value" { 4.0 } else { 10.0 };
                    assert_eq!(outcome.counts(), [(16.0 - rejected, rejected)]);
                }
            }
        }
    }
}

#[test]
fn texts_of_hubspots_are_not_printed() {
    let message = format!("Contact {MARK}@example.com already exists. Existing ID: 171591000198");
    let quoting = |status: u16| {
        let body = json!({
            "status": "error", "message": message, "category": format!("CATEGORY of {MARK}@example.com"),
            "subCategory": MARK, "correlationId": format!("id of {MARK}"), "policyName": MARK,
            "errors": [{ "message": message, "code": MARK, "in": MARK, "context": { "id": [email(1)], MARK: [MARK], "propertyName": [MARK] } }],
            "context": { "requiredGranularScopes": [format!("{MARK}@example.com")], "existing": [MARK] }, "links": { MARK: MARK },
        });
        What::Json { status, body }
    };
    let quoting_in_results = What::Json {
        status: 207,
        body: json!({
            "status": "COMPLETE", "results": [],
            "errors": [{ "status": "error", "category": MARK, "message": message, "context": { "objectWriteTraceId": ["0", "1", "2"], "ids": [email(3)] } }],
        }),
    };
    let retry_text = StatusAnswer::new(503).retry_after(RetryAfter::Text(MARK.to_owned()));
    let category = StatusAnswer {
        category: Some(MARK.to_owned()),
        message: Some(message.clone()),
        ..StatusAnswer::new(400)
    };
    let answers = [400, 401, 403, 404, 409, 413, 418, 423, 429, 500, 503].map(quoting).into_iter().chain([
        quoting_in_results,
        retry_text.into(),
        category.into(),
        What::conflict(),
        What::Conflict { existing_id: true, whole_batch: true },
        What::AlreadyExists { whole_batch: false },
        What::Category { category: format!("{MARK} {MARK}@example.com"), whole_batch: false },
        What::ErrorWithoutTraceId,
        What::Unaccounted,
        What::html(502),
        What::NotJson,
        What::CutBody,
        What::Redirect { status: 302, location: format!("/{MARK}") },
    ]);
    // Side by side, for most of the time is spent waiting.
    std::thread::scope(|scope| {
        for answer in answers {
            scope.spawn(move || {
                for (path, times) in [(paths::UPSERT, 1), (paths::UPSERT, ALWAYS), (paths::DETAILS, ALWAYS)] {
                    let fault = Fault::new(answer.clone()).path(path).times(times);
                    let sandbox = marked_sandbox(|settings| settings.faults = vec![fault]);
                    let about = format!("{answer:?} to {path}");
                    write_in_silence(|| Connector::new(&sandbox), &(marked_people() + &state(1)), &about);
                    let struck = sandbox.requests().iter().any(|request| request.fault.is_some());
                    assert!(struck || path == paths::DETAILS, "{about} never came");
                }
            });
        }
    });
}

#[test]
fn lines_that_cannot_be_used_are_not_printed() {
    let sandbox = marked_sandbox(|_| ());
    let good = marked_people() + &state(1);
    for bad in [
        format!(
            "{{\"type\":\"RECORD\",\"record\":{{\"stream\":\"users\",\"data\":{{\"email\":\"{MARK}@example.com\"\n"
        ),
        format!("{MARK}@example.com\n"),
        format!("{{\"type\":\"RECORD\",\"record\":\"{MARK}\"}}\n"),
        format!("{{\"type\":\"RECORD\",\"record\":{{\"stream\":\"users\",\"data\":[\"{MARK}\"]}}}}\n"),
        format!("{{\"type\":\"STATE\",\"state\":\"{MARK}\"}}\n"),
        format!("{{\"type\":{{\"{MARK}\":1}}}}\n"),
        record_of("strangers", json!({ "email": email(1) })),
    ] {
        let connector = || Connector::new(&sandbox).streams(&[("users", &["email"])]);
        for outcome in write_in_silence(connector, &(good.clone() + &bad), &bad) {
            assert_eq!((outcome.code, outcome.errors().len()), (Some(1), 1), "{bad}");
        }
    }
    // Other messages are not looked into, let alone printed.
    let log = format!("{{\"type\":\"LOG\",\"log\":{{\"level\":\"INFO\",\"message\":\"{MARK}\"}}}}\n");
    let trace = format!(
        "{{\"type\":\"TRACE\",\"trace\":{{\"type\":\"ERROR\",\"error\":{{\"message\":\"{MARK}\"}}}}}}\n"
    );
    for outcome in write_in_silence(|| Connector::new(&sandbox), &(log + &trace + &good), "noise") {
        outcome.assert_success();
    }
}

#[test]
fn a_configuration_that_cannot_be_used_is_not_printed() {
    let sandbox = marked_sandbox(|_| ());
    for config in [
        format!("{{\"access_token\":\"{TOKEN}"),
        format!("{{\"access_token\":{{\"a\":\"{TOKEN}\"}}}}"),
        format!("{{\"access_token\":\"{TOKEN} {TOKEN}\"}}"),
        format!("{{\"access_token\":\"{TOKEN}\\u00e9\"}}"),
        format!("{{\"token\":\"{TOKEN}\"}}"),
        format!("\"{TOKEN}\""),
        format!("{{\"access_token\":\"{TOKEN}\",\"api_version\":\"{MARK}\"}}"),
        format!("{{\"access_token\":\"{TOKEN}\",\"invalid_values\":[\"{MARK}\"]}}"),
        format!("{{\"access_token\":\"{TOKEN}\",\"lifecycle_stage\":\"{MARK}\"}}"),
        format!("{{\"access_token\":\"{TOKEN}-wrong\",\"unknown\":\"{MARK}\"}}"),
        format!("{{\"access_token\":\"garbage-{MARK}\"}}"),
    ] {
        for level in ["info", "trace"] {
            let connector =
                Connector::new(&sandbox).text("config.json", &config).variable("LOG_LEVEL", level);
            let outcome = connector.check();
            assert_no_secret(&outcome, &config);
            assert_eq!(outcome.connection_status().0, "FAILED");
            let outcome = connector.write(&marked_people());
            assert_no_secret(&outcome, &config);
            outcome.assert_failure("config_error");
        }
    }
    let address = format!("https://user:{MARK}@example.com/?q={MARK}");
    let connector = Connector::new(&sandbox).variable("HUBSPOT_API_BASE_URL", &address);
    assert_no_secret(&connector.check(), &address);
    assert_no_secret(&connector.write(&marked_people()), &address);
}

#[test]
fn a_check_prints_neither_token_nor_texts() {
    let body =
        json!({ "message": format!("{MARK}@example.com"), "category": "X", "context": { MARK: [MARK] } });
    let answers = [401, 403, 500].map(|status| What::Json { status, body: body.clone() });
    for answer in answers {
        for path in [paths::DETAILS, paths::PROPERTIES, paths::TOKEN_INFO, paths::UPSERT] {
            let sandbox = marked_sandbox(|settings| {
                settings.empty_inputs = EmptyInputs::Status400;
                let no_list = Fault::new(What::status(404)).path(paths::TOKEN_INFO);
                settings.faults = vec![Fault::new(answer.clone()).path(path), no_list];
            });
            let connector =
                Connector::new(&sandbox).set("access_token", TOKEN).variable("LOG_LEVEL", "trace");
            let outcome = connector.check();
            assert_no_secret(&outcome, &format!("{answer:?} to {path}"));
            outcome.connection_status();
        }
    }
}

#[test]
fn the_log_level_raises_the_connectors_own_lines_only() {
    let sandbox = sandbox();
    let lines = |level: &str| {
        let outcome =
            Connector::new(&sandbox).variable("LOG_LEVEL", level).write(&(marked_people() + &state(1)));
        outcome.assert_success();
        assert_no_secret(&outcome, level);
        outcome.messages().into_iter().filter(|message| message["type"] == "LOG").collect::<Vec<_>>()
    };
    let trace = lines("trace");
    assert!(trace.iter().any(|line| line["log"]["level"] == "DEBUG"), "{trace:#?}");
    for library in ["hyper", "reqwest", "rustls", "h2::", "pooling", "connecting to", "checkout"] {
        assert!(!trace.iter().any(|line| line.to_string().contains(library)), "{library}: {trace:#?}");
    }
    let info = lines("info");
    assert!(!info.is_empty() && info.len() < trace.len());
    assert!(info.iter().all(|line| line["log"]["level"] != "DEBUG"));
    assert_eq!(lines("error"), [] as [Value; 0]);
}
