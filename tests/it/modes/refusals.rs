//! What HubSpot refuses in a mode or under a policy, and what somebody else does between a read and the write.

use std::collections::BTreeMap;

use hubspot_sandbox::{ArchiveOfMissing, Fault, Seed, What};
use serde_json::json;

use super::{
    Contacts, Mode, Policy, Row, Rules, apply, compare_with, connector, deleted, fates, roomy_sandbox, row,
    rows, seeded, state, switches::once_each, upsert,
};

const ADA: &str = "ada@example.com";
/// HubSpot takes no name that is an address of the web; the connector does.
const REFUSED: &str = "https://example.com";

fn some_rules() -> Vec<Rules> {
    let some = upsert(&[("city", Policy::FillEmpty), ("phone", Policy::OnlyOnCreate)]);
    let first = upsert(&[("firstname", Policy::FillEmpty)]);
    [Mode::Upsert, Mode::UpdateOnly, Mode::CreateOnly]
        .into_iter()
        .flat_map(|mode| [upsert(&[]), some.clone(), first.clone()].map(|rules| Rules { mode, ..rules }))
        .collect()
}

/// The row as it is without the value that HubSpot refuses, if that value would be sent; and the rejection of the row, if that is it.
fn apply_refused(contacts: &mut Contacts, rules: &Rules, row: &Row, rejects: bool) -> &'static str {
    let is_refused = |(name, value): &(&str, String)| *name == "firstname" && value == REFUSED;
    let mut after = contacts.clone();
    let fate = apply(&mut after, rules, row);
    let first_name =
        |contacts: &Contacts| contacts.get(&row.email).and_then(|contact| contact.get("firstname")).cloned();
    if fate != "written" || first_name(&after).as_deref() != Some(REFUSED) {
        *contacts = after;
        return fate;
    }
    if rejects {
        return "rejected";
    }
    let without =
        Row { values: row.values.iter().filter(|one| !is_refused(one)).cloned().collect(), ..row.clone() };
    apply(contacts, rules, &without)
}

#[test]
fn a_value_that_hubspot_refuses_costs_itself_or_its_row_in_every_mode() {
    for rules in some_rules() {
        for partial in [true, false] {
            for setting in ["drop_value", "reject_record"] {
                let mut random = fastrand::Rng::with_seed(11);
                let sandbox = roomy_sandbox(|settings| settings.partial_success = partial);
                let mut expected = seeded(&sandbox, &mut random, 60);
                let mut rows = once_each(rows(&mut random, 200, 120));
                for row in rows.iter_mut().filter(|_| random.u8(..8) == 0) {
                    row.values.retain(|(name, _)| *name != "firstname");
                    row.values.push(("firstname", REFUSED.to_owned()));
                }
                let rejects = setting == "reject_record";
                let fates: Vec<&str> =
                    rows.iter().map(|row| apply_refused(&mut expected, &rules, row, rejects)).collect();
                assert_eq!(fates.contains(&"rejected"), rejects, "{rules:?}");
                let what = format!("{rules:?} {setting} partial: {partial}");
                let connector = connector(&sandbox, &rules).set("invalid_values", setting);
                compare_with(connector, &sandbox, &rows, &(fates, expected), &what);
            }
        }
    }
}

/// A value that does not fill what it could fill leaves it to the next one.
#[test]
fn of_folded_rows_the_next_one_fills_what_hubspot_refused_to_fill() {
    for mode in [Mode::Upsert, Mode::UpdateOnly] {
        for (setting, first) in [("drop_value", "written"), ("reject_record", "rejected")] {
            for partial in [true, false] {
                for skips_unchanged in [false, true] {
                    let sandbox = roomy_sandbox(|settings| settings.partial_success = partial);
                    sandbox.seed_contact(Seed::new(ADA));
                    let rules =
                        Rules { mode, skips_unchanged, ..upsert(&[("firstname", Policy::FillEmpty)]) };
                    let values = [(REFUSED, "1"), ("Ada", "2"), ("Augusta", "3")];
                    let rows = values.map(|(name, phone)| Row {
                        email: ADA.to_owned(),
                        deleted: false,
                        values: vec![("firstname", name.to_owned()), ("phone", phone.to_owned())],
                    });
                    let has = [("firstname", "Ada"), ("phone", "3")];
                    let has = has.map(|(name, value)| (name.to_owned(), value.to_owned()));
                    let expected = Contacts::from([(ADA.to_owned(), BTreeMap::from(has))]);
                    let fates = vec![first, "written", "written"];
                    let what = format!("{rules:?} {setting} {partial}");
                    let connector = connector(&sandbox, &rules).set("invalid_values", setting);
                    compare_with(connector, &sandbox, &rows, &(fates, expected), &what);
                }
            }
        }
    }
}

/// A property that the list has and HubSpot does not know is left out, and the rest of each row is what it is without it.
#[test]
fn a_property_that_vanishes_is_left_out_in_every_mode() {
    for mode in [Mode::Upsert, Mode::UpdateOnly, Mode::CreateOnly] {
        for partial in [true, false] {
            for policies in [
                &[][..],
                &[("city", Policy::FillEmpty)],
                &[("*", Policy::FillEmpty), ("phone", Policy::Overwrite)],
            ] {
                let rules = Rules { mode, ..upsert(policies) };
                let mut random = fastrand::Rng::with_seed(13);
                let sandbox = roomy_sandbox(|settings| {
                    settings.partial_success = partial;
                    let names = vec!["phone".to_owned()];
                    settings.faults = vec![Fault::new(What::MissingProperties { names }).path("batch/")];
                });
                let mut expected = seeded(&sandbox, &mut random, 60);
                let rows = once_each(rows(&mut random, 200, 120));
                let without = |row: &Row| {
                    let values = row.values.iter().filter(|(name, _)| *name != "phone").cloned().collect();
                    Row { values, ..row.clone() }
                };
                let fates = rows.iter().map(|row| apply(&mut expected, &rules, &without(row))).collect();
                let what = format!("{rules:?} partial: {partial}");
                compare_with(connector(&sandbox, &rules), &sandbox, &rows, &(fates, expected), &what);
            }
        }
    }
}

/// Rows of a hundred addresses, of which somebody changes the contact of the middle one after it was read.
struct Raced<'a> {
    rules: Rules,
    is_there: bool,
    /// Somebody makes the contact, or archives it.
    archives: bool,
    deletes: bool,
    settings: &'a dyn Fn(&mut hubspot_sandbox::Settings),
}

impl Raced<'_> {
    /// The fates of the raced row and of one beside it, and the contact of the raced one.
    fn run(&self) -> ([String; 2], Option<hubspot_sandbox::Contact>) {
        let sandbox = roomy_sandbox(|settings| {
            (self.settings)(settings);
            let properties = BTreeMap::from([("city".to_owned(), "Oslo".to_owned())]);
            let email = "p50@example.com".to_owned();
            let what = What::Change { email, properties, archive: self.archives };
            settings.faults = vec![Fault::new(what).path("batch/read").times(1)];
        });
        let emails = (0..100).map(|number| format!("p{number}@example.com"));
        let mut input = String::new();
        for email in emails {
            if self.is_there {
                sandbox.seed_contact(Seed::new(&email));
            }
            input += &if self.deletes {
                deleted(&email)
            } else {
                row(&email, &[("city", "Rome"), ("phone", "1")])
            };
        }
        let folder = tempfile::tempdir().unwrap();
        let results = folder.path().join("results");
        let outcome = connector(&sandbox, &self.rules)
            .arguments(&["--results", results.to_str().unwrap()])
            .write(&(input + &state(1)));
        outcome.assert_success();
        let fates = fates(&results);
        let others = fates.iter().enumerate().filter(|(place, _)| *place != 50);
        assert!(others.clone().all(|(_, fate)| *fate == fates[0]), "{:#?}", outcome.lines);
        ([fates[50].clone(), fates[0].clone()], sandbox.contact("p50@example.com"))
    }
}

#[test]
fn a_contact_that_somebody_archives_or_makes_in_between_is_told_apart_from_the_others() {
    for partial in [true, false] {
        for policies in [&[][..], &[("city", Policy::FillEmpty)]] {
            let settings = |settings: &mut hubspot_sandbox::Settings| settings.partial_success = partial;
            let rules = |mode| Rules { mode, ..upsert(policies) };
            let raced = Raced {
                rules: rules(Mode::UpdateOnly),
                is_there: true,
                archives: true,
                deletes: false,
                settings: &settings,
            };
            let (fates, contact) = raced.run();
            assert_eq!(
                (fates, contact),
                (["not_found", "written"].map(str::to_owned), None),
                "{partial} {policies:?}"
            );
            let raced = Raced {
                rules: rules(Mode::CreateOnly),
                is_there: false,
                archives: false,
                deletes: false,
                settings: &settings,
            };
            let (fates, contact) = raced.run();
            assert_eq!(fates, ["exists", "written"].map(str::to_owned), "{partial} {policies:?}");
            let contact = contact.unwrap();
            assert_eq!(
                (contact.property("city"), contact.property("phone")),
                (Some("Oslo"), None),
                "it is as it was made"
            );
            // An upsert makes it again: nothing is lost but what the policy would have kept.
            let raced = Raced {
                rules: rules(Mode::Upsert),
                is_there: true,
                archives: true,
                deletes: false,
                settings: &settings,
            };
            if !policies.is_empty() {
                let (fates, contact) = raced.run();
                assert_eq!(fates, ["written", "written"].map(str::to_owned));
                assert_eq!(contact.unwrap().property("city"), Some("Rome"));
            }
        }
    }
}

/// Whether HubSpot names what it does not have to archive, or refuses the batch for it: the others are archived.
#[test]
fn what_somebody_else_has_archived_in_between_costs_no_other_archive() {
    for (choice, fate) in [
        (ArchiveOfMissing::Status204, "archived"),
        (ArchiveOfMissing::Status207, "not_found"),
        (ArchiveOfMissing::Status404, "not_found"),
    ] {
        for mode in [Mode::Upsert, Mode::Archive] {
            let settings = |settings: &mut hubspot_sandbox::Settings| settings.archive_of_missing = choice;
            let rules = Rules { mode, archives_deleted: mode != Mode::Archive, ..upsert(&[]) };
            let raced = Raced { rules, is_there: true, archives: true, deletes: true, settings: &settings };
            let (fates, contact) = raced.run();
            assert_eq!(
                (fates, contact),
                ([fate, "archived"].map(str::to_owned), None),
                "{choice:?} {mode:?}"
            );
        }
    }
}

/// A refusal of the moment, as of a contact that somebody changes at that very moment, is followed by a look at what it has now.
#[test]
fn after_a_conflict_a_policy_heeds_what_hubspot_has_by_then() {
    for mode in [Mode::Upsert, Mode::UpdateOnly] {
        let body = json!({ "status": "error", "category": "CONFLICT", "message": "x" });
        let sandbox = roomy_sandbox(|settings| {
            let path = if mode == Mode::Upsert { "batch/upsert" } else { "batch/update" };
            settings.faults = vec![
                Fault::new(What::change(ADA, "city", "Oslo")).path(path).times(1),
                Fault::new(What::Json { status: 409, body }).path(path).times(1),
            ];
        });
        sandbox.seed_contact(Seed::new(ADA));
        let rules = Rules { mode, ..upsert(&[("city", Policy::FillEmpty)]) };
        let outcome = connector(&sandbox, &rules).write(&row(ADA, &[("city", "Rome"), ("phone", "1")]));
        outcome.assert_success();
        let ada = sandbox.contact(ADA).unwrap();
        assert_eq!((ada.property("city"), ada.property("phone")), (Some("Oslo"), Some("1")), "{mode:?}");
    }
}
