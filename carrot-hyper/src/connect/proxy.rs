//! Which requests go through which proxy.

use std::fmt;

use carrot_core::types::InvalidValue;
use http::{Uri, uri::Scheme};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use super::failure::ProxyFailure;

/// The rules that choose a proxy for a request.
pub(crate) struct Proxies(Matcher);

impl Proxies {
    /// One proxy for everything, local addresses included.
    pub(crate) fn all(url: &str) -> Result<Self, InvalidValue> {
        const FIELD: &str = "proxy";
        if !url.is_ascii() {
            return Err(InvalidValue::new(
                FIELD,
                "must be ASCII: write an international host name in its `xn--` form, and other \
                 characters of the credentials percent-encoded",
            ));
        }
        let parsed: Option<Uri> = url.parse().ok();
        let scheme = parsed.as_ref().and_then(Uri::scheme);
        if scheme != Some(&Scheme::HTTP) && scheme != Some(&Scheme::HTTPS) {
            return Err(InvalidValue::new(
                FIELD,
                "must be an address such as `http://host:port` or `https://user:password@host:port`",
            ));
        }
        Ok(Self(Matcher::builder().all(url.to_owned()).build()))
    }

    /// Those of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    pub(crate) fn from_env() -> Self {
        Self(Matcher::from_env())
    }

    pub(super) fn for_target(&self, target: &Uri) -> Result<Option<Chosen>, ProxyFailure> {
        let Some(intercept) = self.0.intercept(target) else {
            return Ok(None);
        };
        let uri = intercept.uri();
        let https = uri.scheme() == Some(&Scheme::HTTPS);
        let name = host_and_port(uri);
        if !https && uri.scheme() != Some(&Scheme::HTTP) {
            return Err(ProxyFailure::Scheme {
                proxy: name,
                scheme: uri.scheme_str().unwrap_or_default().to_owned(),
            });
        }
        Ok(Some(Chosen {
            https,
            name,
            intercept,
        }))
    }
}

/// `Matcher` shows no credentials either, but this does not depend on it.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxies")
    }
}

/// The proxy of one request.
pub(super) struct Chosen {
    pub(super) https: bool,
    /// Host and port.
    pub(super) name: String,
    pub(super) intercept: Intercept,
}

/// The host and port of an address, the port by its scheme where it has none.
pub(crate) fn host_and_port(address: &Uri) -> String {
    let host = address.host().unwrap_or_default();
    let default = match address.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP => 80,
        _ => 443,
    };
    format!("{host}:{}", address.port_u16().unwrap_or(default))
}
