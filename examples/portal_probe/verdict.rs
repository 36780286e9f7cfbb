//! What a question found, and the settings of the sandbox that follow from it.

use destination_hubspot::config::ApiVersion;
use serde_json::{Map, Value};

use crate::questions::Question;

/// What a question found.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The setting of the sandbox with this name behaves like the account if it has this value. `limits.max` is the member
    /// `max` of `limits`.
    Setting(&'static str, Value),
    /// There is an answer, but no value of this setting behaves so.
    Unlike(&'static str, String),
    /// There is an answer to what the sandbox has no setting for: it does the same, or it does not.
    Fact { words: String, as_sandbox: bool },
    /// The question does not arise in this account.
    Moot(String),
    /// There is no answer.
    Open(String),
}

impl Verdict {
    pub(crate) fn setting(name: &'static str, value: impl Into<Value>) -> Self {
        Self::Setting(name, value.into())
    }
}

/// What one version of the API answered to one question.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) version: ApiVersion,
    pub(crate) question: Question,
    pub(crate) verdicts: Vec<Verdict>,
}

/// The settled settings as JSON for `hubspot-sandbox --settings`. The first finding of a setting decides.
pub(crate) fn settings(findings: &[Finding]) -> Map<String, Value> {
    let mut settings = Map::new();
    for (_, name, value) in settled(findings) {
        match name.split_once('.') {
            None => {
                settings.entry(name).or_insert_with(|| value.clone());
            }
            Some((group, member)) => {
                let group = settings.entry(group).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(members) = group {
                    members.entry(member).or_insert_with(|| value.clone());
                }
            }
        }
    }
    settings
}

/// The settings that a later version answers otherwise than the first: the sandbox has one value for all.
pub(crate) fn disagreements(findings: &[Finding]) -> Vec<String> {
    let mut lines = Vec::new();
    for (version, name, value) in settled(findings) {
        let first = settled(findings).find(|(_, other, _)| *other == name);
        if let Some((first_version, _, first_value)) = first
            && first_value != value
        {
            lines.push(format!(
                "{name} is {first_value} in {} and {value} in {}; the sandbox has one value for both",
                first_version.as_str(),
                version.as_str()
            ));
        }
    }
    lines
}

fn settled(findings: &[Finding]) -> impl Iterator<Item = (ApiVersion, &'static str, &Value)> {
    findings.iter().flat_map(|finding| {
        finding.verdicts.iter().filter_map(|verdict| match verdict {
            Verdict::Setting(name, value) => Some((finding.version, *name, value)),
            _ => None,
        })
    })
}
