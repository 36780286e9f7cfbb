//! Refusals that may pass: conflicts, and reasons that nobody knows.

use super::{
    super::model::{Habits, Rules, Store},
    Properties, all_or_nothing, hubspot, run,
};
use crate::mapping::reason::Code;

#[test]
fn a_conflict_may_pass_and_a_lasting_one_rejects() {
    let records: [(&str, Properties<'_>); 3] = [
        ("race@x.com", &[("phone", "1")]),
        ("taken@x.com", &[("phone", "1")]),
        ("a@x.com", &[("phone", "1")]),
    ];
    for habits in [Habits::FRIENDLY, all_or_nothing(), Habits { names_properties: false, ..all_or_nothing() }]
    {
        let mut hubspot = hubspot(habits, Store::default());
        let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
        assert_eq!([1, 2, 3].map(|line| outcome.rejected(line)), [None, Some(Code::Conflict), None]);
    }
}

#[test]
fn a_reason_nobody_knows_is_asked_about_once_more() {
    let records: [(&str, Properties<'_>); 2] =
        [("odd@x.com", &[("phone", "1")]), ("a@x.com", &[("phone", "1")])];
    let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
    let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
    assert_eq!([1, 2].map(|line| outcome.rejected(line)), [Some(Code::RefusedByHubSpot), None]);
    assert_eq!(hubspot.sizes, [2, 1]);
}
