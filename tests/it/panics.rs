//! A fault of the connector in a request: what a process says of it, and how it ends.
//!
//! No input and no answer that is known makes the connector panic. So the process is this test program, which starts itself
//! again as a connector whose transport has a fault; what hears of the panic and sums it up is the connector's own.

use std::{
    io::Cursor,
    process::{Command, Stdio},
    sync::Arc,
};

use destination_hubspot::{
    cli,
    command::Context,
    config::{AccessToken, ApiVersion, Config, DelayScale, Environment, FailIfRejected, UnknownFields},
    crm::{key::KeySpace, schema::Schema},
    hubspot::{
        client::Client,
        retry::RetryPolicy,
        transport::{Exchange, Request, Transport},
    },
    io::{input, output::Output},
    logging,
    mapping::targets::Targets,
    rejects::keeper::Keeper,
    sync::{
        batcher::Timing,
        run::{Sync, SyncParts},
    },
};
use serde_json::{Value, json};

use super::support::{people, state};

#[test]
fn panics_in_requests_are_one_trace_error_and_exit_code_1() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "panics::a_connector_with_a_fault", "--ignored", "--nocapture"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let messages: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(messages.iter().all(|message| message["type"] != "STATE"), "{text}");
    let traces: Vec<&Value> = messages.iter().filter(|message| message["type"] == "TRACE").collect();
    let [trace] = traces[..] else { panic!("not one TRACE: {text}") };
    let error = &trace["trace"]["error"];
    assert_eq!(error["failure_type"], json!("system_error"));
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("a defect in itself, at tests/it/panics.rs:"), "{message}");
    assert!(!text.contains("the text of the panic"), "{text}");
    assert_eq!(output.status.code(), Some(1), "{text}");
    let mut said = messages.iter().filter_map(|message| message["log"]["message"].as_str());
    assert!(said.any(|one| one.starts_with("summary read=10 ") && one.contains(" open=10 ")), "{text}");
}

#[derive(Debug)]
struct Faulty;

impl Transport for Faulty {
    fn exchange(&self, _: Request) -> Exchange<'_> {
        Box::pin(async { panic!("the text of the panic") })
    }
}

#[test]
#[ignore = "the process that the other test starts"]
#[expect(clippy::exit, reason = "the exit code is what is tested")]
fn a_connector_with_a_fault() {
    let output = Output::stdout();
    logging::install_panic_hook(output.clone(), false);
    logging::init(output.clone(), None, false);
    let context = Context {
        output: output.clone(),
        environment: Environment::default(),
        to_terminal: false,
        warnings: Vec::new(),
    };
    let client = Client::new(
        Arc::new(Faulty),
        AccessToken::new("pat-test").unwrap(),
        ApiVersion::default(),
        RetryPolicy::WRITE,
        DelayScale::default(),
    );
    let setting = SyncParts {
        client: Arc::new(client),
        targets: Targets::new(
            KeySpace::contacts_by_email(),
            Schema::new(&[]),
            std::collections::HashMap::new(),
            Arc::new(Config::parse(br#"{"access_token":"pat-test"}"#).unwrap().config),
        ),
        max_archived: 0,
        unknown_fields: UnknownFields::default(),
        fail_if_rejected: FailIfRejected::default(),
        field_mappings: Vec::new(),
        plans: None,
        unsupported_streams: indexmap::IndexMap::default(),
        timing: Timing::STANDARD,
        keeper: Keeper::default(),
        writes_all: false,
        summary_as_table: false,
    };
    let lines = people(0..10) + &state(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let end = runtime
        .block_on(Sync::new(setting, output).run(input::start(Cursor::new(lines)), std::future::pending()));
    // A second panic, as of another request that was under way.
    std::thread::spawn(|| panic!("the text of the panic")).join().unwrap_err();
    std::process::exit(cli::code_of(&context, end).map_or(0, i32::from));
}
