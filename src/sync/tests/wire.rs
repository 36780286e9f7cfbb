//! The model of HubSpot at the other end of the real client: answers take their time, so that they come in any order,
//! and some are lost. Each address may be on its way in one request at a time: the wire holds the connector to it.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;

use super::model::{Answer, HubSpot};
use crate::{
    config::ApiVersion,
    crm::object::ObjectType,
    hubspot::{
        endpoint::Endpoint,
        throttle::RateLimit,
        transport::{Exchange, Request, Response, Transport, TransportError},
    },
};

/// What the way to HubSpot is like.
#[derive(Debug, Clone)]
pub(super) struct Way {
    /// There and back take this long each, at least and at most.
    pub fastest: Duration,
    pub slowest: Duration,
    /// How many requests HubSpot allows in ten seconds.
    pub limit: u32,
    /// So many requests meet a trouble that passes.
    pub troubles: u32,
    /// From this upsert on, HubSpot refuses everything.
    pub fails_from: Option<usize>,
}

impl Way {
    /// Every request is answered after this long.
    pub(super) fn steady(latency: Duration) -> Self {
        Self { fastest: latency / 2, slowest: latency / 2, limit: 100, troubles: 0, fails_from: None }
    }
}

/// What a request may meet, so that it is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// HubSpot does not look at it.
    Busy,
    Unavailable,
    NotSent,
    /// It is carried out, and the answer is lost.
    AnswerLost,
}

#[derive(Debug)]
pub(super) struct Wire {
    way: Way,
    hubspot: Mutex<HubSpot>,
    chance: Mutex<Chance>,
    on_the_way: Mutex<HashSet<String>>,
}

#[derive(Debug)]
struct Chance {
    random: fastrand::Rng,
    troubles: u32,
    /// How many requests were under way at the same moment.
    now: usize,
    most: usize,
}

impl Wire {
    pub(super) fn new(hubspot: HubSpot, way: Way, seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        let chance = Chance { random, troubles: way.troubles, now: 0, most: 0 };
        Self { way, hubspot: Mutex::new(hubspot), chance: Mutex::new(chance), on_the_way: Mutex::default() }
    }

    /// The model, to look at.
    pub(super) fn hubspot(&self) -> MutexGuard<'_, HubSpot> {
        held(&self.hubspot)
    }

    /// How many requests were under way at the same moment, at most.
    pub(super) fn most_at_once(&self) -> usize {
        held(&self.chance).most
    }

    fn draw(&self) -> (Duration, Duration, Option<Trouble>) {
        let mut chance = held(&self.chance);
        let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap();
        let (fastest, slowest) = (milliseconds(self.way.fastest), milliseconds(self.way.slowest));
        let mut latency = || Duration::from_millis(chance.random.u64(fastest..=slowest));
        let (there, back) = (latency(), latency());
        if chance.troubles == 0 || chance.random.bool() {
            return (there, back, None);
        }
        chance.troubles -= 1;
        let troubles = [Trouble::Busy, Trouble::Unavailable, Trouble::NotSent, Trouble::AnswerLost];
        (there, back, chance.random.choice(troubles))
    }

    async fn carry(&self, request: Request) -> Result<Response, TransportError> {
        let _flight = Flight::new(self, &request);
        let (there, back, trouble) = self.draw();
        tokio::time::sleep(there).await;
        match trouble {
            Some(Trouble::NotSent) => return Err(TransportError::Connect),
            Some(Trouble::Busy) => {
                let body = Bytes::from_static(b"{\"policyName\":\"SECONDLY\"}");
                return Ok(self.response(Answer { status: 429, body }));
            }
            Some(Trouble::Unavailable) => {
                return Ok(self.response(Answer { status: 503, body: Bytes::new() }));
            }
            Some(Trouble::AnswerLost) | None => {}
        }
        let answer = self.answer(&request);
        tokio::time::sleep(back).await;
        if trouble == Some(Trouble::AnswerLost) {
            return Err(TransportError::Timeout);
        }
        Ok(self.response(answer))
    }

    fn answer(&self, request: &Request) -> Answer {
        let mut hubspot = self.hubspot();
        let body = request.body.as_ref().expect("a batch has a body");
        if request.path == Endpoint::BatchRead(ObjectType::CONTACTS).path(ApiVersion::default()) {
            return hubspot.answer_read(body);
        }
        assert_eq!(request.path, Endpoint::BatchUpsert(ObjectType::CONTACTS).path(ApiVersion::default()));
        if self.way.fails_from.is_some_and(|from| hubspot.upserts + 1 >= from) {
            hubspot.habits.refuses_all = true;
        }
        hubspot.answer_upsert(body)
    }

    fn response(&self, Answer { status, body }: Answer) -> Response {
        let interval = Some(Duration::from_secs(10));
        let rate_limit = RateLimit { max: Some(self.way.limit), interval, ..RateLimit::default() };
        Response { status, rate_limit, retry_after: None, body }
    }
}

impl Transport for Wire {
    fn exchange(&self, request: Request) -> Exchange<'_> {
        Box::pin(self.carry(request))
    }
}

/// The addresses of a request on its way.
struct Flight<'a> {
    wire: &'a Wire,
    addresses: Vec<String>,
}

impl<'a> Flight<'a> {
    fn new(wire: &'a Wire, request: &Request) -> Self {
        let body: serde_json::Value =
            serde_json::from_slice(request.body.as_ref().expect("a batch has a body")).expect("JSON");
        let inputs = body["inputs"].as_array().expect("a batch has inputs").iter();
        let addresses: Vec<String> =
            inputs.map(|input| input["id"].as_str().expect("an id is text").to_owned()).collect();
        let mut on_the_way = held(&wire.on_the_way);
        for address in &addresses {
            assert!(on_the_way.insert(address.clone()), "{address} is in two requests at once");
        }
        let mut chance = held(&wire.chance);
        chance.now += 1;
        chance.most = chance.most.max(chance.now);
        Self { wire, addresses }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        held(&self.wire.chance).now -= 1;
        let mut on_the_way = held(&self.wire.on_the_way);
        for address in &self.addresses {
            on_the_way.remove(address);
        }
    }
}

/// A model that has panicked is looked at all the same.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
