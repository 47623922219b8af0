use std::{fmt, str::FromStr, sync::Arc};

use carrot_types::InvalidValue;
use http::HeaderValue;
use zeroize::Zeroizing;

/// An API key from the admin panel, under Settings, Developers, "API keys".
///
/// A key gives nearly full access to the data of the app. The type has no `Display` and no `Serialize`,
/// and its `Debug` is redacted. The key is sent in a header that is marked sensitive, and its memory is
/// overwritten when the last clone is dropped.
/// Source: <https://developers.dashly.io/webapi/auth/>
#[derive(Clone)]
pub struct AuthToken {
    secret: Arc<Zeroizing<String>>,
    header: HeaderValue,
}

impl AuthToken {
    /// Checks a token.
    ///
    /// # Errors
    ///
    /// The token is empty, has a character that no key has, or was pasted with what stands around it: spaces, a
    /// line break, quotation marks, the name of the header or of a variable. The error says which, and shows
    /// nothing of the token.
    pub fn new(token: impl Into<String>) -> Result<Self, InvalidValue> {
        let secret = Zeroizing::new(token.into());
        if let Some(rule) = broken_rule(&secret) {
            return Err(InvalidValue::new("token", rule));
        }
        let header = Zeroizing::new(format!("Token {}", *secret));
        let mut header = HeaderValue::from_str(&header)
            .map_err(|_| InvalidValue::new("token", "must be fit for an HTTP header"))?;
        header.set_sensitive(true);
        Ok(Self {
            secret: Arc::new(secret),
            header,
        })
    }

    /// Returns the value of the `Authorization` header, marked sensitive.
    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// The token itself, for the one address that must hold it: that of a WebSocket.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// Removes the token from a text, such as an error message of the service that quotes it.
    pub(crate) fn redact(&self, text: &str) -> String {
        text.replace(self.secret.as_str(), "[token]")
    }

    /// Returns at most the first `max` bytes of a text, redacted.
    pub(crate) fn redacted_start(&self, text: &str, max: usize) -> String {
        let start = start_of(text, max);
        let mut redacted = self.redact(start);
        if start.len() < text.len() {
            // The token may be cut, and then nothing of it stays.
            let parts = (1..self.secret.len()).filter_map(|end| self.secret.get(..end));
            if let Some(part) = parts.rev().find(|part| redacted.ends_with(part)) {
                redacted.truncate(redacted.len() - part.len());
            }
        }
        redacted
    }

    /// Redacts in place. Does not copy a text without the token.
    pub(crate) fn redact_in(&self, text: &mut String) {
        if self.occurs_in(text) {
            *text = self.redact(text);
        }
    }

    pub(crate) fn occurs_in(&self, text: &str) -> bool {
        text.contains(self.secret.as_str())
    }
}

/// Returns the first `max` bytes of a text, less a character that they would cut.
pub(crate) fn start_of(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let mut starts = (0..=max).rev().filter_map(|end| text.get(..end));
    starts.next().unwrap_or_default()
}

impl fmt::Debug for AuthToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthToken([redacted])")
    }
}

impl FromStr for AuthToken {
    type Err = InvalidValue;

    /// The same as [`AuthToken::new`].
    fn from_str(token: &str) -> Result<Self, InvalidValue> {
        Self::new(token)
    }
}

/// Far more than any key has. Servers limit the headers together to 8 kB or more.
const MAX_BYTES: usize = 4096;

/// Returns the rule that this text breaks as a token. What people paste by mistake has rules of its own, whose texts
/// say what to remove.
fn broken_rule(token: &str) -> Option<&'static str> {
    let first_word = token.trim_start().split([' ', '\t', ':']).next()?;
    let is_scheme = |scheme| first_word.eq_ignore_ascii_case(scheme);
    if token.trim().is_empty() {
        Some("must not be empty")
    } else if ["authorization", "token", "bearer", "basic"]
        .into_iter()
        .any(is_scheme)
        && first_word.len() < token.trim().len()
    {
        Some(
            "must be the key alone: remove the name of the header and the `Token` or `Bearer` in front of it",
        )
    } else if token.trim() != token {
        Some(
            "must not start or end with a space or a line break: trim what a file or a form contains",
        )
    } else if token.contains(['"', '\'', '`', '\\', '«', '»', '“', '”', '„', '‘', '’'])
    {
        // Redaction searches for the text of the token, and JSON escapes quotation marks and backslashes.
        Some("must be the key alone, without quotes and backslashes")
    } else if token.trim_end_matches('=').contains('=') {
        Some("must be the key alone: remove the name and the `=` in front of it")
    } else if token.starts_with(['$', '<', '{', '[', '%', '*']) {
        Some("must be a key, not the name of a variable or a placeholder")
    } else if token.contains([
        '\u{feff}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{ad}',
    ]) {
        Some("must not contain invisible characters, such as a byte order mark: copy the key again")
    } else if token.len() > MAX_BYTES {
        Some("must be at most 4096 bytes long, as servers limit a header: paste the key alone")
    } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("must be visible ASCII characters only, with no space and no line break")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_never_in_debug() {
        let token = AuthToken::new("app.1.canary").expect("a sound token");
        assert!(!format!("{token:?} {:?}", token.header()).contains("canary"));
        assert_eq!(
            token.redact("key app.1.canary is bad"),
            "key [token] is bad"
        );
    }

    #[test]
    fn cut_token_leaves_no_part() {
        let token = AuthToken::new("app.1.canary").expect("a sound token");
        for text in [
            "é app.1.canary ",
            "app.1.canaryapp.1.canary",
            "app.app.1.canary",
            "x",
        ] {
            let long = text.repeat(50);
            for max in 0..=long.len() {
                let start = token.redacted_start(&long, max);
                assert!(!start.contains("app.1"), "{max}: {start}");
            }
            assert_eq!(token.redacted_start(&long, long.len()), token.redact(&long));
        }
        assert_eq!(token.redacted_start("an app", 6), "an app");
    }

    #[test]
    fn pasted_tokens_say_what_to_remove() {
        for (rule, tokens) in [
            ("must not be empty", &["", "  ", "\n"][..]),
            (
                "in front of it",
                &[
                    "Token app.1.canary",
                    "token\tapp.1.canary",
                    "Bearer: app.1.canary",
                    "Authorization: Token app.1.canary\n",
                    " Basic app.1.canary",
                    "auth_token=app.1.canary",
                    "CARROT_TOKEN=app.1.canary==",
                ],
            ),
            (
                "a space or a line break: trim",
                &[
                    "app.1.canary\n",
                    " app.1.canary",
                    "app.1.canary\r\n",
                    "\u{a0}app.1.canary",
                ],
            ),
            (
                "without quotes",
                &[
                    "\"app.1.canary\"",
                    "'app.1.canary'",
                    "«app.1.canary»",
                    "“app.1.canary”",
                    "app\\canary",
                ],
            ),
            (
                "placeholder",
                &["$CARROT_TOKEN", "${canary}", "<token>", "%canary%", "****"],
            ),
            (
                "byte order mark",
                &["\u{feff}app.1.canary", "app.1.canary\u{200b}"],
            ),
            (
                "visible ASCII",
                &["app.1.canary app.2.canary", "app.1.é", "app.1.canary\u{0}x"],
            ),
        ] {
            for token in tokens {
                let error = AuthToken::new(*token).expect_err(token).to_string();
                assert!(
                    error.contains(rule) && !error.contains("canary"),
                    "{token}: {error}"
                );
            }
        }
        let longest = "x".repeat(MAX_BYTES);
        AuthToken::new(&*longest).expect("just fits");
        let error = AuthToken::new(longest + "x").expect_err("too long");
        assert!(error.to_string().contains("at most 4096 bytes"), "{error}");
        for token in ["app.1.canary", "token.1", "user.1.2-_~/+==", "bearer"] {
            AuthToken::new(token).expect(token);
        }
    }
}
