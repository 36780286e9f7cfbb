//! The program: what it prints, and that its options reach the sandbox.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use hubspot_sandbox::tokens;

use crate::support::*;

/// The program, ended with the test.
struct Program {
    child: Child,
    lines: Vec<String>,
    base: String,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hubspot-sandbox"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut lines = Vec::new();
        for line in out.lines().map(Result::unwrap) {
            let is_last = line.contains("PATCH");
            lines.push(line);
            if is_last {
                break;
            }
        }
        let base = lines[0].split(' ').find(|word| word.starts_with("http://")).unwrap().to_owned();
        Self { child, lines, base }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
async fn it_says_how_to_use_it() {
    let program = Program::start(&["--seed-contacts", "3"]);
    assert!(program.lines[0].ends_with(" with 3 contacts"), "{:?}", program.lines);
    let text = program.lines.join("\n");
    for (token, _) in tokens::ALL {
        assert!(text.contains(token), "{token}");
    }
    assert!(text.contains("It is not HubSpot's, and not affiliated with HubSpot, Inc."));
    assert!(text.contains(&format!("HUBSPOT_API_BASE_URL={} destination-hubspot check", program.base)));
    let client = Client::at(&program.base);
    assert_eq!(client.get("/_sandbox/contacts").await.json().as_array().unwrap().len(), 3);
    assert_eq!(client.get(&DETAILS).await.status, 200);
}

#[tokio::test]
async fn its_options_and_its_file_reach_the_sandbox() {
    let file = std::env::temp_dir().join(format!("hubspot-sandbox-{}.json", std::process::id()));
    std::fs::write(&file, r#"{"seed":7,"limits":{"tier":"enterprise"},"echo_trace_ids":true}"#).unwrap();
    let program = Program::start(&[
        "--settings",
        file.to_str().unwrap(),
        "--seed",
        "8",
        "--no-limits",
        "--latency",
        "1",
        "--no-partial-success",
        "--fail",
        "1",
        "--conflict",
        "a@example.com",
    ]);
    std::fs::remove_file(&file).unwrap();
    let client = Client::at(&program.base);
    let settings = client.get("/_sandbox/settings").await.json();
    assert_eq!(settings["seed"], 8);
    assert_eq!(settings["limits"]["tier"], "enterprise");
    assert_eq!(settings["limits"]["enforced"], false);
    assert_eq!(settings["latency"]["ms"], 1);
    assert_eq!(settings["partial_success"], false);
    assert_eq!(settings["echo_trace_ids"], true);
    assert_eq!(settings["faults"].as_array().unwrap().len(), 2);
    assert_eq!(client.upsert(&people(1)).await.status, 503);
}

#[tokio::test]
async fn it_listens_elsewhere_only_when_asked_and_says_so() {
    let usual = Program::start(&[]);
    assert!(usual.base.starts_with("http://127.0.0.1:"), "{}", usual.base);
    assert!(!usual.lines.iter().any(|line| line.contains("It listens on")), "{:?}", usual.lines);
    // Another address of the loopback, so that this test does not open a port to others.
    let other = Program::start(&["--host", "127.0.0.2"]);
    assert!(other.base.starts_with("http://127.0.0.2:"), "{}", other.base);
    assert_eq!(Client::at(&other.base).get("/health").await.status, 200);
}

#[test]
fn it_says_that_it_is_not_hubspots() {
    let output = Command::new(env!("CARGO_BIN_EXE_hubspot-sandbox")).arg("--help").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("not HubSpot's, and neither affiliated with nor endorsed by HubSpot, Inc."),
        "{said}"
    );
}

#[test]
fn a_wrong_file_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_hubspot-sandbox"))
        .args(["--settings", "/nonexistent.json"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("hubspot-sandbox: /nonexistent.json: "), "{said}");
}
