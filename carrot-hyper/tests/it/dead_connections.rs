//! Kept connections that died while they were idle, and connections that break while a request is
//! written.

use std::{sync::Arc, time::Duration};

use carrot_hyper::{
    Body, HttpTransport, HyperTransport, Sent, TransportError,
    http::Request,
    transport::TransportErrorKind::{Reset, Truncated},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{Barrier, Semaphore, mpsc},
    task::JoinSet,
    time::timeout,
};

use crate::support::{
    PLENTY, Server, Step, builder,
    by_hand::{Frozen, turns},
    came, fails, get, hold, ok_response, post, read_request, reset, succeeds, tells_no_secret,
    transport,
};

const EIGHT: usize = 8;

/// Eight connections that each bring one response, and reset with the next request. Later ones live.
/// Returns the transport that keeps the eight.
async fn eight_dead() -> (HyperTransport, Server) {
    let all = Arc::new(Barrier::new(EIGHT));
    let server = Server::start(move |number, mut stream| {
        let all = Arc::clone(&all);
        async move {
            while read_request(&mut stream).await.is_some() {
                if number < EIGHT {
                    all.wait().await;
                }
                stream
                    .write_all(ok_response("fine").as_bytes())
                    .await
                    .unwrap();
                if number < EIGHT {
                    came(&stream).await;
                    return reset(stream);
                }
            }
        }
    })
    .await;
    let transport = transport();
    let opened = at_once(&transport, || get(server.url("/"))).await;
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
    assert_eq!(server.accepted(), EIGHT);
    (transport, server)
}

async fn at_once(
    transport: &HyperTransport,
    request: impl Fn() -> Request<Body>,
) -> Vec<Result<(), TransportError>> {
    let sending: Vec<_> = (0..EIGHT)
        .map(|_| {
            let (transport, request) = (transport.clone(), request());
            tokio::spawn(async move { transport.send(request).await.map(drop) })
        })
        .collect();
    let mut ended = Vec::new();
    for sending in sending {
        ended.push(sending.await.unwrap());
    }
    ended
}

fn at_most_one_uncertain(ended: &[Result<(), TransportError>]) {
    let failed: Vec<_> = ended.iter().filter_map(|end| end.as_ref().err()).collect();
    assert!(failed.len() <= 1, "{failed:?}");
    for error in failed {
        assert_eq!((error.kind(), error.sent()), (Reset, Sent::Maybe));
        tells_no_secret(error);
    }
}

#[tokio::test]
async fn second_attempt_after_dead_connections_succeeds() {
    let (transport, server) = eight_dead().await;
    let first = transport.send(get(server.url("/"))).await;
    assert_eq!(first.unwrap_err().sent(), Sent::Maybe);
    succeeds(&transport, get(server.url("/"))).await;
    assert_eq!(server.accepted(), EIGHT + 1);
}

#[tokio::test]
async fn eight_writes_in_turn_lose_one() {
    let (transport, server) = eight_dead().await;
    let mut ended = Vec::new();
    for _ in 0..EIGHT {
        ended.push(transport.send(post(server.url("/"))).await.map(drop));
    }
    at_most_one_uncertain(&ended);
}

#[tokio::test]
async fn eight_writes_at_once_lose_one() {
    let (transport, server) = eight_dead().await;
    at_most_one_uncertain(&at_once(&transport, || post(server.url("/"))).await);
}

/// It closes each connection with the second request on it, and never says so.
#[tokio::test]
async fn server_without_keep_alive_loses_one_write() {
    let server = Server::script([
        Step::Read,
        Step::write(ok_response("fine")),
        Step::Came,
        Step::Reset,
    ])
    .await;
    let transport = transport();
    let mut ended = Vec::new();
    for _ in 0..4 * EIGHT {
        ended.push(transport.send(post(server.url("/"))).await.map(drop));
    }
    at_most_one_uncertain(&ended);
}

/// A connection that carried more than one request shows that the server keeps connections: it restarted.
#[tokio::test]
async fn restarted_server_stays_trusted() {
    let response = Step::write(ok_response("fine"));
    let server = Server::script([
        Step::Read,
        response.clone(),
        Step::Read,
        response,
        Step::Came,
        Step::Reset,
    ])
    .await;
    let transport = transport();
    for _ in 0..9 {
        let _ = transport.send(post(server.url("/"))).await;
    }
    assert_eq!(server.accepted(), 3);
}

/// Under steady load nothing is opened anew.
#[tokio::test]
async fn vouched_connections_are_used_together() {
    let server = Server::responding(ok_response("fine")).await;
    let transport = transport();
    for _ in 0..3 {
        at_once(&transport, || post(server.url("/"))).await;
    }
    let opened = server.accepted();
    assert!(opened <= 2 * EIGHT, "{opened}");
}

/// Beside a request that tries whether the kept connections live, a second one connects anew. Its connection
/// takes the place of the oldest one, so the number of those kept does not grow.
#[tokio::test]
async fn connection_beside_a_trial_replaces_the_oldest() {
    const KEPT: usize = 3;
    let turns: Arc<[Semaphore; KEPT]> = Arc::new(std::array::from_fn(|_| Semaphore::new(0)));
    let (events, mut seen) = mpsc::unbounded_channel();
    let of_server = Arc::clone(&turns);
    let server = Server::start(move |number, mut stream| {
        let (turns, events) = (Arc::clone(&of_server), events.clone());
        async move {
            while read_request(&mut stream).await.is_some() {
                events.send(("asked", number)).unwrap();
                if let Some(turn) = turns.get(number) {
                    turn.acquire().await.unwrap().forget();
                }
                let fine = ok_response("fine");
                stream.write_all(fine.as_bytes()).await.unwrap();
            }
            events.send(("closed", number)).unwrap();
        }
    })
    .await;
    // Longer than the test.
    let transport = builder().pool_idle_timeout(PLENTY * 10).build().unwrap();
    let mut next = async || timeout(PLENTY, seen.recv()).await.ok().flatten();
    let send = || {
        let (transport, request) = (transport.clone(), post(server.url("/")));
        async move { succeeds(&transport, request).await }
    };
    let mut calls = JoinSet::new();
    for number in 0..KEPT {
        calls.spawn(send());
        assert_eq!(next().await, Some(("asked", number)));
    }
    for turn in turns.iter() {
        turn.add_permits(1);
        calls.join_next().await.unwrap().unwrap();
    }
    calls.spawn(send());
    assert_eq!(next().await, Some(("asked", KEPT - 1)), "the one used last");
    send().await;
    let mut told = [next().await, next().await];
    told.sort_unstable();
    assert_eq!(told, [Some(("asked", KEPT)), Some(("closed", 0))]);
    turns[KEPT - 1].add_permits(1);
    calls.join_next().await.unwrap().unwrap();
    assert_eq!(server.accepted(), KEPT + 1);
}

/// However many calls there are at one time, each finds its connection again.
#[tokio::test]
async fn all_connections_are_kept() {
    let server = Server::responding(ok_response("fine")).await;
    let transport = transport();
    let in_parallel = async || {
        let calls: Vec<_> = (0..100)
            .map(|_| {
                let (transport, request) = (transport.clone(), get(server.url("/")));
                tokio::spawn(async move { transport.send(request).await.map(drop) })
            })
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
    };
    in_parallel().await;
    // The others are trusted again once this one has its response.
    succeeds(&transport, get(server.url("/"))).await;
    let opened = server.accepted();
    in_parallel().await;
    assert_eq!(server.accepted(), opened);
}

#[tokio::test]
async fn keep_alive_of_the_server_is_heeded() {
    for (header, connections) in [
        ("timeout=1", 2),
        ("timeout=30, max=0", 2),
        ("timeout=30, max=100", 1),
        ("timeout=soon", 1),
    ] {
        let server = Server::responding(format!(
            "HTTP/1.1 200 OK\r\nkeep-alive: {header}\r\ncontent-length: 0\r\n\r\n"
        ))
        .await;
        let transport = transport();
        for _ in 0..2 {
            succeeds(&transport, get(server.url("/"))).await;
        }
        assert_eq!(server.accepted(), connections, "{header}");
    }
}

/// By default an idle connection is closed before common servers close it.
#[tokio::test]
async fn idle_connections_close_before_five_seconds() {
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
    let transport = transport();
    succeeds(&transport, get(server.url("/"))).await;
    let clock = Frozen::new();
    turns().await;
    clock.advance(Duration::from_millis(3900)).await;
    turns().await;
    assert!(seen.try_recv().is_err());
    clock.advance(Duration::from_millis(200)).await;
    seen.recv().await.unwrap();
}

/// The server reads a part of the body, rejects it and closes, so that the rest meets a reset.
#[tokio::test(flavor = "multi_thread")]
async fn early_413_is_returned() {
    for _ in 0..20 {
        let (closed, mut seen) = mpsc::unbounded_channel();
        let server = Server::start(move |_, mut stream| {
            let closed = closed.clone();
            async move {
                stream.read_exact(&mut [0; 4096]).await.unwrap();
                let rejected = "HTTP/1.1 413 Too Large\r\ncontent-length: 5\r\n\r\nlarge";
                stream.write_all(rejected.as_bytes()).await.unwrap();
                drop(stream);
                closed.send(()).unwrap();
            }
        })
        .await;
        let request = Request::post(server.url("/"))
            .body(Body::from(vec![b'x'; 32 << 20]))
            .unwrap();
        let response = succeeds(&transport(), request).await;
        assert_eq!(response.status(), 413);
        assert_eq!(response.body(), "large");
        seen.recv().await.unwrap();
    }
}

/// What was rejected was not done, even where the reset of the connection cuts the reason.
#[tokio::test]
async fn cut_rejection_keeps_its_status() {
    for (framing, status, is_read) in [
        ("", 413, true),
        ("content-length: 9\r\n", 400, true),
        ("transfer-encoding: chunked\r\n", 499, true),
        ("content-length: 9\r\n", 200, false),
        ("content-length: 9\r\n", 302, false),
        ("content-length: 9\r\n", 500, false),
    ] {
        let part = if framing.contains("chunked") {
            "5\r\nlarge\r\n"
        } else {
            "large"
        };
        let head = format!("HTTP/1.1 {status} X\r\n{framing}\r\n{part}");
        let server = Server::script([Step::Came, Step::write(head)]).await;
        let request = post(server.url("/"));
        if is_read {
            let response = succeeds(&transport(), request).await;
            assert_eq!(
                (response.status().as_u16(), &response.body()[..]),
                (status, &b"large"[..])
            );
        } else {
            fails(&transport(), request, Truncated, Sent::Yes).await;
        }
    }
}
