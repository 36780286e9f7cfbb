//! Tests that `spec.json` and the configuration that is read hold together, both ways.
//!
//! Each walks over what the two sides themselves say they hold, so that a new setting needs no new test here;
//! only `MAXIMAL` must be given it.

use std::{cell::Cell, sync::Arc};

use serde::de::value::Error as ProbeError;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde_json::{Map, Value, json};

use super::error::Place;
use super::raw::{RawConfig, RawFieldMapping, RawPolicy, RawStream};
use super::*;

pub(super) const SPEC: &str = include_str!("../../spec.json");

/// Every setting, each with a value other than its default; but for the mode, since each other one has no use for some setting.
pub(super) const MAXIMAL: &str = r#"{
    "access_token": "pat-na1-x",
    "lifecycle_stage": "lead",
    "field_mappings": [{"stream": "users", "field": "mail", "property": "email", "values": "a = b"}],
    "unknown_fields": "fail",
    "invalid_values": "reject_record",
    "null_values": "clear",
    "deleted_records": "write",
    "date_format": "day_first",
    "number_format": "comma_decimal",
    "fail_if_rejected": "1.5 %",
    "object_storage_config": {
        "storage_type": "S3", "access_key_id": "AKIA", "secret_access_key": "zz", "s3_bucket_name": "rejects",
        "s3_bucket_region": "eu-west-1", "s3_endpoint": "https://s3.example.com", "bucket_path": "hubspot",
        "path_format": "{date}", "file_name_format": "{timestamp}", "compression": { "compression_type": "GZIP" }
    },
    "api_version": "v3",
    "streams": [{
        "stream": "users", "mode": "upsert", "skip_unchanged": true, "lifecycle_stage": "customer", "null_values": "ignore",
        "invalid_values": "drop_value", "deleted_records": "archive", "date_format": "month_first",
        "number_format": "comma_thousands"
    }],
    "policies": [{"stream": "users", "property": "phone", "policy": "fill_empty"}],
    "max_archived": 7
}"#;

fn spec() -> Value {
    serde_json::from_str(SPEC).unwrap()
}

fn schema() -> Value {
    spec()["connectionSpecification"].clone()
}

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap()
}

/// An object of the schema, the names that we read in it, and a way to put such an object into a whole
/// configuration.
struct Level {
    schema: Value,
    fields: &'static [&'static str],
    /// What serde reads, asked from the derived code itself.
    derived: &'static [&'static str],
    place: Place,
    maximal: Map<String, Value>,
}

impl Level {
    fn all() -> [Self; 4] {
        let schema = schema();
        let maximal = object(MAXIMAL);
        let lists = List::ALL.map(|list| {
            let (fields, derived) = match list {
                List::FieldMappings => (RawFieldMapping::FIELDS, derived_fields::<RawFieldMapping>()),
                List::Streams => (RawStream::FIELDS, derived_fields::<RawStream>()),
                List::Policies => (RawPolicy::FIELDS, derived_fields::<RawPolicy>()),
            };
            Self {
                schema: schema["properties"][list.as_str()]["items"].clone(),
                fields,
                derived,
                place: Place::Entry(list, 0),
                maximal: maximal[list.as_str()][0].as_object().unwrap().clone(),
            }
        });
        let top = Self {
            schema,
            fields: RawConfig::FIELDS,
            derived: derived_fields::<RawConfig>(),
            place: Place::Top,
            maximal,
        };
        let [mappings, streams, policies] = lists;
        [mappings, streams, policies, top]
    }

    fn properties(&self) -> &Map<String, Value> {
        self.schema["properties"].as_object().unwrap()
    }

    fn is_required(&self, name: &str) -> bool {
        self.schema["required"].as_array().unwrap().contains(&json!(name))
    }

    /// The maximal configuration with `change` done at this level.
    fn config(&self, change: impl FnOnce(&mut Map<String, Value>)) -> Value {
        let mut level = self.maximal.clone();
        change(&mut level);
        let mut whole = object(MAXIMAL);
        match self.place {
            Place::Entry(list, index) => whole[list.as_str()][index] = Value::Object(level),
            Place::Top | Place::Store => whole = level,
        }
        Value::Object(whole)
    }
}

/// Asks the derived `Deserialize` which fields it looks for.
struct Probe<'a>(&'a Cell<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = ProbeError;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, ProbeError> {
        self.0.set(fields);
        Err(ProbeError::custom("only the names were wanted"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, ProbeError> {
        Err(ProbeError::custom("not a struct"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

pub(super) fn derived_fields<T: Deserialize<'static>>() -> &'static [&'static str] {
    let fields = Cell::new(&[][..]);
    assert!(T::deserialize(Probe(&fields)).is_err());
    fields.get()
}

fn sorted<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_unstable();
    names
}

fn parse(config: &Value) -> Result<Parsed, ConfigError> {
    Config::parse(config.to_string().as_bytes())
}

#[test]
fn the_schema_and_the_reader_know_the_same_names() {
    for level in Level::all() {
        let in_schema = sorted(level.properties().keys().map(String::as_str));
        assert_eq!(sorted(level.derived.iter().copied()), in_schema);
        assert_eq!(sorted(level.fields.iter().copied()), in_schema);
        assert_eq!(sorted(level.maximal.keys().map(String::as_str)), in_schema, "MAXIMAL is not maximal");
    }
}

#[test]
fn the_maximal_configuration_is_read_without_a_warning() {
    let parsed = Config::parse(MAXIMAL.as_bytes()).unwrap();
    assert_eq!(parsed.warnings, [""; 0]);
    assert_eq!(parsed.config.access_token.expose(), "pat-na1-x");
    assert_eq!(parsed.config.lifecycle_stage.as_deref(), Some("lead"));
    assert_eq!(
        parsed.config.field_mappings,
        [FieldMapping {
            stream: Some("users".to_owned()),
            field: "mail".to_owned(),
            property: "email".to_owned(),
            values: ValueTable::parse("a = b").map(Arc::new)
        }]
    );
    assert_eq!(parsed.config.unknown_fields, UnknownFields::Fail);
    assert_eq!(parsed.config.invalid_values, InvalidValues::RejectRecord);
    assert_eq!(parsed.config.null_values, NullValues::Clear);
    assert_eq!(parsed.config.deleted_records, DeletedRecords::Write);
    assert_eq!(parsed.config.date_format, DateFormat::DayFirst);
    assert_eq!(parsed.config.number_format, NumberFormat::CommaDecimal);
    assert_eq!(parsed.config.fail_if_rejected, FailIfRejected::Share(Share::parse("1.5 %").unwrap()));
    assert_eq!(parsed.config.object_storage.unwrap().compression, Compression::Gzip);
    assert_eq!(parsed.config.api_version, ApiVersion::V3);
    assert_eq!(
        parsed.config.streams,
        [StreamEntry {
            stream: "users".to_owned(),
            mode: Mode::Upsert,
            skip_unchanged: true,
            lifecycle_stage: Some("customer".to_owned()),
            invalid_values: Some(InvalidValues::DropValue),
            null_values: Some(NullValues::Ignore),
            deleted_records: Some(DeletedRecordsOfStream::Archive),
            date_format: Some(DateFormat::MonthFirst),
            number_format: Some(NumberFormat::CommaThousands),
        }]
    );
    assert_eq!(
        parsed.config.policies,
        [PolicyEntry {
            stream: Some("users".to_owned()),
            property: "phone".to_owned(),
            policy: Policy::FillEmpty
        }]
    );
    assert_eq!(parsed.config.max_archived, 7);
}

#[test]
fn every_property_is_read_and_has_the_type_that_the_schema_gives_it() {
    for level in Level::all() {
        for (name, property) in level.properties() {
            let (expected, wrong) = match property["type"].as_str().unwrap() {
                "string" => ("text, in double quotes", [json!({}), json!([]), json!(1), json!(true)]),
                "object" => ("an object", [json!([]), json!("x"), json!(1), json!(true)]),
                "array" => ("a list", [json!({}), json!("x"), json!(1), json!(true)]),
                "boolean" => ("true or false", [json!({}), json!([]), json!(1), json!("true")]),
                "integer" => ("a whole number", [json!(-1), json!(1.5), json!("1"), json!(true)]),
                other => panic!("say what {other} is in words, in `config::raw`"),
            };
            for value in wrong {
                let config = level.config(|level| drop(level.insert(name.clone(), value)));
                let setting = SettingPath::within(level.place, name);
                let said = parse(&config).unwrap_err().to_string();
                assert!(said.starts_with(&format!("{setting} must be {expected}")), "{said}");
            }
        }
    }
}

#[test]
fn what_the_schema_requires_is_required_and_nothing_else() {
    for level in Level::all() {
        for name in level.fields {
            let absent = level.config(|level| drop(level.remove(*name)));
            let null = level.config(|level| drop(level.insert((*name).to_owned(), Value::Null)));
            for config in [absent, null] {
                let missing =
                    ConfigError::Missing { setting: SettingPath::within(level.place, name), similar: None };
                let expected = if level.is_required(name) { Err(missing) } else { Ok(()) };
                assert_eq!(parse(&config).map(drop), expected, "{config}");
            }
        }
    }
}

/// Asserts that a setting of the schema has the choices and the default of a type.
fn agree<T: Choice>(setting: &Value) {
    agree_in_choices::<T>(setting);
    assert_eq!(setting["default"], json!(T::default().name()));
}

/// Asserts that a setting of the schema has the choices of a type.
fn agree_in_choices<T: Choice>(setting: &Value) {
    let names: Vec<&str> = T::all().iter().map(|one| one.name()).collect();
    assert_eq!(setting["enum"], json!(names));
}

/// Asserts that a setting of a stream has the choices of a type, and no default: what is absent is the top level's.
fn agree_without_default<T: Choice>(setting: &Value) {
    agree_in_choices::<T>(setting);
    assert_eq!(setting.get("default"), None);
}

/// Asserts something of a setting.
type Agreement = fn(&Value);

#[test]
fn the_choices_and_the_defaults_agree() {
    let schema = schema();
    let properties = schema["properties"].as_object().unwrap();
    let agreements: [(&str, Agreement); 7] = [
        ("api_version", agree::<ApiVersion>),
        ("unknown_fields", agree::<UnknownFields>),
        ("null_values", agree::<NullValues>),
        ("invalid_values", agree::<InvalidValues>),
        ("deleted_records", agree::<DeletedRecords>),
        ("date_format", agree::<DateFormat>),
        ("number_format", agree::<NumberFormat>),
    ];
    for (name, agree) in agreements {
        agree(&properties[name]);
    }
    assert_eq!(properties.values().filter(|setting| setting.get("enum").is_some()).count(), agreements.len());

    let of_streams: [(&str, Agreement); 6] = [
        ("mode", agree::<Mode>),
        ("null_values", agree_without_default::<NullValues>),
        ("invalid_values", agree_without_default::<InvalidValues>),
        ("deleted_records", agree_without_default::<DeletedRecordsOfStream>),
        ("date_format", agree_without_default::<DateFormat>),
        ("number_format", agree_without_default::<NumberFormat>),
    ];
    let of_policies: [(&str, Agreement); 1] = [("policy", agree::<Policy>)];
    for (list, agreements) in [("streams", &of_streams[..]), ("policies", &of_policies[..])] {
        let members = properties[list]["items"]["properties"].as_object().unwrap();
        for (name, agree) in agreements {
            agree(&members[*name]);
        }
        assert_eq!(
            members.values().filter(|setting| setting.get("enum").is_some()).count(),
            agreements.len()
        );
    }

    // Written out or left out, a default means the same.
    let mut explicit = object(r#"{"access_token": "pat-na1-x"}"#);
    let implicit = parse(&Value::Object(explicit.clone())).unwrap();
    for (name, property) in schema["properties"].as_object().unwrap() {
        if let Some(default) = property.get("default") {
            explicit.insert(name.clone(), default.clone());
        }
    }
    let explicit = parse(&Value::Object(explicit)).unwrap();
    assert_eq!(format!("{implicit:?}"), format!("{explicit:?}"));
}

#[test]
fn the_schema_accepts_what_is_right_and_refuses_what_is_wrong() {
    let schema = schema();
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let right = [
        json!({"access_token": "x"}),
        json!({"access_token": "x", "field_mappings": []}),
        json!({"access_token": "x", "unknown": {"to": ["us"]}}),
        json!({"access_token": "x", "fail_if_rejected": "never"}),
        json!({"access_token": "x", "fail_if_rejected": "100 %"}),
        json!({"access_token": "x", "fail_if_rejected": "0.05%"}),
        json!({"access_token": "x", "field_mappings": [{"field": "a", "property": "b", "unknown": 1}]}),
        json!({"access_token": "x", "streams": [{"stream": "a"}], "policies": []}),
        json!({"access_token": "x", "policies": [{"property": "*", "policy": "only_on_create"}]}),
        json!({"access_token": "x", "max_archived": 0}),
        Value::Object(object(MAXIMAL)),
    ];
    for config in right {
        assert!(validator.is_valid(&config), "{config}");
        assert!(parse(&config).is_ok(), "{config}");
    }
    let wrong = [
        json!(null),
        json!([]),
        json!("pat-na1-x"),
        json!({}),
        json!({"access_token": 1}),
        json!({"access_token": "x", "lifecycle_stage": 1}),
        json!({"access_token": "x", "api_version": "2026-03"}),
        json!({"access_token": "x", "api_version": 3}),
        json!({"access_token": "x", "invalid_values": "ignore"}),
        json!({"access_token": "x", "fail_if_rejected": "some"}),
        json!({"access_token": "x", "fail_if_rejected": "0 %"}),
        json!({"access_token": "x", "fail_if_rejected": "0.00 %"}),
        json!({"access_token": "x", "fail_if_rejected": "100.5 %"}),
        json!({"access_token": "x", "fail_if_rejected": "1"}),
        json!({"access_token": "x", "fail_if_rejected": 1}),
        json!({"access_token": "x", "field_mappings": {}}),
        json!({"access_token": "x", "field_mappings": ["email"]}),
        json!({"access_token": "x", "field_mappings": [["users", "mail", "email"]]}),
        json!({"access_token": "x", "field_mappings": [{"field": "mail"}]}),
        json!({"access_token": "x", "field_mappings": [{"property": "email"}]}),
        json!({"access_token": "x", "field_mappings": [{"field": 1, "property": "email"}]}),
        json!({"access_token": "x", "field_mappings": [{"stream": [], "field": "a", "property": "b"}]}),
        json!({"access_token": "x", "deleted_records": "archive"}),
        json!({"access_token": "x", "streams": ["users"]}),
        json!({"access_token": "x", "streams": [{"mode": "archive"}]}),
        json!({"access_token": "x", "streams": [{"stream": "a", "mode": "delete"}]}),
        json!({"access_token": "x", "streams": [{"stream": "a", "skip_unchanged": "true"}]}),
        json!({"access_token": "x", "policies": [{"property": "a"}]}),
        json!({"access_token": "x", "policies": [{"policy": "overwrite"}]}),
        json!({"access_token": "x", "policies": [{"property": "a", "policy": "never"}]}),
        json!({"access_token": "x", "max_archived": -1}),
        json!({"access_token": "x", "max_archived": "10"}),
    ];
    for config in wrong {
        assert!(!validator.is_valid(&config), "{config}");
        assert!(parse(&config).is_err(), "{config}");
    }
}

#[test]
fn the_schema_is_fit_for_a_form() {
    assert!(jsonschema::draft7::meta::is_valid(&schema()));
    for level in Level::all() {
        assert_eq!(level.schema["additionalProperties"], json!(true));
        let mut orders = Vec::new();
        for (name, property) in level.properties() {
            assert!(property["title"].is_string() && property["description"].is_string(), "{name}");
            orders.push(property["order"].as_u64().unwrap());
            let of_its_own = jsonschema::draft7::new(property).unwrap();
            let samples = property["examples"].as_array().unwrap().iter().chain(property.get("default"));
            for sample in samples {
                assert!(of_its_own.is_valid(sample), "{name}: {sample}");
                let config = level.config(|level| drop(level.insert(name.clone(), sample.clone())));
                // The token of the example is one that is easily left in place.
                let expected =
                    if name == "access_token" { Err(ConfigError::TokenPlaceholder) } else { Ok(()) };
                assert_eq!(parse(&config).map(drop), expected, "{config}");
            }
        }
        orders.sort_unstable();
        assert!(orders.iter().copied().eq(0..orders.len() as u64), "{orders:?}");
    }
    assert_eq!(schema()["properties"]["access_token"]["airbyte_secret"], json!(true));
}

#[test]
fn the_specification_promises_what_is_built() {
    let spec = spec();
    assert_eq!(spec["supported_destination_sync_modes"], json!(["append_dedup"]));
    assert_eq!(spec["supportsIncremental"], json!(true));
    assert_eq!(spec["supportsNormalization"], json!(false));
    assert_eq!(spec["supportsDBT"], json!(false));
    // The platform validates it against what it supports.
    assert_eq!(spec["protocol_version"], json!("0.2.0"));
}
