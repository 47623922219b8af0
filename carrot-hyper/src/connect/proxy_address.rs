//! The address of a proxy as the user gives it.

use std::net::Ipv6Addr;

use carrot_core::types::InvalidValue;
use http::{Uri, uri::Authority};
use percent_encoding::percent_decode_str;

const FIELD: &str = "proxy";

const ENCODE: &str = "must be `scheme://user:password@host:port`: percent-encode the `@`, `/`, `?` and `#` of a \
                      user name or password";

/// Checks an address, which may hold a password: no error shows it.
///
/// What is not checked here is not rejected later: hyper-util passes over what it does not understand.
pub(super) fn check(url: &str) -> Result<(), InvalidValue> {
    broken_rule(url).map_or(Ok(()), |rule| Err(InvalidValue::new(FIELD, rule)))
}

fn broken_rule(url: &str) -> Option<&'static str> {
    if !url.is_ascii() {
        return Some(
            "must be ASCII: write an international host name in its `xn--` form, and other \
             characters of the credentials percent-encoded",
        );
    }
    let Ok(address) = url.parse::<Uri>() else {
        return Some(
            "must be an address such as `http://host:port` or `https://user:password@host:port`",
        );
    };
    match address.scheme_str() {
        Some("http" | "https") => {}
        Some(scheme) if scheme.to_ascii_lowercase().starts_with("socks") => {
            return Some("must be an `http` or `https` proxy: SOCKS is not supported");
        }
        _ => {
            return Some(
                "must start with `http://` or `https://`, such as `http://host:port` or \
                 `https://user:password@host:port`",
            );
        }
    }
    let authority = address.authority()?;
    let behind = url.split_once(authority.as_str()).map(|(_, behind)| behind);
    if behind.is_some_and(|behind| behind.contains('@'))
        || authority.as_str().matches('@').count() > 1
    {
        return Some(ENCODE);
    }
    let (credentials, host) = authority
        .as_str()
        .rsplit_once('@')
        .unwrap_or(("", authority.as_str()));
    if percent_decode_str(credentials).decode_utf8().is_err() {
        return Some("must have a user name and a password in UTF-8 below their percent-encoding");
    }
    broken_rule_of_host(authority, host)
}

fn broken_rule_of_host(authority: &Authority, host_and_port: &str) -> Option<&'static str> {
    let host = authority.host();
    if host.is_empty() {
        return Some("must have a host");
    }
    if host.starts_with('[') && host[1..].trim_end_matches(']').parse::<Ipv6Addr>().is_err() {
        return Some("must have an IPv6 address without a zone between its brackets");
    }
    let port = host_and_port.strip_prefix(host)?;
    let port = port
        .strip_prefix(':')
        .or_else(|| port.is_empty().then_some("80"));
    match port?.parse::<u16>() {
        Ok(1..) => None,
        _ => Some("must have a port from 1 to 65535"),
    }
}
