//! Where attempts wait for their grant, one after the other.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{
    limits::{Limits, RateLimit},
    window::{Decision, Grant, Window},
};

/// So little is left of the day's quota that it is kept for the customer's other apps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyReserve;

/// Lets attempts go, first come, first served.
#[derive(Debug)]
pub struct Throttle {
    turn: tokio::sync::Mutex<()>,
    window: Mutex<Window>,
    waited: Mutex<Duration>,
    changed: Notify,
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new()
    }
}

impl Throttle {
    /// Starts with the limits of the lowest tier, until an answer tells others.
    pub fn new() -> Self {
        Self {
            turn: tokio::sync::Mutex::new(()),
            window: Mutex::new(Window::new(Limits::LOWEST_TIER)),
            waited: Mutex::new(Duration::ZERO),
            changed: Notify::new(),
        }
    }

    /// Waits until one more attempt may go.
    ///
    /// # Errors
    ///
    /// At once if less than 2 % of the day's quota is left, or HubSpot has said that it is used up.
    pub async fn acquire(&self) -> Result<Grant, DailyReserve> {
        let _turn = self.turn.lock().await;
        let _waiting = Waiting { since: Instant::now(), waited: &self.waited };
        loop {
            let decision = self.window().try_grant(Instant::now());
            match decision {
                Decision::Granted(grant) => return Ok(grant),
                Decision::DailyReserve => return Err(DailyReserve),
                Decision::WaitUntil(until) => tokio::select! {
                    () = tokio::time::sleep_until(until) => {}
                    () = self.changed.notified() => {}
                },
            }
        }
    }

    /// An answer came, with what HubSpot says of its limits. An attempt without an answer may have been counted all the
    /// same, so its grant stays as it is.
    pub fn answered(&self, grant: Grant, said: &RateLimit) {
        self.window().answered(Instant::now(), grant, said);
        self.changed.notify_one();
    }

    /// Nobody is let go before `duration` has passed. A pause is never shortened.
    pub fn pause(&self, duration: Duration) {
        self.window().pause(Instant::now() + duration);
        self.changed.notify_one();
    }

    /// HubSpot has refused an attempt for its limit: others use more of it than is known.
    pub fn exceeded(&self) {
        self.window().exceeded(Instant::now());
    }

    /// HubSpot has refused an attempt for the day's limit: no request is granted any more, nor those that wait now.
    pub fn use_up_day(&self) {
        self.window().use_up_day();
        self.changed.notify_one();
    }

    /// How many requests are worth having in flight: what the limits allow in two seconds, and at least 4.
    pub fn concurrency(&self) -> usize {
        let limits = self.window().limits();
        let window = limits.window().as_millis().max(1);
        let requests = (u128::from(limits.requests()) * 2_000).div_ceil(window);
        usize::try_from(requests).unwrap_or(usize::MAX).clamp(4, 64)
    }

    /// The day's limit and what is left of it, as far as HubSpot has said.
    pub fn daily(&self) -> Option<(u64, u64)> {
        self.window().daily()
    }

    /// For how long at least one attempt was held back.
    pub fn waited(&self) -> Duration {
        *self.waited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts the time until it is dropped, be it by a grant, for want of one, or since nobody waits any more.
struct Waiting<'a> {
    since: Instant,
    waited: &'a Mutex<Duration>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        *self.waited.lock().unwrap_or_else(PoisonError::into_inner) += self.since.elapsed();
    }
}
