//! HTTP/2 of the reference, over the crate `h2`. A connection serves as many requests as come.

use bytes::Bytes;
use carrot_core::{
    Body,
    Sent::{Maybe, Never, Yes},
    TransportError,
    transport::TransportErrorKind::{Protocol, Reset, TooLarge, Truncated},
};
use h2::{Reason, client::SendRequest};
use http::{Request, Response};

use super::{
    breaks::{Break, Mutant},
    io::Conn,
};

pub(crate) async fn start(of: &Mutant, conn: Conn) -> Result<SendRequest<Bytes>, TransportError> {
    let mut builder = h2::client::Builder::new();
    builder.max_header_list_size(match of.is(Break::StreamNoHeadLimit) {
        true => 1 << 30,
        false => 64 * 1024,
    });
    let shaken = builder.handshake(conn.io).await;
    let (send, connection) =
        shaken.map_err(|error| TransportError::new(Protocol, Never).with_source(error))?;
    tokio::spawn(connection);
    Ok(send)
}

pub(crate) async fn exchange(
    of: &Mutant,
    send: SendRequest<Bytes>,
    request: Request<Body>,
    cap: Option<u64>,
) -> Result<Response<Bytes>, TransportError> {
    let before = |error: h2::Error| {
        let unprocessed = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
        let gone = error.is_go_away() && error.is_remote();
        let sent = match of.breaks {
            Break::UnprocessedAsMaybe if unprocessed => Maybe,
            Break::GoneAsMaybe if gone => Maybe,
            Break::StreamResetAsNever if error.is_reset() => Never,
            Break::GoneAsNever if !error.is_reset() => Never,
            _ if error.is_remote() && (unprocessed || gone) => Never,
            _ => Maybe,
        };
        TransportError::new(Reset, sent).with_source(error)
    };
    let mut send = send.ready().await.map_err(before)?;
    let (head, body) = request.into_parts();
    let mut request = Request::new(());
    *request.method_mut() = head.method;
    *request.uri_mut() = head.uri;
    *request.headers_mut() = head.headers;
    let body = body.into_bytes();
    let (response, mut stream) = send
        .send_request(request, body.is_empty())
        .map_err(before)?;
    if !body.is_empty() {
        stream.send_data(body, true).map_err(before)?;
    }
    let (head, mut body) = response.await.map_err(before)?.into_parts();
    let mut bytes = Vec::new();
    while let Some(data) = body.data().await {
        let data = match data {
            Ok(data) => data,
            Err(_) if of.is(Break::StreamCutAsOk) => break,
            Err(error) => return Err(TransportError::new(Truncated, Yes).with_source(error)),
        };
        body.flow_control().release_capacity(data.len()).ok();
        bytes.extend_from_slice(&data);
        if let Some(limit) = cap.filter(|cap| bytes.len() as u64 > *cap) {
            if !of.is(Break::StreamNoCap) {
                return Err(TransportError::new(TooLarge { limit }, Yes).with_source("too large"));
            }
        }
    }
    Ok(Response::from_parts(head, bytes.into()))
}
