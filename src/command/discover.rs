//! The `discover` command: what this destination offers to a platform that maps fields itself (data activation).

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::{Context, error::CommandError, read_config};
use crate::{
    config::UnknownFields,
    crm::{key::KeySpace, property::Kind, schema::Schema},
    error::Failure,
    hubspot::{client::Client, retry::RetryPolicy},
    io::output::OutputClosed,
    prepare::learn,
    protocol::{catalog::CONTACT, emit},
};

/// Reads the account's properties and writes one `DESTINATION_CATALOG`.
///
/// # Errors
///
/// If the configuration is wrong, HubSpot cannot be asked, or nobody reads standard output.
pub async fn run(context: &Context, config: PathBuf) -> Result<(), Failure> {
    context.warn();
    let config = read_config(&config)?;
    let token = config.access_token.clone();
    let client = Client::over_http(token, config.api_version, RetryPolicy::CHECK, &context.environment)?;
    let key_space = KeySpace::contacts_by_email();
    let schema =
        learn::learn(&client, &config, None, &key_space, async || learn::scopes(&client).await).await?;
    let schema = json_schema(&schema, config.unknown_fields == UnknownFields::Create);
    let line = emit::destination_catalog(CONTACT, key_space.property(), &schema);
    Ok(context.output.line(&line).map_err(|OutputClosed| CommandError::OutputClosed)?)
}

/// The JSON schema of a contact: the properties that can be written, typed as Airbyte types them. A type that is not
/// known is a text, since HubSpot takes texts.
fn json_schema(schema: &Schema, takes_others: bool) -> Value {
    let properties: Map<String, Value> = schema
        .writable()
        .into_iter()
        .map(|property| {
            let of_type = match property.kind {
                Kind::Number => json!({ "type": "number" }),
                Kind::Bool => json!({ "type": "boolean" }),
                Kind::Date => json!({ "type": "string", "format": "date" }),
                Kind::DateTime => {
                    json!({ "type": "string", "format": "date-time", "airbyte_type": "timestamp_with_timezone" })
                }
                Kind::Text | Kind::Choice | Kind::Choices | Kind::Phone | Kind::Owner => json!({ "type": "string" }),
            };
            (property.name.to_string(), of_type)
        })
        .collect();
    json!({ "type": "object", "additionalProperties": takes_others, "properties": properties })
}
