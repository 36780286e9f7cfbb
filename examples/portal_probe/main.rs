//! Asks a test account of HubSpot what its documentation leaves open, and says which settings of the sandbox behave like it.
//!
//! Arguments, environment and exit code are here. What a run does is in `run`, what it asks in `questions`.

mod answer;
mod contacts;
mod portal;
mod questions;
mod report;
mod run;
#[cfg(test)]
mod tests;
mod verdict;
mod wire;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use destination_hubspot::config::{AccessToken, ApiVersion, Environment};

use crate::run::{Ending, probe};

/// The variable that holds the token. An argument could be read by every user of the machine.
const TOKEN_VARIABLE: &str = "HUBSPOT_ACCESS_TOKEN";

/// Asks a test account of HubSpot what its documentation leaves open.
///
/// It makes about twenty contacts for each version of the API, under random addresses of example.com, asks its questions with
/// them, and moves them to the recycle bin again. It touches no contact that it did not make.
#[derive(Debug, Parser)]
#[command(name = "portal_probe", after_help = AFTER_HELP)]
struct Arguments {
    /// Asks even if the account is neither a test account nor a sandbox.
    #[arg(long)]
    any_account: bool,
    /// Also asks what becomes of addresses that were deleted for GDPR. That cannot be undone: two random addresses for each
    /// version stay on the account's blocklist.
    #[arg(long)]
    gdpr: bool,
    /// Also exceeds the rate limit once, to see the refusal. Whatever else uses the token is refused in these ten seconds too.
    #[arg(long)]
    provoke_limit: bool,
    /// Asks this version of the API only, 2026-09 or v3; may be repeated. The settings follow the first.
    #[arg(long = "api-version", value_name = "VERSION", value_parser = api_version, default_values = ["2026-09", "v3"])]
    versions: Vec<ApiVersion>,
}

const AFTER_HELP: &str = "\
Environment:
  HUBSPOT_ACCESS_TOKEN   Service key or private app token with the scopes crm.objects.contacts.read and .write
  HUBSPOT_API_BASE_URL   Another address than https://api.hubapi.com, such as that of hubspot-sandbox

Exit code:
  0  every question was answered, and every contact that was made is in the recycle bin
  1  a question stayed open, or something may be left in the account; the text says what
  2  nothing was asked: the arguments, the token or the account did not fit";

fn api_version(name: &str) -> Result<ApiVersion, String> {
    let known = ApiVersion::ALL.iter().copied().find(|version| version.as_str() == name);
    known.ok_or_else(|| "the versions are 2026-09 and v3".to_owned())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    #[expect(clippy::disallowed_methods, reason = "this program talks to a person, not to Airbyte")]
    let mut out = io::stdout();
    let ending = start(&arguments, &mut out).unwrap_or_else(|error| {
        // Nothing is left to be done if standard error is closed as well.
        let _unwritten = writeln!(io::stderr(), "portal_probe: {error}");
        Ending::Incomplete
    });
    ExitCode::from(ending.code())
}

fn start(arguments: &Arguments, out: &mut (dyn Write + Send)) -> io::Result<Ending> {
    // A value that is not Unicode must not count as absent: an address that is skipped would mean HubSpot itself.
    let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let Some(pasted) = variable(TOKEN_VARIABLE) else {
        writeln!(out, "Put the token of a test account into the environment variable {TOKEN_VARIABLE}.")?;
        return Ok(Ending::Refused);
    };
    let checked = AccessToken::new(&pasted).and_then(|token| Ok((token, Environment::read(variable)?)));
    let (token, environment) = match checked {
        Ok(checked) => checked,
        Err(error) => {
            writeln!(out, "The environment does not fit: {error}")?;
            return Ok(Ending::Refused);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(probe(arguments, &token, &environment, out))
}
