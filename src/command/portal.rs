//! What `check` and `write` need of the portal: its properties, the plans that follow from them, and what is missing.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use serde_json::json;
use tracing::{debug, info, warn};

use super::doubts::{ANYTHING, Keyless, declared, may_be_created, no_key, warn_of_lists, warn_of_mappings};
use crate::{
    config::{Config, FieldMapping, UnknownFields},
    error::Failure,
    hubspot::{
        client::{Client, Endpoint, Reply, Sensitivity},
        error::{ApiError, ApiErrorKind},
        model::{CreatedProperties, ErrorBody, MAX_BATCH_INPUTS},
        retry::Stop,
    },
    mapping::{
        claim::is_technical,
        contact::ValueRules,
        creation::{GROUP, GROUP_LABEL, NewProperty, Wanted, definitions as new_properties},
        deletion::Mark,
        field::{Field, LeftOut},
        mappings::check_mappings,
        names::Match,
        plan::Plan,
        portal::{Portal, Stage, StageMatch},
        value::Formats,
    },
    protocol::catalog::{Catalog, ConfiguredStream},
    sync::{
        announce::{announce_plan, is_unknown, refuse_unknown},
        lifecycle::NewContactStage,
    },
    text::shown,
};

/// HubSpot lists a new property after a moment. It is looked for after each of these, ten seconds in all.
const LOOKS: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_millis(3_500),
];
/// So long at most for each call that a sync can do without.
const LONGEST_EXTRA: Duration = Duration::from_secs(10);

/// What the token may do, as far as HubSpot says: the call is not part of its published specification, and it may hang.
pub(super) async fn scopes(client: &Client) -> Option<Vec<String>> {
    let info = tokio::time::timeout(LONGEST_EXTRA, client.token_info()).await;
    info.ok().and_then(Result::ok).and_then(|info| info.scopes)
}

/// The portal as the token sees it. Sensitive properties are listed by themselves, so they are asked for only if
/// something has no property without them. `scopes` is asked for only then, too.
pub(super) async fn learn(
    client: &Client,
    config: &Config,
    catalog: Option<&Catalog>,
    scopes: impl AsyncFnOnce() -> Option<Vec<String>>,
) -> Result<Portal, Failure> {
    let mut definitions = client.properties(Sensitivity::None).await?;
    let portal = Portal::new(&definitions);
    if !lacks_something(&portal, config, catalog) {
        return Ok(portal);
    }
    let scopes = scopes().await;
    for sensitivity in [Sensitivity::Sensitive, Sensitivity::HighlySensitive] {
        let may_see =
            |scopes: &Vec<String>| scopes.iter().any(|scope| scope.starts_with(sensitivity.scope()));
        // Where HubSpot does not list the scopes, asking is the only way to know.
        if scopes.as_ref().is_some_and(|scopes| !may_see(scopes)) {
            continue;
        }
        match tokio::time::timeout(LONGEST_EXTRA, client.properties(sensitivity)).await {
            Ok(Ok(more)) => definitions.extend(more),
            // The token may see them, so fields of theirs go nowhere now.
            _ if scopes.is_some() => warn!(
                ?sensitivity,
                "HubSpot did not list the sensitive properties; fields for them are left out until the next sync"
            ),
            _ => debug!(?sensitivity, "HubSpot did not list these properties"),
        }
    }
    Ok(Portal::new(&definitions))
}

/// Whether a field may mean a property that the portal does not list to everybody. A similar name is not enough to go by:
/// the value of a sensitive field must not end in a property that everybody sees.
fn lacks_something(portal: &Portal, config: &Config, catalog: Option<&Catalog>) -> bool {
    let mappings = &config.field_mappings;
    let Some(catalog) = catalog else { return true };
    mappings.iter().any(|mapping| portal.property(&mapping.property).is_none())
        || catalog.streams.iter().any(|stream| {
            let id = &stream.id;
            let settled = |field: &str| {
                portal.property(field).is_some()
                    || is_technical(field)
                    || mappings
                        .iter()
                        .any(|one| one.field == field && one.applies_to(id.name(), id.namespace()))
            };
            stream.fields.is_empty() || !stream.fields.iter().all(|field| settled(&field.name))
        })
}

/// Finds the configured stage in the portal.
///
/// # Errors
///
/// A `config_error` that lists the stages there are, or those that share the label.
pub(super) fn stage(text: &str, portal: &Portal) -> Result<NewContactStage, Failure> {
    let told = |stages: &mut dyn Iterator<Item = &Stage>| {
        stages
            .map(|stage| format!("`{}` ({})", shown(&stage.value), shown(&stage.label)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let problem = match portal.stage(text) {
        StageMatch::Found(stage) => return Ok(NewContactStage::new(stage, portal)),
        StageMatch::Several(stages) => format!(
            "is the label of several lifecycle stages of this HubSpot account. Use the internal value of the one that you \
             mean: {}.",
            told(&mut stages.into_iter())
        ),
        StageMatch::Nothing if portal.stages().is_empty() => {
            "is no lifecycle stage of this HubSpot account. HubSpot shows none of them to this token; leave the setting \
             empty, or use another key."
                .to_owned()
        }
        StageMatch::Nothing => format!(
            "is no lifecycle stage of this HubSpot account. Use the internal value or the label of one of these: {}.",
            told(&mut portal.stages().iter())
        ),
    };
    Err(Failure::config(format!("The setting `lifecycle_stage` {problem}")))
}

/// What the settings say about values.
pub(super) fn value_rules(config: &Config) -> ValueRules {
    ValueRules {
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
pub(super) fn plans(catalog: &Catalog, config: &Config, portal: &Portal) -> Result<Vec<Plan>, Failure> {
    let mappings = &config.field_mappings;
    check_mappings(mappings, portal, |mapping| may_be_created(mapping, catalog, config))?;
    let plan = |stream: &ConfiguredStream| Plan::new(stream, mappings, value_rules(config), portal);
    let plans: Vec<Plan> = catalog.streams.iter().map(plan).collect::<Result<_, _>>()?;
    let keyless: Vec<Keyless<'_>> =
        catalog.streams.iter().zip(&plans).filter_map(|(stream, plan)| Keyless::of(stream, plan)).collect();
    if keyless.is_empty() { Ok(plans) } else { Err(no_key(&keyless)) }
}

/// Logs the plans, row by row, and what in them is doubtful.
///
/// # Errors
///
/// A `config_error` that names the fields without a property, if they are to end the sync.
pub(super) fn announce_plans(plans: &mut [Plan], catalog: &Catalog, config: &Config) -> Result<(), Failure> {
    if config.unknown_fields == UnknownFields::Fail {
        let unknown: Vec<_> = plans
            .iter()
            .map(|plan| {
                let unknown = plan.fields().filter(|(_, field)| is_unknown(field));
                (plan.stream(), unknown.map(|(name, _)| name).collect())
            })
            .collect();
        refuse_unknown(&unknown)?;
    }
    for plan in plans.iter_mut() {
        plan.take_news();
        announce_plan(plan);
    }
    warn_of_lists(plans, catalog);
    warn_of_mappings(plans, catalog, config);
    Ok(())
}

/// The properties to create: for fields that no property fits, and for mappings onto properties that do not exist.
pub(super) fn missing(
    catalog: &Catalog,
    plans: &[Plan],
    portal: &Portal,
    mappings: &[FieldMapping],
) -> Vec<NewProperty> {
    let mut wanted = Vec::new();
    for (stream, plan) in catalog.streams.iter().zip(plans) {
        let named = named(stream, mappings, portal);
        let lacks = |name: &str, field: &Field| {
            let nothing = matches!(field.left_out, Some(LeftOut::NoProperty | LeftOut::Nested(_)));
            nothing && Mark::of(name).is_none() && !named.iter().any(|(mapped, _)| *mapped == name)
        };
        let lacking: HashSet<&str> =
            plan.fields().filter(|(name, field)| lacks(name, field)).map(|(name, _)| name).collect();
        let unnamed = stream.fields.iter().filter(|field| lacking.contains(field.name.as_str()));
        wanted.extend(unnamed.map(|field| Wanted { field: &field.name, schema: &field.schema, name: None }));
        wanted.extend(named.into_iter().map(|(_, one)| one));
    }
    let new = new_properties(wanted, |name| portal.find(name) != Match::Nothing);
    new.into_iter().map(|(_, property)| property).collect()
}

/// The properties that mappings of a stream name and HubSpot does not have, each with the field that it is for.
fn named<'a>(
    stream: &'a ConfiguredStream,
    mappings: &'a [FieldMapping],
    portal: &Portal,
) -> Vec<(&'a str, Wanted<'a>)> {
    let id = &stream.id;
    let lacks = |mapping: &&FieldMapping| {
        mapping.applies_to(id.name(), id.namespace()) && portal.property(&mapping.property).is_none()
    };
    let wanted = |mapping: &'a FieldMapping| {
        let (field, schema) = declared(stream, &mapping.field)?;
        // What its table makes of the values may be anything.
        let schema = if mapping.values.is_some() { &ANYTHING } else { schema };
        Some((field, Wanted { field: &mapping.field, schema, name: Some(mapping.property.as_str()) }))
    };
    mappings.iter().filter(lacks).filter_map(wanted).collect()
}

/// Creates properties, waits until HubSpot lists them, and adds them to the portal. Gives their names.
///
/// # Errors
///
/// If the token may not create properties, HubSpot creates none of them, or does not list them in time.
pub(super) async fn create(
    client: &Client,
    wanted: &[NewProperty],
    portal: &mut Portal,
) -> Result<HashSet<Arc<str>>, Failure> {
    for NewProperty { name, label, value_type, .. } in wanted {
        info!(
            property = name,
            label,
            r#type = value_type,
            "creating this property, which HubSpot does not have"
        );
    }
    create_group(client).await?;
    let mut tried = Tried::default();
    for some in wanted.chunks(MAX_BATCH_INPUTS) {
        create_some(client, some, &mut tried).await?;
    }
    for property in wanted.iter().filter(|property| tried.created.contains(property.name.as_str())) {
        info!(
            property = property.name,
            label = property.label,
            r#type = property.value_type,
            "property created"
        );
    }
    for (property, category) in &tried.failed {
        warn!(property, category, "HubSpot did not create the property; its field is left out");
    }
    // One that is there already may be that of a request whose answer was lost, or of another sync.
    let mut missing: HashSet<Arc<str>> = tried.created.union(&tried.exists).map(Arc::clone).collect();
    if missing.is_empty() {
        return Err(none_created(&tried));
    }
    for wait in LOOKS {
        client.rest(wait).await;
        let definitions = client.properties(Sensitivity::None).await?;
        missing.retain(|name| !definitions.iter().any(|definition| definition.name == **name));
        portal.add(&definitions);
        if missing.is_empty() {
            break;
        }
    }
    let hidden: Vec<&str> = missing.intersection(&tried.created).map(|name| &**name).collect();
    if !hidden.is_empty() {
        return Err(Failure::transient(format!(
            "HubSpot created contact properties and does not list them yet: {}. Run the sync again.",
            hidden.join(", ")
        )));
    }
    for property in &missing {
        let reason = "a property of this name exists, but this token may not see it";
        warn!(%property, reason, "property not created; its field is left out");
    }
    Ok(tried.created.union(&tried.exists).filter(|name| !missing.contains(*name)).map(Arc::clone).collect())
}

/// What became of the properties to create.
#[derive(Default)]
struct Tried {
    /// Also those of which the answer says nothing.
    created: HashSet<Arc<str>>,
    exists: HashSet<Arc<str>>,
    /// With HubSpot's category of the error.
    failed: BTreeMap<String, String>,
}

fn none_created(tried: &Tried) -> Failure {
    let failed: Vec<String> =
        tried.failed.iter().map(|(name, category)| format!("{name} ({category})")).collect();
    Failure::config(format!(
        "HubSpot created none of the properties that `unknown_fields: create` asks for: {}. Create what you \
         need in HubSpot (an account can have 1,000 properties of its own), or set `unknown_fields` to `ignore`.",
        failed.join(", ")
    ))
}

async fn create_group(client: &Client) -> Result<(), Failure> {
    let body = json!({ "name": GROUP, "label": GROUP_LABEL, "displayOrder": -1 });
    match client.batch(Endpoint::CreateGroup, Bytes::from(body.to_string())).await? {
        Reply::Refused { status, error } if status != 409 && !already_there(&error) => {
            Err(refused(Endpoint::CreateGroup, status, &error))
        }
        // Whatever else is wrong with the group will show when properties are put into it.
        _ => Ok(()),
    }
}

async fn create_some(client: &Client, wanted: &[NewProperty], tried: &mut Tried) -> Result<(), Failure> {
    let body = json!({ "inputs": wanted });
    let answer = match client.batch(Endpoint::CreateProperties, Bytes::from(body.to_string())).await? {
        Reply::Done(body) => serde_json::from_slice::<CreatedProperties>(&body).unwrap_or_default(),
        Reply::Refused { error, .. } if already_there(&error) => {
            CreatedProperties { results: Vec::new(), errors: vec![error] }
        }
        Reply::Refused { status, error } => return Err(refused(Endpoint::CreateProperties, status, &error)),
        Reply::TooLarge | Reply::AnswerTooLarge => {
            return Err(ApiError::new(Endpoint::CreateProperties, ApiErrorKind::Unreadable).into());
        }
    };
    let named = |error: &ErrorBody, name: &String| {
        error.context.get("name").is_some_and(|names| names.0.iter().any(|one| one == name))
    };
    for name in wanted.iter().map(|property| &property.name) {
        let made = answer.results.iter().any(|property| property.name == *name);
        // An error that names nobody is about those of whom nothing else is said.
        let unnamed = || answer.errors.iter().find(|error| !error.context.contains_key("name"));
        let error = answer.errors.iter().find(|error| named(error, name)).or_else(unnamed);
        match error.filter(|_| !made) {
            None => drop(tried.created.insert(name.as_str().into())),
            Some(error) if already_there(error) => drop(tried.exists.insert(name.as_str().into())),
            Some(error) => {
                let category = error.category().unwrap_or("no reason given");
                tried.failed.insert(name.clone(), category.to_owned());
            }
        }
    }
    Ok(())
}

fn already_there(error: &ErrorBody) -> bool {
    error.category() == Some("OBJECT_ALREADY_EXISTS")
}

fn refused(endpoint: Endpoint, status: u16, error: &ErrorBody) -> Failure {
    ApiError::new(endpoint, ApiErrorKind::Stop(Stop::Unexpected)).with(status, Some(error)).into()
}
