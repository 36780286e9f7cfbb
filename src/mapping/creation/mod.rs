//! Properties to create for fields that no property fits. Pure. Not here: asking HubSpot.
//!
//! [`definition`] decides which there are, `property_type` of which type each is, `name` what it is called inside HubSpot.

pub mod definition;
mod name;
mod property_type;

pub use definition::{GROUP, GROUP_LABEL, NewOption, NewProperty, Wanted, definitions};
pub use name::is_valid_name;
