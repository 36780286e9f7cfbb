//! A model of HubSpot's contacts in plain data, which answers batches in each way that HubSpot may, and makers of the
//! contacts, tickets and states that the tests need.
//!
//! What HubSpot refuses is said by names: addresses that begin with `bad` (no address), `taken` (another contact has it),
//! `race` (refused once), `odd` (a reason nobody knows), `shy` (no look-up may ask for it), `mute` (no answer ever speaks of it) and `picky` (the account
//! demands `favourite`); the properties `gone` and `frozen`; values that begin with `bad`.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    crm::{
        definition::{PropertyDefinition, PropertyOption},
        key::Key,
        object::MAX_BATCH_INPUTS,
        property::{EMAIL, Kind, LIFECYCLE_STAGE, Property},
        schema::{Schema, StageMatch},
    },
    hubspot::{client::Reply, model::ErrorBody},
    mapping::{
        change::{Change, PropertyValue},
        target::NewContactStage,
    },
    protocol::message::{self, Message, State},
    report::fate::Ticket,
    sync::input::Part,
};

/// The stages of the account, in the order of a contact's life.
pub(super) const STAGES: [&str; 5] = ["subscriber", "lead", "opportunity", "customer", "evangelist"];
/// What HubSpot makes of a new contact by itself.
const DEFAULT_STAGE: &str = "lead";
/// The property that holds several options.
pub(super) const OPTIONS: &str = "options";

// ---- Contacts, tickets and states ---------------------------------------------------------------------------

pub(super) fn key(address: &str) -> Key {
    Key::parse(address).expect("a test's address is one")
}

pub(super) fn property(name: &str) -> Arc<Property> {
    let kind = if name == OPTIONS { Kind::Choices } else { Kind::Text };
    Arc::new(Property { name: name.into(), label: name.to_owned(), kind, ..Property::default() })
}

pub(super) fn values(properties: &[(&str, &str)]) -> Vec<PropertyValue> {
    properties
        .iter()
        .map(|(name, value)| PropertyValue { property: property(name), value: (*value).into() })
        .collect()
}

pub(super) fn contact(address: &str, properties: &[(&str, &str)]) -> Change {
    Change { key: key(address), properties: values(properties), dropped: Vec::new() }
}

/// A ticket for tests without a ledger.
pub(super) fn ticket(line: u64) -> Ticket {
    Ticket { stream: 0, interval: 0, among_first: false, line }
}

pub(super) fn part(line: u64, properties: &[(&str, &str)]) -> Part {
    Part { ticket: ticket(line), properties: values(properties), dropped: Vec::new() }
}

/// A state from the text of its `state` object.
pub(super) fn state(object: &Value) -> State {
    let line = json!({ "type": "STATE", "state": object }).to_string();
    match message::parse(line.as_bytes()) {
        Ok(Message::State(state)) => state,
        other => panic!("{line} is no state: {other:?}"),
    }
}

/// What HubSpot lists: it takes no value of `gone` and `frozen` all the same, and not the option `bad`.
pub(super) fn schema() -> Schema {
    let option = |value: &&str| PropertyOption { label: String::new(), value: (*value).to_owned() };
    let property = |name: &str, options: &[&str]| {
        let field_type = if name == OPTIONS { "checkbox" } else { "select" };
        let (value_type, field_type) =
            if options.is_empty() { ("string", "text") } else { ("enumeration", field_type) };
        PropertyDefinition {
            name: name.to_owned(),
            value_type: value_type.to_owned(),
            field_type: field_type.to_owned(),
            options: options.iter().map(option).collect(),
            ..PropertyDefinition::default()
        }
    };
    let texts = ["phone", "notes", "favourite", "gone", "frozen"].map(|name| property(name, &[]));
    let options = property(OPTIONS, &["a", "b", "c", "d", "bad"]);
    Schema::new(&[&texts[..], &[options, property(LIFECYCLE_STAGE, &STAGES)]].concat())
}

pub(super) fn new_contact_stage(stage: &str) -> NewContactStage {
    let schema = schema();
    let StageMatch::Found(stage) = schema.stage(stage) else { panic!("the schema has the stage") };
    NewContactStage::new(stage, &schema)
}

// ---- What HubSpot holds -------------------------------------------------------------------------------------

/// One contact of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The primary address first.
    pub addresses: Vec<String>,
    pub properties: BTreeMap<String, String>,
}

/// All contacts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Store {
    pub rows: Vec<Row>,
}

impl Store {
    pub(super) fn with(contacts: &[&[&str]]) -> Self {
        let row = |addresses: &&[&str]| Row {
            addresses: addresses.iter().map(|&address| address.to_owned()).collect(),
            properties: BTreeMap::from([(LIFECYCLE_STAGE.to_owned(), DEFAULT_STAGE.to_owned())]),
        };
        Self { rows: contacts.iter().map(row).collect() }
    }

    fn place(&self, address: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.addresses.iter().any(|one| one == address))
    }

    pub(super) fn get(&self, address: &str) -> Option<&Row> {
        self.place(address).and_then(|place| self.rows.get(place))
    }

    pub(super) fn value(&self, address: &str, property: &str) -> Option<&str> {
        self.get(address)?.properties.get(property).map(String::as_str)
    }

    /// Writes one contact as HubSpot does. `true`: it is new.
    pub(super) fn upsert<'a>(
        &mut self,
        address: &str,
        properties: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> bool {
        let known = self.place(address);
        let place = known.unwrap_or_else(|| {
            self.rows.push(Row { addresses: vec![address.to_owned()], properties: BTreeMap::new() });
            self.rows.len() - 1
        });
        let stored = &mut self.rows[place].properties;
        for (name, value) in properties {
            match name {
                EMAIL => {}
                LIFECYCLE_STAGE => forward(stored, value),
                OPTIONS => choose(stored, value),
                _ => {
                    stored.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        if known.is_none() {
            stored.entry(LIFECYCLE_STAGE.to_owned()).or_insert_with(|| DEFAULT_STAGE.to_owned());
        }
        known.is_none()
    }

    /// The contacts without their stages, in the order of their primary addresses.
    pub(super) fn without_stages(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let row = |row: &Row| {
            let mut properties = row.properties.clone();
            properties.remove(LIFECYCLE_STAGE);
            (row.addresses[0].clone(), properties)
        };
        self.rows.iter().map(row).collect()
    }
}

/// A stage moves forward only; a move backwards is ignored in silence.
fn forward(stored: &mut BTreeMap<String, String>, stage: &str) {
    let rank = |stage: &str| STAGES.iter().position(|one| *one == stage);
    let present = stored.get(LIFECYCLE_STAGE).and_then(|present| rank(present));
    if rank(stage) > present {
        stored.insert(LIFECYCLE_STAGE.to_owned(), stage.to_owned());
    }
}

/// Options are a set; a leading `;` adds to it.
fn choose(stored: &mut BTreeMap<String, String>, value: &str) {
    let earlier = stored.get(OPTIONS).filter(|_| value.starts_with(';')).map_or("", String::as_str);
    let options: BTreeSet<&str> =
        earlier.split(';').chain(value.split(';')).filter(|one| !one.is_empty()).collect();
    let options = options.into_iter().collect::<Vec<_>>().join(";");
    stored.insert(OPTIONS.to_owned(), options);
}

// ---- What HubSpot refuses -----------------------------------------------------------------------------------

/// Whether HubSpot takes this value for this property from anybody.
pub(super) fn acceptable(property: &str, value: &str) -> bool {
    usable(property) && good(property, value)
}

fn usable(property: &str) -> bool {
    property != "gone" && property != "frozen"
}

fn good(property: &str, value: &str) -> bool {
    match property {
        LIFECYCLE_STAGE => STAGES.contains(&value),
        _ => value.split(';').all(|piece| !piece.starts_with("bad")),
    }
}

/// Why HubSpot refuses an input.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Refusal {
    Address,
    Conflict,
    Odd,
    Missing,
    /// Properties with HubSpot's codes.
    Properties(Vec<(String, &'static str)>),
}

impl Refusal {
    fn status(&self) -> u16 {
        if *self == Self::Conflict { 409 } else { 400 }
    }

    fn category(&self) -> &'static str {
        match self {
            Self::Conflict => "CONFLICT",
            Self::Odd => "STRANGE_THING",
            Self::Address | Self::Missing | Self::Properties(_) => "VALIDATION_ERROR",
        }
    }

    fn faults(&self) -> Vec<(String, &'static str)> {
        match self {
            Self::Address => vec![(EMAIL.to_owned(), "INVALID_EMAIL")],
            Self::Missing => vec![("favourite".to_owned(), "MISSING_REQUIRED_PROPERTY")],
            Self::Properties(faults) => faults.clone(),
            Self::Conflict | Self::Odd => Vec::new(),
        }
    }
}

// ---- How HubSpot answers ------------------------------------------------------------------------------------

/// What two addresses of one contact in one batch get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collision {
    /// 409 for the whole batch.
    Refused,
    /// Both are written, in any order, with one result.
    OneResult,
    /// Both are written, in any order, each with its result.
    BothResults,
}

/// The ways of this HubSpot.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is one way of HubSpot's, on or off")]
pub(super) struct Habits {
    /// One refused input refuses its whole batch.
    pub all_or_nothing: bool,
    pub names_properties: bool,
    /// The errors of a 207 say which inputs they are about.
    pub names_traces: bool,
    /// The refusal of a whole batch says which inputs it is about.
    pub names_addresses: bool,
    pub collision: Collision,
    pub echoes_traces: bool,
    pub shuffles: bool,
    /// More inputs are too large a request.
    pub most_inputs: usize,
    /// Look-ups pass over contacts that are missing.
    pub silent_look_ups: bool,
    /// So many answers are empty, cut, or leave inputs out.
    pub spoilt_answers: u32,
    /// Each request is refused, whatever it holds.
    pub refuses_all: bool,
}

impl Habits {
    /// HubSpot as its documentation has it.
    pub(super) const FRIENDLY: Self = Self {
        all_or_nothing: false,
        names_properties: true,
        names_traces: true,
        names_addresses: false,
        collision: Collision::BothResults,
        echoes_traces: false,
        shuffles: true,
        most_inputs: MAX_BATCH_INPUTS,
        silent_look_ups: false,
        spoilt_answers: 0,
        refuses_all: false,
    };
}

/// One input of a request.
#[derive(Debug, Clone)]
struct Sent {
    address: String,
    trace: String,
    properties: BTreeMap<String, String>,
}

/// What the model saw when it wrote an input.
#[derive(Debug, Clone)]
pub(super) struct Write {
    pub address: String,
    pub created: bool,
    pub stage: Option<String>,
}

/// The model.
#[derive(Debug)]
pub(super) struct HubSpot {
    pub habits: Habits,
    pub store: Store,
    pub upserts: usize,
    pub reads: usize,
    /// The sizes of all upserts.
    pub sizes: Vec<usize>,
    pub writes: Vec<Write>,
    raced: HashSet<String>,
    random: fastrand::Rng,
}

impl HubSpot {
    pub(super) fn new(habits: Habits, store: Store, seed: u64) -> Self {
        Self {
            habits,
            store,
            upserts: 0,
            reads: 0,
            sizes: Vec::new(),
            writes: Vec::new(),
            raced: HashSet::new(),
            random: fastrand::Rng::with_seed(seed),
        }
    }

    pub(super) fn requests(&self) -> usize {
        self.upserts + self.reads
    }

    // ---- Reading ----

    pub(super) fn read(&mut self, body: &[u8]) -> Reply {
        self.answer_read(body).reply()
    }

    pub(super) fn answer_read(&mut self, body: &[u8]) -> Answer {
        self.reads += 1;
        let request: Value = serde_json::from_slice(body).expect("a look-up is JSON");
        assert_eq!(request["idProperty"], json!(EMAIL));
        assert_eq!(request["propertiesWithHistory"], json!([]));
        let ids: Vec<String> = request["inputs"]
            .as_array()
            .expect("a look-up has inputs")
            .iter()
            .map(|input| input["id"].as_str().expect("an id is text").to_owned())
            .collect();
        assert!((1..=MAX_BATCH_INPUTS).contains(&ids.len()));
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "an address twice in a look-up");
        if self.habits.refuses_all || ids.iter().any(|id| id.starts_with("shy")) {
            return refuse(400, &json!({ "category": "VALIDATION_ERROR" }));
        }
        let (mut results, mut missing, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for id in &ids {
            match self.store.place(id) {
                Some(place) if self.habits.collision != Collision::BothResults && places.contains(&place) => {
                }
                Some(place) => {
                    places.push(place);
                    let primary = &self.store.rows[place].addresses[0];
                    results.push(json!({ "id": place.to_string(), "properties": { EMAIL: primary } }));
                }
                None if self.habits.silent_look_ups && self.random.bool() => {}
                None => missing.push(id.clone()),
            }
        }
        self.shuffle(&mut results);
        let errors = if missing.is_empty() {
            json!([])
        } else {
            json!([{ "category": "OBJECT_NOT_FOUND", "context": { "ids": missing } }])
        };
        done(&json!({ "status": "COMPLETE", "results": results, "errors": errors }))
    }

    // ---- Writing ----

    pub(super) fn upsert(&mut self, body: &[u8]) -> Reply {
        self.answer_upsert(body).reply()
    }

    pub(super) fn answer_upsert(&mut self, body: &[u8]) -> Answer {
        self.upserts += 1;
        let inputs = self.understand(body);
        self.sizes.push(inputs.len());
        if inputs.len() > self.habits.most_inputs {
            return refuse(413, &json!({}));
        }
        if self.habits.refuses_all {
            return refuse(400, &json!({ "category": "VALIDATION_ERROR", "message": "No." }));
        }
        let refusals: Vec<Option<Refusal>> = inputs.iter().map(|sent| self.judge(sent)).collect();
        for (sent, refused) in inputs.iter().zip(&refusals) {
            if refused.as_ref() == Some(&Refusal::Conflict) {
                self.raced.insert(sent.address.clone());
            }
        }
        if self.habits.collision == Collision::Refused && self.collides(&inputs) {
            return refuse(409, &json!({ "category": "CONFLICT", "message": "Change already exists" }));
        }
        if self.habits.all_or_nothing && refusals.iter().any(Option::is_some) {
            return self.refuse_all(&inputs, &refusals);
        }
        self.answer_each(&inputs, &refusals)
    }

    /// Reads a request and holds it to HubSpot's rules and to ours.
    fn understand(&self, body: &[u8]) -> Vec<Sent> {
        let request: Value = serde_json::from_slice(body).expect("an upsert is JSON");
        let inputs: Vec<Sent> = request["inputs"]
            .as_array()
            .expect("an upsert has inputs")
            .iter()
            .map(|input| {
                assert_eq!(input["idProperty"], json!(EMAIL));
                Sent {
                    address: input["id"].as_str().expect("an id is text").to_owned(),
                    trace: input["objectWriteTraceId"].as_str().expect("a trace id is text").to_owned(),
                    properties: serde_json::from_value(input["properties"].clone())
                        .expect("properties are texts"),
                }
            })
            .collect();
        assert!((1..=MAX_BATCH_INPUTS).contains(&inputs.len()), "{} inputs", inputs.len());
        let addresses: HashSet<String> =
            inputs.iter().map(|sent| sent.address.trim().to_lowercase()).collect();
        assert_eq!(addresses.len(), inputs.len(), "an address twice in a batch");
        let traces: HashSet<&str> = inputs.iter().map(|sent| sent.trace.as_str()).collect();
        assert_eq!(traces.len(), inputs.len(), "a trace id twice in a batch");
        for sent in &inputs {
            assert!(!sent.properties.is_empty(), "an input without properties");
            if let Some(email) = sent.properties.get(EMAIL) {
                assert_eq!((email, sent.properties.len()), (&sent.address, 1), "an address among properties");
                let ours = self.writes.iter().any(|write| write.address == sent.address);
                assert!(
                    ours || self.store.get(&sent.address).is_none(),
                    "the address of a known contact is sent"
                );
            }
        }
        inputs
    }

    fn judge(&self, sent: &Sent) -> Option<Refusal> {
        let begins = |prefix: &str| sent.address.starts_with(prefix);
        let known = self.store.get(&sent.address);
        if begins("bad") {
            return Some(Refusal::Address);
        }
        if begins("taken") || (begins("race") && !self.raced.contains(&sent.address)) {
            return Some(Refusal::Conflict);
        }
        if begins("odd") {
            return Some(Refusal::Odd);
        }
        let mut faults: Vec<(String, &'static str)> = Vec::new();
        for (name, value) in sent.properties.iter().filter(|(name, _)| *name != EMAIL) {
            match name.as_str() {
                "gone" => faults.push((name.clone(), "PROPERTY_DOESNT_EXIST")),
                "frozen" => faults.push((name.clone(), "READ_ONLY_VALUE")),
                _ if !good(name, value) => faults.push((name.clone(), "INVALID_OPTION")),
                _ => {}
            }
        }
        if !faults.is_empty() {
            return Some(Refusal::Properties(faults));
        }
        let has_favourite = |properties: &BTreeMap<String, String>| properties.contains_key("favourite");
        let lacks =
            !has_favourite(&sent.properties) && !known.is_some_and(|row| has_favourite(&row.properties));
        (begins("picky") && lacks).then_some(Refusal::Missing)
    }

    fn collides(&self, inputs: &[Sent]) -> bool {
        let places: Vec<usize> = inputs.iter().filter_map(|sent| self.store.place(&sent.address)).collect();
        places.iter().collect::<HashSet<_>>().len() < places.len()
    }

    /// The refusal of a whole batch. HubSpot lists all faults of one kind, or only the first.
    fn refuse_all(&mut self, inputs: &[Sent], refusals: &[Option<Refusal>]) -> Answer {
        let only_first = self.random.bool();
        let culprits: Vec<(&Sent, &Refusal)> = inputs
            .iter()
            .zip(refusals)
            .filter_map(|(sent, refused)| Some((sent, refused.as_ref()?)))
            .collect();
        let first = culprits[0].1;
        let same = culprits.iter().filter(|(_, refused)| refused.category() == first.category());
        let told: Vec<_> = same.take(if only_first { 1 } else { usize::MAX }).collect();
        let mut body =
            self.describe(&told.iter().flat_map(|(_, refused)| refused.faults()).collect::<Vec<_>>());
        body["category"] = json!(first.category());
        if self.habits.names_addresses {
            let addresses: Vec<&str> = told.iter().map(|(sent, _)| sent.address.as_str()).collect();
            body["context"] = json!({ "ids": addresses });
        }
        refuse(first.status(), &body)
    }

    /// The faults where HubSpot puts them: in the list, in the message, or nowhere.
    fn describe(&mut self, faults: &[(String, &'static str)]) -> Value {
        let mut body = json!({ "status": "error", "correlationId": "c0ffee", "message": "Falsch [" });
        if !self.habits.names_properties || faults.is_empty() {
            return body;
        }
        let name_of =
            |(name, code): &(String, &str)| json!({ "isValid": false, "error": code, "name": name });
        let detail_of =
            |(name, code): &(String, &str)| json!({ "code": code, "context": { "propertyName": [name] } });
        let embedded: Vec<Value> = faults.iter().map(name_of).collect();
        let details: Vec<Value> = faults.iter().map(detail_of).collect();
        match self.random.u8(0..3) {
            0 => body["errors"] = json!(details),
            1 => body["message"] = json!(format!("Property values were not valid: {}", json!(embedded))),
            _ => {
                body["errors"] = json!([details[0]]);
                body["message"] = json!(format!("Property values were not valid: {} ...", json!(embedded)));
            }
        }
        body
    }

    fn answer_each(&mut self, inputs: &[Sent], refusals: &[Option<Refusal>]) -> Answer {
        let mut order: Vec<usize> = (0..inputs.len()).collect();
        self.shuffle(&mut order);
        let spoilt = self.habits.spoilt_answers > 0 && self.random.u8(0..3) == 0;
        let way = if spoilt { self.random.u8(0..4) } else { u8::MAX };
        if spoilt {
            self.habits.spoilt_answers -= 1;
        }
        let (mut results, mut errors, mut answered) = (Vec::new(), Vec::new(), BTreeSet::new());
        for index in order {
            let (sent, refused) = (&inputs[index], &refusals[index]);
            // Another input of the same contact would make the silence look like an answer.
            let alone = || {
                inputs.iter().filter(|other| self.same_contact(&other.address, &sent.address)).count() == 1
            };
            let forgotten = way == 0 && alone() && self.random.bool();
            if sent.address.starts_with("mute") || (forgotten && self.random.bool()) {
                continue;
            }
            if let Some(refused) = refused {
                let mut error = self.describe(&refused.faults());
                error["category"] = json!(refused.category());
                if self.habits.names_traces {
                    error["context"] = json!({ "objectWriteTraceId": [sent.trace] });
                }
                errors.push(error);
                continue;
            }
            let result = self.write(sent);
            let place = self.store.place(&sent.address).expect("it was written");
            let first = answered.insert(place);
            if !forgotten && (first || self.habits.collision == Collision::BothResults) {
                results.push(result);
            }
        }
        self.shuffle(&mut results);
        match way {
            1 => done_with(Bytes::new()),
            2 => done(&json!({})),
            3 => done_with(Bytes::from_static(b"{\"status\":\"COMPLETE\",\"results\":[{\"id\":\"1\",")),
            _ => done(&json!({ "status": "COMPLETE", "results": results, "errors": errors })),
        }
    }

    fn same_contact(&self, one: &str, other: &str) -> bool {
        one == other || self.store.place(one).is_some_and(|place| self.store.place(other) == Some(place))
    }

    fn write(&mut self, sent: &Sent) -> Value {
        let texts = sent.properties.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let created = self.store.upsert(&sent.address, texts);
        let stage = sent.properties.get(LIFECYCLE_STAGE).cloned();
        self.writes.push(Write { address: sent.address.clone(), created, stage });
        let row = self.store.get(&sent.address).expect("it was written");
        let stage = row.properties.get(LIFECYCLE_STAGE);
        let kept = json!({ EMAIL: row.addresses[0], LIFECYCLE_STAGE: stage });
        let mut result = json!({ "id": "1", "new": created, "properties": kept });
        if self.habits.echoes_traces {
            result["objectWriteTraceId"] = json!(sent.trace);
        }
        result
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        if self.habits.shuffles {
            self.random.shuffle(list);
        }
    }
}

/// An answer as it comes over the wire.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub body: Bytes,
}

impl Answer {
    /// The same as the client gives it on.
    fn reply(self) -> Reply {
        match self.status {
            200 => Reply::Done(self.body),
            413 => Reply::TooLarge,
            status => {
                Reply::Refused { status, error: ErrorBody::parse(&self.body).expect("an error is an object") }
            }
        }
    }
}

fn done(body: &Value) -> Answer {
    done_with(body.to_string().into())
}

fn done_with(body: Bytes) -> Answer {
    Answer { status: 200, body }
}

fn refuse(status: u16, body: &Value) -> Answer {
    Answer { status, body: body.to_string().into() }
}

pub(super) fn refusal(status: u16, body: &Value) -> Reply {
    refuse(status, body).reply()
}
