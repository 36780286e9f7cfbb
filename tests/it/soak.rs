//! A long sync with faults of every kind: what HubSpot holds in the end is what the records say, one after the other.

use std::collections::BTreeMap;

use hubspot_sandbox::{Fault, Policy, RetryAfter, StatusAnswer, What};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    memory::{MOST_KIB, long_run, peak_kib},
    model::{Model, reasons, roomy_sandbox, sums_of_success},
    support::{Connector, record, state},
};

/// Enough that each kind of fault is met. `.ci/run` asks for ten times as many.
const RECORDS: u32 = 20_000;
/// So many records for one fault: one in five requests. A longer sync is milder, one in fifty, as an account may be.
const RECORDS_OF_A_FAULT: u64 = 4_000;
const SEED: u64 = 2026;

/// Every kind of fault that a sync survives without losing a record.
fn kinds() -> Vec<(&'static str, Fault)> {
    // An input that is asked about alone has had its second chance.
    let of_a_batch = |what: What| Fault::new(what).min_inputs(2);
    let any = |what: What| Fault::new(what);
    let status = |status: u16| StatusAnswer::new(status);
    let limited = |policy, retry_after| What::RateLimited { policy, retry_after };
    vec![
        ("a gateway's page", any(What::html(502))),
        ("500 after the write", any(What::status(500)).after_write()),
        ("a conflict", of_a_batch(What::conflict())),
        ("a lost answer", any(What::LoseAnswer)),
        ("a lost request", any(What::CloseUnread)),
        ("a forgotten input", of_a_batch(What::Unaccounted)),
        ("a cut answer", any(What::CutBody)),
        ("429", any(limited(Some(Policy::TenSecondlyRolling), None))),
        (
            "an unknown category",
            of_a_batch(What::Category { category: "SOMETHING_NEW".to_owned(), whole_batch: false }),
        ),
        ("no results", any(What::EmptyResults)),
        ("a lock", any(status(423).into())),
        ("409", of_a_batch(What::Conflict { existing_id: false, whole_batch: true })),
        ("no JSON", any(What::NotJson)),
        ("429 with a pause", any(limited(Some(Policy::Secondly), Some(RetryAfter::Seconds(3))))),
        ("an error that names nobody", of_a_batch(What::ErrorWithoutTraceId)),
        ("no body", any(What::EmptyBody)),
        ("a migration", any(status(477).retry_after(RetryAfter::Seconds(5)).into())),
        ("an address that exists", of_a_batch(What::AlreadyExists { whole_batch: false })),
        ("an answer that is too long", of_a_batch(What::Oversized { bytes: 17 * 1024 * 1024 })),
        ("a proxy's 403", any(What::html(403))),
        ("400 without a reason", of_a_batch(What::status(400))),
        ("401", any(What::status(401))),
        ("413", of_a_batch(What::bare(413))),
        ("a slow answer", any(What::SlowBody { chunks: 4, pause_ms: 10 })),
        ("no answer in time", any(What::Delay { ms: 60_000, jitter_ms: 0, before_write: false })),
    ]
}

/// Each kind in its turn, again and again, so far apart that no batch meets the same one twice in a row. What concerns
/// batches of several contacts counts these.
fn faults(every: u64) -> Vec<Fault> {
    const ROUNDS: u64 = 12;
    let kinds = kinds();
    let turns = u64::try_from(kinds.len()).unwrap();
    let mut faults = Vec::new();
    for (turn, (name, fault)) in (0..).zip(kinds) {
        let places = (0..ROUNDS).map(|round| (round * turns + turn + 1) * every);
        let fault = fault.named(name);
        if fault.when.min_inputs.is_some() {
            faults.extend(places.map(|place| fault.clone().skip(place / 2).times(1)));
        } else {
            faults.push(fault.requests(places));
        }
    }
    faults
}

/// One record, what it does to the model, and whether it is rejected.
fn next_record(number: u64, random: &mut fastrand::Rng, model: &mut Model) -> (Value, Option<&'static str>) {
    let is_hot = random.u8(..10) < 3;
    let person = if is_hot { random.u32(..300) } else { 1_000 + random.u32(..120_000) };
    let mut email = format!("person-{person}@example.com");
    if random.u8(..20) == 0 {
        email = format!(" {}", email.to_uppercase());
    }
    let counter = number.to_string();
    let mut data = json!({ "email": email, "followercount": number });
    let mut values = vec![("followercount", counter.as_str())];
    let mut set = |name: &'static str, value: &'static str| {
        data[name] = json!(value);
        values.push((name, value));
    };
    match random.u8(..6) {
        0 => set("firstname", "Ada"),
        1 => set("lastname", "Lovelace"),
        2 => set("city", ["London", "Paris", "Łódź"][random.usize(..3)]),
        3 => set("interests", [";books", ";music", "travel"][random.usize(..3)]),
        4 => set("lifecyclestage", ["lead", "opportunity", "customer"][random.usize(..3)]),
        _ => set("company", "Analytical Engines"),
    }
    // A few are not fit to be written, and a few have a value that is not.
    match random.u16(..500) {
        0 => {
            data["email"] = json!(format!("person-{person}@example.invalid"));
            return (data, Some("invalid_email"));
        }
        1 => {
            data["email"] = Value::Null;
            return (data, Some("missing_email"));
        }
        2 => {
            data["_ab_cdc_deleted_at"] = json!("2026-01-01T00:00:00Z");
            return (data, Some("deleted_in_source"));
        }
        3 => data["numemployees"] = json!("many"),
        // Only HubSpot knows that this is no name.
        4 | 5 if data["lastname"].is_null() => data["lastname"] = json!("https://example.com"),
        _ => {}
    }
    model.write(&email, &values);
    (data, None)
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are for whoever runs the test")]
fn a_long_sync_with_every_kind_of_fault_loses_nothing() {
    let records = u64::from(long_run(RECORDS));
    let sandbox = roomy_sandbox(|settings| {
        settings.seed = SEED;
        settings.recorded_bodies = 0;
        settings.limits.max = Some(100_000);
        settings.limits.daily = Some(10_000_000);
        settings.faults = faults((records / RECORDS_OF_A_FAULT).clamp(5, 50));
    });
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut model = Model::default();
    let mut rejected = BTreeMap::<&str, u64>::new();
    let started = Instant::now();
    // Time limits of some seconds: a busy machine is no fault.
    let mut running = Connector::new(&sandbox).variable("HUBSPOT_DELAY_SCALE", "0.05").start("write");
    for number in 0..records {
        let (data, reason) = next_record(number, &mut random, &mut model);
        if let Some(reason) = reason {
            *rejected.entry(reason).or_default() += 1;
        }
        let mut lines = record(data);
        if random.u16(..700) == 0 || number + 1 == records {
            lines += &state(number);
        }
        running.send(&lines);
    }
    running.wait_for_state(records - 1);
    let peak = peak_kib(&running);
    let outcome = running.finish();
    let seconds = started.elapsed().as_secs_f64();

    let sums = sums_of_success(&outcome, &sandbox);
    println!(
        "{records} records in {seconds:.0} s: {} requests, {} of them repeated, at most {} MiB resident; created {}, \
         updated {}, folded {}, rejected {}",
        sums.requests,
        sums.retries,
        peak / 1024,
        sums.created,
        sums.updated,
        sums.folded,
        sums.rejected,
    );
    assert_eq!(sums.read, records);
    assert_eq!(sums.skipped, rejected.remove("deleted_in_source").unwrap_or_default());
    let expected: Vec<String> = rejected.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
    let mut told: Vec<String> = reasons(&outcome).split(", ").map(str::to_owned).collect();
    told.sort();
    assert_eq!(told, expected);
    assert!(outcome.state_ids().is_sorted());
    assert!(peak <= MOST_KIB, "{} MiB", peak / 1024);
    let met: Vec<String> = sandbox.requests().into_iter().filter_map(|request| request.fault).collect();
    for (name, _) in kinds() {
        // A delay may strike beside another fault.
        assert!(met.iter().any(|fault| fault.split('+').any(|one| one == name)), "not met: {name}");
    }
    model.assert_stored(&sandbox);
    println!("{} contacts as expected, {} requests met a fault", model.len(), met.len());
}
