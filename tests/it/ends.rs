//! How a sync ends: by failures, signals, a reader that leaves, a crash, and the end of the input.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin},
    time::Duration,
};

use hubspot_sandbox::{Fault, Policy, RetryAfter, Sandbox, StatusAnswer, What, tokens};
use serde_json::json;

use super::{
    paths,
    support::{
        Connector, HANG, email_of, end_of, people, people_of, record, sandbox, sandbox_with_faults, state,
        state_of, upserts, wait_for_upsert_of,
    },
};

/// Longer than any test.
const FOR_EVER: Duration = Duration::from_hours(1);

fn from_second_upsert(what: What) -> Sandbox {
    sandbox_with_faults(vec![Fault::new(what).path(paths::UPSERT).skip(1)])
}

#[test]
fn a_fatal_answer_ends_the_sync_though_standard_input_is_held_open() {
    for (answer, failure_type, part) in [
        (What::status(401), "config_error", "`access_token`"),
        (What::status(403), "config_error", "`crm.objects.contacts.write`"),
        (What::html(404), "config_error", "`api_version`"),
        (What::redirect(), "config_error", "redirect"),
        (What::bare(418), "system_error", "status 418"),
        (
            What::RateLimited { policy: Some(Policy::Daily), retry_after: None },
            "transient_error",
            "daily limit",
        ),
        (
            StatusAnswer::new(477).retry_after(RetryAfter::Seconds(86_400)).into(),
            "transient_error",
            "1440 minutes",
        ),
        (What::status(503), "transient_error", "status 503"),
    ] {
        let sandbox = from_second_upsert(answer.clone());
        let mut running = Connector::new(&sandbox).start("write");
        running.send(&(people(0..100) + &state(1)));
        running.wait_for_state(1);
        running.send(&(people(100..200) + &state(2)));
        let outcome = running.wait();
        let message = outcome.assert_failure(failure_type);
        assert!(message.contains(part), "{answer:?}: {message}");
        assert_eq!(outcome.state_ids(), [1], "{answer:?}");
        assert_eq!(sandbox.contacts().len(), 100);
        assert!(sandbox.requests_to("/redirected").is_empty());
        let summary = outcome.summary();
        assert!(summary.contains(" read=200 created=100 "), "{summary}");
        assert!(summary.contains(" rejected=0 open=100 "), "{summary}");
        assert!(outcome.lines.last().unwrap().starts_with("{\"type\":\"TRACE\""), "the error comes last");
    }
}

#[test]
fn what_is_in_flight_at_a_fatal_answer_is_settled_and_its_state_goes_out() {
    let slow = Fault::new(What::delay(Duration::from_millis(300))).email(email_of("slow", 0));
    let fatal = Fault::new(What::status(401)).email(email_of("users", 0));
    let sandbox = sandbox_with_faults(vec![slow, fatal]);
    let mut running = Connector::new(&sandbox).start("write");
    running.send(&(people_of("slow", 0..100) + &state_of("slow", 1)));
    wait_for_upsert_of(&sandbox, &email_of("slow", 0));
    running.send(&(people(0..100) + &state(2)));
    let outcome = running.wait();
    outcome.assert_failure("config_error");
    assert_eq!(outcome.state_ids(), [1]);
    assert_eq!(sandbox.contacts().len(), 100);
}

#[test]
fn a_token_that_fails_once_is_tried_again() {
    let sandbox = sandbox_with_faults(vec![Fault::new(What::status(401)).path(paths::UPSERT).times(1)]);
    let outcome = Connector::new(&sandbox).write(&(people(0..3) + &state(1)));
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(3.0, 0.0)]);
}

#[test]
fn a_signal_settles_what_is_in_flight_and_exits_with_its_code() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let slow = Fault::new(What::delay(Duration::from_millis(300))).path(paths::UPSERT);
        let sandbox = sandbox_with_faults(vec![slow]);
        let mut running = Connector::new(&sandbox).start("write");
        running.send(&(people(0..100) + &state(1) + &people(100..150) + &state_of("other", 2)));
        // That state shows that all lines before it were read.
        running.wait_for_state(2);
        wait_for_upsert_of(&sandbox, &email_of("users", 0));
        running.signal(signal);
        let outcome = running.wait();
        assert_eq!(outcome.code, Some(code));
        let mut states = outcome.state_ids();
        states.sort_unstable();
        assert_eq!(states, [1, 2]);
        assert_eq!((outcome.stderr.as_str(), outcome.errors().len()), ("", 0));
        assert!(sandbox.contacts().len() >= 100);
    }
}

#[test]
fn a_signal_is_heard_while_hubspot_hangs() {
    let sandbox = sandbox_with_faults(vec![Fault::new(What::delay(FOR_EVER)).path(paths::UPSERT)]);
    let mut running = Connector::new(&sandbox).unscaled().start("write");
    running.send(&(people(0..100) + &state(1)));
    wait_for_upsert_of(&sandbox, &email_of("users", 0));
    running.signal("TERM");
    let outcome = running.wait();
    assert_eq!(outcome.code, Some(143));
    assert_eq!(outcome.state_ids(), [] as [u64; 0]);
    assert_eq!(upserts(&sandbox), 1);
    assert_eq!(outcome.logs("interrupted: nothing more is read").len(), 1, "{:#?}", outcome.lines);
    assert!(outcome.summary().contains(" rejected=0 open=100 "), "{}", outcome.summary());
}

#[test]
fn a_signal_is_heard_during_start_up() {
    for (path, signal, code) in [(paths::DETAILS, "INT", 130), (paths::PROPERTIES, "TERM", 143)] {
        let sandbox = sandbox_with_faults(vec![Fault::new(What::delay(FOR_EVER)).path(path)]);
        let mut running = Connector::new(&sandbox).unscaled().start("write");
        running.send(&people(0..1_000));
        assert!(sandbox.wait_for_requests(1, HANG, |request| request.path.contains(path)));
        running.signal(signal);
        let outcome = running.wait();
        assert_eq!(outcome.code, Some(code));
        assert_eq!((outcome.stderr.as_str(), outcome.errors().len()), ("", 0));
    }
}

#[test]
fn a_signal_is_heard_while_nobody_reads_standard_output() {
    let sandbox = sandbox();
    end_with_output_blocked(&Connector::new(&sandbox));
}

#[test]
fn a_signal_is_heard_while_all_threads_wait_to_log() {
    let sandbox = sandbox();
    end_with_output_blocked(&Connector::new(&sandbox).variable("LOG_LEVEL", "debug"));
}

#[test]
fn a_signal_is_heard_while_nobody_reads_of_a_failure() {
    let sandbox = sandbox();
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    // What a pipe holds, says pipe(7): nothing more goes in until somebody reads.
    writer.write_all(&vec![b'\n'; 65_536]).unwrap();
    // Nothing but the failure: a warning at the start would wait for the reader before any call.
    let connector =
        Connector::new(&sandbox).set("access_token", tokens::EXPIRED).variable("LOG_LEVEL", "error");
    let mut command = connector.command("write");
    let mut child = command.stdout(writer).spawn().unwrap();
    assert!(sandbox.wait_for_requests(1, HANG, |_| true));
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(end_of(&mut child).code(), Some(143));
    drop(command);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(rest.trim(), "", "the failure was not said");
}

fn end_with_output_blocked(connector: &Connector) {
    let (mut child, mut stdin) = spawn(connector);
    // More than the pipe holds, so that the connector is blocked on it and then stops to read.
    let states: String =
        (0..4_000).map(|number| people(number..number + 1) + &state(number.into())).collect();
    let writer = std::thread::spawn(move || {
        let _stopped_half_way = stdin.write_all(states.as_bytes());
        stdin
    });
    // Once it has begun to write states there is nothing else for it to do.
    let mut stdout = BufReader::with_capacity(16, child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"STATE\"") {
        line.clear();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0);
    }
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(end_of(&mut child).code(), Some(143));
    drop(writer.join().unwrap());
}

/// The connector with pipes that the test itself serves.
fn spawn(connector: &Connector) -> (Child, ChildStdin) {
    let mut child = connector.command("write").spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    (child, stdin)
}

#[test]
fn a_reader_that_leaves_ends_the_sync() {
    let sandbox = sandbox();
    let connector = Connector::new(&sandbox);
    let (mut child, mut stdin) = spawn(&connector);
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdin.write_all(state(1).as_bytes()).unwrap();
    let mut line = String::new();
    while !line.contains("\"STATE\"") {
        line.clear();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0);
    }
    drop(stdout);
    stdin.write_all((people(0..100) + &state(2)).as_bytes()).unwrap();
    assert_eq!(end_of(&mut child).code(), Some(1));
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(errors, "");
    drop(stdin);
}

#[test]
fn a_reader_that_was_never_there_ends_the_sync() {
    let sandbox = sandbox();
    let connector = Connector::new(&sandbox);
    let (mut child, stdin) = spawn(&connector);
    drop(child.stdout.take());
    assert_eq!(end_of(&mut child).code(), Some(1));
    drop(stdin);
}

/// What HubSpot should hold after these records, by address.
fn model(records: &[(u32, String)]) -> BTreeMap<String, String> {
    records.iter().map(|(person, name)| (email_of("users", *person), name.clone())).collect()
}

fn names(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let contacts = sandbox.contacts().into_iter();
    contacts
        .map(|contact| (contact.email.clone(), contact.property("firstname").unwrap().to_owned()))
        .collect()
}

#[test]
fn after_a_crash_the_next_sync_goes_on_from_the_last_state() {
    let sandbox = sandbox();
    // Every person comes back later with another name.
    let records: Vec<(u32, String)> =
        (0..900_u32).map(|number| (number % 350, format!("Name {number}"))).collect();
    let line = |(person, name): &(u32, String)| {
        record(json!({ "email": email_of("users", *person), "firstname": name }))
    };
    let lines = |part: &[(u32, String)], first: u64| -> String {
        let stretches = part.chunks(60).zip(first..);
        stretches.map(|(stretch, id)| stretch.iter().map(line).collect::<String>() + &state(id)).collect()
    };
    let connector = Connector::new(&sandbox);
    let mut first = connector.start("write");
    first.send(&lines(&records[..600], 0));
    first.wait_for_state(4);
    first.signal("KILL");
    let outcome = first.wait();
    assert_eq!(outcome.code, None);
    let acknowledged = outcome.state_ids();
    assert_eq!(acknowledged, (0..acknowledged.len() as u64).collect::<Vec<_>>());

    let written = acknowledged.len() * 60;
    let kept = names(&sandbox);
    assert!(
        model(&records[..written]).keys().all(|email| kept.contains_key(email)),
        "acknowledged, but not there"
    );

    let outcome = connector.write(&lines(&records[written..], acknowledged.len() as u64));
    outcome.assert_success();
    assert_eq!(names(&sandbox), model(&records));
}

#[test]
fn the_end_of_the_input_is_the_end_whether_states_came_or_not() {
    let sandbox = sandbox();
    let outcome = Connector::new(&sandbox).write(&people(0..101));
    outcome.assert_success();
    assert_eq!(sandbox.contacts().len(), 101);
    assert_eq!(outcome.state_ids(), [] as [u64; 0]);
    assert!(outcome.summary().contains(" read=101 created=101 "), "{}", outcome.summary());
}

#[test]
fn nothing_to_read_is_no_failure() {
    let sandbox = sandbox();
    for input in ["", "\n\n", "\u{feff}"] {
        let outcome = Connector::new(&sandbox).streams(&[("users", &["email"])]).write(input);
        outcome.assert_success();
        assert!(
            outcome
                .summary()
                .contains(" read=0 created=0 updated=0 unchanged=0 folded=0 skipped=0 rejected=0 "),
            "{}",
            outcome.summary()
        );
    }
    assert_eq!(upserts(&sandbox), 0);
}

#[test]
fn a_start_that_fails_ends_the_sync_though_standard_input_is_held_open() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let sandbox = sandbox();
    let connector = || Connector::new(&sandbox);
    for (connector, failure_type, part) in [
        (
            connector().variable("HUBSPOT_API_BASE_URL", &address).variable("HUBSPOT_DELAY_SCALE", "0.001"),
            "transient_error",
            "could not be reached",
        ),
        (
            connector().variable("HUBSPOT_API_BASE_URL", "http://example.com"),
            "config_error",
            "HUBSPOT_API_BASE_URL",
        ),
        (connector().set("access_token", "pat-na1-wrong"), "config_error", "`access_token`"),
        (
            connector().set("access_token", tokens::NO_CONTACTS),
            "config_error",
            "`crm.objects.contacts.write`",
        ),
        (connector().set("lifecycle_stage", "VIP"), "config_error", "`lifecycle_stage`"),
        (connector().streams(&[("users", &["id"])]), "config_error", "`field_mappings`"),
        (connector().text("config.json", "{}"), "config_error", "`access_token`"),
    ] {
        let mut running = connector.start("write");
        running.send(&(people(0..1) + &state(1)));
        let outcome = running.wait();
        let message = outcome.assert_failure(failure_type);
        assert!(message.contains(part), "{message}");
        assert_eq!(outcome.state_ids(), [] as [u64; 0]);
    }
    assert_eq!(upserts(&sandbox), 0);
}

#[test]
fn an_outage_that_passes_is_waited_out() {
    let sandbox = sandbox_with_faults(vec![
        Fault::new(What::html(502)).requests([1, 2, 4]),
        Fault::new(What::CloseUnread).path(paths::UPSERT).times(2),
        Fault::new(What::status(423)).path(paths::UPSERT).times(1),
        Fault::new(What::html(403)).path(paths::UPSERT).times(1),
        Fault::new(What::rate_limited()).path(paths::UPSERT).times(1),
        Fault::new(What::CutBody).path(paths::UPSERT).times(1),
    ]);
    let outcome = Connector::new(&sandbox).write(&(people(0..100) + &state(1)));
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(100.0, 0.0)]);
    assert_eq!(sandbox.contacts().len(), 100);
}

#[test]
fn a_signal_is_heard_while_nobody_reads_of_an_odd_environment() {
    let sandbox = sandbox();
    let (_reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&vec![b'\n'; 65_536]).unwrap();
    let mut command = Connector::new(&sandbox).variable("LOG_LEVEL", "loud").command("write");
    let mut child = command.stdout(writer).spawn().unwrap();
    // The connector reads its input before it warns; what is more than its room and the pipe is taken only then.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(people(0..2_000).as_bytes()).unwrap();
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(end_of(&mut child).code(), Some(143));
    assert!(sandbox.requests().is_empty());
}
