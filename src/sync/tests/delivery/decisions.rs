//! What each mode makes of what is known of a record: all of the one table that knows modes. Not here: what of an input is sent
//! ([`super::effects`]).

use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;

use super::{
    super::model::{Settings, key, new_contact_stage, part},
    modes::target,
};
use crate::{
    config::{Mode, Policy},
    crm::key::KeySpace,
    hubspot::answer::BatchAnswer,
    mapping::{
        reason::{Code, Reason},
        target::Target,
    },
    sync::{
        delivery::{
            existence::Existence,
            found::{Current, Found, found},
            mode::{Action, Need, decide, must_look_up, need, needs_value},
            operation::Operation,
            pending::{PendingInput, UnusableProperties},
        },
        input::Input,
    },
};

/// The number of a record, and whether it was found by its own key; for each key.
type Told<'a> = &'a [Option<(&'a str, bool)>];

/// What was found of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Has {
    Nothing,
    /// With its number; the value of `phone`, if it was asked for.
    Record(Option<&'static str>),
    /// By another of its keys, or as what remained of it.
    Other,
    NoNumber,
}

pub(super) fn record(phone: Option<&str>, number: Option<&str>, by_own_key: bool) -> Found {
    let mut result = json!({ "properties": { "email": "a@x.com" } });
    if let Some(phone) = phone {
        result["properties"]["phone"] = json!(phone);
    }
    if let Some(number) = number {
        result["id"] = json!(number);
    }
    let looks_at: [Arc<str>; 2] = ["email".into(), "phone".into()];
    let answer =
        BatchAnswer::parse(json!({ "results": [result] }).to_string().as_bytes(), &looks_at).unwrap();
    Found::of(&answer.results[0], &looks_at, by_own_key)
}

fn pending(existence: Existence, has: Has, properties: &[(&str, &str)]) -> PendingInput {
    let input = Input { key: key("a@x.com"), archives: false, parts: vec![part(1, properties)] };
    let mut pending = PendingInput::new(input);
    pending.existence = existence;
    pending.found = match has {
        Has::Nothing => None,
        Has::Record(phone) => Some(record(phone, Some("7"), true)),
        Has::Other => Some(record(None, Some("7"), false)),
        Has::NoNumber => Some(record(None, None, true)),
    };
    pending
}

fn of_mode(mode: Mode) -> Target {
    target(&Settings { mode, policies: BTreeMap::new(), skips_unchanged: false })
}

fn with(policies: &[(&'static str, Policy)], skips_unchanged: bool) -> Target {
    target(&Settings { mode: Mode::Upsert, policies: policies.iter().copied().collect(), skips_unchanged })
}

fn unclear() -> Action {
    Action::Reject(Reason::of(Code::NotConfirmed))
}

#[test]
fn each_mode_decides_by_what_is_known_of_the_record() {
    use Existence::{Exists, Missing, NotAsked, Unclear};
    use Operation::{Archive, Create, Update, Upsert};
    let send = Action::Send;
    let skip = Action::Skip;
    let nothing = UnusableProperties::new();
    for (mode, existence, has, unconfirmed, expected) in [
        (Mode::Upsert, NotAsked, Has::Nothing, None, send(Upsert)),
        (Mode::Upsert, Exists, Has::Nothing, None, send(Upsert)),
        (Mode::Upsert, Exists, Has::Record(None), None, send(Upsert)),
        (Mode::Upsert, Missing, Has::Nothing, None, send(Upsert)),
        // Nothing hangs on it.
        (Mode::Upsert, Unclear, Has::Nothing, None, send(Upsert)),
        (Mode::UpdateOnly, Exists, Has::Record(None), None, send(Update)),
        // A secondary address is an address.
        (Mode::UpdateOnly, Exists, Has::Other, None, send(Update)),
        (Mode::UpdateOnly, Exists, Has::NoNumber, None, unclear()),
        (Mode::UpdateOnly, Exists, Has::Nothing, None, unclear()),
        (Mode::UpdateOnly, Missing, Has::Nothing, None, skip(Code::NotFound)),
        (Mode::UpdateOnly, Unclear, Has::Nothing, None, unclear()),
        (Mode::UpdateOnly, NotAsked, Has::Nothing, None, unclear()),
        (Mode::CreateOnly, Missing, Has::Nothing, None, send(Create)),
        (Mode::CreateOnly, Exists, Has::Nothing, None, skip(Code::Exists)),
        (Mode::CreateOnly, Exists, Has::Record(Some("1")), None, skip(Code::Exists)),
        (Mode::CreateOnly, Exists, Has::Other, None, skip(Code::Exists)),
        (Mode::CreateOnly, Unclear, Has::Nothing, None, unclear()),
        (Mode::CreateOnly, NotAsked, Has::Nothing, None, unclear()),
        // The answer to a create was lost: it is ours if it has all that was sent.
        (Mode::CreateOnly, Missing, Has::Nothing, Some(Create), send(Create)),
        (Mode::CreateOnly, Exists, Has::Record(Some("1")), Some(Create), Action::Confirmed(Create)),
        (Mode::CreateOnly, Exists, Has::Record(Some("2")), Some(Create), skip(Code::Exists)),
        (Mode::CreateOnly, Exists, Has::Record(None), Some(Create), skip(Code::Exists)),
        (Mode::CreateOnly, Exists, Has::Nothing, Some(Create), skip(Code::Exists)),
        (Mode::CreateOnly, Unclear, Has::Nothing, Some(Create), unclear()),
        (Mode::Archive, Exists, Has::Record(None), None, send(Archive)),
        (Mode::Archive, Exists, Has::Other, None, skip(Code::OtherRecord)),
        (Mode::Archive, Exists, Has::NoNumber, None, unclear()),
        (Mode::Archive, Exists, Has::Nothing, None, unclear()),
        (Mode::Archive, Missing, Has::Nothing, None, skip(Code::NotFound)),
        (Mode::Archive, Unclear, Has::Nothing, None, unclear()),
        (Mode::Archive, NotAsked, Has::Nothing, None, unclear()),
        (Mode::Archive, Missing, Has::Nothing, Some(Archive), Action::Confirmed(Archive)),
        (Mode::Archive, Exists, Has::Record(None), Some(Archive), send(Archive)),
        (Mode::Archive, Exists, Has::Other, Some(Archive), skip(Code::OtherRecord)),
        (Mode::Archive, Unclear, Has::Nothing, Some(Archive), unclear()),
    ] {
        // An archive is one whatever the mode of its stream.
        let modes = if mode == Mode::Archive { Mode::ALL } else { &[mode][..] };
        for &of_stream in modes {
            let mut pending = pending(existence, has, &[("phone", "1")]);
            pending.input.archives = mode == Mode::Archive;
            pending.unconfirmed = unconfirmed;
            let target = of_mode(of_stream);
            pending.compare(&target, &nothing);
            let decided = decide(&target, &pending, &nothing);
            assert_eq!(decided, expected, "{of_stream:?} {mode:?} {existence:?} {has:?} {unconfirmed:?}");
        }
    }
}

#[test]
fn what_has_to_be_known_is_known_before_it_is_decided() {
    let nothing = UnusableProperties::new();
    let staged = || Target { on_create: vec![new_contact_stage("customer")], ..of_mode(Mode::Upsert) };
    let fills = || with(&[("phone", Policy::FillEmpty)], false);
    let creates = || with(&[("phone", Policy::OnlyOnCreate)], false);
    let phone: &[(&str, &str)] = &[("phone", "1")];
    let notes: &[(&str, &str)] = &[("notes", "1")];
    for (target, properties, needs, asks_for_phone) in [
        (of_mode(Mode::Upsert), phone, Need::Nothing, false),
        (of_mode(Mode::Upsert), &[], Need::Existence, false),
        (staged(), phone, Need::Existence, false),
        (fills(), phone, Need::Record, true),
        // Whose record it is: another row of the batch may have another of its addresses.
        (fills(), notes, Need::Existence, true),
        (creates(), phone, Need::Existence, false),
        (creates(), notes, Need::Existence, false),
        (with(&[], true), notes, Need::Record, true),
        (
            with(&[("*", Policy::FillEmpty), ("phone", Policy::Overwrite)], false),
            phone,
            Need::Existence,
            false,
        ),
        (with(&[("*", Policy::FillEmpty), ("phone", Policy::Overwrite)], false), notes, Need::Record, false),
        (of_mode(Mode::UpdateOnly), phone, Need::Record, false),
        (of_mode(Mode::CreateOnly), phone, Need::Existence, false),
    ] {
        let what = format!("{:?} {:?} {properties:?}", target.mode, target.policies);
        let mut pending = pending(Existence::NotAsked, Has::Nothing, properties);
        assert_eq!(need(&target, &pending, &nothing), needs, "{what}");
        assert_eq!(must_look_up(&target, &pending, &nothing), needs != Need::Nothing, "{what}");
        // Where it is not asked for, its need says nothing.
        assert_eq!(needs_value(&target, &pending, "phone"), asks_for_phone, "{what}");
        for (existence, has, asks) in [
            (Existence::Exists, Has::Nothing, needs == Need::Record),
            (Existence::Exists, Has::Record(None), false),
            (Existence::Missing, Has::Nothing, false),
            (Existence::Unclear, Has::Nothing, false),
        ] {
            let mut asked = self::pending(existence, has, properties);
            assert_eq!(must_look_up(&target, &asked, &nothing), asks, "{what} {existence:?} {has:?}");
            asked.input.archives = true;
            let asks = existence == Existence::Exists && has == Has::Nothing;
            assert_eq!(
                must_look_up(&target, &asked, &nothing),
                asks,
                "archive: {what} {existence:?} {has:?}"
            );
        }
        pending.input.archives = true;
        assert_eq!(need(&target, &pending, &nothing), Need::Record, "archive: {what}");
        assert!(!needs_value(&target, &pending, "phone"), "an archive changes no value");
    }
    let mut lost = pending(Existence::NotAsked, Has::Nothing, phone);
    lost.unconfirmed = Some(Operation::Create);
    let target = of_mode(Mode::CreateOnly);
    assert_eq!(need(&target, &lost, &nothing), Need::Record);
    assert!(needs_value(&target, &lost, "phone"), "what is there is compared with what was sent");
}

/// Policies and `skip_unchanged` decide together with what is there.
#[test]
fn what_is_held_back_or_the_same_is_not_sent() {
    let nothing = UnusableProperties::new();
    let fills = || with(&[("phone", Policy::FillEmpty)], false);
    let creates = || with(&[("phone", Policy::OnlyOnCreate)], false);
    let send = || Action::Send(Operation::Upsert);
    for (target, existence, has, expected) in [
        (fills(), Existence::Exists, Has::Record(Some("2")), Action::Nothing),
        (fills(), Existence::Exists, Has::Record(Some("")), send()),
        (fills(), Existence::Exists, Has::Record(None), Action::Nothing),
        (fills(), Existence::Missing, Has::Nothing, send()),
        (fills(), Existence::Unclear, Has::Nothing, unclear()),
        (creates(), Existence::Exists, Has::Nothing, Action::Nothing),
        (creates(), Existence::Missing, Has::Nothing, send()),
        (creates(), Existence::Unclear, Has::Nothing, unclear()),
        (with(&[], true), Existence::Exists, Has::Record(Some("1")), Action::Nothing),
        (with(&[], true), Existence::Exists, Has::Record(Some("2")), send()),
        (with(&[], true), Existence::Exists, Has::Record(None), send()),
        (with(&[], true), Existence::Missing, Has::Nothing, send()),
        // What cannot be compared is written.
        (with(&[], true), Existence::Unclear, Has::Nothing, send()),
    ] {
        let mut pending = pending(existence, has, &[("phone", "1")]);
        pending.compare(&target, &nothing);
        let what = format!("{:?} {existence:?} {has:?}", target.policies);
        assert_eq!(decide(&target, &pending, &nothing), expected, "{what}");
    }
    // Nothing is left of it, since HubSpot takes no such property.
    let gone = UnusableProperties::from([("phone".into(), Code::UnknownProperty)]);
    for (mode, existence, has, expected) in [
        (Mode::UpdateOnly, Existence::Exists, Has::Record(None), Action::Nothing),
        (Mode::UpdateOnly, Existence::Missing, Has::Nothing, Action::Skip(Code::NotFound)),
        (Mode::CreateOnly, Existence::Missing, Has::Nothing, Action::Send(Operation::Create)),
        (Mode::Upsert, Existence::Exists, Has::Nothing, Action::Nothing),
        (Mode::Upsert, Existence::Missing, Has::Nothing, send()),
    ] {
        let pending = pending(existence, has, &[("phone", "1")]);
        assert_eq!(decide(&of_mode(mode), &pending, &gone), expected, "{mode:?} {existence:?}");
    }
}

/// Which result is whose, by the address of each, or since there is only one left of both.
#[test]
fn a_record_is_found_where_it_is_sure_which_result_is_whose() {
    let results = |texts: &[(&str, &str)]| -> BatchAnswer {
        let results: Vec<_> = texts
            .iter()
            .map(|(number, email)| json!({ "id": number, "properties": { "email": email } }))
            .collect();
        BatchAnswer::parse(json!({ "results": results }).to_string().as_bytes(), &["email".into()]).unwrap()
    };
    for (keys, missing, answer, expected) in [
        (
            &["a@x.com", "b@x.com"][..],
            &[][..],
            &[("2", "b@x.com"), ("1", "a@x.com")][..],
            &[Some(("1", true)), Some(("2", true))] as Told<'_>,
        ),
        // In whatever spelling.
        (&["a@x.com"], &[], &[("1", "A@X.com")], &[Some(("1", true))]),
        (&["other@x.com"], &[], &[("1", "a@x.com")], &[Some(("1", false))]),
        // The only one that is left.
        (
            &["a@x.com", "other@x.com"],
            &[],
            &[("1", "a@x.com"), ("2", "b@x.com")],
            &[Some(("1", true)), Some(("2", false))],
        ),
        (&["other@x.com", "gone@x.com"], &["gone@x.com"], &[("1", "a@x.com")], &[Some(("1", false)), None]),
        // One of two: which is not known.
        (&["other@x.com", "another@x.com"], &[], &[("1", "a@x.com"), ("2", "b@x.com")], &[None, None]),
        (&["other@x.com", "another@x.com"], &[], &[("1", "a@x.com")], &[None, None]),
        // One contact by two of its addresses, with one result or with two.
        (&["a@x.com", "other@x.com"], &[], &[("1", "a@x.com")], &[Some(("1", true)), None]),
        (&["a@x.com", "other@x.com"], &[], &[("1", "a@x.com"), ("1", "a@x.com")], &[Some(("1", true)), None]),
        (&["a@x.com"], &["a@x.com"], &[], &[None]),
    ] {
        let of: Vec<_> = keys.iter().map(|text| key(text)).collect();
        let is_missing: Vec<bool> = keys.iter().map(|text| missing.contains(text)).collect();
        let found =
            found(&KeySpace::contacts_by_email(), &of, &is_missing, &results(answer), &["email".into()]);
        let told: Vec<_> = found
            .iter()
            .map(|one| one.as_ref().map(|one| (one.id.as_deref().unwrap(), one.by_own_key)))
            .collect();
        assert_eq!(told, expected, "{keys:?} {answer:?}");
    }
    let one = record(Some(""), Some("1"), true);
    assert_eq!((one.current("phone"), one.current("notes")), (Current::Value(""), Current::Unclear));
}
