//! The requests of a batch: which inputs and properties are asked for, or sent, and how. Pure. Not here: the JSON of a body
//! ([`crate::hubspot::batch_call`]), and when a request is made ([`super::steps`]).

use std::sync::Arc;

use super::{
    mode::{Need, need, needs_value},
    operation::Operation,
    pending::PendingInput,
    state::Delivery,
};
use crate::hubspot::batch_call::{BatchCall, KeyedInput, UpdateInput};

impl Delivery {
    pub(super) fn encode_read(&mut self) -> BatchCall {
        let pending = || self.current.iter().filter_map(|&index| self.inputs.get(index));
        let is_conditional = pending().any(PendingInput::is_conditional);
        // Its place is the one after the key.
        let last_modified = is_conditional.then(|| self.target.key_space.object().last_modified().into());
        let mut asked: Vec<Arc<str>> = last_modified.into_iter().collect();
        for pending in pending() {
            let names = pending.own_values().map(|one| &one.property.name);
            for name in names.filter(|name| needs_value(&self.target, pending, name)) {
                if !asked.contains(name) {
                    asked.push(Arc::clone(name));
                }
            }
        }
        // Whose result is whose, where that matters.
        let needs_record =
            |pending: &PendingInput| need(&self.target, pending, &self.unusable) == Need::Record;
        if let Some(name) = self.target.key_space.other_keys()
            && (self.orders_by_record() || pending().any(needs_record))
        {
            asked.push(name.into());
        }
        let keys = pending().map(|pending| &pending.input.key);
        let call = BatchCall::read(&self.target.key_space, keys, &asked);
        self.looks_at = Arc::clone(&call.looks_at);
        call
    }

    pub(super) fn encode_write(&mut self, operation: Operation) -> BatchCall {
        self.sends_by = operation;
        self.requests += 1;
        self.unusable_when_sent = self.unusable.len();
        let call = match operation {
            Operation::Upsert | Operation::Create => self.by_key(operation),
            Operation::Update => self.update(),
            Operation::Archive => self.archive(),
        };
        // The client goes on counting where earlier answers to these inputs left off.
        let counts = self.current.iter().filter_map(|&index| Some(self.inputs.get(index)?.unknown_answers));
        BatchCall { unknown_before: counts.max().unwrap_or_default(), ..call }
    }

    fn by_key(&self, operation: Operation) -> BatchCall {
        let (target, unusable, inputs) = (&*self.target, &self.unusable, &self.inputs);
        let inputs = self.current.iter().filter_map(|&trace_id| {
            let pending = inputs.get(trace_id)?;
            let properties = pending.sends(target, unusable);
            Some(KeyedInput { trace_id, key: &pending.input.key, properties })
        });
        if operation == Operation::Create {
            BatchCall::create(&target.key_space, inputs, &target.watched)
        } else {
            BatchCall::upsert(&target.key_space, inputs, &target.watched)
        }
    }

    fn update(&self) -> BatchCall {
        let (target, unusable, inputs) = (&*self.target, &self.unusable, &self.inputs);
        let updated = self.current.iter().filter_map(|&trace_id| {
            let pending = inputs.get(trace_id)?;
            let id = pending.found.as_ref()?.id.as_deref()?;
            Some(UpdateInput { trace_id, id, properties: pending.sends(target, unusable) })
        });
        BatchCall::update(&target.key_space, updated, &target.watched)
    }

    fn archive(&self) -> BatchCall {
        let record_id = |&index: &usize| self.inputs.get(index)?.found.as_ref()?.id.as_deref();
        BatchCall::archive(&self.target.key_space, self.current.iter().filter_map(record_id))
    }
}
