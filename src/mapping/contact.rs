//! Maps one record by its stream's plan: a contact, or the reason there is none.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::{
    email::Key,
    plan::{Plan, Target},
    portal::{Portal, PortalProperty},
    reason::{Code, Reason},
    value::{self, Converted, Formats, Reading},
};
use crate::{
    config::{DeletedRecords, InvalidValues, NullValues},
    hubspot::model::LIFECYCLE_STAGE,
    protocol::message::members,
};

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

/// What the configuration says about values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ValueRules {
    /// What becomes of a record with a value that does not fit.
    pub invalid: InvalidValues,
    pub null: NullValues,
    pub deleted: DeletedRecords,
    pub formats: Formats,
}

/// Maps the `data` object of a record to a contact, or to the reason there is none. The plan grows with fields that it
/// does not know yet.
///
/// # Errors
///
/// The reason why the record is rejected.
pub fn map(plan: &mut Plan, portal: &Portal, rules: ValueRules, data: &RawValue) -> Result<Contact, Reason> {
    let members = members(data).map_err(|_| Reason::of(Code::InvalidValue))?;
    // The last one of repeated fields counts.
    let mut slots: Vec<Option<&RawValue>> = vec![None; plan.known()];
    for (field, raw) in members {
        let Some(index) = plan.index(&field, portal) else { continue };
        if index >= slots.len() {
            slots.resize(index + 1, None);
        }
        if let Some(slot) = slots.get_mut(index) {
            *slot = Some(raw);
        }
    }
    let mut contact = assemble(plan, &slots, rules)?;
    match rules.invalid {
        InvalidValues::RejectRecord if !contact.dropped.is_empty() => Err(contact.dropped.swap_remove(0)),
        InvalidValues::RejectRecord | InvalidValues::DropValue => Ok(contact),
    }
}

fn assemble(plan: &Plan, slots: &[Option<&RawValue>], rules: ValueRules) -> Result<Contact, Reason> {
    let mut key = Err(Reason::of(Code::MissingEmail));
    let (mut properties, mut dropped) = (Vec::new(), Vec::new());
    for (index, slot) in slots.iter().enumerate() {
        let (Some(raw), Some((_, targets))) = (slot, plan.field(index)) else { continue };
        if targets.deletion_mark && raw.get() != "null" {
            return Err(Reason::of(Code::DeletedInSource));
        }
        if targets.key {
            key = key_of(raw);
        }
        for Target { property, expects } in &targets.properties {
            let is_stage = *property.name == *LIFECYCLE_STAGE;
            let mut unit = None;
            let mut reading =
                Reading { formats: rules.formats, unit: &mut unit, mapped: false, values: None };
            let value = match value::convert(raw, property, &mut reading) {
                Ok(Converted::Empty) if rules.null == NullValues::Clear && !is_stage => Box::default(),
                Ok(Converted::Empty | Converted::Nothing) => continue,
                Ok(Converted::Value(value)) => value,
                Err(code) => {
                    let (property, expects) = (Some(Arc::clone(&property.name)), Some(Arc::clone(expects)));
                    dropped.push(Reason { code, property, expects });
                    continue;
                }
            };
            properties.push(PropertyValue { property: Arc::clone(property), value });
        }
    }
    Ok(Contact { key: key?, properties, dropped })
}

fn key_of(raw: &RawValue) -> Result<Key, Reason> {
    match value::address(raw) {
        Ok(None) => Err(Reason::of(Code::MissingEmail)),
        Ok(Some(text)) => Key::parse(&text).ok_or(Reason::of(Code::InvalidEmail)),
        Err(code) => Err(Reason::of(code)),
    }
}
