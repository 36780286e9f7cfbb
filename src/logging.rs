//! Turns `tracing` events into `LOG` lines, or into text for a person at a terminal.
//!
//! Only events of this crate are ever written: what libraries log can hold header values and bodies. Not here: what is
//! worth logging; and errors that end a command, which the commands report themselves.

use std::{
    fmt::{self, Write as _},
    io::Write as _,
    panic::{self, PanicHookInfo},
    sync::atomic::{AtomicBool, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    subscriber::Interest,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::Registry,
};

use crate::{error::Failure, io::output::Output, protocol::emit, text};

/// Installs the subscriber for the whole process; where there is one already, that one stays.
///
/// `log_level` is the text of the variable `LOG_LEVEL`: `trace`, `debug`, `info`, `warn` or `error` in any case;
/// without it, `info`; if it is something else, `info`, and what to say of that is given back: here it could block the process
/// before it hears a signal. `to_terminal` says that a person watches: then lines go to standard
/// error in a readable form, and none to `output`.
pub fn init(output: Output, log_level: Option<&str>, to_terminal: bool) -> Option<String> {
    let target = if to_terminal { Target::Terminal } else { Target::Protocol(output) };
    let chosen = level(log_level);
    // It fails only where a subscriber is installed.
    tracing::subscriber::set_global_default(subscriber(target, chosen.unwrap_or(LevelFilter::INFO))).ok();
    if chosen.is_some() {
        return None;
    }
    Some(no_level(log_level.unwrap_or_default().trim()))
}

/// What to say of a text in `LOG_LEVEL` that is no level.
pub(crate) fn no_level(written: &str) -> String {
    format!(
        "The variable LOG_LEVEL is `{}`, which is no level, so that `info` holds. Set it to error, warn, info, debug or trace, \
         or unset it.",
        text::shown(written)
    )
}

/// Reports the first panic of the process as a `TRACE` error that gives its place and not its text, which may quote a record.
/// Further panics are not reported: one error says how the process ends.
///
/// Standard error stays empty, except `to_terminal`, where the sentence goes there instead.
pub fn install_panic_hook(output: Output, to_terminal: bool) {
    let told = AtomicBool::new(false);
    panic::set_hook(Box::new(move |info| {
        if !told.swap(true, Ordering::Relaxed) {
            report_panic(info, &output, to_terminal);
        }
    }));
}

fn report_panic(info: &PanicHookInfo<'_>, output: &Output, to_terminal: bool) {
    let failure = Failure::from(Defect { place: place(info) });
    if to_terminal {
        write_to_terminal(emit::Level::Fatal, &failure.message);
    } else {
        output.try_line(&emit::trace_error(&failure, milliseconds_since_1970()));
    }
}

fn subscriber(target: Target, level: LevelFilter) -> impl Subscriber + Send + Sync {
    Registry::default().with(OwnEvents { target, level })
}

/// The level of a name; `None` if it is not one. A blank name is that of the default.
fn level(log_level: Option<&str>) -> Option<LevelFilter> {
    match log_level.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "trace" => Some(LevelFilter::TRACE),
        "debug" => Some(LevelFilter::DEBUG),
        "" | "info" => Some(LevelFilter::INFO),
        "warn" => Some(LevelFilter::WARN),
        "error" => Some(LevelFilter::ERROR),
        _ => None,
    }
}

enum Target {
    Protocol(Output),
    Terminal,
}

/// Writes the events of this crate up to a level.
struct OwnEvents {
    target: Target,
    level: LevelFilter,
}

impl OwnEvents {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        is_own(metadata.target()) && *metadata.level() <= self.level
    }
}

impl<S: Subscriber> Layer<S> for OwnEvents {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        // Asked again, for another layer's interest could bring an event here.
        if !self.wants(metadata) {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        let (level, text) = (protocol_level(*metadata.level()), text.into_line());
        match &self.target {
            // If the output is closed, the sync ends for that reason.
            Target::Protocol(output) => drop(output.line(&emit::log(level, &text))),
            Target::Terminal => write_to_terminal(level, &text),
        }
    }
}

/// Whether a target is this crate or a module of it.
fn is_own(target: &str) -> bool {
    target
        .strip_prefix(env!("CARGO_CRATE_NAME"))
        .is_some_and(|module| module.is_empty() || module.starts_with("::"))
}

fn protocol_level(level: tracing::Level) -> emit::Level {
    match level {
        tracing::Level::ERROR => emit::Level::Error,
        tracing::Level::WARN => emit::Level::Warn,
        tracing::Level::INFO => emit::Level::Info,
        tracing::Level::DEBUG => emit::Level::Debug,
        tracing::Level::TRACE => emit::Level::Trace,
    }
}

/// The message of an event, then its fields as `key=value` in their order.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Text {
    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        // Writing to a `String` cannot fail; a value whose own `Display` fails is cut short.
        if field.name() == "message" {
            self.message.write_fmt(value).ok();
        } else {
            write!(self.fields, " {}={value}", field.name()).ok();
        }
    }

    fn into_line(self) -> String {
        let line = self.message + &self.fields;
        line.trim_start().to_owned()
    }
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        // Before it is quoted, for `{:?}` would turn what is hidden into escapes.
        let value = &*text::printable(value);
        let needs_quotes = value.is_empty() || value.contains(|character: char| " =\"".contains(character));
        if needs_quotes && field.name() != "message" {
            self.add(field, format_args!("{value:?}"));
        } else {
            self.add(field, format_args!("{value}"));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format_args!("{value:?}"));
    }
}

/// One line on standard error.
fn write_to_terminal(level: emit::Level, text: &str) {
    // There is nowhere left to report that standard error cannot be written.
    std::io::stderr().lock().write_all(readable(level, text).as_bytes()).ok();
}

fn readable(level: emit::Level, text: &str) -> String {
    format!("{} {}\n", level.as_str(), text::printable(text))
}

/// A panic of the connector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "The connector stopped because of a defect in itself, at {place}. Please report this place to its makers."
)]
pub struct Defect {
    /// The file and the line of the source.
    pub place: String,
}

impl From<Defect> for Failure {
    fn from(defect: Defect) -> Self {
        Self::system(defect.to_string())
    }
}

fn place(info: &PanicHookInfo<'_>) -> String {
    match info.location() {
        Some(location) => format!("{}:{}", crate_relative(location.file()), location.line()),
        None => "an unknown place".to_owned(),
    }
}

/// A source file's path from the folder of its crate on, so that it does not tell where the connector was built.
fn crate_relative(path: &str) -> String {
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    let is_absolute = path.starts_with(['/', '\\']) || path.contains(':');
    match parts.iter().rposition(|part| *part == "src") {
        Some(source) if is_absolute => parts.split_at(source.saturating_sub(1)).1.join("/"),
        _ => parts.join("/"),
    }
}

fn milliseconds_since_1970() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing::{debug, error, info, trace, warn};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Written {
        fn lines(&self) -> Vec<String> {
            let bytes = self.0.lock().expect("no panic");
            String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
        }
    }

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(log_level: Option<&str>, events: impl FnOnce()) -> Vec<String> {
        let written = Written::default();
        let target = Target::Protocol(Output::new(written.clone()));
        tracing::subscriber::with_default(
            subscriber(target, level(log_level).unwrap_or(LevelFilter::INFO)),
            events,
        );
        written.lines()
    }

    fn one_of_each() {
        error!("e");
        warn!("w");
        info!("i");
        debug!("d");
        trace!("t");
    }

    #[test]
    fn the_level_raises_and_lowers() {
        for (text, count) in [
            (None, 3),
            (Some(""), 3),
            (Some("loud"), 3),
            (Some("error"), 1),
            (Some("WARN"), 2),
            (Some("Info"), 3),
            (Some(" debug\n"), 4),
            (Some("trace"), 5),
        ] {
            assert_eq!(logged(text, one_of_each).len(), count, "{text:?}");
        }
        let lines = logged(Some("trace"), one_of_each);
        let levels = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];
        for ((line, level), message) in lines.iter().zip(levels).zip(["e", "w", "i", "d", "t"]) {
            assert_eq!(
                *line,
                format!(r#"{{"type":"LOG","log":{{"level":"{level}","message":"{message}"}}}}"#)
            );
        }
    }

    #[test]
    fn the_message_comes_first_and_then_the_fields() {
        let error = io::Error::other("two words");
        let lines = logged(None, || {
            info!(rows = 3, stream = "users", note = "a b=c", empty = "", %error, list = ?[1, 2], "read {}", 5);
            info!(alone = true);
            info!(message = "said \"so\"\n");
        });
        let messages: Vec<String> = lines
            .iter()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).expect("JSON")["log"]["message"].to_string()
            })
            .map(|message| serde_json::from_str(&message).expect("a text"))
            .collect();
        assert_eq!(
            messages,
            [
                "read 5 rows=3 stream=users note=\"a b=c\" empty=\"\" error=two words list=[1, 2]",
                "alone=true",
                "said \"so\" "
            ]
        );
    }

    #[test]
    fn others_are_never_heard() {
        let lines = logged(Some("trace"), || {
            error!(target: "hyper::client", "secret");
            error!(target: "destination_hubspot_sandbox", "secret");
            error!(target: "", "secret");
            warn!(target: "destination_hubspot", "own");
            warn!(target: "destination_hubspot::sync", "own");
        });
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.contains("own")));
        let wants_others = tracing::subscriber::with_default(
            subscriber(Target::Terminal, LevelFilter::TRACE),
            || tracing::enabled!(target: "rustls", tracing::Level::ERROR),
        );
        assert!(!wants_others);
    }

    #[test]
    fn a_closed_output_is_no_trouble() {
        struct Closed;
        impl io::Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let output = Output::new(Closed);
        let target = Target::Protocol(output.clone());
        tracing::subscriber::with_default(subscriber(target, LevelFilter::INFO), one_of_each);
        assert!(output.is_closed());
    }

    #[test]
    fn the_readable_form_is_one_line_whatever_the_text() {
        assert_eq!(readable(emit::Level::Warn, "é a\n\u{1b}[31mb\u{9b}2K key=1"), "WARN é a b key=1\n");
    }

    #[test]
    fn a_panic_gives_its_place_and_not_its_text() {
        let written = Written::default();
        let before = panic::take_hook();
        let output = Output::new(written.clone());
        panic::set_hook(Box::new(move |info| report_panic(info, &output, false)));
        let panicked = std::thread::spawn(|| panic!("secret of {}", "a record")).join();
        panic::set_hook(before);
        assert!(panicked.is_err());

        // Other tests panic on purpose, so their lines may be there too.
        let lines = written.lines();
        let own = lines.iter().find(|line| line.contains("logging.rs:")).expect("the panic's line");
        assert!(own.starts_with(r#"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1"#), "{own}");
        assert!(own.contains("system_error") && own.contains("at src/logging.rs:"), "{own}");
        assert!(!own.contains("secret"));
    }

    #[test]
    fn places_do_not_tell_where_the_connector_was_built() {
        for (path, expected) in [
            ("src/sync/mod.rs", "src/sync/mod.rs"),
            ("sandbox/src/lib.rs", "sandbox/src/lib.rs"),
            (
                "/home/ann/.cargo/registry/src/index-1/hyper-1.0.0/src/proto/io.rs",
                "hyper-1.0.0/src/proto/io.rs",
            ),
            ("/rustc/59807616e1/library/core/src/option.rs", "core/src/option.rs"),
            (r"C:\src\connector\src\main.rs", "connector/src/main.rs"),
            ("/src/main.rs", "/src/main.rs"),
        ] {
            assert_eq!(crate_relative(path), expected);
        }
    }
}
