//! The command line: reads the arguments, sets the process up, runs a command, and says with which code to exit.

use std::{
    ffi::OsString,
    future::Future,
    io::{IsTerminal, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
};

use crate::{
    command::{Context, check, discover, error::CommandError, report_file::ReportFile, spec, write},
    config::Environment,
    error::Failure,
    io::output::Output,
    logging,
    rejects::folders::Folders,
    sync::run::End,
    text,
};

const FAILURE: u8 = 1;
/// Wrong arguments, as is the custom of command line programs.
const USAGE: u8 = 2;
/// The sync ended well, but not all was written; only where that was asked for.
const NOT_ALL_WRITTEN: u8 = 3;
/// 128 plus the number of the signal, as shells report it.
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

/// After a signal, the process ends at the latest after this long, even if standard output is blocked.
const LONGEST_FAREWELL: Duration = Duration::from_secs(10);

/// Upserts contacts into HubSpot, keyed on their e-mail address: an Airbyte destination.
#[derive(Debug, Parser)]
#[command(name = "destination-hubspot", version)]
enum Arguments {
    /// Prints what this destination supports and how it is configured.
    Spec,
    /// Proves, without writing, that the token and the settings work.
    ///
    /// With a catalog, its mapping plan is printed too.
    Check {
        #[command(flatten)]
        files: Files,
        /// Exits with 1 if the check failed. Without it, a failed check exits with 0, as Airbyte expects.
        #[arg(long)]
        exit_code: bool,
    },
    /// Prints which properties a contact can be given, for platforms that map fields themselves.
    Discover(Configuration),
    /// Writes the records that come on standard input, and acknowledges their states.
    ///
    /// Without a catalog, every stream is taken as Incremental – Deduped.
    Write(WriteArguments),
}

#[derive(Debug, clap::Args)]
struct Configuration {
    /// The configuration, as described by `spec`.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Files {
    /// The configuration, as described by `spec`.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The configured catalog.
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct WriteArguments {
    #[command(flatten)]
    files: Files,
    /// Writes what became of the records to this file, as JSON, also where the sync fails.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Exits with 3 if the sync ended well, but records were rejected, values left out since they did not fit, or rows that are
    /// sent again skipped since HubSpot's record is newer. Values of fields without a property, and other skipped records, do not
    /// count.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    folders: FolderArguments,
    /// Writes rows that were rejected before, and are sent again, also where HubSpot's record was changed since.
    #[arg(long)]
    all: bool,
}

/// Where rows are kept. Each folder is made if it is missing, and gets a file for each stream of a run that has such rows.
#[derive(Debug, clap::Args)]
struct FolderArguments {
    /// Keeps rejected rows as they came, with the reason: messages that `write` takes again.
    #[arg(long, value_name = "FOLDER")]
    rejected: Option<PathBuf>,
    /// Keeps the values that were left out of records, with the key: messages that `write` takes again.
    #[arg(long, value_name = "FOLDER")]
    left_out: Option<PathBuf>,
    /// Says of each row what became of it, as JSON lines.
    #[arg(long, value_name = "FOLDER")]
    results: Option<PathBuf>,
}

/// Runs the command that the arguments name. The first one is the program's name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let shown = print(&error);
            let wanted = !error.use_stderr() && shown.is_ok();
            return if wanted { ExitCode::SUCCESS } else { ExitCode::from(USAGE) };
        }
    };
    let output = Output::stdout();
    let to_terminal = stdout_is_terminal() && std::io::stderr().is_terminal();
    logging::install_panic_hook(output.clone(), to_terminal);
    // The hook has told of a panic by then.
    let code = catch_unwind(AssertUnwindSafe(|| start(arguments, &output, to_terminal)));
    ExitCode::from(code.unwrap_or(FAILURE))
}

/// Prints a usage error or a help text. An argument that is quoted may hold anything.
fn print(error: &clap::Error) -> std::io::Result<()> {
    let text = error.render().to_string();
    let is_harmless = |line: &str| text::printable(line) == line;
    if text.lines().all(is_harmless) {
        return error.print();
    }
    let lines: Vec<_> = text.lines().map(text::printable).collect();
    std::io::stderr().lock().write_all(format!("{}\n", lines.join("\n")).as_bytes())
}

#[expect(clippy::disallowed_methods, reason = "nothing is written here")]
fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

fn start(arguments: Arguments, output: &Output, to_terminal: bool) -> u8 {
    let warning = logging::init(output.clone(), variable("LOG_LEVEL").as_deref(), to_terminal);
    let mut context = Context {
        output: output.clone(),
        environment: Environment::default(),
        to_terminal,
        warnings: warning.into_iter().collect(),
    };
    match arguments {
        Arguments::Spec => spec::run(output).map_or(FAILURE, |()| 0),
        Arguments::Check { files, exit_code } => {
            let checked = match set_up(&mut context) {
                Ok((main, _)) => main.block_on(check::run(&context, files.config, files.catalog)),
                Err(failure) => check::report_failure(&context, &failure),
            };
            checked.map_or(FAILURE, |good| if good || !exit_code { 0 } else { FAILURE })
        }
        Arguments::Discover(files) => {
            let discovered = match set_up(&mut context) {
                Ok((main, _)) => main.block_on(discover::run(&context, files.config)),
                Err(failure) => Err(failure),
            };
            discovered.map_or_else(|failure| failed(&context, &failure), |()| 0)
        }
        Arguments::Write(arguments) => start_write(context, arguments),
    }
}

fn start_write(mut context: Context, arguments: WriteArguments) -> u8 {
    let WriteArguments { files: Files { config, catalog }, report, strict, folders, all } = arguments;
    let FolderArguments { rejected, left_out, results } = folders;
    let folders = match Folders::open(rejected.as_deref(), left_out.as_deref(), results.as_deref()) {
        Ok(folders) => folders,
        Err(error) => return refuse(&error),
    };
    // After all else that may be wrong: it takes the place of the report before.
    let report = match report.map(ReportFile::begin).transpose() {
        Ok(report) => report,
        Err(error) => return refuse(&error),
    };
    match set_up(&mut context) {
        Ok((main, beside)) => {
            let job = write::Job { config, catalog, folders, writes_all: all };
            let code = main.block_on(write_until_signal(&beside, context, job, report, strict));
            // A thread may be blocked on standard input or output for ever.
            beside.shutdown_background();
            code
        }
        Err(failure) => code_of(&context, write::report_failed_start(report, failure)).unwrap_or(FAILURE),
    }
}

/// Says that an argument cannot be used, as `clap` says it of one that is written wrongly.
fn refuse(error: &impl std::error::Error) -> u8 {
    let text = format!("error: {}\n", text::printable(&error.to_string()));
    std::io::stderr().lock().write_all(text.as_bytes()).map_or(USAGE, |()| USAGE)
}

fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// Reads the environment into the context, and makes ready for network calls: on the main thread, and beside it.
fn set_up(context: &mut Context) -> Result<(Runtime, Runtime), Failure> {
    context.environment = Environment::read(variable)?;
    context.warnings.extend(context.environment.warnings());
    let main = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let beside = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    main.and_then(|main| Ok((main, beside?))).map_err(|error| CommandError::NoRuntime(error.kind()).into())
}

/// The sync has a thread of its own, so that a signal is heard even while that is blocked on standard output; its requests then
/// go on in another. A single one otherwise: requests wait for HubSpot rather than for a processor, and each thread costs memory.
async fn write_until_signal(
    sync_runtime: &Runtime,
    context: Context,
    job: write::Job,
    report: Option<ReportFile>,
    strict: bool,
) -> u8 {
    let (tell, mut told) = watch::channel(false);
    let asked_to_end = async move { told.wait_for(|end| *end).await.map_or((), |_| ()) };
    let first_signal = first_signal();
    let mut sync = JoinSet::new();
    // What is said of a failure may block as well, so it is said over there.
    let writing = async move {
        let written = write::run(context.clone(), job, report, asked_to_end).await;
        let is_incomplete = strict && !written.nothing_to_correct;
        code_of(&context, written.end)
            .map(|code| if code == 0 && is_incomplete { NOT_ALL_WRITTEN } else { code })
    };
    sync.spawn_on(writing, sync_runtime.handle());
    let mut signal_code = TERMINATED;
    let end = tokio::select! { biased;
        ended = sync.join_next() => ended,
        code = first_signal => {
            signal_code = code;
            tell.send_replace(true);
            tokio::time::timeout(LONGEST_FAREWELL, sync.join_next()).await.unwrap_or(None)
        }
    };
    match end {
        Some(Ok(code)) => code.unwrap_or(signal_code),
        // A panic has been told of by its hook.
        Some(Err(_)) => FAILURE,
        None => signal_code,
    }
}

/// Says what is still to be said of how a sync ended, and gives its exit code: none where a signal was obeyed.
pub fn code_of(context: &Context, end: End) -> Option<u8> {
    match end {
        End::Complete => Some(0),
        End::Failed(failure) => Some(failed(context, &failure)),
        // The panic has been told of by its hook.
        End::Panicked | End::OutputClosed => Some(FAILURE),
        End::Signalled => None,
    }
}

fn failed(context: &Context, failure: &Failure) -> u8 {
    // If nobody reads any more, the exit code is all there is to say.
    context.report(failure).map_or(FAILURE, |()| FAILURE)
}

fn first_signal() -> impl Future<Output = u8> {
    let mut terminate = signal(SignalKind::terminate()).ok();
    let mut interrupt = signal(SignalKind::interrupt()).ok();
    async move {
        let terminated = async {
            match &mut terminate {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        let interrupted = async {
            match &mut interrupt {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = terminated => TERMINATED,
            _ = interrupted => INTERRUPTED,
        }
    }
}
