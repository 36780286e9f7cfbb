//! Everything about the sandbox that can be set: the account it plays, its limits, and how it answers the questions that
//! HubSpot's documentation leaves open. All of it can be changed while the sandbox runs.
//!
//! The rules for faults are in [`crate::Fault`]; nothing here decides anything.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

use serde::{Deserialize, Serialize};

use crate::faults::rule::Fault;

/// What a [`Sandbox`](crate::Sandbox) is to be. `Settings::default()` is a Free account that behaves well; a JSON
/// file names only the members that differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent switch with a name of its own in JSON"
)]
pub struct Settings {
    /// Address to listen on. Whoever reaches any other than the loopback can read and change everything in the sandbox.
    /// Read once, at the start.
    pub host: IpAddr,
    /// Port on that address; 0 lets the system choose. Read once, at the start.
    pub port: u16,
    /// Number of made-up contacts to start with. Read at the start, and when the sandbox is reset.
    pub seed_contacts: usize,
    /// Seed of everything random: order of results, probabilities, jitter, correlation ids.
    pub seed: u64,
    /// The account behind the tokens.
    pub account: Account,
    /// Rate limits.
    pub limits: Limits,
    /// Delay before every answer.
    pub latency: Latency,
    /// Further tokens that work, each with its scopes, beside those of [`crate::tokens`].
    pub tokens: BTreeMap<String, Vec<String>>,
    /// Whether unique trace ids on all inputs give partial success (207). If not, one bad input sinks the batch, as
    /// happens in practice ("Batch Upsert return 409 instead of 207") and as the docs warn for e-mail keys.
    pub partial_success: bool,
    /// Whether a successful result repeats its `objectWriteTraceId`, as was recorded for upserts of companies in 2026-09.
    pub echo_trace_ids: bool,
    /// What a batch gets that writes a value of a custom unique property which another contact has.
    pub taken_unique_values: TakenUniqueValues,
    /// What `batch/update` answers to a value of a custom unique property that no contact has.
    pub unknown_unique_values: UnknownUniqueValues,
    /// What `batch/archive` answers to an id that is unknown, or archived already.
    pub archive_of_missing: ArchiveOfMissing,
    /// Whether a new contact can have the unique values of one in the recycle bin, addresses included.
    pub archived_values: ArchivedValues,
    /// Whether a write that changes no value moves `lastmodifieddate`.
    pub same_values_move_date: bool,
    /// Properties that `batch/read` leaves out of its answer although the request asks for them.
    pub lacks_asked_properties: Vec<String>,
    /// How dates and points in time are written in answers.
    pub dates_in_answers: DatesInAnswers,
    /// Whether inputs with the very same error share one entry of `errors[]` that names several trace ids.
    pub group_errors: bool,
    /// Whether results come in an order of their own.
    pub shuffle_results: bool,
    /// Whether `A@b.com` and `a@b.com` are the same id to the check for duplicates.
    pub duplicate_check_ignores_case: bool,
    /// What one batch answers that names a contact twice by different addresses.
    pub same_contact_inputs: SameContactInputs,
    /// What `{"inputs":[]}` is answered.
    pub empty_inputs: EmptyInputs,
    /// Whether an input without a property to write is refused: "No properties found to update, please provide at least one."
    pub refuse_empty_properties: bool,
    /// Whether an upsert of an address that `gdpr-delete` put on the blocklist is refused. HubSpot's documentation says that
    /// such an address can come back through forms or the API; its imports have an error for it.
    pub refuse_blocklisted_emails: bool,
    /// Stage of a new contact that names none; `null` turns the default off, as an admin can.
    pub default_lifecycle_stage: Option<String>,
    /// Properties to treat as though they did not exist, in lists and in writes.
    pub missing_properties: Vec<String>,
    /// Properties a new contact must have. HubSpot enforces this from version 2026-09 on.
    pub required_properties: Vec<String>,
    /// Properties that a value of another one demands. Enforced from version 2026-09 on.
    pub conditional_properties: Vec<ConditionalProperty>,
    /// Largest request body; a larger one is answered 413.
    pub max_body_bytes: Option<usize>,
    /// Language of the messages about values, which follow the account's language.
    pub language: Language,
    /// Shape of the 403 for a missing scope.
    pub scope_error: ScopeErrorShape,
    /// How many requests keep their body for inspection, counted from the first.
    pub recorded_bodies: u64,
    /// How long a created property stays invisible. HubSpot: 250 to 700 ms.
    pub property_visible_after_ms: u64,
    /// How many requests a created property stays invisible for, for tests that want no clock.
    pub property_visible_after_requests: u64,
    /// Faults to inject; the first rule that applies decides.
    pub faults: Vec<Fault>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            seed_contacts: 0,
            seed: 0,
            account: Account::default(),
            limits: Limits::default(),
            latency: Latency::default(),
            tokens: BTreeMap::new(),
            partial_success: true,
            echo_trace_ids: false,
            taken_unique_values: TakenUniqueValues::Entry207,
            unknown_unique_values: UnknownUniqueValues::Entry207,
            archive_of_missing: ArchiveOfMissing::Status204,
            archived_values: ArchivedValues::Free,
            same_values_move_date: true,
            lacks_asked_properties: Vec::new(),
            dates_in_answers: DatesInAnswers::Iso,
            group_errors: false,
            shuffle_results: true,
            duplicate_check_ignores_case: true,
            same_contact_inputs: SameContactInputs::Conflict409,
            empty_inputs: EmptyInputs::Status400,
            refuse_empty_properties: true,
            refuse_blocklisted_emails: false,
            default_lifecycle_stage: Some("lead".to_owned()),
            missing_properties: Vec::new(),
            required_properties: Vec::new(),
            conditional_properties: Vec::new(),
            max_body_bytes: None,
            language: Language::English,
            scope_error: ScopeErrorShape::Current,
            recorded_bodies: 1_000,
            property_visible_after_ms: 0,
            property_visible_after_requests: 0,
            faults: Vec::new(),
        }
    }
}

/// What `GET account-info/…/details` tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// The portal's number.
    pub portal_id: u64,
    /// `STANDARD`, `SANDBOX`, `DEVELOPER_TEST` or `APP_DEVELOPER`.
    pub account_type: String,
    /// Name of the time zone; the daily limit starts anew at its midnight.
    pub time_zone: String,
    /// Offset of that zone from UTC.
    pub utc_offset_minutes: i32,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            portal_id: 12_345_678,
            account_type: "STANDARD".to_owned(),
            time_zone: "US/Eastern".to_owned(),
            utc_offset_minutes: -240,
        }
    }
}

/// Rate limits: a rolling window for each token, and a day's budget shared by all of them.
/// <https://developers.hubspot.com/docs/api/usage-details>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Whether a request over a limit is refused. The headers are sent either way.
    pub enforced: bool,
    /// The account's tier, which gives both numbers.
    pub tier: Tier,
    /// Requests in a window, instead of the tier's.
    pub max: Option<u32>,
    /// Length of the window, small for quick tests. HubSpot's is 10,000.
    pub window_ms: u64,
    /// Requests in a day, instead of the tier's.
    pub daily: Option<u64>,
    /// Requests of the day already spent by others.
    pub daily_spent: u64,
    /// Requests of every window spent by others who use the same token.
    pub window_spent: u32,
    /// Whether a 429 carries `Retry-After`. HubSpot documents that header only for 477.
    pub retry_after: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            enforced: true,
            tier: Tier::Free,
            max: None,
            window_ms: 10_000,
            daily: None,
            daily_spent: 0,
            window_spent: 0,
            retry_after: false,
        }
    }
}

/// The subscription, which sets the limits of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Free and Starter: 100 requests in 10 s, 250,000 a day.
    Free,
    /// 190 in 10 s, 625,000 a day.
    Professional,
    /// 190 in 10 s, 1,000,000 a day.
    Enterprise,
    /// Enterprise with one API Limit Increase: 250 in 10 s, 2,000,000 a day.
    LimitIncrease,
}

/// Delay before every answer, after the request was carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Latency {
    /// The fixed part.
    pub ms: u64,
    /// Up to this much more, at random.
    pub jitter_ms: u64,
}

/// What happens when two inputs of one batch resolve to the same contact. HubSpot's answer is not documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SameContactInputs {
    /// 409 for the whole batch, nothing written.
    Conflict409,
    /// Both are written in order; one result.
    MergedIntoOneResult,
    /// Both are written in order; two results with the same id.
    BothResults,
}

/// What a batch gets that writes a unique value of another contact. The text of the refusal is recorded for single creates;
/// what it does to a batch is not. Without trace ids the batch is refused either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakenUniqueValues {
    /// An entry of a 207 with the trace id.
    Entry207,
    /// 400 for the whole batch, nothing written.
    Status400,
}

/// What an update by a custom unique property gets for a value that no contact has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownUniqueValues {
    /// An entry of a 207, as for an unknown record id.
    Entry207,
    /// The whole batch is refused, and nothing is written; recorded of v3 in 2022, by its `context` alone.
    Status400,
}

/// What an archive of an unknown or archived id is answered. HubSpot's answer is not documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveOfMissing {
    /// 204, without a word about it.
    Status204,
    /// 207 that names the ids; the others are archived.
    Status207,
    /// 404 that names the ids; nothing is archived.
    Status404,
}

/// What becomes of the unique values of an archived contact. HubSpot's answer is not documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchivedValues {
    /// A new contact can have them.
    Free,
    /// A write of one is refused: "… already has that value".
    Held,
}

/// The form of dates and points in time in answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatesInAnswers {
    /// `2026-11-23`, and `2026-11-23T10:00:00Z`.
    Iso,
    /// Milliseconds since 1970 in UTC; a date is its midnight.
    Milliseconds,
}

/// What an empty batch is answered. Scopes are checked first except in the last case, so a token without write
/// scope gets 403. HubSpot's answer is not documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyInputs {
    /// 200 with no results.
    Status200,
    /// 400.
    Status400,
    /// 400, before the scopes are looked at.
    Status400BeforeScopes,
}

/// One property that must be given when another has a certain value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionalProperty {
    /// The controlling property.
    pub when: String,
    /// Its value.
    pub is: String,
    /// The property that is then required.
    pub require: String,
}

/// Language of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    English,
    /// Portuguese, the language of the one localised message on record.
    Portuguese,
}

/// Where a 403 lists the scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeErrorShape {
    /// In `errors[].context`.
    Current,
    /// In the top-level `context`, as older recordings have it.
    Old,
}
