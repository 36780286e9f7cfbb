//! README.md lists exactly what there is: routes, settings with their defaults, options, and faults with their members.
//!
//! What each of them does is not tested here.

use std::{collections::BTreeSet, process::Command};

use hubspot_sandbox::{Fault, RequestRecord, Settings, Version, What, When};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::*;

const README: &str = include_str!("../../README.md");

/// The rows of the table below a head, as cells.
#[track_caller]
fn table(head: &str) -> Vec<Vec<&'static str>> {
    let (_, below) = README.split_once(head).unwrap_or_else(|| panic!("README.md has no table {head}"));
    let rows = below.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = |row: &'static str| row.trim_matches('|').split('|').map(str::trim).collect();
    rows.map(cells).collect()
}

/// The parts of a text between backticks.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn set<T: Ord>(list: Vec<T>) -> BTreeSet<T> {
    let count = list.len();
    let set: BTreeSet<T> = list.into_iter().collect();
    assert_eq!(set.len(), count, "something is listed twice");
    set
}

/// What serde says would have been understood in the place of `nonsense`.
fn understood<T: DeserializeOwned>(value: Value) -> BTreeSet<String> {
    let Err(error) = serde_json::from_value::<T>(value) else { return BTreeSet::new() };
    let error = error.to_string();
    let expected = error.split_once("expected").map_or("", |(_, expected)| expected);
    quoted(expected)
}

#[tokio::test]
async fn it_lists_the_routes() {
    let (_sandbox, client) = start(Settings::default());
    let routes = client.get("/_sandbox/routes").await.json();
    let of_router = |route: &Value| {
        (route["method"].as_str().unwrap().to_owned(), route["path"].as_str().unwrap().to_owned())
    };
    let of_router = set(routes.as_array().unwrap().iter().map(of_router).collect());
    let mut listed = Vec::new();
    for row in table("| method | path in v3 |") {
        for cell in [row[1], row[2]] {
            for path in quoted(cell) {
                let dated = Version::ALL.iter().filter(|version| **version != Version::V3);
                if path.contains("{date}") {
                    listed
                        .extend(dated.map(|date| (row[0].to_owned(), path.replace("{date}", date.as_str()))));
                } else {
                    listed.push((row[0].to_owned(), path));
                }
            }
        }
    }
    let own = table("| method | path | does |");
    listed.extend(own.iter().map(|row| (row[0].to_owned(), row[1].trim_matches('`').to_owned())));
    assert_eq!(set(listed), of_router);
}

#[test]
fn it_lists_the_settings_with_their_defaults() {
    let mut settings = Vec::new();
    for (name, value) in json!(Settings::default()).as_object().unwrap() {
        match value.as_object() {
            Some(members) if !members.is_empty() => {
                settings.extend(
                    members.iter().map(|(member, value)| (format!("{name}.{member}"), value.to_string())),
                );
            }
            _ => settings.push((name.clone(), value.to_string())),
        }
    }
    let rows = table("| setting | default |");
    let unquoted = |cell: &str| cell.trim_matches('`').to_owned();
    let listed = rows.iter().map(|row| (unquoted(row[0]), unquoted(row[1]))).collect();
    assert_eq!(set(listed), set(settings));
    for row in rows {
        assert!(row.len() == 4 && !row[3].is_empty(), "{row:?} has no fact");
        // What a setting may be, where it is one of a list.
        let nonsense = match unquoted(row[0]).split_once('.') {
            Some((outer, inner)) => json!({ outer: { inner: "nonsense" } }),
            None => json!({ unquoted(row[0]): "nonsense" }),
        };
        let lacking: Vec<String> =
            understood::<Settings>(nonsense).difference(&quoted(row[2])).cloned().collect();
        assert!(lacking.is_empty(), "{}: {lacking:?}", row[0]);
    }
}

#[test]
fn it_lists_the_options() {
    let output = Command::new(env!("CARGO_BIN_EXE_hubspot-sandbox")).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let options = help.lines().filter_map(|line| line.find("--").map(|at| line.split_at(at)));
    let options = options.filter(|(before, _)| matches!(before.trim(), "" | "-h," | "-V,"));
    let options = options.map(|(_, option)| option.trim().to_owned()).collect();
    let listed = table("| option | does |").iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
    assert_eq!(set(listed), set(options));
}

#[test]
fn it_lists_the_faults() {
    let first_cells =
        |head: &str| set(table(head).iter().map(|row| row[0].trim_matches('`').to_owned()).collect());
    let members = |value: Value| -> BTreeSet<String> { value.as_object().unwrap().keys().cloned().collect() };
    let rule = Fault::new(What::status(500)).named("named");
    assert_eq!(first_cells("| member of a rule | says |"), members(json!(rule)));
    assert_eq!(first_cells("| condition in `when` | holds for |"), members(json!(When::default())));
    let kinds = table("| kind in `what` | members | what goes wrong |");
    assert_eq!(first_cells("| kind in `what` |"), understood::<What>(json!("nonsense")));
    for kind in kinds {
        let name = kind[0].trim_matches('`');
        let known = understood::<What>(json!({ name: { "nonsense": 1 } }));
        let listed = quoted(kind[1]);
        let lacking: Vec<&String> = known.difference(&listed).collect();
        assert!(lacking.is_empty(), "`{name}` lacks {lacking:?}");
        assert_eq!(known.is_empty(), listed.is_empty(), "`{name}` has no members");
        for member in listed {
            let is_value = understood_values().contains(&member);
            assert!(known.contains(&member) || is_value, "`{name}` has no `{member}`");
        }
    }
}

/// Values of members of faults that are one of a list.
fn understood_values() -> BTreeSet<String> {
    let bodies = understood::<What>(json!({ "status": { "status": 1, "body": "nonsense" } }));
    let policies = understood::<What>(json!({ "rate_limited": { "policy": "nonsense" } }));
    assert!(bodies.contains("html") && policies.contains("DAILY"), "{bodies:?} {policies:?}");
    bodies.into_iter().chain(policies).collect()
}

#[test]
fn it_says_how_many_requests_are_kept() {
    let kept = RequestRecord::KEPT;
    let kept = format!("The record keeps the newest {},{:03} requests.", kept / 1_000, kept % 1_000);
    assert!(README.contains(&kept), "{kept}");
}

#[tokio::test]
async fn its_hint_is_the_sandboxs() {
    let (_sandbox, client) = start(Settings::default());
    let (_, block) = README.split_once("```json\n").unwrap();
    let shown: Value = serde_json::from_str(block.lines().next().unwrap()).unwrap();
    let answer = client.get("/nowhere").await;
    assert_eq!(serde_json::from_str::<Value>(answer.header("x-sandbox-hint").unwrap()).unwrap(), shown);
}

#[tokio::test]
async fn its_fault_can_be_set_as_it_stands() {
    let (_sandbox, client) = start(Settings::default());
    let (_, section) = README.split_once("## Faults").unwrap();
    let (_, body) = section.split_once("-d '").unwrap();
    let body = body.split('\'').next().unwrap().to_owned();
    let answer = client.try_send(reqwest::Method::PATCH, "/_sandbox/settings", body).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(client.upsert(&people(1)).await.status);
    }
    assert_eq!(statuses, [503, 503, 200]);
}

#[test]
fn its_faults_in_sentences_are_faults() {
    let written = README.split('`').filter(|text| text.starts_with("{\"what\":"));
    let faults: Vec<Fault> = written
        .map(|text| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")))
        .collect();
    assert!(faults.iter().any(|fault| matches!(fault.what, What::Change { .. })), "{faults:?}");
}
