//! The limits on time and size. No test asserts how long anything takes: the servers never respond,
//! or a limit that is too short for this machine is made longer.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use carrot_hyper::{
    HyperTransport, Sent, TlsRoots,
    transport::{
        CallContext, TimeoutPhase,
        TransportErrorKind::{Timeout, TooLarge},
    },
};
use tokio::sync::Semaphore;

use crate::support::{
    Events, PLENTY, SHORT, Server, Step, builder,
    by_hand::{ByHand, Frozen},
    canary, fails, get, limited, ok_response, post, succeeds, transport,
};

const CONNECT: carrot_hyper::transport::TransportErrorKind = Timeout(TimeoutPhase::Connect);
const RESPONSE: carrot_hyper::transport::TransportErrorKind = Timeout(TimeoutPhase::Response);
const BODY: carrot_hyper::transport::TransportErrorKind = Timeout(TimeoutPhase::Body);

#[tokio::test]
async fn a_stalled_handshake_meets_every_timeout() {
    let server = Server::script([Step::Hold]).await;
    for (builder, callers) in [
        (builder().connect_timeout(SHORT), None),
        (builder().attempt_timeout(SHORT), None),
        (builder(), Some(SHORT)),
        (builder().attempt_timeout(None), Some(SHORT)),
    ] {
        let mut request = post(server.https("localhost", "/"));
        if callers.is_some() {
            request = limited(request, callers, None);
        }
        let transport = builder.build().unwrap();
        fails(&transport, request, CONNECT, Sent::Never).await;
    }
}

#[tokio::test]
async fn the_callers_timeout_replaces_the_transports() {
    // No time at all: nothing would ever succeed if this limit had a say.
    let server = Server::responding(ok_response("fine")).await;
    let transport = builder().attempt_timeout(Duration::ZERO).build().unwrap();
    for _ in 0..20 {
        let request = limited(get(server.url("/")), Some(PLENTY), None);
        assert_eq!(succeeds(&transport, request).await.body(), "fine");
    }
}

#[tokio::test]
async fn half_a_head_meets_the_timeout() {
    let server = Server::script([
        Step::Read,
        Step::write(ok_response("")),
        Step::Read,
        Step::write("HTTP/1.1 200 OK\r\ncont"),
        Step::Hold,
    ])
    .await;
    let transport = transport();
    succeeds(&transport, post(server.url("/"))).await;
    let request = limited(post(server.url("/")), Some(SHORT), None);
    fails(&transport, request, RESPONSE, Sent::Maybe).await;
}

const IDLE: Duration = Duration::from_secs(5);

/// From a millisecond before a limit to after it: tokio's timers round up to the next one.
const TICKS: Duration = Duration::from_millis(2);

fn impatient() -> HyperTransport {
    builder().body_idle_timeout(IDLE).build().unwrap()
}

type Pieces = &'static [&'static str];

/// Half of a body of six bytes, however it ends, and the pieces of the rest.
const HALVES: [(&str, Pieces); 3] = [
    ("content-length: 6\r\n\r\nfin", &["e", "l", "y"]),
    (
        "transfer-encoding: chunked\r\n\r\n3\r\nfin\r\n",
        &["1\r\ne\r\n", "1\r\nl\r\n", "1\r\ny\r\n0\r\n\r\n"],
    ),
    ("connection: close\r\n\r\nfin", &["e", "l", "y"]),
];

/// A server that starts a response with this, and the pieces that it goes on with.
async fn hesitant(half: &str, rest: Pieces) -> (Server, Arc<Semaphore>, Events) {
    let started = format!("HTTP/1.1 200 OK\r\n{half}");
    Server::hesitant(started, rest.iter().map(|piece| Bytes::from(*piece))).await
}

#[tokio::test]
async fn a_stalled_body_meets_the_idle_timeout() {
    let clock = Frozen::new();
    for (half, rest) in HALVES {
        let (server, go, mut seen) = hesitant(half, rest).await;
        let transport = impatient();
        let mut sending = ByHand::new(crate::support::failure(&transport, post(server.url("/"))));
        sending.rests_until(&mut seen).await;
        sending.rests().await;
        clock.advance(IDLE - Duration::from_millis(1)).await;
        sending.rests().await;
        clock.advance(TICKS).await;
        let error = sending.ends().await;
        assert_eq!((error.kind(), error.sent()), (BODY, Sent::Yes), "{error:?}");
        assert_eq!(
            error.to_string(),
            format!(
                "the time ran out while reading the response ({}): no more of it came for 5s \
                 (`body_idle_timeout` allows more); the request reached the server",
                server.authority()
            )
        );
        assert_eq!(seen.recv().await, Some("closed"));
        // The next request has a connection of its own.
        go.add_permits(rest.len());
        let response = ByHand::new(succeeds(&transport, get(server.url("/"))))
            .ends()
            .await;
        assert_eq!(response.body(), "finely");
        assert_eq!(server.accepted(), 2);
    }
}

/// In sum it takes many times the limit.
#[tokio::test]
async fn a_slow_body_is_read() {
    let clock = Frozen::new();
    for (half, rest) in HALVES {
        let (server, go, mut seen) = hesitant(half, rest).await;
        let transport = builder()
            .body_idle_timeout(IDLE)
            .attempt_timeout(None)
            .build()
            .unwrap();
        let mut sending = ByHand::new(succeeds(&transport, get(server.url("/"))));
        for _ in rest {
            sending.rests_until(&mut seen).await;
            sending.rests().await;
            clock.advance(IDLE - Duration::from_millis(1)).await;
            sending.rests().await;
            go.add_permits(1);
        }
        assert_eq!(sending.ends().await.body(), "finely");
    }
}

#[tokio::test]
async fn the_callers_idle_timeout_replaces_the_transports() {
    let (half, rest) = HALVES[0];
    let (server, _go, _seen) = hesitant(half, rest).await;
    let asking = |url: &str, limit: Option<Duration>| {
        let mut request = get(url);
        let mut context = CallContext::new("test.idle", "/");
        context.body_idle_timeout = limit;
        request.extensions_mut().insert(context);
        request
    };
    let error = fails(
        &transport(),
        asking(&server.url("/"), Some(SHORT)),
        BODY,
        Sent::Yes,
    )
    .await;
    assert!(error.to_string().contains("for 50ms"), "{error}");
    let off = builder().body_idle_timeout(None).build().unwrap();
    let error = fails(&off, asking(&server.url("/"), Some(SHORT)), BODY, Sent::Yes).await;
    assert!(error.to_string().contains("for 50ms"), "{error}");

    // No time at all: a body that comes later would never be read if this limit had a say.
    let (server, go, mut seen) = hesitant(half, rest).await;
    let transport = builder().body_idle_timeout(Duration::ZERO).build().unwrap();
    let url = server.url("/");
    for limit in [Some(Duration::MAX), None] {
        let mut sending = ByHand::new(succeeds(&transport, asking(&url, limit)));
        sending.rests_until(&mut seen).await;
        go.add_permits(rest.len());
        assert_eq!(sending.ends().await.body(), "finely");
    }
}

#[tokio::test]
async fn without_idle_timeout_a_body_may_stall() {
    let (half, rest) = HALVES[0];
    let (server, go, mut seen) = hesitant(half, rest).await;
    let patient = builder()
        .attempt_timeout(None)
        .body_idle_timeout(None)
        .build()
        .unwrap();
    let clock = Frozen::new();
    let mut sending = ByHand::new(succeeds(&patient, get(server.url("/"))));
    sending.rests_until(&mut seen).await;
    clock.advance(100 * IDLE).await;
    sending.rests().await;
    go.add_permits(rest.len());
    assert_eq!(sending.ends().await.body(), "finely");
}

/// By default the body has less time than the attempt.
#[tokio::test]
async fn the_idle_timeout_is_5_seconds_by_default() {
    let (half, rest) = HALVES[0];
    let (server, _go, mut seen) = hesitant(half, rest).await;
    canary::watch();
    let transport = HyperTransport::builder()
        .tls_roots(TlsRoots::OnlyAdded)
        .add_root_certificate_pem(crate::support::tls::CA.pem())
        .build()
        .unwrap();
    let clock = Frozen::new();
    let mut sending = ByHand::new(crate::support::failure(&transport, get(server.url("/"))));
    sending.rests_until(&mut seen).await;
    sending.rests().await;
    clock.advance(Duration::from_millis(4999)).await;
    sending.rests().await;
    clock.advance(TICKS).await;
    assert_eq!(sending.ends().await.kind(), BODY);
}

#[tokio::test]
async fn a_limit_beyond_time_is_unlimited() {
    let server = Server::responding(ok_response("fine")).await;
    for (limit, connections) in [(Some(Duration::MAX), 1), (None, 2)] {
        let transport = builder()
            .connect_timeout(limit)
            .attempt_timeout(limit)
            .body_idle_timeout(limit)
            .pool_idle_timeout(limit)
            .max_body_bytes(None)
            .build()
            .unwrap();
        for request in [
            get(server.url("/")),
            limited(get(server.url("/")), limit, None),
        ] {
            assert_eq!(succeeds(&transport, request).await.body(), "fine");
        }
        assert_eq!(server.accepted(), connections);
    }
}

fn capped(limit: u64) -> HyperTransport {
    builder().max_body_bytes(limit).build().unwrap()
}

#[tokio::test]
async fn the_callers_cap_replaces_the_transports() {
    let server = Server::responding(ok_response("abcde")).await;
    for (own, limit) in [(100, 3), (0, 4)] {
        let request = limited(get(server.url("/")), Some(PLENTY), Some(limit));
        fails(&capped(own), request, TooLarge { limit }, Sent::Yes).await;
    }
    for (own, callers) in [(0, Some(5)), (4, Some(5)), (5, Some(5)), (0, None)] {
        let request = limited(get(server.url("/")), None, callers);
        assert_eq!(succeeds(&capped(own), request).await.body(), "abcde");
    }
}
