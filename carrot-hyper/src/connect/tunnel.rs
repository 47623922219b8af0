//! A tunnel through a proxy: `CONNECT`, RFC 9110, section 9.3.6.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::Empty;

use super::{exchange::exchange, failure::ProxyFailure, stream::Stream};

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
    let exchanged = exchange(stream, request)
        .await
        .map_err(|error| broken(&error))?;
    let status = exchanged.response.status();
    let proxy = || proxy.to_owned();
    match status {
        _ if status.is_success() => {}
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            return Err(ProxyFailure::Credentials { proxy: proxy() });
        }
        _ if status.is_server_error() => {
            return Err(ProxyFailure::Unreachable {
                proxy: proxy(),
                status: status.as_u16(),
            });
        }
        _ => {
            return Err(ProxyFailure::Rejected {
                proxy: proxy(),
                status: status.as_u16(),
            });
        }
    }
    if !exchanged.read.is_empty() {
        // The server speaks second in TLS and in HTTP.
        return Err(broken(&"bytes that nobody asked for follow its response"));
    }
    Ok(exchanged.stream)
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
