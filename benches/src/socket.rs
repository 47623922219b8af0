//! The row of the realtime service: a message over a WebSocket, through a listener or through the WebSocket crate and a
//! bare derive.

use std::{
    hint::black_box,
    io::{self, BufRead, Write},
    net,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use carrot_hyper::{
    AuthToken, Client, HyperTransport, TokioClock, WebSocket,
    realtime::{Event, Listener},
    types::{AppId, realtime::RealtimeChannel},
};
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

use crate::{
    mark::{counted, warm_up},
    plain,
};

const APP: u64 = 1234;
const TIME: &str = "Thu, 26 Nov 2026 05:00:00 GMT";

/// What a program declares for the messages by hand.
#[allow(dead_code)]
#[derive(Deserialize)]
struct Plain {
    id: i64,
    channel: String,
    tag: String,
    time: String,
    message: plain::Part<plain::Admin>,
}

/// Receives this many messages.
pub(crate) fn work(bare: bool, address: &str, times: u32) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        match bare {
            true => by_hand(address, times).await,
            false => listen(address, times).await,
        }
    });
}

async fn listen(address: &str, times: u32) {
    let transport = HyperTransport::builder().build().expect("a transport");
    let socket = WebSocket::new(&transport);
    let token = AuthToken::new("app.1234.0123456789abcdef").expect("a token");
    let base = format!("http://{address}").parse().expect("an address");
    let client = Client::builder(transport, TokioClock::new(), token)
        .base_url(base)
        .build()
        .expect("a client");
    let channels = [RealtimeChannel::ConversationReply(AppId::new(APP))];
    let listen = client.listen(channels).expect("a channel");
    let mut live = listen.connector(socket).start();
    take(&mut live, warm_up(times)).await;
    counted(take(&mut live, times)).await;
}

async fn take(live: &mut Listener, times: u32) {
    let mut received = 0;
    while received < times {
        match live.next().await {
            Ok(Some(Event::Message(delivery))) => {
                black_box(delivery);
                received += 1;
            }
            Ok(Some(Event::CaughtUp)) => {}
            other => unreachable!("{other:?}"),
        }
    }
}

async fn by_hand(address: &str, times: u32) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!(
        "GET /websocket/conversation_reply.{APP}/ping HTTP/1.1\r\nhost: {address}\r\nupgrade: websocket\r\n\
         connection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("a write");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a response"));
    }
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    take_by_hand(&mut socket, warm_up(times)).await;
    counted(take_by_hand(&mut socket, times)).await;
}

async fn take_by_hand(socket: &mut WebSocketStream<TcpStream>, times: u32) {
    let mut received = 0;
    while received < times {
        let Some(Ok(Message::Text(text))) = socket.next().await else {
            unreachable!("a message");
        };
        // The ping is not one of them.
        if received > 0 || text.contains("\"conversation_reply") {
            black_box(serde_json::from_str::<Plain>(&text).expect("a message"));
            received += 1;
        }
    }
}

/// The server: accepts, catches up with a ping, and sends messages until the client goes.
pub(crate) fn stream(
    request: &mut impl BufRead,
    mut stream: net::TcpStream,
    payload: &str,
) -> io::Result<()> {
    let mut accept = String::new();
    let mut line = String::from("start");
    while line.trim_end() != "" {
        line.clear();
        request.read_line(&mut line)?;
        if let Some((name, key)) = line.split_once(':') {
            if name.eq_ignore_ascii_case("sec-websocket-key") {
                let mut digest = sha1_smol::Sha1::new();
                digest.update(key.trim().as_bytes());
                digest.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
                accept = STANDARD.encode(digest.digest().bytes());
            }
        }
    }
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-accept: {accept}\r\n\r\n"
    )?;
    let ping = format!(
        r#"{{"id":1,"channel":"ping","message":{{"timestamp":1795669200.0}},"tag":"1","time":"{TIME}"}}"#
    );
    let mut frames = Vec::new();
    push(&mut frames, &ping);
    for id in 1_u64.. {
        let tag = id + 1;
        push(
            &mut frames,
            &format!(
                r#"{{"id":{id},"channel":"conversation_reply.{APP}","message":{payload},"tag":"{tag}","time":"{TIME}"}}"#
            ),
        );
        if frames.len() > 64 * 1024 {
            stream.write_all(&frames)?;
            frames.clear();
        }
    }
    Ok(())
}

/// A frame of a text, without a mask.
fn push(frames: &mut Vec<u8>, text: &str) {
    frames.push(0x81);
    match u8::try_from(text.len()) {
        Ok(length @ ..126) => frames.push(length),
        _ => {
            frames.push(126);
            frames.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    frames.extend(text.as_bytes());
}
