//! The one writer of standard output: whole lines, each at once, and nothing after an error.
//!
//! Whoever has made a line waits until it is written. A reader that is slow holds up the task that writes, and no other: a thread
//! of its own writes for tasks of the runtime, and while that is stuck, their worker's other tasks go on elsewhere. Not here:
//! what the lines say.

use std::{
    fmt,
    io::{self, Write},
    sync::{
        Arc, Mutex, OnceLock, TryLockError,
        atomic::{AtomicBool, Ordering},
        mpsc,
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

/// A line that takes longer is stuck.
const PATIENCE: Duration = Duration::from_millis(20);

/// Standard output; clones share it.
#[derive(Clone)]
pub struct Output {
    shared: Arc<Shared>,
    /// To the thread that writes for tasks, once one has written.
    thread: Arc<OnceLock<mpsc::Sender<Order>>>,
}

struct Shared {
    writer: Mutex<Box<dyn Write + Send>>,
    closed: AtomicBool,
    closing: Notify,
}

/// A line to be written, with its end, and where to say how that went.
struct Order {
    bytes: Vec<u8>,
    done: mpsc::Sender<Result<(), OutputClosed>>,
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
        Self { shared: Arc::new(shared), thread: Arc::default() }
    }

    /// Writes a line, which must hold no line feed, and its end.
    ///
    /// After the first error the output is closed for good: part of a line may have gone out.
    pub fn line(&self, line: &str) -> Result<(), OutputClosed> {
        let bytes = with_end(line);
        if !on_worker() {
            return self.shared.wait_and_write(&bytes);
        }
        let (done, outcome) = mpsc::channel();
        let thread = self.thread.get_or_init(|| start_thread(Arc::clone(&self.shared)));
        // A thread that is gone was stopped by a panic in the middle of a line, or never began.
        thread.send(Order { bytes, done }).map_err(|_| self.shared.close())?;
        let outcome = match outcome.recv_timeout(PATIENCE) {
            // The worker's other tasks are handed to another thread: requests under way would time out otherwise. Not sooner,
            // since each thread has memory of its own.
            Err(mpsc::RecvTimeoutError::Timeout) => block_in_place(|| outcome.recv().ok()),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Ok(outcome) => Some(outcome),
        };
        outcome.unwrap_or_else(|| Err(self.shared.close()))
    }

    /// [`line`](Self::line) for the panic hook: gives up where the panicking thread itself may hold the lock. Says
    /// whether the line was written.
    pub fn try_line(&self, line: &str) -> bool {
        // Another thread needs the lock for one line only, so it is worth a little wait.
        for _ in 0..10 {
            match self.shared.writer.try_lock() {
                Ok(mut writer) => return self.shared.write(writer.as_mut(), &with_end(line)).is_ok(),
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
}

impl Shared {
    fn wait_and_write(&self, bytes: &[u8]) -> Result<(), OutputClosed> {
        // A lock poisoned by a writer that panicked is a line cut short, and so an output closed.
        let mut writer = self.writer.lock().map_err(|_| self.close())?;
        self.write(writer.as_mut(), bytes)
    }

    fn write(&self, writer: &mut dyn Write, bytes: &[u8]) -> Result<(), OutputClosed> {
        if self.closed.load(Ordering::Acquire) {
            return Err(OutputClosed);
        }
        writer.write_all(bytes).and_then(|()| writer.flush()).map_err(|_| self.close())
    }

    fn close(&self) -> OutputClosed {
        self.closed.store(true, Ordering::Release);
        self.closing.notify_waiters();
        OutputClosed
    }
}

fn with_end(line: &str) -> Vec<u8> {
    debug_assert!(!line.contains('\n'), "a line is one line");
    let mut bytes = Vec::with_capacity(line.len() + 1);
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
    bytes
}

/// Whether this is a worker thread of the runtime, which other tasks need.
fn on_worker() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

/// Starts the thread that writes for tasks. It ends with the last [`Output`], or dies with the process.
fn start_thread(shared: Arc<Shared>) -> mpsc::Sender<Order> {
    let (sender, orders) = mpsc::channel::<Order>();
    let write_all = move || {
        while let Ok(Order { bytes, done }) = orders.recv() {
            // Nobody waits any more if the runtime is gone.
            done.send(shared.wait_and_write(&bytes)).ok();
        }
    };
    // If there is no thread, its end of the channel is dropped, and whoever writes finds out by that.
    thread::Builder::new().name("output".to_owned()).spawn(write_all).ok();
    sender
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

    #[test]
    fn a_task_learns_that_the_output_is_closed() {
        for broken in ["fail", "panic"] {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
            let calls = Calls::default();
            let output = Output::new(calls.clone());
            let writing = runtime.spawn({
                let output = output.clone();
                async move { [output.line("a"), output.line(broken), output.line("b")] }
            });
            let written = runtime.block_on(writing).expect("no panic of the task");
            assert_eq!(written, [Ok(()), Err(OutputClosed), Err(OutputClosed)]);
            assert!(output.is_closed());
            assert_eq!(calls.taken(), ["a\n", "flush"]);
        }
    }
}
