//! What others spend of the same budget, and how much of it we take beside them. Pure.
//!
//! Every answer says how many requests HubSpot counts in the window. What is more than our own belongs to somebody else,
//! such as another process with the same token. Processes that all follow these rules share the budget almost without a
//! refusal; the simulation beside this file shows it, and is where the numbers below come from.

use std::time::Duration;

use tokio::time::Instant;

/// So much of a new observation is believed at once, and in the long run: requests overtake each other on their way, so
/// each observation is off by a few.
const QUICK: f64 = 1.0 / 2.0;
const SLOW: f64 = 1.0 / 16.0;
/// Others are there if they are seen in the long run beyond this many requests and this share of the limit …
const USUAL: (f64, f64) = (1.0, 0.01);
/// … or now beyond this.
const SUDDEN: (f64, f64) = (2.0, 0.06);
/// This share of the limit stays free beside others, since what they are sending now is not known yet.
const RESERVE: f64 = 0.03;
/// In one window our share shrinks by this part of what we have more than the others, so that a late-comer gets room.
const YIELD: f64 = 0.3;

/// The others, as far as answers show them.
#[derive(Debug, Default)]
pub(super) struct OtherClients {
    has_answer: bool,
    /// What they use of a window: as of late, and in the long run.
    now: f64,
    usual: f64,
    /// What we may use of a window beside them; `None`: we are alone.
    share: Option<f64>,
    changed_at: Option<Instant>,
}

/// What the throttle knows of itself when it asks for its share.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnUse {
    /// The requests that a window takes.
    pub(super) limit: f64,
    pub(super) window: Duration,
    /// Our requests that are in the window.
    pub(super) in_window: f64,
    /// How long an answer takes.
    pub(super) latency: Duration,
}

impl OtherClients {
    /// An answer counts `surplus` requests more (or less) than we had in the window.
    pub(super) fn observe(&mut self, surplus: f64) {
        let (quick, slow) = if self.has_answer { (QUICK, SLOW) } else { (1.0, 1.0) };
        self.now += (surplus - self.now) * quick;
        self.usual += (surplus - self.usual) * slow;
        self.has_answer = true;
    }

    /// After a pause the share is found anew.
    pub(super) fn forget_share(&mut self) {
        self.share = None;
    }

    /// How many requests of ours may be in the window.
    pub(super) fn share(&mut self, now: Instant, own: OwnUse) -> f64 {
        let elapsed =
            self.changed_at.replace(now).map_or(Duration::ZERO, |then| now.saturating_duration_since(then));
        let beyond = |used: f64, (requests, share): (f64, f64)| used >= requests + share * own.limit;
        if !beyond(self.usual, USUAL) && !beyond(self.now, SUDDEN) {
            self.share = None;
            return own.limit;
        }
        let others = self.now.max(0.0);
        let share = self.share.unwrap_or(own.in_window);
        let free = own.limit - others - share.max(own.in_window) - RESERVE * own.limit;
        let window = own.window.as_secs_f64();
        let pull = if free > 0.0 {
            // Growth waits for its own effect to be seen: two of us would else grow into each other.
            let blind = (own.latency + own.window / 50).as_secs_f64();
            free * (3.0 / window).min(0.3 / blind)
        } else {
            free * 10.0 / window * share / (share + others)
        };
        let yielded = (share - others).max(0.0) * YIELD / window;
        let step = elapsed.as_secs_f64().min(window / 100.0);
        // A little is always ours, or a late-comer could wait for ever.
        let least = 1.0 + 0.01 * own.limit;
        *self.share.insert((share + (pull - yielded) * step).max(least).min(own.limit))
    }
}

/// The rules of this file, number by number. What they are for is shown by the simulation.
#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(10);

    fn own(in_window: f64) -> OwnUse {
        OwnUse { limit: 100.0, window: WINDOW, in_window, latency: Duration::from_millis(300) }
    }

    fn seen(surpluses: &[f64]) -> OtherClients {
        let mut others = OtherClients::default();
        for surplus in surpluses {
            others.observe(*surplus);
        }
        others
    }

    /// The share after the first moment, in which nothing changes, and a tenth of a second more.
    fn share_after(others: &mut OtherClients, in_window: f64) -> (f64, f64) {
        let now = Instant::now();
        (others.share(now, own(in_window)), others.share(now + WINDOW / 100, own(in_window)))
    }

    #[track_caller]
    fn assert_close(one: f64, other: f64) {
        assert!((one - other).abs() < 1e-9, "{one} instead of {other}");
    }

    #[test]
    fn the_first_observation_is_believed_and_later_ones_in_part() {
        let others = seen(&[8.0]);
        assert_close(others.now, 8.0);
        assert_close(others.usual, 8.0);
        let others = seen(&[8.0, 4.0]);
        assert_close(others.now, 6.0);
        assert_close(others.usual, 7.75);
    }

    #[test]
    fn others_are_there_from_a_threshold_on() {
        let share = |surpluses: &[f64]| seen(surpluses).share(Instant::now(), own(50.0));
        assert_close(share(&[1.9]), 100.0);
        assert_close(share(&[2.0]), 50.0);
        // Suddenly many, in the long run few: 0 and then 16 make 8 of late and 1 in the long run.
        assert_close(share(&[0.0, 16.0]), 50.0);
        assert_close(share(&[0.0, 15.0]), 100.0);
    }

    #[test]
    fn who_has_more_than_the_others_yields_and_who_finds_room_grows() {
        // 100 − 20 others − 60 ours − 3 in reserve: 17 are free, and a tenth of a second takes 0.3 of them a second. Of
        // the 40 that we have more than the others, 0.3 go in a window.
        let (first, then) = share_after(&mut seen(&[20.0]), 60.0);
        assert_close(first, 60.0);
        assert_close(then, 60.0 + (17.0 * 0.3 - 40.0 * 0.3 / 10.0) * 0.1);
    }

    #[test]
    fn growth_is_slower_the_later_its_effect_is_seen() {
        let now = Instant::now();
        let mut others = seen(&[30.0]);
        let slow = OwnUse { latency: Duration::from_millis(1_500), ..own(20.0) };
        others.share(now, slow);
        // 47 are free, and an effect is seen after 1.7 seconds.
        assert_close(others.share(now + WINDOW / 100, slow), 20.0 + 47.0 * (0.3 / 1.7) * 0.1);
    }

    #[test]
    fn whoever_has_more_shrinks_more_where_too_much_is_used() {
        // 100 − 40 others − 80 ours − 3 in reserve: 23 too many, of which two thirds are ours to give back.
        let (_, then) = share_after(&mut seen(&[40.0]), 80.0);
        assert_close(then, 80.0 + (-23.0 * (80.0 / 120.0) - 40.0 * 0.3 / 10.0) * 0.1);
    }

    #[test]
    fn a_little_is_always_ours_and_time_that_passed_counts_up_to_a_step() {
        let now = Instant::now();
        let mut others = seen(&[200.0]);
        others.share(now, own(3.0));
        assert_close(others.share(now + WINDOW * 5, own(3.0)), 3.0 - 106.0 * (3.0 / 203.0) * 0.1);
        for moment in 1..1_000 {
            others.share(now + WINDOW * 5 + WINDOW / 100 * moment, own(3.0));
        }
        assert_close(others.share(now + WINDOW * 100, own(3.0)), 2.0);
    }

    #[test]
    fn a_pause_makes_the_share_start_from_what_is_used() {
        let mut others = seen(&[20.0]);
        share_after(&mut others, 60.0);
        others.forget_share();
        assert_close(others.share(Instant::now(), own(10.0)), 10.0);
    }
}
