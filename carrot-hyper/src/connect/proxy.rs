//! Which requests go through which proxy.

use std::{ffi::OsString, fmt};

use carrot_core::types::InvalidValue;
use http::{Uri, uri::Scheme};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use super::proxy_address;
use crate::{BuildError, environment};

const HTTPS: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const HTTP: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// The first of these variables that is set to something.
fn first(
    lookup: impl Fn(&str) -> Option<OsString>,
    names: &[&'static str],
) -> Result<Option<(&'static str, String)>, BuildError> {
    // A CGI program gets the header `Proxy` of whoever calls it in `HTTP_PROXY`.
    let is_cgi = lookup("REQUEST_METHOD").is_some();
    for name in names
        .iter()
        .filter(|name| !(is_cgi && **name == "HTTP_PROXY"))
    {
        let value = environment::read(&lookup, name)?.unwrap_or_default();
        if !value.trim().is_empty() {
            return Ok(Some((name, value.trim().to_owned())));
        }
    }
    Ok(None)
}

/// The rules that choose a proxy for a request.
pub(crate) struct Proxies {
    proxies: Matcher,
    excluded: Vec<Excluded>,
}

impl Proxies {
    /// One proxy for everything, local addresses included.
    pub(crate) fn all(url: &str) -> Result<Self, InvalidValue> {
        proxy_address::check(url)?;
        Ok(Self {
            proxies: Matcher::builder().all(url).build(),
            excluded: Vec::new(),
        })
    }

    /// Those of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    pub(crate) fn from_env(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, BuildError> {
        let first = |names: &[&'static str]| first(&lookup, names);
        let address = |names: &[&'static str]| {
            let Some((name, value)) = first(names)? else {
                return Ok(String::new());
            };
            let value = match value.contains("://") {
                true => value,
                // As curl reads it.
                false => format!("http://{value}"),
            };
            proxy_address::check(&value).map_err(environment::of(name))?;
            Ok::<_, BuildError>(value)
        };
        let proxies = Matcher::builder()
            .http(address(&HTTP)?)
            .https(address(&HTTPS)?)
            .build();
        let excluded = first(&["NO_PROXY", "no_proxy"])?;
        let excluded = excluded.map_or_else(String::new, |(_, list)| list);
        let entries = excluded.split(|c: char| c == ',' || c.is_whitespace());
        Ok(Self {
            proxies,
            excluded: entries
                .filter(|entry| !entry.is_empty())
                .map(Excluded::new)
                .collect(),
        })
    }

    pub(super) fn for_target(&self, target: &Uri) -> Option<Chosen> {
        if self
            .excluded
            .iter()
            .any(|excluded| excluded.contains(target))
        {
            return None;
        }
        let intercept = self.proxies.intercept(target)?;
        Some(Chosen {
            https: intercept.uri().scheme() == Some(&Scheme::HTTPS),
            name: host_and_port(intercept.uri()),
            intercept,
        })
    }
}

/// `Matcher` shows no credentials either, but this does not depend on it.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxies")
    }
}

/// An entry of `NO_PROXY`: `*`, a domain with those below it, an address, or a network; with or without a port.
struct Excluded {
    hosts: Matcher,
    port: Option<u16>,
}

impl Excluded {
    fn new(entry: &str) -> Self {
        let is_port = |(host, port): &(&str, &str)| {
            !port.is_empty()
                && port.bytes().all(|byte| byte.is_ascii_digit())
                && (host.ends_with(']') || !host.contains(':'))
        };
        let (host, port) = match entry.rsplit_once(':').filter(is_port) {
            // A number that is not a port excludes nothing.
            Some((host, port)) => (host, Some(port.parse().unwrap_or(0))),
            None => (entry, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = match host.strip_prefix("*.") {
            Some(domain) => domain,
            None => host,
        };
        Self {
            hosts: Matcher::builder().all("http://any").no(host).build(),
            port,
        }
    }

    fn contains(&self, target: &Uri) -> bool {
        self.port.is_none_or(|only| only == port(target)) && self.hosts.intercept(target).is_none()
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
    format!("{}:{}", address.host().unwrap_or_default(), port(address))
}

fn port(address: &Uri) -> u16 {
    let default = match address.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP => 80,
        _ => 443,
    };
    address.port_u16().unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Proxies, BuildError> {
        Proxies::from_env(|name| {
            let (_, value) = variables.iter().find(|(set, _)| *set == name)?;
            Some(OsString::from(value))
        })
    }

    /// The proxy of a request to this address.
    fn chosen(variables: &[(&str, &str)], target: &'static str) -> Option<String> {
        let proxies = from(variables).expect("sound variables");
        let chosen = proxies.for_target(&Uri::from_static(target))?;
        Some(chosen.name)
    }

    #[test]
    fn first_variable_with_a_value_names_the_proxy() {
        const HTTPS: (&str, &str) = ("HTTPS_PROXY", "http://secure:1");
        const ALL: (&str, &str) = ("ALL_PROXY", "https://any");
        for (variables, plain, secure) in [
            (&[][..], None, None),
            (&[HTTPS], None, Some("secure:1")),
            (&[HTTPS, ALL], Some("any:443"), Some("secure:1")),
            (&[("all_proxy", "any")], Some("any:80"), Some("any:80")),
            (
                &[("HTTPS_PROXY", " "), ("https_proxy", "lower:2")],
                None,
                Some("lower:2"),
            ),
            (
                &[("HTTPS_PROXY", ""), ALL],
                Some("any:443"),
                Some("any:443"),
            ),
            (
                &[("HTTP_PROXY", " user:s3cret@plain:3 ")],
                Some("plain:3"),
                None,
            ),
            // It is not used.
            (
                &[
                    ("HTTP_PROXY", "plain"),
                    HTTPS,
                    ("ALL_PROXY", "socks5://any"),
                ],
                Some("plain:80"),
                Some("secure:1"),
            ),
            // A CGI program gets `HTTP_PROXY` from a header.
            (
                &[
                    ("REQUEST_METHOD", "GET"),
                    ("HTTP_PROXY", "evil"),
                    ("http_proxy", "plain"),
                    HTTPS,
                ],
                Some("plain:80"),
                Some("secure:1"),
            ),
        ] {
            assert_eq!(
                chosen(variables, "http://a/").as_deref(),
                plain,
                "{variables:?}"
            );
            assert_eq!(
                chosen(variables, "https://a/").as_deref(),
                secure,
                "{variables:?}"
            );
        }
    }

    #[test]
    fn unusable_variable_is_named_without_its_value() {
        for (name, value) in [
            ("HTTPS_PROXY", "socks5://user:s3cret@proxy"),
            ("https_proxy", "http://user:s3 cret@proxy"),
            ("ALL_PROXY", "user:s3@cret@proxy"),
            ("http_proxy", "proxy:65536"),
        ] {
            let error = from(&[(name, value)]).expect_err(value).to_string();
            assert!(error.contains(name) && !error.contains("s3"), "{error}");
        }
    }

    #[test]
    fn excluded_hosts_need_no_proxy() {
        for (list, target, excluded) in [
            ("*", "https://a.example/", true),
            ("a.example", "https://A.EXAMPLE/", true),
            ("a.example", "https://b.a.example/", true),
            ("a.example", "https://ba.example/", false),
            (".a.example", "https://b.a.example/", true),
            ("*.a.example", "https://b.a.example/", true),
            ("x, y  a.example,", "https://a.example/", true),
            ("a.example:443", "https://a.example/", true),
            ("a.example:8443", "https://a.example/", false),
            ("a.example:8443", "https://a.example:8443/", true),
            ("a.example:99999", "https://a.example/", false),
            ("10.0.0.0/8", "https://10.1.2.3/", true),
            ("10.0.0.0/8", "https://11.1.2.3/", false),
            ("127.0.0.1:80", "http://127.0.0.1/", true),
            ("::1", "https://[::1]:9/", true),
            ("[::1]:9", "https://[::1]:9/", true),
            ("[::1]:8", "https://[::1]:9/", false),
            ("", "https://a.example/", false),
        ] {
            let variables = [("ALL_PROXY", "proxy"), ("no_proxy", list)];
            let chosen = chosen(&variables, target);
            assert_eq!(chosen.is_none(), excluded, "{list} {target}");
        }
    }
}
