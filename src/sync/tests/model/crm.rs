//! HubSpot's contacts by their numbers, with what they have: it reads, upserts, creates, updates and archives batches, refuses what may
//! not stand in one request, and can leave answers away. It shares no code with what is tested, but for reading the answer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    habits::Collision,
    record_by_record::{DEFAULT_STAGE, written},
};
use crate::{
    crm::{object::MAX_BATCH_INPUTS, property::EMAIL},
    hubspot::{
        answer::BatchAnswer, batch_call::BatchCall, client::Reply, endpoint::Endpoint, error_body::ErrorBody,
    },
};

/// One contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sync::tests) struct Person {
    /// The primary address first.
    pub addresses: Vec<String>,
    /// Without empty ones.
    pub values: BTreeMap<String, String>,
}

/// What was asked last, by the addresses of the contacts concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sync::tests) enum Asked {
    Read(Vec<String>),
    Write(Vec<String>),
}

/// The contacts, and how HubSpot behaves.
#[derive(Debug, Clone)]
pub(in crate::sync::tests) struct Crm {
    pub people: BTreeMap<u64, Person>,
    next: u64,
    /// What a batch of upserts gets that names a contact by two of its addresses.
    pub collision: Collision,
    pub echoes_traces: bool,
    /// One refused input refuses its whole batch.
    pub all_or_nothing: bool,
    /// So many answers go wrong at most.
    pub trouble: u32,
    /// None is refused twice for the moment.
    contested: BTreeSet<String>,
    pub random: fastrand::Rng,
    pub requests: usize,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    NotCarriedOut,
    AnswerLost,
    OneUnaccounted,
    OneContested,
}

/// One input of a write.
#[derive(Debug)]
struct Sent {
    /// The address or the number.
    id: String,
    trace: String,
    values: BTreeMap<String, String>,
}

impl Crm {
    pub(in crate::sync::tests) fn new(seed: u64) -> Self {
        Self {
            people: BTreeMap::new(),
            next: 1,
            collision: Collision::Refused,
            echoes_traces: false,
            all_or_nothing: false,
            trouble: 0,
            contested: BTreeSet::new(),
            random: fastrand::Rng::with_seed(seed),
            requests: 0,
        }
    }

    /// Makes a contact.
    pub(in crate::sync::tests) fn make(&mut self, addresses: &[&str]) -> &mut Person {
        let addresses = addresses.iter().map(|one| (*one).to_owned()).collect();
        self.next += 1;
        self.people.entry(self.next).or_insert(Person { addresses, values: BTreeMap::new() })
    }

    pub(in crate::sync::tests) fn number(&self, address: &str) -> Option<u64> {
        let has = |person: &Person| person.addresses.iter().any(|one| one == address);
        self.people.iter().find(|(_, person)| has(person)).map(|(number, _)| *number)
    }

    fn primary(&self, number: u64) -> Option<&String> {
        self.people.get(&number)?.addresses.first()
    }

    /// Carries a request out, and says what it was about.
    pub(in crate::sync::tests) fn answer(&mut self, call: &BatchCall) -> (Asked, Reply<BatchAnswer>) {
        self.requests += 1;
        let request: Value = serde_json::from_slice(&call.body).expect("a request is JSON");
        let trouble = self.trouble();
        let may_not_be_repeated =
            matches!(call.endpoint, Endpoint::BatchCreate(_) | Endpoint::BatchArchive(_));
        let lost = if may_not_be_repeated { Reply::Unknown } else { Reply::Unreadable };
        let before = self.clone();
        let (asked, answer) = match call.endpoint {
            Endpoint::BatchRead(_) => self.read(&request),
            Endpoint::BatchArchive(_) => self.archive(&request),
            endpoint => self.write(endpoint, &request, trouble),
        };
        match trouble {
            Some(Trouble::NotCarriedOut) => {
                let (random, trouble, requests) = (self.random.clone(), self.trouble, self.requests);
                *self = Self { trouble, random, requests, ..before };
                (Asked::Read(Vec::new()), lost)
            }
            Some(Trouble::AnswerLost) => (asked, lost),
            Some(Trouble::OneUnaccounted | Trouble::OneContested) | None => (asked, reply(call, &answer)),
        }
    }

    fn trouble(&mut self) -> Option<Trouble> {
        if self.trouble == 0 || self.random.u8(..3) > 0 {
            return None;
        }
        self.trouble -= 1;
        let all =
            [Trouble::NotCarriedOut, Trouble::AnswerLost, Trouble::OneUnaccounted, Trouble::OneContested];
        Some(all[self.random.usize(..all.len())])
    }

    fn read(&mut self, request: &Value) -> (Asked, Value) {
        assert_eq!(request["idProperty"], json!(EMAIL));
        let asked = ids(request);
        let names: Vec<&str> =
            request["properties"].as_array().expect("properties").iter().filter_map(Value::as_str).collect();
        let (mut results, mut missing, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        for id in &asked {
            match self.number(id) {
                Some(number) if self.collision == Collision::BothResults || seen.insert(number) => {
                    let person = &self.people[&number];
                    let value = |name: &&str| match *name {
                        EMAIL => json!(person.addresses[0]),
                        name => json!(person.values.get(name)),
                    };
                    let values: BTreeMap<&str, Value> =
                        names.iter().map(|name| (*name, value(name))).collect();
                    results.push(json!({ "id": number.to_string(), "properties": values }));
                }
                Some(_) => {}
                None => missing.push(id.clone()),
            }
        }
        self.random.shuffle(&mut results);
        let errors = if missing.is_empty() { json!([]) } else { json!([not_found(&missing)]) };
        (Asked::Read(asked), json!({ "results": results, "errors": errors }))
    }

    /// An unknown number is passed over in silence.
    fn archive(&mut self, request: &Value) -> (Asked, Value) {
        let numbers: Vec<u64> = ids(request).iter().map(|id| id.parse().expect("a number")).collect();
        let addresses = numbers.iter().filter_map(|number| self.primary(*number).cloned()).collect();
        for number in &numbers {
            self.people.remove(number);
        }
        (Asked::Write(addresses), json!({}))
    }

    fn write(&mut self, endpoint: Endpoint, request: &Value, trouble: Option<Trouble>) -> (Asked, Value) {
        let sent = understood(endpoint, request);
        let of_input = |crm: &Self, one: &Sent| match endpoint {
            Endpoint::BatchUpdate(_) => one.id.parse().ok().filter(|number| crm.people.contains_key(number)),
            _ => crm.number(&one.id),
        };
        let numbers: Vec<Option<u64>> = sent.iter().map(|one| of_input(self, one)).collect();
        let known: Vec<u64> = numbers.iter().flatten().copied().collect();
        let collides = known.iter().collect::<BTreeSet<_>>().len() < known.len();
        let is_upsert = matches!(endpoint, Endpoint::BatchUpsert(_));
        if collides && is_upsert && self.collision == Collision::Refused {
            return (Asked::Write(Vec::new()), json!({ "status": 409, "category": "CONFLICT" }));
        }
        let is_create = matches!(endpoint, Endpoint::BatchCreate(_));
        let struck = (!sent.is_empty()).then(|| self.random.usize(..sent.len()));
        let is_refused = |place: usize| {
            let contested = trouble == Some(Trouble::OneContested) && !is_create && struck == Some(place);
            (contested && !self.contested.contains(&sent[place].id))
                || (is_create && numbers[place].is_some())
        };
        let refused: Vec<bool> = (0..sent.len()).map(is_refused).collect();
        let contested = sent.iter().zip(&refused).filter(|(_, refused)| **refused);
        self.contested.extend(contested.map(|(one, _)| one.id.clone()));
        if refused.contains(&true) && self.all_or_nothing {
            return (Asked::Write(Vec::new()), json!({ "status": 409, "category": "CONFLICT" }));
        }
        let (mut results, mut errors, mut missing, mut written_ones) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        // Two inputs of one contact are carried out in any order.
        let mut order: Vec<usize> = (0..sent.len()).collect();
        self.random.shuffle(&mut order);
        for place in order {
            let one = &sent[place];
            if refused[place] {
                errors.push(
                    json!({ "category": "CONFLICT", "context": { "objectWriteTraceId": [one.trace] } }),
                );
                continue;
            }
            let known = of_input(self, one);
            let Some(number) = known.or_else(|| {
                (!matches!(endpoint, Endpoint::BatchUpdate(_))).then(|| {
                    self.make(&[&one.id])
                        .values
                        .insert("lifecyclestage".to_owned(), DEFAULT_STAGE.to_owned());
                    self.next
                })
            }) else {
                missing.push(one.id.clone());
                continue;
            };
            self.set(number, known.is_none(), &one.values);
            let person = &self.people[&number];
            let stage = person.values.get("lifecyclestage");
            let kept = json!({ EMAIL: person.addresses[0], "lifecyclestage": stage });
            let mut result = json!({ "id": number.to_string(), "new": known.is_none(), "properties": kept });
            if self.echoes_traces {
                result["objectWriteTraceId"] = json!(one.trace);
            }
            written_ones.push(if is_upsert || is_create {
                one.id.clone()
            } else {
                person.addresses[0].clone()
            });
            let alone = known.is_none() || numbers.iter().filter(|other| **other == known).count() == 1;
            let is_left_out = trouble == Some(Trouble::OneUnaccounted) && struck == Some(place) && alone;
            if !is_left_out && (seen.insert(number) || self.collision == Collision::BothResults) {
                results.push(result);
            }
        }
        if !missing.is_empty() {
            errors.push(not_found(&missing));
        }
        self.random.shuffle(&mut results);
        (Asked::Write(written_ones), json!({ "results": results, "errors": errors }))
    }

    fn set(&mut self, number: u64, is_new: bool, values: &BTreeMap<String, String>) {
        let Some(person) = self.people.get_mut(&number) else { return };
        for (name, value) in values.iter().filter(|(name, _)| *name != EMAIL) {
            let is_first_stage = is_new && name == "lifecyclestage";
            let has = person.values.get(name).filter(|_| !is_first_stage).map_or("", String::as_str);
            let after = written(name, has, value);
            person.values.insert(name.clone(), after);
        }
        person.values.retain(|_, value| !value.is_empty());
    }
}

/// The inputs of a write, held to HubSpot's rules and to ours.
fn understood(endpoint: Endpoint, request: &Value) -> Vec<Sent> {
    let inputs = request["inputs"].as_array().expect("inputs");
    assert!((1..=MAX_BATCH_INPUTS).contains(&inputs.len()), "{} inputs", inputs.len());
    let sent: Vec<Sent> = inputs
        .iter()
        .map(|input| {
            let values: BTreeMap<String, String> =
                serde_json::from_value(input["properties"].clone()).expect("properties are texts");
            assert!(!values.is_empty(), "an input without properties");
            let id = match endpoint {
                Endpoint::BatchUpsert(_) => {
                    assert_eq!(input["idProperty"], json!(EMAIL));
                    input["id"].as_str().map(str::to_owned)
                }
                Endpoint::BatchCreate(_) => {
                    assert!(input.get("id").is_none() && input.get("idProperty").is_none());
                    values.get(EMAIL).cloned()
                }
                Endpoint::BatchUpdate(_) => {
                    assert!(input.get("idProperty").is_none() && !values.contains_key(EMAIL));
                    input["id"].as_str().map(str::to_owned)
                }
                other => panic!("{other:?} writes no values"),
            };
            let trace = input["objectWriteTraceId"].as_str().expect("a trace id").to_owned();
            Sent { id: id.expect("an id"), trace, values }
        })
        .collect();
    let distinct: BTreeSet<&String> = sent.iter().map(|one| &one.id).collect();
    assert_eq!(distinct.len(), sent.len(), "Duplicate IDs found");
    sent
}

fn ids(request: &Value) -> Vec<String> {
    let inputs = request["inputs"].as_array().expect("inputs");
    let ids: Vec<String> =
        inputs.iter().map(|input| input["id"].as_str().expect("an id").to_owned()).collect();
    assert!((1..=MAX_BATCH_INPUTS).contains(&ids.len()), "{} inputs", ids.len());
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "Duplicate IDs found");
    ids
}

fn not_found(ids: &[String]) -> Value {
    json!({ "category": "OBJECT_NOT_FOUND", "context": { "ids": ids } })
}

/// What the client makes of an answer.
fn reply(call: &BatchCall, answer: &Value) -> Reply<BatchAnswer> {
    let body = answer.to_string();
    match answer["status"].as_u64() {
        Some(status) => Reply::Refused {
            status: u16::try_from(status).expect("a status"),
            error: ErrorBody::parse(body.as_bytes()).expect("an error is an object"),
        },
        None => BatchAnswer::parse(body.as_bytes(), &call.looks_at).map_or(Reply::Unreadable, Reply::Done),
    }
}
