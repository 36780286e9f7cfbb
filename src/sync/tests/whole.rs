//! The sync as it ships, on a clock that tests turn: several batches in flight that land in any order, states between
//! the records, records that are rejected at once, silences, answers that are lost, a HubSpot that fails midway.

use std::{collections::HashMap, sync::Arc, time::Duration};

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{
    harness::{Course, Ended, Piece, STREAMS, record, state_line},
    model::{Collision, Habits, HubSpot, OPTIONS, Rules, Store, acceptable, new_contact_stage},
    wire::{Way, Wire},
};
use crate::{
    config::InvalidValues,
    crm::property::LIFECYCLE_STAGE,
    mapping::reason::Code,
    report::fate::{Fate, Ticket},
    sync::run::End,
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
    way: Way,
    rules: Rules,
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
        slowest in prop::sample::select(vec![0, 50, 3_000]),
        limit in prop::sample::select(vec![20, 100, 190]),
        troubles in prop_oneof![2 => Just(0), 1 => 1..4_u32],
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
        let (fastest, slowest) = (Duration::ZERO, Duration::from_millis(slowest));
        let way = Way { fastest, slowest, limit, troubles, fails_from };
        Plan { lines, habits, way, rules, seed }
    }
}

impl Plan {
    fn records(&self) -> impl Iterator<Item = (usize, usize)> {
        self.lines.iter().enumerate().filter_map(|(place, line)| match line {
            Line::Record { stream, .. } | Line::Unmapped { stream, .. } => Some((place, *stream)),
            Line::State(_) | Line::Silence(_) => None,
        })
    }

    /// The states in reading order: where each was read, and what it covers.
    fn states(&self) -> Vec<(usize, Option<usize>)> {
        let state = |(place, line): (usize, &Line)| match line {
            Line::State(scope) => Some((place, *scope)),
            _ => None,
        };
        self.lines.iter().enumerate().filter_map(state).collect()
    }

    /// The records that come after the last state of their stream.
    fn uncovered(&self) -> usize {
        let states = self.states();
        let last =
            |stream| states.iter().rfind(|(_, scope)| covers(*scope, stream)).map_or(0, |(place, _)| *place);
        self.records().filter(|(place, stream)| *place >= last(*stream)).count()
    }

    /// The lines as a source sends them: some at once, some a little later. A silence is an empty line, so that the
    /// place of a line in the plan is its number in the input less one.
    fn pieces(&self) -> Vec<Piece> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let (mut pieces, mut text, mut states) = (Vec::new(), String::new(), 0);
        for line in &self.lines {
            let mut silence = (random.u8(0..8) == 0).then(|| Duration::from_millis(random.u64(0..50)));
            text += &match line {
                Line::Record { stream, address, properties } => {
                    let mut data = Map::from_iter([("email".to_owned(), json!(address))]);
                    data.extend(properties.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
                    record(STREAMS[*stream], &data.into())
                }
                Line::Unmapped { stream, code } => record(STREAMS[*stream], &unmapped(*code)),
                Line::State(scope) => {
                    states += 1;
                    state_line(scope.map(|stream| STREAMS[stream]), states - 1)
                }
                Line::Silence(milliseconds) => {
                    silence = Some(Duration::from_millis((*milliseconds).into()));
                    "\n".to_owned()
                }
            };
            if let Some(silence) = silence {
                pieces.push(Piece::Lines(std::mem::take(&mut text)));
                pieces.push(Piece::Silence(silence));
            }
        }
        pieces.push(Piece::Lines(text));
        pieces
    }
}

fn covers(scope: Option<usize>, stream: usize) -> bool {
    scope.is_none_or(|scope| scope == stream)
}

/// The data of a record that becomes no contact.
fn unmapped(code: Code) -> Value {
    match code {
        Code::InvalidEmail => json!({ "email": "nobody" }),
        Code::MissingEmail => json!({ "email": null, "phone": "1" }),
        Code::DeletedInSource => json!({ "email": "k1@x.com", "_ab_cdc_deleted_at": "2024-01-01T00:00:00Z" }),
        other => panic!("no record is made for {other:?}"),
    }
}

/// What HubSpot holds before.
fn store() -> Store {
    let known: Vec<String> =
        (0..60).map(|number| format!("k{number}@x.com")).chain(["hot0@x.com".to_owned()]).collect();
    let rows: Vec<[&str; 1]> = known.iter().map(|address| [address.as_str()]).collect();
    Store::with(&rows.iter().map(<[&str; 1]>::as_slice).collect::<Vec<_>>())
}

/// A sync that is over.
struct Over {
    plan: Plan,
    ended: Ended,
    wire: Arc<Wire>,
    /// By the place of their record in the plan.
    fates: HashMap<usize, Fate>,
}

impl Over {
    /// Runs a plan, and holds each fate and each state against what was read and told before.
    fn new(plan: Plan) -> Self {
        let hubspot = HubSpot::new(plan.habits.clone(), store(), plan.seed);
        let wire = Arc::new(Wire::new(hubspot, plan.way.clone(), plan.seed));
        let transport = Arc::clone(&wire);
        let course = Course { rules: plan.rules.clone(), seed: plan.seed, ..Course::default() };
        let ended = course.run(transport, plan.pieces());
        let mut fates = HashMap::new();
        for (ticket, fate) in &ended.fates {
            assert!(fates.insert(place(*ticket), fate.clone()).is_none(), "a second fate of {ticket:?}");
        }
        assert!(fates.keys().all(|place| plan.records().any(|(record, _)| record == *place)));
        let over = Self { plan, ended, wire, fates };
        over.check_states();
        over
    }

    fn check_states(&self) {
        let states = self.plan.states();
        let told = |fates: usize| self.ended.fates[..fates].iter().map(|(ticket, _)| place(*ticket));
        for (before, written) in self.ended.written.iter().enumerate() {
            let number = written.number();
            let (place, scope) = states[number];
            let earlier = &self.ended.states()[..before];
            assert!(!earlier.contains(&number), "state {number} goes out twice");
            let settled: std::collections::HashSet<usize> = told(written.fates_before).collect();
            for stream in (0..STREAMS.len()).filter(|&stream| covers(scope, stream)) {
                let mut same = (0..number).filter(|&one| covers(states[one].1, stream));
                assert!(same.all(|one| earlier.contains(&one)), "state {number} is out of order");
            }
            for (record, stream) in self.plan.records().filter(|(record, _)| *record < place) {
                assert!(
                    !covers(scope, stream) || settled.contains(&record),
                    "state {number} went out before record {record} was settled"
                );
            }
        }
    }

    /// The records that the states count.
    fn counted(&self) -> u64 {
        self.ended.written.iter().map(|written| written.counts().0 + written.counts().1).sum()
    }

    fn count(&self, is_counted: impl Fn(&Fate) -> bool) -> u64 {
        self.fates.values().filter(|fate| is_counted(fate)).count() as u64
    }

    /// What HubSpot would hold had the accepted records come one by one, without the values that it does not take.
    fn reference(&self) -> Store {
        let mut store = store();
        for (place, line) in self.plan.lines.iter().enumerate() {
            let Line::Record { address, properties, .. } = line else { continue };
            if !matches!(self.fates[&place], Fate::Rejected(_)) {
                let taken = properties.iter().copied().filter(|(name, value)| acceptable(name, value));
                store.upsert(address, taken);
            }
        }
        store
    }
}

fn place(ticket: Ticket) -> usize {
    usize::try_from(ticket.line).unwrap() - 1
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    #[test]
    fn a_sync_is_what_its_records_are_one_by_one(plan in plan()) {
        let over = Over::new(plan);
        let records = over.plan.records().count() as u64;
        let hubspot = over.wire.hubspot();
        // The summary is what was told of each record, however the sync ended.
        let open = over.ended.count("read") - over.fates.len() as u64;
        prop_assert_eq!(over.ended.count("open"), open);
        prop_assert_eq!(over.ended.count("created"), over.count(|fate| *fate == Fate::Created));
        prop_assert_eq!(over.ended.count("updated"), over.count(|fate| *fate == Fate::Updated));
        prop_assert_eq!(over.ended.count("folded"), over.count(|fate| *fate == Fate::Folded));
        prop_assert_eq!(over.ended.count("skipped"), over.count(|fate| matches!(fate, Fate::Skipped(_))));
        prop_assert_eq!(over.ended.count("rejected"), over.count(|fate| matches!(fate, Fate::Rejected(_))));
        match &over.ended.end {
            End::Complete => {}
            End::Failed(failure) => {
                prop_assert!(hubspot.habits.refuses_all, "only HubSpot can fail here: {failure:?}");
                return Ok(());
            }
            other => prop_assert!(false, "{other:?}"),
        }
        prop_assert_eq!(over.ended.count("read"), records);
        prop_assert_eq!(open, 0);
        prop_assert_eq!(over.ended.bytes, (0, 0));
        prop_assert_eq!(over.ended.written.len(), over.plan.states().len());
        prop_assert_eq!(over.counted() + over.plan.uncovered() as u64, records);
        if hubspot.habits.refuses_all {
            // A batch too small to tell the request's fault from its contacts': all are rejected, and none is written.
            return Ok(());
        }
        prop_assert_eq!(hubspot.store.without_stages(), over.reference().without_stages());
        for (place, line) in over.plan.lines.iter().enumerate() {
            match line {
                Line::Record { address, properties, .. } => {
                    let rejected = matches!(over.fates[&place], Fate::Rejected(_));
                    let doomed = ["bad", "taken"].iter().any(|kind| address.starts_with(kind));
                    let sound = properties.iter().all(|(name, value)| *name == "gone" || acceptable(name, value));
                    prop_assert!(rejected || !doomed, "{line:?} cannot have been written");
                    let mended = sound || over.plan.rules.invalid_values == InvalidValues::DropValue;
                    prop_assert!(!rejected || doomed || address.starts_with("picky") || !mended, "{line:?} is rejected");
                }
                Line::Unmapped { code, .. } => match &over.fates[&place] {
                    Fate::Skipped(reason) => prop_assert_eq!(reason.code, Code::DeletedInSource),
                    Fate::Rejected(rejection) => prop_assert_eq!(rejection.reason.code, *code),
                    other => prop_assert!(false, "{other:?} for {code:?}"),
                },
                Line::State(_) | Line::Silence(_) => {}
            }
        }
        let created = usize::try_from(over.ended.count("created")).unwrap();
        let added = hubspot.store.rows.len() - store().rows.len();
        let lost = over.plan.habits.spoilt_answers > 0 || over.plan.way.troubles > 0;
        prop_assert!(created == added || lost, "{created} created, {added} added");
    }
}
