//! A model of HubSpot's contacts in plain data, which answers batches in each way that HubSpot may, and makers of the
//! contacts, tickets and states that the tests need.
//!
//! What HubSpot refuses is said by names: addresses that begin with `bad` (no address), `taken` (another contact has
//! it), `race` (refused once), `odd` (a reason nobody knows), `shy` (no look-up may ask for it), `mute` (no answer ever
//! speaks of it) and `picky` (the account demands `favourite`); the properties `gone` and `frozen`; values that begin
//! with `bad`.

mod answers;
mod crm;
mod habits;
mod makers;
mod record_by_record;
mod refusals;
mod store;

pub(super) use self::{
    answers::{Answer, HubSpot, parsed, refusal},
    crm::{Asked, Crm},
    habits::{Collision, Habits},
    makers::{Rules, contact, key, new_contact_stage, part, part_of, schema, state, ticket},
    record_by_record::{Contacts, Row, Settings},
    refusals::acceptable,
    store::{OPTIONS, STAGES, Store},
};
