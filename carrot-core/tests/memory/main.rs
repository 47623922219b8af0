//! How much memory a response takes. A binary of its own, whose one test counts all that is allocated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{fmt::Write, time::Duration};

use bytes::Bytes;
use carrot_core::{
    AuthToken, Client, Clock as _, Error, NoRateLimit,
    client::CallOptions,
    conversations::Close,
    types::{ConversationId, ErrorCode},
};
use carrot_testing::{CannedResponse, RecordingTransport, VirtualClock};
use http::StatusCode;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const BODY: usize = 15 * 1024 * 1024;
/// Besides the body, which the transport has. As a tree of JSON values it takes 20 times as much.
const MOST: usize = BODY / 4;

/// An error with 15 MB of fields, or of anything else that the envelope may hold.
fn body(key: &str, token: &str) -> Bytes {
    let mut text = format!(r#"{{"meta":{{"status":400,"error":"ValidationError","{key}":["#);
    while text.len() < BODY {
        let number = text.len();
        write!(text, r#"{{"f{number}":"{token}"}},"#).expect("a text");
    }
    text.push_str(r#"1],"error_message":"m"},"data":{}}"#);
    text.into()
}

/// Lists in lists, to no end, where a reader looks for it and where it does not.
fn nested(before: &str) -> Bytes {
    format!("{before}{}", "[".repeat(BODY)).into()
}

fn client(transport: &RecordingTransport, clock: &VirtualClock) -> Client {
    let token = AuthToken::new("app.1.secret").expect("a token");
    let options = CallOptions::new().call_timeout(Duration::from_secs(1));
    Client::builder(transport.clone(), clock.clone(), token)
        .rate_limiter(NoRateLimit::new())
        .options(options)
        .build()
        .expect("a client")
}

/// One test: all that is allocated meanwhile is counted.
#[test]
fn large_bodies_take_little_memory() {
    large_errors();
    long_texts();
    no_json();
    nested_bodies();
}

/// A call whose response is rejected.
struct Rejected {
    error: Error,
    shown: String,
    /// The most memory that the call and showing its error took beside the body.
    took: usize,
    waited: Duration,
    requests: usize,
}

fn call(status: u16, body: Bytes) -> Rejected {
    let status = StatusCode::from_u16(status).expect("a status");
    let clock = VirtualClock::manual();
    let response = CannedResponse::bytes(status, body);
    let transport = RecordingTransport::responding([response]);
    let client = client(&transport, &clock);
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let result = clock.run(client.call(Close::new(ConversationId::new(1))));
    let error = result.expect_err("the body is rejected");
    let shown = format!("{error} {error:?}");
    let took = MEMORY.peak_usage() - before;
    Rejected {
        error,
        shown,
        took,
        waited: clock.now(),
        requests: transport.requests().len(),
    }
}

/// The reader of JSON takes a byte for each list, and as much again while that grows.
fn nested_bodies() {
    let of_response = r#"{"meta":{"status":200},"data":"#;
    for (before, status) in [("", 200), (of_response, 200), (r#"{"unknown":"#, 400)] {
        let what = format!("{before}, status {status}");
        let rejected = call(status, nested(before));
        let took = rejected.took;
        assert!(took < 4 * BODY, "{what}: {took} bytes");
        assert!(rejected.error.to_string().len() < 1000, "{what}");
    }
}

/// A text, or anything else in its place, is cut before anything else is done with it.
fn long_texts() {
    let text = ("\"", " app.1.secret", "\"");
    let escaped = ("\"", "\\u0442", "\"");
    let list = ("[", "{\"a\":1},", "1]");
    for (key, status, (start, item, end)) in [
        ("error_message", 400, text),
        ("error_message", 200, escaped),
        ("error_message", 200, list),
        ("error", 400, list),
    ] {
        let what = format!("{key}, status {status}, {item}");
        let items = item.repeat(BODY / item.len());
        let body = format!(r#"{{"meta":{{"status":400,"{key}":{start}{items}{end}}}}}"#);
        let Rejected {
            error, shown, took, ..
        } = call(status, body.into());
        assert!(took < MOST, "{what}: {took} bytes");
        let code = error.code().map(ErrorCode::as_str);
        let kept = error.message().or(code).expect("a text").len();
        assert!((2_000..=32_768).contains(&kept), "{what}: {kept} bytes");
        assert!(!shown.contains("app.1.secret"), "{what}");
    }
}

/// What does not start like JSON is not searched for what could be mended.
fn no_json() {
    for (status, byte) in [(200, 0xFF), (400, 0x1F), (200, b'<')] {
        let Rejected { took, error, .. } = call(status, vec![byte; BODY].into());
        assert!(took < MOST, "{byte}, status {status}: {took} bytes");
        assert_eq!(error.message(), None);
    }
}

fn large_errors() {
    for key in ["error_fields", "unknown"] {
        for (status, token) in [(400, "x"), (400, "app.1.secret"), (200, "x")] {
            let what = format!("{key}, status {status}, {token}");
            let body = body(key, token);
            let Rejected {
                error,
                shown,
                took,
                waited,
                requests,
            } = call(status, body.clone());
            assert!(took < MOST, "{what}: {took} bytes");
            assert_eq!(error.message(), Some("m"), "{what}");
            assert_eq!(error.body(), Some(&body), "{what}");
            assert!(!shown.contains("app.1.secret"), "{what}");
            // There is no time for another attempt, and nothing is waited for.
            assert_eq!(waited, Duration::ZERO, "{what}");
            assert_eq!(requests, 1, "{what}");
        }
    }
}
