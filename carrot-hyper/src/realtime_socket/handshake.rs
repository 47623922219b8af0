//! The handshake of the client: RFC 6455, section 4.1.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use carrot_core::{
    Sent, TransportError,
    realtime::{ConnectRequest, Disconnected},
    transport::TransportErrorKind,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{
        CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
    },
};
use http_body_util::Empty;

use crate::{
    HyperTransport,
    connect::{Exchanged, Stream, exchange},
    target::Target,
};

/// RFC 6455, section 1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Returns the connection, and what was read behind the handshake.
pub(super) async fn open(
    transport: &HyperTransport,
    request: &ConnectRequest,
) -> Result<(Box<dyn Stream>, Vec<u8>), Disconnected> {
    let mut upgrade = request
        .websocket()
        .map_err(|error| Disconnected::new(error.to_string()))?
        .map(|()| Empty::<Bytes>::new());
    let target = Target::of(&upgrade).map_err(failed)?;
    let of_target = |error: TransportError| failed(error.with_peer(target.peer()));
    let stream = transport.connect_http1(&target).await.map_err(of_target)?;
    target.write_to(&mut upgrade, true);
    // Against caches and servers of other protocols, not a secret.
    let key = STANDARD.encode(fastrand::u128(..).to_ne_bytes());
    let headers = upgrade.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers.extend(HeaderValue::from_str(&key).map(|key| (SEC_WEBSOCKET_KEY, key)));
    let exchanged = exchange(stream, upgrade).await.map_err(|error| {
        let kind = TransportErrorKind::Reset;
        of_target(TransportError::new(kind, Sent::Maybe).with_source(error))
    })?;
    let Exchanged {
        response,
        stream,
        read,
    } = exchanged;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(request.rejection(&response));
    }
    check(&response, &key).map_err(|rule| {
        let kind = TransportErrorKind::Protocol;
        of_target(TransportError::new(kind, Sent::Yes).with_source(rule))
    })?;
    Ok((stream, read.into()))
}

fn check<B>(response: &Response<B>, key: &str) -> Result<(), &'static str> {
    let headers = response.headers();
    if !has_token(headers, UPGRADE, "websocket") || !has_token(headers, CONNECTION, "upgrade") {
        return Err("the service switches to another protocol than WebSocket");
    }
    let expected = accept(key);
    if headers.get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes) != Some(expected.as_bytes()) {
        return Err("the response to the WebSocket handshake is that to another request");
    }
    if headers.contains_key(SEC_WEBSOCKET_EXTENSIONS)
        || headers.contains_key(SEC_WEBSOCKET_PROTOCOL)
    {
        return Err("the service chooses a WebSocket extension or protocol that was not offered");
    }
    Ok(())
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(token))
}

fn accept(key: &str) -> String {
    let mut digest = sha1_smol::Sha1::new();
    digest.update(key.as_bytes());
    digest.update(GUID.as_bytes());
    STANDARD.encode(digest.digest().bytes())
}

fn failed(error: TransportError) -> Disconnected {
    Disconnected::new("connecting failed").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::accept;

    #[test]
    fn accepts_the_sample_of_the_rfc() {
        let accepted = accept("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accepted, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
