//! The plans of the catalog's streams: compiled, and logged with what in them is doubtful. Not here: how one plan is made
//! ([`crate::mapping::plan`]).

use std::sync::Arc;

use tracing::info;

use super::doubts::{Keyless, blame_field, may_be_created, no_key, warn_of_lists, warn_of_mappings};
use crate::{
    config::{Config, UnknownFields},
    error::Failure,
    mapping::{
        error::MappingError,
        mappings::check_mappings,
        plan::Plan,
        target::{Target, ValuePolicy},
        value::Formats,
    },
    protocol::catalog::{Catalog, ConfiguredStream},
    report::plan_log::{announce_plan, is_unknown, require_known_fields},
};

/// What the settings say about values.
pub fn value_policy(config: &Config) -> ValuePolicy {
    ValuePolicy {
        invalid: config.invalid_values,
        null: config.null_values,
        deleted: config.deleted_records,
        formats: Formats { dates: config.date_format, numbers: config.number_format },
    }
}

/// Compiles the plans of the catalog's streams.
///
/// # Errors
///
/// A `config_error` if a mapping cannot work or a stream has no address.
pub fn plans(catalog: &Catalog, config: &Config, target: &Arc<Target>) -> Result<Vec<Plan>, Failure> {
    let mappings = &config.field_mappings;
    check_mappings(mappings, target.key_space.property(), &target.schema, |mapping| {
        may_be_created(mapping, catalog, config)
    })
    .map_err(|error| blame_field(error, catalog, config))?;
    let plan = |stream: &ConfiguredStream| Plan::new(stream, mappings, target);
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

fn announce(plan: &mut Plan) {
    plan.take_news();
    if !plan.is_declared() {
        info!(stream = %plan.stream(), "the catalog declares no fields of the stream: where each field goes is told when records bring it");
    }
    announce_plan(plan);
}

/// Logs the plans, row by row, and what in them is doubtful.
///
/// # Errors
///
/// If there are fields without a property, and they are to end the sync.
pub fn announce_plans(plans: &mut [Plan], catalog: &Catalog, config: &Config) -> Result<(), MappingError> {
    if config.unknown_fields == UnknownFields::Fail {
        let unknown: Vec<_> = plans
            .iter()
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
