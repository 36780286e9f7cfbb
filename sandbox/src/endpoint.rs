//! Paths: which of HubSpot's endpoints a request is for, in which version of the API.
//!
//! The three versions differ in where the version stands in the path:
//! `/crm/v3/objects/…`, `/crm/objects/2026-03/…`, `/crm/objects/2026-09/…`.
//! <https://developers.hubspot.com/docs/developer-tooling/platform/versioning>

/// Version of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// v3.
    V3,
    /// 2026-03, which behaves as v3 does.
    March2026,
    /// 2026-09, which enforces the admin's rules and normalises dates.
    September2026,
}

impl Version {
    /// Whether writes are judged by the stricter rules.
    /// <https://developers.hubspot.com/changelog/crm-api-write-validation-enforcement>
    pub(crate) fn is_strict(self) -> bool {
        self == Self::September2026
    }

    fn dated(segment: &str) -> Option<Self> {
        match segment {
            "2026-03" => Some(Self::March2026),
            "2026-09" => Some(Self::September2026),
            _ => None,
        }
    }
}

/// An endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    BatchUpsert,
    BatchUpdate,
    BatchRead,
    BatchArchive,
    Merge,
    GdprDelete,
    ListProperties,
    CreateProperty,
    CreateProperties,
    OneProperty,
    ArchiveProperty,
    ListGroups,
    CreateGroup,
    AccountDetails,
    TokenInfo,
}

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) endpoint: Endpoint,
    pub(crate) version: Version,
    /// As it stands in the path; judged only after the credential.
    pub(crate) object_type: Option<String>,
    /// Name of a property.
    pub(crate) name: Option<String>,
}

/// Why there is no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoute {
    UnknownPath,
    WrongMethod,
}

/// Finds the route of a request.
pub(crate) fn find(method: &str, path: &str) -> Result<Route, NoRoute> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (version, area, rest) = split_version(&segments).ok_or(NoRoute::UnknownPath)?;
    let (endpoints, object_type, name): (&[(&str, Endpoint)], _, _) = match (area, rest) {
        (Area::Objects, [object, "batch", operation]) => (batch(operation), Some(object), None),
        (Area::Objects, [object, operation]) => (single(operation), Some(object), None),
        (Area::Properties, [object]) => (PROPERTIES, Some(object), None),
        (Area::Properties, [object, "batch", "create"]) => {
            (&[("POST", Endpoint::CreateProperties)], Some(object), None)
        }
        (Area::Properties, [object, "groups"]) => (GROUPS, Some(object), None),
        (Area::Properties, [object, name]) => (PROPERTY, Some(object), Some(name)),
        (Area::Account, ["details"]) => (&[("GET", Endpoint::AccountDetails)], None, None),
        (Area::Token, []) => (&[("POST", Endpoint::TokenInfo)], None, None),
        _ => (&[], None, None),
    };
    if endpoints.is_empty() {
        return Err(NoRoute::UnknownPath);
    }
    let (_, endpoint) =
        endpoints.iter().find(|(verb, _)| *verb == method).copied().ok_or(NoRoute::WrongMethod)?;
    Ok(Route {
        endpoint,
        version,
        object_type: object_type.map(|object| (*object).to_owned()),
        name: name.map(|name| percent_decode(name)),
    })
}

/// Whether an object type of a path means contacts; all these spellings do.
pub(crate) fn means_contacts(object_type: &str) -> bool {
    matches!(object_type, "contact" | "contacts" | "CONTACT" | "0-1")
}

/// The value of a query parameter.
pub(crate) fn query_value(query: &str, name: &str) -> Option<String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| percent_decode(value))
}

#[derive(Clone, Copy, Debug)]
enum Area {
    Objects,
    Properties,
    Account,
    Token,
}

const PROPERTIES: &[(&str, Endpoint)] =
    &[("GET", Endpoint::ListProperties), ("POST", Endpoint::CreateProperty)];
const PROPERTY: &[(&str, Endpoint)] =
    &[("GET", Endpoint::OneProperty), ("DELETE", Endpoint::ArchiveProperty)];
const GROUPS: &[(&str, Endpoint)] = &[("GET", Endpoint::ListGroups), ("POST", Endpoint::CreateGroup)];

fn batch(operation: &str) -> &'static [(&'static str, Endpoint)] {
    match operation {
        "upsert" => &[("POST", Endpoint::BatchUpsert)],
        "update" => &[("POST", Endpoint::BatchUpdate)],
        "read" => &[("POST", Endpoint::BatchRead)],
        "archive" => &[("POST", Endpoint::BatchArchive)],
        _ => &[],
    }
}

fn single(operation: &str) -> &'static [(&'static str, Endpoint)] {
    match operation {
        "merge" => &[("POST", Endpoint::Merge)],
        "gdpr-delete" => &[("POST", Endpoint::GdprDelete)],
        _ => &[],
    }
}

fn split_version<'path>(segments: &'path [&'path str]) -> Option<(Version, Area, &'path [&'path str])> {
    match segments {
        ["crm", "v3", "objects", rest @ ..] => Some((Version::V3, Area::Objects, rest)),
        ["crm", "v3", "properties", rest @ ..] => Some((Version::V3, Area::Properties, rest)),
        ["account-info", "v3", rest @ ..] => Some((Version::V3, Area::Account, rest)),
        ["crm", "objects", version, rest @ ..] => Some((Version::dated(version)?, Area::Objects, rest)),
        ["crm", "properties", version, rest @ ..] => Some((Version::dated(version)?, Area::Properties, rest)),
        ["account-info", version, rest @ ..] => Some((Version::dated(version)?, Area::Account, rest)),
        ["oauth", "v2", "private-apps", "get", "access-token-info", rest @ ..] => {
            Some((Version::V3, Area::Token, rest))
        }
        _ => None,
    }
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits: String = rest.by_ref().take(2).map(char::from).collect();
        bytes.push(u8::from_str_radix(&digits, 16).unwrap_or(b'%'));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_versions_lead_to_the_same_endpoints() {
        for (prefix, version) in [
            ("/crm/v3/objects", Version::V3),
            ("/crm/objects/2026-03", Version::March2026),
            ("/crm/objects/2026-09", Version::September2026),
        ] {
            let route = find("POST", &format!("{prefix}/contacts/batch/upsert")).unwrap();
            assert_eq!((route.endpoint, route.version), (Endpoint::BatchUpsert, version));
        }
        assert_eq!(find("POST", "/crm/objects/2027-03/contacts/batch/upsert"), Err(NoRoute::UnknownPath));
        assert_eq!(find("GET", "/crm/v3/objects/contacts/batch/upsert"), Err(NoRoute::WrongMethod));
    }

    #[test]
    fn names_are_decoded() {
        let route = find("GET", "/crm/v3/properties/0-1/a%2Bb").unwrap();
        assert_eq!(route.name.as_deref(), Some("a+b"));
        assert_eq!(query_value("archived=false&x=%40", "x").as_deref(), Some("@"));
    }
}
