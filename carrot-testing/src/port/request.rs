use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::{
    Request, Response, StatusCode,
    header::{HOST, ORIGIN},
    uri::Authority,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::Cut;
use crate::service_error::error_response;

/// More than the largest file that the service takes.
const MAX_BODY_BYTES: usize = 40 * 1024 * 1024;

/// Reads a request that is meant for the server at this address, or gives the response that rejects it.
pub(crate) async fn read(
    request: Request<Incoming>,
    address: SocketAddr,
) -> Result<Result<Request<Bytes>, Response<Bytes>>, Cut> {
    let rejected = |status, name, problem| Ok(Err(error_response(status, name, problem, None)));
    if let Some(problem) = foreign(&request, address) {
        return rejected(StatusCode::FORBIDDEN, "PermissionDenied", problem);
    }
    let (head, body) = request.into_parts();
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => Ok(Ok(Request::from_parts(head, body.to_bytes()))),
        Err(error) if error.is::<LengthLimitError>() => rejected(
            StatusCode::PAYLOAD_TOO_LARGE,
            "BadRequest",
            "the body is larger than 40 MiB",
        ),
        Err(error) => Err(error),
    }
}

/// Why a request is not meant for the server: a page in a browser must not reach it, neither by a name
/// that resolves to this machine nor from another origin. On an address that other machines reach, any
/// name may be right.
fn foreign<B>(request: &Request<B>, address: SocketAddr) -> Option<&'static str> {
    let header = |name| Some(request.headers().get(name)?.to_str().unwrap_or_default());
    let host = header(HOST).unwrap_or_default();
    // No browser names a user in front of the host.
    let name = host
        .parse::<Authority>()
        .ok()
        .filter(|_| !host.contains('@'));
    let name = name.as_ref().map_or("", |authority| authority.host());
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let is_local = name.eq_ignore_ascii_case("localhost")
        || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    if address.ip().is_loopback() && !is_local {
        return Some("the `Host` must be this machine: localhost or a loopback address");
    }
    let origin = header(ORIGIN)?;
    let own = origin.split_once("://");
    let is_own =
        own.is_some_and(|(scheme, name)| scheme == "http" && name.eq_ignore_ascii_case(host));
    (!is_own).then_some("the `Origin` must be that of the sandbox")
}
