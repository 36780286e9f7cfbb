//! Fields on their way to properties: names, values, and what is done about fields that no property fits.

use hubspot_sandbox::{Fault, Sandbox, Seed, What, tokens};
use serde_json::{Value, json};

use super::{
    paths,
    support::{Connector, people, record, sandbox, state, upserts},
};

/// A catalog of the stream `users` whose fields have these schemas.
pub(crate) fn catalog(properties: &Value) -> Value {
    let schema = json!({ "type": "object", "properties": properties });
    json!({ "streams": [{
        "stream": { "name": "users", "json_schema": schema, "supported_sync_modes": ["incremental"] },
        "sync_mode": "incremental", "destination_sync_mode": "append_dedup", "primary_key": [["email"]],
    }] })
}

pub(crate) fn property(sandbox: &Sandbox, email: &str, name: &str) -> Option<String> {
    sandbox.contact(email).unwrap().property(name).map(str::to_owned)
}

pub(crate) fn calls(sandbox: &Sandbox, part: &str) -> usize {
    sandbox.requests_to(part).len()
}

// ---- Names and values ---------------------------------------------------------------------------------------

#[test]
fn a_row_of_a_warehouse_becomes_a_contact() {
    let sandbox = sandbox();
    let row = json!({
        "E-Mail": " Ada@Example.com ",
        "First Name": "Ada",
        "LASTNAME": "Lovelace",
        "Phone Number": 442_079_460_000_u64,
        "membership_tier": "BRONZE member",
        "favourite_number": "1.5e3",
        "newsletter_opt_in": 1,
        "contract_end": "2024-05-01T23:30:00-05:00",
        "last_login": "2024-05-01T23:30:00-05:00",
        "interests": ["Books", "travel"],
        "id": 7,
    });
    let outcome = Connector::new(&sandbox).write(&(record(row) + &state(1)));
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(1.0, 0.0)]);
    assert_eq!(outcome.logs("values left out stream="), Vec::<String>::new());
    for (name, expected) in [
        ("firstname", "Ada"),
        ("lastname", "Lovelace"),
        ("phone", "442079460000"),
        ("favourite_number", "1500"),
        ("newsletter_opt_in", "true"),
        ("contract_end", "2024-05-01"),
        ("last_login", "2024-05-02T04:30:00Z"),
        ("membership_tier", "tier_1"),
        ("interests", "books;travel"),
    ] {
        assert_eq!(property(&sandbox, "ada@example.com", name).as_deref(), Some(expected), "{name}");
    }
    let tier = outcome.logs("field=membership_tier");
    assert!(
        tier[0].contains("type=\"one option\" options=\"tier_1, tier_2, tier_3\" by=\"its name\""),
        "{tier:?}"
    );
}

#[test]
fn real_users_become_contacts_with_the_mappings_of_the_example() {
    let text = |file: &str| serde_json::from_str::<Value>(file).unwrap();
    let config = text(include_str!("../../examples/data/config.json"));
    let catalog = text(include_str!("../../examples/data/catalog.json"));
    let input = include_str!("../../examples/data/users.jsonl");
    let sandbox = sandbox();
    let known = "know2036+1@duck.com";
    sandbox.seed_contact(Seed::new(known).property("lifecyclestage", "customer"));
    let outcome = Connector::new(&sandbox).config(config).catalog(catalog).write(input);
    outcome.assert_success();
    assert_eq!(sandbox.contacts().len(), 1_000);
    assert_eq!((calls(&sandbox, paths::READ), upserts(&sandbox)), (10, 10));
    for line in input.lines().map(text).filter(|line| line["type"] == "RECORD") {
        let user = &line["record"]["data"];
        let contact = sandbox.contact(user["email"].as_str().unwrap()).unwrap();
        for (field, name) in [
            ("name", "firstname"),
            ("title", "salutation"),
            ("telephone", "phone"),
            ("occupation", "jobtitle"),
            ("academic_degree", "degree"),
            ("gender", "gender"),
        ] {
            assert_eq!(contact.property(name), user[field].as_str(), "{field}");
        }
        assert_eq!(contact.property("address"), None, "an object is no text");
        let stage = if contact.email == known { "customer" } else { "marketingqualifiedlead" };
        assert_eq!(contact.property("lifecyclestage"), Some(stage));
    }
}

#[test]
fn a_value_that_does_not_fit_names_what_is_expected_and_not_what_it_was() {
    let sandbox = sandbox();
    let bad =
        record(json!({ "email": "ada@example.com", "firstname": "Ada", "membership_tier": "secret-7" }));
    let outcome = Connector::new(&sandbox).write(&(bad + &people(0..3) + &state(1)));
    outcome.assert_success();
    let left_out = outcome.logs("values left out");
    assert_eq!(left_out.len(), 1, "{:#?}", outcome.lines);
    for part in ["invalid_value(membership_tier)", "first_lines=[1]", "one option: tier_1, tier_2, tier_3"] {
        assert!(left_out[0].contains(part), "{left_out:?}");
    }
    assert!(outcome.lines.iter().all(|line| !line.contains("secret-7")), "{:#?}", outcome.lines);
    assert_eq!(upserts(&sandbox), 1);
}

#[test]
fn what_the_plan_lets_through_hubspot_accepts() {
    let sandbox = sandbox();
    let mut random = fastrand::Rng::with_seed(7);
    let fields = [
        "firstname",
        "favourite_number",
        "newsletter_opt_in",
        "contract_end",
        "last_login",
        "membership_tier",
        "interests",
        "preferred_contact",
        "hubspot_owner_id",
        "home_office_phone",
        "notes_long",
        "lifecyclestage",
    ];
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-7.25),
        json!(1e300),
        json!(20_240_501),
        json!(1_714_521_600),
        json!(1_714_521_600_123_i64),
        json!(""),
        json!(" "),
        json!(";"),
        json!(";music"),
        json!("books;Travel"),
        json!("Bronze member"),
        json!("TIER_2"),
        json!("yes"),
        json!("2024-05-01"),
        json!("12"),
        json!("2024-05-01T10:00:00+02:00"),
        json!("2024-05-01 10:00:00"),
        json!("0x1F"),
        json!("1,5"),
        json!("Łódź 🌊"),
        json!(["books", "Music", null]),
        json!([]),
        json!([["books"]]),
        json!({ "a": [1, "b"] }),
        json!("Lead"),
        json!("customer"),
        json!("81426347"),
        json!("a@x.com"),
        json!("infinity"),
        json!("24:00"),
        json!("99999-01-01"),
    ];
    let number_of_any_size = |random: &mut fastrand::Rng| {
        let magnitude = 10_f64.powi(random.i32(-3..16));
        (magnitude * (random.f64() - 0.3) * 10.0).floor()
    };
    let mut input = String::new();
    for number in 0..2_000 {
        let mut data = json!({ "email": format!("p{number}@example.com") });
        for field in fields {
            data[field] = match random.u8(..4) {
                0 => json!(number_of_any_size(&mut random)),
                1 => json!(format!("{}", number_of_any_size(&mut random))),
                _ => random.choice(&values).unwrap().clone(),
            };
        }
        input += &record(data);
    }
    let connector = Connector::new(&sandbox).set("null_values", "clear").unscaled();
    let outcome = connector.write(&(input + &state(1)));
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(2_000.0, 0.0)]);
    assert_eq!(upserts(&sandbox), 20, "HubSpot refused nothing");
    assert!(!outcome.logs("values left out").is_empty());
}

#[test]
fn null_empties_a_property_only_if_it_is_to_and_the_stage_never() {
    let row =
        json!({ "email": "ada@example.com", "firstname": null, "lifecyclestage": null, "interests": null });
    for (setting, firstname) in [("ignore", Some("Ada")), ("clear", None)] {
        let sandbox = sandbox();
        let seed = Seed::new("ada@example.com").property("firstname", "Ada");
        sandbox.seed_contact(seed.property("lifecyclestage", "customer"));
        let connector = Connector::new(&sandbox).set("null_values", setting);
        connector.write(&(record(row.clone()) + &state(1))).assert_success();
        let stored = property(&sandbox, "ada@example.com", "firstname").filter(|name| !name.is_empty());
        assert_eq!(stored.as_deref(), firstname, "{setting}");
        assert_eq!(property(&sandbox, "ada@example.com", "lifecyclestage").as_deref(), Some("customer"));
    }
}

#[test]
fn a_stream_of_five_hundred_columns_costs_no_more_requests() {
    let sandbox = sandbox();
    let columns: Vec<String> = (0..498).map(|number| format!("column_{number}")).collect();
    let row = |number: u32| {
        let mut data = json!({ "email": format!("p{number}@example.com"), "firstname": "Ada" });
        for column in &columns {
            data[column] = json!(number);
        }
        record(data)
    };
    let input: String = (0..300).map(row).collect();
    let outcome = Connector::new(&sandbox).write(&(input + &state(1)));
    outcome.assert_success();
    assert_eq!((upserts(&sandbox), outcome.logs("fields left out").len()), (3, 1));
}

#[test]
fn sensitive_properties_are_found_where_the_token_may_see_them() {
    let row = record(json!({ "email": "ada@example.com", "national_insurance_number": "AB123456C" }));
    let sandbox = sandbox();
    let connector =
        || Connector::new(&sandbox).streams(&[("users", &["email", "national_insurance_number"])]);
    let blind = connector().write(&(row.clone() + &state(1)));
    blind.assert_success();
    assert_eq!(blind.logs("fields left out").len(), 1, "{:#?}", blind.lines);
    let seeing = connector().set("access_token", tokens::SENSITIVE).write(&(row + &state(1)));
    seeing.assert_success();
    assert_eq!(seeing.logs("fields left out").len(), 0, "{:#?}", seeing.lines);
    let stored = property(&sandbox, "ada@example.com", "national_insurance_number");
    assert_eq!(stored.as_deref(), Some("AB123456C"));
}

#[test]
fn nothing_to_append_leaves_the_options_as_they_are() {
    let sandbox = sandbox();
    sandbox.seed_contact(Seed::new("ada@example.com").property("interests", "books;travel"));
    let row = json!({ "email": "ada@example.com", "firstname": "Ada", "interests": ";" });
    let connector = Connector::new(&sandbox).set("null_values", "clear");
    connector.write(&(record(row) + &state(1))).assert_success();
    assert_eq!(property(&sandbox, "ada@example.com", "interests").as_deref(), Some("books;travel"));
}

#[test]
fn an_empty_stage_before_a_real_one_is_none() {
    let sandbox = sandbox();
    let row = |stage: &str| {
        record(json!({ "email": "ada@example.com", "lifecyclestage": stage, "firstname": "Ada" }))
    };
    let connector = Connector::new(&sandbox).set("lifecycle_stage", "customer");
    connector.write(&(row("") + &row("lead") + &state(1))).assert_success();
    assert_eq!(property(&sandbox, "ada@example.com", "lifecyclestage").as_deref(), Some("lead"));
    assert_eq!(upserts(&sandbox), 1);
}

#[test]
fn sensitive_properties_are_found_though_hubspot_does_not_list_the_scopes() {
    let sandbox = sandbox();
    sandbox.update(|settings| {
        settings.faults = vec![Fault::new(What::status(500)).path(paths::TOKEN_INFO)];
    });
    let row = record(json!({ "email": "ada@example.com", "insurance": "AB123456C" }));
    let mappings = json!([{ "field": "insurance", "property": "national_insurance_number" }]);
    let connector =
        Connector::new(&sandbox).set("access_token", tokens::SENSITIVE).set("field_mappings", mappings);
    connector.write(&(row + &state(1))).assert_success();
    let stored = property(&sandbox, "ada@example.com", "national_insurance_number");
    assert_eq!(stored.as_deref(), Some("AB123456C"));
}

#[test]
fn without_a_catalog_a_mapping_that_cannot_work_ends_the_sync_before_it_writes() {
    let sandbox = sandbox();
    let mappings = json!([{ "stream": "later", "field": "x", "property": "no_such_property" }]);
    let connector = Connector::new(&sandbox).set("field_mappings", mappings);
    let message = connector.write(&(people(0..3) + &state(1))).assert_failure("config_error");
    assert!(message.contains("no_such_property"), "{message}");
    assert_eq!(upserts(&sandbox), 0);
}

// ---- The lifecycle stage ------------------------------------------------------------------------------------

#[test]
fn a_stage_that_hubspot_does_not_apply_is_counted_and_told_once() {
    let sandbox = sandbox();
    for number in 0..30 {
        let seed = Seed::new(format!("p{number}@example.com"));
        sandbox.seed_contact(seed.property("lifecyclestage", "customer"));
    }
    let row = |number: u32| {
        record(
            json!({ "email": format!("p{number}@example.com"), "lifecyclestage": "Lead", "firstname": "Ada" }),
        )
    };
    let input: String = (0..40).map(row).collect();
    let outcome = Connector::new(&sandbox).write(&(input + &state(1)));
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(40.0, 0.0)]);
    let counted = outcome.logs("accepted and did not apply");
    assert!(
        counted.len() == 1 && counted[0].contains("property=lifecyclestage count=30"),
        "{:#?}",
        outcome.lines
    );
    assert_eq!(outcome.logs("accepted a value and kept its own").len(), 1);
}

#[test]
fn contacts_that_this_sync_has_written_are_not_looked_up_again() {
    let sandbox = sandbox();
    let mut running = Connector::new(&sandbox).unscaled().set("lifecycle_stage", "customer").start("write");
    for round in 1..=3 {
        running.send(&(people(0..100) + &state(round)));
        running.wait_for_state(round);
    }
    running.finish().assert_success();
    assert_eq!((calls(&sandbox, paths::READ), upserts(&sandbox)), (1, 3));
}
