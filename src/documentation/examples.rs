//! A message of each kind that the layers can give but for calls to HubSpot ([`super::of_calls`]), with `…` or
//! [`N`] for what differs.

use std::{fmt::Display, io::ErrorKind};

use super::{N, each_of};
use crate::{
    command::{error::CommandError, report_file::ReportError},
    config::{Config, ConfigError, Environment, List, SettingPath, Share},
    crm::schema::Stage,
    error::Failure,
    hubspot::{error::Called, error_body::ErrorBody},
    io::{input::InputError, output::OutputClosed},
    logging::{self, Defect},
    mapping::{
        error::{Cure, MappingError, UnknownOfStream},
        field::LeftOut,
        reason::{Code, Reason},
    },
    prepare::error::{KeylessStream, LookedFor, PrepareError},
    protocol::{
        error::{CatalogError, Place},
        foreign::Foreign,
        message::{Malformed, StreamId},
    },
    sync::error::{Refusal, SyncError},
};

/// A message.
pub(super) struct Example {
    pub(super) message: String,
    /// What in it differs, besides numbers.
    pub(super) parts: Vec<String>,
}

impl Example {
    pub(super) fn of(message: &str) -> Self {
        Self { message: message.to_owned(), parts: Vec::new() }
    }

    pub(super) fn with(mut self, parts: &[&str]) -> Self {
        self.parts.extend(parts.iter().map(|part| (*part).to_owned()));
        self
    }
}

/// The text that differs.
fn any() -> String {
    "…".to_owned()
}

fn stream() -> StreamId {
    StreamId::new("…", None)
}

fn number() -> u64 {
    N.into()
}

pub(super) fn failures(errors: impl IntoIterator<Item = impl Into<Failure>>) -> Vec<Example> {
    errors.into_iter().map(|error| Example::of(&error.into().message)).collect()
}

pub(super) fn texts(texts: impl IntoIterator<Item = impl Display>) -> Vec<Example> {
    texts.into_iter().map(|text| Example::of(&text.to_string())).collect()
}

pub(super) fn of_settings() -> Vec<Example> {
    let top = || SettingPath::Top(any());
    let token = || SettingPath::Top("access_token".to_owned());
    let entry = usize::from(N) - 1;
    let of_entry = |name: &str| SettingPath::OfEntry(List::FieldMappings, entry, name.to_owned());
    let errors = each_of!(ConfigError:
        NotJson { line: N.into(), column: N.into() },
        OtherFormat { format: "…" },
        NotAnObject,
        Missing { setting: token(), similar: None },
        WrongType { setting: top(), expected: "…" },
        NotAList { setting: SettingPath::Top("field_mappings".to_owned()), form: any() },
        StrangeEntry { setting: SettingPath::Entry(List::FieldMappings, entry), said: any() },
        NotOneOf { setting: top(), choices: any() },
        NoShare { setting: SettingPath::Top("fail_if_rejected".to_owned()) },
        NoValueTable { setting: of_entry("values") },
        TokenElsewhere,
        TokenMasked,
        TokenPlaceholder,
        TokenQuoted,
        TokenWithSpace,
        TokenNotAscii,
        PropertyTwice { stream: None, first_field: any(), second_field: any(), property: any() },
        StreamTwice { stream: any() },
        PolicyTwice { stream: None, property: any() },
        ArchiveAtTop,
        StoreValue { setting: top(), fault: "must be the name of a region, such as us-east-1" },
        UnknownPlaceholder { setting: top(), written: any(), known: any() },
        RoleWithoutKeys,
        StoreKeyElsewhere,
        Environment { variable: "HUBSPOT_API_BASE_URL", fault: "…" },
    );
    let others = [
        ConfigError::Missing { setting: token(), similar: Some(any()) },
        ConfigError::Missing { setting: of_entry("field"), similar: None },
        ConfigError::Missing { setting: of_entry("property"), similar: None },
        ConfigError::PropertyTwice {
            stream: Some(any()),
            first_field: any(),
            second_field: any(),
            property: any(),
        },
        ConfigError::PolicyTwice { stream: Some(any()), property: any() },
    ];
    let missing_in_lists =
        [(List::Streams, "stream"), (List::Policies, "property"), (List::Policies, "policy")].map(
            |(list, name)| {
                let setting = SettingPath::OfEntry(list, entry, name.to_owned());
                ConfigError::Missing { setting, similar: None }
            },
        );
    let wrong = [("HUBSPOT_API_ALLOW_HTTP", "2"), ("HUBSPOT_DELAY_SCALE", "2")];
    let of_variables = wrong.map(|(variable, value)| {
        let get = |name: &str| match name {
            "HUBSPOT_API_BASE_URL" => Some("http://127.0.0.1:9".to_owned()),
            name => (name == variable).then(|| value.to_owned()),
        };
        Environment::read(get).unwrap_err()
    });
    // What it says is made of the entry or the store: see `of_strange_entries`, `of_store`.
    let is_said_elsewhere = |error: &ConfigError| {
        matches!(
            error,
            ConfigError::StrangeEntry { .. }
                | ConfigError::StoreValue { .. }
                | ConfigError::UnknownPlaceholder { .. }
        )
    };
    let errors = errors.into_iter().filter(|error| !is_said_elsewhere(error));
    failures(errors.chain(others).chain(missing_in_lists).chain(of_variables))
}

/// Entries of `field_mappings` with other names than ours.
pub(super) fn of_strange_entries() -> Vec<Example> {
    let entries = [
        r#"{"source": "", "target": ""}"#,
        r#"{"source": ""}"#,
        r#"{"target": ""}"#,
        r#"{"…": ""}"#,
        r#"{"x1": "", "x2": ""}"#,
    ];
    let said = |entry: &str| {
        let config = format!(r#"{{"access_token": "pat-x", "field_mappings": [{entry}]}}"#);
        let error = Config::parse(config.as_bytes()).unwrap_err();
        assert!(matches!(error, ConfigError::StrangeEntry { .. }), "{error:?}");
        let message = error.to_string().replace("Entry 1 ", "Entry … ");
        Example::of(&message.replace("`source`", "`…`").replace("`target`", "`…`"))
    };
    entries.map(said).into()
}

pub(super) fn warnings() -> Vec<Example> {
    let mapping = r#"{"field": "a", "property": "b"}"#;
    let policy = r#"{"property": "a", "policy": "fill_empty"}"#;
    let config = format!(
        r#"{{"access_token": "pat-x", "…": 1, "lifecycle_stag": "x", "field_mappings": [{mapping}, {mapping}],
             "policies": [{policy}, {policy}], "streams": [{{"stream": "a"}}]}}"#
    );
    let parsed = Config::parse(config.as_bytes()).unwrap();
    assert_eq!(parsed.warnings.len(), 5);
    let of_config = parsed
        .warnings
        .iter()
        .map(|warning| Example::of(warning).with(&["lifecycle_stage", "lifecycle_stag", "2", "1"]));
    let of_modes = r#"{"access_token": "pat-x", "streams": [
        {"stream": "a", "mode": "update_only", "lifecycle_stage": "x"},
        {"stream": "b", "mode": "create_only", "skip_unchanged": true},
        {"stream": "c", "mode": "archive", "null_values": "clear"}]}"#;
    let of_modes = Config::parse(of_modes.as_bytes()).unwrap().warnings;
    assert_eq!(of_modes.len(), 3);
    let of_config = of_config
        .chain(of_modes.iter().map(|warning| Example::of(warning).with(&["null_values", "1", "2", "3"])));
    let address = "http://hubspot.example";
    let environment = Environment::read(|name: &str| match name {
        "HUBSPOT_API_BASE_URL" => Some(address.to_owned()),
        "HUBSPOT_API_ALLOW_HTTP" => Some("1".to_owned()),
        _ => None,
    });
    let of_environment = environment.unwrap().warnings();
    assert_eq!(of_environment.len(), 2);
    let of_environment = of_environment.iter().map(|warning| Example::of(warning).with(&[address]));
    of_config.chain(of_environment).chain([Example::of(&logging::no_level("…"))]).collect()
}

pub(super) fn of_catalog() -> Vec<Example> {
    let at = Place { line: N.into(), column: N.into() };
    failures(each_of!(CatalogError:
        NotJson { at: at },
        Cut { at: at },
        WrongForm { path: any(), at: at },
        NoStreams,
        NamelessStream { index: N.into() },
        StreamTwice { stream: stream() },
        OtherMode { stream: stream(), mode: "…" },
        NoSuchMode { stream: stream() },
        NoMode { stream: stream() },
        NoSingleKey { stream: stream() },
        OtherObject { stream: stream(), asked: any(), offered: "CONTACT" },
        UnreadableSchema { stream: stream() },
    ))
}

/// What ends the reading of the input, and what can be wrong with a line.
pub(super) fn of_input() -> Vec<Example> {
    let ends = each_of!(InputError: LineTooLong { line: number() }, Read(ErrorKind::Other), Stopped);
    let foreign = each_of!(Foreign:
        Row { line: number() },
        SeveralLines { line: number() },
        List { line: number() },
        Csv { line: number(), separator: "…" },
        Utf16 { line: number() },
    );
    let lines = each_of!(Malformed:
        NotUtf8,
        NotJson { column: N.into() },
        Cut,
        NotAnObject,
        NoType,
        ForeignType,
        NoRecord,
        RecordWithoutStream,
        RecordWithoutData,
        RejectionWithoutMoment,
        NamespaceNotText,
        NoState,
        StateWithoutStream,
    );
    let ends = failures(ends).into_iter().map(|one| one.with(&["other error"]));
    ends.chain(failures(foreign)).chain(texts(lines)).collect()
}

pub(super) fn of_mapping() -> Vec<Example> {
    let no_such = |cure| MappingError::NoSuchProperty { field: any(), property: any(), cure };
    let errors = each_of!(MappingError:
        PropertyTwice { stream: stream(), property: any(), first_field: any(), second_field: any() },
        ReadOnly { field: any(), property: any() },
        NoSuchProperty { field: any(), property: any(), cure: Cure::CopyOrCreate },
        UnknownFields { streams: vec![UnknownOfStream { stream: stream(), fields: any() }] },
    );
    let cures = each_of!(Cure:
        UseName("…".into()),
        ChooseNear(vec!["…".into()]),
        CopyOrCreate,
        CopyOrRename,
        CorrectField { nearest: Some(any()) },
    );
    let without = Cure::CorrectField { nearest: None };
    let cures = cures.into_iter().chain([without]);
    failures(errors.into_iter().chain(cures.map(no_such)))
}

pub(super) fn of_preparation() -> Vec<Example> {
    let stages = || vec![Stage { value: "…".into(), label: any() }];
    let no_key = |looked_for| {
        let one = KeylessStream { stream: stream(), looked_for, fields: vec![any()], more_fields: 0 };
        PrepareError::NoKey { streams: vec![one], candidate: Some(any()) }
    };
    let errors = each_of!(PrepareError:
        NoKey { streams: Vec::new(), candidate: None },
        StageOfSeveral { stages: stages() },
        NoStages,
        NoSuchStage { stages: stages() },
        NoneCreated { refused: vec![(any(), any())] },
        MissingScope { refusal: any(), setting: "…", stream: Some(any()) },
        NotListedYet { properties: vec![any()] },
    );
    let looked_for = each_of!(LookedFor:
        UsualName { perhaps: vec![any()] },
        Mapped { field: any(), nearest: Some(any()) },
    );
    // A list without a stream is never told.
    let errors = errors.into_iter().filter(|error| !matches!(error, PrepareError::NoKey { .. }));
    failures(errors.chain(looked_for.into_iter().map(no_key)))
}

pub(super) fn of_sync() -> Vec<Example> {
    let refusal = || Refusal::new(N, &ErrorBody::default());
    let code = Code::InvalidEmail;
    let all_rejected = |acknowledged| SyncError::AllRejected {
        stream: stream(),
        not_written: number(),
        wrong: number(),
        count: number(),
        reason: Reason::of(code),
        acknowledged,
    };
    let errors = each_of!(SyncError:
        Malformed { line: number(), error: Malformed::Cut },
        NotInCatalog { stream: stream() },
        PropertyGone { property: "…".into() },
        AllRejected {
            stream: stream(),
            not_written: number(),
            wrong: number(),
            count: number(),
            reason: Reason::of(code),
            acknowledged: false,
        },
        ShareExceeded {
            stream: stream(),
            share: Share::parse("100 %").unwrap(),
            records_then: number(),
            rejected_then: number(),
            records: number(),
            rejected: number(),
            count: number(),
            reason: Box::new(Reason::of(code)),
            acknowledged: true,
            others: 1,
        },
        NeverSettled { open: number() },
        ArchivedEnough { most: number() },
        NotAccountedFor,
        NothingAccepted { refused: number(), correlation_id: None },
        NothingAnswered { unanswered: number() },
        BatchesRefused(refusal()),
        LookUpsUnanswered,
        LookUpsRefused(refusal()),
    );
    let cut = Malformed::Cut.to_string();
    let parts = [code.as_str(), code.advice(), cut.as_str(), "100 %"];
    let errors = errors.into_iter().chain([all_rejected(true)]);
    failures(errors).into_iter().map(|one| one.with(&parts)).collect()
}

pub(super) fn of_command() -> Vec<Example> {
    let (argument, file) = ("--config", any);
    let called = Called::default();
    let errors = each_of!(CommandError:
        NoFile { argument: argument, file: file() },
        Folder { argument: argument, file: file() },
        NotPermitted { argument: argument, file: file() },
        Unreadable { argument: argument, file: file(), kind: ErrorKind::Other },
        Utf16 { argument: argument, file: file() },
        EmptyFile { argument: argument, file: file() },
        NoAnswer { seconds: number(), called: called.clone() },
        NoRuntime(ErrorKind::Other),
        OutputClosed,
    );
    let of_report = each_of!(ReportError:
        NoFile { file: file() },
        NoReport { file: file() },
        NotWritable { file: file(), kind: ErrorKind::Other },
        NotWritten { file: file(), kind: ErrorKind::Other },
    );
    let parts = ["other error", &called.advice()];
    let mut examples = failures(errors);
    examples.extend(failures(of_report));
    examples.extend(failures([Defect { place: any() }]));
    examples.extend(texts([OutputClosed]));
    examples.into_iter().map(|one| one.with(&parts)).collect()
}

pub(super) fn of_fields_left_out() -> Vec<Example> {
    let reasons = each_of!(LeftOut:
        NoProperty,
        Perhaps(Vec::new()),
        Nested(Vec::new()),
        Ambiguous,
        NeedsMapping("…".into(), Vec::new()),
        Claimed("…".into()),
        MappedTooLate("…".into()),
        ReadOnly,
        DeletionMark,
        Technical,
    );
    texts(reasons.iter().map(LeftOut::reason))
}
