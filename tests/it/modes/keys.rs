//! Several addresses of one contact, and an upsert, an archive and an upsert of one address: in every mode what each row by itself
//! would come to.

use std::collections::BTreeMap;

use hubspot_sandbox::{SameContactInputs, Sandbox, Seed};

use super::{
    Contacts, Mode, Policy, Row, Rules, apply, compare_with, connector, deleted, paths, roomy_sandbox, row,
    rows, state, switches::once_each, upsert,
};
use serde_json::json;

use crate::support::{Connector, people, record};

const ADA: &str = "ada@example.com";

fn rules_of_two_addresses() -> Vec<Rules> {
    let fills = upsert(&[("city", Policy::FillEmpty)]);
    vec![
        upsert(&[]),
        fills.clone(),
        Rules { skips_unchanged: true, ..fills.clone() },
        Rules { skips_unchanged: true, ..upsert(&[]) },
        Rules { mode: Mode::UpdateOnly, ..upsert(&[]) },
        Rules { mode: Mode::UpdateOnly, skips_unchanged: true, ..fills.clone() },
        Rules { mode: Mode::CreateOnly, ..upsert(&[("phone", Policy::OnlyOnCreate)]) },
        Rules { mode: Mode::Archive, archives_deleted: false, ..upsert(&[]) },
    ]
}

/// No request names a record twice, and none is refused for that.
fn assert_no_duplicates(sandbox: &Sandbox, what: &str) {
    for path in ["batch/update", "batch/archive", paths::UPSERT, "batch/create"] {
        for request in sandbox.requests_to(path) {
            let mut keys = request.keys.clone();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), request.keys.len(), "{what}: {path} {:?}", request.keys);
            assert_ne!(request.status, Some(400), "{what}: {path} {:?}", request.keys);
        }
    }
}

#[test]
fn two_addresses_of_one_contact_come_to_what_row_after_row_would() {
    for same in [
        SameContactInputs::Conflict409,
        SameContactInputs::MergedIntoOneResult,
        SameContactInputs::BothResults,
    ] {
        for (number, rules) in rules_of_two_addresses().into_iter().enumerate() {
            let mut random = fastrand::Rng::with_seed(number as u64);
            let sandbox = roomy_sandbox(|settings| {
                settings.same_contact_inputs = same;
                settings.echo_trace_ids = random.bool();
            });
            let mut expected = Contacts::new();
            // One address in three is another one of the contact before.
            let mut primary_of: BTreeMap<String, String> = BTreeMap::new();
            for number in (0..60).step_by(3) {
                let [email, other] = [number, number + 1].map(|number| format!("p{number}@example.com"));
                let mut seed = Seed::new(&email).secondary(&other);
                let mut values = BTreeMap::new();
                if random.bool() {
                    seed = seed.property("city", "old");
                    values.insert("city".to_owned(), "old".to_owned());
                }
                sandbox.seed_contact(seed);
                expected.insert(email.clone(), values);
                primary_of.insert(other, email);
            }
            let rows = once_each(rows(&mut random, 200, 60));
            let mut one_by_one = |row: &Row| {
                let primary = primary_of.get(&row.email).filter(|primary| expected.contains_key(*primary));
                let Some(primary) = primary.filter(|_| !expected.contains_key(&row.email)) else {
                    return apply(&mut expected, &rules, row);
                };
                if rules.mode == Mode::Archive || (row.deleted && rules.archives_deleted) {
                    return "other_record";
                }
                apply(&mut expected, &rules, &Row { email: primary.clone(), ..row.clone() })
            };
            let fates = rows.iter().map(&mut one_by_one).collect();
            let what = format!("{same:?} {rules:?}");
            compare_with(connector(&sandbox, &rules), &sandbox, &rows, &(fates, expected), &what);
            // An upsert by address may name a contact twice; HubSpot's answer to that is another question.
            if rules.mode != Mode::Upsert {
                assert_no_duplicates(&sandbox, &what);
            }
        }
    }
}

/// The rows of an address are folded around a row of its contact's other one: what comes last still counts, and what fills first.
#[test]
fn rows_of_two_addresses_that_alternate_are_kept_in_order() {
    for cities in [["", "Rome", "Oslo", "Bonn"], ["", "", "Oslo", "Bonn"], ["Rome", "", "Oslo", "Bonn"]] {
        let row = |(number, city): (usize, &str)| {
            let email = [ADA, "countess@example.com"][number % 2].to_owned();
            let values = [("city", city.to_owned()), ("phone", number.to_string())];
            let values = values.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            Row { email, deleted: false, values }
        };
        let rows: Vec<Row> = cities.into_iter().enumerate().map(row).collect();
        let changes = |rules: &Rules| matches!(rules.mode, Mode::Upsert | Mode::UpdateOnly);
        for rules in rules_of_two_addresses().into_iter().filter(changes) {
            let sandbox = roomy_sandbox(|_| ());
            sandbox.seed_contact(Seed::new(ADA).secondary("countess@example.com"));
            let mut expected = Contacts::from([(ADA.to_owned(), BTreeMap::new())]);
            let as_ada = |row: &Row| Row { email: ADA.to_owned(), ..row.clone() };
            let fates = rows.iter().map(|row| apply(&mut expected, &rules, &as_ada(row))).collect();
            let what = format!("{rules:?} {cities:?}");
            compare_with(connector(&sandbox, &rules), &sandbox, &rows, &(fates, expected), &what);
        }
    }
}

/// An upsert, an archive and an upsert of one address leave a contact that has what the last row brings and nothing else.
#[test]
fn an_upsert_an_archive_and_an_upsert_of_one_address_are_three_steps() {
    let apart = |numbers: std::ops::Range<u32>| people(numbers);
    let fills = upsert(&[("city", Policy::FillEmpty), ("phone", Policy::OnlyOnCreate)]);
    let first = row(ADA, &[("firstname", "Ada"), ("city", "Rome"), ("phone", "1")]);
    let last = row(ADA, &[("city", "Oslo"), ("phone", "2")]);
    for rules in [upsert(&[]), Rules { skips_unchanged: true, ..fills }] {
        for is_there in [false, true] {
            for (name, between, awaits) in [
                ("adjacent", [String::new(), String::new()], false),
                ("with states", [state(1), state(2)], false),
                ("after states", [state(1), state(2)], true),
                ("in flight", [apart(0..150), apart(150..300)], false),
                ("far apart", [apart(0..250) + &state(1), apart(250..500) + &state(2)], false),
            ] {
                let sandbox = roomy_sandbox(|settings| settings.latency.ms = 8);
                if is_there {
                    sandbox.seed_contact(Seed::new(ADA).property("firstname", "Old").property("city", "Old"));
                }
                let before = sandbox.contact(ADA).map(|contact| contact.id);
                let [one, other] = between;
                let mut running = connector(&sandbox, &rules).start("write");
                running.send(&(first.clone() + &one));
                if awaits {
                    running.wait_for_state(1);
                }
                running.send(&(deleted(ADA) + &other));
                if awaits {
                    running.wait_for_state(2);
                }
                running.send(&(last.clone() + &state(3)));
                let outcome = running.finish();
                outcome.assert_success();
                let what = format!("{name} {is_there} {rules:?}");
                let ada = sandbox.contact(ADA).unwrap();
                let has = |name: &str| ada.property(name).map(str::to_owned);
                let values = [has("firstname"), has("city"), has("phone")];
                assert_eq!(values, [None, Some("Oslo".to_owned()), Some("2".to_owned())], "{what}");
                assert!(Some(&ada.id) != before.as_ref(), "{what}: it is a new contact");
                assert_eq!(sandbox.archived().len(), 1, "{what}");
                assert!(outcome.summary().contains(" archived=1 "), "{what}: {}", outcome.summary());
                assert_eq!(outcome.state_ids().last(), Some(&3), "{what}");
                assert_no_duplicates(&sandbox, &what);
            }
        }
    }
}

/// Archives of an address that another row makes and archives again, many times.
#[test]
fn many_upserts_and_archives_of_few_addresses_are_kept_in_order() {
    let mut random = fastrand::Rng::with_seed(9);
    for rules in
        [upsert(&[]), upsert(&[("*", Policy::FillEmpty)]), Rules { mode: Mode::CreateOnly, ..upsert(&[]) }]
    {
        let sandbox = roomy_sandbox(|settings| (settings.latency.ms, settings.latency.jitter_ms) = (2, 10));
        let mut expected = Contacts::new();
        let mut rows = rows(&mut random, 60, 3);
        for row in &mut rows {
            row.deleted = random.u8(..3) == 0;
        }
        let fates = rows.iter().map(|row| apply(&mut expected, &rules, row)).collect();
        compare_with(connector(&sandbox, &rules), &sandbox, &rows, &(fates, expected), &format!("{rules:?}"));
    }
}

/// The answer lists the secondary addresses, so that nobody is asked for alone.
#[test]
fn contacts_that_are_found_by_secondary_addresses_cost_one_read_for_a_hundred() {
    let sandbox = roomy_sandbox(|_| ());
    for number in 0..100 {
        sandbox.seed_contact(
            Seed::new(format!("p{number}@example.com")).secondary(format!("s{number}@example.com")),
        );
    }
    let input: String = (0..100)
        .map(|number| record(json!({ "email": format!("s{number}@example.com"), "city": "Rome" })))
        .collect();
    let outcome = Connector::new(&sandbox)
        .set("streams", json!([{ "stream": "users", "mode": "update_only" }]))
        .write(&input);
    outcome.assert_success();
    assert!(outcome.summary().contains(" updated=100 "), "{}", outcome.summary());
    assert_eq!(sandbox.requests_to(paths::READ).len(), 1);
}
