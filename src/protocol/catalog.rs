//! The configured catalog: the streams of a sync and what their records promise to hold.
//!
//! Not here: which field becomes which property, and what a sync without a catalog does.
//!
//! Source of the shape: `ConfiguredAirbyteCatalog` in `airbyte_protocol.yaml`, 0.18.0. Unknown members are ignored, and
//! a `null` is the same as no member.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, error::Category, value::RawValue};

use super::{
    error::{CatalogError, Place},
    json::{for_each_member, pick_from},
    message::StreamId,
};
/// The one kind of object that this destination offers.
pub const CONTACT: &str = "CONTACT";

/// The streams of a sync; no two have the same [`StreamId`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalog {
    pub streams: Vec<ConfiguredStream>,
    /// Streams in a mode that contacts cannot have, and how to say so.
    ///
    /// They are harmless as long as no record of theirs comes. To clear a stream, the platform runs the destination with the
    /// mode `overwrite` (or `append`, to one that knows refreshes), no records, and states that have to come back.
    /// Source: `CatalogTransforms.updateCatalogForReset` of the Airbyte platform.
    pub unsupported: IndexMap<StreamId, CatalogError>,
}

/// What the platform asks a destination to do with the records of a stream.
///
/// Source: `DestinationSyncMode` of the Airbyte protocol. The last two are for data activation alone, where the platform has chosen them
/// among what `discover` offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestinationMode {
    AppendDedup,
    /// Records that are there are changed, and none is created.
    Update,
    /// Records that are there go into the recycle bin.
    SoftDelete,
}

impl DestinationMode {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::AppendDedup, Self::Update, Self::SoftDelete];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::AppendDedup => "append_dedup",
            Self::Update => "update",
            Self::SoftDelete => "soft_delete",
        }
    }
}

/// A stream to be written.
///
/// The source's sync mode is not kept: `full_refresh` is as good as `incremental`.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfiguredStream {
    pub id: StreamId,
    pub mode: DestinationMode,
    /// The top-level properties of the JSON schema in their order; none if there is no schema or it says nothing.
    pub fields: Vec<Field>,
    /// The field that holds the address, where the platform has chosen it among what `discover` offers.
    pub matching_key: Option<String>,
    /// The platform has mapped the fields itself: they have the internal names of properties.
    pub fields_are_properties: bool,
    pub generation_id: Option<i64>,
    pub minimum_generation_id: Option<i64>,
    /// The paths of the fields that tell its rows apart, if the catalog declares them.
    pub primary_key: Vec<Vec<String>>,
    /// The platform's number of the sync.
    pub sync_id: Option<i64>,
}

/// A field that the stream declares.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub name: String,
    /// The JSON schema of the field, e.g. `{"type":["null","string"],"format":"date"}`.
    pub schema: Value,
}

impl Catalog {
    /// Reads a catalog file.
    ///
    /// # Errors
    ///
    /// If it is not a catalog, names a stream twice, or asks for a destination sync mode that does not exist.
    pub fn parse(bytes: &[u8]) -> Result<Self, CatalogError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut source = serde_json::Deserializer::from_slice(bytes);
        let raw: RawCatalog<'_> = serde_path_to_error::deserialize(&mut source)
            .map_err(|error| unreadable(error.inner(), Some(&error.path().to_string())))?;
        source.end().map_err(|error| unreadable(&error, None))?;

        let raw_streams = raw.streams.ok_or(CatalogError::NoStreams)?;
        let mut seen = HashSet::new();
        let mut catalog = Self::default();
        for (index, raw_stream) in raw_streams.into_iter().enumerate() {
            let id = raw_stream.id(index)?;
            if !seen.insert(id.clone()) {
                return Err(CatalogError::StreamTwice { stream: id });
            }
            let is_activated = raw_stream.is_activated();
            match destination_mode(&id, raw_stream.destination_sync_mode.as_deref(), is_activated)? {
                Ok(mode) => catalog.streams.push(raw_stream.check(id, mode)?),
                Err(error) => drop(catalog.unsupported.insert(id, error)),
            }
        }
        Ok(catalog)
    }
}

impl ConfiguredStream {
    /// A stream of which nothing is declared, since there is no catalog.
    pub fn undeclared(id: StreamId) -> Self {
        Self {
            id,
            mode: DestinationMode::AppendDedup,
            fields: Vec::new(),
            matching_key: None,
            fields_are_properties: false,
            generation_id: None,
            minimum_generation_id: None,
            primary_key: Vec::new(),
            sync_id: None,
        }
    }

    /// Whether the platform expects that older generations are deleted, which HubSpot cannot do.
    ///
    /// True for every sync of `PyAirbyte`, and for a refresh that clears the destination.
    pub fn asks_for_truncation(&self) -> bool {
        self.minimum_generation_id.is_some_and(|minimum| minimum > 0)
            && self.minimum_generation_id == self.generation_id
    }
}

#[derive(Deserialize)]
struct RawCatalog<'a> {
    #[serde(borrow)]
    streams: Option<Vec<RawConfiguredStream<'a>>>,
}

#[derive(Deserialize)]
struct RawConfiguredStream<'a> {
    #[serde(borrow)]
    stream: Option<RawStream<'a>>,
    destination_sync_mode: Option<String>,
    primary_key: Option<Vec<Vec<String>>>,
    destination_object_name: Option<String>,
    generation_id: Option<i64>,
    minimum_generation_id: Option<i64>,
    sync_id: Option<i64>,
}

#[derive(Deserialize)]
struct RawStream<'a> {
    name: Option<String>,
    namespace: Option<String>,
    #[serde(borrow)]
    json_schema: Option<&'a RawValue>,
}

impl RawConfiguredStream<'_> {
    fn id(&self, index: usize) -> Result<StreamId, CatalogError> {
        let stream = self.stream.as_ref();
        let name = stream.and_then(|stream| stream.name.as_deref());
        let name = name.ok_or(CatalogError::NamelessStream { index })?;
        Ok(StreamId::new(name, stream.and_then(|stream| stream.namespace.as_deref())))
    }

    /// The platform maps its fields to those of an object: data activation.
    fn is_activated(&self) -> bool {
        self.destination_object_name.as_deref().is_some_and(|name| !name.is_empty())
    }

    fn check(self, id: StreamId, mode: DestinationMode) -> Result<ConfiguredStream, CatalogError> {
        Ok(ConfiguredStream {
            mode,
            fields_are_properties: self.is_activated(),
            fields: fields(&id, self.stream.and_then(|stream| stream.json_schema))?,
            matching_key: matching_key(
                &id,
                self.destination_object_name.as_deref(),
                self.primary_key.clone(),
            )?,
            primary_key: self.primary_key.unwrap_or_default(),
            sync_id: self.sync_id,
            id,
            generation_id: self.generation_id,
            minimum_generation_id: self.minimum_generation_id,
        })
    }
}

/// Without the name of an object, the primary key is the source's own and says nothing of HubSpot.
fn matching_key(
    id: &StreamId,
    object_name: Option<&str>,
    primary_key: Option<Vec<Vec<String>>>,
) -> Result<Option<String>, CatalogError> {
    match object_name.filter(|name| !name.is_empty()) {
        None => Ok(None),
        Some(CONTACT) => match primary_key.unwrap_or_default().as_slice() {
            [] => Ok(None),
            [path] if path.len() == 1 => Ok(path.first().cloned()),
            _ => Err(CatalogError::NoSingleKey { stream: id.clone() }),
        },
        Some(other) => {
            Err(CatalogError::OtherObject { stream: id.clone(), asked: other.to_owned(), offered: CONTACT })
        }
    }
}

/// What a stream asks for, or what is wrong with a record of it.
///
/// # Errors
///
/// If the mode is missing or does not exist.
fn destination_mode(
    id: &StreamId,
    mode: Option<&str>,
    is_activated: bool,
) -> Result<Result<DestinationMode, CatalogError>, CatalogError> {
    const OTHERS: [&str; 5] = ["append", "overwrite", "overwrite_dedup", "update", "soft_delete"];

    let stream = || id.clone();
    let known = DestinationMode::ALL.into_iter().find(|known| Some(known.as_str()) == mode);
    if let Some(known) = known.filter(|known| is_activated || *known == DestinationMode::AppendDedup) {
        return Ok(Ok(known));
    }
    match mode {
        Some(mode) => match OTHERS.into_iter().find(|other| *other == mode) {
            Some(mode) => Ok(Err(CatalogError::OtherMode { stream: stream(), mode })),
            None => Err(CatalogError::NoSuchMode { stream: stream() }),
        },
        None => Err(CatalogError::NoMode { stream: stream() }),
    }
}

/// The properties of a schema; of several with one name the last counts, in the place of the first.
fn fields(id: &StreamId, json_schema: Option<&RawValue>) -> Result<Vec<Field>, CatalogError> {
    // A schema may also be `true`, and one of any other form declares just as little.
    let Some([Some(properties)]) = pick_from(json_schema, ["properties"]) else { return Ok(Vec::new()) };
    let mut schemas: IndexMap<String, &RawValue> = IndexMap::new();
    if for_each_member(properties, |name, schema| {
        schemas.insert(name.into_owned(), schema);
    })
    .is_err()
    {
        return Ok(Vec::new());
    }
    let field = |(name, schema): (String, &RawValue)| {
        // What is JSON but no value: a number beyond a double, or 128 levels of nesting.
        let schema = serde_json::from_str(schema.get())
            .map_err(|_| CatalogError::UnreadableSchema { stream: id.clone() })?;
        Ok(Field { name, schema })
    };
    schemas.into_iter().map(field).collect()
}

/// Says where the catalog is wrong. The parser's own texts quote the file, so they are left out.
fn unreadable(error: &serde_json::Error, path: Option<&str>) -> CatalogError {
    let at = Place { line: error.line(), column: error.column() };
    match (error.classify(), path) {
        (Category::Data, Some(path)) => CatalogError::WrongForm { path: path.to_owned(), at },
        (Category::Eof, _) => CatalogError::Cut { at },
        (Category::Data | Category::Syntax | Category::Io, _) => CatalogError::NotJson { at },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::{FailedStream, Failure, FailureType};

    fn parse(catalog: &Value) -> Result<Catalog, Failure> {
        Ok(Catalog::parse(catalog.to_string().as_bytes())?)
    }

    fn stream(name: &str, mode: &str) -> Value {
        json!({"stream": {"name": name, "json_schema": {}}, "sync_mode": "incremental", "destination_sync_mode": mode})
    }

    #[test]
    fn a_whole_catalog_is_read() {
        let bytes = br#"{"unknown":1,"streams":[{
            "stream":{"name":"users","namespace":"public","json_schema":{"type":"object","properties":
                {"z":{"type":"string"},"email":{"type":["null","string"]},"z":{"type":"number","maximum":12345678901234567890},"a":true}},
                "supported_sync_modes":["full_refresh"],"source_defined_primary_key":[["id"]]},
            "sync_mode":"full_refresh","cursor_field":["x"],"destination_sync_mode":"append_dedup",
            "destination_object_name":"CONTACT","primary_key":[["mail"]],
            "generation_id":3,"minimum_generation_id":0,"sync_id":9,"include_files":false}]}"#;
        let catalog = Catalog::parse(bytes).expect("a catalog");
        let stream = &catalog.streams[0];
        assert_eq!(stream.id, StreamId::new("users", Some("public")));
        let names: Vec<&str> = stream.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["z", "email", "a"]);
        assert_eq!(
            stream.fields[0].schema,
            json!({"type": "number", "maximum": 12_345_678_901_234_567_890_u64})
        );
        assert_eq!(stream.matching_key.as_deref(), Some("mail"));
        assert_eq!((stream.generation_id, stream.minimum_generation_id), (Some(3), Some(0)));
    }

    #[test]
    fn the_primary_key_is_hubspots_only_where_the_object_is_named() {
        let of = |object: &Value, key: &Value| {
            let mut stream = stream("users", "append_dedup");
            stream["destination_object_name"] = object.clone();
            stream["primary_key"] = key.clone();
            parse(&json!({ "streams": [stream] })).map(|catalog| catalog.streams[0].matching_key.clone())
        };
        assert_eq!(of(&json!(null), &json!([["id"]])).unwrap(), None);
        assert_eq!(of(&json!(""), &json!([["id"], ["a", "b"]])).unwrap(), None);
        assert_eq!(of(&json!("CONTACT"), &json!([])).unwrap(), None);
        assert_eq!(of(&json!("CONTACT"), &json!([["mail"]])).unwrap().as_deref(), Some("mail"));
        for (object, key) in [
            ("COMPANY", json!([["mail"]])),
            ("CONTACT", json!([["a"], ["b"]])),
            ("CONTACT", json!([["a", "b"]])),
        ] {
            let failure = of(&json!(object), &key).unwrap_err();
            assert_eq!(failure.failure_type, FailureType::Config);
            let stream = FailedStream { name: "users".to_owned(), namespace: None };
            assert_eq!(failure.stream, Some(stream), "{failure}");
        }
    }

    #[test]
    fn nulls_and_schemas_that_say_nothing_are_tolerated() {
        for schema in [
            json!(null),
            json!({}),
            json!(true),
            json!("x"),
            json!([]),
            json!({"properties": null}),
            json!({"properties": []}),
        ] {
            let catalog = parse(&json!({"streams": [{
                "stream": {"name": "s", "namespace": "", "json_schema": schema, "source_defined_primary_key": null},
                "sync_mode": null, "destination_sync_mode": "append_dedup", "primary_key": null, "cursor_field": null,
                "generation_id": null, "minimum_generation_id": null, "destination_object_name": null,
            }]}))
            .expect("a catalog");
            assert_eq!(catalog.streams, [ConfiguredStream::undeclared(StreamId::new("s", None))]);
        }
        let missing =
            json!({"streams": [{"stream": {"name": "s"}, "destination_sync_mode": "append_dedup"}]});
        assert_eq!(parse(&missing).map(|catalog| catalog.streams.len()), Ok(1));
        assert_eq!(Catalog::parse(b"\xef\xbb\xbf{\"streams\":[]}"), Ok(Catalog::default()));
    }

    #[test]
    fn other_modes_name_the_stream_and_the_cure() {
        let unsupported = |mode| {
            let catalog = parse(&json!({"streams": [stream("users", mode)]}))?;
            assert!(catalog.streams.is_empty());
            Err::<(), Failure>(catalog.unsupported[&StreamId::new("users", None)].clone().into())
        };
        for (mode, said) in [
            ("append", "asks for the destination sync mode \"append\""),
            ("overwrite", "asks for the destination sync mode \"overwrite\""),
            ("secret", "asks for a destination sync mode that does not exist"),
        ] {
            let failure = unsupported(mode).expect_err(mode);
            assert_eq!(failure.failure_type, FailureType::Config);
            assert!(failure.message.contains(&format!("The stream \"users\" {said}")), "{failure}");
            assert!(failure.message.contains("Set a primary key"), "{failure}");
            assert!(!failure.message.contains("secret"));
            assert_eq!(failure.stream, Some(FailedStream { name: "users".to_owned(), namespace: None }));
        }
        let failure = parse(&json!({"streams": [{"stream": {"name": "users"}}]})).expect_err("no mode");
        assert!(failure.message.contains("has no destination sync mode"), "{failure}");
    }

    #[test]
    fn streams_are_told_apart_by_name_and_namespace() {
        let mut other = stream("users", "append_dedup");
        other["stream"]["namespace"] = json!("public");
        let mut empty = stream("users", "append_dedup");
        empty["stream"]["namespace"] = json!("");
        assert!(parse(&json!({"streams": [stream("users", "append_dedup"), other]})).is_ok());
        let failure =
            parse(&json!({"streams": [stream("users", "append_dedup"), empty]})).expect_err("twice");
        assert!(failure.message.contains("\"users\" more than once"), "{failure}");
        assert!(failure.stream.is_some());
    }

    #[test]
    fn what_is_no_catalog_is_placed_and_not_quoted() {
        for (bytes, expected) in [
            (&b"{\n  secret"[..], "The catalog is not valid JSON (line 2, column 3)."),
            (b"{\"streams\":[", "The catalog ends before its JSON does (line 1, column 12)."),
            (b"", "The catalog ends before its JSON does (line 1, column 0)."),
            (b"{\"streams\":[]} secret", "The catalog is not valid JSON (line 1, column 16)."),
            (b"{\"secret\":[]}", "The catalog has no list `streams`: is it another file?"),
            (b"{\"streams\":null}", "The catalog has no list `streams`: is it another file?"),
            (b"{\"streams\":[{}]}", "The catalog has a stream without a name (`streams[0].stream.name`)."),
            (
                b"{\"streams\":[{\"stream\":null},\n{\"stream\":{\"name\":{\"secret\":1}}}]}",
                "The catalog cannot be read: `streams[1].stream.name` is not of the form that Airbyte defines (line 2, column 18).",
            ),
            (
                b"[\"secret\"]",
                "The catalog cannot be read: `[0]` is not of the form that Airbyte defines (line 1, column 9).",
            ),
            (
                b"{\"streams\":[{\"primary_key\":[\"secret\"]}]}",
                "The catalog cannot be read: `streams[0].primary_key[0]` is not of the form that Airbyte defines (line 1, column 36).",
            ),
        ] {
            let failure = Failure::from(Catalog::parse(bytes).expect_err(expected));
            assert_eq!(failure.message, expected);
            assert_eq!(failure.failure_type, FailureType::Config);
        }
    }

    #[test]
    fn truncation_is_asked_for_where_the_minimum_is_the_current_generation() {
        let asks = |generation: Value, minimum: Value| {
            let mut stream = stream("s", "append_dedup");
            stream["generation_id"] = generation;
            stream["minimum_generation_id"] = minimum;
            parse(&json!({"streams": [stream]})).expect("a catalog").streams[0].asks_for_truncation()
        };
        assert!(asks(json!(1), json!(1)));
        assert!(!asks(json!(0), json!(0)));
        assert!(!asks(json!(2), json!(0)));
        assert!(!asks(json!(2), json!(1)));
        assert!(!asks(json!(null), json!(null)));
        assert!(!asks(json!(1), json!(null)));
    }
}
