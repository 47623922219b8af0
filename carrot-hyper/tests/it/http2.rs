//! HTTP/2, where the server chooses it in the TLS handshake.

use std::{future::poll_fn, sync::Arc, time::Duration};

use bytes::Bytes;
use carrot_hyper::{
    HyperTransport, Sent,
    transport::{
        TimeoutPhase,
        TransportErrorKind::{Protocol, Rejected, Reset, Timeout, TooLarge, Truncated},
    },
};
use h2::{Reason, SendStream, server::SendResponse};
use http::{Request, Response, Version};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, mpsc},
};
use tokio_rustls::server::TlsStream;

use crate::support::{
    SHORT, Server, builder,
    by_hand::{ByHand, Frozen},
    canary::TOKEN,
    fails, failure, get, hold, limited, post, succeeds,
    tls::CA,
};

fn transport() -> HyperTransport {
    builder().http2(true).build().unwrap()
}

/// Hands every request to the test.
async fn serving<F, S>(serve: S) -> Server
where
    S: Fn(Request<h2::RecvStream>, SendResponse<Bytes>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let acceptor = CA.acceptor("localhost", &["h2"]);
    Server::start(move |_, stream| {
        let (acceptor, serve) = (acceptor.clone(), serve.clone());
        async move {
            let stream = acceptor.accept(stream).await.unwrap();
            // The client drops connections that it turns out not to need.
            let Ok(mut connection) = h2::server::handshake(stream).await else {
                return;
            };
            while let Some(Ok((request, respond))) = connection.accept().await {
                tokio::spawn(serve(request, respond));
            }
        }
    })
    .await
}

/// Starts a response whose body is still to come.
fn start(mut respond: SendResponse<Bytes>) -> SendStream<Bytes> {
    respond.send_response(Response::new(()), false).unwrap()
}

#[tokio::test]
async fn concurrent_connects_all_succeed() {
    let server = serving(|_, respond| async move {
        start(respond).send_data("fine".into(), true).unwrap();
    })
    .await;
    let transport = transport();
    let requests: Vec<_> = (0..10)
        .map(|_| {
            let (transport, request) = (transport.clone(), post(server.https("localhost", "/")));
            tokio::spawn(async move { succeeds(&transport, request).await })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap().body(), "fine");
    }
}

#[tokio::test]
async fn the_server_may_choose_http_1() {
    let server = Server::over_tls(CA.acceptor("localhost", &["http/1.1"])).await;
    let response = succeeds(&transport(), post(server.https("localhost", "/"))).await;
    assert_eq!(response.version(), Version::HTTP_11);
}

#[tokio::test]
async fn only_a_rejected_stream_is_unsent() {
    for (reason, kind, sent) in [
        (Reason::REFUSED_STREAM, Reset, Sent::Never),
        (Reason::NO_ERROR, Reset, Sent::Maybe),
        (Reason::CANCEL, Reset, Sent::Maybe),
        (Reason::INTERNAL_ERROR, Reset, Sent::Maybe),
        // It says so to every request, so a retry is of no use.
        (Reason::HTTP_1_1_REQUIRED, Protocol, Sent::Maybe),
    ] {
        let server = serving(move |_, mut respond| async move { respond.send_reset(reason) }).await;
        let request = post(server.https("localhost", "/"));
        fails(&transport(), request, kind, sent).await;
    }
}

#[tokio::test]
async fn a_reset_in_the_body() {
    let go = Arc::new(Semaphore::new(0));
    let (events, mut seen) = mpsc::unbounded_channel();
    let going = Arc::clone(&go);
    let server = serving(move |_, respond| {
        let (going, events) = (Arc::clone(&going), events.clone());
        async move {
            let mut body = start(respond);
            body.send_data("half".into(), false).unwrap();
            events.send(()).unwrap();
            going.acquire().await.unwrap().forget();
            body.send_reset(Reason::INTERNAL_ERROR);
        }
    })
    .await;
    let transport = transport();
    let mut sending = ByHand::new(failure(&transport, get(server.https("localhost", "/"))));
    // A reset must not overtake the head.
    sending.rests_until(&mut seen).await;
    sending.rests().await;
    go.add_permits(1);
    let error = sending.ends().await;
    assert_eq!(
        (error.kind(), error.sent()),
        (Truncated, Sent::Yes),
        "{error:?}"
    );
}

/// A server that goes on with a connection of HTTP/2 as the test says, once it has a request.
async fn going_on<F, S>(go_on: S) -> Server
where
    S: Fn(h2::server::Connection<TlsStream<TcpStream>, Bytes>, SendResponse<Bytes>) -> F
        + Clone
        + Send
        + Sync
        + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let acceptor = CA.acceptor("localhost", &["h2"]);
    Server::start(move |_, stream| {
        let (acceptor, go_on) = (acceptor.clone(), go_on.clone());
        async move {
            let stream = acceptor.accept(stream).await.unwrap();
            let mut connection = h2::server::handshake(stream).await.unwrap();
            let (_request, respond) = connection.accept().await.unwrap().unwrap();
            go_on(connection, respond).await;
        }
    })
    .await
}

/// A server that goes away names the last stream that it may have read. A stream above it was not read.
#[tokio::test]
async fn goaway_below_the_request_is_unsent() {
    for (last, code, sent) in [
        (0, 0, Sent::Never),
        (0, 2, Sent::Never),
        (1, 0, Sent::Maybe),
        (3, 0, Sent::Maybe),
    ] {
        let acceptor = CA.acceptor("localhost", &["h2"]);
        let server = Server::start(move |_, stream| {
            let acceptor = acceptor.clone();
            async move {
                let mut stream = acceptor.accept(stream).await.unwrap();
                // Empty settings, and once there is a request, GOAWAY with the last stream and a reason.
                stream
                    .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
                    .await
                    .unwrap();
                stream.flush().await.unwrap();
                let mut read = Vec::new();
                while !read.ends_with(TOKEN.as_bytes()) {
                    stream.read_buf(&mut read).await.unwrap();
                }
                let goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, last, 0, 0, 0, code];
                stream.write_all(&goaway).await.unwrap();
                stream.shutdown().await.unwrap();
                hold(stream).await;
            }
        })
        .await;
        let request = post(server.https("localhost", "/"));
        fails(&transport(), request, Reset, sent).await;
    }
}

/// Even where it says that it rejected a stream: it did not say which.
#[tokio::test]
async fn goaway_may_have_read_the_request() {
    for reason in [Reason::INTERNAL_ERROR, Reason::REFUSED_STREAM] {
        let server = going_on(move |mut connection, respond| async move {
            connection.abrupt_shutdown(reason);
            poll_fn(|context| connection.poll_closed(context))
                .await
                .ok();
            drop(respond);
        })
        .await;
        let request = post(server.https("localhost", "/"));
        fails(&transport(), request, Reset, Sent::Maybe).await;
    }
}

/// The pings find out, long before the time of the attempt is over.
#[tokio::test]
async fn a_server_that_is_gone_without_a_word() {
    let (events, mut seen) = mpsc::unbounded_channel();
    let server = going_on(move |connection, respond| {
        let events = events.clone();
        async move {
            events.send(()).unwrap();
            std::future::pending::<()>().await;
            drop((connection, respond));
        }
    })
    .await;
    let transport = transport();
    let failing = fails(
        &transport,
        post(server.https("localhost", "/")),
        Reset,
        Sent::Maybe,
    );
    let clock_runs = async {
        seen.recv().await.unwrap();
        tokio::time::pause();
    };
    tokio::join!(failing, clock_runs);
}

/// `CONNECT` is for proxies.
#[tokio::test]
async fn a_request_that_breaks_the_rules() {
    let server = serving(|_, respond| async move {
        start(respond).send_data("fine".into(), true).unwrap();
    })
    .await;
    let mut request = post(server.https("localhost", "/"));
    *request.method_mut() = http::Method::CONNECT;
    fails(&transport(), request, Rejected, Sent::Never).await;
}

/// A server that says this, byte by byte, once there is a request, and nothing more.
async fn saying(frame: Vec<u8>) -> Server {
    let acceptor = CA.acceptor("localhost", &["h2"]);
    Server::start(move |_, stream| {
        let (acceptor, frame) = (acceptor.clone(), frame.clone());
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            // Empty settings.
            stream
                .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
                .await
                .unwrap();
            stream.flush().await.unwrap();
            let mut read = Vec::new();
            while !read.ends_with(TOKEN.as_bytes()) {
                stream.read_buf(&mut read).await.unwrap();
            }
            stream.write_all(&frame).await.unwrap();
            stream.shutdown().await.unwrap();
            hold(stream).await;
        }
    })
    .await
}

#[tokio::test]
async fn frames_that_break_the_rules() {
    // Data of no stream.
    let server = saying(vec![0, 0, 1, 0, 0, 0, 0, 0, 0, 7]).await;
    let request = post(server.https("localhost", "/"));
    fails(&transport(), request, Protocol, Sent::Maybe).await;
}

#[tokio::test]
async fn a_connection_closed_within_a_frame() {
    let server = saying(vec![0, 1, 0, 0, 0]).await;
    let request = post(server.https("localhost", "/"));
    fails(&transport(), request, Reset, Sent::Maybe).await;
}

/// A `GOAWAY` before the stream, with a text of the server, which may quote the request.
#[tokio::test]
async fn goaway_text_is_not_shown() {
    let text = "what the server quotes";
    let length = u8::try_from(8 + text.len()).unwrap();
    let mut frame = vec![0, 0, length, 7, 0, 0, 0, 0, 0];
    frame.extend([0; 8]);
    frame.extend(text.bytes());
    let server = saying(frame).await;
    let error = failure(&transport(), post(server.https("localhost", "/"))).await;
    assert_eq!((error.kind(), error.sent()), (Reset, Sent::Never));
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("quotes"), "{shown}");
}

#[tokio::test]
async fn a_connection_closed_before_the_response() {
    let acceptor = CA.acceptor("localhost", &["h2"]);
    let server = Server::start(move |_, stream| {
        let acceptor = acceptor.clone();
        async move {
            let stream = acceptor.accept(stream).await.unwrap();
            let mut connection = h2::server::handshake(stream).await.unwrap();
            let request = connection.accept().await.unwrap().unwrap();
            drop(connection);
            drop(request);
        }
    })
    .await;
    let request = post(server.https("localhost", "/"));
    fails(&transport(), request, Reset, Sent::Maybe).await;
}

#[tokio::test]
async fn no_response_meets_the_timeout() {
    let server = serving(|mut request, respond| async move {
        if request.uri().path() == "/first" {
            start(respond).send_data("fine".into(), true).unwrap();
            return;
        }
        while request.body_mut().data().await.is_some() {}
        std::future::pending::<()>().await;
        drop(respond);
    })
    .await;
    let transport = transport();
    succeeds(&transport, post(server.https("localhost", "/first"))).await;
    let request = limited(post(server.https("localhost", "/")), Some(SHORT), None);
    let kind = Timeout(TimeoutPhase::Response);
    fails(&transport, request, kind, Sent::Maybe).await;
    assert_eq!(server.accepted(), 1);
}

/// The stream of the body ends, and the connection serves the next.
#[tokio::test]
async fn a_body_that_stops_meets_the_idle_timeout() {
    let (events, mut seen) = mpsc::unbounded_channel();
    let server = serving(move |request, respond| {
        let events = events.clone();
        async move {
            let mut body = start(respond);
            if request.uri().path() == "/whole" {
                body.send_data("fine".into(), true).unwrap();
                return;
            }
            body.send_data("half".into(), false).unwrap();
            let reason = poll_fn(|context| body.poll_reset(context)).await;
            events.send(reason.unwrap()).unwrap();
        }
    })
    .await;
    let transport = builder()
        .http2(true)
        .body_idle_timeout(SHORT)
        .build()
        .unwrap();
    let request = post(server.https("localhost", "/"));
    let kind = Timeout(TimeoutPhase::Body);
    fails(&transport, request, kind, Sent::Yes).await;
    assert_eq!(seen.recv().await, Some(Reason::CANCEL));
    let patient = get(server.https("localhost", "/whole"));
    assert_eq!(succeeds(&transport, patient).await.body(), "fine");
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_slow_body_is_read() {
    const IDLE: Duration = Duration::from_secs(4);
    let go = Arc::new(Semaphore::new(0));
    let going = Arc::clone(&go);
    let server = serving(move |_, respond| {
        let going = Arc::clone(&going);
        async move {
            let mut body = start(respond);
            for byte in ["f", "i", "n", "e"] {
                going.acquire().await.unwrap().forget();
                body.send_data(byte.into(), byte == "e").unwrap();
            }
        }
    })
    .await;
    let transport = builder()
        .http2(true)
        .attempt_timeout(None)
        .body_idle_timeout(IDLE)
        .build()
        .unwrap();
    // Connected before the clock stands still.
    let mut sending = ByHand::new(succeeds(&transport, get(server.https("localhost", "/"))));
    let clock = Frozen::new();
    for _ in 0..4 {
        for _ in 0..10 {
            sending.rests().await;
        }
        clock.advance(IDLE - Duration::from_millis(1)).await;
        sending.rests().await;
        go.add_permits(1);
    }
    assert_eq!(sending.ends().await.body(), "fine");
}

#[tokio::test]
async fn a_body_over_the_cap() {
    for declared in [None, Some("5")] {
        let server = serving(move |_, mut respond| async move {
            let mut head = Response::new(());
            if let Some(length) = declared {
                head.headers_mut()
                    .insert("content-length", length.parse().unwrap());
            }
            let mut body = respond.send_response(head, false).unwrap();
            body.send_data("abcde".into(), true).unwrap();
        })
        .await;
        let request = limited(get(server.https("localhost", "/")), None, Some(4));
        fails(&transport(), request, TooLarge { limit: 4 }, Sent::Yes).await;
    }
}

/// The task of a connection ends with its runtime, while somebody else waits for the response.
#[test]
fn a_lost_connection_task_is_a_reset() {
    let servers = tokio::runtime::Runtime::new().unwrap();
    let (asked, was_asked) = std::sync::mpsc::channel();
    let server = servers.block_on(going_on(move |connection, respond| {
        let asked = asked.clone();
        async move {
            asked.send(()).unwrap();
            std::future::pending::<()>().await;
            drop((connection, respond));
        }
    }));
    let transport = transport();
    let home = tokio::runtime::Runtime::new().unwrap();
    let request = post(server.https("localhost", "/"));
    let mut sending = ByHand::new(failure(&transport, request));
    home.block_on(async {
        while was_asked.try_recv().is_err() {
            assert!(sending.poll().is_pending());
            tokio::task::yield_now().await;
        }
    });
    drop(home);
    let error = servers.block_on(sending.ends());
    assert_eq!(
        (error.kind(), error.sent()),
        (Reset, Sent::Maybe),
        "{error:?}"
    );
}

/// The only thread stands still for longer than the limit, and the response comes meanwhile. The task of the
/// connection has to read it before the request can see it.
#[test]
fn response_that_came_while_stopped_is_read() {
    const STOPPED: Duration = Duration::from_secs(1);
    let servers = tokio::runtime::Runtime::new().unwrap();
    let (asked, was_asked) = std::sync::mpsc::channel();
    let server = servers.block_on(serving(move |_, respond| {
        let asked = asked.clone();
        async move {
            asked.send(()).unwrap();
            start(respond).send_data("fine".into(), true).unwrap();
        }
    }));
    let home = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let transport = transport();
    let request = || post(server.https("localhost", "/"));
    home.block_on(async {
        succeeds(&transport, request()).await;
        was_asked.recv().unwrap();
        let sending = succeeds(&transport, limited(request(), Some(STOPPED), None));
        let standstill = async {
            while was_asked.try_recv().is_err() {
                tokio::task::yield_now().await;
            }
            std::thread::sleep(STOPPED + STOPPED / 2);
        };
        let (response, ()) = tokio::join!(sending, standstill);
        assert_eq!(response.body(), "fine");
    });
}
