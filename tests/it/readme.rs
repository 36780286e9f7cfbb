//! What README.md shows can be run as it stands: commands, messages, the catalog, the worked example.
//!
//! Each block of code that is tested stands below a comment that says so. Not here: the lines for `PyAirbyte`, which
//! `tests/clients` runs, and the version in it, which `documentation` compares.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use hubspot_sandbox::{Sandbox, Seed, tokens};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::{Connector, record, sandbox, state};

const README: &str = include_str!("../../README.md");
const CI: &str = include_str!("../../.ci/run");

/// The text of the block of code below a text.
#[track_caller]
fn block(above: &str) -> &'static str {
    let (_, below) = README.split_once(above).unwrap_or_else(|| panic!("README.md has no {above}"));
    let (_, block) = below.split_once("```").unwrap();
    let (_, block) = block.split_once('\n').unwrap();
    block.split("```").next().unwrap()
}

fn json_block(above: &str) -> Value {
    serde_json::from_str(block(above)).unwrap()
}

#[test]
fn the_first_two_commands_stay_and_ci_runs_them() {
    let commands: Vec<&str> = block("# destination-hubspot\n")
        .lines()
        .map(|line| line.split(" #").next().unwrap().trim())
        .collect();
    assert_eq!(commands, ["cargo run --release --example quickstart", "cargo test"]);
    for command in commands {
        assert!(CI.replace(" --locked", "").lines().any(|line| line.starts_with(command)), "{command}");
    }
}

// ---- Messages -----------------------------------------------------------------------------------------------

const MESSAGE: &str = "<!-- A test writes this message. -->";
const CATALOG: &str = "<!-- A test writes with this catalog, and shows its plan. -->";

#[test]
fn the_smallest_message_and_the_smallest_catalog_are_enough() {
    let message = block(MESSAGE);
    assert_eq!(message.lines().count(), 1, "a message is a line");
    for catalog in [None, Some(json_block(CATALOG))] {
        let sandbox = sandbox();
        let mut connector = Connector::new(&sandbox);
        if let Some(catalog) = catalog {
            connector = connector.catalog(catalog);
            let check = connector.check();
            assert_eq!(check.connection_status().0, "SUCCEEDED", "{:#?}", check.lines);
            assert_eq!(check.logs("field mapped").len(), 2, "{:#?}", check.lines);
        }
        connector.write(message).assert_success();
        let contact = sandbox.contact("ada@example.com").unwrap();
        assert_eq!(contact.property("firstname"), Some("Ada"));
    }
}

/// Whether a program is installed.
fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// A directory in which the commands of README.md find what they name.
fn work_directory() -> TempDir {
    let directory = TempDir::new().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(directory.path().join("target/release")).unwrap();
    let binary = directory.path().join("target/release/destination-hubspot");
    symlink(env!("CARGO_BIN_EXE_destination-hubspot"), binary).unwrap();
    symlink(root.join("examples"), directory.path().join("examples")).unwrap();
    let config = json!({ "access_token": tokens::FULL }).to_string();
    fs::write(directory.path().join("config.json"), config).unwrap();
    directory
}

/// Runs lines of a shell, and gives what they print.
#[track_caller]
fn shell(directory: &TempDir, sandbox: &Sandbox, lines: &str) -> String {
    let mut command = Command::new("sh");
    command.args(["-e", "-c", lines]).current_dir(directory.path()).stdin(Stdio::null());
    command.env("HUBSPOT_API_BASE_URL", sandbox.base_url()).env("HUBSPOT_DELAY_SCALE", "0.01");
    command.env("NO_PROXY", "*").env_remove("LOG_LEVEL");
    let output = command.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{lines}\n{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    printed
}

#[test]
fn rows_become_messages_by_the_lines_of_the_readme() {
    let (directory, sandbox) = (work_directory(), sandbox());
    let messages = directory.path().join("messages.jsonl");
    let wanted = json_block(MESSAGE);
    let (mut wrapped, mut written) = (false, false);
    for line in block("<!-- A test runs these lines. -->").lines() {
        // Without jq, the message that it would make; .ci/run always has it.
        if line.starts_with("jq ") && !is_there("jq") {
            fs::write(&messages, block(MESSAGE)).unwrap();
        } else {
            shell(&directory, &sandbox, line);
        }
        if line.starts_with("jq ") {
            let mut made: Value = serde_json::from_str(&fs::read_to_string(&messages).unwrap()).unwrap();
            made["record"].as_object_mut().unwrap().remove("emitted_at");
            assert_eq!(made, wanted, "the lines are those of the message above them");
            wrapped = true;
        }
        written |= line.contains(" write ");
    }
    assert!(wrapped && written);
    assert_eq!(sandbox.contact("ada@example.com").unwrap().property("firstname"), Some("Ada"));
}

#[test]
fn the_command_that_the_connector_shows_makes_messages_of_rows() {
    let rows = r#"{"email":"ada@example.com"}"#;
    for given in [rows.to_owned(), format!("[{rows}]")] {
        let (directory, sandbox) = (work_directory(), sandbox());
        let said = Connector::new(&sandbox).write(&given).assert_failure("config_error");
        let (_, filter) = said.split_once("jq -c '").unwrap_or_else(|| panic!("{said}"));
        let (filter, _) = filter.split_once('\'').unwrap();
        if is_there("jq") {
            fs::write(directory.path().join("rows"), given).unwrap();
            let write = "target/release/destination-hubspot write --config config.json";
            shell(&directory, &sandbox, &format!("jq -c '{filter}' rows | {write}"));
            assert!(sandbox.contact("ada@example.com").is_some());
        }
    }
}

#[test]
fn the_example_data_goes_the_way_that_the_readme_shows() {
    let (directory, sandbox) = (work_directory(), sandbox());
    let lines: Vec<&str> = block("point the connector at it in another")
        .lines()
        .chain(block("-- --port 8080 --seed-contacts 20\n```").lines())
        .filter(|line| !line.starts_with("cargo ") && (!line.starts_with("curl ") || is_there("curl")))
        .collect();
    assert!(lines.len() >= 3, "{lines:?}");
    let printed =
        shell(&directory, &sandbox, &lines.join("\n").replace("http://127.0.0.1:8080", &sandbox.base_url()));
    assert!(printed.contains("SUCCEEDED"), "{printed}");
    assert_eq!(sandbox.contacts().len(), 1_000);
}

// ---- The worked example -------------------------------------------------------------------------------------

/// The rows of the worked example: field or path, value, property, what HubSpot has.
fn worked_example() -> Vec<[String; 4]> {
    let (_, example) = README.split_once("<!-- A test writes this record and compares. -->").unwrap();
    let (example, _) = example.split_once("<!-- End of the record. -->").unwrap();
    let cells = |row: &str| {
        let cells = row.trim().strip_prefix('|').and_then(|row| row.strip_suffix('|')).unwrap().split('|');
        let cells: Vec<String> = cells.map(|cell| cell.trim().trim_matches('`').to_owned()).collect();
        cells.try_into().unwrap()
    };
    example.trim().lines().skip(2).map(cells).collect()
}

#[test]
fn the_worked_example_is_true() {
    let rows = worked_example();
    let mut row = json!({});
    let mut schema = json!({});
    for [field, value, _, _] in &rows {
        let value: Value = serde_json::from_str(value).unwrap();
        match field.split_once('.') {
            Some((field, inside)) => row[field][inside] = value,
            None => row[field] = value,
        }
        schema[field.split('.').next().unwrap()] = json!({});
    }
    let catalog = json!({ "streams": [{
        "stream": { "name": "users", "json_schema": { "properties": schema } },
        "destination_sync_mode": "append_dedup",
    }] });
    let sandbox = sandbox();
    sandbox.seed_contact(Seed::new("ada@example.com").property("company", "Engines Ltd"));
    let outcome = Connector::new(&sandbox)
        .catalog(catalog)
        .set("field_mappings", json_block("<!-- A test takes these mappings. -->"))
        .write(&(record(row) + &state(1)));
    outcome.assert_success();
    assert_eq!(outcome.counts(), [(1.0, 0.0)]);
    let contact = sandbox.contact("ada@example.com").unwrap();
    let mapped = outcome.logs("field mapped ");
    // Where the plan says that a field goes; the lines at the end count values.
    let left_out: Vec<String> =
        outcome.logs("fields left out ").into_iter().filter(|line| line.starts_with("fields")).collect();
    for [field, _, name, expected] in &rows {
        if name.is_empty() {
            let names = |line: &String| {
                let (_, fields) = line.split_once("fields=").unwrap();
                let (fields, _) = fields.split_once(" reason=").unwrap();
                fields.trim_matches('"').split(", ").any(|one| one.split(" (").next() == Some(field))
            };
            assert_eq!(left_out.iter().filter(|line| names(line)).count(), 1, "{field}: {left_out:#?}");
            continue;
        }
        let forms =
            [format!(" field={field} property={name} "), format!(" field={field:?} property={name} ")];
        let lines = mapped.iter().filter(|line| forms.iter().any(|form| line.contains(form)));
        assert_eq!(lines.count(), 1, "{field}: {mapped:#?}");
        let stored = contact.property(name).unwrap_or_default();
        assert_eq!(stored, expected, "{field}");
    }
}
