//! HubSpot's endpoints that the sandbox has, and the paths that lead to them.
//!
//! The server builds its router from these, and tests name paths by them. What an endpoint does is in `api`.
//!
//! The versions differ in where the version stands in the path:
//! `/crm/v3/objects/…`, `/crm/objects/2026-03/…`, `/crm/objects/2026-09/…`.
//! <https://developers.hubspot.com/docs/developer-tooling/platform/versioning>

/// Version of HubSpot's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// v3.
    V3,
    /// 2026-03, which behaves as v3 does.
    Date202603,
    /// 2026-09, which enforces the admin's rules and normalises dates.
    Date202609,
}

impl Version {
    /// All that the sandbox has.
    pub const ALL: [Self; 3] = [Self::V3, Self::Date202603, Self::Date202609];

    /// As it stands in a path.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V3 => "v3",
            Self::Date202603 => "2026-03",
            Self::Date202609 => "2026-09",
        }
    }

    /// Whether writes are judged by the stricter rules.
    /// <https://developers.hubspot.com/changelog/crm-api-write-validation-enforcement>
    pub(crate) const fn is_strict(self) -> bool {
        matches!(self, Self::Date202609)
    }
}

/// An endpoint of HubSpot's.
///
/// ```
/// use hubspot_sandbox::{Endpoint, Version};
///
/// let path = Endpoint::BatchUpsert.path(Version::Date202609, "contacts");
/// assert_eq!(path, "/crm/objects/2026-09/contacts/batch/upsert");
/// assert_eq!(Endpoint::BatchUpsert.operation(), "batch/upsert");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Creates and updates up to 100 records, by a unique property.
    BatchUpsert,
    /// Creates up to 100 records.
    BatchCreate,
    /// Updates up to 100 records, by record id or a unique property.
    BatchUpdate,
    /// Reads up to 100 records.
    BatchRead,
    /// Moves up to 100 records to the recycle bin.
    BatchArchive,
    /// Makes one record of two.
    Merge,
    /// Deletes one record for good.
    GdprDelete,
    /// Lists the properties of an object type.
    ListProperties,
    /// Creates one property.
    CreateProperty,
    /// Creates up to 100 properties.
    CreateProperties,
    /// Shows one property.
    OneProperty,
    /// Archives one property.
    ArchiveProperty,
    /// Lists the groups of properties.
    ListGroups,
    /// Creates a group.
    CreateGroup,
    /// Shows the account.
    AccountDetails,
    /// Shows the scopes of a token. It has one path for all versions.
    TokenInfo,
}

/// What stands before the object type in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Area {
    Objects,
    Properties,
    Account,
    Token,
}

impl Endpoint {
    /// All that the sandbox has.
    pub const ALL: [Self; 16] = [
        Self::BatchUpsert,
        Self::BatchCreate,
        Self::BatchUpdate,
        Self::BatchRead,
        Self::BatchArchive,
        Self::Merge,
        Self::GdprDelete,
        Self::ListProperties,
        Self::CreateProperty,
        Self::CreateProperties,
        Self::OneProperty,
        Self::ArchiveProperty,
        Self::ListGroups,
        Self::CreateGroup,
        Self::AccountDetails,
        Self::TokenInfo,
    ];

    /// Its HTTP method.
    pub const fn method(self) -> &'static str {
        match self {
            Self::ListProperties | Self::OneProperty | Self::ListGroups | Self::AccountDetails => "GET",
            Self::ArchiveProperty => "DELETE",
            Self::BatchUpsert
            | Self::BatchCreate
            | Self::BatchUpdate
            | Self::BatchRead
            | Self::BatchArchive
            | Self::Merge
            | Self::GdprDelete
            | Self::CreateProperty
            | Self::CreateProperties
            | Self::CreateGroup
            | Self::TokenInfo => "POST",
        }
    }

    /// The end of its path, which is the same for all versions and object types: what follows the object type.
    /// `{name}` stands for the name of a property. Empty where the path ends with the object type.
    pub const fn operation(self) -> &'static str {
        match self {
            Self::BatchUpsert => "batch/upsert",
            Self::BatchUpdate => "batch/update",
            Self::BatchRead => "batch/read",
            Self::BatchArchive => "batch/archive",
            Self::Merge => "merge",
            Self::GdprDelete => "gdpr-delete",
            Self::ListProperties | Self::CreateProperty => "",
            Self::BatchCreate | Self::CreateProperties => "batch/create",
            Self::OneProperty | Self::ArchiveProperty => "{name}",
            Self::ListGroups | Self::CreateGroup => "groups",
            Self::AccountDetails => "details",
            Self::TokenInfo => "access-token-info",
        }
    }

    /// Its path in a version, for an object type such as `contacts`. Of [`AccountDetails`](Self::AccountDetails) and
    /// [`TokenInfo`](Self::TokenInfo) the object type is no part. `{name}` stands for the name of a property.
    pub fn path(self, version: Version, object: &str) -> String {
        let before = match (self.area(), version) {
            (Area::Objects, Version::V3) => format!("/crm/v3/objects/{object}"),
            (Area::Objects, dated) => format!("/crm/objects/{}/{object}", dated.as_str()),
            (Area::Properties, Version::V3) => format!("/crm/v3/properties/{object}"),
            (Area::Properties, dated) => format!("/crm/properties/{}/{object}", dated.as_str()),
            (Area::Account, version) => format!("/account-info/{}", version.as_str()),
            (Area::Token, _) => "/oauth/v2/private-apps/get".to_owned(),
        };
        match self.operation() {
            "" => before,
            operation => format!("{before}/{operation}"),
        }
    }

    /// The versions that have a path of their own for it.
    pub(crate) fn versions(self) -> &'static [Version] {
        if self.area() == Area::Token { &[Version::V3] } else { &Version::ALL }
    }

    const fn area(self) -> Area {
        match self {
            Self::BatchUpsert
            | Self::BatchCreate
            | Self::BatchUpdate
            | Self::BatchRead
            | Self::BatchArchive
            | Self::Merge
            | Self::GdprDelete => Area::Objects,
            Self::ListProperties
            | Self::CreateProperty
            | Self::CreateProperties
            | Self::OneProperty
            | Self::ArchiveProperty
            | Self::ListGroups
            | Self::CreateGroup => Area::Properties,
            Self::AccountDetails => Area::Account,
            Self::TokenInfo => Area::Token,
        }
    }
}
