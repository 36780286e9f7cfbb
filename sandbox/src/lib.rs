//! A faithful local HubSpot: enough of its API to write contacts against, with its limits, its errors and its faults.
//!
//! It is for tests (start a [`Sandbox`], talk HTTP to it, compare [`Sandbox::contacts`]) and, as the program
//! `hubspot-sandbox`, for trying a client without an account. It holds everything in memory, and listens on 127.0.0.1 unless
//! another address is asked for. It is not HubSpot's, and neither affiliated with nor endorsed by HubSpot, Inc.
//! It is not a general mock server: what it answers is what HubSpot documents or was recorded to answer, and where that is
//! unknown a [setting](Settings) chooses.
//!
//! ```
//! use hubspot_sandbox::{Fault, Sandbox, Settings, What, tokens};
//!
//! let sandbox = Sandbox::start(Settings {
//!     faults: vec![Fault::new(What::html(502)).path("batch/upsert").times(1)],
//!     ..Settings::default()
//! })?;
//! sandbox.seed_contacts(3);
//! assert_eq!(sandbox.contacts().len(), 3);
//! println!("{} with token {}", sandbox.base_url(), tokens::FULL);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What is there
//!
//! Batch upsert, create, update, read and archive of contacts, merge and GDPR deletion of single ones; properties (list, one, create, batch create, archive) and their
//! groups; account details; token info. Paths of v3, 2026-03 and 2026-09 alike; the last is stricter about values.
//! Routes of its own under `/_sandbox/` show and change a running one. `sandbox/README.md` lists all routes, settings and
//! faults, and what it does not have.
//!
//! # Order of the checks
//!
//! Path (an unknown one gives a page in HTML, with a hint in the header `x-sandbox-hint`), `Accept`, size of the body, credential, rate limit, faults, object type,
//! body, scopes, lookup. A fault therefore never strikes a request that was refused for its token or for a limit.

mod account;
mod api;
mod clock;
mod endpoint;
mod failure;
mod faults;
mod handle;
mod reply;
mod server;
mod settings;

pub use account::{
    catalogue::DEFAULT_STAGES,
    contact::{Contact, Seed},
    tokens,
};
pub use endpoint::{Endpoint, Version};
pub use faults::rule::{BodyKind, Fault, Policy, RetryAfter, StatusAnswer, What, When};
pub use handle::Sandbox;
pub use server::journal::RequestRecord;
pub use settings::{
    Account, ArchiveOfMissing, ArchivedValues, ConditionalProperty, DatesInAnswers, EmptyInputs, Language,
    Latency, Limits, SameContactInputs, ScopeErrorShape, Settings, TakenUniqueValues, Tier,
    UnknownUniqueValues,
};
