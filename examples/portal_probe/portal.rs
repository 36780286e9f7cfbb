//! The calls that the questions consist of, in one version of the API. It books what they create.
//!
//! What the answers mean is in `questions`.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use destination_hubspot::{
    config::ApiVersion,
    crm::{object::ObjectType, property::EMAIL},
    hubspot::{
        endpoint::{Endpoint, MAX_ANSWER_BYTES},
        transport::{Request, TransportError},
    },
};
use serde_json::json;

use crate::{
    answer::Answer,
    wire::{Failed, Wire},
};

/// How often and how long to look for what a merge has changed.
const LOOKS: u32 = 6;
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// An input: the address, and the properties to write.
pub(crate) type Input<'a> = (&'a str, &'a [(&'a str, &'a str)]);

/// The account in one version of the API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portal<'a> {
    pub(crate) wire: &'a Wire,
    pub(crate) version: ApiVersion,
}

/// A contact with two addresses.
#[derive(Debug)]
pub(crate) struct TwoAddresses {
    pub(crate) id: String,
    pub(crate) primary: String,
    pub(crate) secondary: String,
}

impl Portal<'_> {
    /// The account's details.
    pub(crate) async fn account(&self) -> Result<Answer, Failed> {
        let path = Endpoint::Account.path(self.version).into_owned();
        self.wire
            .send(
                "the account",
                Request { path, query: None, body: None, most_answer_bytes: MAX_ANSWER_BYTES },
            )
            .await
    }

    /// An address that no contact has.
    pub(crate) fn address(&self) -> Result<String, Failed> {
        self.wire.contacts().take().ok_or_else(|| Failed::unexpected("the addresses of this run are used up"))
    }

    /// Several of them.
    pub(crate) fn addresses<const N: usize>(&self) -> Result<[String; N], Failed> {
        let addresses: Result<Vec<String>, Failed> = (0..N).map(|_| self.address()).collect();
        addresses?.try_into().map_err(|_| Failed::unexpected("the addresses of this run are used up"))
    }

    /// An upsert with a trace id for each input: its position.
    pub(crate) async fn upsert(&self, what: &str, inputs: &[Input<'_>]) -> Result<Answer, Failed> {
        let traced = inputs.iter().enumerate().map(|(position, (address, properties))| {
            let properties: BTreeMap<&str, &str> = properties.iter().copied().collect();
            let trace_id = position.to_string();
            json!({ "id": address, "idProperty": EMAIL, "objectWriteTraceId": trace_id, "properties": properties })
        });
        let body = encode(&json!({ "inputs": traced.collect::<Vec<_>>() }))?;
        let addresses = || inputs.iter().map(|(address, _)| *address);
        self.wire.contacts().sending(addresses());
        let outcome = self.post(what, "batch/upsert", body).await;
        let mut contacts = self.wire.contacts();
        match &outcome {
            Ok(answer) => {
                let batch = answer.batch();
                for result in batch.results.iter().filter(|result| result.new) {
                    if let Some(id) = result.id.as_deref() {
                        contacts.made(id);
                    }
                }
                if answer.tells_of_inputs() || answer.is_before_any_input() {
                    contacts.answered(addresses());
                }
            }
            Err(
                Failed::DailyLimit | Failed::NoAnswer(TransportError::Connect | TransportError::Certificate),
            ) => {
                contacts.answered(addresses());
            }
            Err(_) => {}
        }
        drop(contacts);
        outcome
    }

    /// Creates one contact and gives its id.
    pub(crate) async fn create(&self, address: &str, properties: &[(&str, &str)]) -> Result<String, Failed> {
        let answer = self.upsert("a new contact", &[(address, properties)]).await?;
        let results = answer.results(1)?;
        let created = results.first().filter(|result| result.new);
        let id = created.and_then(|result| result.id.as_deref());
        id.map(str::to_owned).ok_or_else(|| Failed::unexpected("the new contact is not reported as new"))
    }

    /// Reads contacts by address.
    pub(crate) async fn read(
        &self,
        what: &str,
        addresses: &[&str],
        properties: &[&str],
    ) -> Result<Answer, Failed> {
        self.post(what, "batch/read", encode(&read_of(addresses, properties))?).await
    }

    /// The request that [`read`](Self::read) sends for one address.
    pub(crate) fn read_request(&self, address: &str) -> Result<Request, Failed> {
        Ok(self.request("batch/read", encode(&read_of(&[address], &[EMAIL]))?))
    }

    /// An upsert without a single input.
    pub(crate) async fn upsert_nothing(&self) -> Result<Answer, Failed> {
        self.post("an upsert without inputs", "batch/upsert", encode(&json!({ "inputs": [] }))?).await
    }

    /// Looks for what is under the addresses of this run, whatever the answers to its requests said.
    pub(crate) async fn find_all(&self) -> Result<(), Failed> {
        let addresses = self.wire.contacts().sent();
        if addresses.is_empty() {
            return Ok(());
        }
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let answer = self.read("the addresses that were used", &addresses, &[EMAIL]).await?;
        if !answer.is_success() {
            return Err(Failed::unexpected("the addresses that were used could not be read"));
        }
        let mut contacts = self.wire.contacts();
        for result in answer.batch().results {
            if let Some(id) = result.id.as_deref() {
                contacts.made(id);
            }
            contacts.answered(result.key().map(str::to_lowercase).as_deref().into_iter());
        }
        Ok(())
    }

    /// Moves contacts to the recycle bin. Only ids of this run are ever given.
    pub(crate) async fn archive(&self, ids: &[String]) -> Result<Answer, Failed> {
        let inputs: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
        let what = format!("{} contact(s) of this run to the recycle bin", ids.len());
        self.post(&what, "batch/archive", encode(&json!({ "inputs": inputs }))?).await
    }

    /// Deletes what belongs to an address of this run, for good.
    pub(crate) async fn gdpr_delete(&self, what: &str, address: &str) -> Result<Answer, Failed> {
        let body = encode(&json!({ "objectId": address, "idProperty": EMAIL }))?;
        let answer = self.post(what, "gdpr-delete", body).await?;
        if answer.is_success() { Ok(answer) } else { Err(Failed::unexpected("the deletion was refused")) }
    }

    /// Makes a contact with two addresses: two contacts, merged. `hs_additional_emails` could be written instead, but only
    /// of the merge HubSpot documents that it keeps both addresses.
    pub(crate) async fn contact_with_two_addresses(&self) -> Result<TwoAddresses, Failed> {
        let [primary, secondary] = self.addresses()?;
        let kept = self.create(&primary, &[("firstname", "Probe")]).await?;
        let merged = self.create(&secondary, &[("firstname", "Probe")]).await?;
        let body = json!({ "primaryObjectId": kept, "objectIdToMerge": merged });
        let answer = self.post("the two made one", "merge", encode(&body)?).await?;
        let id = answer.json().get("id").and_then(|id| id.as_str()).map(str::to_owned);
        let Some(id) = id.filter(|_| answer.is_success()) else {
            return Err(Failed::unexpected("the merge was refused"));
        };
        {
            // The contact that remains may be either of the two, or have an id of its own.
            let mut contacts = self.wire.contacts();
            contacts.gone(&kept);
            contacts.gone(&merged);
            contacts.made(&id);
        }
        for _ in 0..LOOKS {
            let found = self.read("the contact by its secondary address", &[&secondary], &[EMAIL]).await?;
            if found.batch().results.iter().any(|result| result.id.as_deref() == Some(&id)) {
                return Ok(TwoAddresses { id, primary, secondary });
            }
            self.wire.rest(BETWEEN_LOOKS).await;
        }
        Err(Failed::unexpected("the merged contact is not found by its secondary address"))
    }

    async fn post(&self, what: &str, operation: &str, body: Bytes) -> Result<Answer, Failed> {
        self.wire.send(what, self.request(operation, body)).await
    }

    fn request(&self, operation: &str, body: Bytes) -> Request {
        let upsert = Endpoint::BatchUpsert(ObjectType::CONTACTS).path(self.version);
        let contacts = upsert.trim_end_matches("batch/upsert");
        Request {
            path: format!("{contacts}{operation}"),
            query: None,
            body: Some(body),
            most_answer_bytes: MAX_ANSWER_BYTES,
        }
    }
}

fn read_of(addresses: &[&str], properties: &[&str]) -> serde_json::Value {
    let inputs: Vec<_> = addresses.iter().map(|id| json!({ "id": id })).collect();
    json!({ "inputs": inputs, "idProperty": EMAIL, "properties": properties, "propertiesWithHistory": [] })
}

fn encode(body: &impl serde::Serialize) -> Result<Bytes, Failed> {
    let text = serde_json::to_vec(body);
    text.map(Bytes::from).map_err(|_| Failed::unexpected("the request could not be written as JSON"))
}
