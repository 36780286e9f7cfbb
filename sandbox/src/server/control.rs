//! The sandbox's own routes under `/_sandbox`, to inspect and change one that runs. They need no token, count against no
//! limit and are not recorded.
//!
//! | route | does |
//! |---|---|
//! | `GET /_sandbox/settings` | the settings as JSON |
//! | `PUT /_sandbox/settings` | replaces them; absent members get their default |
//! | `PATCH /_sandbox/settings` | replaces the members given |
//! | `GET /_sandbox/contacts` | the contacts, by address |
//! | `POST /_sandbox/contacts` | adds contacts: `[{"email":…,"additional_emails":[…],"properties":{…}}]` |
//! | `GET /_sandbox/requests` | the record of requests |

use serde_json::{Value, json};

use super::shared::Shared;
use crate::{account::contact::Seed, reply::Reply, settings::Settings};

/// Start of all these paths.
pub(crate) const PREFIX: &str = "/_sandbox/";

/// Answers a control request.
pub(crate) fn handle(shared: &Shared, method: &str, path: &str, body: &[u8]) -> Reply {
    match (method, path.strip_prefix(PREFIX).unwrap_or_default()) {
        ("GET", "settings") => Reply::json(200, &json!(shared.lock().settings)),
        ("PUT", "settings") => replace_settings(shared, serde_json::from_slice(body)),
        ("PATCH", "settings") => {
            let current = json!(shared.lock().settings);
            let patched = serde_json::from_slice(body).map(|patch| patched(current, patch));
            replace_settings(shared, patched.and_then(serde_json::from_value))
        }
        ("GET", "contacts") => Reply::json(200, &json!(shared.lock().store.all())),
        ("POST", "contacts") => add_contacts(shared, body),
        ("GET", "requests") => Reply::json(200, &json!(shared.journal.all())),
        _ => Reply::json(404, &json!({ "error": format!("no control route {method} {path}") })),
    }
}

/// The settings with the top-level members of a patch in place of theirs.
fn patched(mut current: Value, patch: Value) -> Value {
    match (&mut current, patch) {
        (Value::Object(members), Value::Object(patch)) => {
            members.extend(patch);
            current
        }
        (_, other) => other,
    }
}

fn replace_settings(shared: &Shared, settings: serde_json::Result<Settings>) -> Reply {
    match settings {
        Ok(settings) => {
            let mut state = shared.lock();
            state.update(|current| *current = settings);
            Reply::json(200, &json!(state.settings))
        }
        Err(error) => refusal(&error),
    }
}

fn add_contacts(shared: &Shared, body: &[u8]) -> Reply {
    match serde_json::from_slice::<Vec<Seed>>(body) {
        Ok(seeds) => {
            let mut state = shared.lock();
            let ids: Vec<String> = seeds
                .into_iter()
                .map(|seed| state.with_rules(|store, rules| store.seed(seed, rules)))
                .collect();
            Reply::json(200, &json!({ "ids": ids }))
        }
        Err(error) => refusal(&error),
    }
}

fn refusal(error: &serde_json::Error) -> Reply {
    Reply::json(400, &json!({ "error": error.to_string() }))
}
