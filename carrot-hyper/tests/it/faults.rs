//! What breaks on the way: the kind of each failure, and whether the request was sent.

use carrot_hyper::{
    Sent,
    transport::TransportErrorKind::{Connect, Other, Protocol, Rejected, Reset},
};
use tokio::net::TcpListener;

use crate::support::{Server, Step, fails, get, ok_response, post, succeeds, transport};

#[tokio::test]
async fn connection_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = fails(&transport(), get(&url), Connect, Sent::Never).await;
    assert!(error.to_string().contains("Connection refused"), "{error}");
}

#[tokio::test]
async fn a_connection_closed_in_the_head() {
    for started in [
        "HTTP",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-le",
    ] {
        let server = Server::responding_once(started).await;
        fails(&transport(), post(server.url("/")), Reset, Sent::Maybe).await;
    }
}

#[tokio::test]
async fn a_reset_before_the_request_was_read() {
    let server = Server::script([Step::Came, Step::Reset]).await;
    fails(&transport(), post(server.url("/")), Reset, Sent::Maybe).await;
}

/// It depends on the moment what the request was doing. What hyper calls canceled was not started.
#[tokio::test]
async fn a_reset_at_once() {
    let server = Server::script([Step::Reset]).await;
    for _ in 0..50 {
        let error = crate::support::failure(&transport(), post(server.url("/"))).await;
        let canceled = format!("{error:?}").contains("hyper::Error(Canceled");
        match error.kind() {
            Reset if !canceled => assert_ne!(error.sent(), Sent::Yes, "{error:?}"),
            Reset | Connect => assert_eq!(error.sent(), Sent::Never, "{error:?}"),
            _ => panic!("{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_reset_on_a_kept_connection() {
    let server = Server::script([
        Step::Read,
        Step::write(ok_response("")),
        Step::Came,
        Step::Reset,
    ])
    .await;
    let transport = transport();
    succeeds(&transport, post(server.url("/"))).await;
    fails(&transport, post(server.url("/")), Reset, Sent::Maybe).await;
    assert_eq!(server.accepted(), 1, "the second request was not repeated");
}

#[tokio::test]
async fn a_response_that_is_not_http() {
    for garbage in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "<html>Bad gateway</html>\r\n\r\n",
        "\0\u{1}\u{2}\u{3}\r\n\r\n",
        "HTTP/1.1 two hundred\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    ] {
        let server = Server::responding_once(garbage).await;
        fails(&transport(), post(server.url("/")), Protocol, Sent::Maybe).await;
    }
}

/// It depends on the moment whether the request was started before the server's words came.
#[tokio::test]
async fn a_server_that_speaks_first() {
    for words in ["SSH-2.0-OpenSSH_9.6\r\n", "220 mail.example ESMTP\r\n\r\n"] {
        let server = Server::script([Step::write(words), Step::Hold]).await;
        for _ in 0..20 {
            let error = crate::support::failure(&transport(), post(server.url("/"))).await;
            assert_eq!(error.kind(), Protocol, "{error:?}");
            assert_ne!(error.sent(), Sent::Yes, "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_head_without_end() {
    let server = Server::script([
        Step::Read,
        Step::write("HTTP/1.1 200 OK\r\n"),
        Step::Flood("x-flood: 0123456789\r\n".into()),
    ])
    .await;
    fails(&transport(), post(server.url("/")), Protocol, Sent::Maybe).await;
}

#[tokio::test]
async fn a_header_without_end() {
    let server = Server::script([
        Step::Read,
        Step::write("HTTP/1.1 200 OK\r\nx-flood: "),
        Step::Flood(vec![b'0'; 4096].into()),
    ])
    .await;
    fails(&transport(), post(server.url("/")), Protocol, Sent::Maybe).await;
}

#[tokio::test]
async fn an_address_that_is_not_http() {
    for url in ["ftp://localhost/", "/path/only", "localhost:1"] {
        fails(&transport(), get(url), Rejected, Sent::Never).await;
    }
}

#[tokio::test]
async fn a_version_of_http_that_is_not_spoken() {
    let server = Server::responding(ok_response("")).await;
    let mut request = get(server.url("/"));
    *request.version_mut() = http::Version::HTTP_3;
    fails(&transport(), request, Other, Sent::Never).await;
}

#[tokio::test]
async fn every_status_is_a_response() {
    for status in [
        200, 201, 204, 304, 400, 401, 404, 429, 500, 502, 503, 599, 799,
    ] {
        let server = Server::responding(format!(
            "HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\n\r\n"
        ))
        .await;
        let response = succeeds(&transport(), post(server.url("/"))).await;
        assert_eq!(response.status().as_u16(), status);
    }
}
