//! Maps one record by its stream's plan: a change, or the reason there is none.

use std::{borrow::Cow, sync::Arc};

use indexmap::IndexMap;
use serde_json::value::RawValue;

use super::{
    cell::{self, Cells},
    change::{Change, PropertyValue},
    claim::NewField,
    deletion::Mark,
    field::{Field, Goal, Use},
    path::walk,
    paths_inside::paths_inside,
    plan::Plan,
    reason::{Code, Reason},
    target::ValuePolicy,
    value::{self, Converted, Reading},
};
use crate::{
    config::{DeletedRecordsOfStream, InvalidValues, Mode, NullValues},
    crm::key::Key,
    protocol::message::members,
};

/// Maps the `data` object of a record to a change, or to the reason there is none. The plan grows with fields that it
/// does not know yet, and counts the record's cells.
///
/// # Errors
///
/// The reason why the record is rejected, or skipped: [`Code::DeletedInSource`], [`Code::DeletedWithoutKey`].
pub fn map_record(plan: &mut Plan, data: &RawValue) -> Result<Change, Reason> {
    plan.next_record();
    let members = members(data).map_err(|_| Reason::of(Code::InvalidValue))?;
    let raw_values = raw_values(plan, members);
    let mapped = assemble(plan, &raw_values);
    if mapped.as_ref().map_or(true, |change| change.archives) {
        let with_value = raw_values.iter().flatten().filter(|raw| cell::has_value(raw)).count();
        plan.count_record_left_out(u64::try_from(with_value).unwrap_or(u64::MAX));
    }
    mapped
}

/// The record's value for each field of the plan. Of repeated fields the last one counts.
fn raw_values<'a>(plan: &mut Plan, members: Vec<(Cow<'a, str>, &'a RawValue)>) -> Vec<Option<&'a RawValue>> {
    let mut raw_values: Vec<Option<&RawValue>> = vec![None; plan.known()];
    let mut fresh: IndexMap<Cow<'_, str>, &RawValue> = IndexMap::new();
    for (name, raw) in members {
        let known = plan
            .place_of(&name)
            .filter(|&place| !fresh.contains_key(&name) && (plan.is_in_use(place) || !cell::has_value(raw)));
        match known.and_then(|place| raw_values.get_mut(place)) {
            Some(raw_value) => *raw_value = Some(raw),
            None => drop(fresh.insert(name, raw)),
        }
    }
    if !fresh.is_empty() {
        let target = Arc::clone(plan.target());
        let new = fresh.iter().map(|(name, raw)| NewField::of_record(name, raw, &target.schema)).collect();
        plan.learn(new);
        raw_values.resize(plan.known(), None);
        for (name, raw) in &fresh {
            if let Some(raw_value) = plan.place_of(name).and_then(|place| raw_values.get_mut(place)) {
                *raw_value = Some(raw);
            }
        }
    }
    raw_values
}

fn assemble(plan: &mut Plan, raw_values: &[Option<&RawValue>]) -> Result<Change, Reason> {
    let target = Arc::clone(plan.target());
    let rules = target.values;
    let archives_all = target.mode == Mode::Archive;
    let is_deleted = !archives_all && is_deleted(plan, raw_values);
    if is_deleted && rules.deleted == DeletedRecordsOfStream::Skip {
        return Err(Reason::of(Code::DeletedInSource));
    }
    let (key, key_place) = match key(plan, raw_values) {
        Ok(key) => key,
        // Sources of change data capture often send nothing but the primary key of a row that was deleted.
        Err(_) if is_deleted => return Err(Reason::of(Code::DeletedWithoutKey)),
        Err(reason) => return Err(reason),
    };
    let archives = archives_all || is_deleted;
    let mut change =
        Change { key, archives, properties: Vec::new(), dropped: Vec::new(), unless_changed_since: None };
    if archives {
        return Ok(change);
    }
    let (mut cells, mut left_out) = (Cells::default(), Vec::new());
    for (place, raw_value) in raw_values.iter().enumerate() {
        let (Some(raw), Some(field)) = (*raw_value, plan.field_mut(place)) else { continue };
        let filled = fill(field, raw, rules, &mut change);
        if filled.nested {
            plan.tell_nested(place, |name| paths_inside(name, raw, &target.schema));
        }
        cells.cleared += u64::from(filled.cleared);
        match filled.taken {
            Taken::Sent => cells.mapped += 1,
            Taken::Unfit => cells.unfit += 1,
            Taken::Nowhere if place == key_place => cells.key += 1,
            Taken::Nowhere if cell::has_value(raw) => left_out.push(place),
            Taken::Nowhere => {}
        }
    }
    if rules.invalid == InvalidValues::RejectRecord && !change.dropped.is_empty() {
        return Err(change.dropped.swap_remove(0));
    }
    plan.count(cells, &left_out);
    Ok(change)
}

/// A mark that says neither yes nor no is counted, and the record is taken for one that is there.
fn is_deleted(plan: &mut Plan, raw_values: &[Option<&RawValue>]) -> bool {
    let set = |(place, mark): (usize, Mark)| {
        Some((place, raw_values.get(place).copied().flatten().map(|raw| mark.is_set(raw))?))
    };
    let marks: Vec<(usize, Option<bool>)> = plan.marks().filter_map(set).collect();
    for (place, is_set) in &marks {
        if is_set.is_none() {
            plan.count_unclear_mark(*place);
        }
    }
    marks.iter().any(|(_, is_set)| *is_set == Some(true))
}

/// The address, and the place of the field that holds it: the first of those that may hold it and are filled.
fn key(plan: &mut Plan, raw_values: &[Option<&RawValue>]) -> Result<(Key, usize), Reason> {
    // A record points to a wrong set-up only if no field becomes the address, or if the path to it has never led to one.
    let mut may_be_empty = false;
    let mut not_there = None;
    for &place in plan.key() {
        let Some(one) = plan.field(place).and_then(|(_, field)| field.key()) else { continue };
        let filled = raw_values.get(place).copied().flatten().filter(|raw| cell::has_value(raw));
        let Some(raw) = filled else {
            may_be_empty = true;
            continue;
        };
        let Some(raw) = walk(raw, &one.path) else {
            may_be_empty |= one.found;
            not_there = Some(Arc::clone(&one.expects));
            continue;
        };
        let refuse = |code| Reason { code, property: None, expects: Some(Arc::clone(&one.expects)) };
        let Some(text) = value::address(raw).map_err(refuse)? else {
            may_be_empty = true;
            continue;
        };
        let text = match &one.values {
            Some(table) => table.get(&text).ok_or_else(|| refuse(Code::InvalidEmail))?,
            None => &text,
        };
        let key = plan.target().key_space.key(text).ok_or_else(|| refuse(Code::InvalidEmail))?;
        plan.note_key_found(place);
        return Ok((key, place));
    }
    let code = if may_be_empty { Code::MissingEmail } else { Code::NoEmailField };
    // A field with a value in which the path leads nowhere is named.
    Err(Reason { code, property: None, expects: not_there })
}

/// What became of a cell. Of several places that it goes to, the best counts.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Taken {
    #[default]
    Nowhere,
    Unfit,
    Sent,
}

/// What the cells of a field came to in one record.
#[derive(Debug, Default)]
struct Filled {
    taken: Taken,
    /// It had no value, and empties a property.
    cleared: bool,
    /// An object or a list came where only a mapping may put one.
    nested: bool,
}

/// Gives the properties of a field their values.
fn fill(field: &mut Field, raw: &RawValue, rules: ValuePolicy, change: &mut Change) -> Filled {
    let mut filled = Filled::default();
    let has_paths = field.uses.iter().any(|one| !one.path.is_empty());
    for one in &mut field.uses {
        let mapped = one.is_mapped();
        let Use { goal, path, values, found, came, fitted, unit, expects, .. } = one;
        let Goal::Property(property) = goal else { continue };
        // A missing value changes nothing.
        let Some(raw) = walk(raw, path) else { continue };
        *found |= raw.get() != "null";
        let mut reading = Reading { formats: rules.formats, unit, mapped, values: values.as_deref() };
        let may_clear = rules.null == NullValues::Clear && property.traits.may_be_cleared;
        let value = match value::convert(raw, property, &mut reading) {
            Ok(Converted::Value(value)) => {
                filled.taken = Taken::Sent;
                (*came, *fitted) = (*came + 1, *fitted + 1);
                value
            }
            Ok(Converted::Empty) if may_clear => {
                filled.cleared = true;
                Box::default()
            }
            Ok(Converted::Empty | Converted::Nothing) => continue,
            // Mappings take what they want of the object.
            Err(Code::NestedValue) if has_paths && !mapped => continue,
            Err(code) => {
                *came += 1;
                filled.taken = filled.taken.max(Taken::Unfit);
                filled.nested |= code == Code::NestedValue;
                let (property, expects) = (Some(Arc::clone(&property.name)), Some(Arc::clone(expects)));
                change.dropped.push(Reason { code, property, expects });
                continue;
            }
        };
        change.properties.push(PropertyValue { property: Arc::clone(property), value });
    }
    filled
}
