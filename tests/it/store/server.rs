//! A small object store on this machine, which keeps what is put and does wrong what a test asks for.
//!
//! It checks no signature; the real server of `tests/store/run` does.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// What a request is answered with in place of what is right.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// This status, with an error of this code and a text that nobody may repeat.
    Refuse { status: u16, code: &'static str },
    /// A success without anything that a store would say.
    Blank,
    /// The request is carried out, and the connection closed without an answer.
    LoseAnswer,
    /// The connection is closed, and nothing done.
    LoseRequest,
    /// It is carried out after this time.
    Delay(Duration),
    /// The status of a redirect to this address.
    Redirect(String),
}

/// A text of the store's that must not get into a message.
pub(crate) const TEXT: &str = "zzsecret text of the store";

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    requests: Vec<Request>,
    /// For requests of a method, in their order; the last one stays if it is to.
    faults: HashMap<String, VecDeque<Fault>>,
    stays: bool,
}

/// Stops with the process.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let of_server = Arc::clone(&state);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let state = Arc::clone(&of_server);
                thread::spawn(move || serve(&connection, &state));
            }
        });
        Self { address, state }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// With faults of the next requests of a method.
    pub(crate) fn fault(&self, method: &str, faults: impl IntoIterator<Item = Fault>) -> &Self {
        self.state.lock().unwrap().faults.entry(method.to_owned()).or_default().extend(faults);
        self
    }

    /// With one fault of all requests of a method.
    pub(crate) fn always(&self, method: &str, fault: Fault) -> &Self {
        self.state.lock().unwrap().stays = true;
        self.fault(method, [fault])
    }

    /// The objects by their paths, bucket first.
    pub(crate) fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.state.lock().unwrap().objects.clone()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }
}

fn serve(connection: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    while let Some(request) = read(&mut reader) {
        let fault = {
            let mut state = state.lock().unwrap();
            state.requests.push(request.clone());
            let stays = state.stays;
            let faults = state.faults.get_mut(&request.method);
            faults.and_then(|faults| if stays { faults.front().cloned() } else { faults.pop_front() })
        };
        let carry_out = || carry_out(&request, &mut state.lock().unwrap());
        let answer = match fault {
            None => carry_out(),
            Some(Fault::Refuse { status, code }) => error(status, code),
            Some(Fault::Blank) => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned().into_bytes(),
            Some(Fault::LoseAnswer) => {
                carry_out();
                return;
            }
            Some(Fault::LoseRequest) => return,
            Some(Fault::Delay(time)) => {
                thread::sleep(time);
                carry_out()
            }
            Some(Fault::Redirect(address)) => format!(
                "HTTP/1.1 307 Temporary Redirect\r\nLocation: {address}{}\r\nContent-Length: 0\r\n\r\n",
                request.path
            )
            .into_bytes(),
        };
        if (&*connection).write_all(&answer).is_err() {
            return;
        }
    }
}

fn carry_out(request: &Request, state: &mut State) -> Vec<u8> {
    let found = state.objects.get(&request.path).cloned();
    match request.method.as_str() {
        "PUT" if found.is_some() && request.headers.contains_key("if-none-match") => {
            error(412, "PreconditionFailed")
        }
        "PUT" => {
            state.objects.insert(request.path.clone(), request.body.clone());
            success(b"")
        }
        "GET" => found.map_or_else(|| error(404, "NoSuchKey"), |body| success(&body)),
        "DELETE" => {
            state.objects.remove(&request.path);
            "HTTP/1.1 204 No Content\r\n\r\n".to_owned().into_bytes()
        }
        _ => error(405, "MethodNotAllowed"),
    }
}

fn success(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nETag: \"abc\"\r\nLast-Modified: Wed, 18 Nov 2026 09:00:00 GMT\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn error(status: u16, code: &str) -> Vec<u8> {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{TEXT}</Message></Error>");
    format!("HTTP/1.1 {status} Error\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// `None` where the connection ends.
pub(crate) fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    let mut next = || {
        line.clear();
        let length = reader.read_line(&mut line).ok()?;
        (length > 0).then(|| line.trim_end().to_owned())
    };
    let first = next()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let line = next()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body })
}
