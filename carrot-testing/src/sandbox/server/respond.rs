//! A request on the port, and what it gets.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use http::{
    Request, Response, StatusCode,
    header::{HOST, ORIGIN},
    uri::Authority,
};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::{console, context::Context};
use crate::{
    sandbox::{fault::Delivery, realtime::hub::Waiting},
    service_error::error_response,
};

/// More than the largest file that the service takes.
const MAX_BODY_BYTES: usize = 40 * 1024 * 1024;

pub(super) async fn respond(
    context: Arc<Context>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    if let Some(problem) = foreign(&request, context.address) {
        let status = StatusCode::FORBIDDEN;
        return Ok(error_response(status, "PermissionDenied", problem, None).map(Full::new));
    }
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            let response =
                error_response(status, "BadRequest", "the body is larger than 40 MiB", None);
            return Ok(response.map(Full::new));
        }
        Err(error) => return Err(error),
    };
    let request = Request::from_parts(head, body);
    if let Some(response) = console::respond(&context, &request) {
        return Ok(response.map(Full::new));
    }
    let (response, delivery) = context.sandbox.exchange(&request);
    context
        .log
        .add(&context.sandbox, request, &response, &delivery);
    match delivery {
        Delivery::AtOnce => {}
        // The error cuts the connection.
        Delivery::Failed(..) => return Err("a fault of the test cuts the connection".into()),
        Delivery::Delayed(delay) => context.clock().sleep(delay).await,
        Delivery::Held(gate) => gate.wait().await,
        Delivery::Polling(poll) => {
            let response = poll.wait(context.clock(), Waiting::OnPort).await;
            let response = response.ok_or("a fault of the test cuts the connection")?;
            return Ok(response.map(Full::new));
        }
    }
    Ok(response.map(Full::new))
}

/// Why a request is not meant for the sandbox: a page in a browser must not reach it, neither by a name
/// that resolves to this machine nor from another origin. On an address that other machines reach, any
/// name may be right.
fn foreign<B>(request: &Request<B>, address: SocketAddr) -> Option<&'static str> {
    let header = |name| Some(request.headers().get(name)?.to_str().unwrap_or_default());
    let host = header(HOST).unwrap_or_default();
    let name = host.parse::<Authority>();
    let name = name.as_ref().map_or("", |authority| authority.host());
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let is_local = name.eq_ignore_ascii_case("localhost")
        || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    if address.ip().is_loopback() && !is_local {
        return Some("the `Host` must be this machine: localhost or a loopback address");
    }
    let origin = header(ORIGIN)?;
    (origin.strip_prefix("http://") != Some(host))
        .then_some("the `Origin` must be that of the sandbox")
}
