//! What shares a batch, what waits, and when a partly filled batch goes.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, LazyLock},
    time::Duration,
};

use proptest::prelude::*;

use super::model::{OPTIONS, Rules, Store, contact, key, part, part_of, ticket};
use crate::{
    crm::{key::Key, object::MAX_BATCH_INPUTS, property::LIFECYCLE_STAGE},
    hubspot::batch_call::{BatchCall, KeyedInput},
    mapping::{
        change::PropertyValue,
        reason::{Code, Reason},
        target::Target,
    },
    report::fate::Ticket,
    sync::{
        batcher::{Batcher, Timing},
        input::{Batch, Input, Part},
    },
};

const MEBIBYTE: usize = 1024 * 1024;

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

pub(super) fn batcher() -> Batcher {
    Batcher::new(Timing::STANDARD)
}

fn never(_: Ticket) -> bool {
    false
}

fn keys(batch: &Batch) -> Vec<Key> {
    batch.inputs.iter().map(|input| input.key.clone()).collect()
}

pub(super) fn lines(batch: &Batch) -> Vec<Vec<u64>> {
    batch.inputs.iter().map(|input| input.parts.iter().map(|part| part.ticket.line).collect()).collect()
}

pub(super) fn land(batcher: &mut Batcher, batch: &Batch, now: Duration) {
    batcher.landed(&keys(batch), batch.bytes(), now, never);
}

/// One for all records of a test: they are folded only within a target.
static TARGET: LazyLock<Arc<Target>> = LazyLock::new(|| Arc::new(Rules::default().target()));

pub(super) fn target() -> Arc<Target> {
    Arc::clone(&TARGET)
}

fn by_name(folded: Vec<PropertyValue>) -> BTreeMap<String, Box<str>> {
    folded.into_iter().map(|one| (one.property.name.to_string(), one.value)).collect()
}

pub(super) fn push(batcher: &mut Batcher, line: u64, address: &str, properties: &[(&str, &str)]) {
    batcher.push(&target(), contact(address, properties), ticket(line), Duration::ZERO);
}

/// Lets everything go, each batch landing before the next one leaves.
pub(super) fn drain(batcher: &mut Batcher) -> Vec<Batch> {
    let mut gone = Vec::new();
    while !batcher.is_empty() {
        batcher.finish(Duration::ZERO);
        let batch = batcher.take_ready().expect("at the end, something is always ready once all has landed");
        land(batcher, &batch, Duration::ZERO);
        gone.push(batch);
    }
    gone
}

// ---- The property -------------------------------------------------------------------------------------------

#[derive(Debug, Clone)]
enum Action {
    Push {
        key: u16,
        stage: Option<u8>,
        size: usize,
    },
    /// The batch at this place among those in flight lands.
    Land(usize),
    Take,
    State,
    Wait(u16),
}

fn action() -> impl Strategy<Value = Action> {
    // Hot keys among many.
    let key = prop_oneof![1 => 0..4_u16, 3 => 0..400_u16];
    let stage = prop::option::weighted(0.2, 0..3_u8);
    let size = prop_oneof![60 => 1..40_usize, 1 => Just(MEBIBYTE / 2), 1 => Just(2 * MEBIBYTE + 1)];
    prop_oneof![
        40 => (key, stage, size).prop_map(|(key, stage, size)| Action::Push { key, stage, size }),
        2 => any::<usize>().prop_map(Action::Land),
        3 => Just(Action::Take),
        1 => Just(Action::State),
        1 => (0..3_000_u16).prop_map(Action::Wait),
    ]
}

/// What has been pushed and what has become of it.
#[derive(Debug, Default)]
struct Watch {
    pushed: BTreeMap<Key, Vec<u64>>,
    left: BTreeMap<Key, Vec<u64>>,
    in_flight: Vec<Batch>,
    bytes: usize,
}

impl Watch {
    fn leaves(&mut self, batch: Batch) {
        assert!((1..=MAX_BATCH_INPUTS).contains(&batch.inputs.len()));
        let distinct: HashSet<Key> = keys(&batch).into_iter().collect();
        assert_eq!(distinct.len(), batch.inputs.len(), "a key twice in a batch");
        assert!(
            self.in_flight.iter().flat_map(keys).all(|key| !distinct.contains(&key)),
            "a key twice in flight"
        );
        let sizes = || batch.inputs.iter().map(Input::body_bytes);
        let (all, largest) = (sizes().sum::<usize>(), sizes().max().unwrap_or(0));
        assert!(all < 2 * MEBIBYTE + largest, "a body of {all} bytes");
        for input in &batch.inputs {
            let stages: HashSet<&str> = input
                .parts
                .iter()
                .flat_map(|part| &part.properties)
                .filter(|one| &*one.property.name == LIFECYCLE_STAGE)
                .map(|one| &*one.value)
                .collect();
            assert!(stages.len() <= 1, "two stages in one input");
            self.left
                .entry(input.key.clone())
                .or_default()
                .extend(input.parts.iter().map(|part| part.ticket.line));
        }
        self.in_flight.push(batch);
    }

    fn lands(&mut self, batcher: &mut Batcher, place: usize, now: Duration) {
        if !self.in_flight.is_empty() {
            let batch = self.in_flight.remove(place % self.in_flight.len());
            self.bytes -= batch.bytes();
            land(batcher, &batch, now);
        }
    }
}

#[test]
fn an_input_weighs_what_its_records_hold() {
    let mut dropping = contact("a@x.com", &[]);
    dropping.dropped = vec![Reason::of(Code::InvalidValue); 3];
    let second = Part::new(ticket(2), dropping);
    let parts = vec![part(1, &[("phone", "12345"), ("notes", "")]), second];
    let input = Input { key: key("a@x.com"), archives: false, parts };
    assert_eq!(input.body_bytes(), 2 * (128 + 7) + 2 * (6 + 5) + 5);
    let in_memory = 2 * (256 + 7) + 2 * 48 + 5 + 3 * size_of::<Reason>();
    assert_eq!(input.bytes(), in_memory + input.body_bytes());
}

/// The body of the request that writes these inputs as they are.
fn body(inputs: &[Input]) -> usize {
    let target = target();
    let folded: Vec<Vec<PropertyValue>> = inputs.iter().map(Input::fold).collect();
    let inputs = inputs.iter().zip(&folded).enumerate().map(|(trace_id, (input, folded))| KeyedInput {
        trace_id,
        key: &input.key,
        properties: folded.iter().map(|one| (&*one.property.name, &*one.value)),
    });
    BatchCall::upsert(&target.key_space, inputs, &[]).body.len()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn each_record_leaves_once_in_the_order_of_its_key(actions in prop::collection::vec(action(), 1..700)) {
        let (mut batcher, mut watch, mut now) = (batcher(), Watch::default(), Duration::ZERO);
        let text = "x".repeat(2 * MEBIBYTE + 1);
        for (line, action) in (1..).zip(actions) {
            match action {
                Action::Push { key, stage, size } => {
                    let stage = stage.map(|stage| ["lead", "customer", ""][usize::from(stage)]);
                    let mut properties = vec![("notes", text.get(..size).unwrap())];
                    properties.extend(stage.map(|stage| (LIFECYCLE_STAGE, stage)));
                    let contact = contact(&format!("k{key}@x.com"), &properties);
                    watch.pushed.entry(contact.key.clone()).or_default().push(line);
                    watch.bytes += Input { key: contact.key.clone(), archives: false, parts: vec![part_of(contact.key.as_str(), line, &properties)] }.bytes();
                    batcher.push(&target(), contact, ticket(line), now);
                }
                Action::Land(place) => watch.lands(&mut batcher, place, now),
                Action::Take => {
                    if let Some(batch) = batcher.take_ready() {
                        watch.leaves(batch);
                    }
                }
                Action::State => batcher.state_arrived(|_| true),
                Action::Wait(milliseconds) => {
                    now += Duration::from_millis(milliseconds.into());
                    if batcher.deadline().is_some_and(|due| due <= now) {
                        batcher.close_partial(now);
                        prop_assert!(batcher.has_ready());
                    }
                }
            }
            prop_assert_eq!(batcher.bytes(), watch.bytes);
            prop_assert!(batcher.deadline().is_none_or(|due| due <= now + Timing::STANDARD.longest_wait));
        }
        while !batcher.is_empty() {
            batcher.finish(now);
            while let Some(batch) = batcher.take_ready() {
                watch.leaves(batch);
            }
            prop_assert!(!watch.in_flight.is_empty(), "nothing leaves any more");
            watch.lands(&mut batcher, 0, now);
        }
        prop_assert_eq!(batcher.bytes(), 0);
        prop_assert_eq!(batcher.deadline(), None);
        prop_assert_eq!(watch.left, watch.pushed);
    }

    #[test]
    fn inputs_weigh_no_less_than_in_the_body_of_their_request(
        texts in prop::collection::vec(prop::collection::vec("[\\PC\"\\\\\n\r\t\u{0}-\u{1f}]{0,30}", 1..4), 1..30),
    ) {
        // Some keys come twice, and their records are folded.
        let mut inputs: Vec<Input> = Vec::new();
        for (number, texts) in texts.iter().enumerate() {
            let names = ["notes", "phone", "city"];
            let values: Vec<(&str, &str)> = names.into_iter().zip(texts.iter().map(String::as_str)).collect();
            let key = key(&format!("k{}@x.com", number % 20));
            let part = part_of(key.as_str(), 1, &values);
            match inputs.iter_mut().find(|input| input.key == key) {
                Some(input) => input.parts.push(part),
                None => inputs.push(Input { key, archives: false, parts: vec![part] }),
            }
        }
        let (weight, body) = (inputs.iter().map(Input::body_bytes).sum::<usize>(), body(&inputs));
        let parts: usize = inputs.iter().map(|input| input.parts.len()).sum();
        prop_assert!(body <= weight + 16, "{body} > {weight}");
        if parts == inputs.len() {
            prop_assert!(weight <= body + parts * 64, "{weight} for {body}");
        }
    }

    /// States, whatever they wait for, do not cost requests while records keep coming.
    #[test]
    fn n_contacts_cost_a_hundredth_of_n_batches(n in 1..700_u64, every in 1..50_u64, step in 0..490_u64) {
        let mut batcher = batcher();
        let mut batches = 0;
        for line in 0..n {
            let now = Duration::from_millis(line * step / 20);
            if batcher.deadline().is_some_and(|due| due <= now) {
                batcher.close_partial(now);
            }
            batcher.push(&target(), contact(&format!("k{line}@x.com"), &[("phone", "1")]), ticket(line), now);
            if line % every == 0 {
                batcher.state_arrived(|_| true);
            }
            batches += u64::from(batcher.take_ready().is_some());
        }
        batcher.finish(Duration::from_mins(1));
        batches += u64::from(batcher.take_ready().is_some());
        prop_assert_eq!(batches, n.div_ceil(100));
    }

    /// Folding is what HubSpot would have made of the records one after the other.
    #[test]
    fn folded_values_are_those_of_the_records_in_turn(
        records in prop::collection::vec(prop::collection::btree_map(
            prop::sample::select(vec!["phone", "notes", OPTIONS]),
            prop::sample::select(vec!["", "a", "b;c", ";d", ";a;e"]),
            0..3,
        ), 1..6),
    ) {
        // A contact that has options already, and one that is new.
        for addresses in [&["a@x.com"][..], &["other@x.com"]] {
            let mut one_by_one = Store::with(&[addresses]);
            one_by_one.upsert(addresses[0], [(OPTIONS, "z"), ("phone", "0")]);
            let mut folded = one_by_one.clone();
            let listed: Vec<Vec<(&str, &str)>> =
                records.iter().map(|record| record.iter().map(|(name, value)| (*name, *value)).collect()).collect();
            for properties in &listed {
                one_by_one.upsert("a@x.com", properties.iter().copied());
            }
            let parts = (1..).zip(&listed).map(|(line, properties)| part(line, properties)).collect();
            let folded_values = Input { key: key("a@x.com"), archives: false, parts }.fold();
            folded.upsert("a@x.com", folded_values.iter().map(|one| (&*one.property.name, &*one.value)));
            prop_assert_eq!(folded, one_by_one);
        }
    }
}

// ---- Folding and parking ------------------------------------------------------------------------------------

#[test]
fn a_hundred_keys_fill_a_batch_and_a_key_that_waits_is_folded() {
    let mut batcher = batcher();
    for line in 0..99 {
        push(&mut batcher, line, &format!("k{line}@x.com"), &[("phone", "1")]);
        push(&mut batcher, line + 1_000, &format!("K{line}@X.com"), &[("phone", "2")]);
    }
    assert!(batcher.take_ready().is_none());
    push(&mut batcher, 99, "k99@x.com", &[("phone", "1")]);
    let batch = batcher.take_ready().unwrap();
    assert_eq!(batch.inputs.len(), 100);
    assert_eq!(lines(&batch)[5], [5, 1_005]);
    assert!(batcher.take_ready().is_none() && !batcher.is_empty());
}

#[test]
fn a_key_in_flight_is_parked_and_folds_there() {
    let mut batcher = batcher();
    push(&mut batcher, 1, "a@x.com", &[("phone", "1")]);
    batcher.close_partial(Duration::ZERO);
    // Ready counts as in flight: its order to the next one is what matters.
    push(&mut batcher, 2, "a@x.com", &[("phone", "2")]);
    let first = batcher.take_ready().unwrap();
    push(&mut batcher, 3, "a@x.com", &[("phone", "3")]);
    push(&mut batcher, 4, "b@x.com", &[("phone", "4")]);
    batcher.finish(Duration::ZERO);
    assert!(!batcher.has_ready(), "the parked contact will soon join the open batch");
    land(&mut batcher, &first, Duration::ZERO);
    batcher.finish(Duration::ZERO);
    let second = batcher.take_ready().unwrap();
    assert_eq!(lines(&second), [vec![4], vec![2, 3]]);
    land(&mut batcher, &second, Duration::ZERO);
    assert!(batcher.is_empty());
}

#[test]
fn two_different_stages_are_two_steps_and_each_is_seen() {
    let stage = |stage| [(LIFECYCLE_STAGE, stage)];
    let mut batcher = batcher();
    push(&mut batcher, 1, "a@x.com", &stage("lead"));
    push(&mut batcher, 2, "a@x.com", &[("phone", "1")]);
    push(&mut batcher, 3, "a@x.com", &stage("lead"));
    push(&mut batcher, 4, "a@x.com", &stage("customer"));
    // What comes after the second step may not overtake it.
    push(&mut batcher, 5, "a@x.com", &[("phone", "2")]);
    push(&mut batcher, 6, "a@x.com", &stage("customer"));
    push(&mut batcher, 7, "a@x.com", &stage("lead"));
    push(&mut batcher, 8, "b@x.com", &stage("lead"));
    let left: Vec<_> = drain(&mut batcher).iter().map(lines).collect();
    assert_eq!(left, [vec![vec![1, 2, 3], vec![8]], vec![vec![4, 5, 6]], vec![vec![7]]]);
}

#[test]
fn a_leading_semicolon_appends_for_a_property_of_several_options_only() {
    let parts = vec![
        part(1, &[(OPTIONS, "a"), ("phone", "a")]),
        part(2, &[(OPTIONS, ";b"), ("phone", ";b")]),
        part(3, &[(OPTIONS, ";c;d")]),
    ];
    let merged = by_name(Input { key: key("a@x.com"), archives: false, parts }.fold());
    assert_eq!((&*merged[OPTIONS], &*merged["phone"]), ("a;b;c;d", ";b"));
    let parts = vec![part(1, &[(OPTIONS, ";a")]), part(2, &[(OPTIONS, ";b")])];
    let merged = by_name(Input { key: key("a@x.com"), archives: false, parts }.fold());
    assert_eq!(&*merged[OPTIONS], ";a;b", "what HubSpot has stays");
    let parts = vec![part(1, &[(OPTIONS, "")]), part(2, &[(OPTIONS, ";b")])];
    let merged = by_name(Input { key: key("a@x.com"), archives: false, parts }.fold());
    assert_eq!(&*merged[OPTIONS], "b", "cleared, then chosen");
}

#[test]
fn three_hundred_short_properties_do_not_cut_a_batch_short() {
    let names: Vec<String> = (0..300).map(|number| format!("a_property_with_number_{number}")).collect();
    let properties: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "a text")).collect();
    let mut batcher = batcher();
    for line in 0..1_000 {
        push(&mut batcher, line, &format!("k{line}@x.com"), &properties);
    }
    let sizes: Vec<usize> = drain(&mut batcher).iter().map(|batch| batch.inputs.len()).collect();
    assert_eq!(sizes, [100; 10]);
}

#[test]
fn a_batch_has_its_fill_of_bytes() {
    let text = "x".repeat(MEBIBYTE);
    let mut batcher = batcher();
    for line in 0..3 {
        push(&mut batcher, line, &format!("k{line}@x.com"), &[("notes", &text)]);
    }
    assert_eq!(lines(&batcher.take_ready().unwrap()), [[0]]);
    assert_eq!(lines(&batcher.take_ready().unwrap()), [[1]]);
    assert!(!batcher.has_ready());
    let larger = text.repeat(4);
    push(&mut batcher, 3, "k3@x.com", &[("notes", &larger)]);
    assert_eq!(lines(&batcher.take_ready().unwrap()), [[2]]);
    assert_eq!(lines(&batcher.take_ready().unwrap()), [[3]], "one alone may be larger");
}

// ---- When a partly filled batch goes ------------------------------------------------------------------------

fn push_at(batcher: &mut Batcher, line: u64, at: f64) {
    batcher.push(&target(), contact(&format!("k{line}@x.com"), &[("phone", "1")]), ticket(line), seconds(at));
}

#[test]
fn without_a_state_a_partly_filled_batch_goes_after_a_minute() {
    let mut batcher = batcher();
    assert_eq!(batcher.deadline(), None);
    push_at(&mut batcher, 1, 5.0);
    push_at(&mut batcher, 2, 50.0);
    assert_eq!(batcher.deadline(), Some(seconds(65.0)));
    batcher.state_arrived(never);
    assert_eq!(batcher.deadline(), Some(seconds(65.0)), "the state is about other records");
}

#[test]
fn a_state_that_waits_lets_it_go_once_records_have_stopped() {
    let mut batcher = batcher();
    push_at(&mut batcher, 1, 5.0);
    batcher.state_arrived(|ticket| ticket.line == 1);
    assert_eq!(batcher.deadline(), Some(seconds(5.5)));
    push_at(&mut batcher, 2, 5.4);
    assert_eq!(batcher.deadline(), Some(seconds(5.9)));
    batcher.reading_again(seconds(5.7));
    assert_eq!(batcher.deadline(), Some(seconds(5.9)), "reading was not stopped");
    batcher.reading_stopped();
    assert_eq!(batcher.deadline(), Some(seconds(65.0)), "while reading is stopped no record can come");
    batcher.reading_again(seconds(9.0));
    assert_eq!(batcher.deadline(), Some(seconds(9.5)), "while reading was stopped no record could come");
    for line in 3..200 {
        push_at(&mut batcher, line, 64.8);
        batcher.take_ready();
    }
    assert_eq!(batcher.deadline(), Some(seconds(124.8)), "the state's record has left");
}

#[test]
fn records_that_keep_coming_hold_a_state_for_a_minute_at_most() {
    let mut batcher = batcher();
    push_at(&mut batcher, 1, 0.0);
    batcher.state_arrived(|_| true);
    for line in 2..90 {
        let at = f64::from(u32::try_from(line).unwrap()) * 0.67;
        push_at(&mut batcher, line, at);
    }
    assert_eq!(batcher.deadline(), Some(seconds(60.0)));
}

#[test]
fn partly_filled_batches_keep_two_seconds_between_them() {
    let mut batcher = batcher();
    push_at(&mut batcher, 1, 5.0);
    batcher.state_arrived(|_| true);
    batcher.close_partial(seconds(5.5));
    push_at(&mut batcher, 2, 5.6);
    assert_eq!(batcher.deadline(), Some(seconds(65.6)), "no state waits");
    batcher.state_arrived(|_| true);
    assert_eq!(batcher.deadline(), Some(seconds(7.5)));
    push_at(&mut batcher, 3, 7.4);
    assert_eq!(batcher.deadline(), Some(seconds(7.9)));
}

#[test]
fn a_parked_contact_that_a_state_waits_for_makes_the_batch_it_joins_go() {
    let mut batcher = batcher();
    push_at(&mut batcher, 1, 0.0);
    batcher.close_partial(seconds(0.0));
    let first = batcher.take_ready().unwrap();
    batcher.push(&target(), contact("k1@x.com", &[("phone", "2")]), ticket(2), seconds(1.0));
    batcher.state_arrived(|_| true);
    assert_eq!(batcher.deadline(), None);
    batcher.landed(&keys(&first), first.bytes(), seconds(10.0), |ticket| ticket.line == 2);
    assert_eq!(batcher.deadline(), Some(seconds(2.0)));
}
