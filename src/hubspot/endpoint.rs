//! The calls that this connector makes: their paths, the scopes that permit them, and what they are for. Pure.
//!
//! Not here: making them ([`super::client`]).

use crate::config::ApiVersion;

/// The calls this connector makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    Account,
    Properties,
    CreateGroup,
    CreateProperties,
    TokenInfo,
    BatchRead,
    BatchUpsert,
}

impl Endpoint {
    /// The path for an API version. Both have the same bodies.
    ///
    /// Source: <https://developers.hubspot.com/docs/developer-tooling/platform/versioning>.
    pub fn path(self, version: ApiVersion) -> &'static str {
        match (self, version) {
            (Self::Account, ApiVersion::V3) => "/account-info/v3/details",
            (Self::Account, ApiVersion::Date202609) => "/account-info/2026-09/details",
            (Self::Properties, ApiVersion::V3) => "/crm/v3/properties/contacts",
            (Self::Properties, ApiVersion::Date202609) => "/crm/properties/2026-09/contacts",
            (Self::CreateGroup, ApiVersion::V3) => "/crm/v3/properties/contacts/groups",
            (Self::CreateGroup, ApiVersion::Date202609) => "/crm/properties/2026-09/contacts/groups",
            (Self::CreateProperties, ApiVersion::V3) => "/crm/v3/properties/contacts/batch/create",
            (Self::CreateProperties, ApiVersion::Date202609) => {
                "/crm/properties/2026-09/contacts/batch/create"
            }
            (Self::TokenInfo, _) => "/oauth/v2/private-apps/get/access-token-info",
            (Self::BatchRead, ApiVersion::V3) => "/crm/v3/objects/contacts/batch/read",
            (Self::BatchRead, ApiVersion::Date202609) => "/crm/objects/2026-09/contacts/batch/read",
            (Self::BatchUpsert, ApiVersion::V3) => "/crm/v3/objects/contacts/batch/upsert",
            (Self::BatchUpsert, ApiVersion::Date202609) => "/crm/objects/2026-09/contacts/batch/upsert",
        }
    }

    /// The scope that permits the call, as HubSpot's reference names it.
    pub fn scope(self) -> &'static str {
        match self {
            Self::Account | Self::TokenInfo => "oauth",
            Self::BatchRead => "crm.objects.contacts.read",
            // That of reading would permit the definitions too, but a sync needs this one in any case.
            Self::Properties | Self::BatchUpsert => "crm.objects.contacts.write",
            Self::CreateGroup | Self::CreateProperties => "crm.schemas.contacts.write",
        }
    }

    /// What the call is for, to complete "the token may not …".
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Account => "read the account's details",
            Self::Properties => "read the definitions of contact properties",
            Self::CreateGroup | Self::CreateProperties => "create contact properties",
            Self::TokenInfo => "read its own scopes",
            Self::BatchRead => "read contacts",
            Self::BatchUpsert => "write contacts",
        }
    }
}

/// How HubSpot protects a property. Each is listed by itself.
///
/// Source: <https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sensitivity {
    None,
    Sensitive,
    HighlySensitive,
}

impl Sensitivity {
    pub(super) fn query(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Sensitive => Some("dataSensitivity=sensitive"),
            Self::HighlySensitive => Some("dataSensitivity=highly_sensitive"),
        }
    }

    /// What the scopes begin with that let a token see such properties of contacts.
    pub fn scope(self) -> &'static str {
        match self {
            Self::None => Endpoint::Properties.scope(),
            Self::Sensitive => "crm.objects.contacts.sensitive.",
            Self::HighlySensitive => "crm.objects.contacts.highly_sensitive.",
        }
    }
}
