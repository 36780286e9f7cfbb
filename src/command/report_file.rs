//! The file of `write --report`: that it can be written is proved at the start, and its content is replaced as a whole at the end.
//!
//! Not here: what a report says ([`crate::report::json`]).

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use thiserror::Error;

use crate::{
    error::Failure,
    report::{
        counts::Counts,
        json::{Calls, Ended, Facts, report},
    },
    text::shown,
};

/// A report may name people's data by its counts: it is for its owner alone.
const MODE: u32 = 0o600;
/// With so many random names, none is free only if somebody makes them all.
const ATTEMPTS: u8 = 3;

/// A report that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReportError {
    #[error(
        "The file of `--report`, {}, is there and is a folder, a link or a device. Name a file.",
        shown(file)
    )]
    NoFile { file: String },

    #[error(
        "The file of `--report`, {}, is there and holds something else than a report, which would be lost. Name another file.",
        shown(file)
    )]
    NoReport { file: String },

    #[error(
        "The file of `--report`, {}, cannot be written: {kind}. Name a file in a folder that exists and may be written by this \
         user.",
        shown(file)
    )]
    NotWritable { file: String, kind: ErrorKind },

    #[error(
        "The report could not be written to {}: {kind}. The log has what became of the records; see whether the disk is full.",
        shown(file)
    )]
    NotWritten { file: String, kind: ErrorKind },
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        let message = error.to_string();
        match error {
            ReportError::NoFile { .. }
            | ReportError::NoReport { .. }
            | ReportError::NotWritable { .. }
            | ReportError::NotWritten { .. } => Self::config(message),
        }
    }
}

/// The place of a report, which has one already: of a sync that has not ended. So one that is killed does not leave that of an
/// earlier sync behind.
#[derive(Debug)]
pub struct ReportFile {
    path: PathBuf,
    started: Timestamp,
}

impl ReportFile {
    /// Proves that the report can be written.
    ///
    /// # Errors
    ///
    /// If it cannot, or if what is there is no report.
    pub fn begin(path: PathBuf) -> Result<Self, ReportError> {
        let begun = Self { path, started: Timestamp::now() };
        let file = || begun.path.display().to_string();
        let not_writable = |error: &io::Error| ReportError::NotWritable { file: file(), kind: error.kind() };
        match fs::symlink_metadata(&begun.path) {
            Ok(there) if !there.is_file() => return Err(ReportError::NoFile { file: file() }),
            Ok(_) => match holds_report(&begun.path) {
                Ok(true) => {}
                Ok(false) => return Err(ReportError::NoReport { file: file() }),
                Err(error) => return Err(not_writable(&error)),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(not_writable(&error)),
        }
        let text = begun.text(Ended::NotYet, &Calls::default(), &Counts::default(), 0);
        text.and_then(|text| replace(&begun.path, &text)).map_err(|error| not_writable(&error))?;
        Ok(begun)
    }

    /// Replaces the report.
    ///
    /// # Errors
    ///
    /// If it cannot be written any more.
    pub fn write(
        &self,
        ended: Ended<'_>,
        calls: &Calls,
        counts: &Counts,
        open: u64,
    ) -> Result<(), ReportError> {
        let text = self.text(ended, calls, counts, open);
        text.and_then(|text| replace(&self.path, &text)).map_err(|error| ReportError::NotWritten {
            file: self.path.display().to_string(),
            kind: error.kind(),
        })
    }

    fn text(&self, ended: Ended<'_>, calls: &Calls, counts: &Counts, open: u64) -> io::Result<String> {
        let ended_at = match ended {
            Ended::NotYet => None,
            _ => Some(Timestamp::now()),
        };
        Ok(report(&Facts { started: self.started, ended_at, ended, calls, counts, open })?)
    }
}

/// Whether a file is an earlier report, or empty.
fn holds_report(path: &Path) -> io::Result<bool> {
    let mut beginning = String::new();
    // What is no text is no report.
    match fs::File::open(path)?.take(100).read_to_string(&mut beginning) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::InvalidData => return Ok(false),
        Err(error) => return Err(error),
    }
    let beginning: String = beginning.split_whitespace().collect();
    Ok(beginning.is_empty() || beginning.starts_with(r#"{"version":1,"connector_version":"#))
}

/// Puts a text in the place of a file, as a whole or not at all: it is written beside it, and takes its name then. A link of that
/// name is replaced, never followed.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let beside = write_beside(path, text)?;
    fs::rename(&beside, path).inspect_err(|_| drop(fs::remove_file(&beside)))
}

fn write_beside(path: &Path, text: &str) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(ErrorKind::InvalidFilename)?;
    let mut attempts = 0;
    loop {
        attempts += 1;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{:016x}", fastrand::u64(..)));
        let beside = path.with_file_name(hidden);
        // A name that is taken, be it by a link, is an error of its own here.
        let mut file = match OpenOptions::new().write(true).create_new(true).mode(MODE).open(&beside) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists && attempts < ATTEMPTS => continue,
            Err(error) => return Err(error),
        };
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        return match written {
            Ok(()) => Ok(beside),
            Err(error) => {
                drop(fs::remove_file(&beside));
                Err(error)
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;

    fn begin(path: &Path) -> Result<ReportFile, ReportError> {
        ReportFile::begin(path.to_path_buf())
    }

    fn names(folder: &Path) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        fs::read_dir(folder).unwrap().map(name).collect()
    }

    #[test]
    fn a_report_is_there_from_the_start_on_for_its_owner_alone_and_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let file = begin(&path).unwrap();
        let first = fs::metadata(&path).unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains(r#""kind": "unfinished""#));
        file.write(Ended::Complete, &Calls::default(), &Counts::default(), 0).unwrap();
        let second = fs::metadata(&path).unwrap();
        assert_eq!((first.mode() & 0o777, second.mode() & 0o777), (MODE, MODE));
        assert!(fs::read_to_string(&path).unwrap().contains(r#""kind": "complete""#));
        assert_eq!(names(folder.path()), ["report.json"]);
        // The next sync replaces it, and so does one whose report was made by somebody beforehand.
        begin(&path).unwrap();
        fs::write(&path, "").unwrap();
        begin(&path).unwrap();
    }

    #[test]
    fn a_place_that_is_none_is_refused_before_anything_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("messages.jsonl"), r#"{"type":"RECORD"}"#).unwrap();
        fs::write(path("image"), b"\xff\xfe").unwrap();
        symlink(path("elsewhere"), path("link")).unwrap();
        symlink(path("image"), path("other_link")).unwrap();
        let no_file = |name: &str| ReportError::NoFile { file: path(name).display().to_string() };
        let no_report = |name: &str| ReportError::NoReport { file: path(name).display().to_string() };
        for (name, error) in [
            ("messages.jsonl", no_report("messages.jsonl")),
            ("image", no_report("image")),
            ("link", no_file("link")),
            ("other_link", no_file("other_link")),
            (".", no_file(".")),
        ] {
            assert_eq!(begin(&path(name)).unwrap_err(), error);
        }
        for name in ["no_folder/report.json", "image/report.json", "new/"] {
            assert!(matches!(begin(&path(name)), Err(ReportError::NotWritable { .. })), "{name}");
        }
        let mut names = names(folder.path());
        names.sort();
        assert_eq!(names, ["image", "link", "messages.jsonl", "other_link"]);
        assert_eq!(fs::read(path("image")).unwrap(), b"\xff\xfe");
    }

    #[test]
    fn a_link_that_appears_later_is_replaced_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("report.json"), folder.path().join("other"));
        fs::write(&other, "kept").unwrap();
        let file = begin(&path).unwrap();
        fs::remove_file(&path).unwrap();
        symlink(&other, &path).unwrap();
        file.write(Ended::Interrupted, &Calls::default(), &Counts::default(), 3).unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "kept");
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let failed = file.write(Ended::Complete, &Calls::default(), &Counts::default(), 0);
        assert!(matches!(failed, Err(ReportError::NotWritten { .. })), "{failed:?}");
        assert_eq!(names(folder.path()).len(), 2, "nothing is left beside it");
    }
}
