//! Rows that were rejected and are sent again: what HubSpot has since is not overwritten. Not here: keeping them.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{
    super::{
        model::stored,
        paths,
        support::{Connector, people, record, sandbox},
    },
    files, folder, keeping, lines,
};

#[test]
fn a_row_that_is_sent_again_does_not_overwrite_what_was_changed_since() {
    let row = |email: &str, at: &str| {
        let mut message: Value =
            serde_json::from_str(&record(json!({ "email": email, "city": "Rome" }))).unwrap();
        message["rejection"] = json!({ "reason": "invalid_value", "at": at, "attempt": 1 });
        format!("{message}\n")
    };
    for all in [false, true] {
        let sandbox = sandbox();
        for email in ["old@example.com", "new@example.com"] {
            sandbox.seed_contact(hubspot_sandbox::Seed::new(email));
        }
        let input = row("old@example.com", "2999-01-01T00:00:00Z")
            + &row("new@example.com", "2001-01-01T00:00:00Z")
            + &row("unknown@example.com", "2001-01-01T00:00:00Z");
        let arguments: &[&str] = if all { &["--all"] } else { &[] };
        let outcome = Connector::new(&sandbox).arguments(arguments).write(&input);
        assert_eq!(outcome.code, Some(0));
        let city = |email: &str| stored(&sandbox, email, "city");
        let rome = Some("Rome".to_owned());
        assert_eq!((city("old@example.com"), city("unknown@example.com")), (rome.clone(), rome.clone()));
        assert_eq!(city("new@example.com"), rome.filter(|_| all));
        assert_eq!(outcome.logs("reason=newer_in_hubspot").len(), usize::from(!all), "{:#?}", outcome.lines);
        assert_eq!(sandbox.requests_to(paths::READ).len(), usize::from(!all));
    }
}

#[test]
fn a_row_that_is_rejected_twice_is_as_old_as_its_first_rejection_and_stays_at_hand() {
    let wrong = json!({ "email": "ada@example.com", "firstname": "Ada", "closedate": "never" });
    let sandbox = sandbox();
    sandbox.seed_contact(hubspot_sandbox::Seed::new("ada@example.com"));
    let (_parents, folders): (Vec<_>, Vec<_>) = (0..4).map(|_| folder()).unzip();
    let run = |folder: &Path, input: &str, further: &[&str]| {
        let connector = Connector::new(&sandbox).set("invalid_values", "reject_record").arguments(further);
        let connector = keeping(connector, "--rejected", folder);
        let outcome = connector.write(input);
        assert_eq!(outcome.code, Some(0), "{:#?}", outcome.lines);
        outcome
    };
    let kept = |folder: &Path| fs::read_to_string(&files(folder)[0]).unwrap();
    let corrected = |text: &str| text.replace("never", "1990-01-01");
    run(&folders[0], &record(wrong), &[]);
    let first = kept(&folders[0]);
    let changed = record(json!({ "email": "ada@example.com", "firstname": "Augusta" }));
    Connector::new(&sandbox).write(&changed).assert_success();
    run(&folders[1], &first, &[]);
    let outcome = run(&folders[2], &corrected(&kept(&folders[1])), &[]);
    let warned = outcome.logs("records skipped stream=users reason=newer_in_hubspot");
    assert!(warned[0].contains("write --all"), "{warned:?}");
    assert_eq!(stored(&sandbox, "ada@example.com", "firstname").as_deref(), Some("Augusta"));
    let still = &lines(&folders[2])[0]["rejection"];
    let first: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(
        (&still["reason"], &still["attempt"], &still["first_at"]),
        (&json!("newer_in_hubspot"), &json!(3), &first["rejection"]["at"])
    );
    run(&folders[3], &kept(&folders[2]), &["--all"]);
    assert_eq!(stored(&sandbox, "ada@example.com", "firstname").as_deref(), Some("Ada"));
    assert!(!folders[3].exists());
}

#[test]
fn a_row_of_a_secondary_address_is_compared_with_its_contact() {
    let row = |email: &str, at: &str| {
        let mut message: Value =
            serde_json::from_str(&record(json!({ "email": email, "city": "Rome" }))).unwrap();
        message["rejection"] = json!({ "at": at });
        format!("{message}\n")
    };
    for (at, written) in [("2999-01-01T00:00:00Z", true), ("2001-01-01T00:00:00Z", false)] {
        let sandbox = sandbox();
        sandbox.seed_contact(hubspot_sandbox::Seed::new("ada@example.com").secondary("ada@work.example"));
        sandbox.seed_contact(hubspot_sandbox::Seed::new("ben@example.com").secondary("ben@work.example"));
        let input = row("ada@work.example", at) + &row("ben@work.example", at) + &row("new@example.com", at);
        let outcome = Connector::new(&sandbox).write(&input);
        assert_eq!(outcome.code, Some(0));
        let rome = Some("Rome".to_owned());
        for email in ["ada@example.com", "ben@example.com"] {
            assert_eq!(stored(&sandbox, email, "city"), rome.clone().filter(|_| written), "{email}");
        }
        assert_eq!(stored(&sandbox, "new@example.com", "city"), rome);
    }
}

#[test]
fn a_plain_row_of_a_key_is_written_though_an_older_one_is_not() {
    let mut older: Value =
        serde_json::from_str(&record(json!({ "email": "ada@example.com", "city": "Rome" }))).unwrap();
    older["rejection"] = json!({ "at": "2001-01-01T00:00:00Z" });
    let plain = record(json!({ "email": "ada@example.com", "firstname": "Ada" }));
    let sandbox = sandbox();
    sandbox.seed_contact(hubspot_sandbox::Seed::new("ada@example.com"));
    let outcome = Connector::new(&sandbox).write(&format!("{older}\n{plain}"));
    assert!(
        outcome.summary().contains(" updated=1 unchanged=0 folded=0 skipped=1 "),
        "{}",
        outcome.summary()
    );
    assert_eq!(stored(&sandbox, "ada@example.com", "city"), None);
    assert_eq!(stored(&sandbox, "ada@example.com", "firstname").as_deref(), Some("Ada"));
}

#[test]
fn a_row_that_is_sent_again_is_not_written_where_it_cannot_be_compared() {
    let mut row: Value =
        serde_json::from_str(&record(json!({ "email": "ada@example.com", "city": "Rome" }))).unwrap();
    row["rejection"] = json!({ "at": "2999-01-01T00:00:00Z" });
    let sandbox = sandbox();
    let connector = || Connector::new(&sandbox).set("access_token", hubspot_sandbox::tokens::WRITE_ONLY);
    let message = connector().write(&format!("{row}\n")).assert_failure("config_error").clone();
    assert!(message.contains("crm.objects.contacts.read"), "{message}");
    assert!(sandbox.contacts().is_empty());
    let outcome = connector().arguments(&["--all"]).write(&format!("{row}\n"));
    assert_eq!((outcome.code, sandbox.contacts().len()), (Some(0), 1));
}

#[test]
fn a_rejection_without_its_moment_ends_the_sync() {
    let mut message: Value = serde_json::from_str(&record(json!({ "email": "a@x.com" }))).unwrap();
    message["rejection"] = json!({ "reason": "invalid_value" });
    let sandbox = sandbox();
    let outcome = Connector::new(&sandbox).write(&format!("{message}\n"));
    assert!(outcome.assert_failure("system_error").contains("`rejection`"));
}

#[test]
fn rows_sent_again_are_compared_with_what_was_there_before_the_sync_wrote() {
    let row = |email: &str, name: &str, at: &str| {
        let mut message: Value =
            serde_json::from_str(&record(json!({ "email": email, "firstname": name }))).unwrap();
        message["rejection"] = json!({ "at": at });
        format!("{message}\n")
    };
    let (past, future) = ("2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z");
    let fresh = |name: &str| record(json!({ "email": "solo@example.com", "firstname": name }));
    for (first, second, expected) in [
        // The contact was changed between the two moments: the older row is skipped however far away it stands.
        (row("solo@example.com", "newer", future), row("solo@example.com", "older", past), "newer"),
        (row("solo@example.com", "first", future), row("solo@example.com", "second", future), "second"),
        (fresh("fresh"), row("solo@example.com", "older", past), "fresh"),
    ] {
        for between in [0, 250] {
            let sandbox = sandbox();
            sandbox.seed_contact(hubspot_sandbox::Seed::new("solo@example.com"));
            let input = format!("{first}{}{second}", people(0..between));
            Connector::new(&sandbox).write(&input).assert_success();
            let name = stored(&sandbox, "solo@example.com", "firstname");
            assert_eq!(name.as_deref(), Some(expected), "{between} rows between");
        }
    }
}
