//! Takes one line after the other: a record is mapped and goes to the batcher, or gets its fate here; a state goes to the books.
//!
//! Not here: when lines are read, and what becomes of a batch ([`super::run`]).

use std::time::Duration;

use indexmap::IndexMap;
use tracing::warn;

use super::{
    batcher::Batcher,
    books::{Books, Told},
    error::SyncError,
    streams::Streams,
};
use crate::{
    config::{FieldMapping, UnknownFields},
    error::Failure,
    io::input::{InputError, MAX_LINE},
    mapping::{plan::Plan, reason::Code, record::map_record, targets::Targets},
    protocol::{
        catalog::ConfiguredStream,
        error::CatalogError,
        foreign::recognise,
        message::{self, Message, Record, StreamId},
    },
    report::{fate::Fate, plan_log::announce_news},
};

/// The streams that come in, and what is to be done with their fields.
#[derive(Debug)]
pub struct Intake {
    streams: Streams,
    /// What streams write to that the catalog does not have.
    targets: Targets,
    field_mappings: Vec<FieldMapping>,
    unknown_fields: UnknownFields,
    /// Rows that are sent again are written whatever HubSpot has.
    writes_all: bool,
    warned_of_unknown_type: bool,
}

impl Intake {
    /// `plans`: those of the catalog's streams; `None` without a catalog, when every stream is taken. A record of a stream that
    /// is `unsupported` is a failure.
    pub fn new(
        plans: Option<Vec<Plan>>,
        unsupported: IndexMap<StreamId, CatalogError>,
        targets: Targets,
        field_mappings: Vec<FieldMapping>,
        unknown_fields: UnknownFields,
        writes_all: bool,
        books: &mut Books,
    ) -> Self {
        let streams = Streams::new(plans, unsupported, books);
        Self { streams, targets, field_mappings, unknown_fields, writes_all, warned_of_unknown_type: false }
    }

    /// Whether every field has to have a property.
    pub fn requires_properties(&self) -> bool {
        self.unknown_fields == UnknownFields::Fail
    }

    /// Takes one line of the input.
    ///
    /// # Errors
    ///
    /// If it is no message, or its stream or fields end the sync.
    pub fn take(
        &mut self,
        number: u64,
        line: &[u8],
        books: &mut Books,
        batcher: &mut Batcher,
        now: Duration,
    ) -> Result<(), Failure> {
        let message = message::parse(line).map_err(|error| {
            // Before the first record, it may be a person that gives rows as they are.
            let foreign = if books.is_empty() { recognise(number, line, error) } else { None };
            foreign.map_or_else(|| SyncError::Malformed { line: number, error }.into(), Failure::from)
        })?;
        if line.len() > MAX_LINE && !message.is_sent_again() {
            return Err(InputError::LineTooLong { line: number }.into());
        }
        match message {
            Message::Record(record) => self.take_record(number, &record, books, batcher, now)?,
            Message::State(state) => {
                books.state(state);
                batcher.state_arrived(|ticket| books.is_awaited(ticket));
            }
            Message::Ignored => {}
            Message::Unknown => {
                if !std::mem::replace(&mut self.warned_of_unknown_type, true) {
                    warn!(line = number, "lines of a type that Airbyte does not have are ignored");
                }
            }
        }
        Ok(())
    }

    fn take_record(
        &mut self,
        number: u64,
        record: &Record<'_>,
        books: &mut Books,
        batcher: &mut Batcher,
        now: Duration,
    ) -> Result<(), Failure> {
        let (mappings, targets) = (&self.field_mappings, &mut self.targets);
        let plan = |id| {
            let stream = ConfiguredStream::undeclared(id);
            let target = targets.of(&stream);
            Ok(Plan::new(&stream, mappings, &target)?)
        };
        let stream = self.streams.of_record(record, books, plan)?;
        let ticket = books.open(stream.place_in_books, number, record);
        let mapped = map_record(&mut stream.plan, record.data);
        let news = stream.plan.take_news();
        if !news.is_empty() {
            announce_news(&stream.plan, &news, self.unknown_fields)?;
        }
        match mapped {
            Ok(mut change) => {
                let again = record.sent_again.filter(|_| !self.writes_all);
                change.unless_changed_since = again.map(|again| again.first_at);
                batcher.push(stream.plan.target(), change, ticket, now);
            }
            Err(reason) => {
                if reason.code == Code::DeletedInSource
                    && !std::mem::replace(&mut stream.warned_of_deletions, true)
                {
                    warn!(stream = %stream.plan.stream(), "records that the source marks as deleted are skipped: nothing is written or archived in HubSpot; to write them, set `deleted_records` to `write`, or to `archive` in an entry of `streams`");
                }
                books.settle(ticket, &Fate::of_unmapped(reason), Told::default(), now);
            }
        }
        Ok(())
    }

    /// The plan of a stream, by its place in the books.
    pub fn plan_of(&self, place_in_books: usize) -> Option<&Plan> {
        self.streams.plan_of(place_in_books)
    }

    /// Says at the end what became of the values of each stream, and, if the input ended, which mappings no record made use of.
    pub fn announce_end(&self, input_ended: bool) {
        self.streams.announce_end(&self.field_mappings, self.targets.entries(), input_ended);
    }
}
