//! Which connection carries which request.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::mpsc as std_mpsc,
    time::Duration,
};

use carrot_hyper::{
    HttpTransport, HyperTransport, Sent,
    transport::TransportErrorKind::{Connect, Reset},
};
use tokio::{io::AsyncWriteExt, sync::mpsc};

use crate::support::{
    PLENTY, Server, builder, fails, get, hold, ok_response, post, read_request, succeeds,
    tells_no_secret, transport,
};

#[tokio::test]
async fn clones_share_their_connections() {
    let server = Server::responding(ok_response("")).await;
    let transport = transport();
    succeeds(&transport, get(server.url("/"))).await;
    succeeds(&transport.clone(), post(server.url("/"))).await;
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn without_idle_connections_each_request_opens_its_own() {
    let server = Server::responding(ok_response("")).await;
    let transport = builder().pool_max_idle_per_host(0).build().unwrap();
    for _ in 0..3 {
        succeeds(&transport, get(server.url("/"))).await;
    }
    assert_eq!(server.accepted(), 3);
}

#[tokio::test]
async fn an_idle_connection_is_closed_without_another_request() {
    let (closed, mut seen) = mpsc::unbounded_channel();
    let server = Server::start(move |_, mut stream| {
        let closed = closed.clone();
        async move {
            read_request(&mut stream).await.unwrap();
            stream.write_all(ok_response("").as_bytes()).await.unwrap();
            hold(stream).await;
            closed.send(()).unwrap();
        }
    })
    .await;
    for limit in [crate::support::SHORT, Duration::ZERO] {
        let transport = builder().pool_idle_timeout(limit).build().unwrap();
        succeeds(&transport, get(server.url("/"))).await;
        tokio::time::timeout(PLENTY, seen.recv())
            .await
            .expect("the pool has a timer");
    }
}

/// Runs a test with a transport whose kept connection was closed while its runtime could not notice;
/// `connections` is the number that the server takes in all.
///
/// The order is forced: the server, a thread of its own, closes while the only thread of the runtime
/// waits for it.
fn in_the_closing_moment<F: Future<Output = ()>>(
    connections: usize,
    send: impl FnOnce(HyperTransport, String) -> F,
) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (close, closing) = std_mpsc::channel();
    let (closed, seen) = std_mpsc::channel();
    let server = std::thread::spawn(move || {
        let mut listener = Some(listener);
        for left in (0..connections).rev() {
            let (mut stream, _) = listener.as_ref().unwrap().accept().unwrap();
            assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
            stream.write_all(ok_response("fine").as_bytes()).unwrap();
            closing.recv().unwrap();
            listener = listener.filter(|_| left > 0);
            drop(stream);
            closed.send(()).unwrap();
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let transport = transport();
        succeeds(&transport, post(&url)).await;
        for _ in 0..connections {
            close.send(()).unwrap();
        }
        seen.recv().unwrap();
        send(transport, url).await;
    });
    server.join().unwrap();
}

#[test]
fn an_unsent_request_moves_to_another_connection() {
    in_the_closing_moment(2, |transport, url| async move {
        assert_eq!(succeeds(&transport, post(url)).await.body(), "fine");
    });
}

#[test]
fn an_unsent_request_without_connection_fails_unsent() {
    in_the_closing_moment(1, |transport, url| async move {
        fails(&transport, post(url), Connect, Sent::Never).await;
    });
}

/// The moment at which the connection closes is left to chance here. Whatever it is, no failure
/// surfaces that is known to be unsent: such a request goes to another connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_connections_fail_no_unsent_request() {
    let server = Server::responding_once(ok_response("fine")).await;
    let transport = transport();
    let mut succeeded = 0;
    for _ in 0..300 {
        match transport.send(post(server.url("/"))).await {
            Ok(_) => succeeded += 1,
            Err(error) => {
                assert_eq!(
                    (error.kind(), error.sent()),
                    (Reset, Sent::Maybe),
                    "{error:?}"
                );
                tells_no_secret(&error);
            }
        }
    }
    assert!(succeeded > 0);
}

#[test]
fn a_transport_outlives_its_runtime() {
    let transport = transport();
    for _ in 0..2 {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let server = Server::responding(ok_response("fine")).await;
            assert_eq!(
                succeeds(&transport, get(server.url("/"))).await.body(),
                "fine"
            );
        });
    }
}
