//! Sockets: accepts connections, until it is told to stop.
//!
//! One request on a connection is the business of `exchange`.

mod control;
mod exchange;
pub(crate) mod journal;
pub(crate) mod shared;
mod travelling;

use std::{net::TcpListener as StdListener, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};

use self::shared::Shared;

/// Serves until told to stop; connections still open are dropped then.
pub(crate) async fn serve(
    listener: StdListener,
    shared: Arc<Shared>,
    mut stop: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            _ = &mut stop => return Ok(()),
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => {
                // Out of sockets, or a client that left at once: the next one may do better.
                let Ok((stream, _)) = accepted else {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    continue;
                };
                // Many small answers follow each other; without this each would wait for the client's next packet.
                let _ignored = stream.set_nodelay(true);
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    let service = service_fn(|request| exchange::answer(Arc::clone(&shared), request));
                    // An error here is a client that left, or a connection cut on purpose.
                    let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        }
    }
}
