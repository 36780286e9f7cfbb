//! What a person or a platform sees of whole runs: each verb when all goes well, and each failure that is common.
//!
//! Each test compares a run with a snapshot, which shows the command line, the files that it names, standard output, standard
//! error and the exit code. It is there to be read: a changed word shows in a review. After a change that is meant,
//! `INSTA_UPDATE=always cargo test --test it whole_runs` writes the snapshots anew. Not here: that the words are the right ones
//! for every variant of a failure, and what becomes of the records; other tests assert that.

use std::{
    fmt::Write as _,
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
};

use hubspot_sandbox::{Fault, Policy, Sandbox, What, tokens};
use serde_json::{Value, json};

use super::support::{
    Connector, end_of, people_of, record, record_of, sandbox, sandbox_with, sandbox_with_faults, state,
    state_of,
};

// ---- A run as text ------------------------------------------------------------------------------------------

/// What differs from run to run, and what stands for it in a snapshot.
const PLACEHOLDERS: [(&str, &str); 8] = [
    (r"http://127\.0\.0\.1:\d+", "<sandbox>"),
    (r#""emitted_at":\d{13}\b"#, r#""emitted_at":<moment>"#),
    (r"\bseconds=\d+\.\d", "seconds=<some>"),
    (r"\bseconds_waiting_on_limits=\d+\.\d", "seconds_waiting_on_limits=<some>"),
    (r"\battempts over \d+ s\b", "attempts over <some> s"),
    (r"\bin \d+ h \d+ min\b", "in <some time>"),
    (r"\b\d+ of 250000 API calls\b", "<some> of 250000 API calls"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<correlation id>"),
];

/// A token that looks like one of HubSpot's.
const UNKNOWN_TOKEN: &str = "pat-na1-unknown-00000000";

/// Runs a verb of the connector and compares all of it with a snapshot. `about` says what the case is.
#[track_caller]
fn assert_run(name: &str, about: &str, connector: &Connector, verb: &str, input: Option<&str>) {
    compare(name, about, &run(connector.command(verb), input));
}

#[track_caller]
fn compare(name: &str, about: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => "snapshots/whole_runs",
        prepend_module_to_snapshot => false,
        omit_expression => true,
        description => about,
        filters => PLACEHOLDERS.to_vec(),
    }, {
        insta::assert_snapshot!(name, text);
    });
}

/// The connector of a case, which names its files without their directory.
fn connector(sandbox: &Sandbox) -> Connector {
    // Delays at their full length: no batch leaves early on a busy machine.
    Connector::new(sandbox).in_job_directory().unscaled()
}

/// Runs a command to its end. Its input is a file that is there in full, so that no pause of a writer is seen.
fn run(mut command: Command, input: Option<&str>) -> String {
    let directory = command.get_current_dir().unwrap().to_path_buf();
    let file = |name: &str| directory.join(name);
    let mut text = format!("$ {}", command_line(&command));
    if let Some(input) = input {
        fs::write(file("input.jsonl"), input).unwrap();
        command.stdin(File::open(file("input.jsonl")).unwrap());
        text += " < input.jsonl";
    } else {
        command.stdin(Stdio::null());
    }
    text += "\n";
    for name in ["config.json", "catalog.json"] {
        if command.get_args().any(|argument| argument == name) {
            section(&mut text, name, &readable(&fs::read_to_string(file(name)).unwrap()));
        }
    }
    if let Some(input) = input {
        section(&mut text, "input.jsonl", &without_repetitions(input));
    }
    command.stdout(File::create(file("stdout")).unwrap()).stderr(File::create(file("stderr")).unwrap());
    let status = end_of(&mut command.spawn().unwrap());
    for (title, name) in [("standard output", "stdout"), ("standard error", "stderr")] {
        let printed = readable_output(&fs::read_to_string(file(name)).unwrap());
        assert!(!printed.contains("pat-na1-"), "a token is printed: {printed}");
        section(&mut text, title, &printed);
    }
    section(&mut text, "exit code", &status.code().map_or("none".to_owned(), |code| code.to_string()));
    text
}

fn section(text: &mut String, title: &str, content: &str) {
    let content = if content.is_empty() { "(nothing)" } else { content.trim_end() };
    write!(text, "\n--- {title}\n{content}\n").unwrap();
}

/// The variables that are set, the program, and its arguments.
fn command_line(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        let (name, value) = (name.to_str().unwrap(), value?.to_str().unwrap());
        // Delays as they are need not be asked for.
        (name != "HUBSPOT_DELAY_SCALE" || value != "1").then(|| format!("{name}={value} "))
    });
    let program = Path::new(command.get_program()).file_name().unwrap().to_str().unwrap();
    let arguments = command.get_args().map(|argument| format!(" {}", argument.to_str().unwrap()));
    variables.chain([program.to_owned()]).chain(arguments).collect()
}

/// A file that the command line names. Tokens are named, not shown. A stream of a catalog has a line, and so has a setting.
fn readable(text: &str) -> String {
    let mut text = text.to_owned();
    for (token, meaning) in tokens::ALL.iter().chain([&(UNKNOWN_TOKEN, "one that HubSpot does not know")]) {
        text = text.replace(token, &format!("<token: {meaning}>"));
    }
    let value: Value = serde_json::from_str(&text).unwrap();
    let Some(streams) = value["streams"].as_array() else { return format!("{value:#}") };
    let streams: Vec<String> = streams.iter().map(|stream| format!("  {stream}")).collect();
    format!("{{\"streams\":[\n{}\n]}}", streams.join(",\n"))
}

/// A line that comes several times in a row is shown once.
fn without_repetitions(lines: &str) -> String {
    let lines: Vec<&str> = lines.lines().collect();
    let rows = lines.chunk_by(|one, next| one == next).map(|row| match row.len() {
        1 => format!("{}\n", row[0]),
        times => format!("{}\n  ({times} such lines)\n", row[0]),
    });
    rows.collect()
}

/// Lines as they are, but for the two that are long: the specification is named, and the catalog has a line for each member.
fn readable_output(printed: &str) -> String {
    let mut text = String::new();
    for line in printed.lines() {
        let message = serde_json::from_str::<Value>(line).unwrap_or_default();
        if message["type"] == "SPEC" {
            let file: Value = serde_json::from_str(include_str!("../../spec.json")).unwrap();
            assert_eq!(message["spec"], file);
            text += r#"{"type":"SPEC","spec":<as in spec.json>}"#;
        } else if message["type"] == "DESTINATION_CATALOG" {
            write!(text, "{message:#}").unwrap();
        } else {
            text += line;
        }
        text += "\n";
    }
    text
}

// ---- Each verb, when all goes well --------------------------------------------------------------------------

#[test]
fn spec() {
    // It takes no configuration and asks nobody.
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_destination-hubspot"));
    command.arg("spec").current_dir(directory.path()).env_remove("LOG_LEVEL");
    compare("spec", "The settings, for a platform's form.", &run(command, None));
}

#[test]
fn check() {
    let sandbox = sandbox();
    assert_run("check", "The settings are right.", &connector(&sandbox), "check", None);
}

#[test]
fn check_with_catalog() {
    let sandbox = sandbox();
    let connector = connector(&sandbox).streams(&[("users", &["email", "first_name", "shoe_size"])]);
    let about = "With a catalog, a check also says where each field goes.";
    assert_run("check_with_catalog", about, &connector, "check", None);
}

#[test]
fn discover() {
    // An account of few properties: those of the sandbox fill pages.
    const KEPT: [&str; 6] =
        ["email", "firstname", "favourite_number", "newsletter_opt_in", "contract_end", "last_login"];
    let all: Value =
        serde_json::from_str(include_str!("../../sandbox/data/contact-properties.json")).unwrap();
    let names =
        all["properties"].as_array().unwrap().iter().map(|property| property["name"].as_str().unwrap());
    let missing = names.filter(|name| !KEPT.contains(name)).map(str::to_owned).collect();
    let sandbox = sandbox_with(|settings| settings.missing_properties = missing);
    let about = "The properties of a small account, for a platform that maps fields itself.";
    assert_run("discover", about, &connector(&sandbox), "discover", None);
}

#[test]
fn write() {
    let sandbox = sandbox();
    let connector = connector(&sandbox)
        .streams(&[("users", &["email", "firstname"]), ("customers", &["email", "firstname"])]);
    let input = people_of("users", 0..2)
        + &state(1)
        + &people_of("customers", 0..1)
        + &state_of("customers", 2)
        + &record(json!({ "email": "users0@example.com", "firstname": "Ada" }))
        + &state(3);
    let about = "Four records of two streams, one of them of a contact that came before.";
    assert_run("write", about, &connector, "write", Some(&input));
    assert_eq!(sandbox.contacts().len(), 3);
}

// ---- Failures of the set-up ---------------------------------------------------------------------------------

/// One record and a state, which shows whether the state comes back.
fn one_record() -> String {
    people_of("users", 0..1) + &state(1)
}

/// The snapshots of `check` and of `write` with the same settings.
#[track_caller]
fn assert_check_and_write(name: &str, about: &str, connector: &Connector) {
    assert_run(&format!("{name}_check"), about, connector, "check", None);
    assert_run(&format!("{name}_write"), about, connector, "write", Some(&one_record()));
}

#[test]
fn missing_argument() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_destination-hubspot"));
    command.arg("write").current_dir(directory.path());
    compare("missing_argument", "An argument that the verb needs is missing.", &run(command, None));
}

#[test]
fn misspelt_setting() {
    let sandbox = sandbox();
    let connector = connector(&sandbox).set("lifecycle_stge", "lead");
    let about = "The name of a setting is misspelt.";
    assert_check_and_write("misspelt_setting", about, &connector);
}

#[test]
fn missing_token() {
    let sandbox = sandbox();
    let connector = connector(&sandbox).config(json!({ "acces_token": tokens::FULL }));
    let about = "The token is missing, since the name of its setting is misspelt.";
    assert_check_and_write("missing_token", about, &connector);
}

#[test]
fn wrong_token() {
    let sandbox = sandbox();
    let connector = connector(&sandbox).set("access_token", UNKNOWN_TOKEN);
    let about = "HubSpot does not know the token: status 401.";
    assert_check_and_write("wrong_token", about, &connector);
}

#[test]
fn missing_scope() {
    let sandbox = sandbox();
    let connector = connector(&sandbox).set("access_token", tokens::READ_ONLY);
    let about = "The token may read contacts and not write them.";
    assert_check_and_write("missing_scope", about, &connector);
}

#[test]
fn scope_taken_away() {
    let sandbox = sandbox_with_faults(vec![Fault::new(What::status(403)).path("batch/upsert")]);
    let about = "HubSpot refuses the first write for a scope: status 403.";
    assert_run("scope_taken_away", about, &connector(&sandbox), "write", Some(&one_record()));
}

#[test]
fn no_catalog() {
    let sandbox = sandbox();
    let input = one_record() + &record(json!({ "email": "grace@example.com", "shoe_size": 41 })) + &state(2);
    let about = "Without a catalog, the fields are those of the records.";
    assert_run("no_catalog", about, &connector(&sandbox), "write", Some(&input));
}

#[test]
fn unsupported_sync_mode() {
    let sandbox = sandbox();
    let stream = |mode: &str| {
        let schema = json!({ "type": "object", "properties": { "email": {}, "firstname": {} } });
        let stream = json!({ "name": "users", "json_schema": schema });
        json!({ "streams": [{ "stream": stream, "destination_sync_mode": mode, "primary_key": [["id"]] }] })
    };
    let connector = connector(&sandbox).catalog(stream("overwrite"));
    let about = "A stream asks for a sync mode that the connector does not have.";
    assert_check_and_write("unsupported_sync_mode", about, &connector);
}

#[test]
fn stream_without_a_key() {
    let sandbox = sandbox();
    let connector = connector(&sandbox).streams(&[("users", &["id", "firstname"])]);
    let about = "No field of a stream is known to hold an address.";
    assert_check_and_write("stream_without_a_key", about, &connector);
}

// ---- Failures of records ------------------------------------------------------------------------------------

#[test]
fn rejected_records() {
    let sandbox = sandbox();
    let input = people_of("users", 0..1)
        + &record(json!({ "email": "nobody", "firstname": "Nobody" }))
        + &record(json!({ "email": null, "firstname": "Nobody" }))
        + &record_of("customers", json!({ "email": "ada@example.no-such-domain" }))
        + &state(1);
    let about = "Addresses that are none, and one that HubSpot refuses.";
    assert_run("rejected_records", about, &connector(&sandbox), "write", Some(&input));
}

#[test]
fn stream_of_rejected_records() {
    let sandbox = sandbox();
    let input = record(json!({ "email": "nobody" })).repeat(100) + &state(1);
    let about = "Nothing but records without an address: the stream is wrongly set up.";
    assert_run("stream_of_rejected_records", about, &connector(&sandbox), "write", Some(&input));
}

#[test]
fn values_left_out() {
    let sandbox = sandbox();
    let input = record(json!({ "email": "ada@example.com", "favourite_number": "seven" }))
        + &record(json!({ "email": "grace@example.com", "contract_end": "soon", "firstname": "Grace" }))
        + &state(1);
    let about = "Values that do not fit their property are left out; their records go on without them.";
    assert_run("values_left_out", about, &connector(&sandbox), "write", Some(&input));
}

#[test]
fn line_that_is_no_json() {
    let sandbox = sandbox();
    let input = people_of("users", 0..1) + "email,firstname\nada@example.com,Ada\n" + &state(1);
    let about = "A line of the input is no JSON.";
    assert_run("line_that_is_no_json", about, &connector(&sandbox), "write", Some(&input));
}

// ---- Failures of HubSpot ------------------------------------------------------------------------------------

#[test]
fn daily_limit_used_up() {
    let daily = What::RateLimited { policy: Some(Policy::Daily), retry_after: None };
    let sandbox = sandbox_with_faults(vec![Fault::new(daily).path("batch/upsert")]);
    let about = "The account's calls of the day are used up when the first batch leaves.";
    assert_run("daily_limit_used_up", about, &connector(&sandbox), "write", Some(&one_record()));
}

#[test]
fn not_reachable() {
    let sandbox = sandbox();
    let connector = connector(&sandbox)
        // TCPMUX, which nobody serves. The system gives that port to no program that asks for any.
        .variable("HUBSPOT_API_BASE_URL", "http://127.0.0.1:1")
        .variable("HUBSPOT_DELAY_SCALE", "0.001");
    assert_run("not_reachable", "No connection can be made.", &connector, "check", None);
}

#[test]
fn connection_lost_during_a_sync() {
    let sandbox = sandbox_with_faults(vec![Fault::new(What::CloseUnread).path("batch/upsert")]);
    let connector = connector(&sandbox).variable("HUBSPOT_DELAY_SCALE", "0.001");
    let about = "The connection ends without an answer whenever contacts are written.";
    assert_run("connection_lost_during_a_sync", about, &connector, "write", Some(&one_record()));
}

#[test]
fn outage() {
    let sandbox = sandbox_with_faults(vec![Fault::new(What::html(503))]);
    let connector = connector(&sandbox).variable("HUBSPOT_DELAY_SCALE", "0.001");
    let about = "HubSpot answers every call with status 503.";
    assert_check_and_write("outage", about, &connector);
}

#[test]
fn outage_during_a_sync() {
    let sandbox = sandbox_with_faults(vec![Fault::new(What::html(503)).path("batch/upsert")]);
    let connector = connector(&sandbox).variable("HUBSPOT_DELAY_SCALE", "0.001");
    let about = "HubSpot answers every write with status 503.";
    assert_run("outage_during_a_sync", about, &connector, "write", Some(&one_record()));
}

#[test]
fn outage_that_passes() {
    let sandbox = sandbox_with_faults(vec![Fault::new(What::html(503)).path("batch/upsert").times(2)]);
    let connector = connector(&sandbox).variable("HUBSPOT_DELAY_SCALE", "0.001");
    let about = "HubSpot answers two attempts with status 503, and the third as it should.";
    assert_run("outage_that_passes", about, &connector, "write", Some(&one_record()));
}
