//! Maps one record by its stream's plan: a contact, or the reason there is none.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::{
    email::Key,
    plan::{LeftOut, Plan},
    portal::{Portal, PortalProperty},
    reason::{Code, Reason},
    value,
};
use crate::{config::InvalidValues, protocol::message::members};

/// A property with its value as HubSpot takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyValue {
    pub property: Arc<PortalProperty>,
    pub value: Box<str>,
}

/// One record as a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub key: Key,
    /// Each property once, in the order of the plan. Never `email`: the key says it, and among the properties it could
    /// turn a secondary address into the primary one.
    pub properties: Vec<PropertyValue>,
    /// Values that were left out although their field has a property.
    pub dropped: Vec<Reason>,
}

/// What became of a record.
#[derive(Debug, PartialEq, Eq)]
pub struct Mapped {
    pub contact: Result<Contact, Reason>,
    /// Fields that this record brought and that are left out, with the reason: to be warned of once.
    pub left_out: Vec<(String, LeftOut)>,
}

/// Maps the `data` object of a record. The plan grows with fields that it does not know yet.
pub fn map(plan: &mut Plan, portal: &Portal, invalid_values: InvalidValues, data: &RawValue) -> Mapped {
    let mut left_out = Vec::new();
    let Ok(members) = members(data) else {
        let contact = Err(Reason::of(Code::InvalidValue));
        return Mapped { contact, left_out };
    };
    // The last one of repeated fields counts.
    let mut slots: Vec<Option<&RawValue>> = vec![None; plan.known()];
    for (field, raw) in members {
        let known = plan.known();
        let Some(index) = plan.index(&field, portal) else { continue };
        if index >= known {
            slots.push(None);
            let why = plan.targets(index).and_then(|targets| targets.left_out);
            left_out.extend(why.map(|why| (field.into_owned(), why)));
        }
        if let Some(slot) = slots.get_mut(index) {
            *slot = Some(raw);
        }
    }
    let contact = assemble(plan, &slots);
    let contact = match (contact, invalid_values) {
        (Ok(Contact { mut dropped, .. }), InvalidValues::RejectRecord) if !dropped.is_empty() => {
            Err(dropped.swap_remove(0))
        }
        (contact, _) => contact,
    };
    Mapped { contact, left_out }
}

fn assemble(plan: &Plan, slots: &[Option<&RawValue>]) -> Result<Contact, Reason> {
    let mut key = Err(Reason::of(Code::MissingEmail));
    let (mut properties, mut dropped) = (Vec::new(), Vec::new());
    for (index, slot) in slots.iter().enumerate() {
        let (Some(raw), Some(targets)) = (slot, plan.targets(index)) else { continue };
        if targets.deletion_mark && raw.get() != "null" {
            return Err(Reason::of(Code::DeletedInSource));
        }
        if targets.key {
            key = key_of(raw);
        }
        let Some(first) = targets.properties.first() else { continue };
        match value::text(raw) {
            Ok(None) => {}
            Ok(Some(text)) => {
                let value = |property| PropertyValue { property: Arc::clone(property), value: text.clone() };
                properties.extend(targets.properties.iter().map(value));
            }
            Err(code) => dropped.push(Reason::of_property(code, &first.name)),
        }
    }
    Ok(Contact { key: key?, properties, dropped })
}

fn key_of(raw: &RawValue) -> Result<Key, Reason> {
    match value::text(raw) {
        Ok(None) => Err(Reason::of(Code::MissingEmail)),
        Ok(Some(text)) if text.trim().is_empty() => Err(Reason::of(Code::MissingEmail)),
        Ok(Some(text)) => Key::parse(&text).ok_or(Reason::of(Code::InvalidEmail)),
        Err(_) => Err(Reason::of(Code::InvalidEmail)),
    }
}
