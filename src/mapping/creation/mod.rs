//! Properties to create for fields that no property fits. Pure. Not here: asking HubSpot.
//!
//! [`new_property`] decides which there are, `property_type` of which type each is, `name` what it is called inside HubSpot.

mod name;
pub mod new_property;
mod property_type;

pub use name::is_valid_name;
pub use new_property::{DESCRIPTION, GROUP, GROUP_LABEL, Wanted, definitions};
