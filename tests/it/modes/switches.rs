//! What HubSpot's documentation leaves open: under either answer, rows come to what each by itself would.

use std::collections::BTreeSet;

use hubspot_sandbox::{
    ArchiveOfMissing, ArchivedValues, DatesInAnswers, SameContactInputs, Settings, TakenUniqueValues,
    UnknownUniqueValues,
};
use serde_json::{Value, json};

use super::{
    Contacts, Mode, Policy, Row, Rules, all_rules, apply, compare_with, connector, paths, record, requests,
    roomy_sandbox, rows, seeded, upsert,
};
use crate::rows::create_property;

/// A name, and the setting.
type Switch = (&'static str, fn(&mut Settings));

/// The other answer to each question that concerns reads, creates, updates or archives; the first answers are the defaults, under
/// which all other tests run.
const SWITCHES: [Switch; 17] = [
    ("partial_success", |settings| settings.partial_success = false),
    ("echo_trace_ids", |settings| settings.echo_trace_ids = true),
    ("group_errors", |settings| settings.group_errors = true),
    ("shuffle_results", |settings| settings.shuffle_results = false),
    ("same_values_move_date", |settings| settings.same_values_move_date = false),
    ("dates_in_answers", |settings| settings.dates_in_answers = DatesInAnswers::Milliseconds),
    ("archive_of_missing 207", |settings| settings.archive_of_missing = ArchiveOfMissing::Status207),
    ("archive_of_missing 404", |settings| settings.archive_of_missing = ArchiveOfMissing::Status404),
    ("taken_unique_values", |settings| settings.taken_unique_values = TakenUniqueValues::Status400),
    ("unknown_unique_values", |settings| settings.unknown_unique_values = UnknownUniqueValues::Status400),
    ("same_contact_inputs 1", |settings| {
        settings.same_contact_inputs = SameContactInputs::MergedIntoOneResult;
    }),
    ("same_contact_inputs 2", |settings| settings.same_contact_inputs = SameContactInputs::BothResults),
    ("duplicate_check_ignores_case", |settings| settings.duplicate_check_ignores_case = false),
    ("refuse_empty_properties", |settings| settings.refuse_empty_properties = false),
    ("default_lifecycle_stage", |settings| settings.default_lifecycle_stage = None),
    ("latency", |settings| (settings.latency.ms, settings.latency.jitter_ms) = (1, 5)),
    ("all at once", |settings| {
        (settings.partial_success, settings.echo_trace_ids, settings.group_errors) = (false, true, true);
        settings.archive_of_missing = ArchiveOfMissing::Status404;
    }),
];

/// A rule for each mode, with policies where it heeds them.
fn some_rules() -> Vec<Rules> {
    let some = upsert(&[("city", Policy::FillEmpty), ("phone", Policy::OnlyOnCreate)]);
    [
        (Mode::Upsert, true),
        (Mode::Upsert, false),
        (Mode::UpdateOnly, true),
        (Mode::CreateOnly, false),
        (Mode::Archive, false),
    ]
    .into_iter()
    .map(|(mode, skips_unchanged)| match mode {
        Mode::Archive => Rules { mode, archives_deleted: false, ..upsert(&[]) },
        _ => Rules { mode, skips_unchanged, ..some.clone() },
    })
    .collect()
}

#[test]
fn every_mode_holds_whatever_the_documentation_leaves_open() {
    for (name, switch) in SWITCHES {
        for rules in some_rules() {
            let mut random = fastrand::Rng::with_seed(3);
            let sandbox = roomy_sandbox(switch);
            let mut expected = seeded(&sandbox, &mut random, 60);
            let rows = rows(&mut random, 300, 120);
            let fates = rows.iter().map(|row| apply(&mut expected, &rules, row)).collect();
            let what = format!("{name} {rules:?}");
            compare_with(connector(&sandbox, &rules), &sandbox, &rows, &(fates, expected), &what);
        }
    }
}

/// Whether a new contact can have the address of one in the recycle bin.
#[test]
fn every_mode_holds_where_archived_contacts_keep_their_addresses() {
    for taken in [TakenUniqueValues::Entry207, TakenUniqueValues::Status400] {
        for rules in some_rules() {
            let mut random = fastrand::Rng::with_seed(4);
            let sandbox = roomy_sandbox(|settings| {
                settings.archived_values = ArchivedValues::Held;
                settings.taken_unique_values = taken;
            });
            let mut expected = seeded(&sandbox, &mut random, 60);
            let rows = rows(&mut random, 300, 120);
            let mut bin = BTreeSet::new();
            let mut one_by_one = |row: &Row| {
                let is_held = !expected.contains_key(&row.email) && bin.contains(&row.email);
                let fate = apply(&mut expected, &rules, row);
                if is_held && fate == "written" {
                    expected.remove(&row.email);
                    return "rejected";
                }
                if fate == "archived" {
                    bin.insert(row.email.clone());
                }
                fate
            };
            let fates: Vec<&str> = rows.iter().map(&mut one_by_one).collect();
            assert_eq!(fates.contains(&"rejected"), matches!(rules.mode, Mode::Upsert | Mode::CreateOnly));
            let what = format!("{taken:?} {rules:?}");
            compare_with(connector(&sandbox, &rules), &sandbox, &rows, &(fates, expected), &what);
        }
    }
}

/// A property that the answers lack although it is asked for is never filled and never the same.
#[test]
fn every_mode_and_policy_holds_where_answers_lack_what_was_asked_for() {
    for rules in all_rules() {
        let mut random = fastrand::Rng::with_seed(5);
        let sandbox = roomy_sandbox(|settings| {
            settings.lacks_asked_properties =
                super::PROPERTIES.iter().map(|name| (*name).to_owned()).collect();
        });
        let mut expected = seeded(&sandbox, &mut random, 60);
        let rows = once_each(rows(&mut random, 400, 120));
        let fates = rows.iter().map(|row| apply_blindly(&mut expected, &rules, row)).collect();
        let what = format!("{rules:?}");
        compare_with(connector(&sandbox, &rules), &sandbox, &rows, &(fates, expected), &what);
    }
}

/// The first row of each address.
pub(super) fn once_each(mut rows: Vec<Row>) -> Vec<Row> {
    let mut seen = BTreeSet::new();
    rows.retain(|row| seen.insert(row.email.clone()));
    rows
}

/// What becomes of a row where nobody knows what its contact has.
fn apply_blindly(contacts: &mut Contacts, rules: &Rules, row: &Row) -> &'static str {
    let is_change = |mode| mode == Mode::Upsert || mode == Mode::UpdateOnly;
    let deletes = row.deleted && rules.archives_deleted;
    let Some(contact) = contacts.get_mut(&row.email).filter(|_| is_change(rules.mode) && !deletes) else {
        return apply(contacts, rules, row);
    };
    let policy = |name: &str| rules.policies.get(name).or_else(|| rules.policies.get("*"));
    let may = |name: &str| matches!(policy(name), None | Some(Policy::Overwrite));
    let sent: Vec<_> = row.values.iter().filter(|(name, _)| may(name)).collect();
    contact.extend(sent.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    if sent.is_empty() { "policy" } else { "written" }
}

/// Values of every kind come back in HubSpot's own form, whichever that is.
#[test]
fn what_is_there_is_the_same_in_whatever_form_it_comes_back() {
    let kinds = [
        ("a_date", "date", "date"),
        ("a_moment", "datetime", "date"),
        ("a_number", "number", "number"),
        ("a_flag", "bool", "booleancheckbox"),
        ("a_phone", "string", "phonenumber"),
        ("a_text", "string", "textarea"),
    ];
    for dates in [DatesInAnswers::Iso, DatesInAnswers::Milliseconds] {
        for moves in [false, true] {
            let sandbox = roomy_sandbox(|settings| {
                settings.dates_in_answers = dates;
                settings.same_values_move_date = moves;
            });
            for (name, value_type, field_type) in kinds {
                let options: Value =
                    ["true", "false"].map(|value| json!({ "label": value, "value": value })).into();
                let options = if value_type == "bool" { options } else { json!([]) };
                create_property(
                    &sandbox,
                    &json!({ "name": name, "label": name, "type": value_type, "fieldType": field_type, "groupName": "contactinformation", "options": options }),
                );
            }
            let rules = Rules { skips_unchanged: true, ..upsert(&[("a_date", Policy::FillEmpty)]) };
            let input = record(json!({
                "email": "a@example.com", "a_date": "2024-05-13", "a_moment": "2024-05-13T12:00:00+02:00",
                "a_number": 12.50, "a_flag": true, "a_phone": "+49 (30) 12-34", "a_text": " two\nlines ", "city": null,
                "lifecyclestage": "subscriber", "interests": ";books",
            }));
            let connector = connector(&sandbox, &rules);
            connector.write(&input).assert_success();
            assert!(sandbox.change_contact("a@example.com", "lifecyclestage", "customer"));
            assert!(sandbox.change_contact("a@example.com", "interests", "music;books"));
            let (before, writes) = (sandbox.contact("a@example.com"), requests(&sandbox, paths::UPSERT));
            let outcome = connector.write(&input);
            outcome.assert_success();
            assert!(outcome.summary().contains(" unchanged=1 "), "{dates:?} {}", outcome.summary());
            assert_eq!(requests(&sandbox, paths::UPSERT), writes);
            assert_eq!(sandbox.contact("a@example.com"), before, "not even its date has moved");
        }
    }
}
