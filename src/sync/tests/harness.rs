//! Runs the real [`Sync`] in a test: lines from memory, a transport of the test's, output into memory, and a clock that
//! stands still until everybody waits.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use indexmap::IndexMap;
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::Registry,
};

use super::model::Rules;
use crate::{
    config::{AccessToken, ApiVersion, DelayScale, FailIfRejected, UnknownFields},
    error::Failure,
    hubspot::{client::Client, retry::RetryPolicy, transport::Transport},
    io::{
        input::{Feed, InputError},
        output::Output,
    },
    mapping::{plan::Plan, targets::Targets},
    protocol::{catalog::ConfiguredStream, message::StreamId},
    rejects::keeper::Keeper,
    report::fate::{Fate, Ticket},
    sync::{
        batcher::Timing,
        books::Witness,
        run::{End, Sync, SyncParts},
    },
};

/// The names of the streams that the catalog of a test has.
pub(super) const STREAMS: [&str; 2] = ["s0", "s1"];

/// No sync of a test takes longer, on the clock that the tests turn.
const LONGEST_SYNC: Duration = Duration::from_hours(24);

// ---- Lines --------------------------------------------------------------------------------------------------

/// What comes on standard input.
#[derive(Debug)]
pub(super) enum Piece {
    /// Whole lines, with their line feeds, at once.
    Lines(String),
    Silence(Duration),
    Fails(InputError),
    /// The source says no more, and does not end.
    HeldOpen,
}

pub(super) fn record(stream: &str, data: &Value) -> String {
    json!({ "type": "RECORD", "record": { "stream": stream, "emitted_at": 0, "data": data } }).to_string()
        + "\n"
}

/// The state of a stream, or of all. Its number comes back in what is written.
pub(super) fn state_line(stream: Option<&str>, number: usize) -> String {
    let state = match stream {
        Some(name) => {
            json!({ "type": "STREAM", "id": number, "stream": { "stream_descriptor": { "name": name } } })
        }
        None => json!({ "type": "GLOBAL", "id": number }),
    };
    json!({ "type": "STATE", "state": state }).to_string() + "\n"
}

async fn feed(mut feed: Feed, pieces: Vec<Piece>) {
    for piece in pieces {
        match piece {
            Piece::Lines(text) => {
                if !feed.lines(text).await {
                    return;
                }
            }
            Piece::Silence(duration) => tokio::time::sleep(duration).await,
            Piece::Fails(error) => return feed.fail(error).await,
            Piece::HeldOpen => std::future::pending().await,
        }
    }
    feed.end().await;
}

// ---- What a sync does ---------------------------------------------------------------------------------------

/// A line of output: when it came, and after how many fates.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub line: String,
    pub at: Duration,
    pub fates_before: usize,
}

impl Written {
    /// The number of the state, as [`state_line`] gave it.
    pub(super) fn number(&self) -> usize {
        let message: Value = serde_json::from_str(&self.line).unwrap();
        usize::try_from(message["state"]["id"].as_u64().unwrap()).unwrap()
    }

    /// The records that the state counts as kept, and as rejected.
    pub(super) fn counts(&self) -> (u64, u64) {
        let message: Value = serde_json::from_str(&self.line).unwrap();
        let stats = &message["state"]["destinationStats"];
        let count = |name: &str| stats[name].to_string().strip_suffix(".0").unwrap().parse().unwrap();
        (count("recordCount"), count("rejectedRecordCount"))
    }
}

/// One event of the log: its message, its level and its fields.
pub(super) type Said = BTreeMap<&'static str, String>;

/// How a sync went.
#[derive(Debug)]
pub(super) struct Ended {
    pub end: End,
    pub fates: Vec<(Ticket, Fate)>,
    pub written: Vec<Written>,
    pub log: Vec<Said>,
    /// What records, and states, took in memory at the end.
    pub bytes: (usize, usize),
    pub after: Duration,
}

impl Ended {
    /// The numbers of the states that went out.
    pub(super) fn states(&self) -> Vec<usize> {
        self.written.iter().map(Written::number).collect()
    }

    /// A count of the summary.
    pub(super) fn count(&self, name: &str) -> u64 {
        let summaries: Vec<&Said> = self.log.iter().filter(|one| one["message"] == "summary").collect();
        let [summary] = summaries[..] else { panic!("not one summary: {:#?}", self.log) };
        summary.get(name).map_or(0, |count| count.parse().unwrap())
    }

    pub(super) fn failure(&self) -> &Failure {
        match &self.end {
            End::Failed(failure) => failure,
            other => panic!("{other:?} is no failure"),
        }
    }

    /// How many events of the log hold this in their message.
    pub(super) fn said(&self, text: &str) -> usize {
        self.log.iter().filter(|one| one["message"].contains(text)).count()
    }
}

/// What a test sets; the rest is as usual.
#[derive(Debug)]
pub(super) struct Course {
    pub rules: Rules,
    pub unknown_fields: UnknownFields,
    pub fail_if_rejected: FailIfRejected,
    /// Whether there is a catalog, of [`STREAMS`].
    pub catalog: bool,
    /// When a signal comes.
    pub signal: Option<Duration>,
    /// From so many lines on, nobody reads the output.
    pub output_closes_after: Option<usize>,
    pub seed: u64,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            unknown_fields: UnknownFields::default(),
            fail_if_rejected: FailIfRejected::default(),
            catalog: true,
            signal: None,
            output_closes_after: None,
            seed: 7,
        }
    }
}

impl Course {
    /// Runs a sync to its end.
    pub(super) fn run(self, transport: Arc<dyn Transport>, pieces: Vec<Piece>) -> Ended {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        // The jitter of the back-off.
        fastrand::seed(self.seed);
        let log = Log::default();
        let subscriber = Registry::default().with(log.clone());
        let mut ended = tracing::subscriber::with_default(subscriber, || {
            runtime.block_on(async {
                tokio::time::timeout(LONGEST_SYNC, self.run_on_clock(transport, pieces))
                    .await
                    .expect("the sync never ends")
            })
        });
        ended.log = std::mem::take(&mut log.0.lock().unwrap());
        ended
    }

    async fn run_on_clock(self, transport: Arc<dyn Transport>, pieces: Vec<Piece>) -> Ended {
        let start = Instant::now();
        let lines = Lines::new(start, self.output_closes_after);
        let written = Arc::clone(&lines.written);
        let fates = Arc::clone(&lines.fates);
        let signal = self.signal;
        let mut sync = Sync::new(self.setting(transport), Output::new(lines));
        *fates.lock().unwrap() = sync.witness();
        let signal = async move {
            match signal {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
        };
        let (sender, input) = Feed::new();
        let end = tokio::select! { biased;
            end = sync.run(input, signal) => end,
            () = async { feed(sender, pieces).await; std::future::pending().await } => unreachable!(),
        };
        let (after, bytes) = (start.elapsed(), sync.bytes());
        let fates = sync.witness().lock().unwrap().clone();
        let written = written.lock().unwrap().clone();
        Ended { end, fates, written, log: Vec::new(), bytes, after }
    }

    fn setting(self, transport: Arc<dyn Transport>) -> SyncParts {
        let target = Arc::new(self.rules.target());
        let plan = |name: &&str| {
            let stream = ConfiguredStream::undeclared(StreamId::new(name, None));
            Plan::new(&stream, &[], &target).unwrap()
        };
        let plans = self.catalog.then(|| STREAMS.iter().map(plan).collect());
        let token = AccessToken::new("pat-test").unwrap();
        let delay_scale = DelayScale::default();
        let client = Client::new(transport, token, ApiVersion::default(), RetryPolicy::WRITE, delay_scale);
        SyncParts {
            keeper: Keeper::default(),
            writes_all: false,
            client: Arc::new(client),
            targets: Targets::of_one(target),
            max_archived: 0,
            unknown_fields: self.unknown_fields,
            fail_if_rejected: self.fail_if_rejected,
            field_mappings: Vec::new(),
            plans,
            unsupported_streams: IndexMap::new(),
            timing: Timing::STANDARD,
            summary_as_table: false,
        }
    }
}

// ---- Output and log -----------------------------------------------------------------------------------------

/// Keeps what is written to standard output, a line at a time.
struct Lines {
    start: Instant,
    closes_after: Option<usize>,
    written: Arc<Mutex<Vec<Written>>>,
    fates: Arc<Mutex<Witness>>,
}

impl Lines {
    fn new(start: Instant, closes_after: Option<usize>) -> Self {
        Self { start, closes_after, written: Arc::default(), fates: Arc::default() }
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.written.lock().unwrap();
        if self.closes_after.is_some_and(|most| written.len() >= most) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let line = std::str::from_utf8(bytes).unwrap().strip_suffix('\n').expect("a line at a time");
        let fates_before = self.fates.lock().unwrap().lock().unwrap().len();
        written.push(Written { line: line.to_owned(), at: self.start.elapsed(), fates_before });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps the events of this crate that operators see.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Said>>>);

impl<S: Subscriber> Layer<S> for Log {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target().starts_with("destination_hubspot") && *metadata.level() <= Level::INFO
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut said = Fields(Said::from([("level", event.metadata().level().to_string())]));
        event.record(&mut said);
        self.0.lock().unwrap().push(said.0);
    }
}

struct Fields(Said);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}
