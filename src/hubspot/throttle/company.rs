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
pub(super) struct Company {
    heard: bool,
    /// What they use of a window: as of late, and in the long run.
    now: f64,
    usual: f64,
    /// What we may use of a window beside them; `None`: we are alone.
    share: Option<f64>,
    changed_at: Option<Instant>,
}

/// What the throttle knows of itself when it asks for its share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own {
    /// The requests that a window takes.
    pub(super) limit: f64,
    pub(super) window: Duration,
    /// Our requests that are in the window.
    pub(super) busy: f64,
    /// How long an answer takes.
    pub(super) latency: Duration,
}

impl Company {
    /// An answer counts `surplus` requests more (or less) than we had in the window.
    pub(super) fn observe(&mut self, surplus: f64) {
        let (quick, slow) = if self.heard { (QUICK, SLOW) } else { (1.0, 1.0) };
        self.now += (surplus - self.now) * quick;
        self.usual += (surplus - self.usual) * slow;
        self.heard = true;
    }

    /// After a pause the share is found anew.
    pub(super) fn forget_share(&mut self) {
        self.share = None;
    }

    /// How many requests of ours may be in the window.
    pub(super) fn share(&mut self, now: Instant, own: Own) -> f64 {
        let elapsed =
            self.changed_at.replace(now).map_or(Duration::ZERO, |then| now.saturating_duration_since(then));
        let beyond = |used: f64, (requests, share): (f64, f64)| used >= requests + share * own.limit;
        if !beyond(self.usual, USUAL) && !beyond(self.now, SUDDEN) {
            self.share = None;
            return own.limit;
        }
        let others = self.now.max(0.0);
        let share = self.share.unwrap_or(own.busy);
        let free = own.limit - others - share.max(own.busy) - RESERVE * own.limit;
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
