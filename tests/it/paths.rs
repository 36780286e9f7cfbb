//! Parts of the paths of HubSpot's endpoints, to pick out requests and to aim faults, whatever the version of the API.
//!
//! They are the sandbox's. What the connector calls is compared with them: its own paths are in `src/hubspot/`.

use hubspot_sandbox::Endpoint;

pub(crate) const UPSERT: &str = Endpoint::BatchUpsert.operation();
pub(crate) const READ: &str = Endpoint::BatchRead.operation();
pub(crate) const CREATE_PROPERTIES: &str = Endpoint::CreateProperties.operation();
pub(crate) const CREATE_GROUP: &str = Endpoint::CreateGroup.operation();
pub(crate) const DETAILS: &str = Endpoint::AccountDetails.operation();
pub(crate) const TOKEN_INFO: &str = Endpoint::TokenInfo.operation();
/// Of everything that concerns properties.
pub(crate) const PROPERTIES: &str = "/properties/";
