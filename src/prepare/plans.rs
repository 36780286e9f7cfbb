//! The plans of the catalog's streams: compiled, and logged with what in them is doubtful. Not here: how one plan is made
//! ([`crate::mapping::plan`]).

use std::collections::HashSet;

use tracing::info;

use super::{
    create,
    doubts::{Keyless, blame_field, may_be_created, no_key, warn_of_lists, warn_of_mappings},
};
use crate::{
    config::{Config, DeletedRecordsOfStream, Mode, Policy, UnknownFields},
    crm::{definition::PropertyDefinition, schema::Schema},
    error::Failure,
    hubspot::client::Client,
    mapping::{error::MappingError, mappings::check_mappings, plan::Plan, targets::Targets},
    protocol::catalog::{Catalog, ConfiguredStream},
    report::plan_log::{announce_plan, is_unknown, require_known_fields},
};

/// What becomes of properties that fields lack, under `unknown_fields: create`.
#[derive(Debug, Clone, Copy)]
pub enum Missing<'c> {
    /// They are created.
    Create(&'c Client),
    /// It is said which ones a sync would create.
    Tell,
}

/// The plans of the catalog's streams, made and logged, and the targets that they hold: with the properties that were missing,
/// if they are to be created.
///
/// # Errors
///
/// If a mapping cannot work, a stream has no address, fields have no property and are to have one, or HubSpot does not create
/// what is missing.
pub async fn prepare_plans(
    missing: Missing<'_>,
    catalog: &Catalog,
    config: &Config,
    mut targets: Targets,
) -> Result<(Targets, Vec<Plan>), Failure> {
    let mut plans = plans(catalog, config, &mut targets)?;
    if config.unknown_fields == UnknownFields::Create {
        let wanted = create::missing(catalog, &plans, targets.schema(), &config.field_mappings);
        if !wanted.is_empty() {
            let mut schema = Schema::clone(targets.schema());
            let created = match missing {
                Missing::Create(client) => {
                    create::create(client, &wanted, targets.key_space().object(), &mut schema).await?
                }
                Missing::Tell => {
                    tell(&wanted);
                    schema.add(&wanted);
                    HashSet::new()
                }
            };
            targets = targets.with_created(schema, created);
            plans = self::plans(catalog, config, &mut targets)?;
        }
    }
    announce_plans(&mut plans, catalog, config)?;
    Ok((targets, plans))
}

fn tell(wanted: &[PropertyDefinition]) {
    for property in wanted {
        let (name, label, value_type) = (&property.name, &property.label, &property.value_type);
        info!(property = name, label, r#type = value_type, "a sync will create this property");
    }
}

/// Compiles the plans of the catalog's streams.
///
/// # Errors
///
/// A `config_error` if a mapping cannot work or a stream has no address.
fn plans(catalog: &Catalog, config: &Config, targets: &mut Targets) -> Result<Vec<Plan>, Failure> {
    let mappings = &config.field_mappings;
    check_mappings(mappings, targets.key_space().property(), targets.schema(), |mapping| {
        may_be_created(mapping, catalog, config)
    })
    .map_err(|error| blame_field(error, catalog, config))?;
    let plan = |stream: &ConfiguredStream| Plan::new(stream, mappings, &targets.of(stream));
    let mut plans: Vec<Plan> = catalog.streams.iter().map(plan).collect::<Result<_, _>>()?;
    let keyless: Vec<Keyless<'_>> =
        catalog.streams.iter().zip(&plans).filter_map(|(stream, plan)| Keyless::of(stream, plan)).collect();
    if keyless.is_empty() {
        return Ok(plans);
    }
    let error = no_key(&keyless);
    // What the other streams do is right, and the fields of the failing ones show what is missing.
    plans.iter_mut().for_each(announce);
    warn_of_mappings(&plans, catalog, config);
    Err(error.into())
}

/// What the settings say of the stream, where it is not that its records are upserted.
fn announce_target(plan: &Plan) {
    let target = plan.target();
    let archives = target.values.deleted == DeletedRecordsOfStream::Archive;
    if target.mode == Mode::Upsert && !archives && !target.compares_values() {
        return;
    }
    let held_back: Vec<String> = plan
        .fields()
        .flat_map(|(_, field)| field.uses.iter().map(|one| one.goal.property()))
        .map(|property| (target.policy_of(&property), property))
        .filter(|(policy, _)| *policy != Policy::Overwrite)
        .map(|(policy, property)| format!("{property}: {}", policy.as_str()))
        .collect();
    info!(
        stream = %plan.stream(),
        mode = target.mode.as_str(),
        skip_unchanged = target.skips_unchanged,
        deleted_records = target.values.deleted.as_str(),
        policies = (!held_back.is_empty()).then(|| held_back.join(", ")),
        "what the stream may change"
    );
}

fn announce(plan: &mut Plan) {
    plan.take_news();
    if !plan.is_declared() {
        info!(stream = %plan.stream(), "the catalog declares no fields of the stream: where each field goes is told when records bring it");
    }
    if plan.target().mode == Mode::Archive {
        info!(stream = %plan.stream(), "each record of the stream archives the contact that it finds; no field is written");
        return;
    }
    announce_target(plan);
    announce_plan(plan);
}

/// Logs the plans, row by row, and what in them is doubtful.
///
/// # Errors
///
/// If there are fields without a property, and they are to end the sync.
fn announce_plans(plans: &mut [Plan], catalog: &Catalog, config: &Config) -> Result<(), MappingError> {
    if config.unknown_fields == UnknownFields::Fail {
        let unknown: Vec<_> = plans
            .iter()
            .filter(|plan| plan.target().mode != Mode::Archive)
            .map(|plan| {
                let unknown = plan.fields().filter(|(_, field)| is_unknown(field));
                (plan.stream(), unknown.map(|(name, _)| name).collect())
            })
            .collect();
        require_known_fields(&unknown)?;
    }
    plans.iter_mut().for_each(announce);
    warn_of_lists(plans, catalog);
    warn_of_mappings(plans, catalog, config);
    Ok(())
}
