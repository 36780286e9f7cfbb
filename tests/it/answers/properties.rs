//! Properties that HubSpot rejects for every record.

use hubspot_sandbox::What;
use serde_json::json;

use super::email;
use crate::{
    model::{once, refusal, roomy_sandbox, stored, sums_of_success},
    support::{Connector, record, state, upserts},
};

#[test]
fn a_property_that_vanishes_is_learned_once_and_left_out() {
    for (partial, echoed) in [(true, false), (true, true), (false, false)] {
        let sandbox = roomy_sandbox(|settings| {
            settings.partial_success = partial;
            settings.echo_trace_ids = echoed;
        });
        let employees = |numbers: std::ops::Range<u32>| -> String {
            let employee =
                |number: u32| json!({ "email": email(number), "company": "Analytical", "firstname": "Ada" });
            numbers.map(|number| record(employee(number))).collect()
        };
        let mut running = Connector::new(&sandbox).unscaled().start("write");
        running.send(&(employees(0..100) + &state(1)));
        running.wait_for_state(1);
        sandbox.update(|settings| settings.missing_properties = vec!["company".to_owned()]);
        running.send(&(employees(100..200) + &state(2)));
        running.wait_for_state(2);
        running.send(&(employees(200..1_200) + &state(3)));
        let outcome = running.finish();
        assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [1_200, 0, 0, 0]);
        assert_eq!(stored(&sandbox, &email(99), "company").as_deref(), Some("Analytical"));
        assert_eq!(stored(&sandbox, &email(100), "company"), None);
        assert_eq!(stored(&sandbox, &email(1_199), "firstname").as_deref(), Some("Ada"));
        let warnings = outcome.logs("property left out for the rest of the sync");
        assert_eq!(warnings.len(), 1, "{:#?}", outcome.lines);
        assert!(warnings[0].contains("property=company reason=unknown_property"), "{warnings:?}");
        // Each value that was not sent is counted, and its record can be found.
        let left_out =
            outcome.logs("values left out stream=users reason=unknown_property(company) count=1100 ");
        assert!(
            left_out.len() == 1 && left_out[0].contains("first_records=[101, 102, 103, 104, 105]"),
            "{left_out:?}"
        );
        // One more than without the accident.
        assert_eq!(upserts(&sandbox), 13);
    }
}

#[test]
fn a_property_that_becomes_read_only_is_learned_once_and_left_out() {
    let body = refusal("READ_ONLY_VALUE", &["company", "made_up"]);
    let sandbox = once(What::Json { status: 400, body });
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&record(json!({ "email": email(0), "company": "Analytical", "firstname": "Ada" })));
    running.send(&state(1));
    running.wait_for_state(1);
    running.send(&record(json!({ "email": email(1), "company": "Analytical", "firstname": "Bob" })));
    running.send(&state(2));
    let outcome = running.finish();
    assert_eq!(sums_of_success(&outcome, &sandbox).fates(), [2, 0, 0, 0]);
    assert_eq!(stored(&sandbox, &email(0), "company"), None);
    assert_eq!(stored(&sandbox, &email(1), "company"), None);
    assert_eq!(stored(&sandbox, &email(1), "firstname").as_deref(), Some("Bob"));
    let warnings = outcome.logs("property left out for the rest of the sync");
    assert_eq!(warnings.len(), 1, "{:#?}", outcome.lines);
    assert!(warnings[0].contains("property=company reason=read_only_property"), "{warnings:?}");
    assert_eq!(
        outcome.logs("values left out stream=users reason=read_only_property(company) count=2 ").len(),
        1
    );
    // A name that was not sent is not repeated: it could be anything.
    assert!(!outcome.lines.concat().contains("made_up"));
    assert_eq!(upserts(&sandbox), 3);
}
