//! Upsert, create and update of a batch: all or nothing, or partly, as HubSpot does it.
//!
//! A unique trace id on every input switches partial success on; without, one bad input refuses the batch and nothing
//! is written. Structural faults refuse the batch either way.
//! <https://developers.hubspot.com/docs/api-reference/error-handling>

use std::collections::HashSet;

use super::{
    input::{CreateBatch, WriteBatch, WriteInput},
    plan::{Judge, Mode, Planned, Problem, Target},
    result::{Written, results},
    struck::{Struck, strike},
};
use crate::{
    account::{state::State, tokens},
    api::{
        batch::{MAX_INPUTS, check_count, check_duplicates, envelope},
        body,
        call::Call,
        refusal::{conflict, invalid_associations, not_found, not_unique, refused_values, unknown_values},
    },
    clock,
    failure::Failure,
    reply::Reply,
    settings::{EmptyInputs, Language, SameContactInputs, TakenUniqueValues, UnknownUniqueValues},
};

/// Carries out `batch/upsert`.
pub(crate) fn upsert(state: &mut State, call: &Call<'_>) -> Result<Reply, Failure> {
    write(state, call, Mode::Upsert)
}

/// Carries out `batch/create`. What exists already is a conflict.
pub(crate) fn create(state: &mut State, call: &Call<'_>) -> Result<Reply, Failure> {
    write(state, call, Mode::Create)
}

/// Carries out `batch/update`.
pub(crate) fn update(state: &mut State, call: &Call<'_>) -> Result<Reply, Failure> {
    write(state, call, Mode::Update)
}

fn write(state: &mut State, call: &Call<'_>, mode: Mode) -> Result<Reply, Failure> {
    let started = clock::now();
    let inputs = read_inputs(call, mode)?;
    if inputs.is_empty() && state.settings.empty_inputs == EmptyInputs::Status400BeforeScopes {
        return Err(no_inputs());
    }
    call.require(tokens::TO_WRITE, &state.settings)?;
    if inputs.is_empty() && state.settings.empty_inputs != EmptyInputs::Status200 {
        return Err(no_inputs());
    }
    check_structure(state, &inputs, mode)?;
    let mut planned = judge(state, call, &inputs, mode);
    if mode == Mode::Upsert {
        check_same_contact(state, &planned)?;
    }
    let struck = strike(call.effect.item.as_ref(), &inputs, &mut planned)?;
    let language = call.effect.language.unwrap_or(state.settings.language);
    let partial = state.settings.partial_success && has_unique_traces(&inputs);
    if !partial {
        refuse_whole(&planned, language, state.settings.account.portal_id)?;
    }
    refuse_as_set(state, &inputs, &planned)?;
    let (written, mut failures) = carry_out(state, call, &inputs, &planned, struck.as_ref(), language);
    if let Some(Struck { whole_batch: Some(failure), .. }) = struck {
        return Err(failure);
    }
    if state.settings.group_errors {
        failures = grouped(failures);
    }
    let errors = failures.into_iter().map(Failure::into_entry).collect();
    let success = if mode == Mode::Create { 201 } else { 200 };
    Ok(envelope(started, success, results(state, written, mode), errors))
}

fn read_inputs(call: &Call<'_>, mode: Mode) -> Result<Vec<WriteInput>, Failure> {
    match mode {
        Mode::Create => {
            let batch: CreateBatch = body::parse(call.body)?;
            Ok(batch.inputs.into_iter().map(WriteInput::from).collect())
        }
        Mode::Upsert | Mode::Update => body::parse(call.body).map(|batch: WriteBatch| batch.inputs),
    }
}

/// The answer to an empty batch; its wording is not on record.
fn no_inputs() -> Failure {
    Failure::validation("inputs must contain at least one item")
}

fn check_structure(state: &State, inputs: &[WriteInput], mode: Mode) -> Result<(), Failure> {
    check_count(inputs.len(), MAX_INPUTS)?;
    if mode == Mode::Create {
        // There are no ids that could occur twice: of two inputs with one address, the second is a conflict.
        let associated: Vec<String> = inputs.iter().flat_map(|input| input.associated.clone()).collect();
        return if associated.is_empty() { Ok(()) } else { Err(invalid_associations(associated)) };
    }
    let portal_id = state.settings.account.portal_id;
    for input in inputs {
        match (mode, input.id_property.as_deref()) {
            (Mode::Update, None) => {}
            (_, None) => return Err(not_unique("hs_object_id", portal_id)),
            // By address is an upsert's way; an update refuses it.
            (Mode::Update, Some("email")) => return Err(not_unique("email", portal_id)),
            (_, Some(property)) if is_unique(state, property) => {}
            (_, Some(property)) => return Err(not_unique(property, portal_id)),
        }
    }
    let ids = inputs.iter().map(|input| input.id.as_str());
    check_duplicates(ids, state.settings.duplicate_check_ignores_case)
}

/// Whether contacts can be found by this property: `email`, or a custom one with unique values.
fn is_unique(state: &State, property: &str) -> bool {
    let is_custom = |property: &str| {
        state.catalogue.any(property).is_some_and(|definition| {
            definition.unique && !definition.hubspot_defined && !definition.archived
        })
    };
    property == "email" || is_custom(property)
}

fn judge(state: &State, call: &Call<'_>, inputs: &[WriteInput], mode: Mode) -> Vec<Planned> {
    let missing = call.missing(&state.settings);
    let judge = Judge {
        store: &state.store,
        catalogue: &state.catalogue,
        settings: &state.settings,
        view: call.view(&missing),
        strict: call.version.is_strict(),
    };
    match mode {
        Mode::Upsert => judge.upserts(inputs),
        Mode::Create => judge.creates(inputs),
        Mode::Update => judge.updates(inputs),
    }
}

/// Two addresses of one contact in one batch.
fn check_same_contact(state: &State, planned: &[Planned]) -> Result<(), Failure> {
    if state.settings.same_contact_inputs != SameContactInputs::Conflict409 {
        return Ok(());
    }
    let mut seen = HashSet::new();
    match planned.iter().map(|planned| &planned.target).find(|target| !seen.insert(*target)) {
        Some(Target::Existing(id)) => Err(conflict(Some(*id))),
        Some(_) => Err(conflict(None)),
        None => Ok(()),
    }
}

fn has_unique_traces(inputs: &[WriteInput]) -> bool {
    let mut seen = HashSet::new();
    inputs.iter().all(|input| {
        input.object_write_trace_id.as_ref().is_some_and(|trace| !trace.is_empty() && seen.insert(trace))
    })
}

/// Refuses the whole batch if anything is wrong with any input: all bad values together, or the first other problem.
fn refuse_whole(planned: &[Planned], language: Language, portal_id: u64) -> Result<(), Failure> {
    let mut values = Vec::new();
    let mut other = None;
    for problem in planned.iter().filter_map(|planned| planned.problem.as_ref()) {
        match problem {
            Problem::Values(errors) => values.extend(errors.iter().cloned()),
            Problem::Taken(failure) | Problem::Other(failure) => {
                other.get_or_insert(failure);
            }
        }
    }
    if !values.is_empty() {
        return Err(refused_values(&values, language, portal_id));
    }
    other.map_or(Ok(()), |failure| Err(failure.clone()))
}

/// Refuses the whole batch, trace ids or not, for what the settings say does so.
fn refuse_as_set(state: &State, inputs: &[WriteInput], planned: &[Planned]) -> Result<(), Failure> {
    if state.settings.taken_unique_values == TakenUniqueValues::Status400 {
        for planned in planned {
            if let Some(Problem::Taken(failure)) = &planned.problem {
                return Err(failure.clone());
            }
        }
    }
    if state.settings.unknown_unique_values == UnknownUniqueValues::Status400 {
        let mut unknown = Vec::new();
        for (input, planned) in inputs.iter().zip(planned) {
            if let (Some(property), Target::Nobody) = (&input.id_property, &planned.target) {
                unknown.push(format!("0-1:{property}:{}", input.id));
            }
        }
        if !unknown.is_empty() {
            return Err(unknown_values(unknown));
        }
    }
    Ok(())
}

/// Writes what can be written, and collects the entries of `errors[]`.
fn carry_out(
    state: &mut State,
    call: &Call<'_>,
    inputs: &[WriteInput],
    planned: &[Planned],
    struck: Option<&Struck>,
    language: Language,
) -> (Vec<Written>, Vec<Failure>) {
    let portal_id = state.settings.account.portal_id;
    let mut written = Vec::new();
    let mut failures = Vec::new();
    let mut unknown = Vec::new();
    for (position, (input, planned)) in inputs.iter().zip(planned).enumerate() {
        let struck = struck.filter(|struck| struck.position == position && struck.whole_batch.is_none());
        failures.extend(struck.and_then(|struck| struck.entry.clone()));
        if struck.is_some_and(|struck| !struck.after_write) {
            continue;
        }
        match &planned.problem {
            _ if planned.target == Target::Nobody => {
                // Recorded: an address instead of a record id is passed over without a word.
                // https://github.com/HubSpot/hubspot-api-nodejs/issues/548
                if input.id_property.is_some() || !input.id.contains('@') {
                    unknown.push(input.id.as_str());
                }
            }
            Some(Problem::Values(errors)) => {
                failures.push(input.traced(refused_values(errors, language, portal_id)));
            }
            Some(Problem::Taken(failure) | Problem::Other(failure)) => {
                failures.push(input.traced(failure.clone()));
            }
            None => {
                let outcome = write_one(state, call, input, planned);
                written.extend(outcome.filter(|_| struck.is_none()));
            }
        }
    }
    if !unknown.is_empty() {
        failures.push(not_found(unknown));
    }
    (written, failures)
}

fn write_one(state: &mut State, call: &Call<'_>, input: &WriteInput, planned: &Planned) -> Option<Written> {
    // Looked up again: an earlier input of this batch may have created the contact.
    let found = match &planned.target {
        Target::Existing(id) => Some(*id),
        Target::New(property, value) => state.store.by_unique(property, value),
        Target::Fresh(_) => None,
        Target::Nobody => return None,
    };
    let mut changes = planned.changes.clone();
    if call.effect.lifecycle_ignored {
        changes.remove("lifecyclestage");
    }
    let id = state.with_rules(|store, rules| {
        let id = found.unwrap_or_else(|| store.create(rules));
        store.write(id, &changes, rules, found.is_none());
        id
    });
    Some(Written {
        id,
        is_new: found.is_none(),
        names: planned.changes.keys().cloned().collect(),
        trace_id: input.object_write_trace_id.clone(),
        warnings: planned.warnings.clone(),
    })
}

/// One entry for all inputs with the very same error.
fn grouped(failures: Vec<Failure>) -> Vec<Failure> {
    let mut groups: Vec<Failure> = Vec::new();
    for failure in failures {
        match groups.iter_mut().find(|group| group.says_the_same(&failure)) {
            Some(group) => group.absorb_traces(&failure),
            None => groups.push(failure),
        }
    }
    groups
}
