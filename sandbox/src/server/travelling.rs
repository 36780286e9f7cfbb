//! Bodies on their way: how large one that comes may be, and how one that goes travels: whole, in pieces, padded, cut,
//! or as endless filler.
//!
//! Which of these it is to be is decided in `faults::delivery`.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    http::{StatusCode, header::CONTENT_LENGTH},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::{faults::delivery::Delivery, reply::Reply};

/// No request to HubSpot comes near this; it keeps a runaway client from filling the memory.
pub(super) const LARGEST_BODY: usize = 64 * 1_024 * 1_024;

/// The connection is to be closed. As the error of a service or of a body it makes hyper do it; where only a response can
/// be returned, it is an extension of one that is never sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the connection is cut on purpose")
    }
}

impl std::error::Error for Cut {}

impl IntoResponse for Cut {
    fn into_response(self) -> Response {
        let mut never_sent = Response::default();
        never_sent.extensions_mut().insert(self);
        never_sent
    }
}

/// The answer as it is sent.
pub(super) fn respond(reply: Reply, delivery: Delivery) -> Result<Response, Cut> {
    if delivery == Delivery::Nothing {
        return Err(Cut);
    }
    let (body, announced) = Travelling::new(reply.body, delivery);
    let mut response = Response::builder().status(StatusCode::from_u16(reply.status).map_err(|_| Cut)?);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    if let Some(length) = announced {
        response = response.header(CONTENT_LENGTH, length);
    }
    response.body(axum::body::Body::new(body)).map_err(|_| Cut)
}

/// Bytes of one piece of filler.
const FILLER: &[u8] = &[b' '; 16 * 1_024];

/// A body on its way.
#[derive(Debug)]
struct Travelling {
    rest: Bytes,
    /// Filler still to be sent.
    filler: u64,
    /// Size of a piece.
    chunk: usize,
    pause: Option<Duration>,
    sleeping: Option<Pin<Box<Sleep>>>,
    /// Whether the connection is cut after the last byte.
    is_cut: bool,
}

impl Travelling {
    /// Prepares a body; the second value is the length to announce, where it must differ from what is sent.
    fn new(body: Bytes, delivery: Delivery) -> (Self, Option<u64>) {
        let whole = body.len();
        let mut travelling =
            Self { rest: body, filler: 0, chunk: whole.max(1), pause: None, sleeping: None, is_cut: false };
        match delivery {
            Delivery::Whole | Delivery::Nothing => (travelling, None),
            Delivery::Half => {
                travelling.rest.truncate(whole / 2);
                travelling.is_cut = true;
                (travelling, Some(whole as u64))
            }
            Delivery::Slow { chunks, pause } => {
                travelling.chunk = whole.div_ceil(chunks).max(1);
                travelling.pause = Some(pause);
                (travelling, Some(whole as u64))
            }
            Delivery::Padded { bytes } => {
                travelling.rest = padded(&travelling.rest, bytes);
                travelling.chunk = FILLER.len();
                (travelling, None)
            }
            Delivery::Filler { bytes } => {
                travelling.filler = bytes;
                (travelling, None)
            }
        }
    }
}

/// An answer with a text of so many bytes in its first result; one without results as it is.
fn padded(body: &Bytes, bytes: usize) -> Bytes {
    let first = br#""results":[{"#;
    let Some(place) = body.windows(first.len()).position(|window| window == first) else {
        return body.clone();
    };
    let (before, after) = body.split_at(place + first.len());
    let mut padded = before.to_vec();
    padded.extend_from_slice(br#""padding":""#);
    padded.resize(padded.len() + bytes, b'x');
    padded.extend_from_slice(b"\",");
    padded.extend_from_slice(after);
    padded.into()
}

impl Body for Travelling {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(pause) = self.pause.filter(|_| !self.rest.is_empty()) {
            let sleeping = self.sleeping.get_or_insert_with(|| Box::pin(sleep(pause)));
            ready!(sleeping.as_mut().poll(context));
            self.sleeping = None;
        }
        let size = self.chunk.min(self.rest.len());
        let piece = self.rest.split_to(size);
        if !piece.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        if self.filler > 0 {
            let size = usize::try_from(self.filler).unwrap_or(usize::MAX).min(FILLER.len());
            self.filler -= size as u64;
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(FILLER).slice(..size)))));
        }
        Poll::Ready(self.is_cut.then_some(Err(Cut)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.filler == 0 && !self.is_cut
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_cut {
            SizeHint::default()
        } else {
            SizeHint::with_exact(self.rest.len() as u64 + self.filler)
        }
    }
}
