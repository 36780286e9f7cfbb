//! The probe against the sandbox: each verdict follows its setting, and nothing but the probe's own contacts is touched.
//! Here: what these tests share.

mod accounts;
mod findings;
mod leftovers;
mod on_request;
mod output;

use std::{
    io::{self, Write},
    iter,
};

use clap::Parser;
use destination_hubspot::config::{AccessToken, BaseUrl, DelayScale, Environment};
use hubspot_sandbox::{Fault, Sandbox, Seed, Settings, What};
use serde_json::{Value, json};

use crate::{
    Arguments,
    run::{Ending, probe},
};

const MARK: &str = "zzsecret";
const TOKEN: &str = "pat-na1-zzsecret-0000";

/// A finished run.
struct Run {
    ending: Ending,
    text: String,
    sandbox: Sandbox,
}

impl Run {
    /// The settings at the end of the text.
    fn settings(&self) -> Value {
        let (_, json) = self.text.split_once("--settings:\n").unwrap_or_else(|| panic!("{}", self.text));
        serde_json::from_str(json).unwrap()
    }

    /// The addresses of contacts that the probe has left.
    fn left(&self) -> Vec<String> {
        let contacts = self.sandbox.contacts().into_iter().map(|contact| contact.email);
        contacts.filter(|email| email.starts_with("probe-")).collect()
    }

    fn writes(&self) -> usize {
        self.sandbox
            .requests_to("objects")
            .iter()
            .filter(|request| !request.path.ends_with("batch/read"))
            .count()
    }
}

/// A test account that behaves as the sandbox does by itself.
fn test_account() -> Settings {
    let mut settings = Settings::default();
    settings.account.account_type = "DEVELOPER_TEST".to_owned();
    // A run would be spread over some seconds otherwise.
    settings.limits.max = Some(1_000);
    settings
}

fn strange(skip: u64, what: What) -> Settings {
    let fault = Fault::new(what).path("2026-09/contacts/batch/upsert").skip(skip).times(1);
    Settings { faults: vec![fault], ..test_account() }
}

fn start(mut settings: Settings) -> Sandbox {
    let scopes = ["oauth", "crm.objects.contacts.read", "crm.objects.contacts.write"];
    settings.tokens.insert(TOKEN.to_owned(), scopes.map(str::to_owned).into());
    let sandbox = Sandbox::start(settings).unwrap();
    sandbox.seed_contact(Seed::new("ada@example.com").secondary("countess@example.com"));
    sandbox.seed_contacts(3);
    sandbox
}

async fn run_into(sandbox: &Sandbox, options: &[&str], out: &mut (dyn Write + Send)) -> io::Result<Ending> {
    let arguments = Arguments::parse_from(iter::once("portal_probe").chain(options.iter().copied()));
    let environment = Environment {
        base_url: BaseUrl::parse(&sandbox.base_url()).unwrap(),
        delay_scale: DelayScale::new(0.01).unwrap(),
        ..Environment::default()
    };
    probe(&arguments, &AccessToken::new(TOKEN).unwrap(), &environment, out).await
}

/// Runs the probe. Whatever happens, the contacts of others stay as they are, and no secret is printed.
async fn run(settings: Settings, options: &[&str]) -> Run {
    let sandbox = start(settings);
    let before = sandbox.contacts();
    let mut out = Vec::new();
    let ending = run_into(&sandbox, options, &mut out).await.unwrap();
    let text = String::from_utf8(out).unwrap();
    let others: Vec<_> =
        sandbox.contacts().into_iter().filter(|contact| !contact.email.starts_with("probe-")).collect();
    assert_eq!(others, before);
    assert!(!text.contains(MARK), "{text}");
    Run { ending, text, sandbox }
}

/// What the sandbox does by itself, as the probe finds it.
fn usual() -> Value {
    json!({
        "partial_success": true, "echo_trace_ids": false, "group_errors": false, "shuffle_results": true,
        "duplicate_check_ignores_case": true, "same_contact_inputs": "conflict409",
        "empty_inputs": "status400", "refuse_empty_properties": true, "default_lifecycle_stage": "lead",
        "limits": { "max": 1_000, "daily": 250_000, "window_ms": 10_000 },
    })
}

/// Which upsert of the first version a fault strikes, counted from 0.
mod upsert {
    pub(super) const FIRST: u64 = 0;
    pub(super) const PARTIAL: u64 = 2;
    pub(super) const BOTH_ADDRESSES: u64 = 8;
    pub(super) const STAGE_BACK: u64 = 14;
    pub(super) const ARCHIVED_ADDRESS: u64 = 16;
    pub(super) const COUNT: u64 = 17;
}
