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
    /// It is empty, or holds anything but visible ASCII characters. The usual cause is a line break
    /// at the end of a file or a variable.
    pub fn new(token: impl Into<String>) -> Result<Self, InvalidValue> {
        let secret = Zeroizing::new(token.into());
        if secret.is_empty() {
            return Err(InvalidValue::new("token", "must not be empty"));
        }
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidValue::new(
                "token",
                "must be visible ASCII characters only, with no space and no line break",
            ));
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
