//! Connects to the account and decides what streams write to: how `check` and `write` begin. Not here: the plans of streams
//! ([`super::plans`]).

use std::{collections::HashMap, sync::Arc};

use super::{
    doubts::{warn_of_entries, warn_of_policies, warn_of_values},
    learn, permissions,
    stage::{on_create, stage},
};
use crate::{
    config::Config,
    crm::{key::KeySpace, schema::Stage},
    error::Failure,
    hubspot::client::Client,
    mapping::{targets::Targets, value::Formats},
    protocol::catalog::Catalog,
};

/// The account, and what streams write to in it.
#[derive(Debug)]
pub struct Connection {
    /// The number of the account.
    pub portal_id: Option<String>,
    /// Whether HubSpot has listed what the token may do; it was enough then.
    pub knows_scopes: bool,
    /// The lifecycle stage that new contacts get.
    pub stage: Option<Stage>,
    pub targets: Targets,
}

/// Proves the token, reads the account's properties, and finds the stage of the settings.
///
/// # Errors
///
/// If HubSpot cannot be asked, the token is not good enough, or the account lacks the stage.
pub async fn connect(
    client: &Client,
    config: &Config,
    catalog: Option<&Catalog>,
) -> Result<Connection, Failure> {
    let key_space = KeySpace::contacts_by_email();
    let account = client.account().await?;
    // Before anything else is read, which would only have to be read again.
    let scopes = learn::scopes(client).await;
    if let Some(scopes) = &scopes {
        permissions::compare(config, catalog, key_space.object(), scopes)?;
    }
    let knows_scopes = scopes.is_some();
    let schema = learn::learn(client, config, catalog, &key_space, async || scopes).await?;
    let top = config.lifecycle_stage.as_deref().map(|text| stage(text, &schema)).transpose()?;
    let mut on_create = HashMap::new();
    let of_streams = config.streams.iter().filter_map(|entry| entry.lifecycle_stage.as_deref());
    for text in config.lifecycle_stage.as_deref().into_iter().chain(of_streams) {
        let of_stage = self::on_create(&stage(text, &schema)?, &schema);
        on_create.extend(of_stage.map(|one| (text.to_owned(), one)));
    }
    let formats = Formats { dates: config.date_format, numbers: config.number_format };
    warn_of_values(&config.field_mappings, formats, &schema);
    warn_of_entries(config, catalog);
    warn_of_policies(config, &schema);
    let targets = Targets::new(key_space, schema, on_create, Arc::new(config.clone()));
    Ok(Connection { portal_id: account.portal_id.0, knows_scopes, stage: top, targets })
}
