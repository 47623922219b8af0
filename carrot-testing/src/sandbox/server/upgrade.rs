//! A connection of the port that becomes a WebSocket.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream};
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE},
};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::watch,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{
            CloseFrame, Role, WebSocketConfig,
            frame::{
                Frame as RawFrame,
                coding::{Data, OpCode},
            },
        },
    },
};

use crate::{
    sandbox::realtime::socket::{Frame, Socket},
    service_error::error_response,
};

/// RFC 6455, section 1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The client sends nothing but pings, pongs and the close frame.
const MAX_FRAME_BYTES: usize = 4096;

/// The code of a server that stops: RFC 6455, section 7.4.1.
const GOING_AWAY: u16 = 1001;

/// The response to a request for a WebSocket: 101, or 400 where something is wrong with it.
pub(super) fn response(request: &Request<Bytes>) -> Response<Bytes> {
    accepted(request).unwrap_or_else(|problem| {
        error_response(StatusCode::BAD_REQUEST, "BadRequest", problem, None)
    })
}

fn accepted(request: &Request<Bytes>) -> Result<Response<Bytes>, &'static str> {
    let headers = request.headers();
    let is = |name, value: &str| {
        let text = headers.get(name).and_then(|text| text.to_str().ok());
        text.is_some_and(|text| text.eq_ignore_ascii_case(value))
    };
    if !is(UPGRADE, "websocket") || !is(SEC_WEBSOCKET_VERSION, "13") {
        return Err("the request must be an upgrade to a WebSocket of version 13");
    }
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY) else {
        return Err("the request must have the header `Sec-WebSocket-Key`");
    };
    let mut digest = sha1_smol::Sha1::new();
    digest.update(key.as_bytes());
    digest.update(GUID.as_bytes());
    let accept = STANDARD.encode(digest.digest().bytes());
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.extend(HeaderValue::from_str(&accept).map(|accept| (SEC_WEBSOCKET_ACCEPT, accept)));
    Ok(response)
}

/// What is to be done next.
enum Next {
    Send(Frame),
    /// The client is gone.
    Gone,
    /// The server stops.
    Stop,
}

/// Sends what the service has to say until one side ends it.
pub(super) async fn serve(upgraded: OnUpgrade, mut socket: Socket, mut ends: watch::Receiver<()>) {
    let Ok(upgraded) = upgraded.await else { return };
    let mut io = TokioIo::new(upgraded);
    if socket.is_silent() {
        // Reads what comes, and responds to none of it.
        let mut bytes = [0; 1024];
        let reads = async { while let Ok(1..) = io.read(&mut bytes).await {} };
        tokio::select! {
            () = reads => {}
            _ = ends.changed() => {}
        }
        return;
    }
    let config = WebSocketConfig::default()
        .read_buffer_size(MAX_FRAME_BYTES)
        .max_message_size(Some(MAX_FRAME_BYTES));
    let mut stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
    loop {
        let mut stopped = pin!(ends.changed());
        let next = poll_fn(|context| {
            if stopped.as_mut().poll(context).is_ready() {
                return Poll::Ready(Next::Stop);
            }
            // Responds to pings, and to the close frame.
            while let Poll::Ready(read) = Pin::new(&mut stream).poll_next(context) {
                match read {
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Poll::Ready(Next::Gone),
                }
            }
            if let Poll::Ready(frame) = socket.poll_frame(context) {
                return Poll::Ready(Next::Send(frame));
            }
            match Pin::new(&mut stream).poll_flush(context) {
                Poll::Ready(Err(_)) => Poll::Ready(Next::Gone),
                _ => Poll::Pending,
            }
        });
        let sent = match next.await {
            Next::Send(Frame::Text(text)) => stream.feed(Message::text(&*text)).await,
            Next::Send(Frame::Cut(text, length)) => return cut(stream, &text, length).await,
            Next::Send(Frame::Close(code, reason)) => return close(stream, code, reason).await,
            Next::Stop => return close(stream, GOING_AWAY, String::new()).await,
            Next::Gone => return,
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Errors are a client that went away, here and below.
async fn close(mut stream: WebSocketStream<TokioIo<Upgraded>>, code: u16, reason: String) {
    let frame = CloseFrame {
        code: code.into(),
        reason: reason.into(),
    };
    let _ = stream.send(Message::Close(Some(frame))).await;
    let _ = stream.get_mut().shutdown().await;
}

/// Sends the first bytes of a frame, and ends the connection without a close frame.
async fn cut(mut stream: WebSocketStream<TokioIo<Upgraded>>, text: &str, length: usize) {
    let _ = stream.flush().await;
    let text = Bytes::copy_from_slice(text.as_bytes());
    let frame = RawFrame::message(text, OpCode::Data(Data::Text), true);
    let mut bytes = Vec::new();
    if frame.format(&mut bytes).is_ok() {
        let length = length.min(bytes.len());
        let _ = stream.get_mut().write_all(&bytes[..length]).await;
    }
    let _ = stream.get_mut().shutdown().await;
}
