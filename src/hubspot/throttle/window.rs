//! The log of grants in the last window, and whether one more may be given. Pure: every method takes the moment.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::limits::{Limits, RateLimit};

/// A grant counts for this share of the window longer, since HubSpot counts a request when it arrives and not when it is
/// let go.
const MARGIN: f64 = 0.02;
/// The day's last requests are left to the customer's other apps: one in this many.
const DAILY_RESERVE: u64 = 50;

/// An attempt that was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    _private: (),
}

/// Whether an attempt may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Granted(Grant),
    WaitUntil(Instant),
    /// Too little is left of the day's quota.
    DailyReserve,
}

#[derive(Debug)]
pub(super) struct Window {
    limits: Limits,
    grants: VecDeque<Instant>,
    paused_until: Option<Instant>,
    daily: Option<(u64, u64)>,
}

impl Window {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, grants: VecDeque::new(), paused_until: None, daily: None }
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// The day's limit and what is left of it, as far as HubSpot has said.
    pub(super) fn daily(&self) -> Option<(u64, u64)> {
        self.daily
    }

    pub(super) fn try_grant(&mut self, now: Instant) -> Decision {
        if self.daily.is_some_and(|(limit, left)| left.saturating_mul(DAILY_RESERVE) < limit) {
            return Decision::DailyReserve;
        }
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return Decision::WaitUntil(until);
        }
        let span = self.limits.window().mul_f64(1.0 + MARGIN);
        while self.grants.front().is_some_and(|at| *at + span <= now) {
            self.grants.pop_front();
        }
        let most = usize::try_from(self.limits.requests()).unwrap_or(usize::MAX);
        // If the limit has shrunk, several grants have to expire first.
        if let Some(&oldest) =
            self.grants.len().checked_sub(most).and_then(|surplus| self.grants.get(surplus))
        {
            return Decision::WaitUntil(oldest + span);
        }
        self.grants.push_back(now);
        Decision::Granted(Grant { _private: () })
    }

    pub(super) fn answered(&mut self, now: Instant, _grant: Grant, said: &RateLimit) {
        self.limits = self.limits.learn(said);
        if let (Some(limit), Some(left)) = (said.daily, said.daily_remaining) {
            self.daily = Some((limit, left));
        }
        // What others, or an earlier run, have spent of the window counts as spent now.
        if let Some(remaining) = said.remaining {
            let spent = self.limits.requests().saturating_sub(remaining);
            let spent = usize::try_from(spent).unwrap_or(usize::MAX);
            for _ in self.grants.len()..spent {
                self.grants.push_back(now);
            }
        }
    }

    pub(super) fn pause(&mut self, until: Instant) {
        self.paused_until = Some(self.paused_until.map_or(until, |earlier| earlier.max(until)));
    }
}
