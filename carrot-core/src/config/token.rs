use std::{fmt, str::FromStr, sync::Arc};

use carrot_types::InvalidValue;
use http::HeaderValue;
use zeroize::Zeroizing;

/// The secret that opens the API: a key from the panel, under Settings, Developers, "API keys".
///
/// It gives nearly full access to the data of the app. It has no `Display` and no `Serialize`, its
/// `Debug` is redacted, it is sent in a header that is marked sensitive, and its memory is
/// overwritten when the last copy is dropped.
/// Source: <https://developers.dashly.io/webapi/auth/>
#[derive(Clone)]
pub struct AuthToken {
    secret: Arc<Zeroizing<String>>,
    header: HeaderValue,
}

impl AuthToken {
    /// Checks a token and takes it.
    ///
    /// # Errors
    ///
    /// It is empty; it holds anything but visible ASCII characters, usually a line break at the end of a
    /// file or a variable; it starts with `Token ` or `Bearer `, the scheme of a header; it holds a quote
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
        // Redaction searches for the text of the token. A quote or a backslash is written otherwise in
        // JSON, and a key with one is a key that was pasted with its quotes.
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

    /// The value of the `Authorization` header, marked sensitive.
    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Takes the token out of a text that came from elsewhere, such as an error message of the
    /// service that quotes it.
    pub(crate) fn redact(&self, text: &str) -> String {
        text.replace(self.secret.as_str(), "[token]")
    }

    /// The same in place, without a copy of a text that is free of the token.
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
    fn a_token_never_shows_itself() {
        let token = AuthToken::new("app.1.canary").expect("a sound token");
        assert!(!format!("{token:?} {:?}", token.header()).contains("canary"));
        assert_eq!(
            token.redact("key app.1.canary is bad"),
            "key [token] is bad"
        );
    }
}
