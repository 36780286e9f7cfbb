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
    start_with(reader, Sizes { read: 64 * 1024, room: 256 * 1024, line: MAX_LINE })
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
mod tests {
    use std::{collections::VecDeque, io, sync::mpsc as channel, time::Duration};

    use proptest::prelude::*;

    use super::*;

    const SMALL: Sizes = Sizes { read: 8, room: 16, line: 40 };

    /// Gives each piece by one read or, where the buffer is smaller, by several.
    struct Pieces(VecDeque<Vec<u8>>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(mut piece) = self.0.pop_front() else { return Ok(0) };
            let rest = piece.split_off(piece.len().min(buffer.len()));
            buffer[..piece.len()].copy_from_slice(&piece);
            if !rest.is_empty() {
                self.0.push_front(rest);
            }
            Ok(piece.len())
        }
    }

    /// Reads what the test sends, and waits in between, like a pipe.
    struct Pipe(channel::Receiver<io::Result<Vec<u8>>>);

    impl Read for Pipe {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Ok(piece) = self.0.recv() else { return Ok(0) };
            let piece = piece?;
            buffer[..piece.len()].copy_from_slice(&piece);
            Ok(piece.len())
        }
    }

    fn on_runtime<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime
            .block_on(async { tokio::time::timeout(Duration::from_mins(1), future).await.expect("in time") })
    }

    type Lines = (Vec<(u64, Vec<u8>)>, Option<InputError>);

    fn read_lines(reader: impl Read + Send + 'static, sizes: Sizes) -> Lines {
        let mut input = start_with(reader, sizes);
        let mut lines = Vec::new();
        on_runtime(async {
            while let Some(block) = input.next().await {
                match block {
                    Ok(mut block) => {
                        while let Some((number, line)) = block.next_line() {
                            lines.push((number, line.to_vec()));
                        }
                    }
                    Err(error) => {
                        assert!(input.next().await.is_none());
                        return (lines, Some(error));
                    }
                }
            }
            (lines, None)
        })
    }

    /// What the lines of the whole content are, by the plainest means.
    fn expected_lines(content: &[u8], limit: usize) -> Lines {
        let mut lines = Vec::new();
        for (line, number) in content.split(|byte| *byte == b'\n').zip(1..) {
            if line.len() > limit {
                return (lines, Some(InputError::LineTooLong { line: number }));
            }
            let line = if number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.iter().all(u8::is_ascii_whitespace) {
                lines.push((number, line.to_vec()));
            }
        }
        (lines, None)
    }

    fn numbered(lines: &[(u64, &str)]) -> Vec<(u64, Vec<u8>)> {
        lines.iter().map(|(number, line)| (*number, line.as_bytes().to_vec())).collect()
    }

    #[test]
    fn lines_are_numbered_and_stripped() {
        let content = "\u{feff}one\r\n\n \t\r\ntwo\r\r\n\u{feff}three\u{2028}\rx\nlast".as_bytes();
        let (lines, error) = read_lines(content, SMALL);
        assert_eq!(
            lines,
            numbered(&[(1, "one"), (4, "two\r"), (5, "\u{feff}three\u{2028}\rx"), (6, "last")])
        );
        assert_eq!(error, None);
        assert_eq!(read_lines(io::empty(), SMALL), (vec![], None));
    }

    #[test]
    fn a_long_line_is_taken_up_to_the_limit() {
        let mut content = vec![b'x'; MAX_LINE];
        content.extend_from_slice(b"\nnext\n");
        let mut input = start(io::Cursor::new(content));
        on_runtime(async {
            let mut block = input.next().await.expect("a block").expect("no error");
            assert_eq!(block.next_line().map(|(number, line)| (number, line.len())), Some((1, MAX_LINE)));
            assert_eq!(block.next_line().map(|(_, line)| line), Some(Bytes::from_static(b"next")));
            assert!(block.next_line().is_none());
            assert!(input.next().await.is_none());
        });
    }

    #[test]
    fn a_longer_line_is_named_after_those_before_it() {
        let endless = io::Cursor::new("a\n\nb\n").chain(io::repeat(b'x'));
        let (lines, error) = read_lines(endless, Sizes { line: 1000, ..SMALL });
        assert_eq!(lines, numbered(&[(1, "a"), (3, "b")]));
        assert_eq!(error, Some(InputError::LineTooLong { line: 4 }));
        assert_eq!(
            InputError::LineTooLong { line: 4 }.to_string(),
            "Line 4 of the input is longer than 20 MiB: leave the long fields of a record out or shorten them in the source; if it is a \
             state, sync fewer streams in one connection. Nothing after the last acknowledged state counts as written."
        );
    }

    #[test]
    fn a_line_does_not_wait_for_the_next() {
        let (pipe, receiver) = channel::channel();
        let mut input = start(Pipe(receiver));
        on_runtime(async {
            pipe.send(Ok(b"one\ntw".to_vec())).expect("the reader lives");
            let mut block = input.next().await.expect("a block").expect("no error");
            assert_eq!(block.next_line(), Some((1, Bytes::from_static(b"one"))));
            assert_eq!(block.next_line(), None);

            // A future that is dropped loses nothing.
            assert!(tokio::time::timeout(Duration::from_millis(5), input.next()).await.is_err());
            pipe.send(Err(ErrorKind::Interrupted.into())).expect("the reader lives");
            pipe.send(Ok(b"o\n".to_vec())).expect("the reader lives");
            let mut block = input.next().await.expect("a block").expect("no error");
            assert_eq!(block.next_line(), Some((2, Bytes::from_static(b"two"))));

            pipe.send(Err(ErrorKind::ConnectionReset.into())).expect("the reader lives");
            let error = input.next().await.expect("an error").expect_err("an error");
            assert_eq!(error, InputError::Read(ErrorKind::ConnectionReset));
            assert!(input.next().await.is_none());
        });
    }

    #[test]
    fn reading_stops_while_lines_are_in_use() {
        let (pipe, receiver) = channel::sync_channel(0);
        let mut input = start_with(Pipe(receiver), SMALL);
        on_runtime(async {
            pipe.send(Ok(b"first\n".to_vec())).expect("the reader lives");
            let mut block = input.next().await.expect("a block").expect("no error");
            // A line that outgrows the room waits for the block before it.
            pipe.send(Ok(vec![b'x'; 8])).expect("the reader lives");
            pipe.send(Ok(vec![b'x'; 8])).expect("the reader lives");
            pipe.send(Ok(vec![b'x'; 8])).expect("the reader lives");
            thread::sleep(Duration::from_millis(20));
            assert!(pipe.try_send(Ok(vec![b'x'; 7])).is_err(), "the reader must not read on");
            assert!(block.next_line().is_some());
            assert!(block.next_line().is_none());
            pipe.send(Ok(b"\n".to_vec())).expect("the reader lives");
            let mut long = input.next().await.expect("a block").expect("no error");
            assert_eq!(long.next_line().map(|(_, line)| line.len()), Some(24));
        });
    }

    #[test]
    fn a_reader_that_dies_is_no_end_of_the_input() {
        struct Dies;
        impl Read for Dies {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                Ok(buffer.len() + 1)
            }
        }
        assert_eq!(read_lines(Dies, SMALL), (vec![], Some(InputError::Stopped)));
    }

    #[test]
    fn the_thread_ends_when_nobody_listens() {
        struct Endless {
            _dropped: channel::Sender<()>,
        }
        impl Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                buffer.fill(b'\n');
                Ok(buffer.len())
            }
        }
        let (sender, dropped) = channel::channel();
        let input = start(Endless { _dropped: sender });
        thread::sleep(Duration::from_millis(5));
        drop(input);
        assert_eq!(
            dropped.recv_timeout(Duration::from_mins(1)),
            Err(channel::RecvTimeoutError::Disconnected)
        );
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_lines(
            pieces in proptest::collection::vec(
                prop_oneof![
                    proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b' '), any::<u8>()], 1..20),
                    Just(b"\xef\xbb\xbf".to_vec()),
                    Just(b"\n".to_vec()),
                    Just(vec![b'x'; 20]),
                ],
                0..20,
            ),
        ) {
            let content = pieces.concat();
            let expected = expected_lines(&content, SMALL.line);
            prop_assert_eq!(read_lines(Pieces(pieces.into()), SMALL), expected);
            let expected = expected_lines(&content, MAX_LINE);
            prop_assert_eq!(read_lines(io::Cursor::new(content), Sizes { line: MAX_LINE, ..SMALL }), expected);
        }
    }
}
