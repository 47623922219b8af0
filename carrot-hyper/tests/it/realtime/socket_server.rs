//! A WebSocket server, byte by byte.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use carrot_hyper::{
    AuthToken, Client, Clock, HyperTransport, TokioClock, WebSocket,
    realtime::{Event, Listener},
    types::realtime::RealtimeChannel,
};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::support::{canary::TOKEN, read_request, transport};

pub(super) const DATE: &str = "Tue, 14 Nov 2023 22:13:20 GMT";
pub(super) const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;

/// The listener of the tests, over a transport of its own settings.
pub(super) fn listen(transport: HyperTransport, clock: impl Clock, url: &str) -> Listener {
    let socket = WebSocket::new(&transport);
    let token = AuthToken::new(TOKEN).unwrap();
    let client = Client::builder(transport, clock, token)
        .base_url(url.parse().unwrap())
        .build()
        .unwrap();
    let channels = ["a.1", "b.1"].map(RealtimeChannel::from);
    let listen = client.listen(channels).unwrap().connector(socket);
    listen.retention(Duration::MAX).start()
}

pub(super) fn live(url: &str) -> Listener {
    listen(transport(), TokioClock::new(), url)
}

/// The next event, within two minutes: a failure is better than a wait without end.
pub(super) async fn next(live: &mut Listener) -> Event {
    let event = tokio::time::timeout(Duration::from_secs(120), live.next());
    event.await.expect("no event comes").unwrap().unwrap()
}

/// A frame of the server: without a mask.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(length as u8),
        length => {
            frame.push(126);
            frame.extend((length as u16).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

/// The last frame of a message.
pub(super) fn whole(opcode: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(0x80 | opcode, payload.as_ref())
}

pub(super) fn text(payload: impl AsRef<[u8]>) -> Vec<u8> {
    whole(TEXT, payload)
}

pub(super) fn close(code: u16, reason: &str) -> Vec<u8> {
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend(reason.as_bytes());
    whole(CLOSE, payload)
}

/// A message whose payload is its number, which is also its tag.
pub(super) fn message(channel: &str, id: u64, number: u64) -> String {
    format!(
        r#"{{"id":{id},"channel":"{channel}","tag":"{number}","time":"{DATE}","message":{number}}}"#
    )
}

pub(super) fn ping(id: u64, tag: u64) -> String {
    let timestamp = r#"{"timestamp":1700000000.5}"#;
    format!(r#"{{"id":{id},"channel":"ping","tag":"{tag}","time":"{DATE}","message":{timestamp}}}"#)
}

/// Reads the request of a WebSocket. Returns its head and the head of the response.
pub(super) async fn handshake(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, String)> {
    let head = String::from_utf8(read_request(stream).await?).unwrap();
    let lower = head.to_lowercase();
    for header in [
        "upgrade: websocket\r\n",
        "connection: upgrade\r\n",
        "sec-websocket-version: 13\r\n",
    ] {
        assert!(lower.contains(header), "{head}");
    }
    assert!(!lower.contains("authorization"), "{head}");
    let start = lower.find("sec-websocket-key: ").unwrap() + "sec-websocket-key: ".len();
    let key = head[start..].lines().next().unwrap();
    let mut digest = sha1_smol::Sha1::new();
    digest.update(key.as_bytes());
    digest.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = STANDARD.encode(digest.digest().bytes());
    Some((head, response(&accept)))
}

pub(super) fn response(accept: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

/// The tag that a request asks to read behind.
pub(super) fn tag(head: &str) -> Option<u64> {
    let (_, tag) = head.split_once("&tag=")?;
    tag.split([' ', '&']).next()?.parse().ok()
}

/// Reads a frame of the client, and takes its mask off: the first byte and the payload.
pub(super) async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> Option<(u8, Vec<u8>)> {
    let first = stream.read_u8().await.ok()?;
    let second = stream.read_u8().await.ok()?;
    assert_eq!(second & 0x80, 0x80, "the client masks");
    let length = usize::from(second & 0x7f);
    assert!(length < 126, "the client sends control frames alone");
    let mut mask = [0; 4];
    stream.read_exact(&mut mask).await.ok()?;
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.ok()?;
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Some((first, payload))
}
