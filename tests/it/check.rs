//! `check`: what it proves, in what words it fails, and that it changes nothing.

use hubspot_sandbox::{EmptyInputs, Fault, RetryAfter, Sandbox, ScopeErrorShape, StatusAnswer, What, tokens};
use serde_json::json;

use super::{
    paths,
    rows::create_property,
    support::{Connector, people_of, run, sandbox, sandbox_with, sandbox_with_faults},
};

/// Asserts that only the calls were made that a check may make, and gives their number.
#[track_caller]
fn assert_nothing_written(sandbox: &Sandbox) -> usize {
    let requests = sandbox.requests();
    for request in &requests {
        let reads = [paths::DETAILS, "/contacts", "/access-token-info", "/batch/read"];
        let is_probe = request.path.ends_with("/batch/upsert") && request.input_count == 0;
        let path = request.path.split('?').next().unwrap();
        assert!(is_probe || reads.iter().any(|end| path.ends_with(end)), "{request:#?}");
        assert!(!path.ends_with("/contacts") || request.method == "GET", "{request:#?}");
    }
    assert!(sandbox.contacts().is_empty());
    requests.len()
}

/// Runs a check that has to end with a status, without failing as a command, and gives its message.
#[track_caller]
fn message_of(connector: &Connector, expected: &str) -> String {
    let outcome = connector.check();
    outcome.assert_success();
    let (status, message) = outcome.connection_status();
    assert_eq!(status, expected, "{message}");
    message
}

#[track_caller]
fn failed(connector: &Connector) -> String {
    message_of(connector, "FAILED")
}

#[track_caller]
fn succeeded(connector: &Connector) -> String {
    message_of(connector, "SUCCEEDED")
}

#[test]
fn success_names_the_account_the_stage_and_the_calls_left() {
    let sandbox = sandbox_with(|settings| {
        settings.account.portal_id = 4711;
        settings.limits.daily = Some(1_000);
        settings.limits.daily_spent = 400;
    });
    let message = succeeded(&Connector::new(&sandbox));
    assert!(message.contains("account 4711") && message.contains("default lifecycle stage"), "{message}");
    // Not 600: the calls of the check are spent too.
    let left = (590..600).find(|left| message.contains(&format!(" {left} of 1000 API calls are left")));
    assert!(left.is_some(), "{message}");
    let message = succeeded(&Connector::new(&sandbox).set("lifecycle_stage", "  marketing QUALIFIED lead "));
    assert!(message.contains("`marketingqualifiedlead`"), "{message}");
    assert_nothing_written(&sandbox);
}

#[test]
fn a_token_that_hubspot_refuses_is_told_apart_from_one_that_expired() {
    let sandbox = sandbox();
    for token in ["pat-na1-mistyped", "garbage"] {
        let message = failed(&Connector::new(&sandbox).set("access_token", token));
        assert!(
            message.contains("does not accept the access token") && message.contains("`access_token`"),
            "{message}"
        );
        assert!(!message.contains("expired") && !message.contains(token), "{message}");
    }
    let message = failed(&Connector::new(&sandbox).set("access_token", tokens::EXPIRED));
    assert!(message.contains("has expired") && !message.contains(tokens::EXPIRED), "{message}");
    assert_eq!(assert_nothing_written(&sandbox), 3, "a refused token is not tried again");
}

#[test]
fn many_definitions_of_properties_are_read() {
    let sandbox = sandbox();
    create_property(
        &sandbox,
        &json!({
            "name": "described", "label": "Described", "type": "string", "fieldType": "text",
            "groupName": "contactinformation", "description": "x".repeat(17 * 1024 * 1024),
        }),
    );
    succeeded(&Connector::new(&sandbox));
}

#[test]
fn a_scope_that_lacks_is_named() {
    let sandbox = sandbox();
    let read = "`crm.objects.contacts.read`";
    let write = "`crm.objects.contacts.write`";
    for (token, stage, scope) in [
        (tokens::READ_ONLY, None, write),
        (tokens::READ_ONLY, Some("customer"), write),
        (tokens::WRITE_ONLY, Some("customer"), read),
        (tokens::NO_CONTACTS, None, write),
    ] {
        let message =
            failed(&Connector::new(&sandbox).set("access_token", token).set("lifecycle_stage", stage));
        assert!(message.contains(scope) && message.contains("lacks the scope"), "{message}");
    }
    let message = succeeded(&Connector::new(&sandbox).set("access_token", tokens::WRITE_ONLY));
    assert!(message.contains("default lifecycle stage"), "{message}");
    assert_nothing_written(&sandbox);
}

#[test]
fn if_the_scopes_cannot_be_listed_a_write_of_nothing_shows_them() {
    for answer in [What::html(404), What::status(403), What::bare(500), What::NotJson, What::EmptyBody] {
        for (empty_inputs, token, may_write) in [
            (EmptyInputs::Status200, tokens::CONTACTS, true),
            (EmptyInputs::Status400, tokens::CONTACTS, true),
            (EmptyInputs::Status200, tokens::READ_ONLY, false),
            (EmptyInputs::Status400, tokens::READ_ONLY, false),
            // Nothing shows the scope, which is no reason to refuse.
            (EmptyInputs::Status400BeforeScopes, tokens::READ_ONLY, true),
        ] {
            let sandbox = sandbox_with(|settings| {
                settings.empty_inputs = empty_inputs;
                settings.faults = vec![Fault::new(answer.clone()).path(paths::TOKEN_INFO)];
            });
            let connector = Connector::new(&sandbox).set("access_token", token);
            if may_write {
                succeeded(&connector);
            } else {
                let message = failed(&connector);
                assert!(message.contains("`crm.objects.contacts.write`"), "{message}");
            }
            assert_nothing_written(&sandbox);
            assert_eq!(sandbox.requests_to(paths::UPSERT).len(), 1);
        }
    }
}

#[test]
fn if_the_scopes_cannot_be_listed_a_read_of_nobody_shows_that_of_reading() {
    for shape in [ScopeErrorShape::Current, ScopeErrorShape::Old] {
        let sandbox = sandbox_with(|settings| {
            settings.scope_error = shape;
            settings.faults = vec![Fault::new(What::status(404)).path(paths::TOKEN_INFO)];
        });
        let connector = |token: &str| {
            Connector::new(&sandbox).set("access_token", token).set("lifecycle_stage", "customer")
        };
        let message = failed(&connector(tokens::WRITE_ONLY));
        assert!(message.contains("`crm.objects.contacts.read`"), "{message}");
        succeeded(&connector(tokens::CONTACTS));
        assert_nothing_written(&sandbox);
    }
}

#[test]
fn a_stage_that_does_not_exist_brings_the_list_of_those_that_do() {
    let sandbox = sandbox();
    let message = failed(&Connector::new(&sandbox).set("lifecycle_stage", "VIP"));
    assert!(message.contains("`lifecycle_stage`") && !message.contains("VIP"), "{message}");
    for stage in [
        "`subscriber` (Subscriber)",
        "`marketingqualifiedlead` (Marketing Qualified Lead)",
        "`other` (Other)",
    ] {
        assert!(message.contains(stage), "{message}");
    }
    assert_nothing_written(&sandbox);
}

#[test]
fn a_hubspot_that_cannot_be_reached_is_said_to_be_so() {
    let sandbox = sandbox();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let message = failed(&Connector::new(&sandbox).variable("HUBSPOT_API_BASE_URL", &address));
    assert!(message.contains("could not be reached") && message.contains("no connection"), "{message}");
    assert!(message.contains(&format!("{address} (set by HUBSPOT_API_BASE_URL)")), "{message}");
    assert!(!message.contains("api.hubapi.com"), "{message}");
    assert!(sandbox.requests().is_empty());
}

#[test]
fn another_address_than_hubspots_is_told_at_the_start() {
    let sandbox = sandbox();
    let told = format!("HUBSPOT_API_BASE_URL is set: all calls go to {}, not to HubSpot", sandbox.base_url());
    let connector = Connector::new(&sandbox);
    for outcome in [connector.check(), connector.write(""), connector.start("discover").finish()] {
        assert!(outcome.lines[0].contains(&told), "{:#?}", outcome.lines);
        assert_eq!(outcome.logs(&told).len(), 1);
    }
    // Without a port that can be connected to, but before any call.
    let outcome = connector
        .variable("HUBSPOT_API_BASE_URL", "http://hubspot.invalid")
        .variable("HUBSPOT_API_ALLOW_HTTP", "1")
        .check();
    assert_eq!(outcome.logs("HUBSPOT_API_ALLOW_HTTP permits plain http to http://hubspot.invalid").len(), 1);
    let (status, message) = outcome.connection_status();
    assert!(
        status == "FAILED" && message.contains("http://hubspot.invalid (set by HUBSPOT_API_BASE_URL)"),
        "{message}"
    );
}

#[test]
fn with_exit_code_a_check_that_failed_is_a_command_that_failed() {
    let sandbox = sandbox();
    let code = |connector: &Connector, flag: bool| {
        let mut command = connector.command("check");
        if flag {
            command.arg("--exit-code");
        }
        command.output().unwrap().status.code()
    };
    let wrong = Connector::new(&sandbox).set("access_token", "garbage");
    let address = Connector::new(&sandbox).variable("HUBSPOT_API_BASE_URL", "nonsense");
    for (connector, expected) in [(Connector::new(&sandbox), 0), (wrong, 1), (address, 1)] {
        assert_eq!((code(&connector, true), code(&connector, false)), (Some(expected), Some(0)));
    }
    let help = run(&["check", "--help"]).lines.join("\n");
    assert!(help.contains("--exit-code") && help.contains("Exits with 1"), "{help}");
    assert_eq!(run(&["check", "--exit-code"]).code, Some(2));
}

#[test]
fn a_file_of_another_kind_is_named() {
    let sandbox = sandbox();
    let utf_16 = |text: &str| {
        let mut bytes = vec![0xff, 0xfe];
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        bytes
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    let checked = |path: &std::path::Path| {
        let outcome = run(&["check", "--config", path.to_str().unwrap()]);
        outcome.assert_success();
        outcome.connection_status().1
    };
    std::fs::write(&path, utf_16("{\"access_token\":\"secret\"}")).unwrap();
    let message = checked(&path);
    assert!(
        message.contains("UTF-16") && message.contains("UTF-8") && !message.contains("secret"),
        "{message}"
    );
    let message = checked(folder.path());
    assert!(message.contains("is a folder"), "{message}");
    let message = checked(&folder.path().join("none.json"));
    assert!(message.contains("none.json") && message.contains("does not exist"), "{message}");
    let message = failed(&Connector::new(&sandbox).text("catalog.json", "\n"));
    assert!(message.contains("`--catalog`") && message.contains("is empty"), "{message}");
}

#[test]
fn answers_that_help_nobody_become_sentences_that_do() {
    let html_403 = What::html(403);
    let forbidden = StatusAnswer { category: Some("ACCOUNT_SUSPENDED".to_owned()), ..StatusAnswer::new(403) };
    let long_pause = StatusAnswer::new(503).retry_after(RetryAfter::Seconds(3_600)).into();
    for (answer, parts, requests) in [
        (
            What::status(503),
            vec!["not answering properly", "status 503", "3 attempts", "status.hubspot.com"],
            3,
        ),
        (html_403, vec!["not answering properly", "status 403"], 3),
        (What::html(502), vec!["status 502"], 3),
        (long_pause, vec!["pause of 60 minutes"], 1),
        (What::redirect(), vec!["redirect (status 302)", "proxy"], 1),
        (What::html(404), vec!["status 404", "`api_version`"], 1),
        (What::NotJson, vec!["could not be read", "proxy"], 1),
        (What::EmptyBody, vec!["could not be read"], 1),
        (What::CloseUnread, vec!["could not be reached", "connection broke"], 3),
        (What::bare(418), vec!["status 418"], 1),
        (forbidden.into(), vec!["forbids", "status 403, ACCOUNT_SUSPENDED", "owner"], 1),
    ] {
        let sandbox = sandbox_with_faults(vec![Fault::new(answer.clone())]);
        let message = failed(&Connector::new(&sandbox));
        assert!(parts.iter().all(|part| message.contains(part)), "{answer:?}: {message}");
        assert_eq!(assert_nothing_written(&sandbox), requests, "{answer:?}");
    }
}

#[test]
fn a_proxy_that_lets_only_some_calls_through_is_no_missing_scope() {
    let sandbox = sandbox_with_faults(vec![Fault::new(What::html(403)).path(paths::PROPERTIES)]);
    let message = failed(&Connector::new(&sandbox));
    assert!(message.contains("status 403") && !message.contains("scope"), "{message}");
}

#[test]
fn a_short_outage_does_not_fail_the_check() {
    let sandbox = sandbox_with_faults(vec![Fault::new(What::html(502)).requests([1, 2, 5])]);
    succeeded(&Connector::new(&sandbox));
    assert_nothing_written(&sandbox);
}

#[test]
fn a_hubspot_that_hangs_fails_the_check() {
    let hang = What::delay(std::time::Duration::from_hours(1));
    let sandbox = sandbox_with_faults(vec![Fault::new(hang).path(paths::PROPERTIES)]);
    let message = failed(&Connector::new(&sandbox));
    assert!(
        message.contains("no answer came in time from") && message.contains(&sandbox.base_url()),
        "{message}"
    );
}

#[test]
fn a_daily_limit_that_is_used_up_fails_the_check() {
    let sandbox = sandbox_with(|settings| {
        settings.limits.daily = Some(1_000);
        settings.limits.daily_spent = 1_000;
    });
    let message = failed(&Connector::new(&sandbox));
    assert!(message.contains("daily limit") && message.contains("midnight"), "{message}");
}

#[test]
fn a_configuration_that_cannot_be_used_fails_the_check_and_asks_hubspot_nothing() {
    let sandbox = sandbox();
    for (config, parts) in [
        ("", vec!["`--config`", "is empty"]),
        ("access_token: secret\n", vec!["looks like YAML", "JSON object"]),
        ("ACCESS_TOKEN=secret\n", vec!["`name=value`", "JSON object"]),
        ("{\"access_token\": \"secret", vec!["not valid JSON", "line 1"]),
        ("[]", vec!["JSON object"]),
        ("{}", vec!["`access_token`", "missing"]),
        ("{\"access_token\":\"  \"}", vec!["`access_token`", "missing or empty"]),
        ("{\"token\":\"secret\"}", vec!["`access_token`", "missing"]),
        ("{\"access_token\":\"****\"}", vec!["asterisks"]),
        ("{\"access_token\":\"secret token\"}", vec!["`access_token`", "space"]),
        ("{\"access_token\":\"${secret}\"}", vec!["`access_token`", "placeholder"]),
        ("{\"access_token\":\"'secret'\"}", vec!["`access_token`", "quotation marks"]),
        ("{\"access_token\":\"“secret”\"}", vec!["`access_token`", "quotation marks"]),
        ("{\"access_token\":{\"secret\":1}}", vec!["`access_token`", "text"]),
        (
            "{\"access_token\":\"t\",\"invalid_values\":\"secret\"}",
            vec!["`invalid_values`", "\"drop_value\", \"reject_record\""],
        ),
        ("{\"access_token\":\"t\",\"api_version\":\"v1\"}", vec!["`api_version`", "\"2026-09\", \"v3\""]),
        ("{\"access_token\":\"t\",\"field_mappings\":{}}", vec!["`field_mappings`", "list"]),
        (
            "{\"access_token\":\"t\",\"field_mappings\":{\"work_mail\":\"secret\"}}",
            vec!["list", "[{\"field\": \"work_mail\", \"property\": \"…\"}]"],
        ),
        (
            "{\"access_token\":\"t\",\"field_mappings\":[{\"from\":\"secret\",\"to\":\"secret\"}]}",
            vec!["Entry 1", "`from` and `to`", "{\"field\": \"…\", \"property\": \"…\"}"],
        ),
        ("{\"access_token\":\"t\",\"field_mappings\":[{\"field\":\"a\"}]}", vec!["`property`", "entry 1"]),
    ] {
        let message = failed(&Connector::new(&sandbox).text("config.json", config));
        assert!(parts.iter().all(|part| message.contains(part)), "{config}: {message}");
        assert!(!message.contains("secret"), "{message}");
    }
    assert!(sandbox.requests().is_empty());
    let outcome = run(&["check", "--config", "no/such/file.json"]);
    outcome.assert_success();
    let (status, message) = outcome.connection_status();
    assert!(status == "FAILED" && message.contains("no/such/file.json"), "{message}");
}

#[test]
fn an_address_of_another_server_is_checked_before_the_token_goes_there() {
    let sandbox = sandbox();
    for address in [
        "http://example.com",
        "ftp://127.0.0.1",
        "nonsense",
        "https://me:secret@example.com",
        "https://x.example/?a=secret",
    ] {
        let message = failed(&Connector::new(&sandbox).variable("HUBSPOT_API_BASE_URL", address));
        assert!(message.contains("HUBSPOT_API_BASE_URL") && !message.contains("secret"), "{message}");
    }
    assert!(sandbox.requests().is_empty());
}

#[test]
fn a_mapping_that_cannot_work_fails_the_check() {
    let sandbox = sandbox();
    for (property, why) in [
        ("no_such_property", "no contact property"),
        ("First Name", "internal name"),
        ("createdate", "does not let the API set"),
        ("hubspotscore", "does not let the API set"),
    ] {
        let mappings = json!([{ "field": "score", "property": property }]);
        let message = failed(&Connector::new(&sandbox).set("field_mappings", mappings));
        let names = message.contains("`score`") && message.contains(&format!("`{property}`"));
        assert!(names && message.contains(why), "{message}");
    }
    assert_nothing_written(&sandbox);
}

#[test]
fn with_a_catalog_the_plan_is_printed_before_the_verdict() {
    let sandbox = sandbox();
    let connector = Connector::new(&sandbox)
        .streams(&[("users", &["id", "name", "mail", "_ab_cdc_lsn", "createdate", "city"])])
        .set("field_mappings", json!([{ "field": "name", "property": "firstname" }, { "stream": "users", "field": "mail", "property": "email" }]));
    let outcome = connector.check();
    outcome.assert_success();
    assert_eq!(outcome.connection_status().0, "SUCCEEDED");
    let mut mapped = outcome.logs("field mapped");
    mapped.sort();
    assert_eq!(
        mapped,
        [
            "field mapped stream=users field=city property=city type=text by=\"its name\"",
            "field mapped stream=users field=mail property=email type=\"the key\" by=field_mappings",
            "field mapped stream=users field=name property=firstname type=text by=field_mappings",
        ]
    );
    let mut left_out = outcome.logs("fields left out");
    left_out.sort();
    let fields = ["fields=_ab_cdc_lsn ", "fields=createdate ", "fields=id "];
    assert_eq!(left_out.len(), fields.len(), "{left_out:#?}");
    assert!(left_out.iter().zip(fields).all(|(line, field)| line.contains(field)), "{left_out:#?}");
    assert!(outcome.lines.last().unwrap().starts_with("{\"type\":\"CONNECTION_STATUS\""));
    assert_nothing_written(&sandbox);
}

#[test]
fn with_a_catalog_that_cannot_be_served_the_check_fails() {
    let sandbox = sandbox();
    let message = failed(&Connector::new(&sandbox).streams(&[
        ("users", &["id", "user_email"]),
        ("fine", &["email"]),
        ("orders", &["id"]),
    ]));
    // All of them at once, each with what may be the address.
    for part in ["`users`", "perhaps `user_email`", "`orders`", "`field_mappings`", "deselect"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("`fine`"), "{message}");
    let mappings = json!([{ "stream": "users", "field": "emial", "property": "email" }]);
    let connector = Connector::new(&sandbox).streams(&[("users", &["id", "email"])]);
    let message = failed(&connector.set("field_mappings", mappings));
    assert!(
        message.contains("the field `emial`, which it does not have; did you mean `email`?"),
        "{message}"
    );
    let message = failed(&Connector::new(&sandbox).text("catalog.json", "{"));
    assert!(message.contains("catalog"), "{message}");
    assert_nothing_written(&sandbox);
}

#[test]
fn a_redirect_is_never_followed() {
    for status in [301, 302, 307, 308] {
        for path in [paths::DETAILS, paths::PROPERTIES, paths::TOKEN_INFO, paths::UPSERT] {
            let sandbox = sandbox_with(|settings| {
                let elsewhere = What::Redirect { status, location: "/redirected".to_owned() };
                // The probe of the write scope is made only if the scopes are not listed.
                settings.faults = vec![
                    Fault::new(elsewhere).path(path),
                    Fault::new(What::status(404)).path(paths::TOKEN_INFO),
                ];
            });
            let outcome = Connector::new(&sandbox).check();
            outcome.assert_success();
            outcome.connection_status();
            assert!(!sandbox.requests_to(path).is_empty(), "{path}");
            assert!(sandbox.requests_to("/redirected").is_empty());
        }
    }
}

#[test]
fn a_check_reads_nothing_from_standard_input() {
    let sandbox = sandbox();
    let mut running = Connector::new(&sandbox).start("check");
    running.send(&people_of("users", 0..3));
    let outcome = running.wait();
    outcome.assert_success();
    assert_eq!(outcome.connection_status().0, "SUCCEEDED");
    assert_nothing_written(&sandbox);
}
