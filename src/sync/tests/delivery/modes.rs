//! Modes, policies, `skip_unchanged` and archiving: whatever HubSpot answers, and whatever somebody changes in the meantime, rows of a
//! batch come to what each by itself would. Not here: single decisions ([`super::decisions`]).

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use super::super::model::{
    Asked, Collision, Contacts, Crm, OPTIONS, Row, Rules, Settings, key, schema, ticket,
};
use crate::{
    config::{Config, Mode, Policy},
    crm::{key::Key, property::LIFECYCLE_STAGE, schema::Schema},
    mapping::{
        change::{Change, PropertyValue},
        target::Target,
    },
    report::fate::Fate,
    sync::{
        delivery::{
            archive_allowance::ArchiveAllowance, pending::UnusableProperties, state::Delivery, steps::Step,
        },
        input::{Batch, Input, Part},
    },
};

const ADDRESSES: [&str; 10] = [
    "anna@x.com",
    "anna@work.com",
    "anna@old.com",
    "ben@x.com",
    "ben@work.com",
    "cleo@x.com",
    "dora@x.com",
    "new0@x.com",
    "new1@x.com",
    "new2@x.com",
];
const PROPERTIES: [(&str, &[&str]); 4] = [
    ("phone", &["1", "2", ""]),
    ("notes", &["1", "2", ""]),
    (OPTIONS, &["a", "a;b", ";a", ";c", ""]),
    (LIFECYCLE_STAGE, &["opportunity", "customer", "evangelist"]),
];
/// No batch of ten rows may cost more requests.
const MOST_REQUESTS: usize = 150;

fn settings(random: &mut fastrand::Rng) -> Settings {
    let mode = Mode::ALL[random.usize(..Mode::ALL.len())];
    let mut policies = BTreeMap::new();
    if mode != Mode::Archive {
        for name in ["*", "phone", "notes", OPTIONS, LIFECYCLE_STAGE] {
            if random.u8(..3) == 0 {
                policies.insert(name, Policy::ALL[random.usize(..Policy::ALL.len())]);
            }
        }
    }
    let skips_unchanged = !matches!(mode, Mode::Archive | Mode::CreateOnly) && random.bool();
    Settings { mode, policies, skips_unchanged }
}

pub(super) fn target(settings: &Settings) -> Target {
    let policies: Vec<serde_json::Value> = settings
        .policies
        .iter()
        .map(|(name, policy)| serde_json::json!({ "property": name, "policy": policy.as_str() }))
        .collect();
    let config = serde_json::json!({ "access_token": "pat-test", "policies": policies });
    let config = Config::parse(config.to_string().as_bytes()).unwrap().config;
    let policies = config.policies_of("users", None);
    let (mode, skips_unchanged) = (settings.mode, settings.skips_unchanged);
    Target { mode, policies, skips_unchanged, ..Rules::default().target() }
}

fn rows(random: &mut fastrand::Rng, addresses: &[&'static str], count: usize, mode: Mode) -> Vec<Row> {
    let row = |random: &mut fastrand::Rng| {
        let first = random.usize(..PROPERTIES.len());
        let mut values = Vec::new();
        for (place, (name, all)) in PROPERTIES.iter().enumerate() {
            if place == first || random.u8(..3) == 0 {
                values.push((*name, all[random.usize(..all.len())]));
            }
        }
        let archives = mode == Mode::Archive || random.u8(..8) == 0;
        Row { address: addresses[random.usize(..addresses.len())], archives, values }
    };
    (0..count).map(|_| row(random)).collect()
}

/// Contacts with some values, the same on both sides.
fn people(random: &mut fastrand::Rng, people: &[&[&str]]) -> (Crm, Contacts) {
    let (mut crm, mut contacts) = (Crm::new(random.u64(..)), Contacts::default());
    for addresses in people {
        let mut values = BTreeMap::new();
        for (name, all) in PROPERTIES {
            let value = all[random.usize(..all.len())].trim_start_matches(';');
            if !value.is_empty() && random.bool() {
                values.insert(name.to_owned(), value.to_owned());
            }
        }
        crm.make(addresses).values.clone_from(&values);
        contacts.values.insert(addresses[0].to_owned(), values);
        let others = addresses[1..].iter().map(|one| ((*one).to_owned(), addresses[0].to_owned()));
        contacts.others.extend(others);
    }
    (crm, contacts)
}

fn change(schema: &Schema, row: &Row) -> Change {
    let value = |(name, value): &(&str, &str)| PropertyValue {
        property: Arc::clone(schema.property(name).expect("the schema has it")),
        value: (*value).into(),
    };
    let properties = if row.archives { Vec::new() } else { row.values.iter().map(value).collect() };
    let (dropped, unless_changed_since) = (Vec::new(), None);
    Change { key: key(row.address), archives: row.archives, properties, dropped, unless_changed_since }
}

/// The rows in batches, each with the numbers of its rows: as the batcher has them, but that a row which does not fold ends the batch.
fn batches(rows: &[Row], target: &Arc<Target>) -> Vec<(Batch, Vec<usize>)> {
    let schema = schema();
    let mut batches: Vec<(Batch, Vec<usize>)> = Vec::new();
    let new = || (Batch { target: Arc::clone(target), inputs: Vec::new() }, Vec::new());
    for (number, row) in rows.iter().enumerate() {
        let change = change(&schema, row);
        if batches.is_empty() {
            batches.push(new());
        }
        let (batch, _) = batches.last().expect("there is one");
        let same = batch.inputs.iter().position(|input| input.key == change.key);
        if same.is_some_and(|place| !batch.inputs[place].folds_with(&change, target)) {
            batches.push(new());
        }
        let (batch, numbers) = batches.last_mut().expect("there is one");
        numbers.push(number);
        let (key, archives) = (change.key.clone(), change.archives);
        let part = Part::new(ticket(number as u64 + 1), change);
        match batch.inputs.iter_mut().find(|input| input.key == key) {
            Some(input) => input.parts.push(part),
            None => batch.inputs.push(Input { key, archives, parts: vec![part] }),
        }
    }
    batches
}

fn named(fate: &Fate) -> String {
    match fate {
        Fate::Created | Fate::Updated | Fate::Folded => "written".to_owned(),
        Fate::Skipped(reason) => reason.code.as_str().to_owned(),
        Fate::Rejected(rejection) => format!("rejected: {}", rejection.reason),
        Fate::Unchanged | Fate::Archived => fate.as_str().to_owned(),
    }
}

/// Leads a batch to its end; `told` hears what was asked, after it was answered.
fn lead(
    crm: &mut Crm,
    mut delivery: Delivery,
    mut told: impl FnMut(&mut Crm, &Asked),
) -> (BTreeMap<u64, String>, Vec<Key>, Vec<Key>) {
    delivery.allow_archiving(ArchiveAllowance::new(1_000));
    let mut calls = Vec::new();
    for _ in 0..MOST_REQUESTS {
        let step = delivery.next_step();
        match step {
            Step::Finished => {
                let outcome = delivery.finish();
                let fates = outcome.fates.iter().map(|(ticket, fate)| (ticket.line, named(fate))).collect();
                return (fates, outcome.written.into_iter().map(|(key, _)| key).collect(), outcome.archived);
            }
            Step::Wait(_) => {}
            Step::Fail(error) => panic!("{error}"),
            Step::Send(call) => {
                calls.push(String::from_utf8_lossy(&call.body).into_owned());
                let (asked, reply) = crm.answer(&call);
                told(crm, &asked);
                if let Err(error) = delivery.answered(reply) {
                    panic!("{error}");
                }
            }
        }
    }
    calls.truncate(12);
    panic!("more than {MOST_REQUESTS} requests for one batch: {calls:#?}");
}

fn contacts(crm: &Crm) -> BTreeMap<String, BTreeMap<String, String>> {
    crm.people.values().map(|person| (person.addresses[0].clone(), person.values.clone())).collect()
}

/// Batches of rows against the same rows one by one. Several addresses of one contact, answers that are lost, leave inputs out or
/// refuse one of them for the moment.
fn compare(seed: u64, all: &[&[&str]], addresses: &[&'static str], trouble: u32) {
    let mut random = fastrand::Rng::with_seed(seed);
    let settings = settings(&mut random);
    let target = Arc::new(target(&settings));
    let (mut crm, mut reference) = people(&mut random, all);
    crm.collision = [Collision::Refused, Collision::OneResult, Collision::BothResults][random.usize(..3)];
    crm.echoes_traces = random.bool();
    crm.all_or_nothing = random.u8(..4) == 0;
    crm.trouble = trouble;
    let rows = rows(&mut random, addresses, 10, settings.mode);
    let mut known: HashSet<Key> = HashSet::new();
    let uses_known = random.bool();
    let mut fates: BTreeMap<u64, String> = BTreeMap::new();
    for (batch, _) in batches(&rows, &target) {
        let mut delivery = Delivery::new(batch, UnusableProperties::new());
        delivery.mark_existing(|key| uses_known && known.contains(key), |_| None);
        let (of_batch, written, archived) = lead(&mut crm, delivery, |_, _| ());
        fates.extend(of_batch);
        known.extend(written);
        if !archived.is_empty() {
            known.clear();
        }
    }
    let world = || format!("seed {seed}: {settings:?} {rows:?}\n{fates:?}");
    for (line, row) in (1..).zip(&rows) {
        let then = reference.apply(&settings, row);
        // The answer to an archive that was lost does not say who archived.
        assert_eq!(fates.get(&line).map(String::as_str), Some(then), "row {line} {}", world());
    }
    assert_eq!(contacts(&crm), reference.values, "{}", world());
}

/// Few for every day, many for a long look: `SOAK_RECORDS` says that there is time.
fn worlds() -> u64 {
    std::env::var("SOAK_RECORDS").map_or(1_500, |_| 60_000)
}

/// Worlds that showed a fault once: a contact is written again after it was archived; a contact is known by one of its addresses.
const RARE: [u64; 2] = [2_487, 11_195];

const APART: [&[&str]; 4] = [&["anna@x.com"], &["ben@x.com"], &["cleo@x.com"], &["dora@x.com"]];
const TOGETHER: [&[&str]; 4] = [
    &["anna@x.com", "anna@work.com", "anna@old.com"],
    &["ben@x.com", "ben@work.com"],
    &["cleo@x.com"],
    &["dora@x.com"],
];

#[test]
fn rows_of_a_batch_come_to_what_each_by_itself_would() {
    (0..worlds()).for_each(|seed| compare(seed, &APART, &ADDRESSES, 0));
}

#[test]
fn rows_of_a_batch_come_to_the_same_when_answers_go_wrong() {
    (0..worlds()).for_each(|seed| compare(seed, &APART, &ADDRESSES, 2));
}

#[test]
fn several_addresses_of_a_contact_come_to_what_row_after_row_would() {
    (0..worlds()).chain(RARE).for_each(|seed| compare(seed, &TOGETHER, &ADDRESSES, 0));
}

#[test]
fn several_addresses_of_a_contact_come_to_the_same_when_answers_go_wrong() {
    // An input that shares its result with another one has been asked about once more already.
    (0..worlds()).chain(RARE).for_each(|seed| compare(seed, &TOGETHER, &ADDRESSES, 1));
}

/// The rows one by one, each at the moment at which HubSpot carries it out, and what somebody changes in between.
struct Watch<'a> {
    settings: &'a Settings,
    rows: &'a [Row],
    random: fastrand::Rng,
    reference: Contacts,
    /// The rows of the batch that were not written yet.
    open: BTreeSet<usize>,
    /// What has changed in a contact since it was read: a property, or `*` if it was made or archived.
    changed: BTreeMap<String, BTreeSet<String>>,
    /// What may differ, by contact.
    raced: BTreeMap<String, BTreeSet<String>>,
    /// What each row would come to if it were carried out when it was read, and whether it would change nothing.
    at_read: BTreeMap<usize, (&'static str, bool)>,
    fates: BTreeMap<usize, &'static str>,
    changes: usize,
}

impl Watch<'_> {
    fn told(&mut self, crm: &mut Crm, asked: &Asked) {
        match asked {
            Asked::Read(addresses) => {
                for address in addresses {
                    self.changed.insert(address.clone(), BTreeSet::new());
                    let mut trial = self.reference.clone();
                    for &number in self.open.iter().filter(|number| self.rows[**number].address == address) {
                        let before = trial.clone();
                        let fate = trial.apply(self.settings, &self.rows[number]);
                        self.at_read.insert(number, (fate, trial == before));
                    }
                }
            }
            Asked::Write(addresses) => addresses.iter().for_each(|address| self.written(address)),
        }
        while self.random.bool() {
            self.changes += 1;
            self.somebody_changes(crm);
        }
    }

    fn written(&mut self, address: &str) {
        let of_address = |number: &usize| self.rows[*number].address == address;
        let numbers: Vec<usize> = self.open.iter().copied().filter(of_address).collect();
        for number in numbers {
            self.open.remove(&number);
            let fate = self.reference.apply(self.settings, &self.rows[number]);
            self.fates.insert(number, fate);
        }
        if let Some(changed) = self.changed.remove(address) {
            self.raced.entry(address.to_owned()).or_default().extend(changed);
        }
    }

    fn somebody_changes(&mut self, crm: &mut Crm) {
        let address = ADDRESSES[self.random.usize(..ADDRESSES.len())];
        let what = match (crm.number(address), self.random.u8(..8)) {
            (Some(number), 0) => {
                crm.people.remove(&number);
                self.reference.values.remove(address);
                "*"
            }
            (None, 0) => {
                crm.make(&[address]);
                self.reference.values.insert(address.to_owned(), BTreeMap::new());
                "*"
            }
            (None, _) => return,
            (Some(number), _) => {
                let (name, values) = PROPERTIES[self.random.usize(..3)];
                let value = values[self.random.usize(..values.len())].trim_start_matches(';');
                let both = [
                    crm.people.get_mut(&number).map(|person| &mut person.values),
                    self.reference.values.get_mut(address),
                ];
                for values in both.into_iter().flatten() {
                    values.insert(name.to_owned(), value.to_owned());
                    values.retain(|_, value| !value.is_empty());
                }
                name
            }
        };
        if let Some(changed) = self.changed.get_mut(address) {
            changed.insert(what.to_owned());
        }
    }

    /// The batch has ended: what was not written was not to be written when it was read.
    fn ended(&mut self, crm: &Crm, world: &dyn Fn() -> String) {
        for number in std::mem::take(&mut self.open) {
            let (fate, is_unchanged) = self.at_read.get(&number).copied().unwrap_or_else(|| {
                let before = self.reference.clone();
                let fate = self.reference.apply(self.settings, &self.rows[number]);
                (fate, self.reference == before)
            });
            let is_gone = self.changed.get(self.rows[number].address).is_some_and(|one| one.contains("*"));
            assert!(is_unchanged || is_gone, "row {} was not written {}", number + 1, world());
            self.fates.insert(number, fate);
        }
        for address in ADDRESSES {
            let mut raced = self.raced.remove(address).unwrap_or_default();
            raced.extend(self.changed.remove(address).unwrap_or_default());
            let has = crm.number(address).map(|number| &crm.people[&number].values);
            let expected = self.reference.values.get(address);
            let may_differ = |name: &str| {
                let may_lose =
                    self.settings.skips_unchanged || self.settings.policy(name) == Policy::FillEmpty;
                raced.contains("*") || (raced.contains(name) && may_lose)
            };
            if has.is_some() != expected.is_some() {
                assert!(raced.contains("*"), "{address} {}", world());
            }
            for (name, _) in PROPERTIES {
                let values = [has, expected].map(|values| values.and_then(|values| values.get(name)));
                let is_same = values[0] == values[1];
                assert!(is_same || may_differ(name), "{address} {name} {values:?} {raced:?} {}", world());
            }
            // What has lost the race is as it is.
            match has {
                Some(values) => drop(self.reference.values.insert(address.to_owned(), values.clone())),
                None => drop(self.reference.values.remove(address)),
            }
        }
    }
}

#[test]
fn a_value_that_somebody_changes_between_read_and_write_is_the_only_difference() {
    let (mut interleavings, mut changes) = (0, 0);
    for seed in 0.. {
        if interleavings >= 10_000 {
            break;
        }
        let mut random = fastrand::Rng::with_seed(seed);
        let settings = settings(&mut random);
        let target = Arc::new(target(&settings));
        let (mut crm, reference) = people(&mut random, &APART);
        let rows = rows(&mut random, &ADDRESSES, 8, settings.mode);
        let mut watch = Watch {
            settings: &settings,
            rows: &rows,
            random,
            reference,
            open: BTreeSet::new(),
            changed: BTreeMap::new(),
            raced: BTreeMap::new(),
            at_read: BTreeMap::new(),
            fates: BTreeMap::new(),
            changes: 0,
        };
        for (batch, numbers) in batches(&rows, &target) {
            watch.open = numbers.iter().copied().collect();
            watch.changed.clear();
            watch.at_read.clear();
            let delivery = Delivery::new(batch, UnusableProperties::new());
            let (fates, ..) = lead(&mut crm, delivery, |crm, asked| watch.told(crm, asked));
            let raced: BTreeSet<String> = watch
                .raced
                .iter()
                .chain(&watch.changed)
                .filter(|(_, changed)| !changed.is_empty())
                .map(|(address, _)| address.clone())
                .collect();
            let world = || format!("seed {seed}: {settings:?} {rows:?}\n{fates:?}");
            watch.ended(&crm, &world);
            for number in numbers {
                let fate = fates.get(&(number as u64 + 1)).map(String::as_str);
                let is_raced = raced.contains(rows[number].address);
                let then = watch.fates.get(&number).copied();
                assert!(is_raced || fate == then, "row {} {fate:?} {then:?} {}", number + 1, world());
            }
            interleavings += 1;
        }
        changes += watch.changes;
    }
    assert!(changes > 10_000, "{changes}");
}
