//! The model itself: it reads and writes batches, and answers as its habits have it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    habits::{Collision, Habits},
    refusals::Refusal,
    store::Store,
};
use crate::{
    crm::{
        object::MAX_BATCH_INPUTS,
        property::{EMAIL, LIFECYCLE_STAGE},
    },
    hubspot::{answer::BatchAnswer, client::Reply, error_body::ErrorBody},
};

/// One input of a request.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub address: String,
    pub trace: String,
    pub properties: BTreeMap<String, String>,
}

/// What the model saw when it wrote an input.
#[derive(Debug, Clone)]
pub(in crate::sync::tests) struct Write {
    pub address: String,
    pub created: bool,
    pub stage: Option<String>,
}

/// The model.
#[derive(Debug)]
pub(in crate::sync::tests) struct HubSpot {
    pub habits: Habits,
    pub store: Store,
    pub upserts: usize,
    pub reads: usize,
    /// The sizes of all upserts.
    pub sizes: Vec<usize>,
    pub writes: Vec<Write>,
    pub(super) raced: HashSet<String>,
    pub(super) random: fastrand::Rng,
}

impl HubSpot {
    pub(in crate::sync::tests) fn new(habits: Habits, store: Store, seed: u64) -> Self {
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

    pub(in crate::sync::tests) fn requests(&self) -> usize {
        self.upserts + self.reads
    }

    // ---- Reading ----

    pub(in crate::sync::tests) fn read(&mut self, body: &[u8]) -> Reply<BatchAnswer> {
        self.answer_read(body).reply()
    }

    pub(in crate::sync::tests) fn answer_read(&mut self, body: &[u8]) -> Answer {
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
        if self.habits.denies_look_ups {
            return refuse(403, &json!({ "category": "MISSING_SCOPES" }));
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
                None if self.habits.leaves_look_ups_out && self.random.bool() => {}
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

    pub(in crate::sync::tests) fn upsert(&mut self, body: &[u8]) -> Reply<BatchAnswer> {
        self.answer_upsert(body).reply()
    }

    pub(in crate::sync::tests) fn answer_upsert(&mut self, body: &[u8]) -> Answer {
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

    fn collides(&self, inputs: &[Sent]) -> bool {
        let places: Vec<usize> = inputs.iter().filter_map(|sent| self.store.place(&sent.address)).collect();
        places.iter().collect::<HashSet<_>>().len() < places.len()
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
pub(in crate::sync::tests) struct Answer {
    pub status: u16,
    pub body: Bytes,
}

impl Answer {
    /// The same as the client gives it on.
    fn reply(self) -> Reply<BatchAnswer> {
        match self.status {
            200 => parsed(&self.body),
            413 => Reply::TooLarge,
            status => {
                Reply::Refused { status, error: ErrorBody::parse(&self.body).expect("an error is an object") }
            }
        }
    }
}

/// What the client makes of the body of a 2xx.
pub(in crate::sync::tests) fn parsed(body: &[u8]) -> Reply<BatchAnswer> {
    let looks_at = [EMAIL.into(), LIFECYCLE_STAGE.into()];
    BatchAnswer::parse(body, &looks_at).map_or(Reply::Unreadable, Reply::Done)
}

fn done(body: &Value) -> Answer {
    done_with(body.to_string().into())
}

fn done_with(body: Bytes) -> Answer {
    Answer { status: 200, body }
}

pub(super) fn refuse(status: u16, body: &Value) -> Answer {
    Answer { status, body: body.to_string().into() }
}

pub(in crate::sync::tests) fn refusal(status: u16, body: &Value) -> Reply<BatchAnswer> {
    refuse(status, body).reply()
}
