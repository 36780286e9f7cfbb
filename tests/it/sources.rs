//! What twelve of Airbyte's sources send, and where it goes: one file a source, in `tests/data/sources`.
//!
//! The plan of each is a snapshot in `snapshots/`, at the settings' defaults and with the fewest mappings that make it
//! useful: whoever changes a rule sees there what it means for whose CRM. After a change that is right,
//! `INSTA_UPDATE=always cargo test --test it sources` writes them anew.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    cells::{Expected, catalog_of, field_of, input_of, miscounts, unlimited, wrong_contacts},
    support::{Connector, Outcome},
};

/// A line of a snapshot has so many letters at most, unless a word has more.
const WIDTH: usize = 110;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    #[serde(rename = "source")]
    origin: Origin,
    stream: String,
    primary_key: Value,
    json_schema: Value,
    records: Vec<Value>,
    /// The fewest `field_mappings` that make it useful.
    mappings: Vec<Value>,
    /// What contacts have with these mappings.
    contacts: Expected,
    /// Addresses that no contact has.
    #[serde(default)]
    absent: Vec<String>,
    /// Values that no property of any contact has.
    #[serde(default)]
    nowhere: Vec<String>,
}

/// Where a schema is from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Origin {
    package: String,
    version: String,
    stream: String,
    schema: String,
}

impl Source {
    fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/data/sources")
            .join(name)
            .with_extension("json");
        serde_json::from_str(&fs::read_to_string(path).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn connector(&self, sandbox: &hubspot_sandbox::Sandbox) -> Connector {
        Connector::new(sandbox).catalog(catalog_of(&self.stream, &self.json_schema, &self.primary_key))
    }
}

/// The plan of a source, as a person would write it down.
#[track_caller]
fn assert_plan(name: &str, checked: &Outcome) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, plan(checked));
    });
}

fn plan(checked: &Outcome) -> String {
    let (status, message) = checked.connection_status();
    // How many calls are left is no part of it.
    let sentences = message.split_inclusive(". ").filter(|sentence| !sentence.contains("API calls are left"));
    let mut text = format!("{status}\n{}", wrapped(&sentences.collect::<String>(), "  ", "  "));
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            write!(text, "\n{}{}", wrapped(title, "", "  "), lines.concat()).unwrap();
        }
    };
    section("Mapped", checked.logs("field mapped ").iter().map(|line| mapped(line)).collect());
    for line in checked.logs("fields left out ") {
        let (fields, reason) = (field_of(&line, "fields").unwrap(), field_of(&line, "reason").unwrap());
        let (detailed, plain): (Vec<String>, Vec<String>) =
            names(&fields).into_iter().partition(|field| field.ends_with(')'));
        let mut lines: Vec<String> = detailed.iter().map(|field| wrapped(field, "    ", "      ")).collect();
        if !plain.is_empty() {
            lines.push(wrapped(&plain.join(", "), "    ", "    "));
        }
        section(&format!("Left out: {reason}"), lines);
    }
    let others = checked.logs("");
    // The address of the local HubSpot is another one each time.
    let others =
        others.iter().filter(|line| !line.starts_with("field") && !line.starts_with("HUBSPOT_API_BASE_URL"));
    section("Also", others.map(|line| wrapped(line, "    ", "      ")).collect());
    text
}

/// A line for each property of a field.
fn mapped(line: &str) -> String {
    let field = |name| field_of(line, name).unwrap_or_default();
    let (from, by, properties, types) = (field("field"), field("by"), field("property"), field("type"));
    let mut lines = String::new();
    for (property, kind) in properties.split(", ").zip(types.split(", ")) {
        writeln!(lines, "  {from} → {property} ({kind}, by {by})").unwrap();
    }
    lines
}

/// The names of a list, each with what stands in brackets after it.
fn names(list: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let is_open = |name: &String| name.matches('(').count() > name.matches(')').count();
    for part in list.split(", ") {
        match names.last_mut().filter(|name| is_open(name)) {
            Some(name) => {
                name.push_str(", ");
                name.push_str(part);
            }
            None => names.push(part.to_owned()),
        }
    }
    names
}

/// A text in lines: the first with one indent, all further ones with another.
fn wrapped(text: &str, first: &str, further: &str) -> String {
    let (mut lines, mut line) = (String::new(), first.to_owned());
    for word in text.split_whitespace() {
        let is_empty = line.trim().is_empty();
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines += &line;
            lines.push('\n');
            line = format!("{further}{word}");
            continue;
        }
        if !is_empty {
            line.push(' ');
        }
        line += word;
    }
    lines + &line + "\n"
}

/// Plans a source without mappings and with its own, and writes its records.
#[track_caller]
fn try_source(name: &str) {
    let source = Source::read(name);
    let sandbox = unlimited();
    assert_plan(name, &source.connector(&sandbox).check());
    let connector = source.connector(&sandbox).set("field_mappings", json!(source.mappings));
    assert_plan(&format!("{name}_with_mappings"), &connector.check());

    let outcome = connector.write(&input_of(&source.stream, &source.records, 1));
    outcome.assert_success();
    let mut wrong = miscounts(&outcome, &source.records, Some(&sandbox));
    wrong.extend(wrong_contacts(&sandbox, &source.contacts));
    let written = source.absent.iter().filter(|email| sandbox.contact(email).is_some());
    wrong.extend(written.map(|email| format!("there is a contact {email}")));
    for contact in sandbox.contacts() {
        let misplaced = contact.properties.iter().filter(|(_, value)| source.nowhere.contains(value));
        wrong
            .extend(misplaced.map(|(property, value)| format!("{property} of {} is {value}", contact.email)));
    }
    assert!(wrong.is_empty(), "{}\n{:#?}", wrong.join("\n"), outcome.logs(""));
}

macro_rules! sources {
    ($($name:ident),* $(,)?) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(
            #[test]
            fn $name() {
                try_source(stringify!($name));
            }
        )*
    };
}

sources![
    airtable_table,
    google_sheets_sheet,
    hubspot_contacts,
    intercom_contacts,
    klaviyo_profiles,
    mailchimp_list_members,
    pipedrive_persons,
    salesforce_contact,
    salesforce_lead,
    shopify_customers,
    stripe_customers,
    woocommerce_customers,
];

#[test]
fn every_file_is_tried_and_says_where_its_schema_is_from() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sources");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<String> =
        paths.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(files, NAMES.iter().map(|name| (*name).to_owned()).collect());
    for name in NAMES {
        let Source { origin, stream, json_schema, records, .. } = Source::read(name);
        for text in [&origin.package, &origin.version, &origin.stream, &origin.schema, &stream] {
            assert!(!text.trim().is_empty(), "{name}");
        }
        assert!(origin.package.starts_with("airbyte-source-"), "{name}");
        let declared = json_schema["properties"].as_object().unwrap();
        assert!(!records.is_empty(), "{name}");
        for field in records.iter().flat_map(|record| record.as_object().unwrap().keys()) {
            assert!(declared.contains_key(field), "{name}: {field} is not declared");
        }
    }
}
