//! Tests of `streams`, `policies` and `max_archived`: which entry holds for a stream, what is refused, what has no effect.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::*;

fn parse(mut settings: Value) -> Result<Parsed, ConfigError> {
    settings["access_token"] = json!("x");
    Config::parse(settings.to_string().as_bytes())
}

fn config(settings: Value) -> Config {
    parse(settings).unwrap().config
}

fn warnings(settings: Value) -> Vec<String> {
    parse(settings).unwrap().warnings
}

#[test]
fn without_entries_all_streams_have_the_top_level() {
    let top = config(json!({
        "lifecycle_stage": "lead", "null_values": "clear", "invalid_values": "reject_record",
        "deleted_records": "write", "date_format": "day_first", "number_format": "comma_decimal",
    }));
    let expected = StreamSettings {
        mode: Mode::Upsert,
        skip_unchanged: false,
        lifecycle_stage: Some("lead".to_owned()),
        invalid_values: InvalidValues::RejectRecord,
        null_values: NullValues::Clear,
        deleted_records: DeletedRecordsOfStream::Write,
        date_format: DateFormat::DayFirst,
        number_format: NumberFormat::CommaDecimal,
    };
    assert_eq!(top.settings_of("users", Some("public")), expected);
    assert!(top.policies_of("users", None).is_plain());
    assert_eq!(top.max_archived, 1000);
}

#[test]
fn an_entry_is_laid_over_the_top_level() {
    let one = config(json!({
        "lifecycle_stage": "lead", "null_values": "clear", "date_format": "day_first",
        "streams": [{
            "stream": "users", "mode": " update_only ", "skip_unchanged": true, "lifecycle_stage": " customer ",
            "null_values": "ignore", "invalid_values": null, "deleted_records": "archive", "date_format": " ",
        }],
    }));
    let expected = StreamSettings {
        mode: Mode::UpdateOnly,
        skip_unchanged: true,
        lifecycle_stage: Some("customer".to_owned()),
        invalid_values: InvalidValues::DropValue,
        null_values: NullValues::Ignore,
        deleted_records: DeletedRecordsOfStream::Archive,
        date_format: DateFormat::DayFirst,
        number_format: NumberFormat::Plain,
    };
    assert_eq!(one.settings_of("users", None), expected);
    assert_eq!(one.settings_of("users", Some("public")), expected);
    let other = one.settings_of("people", None);
    assert_eq!((other.mode, other.null_values), (Mode::Upsert, NullValues::Clear));
}

#[test]
fn absent_null_and_blank_settings_of_a_stream_are_the_top_levels() {
    for absent in [json!(null), json!(""), json!(" \t")] {
        let entry = json!({
            "stream": "users", "mode": absent, "skip_unchanged": null, "lifecycle_stage": absent,
            "null_values": absent, "invalid_values": absent, "deleted_records": absent, "date_format": absent,
            "number_format": absent,
        });
        let with_entry = config(json!({ "deleted_records": "write", "streams": [entry] }));
        let without = config(json!({ "deleted_records": "write" }));
        assert_eq!(with_entry.settings_of("users", None), without.settings_of("users", None));
    }
    for absent in [json!({}), json!({ "streams": null, "policies": null, "max_archived": null })] {
        let config = config(absent);
        assert!(config.streams.is_empty() && config.policies.is_empty());
        assert_eq!(config.max_archived, 1000);
    }
}

#[test]
fn the_entry_with_the_namespace_holds_alone() {
    let entries = json!([
        { "stream": "public.users", "null_values": "clear" },
        { "stream": "users", "mode": "create_only" },
    ]);
    let config = config(json!({ "streams": entries }));
    let of = |namespace| {
        let settings = config.settings_of("users", namespace);
        (settings.mode, settings.null_values)
    };
    assert_eq!(of(Some("public")), (Mode::Upsert, NullValues::Clear));
    assert_eq!(of(Some("private")), (Mode::CreateOnly, NullValues::Ignore));
    assert_eq!(of(None), (Mode::CreateOnly, NullValues::Ignore));
}

#[test]
fn a_stream_has_one_entry() {
    let entries = json!([{ "stream": "users", "mode": "archive" }, { "stream": "users", "mode": "archive" }]);
    let error = parse(json!({ "streams": entries })).unwrap_err();
    assert_eq!(
        error.to_string(),
        "The setting `streams` has two entries for the stream `users`. Keep one of them."
    );
    let different =
        json!([{ "stream": "users", "mode": "archive" }, { "stream": "Users", "mode": "archive" }]);
    assert_eq!(warnings(json!({ "streams": different })), [""; 0]);
}

#[test]
fn an_entry_that_sets_nothing_is_told() {
    let said = "Entry 1 of `streams` sets nothing: its stream has the settings of the top level. Set its `mode` or another \
                setting, or remove it.";
    // Airbyte's form writes the defaults out.
    for plain in [
        json!({ "stream": "users" }),
        json!({ "stream": "users", "mode": "upsert", "skip_unchanged": false }),
    ] {
        assert_eq!(warnings(json!({ "streams": [plain] })), [said]);
    }
    for says_something in [
        json!({ "stream": "users", "deleted_records": "skip" }),
        json!({ "stream": "users", "null_values": "ignore" }),
        json!({ "stream": "users", "mode": "update_only" }),
    ] {
        assert_eq!(warnings(json!({ "streams": [says_something] })), [""; 0]);
    }
    let exception = json!([{ "stream": "public.users" }, { "stream": "users", "mode": "update_only" }]);
    assert_eq!(warnings(json!({ "streams": exception })), [""; 0]);
    let none = json!([{ "stream": "public_users" }, { "stream": "users", "mode": "update_only" }]);
    assert_eq!(warnings(json!({ "streams": none })), [said]);
}

#[test]
fn a_setting_that_the_mode_has_no_use_for_is_told() {
    let all = |mode: &str| {
        json!({ "streams": [{
            "stream": "users", "mode": mode, "skip_unchanged": true, "lifecycle_stage": "lead", "null_values": "clear",
            "invalid_values": "drop_value", "deleted_records": "archive", "date_format": "iso",
            "number_format": "plain",
        }]})
    };
    let expected = |names: &[&str], why: &str| -> Vec<String> {
        let said = |name| format!("The setting `{name}` in entry 1 of `streams` has no effect: {why}.");
        names.iter().map(said).collect()
    };
    assert_eq!(warnings(all("upsert")), [""; 0]);
    assert_eq!(
        warnings(all("update_only")),
        expected(&["lifecycle_stage"], "the mode `update_only` creates nothing")
    );
    assert_eq!(
        warnings(all("create_only")),
        expected(&["skip_unchanged"], "the mode `create_only` changes nothing that is there")
    );
    let of_archive = [
        "skip_unchanged",
        "lifecycle_stage",
        "null_values",
        "invalid_values",
        "deleted_records",
        "date_format",
        "number_format",
    ];
    assert_eq!(
        warnings(all("archive")),
        expected(&of_archive, "the mode `archive` archives every record, and writes nothing")
    );
    for fine in [
        json!({ "deleted_records": "skip" }),
        json!({ "skip_unchanged": false }),
        json!({ "lifecycle_stage": "" }),
    ] {
        let mut entry = fine;
        entry["stream"] = json!("users");
        entry["mode"] = json!("archive");
        assert_eq!(warnings(json!({ "streams": [entry] })), [""; 0]);
    }
}

#[test]
fn names_that_mean_nothing_in_an_entry_are_told() {
    let said = warnings(json!({
        "streams": [{ "stream": "users", "mod": "archive", "null_values": "clear" }],
        "policies": [{ "properties": "x", "property": "phone", "policy": "fill_empty" }],
    }));
    assert_eq!(
        said,
        [
            "The setting `mod` in entry 1 of `streams` is unknown and has no effect. Did you mean `mode`?",
            "The setting `properties` in entry 1 of `policies` is unknown and has no effect. Did you mean `property`?",
        ]
    );
}

#[test]
fn a_policy_that_names_the_property_comes_first_and_then_one_that_names_the_stream() {
    use Policy::{FillEmpty, OnlyOnCreate, Overwrite};
    let entry = |stream: Option<&str>, property: &str, policy: Policy| json!({ "stream": stream, "property": property, "policy": policy.as_str() });
    let config = config(json!({ "policies": [
        entry(Some("public.users"), "city", OnlyOnCreate),
        entry(Some("users"), "city", Overwrite),
        entry(None, "city", FillEmpty),
        entry(Some("users"), "*", OnlyOnCreate),
        entry(None, " Phone ", FillEmpty),
        entry(None, "*", Overwrite),
    ]}));
    let of = |stream, namespace, property| config.policies_of(stream, namespace).of(property);
    // The property before the stream, in any order of entries.
    assert_eq!(of("users", None, "phone"), FillEmpty);
    assert_eq!(of("users", None, "PHONE"), FillEmpty);
    assert_eq!(of("users", None, "fax"), OnlyOnCreate);
    assert_eq!(of("people", None, "fax"), Overwrite);
    assert_eq!(of("users", Some("public"), "city"), OnlyOnCreate);
    assert_eq!(of("users", Some("private"), "city"), Overwrite);
    assert_eq!(of("people", None, "city"), FillEmpty);
    assert!(!config.policies_of("people", None).is_plain());
}

#[test]
fn policies_that_overwrite_everything_are_plain() {
    let overwrite = |property: &str| json!({ "property": property, "policy": "overwrite" });
    let of_others = json!({ "stream": "others", "property": "phone", "policy": "fill_empty" });
    let entries = json!([overwrite("*"), overwrite("phone"), of_others]);
    let config = config(json!({ "policies": entries }));
    assert_eq!(config.policies_of("users", None), Policies::default());
    assert!(config.policies_of("users", None).is_plain());
    assert!(!config.policies_of("others", None).is_plain());
}

#[test]
fn a_property_of_a_stream_has_one_policy() {
    let entries = |stream: Value, first: &str, second: &str| {
        json!({ "policies": [
            { "stream": stream, "property": "Phone", "policy": first },
            { "stream": stream, "property": "phone", "policy": second },
        ]})
    };
    for (stream, end) in [
        (
            json!(null),
            ". Keep one of them, or name the `stream` in each if they belong to different streams.",
        ),
        (json!("users"), " for the stream `users`. Keep one of them."),
    ] {
        let error = parse(entries(stream.clone(), "fill_empty", "only_on_create")).unwrap_err();
        let expected =
            format!("The setting `policies` has two policies for the HubSpot property `phone`{end}");
        assert_eq!(error.to_string(), expected);
        let parsed = parse(entries(stream, "fill_empty", "fill_empty")).unwrap();
        assert_eq!(
            parsed.warnings,
            ["Entry 2 of the setting `policies` repeats an earlier one and has no effect."]
        );
        assert_eq!(parsed.config.policies.len(), 1);
    }
}

#[test]
fn streams_of_which_the_same_holds_have_one_key() {
    let config = config(json!({
        "date_format": "day_first",
        "streams": [
            { "stream": "a", "mode": "update_only" },
            { "stream": "b", "mode": "update_only", "date_format": "day_first" },
            { "stream": "c", "mode": "create_only" },
        ],
        "policies": [
            { "property": "phone", "policy": "fill_empty" },
            { "stream": "b", "property": "city", "policy": "overwrite" },
        ],
    }));
    let mut streams: HashMap<(StreamSettings, Policies), Vec<&str>> = HashMap::new();
    for stream in ["a", "b", "c"] {
        let key = (config.settings_of(stream, None), config.policies_of(stream, None));
        streams.entry(key).or_default().push(stream);
    }
    let mut groups: Vec<_> = streams.into_values().collect();
    groups.sort();
    assert_eq!(groups, [vec!["a", "b"], vec!["c"]]);
}

#[test]
fn entries_tell_which_streams_they_name() {
    let config = config(json!({
        "streams": [{ "stream": "users", "mode": "archive" }],
        "policies": [
            { "property": "phone", "policy": "fill_empty" },
            { "stream": "public.people", "property": "phone", "policy": "fill_empty" },
        ],
    }));
    let names: Vec<_> = config.names_of_entries().collect();
    assert_eq!(names, [("streams", "users"), ("policies", "public.people")]);
    assert!(names_stream(names[1].1, "people", Some("public")));
    assert!(!names_stream(names[1].1, "people", None));
}

#[test]
fn how_many_records_may_be_archived_is_a_whole_number() {
    for (written, expected) in [(json!(0), 0), (json!(1), 1), (json!(50_000), 50_000)] {
        assert_eq!(config(json!({ "max_archived": written })).max_archived, expected);
    }
}

#[test]
fn errors_name_the_entry_and_the_cure() {
    let cases = [
        (
            json!({"deleted_records": " archive "}),
            "The setting `deleted_records` can be `archive` only in an entry of `streams`, which names the stream whose deleted \
             records are archived. Set it there, and at the top to `skip` or `write`.",
        ),
        (
            json!({"streams": {"users": {"mode": "archive"}}}),
            r#"The setting `streams` must be a list, such as [{"stream": "…", "mode": "…"}]."#,
        ),
        (
            json!({"policies": "phone"}),
            r#"The setting `policies` must be a list, such as [{"property": "…", "policy": "…"}]."#,
        ),
        (
            json!({"streams": [{"stream": "a", "mode": "archive"}, "users"]}),
            r#"Entry 2 of `streams` must be an object, such as {"stream": "…", "mode": "…"}."#,
        ),
        (
            json!({"streams": [{"strem": "a", "mode": "archive"}]}),
            "The setting `stream` in entry 1 of `streams` is missing or empty. \
             The configuration has `strem` in its place: correct the name.",
        ),
        (
            json!({"streams": [{"stream": " "}]}),
            "The setting `stream` in entry 1 of `streams` is missing or empty. \
             Enter the stream that the entry is for, as name or namespace.name.",
        ),
        (
            json!({"streams": [{"stream": "a", "skip_unchanged": "true"}]}),
            "The setting `skip_unchanged` in entry 1 of `streams` must be true or false, without quotes.",
        ),
        (
            json!({"streams": [{"stream": "a", "mode": "delete"}]}),
            r#"The setting `mode` in entry 1 of `streams` must be one of "upsert", "update_only", "create_only", "archive"."#,
        ),
        (
            json!({"policies": [{"property": "a"}]}),
            "The setting `policy` in entry 1 of `policies` is missing or empty. \
             Enter `overwrite`, `fill_empty` or `only_on_create`.",
        ),
        (
            json!({"policies": [{"policy": "overwrite"}]}),
            "The setting `property` in entry 1 of `policies` is missing or empty. \
             Enter the internal name of the HubSpot property, or `*` for all properties.",
        ),
        (
            json!({"max_archived": -1}),
            "The setting `max_archived` must be a whole number from 0 on, without quotes.",
        ),
    ];
    for (settings, expected) in cases {
        assert_eq!(parse(settings.clone()).unwrap_err().to_string(), expected, "{settings}");
    }
}
