//! The kinds of records of a CRM, and what holds for all of them. Pure. Not here: their properties ([`super::property`]).

/// The most inputs that one batch request may hold.
///
/// Source: <https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/batch/post-crm-v3-objects-contacts-batch-upsert>.
pub const MAX_BATCH_INPUTS: usize = 100;
