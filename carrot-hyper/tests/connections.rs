//! Which connection carries which request.
#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::{Server, answer, get, post, succeeds, transport};

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let server = Server::answering(answer("fine")).await;
    let transport = transport();
    for _ in 0..20 {
        let response = succeeds(&transport, get(server.url("/"))).await;
        assert_eq!(response.body(), "fine");
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn clones_share_their_connections() {
    let server = Server::answering(answer("")).await;
    let transport = transport();
    succeeds(&transport, get(server.url("/"))).await;
    succeeds(&transport.clone(), post(server.url("/"))).await;
    assert_eq!(server.accepted(), 1);
}
