//! Paces requests by HubSpot's limits: every attempt pays, and a pause is everybody's.
//!
//! [`Throttle`] waits; the log of grants that it asks is pure, and so are what others use and the limits as HubSpot
//! states them.

mod gate;
mod limits;
mod other_clients;
#[cfg(test)]
mod tests;
mod window;

pub use gate::{DailyReserve, Throttle};
pub use limits::{Limits, RateLimit};
pub use window::Grant;
