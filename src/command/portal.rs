//! What `check` and `write` need of the portal: its properties, the plans that follow from them, and what is missing.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use serde_json::json;
use tracing::{debug, info, warn};

use crate::{
    config::{Config, UnknownFields},
    error::Failure,
    hubspot::{
        client::{Client, Endpoint, Reply, Sensitivity},
        error::{ApiError, ApiErrorKind},
        model::{BatchAnswer, ErrorBody, MAX_BATCH_INPUTS, Property},
        retry::Stop,
    },
    mapping::{
        creation::{GROUP, GROUP_LABEL, NewProperty, definitions as new_properties},
        plan::{LeftOut, Plan, check_mappings},
        portal::{Match, Portal},
    },
    protocol::catalog::Catalog,
    sync::announce::{announce, refuse_unknown},
};

/// HubSpot lists a new property after a moment; it is looked for this often, with this much time between.
const LOOKS: usize = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
/// So long at most for the list of scopes, which is a convenience.
const LONGEST_TOKEN_INFO: Duration = Duration::from_secs(10);

/// What the token may do, as far as HubSpot says: the call is not part of its published specification, and it may hang.
pub(super) async fn scopes(client: &Client) -> Option<Vec<String>> {
    let info = tokio::time::timeout(LONGEST_TOKEN_INFO, client.token_info()).await;
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
    let scopes = scopes().await.unwrap_or_default();
    for sensitivity in [Sensitivity::Sensitive, Sensitivity::HighlySensitive] {
        if !scopes.iter().any(|scope| scope.starts_with(sensitivity.scope())) {
            continue;
        }
        match client.properties(sensitivity).await {
            Ok(more) => definitions.extend(more),
            Err(error) if error.is_missing_scope() => debug!(?sensitivity, "properties not listed"),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Portal::new(&definitions))
}

fn lacks_something(portal: &Portal, config: &Config, catalog: Option<&Catalog>) -> bool {
    let mappings = &config.field_mappings;
    let Some(catalog) = catalog else { return true };
    mappings.iter().any(|mapping| portal.property(&mapping.property).is_none())
        || catalog.streams.iter().any(|stream| {
            let lacks = |field: &str| {
                portal.find(field) == Match::Nothing && !mappings.iter().any(|mapping| mapping.field == field)
            };
            stream.fields.is_empty() || stream.fields.iter().any(|field| lacks(&field.name))
        })
}

/// Compiles the plans of the catalog's streams.
///
/// # Errors
///
/// A `config_error` if a mapping cannot work or a stream has no address.
pub(super) fn plans(catalog: &Catalog, config: &Config, portal: &Portal) -> Result<Vec<Plan>, Failure> {
    check_mappings(&config.field_mappings, portal)?;
    let plan = |stream: &crate::protocol::catalog::ConfiguredStream| {
        let declared: Vec<&str> = stream.fields.iter().map(|field| field.name.as_str()).collect();
        Plan::new(&stream.id, &declared, &config.field_mappings, portal)
    };
    catalog.streams.iter().map(plan).collect()
}

/// Logs the plans, row by row.
///
/// # Errors
///
/// A `config_error` that names the fields without a property, if they are to end the sync.
pub(super) fn announce_plans(plans: &mut [Plan], policy: UnknownFields) -> Result<(), Failure> {
    if policy == UnknownFields::Fail {
        let unknown = |plan: &Plan| -> Vec<String> {
            let unknown = plan.fields().filter(|(_, targets)| targets.is_unknown());
            unknown.map(|(field, _)| field.to_owned()).collect()
        };
        let unknown: Vec<_> = plans.iter().map(|plan| (plan.stream(), unknown(plan))).collect();
        let unknown: Vec<_> = unknown
            .iter()
            .map(|(stream, fields)| (*stream, fields.iter().map(String::as_str).collect()))
            .collect();
        refuse_unknown(&unknown)?;
    }
    for plan in plans {
        plan.take_news();
        plan.fields().for_each(|(field, targets)| announce(plan.stream(), field, targets));
    }
    Ok(())
}

/// The properties to create for fields that no property fits.
pub(super) fn missing(catalog: &Catalog, plans: &[Plan], portal: &Portal) -> Vec<NewProperty> {
    let fields = catalog.streams.iter().zip(plans).flat_map(|(stream, plan)| {
        let lacking: HashSet<&str> = plan
            .fields()
            .filter(|(_, targets)| targets.left_out == Some(LeftOut::NoProperty))
            .map(|(field, _)| field)
            .collect();
        let fields = stream.fields.iter().map(|field| (field.name.as_str(), &field.schema));
        fields.filter(move |(field, _)| lacking.contains(field))
    });
    let new = new_properties(fields, |name| portal.find(name) != Match::Nothing);
    new.into_iter().map(|(_, property)| property).collect()
}

/// Creates properties, waits until HubSpot lists them, and adds them to the portal. Gives their names.
///
/// # Errors
///
/// If the token may not create properties, HubSpot refuses all of them, or does not list them in time.
pub(super) async fn create(
    client: &Client,
    wanted: &[NewProperty],
    portal: &mut Portal,
) -> Result<HashSet<Arc<str>>, Failure> {
    create_group(client).await?;
    let mut created: HashSet<Arc<str>> =
        wanted.iter().map(|property| Arc::from(property.name.as_str())).collect();
    for some in wanted.chunks(MAX_BATCH_INPUTS) {
        for name in create_some(client, some).await? {
            created.remove(name.as_str());
        }
    }
    for property in wanted.iter().filter(|property| created.contains(property.name.as_str())) {
        info!(
            property = property.name,
            label = property.label,
            r#type = property.value_type,
            "property created"
        );
    }
    let mut definitions: Vec<Property> = Vec::new();
    for _ in 0..LOOKS {
        client.rest(BETWEEN_LOOKS).await;
        definitions = client.properties(Sensitivity::None).await?;
        let listed = |name: &str| definitions.iter().any(|definition| definition.name == name);
        if created.iter().all(|name| listed(name)) {
            portal.add(&definitions);
            return Ok(created);
        }
    }
    let listed: HashSet<&str> = definitions.iter().map(|definition| definition.name.as_str()).collect();
    let hidden: Vec<&str> =
        created.iter().map(|name| &**name).filter(|name| !listed.contains(name)).collect();
    Err(Failure::transient(format!(
        "HubSpot created contact properties and does not list them yet: {}. Run the sync again.",
        hidden.join(", ")
    )))
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

/// Gives the names that were not created.
async fn create_some(client: &Client, wanted: &[NewProperty]) -> Result<Vec<String>, Failure> {
    let body = json!({ "inputs": wanted });
    let errors = match client.batch(Endpoint::CreateProperties, Bytes::from(body.to_string())).await? {
        Reply::Done(body) => serde_json::from_slice::<BatchAnswer>(&body).unwrap_or_default().errors,
        Reply::Refused { error, .. } if already_there(&error) => vec![error],
        Reply::Refused { status, error } => return Err(refused(Endpoint::CreateProperties, status, &error)),
        Reply::TooLarge | Reply::AnswerTooLarge => {
            return Err(ApiError::new(Endpoint::CreateProperties, ApiErrorKind::Unreadable).into());
        }
    };
    let mut failed: BTreeMap<String, String> = BTreeMap::new();
    for error in &errors {
        let why = if already_there(error) {
            "a property of this name exists, but this token may not see it".to_owned()
        } else {
            format!("HubSpot did not create the property ({})", error.category().unwrap_or("no reason given"))
        };
        let named = error.context.get("name").map(|names| names.0.clone()).unwrap_or_default();
        failed.extend(named.into_iter().map(|name| (name, why.clone())));
    }
    let wanted = |name: &String| wanted.iter().any(|property| property.name == *name);
    failed.retain(|name, _| wanted(name));
    for (property, reason) in &failed {
        warn!(property, reason, "property not created; its field is left out");
    }
    Ok(failed.into_keys().collect())
}

fn already_there(error: &ErrorBody) -> bool {
    error.category() == Some("OBJECT_ALREADY_EXISTS")
}

fn refused(endpoint: Endpoint, status: u16, error: &ErrorBody) -> Failure {
    ApiError::new(endpoint, ApiErrorKind::Stop(Stop::Unexpected)).with(status, Some(error)).into()
}
