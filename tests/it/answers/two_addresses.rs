//! Two addresses of one contact in a batch.

use hubspot_sandbox::{Fault, SameContactInputs, Seed, What};
use serde_json::json;

use super::email;
use crate::{
    model::{faulty_sandbox, roomy_sandbox, sums_of_success},
    support::{Connector, people, record, state, upserts, wait_for_upsert_of},
};

/// A contact with two addresses, and other people around its records, which end with the one that has to win.
fn write_both_addresses(same: SameContactInputs, echoed: bool, records: &[(&str, &str)]) {
    let sandbox = roomy_sandbox(|settings| {
        settings.same_contact_inputs = same;
        settings.echo_trace_ids = echoed;
    });
    sandbox.seed_contact(
        Seed::new("ada@example.com").secondary("countess@example.com").property("firstname", "?"),
    );
    let mut input = people(0..40);
    for (address, name) in records {
        input += &record(json!({ "email": address, "firstname": name, "lastname": format!("of {address}") }));
        input += &people(40..50);
    }
    input += &(people(50..90) + &state(1));
    let outcome = Connector::new(&sandbox).write(&input);
    let sums = sums_of_success(&outcome, &sandbox);
    assert_eq!(sums.rejected, 0, "{same:?} {records:?}");
    assert_eq!(sandbox.contacts().len(), 91);
    let (address, name) = records[records.len() - 1];
    let ada = sandbox.contact("countess@example.com").unwrap();
    assert_eq!(ada.property("firstname"), Some(name), "{same:?}, echoed {echoed}: {records:?}");
    assert_eq!(ada.property("lastname"), Some(format!("of {address}").as_str()), "{same:?}: {records:?}");
    assert_eq!(ada.email, "ada@example.com");
    assert!(upserts(&sandbox) <= 20, "{same:?}: {}", upserts(&sandbox));
}

#[test]
fn of_two_addresses_of_one_contact_in_a_batch_the_last_record_wins() {
    let (ada, countess) = ("ada@example.com", "countess@example.com");
    for same in [
        SameContactInputs::Conflict409,
        SameContactInputs::MergedIntoOneResult,
        SameContactInputs::BothResults,
    ] {
        for echoed in [false, true] {
            write_both_addresses(same, echoed, &[(ada, "Ada 1"), (countess, "Ada 2")]);
            write_both_addresses(same, echoed, &[(countess, "Ada 1"), (ada, "Ada 2")]);
            write_both_addresses(same, echoed, &[(ada, "Ada 1"), (countess, "Ada 2"), (ada, "Ada 3")]);
            write_both_addresses(same, echoed, &[(countess, "Ada 1"), (ada, "Ada 2"), (countess, "Ada 3")]);
        }
    }
}

#[test]
fn a_record_in_flight_is_seen_by_the_server_before_its_state_comes_back() {
    let sandbox = faulty_sandbox(Fault::new(What::html(503)).times(3));
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&(people(0..100) + &state(1)));
    wait_for_upsert_of(&sandbox, &email(0));
    running.wait_for_state(1);
    assert_eq!(sandbox.contacts().len(), 100);
    let outcome = running.finish();
    assert_eq!(sums_of_success(&outcome, &sandbox).retries, 3);
    assert_eq!(upserts(&sandbox), 4);
}
