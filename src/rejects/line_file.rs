//! One file of whole lines: written in blocks, opened again where it had to be closed, and never left with half a line. Not here:
//! which lines, and how many files are open ([`super::folder`]).

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// A file that a run has made for lines.
#[derive(Debug)]
pub(super) struct LineFile {
    path: PathBuf,
    file: Option<File>,
    /// Whole lines that are not in the file.
    buffer: Vec<u8>,
    /// What the file has of whole lines, in bytes.
    length: u64,
    /// Some of its lines may not be on the disk.
    is_unsaved: bool,
}

impl LineFile {
    /// A file that was made a moment ago, and is empty.
    pub(super) fn new(path: PathBuf, file: File) -> Self {
        Self { path, file: Some(file), buffer: Vec::new(), length: 0, is_unsaved: false }
    }

    pub(super) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    pub(super) fn is_unsaved(&self) -> bool {
        self.is_unsaved
    }

    /// Takes a line, and gives how many bytes more wait.
    pub(super) fn push(&mut self, line: &str) -> usize {
        self.buffer.extend_from_slice(line.as_bytes());
        self.buffer.push(b'\n');
        self.is_unsaved = true;
        line.len() + 1
    }

    /// Lines that wait go into the file, which is not closed.
    ///
    /// # Errors
    ///
    /// If they cannot be written. The file then ends with its last whole line.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let file = opened(&mut self.file, &self.path)?;
        if let Err(error) = file.write_all(&self.buffer) {
            // On a full disk, say. What is half a line could not be sent again.
            file.set_len(self.length).ok();
            return Err(error);
        }
        self.length += u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
        // A long row is not to hold its memory.
        self.buffer = Vec::new();
        Ok(())
    }

    /// All lines are on the disk, and the file is where it was made.
    ///
    /// # Errors
    ///
    /// If they are not.
    pub(super) fn save(&mut self) -> io::Result<()> {
        self.flush()?;
        let file = opened(&mut self.file, &self.path)?;
        file.sync_data()?;
        // Somebody has deleted it: nobody would find the lines.
        if file.metadata()?.nlink() == 0 {
            return Err(ErrorKind::NotFound.into());
        }
        self.is_unsaved = false;
        Ok(())
    }

    /// Lines that wait go into the file, which is closed until there are more.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub(super) fn close(&mut self) -> io::Result<()> {
        self.flush()?;
        self.file = None;
        Ok(())
    }
}

/// The file, to be written at its end. One that was replaced by a link is an error.
fn opened<'f>(file: &'f mut Option<File>, path: &Path) -> io::Result<&'f mut File> {
    let file = match file.take() {
        Some(open) => file.insert(open),
        None => file.insert(OpenOptions::new().append(true).custom_flags(libc::O_NOFOLLOW).open(path)?),
    };
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn lines_survive_closing_and_a_file_that_is_gone_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let mut lines = LineFile::new(path.clone(), File::create_new(&path).unwrap());
        assert_eq!(lines.push("one"), 4);
        lines.close().unwrap();
        assert!(!lines.is_open() && lines.is_unsaved());
        lines.push("two");
        lines.save().unwrap();
        assert!(!lines.is_unsaved());
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        fs::remove_file(&path).unwrap();
        lines.push("three");
        assert_eq!(lines.save().unwrap_err().kind(), ErrorKind::NotFound);
    }

    /// A file that can only be read stands for a disk that is full.
    #[test]
    fn a_failed_write_leaves_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        fs::write(&path, "one\n").unwrap();
        let mut lines = LineFile::new(path.clone(), File::open(&path).unwrap());
        lines.length = 4;
        lines.push("two");
        assert!(lines.flush().is_err() && lines.is_unsaved());
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\n");
    }
}
