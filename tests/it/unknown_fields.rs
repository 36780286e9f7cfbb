//! Fields that no property fits: left out, given a property of their own, or the end of the sync.

use hubspot_sandbox::{Fault, What, tokens};
use serde_json::{Value, json};

use super::{
    mapping::{calls, catalog, property},
    paths,
    support::{Connector, people, record, sandbox, sandbox_with, state, upserts},
};

fn typed() -> Value {
    json!({
        "email": { "type": ["null", "string"] },
        "Shoe Size": { "type": ["null", "number"] },
        "signed_on": { "type": ["null", "string"], "format": "date" },
        "seen_at": { "type": "string", "format": "date-time", "airbyte_type": "timestamp_with_timezone" },
        "is_vip": { "type": "boolean" },
        "tags": { "type": "array" },
    })
}

fn typed_row(number: u32) -> String {
    record(json!({
        "email": format!("p{number}@example.com"), "Shoe Size": 41.5, "signed_on": "2024-05-01",
        "seen_at": "2024-05-01T10:00:00Z", "is_vip": true, "tags": ["a", "b"], "not_declared": 1,
    }))
}

#[test]
fn missing_properties_are_created_once_and_filled() {
    let sandbox = sandbox_with(|settings| settings.property_visible_after_requests = 2);
    let connector = || {
        Connector::new(&sandbox)
            .catalog(catalog(&typed()))
            .set("unknown_fields", "create")
            .set("invalid_values", "reject_record")
    };
    let outcome = connector().write(&(typed_row(1) + &state(1)));
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(1.0, 0.0)], "{:#?}", outcome.lines);
    assert_eq!(outcome.logs("property created").len(), 4, "{:#?}", outcome.lines);
    assert_eq!((calls(&sandbox, paths::CREATE_PROPERTIES), calls(&sandbox, paths::CREATE_GROUP)), (1, 1));
    for (name, expected) in [
        ("shoe_size", "41.5"),
        ("signed_on", "2024-05-01"),
        ("seen_at", "2024-05-01T10:00:00Z"),
        ("is_vip", "true"),
    ] {
        assert_eq!(property(&sandbox, "p1@example.com", name).as_deref(), Some(expected), "{name}");
    }
    assert_eq!(
        outcome.logs("fields left out").len(),
        2,
        "neither a list nor what is not declared is created"
    );

    let again = connector().write(&(typed_row(2) + &state(2)));
    again.assert_success();
    assert_eq!(again.counts(), [(1.0, 0.0)]);
    assert_eq!((calls(&sandbox, paths::CREATE_PROPERTIES), calls(&sandbox, paths::CREATE_GROUP)), (1, 1));
    assert_eq!(property(&sandbox, "p2@example.com", "shoe_size").as_deref(), Some("41.5"));
}

#[test]
fn a_new_property_that_hubspot_does_not_know_everywhere_is_waited_for() {
    let sandbox = sandbox();
    let names = vec!["shoe_size".to_owned()];
    sandbox.update(|settings| {
        settings.faults = vec![Fault::new(What::MissingProperties { names }).path(paths::UPSERT).times(3)];
    });
    let connector = Connector::new(&sandbox).catalog(catalog(&typed())).set("unknown_fields", "create");
    let outcome = connector.write(&(typed_row(1) + &state(1)));
    outcome.assert_success();
    assert_eq!(property(&sandbox, "p1@example.com", "shoe_size").as_deref(), Some("41.5"));
    assert_eq!(outcome.logs("left out for the rest of the sync").len(), 0, "{:#?}", outcome.lines);
}

#[test]
fn properties_whose_creation_was_not_answered_are_filled_all_the_same() {
    let sandbox = sandbox_with(|settings| {
        settings.property_visible_after_requests = 4;
        settings.faults = vec![Fault::new(What::LoseAnswer).path(paths::CREATE_PROPERTIES).times(1)];
    });
    let connector = Connector::new(&sandbox).catalog(catalog(&typed())).set("unknown_fields", "create");
    let outcome = connector.write(&(typed_row(1) + &state(1)));
    outcome.assert_success();
    assert_eq!(
        property(&sandbox, "p1@example.com", "shoe_size").as_deref(),
        Some("41.5"),
        "{:#?}",
        outcome.lines
    );
}

#[test]
fn more_properties_than_an_account_can_have_are_not_waited_for() {
    let sandbox = sandbox();
    let mut fields = json!({ "email": { "type": "string" } });
    let mut row = json!({ "email": "ada@example.com" });
    for number in 0..1_050 {
        fields[format!("column {number}")] = json!({ "type": "integer" });
        row[format!("column {number}")] = json!(number);
    }
    let connector = Connector::new(&sandbox).catalog(catalog(&fields)).set("unknown_fields", "create");
    let outcome = connector.write(&(record(row) + &state(1)));
    outcome.assert_success();
    assert_eq!(property(&sandbox, "ada@example.com", "column_7").as_deref(), Some("7"));
    assert!(outcome.logs("HubSpot did not create the property").len() >= 50);
    assert!(calls(&sandbox, "properties/2026-09/contacts") < 20);
}

#[test]
fn a_property_that_exists_out_of_sight_is_a_warning() {
    let sandbox = sandbox();
    let fields = json!({ "email": { "type": "string" }, "national_insurance_number": { "type": "string" } });
    let connector = Connector::new(&sandbox).catalog(catalog(&fields)).set("unknown_fields", "create");
    let row = json!({ "email": "ada@example.com", "national_insurance_number": "AB123456C" });
    let outcome = connector.write(&(record(row) + &state(1)));
    outcome.assert_success();
    let warned = outcome.logs("property not created");
    assert!(warned.len() == 1 && warned[0].contains("may not see it"), "{:#?}", outcome.lines);
}

#[test]
fn without_the_permission_to_create_properties_nothing_is_written_and_check_says_so() {
    let sandbox = sandbox();
    let connector = Connector::new(&sandbox)
        .catalog(catalog(&typed()))
        .set("unknown_fields", "create")
        .set("access_token", tokens::CONTACTS);
    let message = connector.write(&(typed_row(1) + &state(1))).assert_failure("config_error");
    assert!(message.contains("crm.schemas.contacts.write"), "{message}");
    let (status, message) = connector.check().connection_status();
    assert_eq!(status, "FAILED");
    assert!(message.contains("crm.schemas.contacts.write"), "{message}");
    assert!(sandbox.contacts().is_empty());
}

#[test]
fn check_shows_what_would_be_created_and_creates_nothing() {
    let sandbox = sandbox();
    let connector = Connector::new(&sandbox).catalog(catalog(&typed())).set("unknown_fields", "create");
    let outcome = connector.check();
    assert_eq!(outcome.connection_status().0, "SUCCEEDED");
    assert_eq!(outcome.logs("a sync will create this property").len(), 4, "{:#?}", outcome.lines);
    // The plan is the one that the sync will have.
    assert_eq!(outcome.logs("field mapped").len(), 5, "{:#?}", outcome.lines);
    assert_eq!(outcome.logs("fields left out").len(), 1, "the list: {:#?}", outcome.lines);
    assert_eq!((calls(&sandbox, paths::CREATE_PROPERTIES), calls(&sandbox, paths::CREATE_GROUP)), (0, 0));
}

#[test]
fn unknown_fields_may_end_the_sync_all_named_at_once() {
    let sandbox = sandbox();
    let connector = Connector::new(&sandbox).catalog(catalog(&typed())).set("unknown_fields", "fail");
    let message = connector.write(&(typed_row(1) + &state(1))).assert_failure("config_error");
    for field in ["Shoe Size", "signed_on", "seen_at", "is_vip", "tags"] {
        assert!(message.contains(field), "{message}");
    }
    assert!(message.contains("`users`") && !message.contains("not_declared"), "{message}");
    assert_eq!(connector.check().connection_status().0, "FAILED");
    assert_eq!(upserts(&sandbox), 0);

    // One that the catalog does not declare ends it when a record brings it.
    let connector = Connector::new(&sandbox).set("unknown_fields", "fail");
    let input = people(0..3) + &state(1) + &typed_row(1) + &state(2);
    let outcome = connector.write(&input);
    let message = outcome.assert_failure("config_error");
    assert!(message.contains("Shoe Size") && message.contains("not_declared"), "{message}");
    assert!(!outcome.state_ids().contains(&2));
}

#[test]
fn a_property_that_vanishes_ends_the_sync_if_unknown_fields_do() {
    let sandbox = sandbox();
    let mut running = Connector::new(&sandbox).unscaled().set("unknown_fields", "fail").start("write");
    let line = |number: u32| {
        record(json!({ "email": format!("p{number}@example.com"), "firstname": "Ada", "city": "London" }))
    };
    running.send(&((0..100).map(line).collect::<String>() + &state(1)));
    running.wait_for_state(1);
    sandbox.update(|settings| settings.missing_properties.push("city".to_owned()));
    running.send(&((100..200).map(line).collect::<String>() + &state(2)));
    let outcome = running.finish();
    let message = outcome.assert_failure("config_error");
    assert!(message.contains("`city`") && message.contains("unknown_fields"), "{message}");
    assert_eq!(outcome.state_ids(), [1]);
}

#[test]
fn properties_that_hubspot_does_not_list_in_time_end_the_sync_for_now() {
    let sandbox = sandbox_with(|settings| settings.property_visible_after_requests = 1_000);
    let connector = Connector::new(&sandbox).catalog(catalog(&typed())).set("unknown_fields", "create");
    let message = connector.write(&(typed_row(1) + &state(1))).assert_failure("transient_error");
    assert!(message.contains("shoe_size") && message.contains("does not list them yet"), "{message}");
    assert_eq!(upserts(&sandbox), 0);
}

#[test]
fn an_account_that_has_no_room_for_any_of_them_ends_the_sync() {
    let refused = json!({ "status": "COMPLETE", "results": [], "numErrors": 1, "errors": [
        { "status": "error", "category": "VALIDATION_ERROR", "message": "no room" }
    ] });
    let sandbox = sandbox_with(|settings| {
        let fault = Fault::new(What::Json { status: 207, body: refused });
        settings.faults = vec![fault.path(paths::CREATE_PROPERTIES)];
    });
    let connector = Connector::new(&sandbox).catalog(catalog(&typed())).set("unknown_fields", "create");
    let message = connector.write(&(typed_row(1) + &state(1))).assert_failure("config_error");
    assert!(message.contains("shoe_size (VALIDATION_ERROR)"), "{message}");
    assert_eq!(upserts(&sandbox), 0);
}

#[test]
fn names_in_other_scripts_are_readable_and_not_created_a_second_time() {
    let sandbox = sandbox();
    let mut fields = json!({ "email": { "type": "string" } });
    let mut row = json!({ "email": "ada@example.com" });
    let names = [("Größe", "groesse"), ("Имя", "imya"), ("フリガナ", "furigana"), ("名前", "field")];
    for (field, name) in names {
        fields[field] = json!({ "type": ["null", "string"] });
        row[field] = json!(name);
    }
    let connector = Connector::new(&sandbox).catalog(catalog(&fields)).set("unknown_fields", "create");
    for number in 1..3 {
        let outcome = connector.write(&(record(row.clone()) + &state(number)));
        outcome.assert_success();
        assert_eq!(calls(&sandbox, paths::CREATE_PROPERTIES), 1, "{:#?}", outcome.lines);
    }
    for (field, name) in names {
        assert_eq!(property(&sandbox, "ada@example.com", name).as_deref(), Some(name), "{field}");
    }
}
