//! The one writer of standard output: whole lines, each at once, and nothing after an error.
//!
//! Lines are written where they are made. A reader that is slow holds up the task that writes, and no other: the other tasks of
//! its worker thread go on elsewhere. Not here: what the lines say.

use std::{
    fmt,
    io::{self, Write},
    sync::{
        Arc, Mutex, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::Notify,
    task::block_in_place,
};

/// Nobody reads the output any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("standard output is closed")]
pub struct OutputClosed;

/// Standard output; clones share it.
#[derive(Clone)]
pub struct Output {
    shared: Arc<Shared>,
}

struct Shared {
    writer: Mutex<Box<dyn Write + Send>>,
    closed: AtomicBool,
    closing: Notify,
}

impl Output {
    #[expect(clippy::disallowed_methods, reason = "this is the place where standard output is written")]
    pub fn stdout() -> Self {
        Self::new(io::stdout())
    }

    /// Writes to something else, for tests.
    pub fn new(writer: impl Write + Send + 'static) -> Self {
        let shared = Shared {
            writer: Mutex::new(Box::new(writer)),
            closed: AtomicBool::new(false),
            closing: Notify::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Writes a line, which must hold no line feed, and its end.
    ///
    /// After the first error the output is closed for good: part of a line may have gone out.
    pub fn line(&self, line: &str) -> Result<(), OutputClosed> {
        may_block(|| {
            // A lock poisoned by a writer that panicked is a line cut short, and so an output closed.
            let mut writer = self.shared.writer.lock().map_err(|_| self.close())?;
            self.write(writer.as_mut(), line)
        })
    }

    /// [`line`](Self::line) for the panic hook: gives up where the panicking thread itself may hold the lock. Says
    /// whether the line was written.
    pub fn try_line(&self, line: &str) -> bool {
        // Another thread needs the lock for one line only, so it is worth a little wait.
        for _ in 0..10 {
            match self.shared.writer.try_lock() {
                Ok(mut writer) => return self.write(writer.as_mut(), line).is_ok(),
                Err(TryLockError::Poisoned(_)) => return false,
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(10)),
            }
        }
        false
    }

    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// Waits until the output is closed, which may be never.
    pub async fn closed(&self) {
        let closing = self.shared.closing.notified();
        // From here on no closing is missed; one that came before shows in the flag.
        if !self.is_closed() {
            closing.await;
        }
    }

    fn write(&self, writer: &mut dyn Write, line: &str) -> Result<(), OutputClosed> {
        if self.is_closed() {
            return Err(OutputClosed);
        }
        debug_assert!(!line.contains('\n'), "a line is one line");
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        writer.write_all(&bytes).and_then(|()| writer.flush()).map_err(|_| self.close())
    }

    fn close(&self) -> OutputClosed {
        self.shared.closed.store(true, Ordering::Release);
        self.shared.closing.notify_waiters();
        OutputClosed
    }
}

/// Runs what may block on a reader that is slow. On a worker thread, what else is to be done there is handed to another thread
/// meanwhile: requests under way would time out otherwise.
fn may_block<T>(action: impl FnOnce() -> T) -> T {
    let is_worker =
        Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    if is_worker { block_in_place(action) } else { action() }
}

impl fmt::Debug for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Output").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::ErrorKind,
        panic::{AssertUnwindSafe, catch_unwind},
        sync::mpsc as channel,
    };

    use super::*;

    /// What was written, and how often: each call of `write` and `flush` is one entry.
    #[derive(Clone, Default)]
    struct Calls(Arc<Mutex<Vec<String>>>);

    impl Calls {
        fn taken(&self) -> Vec<String> {
            std::mem::take(&mut *self.0.lock().expect("no panic"))
        }
    }

    impl Write for Calls {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            if text.starts_with("fail") {
                return Err(ErrorKind::BrokenPipe.into());
            }
            assert!(!text.starts_with("panic"), "as the test wishes");
            self.0.lock().expect("no panic").push(text);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.lock().expect("no panic").push("flush".to_owned());
            Ok(())
        }
    }

    #[test]
    fn a_line_is_one_write_and_one_flush() {
        let calls = Calls::default();
        let output = Output::new(calls.clone());
        assert_eq!(output.line("{\"a\":1}"), Ok(()));
        assert!(output.clone().try_line("b"));
        assert_eq!(calls.taken(), ["{\"a\":1}\n", "flush", "b\n", "flush"]);
        assert!(!output.is_closed());
    }

    #[test]
    fn nothing_goes_out_after_an_error() {
        let calls = Calls::default();
        let output = Output::new(calls.clone());
        assert_eq!(output.line("fail"), Err(OutputClosed));
        assert!(output.clone().is_closed());
        assert_eq!(output.line("a"), Err(OutputClosed));
        assert!(!output.try_line("a"));
        assert!(calls.taken().is_empty());
    }

    #[tokio::test]
    async fn those_who_wait_learn_of_the_closing() {
        let output = Output::new(Calls::default());
        let both = async { tokio::join!(output.closed(), output.closed()) };
        let closing = async {
            tokio::task::yield_now().await;
            output.line("fail").expect_err("closed")
        };
        tokio::join!(both, closing);
        output.closed().await;
    }

    #[test]
    fn a_panic_while_writing_closes() {
        let output = Output::new(Calls::default());
        assert!(catch_unwind(AssertUnwindSafe(|| output.line("panic"))).is_err());
        assert!(!output.try_line("a"));
        assert_eq!(output.line("a"), Err(OutputClosed));
        assert!(output.is_closed());
    }

    /// A writer that says when it writes, and waits until the test lets it.
    struct Stuck(channel::Sender<()>, channel::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(()).expect("the test waits");
            self.1.recv().expect("the test releases");
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_panic_hook_does_not_wait_for_ever() {
        let (started, starting) = channel::channel();
        let (release, released) = channel::channel();
        let output = Output::new(Stuck(started, released));
        let writer = thread::spawn({
            let output = output.clone();
            move || output.line("a")
        });
        starting.recv().expect("it writes");
        assert!(!output.try_line("b"));
        release.send(()).expect("it waits");
        assert_eq!(writer.join().expect("no panic"), Ok(()));
    }

    #[test]
    fn other_tasks_of_the_worker_go_on_while_a_line_waits_for_its_reader() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let (started, starting) = channel::channel();
        let (release, released) = channel::channel();
        let output = Output::new(Stuck(started, released));
        let writing = runtime.spawn(async move { output.line("a") });
        starting.recv().expect("it writes");
        let request = runtime.spawn(async { tokio::time::sleep(Duration::from_millis(1)).await });
        let (done, finished) = channel::channel();
        runtime.spawn(async move {
            request.await.expect("no panic");
            done.send(()).expect("the test waits");
        });
        let went_on = finished.recv_timeout(Duration::from_secs(20));
        release.send(()).expect("it waits");
        assert_eq!(went_on, Ok(()), "held up by a line of another task");
        assert_eq!(runtime.block_on(writing).expect("no panic"), Ok(()));
    }
}
