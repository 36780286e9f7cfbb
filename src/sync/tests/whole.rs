//! Batches, judgement and ledger together, as a scheduler of chance drives them: several batches in flight that land in
//! any order, states between the records, records that are rejected at once, a HubSpot that fails midway.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::model::{
    Collision, Habits, HubSpot, OPTIONS, Store, acceptable, contact, new_contact_stage, state,
};
use crate::{
    config::InvalidValues,
    error::Failure,
    hubspot::model::LIFECYCLE_STAGE,
    mapping::{
        email::Key,
        reason::{Code, Reason},
    },
    protocol::message::StreamId,
    sync::{
        batch::{Batcher, Timing},
        fate::{Fate, Ticket},
        isolate::{Isolation, Step},
        ledger::Ledger,
        outcome::Outcome,
        rules::Rules,
        slot::RefusedProperties,
    },
};

#[derive(Debug, Clone)]
enum Line {
    Record {
        stream: usize,
        address: String,
        properties: Vec<(&'static str, &'static str)>,
    },
    /// A record that the mapping rejects, or skips.
    Unmapped {
        stream: usize,
        code: Code,
    },
    State(Option<usize>),
    /// No line comes for so many milliseconds.
    Silence(u16),
}

#[derive(Debug, Clone)]
struct Plan {
    lines: Vec<Line>,
    habits: Habits,
    rules: Rules,
    most_in_flight: usize,
    /// From this upsert on, HubSpot refuses everything.
    fails_from: Option<usize>,
    seed: u64,
}

fn line() -> impl Strategy<Value = Line> {
    let address = prop_oneof![
        2 => (0..3_u8).prop_map(|number| format!("hot{number}@x.com")),
        6 => (0..250_u16).prop_map(|number| format!("k{number}@x.com")),
        1 => (0..20_u8, prop::sample::select(vec!["bad", "taken", "race", "picky"]))
            .prop_map(|(number, kind)| format!("{kind}{number}@x.com")),
    ];
    let values = |name: &str| match name {
        OPTIONS => vec!["a", ";b", ";c;d", ";bad"],
        LIFECYCLE_STAGE => vec!["subscriber", "lead", "customer"],
        _ => vec!["1", "2", "3", "", "bad"],
    };
    let names = vec!["phone", "notes", OPTIONS, "gone", LIFECYCLE_STAGE];
    let properties = prop::sample::subsequence(names, 0..3).prop_flat_map(move |names| {
        let pairs: Vec<_> = names
            .into_iter()
            .map(|name| prop::sample::select(values(name)).prop_map(move |value| (name, value)))
            .collect();
        pairs
    });
    prop_oneof![
        30 => (0..2_usize, address, properties).prop_map(|(stream, address, properties)| Line::Record { stream, address, properties }),
        1 => (0..2_usize, prop::sample::select(vec![Code::InvalidEmail, Code::MissingEmail, Code::DeletedInSource]))
            .prop_map(|(stream, code)| Line::Unmapped { stream, code }),
        3 => prop::option::weighted(0.7, 0..2_usize).prop_map(Line::State),
        1 => (0..2_500_u16).prop_map(Line::Silence),
    ]
}

prop_compose! {
    fn plan()(
        lines in prop::collection::vec(line(), 1..400),
        flags in prop::array::uniform5(any::<bool>()),
        most_inputs in prop::sample::select(vec![100, 100, 30]),
        spoilt_answers in 0..2_u32,
        stage in any::<bool>(),
        most_in_flight in 1..6_usize,
        fails_from in prop::option::weighted(0.2, 1..12_usize),
        seed in any::<u64>(),
    ) -> Plan {
        let [all_or_nothing, names_traces, echoes_traces, strict, shuffles] = flags;
        let habits = Habits {
            all_or_nothing, names_traces, echoes_traces, shuffles, most_inputs, spoilt_answers,
            // Refusals that name nothing may look like the request's own fault, which is another test's matter.
            names_addresses: true, collision: Collision::BothResults, ..Habits::FRIENDLY
        };
        let invalid_values = if strict { InvalidValues::RejectRecord } else { InvalidValues::DropValue };
        let rules = Rules { stage: stage.then(|| new_contact_stage("customer")), invalid_values, ..Rules::default() };
        Plan { lines, habits, rules, most_in_flight, fails_from, seed }
    }
}

struct Flight {
    keys: Vec<Key>,
    bytes: usize,
    isolation: Isolation,
}

/// A state that was read, and where.
#[derive(Debug, Clone)]
struct Awaited {
    place: usize,
    scope: Option<usize>,
}

/// The sync without its sockets, clocks and tasks.
struct Sync {
    plan: Plan,
    hubspot: HubSpot,
    random: fastrand::Rng,
    now: Duration,
    ledger: Ledger,
    batcher: Batcher,
    refused: RefusedProperties,
    flights: Vec<Flight>,
    tickets: BTreeMap<usize, Ticket>,
    fates: HashMap<usize, Fate>,
    states: Vec<Awaited>,
    out: Vec<usize>,
    counted: u64,
}

impl Sync {
    fn new(plan: Plan) -> Self {
        let known: Vec<String> =
            (0..60).map(|number| format!("k{number}@x.com")).chain(["hot0@x.com".to_owned()]).collect();
        let rows: Vec<[&str; 1]> = known.iter().map(|address| [address.as_str()]).collect();
        let store = Store::with(&rows.iter().map(<[&str; 1]>::as_slice).collect::<Vec<_>>());
        let mut ledger = Ledger::default();
        for stream in 0..2 {
            assert_eq!(ledger.stream(&stream_id(stream)), stream);
        }
        Self {
            hubspot: HubSpot::new(plan.habits.clone(), store, plan.seed),
            random: fastrand::Rng::with_seed(plan.seed),
            now: Duration::ZERO,
            ledger,
            batcher: Batcher::new(Timing::STANDARD),
            refused: RefusedProperties::new(),
            flights: Vec::new(),
            tickets: BTreeMap::new(),
            fates: HashMap::new(),
            states: Vec::new(),
            out: Vec::new(),
            counted: 0,
            plan,
        }
    }

    /// `Err`: the sync failed, and what was in flight has been settled as far as it could.
    fn run(&mut self) -> Result<(), Failure> {
        let lines = self.plan.lines.clone();
        for (place, line) in lines.into_iter().enumerate() {
            self.read(place, line);
            self.launch();
            while !self.flights.is_empty() && (self.batcher.has_ready() || self.random.u8(0..4) == 0) {
                self.some_flight()?;
            }
        }
        while !(self.batcher.is_empty() && self.flights.is_empty()) {
            self.batcher.finish(self.now);
            self.launch();
            assert!(!self.flights.is_empty(), "nothing is under way, and not all has landed");
            self.some_flight()?;
        }
        self.ledger.decide();
        self.release();
        self.ledger.hopeless().map_or(Ok(()), Err)
    }

    fn read(&mut self, place: usize, line: Line) {
        self.now += Duration::from_millis(1);
        match line {
            Line::Record { stream, address, properties } => {
                let ticket = self.ledger.open(stream, place as u64);
                self.tickets.insert(place, ticket);
                self.batcher.push(contact(&address, &properties), ticket, self.now);
            }
            Line::Unmapped { stream, code } => {
                let ticket = self.ledger.open(stream, place as u64);
                self.tickets.insert(place, ticket);
                self.settle(ticket, Fate::of_unmapped(Reason::of(code)));
            }
            Line::State(scope) => {
                let number = self.states.len();
                self.states.push(Awaited { place, scope });
                let object = match scope {
                    Some(stream) => {
                        json!({ "type": "STREAM", "id": number, "stream": { "stream_descriptor": { "name": format!("s{stream}") } } })
                    }
                    None => json!({ "type": "GLOBAL", "id": number }),
                };
                self.ledger.state(state(&object));
                let ledger = &self.ledger;
                self.batcher.state_arrived(|ticket| ledger.is_awaited(ticket));
            }
            Line::Silence(milliseconds) => self.now += Duration::from_millis(milliseconds.into()),
        }
        if self.batcher.deadline().is_some_and(|due| due <= self.now) {
            self.batcher.close_partial(self.now);
        }
        self.release();
    }

    fn launch(&mut self) {
        while self.flights.len() < self.plan.most_in_flight {
            let Some(batch) = self.batcher.take_ready() else { return };
            let keys = batch.inputs.iter().map(|input| input.key.clone()).collect();
            let bytes = batch.bytes();
            let isolation = Isolation::new(batch, Arc::new(self.plan.rules.clone()), self.refused.clone());
            self.flights.push(Flight { keys, bytes, isolation });
        }
    }

    /// One of the flights gets one request further; after a failure, all of them come to their end.
    fn some_flight(&mut self) -> Result<(), Failure> {
        let place = self.random.usize(0..self.flights.len());
        let result = self.request(place);
        if result.is_err() {
            while !self.flights.is_empty() {
                // What else fails then is not worth a word.
                drop(self.request(0));
            }
        }
        self.launch();
        result
    }

    fn request(&mut self, place: usize) -> Result<(), Failure> {
        if self.plan.fails_from.is_some_and(|from| self.hubspot.upserts + 1 >= from) {
            self.hubspot.habits.refuses_all = true;
        }
        let isolation = &mut self.flights[place].isolation;
        let result = match isolation.next_step() {
            Step::Finished => Ok(true),
            Step::Rest => Ok(false),
            Step::Read(body) => isolation.answered(self.hubspot.read(&body)).map(|()| false),
            Step::Upsert(body) => isolation.answered(self.hubspot.upsert(&body)).map(|()| false),
        };
        if let Ok(false) = result {
            return Ok(());
        }
        let Flight { keys, bytes, isolation } = self.flights.swap_remove(place);
        let Outcome { fates, notes, .. } = isolation.finish();
        for (ticket, fate) in fates {
            self.settle(ticket, fate);
        }
        self.refused.extend(notes.learned);
        let ledger = &self.ledger;
        self.batcher.landed(&keys, bytes, self.now, |ticket| ledger.is_awaited(ticket));
        self.release();
        result.map(|_| ())
    }

    fn settle(&mut self, ticket: Ticket, fate: Fate) {
        self.ledger.settle(ticket, &fate);
        let place = usize::try_from(ticket.line).unwrap();
        assert_eq!(self.tickets.get(&place), Some(&ticket));
        assert!(self.fates.insert(place, fate).is_none(), "a second fate");
    }

    /// Takes the states that are due and holds them against all that was read.
    fn release(&mut self) {
        for line in self.ledger.take_due() {
            let message: Value = serde_json::from_str(&line).unwrap();
            let number = usize::try_from(message["state"]["id"].as_u64().unwrap()).unwrap();
            let Awaited { place, scope } = self.states[number].clone();
            let covers = |stream: usize| scope.is_none_or(|scope| scope == stream);
            for stream in (0..2).filter(|&stream| covers(stream)) {
                let earlier = self.states[..number].iter().enumerate();
                let mut same = earlier.filter(|(_, state)| state.scope.is_none_or(|scope| scope == stream));
                assert!(
                    same.all(|(earlier, _)| self.out.contains(&earlier)),
                    "state {number} is out of order"
                );
            }
            for (before, _) in self.tickets.range(..place).filter(|(_, ticket)| covers(ticket.stream)) {
                assert!(
                    self.fates.contains_key(before),
                    "state {number} went out before record {before} was settled"
                );
            }
            assert!(!self.out.contains(&number), "state {number} goes out twice");
            self.out.push(number);
            let stats = &message["state"]["destinationStats"];
            for name in ["recordCount", "rejectedRecordCount"] {
                self.counted += stats[name].to_string().strip_suffix(".0").unwrap().parse::<u64>().unwrap();
            }
        }
    }

    /// The records that come after the last state of their stream.
    fn uncovered(&self) -> usize {
        let last = |stream: usize| {
            let of_stream = self.states.iter().rfind(|state| state.scope.is_none_or(|scope| scope == stream));
            of_stream.map_or(0, |state| state.place)
        };
        self.tickets.iter().filter(|(place, ticket)| **place >= last(ticket.stream)).count()
    }
}

fn stream_id(stream: usize) -> StreamId {
    StreamId::new(&format!("s{stream}"), None)
}

/// What HubSpot would hold had the accepted records come one by one, without the values that it does not take.
fn reference(sync: &Sync, mut store: Store) -> Store {
    for (place, line) in sync.plan.lines.iter().enumerate() {
        let Line::Record { address, properties, .. } = line else { continue };
        if !matches!(sync.fates[&place], Fate::Rejected(_)) {
            store.upsert(address, properties.iter().copied().filter(|(name, value)| acceptable(name, value)));
        }
    }
    store
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    #[test]
    fn a_sync_is_what_its_records_are_one_by_one(plan in plan()) {
        let mut sync = Sync::new(plan);
        let before = sync.hubspot.store.clone();
        let records = sync.plan.lines.iter().filter(|line| matches!(line, Line::Record { .. } | Line::Unmapped { .. })).count();
        if sync.run().is_err() {
            prop_assert!(sync.hubspot.habits.refuses_all, "only HubSpot can fail here");
            return Ok(());
        }
        prop_assert_eq!(sync.fates.len(), records);
        prop_assert_eq!(sync.ledger.open_records(), 0);
        prop_assert_eq!(sync.batcher.bytes(), 0);
        prop_assert_eq!(sync.out.len(), sync.states.len());
        prop_assert_eq!(sync.counted + sync.uncovered() as u64, records as u64);
        if sync.hubspot.habits.refuses_all {
            // A batch too small to tell the request's fault from its contacts': all are rejected, and none is written.
            return Ok(());
        }
        prop_assert_eq!(sync.hubspot.store.without_stages(), reference(&sync, before.clone()).without_stages());
        for (place, line) in sync.plan.lines.iter().enumerate() {
            let Line::Record { address, properties, .. } = line else { continue };
            let rejected = matches!(sync.fates[&place], Fate::Rejected(_));
            let doomed = ["bad", "taken"].iter().any(|kind| address.starts_with(kind));
            let sound = properties.iter().all(|(name, value)| *name == "gone" || acceptable(name, value));
            prop_assert!(rejected || !doomed, "{line:?} cannot have been written");
            let mended = sound || sync.plan.rules.invalid_values == InvalidValues::DropValue;
            prop_assert!(!rejected || doomed || address.starts_with("picky") || !mended, "{line:?} is rejected");
        }
        let created = sync.fates.values().filter(|fate| **fate == Fate::Created).count();
        let added = sync.hubspot.store.rows.len() - before.rows.len();
        prop_assert!(created == added || sync.plan.habits.spoilt_answers > 0, "{created} created, {added} added");
    }
}
