//! The folders that arguments name for rows. Not here: what goes into them.

use std::path::Path;

use jiff::Timestamp;

use super::{error::KeepError, folder::Folder};

/// The folders that the user asked for.
#[derive(Debug, Default)]
pub struct Places {
    pub rejected: Option<Folder>,
    pub left_out: Option<Folder>,
    pub results: Option<Folder>,
}

impl Places {
    /// Opens the folders.
    ///
    /// # Errors
    ///
    /// If one cannot be made or written in, or two are the same.
    pub fn open(
        rejected: Option<&Path>,
        left_out: Option<&Path>,
        results: Option<&Path>,
    ) -> Result<Self, KeepError> {
        let now = Timestamp::now();
        let open =
            |argument, path: Option<&Path>| path.map(|path| Folder::open(argument, path, now)).transpose();
        let places = Self {
            rejected: open("--rejected", rejected)?,
            left_out: open("--left-out", left_out)?,
            results: open("--results", results)?,
        };
        let folders: Vec<&Folder> =
            [&places.rejected, &places.left_out, &places.results].into_iter().flatten().collect();
        Folder::all_different(&folders)?;
        Ok(places)
    }

    /// All lines so far are on the disk.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn save(&mut self) -> Result<(), KeepError> {
        let Self { rejected, left_out, results } = self;
        [rejected, left_out, results].into_iter().flatten().try_for_each(Folder::save)
    }
}
