//! The WebSocket of a listener: nothing is lost, whatever is cut; how it opens and how it ends.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use carrot_hyper::{TokioClock, realtime::Event};
use tokio::{
    io::{AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
    sync::Notify,
};

use super::{
    Fast, number,
    socket_server::{
        CLOSE, PING, PONG, TEXT, close, frame, handshake, listen, live, message, next, ping,
        read_frame, response, tag, text, whole,
    },
};
use crate::support::{Server, builder, hold, read_request, tls::CA, transport};

/// What the service stored behind the first ping: two channels, one after the other, and the ping.
fn stored() -> Vec<(u64, String)> {
    vec![
        (2, message("a.1", 1, 2)),
        (4, message("a.1", 2, 4)),
        (3, message("b.1", 1, 3)),
        (5, message("b.1", 2, 5)),
        (6, ping(2, 6)),
    ]
}

/// What a connection sends that reads on behind a tag; the first connection has none.
fn replay(tag: Option<u64>) -> Vec<u8> {
    let stored = match tag {
        None => vec![(1, ping(1, 1))],
        Some(tag) => stored().into_iter().filter(|one| one.0 > tag).collect(),
    };
    stored.iter().flat_map(|(_, one)| text(one)).collect()
}

/// The first connection catches up, the second is cut after this number of bytes, others are not.
async fn serve(connection: usize, mut stream: TcpStream, length: usize) {
    let Some((head, mut bytes)) = handshake(&mut stream)
        .await
        .map(|(head, response)| (head, response.into_bytes()))
    else {
        return;
    };
    assert!(head.starts_with("GET /websocket/a.1/b.1/ping?auth_token="));
    bytes.extend(replay(tag(&head)));
    bytes.truncate(if connection == 1 { length } else { bytes.len() });
    // The other side may be gone.
    let _ = stream.write_all(&bytes).await;
    if connection > 1 {
        hold(&mut stream).await;
    }
}

#[tokio::test]
async fn a_replay_cut_after_any_byte_loses_nothing() {
    let head = response(&"x".repeat(28)).len();
    for length in 0..=head + replay(Some(1)).len() {
        let server =
            Server::start(move |connection, stream| serve(connection, stream, length)).await;
        let mut live = listen(transport(), Fast::new(), &server.url(""));
        let mut received = Vec::new();
        while received.len() < 4 || server.accepted() < 3 {
            match next(&mut live).await {
                Event::Message(delivery) => received.push(number(&delivery)),
                Event::Down(_) | Event::CaughtUp => {}
                other => panic!("cut after {length}: {other:?}"),
            }
        }
        for channel in [[2, 4], [3, 5]] {
            let of_channel: Vec<u64> = received
                .iter()
                .copied()
                .filter(|number| channel.contains(number))
                .collect();
            assert_eq!(of_channel, channel, "cut after {length}: {received:?}");
        }
        assert_eq!(received.len(), 4, "cut after {length}: {received:?}");
    }
}

#[tokio::test]
async fn next_dropped_after_any_byte_loses_nothing() {
    let (written, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (writes, waits) = (Arc::clone(&written), Arc::clone(&go_on));
    let server = Server::start(move |_, mut stream| {
        let (written, go_on) = (Arc::clone(&writes), Arc::clone(&waits));
        async move {
            stream.set_nodelay(true).unwrap();
            let (_, response) = handshake(&mut stream).await.unwrap();
            let mut bytes = response.into_bytes();
            bytes.extend(replay(None));
            // In fragments, with a ping between them.
            let one = message("a.1", 1, 2);
            let (start, end) = one.split_at(20);
            bytes.extend(frame(TEXT, start.as_bytes()));
            bytes.extend(whole(PING, "still there?"));
            bytes.extend(frame(0x80, end.as_bytes()));
            bytes.extend(replay(Some(2)));
            for byte in bytes {
                stream.write_all(&[byte]).await.unwrap();
                written.notify_one();
                go_on.notified().await;
            }
            let pong = read_frame(&mut stream).await.unwrap();
            assert_eq!(pong, (0x80 | PONG, b"still there?".to_vec()));
            written.notify_one();
            hold(stream).await;
        }
    })
    .await;
    let mut live = live(&server.url(""));
    let (mut received, mut drops) = (Vec::new(), 0);
    while received.len() < 4 {
        tokio::select! {
            biased;
            () = written.notified() => {
                drops += 1;
                // Polled with the byte, and without, and dropped.
                for _ in 0..2 {
                    tokio::select! {
                        biased;
                        event = live.next() => {
                            if let Event::Message(delivery) = event.unwrap().unwrap() {
                                received.push(number(&delivery));
                            }
                        }
                        () = tokio::task::yield_now() => {}
                    }
                }
                go_on.notify_one();
            }
            event = live.next() => match event.unwrap().unwrap() {
                Event::Message(delivery) => received.push(number(&delivery)),
                Event::CaughtUp => {}
                other => panic!("{other:?}"),
            },
        }
    }
    assert_eq!(received, [2, 4, 3, 5]);
    assert!(drops > 600, "{drops}");
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn closing_says_goodbye() {
    let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_, mut stream| {
        let told = told.clone();
        async move {
            let (_, response) = handshake(&mut stream).await.unwrap();
            stream.write_all(response.as_bytes()).await.unwrap();
            stream.write_all(&replay(None)).await.unwrap();
            told.send(read_frame(&mut stream).await).unwrap();
            stream.write_all(&close(1000, "")).await.unwrap();
            assert!(read_frame(&mut stream).await.is_none(), "the end");
        }
    })
    .await;
    let mut live = live(&server.url(""));
    assert!(matches!(next(&mut live).await, Event::CaughtUp));
    live.close().await;
    let frame = tells.recv().await.unwrap().unwrap();
    assert_eq!(frame, (0x80 | CLOSE, 1000_u16.to_be_bytes().to_vec()));
    assert!(live.next().await.unwrap().is_none());
}

/// A server over TLS. It chooses HTTP/2 where the client offers it.
async fn over_tls() -> (Server, Arc<AtomicUsize>) {
    let acceptor = CA.acceptor("localhost", &["h2", "http/1.1"]);
    let http2 = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&http2);
    let server = Server::start(move |_, stream| {
        let (acceptor, http2) = (acceptor.clone(), Arc::clone(&counted));
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                http2.fetch_add(1, Ordering::Relaxed);
            }
            let (_, response) = handshake(&mut stream).await.unwrap();
            stream.write_all(response.as_bytes()).await.unwrap();
            stream.write_all(&replay(None)).await.unwrap();
            hold(stream).await;
        }
    })
    .await;
    (server, http2)
}

#[tokio::test]
async fn tls_and_proxy_are_those_of_the_transport() {
    let (server, http2) = over_tls().await;
    let proxied = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&proxied);
    let proxy = Server::start(move |_, mut client| {
        let proxied = Arc::clone(&counted);
        async move {
            let head = read_request(&mut client).await.unwrap();
            let head = String::from_utf8(head).unwrap();
            let target = head.strip_prefix("CONNECT ").unwrap();
            let target = target.split(' ').next().unwrap().to_owned();
            proxied.fetch_add(1, Ordering::Relaxed);
            let mut server = TcpStream::connect(target).await.unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            copy_bidirectional(&mut client, &mut server).await.ok();
        }
    })
    .await;
    let url = server.https("localhost", "");
    #[cfg(feature = "http2")]
    let direct = builder().http2(true);
    #[cfg(not(feature = "http2"))]
    let direct = builder();
    for transport in [direct, builder().proxy(proxy.url(""))] {
        let mut live = listen(transport.build().unwrap(), TokioClock::new(), &url);
        assert!(matches!(next(&mut live).await, Event::CaughtUp));
    }
    assert_eq!(proxied.load(Ordering::Relaxed), 1);
    assert_eq!(http2.load(Ordering::Relaxed), 0);

    // A certificate that the transport does not trust.
    let strict = carrot_hyper::HyperTransport::builder()
        .tls_roots(carrot_hyper::TlsRoots::OnlyAdded)
        .add_root_certificate_pem(crate::support::tls::Authority::new("other").pem());
    let mut live = listen(strict.build().unwrap(), TokioClock::new(), &url);
    let Event::Down(down) = next(&mut live).await else {
        panic!("no connection");
    };
    let transport = down.reason.transport().unwrap();
    assert_eq!(
        transport.kind(),
        carrot_hyper::transport::TransportErrorKind::Tls
    );
    assert!(down.to_string().contains("localhost:"), "{down}");
}
