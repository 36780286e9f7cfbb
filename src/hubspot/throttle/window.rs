//! The log of grants, and whether one more may be given. Pure: every method takes the moment.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{
    limits::{Limits, RateLimit},
    other_clients::{OtherClients, OwnUse},
};

/// A grant counts for this share of the window longer at least, and at most.
const SHORTEST_MARGIN: f64 = 0.01;
const LONGEST_MARGIN: f64 = 0.03;
/// The shortest latency to reckon with lies below the shortest one seen by this part of their spread: one in so many.
const GUARD: u32 = 8;
/// This part of the limit may go at once; the rest follows evenly, so that others are noticed in time.
const BURST: f64 = 0.2;
/// Each refusal although we kept to the limit frees so many requests and this share of the limit for others, who use too
/// little to be seen …
const HEADROOM_PER_REFUSAL: (f64, f64) = (1.0, 0.02);
/// … up to this share. The headroom is taken back at this pace: so many windows for all of it.
const MOST_HEADROOM: f64 = 0.1;
const WINDOWS_OF_HEADROOM: f64 = 100.0;
/// The day's last requests are left to the customer's other apps: one in this many.
const DAILY_RESERVE: u64 = 50;

/// An attempt that was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    number: u64,
    at: Instant,
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
struct Entry {
    number: u64,
    at: Instant,
    /// How long the answer took, if one came.
    latency: Option<Duration>,
}

#[derive(Debug)]
pub(super) struct Window {
    limits: Limits,
    log: VecDeque<Entry>,
    granted: u64,
    /// From when on the next grant is on time, if grants come evenly.
    due: Option<Instant>,
    others: OtherClients,
    /// Whether any answer has come.
    has_answer: bool,
    /// The newest grant whose answer was looked at: answers that were overtaken tell nothing new.
    newest_answered: u64,
    paused_until: Option<Instant>,
    /// How many requests of a window are left to others since a refusal, and when that was reckoned.
    headroom: Option<(f64, Instant)>,
    daily: Option<(u64, u64)>,
    /// HubSpot has refused an attempt since the day's limit is used up.
    day_used_up: bool,
}

impl Window {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            log: VecDeque::new(),
            granted: 0,
            due: None,
            others: OtherClients::default(),
            has_answer: false,
            newest_answered: 0,
            paused_until: None,
            headroom: None,
            daily: None,
            day_used_up: false,
        }
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// The day's limit and what is left of it, as far as HubSpot has said.
    pub(super) fn daily(&self) -> Option<(u64, u64)> {
        self.daily
    }

    /// No attempt is worth it any more.
    pub(super) fn use_up_day(&mut self) {
        self.day_used_up = true;
    }

    pub(super) fn try_grant(&mut self, now: Instant) -> Decision {
        let little_left = |(limit, left): (u64, u64)| left.saturating_mul(DAILY_RESERVE) < limit;
        if self.day_used_up || self.daily.is_some_and(little_left) {
            return Decision::DailyReserve;
        }
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            self.others.forget_share();
            return Decision::WaitUntil(until);
        }
        let window = self.limits.window();
        while self.log.front().is_some_and(|entry| entry.at + window * 2 < now) {
            self.log.pop_front();
        }
        match self.must_wait(now, window) {
            Some(until) => Decision::WaitUntil(until),
            None => Decision::Granted(self.grant(now, window)),
        }
    }

    fn must_wait(&mut self, now: Instant, window: Duration) -> Option<Instant> {
        // Until the first answer, requests go one at a time.
        if !self.has_answer
            && let Some(last) =
                self.log.back().filter(|last| last.latency.is_none() && last.at + window / 10 > now)
        {
            return Some(last.at + window / 10);
        }
        let usable = (f64::from(self.limits.requests()) - self.headroom(now)).max(1.0);
        let shortest = self.shortest_latency();
        let mut returns: Vec<Instant> = self
            .log
            .iter()
            .map(|entry| entry.at + window + self.margin(entry, shortest))
            .filter(|at| *at > now)
            .collect();
        if let Some(surplus) = returns.len().checked_sub(whole(usable)) {
            // If the limit has shrunk, several slots have to come back first.
            return Some(*returns.select_nth_unstable(surplus).1);
        }
        let latency = self.log.iter().rev().find_map(|entry| entry.latency).unwrap_or(window);
        let in_window = as_float(returns.len());
        let own = OwnUse { limit: usable, window, in_window, latency };
        if in_window + 1.0 > self.others.share(now, own) {
            return Some(now + window / 100);
        }
        self.due.filter(|due| *due > now)
    }

    fn grant(&mut self, now: Instant, window: Duration) -> Grant {
        let spacing = window / self.limits.requests();
        let earliest = now.checked_sub(window.mul_f64(BURST)).unwrap_or(now);
        let due = self.due.map_or(earliest, |due| due.max(earliest));
        self.due = Some(due + spacing);
        self.granted += 1;
        self.log.push_back(Entry { number: self.granted, at: now, latency: None });
        Grant { number: self.granted, at: now }
    }

    fn headroom(&self, now: Instant) -> f64 {
        let Some((headroom, then)) = self.headroom else { return 0.0 };
        let windows = now.saturating_duration_since(then).div_duration_f64(self.limits.window());
        let limit = f64::from(self.limits.requests());
        (headroom - windows * MOST_HEADROOM * limit / WINDOWS_OF_HEADROOM).max(0.0)
    }

    /// How much longer than the window a grant counts: HubSpot counts a request when it arrives, and the one that takes
    /// its place may be faster on its way.
    fn margin(&self, entry: &Entry, shortest: Duration) -> Duration {
        let window = self.limits.window();
        let longest = window.mul_f64(LONGEST_MARGIN);
        entry.latency.map_or(longest, |latency| {
            latency.saturating_sub(shortest).clamp(window.mul_f64(SHORTEST_MARGIN), longest)
        })
    }

    /// What an answer takes at least: a little less than what was seen, since the fastest one may be still to come.
    fn shortest_latency(&self) -> Duration {
        let latencies = || self.log.iter().filter_map(|entry| entry.latency);
        let (Some(shortest), Some(longest)) = (latencies().min(), latencies().max()) else {
            return Duration::ZERO;
        };
        shortest.saturating_sub(longest.saturating_sub(shortest) / GUARD)
    }

    pub(super) fn answered(&mut self, now: Instant, grant: Grant, said: &RateLimit) {
        self.has_answer = true;
        self.limits = self.limits.learn(said);
        if let (Some(limit), Some(left)) = (said.daily, said.daily_remaining) {
            self.daily = Some((limit, left));
        }
        let place = self.log.partition_point(|entry| entry.number < grant.number);
        if let Some(entry) = self.log.get_mut(place).filter(|entry| entry.number == grant.number) {
            entry.latency = Some(now.saturating_duration_since(grant.at));
        }
        let window = self.limits.window();
        // What an answer of long ago counted is no longer in the log.
        let news = grant.number > self.newest_answered && grant.at + window > now;
        let Some(remaining) = said.remaining.filter(|_| news) else { return };
        self.newest_answered = grant.number;
        let own = self
            .log
            .iter()
            .filter(|entry| entry.number <= grant.number && entry.at + window > grant.at)
            .count();
        let counted = self.limits.requests().saturating_sub(remaining);
        self.others.observe(f64::from(counted) - as_float(own));
    }

    pub(super) fn pause(&mut self, until: Instant) {
        self.paused_until = Some(self.paused_until.map_or(until, |earlier| earlier.max(until)));
    }

    /// HubSpot has refused a request for its limit. Several in one window are one refusal: they had the same reason.
    pub(super) fn exceeded(&mut self, now: Instant) {
        let limit = f64::from(self.limits.requests());
        if self.headroom.is_some_and(|(_, then)| then + self.limits.window() > now) {
            return;
        }
        let (requests, share) = HEADROOM_PER_REFUSAL;
        let headroom = self.headroom(now) + requests + share * limit;
        self.headroom = Some((headroom.min(MOST_HEADROOM * limit), now));
    }
}

/// The whole requests in a number of them.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between one and the limit")]
fn whole(requests: f64) -> usize {
    requests as usize
}

/// Requests in a window are few.
fn as_float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(10);

    fn window() -> Window {
        Window::new(Limits::LOWEST_TIER)
    }

    #[track_caller]
    fn granted(window: &mut Window, now: Instant) -> Grant {
        match window.try_grant(now) {
            Decision::Granted(grant) => grant,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_an_answer_there_are_ten_requests_in_a_window() {
        let (mut window, start) = (window(), Instant::now());
        granted(&mut window, start);
        let next = start + WINDOW / 10;
        for moment in [start, next.checked_sub(Duration::from_nanos(1)).unwrap()] {
            assert_eq!(window.try_grant(moment), Decision::WaitUntil(next));
        }
        granted(&mut window, next);
        assert_eq!(window.try_grant(next), Decision::WaitUntil(next + WINDOW / 10));
    }

    #[test]
    fn the_log_does_not_grow() {
        let (mut window, start) = (window(), Instant::now());
        for step in 0..10_000 {
            // A little more than a tenth of a second apart.
            let now = start + Duration::from_millis(step * 101);
            let grant = granted(&mut window, now);
            window.answered(now, grant, &RateLimit::default());
        }
        assert!(window.log.len() <= 200, "{}", window.log.len());
    }

    #[test]
    fn a_pause_for_another_reason_spares_nothing() {
        let start = Instant::now();
        let granted_after = |disturb: fn(&mut Window, Instant)| {
            let mut window = window();
            let grant = granted(&mut window, start);
            window.answered(start, grant, &RateLimit::default());
            disturb(&mut window, start);
            let moments = (0..=200).map(|step| start + WINDOW + WINDOW / 200 * step);
            moments.filter(|now| matches!(window.try_grant(*now), Decision::Granted(_))).count()
        };
        let undisturbed = granted_after(|_, _| ());
        assert!(undisturbed > 50, "{undisturbed}");
        assert_eq!(granted_after(|window, start| window.pause(start + WINDOW)), undisturbed);
        assert!(granted_after(Window::exceeded) < undisturbed);
    }

    #[test]
    fn a_refusal_spares_some_requests_which_come_back_slowly() {
        let (mut window, start) = (window(), Instant::now());
        let assert_left_to_others = |window: &Window, now, expected: f64| {
            let headroom = window.headroom(now);
            assert!((headroom - expected).abs() < 1e-9, "{headroom} instead of {expected}");
        };
        assert_left_to_others(&window, start, 0.0);
        window.exceeded(start);
        assert_left_to_others(&window, start, 3.0);
        // Those that were on their way are refused too, for the same reason.
        window.exceeded(start + WINDOW / 2);
        assert_left_to_others(&window, start, 3.0);
        assert_left_to_others(&window, start + WINDOW * 10, 2.0);
        assert_left_to_others(&window, start + WINDOW * 31, 0.0);
        for refusal in 1..10 {
            window.exceeded(start + WINDOW * refusal);
        }
        assert_left_to_others(&window, start + WINDOW * 9, 10.0);
    }
}
