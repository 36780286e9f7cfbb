//! HubSpot's CRM API as this connector needs it. Knows nothing of Airbyte.

pub mod answer;
pub mod batch_call;
pub mod client;
pub mod effort;
pub mod endpoint;
pub mod error;
pub mod error_body;
mod lenient;
mod long_texts;
pub mod model;
mod new_property;
pub mod retry;
pub mod throttle;
pub mod transport;

#[cfg(test)]
mod tests;
