//! A run from the look at the account to the recycle bin.

use std::{
    future::poll_fn,
    io::{self, Write},
    iter, slice,
    task::Poll,
};

use destination_hubspot::config::{AccessToken, ApiVersion, Environment};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    Arguments,
    answer::is_word,
    portal::Portal,
    questions::Question,
    report,
    verdict::{Finding, Verdict},
    wire::{Failed, Wire},
};

/// What HubSpot calls accounts that are there to be tried out.
const TEST_ACCOUNTS: [&str; 2] = ["DEVELOPER_TEST", "SANDBOX"];

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Answered,
    Incomplete,
    Refused,
}

impl Ending {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Answered => 0,
            Self::Incomplete => 1,
            Self::Refused => 2,
        }
    }
}

/// Asks everything that the arguments want to know.
pub(crate) async fn probe(
    arguments: &Arguments,
    token: &AccessToken,
    environment: &Environment,
    out: &mut (dyn Write + Send),
) -> io::Result<Ending> {
    let Some(wire) = Wire::new(token, environment) else {
        writeln!(out, "The trusted certificates of this system cannot be loaded.")?;
        return Ok(Ending::Refused);
    };
    let Some(version) = arguments.versions.first().copied() else { return Ok(Ending::Refused) };
    let first = Portal { wire: &wire, version };
    match admit(first, arguments.any_account).await {
        Ok(words) => writeln!(out, "{words}")?,
        Err(words) => {
            writeln!(out, "Nothing was asked: {words}")?;
            return Ok(Ending::Refused);
        }
    }
    wire.take_transcript();
    let mut findings = Vec::new();
    // Whatever ends the questions, a closed output included, what they made is removed.
    let asked = tokio::select! {
        asked = ask_all(arguments, &wire, &mut findings, out) => asked,
        () = interruption() => Err(io::Error::other("interrupted")),
    };
    let archived = clean_up(&wire, version).await;
    // Two statements: the second look would wait for the first one's lock.
    let left = wire.contacts().left();
    let uncertain = wire.contacts().uncertain();
    report::remains(out, archived, &left, &uncertain)?;
    asked?;
    report::summary(out, &findings)?;
    let is_open = findings.iter().flat_map(|finding| &finding.verdicts).any(report::is_open);
    let is_clean = left.is_empty() && uncertain.is_empty();
    Ok(if is_clean && !is_open { Ending::Answered } else { Ending::Incomplete })
}

/// Looks at the account, and proves that the addresses are free. `Err` says why nothing may be asked.
async fn admit(portal: Portal<'_>, any_account: bool) -> Result<String, String> {
    let answer = portal.account().await.map_err(|failed| failed.to_string())?;
    if !answer.is_success() {
        return Err(format!("HubSpot does not show the account to this token: {}", answer.describe()));
    }
    let details = answer.json();
    let account_type = details.get("accountType").and_then(|kind| kind.as_str()).filter(|kind| is_word(kind));
    let account_type = account_type.unwrap_or("unknown");
    let portal_id = details.get("portalId").and_then(serde_json::Value::as_u64).unwrap_or_default();
    let account = format!("account {portal_id} is of type {account_type}");
    if !any_account && !TEST_ACCOUNTS.contains(&account_type) {
        return Err(format!(
            "{account}, neither a test account nor a sandbox. --any-account asks it all the same."
        ));
    }
    let addresses = portal.wire.contacts().unused().to_vec();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let read = portal.read("the addresses of this run", &addresses, &["email"]).await;
    let read = read.map_err(|failed| failed.to_string())?;
    let batch = read.batch();
    if !read.is_success() || batch.errors.is_empty() {
        return Err(format!("whether its addresses are free could not be read: {}", read.describe()));
    }
    if !batch.results.is_empty() {
        return Err("contacts with its random addresses exist already".to_owned());
    }
    Ok(format!("The {account}."))
}

async fn ask_all(
    arguments: &Arguments,
    wire: &Wire,
    findings: &mut Vec<Finding>,
    out: &mut (dyn Write + Send),
) -> io::Result<()> {
    for (position, version) in arguments.versions.iter().copied().enumerate() {
        for question in Question::of_version(arguments, position == 0) {
            let asked = question.ask(Portal { wire, version }).await;
            let verdicts = asked.unwrap_or_else(|failed| vec![Verdict::Open(failed.to_string())]);
            let finding = Finding { version, question, verdicts };
            report::finding(out, &finding, &wire.take_transcript())?;
            findings.push(finding);
        }
    }
    Ok(())
}

/// Until somebody asks for the end: Ctrl-C, a closed terminal, a service manager. A signal that cannot be heard is never sent.
async fn interruption() {
    let kinds = [SignalKind::interrupt(), SignalKind::hangup(), SignalKind::terminate()];
    let mut signals = kinds.map(|kind| signal(kind).ok());
    poll_fn(|context| {
        let is_heard = |signal: &mut Signal| signal.poll_recv(context).is_ready();
        if signals.iter_mut().flatten().any(is_heard) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Moves what was made to the recycle bin, and says how many that were. `first` is the version that was asked first; where it does
/// not answer, the other may.
async fn clean_up(wire: &Wire, first: ApiVersion) -> usize {
    wire.ignore_reserve();
    let versions =
        iter::once(first).chain(ApiVersion::ALL.iter().copied().filter(|version| *version != first));
    let portals: Vec<Portal<'_>> = versions.map(|version| Portal { wire, version }).collect();
    for portal in &portals {
        if portal.find_all().await.is_ok() {
            break;
        }
    }
    let made = wire.contacts().left();
    for portal in portals {
        let left = wire.contacts().left();
        if left.is_empty() || archive(portal, &left).await.is_ok() {
            break;
        }
        // One that cannot be archived must not keep the others.
        for id in &left {
            // What remains is named by the caller.
            let _named = archive(portal, slice::from_ref(id)).await;
        }
    }
    made.len() - wire.contacts().left().len()
}

async fn archive(portal: Portal<'_>, ids: &[String]) -> Result<(), Failed> {
    let answer = portal.archive(ids).await?;
    // 207 would mean that some were archived and some not.
    if !answer.is_success() || answer.status == 207 || !answer.batch().errors.is_empty() {
        return Err(Failed::unexpected("the contacts could not be archived"));
    }
    for id in ids {
        portal.wire.contacts().gone(id);
    }
    Ok(())
}
