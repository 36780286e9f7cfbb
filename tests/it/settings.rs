//! What the settings of the configuration do to contacts.

use hubspot_sandbox::{ConditionalProperty, Fault, Sandbox, Seed, What, tokens};
use serde_json::{Value, json};

use super::{
    paths,
    support::{
        Connector, email_of, people, record, sandbox, sandbox_with, sandbox_with_faults, state, upserts,
    },
};

/// The properties sent for an address, by request.
fn sent_for(sandbox: &Sandbox, email: &str) -> Vec<Value> {
    let bodies = sandbox.requests_to(paths::UPSERT).into_iter().filter_map(|request| request.json());
    let inputs = bodies.flat_map(|body| body["inputs"].as_array().unwrap().clone());
    inputs.filter(|input| input["id"] == email).map(|mut input| input["properties"].take()).collect()
}

/// A property of a contact.
fn property(sandbox: &Sandbox, email: &str, name: &str) -> Option<String> {
    sandbox.contact(email).unwrap().property(name).map(str::to_owned)
}

/// A record of Ada's with these fields besides her address.
fn ada(mut fields: Value) -> String {
    fields["email"] = json!("ada@example.com");
    record(fields)
}

#[test]
fn the_stage_is_for_new_contacts_only_and_part_of_the_request_that_creates_them() {
    for setting in ["marketingqualifiedlead", "Marketing Qualified Lead", " MARKETING qualified lead "] {
        let sandbox = sandbox();
        sandbox.seed_contact(Seed::new("known@example.com").property("lifecyclestage", "subscriber"));
        sandbox.seed_contact(
            Seed::new("primary@example.com")
                .secondary("second@example.com")
                .property("lifecyclestage", "customer"),
        );
        let emails = ["known@example.com", "Second@example.com", "new@example.com"];
        let input: String =
            emails.map(|email| record(json!({ "email": email, "firstname": "Ada" }))).concat();
        let outcome =
            Connector::new(&sandbox).unscaled().set("lifecycle_stage", setting).write(&(input + &state(1)));
        outcome.assert_success();
        assert_eq!(outcome.counts(), [(3.0, 0.0)]);
        assert!(outcome.summary().contains(" created=1 updated=2 "), "{}", outcome.summary());
        assert_eq!(property(&sandbox, "known@example.com", "lifecyclestage").as_deref(), Some("subscriber"));
        assert_eq!(property(&sandbox, "primary@example.com", "lifecyclestage").as_deref(), Some("customer"));
        assert_eq!(
            property(&sandbox, "new@example.com", "lifecyclestage").as_deref(),
            Some("marketingqualifiedlead")
        );
        assert_eq!(sent_for(&sandbox, "known@example.com"), [json!({ "firstname": "Ada" })]);
        let created = json!({ "firstname": "Ada", "lifecyclestage": "marketingqualifiedlead" });
        assert_eq!(sent_for(&sandbox, "new@example.com"), [created]);
        assert_eq!((sandbox.requests_to(paths::READ).len(), upserts(&sandbox)), (1, 1));
    }
}

#[test]
fn a_records_own_stage_wins_over_the_setting() {
    let sandbox = sandbox();
    let input = ada(json!({ "lifecyclestage": "opportunity" })) + &people(0..1) + &state(1);
    let outcome = Connector::new(&sandbox).set("lifecycle_stage", "customer").write(&input);
    outcome.assert_success();
    assert_eq!(property(&sandbox, "ada@example.com", "lifecyclestage").as_deref(), Some("opportunity"));
    assert_eq!(property(&sandbox, "users0@example.com", "lifecyclestage").as_deref(), Some("customer"));
}

#[test]
fn without_the_setting_nobody_is_looked_up_and_the_account_decides() {
    let sandbox = sandbox();
    Connector::new(&sandbox)
        .set("access_token", tokens::WRITE_ONLY)
        .write(&(people(0..3) + &state(1)))
        .assert_success();
    assert_eq!(property(&sandbox, "users0@example.com", "lifecyclestage").as_deref(), Some("lead"));
    assert!(sandbox.requests_to(paths::READ).is_empty());
}

#[test]
fn with_the_setting_a_token_that_may_not_read_ends_the_sync() {
    let sandbox = sandbox();
    let connector =
        Connector::new(&sandbox).set("access_token", tokens::WRITE_ONLY).set("lifecycle_stage", "customer");
    let outcome = connector.write(&(people(0..3) + &state(1)));
    let message = outcome.assert_failure("config_error");
    assert!(message.contains("`crm.objects.contacts.read`"), "{message}");
    assert!(sandbox.contacts().is_empty() && outcome.state_ids().is_empty());
}

#[test]
fn a_record_with_nothing_but_an_address_creates_a_contact_and_changes_none() {
    let sandbox = sandbox();
    sandbox.seed_contact(Seed::new("primary@example.com").secondary("second@example.com"));
    sandbox.seed_contact(Seed::new("known@example.com"));
    let emails = ["known@example.com", "second@example.com", "new@example.com"];
    let input = emails.map(|email| record(json!({ "email": email, "firstname": null }))).concat();
    let outcome = Connector::new(&sandbox).write(&(input + &state(1)));
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(3.0, 0.0)]);
    assert!(outcome.summary().contains(" created=1 updated=0 unchanged=2 "), "{}", outcome.summary());
    assert_eq!(sandbox.contact("primary@example.com").unwrap().writes, 0);
    assert_eq!(sandbox.contact("known@example.com").unwrap().writes, 0);
    assert_eq!(sent_for(&sandbox, "new@example.com"), [json!({ "email": "new@example.com" })]);
    assert_eq!(sandbox.contacts().len(), 3);
}

#[test]
fn a_record_with_nothing_but_an_address_needs_leave_to_read() {
    let sandbox = sandbox();
    let input = ada(json!({})) + &people(0..1) + &state(1);
    let outcome = Connector::new(&sandbox).set("access_token", tokens::WRITE_ONLY).write(&input);
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(1.0, 1.0)]);
    let warning = outcome.logs("rejected records stream=users reason=nothing_to_write").concat();
    assert!(warning.contains("crm.objects.contacts.read"), "{:#?}", outcome.lines);
}

#[test]
fn mappings_lead_fields_to_properties_and_one_to_the_address() {
    let sandbox = sandbox();
    let mappings = json!([
        { "field": "mail", "property": "email" },
        { "field": "name", "property": "firstname" },
        { "field": "name", "property": "salutation" },
        { "stream": "staff", "field": "name", "property": "lastname" },
        { "stream": "staff", "field": "title", "property": "salutation" },
        { "field": "_ab_cdc_lsn", "property": "customer_number" },
    ]);
    let of = |stream: &str, email: &str| {
        let data = json!({ "mail": email, "email": "other@example.com", "name": "Ada", "title": "Dr.", "firstname": "Bob", "_ab_cdc_lsn": 7, "_ab_cdc_updated_at": "x" });
        super::support::record_of(stream, data)
    };
    let outcome = Connector::new(&sandbox)
        .streams(&[("users", &["mail", "email", "name", "title", "firstname"]), ("staff", &["mail", "name"])])
        .set("field_mappings", mappings)
        .write(&(of("users", "user@example.com") + &record(json!({ "mail": null, "name": "Nobody" }))));
    outcome.assert_success();
    let sent = json!({ "firstname": "Ada", "salutation": "Ada", "customer_number": "7" });
    assert_eq!(sent_for(&sandbox, "user@example.com"), [sent]);
    assert_eq!(sandbox.contacts().len(), 1, "the other address is not the key");
    assert!(outcome.summary().contains("missing_email: 1"), "{}", outcome.summary());
}

#[test]
fn a_mapping_of_one_stream_is_for_that_stream_and_wins_there() {
    let sandbox = sandbox();
    let mappings = json!([
        { "field": "name", "property": "firstname" },
        { "stream": "staff", "field": "nickname", "property": "firstname" },
        { "stream": "nowhere", "field": "a", "property": "city" },
    ]);
    let of = |stream: &str, email: &str| {
        super::support::record_of(stream, json!({ "email": email, "name": "Augusta", "nickname": "Ada" }))
    };
    let outcome = Connector::new(&sandbox)
        .streams(&[("users", &["email"]), ("staff", &["email"])])
        .set("field_mappings", mappings)
        .write(&(of("users", "user@example.com") + &of("staff", "staff@example.com")));
    outcome.assert_success();
    assert_eq!(property(&sandbox, "user@example.com", "firstname").as_deref(), Some("Augusta"));
    assert_eq!(property(&sandbox, "staff@example.com", "firstname").as_deref(), Some("Ada"));
    let warnings = outcome.logs("names a stream that is not in the catalog");
    assert!(warnings.len() == 1 && warnings[0].contains("nowhere"), "{warnings:#?}");
}

#[test]
fn a_mapping_to_a_property_that_does_not_exist_ends_the_sync_before_any_record() {
    let sandbox = sandbox();
    let mappings = json!([{ "field": "name", "property": "no_such_property" }]);
    let outcome =
        Connector::new(&sandbox).set("field_mappings", mappings).write(&(people(0..100) + &state(1)));
    let message = outcome.assert_failure("config_error");
    assert!(message.contains("`no_such_property`"), "{message}");
    assert_eq!(upserts(&sandbox), 0);
}

#[test]
fn unknown_settings_get_one_warning_each() {
    let sandbox = sandbox();
    let outcome = Connector::new(&sandbox)
        .set("lifecycle_stages", "customer")
        .set("field_mappings", json!([{ "field": "name", "property": "city", "streams": "users" }]))
        .set("something", "else")
        .write(&people(0..1));
    outcome.assert_success();
    let warnings = outcome.logs("is unknown and has no effect");
    assert_eq!(warnings.len(), 3, "{warnings:#?}");
    assert!(
        warnings.iter().any(|warning| warning.contains("Did you mean `lifecycle_stage`?")),
        "{warnings:#?}"
    );
    assert!(
        warnings.iter().any(|warning| warning.contains("entry 1") && warning.contains("`stream`?")),
        "{warnings:#?}"
    );
    assert!(
        warnings.iter().any(|warning| warning.contains("`something`") && !warning.contains("Did you")),
        "{warnings:#?}"
    );
    assert_eq!(property(&sandbox, "users0@example.com", "lifecyclestage").as_deref(), Some("lead"));
}

#[test]
fn the_version_of_the_api_stands_in_every_path() {
    for (setting, part) in [(None, "/2026-09/"), (Some("2026-09"), "/2026-09/"), (Some("v3"), "/v3/")] {
        let sandbox = sandbox();
        let connector =
            Connector::new(&sandbox).set("api_version", setting).set("lifecycle_stage", "customer");
        connector.write(&people(0..1)).assert_success();
        assert_eq!(connector.check().connection_status().0, "SUCCEEDED");
        let paths: Vec<String> = sandbox.requests().into_iter().map(|request| request.path).collect();
        let versioned: Vec<&String> = paths.iter().filter(|path| !path.contains(paths::TOKEN_INFO)).collect();
        assert!(versioned.len() >= 6 && versioned.iter().all(|path| path.contains(part)), "{paths:#?}");
    }
}

#[test]
fn rules_of_the_account_reject_records_and_the_way_round_is_named() {
    let sandbox = sandbox_with(|settings| {
        settings.required_properties = vec!["company".to_owned()];
        let rule = ConditionalProperty {
            when: "city".to_owned(),
            is: "London".to_owned(),
            require: "country".to_owned(),
        };
        settings.conditional_properties = vec![rule];
    });
    let input = ada(json!({ "firstname": "Ada" }))
        + &record(json!({ "email": "bob@example.com", "company": "Babbage", "city": "London" }))
        + &record(json!({ "email": "eve@example.com", "company": "Babbage" }))
        + &state(1);
    let outcome = Connector::new(&sandbox).write(&input);
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(1.0, 2.0)]);
    let warnings = outcome.logs("missing_required_property(").join("\n");
    let names = warnings.contains("(company)") && warnings.contains("(country)");
    assert!(names && warnings.contains("`api_version: v3`"), "{warnings}");
    let outcome = Connector::new(&sandbox).set("api_version", "v3").write(&input);
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(3.0, 0.0)]);
}

#[test]
fn a_value_that_hubspot_refuses_is_left_out_or_sinks_its_record() {
    let longest = "x".repeat(65_537);
    for (field, value, reason) in [
        ("notes_long", json!(longest), "value_too_long(notes_long)"),
        ("notes_long", json!("\u{1f680}".repeat(65_537)), "value_too_long(notes_long)"),
        ("favourite_number", json!("eleven"), "invalid_value(favourite_number)"),
        ("membership_tier", json!("Platinum"), "invalid_value(membership_tier)"),
        ("lifecyclestage", json!("no stage"), "invalid_value(lifecyclestage)"),
    ] {
        let input = ada(json!({ "firstname": "Ada", field: value })) + &people(0..3) + &state(1);
        let seeded = || {
            let sandbox = sandbox();
            sandbox.seed_contact(
                Seed::new("ada@example.com").property(field, "before").property("firstname", "Before"),
            );
            sandbox
        };
        let sandbox = seeded();
        let outcome = Connector::new(&sandbox).write(&input);
        outcome.assert_success();
        assert_eq!(outcome.counts(), [(4.0, 0.0)], "{reason}");
        assert_eq!(property(&sandbox, "ada@example.com", "firstname").as_deref(), Some("Ada"));
        assert_eq!(property(&sandbox, "ada@example.com", field).as_deref(), Some("before"));
        let warnings = outcome.logs("values left out");
        assert!(
            warnings.len() == 1 && warnings[0].contains(&format!("reason={reason} count=1 first_lines=[1]")),
            "{warnings:#?}"
        );

        let sandbox = seeded();
        let outcome = Connector::new(&sandbox).set("invalid_values", "reject_record").write(&input);
        outcome.assert_success();
        assert_eq!(outcome.counts(), [(3.0, 1.0)], "{reason}");
        assert_eq!(sandbox.contact("ada@example.com").unwrap().writes, 0);
        let warnings = outcome.logs("rejected records");
        assert!(
            warnings.len() == 1 && warnings[0].contains(&format!("reason={reason} count=1 first_lines=[1]")),
            "{warnings:#?}"
        );
        assert!(outcome.logs("values left out").is_empty());
    }
}

#[test]
fn fields_without_a_writable_property_are_left_out_with_one_warning_for_each_reason() {
    let sandbox = sandbox();
    let line = |number: u32| {
        record(json!({
            "email": format!("user{number}@example.com"), "firstname": "Ada", "id": number, "createdate": "2020-01-01",
            "hubspotscore": 7, "_airbyte_raw_id": "x", "_airbyte_meta": {}, "_ab_cdc_lsn": 1, "_ab_source_file_url": "y",
        }))
    };
    let input: String = (0..30).map(line).collect();
    let connector = || Connector::new(&sandbox);
    for connector in
        [connector(), connector().streams(&[("users", &["email", "id", "createdate", "hubspotscore"])])]
    {
        let outcome = connector.write(&(input.clone() + &state(1)));
        outcome.assert_success();
        assert_eq!(outcome.counts(), [(30.0, 0.0)]);
        let mut warnings = outcome.logs("fields left out");
        warnings.retain(|line| !line.contains("fields=\"_a"));
        warnings.sort();
        let fields = ["fields=\"createdate, hubspotscore\"", "fields=id"];
        assert_eq!(warnings.len(), 2, "{warnings:#?}");
        assert!(warnings.iter().zip(fields).all(|(warning, field)| warning.contains(field)), "{warnings:#?}");
        let values = outcome.logs("values of the stream stream=users");
        assert!(values.len() == 1 && values[0].contains(" key=30 mapped=30 "), "{values:#?}");
    }
    assert!(
        sent_for(&sandbox, "user0@example.com").iter().all(|sent| *sent == json!({ "firstname": "Ada" }))
    );
}

#[test]
fn a_property_that_vanishes_is_left_out_for_the_rest_of_the_sync() {
    let sandbox = sandbox();
    let line = |number: u32| {
        record(json!({ "email": format!("user{number}@example.com"), "firstname": "Ada", "city": "London" }))
    };
    let lines = |numbers: std::ops::Range<u32>| numbers.map(line).collect::<String>();
    let mut running = Connector::new(&sandbox).unscaled().start("write");
    running.send(&(lines(0..100) + &state(1)));
    running.wait_for_state(1);
    sandbox.update(|settings| settings.missing_properties.push("city".to_owned()));
    running.send(&(lines(100..300) + &state(2)));
    let outcome = running.finish();
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(100.0, 0.0), (200.0, 0.0)]);
    let warnings = outcome.logs("property left out for the rest of the sync");
    assert!(warnings.len() == 1 && warnings[0].contains("property=city"), "{warnings:#?}");
    assert_eq!(property(&sandbox, "user299@example.com", "firstname").as_deref(), Some("Ada"));
}

#[test]
fn a_record_that_was_deleted_in_the_source_is_not_written() {
    let sandbox = sandbox();
    sandbox.seed_contact(Seed::new("ada@example.com").property("firstname", "Before"));
    let deleted = |at: Value| ada(json!({ "firstname": "After", "_ab_cdc_deleted_at": at }));
    let outcome = Connector::new(&sandbox)
        .write(&(deleted(json!("2026-01-01T00:00:00Z")).repeat(2) + &people(0..1) + &state(1)));
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(3.0, 0.0)]);
    assert_eq!(sandbox.contact("ada@example.com").unwrap().writes, 0);
    assert_eq!(outcome.logs("in an entry of `streams` stream=users").len(), 1, "{:#?}", outcome.lines);
    assert_eq!(
        outcome
            .logs("records skipped stream=users reason=deleted_in_source count=2 first_lines=[1, 2]")
            .len(),
        1
    );
    assert!(outcome.summary().contains(" skipped=2 rejected=0 "), "{}", outcome.summary());
    Connector::new(&sandbox).write(&deleted(json!(null))).assert_success();
    assert_eq!(property(&sandbox, "ada@example.com", "firstname").as_deref(), Some("After"));
}

#[test]
fn no_value_wipes_nothing() {
    let sandbox = sandbox();
    sandbox.seed_contact(Seed::new("ada@example.com").property("city", "London").property("country", "UK"));
    Connector::new(&sandbox)
        .write(&ada(json!({ "firstname": "Ada", "city": null, "country": "" })))
        .assert_success();
    assert_eq!(property(&sandbox, "ada@example.com", "city").as_deref(), Some("London"));
    assert_eq!(property(&sandbox, "ada@example.com", "country").as_deref(), Some("UK"));
}

#[test]
fn values_of_every_json_type_become_the_text_that_hubspot_takes() {
    let sandbox = sandbox();
    let fields = json!({
        "favourite_number": 12.50, "newsletter_opt_in": true, "contract_end": "2026-11-23", "interests": "books;music",
        "address": { "street": [ "Koret", 79 ] }, "notes_long": "a \"quoted\" text\nin two lines",
    });
    let outcome = Connector::new(&sandbox).write(&ada(fields));
    outcome.assert_success();
    for (name, value) in [
        ("favourite_number", "12.5"),
        ("newsletter_opt_in", "true"),
        ("contract_end", "2026-11-23"),
        ("interests", "books;music"),
        ("address", ""),
        ("notes_long", "a \"quoted\" text\nin two lines"),
    ] {
        let stored = property(&sandbox, "ada@example.com", name).unwrap_or_default();
        assert_eq!(stored, value, "{name}");
    }
    let told = outcome.logs("objects or lists came in the field");
    assert!(told.len() == 1 && told[0].contains("field=address"), "{told:#?}");
}

#[test]
fn an_address_that_cannot_be_looked_up_costs_the_others_no_stage() {
    let unreadable = email_of("users", 7);
    let refusal = Fault::new(What::status(400)).path(paths::READ).email(unreadable.clone());
    let sandbox = sandbox_with_faults(vec![refusal]);
    let outcome = Connector::new(&sandbox).set("lifecycle_stage", "customer").write(&people(0..40));
    outcome.assert_success();
    let (mut staged, mut others) = (0, Vec::new());
    for contact in sandbox.contacts() {
        match contact.property("lifecyclestage") {
            Some("customer") => staged += 1,
            _ => others.push(contact.email.clone()),
        }
    }
    assert_eq!((staged, others), (39, vec![unreadable]));
    // One of each half alone, then halved down to the failing record.
    assert_eq!(sandbox.requests_to(paths::READ).len(), 12);
}

#[test]
fn a_scope_that_lacks_ends_the_sync_before_its_plan() {
    for (token, stage, unknown, scope) in [
        (tokens::READ_ONLY, None, "ignore", "`crm.objects.contacts.write`"),
        (tokens::WRITE_ONLY, Some("customer"), "ignore", "`crm.objects.contacts.read`"),
        (tokens::CONTACTS, None, "create", "`crm.schemas.contacts.write`"),
    ] {
        let sandbox = sandbox();
        let connector = Connector::new(&sandbox)
            .streams(&[("users", &["email", "new_field"])])
            .set("access_token", token)
            .set("lifecycle_stage", stage)
            .set("unknown_fields", unknown);
        let outcome = connector.write(&(people(0..3) + &state(1)));
        let message = outcome.assert_failure("config_error");
        assert!(message.contains("lacks the scope") && message.contains(scope), "{message}");
        assert!(outcome.logs("field mapped").is_empty() && outcome.state_ids().is_empty());
        let paths: Vec<String> = sandbox.requests().into_iter().map(|request| request.path).collect();
        assert_eq!(paths.len(), 2, "the account and the scopes: {paths:#?}");
    }
}

#[test]
fn a_sync_asks_for_the_scopes_once_and_goes_on_without_them() {
    for answer in [None, Some(What::status(500)), Some(What::NotJson), Some(What::status(404))] {
        let faults =
            answer.map(|what| Fault::new(what).path(paths::TOKEN_INFO).times(1_000)).into_iter().collect();
        let sandbox = sandbox_with_faults(faults);
        let outcome = Connector::new(&sandbox).write(&(people(0..3) + &state(1)));
        outcome.assert_success();
        assert_eq!(outcome.counts(), [(3.0, 0.0)]);
        let asked = sandbox.requests_to(paths::TOKEN_INFO);
        let succeeded = asked.iter().filter(|request| request.fault.is_none()).count();
        assert!(succeeded <= 1, "{asked:#?}");
    }
}
