//! The HubSpot access token, which nothing may print.
//!
//! Not here: whether HubSpot takes it, which only a request shows.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::error::{ConfigError, SettingPath};

/// A service key or the access token of a private app: HubSpot takes both as the same bearer token.
///
/// It is one or more visible ASCII characters, so it always fits into a header. Its form is not checked
/// further, as HubSpot promises none. `Debug` does not show it.
#[derive(Clone)]
pub struct AccessToken(SecretString);

impl AccessToken {
    /// Checks a token as it was pasted: white space around it and a leading `Bearer`, in any case, are left
    /// out.
    ///
    /// # Errors
    /// Nothing is left, or the rest has white space inside, is masked with asterisks, or is not visible
    /// ASCII.
    pub fn new(pasted: &str) -> Result<Self, ConfigError> {
        let token = without_scheme(pasted.trim());
        if token.is_empty() {
            return Err(ConfigError::Missing {
                setting: SettingPath::Top("access_token".to_owned()),
                similar: None,
            });
        }
        // Before white space, which `{{ token }}` may hold.
        if is_placeholder(token) {
            return Err(ConfigError::TokenPlaceholder);
        }
        if token.starts_with(QUOTATION_MARKS) || token.ends_with(QUOTATION_MARKS) {
            return Err(ConfigError::TokenQuoted);
        }
        if token.contains(char::is_whitespace) {
            return Err(ConfigError::TokenWithSpace);
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConfigError::TokenNotAscii);
        }
        // Airbyte's interfaces hand out secrets like this, and a copied configuration keeps it.
        if token.bytes().all(|byte| byte == b'*') {
            return Err(ConfigError::TokenMasked);
        }
        Ok(Self(SecretString::from(token)))
    }

    /// The token itself. Only the `hubspot` module calls this: for the `Authorization` header, and to ask what the token may
    /// do.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccessToken(hidden)")
    }
}

/// People copy whole headers out of examples.
fn without_scheme(text: &str) -> &str {
    let (scheme, token) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if scheme.eq_ignore_ascii_case("Bearer") { token.trim_start() } else { text }
}

/// Straight and typographic ones of several languages, and the one of code.
const QUOTATION_MARKS: &[char] =
    &['"', '\'', '`', '“', '”', '„', '‟', '‘', '’', '‚', '«', '»', '‹', '›', '「', '」', '＂'];

/// Whether a text stands for a token instead of being one: a variable or template that nobody filled in, or an example's.
fn is_placeholder(token: &str) -> bool {
    let token = token.trim_matches(QUOTATION_MARKS).trim();
    let within = |open: &str, close: &str| {
        token.strip_prefix(open).is_some_and(|rest| rest.len() > close.len() && rest.ends_with(close))
    };
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let is_of = |letters: &str, text: &str| text.chars().all(|letter| letters.contains(letter));
    within("${", "}")
        || within("$(", ")")
        || token.strip_prefix('$').is_some_and(is_name)
        || token.strip_prefix("$env:").is_some_and(is_name)
        || within("{{", "}}")
        || within("{%", "%}")
        || within("%", "%")
        || within("<", ">")
        // `pat-na1-…`, `pat-na1-xxxxxxxx-xxxx`, and the example of `spec.json`.
        || token.ends_with('…')
        || token.ends_with("...")
        || token
            .strip_prefix("pat-")
            .and_then(|rest| rest.split_once('-'))
            .is_some_and(|(_, rest)| rest.len() >= 4 && (is_of("xX-", rest) || is_of("0-", rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_along_is_left_out() {
        for pasted in
            ["pat-na1-x", "  pat-na1-x\r\n", "Bearer pat-na1-x", "bearer \t pat-na1-x ", "\u{a0}pat-na1-x"]
        {
            let token = AccessToken::new(pasted).map(|token| token.expose().to_owned());
            assert_eq!(token.as_deref(), Ok("pat-na1-x"), "{pasted:?}");
        }
        let token = AccessToken::new("Bearerpat").map(|token| token.expose().to_owned());
        assert_eq!(token.as_deref(), Ok("Bearerpat"));
    }

    #[test]
    fn what_cannot_be_a_token_is_refused() {
        let missing =
            ConfigError::Missing { setting: SettingPath::Top("access_token".to_owned()), similar: None };
        let cases = [
            ("", missing.clone()),
            (" \n\t ", missing.clone()),
            ("Bearer", missing.clone()),
            ("bearer  ", missing),
            ("pat na1", ConfigError::TokenWithSpace),
            ("pat\u{2003}na1", ConfigError::TokenWithSpace),
            ("Bearer pat\nna1", ConfigError::TokenWithSpace),
            ("${HUBSPOT_TOKEN}", ConfigError::TokenPlaceholder),
            ("\"${HUBSPOT_TOKEN}\"", ConfigError::TokenPlaceholder),
            ("Bearer $HUBSPOT_TOKEN", ConfigError::TokenPlaceholder),
            ("$env:HUBSPOT_TOKEN", ConfigError::TokenPlaceholder),
            ("{{ hubspot_token }}", ConfigError::TokenPlaceholder),
            ("%TOKEN%", ConfigError::TokenPlaceholder),
            ("<your token>", ConfigError::TokenPlaceholder),
            ("pat-na1-…", ConfigError::TokenPlaceholder),
            ("pat-na1-...", ConfigError::TokenPlaceholder),
            ("pat-na1-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", ConfigError::TokenPlaceholder),
            ("pat-na1-00000000-0000-0000-0000-000000000000", ConfigError::TokenPlaceholder),
            ("\"pat-na1-x\"", ConfigError::TokenQuoted),
            ("'pat-na1-x'", ConfigError::TokenQuoted),
            ("“pat-na1-x”", ConfigError::TokenQuoted),
            ("„pat-na1-x", ConfigError::TokenQuoted),
            ("**********", ConfigError::TokenMasked),
            ("pat\u{200b}na1", ConfigError::TokenNotAscii),
            ("pat\0na1", ConfigError::TokenNotAscii),
            ("••••••", ConfigError::TokenNotAscii),
        ];
        for (pasted, expected) in cases {
            assert_eq!(AccessToken::new(pasted).map(drop), Err(expected), "{pasted:?}");
        }
    }

    #[test]
    fn debug_hides_the_token() {
        let shown = format!("{:?} {:#?}", AccessToken::new("pat-na1-x"), AccessToken::new("pat-na1-x"));
        assert!(!shown.contains("pat-na1"), "{shown}");
    }
}
