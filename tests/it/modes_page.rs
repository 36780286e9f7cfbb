//! Each task of the section "What a sync may change" in `docs/hubspot.md` has a configuration. It is run here as it stands there, and
//! does what the page says. Not here: modes and policies in every combination ([`super::modes`]).

use hubspot_sandbox::{Sandbox, Seed, tokens};
use serde_json::{Value, json};

use super::{
    model::roomy_sandbox,
    paths,
    support::{Connector, Outcome, record_of, state_of},
};

const PAGE: &str = include_str!("../../docs/hubspot.md");

const NEVER_OVERWRITE: &str = "Never overwrite what sales typed";
const ONLY_NEW: &str = "Set a value only for new contacts";
const UPDATE_ONLY: &str = "Update only, never create";
const CREATE_ONLY: &str = "Create only, never update";
const FILL_ONLY: &str = "Fill only what is empty, never create";
const SKIP_UNCHANGED: &str = "Skip what is unchanged";
const ARCHIVE_DELETED: &str = "Archive what was deleted";
const ARCHIVE_ALL: &str = "Archive every row of a stream";

const TASKS: [&str; 8] = [
    NEVER_OVERWRITE,
    ONLY_NEW,
    UPDATE_ONLY,
    CREATE_ONLY,
    FILL_ONLY,
    SKIP_UNCHANGED,
    ARCHIVE_DELETED,
    ARCHIVE_ALL,
];

/// The parts of the section by their headings.
fn parts() -> Vec<(&'static str, &'static str)> {
    let (_, below) = PAGE.split_once("\n## What a sync may change\n").unwrap();
    let (section, _) = below.split_once("\n## ").unwrap();
    section.split("\n### ").skip(1).map(|part| part.split_once('\n').unwrap()).collect()
}

/// The text of a task.
fn part(task: &str) -> &'static str {
    parts().into_iter().find(|(heading, _)| *heading == task).unwrap().1
}

/// The configuration of a task, as it stands on the page.
fn configuration(task: &str) -> Value {
    let (_, below) = part(task).split_once("```json\n").unwrap();
    serde_json::from_str(below.split("```").next().unwrap()).unwrap()
}

fn connector(sandbox: &Sandbox, task: &str) -> Connector {
    let mut config = configuration(task);
    assert_eq!(config["access_token"], "pat-na1-…", "{task}");
    config["access_token"] = tokens::FULL.into();
    Connector::new(sandbox).config(config)
}

/// The one stream that the configuration names; any, if it names none.
fn stream(task: &str) -> String {
    configuration(task)["streams"][0]["stream"].as_str().unwrap_or("users").to_owned()
}

fn row(task: &str, email: &str, mut values: Value) -> String {
    values["email"] = email.into();
    record_of(&stream(task), values)
}

/// Writes the rows and a state.
#[track_caller]
fn write(connector: &Connector, task: &str, rows: &str) -> Outcome {
    let outcome = connector.write(&(rows.to_owned() + &state_of(&stream(task), 1)));
    outcome.assert_success();
    assert_eq!(outcome.state_ids(), [1]);
    assert!(outcome.logs("has no effect").is_empty(), "{:#?}", outcome.lines);
    outcome
}

#[track_caller]
fn assert_counts(outcome: &Outcome, counts: &[&str]) {
    let summary = outcome.summary();
    for count in counts {
        assert!(summary.contains(&format!(" {count} ")), "{count}: {summary}");
    }
}

#[track_caller]
fn assert_skipped(outcome: &Outcome, reason: &str, count: usize) {
    let wanted = format!(" reason={reason} count={count} ");
    let lines = outcome.logs("records skipped");
    assert!(lines.iter().any(|line| line.contains(&wanted)), "{wanted}: {lines:#?}");
}

fn value(sandbox: &Sandbox, email: &str, property: &str) -> String {
    sandbox.contact(email).unwrap().property(property).unwrap_or_default().to_owned()
}

fn addresses(sandbox: &Sandbox) -> Vec<String> {
    sandbox.contacts().into_iter().map(|contact| contact.email).collect()
}

#[test]
fn every_configuration_of_the_section_is_run_here() {
    let with_configuration = parts().into_iter().filter(|(_, text)| text.contains("```json"));
    let tasks: Vec<&str> = with_configuration.map(|(heading, _)| heading).collect();
    assert_eq!(tasks, TASKS);
}

#[test]
fn every_task_passes_a_check_and_names_its_setting_where_the_token_may_not_read() {
    for task in TASKS {
        let sandbox = roomy_sandbox(|_| ());
        let connector = connector(&sandbox, task);
        assert_eq!(connector.check().connection_status().0, "SUCCEEDED", "{task}");
        let (status, message) = connector.set("access_token", tokens::WRITE_ONLY).check().connection_status();
        assert_eq!(status, "FAILED", "{task}");
        let has_stream = configuration(task)["streams"].is_array();
        let of_stream = if has_stream { format!(" of the stream `{}`", stream(task)) } else { String::new() };
        assert!(message.contains("`crm.objects.contacts.read`"), "{task}: {message}");
        assert!(message.ends_with(&format!("`{of_stream} needs it.")), "{task}: {message}");
    }
}

#[test]
fn what_sales_typed_stays() {
    let sandbox = roomy_sandbox(|_| ());
    sandbox.seed_contact(Seed::new("ada@example.com").property("phone", "030 1").property("city", "London"));
    let connector = connector(&sandbox, NEVER_OVERWRITE);
    let values = json!({ "phone": "030 2", "jobtitle": "Engineer", "city": "Paris" });
    let rows = row(NEVER_OVERWRITE, "ada@example.com", values.clone())
        + &row(NEVER_OVERWRITE, "new@example.com", values);
    let outcome = write(&connector, NEVER_OVERWRITE, &rows);
    assert_counts(&outcome, &["created=1", "updated=1", "values_held_back=1"]);
    let now = |property| value(&sandbox, "ada@example.com", property);
    assert_eq!([now("phone"), now("jobtitle"), now("city")], ["030 1", "Engineer", "Paris"]);
    assert_eq!(value(&sandbox, "new@example.com", "phone"), "030 2");
    // Neither a change in the source nor an empty value gets through afterwards.
    let rows = row(NEVER_OVERWRITE, "ada@example.com", json!({ "jobtitle": "Countess" }))
        + &row(NEVER_OVERWRITE, "ada@example.com", json!({ "phone": null }));
    let outcome = write(&connector.set("null_values", "clear"), NEVER_OVERWRITE, &rows);
    assert_skipped(&outcome, "policy", 2);
    assert_eq!([now("phone"), now("jobtitle")], ["030 1", "Engineer"]);
}

#[test]
fn a_value_is_set_only_for_new_contacts() {
    let sandbox = roomy_sandbox(|_| ());
    sandbox.seed_contact(Seed::new("old@example.com"));
    let rows: String = [("old", "NEW"), ("new", "NEW"), ("new", "OPEN")]
        .map(|(name, status)| {
            let values = json!({ "hs_lead_status": status, "city": "Rome" });
            row(ONLY_NEW, &format!("{name}@example.com"), values)
        })
        .concat();
    let outcome = write(&connector(&sandbox, ONLY_NEW), ONLY_NEW, &rows);
    assert_counts(&outcome, &["rejected=0", "values_held_back=2"]);
    assert_eq!(value(&sandbox, "old@example.com", "hs_lead_status"), "");
    assert_eq!(value(&sandbox, "new@example.com", "hs_lead_status"), "NEW");
    assert_eq!(value(&sandbox, "old@example.com", "city"), "Rome");
}

#[test]
fn contacts_are_updated_and_none_is_created() {
    let sandbox = roomy_sandbox(|_| ());
    sandbox.seed_contact(Seed::new("ada@example.com").secondary("ada@work.example"));
    let connector = connector(&sandbox, UPDATE_ONLY);
    let rows = row(UPDATE_ONLY, "ada@work.example", json!({ "city": "Rome" }))
        + &row(UPDATE_ONLY, "new@example.com", json!({ "city": "Rome" }));
    let outcome = write(&connector, UPDATE_ONLY, &rows);
    assert_counts(&outcome, &["created=0", "updated=1"]);
    assert_skipped(&outcome, "not_found", 1);
    assert_eq!(
        (addresses(&sandbox), value(&sandbox, "ada@example.com", "city")),
        (vec!["ada@example.com".to_owned()], "Rome".to_owned())
    );
    // A hundred of which HubSpot has none are told, and do not make the sync fail.
    let rows: String =
        (0..100).map(|number| row(UPDATE_ONLY, &format!("p{number}@example.com"), json!({}))).collect();
    let outcome = write(&connector, UPDATE_ONLY, &rows);
    assert_eq!(outcome.logs("HubSpot has none of the stream's records").len(), 1);
}

#[test]
fn contacts_are_created_and_none_is_changed() {
    let sandbox = roomy_sandbox(|_| ());
    sandbox.seed_contact(Seed::new("ada@example.com").property("city", "London"));
    let rows: String = [("ada", "Paris"), ("new", "Rome"), ("new", "Oslo")]
        .map(|(name, city)| row(CREATE_ONLY, &format!("{name}@example.com"), json!({ "city": city })))
        .concat();
    let outcome = write(&connector(&sandbox, CREATE_ONLY), CREATE_ONLY, &rows);
    assert_counts(&outcome, &["created=1", "updated=0", "skipped=2"]);
    assert_skipped(&outcome, "exists", 2);
    assert_eq!(value(&sandbox, "ada@example.com", "city"), "London");
    assert_eq!(value(&sandbox, "new@example.com", "city"), "Rome");
}

#[test]
fn what_is_empty_is_filled_and_nothing_is_created() {
    let sandbox = roomy_sandbox(|_| ());
    sandbox
        .seed_contact(Seed::new("ada@example.com").property("city", "London").property("annualrevenue", "1"));
    sandbox.seed_contact(Seed::new("ben@example.com").property("city", "London"));
    let rows = row(
        FILL_ONLY,
        "ada@example.com",
        json!({ "city": "Paris", "company": "Engines", "annualrevenue": 2 }),
    ) + &row(FILL_ONLY, "ben@example.com", json!({ "city": "Paris" }))
        + &row(FILL_ONLY, "new@example.com", json!({ "city": "Paris" }));
    let outcome = write(&connector(&sandbox, FILL_ONLY), FILL_ONLY, &rows);
    assert_counts(&outcome, &["created=0", "updated=1", "skipped=2", "values_held_back=3"]);
    assert_skipped(&outcome, "not_found", 1);
    assert_skipped(&outcome, "policy", 1);
    let now = |property| value(&sandbox, "ada@example.com", property);
    assert_eq!([now("city"), now("company"), now("annualrevenue")], ["London", "Engines", "1"]);
    assert_eq!(addresses(&sandbox), ["ada@example.com", "ben@example.com"]);
    // The entry that lets one property through.
    let (_, exception) = part(FILL_ONLY).split_once("add\n`").unwrap();
    let exception: Value = serde_json::from_str(exception.split('`').next().unwrap()).unwrap();
    let mut policies = configuration(FILL_ONLY)["policies"].clone();
    policies.as_array_mut().unwrap().push(exception);
    write(&connector(&sandbox, FILL_ONLY).set("policies", policies), FILL_ONLY, &rows);
    assert_eq!([now("city"), now("annualrevenue")], ["London", "2"]);
    // Other streams do what they did before.
    let rows: String = ["ada", "new"]
        .map(|name| record_of("users", json!({ "email": format!("{name}@example.com"), "city": "Oslo" })))
        .concat();
    assert_counts(&write(&connector(&sandbox, FILL_ONLY), FILL_ONLY, &rows), &["created=1", "updated=1"]);
    assert_eq!(now("city"), "Oslo");
}

/// What the page says of values that are held back: equal ones count, unless `skip_unchanged` compares.
#[test]
fn the_same_rows_again_are_held_back_or_unchanged() {
    for (skips_unchanged, counts) in [
        (false, ["unchanged=0", "skipped=1", "values_held_back=1"]),
        // What is not above 0 is not in the line.
        (true, ["unchanged=1", "skipped=0", "values_emptied=0"]),
    ] {
        let sandbox = roomy_sandbox(|_| ());
        sandbox.seed_contact(Seed::new("ada@example.com").property("city", "London"));
        let mut streams = configuration(FILL_ONLY)["streams"].clone();
        streams[0]["skip_unchanged"] = skips_unchanged.into();
        let rows = row(FILL_ONLY, "ada@example.com", json!({ "city": "London" }));
        let outcome = write(&connector(&sandbox, FILL_ONLY).set("streams", streams), FILL_ONLY, &rows);
        assert_counts(&outcome, &counts);
        assert_eq!(outcome.logs("held back").is_empty(), skips_unchanged);
        assert_eq!(outcome.summary().contains("values_held_back"), !skips_unchanged);
    }
}

#[test]
fn what_is_unchanged_is_skipped() {
    let sandbox = roomy_sandbox(|_| ());
    let connector = connector(&sandbox, SKIP_UNCHANGED);
    let rows = |changed: &str| -> String {
        let city = |number| if number % 100 == 50 { changed } else { "Rome" };
        (0..200)
            .map(|number| {
                row(
                    SKIP_UNCHANGED,
                    &format!("p{number}@example.com"),
                    json!({ "firstname": "Ada", "city": city(number) }),
                )
            })
            .collect()
    };
    let requests = || (sandbox.requests_to(paths::READ).len(), sandbox.requests_to(paths::UPSERT).len());
    write(&connector, SKIP_UNCHANGED, &rows("Rome"));
    assert_eq!(requests(), (2, 2));
    assert_counts(&write(&connector, SKIP_UNCHANGED, &rows("Rome")), &["updated=0", "unchanged=200"]);
    assert_eq!(requests(), (4, 2), "it spares the write");
    assert_counts(&write(&connector, SKIP_UNCHANGED, &rows("Oslo")), &["updated=2", "unchanged=198"]);
    assert_eq!(requests(), (6, 4), "one changed row of each hundred costs the write");
    let body: Value =
        serde_json::from_slice(sandbox.requests_to(paths::UPSERT)[3].body.as_deref().unwrap()).unwrap();
    let inputs = body["inputs"].as_array().unwrap();
    assert_eq!(
        (inputs.len(), &inputs[0]["properties"]),
        (1, &json!({ "city": "Oslo" })),
        "only what differs"
    );
}

#[test]
fn values_in_another_form_are_the_same() {
    let sandbox = roomy_sandbox(|_| ());
    let seed = Seed::new("ada@example.com")
        .property("firstname", "Ada")
        .property("favourite_number", "5")
        .property("interests", "books;travel")
        .property("phone", "+49301234")
        .property("contract_end", "2024-05-13")
        .property("newsletter_opt_in", "true")
        .property("lifecyclestage", "customer");
    sandbox.seed_contact(seed);
    let values = json!({
        "firstname": " Ada ", "favourite_number": "5E0", "interests": ["travel", "books"], "phone": "+49 (30) 12-34",
        "contract_end": "13 May 2024", "newsletter_opt_in": "yes", "lifecyclestage": "lead",
    });
    let rows = row(SKIP_UNCHANGED, "ada@example.com", values);
    let outcome = write(&connector(&sandbox, SKIP_UNCHANGED), SKIP_UNCHANGED, &rows);
    assert_counts(&outcome, &["updated=0", "unchanged=1", "values_left_out=0"]);
}

fn deleted(email: &str) -> String {
    row(ARCHIVE_DELETED, email, json!({ "is_deleted": true }))
}

#[test]
fn what_was_deleted_is_archived() {
    let sandbox = roomy_sandbox(|_| ());
    sandbox.seed_contact(Seed::new("ada@example.com").secondary("ada@work.example"));
    sandbox.seed_contact(Seed::new("gone@example.com"));
    let rows = deleted("gone@example.com")
        + &deleted("ada@work.example")
        + &deleted("unknown@example.com")
        + &record_of(&stream(ARCHIVE_DELETED), json!({ "id": 7, "is_deleted": true }))
        + &row(ARCHIVE_DELETED, "there@example.com", json!({ "city": "Rome", "is_deleted": false }))
        + &record_of("users", json!({ "email": "there@example.com", "is_deleted": true }));
    let outcome = write(&connector(&sandbox, ARCHIVE_DELETED), ARCHIVE_DELETED, &rows);
    assert_counts(&outcome, &["created=1", "archived=1", "skipped=4", "rejected=0"]);
    for reason in ["other_record", "not_found", "deleted_without_key", "deleted_in_source"] {
        assert_skipped(&outcome, reason, 1);
    }
    assert_eq!(addresses(&sandbox), ["ada@example.com", "there@example.com"]);
    assert_eq!(outcome.states()[0]["destinationStats"]["additionalStats"]["archived"], 1.0);
    // A row that comes back makes a new contact.
    let rows = row(ARCHIVE_DELETED, "gone@example.com", json!({ "city": "Rome" }));
    assert_counts(&write(&connector(&sandbox, ARCHIVE_DELETED), ARCHIVE_DELETED, &rows), &["created=1"]);
}

/// The guard of both tasks that archive: so many are archived, then the sync fails, and another run goes on.
#[test]
fn no_more_is_archived_than_the_configuration_says() {
    for task in [ARCHIVE_DELETED, ARCHIVE_ALL] {
        let most = usize::try_from(configuration(task)["max_archived"].as_u64().unwrap()).unwrap();
        let sandbox = roomy_sandbox(|_| ());
        let emails: Vec<String> = (0..most + 50).map(|number| format!("p{number}@example.com")).collect();
        for email in &emails {
            sandbox.seed_contact(Seed::new(email));
        }
        let rows: String =
            emails.iter().map(|email| row(task, email, json!({ "is_deleted": true }))).collect();
        let message = connector(&sandbox, task).write(&rows).assert_failure("config_error");
        assert!(message.contains(&format!("to archive {most} records")), "{message}");
        assert_eq!(sandbox.contacts().len(), 50, "{task}");
        assert_counts(&write(&connector(&sandbox, task), task, &rows), &["archived=50"]);
        assert!(sandbox.contacts().is_empty(), "{task}");
    }
}

#[test]
fn every_row_of_a_stream_is_archived() {
    let sandbox = roomy_sandbox(|_| ());
    for name in ["ada", "ben", "cora"] {
        sandbox.seed_contact(Seed::new(format!("{name}@example.com")));
    }
    let rows = row(ARCHIVE_ALL, "ada@example.com", json!({ "city": "Rome" }))
        + &row(ARCHIVE_ALL, "ben@example.com", json!({ "is_deleted": false }))
        + &row(ARCHIVE_ALL, "", json!({ "city": "Rome" }));
    let outcome = write(&connector(&sandbox, ARCHIVE_ALL), ARCHIVE_ALL, &rows);
    assert_counts(&outcome, &["archived=2", "rejected=1"]);
    assert_eq!(addresses(&sandbox), ["cora@example.com"]);
}
