//! Records that were rejected before and are sent again: what HubSpot has since is not overwritten.

use serde_json::{Value, json};

use super::{
    super::model::{Habits, Rules, Store, refusal},
    Properties, batch, hubspot, is_look_up, run_steps,
};
use crate::{
    hubspot::{answer::BatchAnswer, client::Reply},
    mapping::reason::Code,
    report::fate::Fate,
    sync::delivery::{
        existence::{Existence, LastModified},
        mode::is_older,
        outcome::Outcome,
        pending::UnusableProperties,
        state::Delivery,
        steps::Step,
    },
};

const REJECTED: &str = "2026-11-01T00:00:00Z";

/// A delivery of records that were rejected at that moment.
fn sent_again(records: &[(&str, Properties<'_>)]) -> Delivery {
    let mut batch = batch(records, Rules::default());
    for part in batch.inputs.iter_mut().flat_map(|input| &mut input.parts) {
        part.unless_changed_since = Some(REJECTED.parse().unwrap());
    }
    Delivery::new(batch, UnusableProperties::new())
}

fn people() -> [(&'static str, Properties<'static>); 3] {
    [("a@x.com", &[("phone", "1")]), ("b@x.com", &[("phone", "2")]), ("c@x.com", &[("phone", "3")])]
}

/// What becomes of the records where look-ups are answered like this, with how many there were.
fn with_look_ups(answer: impl Fn(&[String]) -> Result<Value, Box<Reply<BatchAnswer>>>) -> (Outcome, usize) {
    let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
    let mut look_ups = 0;
    let outcome = run_steps(sent_again(&people()), |step| match step {
        Step::Send(call) if is_look_up(call) => {
            look_ups += 1;
            let body: Value = serde_json::from_slice(&call.body).unwrap();
            assert_eq!(body["properties"], json!(["email", "lastmodifieddate"]));
            let ids = body["inputs"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap());
            let answer = answer(&ids.map(str::to_owned).collect::<Vec<_>>());
            let read = |body: Value| BatchAnswer::parse(body.to_string().as_bytes(), &call.looks_at).unwrap();
            answer.map_or_else(|refused| *refused, |body| Reply::Done(read(body)))
        }
        step => super::ask(&mut hubspot, step),
    });
    (outcome.unwrap(), look_ups)
}

#[test]
fn a_record_is_older_where_hubspot_has_a_later_change_or_does_not_say() {
    let part = |guarded: bool| {
        let mut part = super::super::model::part(1, &[]);
        part.unless_changed_since = guarded.then(|| REJECTED.parse().unwrap());
        part
    };
    let at = |text: &str| LastModified::At(text.parse().unwrap());
    for (existence, last_modified, older) in [
        (Existence::Exists, at("2026-11-01T00:00:00.001Z"), true),
        (Existence::Exists, at(REJECTED), true),
        (Existence::Exists, at("2026-10-31T23:59:59Z"), false),
        (Existence::Exists, LastModified::Unclear, true),
        (Existence::Exists, LastModified::NotAsked, false),
        (Existence::Missing, LastModified::Unclear, false),
        (Existence::NotAsked, LastModified::NotAsked, false),
    ] {
        assert_eq!(is_older(existence, last_modified, &part(true)), older, "{existence:?} {last_modified:?}");
        assert!(!is_older(existence, last_modified, &part(false)));
    }
}

#[test]
fn a_contact_without_its_moment_is_looked_up_alone_and_counts_as_changed_if_it_stays_without() {
    for moment in [None, Some("2026-10-01T00:00:00Z"), Some("2026-11-02T00:00:00Z")] {
        let (outcome, look_ups) = with_look_ups(|ids| {
            let result = |email: &str| match moment {
                // Only alone, as one that was found by a secondary address.
                Some(moment) if ids.len() == 1 => {
                    json!({ "properties": { "email": "primary@x.com", "lastmodifieddate": moment } })
                }
                _ => json!({ "properties": { "email": email } }),
            };
            Ok(json!({ "results": ids.iter().map(|id| result(id)).collect::<Vec<_>>() }))
        });
        let is_written = moment.is_some_and(|moment| moment < REJECTED);
        assert_eq!(look_ups, 4);
        for line in 1..=3 {
            let skipped =
                matches!(outcome.fate(line), Fate::Skipped(reason) if reason.code == Code::NewerInHubSpot);
            assert_eq!(skipped, !is_written, "{moment:?}");
        }
    }
}

#[test]
fn a_record_of_which_no_look_up_speaks_is_not_written() {
    let (outcome, _) = with_look_ups(|ids| {
        if ids.iter().any(|id| id == "b@x.com") {
            return Err(Box::new(refusal(400, &json!({ "category": "VALIDATION_ERROR" }))));
        }
        Ok(json!({ "errors": [{ "context": { "ids": ids } }] }))
    });
    assert_eq!([1, 2, 3].map(|line| outcome.rejected(line)), [None, Some(Code::NotConfirmed), None]);
}
