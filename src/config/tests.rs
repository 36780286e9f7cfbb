//! Tests of `Config::parse`: what is accepted, what is refused, and what the texts never hold.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::error::{Failure, FailureType};

/// A token, in every configuration whose texts are searched for it.
const TOKEN: &str = "pat-na1-5ec7e7aa-0000-4000-8000-c0ffee5ec7e7";

fn parse(json: impl AsRef<[u8]>) -> Result<Parsed, ConfigError> {
    Config::parse(json.as_ref())
}

fn text_of_error(json: impl AsRef<[u8]>) -> String {
    parse(json).unwrap_err().to_string()
}

#[test]
fn only_the_token_is_needed() {
    let parsed = parse(r#"{"access_token": " Bearer pat-na1-x\n"}"#).unwrap();
    assert_eq!(parsed.config.access_token.expose(), "pat-na1-x");
    assert_eq!(parsed.config.lifecycle_stage, None);
    assert!(parsed.config.field_mappings.is_empty());
    assert_eq!(parsed.config.api_version, ApiVersion::Date202609);
    assert!(parsed.warnings.is_empty());
}

#[test]
fn null_and_blank_are_absent() {
    for absent in ["null", r#""""#, r#"" \t""#] {
        let parsed = parse(format!(
            r#"{{"access_token": "x", "lifecycle_stage": {absent}, "api_version": {absent},
                 "field_mappings": [{{"stream": {absent}, "field": "mail", "property": " email "}}]}}"#
        ))
        .unwrap();
        assert_eq!(parsed.config.lifecycle_stage, None);
        assert_eq!(parsed.config.api_version, ApiVersion::Date202609);
        assert_eq!(
            parsed.config.field_mappings,
            [FieldMapping {
                stream: None,
                field: "mail".to_owned(),
                property: "email".to_owned(),
                values: None
            }]
        );
    }
    assert!(
        parse(r#"{"access_token": "x", "field_mappings": null}"#).unwrap().config.field_mappings.is_empty()
    );
}

#[test]
fn text_is_trimmed_but_names_of_the_source_are_not() {
    let parsed = parse(
        r#"{"access_token": "x", "lifecycle_stage": " lead ", "api_version": " v3 ",
            "field_mappings": [{"stream": " users", "field": "mail ", "property": "\temail"}]}"#,
    )
    .unwrap();
    assert_eq!(parsed.config.lifecycle_stage.as_deref(), Some("lead"));
    assert_eq!(parsed.config.api_version, ApiVersion::V3);
    assert_eq!(
        parsed.config.field_mappings,
        [FieldMapping {
            stream: Some(" users".to_owned()),
            field: "mail ".to_owned(),
            property: "email".to_owned(),
            values: None
        }]
    );
}

#[test]
fn a_byte_order_mark_is_accepted() {
    assert!(parse("\u{feff}{\"access_token\": \"x\"}\r\n").is_ok());
}

#[test]
fn unknown_names_give_warnings_and_no_error() {
    let parsed = parse(
        r#"{"access_token": "x", "lifecycleStage": "lead", "credentials": {},
            "field_mappings": [{"strem": "users", "field": "mail", "property": "email"}]}"#,
    )
    .unwrap();
    let mut warnings = parsed.warnings;
    warnings.sort_unstable();
    assert_eq!(
        warnings,
        [
            "The setting `credentials` is unknown and has no effect.",
            "The setting `lifecycleStage` is unknown and has no effect. Did you mean `lifecycle_stage`?",
            "The setting `strem` in entry 1 of `field_mappings` is unknown and has no effect. Did you mean `stream`?",
        ]
    );
}

#[test]
fn errors_name_the_setting_and_the_cure() {
    let cases = [
        ("{", "The configuration is not valid JSON: look at line 1, column 1."),
        ("", "The configuration is not valid JSON: look at line 1, column 0."),
        (
            "access_token: x\n",
            "The configuration looks like YAML, but must be a JSON object with the settings in it, like \
             {\"access_token\": \"…\"}.",
        ),
        (
            "# a file of variables\nexport ACCESS_TOKEN=x\n",
            "The configuration looks like lines of `name=value`, but must be a JSON object with the settings in it, like \
             {\"access_token\": \"…\"}.",
        ),
        (
            r#"{"access_token": "x", "field_mappings": {"work_mail": "email"}}"#,
            r#"The setting `field_mappings` must be a list, such as [{"field": "work_mail", "property": "…"}]."#,
        ),
        (
            r#"{"access_token": "x", "field_mappings": [{"source": "a", "target": "b"}]}"#,
            "Entry 1 of `field_mappings` has `source` and `target`. Call them `field` (what the source sends) and \
             `property` (the internal name in HubSpot): {\"field\": \"…\", \"property\": \"…\"}.",
        ),
        (
            r#"{"access_token": "x", "field_mappings": [{"field": "a", "to": "b"}]}"#,
            "The setting `property` in entry 1 of `field_mappings` is missing or empty. \
             The configuration has `to` in its place: correct the name.",
        ),
        (
            r#"["x"]"#,
            "The configuration must be a JSON object with the settings in it, like {\"access_token\": \"…\"}.",
        ),
        (
            "{}",
            "The setting `access_token` is missing or empty. \
             Enter a HubSpot service key, or the access token of a private app.",
        ),
        (
            r#"{"access_token": "Bearer "}"#,
            "The setting `access_token` is missing or empty. \
             Enter a HubSpot service key, or the access token of a private app.",
        ),
        (
            r#"{"accessToken": "x"}"#,
            "The setting `access_token` is missing or empty. \
             The configuration has `accessToken` in its place: correct the name.",
        ),
        (
            r#"{"access_token": "x", "lifecycle_stage": 12345}"#,
            "The setting `lifecycle_stage` must be text, in double quotes.",
        ),
        (
            r#"{"access_token": "x", "api_version": "v4"}"#,
            r#"The setting `api_version` must be one of "2026-09", "v3"."#,
        ),
        (
            r#"{"access_token": "x", "invalid_values": "drop"}"#,
            r#"The setting `invalid_values` must be one of "drop_value", "reject_record"."#,
        ),
        (
            r#"{"access_token": "x", "field_mappings": "mail=email"}"#,
            r#"The setting `field_mappings` must be a list, such as [{"field": "…", "property": "…"}]."#,
        ),
        (
            r#"{"access_token": "x", "field_mappings": [{"field": "a", "property": "b"}, null]}"#,
            r#"Entry 2 of `field_mappings` must be an object, such as {"field": "…", "property": "…"}."#,
        ),
        (
            r#"{"access_token": "x", "field_mappings": [{"field": "mail"}]}"#,
            "The setting `property` in entry 1 of `field_mappings` is missing or empty. \
             Enter the internal name of the HubSpot property.",
        ),
        (
            r#"{"access_token": "x", "field_mappings": [{"property": "email"}]}"#,
            "The setting `field` in entry 1 of `field_mappings` is missing or empty. \
             Enter the name of the field, as the source sends it.",
        ),
        (
            r#"{"access_token": "x", "field_mappings": [{"fields": "mail", "property": "email"}]}"#,
            "The setting `field` in entry 1 of `field_mappings` is missing or empty. \
             The configuration has `fields` in its place: correct the name.",
        ),
        (
            r#"{"access_token": "x", "field_mappings":
                [{"field": "mail", "property": "email"}, {"field": "address", "property": "email"}]}"#,
            "The setting `field_mappings` maps both `mail` and `address` onto the HubSpot property `email`. \
             Keep one of them, or name the `stream` in each if they belong to different streams.",
        ),
        (
            r#"{"access_token": "x", "field_mappings": [{"stream": "s", "field": "mail", "property": "email"},
                {"stream": "s", "field": "address", "property": "email"}]}"#,
            "The setting `field_mappings` maps both `mail` and `address` onto the HubSpot property `email` \
             for the stream `s`. Keep one of them.",
        ),
    ];
    for (config, expected) in cases {
        assert_eq!(text_of_error(config), expected, "{config}");
    }
}

#[test]
fn an_error_is_the_users_to_fix() {
    let failure = Failure::from(parse("{}").unwrap_err());
    assert_eq!(failure.failure_type, FailureType::Config);
    assert!(failure.message.contains("`access_token`"));
}

#[test]
fn no_text_holds_the_token_or_a_value() {
    let broken = ["\n", " ", "\u{200b}", "\0", "é"].map(|inside| format!("{TOKEN}{inside}{TOKEN}"));
    let mut configs: Vec<String> =
        broken.iter().map(|token| json!({ "access_token": token }).to_string()).collect();
    configs.extend([
        TOKEN.to_owned(),
        format!("\"{TOKEN}\""),
        format!("[\"{TOKEN}\"]"),
        format!("{{\"access_token\": {TOKEN}}}"),
        format!("{{\"access_token\": \"{TOKEN}"),
        format!("{{\"access_token\": \"{TOKEN}\\x\"}}"),
        format!("{{\"access_token\": \"{TOKEN}\" \"{TOKEN}\"}}"),
        format!("{{\"access_token\": '{TOKEN}'}}"),
        json!({ "access_token": [TOKEN] }).to_string(),
        json!({ "access_token": { "token": TOKEN } }).to_string(),
        json!({ "acces_token": TOKEN }).to_string(),
        json!({ "token": TOKEN }).to_string(),
        json!({ "access_token": TOKEN, "lifecycle_stage": [TOKEN] }).to_string(),
        json!({ "access_token": TOKEN, "api_version": TOKEN }).to_string(),
        json!({ "access_token": TOKEN, "api_version": { TOKEN: TOKEN } }).to_string(),
        json!({ "access_token": TOKEN, "field_mappings": TOKEN }).to_string(),
        json!({ "access_token": TOKEN, "field_mappings": [TOKEN] }).to_string(),
        json!({ "access_token": TOKEN, "field_mappings": [[TOKEN, TOKEN, TOKEN]] }).to_string(),
        json!({ "access_token": TOKEN, "field_mappings": [{ "stream": TOKEN }] }).to_string(),
        json!({ "access_token": TOKEN, "field_mappings": [{ "field": [TOKEN] }] }).to_string(),
        json!({ "access_token": TOKEN, "streams": [{ "stream": TOKEN }] }).to_string(),
        json!({ "access_token": TOKEN, "policies": [{ "policy": TOKEN }] }).to_string(),
        json!({ "access_token": TOKEN, "max_archived": TOKEN }).to_string(),
    ]);
    for config in configs {
        let error = parse(&config).expect_err(&config);
        let texts = format!("{error} {error:?} {:?}", Failure::from(error.clone()));
        assert!(!texts.contains("5ec7e7"), "{texts}");
    }
    // A configuration that is accepted does not show it either.
    let config = json!({ "access_token": TOKEN, "unknown": TOKEN, "lifecycle-stage": TOKEN }).to_string();
    let parsed = parse(config).unwrap();
    assert_eq!(parsed.warnings.len(), 2);
    assert!(!format!("{parsed:?}").contains("5ec7e7"), "{parsed:?}");
}

/// JSON that is near a configuration: right and wrong names, and values of all kinds.
fn near_configuration() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        ".{0,12}".prop_map(|value| json!(value)),
        Just(json!("v3")),
    ];
    let name = prop_oneof![
        Just("access_token".to_owned()),
        Just("field_mappings".to_owned()),
        Just("streams".to_owned()),
        Just("policies".to_owned()),
        Just("policy".to_owned()),
        Just("api_version".to_owned()),
        Just("stream".to_owned()),
        Just("field".to_owned()),
        Just("property".to_owned()),
        ".{0,8}",
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|values| json!(values)),
            prop::collection::hash_map(name.clone(), inner, 0..6).prop_map(|members| json!(members)),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        drop(parse(bytes));
    }

    #[test]
    fn no_json_makes_it_panic(config in near_configuration()) {
        drop(parse(config.to_string()).map_err(|error| error.to_string()));
    }

    #[test]
    fn a_token_that_is_accepted_fits_into_a_header(pasted in ".{0,20}") {
        if let Ok(token) = AccessToken::new(&pasted) {
            prop_assert!(!token.expose().is_empty());
            prop_assert!(token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}

#[test]
fn a_token_in_another_place_is_refused_and_not_shown() {
    for config in [
        json!({ TOKEN: 1 }),
        json!({ "access_token": TOKEN, TOKEN: true }),
        json!({ "access_token": TOKEN, "field_mappings": { TOKEN: "email" } }),
        json!({ "access_token": TOKEN, "field_mappings": [{ "field": "a", "property": TOKEN }] }),
        json!({ "access_token": TOKEN, "field_mappings": [{ "field": "a", "property": "b", "values": format!("{TOKEN} = x") }] }),
        json!({ "access_token": TOKEN, "streams": [{ "stream": TOKEN, "mode": "archive" }] }),
        json!({ "access_token": TOKEN, "streams": [{ "stream": "users", TOKEN: 1 }] }),
        json!({ "access_token": TOKEN, "policies": [{ "property": TOKEN, "policy": "fill_empty" }] }),
    ] {
        assert_eq!(parse(config.to_string()).map(drop), Err(ConfigError::TokenElsewhere), "{config}");
    }
    // The name says more: nothing shows what stands under it.
    let renamed = parse(json!({ "accessToken": TOKEN }).to_string()).map(drop).unwrap_err().to_string();
    assert!(renamed.contains("has `accessToken` in its place"), "{renamed}");
}
