//! What the plan of a sync does over several syncs, and what is said of mappings that match nothing.

use serde_json::{Value, json};

use super::{
    mapping::{calls, catalog, property},
    paths,
    support::{Connector, people_of, record, sandbox, state, state_of},
};

fn texts(fields: &[&str]) -> Value {
    fields.iter().map(|field| ((*field).to_owned(), json!({ "type": ["null", "string"] }))).collect()
}

#[test]
fn a_deletion_mark_is_no_property_however_often_a_sync_creates_what_is_missing() {
    let sandbox = sandbox();
    let fields = texts(&["email", "is_deleted", "_ab_cdc_deleted_at", "shoe_size"]);
    let row = |number: u32, deleted: &str| {
        record(json!({ "email": format!("p{number}@example.com"), "is_deleted": deleted, "shoe_size": "41" }))
    };
    for round in 0..3_u32 {
        let connector = Connector::new(&sandbox).catalog(catalog(&fields)).set("unknown_fields", "create");
        let input = row(2 * round, "false") + &row(2 * round + 1, "true") + &state(1);
        let outcome = connector.write(&input);
        outcome.assert_success();
        assert_eq!(outcome.counts(), [(2.0, 0.0)]);
        assert!(
            outcome.summary().contains(" created=1 updated=0 unchanged=0 folded=0 skipped=1 rejected=0 ")
        );
        assert_eq!(outcome.logs("property created").len(), usize::from(round == 0), "{:#?}", outcome.lines);
        assert_eq!(
            outcome.logs("fields=\"_ab_cdc_deleted_at, is_deleted\"").len(),
            1,
            "{:#?}",
            outcome.lines
        );
        assert_eq!(
            property(&sandbox, &format!("p{}@example.com", 2 * round), "shoe_size").as_deref(),
            Some("41")
        );
    }
    assert_eq!(sandbox.contacts().len(), 3);
    assert_eq!(property(&sandbox, "p0@example.com", "is_deleted"), None);
}

#[test]
fn a_deletion_mark_that_says_neither_yes_nor_no_is_counted_and_its_record_written() {
    let sandbox = sandbox();
    let row = |name: &str, mark: &str| {
        record(json!({ "email": format!("{name}@example.com"), "is_deleted": mark }))
    };
    let outcome = Connector::new(&sandbox)
        .write(&(row("a", "ja") + &row("b", "yes") + &row("c", "x") + &row("d", "") + &state(1)));
    outcome.assert_success();
    assert_eq!(sandbox.contacts().len(), 3);
    let told = outcome.logs(
        "neither yes nor no; their records were not skipped for it stream=users field=is_deleted count=2",
    );
    assert_eq!(told.len(), 1, "{:#?}", outcome.lines);
}

#[test]
fn a_mapping_finds_the_first_heading_of_a_table_behind_what_an_editor_put_before_it() {
    let sandbox = sandbox();
    let fields = texts(&["\u{feff}Kunden-Nr.", "E-Mail", "Ort"]);
    let mappings =
        json!([{ "field": "Kunden-Nr.", "property": "company" }, { "field": "E-Mail", "property": "email" }]);
    let row = record(json!({ "\u{feff}Kunden-Nr.": "K1", "E-Mail": "a@example.com", "Ort": "" }));
    let connector = Connector::new(&sandbox).catalog(catalog(&fields)).set("field_mappings", mappings);
    let outcome = connector.set("null_values", "clear").write(&(row + &state(1)));
    outcome.assert_success();
    assert_eq!(property(&sandbox, "a@example.com", "company").as_deref(), Some("K1"));
    assert_eq!(outcome.logs("an entry of `field_mappings`"), Vec::<String>::new());
}

#[test]
fn what_is_emptied_is_counted_and_a_second_spelling_of_the_address_says_when_it_counts() {
    let sandbox = sandbox();
    let connector = Connector::new(&sandbox)
        .catalog(catalog(&texts(&["E-Mail", "email", "city"])))
        .set("null_values", "clear");
    let row = |city: &str| record(json!({ "email": "a@example.com", "E-Mail": null, "city": city }));
    let outcome = connector.write(&(row("") + &row(" ") + &row("London") + &state(1)));
    outcome.assert_success();
    assert_eq!(
        outcome.logs("values of the stream stream=users values=4 key=3 mapped=1 ").len(),
        1,
        "{:#?}",
        outcome.lines
    );
    assert_eq!(outcome.logs(" cleared=2").len(), 1);
    let second = outcome.logs("field=E-Mail property=email type=\"the key, where email is empty\"");
    assert_eq!(second.len(), 1, "{:#?}", outcome.lines);
}

#[test]
fn only_a_mapping_or_the_setting_takes_a_deletion_mark_for_a_field() {
    let sandbox = sandbox();
    let row = record(json!({ "email": "a@example.com", "is_deleted": "true" })) + &state(1);
    let connector = || Connector::new(&sandbox).catalog(catalog(&texts(&["email", "is_deleted"])));
    connector().write(&row).assert_success();
    assert!(sandbox.contacts().is_empty());
    connector().set("deleted_records", "write").write(&row).assert_success();
    assert_eq!(sandbox.contacts().len(), 1);
    let mapping = json!([{ "field": "is_deleted", "property": "company" }]);
    connector().set("field_mappings", mapping).write(&row).assert_success();
    assert_eq!(property(&sandbox, "a@example.com", "company").as_deref(), Some("true"));
}

#[test]
fn a_mapping_gives_a_property_that_is_to_be_made_its_name() {
    let sandbox = sandbox();
    let mut fields = texts(&["email", "Größe"]);
    fields["profile"] = json!({ "type": "object", "properties": { "age": { "type": "integer" }, "more": { "type": "object" } } });
    let mappings = json!([
        { "field": "Größe", "property": "shoe_size_eu" },
        { "field": "profile.age", "property": "age_in_years" },
    ]);
    let connector = |mappings: &Value| {
        let connector = Connector::new(&sandbox).catalog(catalog(&fields)).set("unknown_fields", "create");
        connector.set("field_mappings", mappings.clone())
    };
    let checked = connector(&mappings).check();
    assert_eq!(checked.connection_status().0, "SUCCEEDED");
    assert_eq!(checked.logs("a sync will create this property").len(), 2, "{:#?}", checked.lines);
    // Without a catalog, as the platform checks, it may be right.
    let alone =
        Connector::new(&sandbox).set("unknown_fields", "create").set("field_mappings", mappings.clone());
    assert_eq!(alone.check().connection_status().0, "SUCCEEDED");

    let row = record(json!({ "email": "a@example.com", "Größe": "41", "profile": { "age": 36 } }));
    for round in 0..2 {
        let outcome = connector(&mappings).write(&(row.clone() + &state(1)));
        outcome.assert_success();
        assert_eq!(outcome.logs("creating this property").len(), if round == 0 { 2 } else { 0 });
    }
    assert_eq!(calls(&sandbox, paths::CREATE_PROPERTIES), 1);
    let labels = connector(&mappings).check().logs("field mapped");
    assert_eq!(labels.len(), 3, "{labels:#?}");
    assert_eq!(property(&sandbox, "a@example.com", "shoe_size_eu").as_deref(), Some("41"));
    assert_eq!(property(&sandbox, "a@example.com", "age_in_years").as_deref(), Some("36"));
    // Nothing can be made for an object, nor by a name that HubSpot does not take.
    for (field, name) in [("profile.more", "more"), ("Größe", "Shoe Size EU"), ("nowhere", "nowhere")] {
        let outcome = connector(&json!([{ "field": field, "property": name }])).check();
        let (status, message) = outcome.connection_status();
        assert!(status == "FAILED" && message.contains(&format!("`{name}`")), "{message}");
    }
}

#[test]
fn a_mapping_that_matches_nothing_is_told_with_the_nearest_name() {
    let sandbox = sandbox();
    let mappings = json!([
        { "field": "fristname", "property": "firstname" },
        { "stream": "user", "field": "city", "property": "city" },
        { "field": "email.value", "property": "company" },
    ]);
    let said = [
        "names a field that no stream of the catalog has field=fristname nearest=first_names",
        "names a stream that is not in the catalog stream=user field=city nearest=users",
        "can never match: by the catalog's schema there is nothing inside field=email.value property=company",
    ];
    let declared = Connector::new(&sandbox)
        .catalog(catalog(&texts(&["email", "first_names"])))
        .set("field_mappings", mappings.clone());
    let (checked, written) = (declared.check(), declared.write(&(people_of("users", 0..1) + &state(1))));
    for outcome in [&checked, &written] {
        for part in said {
            assert_eq!(outcome.logs(part).len(), 1, "{part}: {:#?}", outcome.lines);
        }
    }
    // Without a catalog it is known at the end.
    let outcome = Connector::new(&sandbox)
        .set("field_mappings", mappings)
        .write(&(people_of("users", 0..2) + &state_of("users", 1)));
    outcome.assert_success();
    for part in [
        "names a field that no record had field=fristname nearest=firstname",
        "names a stream of which no record came stream=user field=city nearest=users",
        "names a field that no record had field=email.value",
    ] {
        assert_eq!(outcome.logs(part).len(), 1, "{part}: {:#?}", outcome.lines);
    }
}

#[test]
fn one_row_with_an_undeclared_field_takes_nothing_from_the_rest_of_its_stream() {
    for late in [json!(null), json!("other@example.com")] {
        let sandbox = sandbox();
        let row = |number: u32| {
            record(
                json!({ "Email": format!("p{number}@example.com"), "First Name": format!("Name {number}") }),
            )
        };
        let odd = record(
            json!({ "Email": "odd@example.com", "First Name": "Odd", "email": late, "firstname": late }),
        );
        let rows: String = (0..250).map(row).collect();
        let connector = Connector::new(&sandbox).catalog(catalog(&texts(&["Email", "First Name"])));
        let outcome = connector.write(&(rows.clone() + &odd + &rows + &state(1)));
        outcome.assert_success();
        assert_eq!(outcome.counts(), [(501.0, 0.0)], "{late}");
        assert_eq!(sandbox.contacts().len(), 251);
        assert_eq!(property(&sandbox, "odd@example.com", "firstname").as_deref(), Some("Odd"));
        assert_eq!(property(&sandbox, "p249@example.com", "firstname").as_deref(), Some("Name 249"));
    }
}

#[test]
fn values_that_a_mapping_leads_to_and_that_are_no_options_are_told_before_the_first_record() {
    let sandbox = sandbox();
    let mapping = json!([
        { "field": "tags", "property": "interests", "values": "sport = sports; books = books; reisen = Travel" },
        { "field": "level", "property": "membership_tier", "values": "1 = tier_1" },
    ]);
    let connector = Connector::new(&sandbox).set("field_mappings", mapping);
    for outcome in [connector.check(), connector.write("")] {
        let told = outcome.logs("lead to values that the property does not take");
        assert_eq!(told.len(), 1, "{:#?}", outcome.lines);
        assert!(told[0].contains("field=tags property=interests values=sports expects="), "{told:?}");
    }
}
