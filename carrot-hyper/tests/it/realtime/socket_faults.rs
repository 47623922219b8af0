//! What a server may do to a WebSocket, and what the listener says of it.

use std::time::Duration;

use carrot_hyper::{
    TokioClock,
    realtime::{Down, Event, ListenError},
    types::realtime::CloseCode,
};
use tokio::io::AsyncWriteExt;

use super::{
    Fast, number,
    socket_server::{
        BINARY, CLOSE, DATE, PING, TEXT, close, frame, handshake, listen, live, message, next,
        ping, read_frame, tag, text, whole,
    },
};
use crate::support::{
    Server,
    canary::{assert_hidden, tells_no_secret},
    hold, read_request, transport,
};

/// A server whose first connection sends these bytes behind the handshake and stays open; others wait.
async fn sending(bytes: Vec<u8>) -> Server {
    Server::start(move |connection, mut stream| {
        let bytes = bytes.clone();
        async move {
            let (_, response) = handshake(&mut stream).await.unwrap();
            stream.write_all(response.as_bytes()).await.unwrap();
            if connection == 0 {
                stream.write_all(&bytes).await.ok();
            }
            hold(stream).await;
        }
    })
    .await
}

async fn down(server: &Server) -> Down {
    let mut live = live(&server.url(""));
    loop {
        match next(&mut live).await {
            Event::Down(down) => {
                let shown = format!("{down} {down:?} {live:?}");
                assert_hidden("the end of a connection", &shown);
                tells_no_secret(&down.reason);
                return down;
            }
            Event::Message(_) | Event::CaughtUp => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn frames_that_break_the_rules_end_the_connection() {
    let mut endless = vec![0x80 | TEXT, 127];
    endless.extend((1_u64 << 62).to_be_bytes());
    let large = vec![b' '; 1024 * 1024 + 1];
    let mut too_large = vec![0x80 | TEXT, 127];
    too_large.extend((large.len() as u64).to_be_bytes());
    too_large.extend(large);
    let mut fragments = frame(TEXT, &[b' '; 0x8000]);
    for _ in 0..32 {
        fragments.extend(frame(0, &[b' '; 0x8000]));
    }
    let masked = [0x80 | TEXT, 0x80 | 2, 1, 2, 3, 4, b'{' ^ 1, b'}' ^ 2].to_vec();
    for (what, bytes, text) in [
        ("2^62 bytes", endless, "`max_message_bytes` allows more"),
        ("too large", too_large, "larger than 1048576 bytes"),
        ("in fragments", fragments, "larger than 1048576 bytes"),
        ("masked", masked, "breaks the WebSocket protocol"),
        (
            "reserved bits",
            frame(0xc0 | TEXT, b"{}"),
            "breaks the WebSocket protocol",
        ),
        (
            "an unknown opcode",
            whole(3, "{}"),
            "breaks the WebSocket protocol",
        ),
        (
            "a long ping",
            whole(PING, [0; 126]),
            "breaks the WebSocket protocol",
        ),
        (
            "a stray fragment",
            frame(0x80, b"{}"),
            "breaks the WebSocket protocol",
        ),
        ("no UTF-8", whole(TEXT, [0xff, 0xfe]), "not UTF-8"),
    ] {
        let down = down(&sending(bytes).await).await;
        assert!(down.to_string().contains(text), "{what}: {down}");
        assert_eq!(down.reason.code(), Some(CloseCode::from(1006)), "{what}");
    }
}

#[tokio::test]
async fn what_is_not_a_message_is_an_event() {
    let mut bytes = text("no JSON");
    bytes.extend(whole(BINARY, [0xff]));
    bytes.extend(text(
        r#"{"id":-2,"channel":"a.1","message":Channel deleted,"tag":"0"}"#,
    ));
    bytes.extend(whole(BINARY, message("a.1", 1, 2)));
    bytes.extend(text(" \n"));
    bytes.extend(text(message("b.1", 1, 3) + &message("a.1", 2, 4) + "\n"));
    let server = sending(bytes).await;
    let mut live = live(&server.url(""));
    for _ in 0..3 {
        assert!(matches!(next(&mut live).await, Event::Unreadable(_)));
    }
    for expected in 2..=4 {
        let Event::Message(delivery) = next(&mut live).await else {
            panic!("a message");
        };
        assert_eq!(number(&delivery), expected);
    }
}

/// Each WebSocket would end at the same message; a long poll reads on behind it.
#[tokio::test]
async fn a_message_that_ends_each_connection_is_polled() {
    let broken = message("a.1", 1, 2).replace(r#""message":2"#, r#""message":"?""#);
    let mut broken = broken.into_bytes();
    let at = broken.iter().position(|byte| *byte == b'?').unwrap();
    broken[at] = 0xff;
    let mut large = vec![0x80 | TEXT, 127];
    large.extend((2_u64 << 20).to_be_bytes());
    for poison in [text(&broken), large] {
        let body = [&broken[..], message("b.1", 1, 3).as_bytes()].concat();
        let server = Server::start(move |connection, mut stream| {
            let (poison, body) = (poison.clone(), body.clone());
            async move {
                if connection == 4 {
                    let head = read_request(&mut stream).await.unwrap();
                    let head = String::from_utf8(head).unwrap();
                    assert!(head.starts_with("GET /longpoll/a.1/b.1/ping?time="));
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nlast-modified: {DATE}\r\netag: W/3\r\ncontent-length: {}\r\n\r\n",
                        body.len()
                    );
                    stream.write_all(head.as_bytes()).await.unwrap();
                    stream.write_all(&body).await.unwrap();
                    return hold(stream).await;
                }
                let (head, response) = handshake(&mut stream).await.unwrap();
                stream.write_all(response.as_bytes()).await.unwrap();
                match connection {
                    0 => stream.write_all(&[text(ping(1, 1)), poison].concat()).await,
                    1..4 => stream.write_all(&poison).await,
                    _ => {
                        assert_eq!(tag(&head), Some(3));
                        stream.write_all(&text(message("b.1", 2, 4))).await
                    }
                }
                .unwrap();
                hold(stream).await;
            }
        })
        .await;
        let mut live = listen(transport(), Fast::new(), &server.url(""));
        let (mut ids, mut downs) = (Vec::new(), 0);
        while ids.len() < 3 {
            match next(&mut live).await {
                Event::Message(delivery) => ids.push(delivery.message.id),
                Event::Down(_) => downs += 1,
                Event::CaughtUp => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((ids, downs), (vec![Some(1), Some(1), Some(2)], 4));
    }
}

#[tokio::test]
async fn close_codes_are_told() {
    for (bytes, code) in [
        (close(1000, ""), 1000),
        (close(1011, "overloaded"), 1011),
        (close(3500, ""), 3500),
        (close(3503, ""), 3503),
        (close(1008, r#"{"http_status": 503}"#), 1008),
        (whole(CLOSE, ""), 1005),
    ] {
        let down = down(&sending(bytes).await).await;
        assert_eq!(down.reason.code().unwrap().get(), code);
        let text = "the service closes the connection";
        assert!(down.to_string().contains(text), "{down}");
    }
}

async fn rejected(server: &Server) -> ListenError {
    let mut live = live(&server.url(""));
    let error = loop {
        match live.next().await {
            Err(error) => break error,
            Ok(Some(Event::CaughtUp)) => {}
            Ok(other) => panic!("{other:?}"),
        }
    };
    tells_no_secret(&error);
    assert!(live.next().await.unwrap().is_none());
    assert_eq!(server.accepted(), 1);
    error
}

#[tokio::test]
async fn a_rejection_after_the_handshake_ends_it() {
    for (bytes, code) in [
        (close(3401, ""), Some(3401)),
        (close(3403, ""), Some(3403)),
        (
            close(1008, r#"{"http_status": 403,"explain":"Access"}"#),
            Some(1008),
        ),
        (close(1008, ""), Some(1008)),
        (
            [text(r#"{"error":{"status":401}}"#), close(3401, "")].concat(),
            None,
        ),
    ] {
        let error = rejected(&sending(bytes).await).await;
        assert_eq!(error.code().map(CloseCode::get), code, "{error}");
        if code.is_none() {
            assert_eq!(error.status(), Some(401));
        }
    }
}

#[tokio::test]
async fn a_status_in_place_of_the_handshake() {
    for status in [400, 401, 403, 404] {
        let server =
            Server::responding_once(format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n"));
        let error = rejected(&server.await).await;
        assert_eq!(error.status(), Some(status));
    }
    for (status, header, pause) in [
        (200, "", 0),
        (302, "location: http://127.0.0.1:1/\r\n", 0),
        (503, "retry-after: 7\r\n", 7),
    ] {
        let response = format!("HTTP/1.1 {status} No\r\n{header}content-length: 0\r\n\r\n");
        let down = down(&Server::responding_once(response).await).await;
        assert_eq!(down.reason.status(), Some(status));
        assert!(down.retry_in >= Duration::from_secs(pause), "{down}");
    }
}

#[tokio::test]
async fn a_handshake_of_another_request_is_not_accepted() {
    for (from, to) in [
        ("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x"),
        ("Sec-WebSocket-Accept: ", "Other: "),
        ("Upgrade: WebSocket", "Upgrade: h2c"),
        ("keep-alive, Upgrade", "keep-alive"),
        (
            "Sec-",
            "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-",
        ),
        ("Sec-", "Sec-WebSocket-Protocol: other\r\nSec-"),
    ] {
        let server = Server::start(move |_, mut stream| async move {
            let (_, response) = handshake(&mut stream).await.unwrap();
            let response = response.replacen(from, to, 1);
            stream.write_all(response.as_bytes()).await.unwrap();
            stream.write_all(&text(ping(1, 1))).await.ok();
            hold(stream).await;
        })
        .await;
        let down = down(&server).await;
        let transport = down.reason.transport().unwrap();
        let protocol = carrot_hyper::transport::TransportErrorKind::Protocol;
        assert_eq!(transport.kind(), protocol, "{to}: {down}");
    }
}

#[tokio::test]
async fn a_head_without_end_is_bounded() {
    let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_, mut stream| {
        let told = told.clone();
        async move {
            handshake(&mut stream).await.unwrap();
            let head = b"HTTP/1.1 101 Switching Protocols\r\nx: ";
            stream.write_all(head).await.unwrap();
            let mut sent = 0;
            while sent < 64 * 1024 * 1024 && stream.write_all(&[b'x'; 1024]).await.is_ok() {
                sent += 1024;
            }
            told.send(sent).unwrap();
        }
    })
    .await;
    down(&server).await;
    // What is on its way in both systems comes on top.
    let sent = tells.recv().await.unwrap();
    assert!(sent < 32 * 1024 * 1024, "{sent}");
}

/// No ping of the service, and no response to a probe: the connection is dead.
#[tokio::test(start_paused = true)]
async fn a_half_open_connection_is_dropped() {
    let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |connection, mut stream| {
        let told = told.clone();
        async move {
            let (_, response) = handshake(&mut stream).await.unwrap();
            stream.write_all(response.as_bytes()).await.unwrap();
            if connection == 0 {
                told.send(read_frame(&mut stream).await).unwrap();
            }
            hold(stream).await;
        }
    })
    .await;
    let clock = TokioClock::new();
    let mut live = listen(transport(), clock, &server.url(""));
    let start = tokio::time::Instant::now();
    let Event::Down(down) = next(&mut live).await else {
        panic!("it is dead");
    };
    assert!(down.to_string().contains("silent"), "{down}");
    assert!((40..45).contains(&start.elapsed().as_secs()));
    assert_eq!(tells.recv().await.unwrap(), Some((0x80 | PING, vec![])));
}

#[tokio::test]
async fn one_that_only_responds_to_probes_is_kept() {
    let server = Server::start(|_, mut stream| async move {
        let (_, response) = handshake(&mut stream).await.unwrap();
        stream.write_all(response.as_bytes()).await.unwrap();
        while let Some((first, payload)) = read_frame(&mut stream).await {
            assert_eq!(first, 0x80 | PING);
            let pong = whole(super::socket_server::PONG, payload);
            stream.write_all(&pong).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
            stream.write_all(&text(message("a.1", 1, 2))).await.unwrap();
        }
    })
    .await;
    let mut live = listen(transport(), Fast::new(), &server.url(""));
    let Event::Message(delivery) = next(&mut live).await else {
        panic!("a message");
    };
    assert_eq!(number(&delivery), 2);
}
