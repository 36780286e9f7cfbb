//! Archiving where answers are lost or say nothing, and what is forgotten of a contact that is archived.

use hubspot_sandbox::{Fault, Sandbox, Seed, What};
use serde_json::{Value, json};

use super::super::{
    model::roomy_sandbox,
    support::{Connector, record, record_of},
};

fn archiving(sandbox: &Sandbox, streams: Value) -> Connector {
    Connector::new(sandbox).set("streams", streams)
}

fn emails(sandbox: &Sandbox) -> Vec<String> {
    sandbox.contacts().into_iter().map(|contact| contact.email).collect()
}

fn row(email: &str) -> String {
    record(json!({ "email": email, "firstname": "Ada" }))
}

/// Somebody creates the contact anew between the request whose answer is lost and the look-up.
#[test]
fn a_contact_that_comes_up_anew_is_not_archived_for_the_one_that_was() {
    let sandbox = roomy_sandbox(|settings| {
        settings.faults = vec![
            Fault::new(What::LoseAnswer).path("batch/archive").times(1),
            Fault::new(What::change("p@example.com", "firstname", "New")).path("batch/archive").times(1),
        ];
    });
    sandbox.seed_contact(Seed::new("p@example.com"));
    let connector =
        archiving(&sandbox, json!([{ "stream": "users", "mode": "archive" }])).set("max_archived", 1);
    let outcome = connector.write(&row("p@example.com"));
    outcome.assert_success();
    assert!(outcome.summary().contains(" archived=1 "), "{}", outcome.summary());
    assert_eq!(sandbox.archived().len(), 1);
    assert_eq!(sandbox.contact("p@example.com").unwrap().property("firstname"), Some("New"));
}

/// HubSpot documents no success but the one without a body.
#[test]
fn another_success_than_no_content_archives_nothing_by_itself() {
    for what in [What::EmptyResults, What::EmptyBody, What::NotJson] {
        let sandbox = roomy_sandbox(|settings| {
            settings.faults = vec![Fault::new(what.clone()).path("batch/archive").times(1)];
        });
        for email in ["p@example.com", "q@example.com"] {
            sandbox.seed_contact(Seed::new(email));
        }
        let outcome = archiving(&sandbox, json!([{ "stream": "users", "mode": "archive" }]))
            .write(&(row("p@example.com") + &row("q@example.com")));
        outcome.assert_success();
        assert!(outcome.summary().contains(" archived=2 "), "{what:?} {}", outcome.summary());
        assert_eq!(emails(&sandbox), [] as [String; 0], "{what:?}");
    }
}

/// A contact that was archived by one of its addresses is known by none of them any more.
#[test]
fn a_contact_that_is_archived_is_forgotten_under_every_address() {
    let sandbox = roomy_sandbox(|_| ());
    sandbox.seed_contact(Seed::new("p@example.com").secondary("s@example.com"));
    let streams =
        json!([{ "stream": "gone", "mode": "archive" }, { "stream": "new", "mode": "create_only" }]);
    let mut running = archiving(&sandbox, streams).start("write");
    let data = |email: &str| json!({ "email": email, "firstname": "Ada" });
    for (id, stream, email) in
        [(1, "up", "s@example.com"), (2, "gone", "p@example.com"), (3, "new", "s@example.com")]
    {
        running.send(&(record_of(stream, data(email)) + &super::super::support::state_of(stream, id)));
        running.wait_for_state(id);
    }
    let outcome = running.finish();
    outcome.assert_success();
    assert_eq!(emails(&sandbox), ["s@example.com"], "{:#?}", outcome.lines);
}

/// What HubSpot does not have any more is not one of those that a sync may archive.
#[test]
fn what_was_not_archived_does_not_count_for_the_guard() {
    let sandbox = roomy_sandbox(|settings| {
        settings.archive_of_missing = serde_json::from_value(json!("status207")).unwrap();
        let gone = json!({ "what": { "change": { "email": "p0@example.com", "archive": true } }, "when": { "path_contains": "batch/read", "times": 1 } });
        settings.faults = vec![serde_json::from_value(gone).unwrap()];
    });
    let all: Vec<String> = (0..5).map(|number| format!("p{number}@example.com")).collect();
    for email in &all {
        sandbox.seed_contact(Seed::new(email));
    }
    let connector =
        archiving(&sandbox, json!([{ "stream": "users", "mode": "archive" }])).set("max_archived", 4);
    let first: String = all.iter().take(4).map(|email| row(email)).collect();
    let mut running = connector.start("write");
    running.send(&(first + &super::super::support::state(1)));
    running.wait_for_state(1);
    running.send(&row(&all[4]));
    let outcome = running.finish();
    outcome.assert_success();
    assert!(outcome.summary().contains(" archived=4 "), "{}", outcome.summary());
    assert_eq!(emails(&sandbox), [] as [String; 0]);
}
