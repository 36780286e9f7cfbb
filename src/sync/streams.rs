//! The streams of a sync: which there are, and the plan of each. Not here: the fates of their records.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::{books::Books, error::SyncError};
use crate::{
    config::FieldMapping,
    error::Failure,
    mapping::plan::Plan,
    protocol::{
        error::CatalogError,
        message::{Record, StreamId},
    },
    report::plan_log::{announce_end, announce_unused, announce_unused_entries},
};

/// A stream as the sync knows it.
#[derive(Debug)]
pub struct StreamPlan {
    pub plan: Plan,
    pub place_in_books: usize,
    pub warned_of_deletions: bool,
}

/// The streams of a sync.
#[derive(Debug)]
pub struct Streams {
    all: Vec<StreamPlan>,
    by_id: HashMap<StreamId, usize>,
    /// Records come in runs of one stream.
    last: usize,
    accepts_new: bool,
    unsupported: IndexMap<StreamId, CatalogError>,
}

impl Streams {
    /// The streams of the catalog; without one, every stream is taken. A record of one that is `unsupported` is a failure.
    pub fn new(
        plans: Option<Vec<Plan>>,
        unsupported: IndexMap<StreamId, CatalogError>,
        books: &mut Books,
    ) -> Self {
        let accepts_new = plans.is_none();
        let mut streams = Self { all: Vec::new(), by_id: HashMap::new(), last: 0, accepts_new, unsupported };
        for plan in plans.unwrap_or_default() {
            streams.add(plan, books);
        }
        streams
    }

    fn add(&mut self, plan: Plan, books: &mut Books) {
        self.last = self.all.len();
        self.by_id.insert(plan.stream().clone(), self.last);
        let place_in_books = books.stream(plan.stream());
        self.all.push(StreamPlan { plan, place_in_books, warned_of_deletions: false });
    }

    /// The stream of a record; one that is new gets the plan that `plan` makes, where streams are not declared.
    ///
    /// # Errors
    ///
    /// If the stream may have no records, or is not in the catalog.
    pub fn of_record(
        &mut self,
        record: &Record<'_>,
        books: &mut Books,
        plan: impl FnOnce(StreamId) -> Result<Plan, Failure>,
    ) -> Result<&mut StreamPlan, Failure> {
        if !self.all.get(self.last).is_some_and(|stream| record.is_of(stream.plan.stream())) {
            let id = record.stream_id();
            match self.by_id.get(&id) {
                Some(&index) => self.last = index,
                None => self.meet(id, books, plan)?,
            }
        }
        Ok(self.all.get_mut(self.last).expect("the stream was just found or added"))
    }

    fn meet(
        &mut self,
        id: StreamId,
        books: &mut Books,
        plan: impl FnOnce(StreamId) -> Result<Plan, Failure>,
    ) -> Result<(), Failure> {
        if let Some(error) = self.unsupported.get(&id) {
            return Err(error.clone().into());
        }
        if !self.accepts_new {
            return Err(SyncError::NotInCatalog { stream: id }.into());
        }
        self.add(plan(id)?, books);
        Ok(())
    }

    /// The plan of a stream, by its place in the books.
    pub fn plan_of(&self, place_in_books: usize) -> Option<&Plan> {
        self.all.iter().find(|stream| stream.place_in_books == place_in_books).map(|stream| &stream.plan)
    }

    /// Says what became of the values of each stream that brought some, and which mappings no record made use of: that is
    /// known only if the input ended.
    pub fn announce_end<'a>(
        &self,
        mappings: &[FieldMapping],
        entries: impl Iterator<Item = (&'static str, &'a str)>,
        input_ended: bool,
    ) {
        let plans: Vec<&Plan> = self.all.iter().map(|stream| &stream.plan).collect();
        plans.iter().filter(|plan| plan.cells().all() > 0).for_each(|plan| announce_end(plan));
        if input_ended {
            announce_unused(mappings, &plans);
            // With a catalog, that was said at the start.
            if self.accepts_new {
                announce_unused_entries(entries, &plans);
            }
        }
    }
}
