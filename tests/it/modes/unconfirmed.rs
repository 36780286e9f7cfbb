//! Records whose write was not answered, and rows that are sent again: what this sync did itself is not taken for somebody else's.

use hubspot_sandbox::{Fault, Seed, What};
use serde_json::{Value, json};

use super::super::{
    model::roomy_sandbox,
    support::{Connector, people, record},
};

fn in_mode(sandbox: &hubspot_sandbox::Sandbox, mode: &str) -> Connector {
    Connector::new(sandbox).set("streams", json!([{ "stream": "users", "mode": mode }]))
}

fn sent_again(data: Value, at: &str) -> String {
    let mut message: Value = serde_json::from_str(&record(data)).unwrap();
    message["rejection"] = json!({ "at": at });
    format!("{message}\n")
}

/// With a stage for new contacts, with a value that HubSpot refuses, and for a row that is sent again.
#[test]
fn a_create_whose_answer_is_lost_is_what_was_created() {
    for (email, is_again) in [("new@example.com", false), ("again@example.com", true)] {
        let sandbox = roomy_sandbox(|settings| {
            settings.faults = vec![Fault::new(What::LoseAnswer).path("batch/create").skip(1).times(1)];
        });
        let data = json!({ "email": email, "firstname": "Ada", "lastname": "https://x" });
        let row = if is_again { sent_again(data, "2001-01-01T00:00:00Z") } else { record(data) };
        let outcome = in_mode(&sandbox, "create_only").set("lifecycle_stage", "customer").write(&row);
        outcome.assert_success();
        assert!(outcome.summary().contains(" created=1 updated=0 "), "{}", outcome.summary());
        assert_eq!(
            outcome.logs("records created without the value"),
            [] as [String; 0],
            "the stage was sent"
        );
        let contact = sandbox.contact(email).unwrap();
        assert_eq!(
            (contact.property("lifecyclestage"), contact.property("lastname")),
            (Some("customer"), None)
        );
    }
}

/// The second row comes in a later batch, when the sync itself has changed the contact.
#[test]
fn rows_that_are_sent_again_are_not_older_than_what_the_sync_has_written() {
    for (mode, skips, policy) in
        [("update_only", false, None), ("upsert", true, None), ("upsert", false, Some("fill_empty"))]
    {
        for between in [0, 250] {
            let sandbox = roomy_sandbox(|_| ());
            sandbox.seed_contact(Seed::new("solo@example.com"));
            let future = "2999-01-01T00:00:00Z";
            let input = sent_again(json!({ "email": "solo@example.com", "firstname": "Ada" }), future)
                + &people(0..between)
                + &sent_again(json!({ "email": "solo@example.com", "city": "London" }), future);
            let policy = policy.map(|policy| json!([{ "property": "*", "policy": policy }]));
            let outcome = Connector::new(&sandbox)
                .set("streams", json!([{ "stream": "users", "mode": mode, "skip_unchanged": skips }]))
                .set("policies", policy.unwrap_or(json!([])))
                .write(&input);
            outcome.assert_success();
            let contact = sandbox.contact("solo@example.com").unwrap();
            let values = (contact.property("firstname"), contact.property("city"));
            assert_eq!(
                values,
                (Some("Ada"), Some("London")),
                "{mode} {skips} {between} {}",
                outcome.summary()
            );
        }
    }
}

/// It was there when it was looked up; what was held back from it is told.
#[test]
fn values_that_a_contact_goes_without_that_had_to_be_created_are_told() {
    let sandbox = roomy_sandbox(|settings| {
        let archive = What::Change {
            email: "ada@example.com".to_owned(),
            properties: std::collections::BTreeMap::default(),
            archive: true,
        };
        settings.faults = vec![Fault::new(archive).path("batch/read").times(1)];
    });
    sandbox.seed_contact(Seed::new("ada@example.com"));
    let outcome = Connector::new(&sandbox)
        .set("policies", json!([{ "property": "city", "policy": "only_on_create" }]))
        .write(&record(json!({ "email": "ada@example.com", "firstname": "Ada", "city": "London" })));
    outcome.assert_success();
    assert!(outcome.summary().contains(" created=1 "), "{}", outcome.summary());
    assert_eq!(
        outcome.logs("records created without the value that new ones get").len(),
        1,
        "{:#?}",
        outcome.lines
    );
}
