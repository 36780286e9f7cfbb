//! Runs the built connector as a process, the way the platform does, and reads what it prints.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::PathBuf,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    thread,
    time::Duration,
};

use hubspot_sandbox::{Fault, RequestRecord, Sandbox, Settings, tokens};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use super::paths;

/// Nothing in a test takes this long unless it hangs.
pub(crate) const HANG: Duration = Duration::from_mins(1);

/// No line that is due takes this long. It is less than the minute after which a record goes in any case, so that a
/// state that only comes for that reason is missed.
const SILENCE: Duration = Duration::from_secs(40);

/// A connector to be run against a sandbox. Delays are scaled down, so that retries cost no time.
#[derive(Debug)]
pub(crate) struct Connector {
    directory: Arc<TempDir>,
    base_url: String,
    config: Value,
    catalog: Option<Value>,
    /// Files with content of one's own, by name.
    texts: Vec<(String, String)>,
    variables: Vec<(String, String)>,
    /// Of `write` alone.
    arguments: Vec<String>,
    in_job_directory: bool,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    /// The lines of standard output, as text.
    pub(crate) lines: Vec<String>,
    pub(crate) stderr: String,
}

impl Connector {
    /// With the token that may do everything.
    pub(crate) fn new(sandbox: &Sandbox) -> Self {
        Self {
            directory: Arc::new(TempDir::new().unwrap()),
            base_url: sandbox.base_url(),
            config: json!({ "access_token": tokens::FULL }),
            catalog: None,
            texts: Vec::new(),
            variables: vec![("HUBSPOT_DELAY_SCALE".to_owned(), "0.01".to_owned())],
            arguments: Vec::new(),
            in_job_directory: false,
        }
    }

    /// With more arguments for `write`.
    pub(crate) fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// The path of a file in the directory of the runs.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// With `--report`, see [`Self::read_report`].
    pub(crate) fn with_report(self) -> Self {
        let path = self.path("report.json");
        self.arguments(&["--report", path.to_str().unwrap()])
    }

    /// The text of the report of the last run.
    pub(crate) fn read_report(&self) -> String {
        std::fs::read_to_string(self.path("report.json")).unwrap()
    }

    /// Sets one setting of the configuration.
    pub(crate) fn set(mut self, setting: &str, value: impl Into<Value>) -> Self {
        self.config[setting] = value.into();
        self
    }

    pub(crate) fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// A catalog of `append_dedup` streams with these fields each.
    pub(crate) fn streams(self, streams: &[(&str, &[&str])]) -> Self {
        let stream = |(name, fields): &(&str, &[&str])| {
            let properties: serde_json::Map<String, Value> = fields
                .iter()
                .map(|field| ((*field).to_owned(), json!({ "type": ["null", "string"] })))
                .collect();
            json!({
                "stream": { "name": name, "json_schema": { "type": "object", "properties": properties }, "supported_sync_modes": ["full_refresh", "incremental"] },
                "sync_mode": "incremental", "destination_sync_mode": "append_dedup", "primary_key": [["id"]],
            })
        };
        let streams: Vec<Value> = streams.iter().map(stream).collect();
        self.catalog(json!({ "streams": streams }))
    }

    pub(crate) fn catalog(mut self, catalog: Value) -> Self {
        self.catalog = Some(catalog);
        self
    }

    /// With this text for `config.json` or `catalog.json`.
    pub(crate) fn text(mut self, file: &str, text: &str) -> Self {
        self.texts.push((file.to_owned(), text.to_owned()));
        self
    }

    /// With delays at their full length, where requests are counted: a busy machine must not make input seem to pause.
    pub(crate) fn unscaled(self) -> Self {
        self.variable("HUBSPOT_DELAY_SCALE", "1")
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs in the directory of its files and names them without it, as Airbyte's test suites do.
    pub(crate) fn in_job_directory(mut self) -> Self {
        self.in_job_directory = true;
        self
    }

    /// Runs `check`.
    pub(crate) fn check(&self) -> Outcome {
        self.start("check").finish()
    }

    /// Runs `write` with this input.
    pub(crate) fn write(&self, input: &str) -> Outcome {
        let mut running = self.start("write");
        running.send(input);
        running.finish()
    }

    /// Starts a command with its standard input held open.
    pub(crate) fn start(&self, verb: &str) -> Running {
        let mut command = self.command(verb);
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let errors = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let directory = Arc::clone(&self.directory);
        Running { child, stdin, lines, seen: Vec::new(), errors: Some(errors), _directory: directory }
    }

    /// The command with its arguments, environment and pipes.
    pub(crate) fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_destination-hubspot"));
        command.arg(verb).arg("--config").arg(self.file("config.json", &self.config));
        let has_text = self.texts.iter().any(|(file, _)| file == "catalog.json");
        if self.catalog.is_some() || has_text {
            let catalog = self.catalog.as_ref().unwrap_or(&Value::Null);
            command.arg("--catalog").arg(self.file("catalog.json", catalog));
        }
        if verb == "write" {
            command.args(&self.arguments);
        }
        if self.in_job_directory {
            command.current_dir(self.directory.path());
        }
        // Whatever the machine of the test uses itself.
        for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"] {
            command.env_remove(name).env_remove(name.to_lowercase());
        }
        command.env_remove("LOG_LEVEL").env("HUBSPOT_API_BASE_URL", &self.base_url);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn file(&self, name: &str, content: &Value) -> PathBuf {
        let path = self.directory.path().join(name);
        let text = self.texts.iter().find(|(file, _)| file == name).map(|(_, text)| text.clone());
        std::fs::write(&path, text.unwrap_or_else(|| content.to_string())).unwrap();
        if self.in_job_directory { PathBuf::from(name) } else { path }
    }
}

/// Runs the connector with just these arguments, and nothing to read.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_destination-hubspot"));
    command.args(arguments).stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let lines = text(output.stdout).lines().map(str::to_owned).collect();
    Outcome { code: output.status.code(), lines, stderr: text(output.stderr) }
}

/// Waits for the end of a process. One that hangs is killed: the test fails on the code that follows from this.
pub(crate) fn end_of(child: &mut Child) -> ExitStatus {
    let (done, ended) = mpsc::channel();
    let id = child.id();
    thread::spawn(move || {
        if ended.recv_timeout(HANG).is_err() {
            let _killed = Command::new("kill").arg("-KILL").arg(id.to_string()).status();
        }
    });
    let status = child.wait().unwrap();
    done.send(()).ok();
    status
}

/// A connector that runs, with its standard input open.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: Vec<String>,
    errors: Option<thread::JoinHandle<String>>,
    /// Its files stay until it has read them.
    _directory: Arc<TempDir>,
}

impl Running {
    /// Writes to standard input. A connector that has ended already does not mind, nor does this.
    pub(crate) fn send(&mut self, text: &str) {
        if let Some(stdin) = &mut self.stdin
            && stdin.write_all(text.as_bytes()).and_then(|()| stdin.flush()).is_err()
        {
            self.stdin = None;
        }
    }

    /// Waits for a line of standard output that fulfils the condition.
    pub(crate) fn wait_for(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.lines.recv_timeout(SILENCE).expect("a line that does not come");
            self.seen.push(line.clone());
            if wanted(&line) {
                return line;
            }
        }
    }

    /// Sends a line again and again until a line of standard output fulfils the condition.
    pub(crate) fn send_until(&mut self, noise: &str, wanted: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        while started.elapsed() < SILENCE {
            self.send(noise);
            if let Ok(line) = self.lines.recv_timeout(Duration::from_millis(1)) {
                self.seen.push(line.clone());
                if wanted(&line) {
                    return line;
                }
            }
        }
        panic!("a line that does not come: {:#?}", self.seen);
    }

    /// Waits for a state with this number.
    pub(crate) fn wait_for_state(&mut self, id: u64) {
        let end = format!("\"id\":{id},");
        self.wait_for(|line| is_state(line) && line.contains(&end));
    }

    /// Closes standard input.
    pub(crate) fn close(&mut self) {
        self.stdin = None;
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let status =
            Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Closes standard input and waits for the end.
    pub(crate) fn finish(mut self) -> Outcome {
        self.close();
        self.wait()
    }

    /// Waits for the end with standard input as it is.
    pub(crate) fn wait(mut self) -> Outcome {
        let status = end_of(&mut self.child);
        self.seen.extend(self.lines.iter());
        let stderr = self.errors.take().map(|errors| errors.join().unwrap()).unwrap_or_default();
        Outcome { code: status.code(), lines: self.seen, stderr }
    }
}

impl Outcome {
    /// The messages on standard output; every line has to be one.
    pub(crate) fn messages(&self) -> Vec<Value> {
        self.lines
            .iter()
            .map(|line| {
                assert!(line.starts_with("{\"type\":\""), "no message: {line}");
                serde_json::from_str(line).expect("JSON")
            })
            .collect()
    }

    fn of_type(&self, kind: &str, member: &str) -> Vec<Value> {
        let of_kind = self.messages().into_iter().filter(|message| message["type"] == kind);
        of_kind.map(|mut message| message[member].take()).collect()
    }

    /// The lines with the states, in order.
    pub(crate) fn state_lines(&self) -> Vec<&str> {
        self.lines.iter().map(String::as_str).filter(|line| is_state(line)).collect()
    }

    /// The numbers of the states, in order.
    pub(crate) fn state_ids(&self) -> Vec<u64> {
        self.states().iter().map(|state| state["id"].as_u64().unwrap()).collect()
    }

    /// The states written, in order.
    pub(crate) fn states(&self) -> Vec<Value> {
        self.of_type("STATE", "state")
    }

    /// `(written, rejected)` of each state.
    pub(crate) fn counts(&self) -> Vec<(f64, f64)> {
        let count = |state: &Value, name: &str| state["destinationStats"][name].as_f64().unwrap();
        self.states()
            .iter()
            .map(|state| (count(state, "recordCount"), count(state, "rejectedRecordCount")))
            .collect()
    }

    /// The `TRACE` errors.
    pub(crate) fn errors(&self) -> Vec<Value> {
        self.of_type("TRACE", "trace").into_iter().map(|mut trace| trace["error"].take()).collect()
    }

    /// The messages of `LOG` lines that contain a text.
    pub(crate) fn logs(&self, part: &str) -> Vec<String> {
        let logs = self.of_type("LOG", "log");
        let texts = logs.iter().map(|log| log["message"].as_str().unwrap().to_owned());
        texts.filter(|text| text.contains(part)).collect()
    }

    /// The summary line.
    pub(crate) fn summary(&self) -> String {
        let mut summaries = self.logs("summary");
        assert_eq!(summaries.len(), 1, "{:#?}", self.lines);
        summaries.remove(0)
    }

    /// Status and message of the one `CONNECTION_STATUS`.
    pub(crate) fn connection_status(&self) -> (String, String) {
        let statuses = self.of_type("CONNECTION_STATUS", "connectionStatus");
        assert_eq!(statuses.len(), 1, "{:#?}", self.lines);
        let text = |name: &str| statuses[0][name].as_str().unwrap().to_owned();
        (text("status"), text("message"))
    }

    /// Asserts a run without failure and with nothing on standard error.
    #[track_caller]
    pub(crate) fn assert_success(&self) {
        assert_eq!(self.code, Some(0), "{:#?}", self.lines);
        assert_eq!(self.stderr, "");
        assert!(self.errors().is_empty(), "{:#?}", self.lines);
    }

    /// Asserts a run that failed with one error of this type, and gives its message.
    #[track_caller]
    pub(crate) fn assert_failure(&self, failure_type: &str) -> String {
        assert_eq!(self.code, Some(1), "{:#?}", self.lines);
        assert_eq!(self.stderr, "");
        let errors = self.errors();
        assert_eq!(errors.len(), 1, "{:#?}", self.lines);
        assert_eq!(errors[0]["failure_type"], failure_type, "{:#?}", self.lines);
        errors[0]["message"].as_str().unwrap().to_owned()
    }
}

/// Whether a line of standard output is a state.
pub(crate) fn is_state(line: &str) -> bool {
    line.starts_with("{\"type\":\"STATE\"")
}

/// A sandbox that behaves well.
pub(crate) fn sandbox() -> Sandbox {
    sandbox_with(|_| ())
}

/// A sandbox with settings of one's own.
pub(crate) fn sandbox_with(change: impl FnOnce(&mut Settings)) -> Sandbox {
    let mut settings = Settings::default();
    change(&mut settings);
    Sandbox::start(settings).unwrap()
}

/// A RECORD line of the stream `users`.
pub(crate) fn record(data: Value) -> String {
    record_of("users", data)
}

/// A RECORD line.
pub(crate) fn record_of(stream: &str, data: Value) -> String {
    let mut message =
        json!({ "type": "RECORD", "record": { "stream": stream, "emitted_at": 1_700_000_000_000_u64 } });
    message["record"]["data"] = data;
    format!("{message}\n")
}

/// A STATE line of the stream `users`, with the platform's number.
pub(crate) fn state(id: u64) -> String {
    state_of("users", id)
}

/// A STATE line of a stream.
pub(crate) fn state_of(stream: &str, id: u64) -> String {
    let message = json!({ "type": "STATE", "state": { "type": "STREAM", "stream": { "stream_descriptor": { "name": stream }, "stream_state": { "at": id } }, "id": id } });
    format!("{message}\n")
}

/// A STATE line with exactly this object.
pub(crate) fn state_line(object: &str) -> String {
    format!("{{\"type\":\"STATE\",\"state\":{object}}}\n")
}

/// RECORD lines of a stream: so many people, each with an address of their own that begins with the stream's name.
pub(crate) fn people_of(stream: &str, numbers: std::ops::Range<u32>) -> String {
    let person = |number| {
        record_of(stream, json!({ "email": email_of(stream, number), "firstname": format!("Name {number}") }))
    };
    numbers.map(person).collect()
}

/// RECORD lines of the stream `users`.
pub(crate) fn people(numbers: std::ops::Range<u32>) -> String {
    people_of("users", numbers)
}

/// The address of one of [`people_of`].
pub(crate) fn email_of(stream: &str, number: u32) -> String {
    format!("{stream}{number}@example.com")
}

/// A sandbox with these faults.
pub(crate) fn sandbox_with_faults(faults: Vec<Fault>) -> Sandbox {
    sandbox_with(|settings| settings.faults = faults)
}

/// Waits until a batch with this address has reached the sandbox.
#[track_caller]
pub(crate) fn wait_for_upsert_of(sandbox: &Sandbox, email: &str) {
    let carries = |request: &RequestRecord| {
        request.path.contains(paths::UPSERT) && request.keys.iter().any(|key| key == email)
    };
    assert!(sandbox.wait_for_requests(1, HANG, carries), "{:#?}", sandbox.requests());
}

/// How many upserts the sandbox has seen.
pub(crate) fn upserts(sandbox: &Sandbox) -> usize {
    sandbox.requests_to(paths::UPSERT).len()
}
