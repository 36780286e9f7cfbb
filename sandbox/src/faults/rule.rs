//! Faults as data: when a rule applies, and what goes wrong then. Rules are part of [`crate::Settings`].
//!
//! Choosing and counting is in `engine`; carrying a fault out is in `api` and `delivery`.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One rule. All conditions of `when` must hold; the first rule that applies to a request decides, except that
/// delays and changes add up.
///
/// ```
/// use hubspot_sandbox::{Fault, What};
///
/// let once = Fault::new(What::status(503)).path("batch/upsert").times(1);
/// let lost = Fault::new(What::LoseAnswer).requests([4, 7]);
/// let poison = Fault::new(What::conflict()).email("ada@example.com");
/// # let _ = (once, lost, poison);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Name in the record of requests; by default the kind of fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which requests it applies to.
    #[serde(default)]
    pub when: When,
    /// What goes wrong.
    pub what: What,
    /// Whether the request (or the input concerned) is carried out although the answer says otherwise.
    #[serde(default)]
    pub after_write: bool,
}

/// Conditions of a rule; an absent one always holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// Numbers of requests, counted from 1 over everything the sandbox sees.
    pub requests: Vec<u64>,
    /// First request number.
    pub from: Option<u64>,
    /// Last request number.
    pub to: Option<u64>,
    /// Part of the path, such as `batch/upsert`.
    pub path_contains: Option<String>,
    /// Ids in the body, without case; one of them must be there. Faults of a single input strike these inputs, and
    /// the first input of the batch if none is named.
    pub emails: Vec<String>,
    /// Smallest number of inputs.
    pub min_inputs: Option<usize>,
    /// How many requests that fulfil the conditions above are let through first.
    pub skip: u64,
    /// Chance from 0 to 1, by the sandbox's seed.
    pub probability: Option<f64>,
    /// How often the rule strikes at most.
    pub times: Option<u64>,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// An answer with this status instead of the real one.
    Status(StatusAnswer),
    /// 429 in HubSpot's form.
    RateLimited {
        /// `policyName`; `None` leaves it out.
        policy: Option<Policy>,
        /// `Retry-After`.
        #[serde(default)]
        retry_after: Option<RetryAfter>,
    },
    /// An answer with exactly this JSON.
    Json {
        /// HTTP status.
        status: u16,
        /// The body.
        body: Value,
    },
    /// A redirect.
    Redirect {
        /// 301, 302, 307 or 308.
        status: u16,
        /// Where to; a path is on the sandbox itself, so that following it is seen in the record.
        location: String,
    },
    /// The connection is closed before the body is read. Nothing is written.
    CloseUnread,
    /// The request is carried out, and then the connection is closed without an answer.
    LoseAnswer,
    /// The request is carried out, and the connection is closed half way through the answer's body.
    CutBody,
    /// The real answer, in pieces.
    SlowBody {
        /// Number of pieces.
        chunks: usize,
        /// Pause before each.
        pause_ms: u64,
    },
    /// A delay; the real answer follows (or that of a later rule).
    Delay {
        /// The fixed part.
        ms: u64,
        /// Up to this much more.
        #[serde(default)]
        jitter_ms: u64,
        /// Whether to wait before the request is carried out rather than before it is answered.
        #[serde(default)]
        before_write: bool,
    },
    /// Somebody changes a contact right after the request was carried out, so that what it read is no longer so. The real
    /// answer follows, or that of another rule.
    Change {
        /// Address of the contact; if no contact has it, one is made.
        email: String,
        /// New values; `""` clears one.
        #[serde(default)]
        properties: BTreeMap<String, String>,
        /// Whether the contact then goes to the recycle bin.
        #[serde(default)]
        archive: bool,
    },
    /// 200 with no results and no errors.
    EmptyResults,
    /// 200 without a body.
    EmptyBody,
    /// 200 with something that is not JSON.
    NotJson,
    /// 200 with filler of so many bytes.
    Oversized {
        /// Size of the body.
        bytes: u64,
    },
    /// The real answer with a member `padding` in its first result, a text of so many bytes.
    Padded {
        /// Size of the text.
        bytes: usize,
    },
    /// The input is in neither `results` nor `errors` of a 2xx.
    Unaccounted,
    /// The input is refused by an entry that names no trace id.
    ErrorWithoutTraceId,
    /// The input is refused as a conflict with another contact.
    Conflict {
        /// Whether the message names the other contact.
        #[serde(default)]
        existing_id: bool,
        /// Whether this sinks the batch with 409 instead of being an entry of a 207.
        #[serde(default)]
        whole_batch: bool,
    },
    /// The input is refused with category `OBJECT_ALREADY_EXISTS`.
    AlreadyExists {
        /// Whether this sinks the batch with 409.
        #[serde(default)]
        whole_batch: bool,
    },
    /// The input is refused with a category of your choice.
    Category {
        /// Such as `SOMETHING_NEW`.
        category: String,
        /// Whether this sinks the batch with 400.
        #[serde(default)]
        whole_batch: bool,
    },
    /// These properties do not exist for this request.
    MissingProperties {
        /// Internal names.
        names: Vec<String>,
    },
    /// Lifecycle stages are accepted and not applied.
    LifecycleIgnored,
    /// Messages about values are in Portuguese.
    Localised,
}

/// An answer made of a status and a usual body for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusAnswer {
    /// HTTP status.
    pub status: u16,
    /// Kind of body.
    #[serde(default)]
    pub body: BodyKind,
    /// `category`, instead of the usual one for the status.
    #[serde(default)]
    pub category: Option<String>,
    /// `message`, instead of the usual one.
    #[serde(default)]
    pub message: Option<String>,
    /// `Retry-After`.
    #[serde(default)]
    pub retry_after: Option<RetryAfter>,
}

/// Kind of body of an injected answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyKind {
    /// HubSpot's error object.
    #[default]
    Json,
    /// A page such as a gateway sends.
    Html,
    /// Nothing.
    Empty,
}

/// Form and value of a `Retry-After` header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// An HTTP date so many seconds from now.
    Date(u64),
    /// Any text.
    Text(String),
}

/// `policyName` of a 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Policy {
    /// The window of ten seconds.
    TenSecondlyRolling,
    /// The window of one second (search).
    Secondly,
    /// The day's budget.
    Daily,
}

impl Fault {
    /// A rule for every request.
    pub fn new(what: What) -> Self {
        Self { name: None, when: When::default(), what, after_write: false }
    }

    /// Shows in the record of requests under this name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Only requests with these numbers.
    #[must_use]
    pub fn requests(mut self, numbers: impl IntoIterator<Item = u64>) -> Self {
        self.when.requests.extend(numbers);
        self
    }

    /// Only from this request number on.
    #[must_use]
    pub fn from_request(mut self, number: u64) -> Self {
        self.when.from = Some(number);
        self
    }

    /// Only up to this request number.
    #[must_use]
    pub fn to_request(mut self, number: u64) -> Self {
        self.when.to = Some(number);
        self
    }

    /// Only requests whose path contains this.
    #[must_use]
    pub fn path(mut self, part: impl Into<String>) -> Self {
        self.when.path_contains = Some(part.into());
        self
    }

    /// Only requests that carry this id; may be repeated.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.when.emails.push(email.into());
        self
    }

    /// Only batches of at least so many inputs.
    #[must_use]
    pub fn min_inputs(mut self, count: usize) -> Self {
        self.when.min_inputs = Some(count);
        self
    }

    /// Lets so many matching requests through first.
    #[must_use]
    pub fn skip(mut self, count: u64) -> Self {
        self.when.skip = count;
        self
    }

    /// Strikes with this chance.
    #[must_use]
    pub fn probability(mut self, chance: f64) -> Self {
        self.when.probability = Some(chance);
        self
    }

    /// Strikes so many times at most.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.when.times = Some(count);
        self
    }

    /// The request is carried out although the answer says otherwise.
    #[must_use]
    pub fn after_write(mut self) -> Self {
        self.after_write = true;
        self
    }

    /// The name in the record of requests.
    pub(crate) fn label(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.what.label())
    }
}

impl What {
    /// A status with HubSpot's usual error object.
    pub fn status(status: u16) -> Self {
        Self::Status(StatusAnswer::new(status))
    }

    /// A status with a gateway's page.
    pub fn html(status: u16) -> Self {
        Self::Status(StatusAnswer { body: BodyKind::Html, ..StatusAnswer::new(status) })
    }

    /// A status and nothing else.
    pub fn bare(status: u16) -> Self {
        Self::Status(StatusAnswer { body: BodyKind::Empty, ..StatusAnswer::new(status) })
    }

    /// 429 of the rolling window.
    pub fn rate_limited() -> Self {
        Self::RateLimited { policy: Some(Policy::TenSecondlyRolling), retry_after: None }
    }

    /// A conflict of one input, as an entry of a 207, with the other contact's id.
    pub fn conflict() -> Self {
        Self::Conflict { existing_id: true, whole_batch: false }
    }

    /// A fixed delay before the answer.
    pub fn delay(delay: Duration) -> Self {
        let ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        Self::Delay { ms, jitter_ms: 0, before_write: false }
    }

    /// A change of one property of a contact, right after the request.
    pub fn change(email: impl Into<String>, property: impl Into<String>, value: impl Into<String>) -> Self {
        let properties = BTreeMap::from([(property.into(), value.into())]);
        Self::Change { email: email.into(), properties, archive: false }
    }

    /// A redirect to another path of the sandbox.
    pub fn redirect() -> Self {
        Self::Redirect { status: 302, location: "/redirected".to_owned() }
    }

    /// Whether it strikes an input of an upsert, create or update, and so passes other requests by.
    pub(crate) fn strikes_an_input(&self) -> bool {
        matches!(
            self,
            Self::Unaccounted
                | Self::ErrorWithoutTraceId
                | Self::Conflict { .. }
                | Self::AlreadyExists { .. }
                | Self::Category { .. }
        )
    }

    fn label(&self) -> String {
        match self {
            Self::Status(answer) => format!("status_{}", answer.status),
            Self::RateLimited { .. } => "rate_limited".to_owned(),
            Self::Json { status, .. } => format!("json_{status}"),
            Self::Redirect { status, .. } => format!("redirect_{status}"),
            Self::CloseUnread => "close_unread".to_owned(),
            Self::LoseAnswer => "lose_answer".to_owned(),
            Self::CutBody => "cut_body".to_owned(),
            Self::SlowBody { .. } => "slow_body".to_owned(),
            Self::Delay { .. } => "delay".to_owned(),
            Self::Change { .. } => "change".to_owned(),
            Self::EmptyResults => "empty_results".to_owned(),
            Self::EmptyBody => "empty_body".to_owned(),
            Self::NotJson => "not_json".to_owned(),
            Self::Oversized { .. } => "oversized".to_owned(),
            Self::Padded { .. } => "padded".to_owned(),
            Self::Unaccounted => "unaccounted".to_owned(),
            Self::ErrorWithoutTraceId => "error_without_trace_id".to_owned(),
            Self::Conflict { .. } => "conflict".to_owned(),
            Self::AlreadyExists { .. } => "already_exists".to_owned(),
            Self::Category { category, .. } => category.clone(),
            Self::MissingProperties { .. } => "missing_properties".to_owned(),
            Self::LifecycleIgnored => "lifecycle_ignored".to_owned(),
            Self::Localised => "localised".to_owned(),
        }
    }
}

impl StatusAnswer {
    /// With HubSpot's usual error object.
    pub fn new(status: u16) -> Self {
        Self { status, body: BodyKind::Json, category: None, message: None, retry_after: None }
    }

    /// With `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, value: RetryAfter) -> Self {
        self.retry_after = Some(value);
        self
    }
}

impl From<StatusAnswer> for What {
    fn from(answer: StatusAnswer) -> Self {
        Self::Status(answer)
    }
}
