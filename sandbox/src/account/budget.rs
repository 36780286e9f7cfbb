//! Rate limits: a rolling window for each token and a day's budget for the account.
//! <https://developers.hubspot.com/docs/api/usage-details>
//!
//! A request that is refused for a limit is not counted. Time comes from the caller.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use serde_json::json;
use tokio::time::Instant;

use crate::{
    failure::Failure,
    faults::rule::Policy,
    reply::Reply,
    settings::{Limits, Tier},
};

/// What was spent.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    windows: HashMap<String, VecDeque<Instant>>,
    today: u64,
}

/// Which limit refused a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exceeded {
    policy: Policy,
    /// Time until there is room again; none within a sync for the day's budget.
    wait: Option<Duration>,
}

impl Budget {
    /// Counts a request of a token, or refuses it.
    pub(crate) fn spend(&mut self, token: &str, now: Instant, limits: &Limits) -> Result<(), Exceeded> {
        let window = Duration::from_millis(limits.window_ms);
        let spent = self.windows.entry(token.to_owned()).or_default();
        while spent.front().is_some_and(|then| now.duration_since(*then) >= window) {
            spent.pop_front();
        }
        if limits.enforced {
            if self.today + limits.daily_spent >= daily(limits) {
                return Err(Exceeded { policy: Policy::Daily, wait: None });
            }
            if spent.len() >= own_share(limits) {
                let wait = spent.front().map(|then| window.saturating_sub(now.duration_since(*then)));
                return Err(Exceeded { policy: Policy::TenSecondlyRolling, wait });
            }
        }
        spent.push_back(now);
        self.today += 1;
        Ok(())
    }

    /// Adds the headers that HubSpot sends with 2xx and 4xx. Those of the single second are deprecated and left out.
    pub(crate) fn stamp(&self, reply: Reply, token: Option<&str>, limits: &Limits) -> Reply {
        let spent = token.and_then(|token| self.windows.get(token)).map_or(0, VecDeque::len);
        let remaining = own_share(limits).saturating_sub(spent);
        let remaining_today = daily(limits).saturating_sub(self.today + limits.daily_spent);
        reply
            .header("x-hubspot-ratelimit-max", max(limits).to_string())
            .header("x-hubspot-ratelimit-remaining", remaining.to_string())
            .header("x-hubspot-ratelimit-interval-milliseconds", limits.window_ms.to_string())
            .header("x-hubspot-ratelimit-daily", daily(limits).to_string())
            .header("x-hubspot-ratelimit-daily-remaining", remaining_today.to_string())
    }
}

impl Exceeded {
    /// The 429, with `Retry-After` if the settings ask for it.
    pub(crate) fn into_reply(self, portal_id: u64, correlation_id: &str, limits: &Limits) -> Reply {
        let reply = refusal(Some(self.policy), portal_id).into_reply(correlation_id);
        match self.wait {
            Some(wait) if limits.retry_after => {
                // Whole seconds, rounded up: less would invite the client back too early.
                let seconds = wait.as_millis().div_ceil(1_000).max(1);
                reply.header("retry-after", seconds.to_string())
            }
            _ => reply,
        }
    }
}

/// The body of a 429. It has `errorType` and `policyName` but no category.
pub(crate) fn refusal(policy: Option<Policy>, portal_id: u64) -> Failure {
    let limit = match policy {
        Some(Policy::Daily) => "daily",
        Some(Policy::Secondly) => "secondly",
        Some(Policy::TenSecondlyRolling) | None => "ten_secondly_rolling",
    };
    let failure = Failure::uncategorised(429, format!("You have reached your {limit} limit."))
        .extra("errorType", json!("RATE_LIMIT"));
    match policy {
        None => failure,
        Some(policy) => {
            let failure = failure.extra("policyName", json!(policy));
            if policy == Policy::TenSecondlyRolling {
                let group = format!("publicapi:private_app-api-calls-ten-secondly:1512050:{portal_id}");
                failure.extra("groupName", json!(group))
            } else {
                failure
            }
        }
    }
}

fn max(limits: &Limits) -> u32 {
    limits.max.unwrap_or(match limits.tier {
        Tier::Free => 100,
        Tier::Professional | Tier::Enterprise => 190,
        Tier::LimitIncrease => 250,
    })
}

fn daily(limits: &Limits) -> u64 {
    limits.daily.unwrap_or(match limits.tier {
        Tier::Free => 250_000,
        Tier::Professional => 625_000,
        Tier::Enterprise => 1_000_000,
        Tier::LimitIncrease => 2_000_000,
    })
}

/// What the others leave of a window.
fn own_share(limits: &Limits) -> usize {
    max(limits).saturating_sub(limits.window_spent) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_holds_more_than_the_limit() {
        let limits = Limits { max: Some(3), window_ms: 1_000, ..Limits::default() };
        let mut budget = Budget::default();
        let start = Instant::now();
        let granted: Vec<u64> = (0..40)
            .map(|step| step * 100)
            .filter(|at| budget.spend("t", start + Duration::from_millis(*at), &limits).is_ok())
            .collect();
        for window in granted.windows(4) {
            assert!(window[3] - window[0] >= 1_000, "{granted:?}");
        }
        assert_eq!(granted.len(), 12);
    }

    #[test]
    fn tokens_have_windows_of_their_own_and_share_the_day() {
        let limits = Limits { max: Some(1), daily: Some(2), ..Limits::default() };
        let mut budget = Budget::default();
        let now = Instant::now();
        assert!(budget.spend("a", now, &limits).is_ok());
        assert!(matches!(
            budget.spend("a", now, &limits),
            Err(Exceeded { policy: Policy::TenSecondlyRolling, .. })
        ));
        assert!(budget.spend("b", now, &limits).is_ok());
        assert!(matches!(budget.spend("c", now, &limits), Err(Exceeded { policy: Policy::Daily, .. })));
    }
}
