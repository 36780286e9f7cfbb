//! Streams of which the same holds share a target, and so batches; others do not.

use std::collections::HashMap;

use super::*;
use crate::{
    config::{Config, Mode, Policy},
    crm::property::LIFECYCLE_STAGE,
    mapping::{target::OnCreate, targets::Targets},
    protocol::catalog::DestinationMode,
};

fn targets(settings: &Value) -> Targets {
    let mut config = json!({ "access_token": "pat-test" });
    for (name, value) in settings.as_object().unwrap() {
        config[name] = value.clone();
    }
    let config = Config::parse(config.to_string().as_bytes()).unwrap().config;
    let stage = Schema::new(&[property(LIFECYCLE_STAGE, "", "enumeration", false)]);
    let property = Arc::clone(stage.property(LIFECYCLE_STAGE).unwrap());
    let of_stage = OnCreate { property, value: "customer".into() };
    let on_create = HashMap::from([("customer".to_owned(), of_stage)]);
    Targets::new(KeySpace::contacts_by_email(), stage, on_create, Arc::new(config))
}

fn stream(name: &str) -> ConfiguredStream {
    ConfiguredStream::undeclared(StreamId::new(name, None))
}

#[test]
fn streams_of_which_the_same_holds_share_a_target() {
    let mut targets = targets(&json!({
        "streams": [
            { "stream": "like_users", "mode": "upsert" },
            { "stream": "orders", "mode": "update_only", "skip_unchanged": true },
            { "stream": "like_orders", "skip_unchanged": true, "mode": "update_only" },
        ],
        "policies": [
            { "property": "phone", "policy": "fill_empty" },
            { "stream": "like_users", "property": "PHONE", "policy": "fill_empty" },
        ],
    }));
    let [users, like_users, orders, like_orders, others] =
        ["users", "like_users", "orders", "like_orders", "others"].map(|name| targets.of(&stream(name)));
    assert!(Arc::ptr_eq(&users, &like_users) && Arc::ptr_eq(&users, &others));
    assert!(Arc::ptr_eq(&orders, &like_orders) && !Arc::ptr_eq(&orders, &users));
    assert!(Arc::ptr_eq(&users, &targets.of(&stream("users"))));
    assert_eq!((users.mode, users.policy_of("phone")), (Mode::Upsert, Policy::FillEmpty));
    assert!(orders.skips_unchanged && orders.mode == Mode::UpdateOnly);
}

#[test]
fn any_difference_parts_two_targets() {
    for entry in [
        json!({ "mode": "update_only" }),
        json!({ "mode": "create_only" }),
        json!({ "mode": "archive" }),
        json!({ "skip_unchanged": true }),
        json!({ "lifecycle_stage": "customer" }),
        json!({ "invalid_values": "reject_record" }),
        json!({ "null_values": "clear" }),
        json!({ "deleted_records": "archive" }),
        json!({ "date_format": "day_first" }),
        json!({ "number_format": "comma_decimal" }),
    ] {
        let mut entry_of_stream = entry.clone();
        entry_of_stream["stream"] = json!("other");
        let mut targets = targets(&json!({ "streams": [entry_of_stream] }));
        let [one, other] = ["users", "other"].map(|name| targets.of(&stream(name)));
        assert!(!Arc::ptr_eq(&one, &other), "{entry}");
    }
    for policy in ["fill_empty", "only_on_create"] {
        let policies = json!([{ "stream": "other", "property": "phone", "policy": policy }]);
        let mut targets = targets(&json!({ "policies": policies }));
        let [one, other] = ["users", "other"].map(|name| targets.of(&stream(name)));
        assert!(!Arc::ptr_eq(&one, &other), "{policy}");
    }
}

/// What the platform asks for in data activation counts before the mode of the settings.
#[test]
fn a_mode_of_the_platform_counts_before_that_of_the_settings() {
    let mut targets = targets(&json!({ "streams": [{ "stream": "users", "mode": "create_only" }] }));
    for (asked, mode) in [
        (DestinationMode::AppendDedup, Mode::CreateOnly),
        (DestinationMode::Update, Mode::UpdateOnly),
        (DestinationMode::SoftDelete, Mode::Archive),
    ] {
        assert_eq!(targets.of(&ConfiguredStream { mode: asked, ..stream("users") }).mode, mode, "{asked:?}");
    }
}

/// What has no meaning in a mode is not there in its target.
#[test]
fn a_target_has_what_its_mode_can_use() {
    let of = |mode: &str| {
        let entry = json!({ "stream": "users", "mode": mode });
        let policies = json!([{ "property": "*", "policy": "fill_empty" }]);
        targets(&json!({ "lifecycle_stage": "customer", "streams": [entry], "policies": policies }))
            .of(&stream("users"))
    };
    for (mode, stages, has_policies) in
        [("upsert", 1, true), ("create_only", 1, true), ("update_only", 0, true), ("archive", 0, false)]
    {
        let target = of(mode);
        assert_eq!(target.on_create.len(), stages, "{mode}");
        assert_eq!(target.compares_values(), has_policies, "{mode}");
        assert!(target.needs_look_ups(), "{mode}");
    }
    assert!(!targets(&json!({})).of(&stream("users")).needs_look_ups());
}
