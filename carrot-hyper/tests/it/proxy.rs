//! Proxies: only when asked for, by `CONNECT`, and with credentials that nobody else sees.

use std::{
    env,
    process::Command,
    sync::{Arc, Mutex},
};

use carrot_hyper::{
    BuildError, Sent,
    transport::{
        TimeoutPhase,
        TransportErrorKind::{Connect, Protocol, Rejected, Timeout, Tls},
    },
};
use tokio::{
    io::{AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
};

use crate::support::{
    SHORT, Server, Step, builder, fails, get, ok_response, post, read_request, succeeds,
    tls::{Authority, CA},
};

const PASSWORD: &str = "s3cret%2Fword";
/// `user:s3cret/word` in base64.
const BASIC: &str = "Basic dXNlcjpzM2NyZXQvd29yZA==";

/// A real proxy, and the heads of the requests that it got.
async fn proxy() -> (Server, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    let server = Server::start(move |_, mut client| {
        let seen = Arc::clone(&seen);
        async move {
            let Some(head) = read_request(&mut client).await else {
                return;
            };
            let head = String::from_utf8(head).unwrap();
            let target = head.split(' ').nth(1).unwrap().to_owned();
            seen.lock().unwrap().push(head);
            let Ok(mut server) = TcpStream::connect(target).await else {
                let failed = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n";
                client.write_all(failed.as_bytes()).await.unwrap();
                return;
            };
            let open = "HTTP/1.1 200 Connection established\r\n\r\n";
            client.write_all(open.as_bytes()).await.unwrap();
            copy_bidirectional(&mut client, &mut server).await.ok();
        }
    })
    .await;
    (server, heads)
}

#[tokio::test]
async fn https_goes_through_a_tunnel() {
    let (server, (proxy, heads)) = (
        Server::over_tls(CA.acceptor("localhost", &[])).await,
        proxy().await,
    );
    let url = format!("http://user:{PASSWORD}@{}", proxy.authority());
    let builder = builder().proxy(url);
    shown_nowhere(&[PASSWORD, "s3cret"], &builder);
    let transport = builder.build().unwrap();
    shown_nowhere(&[PASSWORD, "s3cret"], &transport);
    for _ in 0..3 {
        let response = succeeds(&transport, post(server.https("localhost", "/"))).await;
        assert_eq!(response.body(), "fine");
    }
    // One tunnel for all, and nothing of the requests outside of it.
    let heads = heads.lock().unwrap();
    let target = server.authority().replace("127.0.0.1", "localhost");
    let [head] = &heads[..] else {
        panic!("{heads:?}")
    };
    assert!(
        head.starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(head.contains(BASIC), "{head}");
    assert!(!head.to_lowercase().contains("\r\nauthorization"), "{head}");
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn plain_http_goes_through_a_tunnel() {
    let server = Server::responding(ok_response("fine")).await;
    let (proxy, heads) = proxy().await;
    let transport = builder().proxy(proxy.url("")).build().unwrap();
    succeeds(&transport, post(server.url("/"))).await;
    assert!(heads.lock().unwrap()[0].starts_with("CONNECT "));
}

#[tokio::test]
async fn an_https_proxy_is_spoken_to_over_tls() {
    let server = Server::over_tls(CA.acceptor("localhost", &[])).await;
    let acceptor = CA.acceptor("localhost", &[]);
    let target = server.authority();
    let proxy = Server::start(move |_, stream| {
        let (acceptor, target) = (acceptor.clone(), target.clone());
        async move {
            let mut client = acceptor.accept(stream).await.unwrap();
            read_request(&mut client).await.unwrap();
            let mut server = TcpStream::connect(target).await.unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            client.flush().await.unwrap();
            copy_bidirectional(&mut client, &mut server).await.ok();
        }
    })
    .await;
    let transport = builder()
        .proxy(proxy.https("localhost", ""))
        .build()
        .unwrap();
    let response = succeeds(&transport, post(server.https("localhost", "/"))).await;
    assert_eq!(response.body(), "fine");
}

#[tokio::test]
async fn what_a_proxy_says_is_passed_on() {
    for (response, kind, says) in [
        (
            "407 Proxy Authentication Required",
            Rejected,
            "asks for credentials (status 407); it does not accept those of its address",
        ),
        (
            "407 Proxy Authentication Required\r\nproxy-authenticate: Negotiate, NTLM",
            Rejected,
            "offers no `Basic` authentication",
        ),
        ("403 Forbidden", Rejected, "(status 403)"),
        (
            "502 Bad Gateway",
            Connect,
            "cannot reach the server (status 502)",
        ),
        ("429 Too Many Requests", Connect, "responds with status 429"),
        ("unreadable", Protocol, "does not speak HTTP"),
    ] {
        let proxy =
            Server::responding_once(format!("HTTP/1.1 {response}\r\ncontent-length: 0\r\n\r\n"))
                .await;
        let url = format!("http://user:{PASSWORD}@{}", proxy.authority());
        let transport = builder().proxy(url).build().unwrap();
        let error = fails(&transport, post("https://localhost:1/"), kind, Sent::Never).await;
        let text = error.to_string();
        assert!(text.contains(says), "{text}");
        assert!(text.contains(&proxy.authority()), "{text}");
        shown_nowhere(&[PASSWORD, "s3cret", BASIC], &error);
    }
    let asking = Server::responding_once("HTTP/1.1 407 Asks\r\ncontent-length: 0\r\n\r\n").await;
    let transport = builder().proxy(asking.url("")).build().unwrap();
    let error = fails(
        &transport,
        post("https://localhost:1/"),
        Rejected,
        Sent::Never,
    )
    .await;
    assert!(
        error.to_string().contains("put them into its address"),
        "{error}"
    );
    // Nothing listens, and nothing that speaks HTTP.
    let silent = Server::responding_once("").await;
    for authority in ["127.0.0.1:1".to_owned(), silent.authority()] {
        let transport = builder()
            .proxy(format!("http://{authority}"))
            .build()
            .unwrap();
        let error = fails(
            &transport,
            post("https://localhost:1/"),
            Connect,
            Sent::Never,
        )
        .await;
        assert!(error.to_string().contains(&authority), "{error}");
    }
}

/// What cannot get better is final, and what lasts too long names the proxy.
#[tokio::test]
async fn a_proxy_is_named_however_it_fails() {
    let untrusted = Authority::new("unknown").acceptor("localhost", &[]);
    let untrusted = Server::over_tls(untrusted).await;
    let transport = builder().proxy(untrusted.https("localhost", ""));
    let request = post("https://localhost:1/");
    let error = fails(&transport.build().unwrap(), request, Tls, Sent::Never).await;
    let name = untrusted.authority().replace("127.0.0.1", "localhost");
    assert!(
        error.to_string().contains(&format!("the proxy {name}")),
        "{error}"
    );

    let silent = Server::script([Step::Hold]).await;
    let transport = builder().proxy(silent.url("")).connect_timeout(SHORT);
    let request = post("https://localhost:1/");
    let kind = Timeout(TimeoutPhase::Connect);
    let error = fails(&transport.build().unwrap(), request, kind, Sent::Never).await;
    let named = format!("through the proxy {}", silent.authority());
    assert!(error.to_string().contains(&named), "{error}");
}

#[tokio::test]
async fn tls_ends_at_the_server() {
    let acceptor = Authority::new("unknown").acceptor("localhost", &[]);
    let server = Server::start(move |_, stream| {
        let acceptor = acceptor.clone();
        async move { drop(acceptor.accept(stream).await) }
    })
    .await;
    let (proxy, _) = proxy().await;
    let transport = builder().proxy(proxy.url("")).build().unwrap();
    fails(
        &transport,
        post(server.https("localhost", "/")),
        Tls,
        Sent::Never,
    )
    .await;
}

/// The certificate of the proxy itself stays what it is.
#[tokio::test]
async fn untrusted_proxy_is_an_error_of_tls() {
    let unknown = Authority::new("unknown").acceptor("localhost", &[]);
    let proxy = Server::over_tls(unknown).await;
    let transport = builder()
        .proxy(proxy.https("localhost", ""))
        .build()
        .unwrap();
    let request = post("https://localhost:1/");
    let error = fails(&transport, request, Tls, Sent::Never).await;
    assert!(
        error
            .to_string()
            .contains("session with the proxy localhost:"),
        "{error}"
    );
}

#[test]
fn unusable_proxy_address_is_not_shown() {
    for (url, rule) in [
        ("", "must be an address"),
        ("http://user:s3 cret@proxy", "must be an address"),
        ("proxy:3128", "must start with `http://`"),
        ("ftp://user:s3cret@proxy", "must start with `http://`"),
        ("socks5://user:s3cret@proxy", "SOCKS is not supported"),
        ("SOCKS4://user:s3cret@proxy", "SOCKS is not supported"),
        ("http://user:s3cret@bücher.example", "must be ASCII"),
        // Cut at the `@`, or taken for a host with a port, these would go elsewhere.
        ("http://user:s3@cret@proxy", "percent-encode the `@`"),
        ("http://user:s3/cret@proxy", "percent-encode the `@`"),
        ("http://user:s3#cret@proxy", "percent-encode the `@`"),
        ("http://user:1?s3cret@proxy", "percent-encode the `@`"),
        ("http://user:s3cret%ff@proxy", "in UTF-8"),
        ("http://user:s3cret@:3128", "must have a host"),
        ("http://user:s3cret@proxy:", "port from 1 to 65535"),
        ("http://proxy:0", "port from 1 to 65535"),
        ("http://proxy:65536", "port from 1 to 65535"),
        ("http://[fe80::1%25eth0]:3128", "without a zone"),
        ("http://[proxy]:3128", "IPv6 address"),
    ] {
        match builder().proxy(url).build() {
            Err(BuildError::Invalid(error)) => {
                assert_eq!(error.field(), "proxy");
                let text = error.to_string();
                assert!(text.contains(rule) && !text.contains("s3"), "{url}: {text}");
            }
            other => panic!("{url}: {other:?}"),
        }
    }
    for url in [
        "HTTP://proxy",
        "https://proxy/",
        "http://[::1]:3128",
        "http://:@proxy:65535",
    ] {
        builder().proxy(url).build().unwrap();
    }
}

#[tokio::test]
async fn the_environment_names_the_proxy_when_asked() {
    let server = Server::responding(ok_response("fine")).await;
    for (excluded, connections) in [("", 1), ("127.0.0.1", 0)] {
        let (proxy, _) = proxy().await;
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["--ignored", "--exact", "proxy::asks_the_environment"])
            .env("PROXY_SERVER", server.url("/"))
            .env("HTTP_PROXY", proxy.url(""))
            .env("NO_PROXY", excluded)
            .env_remove("REQUEST_METHOD");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}"
        );
        assert_eq!(proxy.accepted(), connections, "{excluded}");
    }
}

#[tokio::test]
#[ignore = "run by `the_environment_names_the_proxy_when_asked`"]
async fn asks_the_environment() {
    let transport = builder().proxy_from_env().build().unwrap();
    let url = env::var("PROXY_SERVER").unwrap();
    assert_eq!(succeeds(&transport, get(url)).await.body(), "fine");
}

fn shown_nowhere(secrets: &[&str], value: &impl std::fmt::Debug) {
    let text = format!("{value:?}");
    for secret in secrets {
        assert!(!text.contains(secret), "{text}");
    }
}
