use std::{
    borrow::Cow,
    net::{IpAddr, Ipv6Addr},
};

use carrot_types::{
    InvalidValue,
    realtime::{HOST_CARROT_QUEST, HOST_DASHLY},
};
use http::{
    Uri,
    uri::{Authority, Parts, PathAndQuery, Scheme},
};

/// The base URL of the service: scheme, host, optional port and optional path. It does not contain the
/// version of the API, which the client adds. [`CARROT_QUEST`](Self::CARROT_QUEST) by default.
///
/// Source: <https://developers.dashly.io/webapi>
///
/// ```
/// use carrot_core::BaseUrl;
///
/// assert!("https://proxy.example/carrot".parse::<BaseUrl>().is_ok());
/// assert!("https://proxy.example/?app=1".parse::<BaseUrl>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    is_https: bool,
    /// Host and port.
    authority: Cow<'static, str>,
    /// Empty, or starts with a slash and does not end with one.
    prefix: Cow<'static, str>,
}

impl BaseUrl {
    /// Carrot quest, `https://api.carrotquest.io`.
    pub const CARROT_QUEST: Self = Self::https("api.carrotquest.io");
    /// Dashly, the English brand of the same service, `https://api.dashly.app`.
    pub const DASHLY: Self = Self::https("api.dashly.app");

    /// Returns the base URL of the realtime service. The same URL if this one is custom.
    pub(crate) fn realtime(&self) -> Self {
        if *self == Self::CARROT_QUEST {
            Self::https(HOST_CARROT_QUEST)
        } else if *self == Self::DASHLY {
            Self::https(HOST_DASHLY)
        } else {
            self.clone()
        }
    }

    const fn https(host: &'static str) -> Self {
        Self {
            is_https: true,
            authority: Cow::Borrowed(host),
            prefix: Cow::Borrowed(""),
        }
    }

    /// Returns true for `https`, and for plain `http` to this machine, which does not use a network.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.is_https || is_loopback(&self.authority)
    }

    fn scheme(&self) -> &'static str {
        if self.is_https { "https" } else { "http" }
    }

    /// Returns the parts that all URLs below this one share. `below` is added to its path.
    pub(crate) fn root(&self, below: &str) -> Result<Root, InvalidValue> {
        let authority = Authority::try_from(&*self.authority)
            .map_err(|_| InvalidValue::new("base URL", "must have a host"))?;
        Ok(Root {
            scheme: match self.is_https {
                true => Scheme::HTTPS,
                false => Scheme::HTTP,
            },
            authority,
            prefix: format!("{}{below}", self.prefix),
        })
    }
}

/// The start of many URLs, parsed once.
#[derive(Debug)]
pub(crate) struct Root {
    scheme: Scheme,
    authority: Authority,
    prefix: String,
}

impl Root {
    /// Returns the URL of a path with its query, which starts with a slash. Uses its buffer.
    pub(crate) fn join(&self, mut path_and_query: String) -> Result<Uri, http::Error> {
        path_and_query.insert_str(0, &self.prefix);
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::try_from(path_and_query)?);
        Ok(Uri::from_parts(parts)?)
    }
}

/// Returns true for a colon and a valid port.
fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':').unwrap_or_default();
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.parse().is_ok_and(|port: u16| port > 0)
}

fn is_loopback(authority: &str) -> bool {
    let has_port = |(_, port): &(&str, &str)| port.bytes().all(|byte| byte.is_ascii_digit());
    let host = authority.rsplit_once(':').filter(has_port);
    let host = host.map_or(authority, |(host, _)| host);
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

impl Default for BaseUrl {
    fn default() -> Self {
        Self::CARROT_QUEST
    }
}

impl std::str::FromStr for BaseUrl {
    type Err = InvalidValue;

    /// Parses `https://host` with an optional port and path. Accepts `http` too; building the client
    /// rejects it unless it is allowed.
    ///
    /// # Errors
    ///
    /// The text is not an `http` or `https` URL; is not ASCII; has an invalid port or IPv6 address, a user name, a password, a query or
    /// a fragment; has `.` or `..` in its path; or ends with `v1` or `v2`.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = |rule: &'static str| InvalidValue::new("base URL", rule);
        if text.contains('#') {
            return Err(invalid("must have no fragment (`#…`)"));
        }
        if text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}') != text {
            return Err(invalid(
                "must not start or end with a space, a line break or a byte order mark",
            ));
        }
        if !text.is_ascii() {
            // No resolver takes a host in other letters, and which rules turn it into ASCII is not ours to say.
            return Err(invalid(
                "must be ASCII: write an international host in punycode, as browsers show it (`xn--…`), and a path \
                 percent-encoded",
            ));
        }
        let uri: Uri = text
            .parse()
            .map_err(|_| invalid("must be a URL such as `https://api.carrotquest.io`"))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(invalid("must start with `https://` and a host"));
        };
        if scheme != Scheme::HTTPS && scheme != Scheme::HTTP {
            return Err(invalid("must start with `https://` or `http://`"));
        }
        if authority.as_str().contains('@') {
            return Err(invalid("must not contain a user name or a password"));
        }
        if authority.host().is_empty() {
            return Err(invalid("must have a host"));
        }
        let bracketed = authority.host().strip_prefix('[');
        if bracketed.is_some_and(|rest| rest.trim_end_matches(']').parse::<Ipv6Addr>().is_err()) {
            return Err(invalid(
                "must have an IPv6 address without a zone between its brackets",
            ));
        }
        let port = authority.as_str().strip_prefix(authority.host());
        if port.is_some_and(|port| !port.is_empty() && !is_port(port)) {
            return Err(invalid("must have a port from 1 to 65535"));
        }
        let path = parts
            .path_and_query
            .unwrap_or(PathAndQuery::from_static("/"));
        if path.query().is_some() {
            return Err(invalid("must have no query (`?…`)"));
        }
        if path
            .path()
            .split('/')
            .any(|segment| matches!(segment, "." | ".."))
        {
            return Err(invalid("must have a path without `.` and `..`"));
        }
        let prefix = path.path().trim_end_matches('/');
        if matches!(prefix.rsplit('/').next(), Some("v1" | "v2")) {
            return Err(invalid(
                "must not end with the version of the API: the client adds it to every path",
            ));
        }
        Ok(Self {
            is_https: scheme == Scheme::HTTPS,
            authority: authority.to_string().into(),
            prefix: prefix.to_owned().into(),
        })
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}", self.scheme(), self.authority, self.prefix)
    }
}
