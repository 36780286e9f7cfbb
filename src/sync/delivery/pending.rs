//! One input on its way to a fate, and the bodies of the requests that inputs go in. Pure.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use bytes::Bytes;

use super::existence::Existence;
use crate::{
    crm::{
        key::Key,
        property::{EMAIL, LIFECYCLE_STAGE},
    },
    hubspot::model::{ReadInput, ReadRequest, UpsertInput, UpsertRequest},
    mapping::{
        reason::{Code, Reason},
        target::NewContactStage,
    },
    sync::input::{Input, Part},
};

/// Properties that HubSpot turned out to take from nobody, with the reason.
pub type UnusableProperties = HashMap<Arc<str>, Code>;

/// One input on its way to a fate.
#[derive(Debug, Clone)]
pub struct PendingInput {
    pub input: Input,
    pub existence: Existence,
    /// How many answers did not account for it.
    pub unaccounted: u8,
    /// How many answers to look-ups of it alone said nothing.
    pub unheard: u8,
    /// It was refused for what may pass, and has been asked once more.
    pub second_try: bool,
    /// Properties whose values HubSpot refused.
    pub dropped: HashSet<Arc<str>>,
    /// Its records have their fates, or have gone on as inputs of their own.
    pub settled: bool,
    /// Which request of its batch wrote it, counted from 1; 0: none did.
    pub written_by: u64,
}

impl PendingInput {
    pub fn new(input: Input) -> Self {
        Self {
            input,
            existence: Existence::NotAsked,
            unaccounted: 0,
            unheard: 0,
            second_try: false,
            dropped: HashSet::new(),
            settled: false,
            written_by: 0,
        }
    }

    /// A pending for some of its records, to be judged by themselves.
    #[must_use]
    pub fn with_parts(&self, parts: Vec<Part>) -> Self {
        let mut alone = Self::new(Input { key: self.input.key.clone(), parts });
        alone.existence = self.existence;
        alone.second_try = self.second_try;
        alone
    }

    /// Its records lose the stage that they bring. `false`: they bring none.
    pub fn drop_own_stage(&mut self) -> bool {
        let mut found = false;
        for part in &mut self.input.parts {
            let before = part.properties.len();
            part.properties.retain(|one| *one.property.name != *LIFECYCLE_STAGE);
            if part.properties.len() < before {
                part.dropped.push(Reason::of_property(Code::InvalidValue, &LIFECYCLE_STAGE.into()));
                found = true;
            }
        }
        found
    }

    /// What is sent: the merged values without what HubSpot does not take, with the stage if the contact is new.
    pub fn properties(
        &self,
        stage: Option<&NewContactStage>,
        refused: &UnusableProperties,
    ) -> BTreeMap<Arc<str>, String> {
        let mut properties = self.input.merged();
        properties.retain(|name, _| !refused.contains_key(name) && !self.dropped.contains(name));
        if let Some(stage) = stage.filter(|stage| stage.applies_to(self.input.own_stage()))
            && self.existence == Existence::New
            && !self.dropped.contains(LIFECYCLE_STAGE)
            && !refused.contains_key(LIFECYCLE_STAGE)
        {
            properties.insert(LIFECYCLE_STAGE.into(), stage.value.to_string());
        }
        properties
    }
}

/// The body that looks contacts up by address.
pub fn encode_read<'a>(inputs: impl Iterator<Item = &'a PendingInput>) -> Bytes {
    let inputs = inputs.map(|pending| ReadInput { id: pending.input.key.as_str() }).collect();
    let request =
        ReadRequest { inputs, id_property: EMAIL, properties: &[EMAIL], properties_with_history: [] };
    encode(&request)
}

/// One contact of a request.
#[derive(Debug)]
pub struct Row<'a> {
    /// Unique in the request.
    pub trace_id: String,
    pub key: &'a Key,
    pub properties: BTreeMap<Arc<str>, String>,
}

impl<'a> Row<'a> {
    pub fn new(trace_id: String, pending: &'a PendingInput, properties: BTreeMap<Arc<str>, String>) -> Self {
        Self { trace_id, key: &pending.input.key, properties }
    }
}

/// The body that writes contacts.
pub fn encode_upsert(rows: &[Row<'_>]) -> Bytes {
    let inputs = rows
        .iter()
        .map(|row| {
            let mut texts: BTreeMap<&str, &str> =
                row.properties.iter().map(|(name, value)| (&**name, value.as_str())).collect();
            if texts.is_empty() {
                // HubSpot refuses an input without properties. The contact is new, so this changes no address.
                texts.insert(EMAIL, row.key.as_str());
            }
            UpsertInput {
                id: row.key.as_str(),
                id_property: EMAIL,
                object_write_trace_id: row.trace_id.clone(),
                properties: texts,
            }
        })
        .collect();
    encode(&UpsertRequest { inputs })
}

fn encode(request: &impl serde::Serialize) -> Bytes {
    // Maps of texts with text keys cannot fail to become JSON.
    Bytes::from(serde_json::to_vec(request).expect("texts are JSON"))
}
