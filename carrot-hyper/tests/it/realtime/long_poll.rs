//! Listening by long polls over real sockets: a response that is cut after any of its bytes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use carrot_hyper::{
    AuthToken, Client, HyperTransport, TokioClock, realtime::Event,
    types::realtime::RealtimeChannel,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use super::{Fast, number};
use crate::support::{Server, hold, read_request};

/// Two messages in one response, with nothing between them. Where it has no length, it ends with the connection.
fn response(has_length: bool) -> Vec<u8> {
    let date = "Tue, 14 Nov 2023 22:13:20 GMT";
    let message = |id: u64| {
        format!(r#"{{"id":{id},"channel":"a.1","tag":"{id}","time":"{date}","message":{id}}}"#)
    };
    let body = message(1) + &message(2);
    let length = match has_length {
        true => format!("content-length: {}", body.len()),
        false => "connection: close".to_owned(),
    };
    format!("HTTP/1.1 200 OK\r\nlast-modified: {date}\r\netag: W/2\r\n{length}\r\n\r\n{body}")
        .into_bytes()
}

/// Responds to polls without a position: to the first with this many bytes, to others with all. A poll that
/// has the position waits.
async fn serve(mut stream: TcpStream, all: Vec<u8>, length: usize, polls: Arc<AtomicUsize>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("GET /longpoll/a.1/ping"), "{head}");
    assert!(head.contains("authorization: Token app.1.t\r\n"), "{head}");
    if head.contains("tag=2") {
        let _ = stream.read_u8().await;
        return;
    }
    let length = match polls.fetch_add(1, Ordering::Relaxed) {
        0 => length,
        _ => all.len(),
    };
    // The other side may be gone.
    let _ = stream.write_all(&all[..length]).await;
    let _ = stream.shutdown().await;
}

#[tokio::test]
async fn a_response_cut_after_any_byte_loses_nothing() {
    let lengths = [true, false].into_iter().flat_map(|has_length| {
        let all = response(has_length);
        (0..=all.len()).map(move |length| (all.clone(), length))
    });
    for (all, length) in lengths {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let polls = Arc::new(AtomicUsize::new(0));
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, all.clone(), length, Arc::clone(&polls)));
            }
        });
        let transport = HyperTransport::builder().build().unwrap();
        let token = AuthToken::new("app.1.t").unwrap();
        let client = Client::builder(transport, Fast::new(), token)
            .base_url(base_url.parse().unwrap())
            .build()
            .unwrap();
        let mut live = client
            .listen([RealtimeChannel::from("a.1")])
            .unwrap()
            .start();
        let mut received = Vec::new();
        while received.len() < 2 {
            let event = tokio::time::timeout(Duration::from_secs(120), live.next());
            match event.await.expect("no event comes").unwrap().unwrap() {
                Event::Message(delivery) => received.push(number(&delivery)),
                Event::Down(_) => assert!(received.is_empty(), "{length}"),
                Event::CaughtUp => {}
                other => panic!("cut after {length}: {other:?}"),
            }
        }
        assert_eq!(received, [1, 2], "cut after {length}");
        accepting.abort();
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
            while let Some(head) = read_request(&mut stream).await {
                if String::from_utf8(head).unwrap().contains("tag=2") {
                    hold(&mut stream).await;
                    return;
                }
                for byte in response(true) {
                    stream.write_all(&[byte]).await.unwrap();
                    written.notify_one();
                    go_on.notified().await;
                }
            }
        }
    })
    .await;
    let transport = HyperTransport::builder().build().unwrap();
    let token = AuthToken::new("app.1.t").unwrap();
    let client = Client::builder(transport, TokioClock::new(), token)
        .base_url(server.url("").parse().unwrap())
        .build()
        .unwrap();
    let channels = [RealtimeChannel::from("a.1")];
    let mut live = client.listen(channels).unwrap().start();
    let (mut received, mut drops) = (Vec::new(), 0);
    while received.len() < 2 {
        let event = tokio::select! {
            biased;
            () = written.notified() => {
                drops += 1;
                go_on.notify_one();
                None
            }
            event = live.next() => event.unwrap(),
        };
        match event {
            Some(Event::Message(delivery)) => received.push(number(&delivery)),
            None => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(received, [1, 2]);
    assert!(drops > 200, "{drops}");
    assert_eq!(server.accepted(), 1);
}
