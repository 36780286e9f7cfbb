//! What of an input is sent: by policy, by what HubSpot has, and by whether what is the same is left out. Not here: what follows from
//! it for the input ([`super::decisions`]).

use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;

use super::{
    super::model::{OPTIONS, Settings, schema, ticket},
    modes::target,
};
use crate::{
    config::{Mode, Policy},
    crm::property::LIFECYCLE_STAGE,
    hubspot::answer::BatchAnswer,
    mapping::change::{Change, PropertyValue},
    sync::{
        delivery::{
            effect::{Effect, EffectKind},
            existence::Existence,
            found::Found,
        },
        input::Part,
    },
};

/// What HubSpot has of a property; `None`: the answer does not say.
type Has<'a> = Option<&'a str>;

/// What is sent, and a letter for what each record comes to.
type Comes = (Option<&'static str>, &'static str);

/// A policy, a property, what HubSpot has of it if it has the record, the values of the records, and what they come to without and
/// with `skip_unchanged`.
type Line = (Policy, &'static str, Option<Has<'static>>, &'static [&'static str], Comes, Comes);

fn found(property: &str, has: Has<'_>) -> Found {
    let looks_at: [Arc<str>; 2] = ["email".into(), property.into()];
    let mut result = json!({ "id": "1", "properties": { "email": "a@x.com" } });
    if let Some(has) = has {
        result["properties"][property] = if has.is_empty() { json!(null) } else { json!(has) };
    }
    let answer =
        BatchAnswer::parse(json!({ "results": [result] }).to_string().as_bytes(), &looks_at).unwrap();
    Found::of(&answer.results[0], &looks_at, true)
}

fn parts(property: &str, values: &[&str]) -> Vec<Part> {
    let schema = schema();
    let property = schema.property(property).unwrap();
    let part = |(line, value): (u64, &&str)| {
        let properties = vec![PropertyValue { property: Arc::clone(property), value: (*value).into() }];
        let key = super::super::model::key("a@x.com");
        let (dropped, unless_changed_since) = (Vec::new(), None);
        Part::new(ticket(line), Change { key, archives: false, properties, dropped, unless_changed_since })
    };
    (1..).zip(values).map(part).collect()
}

/// What is sent, and a letter for what each record comes to: changes, held back, nothing.
fn effect(
    policy: Policy,
    skips_unchanged: bool,
    property: &str,
    has: Option<Has<'_>>,
    values: &[&str],
) -> (Option<String>, String) {
    let target =
        target(&Settings { mode: Mode::Upsert, policies: BTreeMap::from([("*", policy)]), skips_unchanged });
    let existence = if has.is_some() { Existence::Exists } else { Existence::Missing };
    let found = has.map(|has| found(property, has));
    let effect = Effect::of(&target, &parts(property, values), existence, found.as_ref(), |_| true);
    let sends = effect.sends.first().map(|one| one.value.to_string());
    let letter = |kind| match kind {
        EffectKind::Changes => 'C',
        EffectKind::HeldBack => 'H',
        EffectKind::Nothing => 'N',
    };
    for part in &effect.of_parts {
        assert_eq!(part.kind == EffectKind::HeldBack, !part.held_back.is_empty(), "one property each");
    }
    (sends, effect.of_parts.iter().map(|part| letter(part.kind)).collect())
}

#[test]
fn each_policy_sends_what_it_may_by_what_hubspot_has() {
    use Policy::{FillEmpty, OnlyOnCreate, Overwrite};
    let held: Comes = (None, "H");
    let same: Comes = (None, "N");
    let rows: [Line; 33] = [
        (Overwrite, "phone", None, &["1"], (Some("1"), "C"), (Some("1"), "C")),
        (Overwrite, "phone", Some(Some("2")), &["1"], (Some("1"), "C"), (Some("1"), "C")),
        (Overwrite, "phone", Some(Some("1")), &["1"], (Some("1"), "C"), same),
        (Overwrite, "phone", Some(Some("1")), &[""], (Some(""), "C"), (Some(""), "C")),
        (Overwrite, "phone", Some(Some("")), &[""], (Some(""), "C"), same),
        (Overwrite, "phone", Some(None), &["1"], (Some("1"), "C"), (Some("1"), "C")),
        (Overwrite, "phone", Some(None), &[""], (Some(""), "C"), (Some(""), "C")),
        (Overwrite, OPTIONS, Some(Some("a;b")), &[";a"], (Some(";a"), "C"), same),
        (Overwrite, OPTIONS, Some(Some("a;b")), &["b;a"], (Some("b;a"), "C"), same),
        (Overwrite, OPTIONS, Some(Some("a;b")), &["a"], (Some("a"), "C"), (Some("a"), "C")),
        (Overwrite, OPTIONS, Some(Some("a")), &[";a", ";c"], (Some(";a;c"), "CC"), (Some(";c"), "NC")),
        (Overwrite, LIFECYCLE_STAGE, Some(Some("customer")), &["lead"], (Some("lead"), "C"), same),
        (
            Overwrite,
            LIFECYCLE_STAGE,
            Some(Some("lead")),
            &["customer"],
            (Some("customer"), "C"),
            (Some("customer"), "C"),
        ),
        (FillEmpty, "phone", None, &["1"], (Some("1"), "C"), (Some("1"), "C")),
        (FillEmpty, "phone", None, &["1", "2"], (Some("1"), "CH"), (Some("1"), "CH")),
        (FillEmpty, "phone", None, &["", "2"], (Some("2"), "CC"), (Some("2"), "CC")),
        (FillEmpty, "phone", Some(Some("")), &["1"], (Some("1"), "C"), (Some("1"), "C")),
        (FillEmpty, "phone", Some(Some("")), &["1", "1"], (Some("1"), "CH"), (Some("1"), "CN")),
        (FillEmpty, "phone", Some(Some("")), &[""], same, same),
        (FillEmpty, "phone", Some(Some("1")), &["1"], held, same),
        (FillEmpty, "phone", Some(Some("2")), &["1"], held, held),
        (FillEmpty, "phone", Some(Some("2")), &[""], held, held),
        (FillEmpty, "phone", Some(None), &["1"], held, held),
        (FillEmpty, "phone", Some(None), &[""], held, held),
        (FillEmpty, OPTIONS, Some(Some("a;b")), &[";a"], held, same),
        (FillEmpty, OPTIONS, Some(Some("")), &[";a", ";b"], (Some(";a"), "CH"), (Some(";a"), "CH")),
        (FillEmpty, LIFECYCLE_STAGE, Some(Some("customer")), &["lead"], held, same),
        (FillEmpty, LIFECYCLE_STAGE, Some(Some("")), &["lead"], (Some("lead"), "C"), (Some("lead"), "C")),
        (OnlyOnCreate, "phone", None, &["1"], (Some("1"), "C"), (Some("1"), "C")),
        (OnlyOnCreate, "phone", None, &["1", "2"], (Some("1"), "CH"), (Some("1"), "CH")),
        (OnlyOnCreate, "phone", Some(Some("")), &["1"], held, held),
        (OnlyOnCreate, "phone", Some(Some("1")), &["1"], held, held),
        (OnlyOnCreate, "phone", Some(None), &["1"], held, held),
    ];
    for (policy, property, has, values, sent, sent_unless_same) in rows {
        for (skips_unchanged, expected) in [(false, sent), (true, sent_unless_same)] {
            let (sends, kinds) = effect(policy, skips_unchanged, property, has, values);
            let what = format!("{policy:?} {property} {has:?} {values:?} {skips_unchanged}");
            assert_eq!((sends.as_deref(), kinds.as_str()), expected, "{what}");
        }
    }
}

/// A record whose existence is not known is taken for one that is there: nothing of it is filled.
#[test]
fn what_is_unclear_is_neither_filled_nor_the_same() {
    for policy in [Policy::FillEmpty, Policy::OnlyOnCreate] {
        let settings =
            Settings { mode: Mode::Upsert, policies: BTreeMap::from([("*", policy)]), skips_unchanged: true };
        for existence in [Existence::Unclear, Existence::NotAsked, Existence::Exists] {
            let effect = Effect::of(&target(&settings), &parts("phone", &["1"]), existence, None, |_| true);
            assert_eq!(effect.sends, [], "{policy:?} {existence:?}");
            assert_eq!(effect.of_parts[0].kind, EffectKind::HeldBack);
        }
    }
    // What HubSpot does not take is as if the row did not bring it.
    let settings = Settings { mode: Mode::Upsert, policies: BTreeMap::new(), skips_unchanged: true };
    let effect = Effect::of(&target(&settings), &parts("phone", &["1"]), Existence::Exists, None, |_| false);
    assert_eq!((effect.sends.len(), effect.of_parts[0].kind), (0, EffectKind::Nothing));
}
