//! Tokens that are refused, and scopes that are missing.

use hubspot_sandbox::{Fault, What, tokens};
use serde_json::{Value, json};

use super::{assert_fatal, assert_survived, gap_ms, paths};
use crate::{
    model::{always, once, roomy_sandbox},
    support::{Connector, people, state, upserts},
};

#[test]
fn a_token_refused_after_it_worked_is_tried_once_more() {
    let sandbox = once(What::status(401));
    assert_survived(&sandbox, 2);
    assert!(gap_ms(&sandbox) >= 20, "{}", gap_ms(&sandbox));
    let message = assert_fatal(&always(What::status(401)), "config_error", 2);
    assert!(message.contains("`access_token`"), "{message}");
}

#[test]
fn a_token_that_expired_is_told_from_one_that_is_wrong() {
    let expired = |since: &str| {
        let context = json!({ "expire time": [since] });
        What::Json {
            status: 401,
            body: json!({ "status": "error", "category": "EXPIRED_AUTHENTICATION", "context": context }),
        }
    };
    let message = assert_fatal(&always(expired("2026-06-21T10:37:52.040Z")), "config_error", 2);
    assert!(message.contains("has expired or was rotated"), "{message}");
    let message = assert_fatal(&always(expired("1970-01-01T00:00:00Z")), "config_error", 2);
    assert!(
        message.contains("does not accept the access token") && !message.contains("expired"),
        "{message}"
    );
}

#[test]
fn a_token_that_never_worked_is_asked_for_once() {
    let sandbox = roomy_sandbox(|_| ());
    let outcome =
        Connector::new(&sandbox).set("access_token", "pat-na1-nobody").write(&(people(0..3) + &state(1)));
    let message = outcome.assert_failure("config_error");
    assert!(message.contains("does not accept the access token"), "{message}");
    assert_eq!(sandbox.requests().len(), 1);
}

#[test]
fn a_missing_scope_is_named() {
    for shape in [hubspot_sandbox::ScopeErrorShape::Current, hubspot_sandbox::ScopeErrorShape::Old] {
        // Where HubSpot lists the scopes, nothing is sent at all: see `settings`.
        let sandbox = roomy_sandbox(|settings| {
            settings.scope_error = shape;
            settings.faults = vec![Fault::new(What::status(404)).path(paths::TOKEN_INFO)];
        });
        let outcome = Connector::new(&sandbox)
            .set("access_token", tokens::READ_ONLY)
            .write(&(people(0..3) + &state(1)));
        let message = outcome.assert_failure("config_error");
        assert!(message.contains("`crm.objects.contacts.write`"), "{message}");
        assert_eq!(outcome.states(), [] as [Value; 0]);
        assert_eq!(upserts(&sandbox), 1);
    }
}
