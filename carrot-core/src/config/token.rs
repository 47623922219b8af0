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
    /// The token is empty; contains characters other than visible ASCII, such as a line break at the end
    /// of a file; starts with `Token ` or `Bearer `, the scheme of a header; or contains a quotation mark
    /// or a backslash.
    pub fn new(token: impl Into<String>) -> Result<Self, InvalidValue> {
        let secret = Zeroizing::new(token.into());
        let invalid = |rule| Err(InvalidValue::new("token", rule));
        if secret.is_empty() {
            return invalid("must not be empty");
        }
        let scheme = secret.split_once(' ').map(|(scheme, _)| scheme);
        if scheme.is_some_and(|scheme| {
            scheme.eq_ignore_ascii_case("token") || scheme.eq_ignore_ascii_case("bearer")
        }) {
            return invalid("must be the key alone: remove the `Token` or `Bearer` in front of it");
        }
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return invalid(
                "must be visible ASCII characters only, with no space and no line break",
            );
        }
        // Redaction searches for the text of the token, and JSON escapes quotation marks and backslashes.
        // A key that contains one was pasted with its quotation marks.
        if secret.contains(['"', '\'', '`', '\\']) {
            return invalid("must be the key alone, without quotes and backslashes");
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
}
