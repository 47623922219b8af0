//! What the port does with WebSockets without the feature `websocket`.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use tokio::sync::watch;

use crate::{sandbox::realtime::socket::Socket, service_error::error_response};

pub(super) fn response(_: &Request<Bytes>) -> Response<Bytes> {
    let problem =
        "this sandbox has no WebSockets: compile carrot-testing with the feature `websocket`";
    error_response(StatusCode::NOT_IMPLEMENTED, "NotImplemented", problem, None)
}

/// Never called: no response is an upgrade.
pub(super) async fn serve(_: OnUpgrade, _: Socket, _: watch::Receiver<()>) {}
