//! The user's page `docs/hubspot.md` says what the connector does: its settings, its messages, its version.
//!
//! The page is compared with `spec.json` and with the texts in the source, so that neither goes on without it.

use std::{fs, path::Path};

use serde_json::Value;

use super::support::{Connector, sandbox};

const PAGE: &str = include_str!("../../docs/hubspot.md");
const SPEC: &str = include_str!("../../spec.json");

/// What opens a message that ends a sync, fails a check or warns. The message is the first text behind it.
const OPENINGS: [&str; 7] = [
    "#[error(",
    "Failure::config(",
    "Failure::transient(",
    "Failure::system(",
    "let message = format!(",
    "fail(format!(",
    "=> format!(",
];
/// The same, but the message is the last text, behind the fields.
const WARNINGS: [&str; 2] = ["warn!(", "error!("];

/// A part of a message that is shorter than this may stand on the page by chance.
const SHORTEST: usize = 10;

/// The page's cells, without what Markdown needs.
fn page() -> String {
    PAGE.replace("\\|", "|")
}

#[test]
fn every_message_is_on_the_page() {
    let mut messages = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut messages);
    assert!(messages.len() > 60, "the search finds no messages any more: {messages:#?}");
    let page = page();
    messages.retain(|message| !page.contains(opening(message).trim()));
    assert!(messages.is_empty(), "not in docs/hubspot.md: {messages:#?}");
}

#[test]
fn every_reason_of_a_rejection_is_on_the_page() {
    let source = include_str!("../../src/mapping/reason.rs");
    let (_, codes) = source.split_once("fn as_str").unwrap();
    let (codes, _) = codes.split_once("fn advice").unwrap();
    let codes: Vec<&str> = codes.split('"').skip(1).step_by(2).collect();
    assert!(codes.contains(&"missing_email") && codes.len() > 10, "{codes:?}");
    for code in codes {
        assert!(PAGE.contains(&format!("`{code}`")), "{code}");
    }
}

#[test]
fn every_reason_to_leave_a_field_out_is_on_the_page() {
    let source = include_str!("../../src/mapping/field.rs");
    let (_, reasons) = source.split_once("pub fn reason").unwrap();
    let (reasons, _) = reasons.split_once("pub fn detail").unwrap();
    let mut letters = reasons.chars().peekable();
    let mut found = Vec::new();
    while let Some(letter) = letters.next() {
        if letter == '"' {
            found.push(self::text(&mut letters));
        }
    }
    assert!(found.len() >= 10, "{found:?}");
    for reason in found {
        assert!(page().contains(&reason), "not in docs/hubspot.md: {reason}");
    }
}

#[test]
fn the_configuration_reference_is_that_of_the_specification() {
    let spec: Value = serde_json::from_str(SPEC).unwrap();
    let specification = &spec["connectionSpecification"];
    let mut expected = Vec::new();
    for (name, setting) in specification["properties"].as_object().unwrap() {
        let required = specification["required"].as_array().unwrap().iter().any(|one| one == name);
        expected.push((name.clone(), setting.clone(), required));
        let entry = &setting["items"];
        for (inner, setting) in entry["properties"].as_object().into_iter().flatten() {
            let required = entry["required"].as_array().unwrap().iter().any(|one| one == inner);
            expected.push((format!("{name}[].{inner}"), setting.clone(), required));
        }
    }
    let rows = rows("## Configuration reference");
    let row = |name: &str| rows.iter().find(|row| row[0] == format!("`{name}`"));
    assert_eq!(rows.len(), expected.len());
    for (name, setting, required) in &expected {
        let row = row(name).unwrap_or_else(|| panic!("no row of {name}"));
        assert_eq!(row[1], setting["title"].as_str().unwrap(), "{name}");
        assert_eq!(row[2].contains("secret"), setting["airbyte_secret"] == true, "{name}");
        assert_eq!(row[3].starts_with("yes"), *required, "{name}");
        match &setting["default"] {
            Value::Null => assert!(!row[4].contains('`'), "{name} has no default: {}", row[4]),
            Value::String(default) => assert_eq!(row[4], format!("`{default}`"), "{name}"),
            default => assert_eq!(row[4], format!("`{default}`"), "{name}"),
        }
        for choice in setting["enum"].as_array().into_iter().flatten() {
            assert!(row[5].contains(&format!("`{}`", choice.as_str().unwrap())), "{name}: {choice}");
        }
    }
}

#[test]
fn there_is_one_version() {
    let version = env!("CARGO_PKG_VERSION");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = |file: &str| fs::read_to_string(root.join(file)).unwrap();
    let newest = |text: String, before: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(before).map(str::to_owned));
        line.unwrap_or_else(|| panic!("no line begins with {before}")).trim().to_owned()
    };
    assert_eq!(newest(text("metadata.yaml"), "dockerImageTag:"), version);
    assert_eq!(newest(text("Dockerfile"), "ARG VERSION="), version);
    let name = newest(text("metadata.yaml"), "dockerRepository:");
    assert_eq!(newest(text("Dockerfile"), "LABEL io.airbyte.name="), format!("\"{name}\""));
    assert!(text("README.md").contains(&format!("{name}:{version}")), "the image in README.md");
    let changes = newest(text("CHANGELOG.md"), "## [");
    assert!(changes.starts_with(&format!("{version}] - ")), "{changes}");
    let (_, date) = changes.split_once(" - ").unwrap();
    let row = &rows("## Changelog")[0];
    assert_eq!((row[0].as_str(), row[1].as_str()), (version, date));
}

#[test]
fn names_that_are_only_proposed_are_on_the_page() {
    let below = PAGE.split_once("\n### Usual names\n").unwrap().1;
    let (section, _) = below.split_once("\n### ").unwrap();
    let table = include_str!("../../src/crm/usual_names.txt");
    let entries =
        table.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" | ? "));
    let missing: Vec<_> = entries
        .filter(|(name, rest)| {
            let properties = rest.split(" | ").next().unwrap().split(", ");
            let row = section.lines().find(|line| line.contains(&format!("`{name}`")));
            !row.is_some_and(|row| {
                properties.into_iter().all(|property| row.contains(&format!("`{property}`")))
            })
        })
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn both_tables_of_what_an_upgrade_changes_are_one() {
    let changes = include_str!("../../CHANGELOG.md");
    let of_page = table_below(PAGE, "## Upgrading from 0.1.0");
    assert!(of_page.len() > 10, "{of_page:#?}");
    assert_eq!(table_below(changes, "### Upgrading from 0.1.0"), of_page);
}

#[test]
fn the_plan_that_the_page_shows_is_what_check_prints() {
    let (_, below) = PAGE.split_once("\n### See what will happen before it happens\n").unwrap();
    let block =
        |kind: &str| below.split_once(&format!("```{kind}\n")).unwrap().1.split("```").next().unwrap();
    let sandbox = sandbox();
    let check = Connector::new(&sandbox).text("catalog.json", block("json")).check();
    check.assert_success();
    assert_eq!(check.logs("field").join("\n"), block("text").trim());
    assert_eq!(check.connection_status().0, "SUCCEEDED");
}

#[test]
fn links_within_the_page_lead_to_a_heading() {
    let anchor = |heading: &str| -> String {
        let kept = heading.to_lowercase().replace(' ', "-");
        kept.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_')).collect()
    };
    let headings: Vec<String> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")))
        .map(anchor)
        .collect();
    let targets: Vec<&str> = PAGE.split("](#").skip(1).map(|link| link.split(')').next().unwrap()).collect();
    assert!(targets.len() > 10, "{targets:?}");
    for target in targets {
        assert!(headings.iter().any(|heading| heading == target), "no heading #{target}");
    }
}

/// The rows of the first table below a heading, without its head; each cell trimmed.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let cells = |row: &str| row.trim_matches('|').split(" |").map(|cell| cell.trim().to_owned()).collect();
    table_below(PAGE, heading).into_iter().skip(2).map(cells).collect()
}

/// The lines of the first table below a heading.
fn table_below<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let (_, below) = text.split_once(&format!("\n{heading}\n")).unwrap();
    let table =
        below.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    table.collect()
}

/// The messages of every file below a directory.
fn collect(directory: &Path, messages: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && name != "tests" {
            collect(&path, messages);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !name.ends_with("tests.rs") {
            messages.extend(messages_of(&fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The messages of a source, its tests and comments aside.
fn messages_of(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let code: String = code.lines().filter(is_code).flat_map(|line| [line, "\n"]).collect();
    let texts = |opening: &str| code.split(opening).skip(1).map(texts_of_call).collect::<Vec<_>>();
    let first =
        OPENINGS.iter().flat_map(|opening| texts(opening)).filter_map(|texts| texts.into_iter().next());
    let last = WARNINGS.iter().flat_map(|opening| texts(opening)).filter_map(|mut texts| texts.pop());
    // A name of an argument, or `{message}` alone, is no message.
    first.chain(last).filter(|text| opening(text).trim().len() > 3 && text.contains(' ')).collect()
}

/// The texts up to the parenthesis that closes the call which the code is in.
fn texts_of_call(code: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut depth = 1;
    let mut letters = code.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            '"' => texts.push(text(&mut letters)),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    texts
}

/// The rest of a text whose quotation mark is behind us.
fn text(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('"', _) => break,
            ('\\', Some('\n')) => while letters.next_if(|next| next.is_whitespace()).is_some() {},
            ('\\', Some(_)) => text.extend(letters.next()),
            (letter, _) => text.push(letter),
        }
    }
    text
}

/// The first part of a message between placeholders that is long enough to be looked for; else its longest.
fn opening(message: &str) -> String {
    let plain = message.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let parts = plain.split('{').enumerate().map(|(number, part)| {
        let behind = if number == 0 { part } else { part.split_once('}').map_or("", |(_, behind)| behind) };
        behind.replace('\u{1}', "{").replace('\u{2}', "}")
    });
    let parts: Vec<String> = parts.collect();
    let long = parts.iter().find(|part| part.trim().len() >= SHORTEST);
    long.or_else(|| parts.iter().max_by_key(|part| part.len())).cloned().unwrap_or_default()
}
