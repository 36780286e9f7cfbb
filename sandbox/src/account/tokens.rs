//! The tokens that work, what each may do, and how any other is turned away.
//!
//! A token that looks like one of HubSpot's (`pat-na1-…`) but is not known gets `INVALID_AUTHENTICATION`. Anything else
//! cannot be decoded, and HubSpot then says that it expired in 1970: `EXPIRED_AUTHENTICATION`.

use serde_json::json;

use crate::{
    clock,
    failure::Failure,
    settings::{ScopeErrorShape, Settings},
};

/// A token with every scope below: contacts, schemas, owners.
pub const FULL: &str = "pat-na1-sandbox-full-0000-0000-000000000001";
/// Contacts may be read and written; properties may not be created.
pub const CONTACTS: &str = "pat-na1-sandbox-contacts-0000-000000000002";
/// Contacts may be written only; that is enough to list the properties.
pub const WRITE_ONLY: &str = "pat-na1-sandbox-write-only-0000-000000000003";
/// Contacts may be read only.
pub const READ_ONLY: &str = "pat-na1-sandbox-read-only-0000-000000000004";
/// Nothing but what every token has.
pub const NO_CONTACTS: &str = "pat-na1-sandbox-no-contacts-0000-000000000005";
/// Properties may be created but not read.
pub const SCHEMA_WRITE_ONLY: &str = "pat-na1-sandbox-schema-write-0000-000000000006";
/// Like [`FULL`], and sensitive properties too.
pub const SENSITIVE: &str = "pat-na1-sandbox-sensitive-0000-000000000007";
/// Expired 75 seconds ago.
pub const EXPIRED: &str = "pat-na1-sandbox-expired-0000-000000000008";

/// Scope to read contacts.
pub(crate) const CONTACTS_READ: &str = "crm.objects.contacts.read";
/// Scope to write contacts.
pub(crate) const CONTACTS_WRITE: &str = "crm.objects.contacts.write";
/// Scope to read properties.
pub(crate) const SCHEMAS_READ: &str = "crm.schemas.contacts.read";
/// Scope to create properties.
pub(crate) const SCHEMAS_WRITE: &str = "crm.schemas.contacts.write";
/// Scope to see sensitive properties.
pub(crate) const SENSITIVE_READ: &str = "crm.objects.contacts.sensitive.read.v2";
/// Scope to write sensitive properties.
pub(crate) const SENSITIVE_WRITE: &str = "crm.objects.contacts.sensitive.write.v2";
const HIGHLY_SENSITIVE_WRITE: &str = "crm.objects.contacts.highly_sensitive.write.v2";
const OWNERS_READ: &str = "crm.objects.owners.read";
/// Carried by every token.
const OAUTH: &str = "oauth";

/// Any of these lets a token write contacts, in the order of HubSpot's message.
pub(crate) const TO_WRITE: &[&str] = &[CONTACTS_WRITE, SENSITIVE_WRITE, HIGHLY_SENSITIVE_WRITE];
/// Any of these lets a token read contacts.
pub(crate) const TO_READ: &[&str] = &[CONTACTS_READ];
/// Any of these lets a token list properties.
pub(crate) const TO_LIST_PROPERTIES: &[&str] = &[CONTACTS_READ, CONTACTS_WRITE, SCHEMAS_READ];
/// Lets a token create properties.
pub(crate) const TO_CREATE_PROPERTIES: &[&str] = &[SCHEMAS_WRITE];

/// Every token with a sentence about it, for people.
pub const ALL: &[(&str, &str)] = &[
    (FULL, "every scope the connector can use"),
    (CONTACTS, "read and write contacts, no creation of properties"),
    (WRITE_ONLY, "write contacts only"),
    (READ_ONLY, "read contacts only"),
    (NO_CONTACTS, "no scope for contacts"),
    (SCHEMA_WRITE_ONLY, "create properties only"),
    (SENSITIVE, "every scope, sensitive properties included"),
    (EXPIRED, "expired"),
];

/// A token that was accepted.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// The token, which names the budget of requests.
    pub(crate) token: String,
    /// Its scopes.
    pub(crate) scopes: Vec<String>,
}

impl Grant {
    /// Whether it carries a scope.
    pub(crate) fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope)
    }

    /// Fails unless the token carries one of these scopes.
    pub(crate) fn require_any(&self, scopes: &[&str], shape: ScopeErrorShape) -> Result<(), Failure> {
        if scopes.iter().any(|scope| self.has(scope)) { Ok(()) } else { Err(missing_scopes(scopes, shape)) }
    }
}

/// The scopes of a token, if it is known and has not expired.
pub(crate) fn scopes_of(token: &str, settings: &Settings) -> Option<Vec<String>> {
    if let Some(scopes) = settings.tokens.get(token) {
        return Some(scopes.clone());
    }
    let full = [OAUTH, CONTACTS_READ, CONTACTS_WRITE, SCHEMAS_READ, SCHEMAS_WRITE, OWNERS_READ];
    let scopes: Vec<&str> = match token {
        FULL => full.to_vec(),
        SENSITIVE => full.into_iter().chain([SENSITIVE_READ, SENSITIVE_WRITE]).collect(),
        CONTACTS => vec![OAUTH, CONTACTS_READ, CONTACTS_WRITE],
        WRITE_ONLY => vec![OAUTH, CONTACTS_WRITE],
        READ_ONLY => vec![OAUTH, CONTACTS_READ],
        NO_CONTACTS => vec![OAUTH],
        SCHEMA_WRITE_ONLY => vec![OAUTH, SCHEMAS_WRITE],
        _ => return None,
    };
    Some(scopes.into_iter().map(str::to_owned).collect())
}

/// Judges an `Authorization` header. The scheme is case-sensitive and followed by exactly one space.
pub(crate) fn authenticate(header: Option<&str>, settings: &Settings) -> Result<Grant, Failure> {
    let token = header
        .and_then(|value| value.strip_prefix("Bearer "))
        .filter(|token| !token.is_empty() && !token.contains(' '))
        .ok_or_else(no_credentials)?;
    match scopes_of(token, settings) {
        Some(scopes) => Ok(Grant { token: token.to_owned(), scopes }),
        None if token == EXPIRED => Err(expired("75 second(s)", &clock::iso(clock::now() - 75_000))),
        None if token.starts_with("pat-") => Err(no_credentials()),
        None => {
            let days = clock::now() / 86_400_000;
            Err(expired(&format!("{days} day(s)"), "1970-01-01T00:00:00Z"))
        }
    }
}

/// The answer to a missing or unknown token.
pub(crate) fn no_credentials() -> Failure {
    Failure::new(
        401,
        "INVALID_AUTHENTICATION",
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at \
         https://developers.hubspot.com/docs/methods/auth/oauth-overview",
    )
}

fn expired(ago: &str, since: &str) -> Failure {
    Failure::new(
        401,
        "EXPIRED_AUTHENTICATION",
        format!("The OAuth token used to make this call expired {ago} ago."),
    )
    .context("expire time", [since])
}

/// The answer to a token without the scopes; any one of them would do.
/// <https://developers.hubspot.com/docs/api-reference/error-handling>
pub(crate) fn missing_scopes(scopes: &[&str], shape: ScopeErrorShape) -> Failure {
    const SOME_REQUIRED: &str = "One or more of the following scopes are required.";
    const LINK: &str = "https://developers.hubspot.com/scopes";
    match shape {
        ScopeErrorShape::Current => Failure::new(
            403,
            "MISSING_SCOPES",
            "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: \
             https://developers.hubspot.com/scopes.",
        )
        .error(json!({ "message": SOME_REQUIRED, "context": { "requiredGranularScopes": scopes } }))
        .extra("links", json!({ "scopes": LINK })),
        ScopeErrorShape::Old => Failure::new(403, "MISSING_SCOPES", SOME_REQUIRED)
            .context("requiredGranularScopes", scopes.iter().copied())
            .context("links", [LINK]),
    }
}
