//! Carries one batch to HubSpot, request after request, until each of its records has its fate.
//!
//! The thin shell around [`super::steps`]: no decision is made here.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use tracing::info;

use super::{
    outcome::{Notes, Outcome},
    state::Delivery,
    steps::Step,
};
use crate::{
    crm::{key::Key, object::ObjectType},
    error::Failure,
    hubspot::{
        answer::BatchAnswer,
        client::{Client, Reply},
        endpoint::{Endpoint, Success},
    },
    report::fate::{Fate, Ticket},
};

/// A batch that has come to its end.
#[derive(Debug)]
pub struct Delivered {
    pub keys: Vec<Key>,
    /// What the batch took in memory, about.
    pub bytes: usize,
    pub fates: HashMap<Ticket, Fate>,
    pub notes: Notes,
    /// Records of the CRM that exist now.
    pub written: Vec<(Key, Option<Timestamp>)>,
    pub archived: Vec<Key>,
    pub not_found: Vec<Key>,
    /// Which record of the CRM a row became, where the answer names it and it is asked for.
    pub record_ids: HashMap<Ticket, Box<str>>,
    /// When each rejected record got its verdict.
    pub verdicts: HashMap<Ticket, Timestamp>,
    /// Records without a fate stay so: the sync ends.
    pub failure: Option<Failure>,
    /// The object whose records the token may not look up.
    pub denied_look_ups: Option<ObjectType>,
}

/// Carries a batch until all of its records have their fates, or the sync has to end.
pub async fn deliver(client: Arc<Client>, mut delivery: Delivery) -> Delivered {
    let (keys, bytes) = delivery.keys_and_bytes();
    let failure = run_steps(&client, &mut delivery).await.err();
    let denied_look_ups = delivery.denied_look_ups();
    let Outcome { fates, notes, written, archived, not_found, record_ids, verdicts, .. } = delivery.finish();
    Delivered {
        keys,
        bytes,
        fates,
        notes,
        written,
        archived,
        not_found,
        record_ids,
        verdicts,
        failure,
        denied_look_ups,
    }
}

async fn run_steps(client: &Client, delivery: &mut Delivery) -> Result<(), Failure> {
    loop {
        let step = delivery.next_step();
        delivery.date_verdicts(Timestamp::now());
        match step {
            Step::Finished => return Ok(()),
            Step::Fail(error) => return Err(error.into()),
            Step::Wait(duration) => client.wait_scaled(duration).await,
            Step::Send(call) => match client.batch(&call).await {
                Ok(reply) => {
                    let inputs = delivery.asked();
                    log_refusal(&reply, call.endpoint, inputs);
                    let answered = delivery.answered(reply);
                    delivery.date_verdicts(Timestamp::now());
                    answered?;
                    delivery.take_remarks().into_iter().for_each(|remark| info!(inputs, "{remark}"));
                }
                // Unless something of a new record hangs on it, the look-up only serves records that hold nothing but their key,
                // so a missing scope is no failure.
                Err(error) if error.is_missing_scope() && delivery.may_go_without(call.endpoint) => {
                    delivery.look_up_denied();
                }
                Err(error) => return Err(error.into()),
            },
        }
    }
}

/// A batch that is refused as a whole is taken apart, which costs requests: an operator wants to know.
fn log_refusal(reply: &Reply<BatchAnswer>, endpoint: Endpoint, inputs: usize) {
    if endpoint.success() != Success::EachInput {
        return;
    }
    match reply {
        Reply::Done(_) | Reply::Unreadable | Reply::Unknown => {}
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
