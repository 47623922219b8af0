//! A hostile server against a whole client.

use carrot_hyper::{
    AuthToken, BaseUrl, Client, Error, ErrorKind, ExponentialBackoff, NoRateLimit, Sent,
    TokioClock, apps,
    transport::TransportErrorKind::{Protocol, TooLarge},
    types::Filter,
};

use crate::support::{
    Server, Step,
    canary::{EMAIL, Reports, TOKEN, tells_no_secret},
    fails, get, ok_response, succeeds, transport,
};

const FINE: &str = r#"{"meta":{"status":200},"data":{"id":1}}"#;

fn client(server: &Server) -> Client {
    Client::builder(
        transport(),
        TokioClock::new(),
        AuthToken::new(TOKEN).unwrap(),
    )
    .base_url(server.url("").parse::<BaseUrl>().unwrap())
    .retry(ExponentialBackoff::none())
    .rate_limiter(NoRateLimit::new())
    .observer(Reports)
    .build()
    .unwrap()
}

async fn rejected(server: &Server) -> Error {
    let error = client(server)
        .call(apps::Leads::new().filter(Filter::text_contains("$email", EMAIL)))
        .await
        .expect_err("a failure");
    tells_no_secret(&error);
    error
}

/// With the body limits that come by default: 16 MiB.
#[tokio::test]
async fn a_declared_gigabyte_is_not_waited_for() {
    let server = Server::script([
        Step::Read,
        Step::write("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n{"),
        Step::Hold,
    ])
    .await;
    let error = rejected(&server).await;
    let cause = error.transport().unwrap();
    assert_eq!(
        (cause.kind(), cause.sent()),
        (TooLarge { limit: 16 << 20 }, Sent::Yes)
    );
}

#[tokio::test]
async fn more_headers_than_anybody_needs_break_the_protocol() {
    let headers = |number: usize| -> String {
        let lines: String = (0..number).map(|n| format!("x-{n}: {n}\r\n")).collect();
        format!("HTTP/1.1 200 OK\r\n{lines}content-length: 0\r\n\r\n")
    };
    let server = Server::responding(headers(99)).await;
    succeeds(&transport(), get(server.url("/"))).await;
    for number in [100, 10_000] {
        let server = Server::responding_once(headers(number)).await;
        fails(&transport(), get(server.url("/")), Protocol, Sent::Maybe).await;
    }
}

#[tokio::test]
async fn a_redirect_to_another_host_shows_it_nothing() {
    for status in [301, 302, 303, 307, 308] {
        let other = Server::responding(ok_response(FINE)).await;
        let server = Server::responding(format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {}\r\nrefresh: 0; url={}\r\n\
             content-length: 0\r\n\r\n",
            other.url("/v2/conversations/1"),
            other.url("/v2/conversations/1"),
        ))
        .await;
        let error = rejected(&server).await;
        assert_eq!(
            (error.kind(), error.status()),
            (ErrorKind::Service, Some(status))
        );
        assert!(error.to_string().contains("redirects are not followed"));
        assert_eq!((server.accepted(), other.accepted()), (1, 0));
    }
}
