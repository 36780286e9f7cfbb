//! The folders that arguments name for rows. Not here: what goes into them.

use std::path::Path;

use jiff::Timestamp;

use super::{error::KeepError, folder::Folder};

/// The folders that the user asked for.
#[derive(Debug, Default)]
pub struct Folders {
    pub rejected: Option<Folder>,
    pub left_out: Option<Folder>,
    pub results: Option<Folder>,
}

impl Folders {
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
        let folders = Self {
            rejected: open("--rejected", rejected)?,
            left_out: open("--left-out", left_out)?,
            results: open("--results", results)?,
        };
        let all: Vec<&Folder> =
            [&folders.rejected, &folders.left_out, &folders.results].into_iter().flatten().collect();
        Folder::all_different(&all)?;
        Ok(folders)
    }

    /// Whether one was asked for.
    pub fn are_any(&self) -> bool {
        let Self { rejected, left_out, results } = self;
        [rejected, left_out, results].into_iter().any(Option::is_some)
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
