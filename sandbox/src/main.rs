//! The program `hubspot-sandbox`: runs the sandbox until it is ended, and says how to use it.
//!
//! What it does is in the library; here are arguments and words only.

use std::{
    io::{self, Write},
    net::IpAddr,
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, ValueEnum};
use hubspot_sandbox::{Fault, Sandbox, Settings, Tier, What, tokens};

/// A local HubSpot to write contacts to. It forgets everything when it ends.
///
/// It is not HubSpot's, and neither affiliated with nor endorsed by HubSpot, Inc. It answers a part of the API as that is
/// documented or was recorded; sandbox/README.md lists its routes, its settings, its faults and what it does not have.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on, 127.0.0.1 unless given. Whoever reaches another one can read and change everything in the sandbox.
    #[arg(long, value_name = "ADDRESS")]
    host: Option<IpAddr>,
    /// Port on that address; 0 lets the system choose.
    #[arg(long)]
    port: Option<u16>,
    /// Starts with this many made-up contacts.
    #[arg(long, value_name = "N")]
    seed_contacts: Option<usize>,
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
    introduce(&sandbox)?;
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
    settings.host = arguments.host.unwrap_or(settings.host);
    settings.seed_contacts = arguments.seed_contacts.unwrap_or(settings.seed_contacts);
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

/// What to know about an address that is not only this machine's.
fn exposure(host: IpAddr) -> Option<String> {
    let warning =
        format!("It listens on {host}: whoever reaches that address can read and change everything in it.");
    (!host.is_loopback()).then_some(warning)
}

fn introduce(sandbox: &Sandbox) -> io::Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this program has no protocol; people read its standard output"
    )]
    let mut out = io::stdout().lock();
    let url = sandbox.base_url();
    let Settings { host, seed_contacts: contacts, .. } = sandbox.settings();
    writeln!(out, "HubSpot sandbox on {url} with {contacts} contacts")?;
    if let Some(warning) = exposure(host) {
        writeln!(out, "{warning}")?;
    }
    writeln!(out, "It is not HubSpot's, and not affiliated with HubSpot, Inc.\n\nTokens:")?;
    for (token, meaning) in tokens::ALL {
        writeln!(out, "  {token:<52} {meaning}")?;
    }
    let full = tokens::FULL;
    writeln!(
        out,
        "\nTry it:\n  echo '{{\"access_token\":\"{full}\"}}' > config.json\n  \
         HUBSPOT_API_BASE_URL={url} destination-hubspot check --config config.json\n\n\
         Look inside, or change it:\n  curl {url}/_sandbox/contacts\n  curl {url}/_sandbox/requests\n  curl {url}/_sandbox/routes\n  \
         curl -X POST {url}/_sandbox/reset\n  \
         curl -X PATCH {url}/_sandbox/settings -d '{{\"faults\":[{{\"what\":{{\"status\":{{\"status\":503}}}},\"when\":{{\"times\":2}}}}]}}'"
    )?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::exposure;

    #[test]
    fn an_address_that_others_reach_is_warned_of() {
        for (host, is_exposed) in [
            ("127.0.0.1", false),
            ("127.9.9.9", false),
            ("::1", false),
            ("0.0.0.0", true),
            ("::", true),
            ("192.0.2.1", true),
        ] {
            assert_eq!(exposure(host.parse().unwrap()).is_some(), is_exposed, "{host}");
        }
    }
}
