use std::net::IpAddr;

use carrot_types::InvalidValue;
use http::{
    Uri,
    uri::{Authority, PathAndQuery, Scheme},
};

/// The service to talk to.
///
/// Source: <https://developers.dashly.io/webapi>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Host {
    /// Carrot quest, `https://api.carrotquest.io`.
    #[default]
    CarrotQuest,
    /// Dashly, the English twin, `https://api.dashly.app`.
    Dashly,
    /// Anything else that speaks the same API: a proxy, a sandbox.
    Other(BaseUrl),
}

impl Host {
    /// The address in front of every path.
    #[must_use]
    pub fn base_url(&self) -> BaseUrl {
        match self {
            Self::CarrotQuest => BaseUrl::https(Authority::from_static("api.carrotquest.io")),
            Self::Dashly => BaseUrl::https(Authority::from_static("api.dashly.app")),
            Self::Other(base_url) => base_url.clone(),
        }
    }
}

impl From<BaseUrl> for Host {
    fn from(base_url: BaseUrl) -> Self {
        Self::Other(base_url)
    }
}

/// The address in front of every path: scheme, host, port, and a path where a proxy needs one. It ends
/// before the API version of the API, such as `/v2`, with which every path begins.
///
/// ```
/// use carrot_core::BaseUrl;
///
/// assert!("https://proxy.example/carrot".parse::<BaseUrl>().is_ok());
/// assert!("https://proxy.example/?app=1".parse::<BaseUrl>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
    /// Empty, or begins with a slash and ends without one.
    prefix: String,
}

impl BaseUrl {
    fn https(authority: Authority) -> Self {
        Self {
            scheme: Scheme::HTTPS,
            authority,
            prefix: String::new(),
        }
    }

    /// True for `https`, and for plain `http` to this machine itself, which no wire carries.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.scheme == Scheme::HTTPS || is_loopback(self.authority.host())
    }

    /// The address of a path below this one.
    pub(crate) fn join(&self, path_and_query: &str) -> Result<Uri, http::Error> {
        let path_and_query = PathAndQuery::try_from(format!("{}{path_and_query}", self.prefix))?;
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path_and_query)
            .build()
    }
}

/// True for a colon and a number that is a port.
fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':').unwrap_or_default();
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.parse().is_ok_and(|port: u16| port > 0)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

impl std::str::FromStr for BaseUrl {
    type Err = InvalidValue;

    /// Reads `https://host`, with an optional port and path. `http` is read too; whether it may be
    /// used is decided where the client is built.
    ///
    /// # Errors
    ///
    /// No `http` or `https` address; a port that is none; `.` or `..` in the path, or `v1` or `v2` at its
    /// end; or a user name, a password, a query or a fragment, none of which has a place in front of a
    /// path.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = |rule: &'static str| InvalidValue::new("base URL", rule);
        if text.contains('#') {
            return Err(invalid("must have no fragment (`#…`)"));
        }
        let uri: Uri = text
            .parse()
            .map_err(|_| invalid("must be an address such as `https://api.carrotquest.io`"))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(invalid("must begin with `https://` and a host"));
        };
        if scheme != Scheme::HTTPS && scheme != Scheme::HTTP {
            return Err(invalid("must begin with `https://` or `http://`"));
        }
        if authority.as_str().contains('@') {
            return Err(invalid("must hold no user name and no password"));
        }
        if authority.host().is_empty() {
            return Err(invalid("must name a host"));
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
                "must not end with the API version of the API: the client adds it to every path",
            ));
        }
        Ok(Self {
            scheme,
            authority,
            prefix: prefix.to_owned(),
        })
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}
