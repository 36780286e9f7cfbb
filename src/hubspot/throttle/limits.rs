//! What HubSpot says about its limits, read from the headers of an answer, and the limits as they are followed.
//!
//! Pure. Not here: what is done about them.

use std::time::Duration;

/// No account comes near this many requests in a window: a larger number is a mistake of whoever wrote the header.
const LARGEST_MAX: u32 = 100_000;
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);
const LONGEST_INTERVAL: Duration = Duration::from_mins(10);

/// The headers `X-HubSpot-RateLimit-*` of one answer. What is missing or makes no sense is `None`.
///
/// Source: <https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines>.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// How many requests one window takes.
    pub max: Option<u32>,
    /// How many of them are left, this one counted.
    pub remaining: Option<u32>,
    /// The length of the rolling window.
    pub interval: Option<Duration>,
    /// How many requests the account may make in a day.
    pub daily: Option<u64>,
    /// How many of them are left. The count starts anew at midnight in the account's time zone.
    pub daily_remaining: Option<u64>,
}

impl RateLimit {
    /// Reads the headers through `get`, which finds a header by its name in lower case.
    pub fn from_headers<'headers>(get: impl Fn(&str) -> Option<&'headers str>) -> Self {
        let number = |name: &str| get(name)?.trim().parse::<u64>().ok();
        let small = |name: &str| number(name).and_then(|value| u32::try_from(value).ok());
        let max = small("x-hubspot-ratelimit-max").filter(|max| (1..=LARGEST_MAX).contains(max));
        let daily = number("x-hubspot-ratelimit-daily").filter(|daily| *daily > 0);
        Self {
            max,
            remaining: small("x-hubspot-ratelimit-remaining")
                .filter(|left| *left <= max.unwrap_or(LARGEST_MAX)),
            interval: number("x-hubspot-ratelimit-interval-milliseconds")
                .map(Duration::from_millis)
                .filter(|interval| (SHORTEST_INTERVAL..=LONGEST_INTERVAL).contains(interval)),
            daily,
            daily_remaining: number("x-hubspot-ratelimit-daily-remaining"),
        }
    }
}

/// So many requests in a rolling window of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    requests: u32,
    window: Duration,
}

impl Limits {
    /// What every account may do, whatever it pays.
    ///
    /// Source: <https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines>.
    pub const LOWEST_TIER: Self = Self { requests: 100, window: Duration::from_secs(10) };

    /// How many requests may be granted in a window: at least one.
    pub fn requests(self) -> u32 {
        self.requests
    }

    /// The length of the window.
    pub fn window(self) -> Duration {
        self.window
    }

    /// Takes over what an answer says; what it does not say stays.
    #[must_use]
    pub fn learn(self, said: &RateLimit) -> Self {
        Self { requests: said.max.unwrap_or(self.requests), window: said.interval.unwrap_or(self.window) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&str, &'static str)]) -> RateLimit {
        RateLimit::from_headers(|name| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| *value))
    }

    #[test]
    fn every_header_is_read() {
        let said = read(&[
            ("x-hubspot-ratelimit-max", "190"),
            ("x-hubspot-ratelimit-remaining", " 0 "),
            ("x-hubspot-ratelimit-interval-milliseconds", "10000"),
            ("x-hubspot-ratelimit-daily", "650000"),
            ("x-hubspot-ratelimit-daily-remaining", "0"),
        ]);
        let expected = RateLimit {
            max: Some(190),
            remaining: Some(0),
            interval: Some(Duration::from_secs(10)),
            daily: Some(650_000),
            daily_remaining: Some(0),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        assert_eq!(read(&[]), RateLimit::default());
        let cases: [(&str, &[&'static str]); 4] = [
            ("x-hubspot-ratelimit-max", &["0", "100001", "-1", "many", ""]),
            ("x-hubspot-ratelimit-remaining", &["100001", "4294967296", "-1"]),
            ("x-hubspot-ratelimit-interval-milliseconds", &["0", "9", "600001", "10s"]),
            ("x-hubspot-ratelimit-daily", &["0", "1.5"]),
        ];
        for (name, values) in cases {
            for value in values {
                assert_eq!(read(&[(name, value)]), RateLimit::default(), "{name}: {value}");
            }
        }
        let more_left_than_there_is =
            read(&[("x-hubspot-ratelimit-max", "5"), ("x-hubspot-ratelimit-remaining", "6")]);
        assert_eq!((more_left_than_there_is.max, more_left_than_there_is.remaining), (Some(5), None));
        let all_left = read(&[("x-hubspot-ratelimit-max", "5"), ("x-hubspot-ratelimit-remaining", "5")]);
        assert_eq!(all_left.remaining, Some(5));
    }

    #[test]
    fn the_bounds_themselves_are_taken() {
        for (name, value) in [("max", "1"), ("max", "100000"), ("remaining", "100000"), ("daily", "1")] {
            let name = format!("x-hubspot-ratelimit-{name}");
            assert_ne!(read(&[(&name, value)]), RateLimit::default(), "{name}: {value}");
        }
        for value in ["10", "600000"] {
            assert!(read(&[("x-hubspot-ratelimit-interval-milliseconds", value)]).interval.is_some());
        }
    }

    #[test]
    fn what_is_not_said_stays() {
        let limits = Limits::LOWEST_TIER.learn(&RateLimit { max: Some(190), ..RateLimit::default() });
        assert_eq!((limits.requests(), limits.window()), (190, Duration::from_secs(10)));
        let interval = Some(Duration::from_secs(1));
        let limits = limits.learn(&RateLimit { interval, ..RateLimit::default() });
        assert_eq!((limits.requests(), limits.window()), (190, Duration::from_secs(1)));
    }
}
