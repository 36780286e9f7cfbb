//! The program `hubspot-sandbox`: runs the sandbox until it is ended, and says how to use it.
//!
//! What it does is in the library; here are arguments and words only.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, ValueEnum};
use hubspot_sandbox::{Fault, Sandbox, Settings, Tier, What, tokens};

/// A local HubSpot to write contacts to. It forgets everything when it ends.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Port on 127.0.0.1; 0 lets the system choose.
    #[arg(long)]
    port: Option<u16>,
    /// Starts with this many made-up contacts.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed_contacts: usize,
    /// Settings as JSON; the other options override them.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Seed of everything random.
    #[arg(long)]
    seed: Option<u64>,
    /// Subscription, which sets the rate limits.
    #[arg(long)]
    tier: Option<TierName>,
    /// Refuses no request for a rate limit.
    #[arg(long)]
    no_limits: bool,
    /// Sends `Retry-After` with 429.
    #[arg(long)]
    retry_after: bool,
    /// Requests left for today.
    #[arg(long, value_name = "N")]
    daily_limit: Option<u64>,
    /// Delay of every answer in milliseconds.
    #[arg(long, value_name = "MS")]
    latency: Option<u64>,
    /// One bad contact refuses its whole batch, even with trace ids.
    #[arg(long)]
    no_partial_success: bool,
    /// Share of upserts that fail with 503 and a page in HTML, from 0 to 1.
    #[arg(long, value_name = "SHARE")]
    fail: Option<f64>,
    /// Share of upserts that are carried out and never answered, from 0 to 1.
    #[arg(long, value_name = "SHARE")]
    lose: Option<f64>,
    /// Refuses this address as a conflict; may be repeated.
    #[arg(long, value_name = "EMAIL")]
    conflict: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TierName {
    Free,
    Professional,
    Enterprise,
    LimitIncrease,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done if standard error is closed as well.
            let _unwritten = writeln!(io::stderr().lock(), "hubspot-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let sandbox = Sandbox::start(settings(arguments)?)?;
    sandbox.seed_contacts(arguments.seed_contacts);
    introduce(&sandbox, arguments.seed_contacts)?;
    loop {
        std::thread::park();
    }
}

fn settings(arguments: &Arguments) -> io::Result<Settings> {
    let mut settings = match &arguments.settings {
        Some(path) => {
            let at = |error: &dyn std::fmt::Display| io::Error::other(format!("{}: {error}", path.display()));
            let text = std::fs::read(path).map_err(|error| at(&error))?;
            serde_json::from_slice(&text).map_err(|error| at(&error))?
        }
        None => Settings::default(),
    };
    settings.port = arguments.port.unwrap_or(settings.port);
    settings.seed = arguments.seed.unwrap_or(settings.seed);
    if let Some(tier) = arguments.tier {
        settings.limits.tier = match tier {
            TierName::Free => Tier::Free,
            TierName::Professional => Tier::Professional,
            TierName::Enterprise => Tier::Enterprise,
            TierName::LimitIncrease => Tier::LimitIncrease,
        };
    }
    settings.limits.enforced &= !arguments.no_limits;
    settings.limits.retry_after |= arguments.retry_after;
    settings.limits.daily = arguments.daily_limit.or(settings.limits.daily);
    settings.latency.ms = arguments.latency.unwrap_or(settings.latency.ms);
    settings.partial_success &= !arguments.no_partial_success;
    let upserts = |what: What| Fault::new(what).path("batch/upsert");
    settings.faults.extend(arguments.fail.map(|share| upserts(What::html(503)).probability(share)));
    settings.faults.extend(arguments.lose.map(|share| upserts(What::LoseAnswer).probability(share)));
    settings.faults.extend(arguments.conflict.iter().map(|email| upserts(What::conflict()).email(email)));
    Ok(settings)
}

fn introduce(sandbox: &Sandbox, contacts: usize) -> io::Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this program has no protocol; people read its standard output"
    )]
    let mut out = io::stdout().lock();
    let url = sandbox.base_url();
    writeln!(out, "HubSpot sandbox on {url} with {contacts} contacts\n\nTokens:")?;
    for (token, meaning) in tokens::ALL {
        writeln!(out, "  {token:<52} {meaning}")?;
    }
    let full = tokens::FULL;
    writeln!(
        out,
        "\nTry it:\n  echo '{{\"access_token\":\"{full}\"}}' > config.json\n  \
         HUBSPOT_API_BASE_URL={url} destination-hubspot check --config config.json\n\n\
         Look inside, or change it:\n  curl {url}/_sandbox/contacts\n  curl {url}/_sandbox/requests\n  \
         curl -X PATCH {url}/_sandbox/settings -d '{{\"faults\":[{{\"what\":{{\"status\":{{\"status\":503}}}},\"when\":{{\"times\":2}}}}]}}'"
    )?;
    out.flush()
}
