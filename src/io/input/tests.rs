//! How lines are read: lengths, ends, what is no line. Not here: what the lines mean.

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
    runtime.block_on(async { tokio::time::timeout(Duration::from_mins(1), future).await.expect("in time") })
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
    assert_eq!(lines, numbered(&[(1, "one"), (4, "two\r"), (5, "\u{feff}three\u{2028}\rx"), (6, "last")]));
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
    assert_eq!(dropped.recv_timeout(Duration::from_mins(1)), Err(channel::RecvTimeoutError::Disconnected));
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
