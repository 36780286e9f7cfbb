//! Puts objects into a bucket, each once, and never over another: repeats what failed, for a while.
//!
//! Not here: which rows an object holds (`pending.rs`), and what an answer means (`answer.rs`).

use std::{
    hash::{BuildHasher, RandomState},
    io::Write as _,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use flate2::{Compression as Level, write::GzEncoder};
use object_store::{
    Attribute, Attributes, ClientOptions, Extensions, ObjectStore as _, ObjectStoreExt as _, PutMode,
    PutOptions, PutPayload, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
};
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, warn};

use super::{
    answer::{TemporaryFault, Verdict, verdict},
    error::{Location, ProbeDoubt, StoreError, StoreRefusal},
    names::{ObjectId, ObjectNames, StreamOfObject},
    pending::ObjectToPut,
    transport::{Connector, Seen},
};
use crate::config::{Compression, DelayScale, Environment, StoreConfig};

/// What the object of a check holds.
const PROBE: &[u8] = b"destination-hubspot wrote this to try whether it may. It can be deleted.\n";

/// A bucket that objects are put into.
#[derive(Debug)]
pub struct ObjectStore {
    bucket: AmazonS3,
    names: ObjectNames,
    compression: Compression,
    limits: TimeLimits,
    /// Its key is empty.
    location: Location,
}

/// How long is waited for what.
#[derive(Debug, Clone, Copy)]
struct TimeLimits {
    scale: DelayScale,
}

impl TimeLimits {
    /// With the shortest attempt at the end, not more than 30 s.
    const IN_ALL: Duration = Duration::from_secs(29);
    /// A check has less time.
    const OF_PROBE: Duration = Duration::from_secs(8);
    /// Reading the object of a check, and deleting it, take this long each at most.
    const OF_EXTRA: Duration = Duration::from_secs(3);
    const SHORTEST_ATTEMPT: Duration = Duration::from_secs(1);
    /// A store that has recovered is noticed within about this time.
    const ATTEMPT: Duration = Duration::from_secs(3);
    /// Besides, each attempt gets a second for so many bytes.
    const BYTES_IN_A_SECOND: usize = 512 * 1024;
    const FIRST_PAUSE: Duration = Duration::from_millis(200);
    const LONGEST_PAUSE: Duration = Duration::from_secs(1);

    /// How long an attempt may take when so much time is left.
    fn of_attempt(self, bytes: usize, left: Duration) -> Duration {
        let for_bytes = u64::try_from(bytes / Self::BYTES_IN_A_SECOND).unwrap_or(u64::MAX);
        let attempt = self.scale.apply(Self::ATTEMPT.saturating_add(Duration::from_secs(for_bytes)));
        attempt.min(left).max(Self::SHORTEST_ATTEMPT)
    }

    /// Half of it by chance, so that several streams do not come back at once.
    fn pause(self, attempts: u32) -> Duration {
        let doubled = Self::FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(8));
        let longest = doubled.min(Self::LONGEST_PAUSE);
        self.scale.apply(longest.mul_f64(0.5 + fastrand::f64() / 2.0))
    }
}

/// How an object got into the store.
enum Landed {
    Now,
    /// In an attempt whose answer was lost.
    Before,
}

impl ObjectStore {
    /// No probe takes longer: its last attempt may begin at the end of its time, and what was put is read and deleted.
    pub const LONGEST_PROBE: Duration = TimeLimits::OF_PROBE
        .saturating_add(TimeLimits::SHORTEST_ATTEMPT)
        .saturating_add(TimeLimits::OF_EXTRA)
        .saturating_add(TimeLimits::OF_EXTRA);

    /// # Errors
    ///
    /// If the environment does not permit the endpoint, or the system's trusted certificates cannot be loaded.
    pub fn new(config: &StoreConfig, environment: &Environment) -> Result<Self, StoreError> {
        let location = Location {
            bucket: config.bucket.clone(),
            region: config.region.clone(),
            endpoint: config.endpoint.to_string(),
            key: config.bucket_path.clone(),
        };
        if !environment.allows_private_endpoints {
            let at = || Box::new(location.clone());
            if config.endpoint.is_plain() {
                return Err(StoreError::PlainHttp { at: at() });
            }
            if config.endpoint.is_private() {
                return Err(StoreError::Refused { refusal: StoreRefusal::PrivateAddress, at: at() });
            }
        }
        let connector = Connector::new(config, environment).map_err(|_| StoreError::NoTransport)?;
        // Never `from_env`: nobody's keys but those of the settings are used, and no other address.
        let bucket = AmazonS3Builder::new()
            .with_access_key_id(config.access_key_id.expose())
            .with_secret_access_key(config.secret_access_key.expose())
            .with_bucket_name(&config.bucket)
            .with_region(&config.region)
            .with_endpoint(config.endpoint.to_string())
            .with_allow_http(config.endpoint.is_plain())
            // The only object that is ever deleted is the one of a check, and not every store knows the other way.
            .with_disable_bulk_delete(true)
            // Attempts are counted here, since only the first can be sure that an object that is there is not its own.
            .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
            .with_client_options(ClientOptions::new())
            .with_http_connector(connector)
            .build()
            .map_err(|_| StoreError::NoTransport)?;
        Ok(Self {
            bucket,
            names: ObjectNames::new(config, since_1970()),
            compression: config.compression,
            limits: TimeLimits { scale: environment.delay_scale },
            location,
        })
    }

    /// The name of the bucket.
    pub fn bucket(&self) -> &str {
        &self.location.bucket
    }

    /// Keeps an object: when this returns, the store has it whole.
    ///
    /// # Errors
    ///
    /// If the store refuses it, or did not take it for half a minute. It may be there all the same.
    pub async fn put(&self, stream: &StreamOfObject, object: ObjectToPut) -> Result<(), StoreError> {
        let part_number = object.part_number;
        let body = self.compressed(object.body);
        let key = || {
            let id = ObjectId { part_number, made_at: since_1970(), unique: unique() };
            self.names.key(stream, id)
        };
        self.keep(body, key, self.limits.scale.apply(TimeLimits::IN_ALL)).await.map(drop)
    }

    /// Tries whether the store takes an object, gives it back and deletes it. Only the first is needed.
    ///
    /// # Errors
    ///
    /// If the store does not take the object.
    pub async fn probe(&self) -> Result<Vec<ProbeDoubt>, StoreError> {
        let body = Bytes::from_static(PROBE);
        let within = self.limits.scale.apply(TimeLimits::OF_PROBE);
        let key = self.keep(body, || self.names.probe(unique()), within).await?;
        let at = || Box::new(self.at(&key));
        let extra = self.limits.scale.apply(TimeLimits::OF_EXTRA).max(TimeLimits::SHORTEST_ATTEMPT);
        let mut doubts = Vec::new();
        let content = timeout(extra, async { self.bucket.get(&key).await?.bytes().await }).await;
        match content {
            Ok(Ok(content)) if content == PROBE => {}
            Ok(Ok(_)) => doubts.push(ProbeDoubt::Changed { at: at() }),
            Ok(Err(_)) | Err(_) => doubts.push(ProbeDoubt::NotRead { at: at() }),
        }
        if !matches!(timeout(extra, self.bucket.delete(&key)).await, Ok(Ok(()))) {
            doubts.push(ProbeDoubt::NotDeleted { at: at() });
        }
        Ok(doubts)
    }

    /// Puts an object until it is there, under a key of its own, and gives the key. `new_key` makes one that no object has.
    async fn keep(
        &self,
        body: Bytes,
        new_key: impl Fn() -> String,
        within: Duration,
    ) -> Result<Path, StoreError> {
        let began = Instant::now();
        let payload = PutPayload::from_bytes(body);
        let mut key = path(&new_key());
        let mut may_have_landed = false;
        let mut attempts = 0_u32;
        loop {
            attempts = attempts.saturating_add(1);
            let left = within.saturating_sub(began.elapsed());
            let last = match self.attempt(&key, &payload, may_have_landed, left).await {
                Ok(Landed::Now) => return Ok(key),
                Ok(Landed::Before) => {
                    debug!(attempts, "the object store had taken the object in an earlier attempt");
                    return Ok(key);
                }
                Err(Verdict::Refused(refusal)) => return Err(self.refused(refusal, &key)),
                Err(Verdict::Exists) => {
                    // Not an attempt of this run: somebody else's object, which stays as it is.
                    key = path(&new_key());
                    TemporaryFault::Taken
                }
                Err(Verdict::Again(fault)) => {
                    may_have_landed |= fault.may_have_landed();
                    fault
                }
            };
            let pause = self.limits.pause(attempts);
            if began.elapsed().saturating_add(pause) >= within {
                let at = Box::new(self.at(&key));
                return Err(StoreError::GaveUp { at, attempts, elapsed: began.elapsed(), last });
            }
            warn!(attempts, reason = %last, "the object store did not take an object, trying again");
            sleep(pause).await;
        }
    }

    /// One request for a new object.
    ///
    /// An object of this key that is there already is the one that an earlier attempt wrote, if one of them may have: the key
    /// has 64 bits of chance in it, made for this object. Otherwise it is another's.
    async fn attempt(
        &self,
        key: &Path,
        payload: &PutPayload,
        may_have_landed: bool,
        left: Duration,
    ) -> Result<Landed, Verdict> {
        let seen = Seen::default();
        let mut extensions = Extensions::new();
        extensions.insert(seen.clone());
        let mode = PutMode::Create;
        let options = PutOptions { mode, attributes: self.attributes(), extensions, ..PutOptions::default() };
        let longest = self.limits.of_attempt(payload.content_length(), left);
        let verdict = match timeout(longest, self.bucket.put_opts(key, payload.clone(), options)).await {
            Ok(Ok(_)) => return Ok(Landed::Now),
            Ok(Err(_)) => verdict(seen.answer()),
            Err(_) => Verdict::Again(TemporaryFault::Timeout),
        };
        match verdict {
            Verdict::Exists if may_have_landed => Ok(Landed::Before),
            Verdict::Exists | Verdict::Refused(_) | Verdict::Again(_) => Err(verdict),
        }
    }

    fn attributes(&self) -> Attributes {
        let content_type = match self.compression {
            Compression::Plain => "application/x-ndjson",
            Compression::Gzip => "application/gzip",
        };
        Attributes::from_iter([(Attribute::ContentType, content_type)])
    }

    fn compressed(&self, body: Bytes) -> Bytes {
        match self.compression {
            Compression::Plain => body,
            Compression::Gzip => gzip(&body),
        }
    }

    fn at(&self, key: &Path) -> Location {
        Location { key: key.to_string(), ..self.location.clone() }
    }

    fn refused(&self, refusal: StoreRefusal, key: &Path) -> StoreError {
        StoreError::Refused { refusal, at: Box::new(self.at(key)) }
    }
}

/// A key of [`ObjectNames`] as `object_store` has it.
fn path(key: &str) -> Path {
    Path::parse(key).expect("no part of a key is empty, `.` or `..`")
}

fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Level::fast());
    let compressed = encoder.write_all(body).and_then(|()| encoder.finish());
    compressed.map(Bytes::from).expect("writing into memory does not fail")
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// 64 bits from the system's source of chance, which std keeps for its hash maps.
fn unique() -> u64 {
    RandomState::new().hash_one(since_1970())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_gets_time_for_its_bytes_and_no_more_than_is_left() {
        let limits = TimeLimits { scale: DelayScale::default() };
        let seconds = Duration::from_secs;
        for (bytes, left, expected) in
            [(100, 29, 3), (4 * 1024 * 1024, 29, 11), (1024 * 1024, 29, 5), (100, 2, 2), (100, 0, 1)]
        {
            assert_eq!(limits.of_attempt(bytes, seconds(left)), seconds(expected), "{bytes} {left}");
        }
    }

    #[test]
    fn pauses_grow_and_stay_short() {
        let limits = TimeLimits { scale: DelayScale::default() };
        for attempts in 1..1000 {
            let pause = limits.pause(attempts);
            assert!(pause >= Duration::from_millis(100) && pause <= Duration::from_secs(2), "{pause:?}");
        }
        let scaled = TimeLimits { scale: DelayScale::new(0.01).unwrap() };
        assert!(scaled.pause(50) <= Duration::from_millis(20));
    }

    #[test]
    fn ids_are_each_their_own() {
        let ids: std::collections::HashSet<u64> = (0..10_000).map(|_| unique()).collect();
        assert_eq!(ids.len(), 10_000);
    }
}
