//! The environment variables: the address of HubSpot, the scale of delays in tests, the log level.
//!
//! Pure: the variables come through a closure. Not here: proxies, which the HTTP client reads by itself, and
//! the meaning of the log level, which is `logging`'s.

use std::fmt;
use std::time::Duration;

use url::{Host, Url};

use super::error::ConfigError;

const BASE_URL_VARIABLE: &str = "HUBSPOT_API_BASE_URL";
const ALLOW_HTTP_VARIABLE: &str = "HUBSPOT_API_ALLOW_HTTP";
const PRIVATE_ENDPOINTS_VARIABLE: &str = "HUBSPOT_ALLOW_PRIVATE_ENDPOINTS";
const DELAY_SCALE_VARIABLE: &str = "HUBSPOT_DELAY_SCALE";
/// What the HTTP client looks at, in its order, for `https` and for `http`.
const PROXY_VARIABLES: [&[&str]; 2] = [
    &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
    &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
];

/// What the environment says. A blank variable counts as absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Environment {
    /// `HUBSPOT_API_BASE_URL`. Default: `https://api.hubapi.com`. Plain `http` to another machine only with
    /// `HUBSPOT_API_ALLOW_HTTP`.
    pub base_url: BaseUrl,
    /// The variable that names a proxy for that address, if one does. `NO_PROXY` may still lead past it.
    pub proxy_variable: Option<&'static str>,
    /// `HUBSPOT_ALLOW_PRIVATE_ENDPOINTS`: the object store may be at a private address, or be spoken to over plain `http`.
    /// Default: no.
    pub allows_private_endpoints: bool,
    /// `HUBSPOT_DELAY_SCALE`, from 0 to 1, honoured only with a loopback base URL. Default: 1.
    pub delay_scale: DelayScale,
}

impl Environment {
    /// Reads the variables through `get`. It should pass on a value that is not Unicode in some readable form
    /// rather than as absent, as an address that is skipped would mean HubSpot itself.
    ///
    /// # Errors
    /// The base URL is refused (see [`BaseUrl::parse`]); a variable that is on or off is something else; or the base URL is on loopback and the scale is no number from
    /// 0 to 1. Elsewhere the scale is not even looked at, so that no variable can make a real sync impatient
    /// or fail.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let not_blank = |name| {
            let value = get(name)?;
            let trimmed = value.trim();
            (!trimmed.is_empty()).then(|| trimmed.to_owned())
        };
        let allows_http = match not_blank(ALLOW_HTTP_VARIABLE) {
            Some(text) => switch(
                &text,
                ALLOW_HTTP_VARIABLE,
                "must be 1 or 0; unset it unless HUBSPOT_API_BASE_URL is plain http to another machine",
            )?,
            None => false,
        };
        let allows_private_endpoints = match not_blank(PRIVATE_ENDPOINTS_VARIABLE) {
            Some(text) => switch(
                &text,
                PRIVATE_ENDPOINTS_VARIABLE,
                "must be 1 or 0; unset it unless your object store is in a private network",
            )?,
            None => false,
        };
        let base_url = match not_blank(BASE_URL_VARIABLE) {
            Some(text) => BaseUrl::read(&text, allows_http)?,
            None => BaseUrl::default(),
        };
        let [of_https, of_http] = PROXY_VARIABLES;
        let proxies = if base_url.is_plain() { of_http } else { of_https };
        let proxy_variable = if base_url.is_loopback() {
            None
        } else {
            proxies.iter().copied().find(|name| not_blank(name).is_some())
        };
        let delay_scale = match not_blank(DELAY_SCALE_VARIABLE) {
            Some(text) if base_url.is_loopback() => DelayScale::parse(&text)?,
            _ => DelayScale::default(),
        };
        Ok(Self { base_url, proxy_variable, allows_private_endpoints, delay_scale })
    }

    /// What is out of the ordinary and should be said before the first call: whole sentences.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.base_url.is_hubspots() {
            warnings.push(format!(
                "{BASE_URL_VARIABLE} is set: all calls go to {}, not to HubSpot. Unset it to reach HubSpot itself.",
                self.base_url
            ));
        }
        if self.base_url.is_plain() && !self.base_url.is_loopback() {
            warnings.push(format!(
                "{ALLOW_HTTP_VARIABLE} permits plain http to {}: whoever is on the way can read the token and the contacts.",
                self.base_url
            ));
        }
        warnings
    }
}

/// A variable that is on or off.
fn switch(text: &str, variable: &'static str, fault: &'static str) -> Result<bool, ConfigError> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(ConfigError::Environment { variable, fault }),
    }
}

/// Where HubSpot's API is: `https`, or `http` on this machine or where it was allowed; without user, query and
/// fragment. It may have a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Source: every path of <https://developers.hubspot.com/docs/api-reference>, whatever the account's
    /// region.
    const HUBSPOT: &str = "https://api.hubapi.com";

    /// Checks the address of a server. Slashes at its end make no difference.
    ///
    /// # Errors
    /// It is no `http` or `https` URL; it is `http` to another machine, where the token would travel
    /// readable; or it has a user, a password, a query or a fragment. The error names `HUBSPOT_API_BASE_URL`
    /// and does not hold the address.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::read(text, false)
    }

    /// [`parse`](Self::parse), where plain `http` to another machine may be allowed.
    fn read(text: &str, allows_http: bool) -> Result<Self, ConfigError> {
        let refuse = |fault| Err(ConfigError::Environment { variable: BASE_URL_VARIABLE, fault });
        let Ok(url) = Url::parse(text.trim()) else {
            return refuse("is not a URL; write it like https://api.hubapi.com");
        };
        let base_url = Self(url);
        match base_url.0.scheme() {
            "https" => {}
            "http" if allows_http || base_url.is_loopback() => {}
            "http" => {
                return refuse(
                    "must begin with https://; plain http:// is only for this machine (localhost, 127.0.0.1, [::1]), \
                     or for another one that HUBSPOT_API_ALLOW_HTTP=1 permits",
                );
            }
            _ => return refuse("must begin with https://"),
        }
        if !base_url.0.username().is_empty() || base_url.0.password().is_some() {
            return refuse("must not hold a user name or a password");
        }
        if base_url.0.query().is_some() || base_url.0.fragment().is_some() {
            return refuse("must not hold a query (?) or a fragment (#)");
        }
        Ok(base_url)
    }

    /// The address of a path below this one, with or without its leading slash.
    ///
    /// Only a path: `?` and `#` in it are taken literally and escaped.
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let above = self.0.path().trim_end_matches('/');
        url.set_path(&format!("{above}/{}", path.trim_start_matches('/')));
        url
    }

    /// Whether it is HubSpot's own address, which holds where the variable is not set.
    pub fn is_hubspots(&self) -> bool {
        *self == Self::default()
    }

    /// Whether what is sent can be read on the way.
    fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Whether the server is on this machine: 127.0.0.0/8, `::1` or `localhost`.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
    }
}

impl Default for BaseUrl {
    fn default() -> Self {
        Self(Url::parse(Self::HUBSPOT).expect("HubSpot's address is a URL"))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// A factor from 0 to 1 on every delay, so that tests need not wait. Default: 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DelayScale(f64);

impl DelayScale {
    /// `None` unless the factor is between 0 and 1, both included.
    pub fn new(factor: f64) -> Option<Self> {
        (0.0..=1.0).contains(&factor).then_some(Self(factor))
    }

    fn parse(text: &str) -> Result<Self, ConfigError> {
        text.parse().ok().and_then(Self::new).ok_or(ConfigError::Environment {
            variable: DELAY_SCALE_VARIABLE,
            fault: "must be a number from 0 to 1, like 0.01",
        })
    }

    /// The delay to wait instead of `delay`: never longer, and the same to the nanosecond if the factor is 1.
    pub fn apply(self, delay: Duration) -> Duration {
        if self.0 >= 1.0 {
            return delay;
        }
        Duration::try_from_secs_f64(delay.as_secs_f64() * self.0).map_or(delay, |scaled| scaled.min(delay))
    }
}

impl Default for DelayScale {
    fn default() -> Self {
        Self(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Environment, ConfigError> {
        Environment::read(|name| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_empty_environment_means_hubspot_itself() {
        for variables in [&[][..], &[(BASE_URL_VARIABLE, " "), (DELAY_SCALE_VARIABLE, "")]] {
            let environment = read(variables).unwrap();
            assert_eq!(environment.base_url.to_string(), "https://api.hubapi.com");
            assert!(!environment.base_url.is_loopback());
            assert_eq!(environment.delay_scale, DelayScale::default());
        }
    }

    #[test]
    fn plain_http_reaches_only_this_machine() {
        for address in [
            "http://127.0.0.1:8080",
            "http://127.200.0.3",
            "http://127.1",
            "http://[::1]:9",
            "http://localhost",
            "HTTP://LOCALHOST:80/",
        ] {
            assert_eq!(BaseUrl::parse(address).map(|url| url.is_loopback()), Ok(true), "{address}");
        }
        for address in [
            "http://api.hubapi.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://0.0.0.0",
            "http://128.0.0.1",
            "http://10.0.0.1",
            "http://[::2]",
        ] {
            let text = BaseUrl::parse(address).unwrap_err().to_string();
            assert!(text.contains(BASE_URL_VARIABLE) && text.contains("https://"), "{address}: {text}");
        }
        for address in ["https://example.com", "https://10.0.0.1:8443/hubspot", "https://api-eu1.hubapi.com"]
        {
            assert_eq!(BaseUrl::parse(address).map(|url| url.is_loopback()), Ok(false), "{address}");
        }
    }

    #[test]
    fn an_address_with_more_than_an_address_is_refused_and_not_repeated() {
        for address in [
            "api.hubapi.com",
            "localhost:8080",
            "https://",
            "ftp://localhost",
            "file:///hunter2",
            "unix:/hunter2",
            "https://user:hunter2@example.com",
            "http://hunter2@localhost",
            "https://:hunter2@example.com",
            "https://example.com?token=hunter2",
            "https://example.com/?",
            "https://example.com/#hunter2",
        ] {
            let text = BaseUrl::parse(address).unwrap_err().to_string();
            assert!(text.contains(BASE_URL_VARIABLE), "{address}: {text}");
            assert!(!text.contains("hunter2") && !text.contains("example.com"), "{address}: {text}");
        }
    }

    #[test]
    fn paths_go_below_the_base() {
        let cases = [
            ("https://api.hubapi.com", "/crm/v3/objects", "https://api.hubapi.com/crm/v3/objects"),
            ("https://api.hubapi.com//", "crm/v3/objects", "https://api.hubapi.com/crm/v3/objects"),
            ("http://localhost:1/hubspot/", "/crm", "http://localhost:1/hubspot/crm"),
            ("http://localhost:1/a%20b", "/c%2Fd?e#f", "http://localhost:1/a%20b/c%2Fd%3Fe%23f"),
        ];
        for (base, path, expected) in cases {
            assert_eq!(BaseUrl::parse(base).unwrap().join(path).as_str(), expected);
        }
        assert_eq!(BaseUrl::parse("http://localhost:1/a/").unwrap().to_string(), "http://localhost:1/a");
    }

    #[test]
    fn delays_are_scaled_only_on_this_machine() {
        let loopback = (BASE_URL_VARIABLE, "http://127.0.0.1:1");
        for (scale, expected) in [("0", 0), ("-0", 0), ("0.01", 100), (" 1 ", 10_000), ("1e-3", 10)] {
            let environment = read(&[loopback, (DELAY_SCALE_VARIABLE, scale)]).unwrap();
            let delay = environment.delay_scale.apply(Duration::from_secs(10));
            assert_eq!(delay, Duration::from_millis(expected), "{scale}");
        }
        for scale in ["fast", "-0.1", "1.01", "NaN", "inf", "0,5"] {
            let text = read(&[loopback, (DELAY_SCALE_VARIABLE, scale)]).unwrap_err().to_string();
            assert!(text.contains(DELAY_SCALE_VARIABLE), "{text}");
            for base_url in [None, Some((BASE_URL_VARIABLE, "https://example.com"))] {
                let variables: Vec<_> = base_url.into_iter().chain([(DELAY_SCALE_VARIABLE, scale)]).collect();
                assert_eq!(read(&variables).unwrap().delay_scale, DelayScale::default());
            }
        }
        let elsewhere = read(&[(DELAY_SCALE_VARIABLE, "0.01")]).unwrap();
        assert_eq!(elsewhere.delay_scale, DelayScale::default());
    }

    #[test]
    fn plain_http_to_another_machine_has_to_be_allowed_and_is_told() {
        let address = (BASE_URL_VARIABLE, "http://hubspot.test:8080/api");
        for allowed in ["1", "true", " TRUE "] {
            let environment =
                read(&[address, (ALLOW_HTTP_VARIABLE, allowed), (DELAY_SCALE_VARIABLE, "0.5")]).unwrap();
            let warnings = environment.warnings();
            assert_eq!(warnings.len(), 2, "{warnings:?}");
            assert!(
                warnings.iter().all(|warning| warning.contains("http://hubspot.test:8080/api")),
                "{warnings:?}"
            );
            assert!(warnings[1].contains(ALLOW_HTTP_VARIABLE), "{warnings:?}");
            assert_eq!(environment.delay_scale, DelayScale::default(), "scaled on loopback only");
        }
        for refused in ["0", "false", "", " "] {
            let text = read(&[address, (ALLOW_HTTP_VARIABLE, refused)]).unwrap_err().to_string();
            assert!(text.contains("HUBSPOT_API_ALLOW_HTTP=1"), "{text}");
        }
        for unclear in ["yes", "2", "on", "http://hubspot.test"] {
            let text = read(&[(ALLOW_HTTP_VARIABLE, unclear)]).unwrap_err().to_string();
            assert!(text.contains(ALLOW_HTTP_VARIABLE) && text.contains("1 or 0"), "{text}");
        }
        // It changes nothing for the other rules, and nothing where it is not needed.
        for address in ["http://user:pass@hubspot.test", "ftp://hubspot.test", "http://hubspot.test?x"] {
            assert!(read(&[(BASE_URL_VARIABLE, address), (ALLOW_HTTP_VARIABLE, "1")]).is_err(), "{address}");
        }
        assert_eq!(read(&[(ALLOW_HTTP_VARIABLE, "1")]).unwrap().warnings(), [""; 0]);
    }

    #[test]
    fn another_address_is_told_and_a_proxy_noticed() {
        for (address, told) in
            [("https://api.hubapi.com/", 0), ("https://api-eu1.hubapi.com", 1), ("http://127.0.0.1:9", 1)]
        {
            let environment =
                read(&[(BASE_URL_VARIABLE, address), ("https_proxy", "http://ada:secret@proxy:3128")])
                    .unwrap();
            let warnings = environment.warnings();
            assert_eq!(warnings.len(), told, "{warnings:?}");
            assert!(
                warnings.iter().all(|text| text.contains(BASE_URL_VARIABLE) && text.contains(address)),
                "{warnings:?}"
            );
            let expected = (!environment.base_url.is_loopback()).then_some("https_proxy");
            assert_eq!(environment.proxy_variable, expected);
        }
        assert_eq!(read(&[("HTTP_PROXY", "http://proxy")]).unwrap().proxy_variable, None);
    }

    proptest::proptest! {
        #[test]
        fn a_scaled_delay_is_never_longer(factor in 0.0..=1.0, seconds: u64, nanoseconds in 0..1_000_000_000_u32) {
            let delay = Duration::new(seconds, nanoseconds);
            let scaled = DelayScale::new(factor).unwrap().apply(delay);
            proptest::prop_assert!(scaled <= delay);
            proptest::prop_assert_eq!(DelayScale::default().apply(delay), delay);
        }
    }
}
