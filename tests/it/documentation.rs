//! The user's page `docs/hubspot.md` says what the connector does: its settings, its warnings, its version.
//!
//! The page is compared with `spec.json` and with the texts in the source, so that neither goes on without it. Not here: the
//! messages of failures, which are types that the library's own tests walk (`src/documentation`).

use std::{fs, path::Path};

use destination_hubspot::mapping::reason::Code;
use proc_macro2::{TokenStream, TokenTree};
use serde_json::Value;
use syn::visit::{self, Visit};

use super::support::{Connector, sandbox};

const PAGE: &str = include_str!("../../docs/hubspot.md");
const SPEC: &str = include_str!("../../spec.json");

/// The page's cells, without what Markdown needs.
fn page() -> String {
    PAGE.replace("\\|", "|")
}

#[test]
fn every_warning_is_on_the_page() {
    let mut warnings = Warnings::default();
    warnings.read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let mut texts = warnings.texts;
    assert!(texts.len() > 25, "the search finds no warnings any more: {texts:#?}");
    let page = page();
    texts.retain(|text| !page.contains(&pattern(text)));
    assert!(texts.is_empty(), "not in docs/hubspot.md: {texts:#?}");
}

#[test]
fn every_reason_of_a_rejection_is_on_the_page() {
    for code in Code::ALL {
        assert!(PAGE.contains(&format!("`{}`", code.as_str())), "{code:?}");
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
        of_options(name, setting, &mut expected);
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
            Value::String(default) if default.is_empty() => assert_eq!(row[4], "empty", "{name}"),
            Value::String(default) => assert_eq!(row[4], format!("`{default}`"), "{name}"),
            default => assert_eq!(row[4], format!("`{default}`"), "{name}"),
        }
        let choices = setting["enum"].as_array().into_iter().flatten();
        for choice in choices.chain(setting.get("const")).filter(|choice| **choice != "") {
            assert!(row[5].contains(&format!("`{}`", choice.as_str().unwrap())), "{name}: {choice}");
        }
    }
}

/// The settings inside the options of a setting, each once; what tells the options apart, once for all choices.
fn of_options(name: &str, setting: &Value, expected: &mut Vec<(String, Value, bool)>) {
    for option in setting["oneOf"].as_array().into_iter().flatten() {
        for (inner, setting) in option["properties"].as_object().unwrap() {
            let required = option["required"].as_array().unwrap().iter().any(|one| one == inner);
            let name = format!("{name}.{inner}");
            of_options(&name, setting, expected);
            let Some((_, before, _)) = expected.iter_mut().find(|(one, ..)| *one == name) else {
                expected.push((name, setting.clone(), required));
                continue;
            };
            let choices = [before["const"].clone(), setting["const"].clone()];
            before["enum"] = Value::from(choices.to_vec());
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

/// The texts of `warn!` and `error!` in code that is no test.
#[derive(Default)]
struct Warnings {
    texts: Vec<String>,
}

impl Warnings {
    /// Reads every file below a directory.
    fn read(&mut self, directory: &Path) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.read(&path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let file = syn::parse_file(&fs::read_to_string(&path).unwrap());
                self.visit_file(&file.unwrap_or_else(|error| panic!("{}: {error}", path.display())));
            }
        }
    }
}

impl Visit<'_> for Warnings {
    fn visit_item_mod(&mut self, module: &syn::ItemMod) {
        if !module.attrs.iter().any(|attribute| attribute.path().is_ident("cfg")) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_macro(&mut self, call: &syn::Macro) {
        let is_warning =
            call.path.segments.last().is_some_and(|name| name.ident == "warn" || name.ident == "error");
        // A placeholder alone is a text that comes from elsewhere.
        let says_something = |text: &String| pattern(text) != "…";
        if is_warning {
            self.texts.extend(message(call.tokens.clone()).filter(says_something));
        }
        visit::visit_macro(self, call);
    }
}

/// The text behind the fields: that of the last argument that begins with one.
fn message(arguments: TokenStream) -> Option<String> {
    let mut message = None;
    let mut begins = true;
    for token in arguments {
        let is_comma = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',');
        if let TokenTree::Literal(literal) = token
            && begins
        {
            message =
                syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value()).or(message);
        }
        begins = is_comma;
    }
    message
}

/// A text with `…` in place of each placeholder.
fn pattern(text: &str) -> String {
    let mut pattern = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        pattern.push_str(before);
        pattern.push('…');
        rest = behind.split_once('}').map_or("", |(_, behind)| behind);
    }
    pattern + rest
}
