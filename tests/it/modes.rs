//! What a sync may change: modes, policies per property, `skip_unchanged`, archiving.

mod archives;
mod keys;
mod reference;
mod refusals;
mod scopes;
mod switches;
mod unconfirmed;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs,
};

use hubspot_sandbox::{Fault, Sandbox, Seed, What};
use serde_json::{Value, json};

use self::reference::{Contacts, Mode, Policy, Row, Rules, apply};
use super::{
    model::roomy_sandbox,
    paths,
    support::{Connector, record, state},
};

const PROPERTIES: [&str; 3] = ["firstname", "city", "phone"];

fn name(mode: Mode) -> &'static str {
    match mode {
        Mode::Upsert => "upsert",
        Mode::UpdateOnly => "update_only",
        Mode::CreateOnly => "create_only",
        Mode::Archive => "archive",
    }
}

fn connector(sandbox: &Sandbox, rules: &Rules) -> Connector {
    let policy = |(property, policy): (&&str, &Policy)| {
        let policy = match policy {
            Policy::Overwrite => "overwrite",
            Policy::FillEmpty => "fill_empty",
            Policy::OnlyOnCreate => "only_on_create",
        };
        json!({ "property": property, "policy": policy })
    };
    let entry = json!({
        "stream": "users",
        "mode": name(rules.mode),
        "skip_unchanged": rules.skips_unchanged,
        "deleted_records": if rules.archives_deleted { "archive" } else { "skip" },
    });
    Connector::new(sandbox)
        .set("streams", json!([entry]))
        .set("policies", rules.policies.iter().map(policy).collect::<Value>())
        .set("null_values", "clear")
        .set("max_archived", 1_000_000)
        .set("fail_if_rejected", "never")
}

fn line(row: &Row) -> String {
    let mut data: serde_json::Map<String, Value> =
        row.values.iter().map(|(property, value)| ((*property).to_owned(), json!(value))).collect();
    data.insert("email".to_owned(), json!(row.email));
    if row.deleted {
        data.insert("is_deleted".to_owned(), json!(true));
    }
    record(Value::Object(data))
}

/// What the sandbox has of the properties that the tests write.
fn contacts(sandbox: &Sandbox) -> Contacts {
    let of_contact = |contact: hubspot_sandbox::Contact| {
        let values = PROPERTIES.iter().filter_map(|name| {
            let value = contact.property(name).filter(|value| !value.is_empty())?;
            Some(((*name).to_owned(), value.to_owned()))
        });
        let values = values.collect();
        (contact.email, values)
    };
    sandbox.contacts().into_iter().map(of_contact).collect()
}

/// Without the empty values, which HubSpot has as none.
fn filled(contacts: &Contacts) -> Contacts {
    let filled = |values: &BTreeMap<String, String>| {
        values
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    contacts.iter().map(|(email, values)| (email.clone(), filled(values))).collect()
}

/// The fates of the records in their order, with the reasons of skipped ones; a record that was folded counts as written.
fn fates(folder: &std::path::Path) -> Vec<String> {
    let text: String =
        fs::read_dir(folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    let mut fates: Vec<(u64, String)> = text
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let fate = match line["fate"].as_str().unwrap() {
                "created" | "updated" | "folded" => "written",
                "skipped" => line["reason"].as_str().unwrap(),
                fate => fate,
            };
            (line["stream_record"].as_u64().unwrap(), fate.to_owned())
        })
        .collect();
    fates.sort();
    fates.into_iter().map(|(_, fate)| fate).collect()
}

/// Rows of so many addresses, each of which comes again and again.
fn rows(random: &mut fastrand::Rng, count: usize, addresses: usize) -> Vec<Row> {
    let value = |random: &mut fastrand::Rng| match random.u8(..8) {
        0 => String::new(),
        one => format!("v{}", one % 4),
    };
    (0..count)
        .map(|_| {
            // One value at least: a row that holds nothing but its address folds with any other.
            let first = random.usize(..PROPERTIES.len());
            let mut values = Vec::new();
            for (place, property) in PROPERTIES.iter().enumerate() {
                if place == first || random.bool() {
                    values.push(*property);
                }
            }
            let values = values.into_iter().map(|property| (property, value(random))).collect();
            let email = format!("p{}@example.com", random.usize(..addresses));
            Row { email, deleted: random.u8(..12) == 0, values }
        })
        .collect()
}

/// All rules that are worth a run.
fn all_rules() -> Vec<Rules> {
    let mut all = Vec::new();
    let policies: [&[(&'static str, Policy)]; 4] = [
        &[],
        &[("city", Policy::FillEmpty), ("phone", Policy::OnlyOnCreate)],
        &[("*", Policy::FillEmpty), ("firstname", Policy::Overwrite)],
        &[("*", Policy::OnlyOnCreate)],
    ];
    for mode in [Mode::Upsert, Mode::UpdateOnly, Mode::CreateOnly, Mode::Archive] {
        for policies in policies {
            for skips_unchanged in [false, true] {
                let is_archive = mode == Mode::Archive;
                if is_archive && (skips_unchanged || !policies.is_empty()) {
                    continue;
                }
                let policies = policies.iter().copied().collect();
                all.push(Rules { mode, policies, skips_unchanged, archives_deleted: !is_archive });
            }
        }
    }
    all
}

/// Writes rows of so many addresses and as many again, and compares fates and contacts with those of the reference.
fn compare(rules: &Rules, seed: u64, count: usize, addresses: usize, faults: Vec<Fault>) {
    let mut random = fastrand::Rng::with_seed(seed);
    let sandbox = roomy_sandbox(|settings| settings.faults = faults);
    let mut expected = seeded(&sandbox, &mut random, addresses);
    let rows = rows(&mut random, count, addresses * 2);
    let one_by_one = |row: &Row| apply(&mut expected, rules, row);
    let then = rows.iter().map(one_by_one).collect();
    compare_with(
        connector(&sandbox, rules),
        &sandbox,
        &rows,
        &(then, expected),
        &format!("{rules:?} {seed}"),
    );
}

/// Contacts of some of so many addresses, with the values of a row each.
fn seeded(sandbox: &Sandbox, random: &mut fastrand::Rng, addresses: usize) -> Contacts {
    let mut expected = Contacts::new();
    for row in rows(random, addresses, addresses) {
        let mut seed = Seed::new(&row.email);
        let values: BTreeMap<String, String> =
            row.values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        for (name, value) in values.iter().filter(|(_, value)| !value.is_empty()) {
            seed = seed.property(name, value);
        }
        if let Entry::Vacant(place) = expected.entry(row.email) {
            sandbox.seed_contact(seed);
            place.insert(values);
        }
    }
    expected
}

/// Writes the rows; then their fates and the contacts have to be these.
fn compare_with(
    connector: Connector,
    sandbox: &Sandbox,
    rows: &[Row],
    (fates_then, expected): &(Vec<&str>, Contacts),
    what: &str,
) {
    let input: String = rows.iter().map(line).collect::<String>() + &state(1);
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().join("results");
    let outcome = connector.arguments(&["--results", results.to_str().unwrap()]).write(&input);
    assert_eq!(outcome.code, Some(0), "{what} {:#?}", outcome.lines);
    for (number, (row, (fate, then))) in rows.iter().zip(fates(&results).iter().zip(fates_then)).enumerate() {
        assert_eq!(fate, then, "{what}: record {} of {}: {row:?}", number + 1, rows.len());
    }
    assert_eq!(contacts(sandbox), filled(expected), "{what}");
}

#[test]
fn every_mode_and_policy_comes_to_what_record_after_record_would() {
    for rules in all_rules() {
        for (seed, count, addresses) in [(1, 400, 4), (2, 400, 150)] {
            compare(&rules, seed, count, addresses, Vec::new());
        }
    }
}

/// Every mode under faults that HubSpot's answers and the network may have; what would say something untrue of a record is left out.
#[test]
fn every_mode_holds_under_faults() {
    let whole = |what: What| Fault::new(what);
    let of_a_batch = |what: What| Fault::new(what).min_inputs(2);
    let faults: Vec<Fault> = vec![
        whole(What::html(502)),
        whole(What::status(500)).after_write(),
        whole(What::LoseAnswer),
        whole(What::CloseUnread),
        whole(What::CutBody),
        whole(What::status(423)),
        whole(What::rate_limited()),
        whole(What::NotJson),
        of_a_batch(What::status(400)),
        of_a_batch(What::bare(413)),
        of_a_batch(What::Unaccounted).path("batch/upsert"),
        of_a_batch(What::EmptyResults).path("batch/create"),
        of_a_batch(What::ErrorWithoutTraceId).path("batch/update"),
    ];
    let faults: Vec<Fault> = faults.into_iter().map(|fault| fault.probability(0.02)).collect();
    let some = upsert(&[("city", Policy::FillEmpty), ("phone", Policy::OnlyOnCreate)]);
    for mode in [Mode::Upsert, Mode::UpdateOnly, Mode::CreateOnly, Mode::Archive] {
        let rules = match mode {
            Mode::Archive => Rules { mode, archives_deleted: false, ..upsert(&[]) },
            _ => Rules { mode, skips_unchanged: true, ..some.clone() },
        };
        compare(&rules, 7, soak_records(), 2_000, faults.clone());
    }
}

/// Few for every day. `.ci/run` asks for as many as a long sync has.
fn soak_records() -> usize {
    std::env::var("SOAK_RECORDS").map_or(3_000, |_| 20_000)
}

fn upsert(policies: &[(&'static str, Policy)]) -> Rules {
    let policies = policies.iter().copied().collect();
    Rules { mode: Mode::Upsert, policies, skips_unchanged: false, archives_deleted: true }
}

fn row(email: &str, values: &[(&'static str, &str)]) -> String {
    let values = values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    line(&Row { email: email.to_owned(), deleted: false, values })
}

fn deleted(email: &str) -> String {
    line(&Row { email: email.to_owned(), deleted: true, values: Vec::new() })
}

fn requests(sandbox: &Sandbox, path: &str) -> usize {
    sandbox.requests_to(path).len()
}

#[test]
fn the_same_rows_again_write_nothing_and_cost_a_read_for_a_hundred() {
    let rules = Rules { skips_unchanged: true, ..upsert(&[]) };
    let sandbox = roomy_sandbox(|_| ());
    let input: String = (0..1_050)
        .map(|number| {
            row(&format!("p{number}@example.com"), &[("firstname", " Ada "), ("phone", "+1 (555) 010")])
        })
        .collect();
    connector(&sandbox, &rules).write(&input).assert_success();
    let (reads, writes) = (requests(&sandbox, paths::READ), requests(&sandbox, paths::UPSERT));
    assert_eq!((reads, writes), (11, 11));
    let outcome = connector(&sandbox, &rules).write(&input);
    outcome.assert_success();
    assert!(outcome.summary().contains(" updated=0 unchanged=1050 "), "{}", outcome.summary());
    assert_eq!(requests(&sandbox, paths::READ) - reads, 11);
    assert_eq!(requests(&sandbox, paths::UPSERT), writes);
}

#[test]
fn only_what_differs_is_sent() {
    let rules = Rules { skips_unchanged: true, ..upsert(&[]) };
    let sandbox = roomy_sandbox(|_| ());
    sandbox.seed_contact(Seed::new("a@example.com").property("firstname", "Ada").property("city", "London"));
    let input = row("a@example.com", &[("firstname", "Ada"), ("city", "Paris")]);
    connector(&sandbox, &rules).write(&input).assert_success();
    let [write] = &sandbox.requests_to(paths::UPSERT)[..] else { panic!("one write") };
    let body: Value = serde_json::from_slice(write.body.as_deref().unwrap()).unwrap();
    assert_eq!(body["inputs"][0]["properties"], json!({ "city": "Paris" }));
    let [read] = &sandbox.requests_to(paths::READ)[..] else { panic!("one read") };
    let body: Value = serde_json::from_slice(read.body.as_deref().unwrap()).unwrap();
    assert_eq!(
        body["properties"],
        json!(["email", "city", "firstname", "hs_additional_emails"]),
        "only what is compared is asked for"
    );
}

/// What somebody changes between the read and the write is the only thing that may be overwritten.
#[test]
fn a_change_between_read_and_write_is_the_only_one_that_is_overwritten() {
    let rules = upsert(&[("city", Policy::FillEmpty)]);
    let sandbox = roomy_sandbox(|settings| {
        let change = What::change("late@example.com", "city", "Oslo");
        settings.faults = vec![Fault::new(change).path("batch/read").times(1)];
    });
    for email in ["late@example.com", "early@example.com"] {
        sandbox.seed_contact(Seed::new(email));
    }
    assert!(sandbox.change_contact("early@example.com", "city", "Bergen"));
    let input = row("late@example.com", &[("city", "Rome")]) + &row("early@example.com", &[("city", "Rome")]);
    connector(&sandbox, &rules).write(&input).assert_success();
    let city = |email: &str| sandbox.contact(email).unwrap().property("city").map(str::to_owned);
    assert_eq!(city("early@example.com").as_deref(), Some("Bergen"));
    assert_eq!(city("late@example.com").as_deref(), Some("Rome"), "the window that the page tells of");
}

#[test]
fn a_value_that_the_answer_lacks_is_neither_filled_nor_called_the_same() {
    for skips_unchanged in [false, true] {
        let rules = Rules { skips_unchanged, ..upsert(&[("city", Policy::FillEmpty)]) };
        let sandbox = roomy_sandbox(|settings| {
            settings.lacks_asked_properties = vec!["city".to_owned(), "firstname".to_owned()];
        });
        sandbox.seed_contact(Seed::new("a@example.com").property("firstname", "Ada"));
        let input = row("a@example.com", &[("city", "Rome"), ("firstname", "Ada")]);
        let outcome = connector(&sandbox, &rules).write(&input);
        outcome.assert_success();
        assert!(outcome.summary().contains(" updated=1 unchanged=0 "), "{}", outcome.summary());
        assert_eq!(sandbox.contact("a@example.com").unwrap().property("city"), None);
        assert_eq!(outcome.logs("values held back by a policy stream=users property=city count=1").len(), 1);
    }
}

/// A contact by another of its addresses, and a contact that was merged into another one.
#[test]
fn nothing_is_archived_whose_own_address_is_another_one() {
    let sandbox = roomy_sandbox(|_| ());
    sandbox.seed_contact(Seed::new("ada@example.com").secondary("ada@work.example"));
    for email in ["ben@example.com", "ben.merged@example.com", "gone@example.com"] {
        sandbox.seed_contact(Seed::new(email));
    }
    assert!(sandbox.merge_contacts("ben@example.com", "ben.merged@example.com"));
    let input =
        deleted("ada@work.example") + &deleted("ben.merged@example.com") + &deleted("gone@example.com");
    let outcome = connector(&sandbox, &upsert(&[])).write(&input);
    outcome.assert_success();
    assert_eq!(
        outcome.logs("records skipped stream=users reason=other_record count=2").len(),
        1,
        "{:#?}",
        outcome.lines
    );
    let left: Vec<String> = sandbox.contacts().into_iter().map(|contact| contact.email).collect();
    assert_eq!(left, ["ada@example.com", "ben@example.com"]);
    assert!(outcome.summary().contains(" archived=1 "), "{}", outcome.summary());
}

#[test]
fn a_sync_archives_no_more_than_it_may_and_the_next_one_goes_on() {
    for most in [0, 150] {
        let sandbox = roomy_sandbox(|_| ());
        let emails: Vec<String> = (0..300).map(|number| format!("p{number:03}@example.com")).collect();
        for email in &emails {
            sandbox.seed_contact(Seed::new(email));
        }
        let input: String = emails.iter().map(|email| deleted(email)).collect::<String>() + &state(1);
        let connector = connector(&sandbox, &upsert(&[])).set("max_archived", most);
        let outcome = connector.write(&input);
        let message = outcome.assert_failure("config_error");
        assert!(message.contains("`max_archived`"), "{message}");
        assert_eq!((outcome.state_ids().len(), sandbox.contacts().len()), (0, 300 - most));
        if most > 0 {
            let outcome = connector.write(&input);
            outcome.assert_success();
            assert!(outcome.summary().contains(" archived=150 "), "{}", outcome.summary());
            assert_eq!(outcome.logs("reason=not_found count=150").len(), 1);
            assert!(sandbox.contacts().is_empty());
        }
    }
}

#[test]
fn a_deletion_without_the_key_is_skipped_and_told() {
    let sandbox = roomy_sandbox(|_| ());
    let input = record(json!({ "id": 7, "is_deleted": true })) + &row("a@example.com", &[("city", "Rome")]);
    let outcome = connector(&sandbox, &upsert(&[])).write(&input);
    outcome.assert_success();
    assert_eq!(outcome.logs("reason=deleted_without_key count=1").len(), 1, "{:#?}", outcome.lines);
}

/// A lost answer to what may not be repeated: each contact is created once, and archived once.
#[test]
fn what_may_not_be_repeated_is_looked_up_first() {
    for what in [What::LoseAnswer, What::status(502), What::CutBody, What::EmptyBody] {
        for after_write in [false, true] {
            for path in ["batch/create", "batch/archive"] {
                // A success without a body says that all is archived.
                if matches!(what, What::EmptyBody) && path == "batch/archive" && !after_write {
                    continue;
                }
                let fault = Fault::new(what.clone()).path(path).times(2);
                let sandbox = roomy_sandbox(|settings| {
                    settings.faults =
                        vec![if after_write { fault.clone().after_write() } else { fault.clone() }];
                });
                let rules = Rules { mode: Mode::CreateOnly, ..upsert(&[]) };
                sandbox.seed_contact(Seed::new("gone@example.com"));
                sandbox.seed_contact(Seed::new("there@example.com"));
                let input = row("new@example.com", &[("city", "Rome")])
                    + &row("there@example.com", &[("city", "Rome")])
                    + &deleted("gone@example.com");
                let outcome = connector(&sandbox, &rules).write(&input);
                outcome.assert_success();
                let summary = outcome.summary();
                assert!(
                    summary.contains(" created=1 updated=0 unchanged=0 archived=1 folded=0 skipped=1 "),
                    "{what:?} {after_write} {path}: {summary}"
                );
                let left: Vec<String> = sandbox.contacts().into_iter().map(|contact| contact.email).collect();
                assert_eq!(left, ["new@example.com", "there@example.com"], "{what:?} {after_write} {path}");
                assert_eq!(sandbox.contact("there@example.com").unwrap().property("city"), None);
            }
        }
    }
}
