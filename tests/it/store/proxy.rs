//! What stands between the client and a real store: it passes exchanges on, loses answers, and takes its time.

use std::{
    io::{BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use super::server;

/// Stops with the process.
#[derive(Debug)]
pub(super) struct Proxy {
    address: SocketAddr,
    pub(super) exchanges: Arc<AtomicUsize>,
}

/// What happens to an exchange, by its number from 0.
#[derive(Debug, Clone, Copy)]
pub(super) enum Passage {
    Whole,
    /// The store has carried it out, and nobody hears of it.
    WithoutAnswer,
    Late(Duration),
}

impl Proxy {
    /// In front of the store at `host:port`.
    pub(super) fn start(store: &str, passage: fn(usize) -> Passage) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let exchanges = Arc::new(AtomicUsize::new(0));
        let (store, count) = (store.to_owned(), Arc::clone(&exchanges));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (store, count) = (store.clone(), Arc::clone(&count));
                thread::spawn(move || pass(&connection, &store, &count, passage));
            }
        });
        Self { address, exchanges }
    }

    pub(super) fn address(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Passes one exchange on and closes the connection.
fn pass(connection: &TcpStream, store: &str, count: &AtomicUsize, passage: fn(usize) -> Passage) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    let Some(request) = server::read(&mut reader) else { return };
    let passage = passage(count.fetch_add(1, Ordering::Relaxed));
    if let Passage::Late(time) = passage {
        thread::sleep(time);
    }
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    for (name, value) in request.headers.iter().filter(|(name, _)| *name != "connection") {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("connection: close\r\n\r\n");
    let mut onward = TcpStream::connect(store).unwrap();
    onward.write_all(&[head.as_bytes(), &request.body].concat()).unwrap();
    let mut answer = Vec::new();
    onward.read_to_end(&mut answer).unwrap();
    match passage {
        Passage::WithoutAnswer => {}
        Passage::Whole | Passage::Late(_) => (&*connection).write_all(&answer).unwrap_or_default(),
    }
}
