//! `write --report`: what it says of a sync, however that ends, and where it may be. Not here: the form of each member
//! (`src/report/json.rs`).

use std::{fs, os::unix::fs::symlink};

use hubspot_sandbox::{Fault, Seed, What, tokens};
use serde_json::{Value, json};

use super::{
    paths,
    support::{
        Connector, Outcome, end_of, people, people_of, record, sandbox, sandbox_with_faults, state, upserts,
        wait_for_upsert_of,
    },
};

/// The report of the last run, which the published schema has to accept.
#[track_caller]
fn report(connector: &Connector) -> Value {
    let schema: Value = serde_json::from_str(include_str!("../../docs/report.schema.json")).unwrap();
    let report = serde_json::from_str(&connector.read_report()).unwrap();
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?} in {report:#}");
    report
}

fn kind(report: &Value) -> &str {
    report["end"]["kind"].as_str().unwrap()
}

/// The failure of a report, which is the one that was printed.
#[track_caller]
fn assert_failure(report: &Value, outcome: &Outcome, failure_type: &str) {
    let message = outcome.assert_failure(failure_type);
    assert_eq!(report["end"], json!({ "kind": "failed", "failure_type": failure_type, "message": message }));
    assert!(report["ended_at"].is_string());
}

#[test]
fn it_has_the_counts_of_the_summary() {
    let sandbox = sandbox();
    sandbox.seed_contact(Seed::new("known@example.com").property("lifecyclestage", "customer"));
    let input = record(json!({ "email": "new@example.com", "firstname": "Ada", "city": "", "zip": null }))
        + &record(json!({ "email": "other@example.com", "favourite_number": "seven", "city": "" }))
        + &record(json!({ "email": "nobody" }))
        + &record(json!({ "email": "gone@example.com", "is_deleted": true }))
        + &record(json!({ "email": "known@example.com", "lifecyclestage": "lead" }))
        + &people_of("others", 0..3)
        + &record(json!({ "email": "new@example.com", "firstname": "Grace" }))
        + &state(1);
    let connector = Connector::new(&sandbox).unscaled().set("null_values", "clear").with_report();
    let outcome = connector.write(&input);
    outcome.assert_success();
    let report = report(&connector);
    assert_eq!((kind(&report), &report["version"]), ("complete", &json!(1)));
    assert_eq!(report["records_without_fate"], 0);
    assert_eq!(
        (&report["api_version"], report["started_at"].as_str() <= report["ended_at"].as_str()),
        (&json!("2026-09"), true)
    );
    assert!(
        report["quota"]["daily_left"].as_u64().unwrap() < report["quota"]["daily_limit"].as_u64().unwrap()
    );
    let streams = report["streams"].as_array().unwrap();
    assert_eq!(
        (streams.len(), &streams[0]["stream"], &streams[1]["stream"]),
        (2, &json!("users"), &json!("others"))
    );
    let summary = outcome.summary();
    for name in ["read", "created", "updated", "unchanged", "folded", "skipped", "rejected"] {
        let sum: u64 = streams.iter().map(|stream| stream[name].as_u64().unwrap()).sum();
        assert!(summary.contains(&format!(" {name}={sum} ")), "{name} {sum}: {summary}");
    }
    let users = &streams[0];
    let expects = "field `email`, an e-mail address such as name@company.com";
    assert_eq!(
        users["reasons"],
        json!([
            { "fate": "rejected", "reason": "invalid_email", "property": null, "expects": expects, "count": 1,
              "first_records": [3], "first_lines": [3], "correlation_id": null },
            { "fate": "skipped", "reason": "deleted_in_source", "property": null, "expects": null, "count": 1,
              "first_records": [4], "first_lines": [4], "correlation_id": null },
        ])
    );
    let left_out = &users["values_left_out"][0];
    assert_eq!((&left_out["property"], &left_out["count"]), (&json!("favourite_number"), &json!(1)));
    let emptied = json!([{ "property": "city", "count": 2 }, { "property": "zip", "count": 1 }]);
    assert_eq!(users["values_emptied"], emptied);
    assert_eq!(users["not_applied"][0]["property"], "lifecyclestage");
    let by_call = report["requests"]["by_call"].as_array().unwrap();
    let of = |name: &str| {
        by_call
            .iter()
            .filter(|one| one["call"] == name)
            .map(|one| one["count"].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!((of("account"), of("token_info"), of("batch_upsert")), (1, 1, upserts(&sandbox) as u64));
    let total: u64 = by_call.iter().map(|one| one["count"].as_u64().unwrap()).sum();
    assert_eq!(total, sandbox.requests().len() as u64);
    assert_eq!(report["requests"]["total"], total);
}

#[test]
fn a_sync_that_fails_half_way_says_what_became_of_its_records() {
    let sandbox = sandbox_with_faults(vec![Fault::new(What::status(401)).path(paths::UPSERT).skip(1)]);
    let connector = Connector::new(&sandbox).with_report();
    let mut running = connector.start("write");
    running.send(&(people(0..100) + &state(1)));
    running.wait_for_state(1);
    running.send(&(people(100..200) + &state(2)));
    let outcome = running.wait();
    let report = report(&connector);
    assert_failure(&report, &outcome, "config_error");
    let users = &report["streams"][0];
    assert_eq!((&users["read"], &users["created"]), (&json!(200), &json!(100)));
    assert_eq!(report["records_without_fate"], 100);
}

#[test]
fn a_sync_that_fails_before_its_first_record_says_what_is_known() {
    let sandbox = sandbox();
    let connector = || Connector::new(&sandbox).with_report();
    for (connector, api_version, requests) in [
        (connector().text("config.json", "{}"), json!(null), 0),
        (connector().variable("HUBSPOT_DELAY_SCALE", "2"), json!(null), 0),
        (connector().set("access_token", "pat-na1-wrong"), json!("2026-09"), 1),
        (connector().set("access_token", tokens::READ_ONLY).set("api_version", "v3"), json!("v3"), 2),
    ] {
        let outcome = connector.write(&people(0..1));
        let report = report(&connector);
        assert_failure(&report, &outcome, "config_error");
        assert_eq!((&report["api_version"], &report["requests"]["total"]), (&api_version, &json!(requests)));
        assert_eq!((&report["streams"], &report["records_without_fate"]), (&json!([]), &json!(0)));
    }
}

#[test]
fn a_signal_and_a_reader_that_leaves_are_said_and_a_killed_sync_has_not_ended() {
    for (signal, expected) in [("TERM", "interrupted"), ("INT", "interrupted"), ("KILL", "unfinished")] {
        let hangs = Fault::new(What::delay(std::time::Duration::from_hours(1))).path(paths::UPSERT).skip(1);
        let sandbox = sandbox_with_faults(vec![hangs]);
        let connector = Connector::new(&sandbox).with_report();
        // That of a sync before must not be left in its place.
        fs::write(connector.path("report.json"), "").unwrap();
        let mut running = connector.start("write");
        running.send(&(people(0..100) + &state(1)));
        running.wait_for_state(1);
        running.send(&people(100..200));
        wait_for_upsert_of(&sandbox, "users100@example.com");
        running.signal(signal);
        running.wait();
        let report = report(&connector);
        assert_eq!(kind(&report), expected);
        if expected == "interrupted" {
            assert_eq!(
                (&report["records_without_fate"], &report["streams"][0]["created"]),
                (&json!(100), &json!(100))
            );
        } else {
            assert_eq!((&report["ended_at"], &report["streams"]), (&json!(null), &json!([])));
        }
    }
    let sandbox = sandbox();
    let connector = Connector::new(&sandbox).with_report();
    let mut child = connector.command("write").spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(end_of(&mut child).code(), Some(1));
    assert_eq!(kind(&report(&connector)), "output_closed");
}

#[test]
fn a_place_that_cannot_be_written_is_a_usage_error_before_the_first_request() {
    let sandbox = sandbox();
    let at = |connector: Connector, name: &str| {
        let path = connector.path(name);
        connector.arguments(&["--report", path.to_str().unwrap()])
    };
    let connector = || Connector::new(&sandbox);
    let link = connector();
    symlink(link.path("elsewhere"), link.path("link.json")).unwrap();
    for (connector, part) in [
        (at(connector(), "no_folder/report.json"), "cannot be written"),
        (at(link, "link.json"), "a link"),
        (at(connector(), "."), "a folder"),
        // The file of another argument is none of its own.
        (at(connector(), "config.json"), "something else than a report"),
    ] {
        let mut running = connector.start("write");
        running.send(&people(0..1));
        // Standard input is held open.
        let outcome = running.wait();
        assert_eq!((outcome.code, outcome.lines.len()), (Some(2), 0), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("`--report`") && outcome.stderr.contains(part), "{}", outcome.stderr);
        assert!(!connector.path("elsewhere").exists());
    }
    assert!(sandbox.requests().is_empty());
}

#[test]
fn a_report_that_cannot_be_written_at_the_end_fails_a_sync_that_is_complete() {
    let sandbox = sandbox();
    let connector = Connector::new(&sandbox).with_report();
    let mut running = connector.start("write");
    running.send(&(people(0..1) + &state(1)));
    running.wait_for_state(1);
    fs::remove_file(connector.path("report.json")).unwrap();
    fs::create_dir(connector.path("report.json")).unwrap();
    let outcome = running.finish();
    let message = outcome.assert_failure("config_error");
    assert!(message.starts_with("The report could not be written to "), "{message}");
    assert_eq!(outcome.state_ids(), [1]);
}

#[test]
fn without_the_flag_nothing_is_left_anywhere() {
    let sandbox = sandbox();
    let connector = Connector::new(&sandbox).in_job_directory();
    connector.write(&people(0..1)).assert_success();
    let names: Vec<_> =
        fs::read_dir(connector.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["config.json"]);
}
