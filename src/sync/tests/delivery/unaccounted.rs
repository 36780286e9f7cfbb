//! Answers that do not say enough: inputs without a result, errors that name no input.

use serde_json::json;

use super::{
    super::model::{Habits, Rules, Store},
    Properties, addresses, all_or_nothing, answered, ask, delivery, done, hubspot, hundred, inputs_of, run,
    run_steps,
};
use crate::{error::FailureType, hubspot::client::Reply, mapping::reason::Code};

#[test]
fn a_batch_that_is_never_accounted_for_ends_the_sync() {
    let records: [(&str, Properties<'_>); 2] =
        [("mute@x.com", &[("phone", "1")]), ("mute2@x.com", &[("phone", "1")])];
    for body in [&b""[..], b"{}", b"{\"results\":[", b"<html>", b"{\"results\":[],\"errors\":[]}", b"null"] {
        let mut requests = 0;
        let failure = run_steps(delivery(&records, Rules::default()), |_| {
            requests += 1;
            answered(body)
        })
        .unwrap_err();
        assert_eq!((failure.failure_type, requests), (FailureType::Transient, 3));
    }
}

#[test]
fn errors_that_are_counted_and_not_listed_are_looked_for_in_halves() {
    let addresses = addresses();
    for (bad, most_requests) in [(vec!["n7@x.com"], 16), (vec!["n7@x.com", "n8@x.com"], 18), (vec![], 1)] {
        let mut requests = 0;
        let outcome =
            run_steps(delivery(&hundred(0, &addresses, &[("phone", "1")]), Rules::default()), |step| {
                requests += 1;
                let (refused, written): (Vec<String>, Vec<String>) =
                    inputs_of(step).into_keys().partition(|address| bad.contains(&address.as_str()));
                let results: Vec<_> =
                    written.iter().map(|address| json!({ "properties": { "email": address } })).collect();
                done(&json!({ "results": results, "numErrors": refused.len(), "errors": [] }))
            })
            .unwrap();
        let rejected: Vec<_> = (1..=100).filter_map(|line| outcome.rejected(line)).collect();
        assert_eq!(rejected, vec![Code::RefusedByHubSpot; bad.len()]);
        assert!(requests <= most_requests, "{requests} requests");
    }
}

#[test]
fn a_batch_of_which_all_inputs_are_refused_without_a_list_is_no_batch_without_an_answer() {
    let records: [(&str, Properties<'_>); 3] =
        [("a@x.com", &[("phone", "1")]), ("b@x.com", &[("phone", "1")]), ("c@x.com", &[("phone", "1")])];
    for many in 1..=3 {
        let outcome = run_steps(delivery(&records[..many], Rules::default()), |step| {
            done(&json!({ "results": [], "numErrors": inputs_of(step).len(), "errors": [] }))
        })
        .unwrap();
        assert!((1..=3).take(many).all(|line| outcome.rejected(line) == Some(Code::RefusedByHubSpot)));
    }
}

#[test]
fn one_input_that_is_never_accounted_for_is_not_confirmed() {
    let addresses = addresses();
    let mut records = hundred(0, &addresses, &[("phone", "1")]);
    records[41].0 = "mute@x.com";
    for habits in [Habits::FRIENDLY, Habits { echoes_traces: true, ..all_or_nothing() }] {
        let mut hubspot = hubspot(habits, Store::default());
        let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
        assert_eq!((outcome.accepted(), outcome.rejected(42)), (99, Some(Code::NotConfirmed)));
        assert_eq!(hubspot.sizes, [100, 1, 1]);
    }
}

#[test]
fn an_input_that_is_never_accounted_for_is_unfolded_before_it_is_rejected() {
    for too_large in [false, true] {
        let mut records = vec![("a@x.com", [("phone", "1")]); 50];
        records[30].1 = [("notes", "bad")];
        let records: Vec<(&str, Properties<'_>)> =
            records.iter().map(|(address, one)| (*address, one.as_slice())).collect();
        let (mut hubspot, mut requests) = (hubspot(Habits::FRIENDLY, Store::default()), 0);
        let outcome = run_steps(delivery(&records, Rules::default()), |step| {
            requests += 1;
            let holds_bad = inputs_of(step).values().any(|properties| properties.get("notes").is_some());
            match (holds_bad, too_large) {
                (true, true) => Reply::AnswerTooLarge,
                (true, false) => done(&json!({ "results": [], "errors": [] })),
                (false, _) => ask(&mut hubspot, step),
            }
        })
        .unwrap();
        let rejected: Vec<u64> = (1..=50).filter(|line| outcome.rejected(*line).is_some()).collect();
        assert_eq!((rejected, outcome.rejected(31)), (vec![31], Some(Code::NotConfirmed)));
        assert_eq!(hubspot.store.value("a@x.com", "phone"), Some("1"));
        assert!(requests <= 18, "{requests} requests");
    }
}

#[test]
fn errors_that_name_no_input_are_tied_to_theirs_one_by_one() {
    let addresses = addresses();
    let mut records = hundred(20, &addresses, &[("phone", "bad")]);
    records[60].1 = &[("phone", "bad")];
    records[61].1 = &[("notes", "bad"), ("phone", "1")];
    let mut hubspot = hubspot(Habits { names_traces: false, ..Habits::FRIENDLY }, Store::default());
    let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
    assert_eq!(outcome.accepted(), 100);
    let dropped: Vec<u64> = outcome.left_out().values().flatten().copied().collect();
    assert_eq!(dropped.len(), 3);
    assert!(hubspot.requests() <= 10, "{} requests", hubspot.requests());
}

#[test]
fn a_batch_of_nothing_but_unnamed_errors_is_judged_one_by_one() {
    let records: [(&str, Properties<'_>); 3] = [
        ("bad@x.com", &[("phone", "1")]),
        ("a@x.com", &[("phone", "bad")]),
        ("bad2@x.com", &[("phone", "1")]),
    ];
    let mut hubspot = hubspot(Habits { names_traces: false, ..Habits::FRIENDLY }, Store::default());
    let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
    let bad = Some(Code::InvalidEmail);
    assert_eq!([1, 2, 3].map(|line| outcome.rejected(line)), [bad, None, bad]);
}
