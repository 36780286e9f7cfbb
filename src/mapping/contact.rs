//! Maps one record by its stream's plan: a contact, or the reason there is none.

use std::{borrow::Cow, sync::Arc};

use indexmap::IndexMap;
use serde_json::value::RawValue;

use super::{
    cell::{self, Cells},
    claim::NewField,
    email::Key,
    field::{Field, Goal, Use},
    path::{Step, walk},
    plan::Plan,
    portal::{Portal, PortalProperty},
    reason::{Code, Reason},
    value::{self, Converted, Formats, Reading},
};
use crate::{
    config::{DeletedRecords, InvalidValues, NullValues},
    hubspot::model::LIFECYCLE_STAGE,
    protocol::message::{for_each_member, members},
};

/// So many paths into a value are named in a message.
const MOST_PATHS: usize = 30;

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
/// does not know yet, and counts the record's cells.
///
/// # Errors
///
/// The reason why the record is rejected, or skipped: [`Code::DeletedInSource`].
pub fn map(plan: &mut Plan, portal: &Portal, rules: ValueRules, data: &RawValue) -> Result<Contact, Reason> {
    let members = members(data).map_err(|_| Reason::of(Code::InvalidValue))?;
    let slots = slots(plan, portal, members);
    let mapped = assemble(plan, &slots, rules);
    if mapped.is_err() {
        let with_value = slots.iter().flatten().filter(|raw| cell::has_value(raw)).count();
        plan.count_record_left_out(u64::try_from(with_value).unwrap_or(u64::MAX));
    }
    mapped
}

/// The record's value for each field of the plan. Of repeated fields the last one counts.
fn slots<'a>(
    plan: &mut Plan,
    portal: &Portal,
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
) -> Vec<Option<&'a RawValue>> {
    let mut slots: Vec<Option<&RawValue>> = vec![None; plan.known()];
    let mut fresh: IndexMap<Cow<'_, str>, &RawValue> = IndexMap::new();
    for (name, raw) in members {
        match plan.place_of(&name).and_then(|place| slots.get_mut(place)) {
            Some(slot) => *slot = Some(raw),
            None => drop(fresh.insert(name, raw)),
        }
    }
    for (place, slot) in slots.iter().enumerate() {
        if let Some(raw) = slot {
            plan.note_value(place, || cell::has_value(raw));
        }
    }
    if !fresh.is_empty() {
        let new: Vec<NewField<'_>> =
            fresh.iter().map(|(name, raw)| NewField::of_record(name, raw, cell::has_value(raw))).collect();
        plan.learn(new, portal);
        slots.resize(plan.known(), None);
        for (name, raw) in &fresh {
            if let Some(slot) = plan.place_of(name).and_then(|place| slots.get_mut(place)) {
                *slot = Some(raw);
            }
        }
    }
    slots
}

fn assemble(plan: &mut Plan, slots: &[Option<&RawValue>], rules: ValueRules) -> Result<Contact, Reason> {
    if is_deleted(plan, slots) {
        return Err(Reason::of(Code::DeletedInSource));
    }
    let (key, key_place) = key(plan, slots)?;
    let mut contact = Contact { key, properties: Vec::new(), dropped: Vec::new() };
    let (mut cells, mut left_out) = (Cells::default(), Vec::new());
    for (place, slot) in slots.iter().enumerate() {
        let (Some(raw), Some(field)) = (*slot, plan.field_mut(place)) else { continue };
        let filled = fill(field, raw, rules, &mut contact);
        if filled.nested {
            plan.tell_nested(place, |name| paths_inside(name, raw));
        }
        match filled {
            Filled { sent: true, .. } => cells.mapped += 1,
            Filled { dropped: true, .. } => cells.unfit += 1,
            _ if place == key_place => cells.key += 1,
            _ if cell::has_value(raw) => left_out.push(place),
            _ => {}
        }
    }
    if rules.invalid == InvalidValues::RejectRecord && !contact.dropped.is_empty() {
        return Err(contact.dropped.swap_remove(0));
    }
    plan.count(cells, &left_out);
    Ok(contact)
}

fn is_deleted(plan: &Plan, slots: &[Option<&RawValue>]) -> bool {
    plan.marks().any(|(place, mark)| slots.get(place).copied().flatten().is_some_and(|raw| mark.is_set(raw)))
}

/// The address, and the place of the field that holds it: the first of those that may hold it and are filled.
fn key(plan: &Plan, slots: &[Option<&RawValue>]) -> Result<(Key, usize), Reason> {
    let mut code = Code::NoEmailField;
    for &place in plan.key() {
        let one = plan.field(place).and_then(|(_, field)| field.key());
        let (Some(raw), Some(one)) = (slots.get(place).copied().flatten(), one) else { continue };
        let Some(raw) = walk(raw, &one.path) else { continue };
        let refuse = |code| Reason { code, property: None, expects: Some(Arc::clone(&one.expects)) };
        let Some(text) = value::address(raw).map_err(refuse)? else {
            code = Code::MissingEmail;
            continue;
        };
        let text = match &one.values {
            Some(table) => table.get(&text).ok_or_else(|| refuse(Code::InvalidEmail))?,
            None => &text,
        };
        return Key::parse(text).map(|key| (key, place)).ok_or_else(|| refuse(Code::InvalidEmail));
    }
    Err(Reason::of(code))
}

/// What became of a cell.
#[derive(Debug, Default)]
struct Filled {
    sent: bool,
    dropped: bool,
    /// An object or a list came where only a mapping may put one.
    nested: bool,
}

/// Gives the properties of a field their values.
fn fill(field: &mut Field, raw: &RawValue, rules: ValueRules, contact: &mut Contact) -> Filled {
    let mut filled = Filled::default();
    for one in &mut field.uses {
        let mapped = one.is_mapped();
        let Use { goal, path, values, found, unit, expects, .. } = one;
        let Goal::Property(property) = goal else { continue };
        // A missing value changes nothing.
        let Some(raw) = walk(raw, path) else { continue };
        *found = true;
        let mut reading = Reading { formats: rules.formats, unit, mapped, values: values.as_deref() };
        let may_clear = rules.null == NullValues::Clear && *property.name != *LIFECYCLE_STAGE;
        let value = match value::convert(raw, property, &mut reading) {
            Ok(Converted::Value(value)) => {
                filled.sent = true;
                value
            }
            Ok(Converted::Empty) if may_clear => Box::default(),
            Ok(Converted::Empty | Converted::Nothing) => continue,
            Err(code) => {
                filled.dropped = true;
                filled.nested |= code == Code::NestedValue;
                let (property, expects) = (Some(Arc::clone(&property.name)), Some(Arc::clone(expects)));
                contact.dropped.push(Reason { code, property, expects });
                continue;
            }
        };
        contact.properties.push(PropertyValue { property: Arc::clone(property), value });
    }
    filled
}

/// The paths to the plain values inside an object, or inside the first object of a list.
///
/// They are names of a source's fields; one that looks like something else may be a value, and is not named.
pub(super) fn paths_inside(field: &str, raw: &RawValue) -> Vec<String> {
    let first = || serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok()?.into_iter().next();
    let (object, before) = match raw.get().as_bytes().first() {
        Some(b'{') => (Some(raw), ""),
        Some(b'[') => (first(), "[0]"),
        _ => return Vec::new(),
    };
    let mut paths = Vec::new();
    let read = object.map(|object| {
        for_each_member(object, |name, value| {
            let harmless =
                name.len() <= 40 && name.chars().all(|one| one.is_alphanumeric() || "_- ".contains(one));
            let plain = !value.get().starts_with(['{', '[']);
            if plain && harmless && !name.is_empty() && paths.len() < MOST_PATHS {
                paths.push(format!("{field}{before}{}", Step::Name((*name).into())));
            }
        })
    });
    if read.is_some_and(|read| read.is_err()) && before == "[0]" {
        paths.push(format!("{field}{before}"));
    }
    paths
}
