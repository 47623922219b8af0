//! Nothing secret and nothing of a person is shown or logged by anybody, whatever goes wrong.
//!
//! The token, an e-mail address, an external id and a text go through operations of all kinds over real
//! sockets, while servers break the rules and quote whatever was sent to them. All spans, events and
//! log records of all crates at all levels are looked through, and so are panics, the reports of an
//! observer, and what every error shows. None of it may hold one of the four. The other suites are
//! watched in the same way, with the token and the e-mail address: see `support/canary.rs`.
//!
//! Two exceptions, both of them data and not shown: `Error::body` is the response as it came, and
//! `Error::fields` what the service says of the arguments. And one that is shown: the text of an
//! error that the service itself words is quoted, for it says what is wrong; the token is taken out.

use std::{env, process::Command, time::Duration};

use carrot_hyper::{
    AuthToken, BaseUrl, Client, Endpoint, Error, ExponentialBackoff, HyperTransport, NoRateLimit,
    TokioClock, apps,
    client::CallOptions,
    conversations,
    endpoint::Upload,
    types::{ConversationId, EventName, EventProperties, Filter, PropertyOperation, UserRef},
    users,
};
use tokio::io::AsyncWriteExt;

use crate::support::{
    SHORT, Server, Step, builder,
    canary::{
        EMAIL, MARK, Reports, TOKEN, assert_hidden, kept, shown, tells_no_secret, watch,
        watch_and_keep,
    },
    read_request,
    tls::{Authority, CA},
    transport,
};

/// Set in the process that one test has for itself.
const ALONE: &str = "CANARY_ALONE";

const EXTERNAL_ID: &str = "c4n4ry-id";
const TEXT: &str = "c4n4ry text: where is my order?";

fn client(transport: HyperTransport, url: &str, options: CallOptions) -> Client {
    let retry = ExponentialBackoff::new()
        .transient_base(Duration::from_millis(1))
        .unavailable_base(Duration::from_millis(1))
        .throttled_base(Duration::from_millis(1))
        .max_retry_after(Duration::from_millis(1));
    let client = Client::builder(transport, TokioClock::new(), AuthToken::new(TOKEN).unwrap())
        .base_url(url.parse::<BaseUrl>().unwrap())
        .retry(retry)
        .rate_limiter(NoRateLimit::new())
        .observer(Reports)
        .options(options);
    assert_hidden("a builder", &format!("{client:?} {client:#?}"));
    let client = client.build().unwrap();
    assert_hidden("a client", &format!("{client:?} {client:#?}"));
    client
}

async fn tried<E: Endpoint>(client: &Client, endpoint: E) -> Result<(), Error> {
    client.call(endpoint).await.map(drop)
}

/// One operation of every kind: in the path, in the query, in a form, as JSON, with a file.
async fn call_everything(client: &Client) -> Vec<Error> {
    let user = || UserRef::external(EXTERNAL_ID);
    let properties = EventProperties::new().with("mail", EMAIL).unwrap();
    let event = EventName::new(TEXT).unwrap();
    let email = PropertyOperation::update_or_create("$email", EMAIL).unwrap();
    let mut pages = client.pages(users::Conversations::new(user()));
    let results = [
        tried(client, users::Get::new(user())).await,
        tried(client, users::SetProps::new(user()).with(email)).await,
        tried(
            client,
            users::TrackEvent::new(user(), event.clone()).properties(properties),
        )
        .await,
        tried(client, users::SendMessage::new(user(), TEXT)).await,
        tried(
            client,
            conversations::Reply::new(ConversationId::new(1), TEXT)
                .attachment(Upload::new(format!("{EXTERNAL_ID}.txt"), EMAIL)),
        )
        .await,
        tried(
            client,
            apps::Leads::new().filter(Filter::text_contains("$email", EMAIL)),
        )
        .await,
        tried(client, users::Events::new(user()).named(event)).await,
        pages.next().await.map(drop),
        // Rejected by the client before anything is sent.
        tried(
            client,
            users::Get::new(UserRef::external(format!("{EXTERNAL_ID}\n"))),
        )
        .await,
        tried(
            client,
            conversations::Reply::new(ConversationId::new(1), format!("{TEXT}\0")),
        )
        .await,
        tried(
            client,
            conversations::AddTag::new(ConversationId::new(1), format!("{EMAIL}\r\n")),
        )
        .await,
    ];
    assert_hidden("a listing", &format!("{pages:?}"));
    results.into_iter().filter_map(Result::err).collect()
}

/// How many of them are rejected before anything is sent.
const REJECTED: usize = 3;
const SENT: usize = 8;

/// At least `failures` of the operations that are sent must fail: some read nothing of the response.
async fn run(what: &str, client: &Client, failures: usize) {
    let errors = call_everything(client).await;
    assert!(errors.len() >= REJECTED + failures, "{what}: {errors:?}");
    for error in &errors {
        tells_no_secret(error);
        error.transport().inspect(|cause| tells_no_secret(*cause));
    }
}

/// A server that makes its response of the request that it got.
async fn quoting(quote: impl Fn(&str) -> String + Clone + Send + Sync + 'static) -> Server {
    Server::start(move |_, mut stream| {
        let quote = quote.clone();
        async move {
            if let Some(request) = read_request(&mut stream).await {
                let response = quote(&String::from_utf8_lossy(&request));
                stream.write_all(response.as_bytes()).await.ok();
            }
        }
    })
    .await
}

fn closing(status: u16, header: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Whatever\r\n{header}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The request as one line, fit for a header.
fn flat(request: &str) -> String {
    request.replace(|character: char| !(' '..='~').contains(&character), " ")
}

type Quote = fn(&str) -> String;

/// Responses that quote all of the request where it hurts, as `Error` sees them.
const QUOTES: &[(&str, Quote)] = &[
    ("no HTTP", |request| format!("{}\r\n\r\n", flat(request))),
    ("in the reason", |request| {
        format!(
            "HTTP/1.1 500 {}\r\ncontent-length: 0\r\n\r\n",
            flat(request)
        )
    }),
    ("no header", |request| {
        format!(
            "HTTP/1.1 200 OK\r\n{}\r\n\r\n",
            flat(request).replace(':', " ")
        )
    }),
    ("in a header", |request| {
        closing(
            401,
            &format!("x-request: {0}\r\nset-cookie: {0}\r\n", flat(request)),
            "",
        )
    }),
    ("in a redirect", |request| {
        closing(
            302,
            &format!("location: https://{}/\r\n", flat(request)),
            "",
        )
    }),
    ("in the time to wait", |request| {
        closing(429, &format!("retry-after: {}\r\n", flat(request)), "")
    }),
    ("in the length", |request| {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
            flat(request)
        )
    }),
    ("in the encoding of the transfer", |request| {
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: {}\r\n\r\n{request}",
            flat(request)
        )
    }),
    ("in the encoding of the body", |request| {
        closing(
            200,
            &format!("content-encoding: {}\r\n", flat(request)),
            "{}",
        )
    }),
    ("in the length of a chunk", |request| {
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{request}")
    }),
    ("truncated", |request| {
        format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n{request}")
    }),
    ("too large", |request| {
        format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n{request}")
    }),
    ("no JSON", |request| closing(200, "", request)),
    ("a page of a proxy", |request| {
        closing(502, "", &format!("<html>{request}</html>"))
    }),
    ("text instead of an object", |request| {
        closing(
            200,
            "",
            &format!(r#"{{"meta":{{"status":200}},"data":{:?}}}"#, flat(request)),
        )
    }),
    ("text instead of a number", |request| {
        let text = flat(request);
        let data = format!(r#"{{"id":{text:?},"conversation":{text:?},"users":{text:?}}}"#);
        closing(
            200,
            "",
            &format!(r#"{{"meta":{{"status":{text:?}}},"data":{data}}}"#),
        )
    }),
    ("in the fields of an error", |request| {
        let text = flat(request);
        let meta = format!(
            r#"{{"status":400,"error":"ValidationError","error_message":"Wrong arguments","error_fields":{{"email":[{text:?}]}}}}"#
        );
        closing(
            400,
            "",
            &format!(r#"{{"meta":{meta},"data":{{"quoted":{text:?}}}}}"#),
        )
    }),
    ("the token in the words of the service", |_| {
        let meta = format!(
            r#"{{"status":401,"error":"NotAuthenticated","error_message":"The token {TOKEN} is bad"}}"#
        );
        closing(401, "", &format!(r#"{{"meta":{meta},"data":{{}}}}"#))
    }),
];

fn plain() -> CallOptions {
    CallOptions::new()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_is_shown_or_logged() {
    // All that the process says is looked through, so it is a process of its own.
    if env::var_os(ALONE).is_none() {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "canary::nothing_secret_is_shown_or_logged"]);
        let output = command.env(ALONE, "1").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}{errors}");
        assert!(text.contains("1 passed"), "{text}");
        return;
    }
    watch_and_keep();

    for (what, quote) in QUOTES {
        let server = quoting(*quote).await;
        run(what, &client(transport(), &server.url(""), plain()), 1).await;
    }

    let server = Server::start(|_, stream| async move { drop(stream) }).await;
    let to_it = client(transport(), &server.url(""), plain());
    run("closed", &to_it, SENT).await;

    let server = Server::script([Step::Read, Step::Reset]).await;
    let to_it = client(transport(), &server.url(""), plain());
    run("reset", &to_it, SENT).await;

    let nowhere = client(transport(), "http://127.0.0.1:1", plain());
    run("connection refused", &nowhere, SENT).await;
    let nowhere = client(transport(), "https://nonexistent.invalid", plain());
    run("no such name", &nowhere, SENT).await;

    let silent = Server::script([Step::Hold]).await;
    for (what, options) in [
        (
            "attempts run out of time",
            plain().attempt_timeout(SHORT).call_timeout(4 * SHORT),
        ),
        (
            "calls run out of time",
            plain().attempt_timeout(4 * SHORT).call_timeout(SHORT),
        ),
    ] {
        // The listing has no deadline: its attempt ends by its own limit.
        run(what, &client(transport(), &silent.url(""), options), SENT).await;
    }

    over_tls().await;
    #[cfg(feature = "gzip")]
    compressed().await;
    #[cfg(feature = "http2")]
    over_http2().await;
    quoted_by_the_service().await;

    let error = AuthToken::new(format!("{TOKEN}\n")).unwrap_err();
    assert_hidden("a bad token", &format!("{error} {error:?}"));
    let error = carrot_hyper::client(format!("{TOKEN}\n")).unwrap_err();
    assert_hidden("a bad token", &format!("{error} {error:?}"));
    let error = format!("https://{TOKEN}@example.com").parse::<BaseUrl>();
    assert_hidden("a bad address", &format!("{error:?}"));

    let said = kept();
    // Everybody was listened to.
    for expected in [
        "carrot.call{operation=\"users.get\"",
        "carrot.attempt",
        "outcome=Failed(Transport)",
        "AttemptReport",
        "hyper_util::client::legacy",
        "rustls::client",
    ] {
        assert!(said.contains(expected), "nobody said {expected}");
    }
    assert!(!said.contains("panic: "), "{said}");
}

/// In a process of its own, which must not survive it.
fn ends_with_a_leak(test: &str) {
    let mut command = Command::new(env::current_exe().unwrap());
    let output = command
        .args(["--ignored", "--exact", test])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("a secret was said: "), "{test}: {text}");
    assert!(!output.status.success(), "{test}: {text}");
}

/// The watch over all suites sees what it is there for, wherever it is said.
#[test]
fn a_secret_that_is_said_ends_the_tests() {
    for test in [
        "canary::says_it_in_a_log",
        "canary::says_it_in_a_span",
        "canary::says_it_in_a_task",
    ] {
        ends_with_a_leak(test);
    }
}

#[test]
#[ignore = "run by `a_secret_that_is_said_ends_the_tests`"]
fn says_it_in_a_log() {
    watch();
    log::trace!("mail to {EMAIL}");
}

#[test]
#[ignore = "run by `a_secret_that_is_said_ends_the_tests`"]
fn says_it_in_a_span() {
    watch();
    tracing::trace_span!("call", token = TOKEN);
}

#[tokio::test]
#[ignore = "run by `a_secret_that_is_said_ends_the_tests`"]
async fn says_it_in_a_task() {
    watch();
    let _ = tokio::spawn(async { panic!("{MARK}") }).await;
}

/// The handshake goes wrong, or a server quotes the request after one that went well.
async fn over_tls() {
    for (what, acceptor) in [
        ("a good certificate", CA.acceptor("localhost", &[])),
        (
            "an unknown issuer",
            Authority::new("other").acceptor("localhost", &[]),
        ),
        ("another host", CA.acceptor("other.example", &[])),
        ("an expired certificate", CA.expired_acceptor("localhost")),
    ] {
        let server = Server::start(move |_, stream| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                if let Some(request) = read_request(&mut stream).await {
                    let response = closing(200, "", &String::from_utf8_lossy(&request));
                    stream.write_all(response.as_bytes()).await.ok();
                    stream.shutdown().await.ok();
                }
            }
        })
        .await;
        let client = client(transport(), &server.https("localhost", ""), plain());
        run(what, &client, SENT).await;
    }
    let server =
        Server::script([Step::write("HTTP/1.1 400 No TLS here\r\n\r\n"), Step::Hold]).await;
    let client = client(transport(), &server.https("localhost", ""), plain());
    run("no TLS", &client, SENT).await;
}

#[cfg(feature = "gzip")]
async fn compressed() {
    for (what, header) in [("broken gzip", "gzip"), ("unknown", "br")] {
        let header = format!("content-encoding: {header}\r\n");
        let server = quoting(move |request| closing(200, &header, request)).await;
        let transport = builder().gzip(true).build().unwrap();
        run(what, &client(transport, &server.url(""), plain()), SENT).await;
    }
}

/// The frames of HTTP/2 are logged by the crate that makes them.
#[cfg(feature = "http2")]
async fn over_http2() {
    let acceptor = CA.acceptor("localhost", &["h2"]);
    let server = Server::start(move |_, stream| {
        let acceptor = acceptor.clone();
        async move {
            let stream = acceptor.accept(stream).await.unwrap();
            let Ok(mut connection) = h2::server::handshake(stream).await else {
                return;
            };
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let target = request.uri().to_string();
                let response = http::Response::builder()
                    .header("x-request", target.clone())
                    .body(())
                    .unwrap();
                if let Ok(mut body) = respond.send_response(response, false) {
                    body.send_data(target.into(), true).ok();
                }
            }
        }
    })
    .await;
    let transport = builder().http2(true).build().unwrap();
    let client = client(transport, &server.https("localhost", ""), plain());
    run("HTTP/2", &client, SENT).await;
}

/// The one place where data can be shown: the words of the service. They are quoted by the error, up
/// to a bound and without the token, and are nowhere else.
async fn quoted_by_the_service() {
    let server = quoting(|_| {
        let meta = format!(
            r#"{{"status":400,"error":"BadRequest","error_message":"No mail to {EMAIL}, {TOKEN}"}}"#
        );
        closing(400, "", &format!(r#"{{"meta":{meta},"data":{{}}}}"#))
    })
    .await;
    let client = client(transport(), &server.url(""), plain());
    for error in call_everything(&client).await {
        let shown = shown(&error);
        assert!(!shown.contains(TOKEN), "{shown}");
        assert!(
            !shown.contains(EXTERNAL_ID) && !shown.contains(TEXT),
            "{shown}"
        );
        if error.invalid_value().is_none() {
            assert!(
                shown.contains(EMAIL) && shown.contains("[token]"),
                "{shown}"
            );
            let body = String::from_utf8_lossy(error.body().unwrap()).into_owned();
            assert!(body.contains(EMAIL) && body.contains(TOKEN));
        }
    }
}
