//! Carries one batch to HubSpot, request after request, until each of its records has its fate.
//!
//! The thin shell around [`super::isolate`]: no decision is made here.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tracing::info;

use super::{
    fate::{Fate, Ticket},
    isolate::{Isolation, Step},
    outcome::Outcome,
    report::Notes,
};
use crate::{
    crm::key::Key,
    error::Failure,
    hubspot::client::{Client, Endpoint, Reply},
};

/// The wait for a property that was created a moment ago.
const REST: Duration = Duration::from_secs(2);

/// A batch that has come to its end.
#[derive(Debug)]
pub struct Landed {
    pub keys: Vec<Key>,
    /// What the batch took in memory, about.
    pub bytes: usize,
    pub fates: HashMap<Ticket, Fate>,
    pub notes: Notes,
    /// Contacts that exist now.
    pub written: Vec<Key>,
    /// Records without a fate stay so: the sync ends.
    pub failure: Option<Failure>,
}

/// Carries a batch until all of its records have their fates, or the sync has to end.
pub async fn carry(client: Arc<Client>, mut isolation: Isolation) -> Landed {
    let (keys, bytes) = isolation.carries();
    let failure = lead(&client, &mut isolation).await.err();
    let Outcome { fates, notes, written, .. } = isolation.finish();
    Landed { keys, bytes, fates, notes, written, failure }
}

async fn lead(client: &Client, isolation: &mut Isolation) -> Result<(), Failure> {
    loop {
        match isolation.next_step() {
            Step::Finished => return Ok(()),
            Step::Rest => client.rest(REST).await,
            Step::Upsert(body) => {
                let reply = client.batch(Endpoint::BatchUpsert, body).await?;
                tell(&reply, isolation.asked());
                let inputs = isolation.asked();
                isolation.answered(reply)?;
                isolation.take_remarks().into_iter().for_each(|remark| info!(inputs, "{remark}"));
            }
            Step::Read(body) => match client.batch(Endpoint::BatchRead, body).await {
                Ok(reply) => isolation.answered(reply)?,
                // Without a stage, reading is a kindness to records that have nothing but an address.
                Err(error) if error.is_missing_scope() && !isolation.needs_look_ups() => {
                    isolation.look_up_denied();
                }
                Err(error) => return Err(error.into()),
            },
        }
    }
}

/// A batch that is refused as a whole is taken apart, which costs requests: an operator wants to know.
fn tell(reply: &Reply, inputs: usize) {
    match reply {
        Reply::Done(_) => {}
        Reply::Refused { status, error } => {
            let (category, correlation_id) = (error.category(), error.correlation_id());
            info!(
                status,
                category, inputs, correlation_id, "batch refused as a whole: looking for the cause"
            );
        }
        Reply::TooLarge => info!(inputs, "batch too large: sending it in parts"),
        Reply::AnswerTooLarge => info!(inputs, "answer too large to read: sending the batch in parts"),
    }
}
