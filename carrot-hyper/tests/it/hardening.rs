//! A hostile server, and a hostile environment, against a whole client.

use std::{
    env,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use carrot_hyper::{
    AuthToken, BaseUrl, Client, Error, ErrorKind, ExponentialBackoff, NoRateLimit, Sent,
    TokioClock, apps, conversations,
    transport::TransportErrorKind::{Protocol, TooLarge},
    types::{ConversationId, Filter},
};
use tokio::io::AsyncWriteExt;

use crate::support::{
    Server, Step, builder,
    canary::{EMAIL, Reports, TOKEN, tells_no_secret},
    fails, get, hold, ok_response, read_request, succeeds, transport,
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

/// 100,000 cookies in one response are rejected; 100,000 in many responses are discarded.
#[tokio::test]
async fn cookies_are_kept_nowhere() {
    let cookies = |numbers: std::ops::Range<usize>| -> String {
        let lines: String = numbers
            .map(|n| format!("set-cookie: name{n}=value{n}; Path=/; Max-Age=99999\r\n"))
            .collect();
        format!("HTTP/1.1 200 OK\r\n{lines}content-length: 0\r\n\r\n")
    };
    let server = Server::responding_once(cookies(0..100_000)).await;
    fails(&transport(), get(server.url("/")), Protocol, Sent::Maybe).await;

    let set = Arc::new(AtomicUsize::new(0));
    let with_cookie = Arc::new(AtomicUsize::new(0));
    let server = Server::start({
        let (set, with_cookie) = (Arc::clone(&set), Arc::clone(&with_cookie));
        move |_, mut stream| {
            let (set, with_cookie) = (Arc::clone(&set), Arc::clone(&with_cookie));
            async move {
                while let Some(request) = read_request(&mut stream).await {
                    let head = String::from_utf8(request).unwrap().to_lowercase();
                    if head.contains("cookie") || head.contains("name") {
                        with_cookie.fetch_add(1, Ordering::SeqCst);
                    }
                    let first = set.fetch_add(80, Ordering::SeqCst);
                    let response = cookies(first..first + 80);
                    stream.write_all(response.as_bytes()).await.unwrap();
                }
            }
        }
    })
    .await;
    let transport = transport();
    for _ in 0..1250 {
        let response = succeeds(&transport, get(server.url("/"))).await;
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 80);
    }
    assert_eq!(set.load(Ordering::SeqCst), 100_000);
    assert_eq!(with_cookie.load(Ordering::SeqCst), 0);
    assert_eq!(server.accepted(), 1);
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

/// An interim response, headers smuggled into another response, and a second response without a
/// request never become the response to the next request.
#[tokio::test]
async fn an_unsolicited_response_reaches_no_request() {
    let server = Server::start(|number, mut stream| async move {
        read_request(&mut stream).await.unwrap();
        let second = r#"{"meta":{"status":200},"data":{"id":666}}"#;
        let both = match number {
            0 => format!("{}{}", ok_response(FINE), ok_response(second)),
            _ => ok_response(FINE),
        };
        stream.write_all(both.as_bytes()).await.unwrap();
        hold(stream).await;
    })
    .await;
    let client = client(&server);
    for _ in 0..2 {
        match client
            .call(conversations::Get::new(ConversationId::new(1)))
            .await
        {
            Ok(conversation) => assert_eq!(conversation.id.get(), 1),
            // The second request may meet the connection before it is found out.
            Err(error) => assert!(error.transport().is_some(), "{error:?}"),
        }
    }
}

const VARIABLES: [&str; 8] = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
];

/// The proxy is there and would take the request.
#[tokio::test]
async fn a_proxy_of_the_environment_sees_nothing() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let proxy = Server::start({
        let seen = Arc::clone(&seen);
        move |_, mut stream| {
            let seen = Arc::clone(&seen);
            async move {
                while let Some(request) = read_request(&mut stream).await {
                    seen.lock().unwrap().push(request);
                    stream
                        .write_all(ok_response(FINE).as_bytes())
                        .await
                        .unwrap();
                }
            }
        }
    })
    .await;
    let server = Server::responding(ok_response(FINE)).await;
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([
            "--ignored",
            "--exact",
            "hardening::calls_the_server_of_the_parent",
        ])
        .env("HARDENING_SERVER", server.url(""));
    for name in VARIABLES {
        match name.to_lowercase().starts_with("no_") {
            true => command.env(name, ""),
            false => command.env(name, proxy.url("")),
        };
    }
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
    assert_eq!((server.accepted(), proxy.accepted()), (1, 0));
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
#[ignore = "run by `a_proxy_of_the_environment_sees_nothing`"]
async fn calls_the_server_of_the_parent() {
    assert!(env::var("HTTP_PROXY").unwrap().starts_with("http://127."));
    let url = env::var("HARDENING_SERVER").unwrap();
    let token = AuthToken::new(TOKEN).unwrap();
    let client = Client::builder(builder().build().unwrap(), TokioClock::new(), token)
        .base_url(url.parse::<BaseUrl>().unwrap())
        .build()
        .unwrap();
    let conversation = client
        .call(conversations::Get::new(ConversationId::new(1)))
        .await
        .unwrap();
    assert_eq!(conversation.id.get(), 1);
}
