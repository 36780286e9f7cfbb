//! The main job from end to end: a local HubSpot, then `check` and `write` over real input, then a look at the contacts.
//!
//! `cargo run --release --example quickstart`; the name of another file of messages may follow after `--`. Nothing leaves
//! the machine.

#![expect(clippy::print_stdout, reason = "this program talks to a person")]

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use hubspot_sandbox::{Sandbox, Seed, Settings};

/// Runs as the connector itself if this is the first argument, so that the example needs no second binary.
const AS_CONNECTOR: &str = "as-connector";

fn main() -> ExitCode {
    let mut arguments = env::args_os();
    if arguments.nth(1).is_some_and(|first| first == AS_CONNECTOR) {
        return destination_hubspot::cli::main(
            std::iter::once("destination-hubspot".into()).chain(arguments),
        );
    }
    match quickstart() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nThe quickstart failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn quickstart() -> io::Result<()> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    let messages = env::args_os().nth(1).map_or_else(|| data.join("users_small.jsonl"), PathBuf::from);
    let sandbox = Sandbox::start(Settings::default())?;
    println!("A local HubSpot listens on {}.", sandbox.base_url());
    // One of the sample's people is a customer already.
    sandbox.seed_contact(Seed::new("beat1895+2@gmail.com").property("lifecyclestage", "customer"));

    let config = data.join("config.json");
    connector(&sandbox, &["check", "--config", path(&config)?], None)?;
    let catalog = data.join("catalog.json");
    let arguments = ["write", "--config", path(&config)?, "--catalog", path(&catalog)?];
    connector(&sandbox, &arguments, Some(&messages))?;

    let contacts = sandbox.contacts();
    println!("\nHubSpot now has {} contacts; the first ones:", contacts.len());
    for contact in contacts.iter().take(4) {
        println!("  {}", contact.email);
        for (name, value) in contact.own_properties() {
            println!("      {name:<16} {value}");
        }
    }
    let mut stages = BTreeMap::<&str, Vec<&str>>::new();
    for contact in &contacts {
        stages.entry(contact.property("lifecyclestage").unwrap_or("none")).or_default().push(&contact.email);
    }
    println!("\nNew contacts got the stage of the settings, the one that was there kept its own:");
    for (stage, emails) in stages {
        println!("  {stage:<24} {} ({}, …)", emails.len(), emails.first().unwrap_or(&""));
    }
    let requests = sandbox.requests().len();
    println!("\nIt took {requests} requests in all, of `check` and `write` together.");
    Ok(())
}

/// Runs the connector as a process of its own, as Airbyte does, and shows what it prints.
fn connector(sandbox: &Sandbox, arguments: &[&str], input: Option<&Path>) -> io::Result<()> {
    let from = input.map(|input| format!(" < {}", input.display())).unwrap_or_default();
    println!("\n$ destination-hubspot {}{from}", arguments.join(" "));
    let stdin = match input {
        Some(input) => Stdio::from(fs::File::open(input)?),
        None => Stdio::null(),
    };
    let output = Command::new(env::current_exe()?)
        .arg(AS_CONNECTOR)
        .args(arguments)
        .env("HUBSPOT_API_BASE_URL", sandbox.base_url())
        .stdin(stdin)
        .stderr(Stdio::inherit())
        .output()?;
    print!("{}", String::from_utf8_lossy(&output.stdout));
    if output.status.success() && !String::from_utf8_lossy(&output.stdout).contains("\"FAILED\"") {
        return Ok(());
    }
    Err(io::Error::other(format!("the connector ended with {}", output.status)))
}

fn path(path: &Path) -> io::Result<&str> {
    path.to_str().ok_or_else(|| io::Error::other("the path is not UTF-8"))
}
