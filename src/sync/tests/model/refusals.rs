//! What HubSpot refuses, and how it says so: by address, by property and value, input by input or for a whole batch.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    answers::{Answer, HubSpot, Sent, refuse},
    store::STAGES,
};
use crate::crm::property::{EMAIL, LIFECYCLE_STAGE};

/// Whether HubSpot takes this value for this property from anybody.
pub(in crate::sync::tests) fn acceptable(property: &str, value: &str) -> bool {
    usable(property) && good(property, value)
}

fn usable(property: &str) -> bool {
    property != "gone" && property != "frozen"
}

pub(super) fn good(property: &str, value: &str) -> bool {
    match property {
        LIFECYCLE_STAGE => STAGES.contains(&value),
        _ => value.split(';').all(|piece| !piece.starts_with("bad")),
    }
}

/// Why HubSpot refuses an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
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

    pub(super) fn category(&self) -> &'static str {
        match self {
            Self::Conflict => "CONFLICT",
            Self::Odd => "STRANGE_THING",
            Self::Address | Self::Missing | Self::Properties(_) => "VALIDATION_ERROR",
        }
    }

    pub(super) fn faults(&self) -> Vec<(String, &'static str)> {
        match self {
            Self::Address => vec![(EMAIL.to_owned(), "INVALID_EMAIL")],
            Self::Missing => vec![("favourite".to_owned(), "MISSING_REQUIRED_PROPERTY")],
            Self::Properties(faults) => faults.clone(),
            Self::Conflict | Self::Odd => Vec::new(),
        }
    }
}

impl HubSpot {
    pub(super) fn judge(&self, sent: &Sent) -> Option<Refusal> {
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

    /// The refusal of a whole batch. HubSpot lists all faults of one kind, or only the first.
    pub(super) fn refuse_all(&mut self, inputs: &[Sent], refusals: &[Option<Refusal>]) -> Answer {
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
    pub(super) fn describe(&mut self, faults: &[(String, &'static str)]) -> Value {
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
}
