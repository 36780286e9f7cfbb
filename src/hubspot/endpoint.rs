//! The calls that this connector makes: their paths, the scopes that permit them, what they are for, and what is known of
//! their answers. Pure.
//!
//! Not here: making them ([`super::client`]).

use std::borrow::Cow;

use crate::{config::ApiVersion, crm::object::ObjectType};

/// The longest answer that is usually read: 16 MiB. HubSpot's own for a full batch have little more than was sent, and that is
/// some MiB at most.
pub const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// The calls this connector makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    Account,
    TokenInfo,
    Properties(ObjectType),
    CreateGroup(ObjectType),
    CreateProperties(ObjectType),
    BatchRead(ObjectType),
    BatchUpsert(ObjectType),
    BatchCreate(ObjectType),
    BatchUpdate(ObjectType),
    BatchArchive(ObjectType),
}

/// What comes of a call that is made again, since the answer to the first one was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repetition {
    /// Nothing but the same answer: it reads, or it writes by a unique key or a record id.
    ChangesNothing,
    /// HubSpot refuses to create what exists already, and the caller takes that for success.
    IsRefusedAsExisting,
    /// A second record, or an answer that says nothing of the first call: it is not made again unless it surely was not carried
    /// out. The caller looks up what became of it.
    LooksUpFirst,
}

/// What a 2xx has to say before it counts as a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Success {
    /// The body has the members that are read.
    Body,
    /// Each input is a result, an error, or left over beside as many results that are nobody else's.
    EachInput,
    /// Each id that was asked for is a result or named as missing.
    FoundOrMissing,
    /// Nothing: any 2xx settles all inputs, and has an empty body.
    Whole,
}

impl Endpoint {
    /// The path for an API version. Both have the same bodies.
    ///
    /// Source: <https://developers.hubspot.com/docs/developer-tooling/platform/versioning>.
    pub fn path(self, version: ApiVersion) -> Cow<'static, str> {
        let objects = |object: ObjectType, call: &str| match version {
            ApiVersion::V3 => format!("/crm/v3/objects/{}/batch/{call}", object.path()).into(),
            ApiVersion::Date202609 => format!("/crm/objects/2026-09/{}/batch/{call}", object.path()).into(),
        };
        let properties = |object: ObjectType, call: &str| match version {
            ApiVersion::V3 => format!("/crm/v3/properties/{}{call}", object.path()).into(),
            ApiVersion::Date202609 => format!("/crm/properties/2026-09/{}{call}", object.path()).into(),
        };
        match self {
            Self::Account => match version {
                ApiVersion::V3 => "/account-info/v3/details".into(),
                ApiVersion::Date202609 => "/account-info/2026-09/details".into(),
            },
            Self::TokenInfo => "/oauth/v2/private-apps/get/access-token-info".into(),
            Self::Properties(object) => properties(object, ""),
            Self::CreateGroup(object) => properties(object, "/groups"),
            Self::CreateProperties(object) => properties(object, "/batch/create"),
            Self::BatchRead(object) => objects(object, "read"),
            Self::BatchUpsert(object) => objects(object, "upsert"),
            Self::BatchCreate(object) => objects(object, "create"),
            Self::BatchUpdate(object) => objects(object, "update"),
            Self::BatchArchive(object) => objects(object, "archive"),
        }
    }

    /// The name of the call in reports, whatever the version of the API and the object.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::TokenInfo => "token_info",
            Self::Properties(_) => "properties",
            Self::CreateGroup(_) => "create_group",
            Self::CreateProperties(_) => "create_properties",
            Self::BatchRead(_) => "batch_read",
            Self::BatchUpsert(_) => "batch_upsert",
            Self::BatchCreate(_) => "batch_create",
            Self::BatchUpdate(_) => "batch_update",
            Self::BatchArchive(_) => "batch_archive",
        }
    }

    /// The object that the call is about, if it is about one.
    pub fn object(self) -> Option<ObjectType> {
        match self {
            Self::Account | Self::TokenInfo => None,
            Self::Properties(object)
            | Self::CreateGroup(object)
            | Self::CreateProperties(object)
            | Self::BatchRead(object)
            | Self::BatchUpsert(object)
            | Self::BatchCreate(object)
            | Self::BatchUpdate(object)
            | Self::BatchArchive(object) => Some(object),
        }
    }

    /// The scope that permits the call, as HubSpot's reference names it.
    pub fn scope(self) -> Cow<'static, str> {
        match self {
            Self::Account | Self::TokenInfo => "oauth".into(),
            Self::BatchRead(object) => format!("crm.objects.{}.read", object.path()).into(),
            // That of reading would permit the definitions too, but a sync needs this one in any case.
            Self::Properties(object)
            | Self::BatchUpsert(object)
            | Self::BatchCreate(object)
            | Self::BatchUpdate(object)
            | Self::BatchArchive(object) => format!("crm.objects.{}.write", object.path()).into(),
            Self::CreateGroup(object) | Self::CreateProperties(object) => {
                format!("crm.schemas.{}.write", object.path()).into()
            }
        }
    }

    /// What the call is for, to complete "the token may not …".
    pub fn purpose(self) -> Cow<'static, str> {
        match self {
            Self::Account => "read the account's details".into(),
            Self::TokenInfo => "read its own scopes".into(),
            Self::Properties(object) => {
                format!("read the definitions of {} properties", object.singular()).into()
            }
            Self::CreateGroup(object) | Self::CreateProperties(object) => {
                format!("create {} properties", object.singular()).into()
            }
            Self::BatchRead(object) => format!("read {}", object.path()).into(),
            Self::BatchUpsert(object) => format!("write {}", object.path()).into(),
            Self::BatchCreate(object) => format!("create {}", object.path()).into(),
            Self::BatchUpdate(object) => format!("update {}", object.path()).into(),
            Self::BatchArchive(object) => format!("archive {}", object.path()).into(),
        }
    }

    /// What comes of making the call again.
    ///
    /// What HubSpot answers to the archiving of a record that is archived already is not documented, so a second answer would not
    /// say what the first call did.
    pub fn repetition(self) -> Repetition {
        match self {
            Self::Account
            | Self::TokenInfo
            | Self::Properties(_)
            | Self::BatchRead(_)
            | Self::BatchUpsert(_)
            | Self::BatchUpdate(_) => Repetition::ChangesNothing,
            Self::CreateGroup(_) | Self::CreateProperties(_) => Repetition::IsRefusedAsExisting,
            Self::BatchCreate(_) | Self::BatchArchive(_) => Repetition::LooksUpFirst,
        }
    }

    /// Whether the inputs are record ids, of which HubSpot may not know one any more.
    pub fn takes_record_ids(self) -> bool {
        match self {
            Self::BatchUpdate(_) | Self::BatchArchive(_) => true,
            Self::Account
            | Self::TokenInfo
            | Self::Properties(_)
            | Self::CreateGroup(_)
            | Self::CreateProperties(_)
            | Self::BatchRead(_)
            | Self::BatchUpsert(_)
            | Self::BatchCreate(_) => false,
        }
    }

    /// How long an answer may be. Definitions come before any record, when nothing else is in memory, and a sync without them is
    /// none: an account may have 10,000 of them, each with its options.
    pub fn most_answer_bytes(self) -> usize {
        match self {
            Self::Properties(_) => 4 * MAX_ANSWER_BYTES,
            Self::Account
            | Self::TokenInfo
            | Self::CreateGroup(_)
            | Self::CreateProperties(_)
            | Self::BatchRead(_)
            | Self::BatchUpsert(_)
            | Self::BatchCreate(_)
            | Self::BatchUpdate(_)
            | Self::BatchArchive(_) => MAX_ANSWER_BYTES,
        }
    }

    /// What a 2xx has to say.
    pub fn success(self) -> Success {
        match self {
            Self::Account
            | Self::TokenInfo
            | Self::Properties(_)
            | Self::CreateGroup(_)
            | Self::CreateProperties(_) => Success::Body,
            Self::BatchRead(_) => Success::FoundOrMissing,
            Self::BatchUpsert(_) | Self::BatchCreate(_) | Self::BatchUpdate(_) => Success::EachInput,
            Self::BatchArchive(_) => Success::Whole,
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

    /// What the scopes begin with that let a token see such properties of an object.
    pub fn scope(self, object: ObjectType) -> Cow<'static, str> {
        match self {
            Self::None => Endpoint::Properties(object).scope(),
            Self::Sensitive => format!("crm.objects.{}.sensitive.", object.path()).into(),
            Self::HighlySensitive => format!("crm.objects.{}.highly_sensitive.", object.path()).into(),
        }
    }
}
