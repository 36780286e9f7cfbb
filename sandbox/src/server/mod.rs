//! Sockets: accepts connections, until it is told to stop.
//!
//! `router` leads a request to what answers it.

mod control;
mod exchange;
pub(crate) mod journal;
mod router;
pub(crate) mod shared;
mod travelling;

use std::{net::TcpListener as StdListener, sync::Arc, time::Duration};

use axum::{Router, http::Uri, response::Response};
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};

use self::{exchange::Sent, shared::Shared, travelling::Cut};

/// Serves until told to stop; connections still open are dropped then.
pub(crate) async fn serve(
    listener: StdListener,
    shared: Arc<Shared>,
    mut stop: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let service = TowerToHyperService::new(router::router(shared));
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
                let service = service.clone();
                connections.spawn(async move {
                    let service = service_fn(|request| answer(&service, request));
                    // An error here is a client that left, or a connection cut on purpose.
                    let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        }
    }
}

/// Answers one request. The error makes hyper close the connection without an answer.
async fn answer(
    router: &TowerToHyperService<Router>,
    mut request: Request<Incoming>,
) -> Result<Response, Cut> {
    let sent = Sent(request.uri().clone());
    if let Some(trimmed) = without_outer_slashes(&sent.0) {
        *request.uri_mut() = trimmed;
    }
    request.extensions_mut().insert(sent);
    let Ok(response) = router.call(request).await;
    match response.extensions().get::<Cut>() {
        Some(cut) => Err(*cut),
        None => Ok(response),
    }
}

/// A target without the slashes that a client adds at either end of the path, if there are any.
fn without_outer_slashes(uri: &Uri) -> Option<Uri> {
    let trimmed = format!("/{}", uri.path().trim_matches('/'));
    if trimmed == uri.path() {
        return None;
    }
    uri.query().map_or_else(|| trimmed.clone(), |query| format!("{trimmed}?{query}")).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_at_the_ends_of_a_path_do_not_count() {
        let trimmed =
            |target: &str| without_outer_slashes(&target.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(trimmed("//account-info/v3/details//"), Some("/account-info/v3/details".to_owned()));
        assert_eq!(trimmed("/a/?b=/"), Some("/a?b=/".to_owned()));
        assert_eq!(trimmed("/a//b?c=/"), None);
        assert_eq!(trimmed("/"), None);
    }
}
