//! Creates the properties that fields and mappings lack, and waits until HubSpot lists them. Not here: what they are called
//! and of which type they are ([`crate::mapping::creation`]).

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tracing::{info, warn};

use super::{
    doubts::{ANYTHING, declared},
    error::PrepareError,
};
use crate::{
    config::{FieldMapping, Mode},
    crm::{
        definition::PropertyDefinition,
        names::Match,
        object::{MAX_BATCH_INPUTS, ObjectType},
        schema::Schema,
    },
    error::Failure,
    hubspot::{
        client::{Client, Reply},
        endpoint::{Endpoint, Sensitivity},
        error::{ApiError, ApiErrorKind},
        error_body::ErrorBody,
        model::CreatedProperties,
        retry::Stop,
    },
    mapping::{
        creation::{DESCRIPTION, GROUP, GROUP_LABEL, Wanted, definitions as new_properties},
        deletion::Mark,
        field::{Field, LeftOut},
        plan::Plan,
    },
    protocol::catalog::{Catalog, ConfiguredStream},
};

/// HubSpot lists a new property after a moment. It is looked for after each of these, ten seconds in all.
const LOOKS: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_millis(3_500),
];
/// The properties to create: for fields that no property fits, and for mappings onto properties that do not exist.
pub fn missing(
    catalog: &Catalog,
    plans: &[Plan],
    schema: &Schema,
    mappings: &[FieldMapping],
) -> Vec<PropertyDefinition> {
    let mut wanted = Vec::new();
    let writes = |(_, plan): &(&ConfiguredStream, &Plan)| plan.target().mode != Mode::Archive;
    for (stream, plan) in catalog.streams.iter().zip(plans).filter(writes) {
        let named = named(stream, mappings, schema);
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
    let new = new_properties(wanted, |name| schema.find(name) != Match::Nothing);
    new.into_iter().map(|(_, property)| property).collect()
}

/// The properties that mappings of a stream name and HubSpot does not have, each with the field that it is for.
fn named<'a>(
    stream: &'a ConfiguredStream,
    mappings: &'a [FieldMapping],
    schema: &Schema,
) -> Vec<(&'a str, Wanted<'a>)> {
    let id = &stream.id;
    let lacks = |mapping: &&FieldMapping| {
        mapping.applies_to(id.name(), id.namespace()) && schema.property(&mapping.property).is_none()
    };
    let wanted = |mapping: &'a FieldMapping| {
        let (field, schema) = declared(stream, &mapping.field)?;
        // What its table makes of the values may be anything.
        let schema = if mapping.values.is_some() { &ANYTHING } else { schema };
        Some((field, Wanted { field: &mapping.field, schema, name: Some(mapping.property.as_str()) }))
    };
    mappings.iter().filter(lacks).filter_map(wanted).collect()
}

/// Creates properties, waits until HubSpot lists them, and adds them to the account. Gives their names.
///
/// # Errors
///
/// If the token may not create properties, HubSpot creates none of them, or does not list them in time.
pub async fn create(
    client: &Client,
    wanted: &[PropertyDefinition],
    object: ObjectType,
    schema: &mut Schema,
) -> Result<HashSet<Arc<str>>, Failure> {
    for PropertyDefinition { name, label, value_type, .. } in wanted {
        info!(
            property = name,
            label,
            r#type = value_type,
            "creating this property, which HubSpot does not have"
        );
    }
    create_group(client, object).await?;
    let mut tried = Tried::default();
    for some in wanted.chunks(MAX_BATCH_INPUTS) {
        create_some(client, object, some, &mut tried).await?;
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
        return Err(PrepareError::NoneCreated { refused: tried.failed.into_iter().collect() }.into());
    }
    for wait in LOOKS {
        client.wait_scaled(wait).await;
        let definitions = client.properties(object, Sensitivity::None).await?;
        missing.retain(|name| !definitions.iter().any(|definition| definition.name == **name));
        schema.add(&definitions);
        if missing.is_empty() {
            break;
        }
    }
    let hidden: Vec<String> = missing.intersection(&tried.created).map(ToString::to_string).collect();
    if !hidden.is_empty() {
        return Err(PrepareError::NotListedYet { properties: hidden }.into());
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

async fn create_group(client: &Client, object: ObjectType) -> Result<(), Failure> {
    match client.create_group(object, GROUP, GROUP_LABEL).await? {
        Reply::Refused { status, error } if status != 409 && !already_there(&error) => {
            Err(refused(Endpoint::CreateGroup(object), status, &error))
        }
        // Whatever else is wrong with the group will show when properties are put into it.
        _ => Ok(()),
    }
}

async fn create_some(
    client: &Client,
    object: ObjectType,
    wanted: &[PropertyDefinition],
    tried: &mut Tried,
) -> Result<(), Failure> {
    let endpoint = Endpoint::CreateProperties(object);
    let answer = match client.create_properties(object, GROUP, DESCRIPTION, wanted).await? {
        Reply::Done(answer) => answer,
        // What the properties are listed with, later, shows whether they were made.
        Reply::Unreadable | Reply::Unknown => CreatedProperties::default(),
        Reply::Refused { error, .. } if already_there(&error) => CreatedProperties::refused(error),
        Reply::Refused { status, error } => return Err(refused(endpoint, status, &error)),
        Reply::TooLarge | Reply::AnswerTooLarge => {
            return Err(ApiError::new(endpoint, ApiErrorKind::Unreadable).into());
        }
    };
    for name in wanted.iter().map(|property| &property.name) {
        let made = answer.created().any(|created| created == name);
        // An error that names nobody is about those of whom nothing else is said.
        let unnamed = || answer.errors().find(|error| error.names().next().is_none());
        let error = answer.errors().find(|error| error.names().any(|one| one == name)).or_else(unnamed);
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
