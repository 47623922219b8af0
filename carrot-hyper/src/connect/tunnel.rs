//! A tunnel through a proxy: `CONNECT`, RFC 9110, section 9.3.6.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body_util::Empty;

use super::{exchange::exchange, failure::ProxyFailure, stream::Stream};
use crate::error::chain::find;

/// Asks the proxy at the other end for a connection to `target`, a host with a port.
pub(super) async fn open(
    stream: Box<dyn Stream>,
    proxy: &str,
    target: &str,
    credentials: Option<&HeaderValue>,
) -> Result<Box<dyn Stream>, ProxyFailure> {
    let broken = |problem: &dyn std::fmt::Display| ProxyFailure::Broken {
        proxy: proxy.to_owned(),
        problem: problem.to_string(),
    };
    let request = connect(target, credentials).map_err(|error| broken(&error))?;
    let exchanged =
        exchange(stream, request).await.map_err(|error| {
            match find::<hyper::Error>(&*error).is_some_and(hyper::Error::is_parse) {
                true => ProxyFailure::Protocol {
                    proxy: proxy.to_owned(),
                    problem: error.to_string(),
                },
                false => broken(&error),
            }
        })?;
    let status = exchanged.response.status();
    if !status.is_success() {
        let proxy = proxy.to_owned();
        let code = status.as_u16();
        return Err(match code {
            407 => ProxyFailure::Credentials {
                proxy,
                advice: advice(exchanged.response.headers(), credentials.is_some()),
            },
            502..=504 => ProxyFailure::Unreachable {
                proxy,
                status: code,
            },
            // It may be better next time.
            408 | 429 | 500 => broken(&format_args!("it responds with status {code}")),
            _ => ProxyFailure::Rejected {
                proxy,
                status: code,
            },
        });
    }
    if !exchanged.read.is_empty() {
        // The server speaks second in TLS and in HTTP.
        return Err(broken(&"bytes that nobody asked for follow its response"));
    }
    Ok(exchanged.stream)
}

/// What to do about status 407.
fn advice(headers: &HeaderMap, has_credentials: bool) -> &'static str {
    let offers = headers.get_all(header::PROXY_AUTHENTICATE);
    let is_basic = |offer: &HeaderValue| {
        let offer = String::from_utf8_lossy(offer.as_bytes()).to_ascii_lowercase();
        offer.split([',', ' ']).any(|word| word == "basic")
    };
    let offers_other = offers.iter().next().is_some() && !offers.iter().any(is_basic);
    match has_credentials {
        _ if offers_other => {
            "it offers no `Basic` authentication, and no other is supported: ask its administrator"
        }
        true => "it does not accept those of its address: check the user name and the password",
        false => "put them into its address, `http://user:password@host:port`",
    }
}

fn connect(
    target: &str,
    credentials: Option<&HeaderValue>,
) -> Result<Request<Empty<Bytes>>, http::Error> {
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(Uri::builder().authority(target).build()?)
        .header(header::HOST, target);
    if let Some(credentials) = credentials {
        request = request.header(header::PROXY_AUTHORIZATION, credentials);
    }
    request.body(Empty::new())
}
