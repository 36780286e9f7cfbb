//! One batch at a time: whatever HubSpot answers, each record gets the one fate that is true.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::model::{
    Collision, Habits, HubSpot, OPTIONS, STAGES, Store, acceptable, key, new_contact_stage, part, refusal,
    ticket,
};
use crate::{
    config::InvalidValues,
    crm::property::{EMAIL, LIFECYCLE_STAGE},
    error::{Failure, FailureType},
    hubspot::client::Reply,
    mapping::{
        reason::{Code, Reason},
        target::Rules,
    },
    report::fate::Fate,
    sync::{
        delivery::{outcome::Outcome, pending::UnusableProperties, state::Delivery, steps::Step},
        input::{Batch, Input},
    },
};

type Properties<'a> = &'a [(&'a str, &'a str)];

// ---- Leading a batch ----------------------------------------------------------------------------------------

/// No batch of a test may cost more requests.
const MOST_REQUESTS: usize = 2_000;

impl Outcome {
    fn fate(&self, line: u64) -> &Fate {
        self.fates.get(&ticket(line)).unwrap_or_else(|| panic!("the record of line {line} has no fate"))
    }

    fn rejected(&self, line: u64) -> Option<Code> {
        match self.fate(line) {
            Fate::Rejected(rejection) => Some(rejection.reason.code),
            Fate::Created | Fate::Updated | Fate::Folded | Fate::Skipped(_) => None,
        }
    }

    /// How many records were written.
    fn accepted(&self) -> usize {
        self.fates.values().filter(|fate| !matches!(fate, Fate::Rejected(_))).count()
    }
}

/// The records, folded by their addresses in reading order, as one batch.
fn batch(records: &[(&str, Properties<'_>)]) -> Batch {
    let mut inputs: Vec<Input> = Vec::new();
    for (line, (address, properties)) in (1..).zip(records) {
        let part = part(line, properties);
        match inputs.iter_mut().find(|input| input.key.as_str() == *address) {
            Some(input) => input.parts.push(part),
            None => inputs.push(Input { key: key(address), parts: vec![part] }),
        }
    }
    Batch { inputs }
}

fn delivery(records: &[(&str, Properties<'_>)], rules: Rules) -> Delivery {
    Delivery::new(batch(records), Arc::new(rules), UnusableProperties::new())
}

fn lead(mut delivery: Delivery, mut answer: impl FnMut(&Step) -> Reply) -> Result<Outcome, Failure> {
    for _ in 0..MOST_REQUESTS {
        let step = delivery.next_step();
        if matches!(step, Step::Finished) {
            return Ok(delivery.finish());
        }
        if matches!(step, Step::Wait) {
            continue;
        }
        delivery.answered(answer(&step))?;
    }
    panic!("more than {MOST_REQUESTS} requests for one batch");
}

fn ask(hubspot: &mut HubSpot, step: &Step) -> Reply {
    match step {
        Step::Read(body) => hubspot.read(body),
        Step::Upsert(body) => hubspot.upsert(body),
        Step::Wait | Step::Finished => panic!("nothing is asked"),
    }
}

fn run(hubspot: &mut HubSpot, records: &[(&str, Properties<'_>)], rules: Rules) -> Result<Outcome, Failure> {
    lead(delivery(records, rules), |step| ask(hubspot, step))
}

fn hubspot(habits: Habits, store: Store) -> HubSpot {
    HubSpot::new(habits, store, 7)
}

fn with_stage(stage: &str) -> Rules {
    Rules { stage: Some(new_contact_stage(stage)), ..Rules::default() }
}

/// Whether a value that HubSpot refuses takes its record with it.
fn strict(strict: bool) -> Rules {
    let invalid_values = if strict { InvalidValues::RejectRecord } else { InvalidValues::DropValue };
    Rules { invalid_values, ..Rules::default() }
}

fn all_or_nothing() -> Habits {
    Habits { all_or_nothing: true, ..Habits::FRIENDLY }
}

/// The inputs of an upsert, by address.
fn inputs_of(step: &Step) -> BTreeMap<String, Value> {
    let Step::Upsert(body) = step else { panic!("{step:?} is no upsert") };
    let request: Value = serde_json::from_slice(body).unwrap();
    let inputs = request["inputs"].as_array().unwrap().iter();
    inputs.map(|input| (input["id"].as_str().unwrap().to_owned(), input["properties"].clone())).collect()
}

fn done(body: &Value) -> Reply {
    Reply::Done(body.to_string().into())
}

/// An answer that accounts for every input of an upsert.
fn all_updated(step: &Step) -> Reply {
    let results: Vec<Value> =
        inputs_of(step).keys().map(|address| json!({ "properties": { EMAIL: address } })).collect();
    done(&json!({ "results": results }))
}

// ---- The property -------------------------------------------------------------------------------------------

/// Two contacts with several addresses, one with a single one, and those that are not in HubSpot.
const ADDRESSES: [&str; 17] = [
    "anna@x.com",
    "anna@work.com",
    "anna@old.com",
    "ben@x.com",
    "ben@work.com",
    "cleo@x.com",
    "new0@x.com",
    "new1@x.com",
    "new2@x.com",
    "new3@x.com",
    "bad@x.com",
    "taken@x.com",
    "race@x.com",
    "odd@x.com",
    "odd2@x.com",
    "mute@x.com",
    "picky@x.com",
];
/// So many of them belong to contacts that are already there, the first five to contacts with several.
const SHARED: usize = 5;

fn store() -> Store {
    Store::with(&[
        &["anna@x.com", "anna@work.com", "anna@old.com"],
        &["ben@x.com", "ben@work.com"],
        &["cleo@x.com"],
    ])
}

#[derive(Debug, Clone)]
struct Record {
    address: &'static str,
    properties: BTreeMap<&'static str, &'static str>,
}

#[derive(Debug, Clone)]
struct World {
    records: Vec<Record>,
    habits: Habits,
    reject_invalid_values: bool,
    stage: Option<&'static str>,
    seed: u64,
}

impl World {
    fn mends(&self, record: &Record) -> bool {
        let sane = |(name, value): (&&str, &&str)| acceptable(name, value);
        let usable = |name: &&str| !["gone", "frozen"].contains(name);
        if !self.habits.names_properties {
            return record.properties.iter().all(sane);
        }
        !self.reject_invalid_values
            || record
                .properties
                .iter()
                .filter(|(name, _)| usable(name))
                .all(|(name, value)| sane((name, value)))
    }

    /// Whether the record has to be written, whatever it shares its batch with.
    fn must_accept(&self, record: &Record) -> bool {
        let prefixes = ["bad", "taken", "odd", "mute", "picky"];
        let nothing_to_send = record.properties.iter().all(|(name, value)| !acceptable(name, value));
        // Neither what a new contact gets as its stage nor whether it is there already is known then.
        let look_ups_may_fail = self.habits.silent_look_ups;
        let needs_look_up = nothing_to_send || self.stage.is_some();
        !prefixes.iter().any(|prefix| record.address.starts_with(prefix))
            && self.mends(record)
            && !(needs_look_up && look_ups_may_fail)
    }

    /// Two contacts that meet the same refusal, which names nothing, look as if the request itself were at fault.
    fn may_look_structural(&self) -> bool {
        let culprit = |record: &&Record| {
            let named = self.habits.names_properties && !record.address.starts_with("odd");
            !named && (!self.must_accept(record) || record.address.starts_with("race"))
        };
        let culprits: BTreeSet<&str> =
            self.records.iter().filter(culprit).map(|record| record.address).collect();
        self.habits.all_or_nothing && culprits.len() > 1
    }
}

prop_compose! {
    fn habits()(
        flags in prop::array::uniform7(any::<bool>()),
        collision in prop::sample::select(vec![Collision::Refused, Collision::OneResult, Collision::BothResults]),
        most_inputs in prop::sample::select(vec![100, 100, 3]),
        spoilt_answers in 0..2_u32,
    ) -> Habits {
        let [all_or_nothing, names_properties, names_traces, names_addresses, echoes_traces, shuffles, silent] = flags;
        Habits {
            all_or_nothing, names_properties, names_traces, names_addresses, echoes_traces, shuffles, collision,
            most_inputs, silent_look_ups: silent, spoilt_answers, refuses_all: false,
        }
    }
}

fn record() -> impl Strategy<Value = Record> {
    let value = |name: &'static str, address: usize| -> BoxedStrategy<&'static str> {
        match name {
            OPTIONS => prop::sample::select(vec!["a;b", ";c", ";bad", "", "d", ";a;e"]).boxed(),
            // One stage an address: records with different ones are not folded.
            LIFECYCLE_STAGE => Just(STAGES.get(address % 6).copied().unwrap_or("bad stage")).boxed(),
            _ => prop::sample::select(vec!["1", "2", "3", "", "bad"]).boxed(),
        }
    };
    let names = vec!["phone", "notes", "notes", OPTIONS, "gone", "frozen", "favourite", LIFECYCLE_STAGE];
    (0..ADDRESSES.len(), prop::sample::subsequence(names, 0..4)).prop_flat_map(move |(address, names)| {
        let values: Vec<_> = names.iter().map(|name| value(name, address)).collect();
        let record = move |values: Vec<&'static str>| Record {
            address: ADDRESSES[address],
            properties: names.iter().copied().zip(values).collect(),
        };
        values.prop_map(record)
    })
}

fn world() -> impl Strategy<Value = World> {
    let stage = prop::sample::select(vec![None, Some("subscriber"), Some("customer")]);
    (prop::collection::vec(record(), 1..20), habits(), any::<bool>(), stage, any::<u64>()).prop_map(
        |(mut records, habits, reject_invalid_values, stage, seed)| {
            if reject_invalid_values || !habits.names_properties {
                // A record that is written only as part of another cannot be written again by itself.
                for record in
                    records.iter_mut().filter(|record| ADDRESSES[..SHARED].contains(&record.address))
                {
                    record.properties.retain(|name, value| acceptable(name, value));
                }
            }
            if !habits.names_traces {
                // A nameless error about one address of a contact cannot be told from one about another.
                let secondary = ["anna@work.com", "anna@old.com", "ben@work.com"];
                records.retain(|record| !secondary.contains(&record.address));
            }
            World { records, habits, reject_invalid_values, stage, seed }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// In each world: one fate a record, and the fate is what HubSpot holds.
    #[test]
    fn fates_are_what_hubspot_holds(world in world()) {
        let mut hubspot = HubSpot::new(world.habits.clone(), store(), world.seed);
        let listed: Vec<Vec<(&str, &str)>> =
            world.records.iter().map(|record| record.properties.iter().map(|(name, value)| (*name, *value)).collect()).collect();
        let records: Vec<(&str, Properties<'_>)> =
            world.records.iter().zip(&listed).map(|(record, listed)| (record.address, listed.as_slice())).collect();
        let rules = Rules { stage: world.stage.map(new_contact_stage), ..strict(world.reject_invalid_values) };
        match run(&mut hubspot, &records, rules) {
            Ok(outcome) => check(&world, &hubspot, &outcome),
            Err(failure) => {
                let unanswered = world.habits.silent_look_ups && world.stage.is_some();
                let expected = match failure.failure_type {
                    FailureType::System => world.may_look_structural(),
                    FailureType::Transient => unanswered,
                    FailureType::Config => false,
                };
                prop_assert!(expected, "{failure}");
            }
        }
    }
}

fn check(world: &World, hubspot: &HubSpot, outcome: &Outcome) {
    let lines = || (1..).zip(&world.records);
    assert_eq!(outcome.fates.len(), world.records.len(), "each record has one fate, and nothing else has");
    let mut reference = store();
    for (line, record) in lines() {
        if let Some(code) = outcome.rejected(line) {
            assert!(!world.must_accept(record), "line {line}, {record:?} is rejected: {code:?}");
        } else {
            let doomed =
                ["bad", "taken", "odd", "mute"].iter().any(|prefix| record.address.starts_with(prefix));
            assert!(!doomed, "line {line}, {record:?} cannot have been written");
            let sound = record.properties.iter().filter(|(name, value)| acceptable(name, value));
            reference.upsert(record.address, sound.map(|(name, value)| (*name, *value)));
        }
        if *outcome.fate(line) == Fate::Folded {
            let carries = |(other, one): (u64, &Record)| {
                other > line
                    && one.address == record.address
                    && matches!(outcome.fate(other), Fate::Created | Fate::Updated)
            };
            assert!(lines().any(carries), "line {line} is folded into no record");
        }
    }
    assert_eq!(hubspot.store.without_stages(), reference.without_stages());
    if world.habits.spoilt_answers == 0 {
        let created = outcome.fates.values().filter(|fate| **fate == Fate::Created).count();
        assert_eq!(created, hubspot.store.rows.len() - store().rows.len());
    }
    check_stages(world, hubspot);
    for (reason, lines) in &outcome.notes.dropped {
        let property = reason.property.as_deref().unwrap_or_default();
        assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), lines.len(), "a value is noted twice");
        for line in lines {
            let value = world.records[usize::try_from(*line).unwrap() - 1].properties.get(property);
            assert!(
                value.is_some_and(|value| !acceptable(property, value)),
                "line {line}: {property} is dropped"
            );
        }
    }
    assert!(outcome.notes.learned.iter().all(|(property, _)| ["gone", "frozen"].contains(&&**property)));
    let addresses: BTreeSet<&str> = world.records.iter().map(|record| record.address).collect();
    let most = 6 * world.records.len() + 3 * addresses.len() + 6;
    assert!(
        hubspot.requests() <= most,
        "{} requests for {} records",
        hubspot.requests(),
        world.records.len()
    );
}

fn check_stages(world: &World, hubspot: &HubSpot) {
    for write in &hubspot.writes {
        let own: BTreeSet<&str> = world
            .records
            .iter()
            .filter(|record| record.address == write.address)
            .filter_map(|record| record.properties.get(LIFECYCLE_STAGE).copied())
            .filter(|stage| STAGES.contains(stage))
            .collect();
        let sent = write.stage.as_deref();
        let new = store().get(&write.address).is_none();
        let configured = world.stage.filter(|_| new);
        assert!(sent.is_none_or(|stage| own.contains(stage) || configured == Some(stage)), "{write:?}");
        if write.created && own.is_empty() {
            assert_eq!(sent, configured, "{write:?}");
        }
    }
}

// ---- What a refusal costs -----------------------------------------------------------------------------------

/// A hundred records, the one at `place` with what is wrong.
fn hundred<'a>(
    place: usize,
    addresses: &'a [String],
    wrong: Properties<'a>,
) -> Vec<(&'a str, Properties<'a>)> {
    let properties = |index| if index == place { wrong } else { &[("phone", "1")] };
    addresses.iter().enumerate().map(|(index, address)| (address.as_str(), properties(index))).collect()
}

fn addresses() -> Vec<String> {
    (0..100).map(|number| format!("n{number}@x.com")).collect()
}

#[test]
fn one_bad_value_among_a_hundred_costs_few_requests() {
    let addresses = addresses();
    for place in (0..100).step_by(9) {
        let records = hundred(place, &addresses, &[("notes", "bad"), ("phone", "1")]);
        for (habits, reject_invalid_values, most) in [
            // Named input by input: the rest is written at once, and the input once more without its value.
            (Habits::FRIENDLY, true, 1),
            (Habits::FRIENDLY, false, 2),
            // Named by property, which one input has: without it, alone, and once more without the value.
            (all_or_nothing(), true, 3),
            (all_or_nothing(), false, 4),
            (Habits { names_properties: false, names_addresses: true, ..all_or_nothing() }, false, 3),
            // Nothing is named: halved, with one look whether the request itself is at fault.
            (Habits { names_properties: false, ..all_or_nothing() }, false, 17),
        ] {
            let mut hubspot = hubspot(habits.clone(), Store::default());
            let outcome = run(&mut hubspot, &records, strict(reject_invalid_values)).unwrap();
            let written = if reject_invalid_values || !habits.names_properties { 99 } else { 100 };
            assert_eq!(outcome.accepted(), written, "at {place}, {habits:?}");
            assert!(hubspot.requests() <= most, "at {place}: {} requests, {habits:?}", hubspot.requests());
        }
    }
}

#[test]
fn one_bad_value_among_many_of_its_property_costs_few_requests() {
    let addresses = addresses();
    for place in (0..100).step_by(9) {
        let mut hubspot = hubspot(all_or_nothing(), Store::default());
        let outcome =
            run(&mut hubspot, &hundred(place, &addresses, &[("phone", "bad")]), Rules::default()).unwrap();
        assert_eq!((outcome.accepted(), outcome.notes.dropped.len()), (100, 1));
        assert!(hubspot.requests() <= 17, "at {place}: {} requests", hubspot.requests());
    }
}

#[test]
fn a_request_that_is_refused_whatever_it_holds_ends_the_sync_soon() {
    let addresses = addresses();
    let mut hubspot = hubspot(Habits { refuses_all: true, ..Habits::FRIENDLY }, Store::default());
    let failure =
        run(&mut hubspot, &hundred(0, &addresses, &[("phone", "1")]), Rules::default()).unwrap_err();
    assert_eq!((failure.failure_type, hubspot.requests()), (FailureType::System, 3));
}

#[test]
fn refusals_that_name_properties_are_not_the_fault_of_the_request() {
    let records: [(&str, Properties<'_>); 4] = [
        ("a@x.com", &[("phone", "bad"), ("fax", "1")]),
        ("b@x.com", &[("phone", "1")]),
        ("c@x.com", &[("notes", "bad"), ("fax", "1")]),
        ("d@x.com", &[("notes", "1")]),
    ];
    let outcome = lead(delivery(&records, Rules::default()), |step| {
        let inputs = inputs_of(step);
        let bad = |input: &Value| {
            input
                .as_object()
                .unwrap()
                .iter()
                .find(|(_, value)| **value == "bad")
                .map(|(name, _)| name.clone())
        };
        let faulty: Vec<String> = inputs.values().filter_map(bad).collect();
        match (faulty.first(), inputs.len()) {
            (None, _) => all_updated(step),
            // Only for a single contact the reason is given in full.
            (Some(name), 1) => refusal(
                400,
                &json!({
                    "category": "VALIDATION_ERROR",
                    "message": json!([{ "name": name, "error": "INVALID_OPTION" }]).to_string(),
                }),
            ),
            (Some(_), _) => refusal(400, &json!({ "category": "VALIDATION_ERROR" })),
        }
    })
    .unwrap();
    assert_eq!((outcome.accepted(), outcome.notes.dropped.len()), (4, 2));
}

#[test]
fn a_bad_address_with_many_records_is_refused_once() {
    let records: Vec<(&str, Properties<'_>)> =
        (0..50).map(|_| ("bad@x.com", &[("phone", "1")][..])).collect();
    for habits in [Habits::FRIENDLY, all_or_nothing()] {
        let mut hubspot = hubspot(habits, Store::default());
        let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
        assert!((1..=50).all(|line| outcome.rejected(line) == Some(Code::InvalidEmail)));
        assert_eq!(hubspot.requests(), 1);
    }
}

// ---- Properties that HubSpot does not take ------------------------------------------------------------------

#[test]
fn an_unusable_property_is_learned_once_for_all_inputs_that_have_it() {
    let addresses = addresses();
    let gone: Properties<'_> = &[("gone", "1"), ("frozen", "1"), ("phone", "1")];
    let records: Vec<(&str, Properties<'_>)> =
        addresses.iter().map(|address| (address.as_str(), gone)).collect();
    for habits in [Habits::FRIENDLY, all_or_nothing()] {
        let mut hubspot = hubspot(habits, Store::default());
        let outcome = run(&mut hubspot, &records, strict(true)).unwrap();
        assert_eq!(outcome.accepted(), 100);
        let learned: BTreeMap<&str, Code> =
            outcome.notes.learned.iter().map(|(name, code)| (&**name, *code)).collect();
        assert_eq!(
            learned,
            BTreeMap::from([("gone", Code::UnknownProperty), ("frozen", Code::ReadOnlyProperty)])
        );
        assert_eq!(hubspot.requests(), 2);
    }
}

#[test]
fn a_portal_that_does_not_let_the_stage_be_set_gets_contacts_without_it() {
    for whole in [true, false] {
        let records: [(&str, Properties<'_>); 2] =
            [("a@x.com", &[("phone", "1")]), ("b@x.com", &[("phone", "2")])];
        let mut requests = 0;
        let outcome = lead(delivery(&records, with_stage("customer")), |step| {
            requests += 1;
            assert!(requests < 10, "asked for ever");
            if let Step::Read(_) = step {
                return done(&json!({ "errors": [{ "context": { "ids": ["a@x.com", "b@x.com"] } }] }));
            }
            let staged = |properties: &Value| properties.get(LIFECYCLE_STAGE).is_some();
            let fault =
                json!({ "code": "READ_ONLY_VALUE", "context": { "propertyName": [LIFECYCLE_STAGE] } });
            let mut error = json!({ "category": "VALIDATION_ERROR", "errors": [fault] });
            match inputs_of(step).values().filter(|properties| staged(properties)).count() {
                0 => all_updated(step),
                _ if whole => refusal(400, &error),
                _ => {
                    error["context"] = json!({ "objectWriteTraceId": ["0", "1"] });
                    done(&json!({ "errors": [error] }))
                }
            }
        })
        .unwrap();
        assert_eq!(outcome.accepted(), 2);
        assert_eq!(outcome.notes.learned, [(LIFECYCLE_STAGE.into(), Code::ReadOnlyProperty)]);
    }
}

#[test]
fn a_bad_address_in_another_property_is_a_bad_value() {
    let records: [(&str, Properties<'_>); 1] = [("a@x.com", &[("work_email", "nonsense"), ("phone", "1")])];
    let outcome = lead(delivery(&records, Rules::default()), |step| {
        match inputs_of(step)["a@x.com"].get("work_email") {
            Some(_) => refusal(
                400,
                &json!({
                    "category": "VALIDATION_ERROR",
                    "errors": [{ "code": "INVALID_EMAIL", "context": { "propertyName": ["work_email"] } }],
                }),
            ),
            None => all_updated(step),
        }
    })
    .unwrap();
    assert_eq!(outcome.fate(1), &Fate::Updated);
    assert_eq!(outcome.notes.dropped.len(), 1);
}

#[test]
fn a_required_property_rejects_the_record_and_is_named() {
    let records: [(&str, Properties<'_>); 2] =
        [("picky@x.com", &[("phone", "1")]), ("picky2@x.com", &[("favourite", "1")])];
    for habits in [Habits::FRIENDLY, all_or_nothing()] {
        let outcome = run(&mut hubspot(habits, Store::default()), &records, Rules::default()).unwrap();
        let Fate::Rejected(rejection) = outcome.fate(1) else { panic!("{outcome:?}") };
        assert_eq!(rejection.reason.to_string(), "missing_required_property(favourite)");
        assert_eq!(rejection.correlation_id.as_deref(), Some("c0ffee"));
        assert_eq!(outcome.fate(2), &Fate::Created);
    }
}

// ---- Folded records -----------------------------------------------------------------------------------------

#[test]
fn a_refused_input_is_unfolded_and_its_records_are_judged_in_order() {
    let records: [(&str, Properties<'_>); 4] = [
        ("a@x.com", &[("phone", "1"), (OPTIONS, "a")]),
        ("a@x.com", &[("phone", "2"), ("notes", "bad"), (OPTIONS, ";b")]),
        ("a@x.com", &[("phone", "3")]),
        ("b@x.com", &[("phone", "1")]),
    ];
    for (habits, reject_invalid_values) in
        [(Habits::FRIENDLY, true), (all_or_nothing(), true), (Habits::FRIENDLY, false)]
    {
        let mut hubspot = hubspot(habits, Store::default());
        let outcome = run(&mut hubspot, &records, strict(reject_invalid_values)).unwrap();
        let second = if reject_invalid_values { Some(Code::InvalidValue) } else { None };
        assert_eq!([1, 2, 3, 4].map(|line| outcome.rejected(line)), [None, second, None, None]);
        assert_eq!((outcome.fate(1), outcome.fate(3)), (&Fate::Folded, &Fate::Created));
        assert_eq!(hubspot.store.value("a@x.com", "phone"), Some("3"));
        assert_eq!(
            hubspot.store.value("a@x.com", OPTIONS),
            Some(if reject_invalid_values { "a" } else { "a;b" })
        );
    }
}

#[test]
fn one_bad_record_among_many_of_one_key_costs_few_requests() {
    let mut records = vec![("a@x.com", [("phone", "1")]); 1_000];
    records[613].1 = [("notes", "bad")];
    let records: Vec<(&str, Properties<'_>)> =
        records.iter().map(|(address, one)| (*address, one.as_slice())).collect();
    let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
    let outcome = run(&mut hubspot, &records, strict(true)).unwrap();
    let rejected: Vec<u64> = (1..=1_000).filter(|line| outcome.rejected(*line).is_some()).collect();
    assert_eq!(rejected, [614]);
    assert_eq!(hubspot.requests(), 2, "the value that was refused is that of the last record that has one");
}

#[test]
fn as_many_bad_values_of_one_key_as_there_are_cost_a_request_each() {
    for reject_invalid_values in [true, false] {
        let mut records = vec![("a@x.com", [("phone", "1"), ("notes", "bad")]); 100];
        records[0].1 = [("phone", "0"), ("notes", "good")];
        let records: Vec<(&str, Properties<'_>)> =
            records.iter().map(|(address, one)| (*address, one.as_slice())).collect();
        let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
        let outcome = run(&mut hubspot, &records, strict(reject_invalid_values)).unwrap();
        let phone = if reject_invalid_values { "0" } else { "1" };
        assert_eq!(hubspot.store.value("a@x.com", "phone"), Some(phone));
        assert_eq!(hubspot.store.value("a@x.com", "notes"), Some("good"));
        assert_eq!(outcome.accepted(), if reject_invalid_values { 1 } else { 100 });
        assert_eq!(hubspot.requests(), 100);
    }
}

/// A refusal for want of a property, if `lacks` says so of an input's properties.
fn demanding(code: &str, lacks: impl Fn(&Value) -> bool, step: &Step) -> Reply {
    let fault = json!({ "code": code, "context": { "propertyName": ["city"] } });
    let error = |key: &String| json!({ "category": "VALIDATION_ERROR", "context": { "ids": [key] }, "errors": [fault] });
    let (refused, taken): (Vec<_>, Vec<_>) =
        inputs_of(step).into_iter().partition(|(_, properties)| lacks(properties));
    let errors: Vec<Value> = refused.iter().map(|(key, _)| error(key)).collect();
    let result = |(key, _): &(String, Value)| json!({ "new": false, "properties": { "email": key } });
    done(&json!({ "results": taken.iter().map(result).collect::<Vec<_>>(), "errors": errors }))
}

#[test]
fn what_one_record_empties_is_not_missing_in_the_others() {
    let records: [(&str, Properties<'_>); 2] =
        [("a@x.com", &[("city", "Paris")]), ("a@x.com", &[("city", "")])];
    let outcome = lead(delivery(&records, Rules::default()), |step| {
        demanding("MISSING_REQUIRED_PROPERTY", |properties| properties["city"] == "", step)
    })
    .unwrap();
    assert_eq!([1, 2].map(|line| outcome.rejected(line)), [None, Some(Code::MissingRequiredProperty)]);
}

#[test]
fn what_one_record_makes_necessary_the_others_do_not_need() {
    let records: [(&str, Properties<'_>); 2] =
        [("a@x.com", &[("phone", "1")]), ("a@x.com", &[("notes", "x")])];
    let outcome = lead(delivery(&records, Rules::default()), |step| {
        let lacks = |properties: &Value| properties.get("notes").is_some();
        demanding("MISSING_CONDITIONAL_REQUIRED_PROPERTY", lacks, step)
    })
    .unwrap();
    assert_eq!([1, 2].map(|line| outcome.rejected(line)), [None, Some(Code::MissingRequiredProperty)]);
}

#[test]
fn what_no_record_brings_rejects_them_all_at_once() {
    let records: Vec<(&str, Properties<'_>)> = vec![("a@x.com", &[("phone", "1")]); 50];
    let mut requests = 0;
    let outcome = lead(delivery(&records, Rules::default()), |step| {
        requests += 1;
        demanding("MISSING_REQUIRED_PROPERTY", |_| true, step)
    })
    .unwrap();
    assert_eq!((outcome.accepted(), requests), (0, 1));
}

#[test]
fn values_left_out_are_reported_only_for_records_that_are_written() {
    let reason = Reason::of_property(Code::ValueTooLong, &"notes".into());
    let dropping = |line, properties: Properties<'_>| {
        let mut part = part(line, properties);
        part.dropped.push(reason.clone());
        part
    };
    let parts = vec![dropping(1, &[("phone", "1")]), dropping(2, &[("notes", "bad")])];
    let batch = Batch { inputs: vec![Input { key: key("a@x.com"), parts }] };
    let delivery = Delivery::new(batch, Arc::new(strict(true)), UnusableProperties::new());
    let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
    let outcome = lead(delivery, |step| ask(&mut hubspot, step)).unwrap();
    assert_eq!((outcome.rejected(1), outcome.rejected(2)), (None, Some(Code::InvalidValue)));
    assert_eq!(outcome.notes.dropped, BTreeMap::from([(reason, vec![1])]));
}

#[test]
fn records_of_one_input_share_one_request_and_only_the_last_is_updated() {
    let records: [(&str, Properties<'_>); 3] =
        [("a@x.com", &[("phone", "1")]), ("a@x.com", &[("notes", "2")]), ("a@x.com", &[("phone", "3")])];
    let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
    let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
    assert_eq!([1, 2, 3].map(|line| outcome.fate(line).clone()), [Fate::Folded, Fate::Folded, Fate::Created]);
    assert_eq!((hubspot.requests(), hubspot.store.value("a@x.com", "phone")), (1, Some("3")));
}

#[test]
fn what_is_too_large_goes_in_smaller_pieces() {
    let addresses = addresses();
    let mut model = hubspot(Habits { most_inputs: 30, ..Habits::FRIENDLY }, Store::default());
    let outcome = run(&mut model, &hundred(0, &addresses, &[("phone", "2")]), Rules::default()).unwrap();
    assert_eq!((outcome.accepted(), model.requests()), (100, 7));

    let records: [(&str, Properties<'_>); 3] =
        [("a@x.com", &[("phone", "1")]), ("a@x.com", &[("notes", "huge")]), ("b@x.com", &[("phone", "1")])];
    let outcome = lead(delivery(&records, Rules::default()), |step| {
        let huge = |properties: &Value| properties.get("notes").is_some();
        if inputs_of(step).values().any(huge) { Reply::TooLarge } else { all_updated(step) }
    })
    .unwrap();
    assert_eq!([1, 2, 3].map(|line| outcome.rejected(line)), [None, Some(Code::TooLarge), None]);
}

// ---- Answers that do not say enough -------------------------------------------------------------------------

#[test]
fn a_batch_that_is_never_accounted_for_ends_the_sync() {
    let records: [(&str, Properties<'_>); 2] =
        [("mute@x.com", &[("phone", "1")]), ("mute2@x.com", &[("phone", "1")])];
    for body in [&b""[..], b"{}", b"{\"results\":[", b"<html>", b"{\"results\":[],\"errors\":[]}", b"null"] {
        let mut requests = 0;
        let failure = lead(delivery(&records, Rules::default()), |_| {
            requests += 1;
            Reply::Done(body.into())
        })
        .unwrap_err();
        assert_eq!((failure.failure_type, requests), (FailureType::Transient, 3));
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
        let outcome = lead(delivery(&records, Rules::default()), |step| {
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
    let dropped: Vec<u64> = outcome.notes.dropped.values().flatten().copied().collect();
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

// ---- Conflicts ----------------------------------------------------------------------------------------------

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

// ---- Several addresses of one contact -----------------------------------------------------------------------

fn permutations(length: usize) -> Vec<Vec<usize>> {
    if length == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(length - 1);
    let longer = |order: &Vec<usize>, place: usize| {
        let mut order = order.clone();
        order.insert(place, length - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..length).map(move |place| longer(order, place))).collect()
}

#[test]
fn addresses_of_one_contact_are_written_in_reading_order() {
    let all = ["anna@x.com", "anna@work.com", "anna@old.com"];
    for collision in [Collision::Refused, Collision::OneResult, Collision::BothResults] {
        for echoes_traces in [true, false] {
            for (order, used) in
                permutations(3).into_iter().flat_map(|order| [(order.clone(), 3), (order, 2)])
            {
                let addresses: Vec<&str> = order.iter().take(used).map(|&index| all[index]).collect();
                let values = [("phone", "1"), ("phone", "2"), ("phone", "3")];
                let mut records: Vec<(&str, Properties<'_>)> = addresses
                    .iter()
                    .zip(&values)
                    .map(|(address, value)| (*address, std::slice::from_ref(value)))
                    .collect();
                records.push(("cleo@x.com", &[("phone", "4")]));
                for seed in 0..6 {
                    let habits = Habits { collision, echoes_traces, ..Habits::FRIENDLY };
                    let mut hubspot = HubSpot::new(habits, store(), seed);
                    let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
                    assert_eq!(outcome.accepted(), used + 1, "{addresses:?}, {collision:?}");
                    let last = ["1", "2", "3"][used - 1];
                    let case = format!("{addresses:?}, {collision:?}, echoes: {echoes_traces}");
                    assert_eq!(hubspot.store.value("anna@x.com", "phone"), Some(last), "{case}");
                    assert!(hubspot.requests() <= 10, "{} requests, {case}", hubspot.requests());
                }
            }
        }
    }
}

#[test]
fn a_record_that_is_written_stays_so_though_it_is_refused_when_it_is_written_again() {
    let records: [(&str, Properties<'_>); 2] =
        [("b@x.com", &[("phone", "1")]), ("a@x.com", &[("phone", "2")])];
    let mut requests = 0;
    let outcome = lead(delivery(&records, Rules::default()), |step| {
        requests += 1;
        if requests > 1 {
            return refusal(400, &json!({ "category": "VALIDATION_ERROR" }));
        }
        all_are_one(step)
    })
    .unwrap();
    assert_eq!((outcome.accepted(), &outcome.notes.out_of_order), (2, &vec![1, 2]), "{outcome:?}");
}

/// An answer that has written everything, and gives `a@x.com` as the address of each contact.
fn all_are_one(step: &Step) -> Reply {
    let result = |_| json!({ "new": false, "properties": { "email": "a@x.com" } });
    let results: Vec<Value> = inputs_of(step).keys().map(result).collect();
    done(&json!({ "results": results }))
}

#[test]
fn records_that_must_be_written_again_are_not_settled_before_they_are() {
    let records: [(&str, Properties<'_>); 3] =
        [("b@x.com", &[("phone", "1")]), ("a@x.com", &[("phone", "2")]), ("a@x.com", &[("phone", "3")])];
    let mut delivery = delivery(&records, Rules::default());
    let first = delivery.next_step();
    delivery.answered(all_are_one(&first)).unwrap();
    // The sync may end here, since the next request finds no answer.
    assert_eq!(inputs_of(&delivery.next_step()).len(), 1);
    assert!(delivery.finish().fates.is_empty());
}

#[test]
fn records_that_follow_one_another_are_written_again_together() {
    let mut records: Vec<(&str, Properties<'_>)> = vec![("b@x.com", &[("phone", "1")]); 50];
    records.extend([("a@x.com", &[("phone", "2")][..]); 50]);
    let mut requests = 0;
    let outcome = lead(delivery(&records, Rules::default()), |step| {
        requests += 1;
        all_are_one(step)
    })
    .unwrap();
    assert_eq!((outcome.accepted(), requests), (100, 3));
}

#[test]
fn many_addresses_of_one_contact_are_all_confirmed() {
    let all = ["a@x.com", "b@x.com", "c@x.com", "d@x.com", "e@x.com"];
    for collision in [Collision::Refused, Collision::OneResult, Collision::BothResults] {
        for echoes_traces in [true, false] {
            let habits = Habits { collision, echoes_traces, ..Habits::FRIENDLY };
            let mut hubspot = hubspot(habits, Store::with(&[&all]));
            let records = all.map(|address| (address, &[("phone", "1")][..]));
            let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
            assert_eq!(outcome.accepted(), 5, "{collision:?}, echoes: {echoes_traces}");
        }
    }
}

#[test]
fn an_address_is_confirmed_although_another_one_of_its_contact_is_refused_again_and_again() {
    let records: [(&str, Properties<'_>); 2] = [
        ("anna@work.com", &[("phone", "1")]),
        ("anna@x.com", &[("a", "bad"), ("b", "bad"), ("c", "bad"), ("d", "1")]),
    ];
    let outcome = lead(delivery(&records, Rules::default()), |step| {
        let inputs = inputs_of(step);
        // The values are refused one after the other, and each result has the primary address.
        let refused =
            |properties: &Value| ["a", "b", "c"].into_iter().find(|name| properties.get(name).is_some());
        let errors: Vec<Value> = inputs
            .get("anna@x.com")
            .and_then(refused)
            .into_iter()
            .map(|name| {
                json!({
                    "category": "VALIDATION_ERROR",
                    "errors": [{ "code": "INVALID_OPTION", "context": { "propertyName": [name] } }],
                    "context": { "ids": ["anna@x.com"] },
                })
            })
            .collect();
        let written = inputs.len() - errors.len();
        let results = vec![json!({ "properties": { EMAIL: "anna@x.com" } }); written];
        done(&json!({ "results": results, "errors": errors }))
    })
    .unwrap();
    assert_eq!(outcome.accepted(), 2);
}

#[test]
fn secondary_addresses_of_different_contacts_cost_nothing_more() {
    let records: [(&str, Properties<'_>); 3] = [
        ("anna@work.com", &[("phone", "1")]),
        ("ben@work.com", &[("phone", "2")]),
        ("cleo@x.com", &[("phone", "3")]),
    ];
    for echoes_traces in [true, false] {
        let mut hubspot = hubspot(Habits { echoes_traces, ..Habits::FRIENDLY }, store());
        let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
        assert_eq!((outcome.accepted(), hubspot.requests()), (3, 1));
    }
}

#[test]
fn answers_that_tell_no_addresses_apart_do_not_mix_contacts_up() {
    let records: [(&str, Properties<'_>); 4] = [
        ("anna@work.com", &[("phone", "1")]),
        ("ben@work.com", &[("phone", "2")]),
        ("ben@x.com", &[("phone", "3")]),
        ("anna@x.com", &[("phone", "4")]),
    ];
    for collision in [Collision::OneResult, Collision::BothResults] {
        for most_inputs in [2, 100] {
            let mut hubspot = hubspot(Habits { collision, most_inputs, ..Habits::FRIENDLY }, store());
            let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
            assert_eq!(outcome.accepted(), 4);
            let phones = ["ben@x.com", "anna@x.com"].map(|address| hubspot.store.value(address, "phone"));
            assert_eq!(phones, [Some("3"), Some("4")], "{collision:?}, {most_inputs}");
        }
    }
}

#[test]
fn a_value_left_out_is_noted_once_though_its_record_is_written_twice() {
    let records: [(&str, Properties<'_>); 2] =
        [("anna@work.com", &[("phone", "bad"), ("notes", "1")]), ("anna@x.com", &[("notes", "2")])];
    for seed in 0..8 {
        let habits = Habits { collision: Collision::OneResult, ..Habits::FRIENDLY };
        let mut hubspot = HubSpot::new(habits, store(), seed);
        let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
        assert_eq!(outcome.notes.dropped.values().collect::<Vec<_>>(), [&vec![1]]);
        assert_eq!(hubspot.store.value("anna@x.com", "notes"), Some("2"));
    }
}

// ---- Stages and records with nothing but an address ---------------------------------------------------------

#[test]
fn the_configured_stage_is_for_new_contacts_without_a_valid_one_of_their_own() {
    let records: [(&str, Properties<'_>); 6] = [
        ("cleo@x.com", &[("phone", "1")]),
        ("new1@x.com", &[("phone", "1")]),
        ("new2@x.com", &[("phone", "1"), (LIFECYCLE_STAGE, "subscriber")]),
        ("new3@x.com", &[("phone", "1"), (LIFECYCLE_STAGE, "nonsense")]),
        ("new4@x.com", &[("phone", "1"), (LIFECYCLE_STAGE, " ")]),
        ("anna@work.com", &[("phone", "1")]),
    ];
    let mut hubspot = hubspot(Habits::FRIENDLY, store());
    let outcome = run(&mut hubspot, &records, with_stage("customer")).unwrap();
    assert_eq!((outcome.accepted(), hubspot.reads, hubspot.upserts), (6, 1, 1));
    for (address, stage) in [
        ("cleo@x.com", "lead"),
        ("new1@x.com", "customer"),
        ("new2@x.com", "subscriber"),
        ("new3@x.com", "customer"),
        ("new4@x.com", "customer"),
        ("anna@x.com", "lead"),
    ] {
        assert_eq!(hubspot.store.value(address, LIFECYCLE_STAGE), Some(stage), "{address}");
    }
}

#[test]
fn the_first_record_of_an_unfolded_input_that_is_written_gets_the_stage() {
    let records: [(&str, Properties<'_>); 3] = [
        ("new@x.com", &[("notes", "bad")]),
        ("new@x.com", &[("phone", "1"), ("notes", "bad")]),
        ("new@x.com", &[("phone", "2")]),
    ];
    let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
    let rules = Rules { stage: Some(new_contact_stage("customer")), ..strict(true) };
    let outcome = run(&mut hubspot, &records, rules).unwrap();
    let invalid = Some(Code::InvalidValue);
    assert_eq!([1, 2, 3].map(|line| outcome.rejected(line)), [invalid, invalid, None]);
    assert_eq!(outcome.fate(3), &Fate::Created);
    assert_eq!(hubspot.store.value("new@x.com", LIFECYCLE_STAGE), Some("customer"));
    assert_eq!(hubspot.reads, 1);
}

/// A refusal of a request that names nothing.
fn refused_look_up() -> Reply {
    refusal(400, &json!({ "category": "VALIDATION_ERROR", "correlationId": "c0ffee" }))
}

#[test]
fn where_a_stage_hangs_on_it_a_look_up_without_an_answer_ends_the_sync() {
    let records: [(&str, Properties<'_>); 3] =
        [("a@x.com", &[("phone", "1")]), ("b@x.com", &[]), ("b@x.com", &[])];
    // Three answers that say nothing, or both at once and then each alone.
    let answers: [(fn() -> Reply, FailureType); 5] = [
        (|| Reply::Done("<html>".into()), FailureType::Transient),
        (|| Reply::Done("".into()), FailureType::Transient),
        (|| Reply::Done("{}".into()), FailureType::Transient),
        (|| Reply::TooLarge, FailureType::System),
        (refused_look_up, FailureType::System),
    ];
    for many in [1, 3] {
        for (answer, failure_type) in answers {
            let mut reads = 0;
            let failure = lead(delivery(&records[..many], with_stage("customer")), |step| match step {
                Step::Read(_) => {
                    reads += 1;
                    answer()
                }
                step => panic!("{step:?}"),
            })
            .unwrap_err();
            assert_eq!(failure.failure_type, failure_type);
            assert!(failure.message.starts_with("HubSpot did not say which contacts exist"), "{failure}");
            assert_eq!(reads, if many == 1 && failure_type == FailureType::System { 1 } else { 3 });
        }
    }
}

#[test]
fn where_no_stage_hangs_on_it_a_look_up_without_an_answer_costs_records_with_nothing_but_an_address() {
    let addresses: Vec<String> = (0..20).map(|number| format!("n{number}@x.com")).collect();
    let records: Vec<(&str, Properties<'_>)> = addresses
        .iter()
        .enumerate()
        .map(|(place, address)| (address.as_str(), if place == 0 { &[("phone", "1")][..] } else { &[] }))
        .collect();
    for answer in [refused_look_up as fn() -> Reply, || Reply::Done("{}".into())] {
        let mut reads = 0;
        let outcome = lead(delivery(&records, Rules::default()), |step| match step {
            Step::Read(_) => {
                reads += 1;
                answer()
            }
            step => all_updated(step),
        })
        .unwrap();
        assert_eq!((outcome.accepted(), outcome.rejected(2)), (1, Some(Code::NothingToWrite)));
        assert_eq!((outcome.notes.stage_unclear, reads), (0, 3));
    }
}

#[test]
fn look_ups_that_are_refused_whatever_they_ask_for_end_the_sync_soon() {
    let addresses = addresses();
    let records = hundred(0, &addresses, &[("phone", "1")]);
    let mut reads = 0;
    let failure = lead(delivery(&records, with_stage("customer")), |_| {
        reads += 1;
        refused_look_up()
    })
    .unwrap_err();
    assert_eq!((failure.failure_type, reads), (FailureType::System, 3));
    assert!(failure.message.contains("status 400 (VALIDATION_ERROR)"), "{failure}");
    assert!(failure.message.contains("c0ffee"), "{failure}");
}

/// The addresses of a look-up.
fn asked_for(body: &[u8]) -> Vec<String> {
    let request: Value = serde_json::from_slice(body).unwrap();
    request["inputs"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_address_that_cannot_be_looked_up_costs_the_others_no_stage() {
    let addresses = addresses();
    let records = hundred(0, &addresses, &[("phone", "1")]);
    for places in [vec![0], vec![50], vec![99], vec![17], vec![17, 18, 70], vec![0, 1, 2]] {
        for whole in [true, false] {
            let culprit = |address: &String| places.iter().any(|&place| addresses[place] == *address);
            let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
            let outcome = lead(delivery(&records, with_stage("customer")), |step| match step {
                Step::Read(body) if asked_for(body).iter().any(culprit) => {
                    hubspot.reads += 1;
                    if whole {
                        refused_look_up()
                    } else {
                        done(&json!({ "errors": [{ "category": "ODD" }] }))
                    }
                }
                step => ask(&mut hubspot, step),
            })
            .unwrap();
            let unstaged: Vec<usize> = (0..100)
                .filter(|&place| hubspot.store.value(&addresses[place], LIFECYCLE_STAGE) != Some("customer"))
                .collect();
            assert_eq!(unstaged, places);
            assert_eq!((outcome.accepted(), outcome.notes.stage_unclear), (100, places.len() as u64));
            assert!(hubspot.reads <= 17 * places.len(), "{places:?}: {} look-ups", hubspot.reads);
        }
    }
}

#[test]
fn an_address_that_look_ups_never_speak_of_is_not_created_without_its_stage() {
    let addresses = addresses();
    let records = hundred(0, &addresses, &[("phone", "1")]);
    let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
    let outcome = lead(delivery(&records, with_stage("customer")), |step| match step {
        Step::Read(body) => {
            let missing: Vec<String> =
                asked_for(body).into_iter().filter(|address| *address != addresses[41]).collect();
            let errors = json!([{ "context": { "ids": missing } }]);
            done(&json!({ "errors": if missing.is_empty() { json!([]) } else { errors } }))
        }
        step => ask(&mut hubspot, step),
    })
    .unwrap();
    assert_eq!((outcome.accepted(), outcome.rejected(42)), (99, Some(Code::NotConfirmed)));
    assert!(hubspot.store.get(&addresses[41]).is_none());
}

#[test]
fn two_addresses_of_one_contact_that_a_look_up_answers_with_one_result_are_both_known() {
    let records: [(&str, Properties<'_>); 2] = [("anna@work.com", &[]), ("anna@old.com", &[])];
    let mut hubspot = hubspot(Habits { collision: Collision::OneResult, ..Habits::FRIENDLY }, store());
    let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
    assert_eq!([1, 2].map(|line| outcome.fate(line).clone()), [Fate::Updated, Fate::Updated]);
    assert_eq!((hubspot.reads, hubspot.upserts), (3, 0));
}

/// Refuses these stages by name, and else does as the model does.
fn refusing_stages(hubspot: &mut HubSpot, refused: &[&str], step: &Step) -> Reply {
    if let Step::Upsert(_) = step {
        let inputs = inputs_of(step);
        let is_refused =
            |properties: &Value| refused.iter().any(|stage| properties[LIFECYCLE_STAGE] == *stage);
        if inputs.values().any(is_refused) {
            let fault = json!({ "code": "INVALID_OPTION", "context": { "propertyName": [LIFECYCLE_STAGE] } });
            return refusal(400, &json!({ "category": "VALIDATION_ERROR", "errors": [fault] }));
        }
    }
    ask(hubspot, step)
}

#[test]
fn a_new_contact_whose_own_stage_is_refused_gets_the_configured_one() {
    let stage: Properties<'_> = &[("phone", "1"), (LIFECYCLE_STAGE, "opportunity")];
    for records in [
        vec![("new@x.com", stage)],
        vec![("new@x.com", stage), ("new@x.com", &[("phone", "2")]), ("new@x.com", stage)],
        vec![("a@x.com", &[("phone", "1")][..]), ("new@x.com", stage), ("cleo@x.com", stage)],
    ] {
        let mut hubspot = hubspot(Habits::FRIENDLY, store());
        let outcome = lead(delivery(&records, with_stage("customer")), |step| {
            refusing_stages(&mut hubspot, &["opportunity"], step)
        })
        .unwrap();
        assert_eq!(outcome.accepted(), records.len());
        assert_eq!(hubspot.store.value("new@x.com", LIFECYCLE_STAGE), Some("customer"));
        let known = records.iter().any(|(address, _)| *address == "cleo@x.com");
        assert!(!known || hubspot.store.value("cleo@x.com", LIFECYCLE_STAGE) == Some("lead"));
        let told = outcome.notes.dropped.values().map(Vec::len).sum::<usize>();
        assert_eq!(told, records.iter().filter(|(_, properties)| properties.len() == 2).count());
    }
}

#[test]
fn a_configured_stage_that_is_refused_is_left_out() {
    let own: Properties<'_> = &[("phone", "1"), (LIFECYCLE_STAGE, "opportunity")];
    for rules in
        [with_stage("customer"), Rules { stage: Some(new_contact_stage("customer")), ..strict(true) }]
    {
        for refused in [&["customer"][..], &["customer", "opportunity"]] {
            let is_strict = rules.invalid_values == InvalidValues::RejectRecord;
            let records: [(&str, Properties<'_>); 3] =
                [("a@x.com", &[("phone", "1")]), ("a@x.com", &[("phone", "2")]), ("b@x.com", own)];
            let mut hubspot = hubspot(Habits::FRIENDLY, Store::default());
            let outcome =
                lead(delivery(&records, rules.clone()), |step| refusing_stages(&mut hubspot, refused, step))
                    .unwrap();
            let rejected = (is_strict && refused.len() == 2).then_some(Code::InvalidValue);
            assert_eq!([1, 2, 3].map(|line| outcome.rejected(line)), [None, None, rejected]);
            assert_eq!(hubspot.store.value("a@x.com", "phone"), Some("2"));
            assert_eq!(hubspot.store.value("a@x.com", LIFECYCLE_STAGE), Some("lead"));
        }
    }
}

#[test]
fn a_look_up_that_says_nothing_is_made_again() {
    let records: [(&str, Properties<'_>); 3] =
        [("new@x.com", &[("phone", "1")]), ("new2@x.com", &[]), ("cleo@x.com", &[])];
    for spoilt in [&b""[..], b"{}", b"{\"results\":[{"] {
        let mut hubspot = hubspot(Habits::FRIENDLY, store());
        let mut first = true;
        let outcome = lead(delivery(&records, with_stage("customer")), |step| {
            if std::mem::take(&mut first) { Reply::Done(spoilt.into()) } else { ask(&mut hubspot, step) }
        })
        .unwrap();
        assert_eq!(
            [1, 2, 3].map(|line| outcome.fate(line).clone()),
            [Fate::Created, Fate::Created, Fate::Updated]
        );
        assert_eq!(hubspot.store.value("new@x.com", LIFECYCLE_STAGE), Some("customer"));
        assert_eq!(outcome.notes.stage_unclear, 0);
    }
}

#[test]
fn a_known_contact_with_nothing_to_write_is_left_alone_and_an_unknown_one_is_created() {
    let records: [(&str, Properties<'_>); 4] =
        [("cleo@x.com", &[]), ("anna@work.com", &[]), ("anna@x.com", &[]), ("new@x.com", &[])];
    let mut hubspot = hubspot(Habits::FRIENDLY, store());
    let outcome = run(&mut hubspot, &records, Rules::default()).unwrap();
    assert_eq!(
        [1, 2, 3, 4].map(|line| outcome.fate(line).clone()),
        [Fate::Updated, Fate::Updated, Fate::Updated, Fate::Created]
    );
    assert_eq!((hubspot.reads, hubspot.sizes.clone()), (1, vec![1]));
}

#[test]
fn without_permission_to_look_up_a_record_with_nothing_but_an_address_is_rejected() {
    let records: [(&str, Properties<'_>); 2] = [("a@x.com", &[]), ("b@x.com", &[("phone", "1")])];
    let mut delivery = delivery(&records, Rules::default());
    assert!(!delivery.needs_look_ups());
    assert!(matches!(delivery.next_step(), Step::Read(_)));
    delivery.look_up_denied();
    let outcome = lead(delivery, all_updated).unwrap();
    assert_eq!([1, 2].map(|line| outcome.rejected(line)), [Some(Code::NothingToWrite), None]);
}

#[test]
fn a_record_whose_every_value_is_refused_still_is_its_contact() {
    for (address, fate) in [("cleo@x.com", Fate::Updated), ("new@x.com", Fate::Created)] {
        let mut hubspot = hubspot(Habits::FRIENDLY, store());
        let outcome =
            run(&mut hubspot, &[(address, &[("phone", "bad"), ("gone", "1")])], Rules::default()).unwrap();
        assert_eq!(outcome.fate(1), &fate);
    }
}
