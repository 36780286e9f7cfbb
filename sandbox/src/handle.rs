//! The handle of a running sandbox: starts the server in a thread of its own, and stops it when dropped.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::oneshot;

use crate::{
    account::{
        contact::{Contact, Seed},
        state::State,
    },
    server::{self, journal::RequestRecord, shared::Shared},
    settings::Settings,
};

/// A running sandbox. All methods block for no longer than a lock, except [`wait_for_requests`](Self::wait_for_requests),
/// and may be called from anywhere. Dropping it closes the socket and all connections.
#[derive(Debug)]
pub struct Sandbox {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts one on the address and port of the settings. It accepts connections when this returns. Fails if the
    /// address is none of this machine's, or if the port is taken.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind((settings.host, settings.port)).map_err(|error| {
            let (host, port) = (settings.host, settings.port);
            io::Error::new(
                error.kind(),
                format!("{host}:{port} cannot be listened on: {error}; port 0 takes a free one"),
            )
        })?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(State::new(settings)));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("hubspot-sandbox".to_owned()).spawn(move || {
            // The only error is a socket that the runtime refuses; every request then fails, which no test overlooks.
            let _ended = runtime.block_on(server::serve(listener, served, stopped));
        })?;
        Ok(Self { shared, address, stop: Some(stop), thread: Some(thread) })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end. One that listens on all addresses of this machine is named by
    /// the loopback.
    pub fn base_url(&self) -> String {
        format!("http://{}", reachable(self.address))
    }

    /// The contacts that are not archived, by address.
    pub fn contacts(&self) -> Vec<Contact> {
        self.shared.lock().store.all()
    }

    /// The contact that owns an address, be it the primary or a secondary one.
    pub fn contact(&self, email: &str) -> Option<Contact> {
        let state = self.shared.lock();
        state.store.by_address(email).and_then(|id| state.store.get(id)).cloned()
    }

    /// The contacts in the recycle bin, by the address that they had.
    pub fn archived(&self) -> Vec<Contact> {
        self.shared.lock().store.archived()
    }

    /// The newest requests by number, [`RequestRecord::KEPT`] at most; those to the control routes excepted.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.journal.all().0
    }

    /// How many older requests the record has dropped.
    pub fn dropped_requests(&self) -> u64 {
        self.shared.journal.all().1
    }

    /// The requests whose path contains this.
    pub fn requests_to(&self, path: &str) -> Vec<RequestRecord> {
        self.requests().into_iter().filter(|record| record.path.contains(path)).collect()
    }

    /// Waits until at least `count` requests fulfil the condition, which is asked again whenever a request arrives or
    /// is answered. Returns false if that does not happen within `limit`. It blocks the thread: in async code call it
    /// through `spawn_blocking`.
    #[must_use]
    pub fn wait_for_requests(
        &self,
        count: usize,
        limit: Duration,
        wanted: impl Fn(&RequestRecord) -> bool,
    ) -> bool {
        self.shared.journal.wait(count, limit, wanted)
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Settings {
        self.shared.lock().settings.clone()
    }

    /// Changes the settings while it runs; the next request sees them. If the list of faults changes, the rules count
    /// anew. The port stays.
    pub fn update(&self, change: impl FnOnce(&mut Settings)) {
        self.shared.lock().update(change);
    }

    /// Goes back to the start: contacts, properties, settings, what was spent of the limits, counts of the faults, chance, and
    /// the record of requests. A request under way is finished on the fresh account, and is not recorded.
    pub fn reset(&self) {
        self.shared.reset();
    }

    /// Puts in a contact and returns its id.
    pub fn seed_contact(&self, seed: Seed) -> String {
        self.shared.lock().with_rules(|store, rules| store.seed(seed, rules))
    }

    /// Changes a property of the contact of an address, as a person does on HubSpot's screen: no request is counted, and
    /// `lastmodifieddate` moves. `""` clears the value; the value is not validated. Returns whether there is such a contact.
    #[must_use = "it is false where no contact has the address"]
    pub fn change_contact(&self, email: &str, property: &str, value: &str) -> bool {
        let properties = BTreeMap::from([(property.to_owned(), value.to_owned())]);
        self.shared.lock().edit(email, &properties)
    }

    /// Moves the contact of an address to the recycle bin, as a person does. Returns whether there is such a contact.
    #[must_use = "it is false where no contact has the address"]
    pub fn archive_contact(&self, email: &str) -> bool {
        self.shared.lock().archive(email)
    }

    /// Merges the contact of an address into that of another, as a person does. Returns whether there are two such contacts.
    #[must_use = "it is false where the addresses do not belong to two contacts"]
    pub fn merge_contacts(&self, primary: &str, other: &str) -> bool {
        self.shared.lock().merge(primary, other)
    }

    /// Puts in made-up contacts `seed-000001@example.com` to `seed-{count}@example.com`.
    pub fn seed_contacts(&self, count: usize) {
        self.shared.lock().seed_numbered(count);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was printed; it must not become a second one here.
            let _panicked = thread.join();
        }
    }
}

/// An address to connect to, for one to listen on.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let host = match listening.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        host => host,
    };
    SocketAddr::new(host, listening.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_of_this_machine_are_reached_at_the_loopback() {
        for (listening, expected) in [
            ("0.0.0.0:1", "127.0.0.1:1"),
            ("[::]:1", "[::1]:1"),
            ("127.0.0.2:1", "127.0.0.2:1"),
            ("[::1]:1", "[::1]:1"),
        ] {
            assert_eq!(reachable(listening.parse().unwrap()).to_string(), expected);
        }
    }
}
