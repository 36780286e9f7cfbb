//! The one reader of standard input: a plain thread that hands over blocks of whole lines.
//!
//! A thread and not tokio's standard input, whose pending read keeps a process alive that wants to end while its input
//! is held open; this thread simply dies with the process. Memory is bounded in bytes (`Room`): the thread reads no
//! further until what it has read is taken, so that the sender's pipe fills up and the sender waits.
//!
//! Not here: what a line means.

use std::{
    io::{ErrorKind, Read},
    mem,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::error::Failure;

/// The longest line that is taken, without its line feed. Far above any record a source sends.
pub const MAX_LINE: usize = 20 * 1024 * 1024;
/// A rejected record that is sent again comes with its reason, so its line may be longer by so much. Whoever knows what a line
/// means refuses other lines of that length ([`InputError::LineTooLong`]).
const ROOM_FOR_REASON: usize = 64 * 1024;

/// Why the input cannot be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    #[error(
        "Line {line} of the input is longer than {} MiB: leave the long fields of a record out or shorten them in the source; if it is a \
         state, sync fewer streams in one connection. Nothing after the last acknowledged state counts as written.",
        MAX_LINE / 1024 / 1024
    )]
    LineTooLong { line: u64 },
    #[error("The input cannot be read: {0}. Run the sync again.")]
    Read(ErrorKind),
    /// The reading thread ended, or never began, without a word. This is never taken for the end of the input.
    #[error("Reading the input stopped before its end, perhaps for want of memory. Run the sync again.")]
    Stopped,
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        match error {
            InputError::LineTooLong { .. } | InputError::Read(_) | InputError::Stopped => {
                Self::system(error.to_string())
            }
        }
    }
}

/// The receiving end.
#[derive(Debug)]
pub struct InputReader {
    blocks: mpsc::Receiver<Handover>,
    ended: bool,
}

/// Starts to read, with room for 256 KiB of lines or else one line of up to [`MAX_LINE`].
pub fn start(reader: impl Read + Send + 'static) -> InputReader {
    start_with(reader, Sizes { read: 64 * 1024, room: 256 * 1024, line: MAX_LINE + ROOM_FOR_REASON })
}

impl InputReader {
    /// The next block; nothing at the end of the input and after an error.
    ///
    /// Take every line of a block, until there are none, or drop it before asking for the next: a long line is read
    /// only once all blocks before it are done with. Cancel-safe: a future that is dropped takes no block with it.
    pub async fn next(&mut self) -> Option<Result<Block, InputError>> {
        if self.ended {
            return None;
        }
        let received = match self.blocks.recv().await {
            Some(Handover::Block(block)) => return Some(Ok(block)),
            Some(Handover::End) => None,
            Some(Handover::Failed(error)) => Some(Err(error)),
            None => Some(Err(InputError::Stopped)),
        };
        self.ended = true;
        self.blocks.close();
        received
    }
}

/// Whole lines, to be taken one by one.
#[derive(Debug)]
pub struct Block {
    rest: Bytes,
    next_number: u64,
    lease: Option<Lease>,
}

impl Block {
    /// The next line that is not blank, without its end, and its number: lines count from 1, blank ones too.
    ///
    /// A line shares the memory of its block, so copy what is to stay.
    pub fn next_line(&mut self) -> Option<(u64, Bytes)> {
        while !self.rest.is_empty() {
            let number = self.next_number;
            self.next_number += 1;
            let feed = self.rest.iter().position(|byte| *byte == b'\n');
            let mut line = self.rest.split_to(feed.map_or(self.rest.len(), |feed| feed + 1));
            if number == 1 && line.starts_with(BYTE_ORDER_MARK) {
                line = line.split_off(BYTE_ORDER_MARK.len());
            }
            line.truncate(line.strip_suffix(b"\n").unwrap_or(&line).len());
            line.truncate(line.strip_suffix(b"\r").unwrap_or(&line).len());
            if !line.trim_ascii().is_empty() {
                return Some((number, line));
            }
        }
        // Not as soon as the last line is taken: then one long line could be read while another is in use.
        self.lease = None;
        None
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How much is read at once, how much may wait, and how long a line may be, in bytes.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    read: usize,
    room: usize,
    line: usize,
}

#[derive(Debug)]
enum Handover {
    Block(Block),
    Failed(InputError),
    End,
}

fn start_with(reader: impl Read + Send + 'static, sizes: Sizes) -> InputReader {
    // Small blocks are bounded by their number, large ones by the room.
    let (sender, blocks) = mpsc::channel(4);
    let room = Arc::new(Room { free: Mutex::new(sizes.room), returned: Condvar::new() });
    let read_all = move || {
        let mut lines = Lines { sizes, sender, room, unfinished: Vec::new(), lease: None, next_number: 1 };
        let last = match lines.read_all(reader) {
            Ok(()) => Handover::End,
            Err(ReadEnd::Failed(error)) => Handover::Failed(error),
            Err(ReadEnd::Unwanted) => return,
        };
        // If nobody wants the news either, there is nobody to tell.
        lines.sender.blocking_send(last).ok();
    };
    // If there is no thread, its end of the channel is dropped, and the receiver finds out by that.
    thread::Builder::new().name("input".to_owned()).spawn(read_all).ok();
    InputReader { blocks, ended: false }
}

/// The sending end of an input without a thread. On a paused clock, time would run on while a thread still reads.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Feed {
    blocks: mpsc::Sender<Handover>,
    next_number: u64,
}

#[cfg(test)]
impl Feed {
    pub(crate) fn new() -> (Self, InputReader) {
        let (sender, blocks) = mpsc::channel(4);
        (Self { blocks: sender, next_number: 1 }, InputReader { blocks, ended: false })
    }

    /// Gives whole lines as one block, and waits for a place as the thread does. `false`: nobody reads any more.
    pub(crate) async fn lines(&mut self, text: String) -> bool {
        let next_number = self.next_number;
        self.next_number += text.split_inclusive('\n').map(|_| 1).sum::<u64>();
        let block = Block { rest: text.into(), next_number, lease: None };
        self.blocks.send(Handover::Block(block)).await.is_ok()
    }

    pub(crate) async fn end(self) {
        self.blocks.send(Handover::End).await.ok();
    }

    pub(crate) async fn fail(self, error: InputError) {
        self.blocks.send(Handover::Failed(error)).await.ok();
    }
}

/// Why the thread stops before the end of its input.
enum ReadEnd {
    Failed(InputError),
    /// The receiver is gone.
    Unwanted,
}

/// The reading thread's state.
struct Lines {
    sizes: Sizes,
    sender: mpsc::Sender<Handover>,
    room: Arc<Room>,
    /// The beginning of a line whose end is not read yet.
    unfinished: Vec<u8>,
    /// The whole room, while `unfinished` is a long line.
    lease: Option<Lease>,
    next_number: u64,
}

impl Lines {
    fn read_all(&mut self, mut reader: impl Read) -> Result<(), ReadEnd> {
        let mut buffer = vec![0; self.sizes.read];
        loop {
            let length = match reader.read(&mut buffer) {
                Ok(0) => return self.hand_over(),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(ReadEnd::Failed(InputError::Read(error.kind()))),
            };
            self.take(buffer.split_at(length).0)?;
        }
    }

    /// Hands over the lines that end in what was read, and keeps the beginning of the next.
    ///
    /// Lines do not wait for more of them: a slow source would see its states come back late.
    fn take(&mut self, read: &[u8]) -> Result<(), ReadEnd> {
        let first_end = read.iter().position(|byte| *byte == b'\n');
        if self.unfinished.len() + first_end.unwrap_or(read.len()) > self.sizes.line {
            return Err(ReadEnd::Failed(InputError::LineTooLong { line: self.next_number }));
        }
        if self.lease.is_none() && self.unfinished.len() + read.len() > self.sizes.room {
            self.lease = Some(Lease::take(&self.room, self.sizes.room));
        }
        let Some(last_end) = read.iter().rposition(|byte| *byte == b'\n') else {
            self.unfinished.extend_from_slice(read);
            return Ok(());
        };
        let (whole, begun) = read.split_at(last_end + 1);
        self.unfinished.extend_from_slice(whole);
        self.hand_over()?;
        self.unfinished.extend_from_slice(begun);
        Ok(())
    }

    /// Hands over all there is as one block.
    fn hand_over(&mut self) -> Result<(), ReadEnd> {
        if self.unfinished.is_empty() {
            return Ok(());
        }
        let bytes = mem::take(&mut self.unfinished);
        let lease = self.lease.take().unwrap_or_else(|| Lease::take(&self.room, bytes.len()));
        let first_number = self.next_number;
        self.next_number += bytes.split_inclusive(|byte| *byte == b'\n').map(|_| 1).sum::<u64>();
        let block = Block { rest: bytes.into(), next_number: first_number, lease: Some(lease) };
        self.sender.blocking_send(Handover::Block(block)).map_err(|_| ReadEnd::Unwanted)
    }
}

/// The bytes that may wait or be in use.
///
/// A line that does not fit takes the whole room before it grows, so it is alone in memory. The locks are held for a
/// few instructions that cannot panic, so a poisoned one would still be right.
#[derive(Debug)]
struct Room {
    free: Mutex<usize>,
    returned: Condvar,
}

/// A part of the room, given back when dropped.
#[derive(Debug)]
struct Lease {
    room: Arc<Room>,
    bytes: usize,
}

impl Lease {
    /// Waits until that much room is free. This ends even if the receiver is gone, for its blocks go with it.
    fn take(room: &Arc<Room>, bytes: usize) -> Self {
        let free = room.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free =
            room.returned.wait_while(free, |free| *free < bytes).unwrap_or_else(PoisonError::into_inner);
        *free -= bytes;
        Self { room: Arc::clone(room), bytes }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        *self.room.free.lock().unwrap_or_else(PoisonError::into_inner) += self.bytes;
        self.room.returned.notify_all();
    }
}

#[cfg(test)]
mod tests;
