//! One GET through the client, against the same GET through hyper-util with a bare derive.
//!
//! `cargo bench -p carrot-hyper --bench overhead`
//!
//! Counted with callgrind, without the start of the process and the connecting. The server is another
//! process, and a request runs on a runtime of one thread. What the client does and the other does not:
//! three deadlines, the rate limit (unlimited here), the context of the call, the cap on the body, and all
//! optional fields of a user.
//!
//! 2026-11-22, x86-64, Rust 1.95, ratio in one run:
//!
//! ```text
//!            | instructions         bare  ratio | allocations        bare  ratio
//! users.get  |        60859        43078  1.413 |          53          32  1.656
//! ```
#![allow(clippy::expect_used)]

#[path = "../../carrot-types/benches/support/callgrind.rs"]
mod callgrind;

use std::{
    collections::BTreeMap,
    hint::black_box,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::ExitCode,
    thread,
};

use bytes::Bytes;
use carrot_hyper::{
    AuthToken, BaseUrl, Client, HyperTransport, NoRateLimit, TokioClock, types::UserId, users,
};
use http::{
    Request,
    header::{ACCEPT, AUTHORIZATION, USER_AGENT},
};
use http_body_util::{BodyExt, Empty};
use hyper_util::{client::legacy, rt::TokioExecutor};
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime;

const TOKEN: &str = "app.1234.0123456789abcdef";
const USER: u64 = 7_722_092;
const BODY: &str = r#"{"meta": {"status": 200}, "data": {"id": 7722092, "app": 3, "user_id": "27384", "presence": "idle", "props": {"$last_seen": "2015-12-17T13:01:32", "$name": "Alex", "$email": "alex@example.com", "$orders_count": 3}}}"#;

/// The first request connects; what it costs is in both runs and falls out of the difference.
const FEW: u32 = 500;

fn main() -> ExitCode {
    let modes = || {
        let address = serve();
        ["bare", "client"]
            .map(|by| format!("{by} {address}"))
            .into()
    };
    let work = |mode: &str, times| {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        match mode.split_once(' ') {
            Some(("bare", address)) => runtime.block_on(bare(address, times)),
            Some((_, address)) => runtime.block_on(client(address, times)),
            None => {}
        }
    };
    callgrind::main(modes, FEW, work, |costs| {
        println!("carrot-hyper and bare hyper-util, one GET over plain HTTP\n");
        println!("{}", callgrind::HEAD);
        println!("{}", callgrind::row("users.get", costs[1], costs[0]));
    })
}

async fn client(address: &str, times: u32) {
    // No TLS is spoken. Making a certificate for it would need randomness, whose cost varies.
    let transport = HyperTransport::builder().build().expect("a transport");
    let token = AuthToken::new(TOKEN).expect("a token");
    let host: BaseUrl = format!("http://{address}").parse().expect("an address");
    let client = Client::builder(transport, TokioClock::new(), token)
        .base_url(host)
        .rate_limiter(NoRateLimit::new())
        .build()
        .expect("a client");
    for _ in 0..times {
        let user = client.call(users::Get::new(UserId::new(USER))).await;
        black_box(user.expect("a response"));
    }
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Envelope {
    data: User,
}

/// The part of the response that is read.
#[derive(Deserialize)]
#[allow(dead_code)]
struct User {
    id: u64,
    app: u64,
    user_id: String,
    presence: String,
    props: BTreeMap<String, Value>,
}

async fn bare(address: &str, times: u32) {
    let client = legacy::Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    for _ in 0..times {
        let request = Request::get(format!("http://{address}/v2/users/{USER}"))
            .header(AUTHORIZATION, format!("Token {TOKEN}"))
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, "bare/0.1.0")
            .body(Empty::new())
            .expect("a request");
        let response = client.request(request).await.expect("a response");
        assert!(response.status().is_success());
        let body = response
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        let response: Envelope = serde_json::from_slice(&body).expect("a user");
        black_box(response.data);
    }
}

/// A server in the process that reports, so that none of its work is counted. Returns its address.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || respond(stream.expect("a connection")));
        }
    });
    address.to_string()
}

/// Responds to every request of a connection; no request has a body.
fn respond(mut stream: TcpStream) {
    let length = BODY.len();
    let response = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{BODY}"
    );
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut piece) {
        request.extend_from_slice(&piece[..read]);
        if request.ends_with(b"\r\n\r\n") {
            request.clear();
            if stream.write_all(response.as_bytes()).is_err() {
                return;
            }
        }
    }
}
