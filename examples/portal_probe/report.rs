//! The words and the JSON for the person who runs the probe. Nothing is decided here.

use std::io::{self, Write};

use serde_json::Value;

use crate::verdict::{Finding, Verdict, disagreements, settings};

/// One question: what was asked, what came, and what follows.
pub(crate) fn finding(out: &mut dyn Write, finding: &Finding, transcript: &[String]) -> io::Result<()> {
    writeln!(out, "\n[{}] {}", finding.version.as_str(), finding.question.title())?;
    for line in transcript {
        writeln!(out, "  {line}")?;
    }
    for verdict in &finding.verdicts {
        match verdict {
            Verdict::Setting(name, value) => writeln!(out, "  = {name}: {value}")?,
            Verdict::Unlike(name, words) => {
                writeln!(out, "  ! no value of {name} behaves like this: {words}")?;
            }
            Verdict::Fact { words, as_sandbox: true } => writeln!(out, "  = as the sandbox does: {words}")?,
            Verdict::Fact { words, as_sandbox: false } => {
                writeln!(out, "  ! not as the sandbox does: {words}")?;
            }
            Verdict::Moot(words) => writeln!(out, "  - does not arise: {words}")?,
            Verdict::Open(words) => writeln!(out, "  ? open: {words}")?,
        }
    }
    Ok(())
}

/// What remains in the account.
pub(crate) fn remains(
    out: &mut dyn Write,
    archived: usize,
    left: &[String],
    uncertain: &[String],
) -> io::Result<()> {
    writeln!(out, "\n{archived} contact(s) of this run are in the recycle bin.")?;
    if !left.is_empty() {
        writeln!(out, "Could not be archived, please do so by hand: {}", left.join(" "))?;
    }
    if !uncertain.is_empty() {
        let list = uncertain.join(" ");
        writeln!(out, "May exist, as a request got no answer; please look and archive by hand: {list}")?;
    }
    Ok(())
}

/// The last lines: what the sandbox cannot show, and the settings with which it behaves like the account.
pub(crate) fn summary(out: &mut dyn Write, findings: &[Finding]) -> io::Result<()> {
    let lines = disagreements(findings);
    if !lines.is_empty() {
        writeln!(out, "\nThe versions differ:")?;
        for line in lines {
            writeln!(out, "  {line}")?;
        }
    }
    let open =
        findings.iter().flat_map(|finding| &finding.verdicts).filter(|verdict| is_open(verdict)).count();
    if open > 0 {
        writeln!(out, "\n{open} answer(s) are missing; see the lines with a question mark.")?;
    }
    writeln!(out, "\nSettings for hubspot-sandbox --settings:")?;
    writeln!(out, "{:#}", Value::Object(settings(findings)))
}

pub(crate) fn is_open(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Open(_))
}
