//! Learns what the token may do, and which properties the account has. Not here: what follows from it.

use std::time::Duration;

use tracing::{debug, warn};

use crate::{
    config::Config,
    crm::{key::KeySpace, schema::Schema},
    error::Failure,
    hubspot::{client::Client, endpoint::Sensitivity},
    mapping::claim::is_technical,
    protocol::catalog::Catalog,
};

/// So long at most for each call that a sync can do without.
const LONGEST_EXTRA: Duration = Duration::from_secs(10);

/// What the token may do, as far as HubSpot says: the call is not part of its published specification, and it may hang.
pub async fn scopes(client: &Client) -> Option<Vec<String>> {
    let info = tokio::time::timeout(LONGEST_EXTRA, client.token_info()).await;
    info.ok().and_then(Result::ok).and_then(|info| info.scopes)
}

/// The account as the token sees it. Sensitive properties are listed by themselves, so they are asked for only if
/// something has no property without them. `scopes` is asked for only then, too.
pub async fn learn(
    client: &Client,
    config: &Config,
    catalog: Option<&Catalog>,
    key_space: &KeySpace,
    scopes: impl AsyncFnOnce() -> Option<Vec<String>>,
) -> Result<Schema, Failure> {
    let object = key_space.object();
    let mut definitions = client.properties(object, Sensitivity::None).await?;
    let schema = Schema::new(&definitions);
    if !lacks_something(&schema, config, catalog) {
        return Ok(schema);
    }
    let scopes = scopes().await;
    for sensitivity in [Sensitivity::Sensitive, Sensitivity::HighlySensitive] {
        let may_see =
            |scopes: &Vec<String>| scopes.iter().any(|scope| scope.starts_with(&*sensitivity.scope(object)));
        // Where HubSpot does not list the scopes, asking is the only way to know.
        if scopes.as_ref().is_some_and(|scopes| !may_see(scopes)) {
            continue;
        }
        match tokio::time::timeout(LONGEST_EXTRA, client.properties(object, sensitivity)).await {
            Ok(Ok(more)) => definitions.extend(more),
            // The token may see them, so fields of theirs go nowhere now.
            _ if scopes.is_some() => warn!(
                ?sensitivity,
                "HubSpot did not list the sensitive properties; fields for them are left out until the next sync"
            ),
            _ => debug!(?sensitivity, "HubSpot did not list these properties"),
        }
    }
    Ok(Schema::new(&definitions))
}

/// Whether a field may mean a property that the account does not list to everybody. A similar name is not enough to go by:
/// the value of a sensitive field must not end in a property that everybody sees.
fn lacks_something(schema: &Schema, config: &Config, catalog: Option<&Catalog>) -> bool {
    let mappings = &config.field_mappings;
    let Some(catalog) = catalog else { return true };
    mappings.iter().any(|mapping| schema.property(&mapping.property).is_none())
        || catalog.streams.iter().any(|stream| {
            let id = &stream.id;
            let settled = |field: &str| {
                schema.property(field).is_some()
                    || is_technical(field)
                    || mappings
                        .iter()
                        .any(|one| one.field == field && one.applies_to(id.name(), id.namespace()))
            };
            stream.fields.is_empty() || !stream.fields.iter().all(|field| settled(&field.name))
        })
}
