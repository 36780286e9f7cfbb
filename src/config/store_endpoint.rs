//! The address of an object store: `https`, or what only a permission in the environment allows. Pure.
//!
//! Not here: what a name resolves to, which the connection finds out and asks [`is_private`] about.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use url::{Host, Url};

/// Where an object store is: `http` or `https`, a host, perhaps a port and a path; no user, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreEndpoint(Url);

impl StoreEndpoint {
    /// Checks an address as it is written. Slashes at its end make no difference.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that does not hold it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let Ok(url) = Url::parse(text.trim()) else {
            return Err("is not a URL; write it like https://s3.example.com");
        };
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
            return Err("must begin with https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a user name or a password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("must not hold a query (?) or a fragment (#)");
        }
        Ok(Self(url))
    }

    /// The address of Amazon's S3 in a region.
    ///
    /// Source: <https://docs.aws.amazon.com/general/latest/gr/s3.html>; the two regions of China have a domain of their own.
    pub(super) fn of_amazon(region: &str) -> Option<Self> {
        let china = if region.starts_with("cn-") { ".cn" } else { "" };
        Url::parse(&format!("https://s3.{region}.amazonaws.com{china}")).ok().map(Self)
    }

    /// Whether rows could be read on the way.
    pub fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Whether it says by itself that the store is in a private network or on this machine.
    pub fn is_private(&self) -> bool {
        match self.0.host() {
            Some(Host::Ipv4(address)) => is_private(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => is_private(IpAddr::V6(address)),
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                name == "localhost" || name.ends_with(".localhost")
            }
            None => true,
        }
    }

    /// The host's name, if it has one instead of an address.
    pub fn name(&self) -> Option<&str> {
        self.0.domain()
    }
}

impl fmt::Display for StoreEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Whether an address is not one of the public internet: of this machine, a private network, the link, a carrier, or none at
/// all. Cloud providers serve the identity of a machine at such addresses.
///
/// Source: <https://www.iana.org/assignments/iana-ipv4-special-registry>, and the registry for version 6 beside it.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || first == 0
        || first >= 240
        || (first == 100 && (64..128).contains(&second))
        || (first == 192 && second == 0 && third == 0)
        || (first == 198 && (second == 18 || second == 19))
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let [first, second, ..] = segments;
    // Forms that carry an address of version 4: mapped, compatible, NAT64 and 6to4.
    let [.., high, low] = segments;
    let inner = match segments {
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some((high, low)),
        [0x2002, high, low, ..] => Some((high, low)),
        _ => None,
    };
    if let Some((high, low)) = inner {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        return is_private_v4(Ipv4Addr::new(a, b, c, d));
    }
    address.is_multicast()
        // Private (fc00::/7), of the link (fe80::/10), of a site (fec0::/10), local NAT64 (64:ff9b:1::/48).
        || first & 0xfe00 == 0xfc00
        || first & 0xff80 == 0xfe80
        || (first == 0x64 && second == 0xff9b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_address_and_nothing_more() {
        for fine in
            ["https://s3.example.com", " https://s3.example.com:9000/ ", "https://x.example/storage/v1/s3"]
        {
            let endpoint = StoreEndpoint::parse(fine).unwrap();
            assert!(!endpoint.is_plain() && !endpoint.is_private(), "{fine}");
            assert_eq!(endpoint.to_string(), fine.trim().trim_end_matches('/'));
        }
        for (wrong, said) in [
            ("s3.example.com", "not a URL"),
            ("localhost:9000", "https://"),
            ("ftp://s3.example.com", "https://"),
            ("file:///secret", "https://"),
            ("https://ada:secret@s3.example.com", "password"),
            ("https://s3.example.com?secret", "query"),
            ("https://s3.example.com#secret", "fragment"),
        ] {
            let fault = StoreEndpoint::parse(wrong).unwrap_err();
            assert!(fault.contains(said) && !fault.contains("secret"), "{wrong}: {fault}");
        }
    }

    #[test]
    fn addresses_of_no_public_network_are_known_in_every_spelling() {
        for private in [
            "http://127.0.0.1:9000",
            "https://127.1",
            "https://2130706433",
            "https://0x7f.1",
            "https://0.0.0.0",
            "https://10.1.2.3",
            "https://172.16.0.1",
            "https://192.168.1.1",
            "https://169.254.169.254",
            "https://100.100.100.200",
            "https://localhost",
            "https://LOCALHOST./",
            "https://s3.localhost",
            "https://[::1]",
            "https://[::]",
            "https://[::ffff:169.254.169.254]",
            "https://[::127.0.0.1]",
            "https://[64:ff9b::10.0.0.1]",
            "https://[2002:a00:1::]",
            "https://[fd00:ec2::254]",
            "https://[fe80::1]",
        ] {
            assert!(StoreEndpoint::parse(private).unwrap().is_private(), "{private}");
        }
        for public in [
            "https://52.216.0.1",
            "https://172.32.0.1",
            "https://[2600:1f18::1]",
            "https://[::ffff:52.216.0.1]",
            "https://localhost.example.com",
            "https://100.128.0.1",
        ] {
            assert!(!StoreEndpoint::parse(public).unwrap().is_private(), "{public}");
        }
    }

    #[test]
    fn amazons_address_follows_the_region() {
        let of = |region| StoreEndpoint::of_amazon(region).map(|endpoint| endpoint.to_string());
        assert_eq!(of("eu-west-1").as_deref(), Some("https://s3.eu-west-1.amazonaws.com"));
        assert_eq!(of("cn-north-1").as_deref(), Some("https://s3.cn-north-1.amazonaws.com.cn"));
    }
}
