//! A folder that keeps lines, in one file for each stream of a run. Not here: what the lines say.
//!
//! Files are made exclusively, readable by their owner alone, and never through a link. Nothing is overwritten.

use std::{
    collections::{BTreeMap, VecDeque, btree_map::Entry},
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{error::KeepError, line_file::LineFile};
use crate::text::{NO_NAME, path_part};

/// The longest name of a stream in a name of a file, in bytes. File systems allow 255 for all of it.
const LONGEST_STREAM: usize = 150;
/// So many files are open at a time: a process may have 1,024 in all.
const MOST_OPEN: usize = 64;
/// So many bytes of lines wait before they are written, over all files.
const MOST_BUFFERED: usize = 256 * 1024;
/// So many files of one name and moment may be there already.
const MOST_NAMESAKES: u32 = 1_000;

/// A folder for lines of one sort.
#[derive(Debug)]
pub struct Folder {
    /// The argument that names it, such as `--rejected`.
    argument: &'static str,
    path: PathBuf,
    /// The run made it.
    is_new: bool,
    started: Timestamp,
    /// By the place of the stream.
    files: BTreeMap<usize, LineFile>,
    /// The streams whose files are open, the one first that was opened first.
    open: VecDeque<usize>,
    /// What waits to be written, in bytes.
    buffered: usize,
}

impl Folder {
    /// Makes the folder if it is missing, and proves that files can be made in it.
    ///
    /// # Errors
    ///
    /// If it cannot be made, or written in.
    pub fn open(argument: &'static str, path: &Path, started: Timestamp) -> Result<Self, KeepError> {
        let error = |error: io::Error| KeepError::Folder {
            argument,
            folder: path.display().to_string(),
            kind: error.kind(),
        };
        let is_new = make_folder(path).map_err(error)?;
        let probe = path.join(format!(".destination-hubspot.{:016x}.probe", fastrand::u64(..)));
        let proved = create(&probe).and_then(|mut file| {
            let written = file.write_all(b"\n");
            fs::remove_file(&probe).and(written)
        });
        if let Err(cause) = proved {
            // An empty folder is of no use to anybody.
            if is_new {
                fs::remove_dir(path).ok();
            }
            return Err(error(cause));
        }
        Ok(Self {
            argument,
            path: path.to_owned(),
            is_new,
            started,
            files: BTreeMap::new(),
            open: VecDeque::new(),
            buffered: 0,
        })
    }

    /// Fails if two arguments name one folder.
    ///
    /// # Errors
    ///
    /// With both arguments.
    pub fn all_different(folders: &[&Self]) -> Result<(), KeepError> {
        let real = |folder: &Self| folder.path.canonicalize().unwrap_or_else(|_| folder.path.clone());
        for (place, one) in folders.iter().enumerate() {
            if let Some(other) = folders.iter().take(place).find(|other| real(other) == real(one)) {
                return Err(KeepError::Shared {
                    argument: one.argument,
                    other: other.argument,
                    folder: one.path.display().to_string(),
                });
            }
        }
        Ok(())
    }

    /// Adds a line to the file of a stream, which is made for its first one. It is on the disk when it is [saved](Self::save).
    ///
    /// # Errors
    ///
    /// If it cannot be made or written.
    pub fn add(&mut self, stream: usize, name: &str, line: &str) -> Result<(), KeepError> {
        self.try_add(stream, name, line).map_err(|error| self.failed(&error))
    }

    fn try_add(&mut self, stream: usize, name: &str, line: &str) -> io::Result<()> {
        if !self.files.contains_key(&stream) {
            let (path, file) = self.create_for(name)?;
            self.make_room()?;
            self.open.push_back(stream);
            self.files.insert(stream, LineFile::new(path, file));
        }
        if let Entry::Occupied(mut file) = self.files.entry(stream) {
            self.buffered += file.get_mut().push(line);
        }
        if self.buffered >= MOST_BUFFERED { self.write(LineFile::flush) } else { Ok(()) }
    }

    /// Writes what waits, file by file, as `write` says.
    fn write(&mut self, write: impl Fn(&mut LineFile) -> io::Result<()>) -> io::Result<()> {
        let unsaved: Vec<usize> =
            self.files.iter().filter(|(_, file)| file.is_unsaved()).map(|(stream, _)| *stream).collect();
        for stream in unsaved {
            if self.files.get(&stream).is_some_and(|file| !file.is_open()) {
                self.make_room()?;
                self.open.push_back(stream);
            }
            if let Some(file) = self.files.get_mut(&stream) {
                write(file)?;
            }
        }
        self.buffered = 0;
        Ok(())
    }

    /// One more file may be opened.
    fn make_room(&mut self) -> io::Result<()> {
        while self.open.len() >= MOST_OPEN {
            let first = self.open.pop_front().and_then(|stream| self.files.get_mut(&stream));
            first.map_or(Ok(()), LineFile::close)?;
        }
        Ok(())
    }

    /// A new file for a stream.
    fn create_for(&self, name: &str) -> io::Result<(PathBuf, File)> {
        match self.make(name) {
            // Another run has made the folder too, and removed it since it had nothing to keep.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make_folder(&self.path)?;
                self.make(name)
            }
            made => made,
        }
    }

    fn make(&self, name: &str) -> io::Result<(PathBuf, File)> {
        let stream = file_name(name);
        // Names sort by their moments.
        let moment = self.started.strftime("%Y%m%dT%H%M%S%.3fZ");
        for number in 1..=MOST_NAMESAKES {
            let suffix = if number == 1 { String::new() } else { format!("_{number}") };
            let path = self.path.join(format!("{stream}.{moment}{suffix}.jsonl"));
            match create(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => return made.map(|file| (path, file)),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// All lines so far are on the disk.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn save(&mut self) -> Result<(), KeepError> {
        self.write(LineFile::save).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> KeepError {
        let folder = self.path.display().to_string();
        KeepError::Row { argument: self.argument, folder, kind: error.kind() }
    }
}

/// A folder that was made in vain does not stay. One with files in it cannot be removed so.
impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_new {
            fs::remove_dir(&self.path).ok();
        }
    }
}

/// Makes a folder for its owner alone, unless it is there. `true`: it was made.
fn make_folder(path: &Path) -> io::Result<bool> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => Ok(true),
        // Perhaps another run has just made it.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(false),
        Err(error) => Err(error),
    }
}

/// A new file that only its owner may read. An existing one, or a link, is an error.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// The name of a stream as the visible beginning of a file's name.
fn file_name(stream: &str) -> String {
    let name = path_part(stream, LONGEST_STREAM);
    match name.strip_prefix('.') {
        Some(rest) => format!("%2E{rest}"),
        None if name.is_empty() => NO_NAME.to_owned(),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_stream_is_a_visible_part_of_one_files_name() {
        for (stream, name) in [
            ("users", "users"),
            ("crm.users", "crm.users"),
            ("", "no-name"),
            (".", "%2E"),
            ("..", "%2E%2E"),
            ("../a/b", "%2E.%2Fa%2Fb"),
            ("Ä", "%C3%84"),
        ] {
            assert_eq!(file_name(stream), name);
        }
    }
}
