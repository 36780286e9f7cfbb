//! A client whose transport follows a script: what each request is answered with, and when each was sent. Not here: what
//! is right to become of a call.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use crate::{
    config::{AccessToken, ApiVersion, DelayScale},
    hubspot::{
        answer::BatchAnswer,
        client::{Client, Reply},
        error::{ApiError, ApiErrorKind},
        retry::RetryPolicy,
        throttle::RateLimit,
        transport::{Exchange, Request, Response, Transport, TransportError},
    },
};

/// What a request is answered with, and after how long.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    after: Duration,
    pub(super) outcome: Result<Response, TransportError>,
}

impl Answer {
    pub(super) fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }

    pub(super) fn retry_after(mut self, text: &str) -> Self {
        if let Ok(response) = &mut self.outcome {
            response.retry_after = Some(text.to_owned());
        }
        self
    }
}

pub(super) fn answer(status: u16, body: &'static str) -> Answer {
    let body = Bytes::from_static(body.as_bytes());
    let response = Response { status, rate_limit: RateLimit::default(), retry_after: None, body };
    Answer { after: Duration::ZERO, outcome: Ok(response) }
}

pub(super) fn status(status: u16) -> Answer {
    answer(status, "{}")
}

pub(super) fn broken(error: TransportError) -> Answer {
    Answer { after: Duration::ZERO, outcome: Err(error) }
}

#[derive(Debug)]
pub(super) struct Script {
    pub(super) start: Instant,
    answers: Mutex<VecDeque<Answer>>,
    /// The last answer is given again and again.
    repeats: bool,
    pub(super) asked: Mutex<Vec<(Duration, Request)>>,
}

impl Transport for Script {
    fn exchange(&self, request: Request) -> Exchange<'_> {
        self.asked.lock().unwrap().push((self.start.elapsed(), request));
        let mut answers = self.answers.lock().unwrap();
        let next =
            if self.repeats && answers.len() == 1 { answers.front().cloned() } else { answers.pop_front() };
        let Answer { after, outcome } = next.expect("the script has an answer for each request");
        Box::pin(async move {
            sleep(after).await;
            outcome
        })
    }
}

impl Script {
    /// When each request was sent.
    pub(super) fn times(&self) -> Vec<Duration> {
        self.asked.lock().unwrap().iter().map(|(at, _)| *at).collect()
    }

    /// In whole seconds.
    pub(super) fn seconds(&self) -> Vec<u64> {
        self.times().iter().map(Duration::as_secs).collect()
    }
}

pub(super) fn client_of(
    answers: &[Answer],
    repeats: bool,
    policy: RetryPolicy,
    scale: f64,
) -> (Client, Arc<Script>) {
    let answers = Mutex::new(answers.to_vec().into());
    let script = Arc::new(Script { start: Instant::now(), answers, repeats, asked: Mutex::default() });
    let transport = Arc::clone(&script);
    let token = AccessToken::new("pat-test").unwrap();
    let scale = DelayScale::new(scale).unwrap();
    (Client::new(transport, token, ApiVersion::V3, policy, scale), script)
}

/// A client whose requests are answered so, one after the other.
pub(super) fn client(answers: &[Answer]) -> (Client, Arc<Script>) {
    client_of(answers, false, RetryPolicy::WRITE, 1.0)
}

/// A client whose requests are all answered so.
pub(super) fn client_always(answer: Answer) -> (Client, Arc<Script>) {
    client_of(&[answer], true, RetryPolicy::WRITE, 1.0)
}

/// How a call was given up: after how many attempts, how long, and what came last.
#[track_caller]
pub(super) fn exhausted(
    reply: Result<Reply<BatchAnswer>, ApiError>,
) -> (u32, Duration, Option<TransportError>, ApiError) {
    let error = reply.expect_err("it is given up");
    let ApiErrorKind::Exhausted { attempts, elapsed, last } = error.kind else { panic!("{error:?}") };
    (attempts, elapsed, last, error)
}
