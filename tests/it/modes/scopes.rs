//! A token that may not read contacts: what needs that says so before anything is written.

use hubspot_sandbox::{Fault, What, tokens};
use serde_json::{Value, json};

use super::{deleted, paths, roomy_sandbox, row};
use crate::support::Connector;

/// Settings that look records up, each with the name of the one that is to be named, and of its stream.
fn settings() -> Vec<(Value, Value, &'static str, Option<&'static str>)> {
    let entry = |name: &str, value: Value| {
        let mut entry = json!({ "stream": "users" });
        entry[name] = value;
        json!([entry])
    };
    let policy = |policy: &str| json!([{ "property": "city", "policy": policy }]);
    let of_stream = |policy: &str| json!([{ "stream": "users", "property": "*", "policy": policy }]);
    vec![
        (entry("mode", json!("update_only")), json!([]), "mode", Some("users")),
        (entry("mode", json!("create_only")), json!([]), "mode", Some("users")),
        (entry("mode", json!("archive")), json!([]), "mode", Some("users")),
        (entry("skip_unchanged", json!(true)), json!([]), "skip_unchanged", Some("users")),
        (entry("lifecycle_stage", json!("customer")), json!([]), "lifecycle_stage", Some("users")),
        (entry("deleted_records", json!("archive")), json!([]), "deleted_records", Some("users")),
        (json!([]), policy("fill_empty"), "policies", None),
        (json!([]), policy("only_on_create"), "policies", None),
        (json!([]), of_stream("fill_empty"), "policies", Some("users")),
        (json!([]), of_stream("only_on_create"), "policies", Some("users")),
    ]
}

#[test]
fn each_mode_and_policy_names_itself_where_the_token_may_not_read() {
    for (streams, policies, setting, stream) in settings() {
        for lists_scopes in [true, false] {
            let sandbox = roomy_sandbox(|settings| {
                let fault = Fault::new(What::status(404)).path(paths::TOKEN_INFO);
                settings.faults = if lists_scopes { Vec::new() } else { vec![fault] };
            });
            let connector = Connector::new(&sandbox)
                .set("access_token", tokens::WRITE_ONLY)
                .set("streams", streams.clone())
                .set("policies", policies.clone());
            let what = format!("{setting} of {stream:?}, scopes listed: {lists_scopes}");
            let scope = "`crm.objects.contacts.read`";
            let names_setting = |message: &str| {
                message.contains(&format!("The setting `{setting}`"))
                    && stream.is_none_or(|stream| message.contains(&format!("of the stream `{stream}`")))
            };
            let (status, message) = connector.check().connection_status();
            assert!(status == "FAILED" && message.contains(scope), "{what}: {message}");
            assert!(names_setting(&message), "{what}: {message}");
            let input = row("a@example.com", &[("city", "Rome")]) + &deleted("b@example.com");
            let outcome = connector.write(&input);
            let message = outcome.assert_failure("config_error");
            assert!(message.contains(scope), "{what}: {message}");
            // Where HubSpot does not list them, the first read shows it, and says for what it was.
            assert!(names_setting(&message) || !lists_scopes, "{what}: {message}");
            assert!(sandbox.contacts().is_empty(), "{what}");
        }
    }
}

/// What reads nothing needs no scope for it.
#[test]
fn what_changes_nothing_needs_no_reading() {
    let sandbox = roomy_sandbox(|_| ());
    let connector = Connector::new(&sandbox)
        .set("access_token", tokens::WRITE_ONLY)
        .set("streams", json!([{ "stream": "users", "mode": "upsert", "deleted_records": "skip" }]))
        .set("policies", json!([{ "property": "*", "policy": "overwrite" }]));
    assert_eq!(connector.check().connection_status().0, "SUCCEEDED");
    connector.write(&row("a@example.com", &[("city", "Rome")])).assert_success();
    assert_eq!(sandbox.requests_to(paths::READ).len(), 0);
}
