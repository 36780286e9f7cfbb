//! Rows as real sources send them, and what is right to become of each: one file a case, in `tests/data/rows`.
//!
//! What a file may say is [`Case`]. A case that fails is named with everything that is wrong with it, beside the others.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    sync::Mutex,
    thread,
};

use hubspot_sandbox::{Sandbox, Seed, tokens};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    cells::{Expected, catalog_of, input_of, miscounts, unlimited, wrong_contacts},
    support::{Connector, Outcome},
};

/// So many cases run at once.
const AT_ONCE: usize = 4;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What it shows, in a sentence.
    about: String,
    /// The settings, without the token.
    #[serde(default)]
    config: Map<String, Value>,
    stream: String,
    /// The JSON schema of each field that the catalog declares.
    fields: Map<String, Value>,
    /// Definitions of properties that the account has beside its own.
    #[serde(default)]
    properties: Vec<Value>,
    /// Contacts that are there before, by address, with their properties.
    #[serde(default)]
    existing: BTreeMap<String, BTreeMap<String, String>>,
    /// How often the rows are written; what is expected is expected of the last time.
    #[serde(default = "once")]
    times: u32,
    /// Many rows that differ in a number. They come before the others, and a state follows each kind.
    #[serde(default)]
    repeat: Vec<Repeat>,
    #[serde(default)]
    records: Vec<Value>,
    #[serde(default)]
    contacts: Expected,
    /// Addresses that no contact has.
    #[serde(default)]
    absent: Vec<String>,
    /// Parts of the messages of the log that are there.
    #[serde(default)]
    log: Vec<String>,
    /// Parts that are not.
    #[serde(default)]
    nolog: Vec<String>,
    /// The code that `write` ends with.
    #[serde(default)]
    exit: i32,
    /// How many states come back.
    states: usize,
    /// Part of what `check` says, or several of which one is enough.
    check: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Repeat {
    times: u32,
    /// `{n}` in a text is the number, from 0; a text that is nothing else becomes the number itself.
    record: Map<String, Value>,
}

fn once() -> u32 {
    1
}

impl Repeat {
    fn records(&self) -> Vec<Value> {
        let fill = |value: &Value, number: u32| match value.as_str() {
            Some("{n}") => json!(number),
            Some(text) => json!(text.replace("{n}", &number.to_string())),
            None => value.clone(),
        };
        let record =
            |number| self.record.iter().map(|(name, value)| (name.clone(), fill(value, number))).collect();
        (0..self.times).map(|number| Value::Object(record(number))).collect()
    }
}

impl Case {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The records, those after each other that one state follows.
    fn records(&self) -> Vec<Vec<Value>> {
        let mut groups: Vec<Vec<Value>> = self.repeat.iter().map(Repeat::records).collect();
        if !self.records.is_empty() {
            groups.push(self.records.clone());
        }
        groups
    }

    fn connector(&self, sandbox: &Sandbox) -> Connector {
        let mut config = Value::Object(self.config.clone());
        config["access_token"] = json!(tokens::FULL);
        let schema = json!({ "type": "object", "properties": self.fields });
        Connector::new(sandbox).config(config).catalog(catalog_of(&self.stream, &schema, &json!([["id"]])))
    }

    /// Runs it. What is wrong, one line each.
    fn run(&self) -> Vec<String> {
        let sandbox = unlimited();
        for definition in &self.properties {
            create_property(&sandbox, definition);
        }
        for (email, properties) in &self.existing {
            let seed = Seed::new(email.as_str());
            sandbox
                .seed_contact(properties.iter().fold(seed, |seed, (name, value)| seed.property(name, value)));
        }
        let connector = self.connector(&sandbox);
        let mut wrong = self.check(&connector);
        let groups = self.records();
        let input: String =
            groups.iter().zip(1..).map(|(records, state)| input_of(&self.stream, records, state)).collect();
        for _ in 1..self.times {
            connector.write(&input).assert_success();
        }
        let outcome = connector.write(&input);
        wrong.extend(self.wrong_outcome(&outcome, &sandbox));
        let is_first = self.times == 1 && self.existing.is_empty();
        wrong.extend(miscounts(&outcome, &groups.concat(), is_first.then_some(&sandbox)));
        if !wrong.is_empty() {
            wrong.push(format!("the log: {:#?}", outcome.logs("")));
        }
        wrong
    }

    fn check(&self, connector: &Connector) -> Vec<String> {
        let Some(part) = &self.check else { return Vec::new() };
        let lines = connector.check().lines;
        if lines.iter().any(|line| line.contains(part)) {
            Vec::new()
        } else {
            vec![format!("`check` does not say {part:?}: {lines:#?}")]
        }
    }

    fn wrong_outcome(&self, outcome: &Outcome, sandbox: &Sandbox) -> Vec<String> {
        let mut wrong = wrong_contacts(sandbox, &self.contacts);
        if outcome.code != Some(self.exit) {
            wrong.push(format!("it ends with {:?} instead of {}", outcome.code, self.exit));
        }
        let written = self.absent.iter().filter(|email| sandbox.contact(email).is_some());
        wrong.extend(written.map(|email| format!("there is a contact {email}")));
        let missing = self.log.iter().filter(|part| outcome.logs(part).is_empty());
        wrong.extend(missing.map(|part| format!("the log lacks: {part}")));
        let unwanted = self.nolog.iter().filter(|part| !outcome.logs(part).is_empty());
        wrong.extend(unwanted.map(|part| format!("the log has: {part}")));
        let states = outcome.state_lines().len();
        if states != self.states {
            wrong.push(format!("{states} states came back instead of {}", self.states));
        }
        wrong
    }
}

/// Makes a property in the account, as its owner would have.
pub(crate) fn create_property(sandbox: &Sandbox, definition: &Value) {
    let base_url = sandbox.base_url();
    let address = base_url.strip_prefix("http://").unwrap();
    let (body, token) = (definition.to_string(), tokens::FULL);
    let request = format!(
        "POST /crm/v3/properties/contacts HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

/// The files, by their names. With `ROWS_ONLY=a,b` in the environment, only these.
fn cases() -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rows");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let cases = paths.iter().map(|path| (name(path), Case::read(path)));
    let only = std::env::var("ROWS_ONLY").unwrap_or_default();
    cases.filter(|(name, _)| only.is_empty() || only.split(',').any(|one| one == name)).collect()
}

#[test]
fn rows_of_real_sources_become_the_contacts_that_they_mean() {
    let cases = cases();
    assert!(!cases.is_empty());
    let waiting = Mutex::new(cases.iter());
    let failed = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let next = waiting.lock().unwrap().next();
            let Some((name, case)) = next else { return };
            let wrong =
                std::panic::catch_unwind(|| case.run()).unwrap_or_else(|_| vec!["it panicked".to_owned()]);
            if !wrong.is_empty() {
                failed.lock().unwrap().insert(name.clone(), (case.about.clone(), wrong));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap();
    let mut report = String::new();
    for (name, (about, wrong)) in &failed {
        writeln!(report, "\n{name}: {about}\n  {}", wrong.join("\n  ")).unwrap();
    }
    assert!(failed.is_empty(), "{} of {} cases failed:\n{report}", failed.len(), cases.len());
}
