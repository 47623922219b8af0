//! The spans of calls and attempts, with the feature `tracing`. None contains personal data or the token.

use std::sync::{Arc, Mutex};

use carrot_core::{
    AuthToken, Client, ExponentialBackoff, HttpTransport, Sent, TransportError,
    client::CallOptions,
    conversations::{AddTag, Close, MarkRead, Unassign},
    realtime,
    transport::TransportErrorKind,
    types::{AppId, ConversationId, UserId, realtime::RealtimeChannel},
};
use carrot_testing::{
    ApiError, CannedResponse, RecordingTransport, Sandbox, VirtualClock, sandbox::RealtimeFault,
};
use serde_json::json;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::support::simulation::{Permits, task};
use crate::support::{
    ID, SECOND,
    canary::{self, assert_hidden},
    over,
    people::talk,
    simulation::{MINUTE, Service},
};

/// A client that may make two requests in a minute.
fn client(transport: impl HttpTransport, clock: &VirtualClock) -> Client {
    over(transport, clock)
        .rate_limiter(Permits::new(clock.clone(), 2, MINUTE))
        .retry(ExponentialBackoff::new().without_jitter())
        .options(CallOptions::new().call_timeout(5 * MINUTE))
        .build()
        .expect("a sound client")
}

/// Runs `run` on this thread, and returns a line for each span as it closes, and for each event. A span that
/// is first used by a thread without a subscriber is disabled for all threads, so all threads have one first.
fn closed(run: impl FnOnce()) -> Vec<String> {
    canary::listen();
    let written = Arc::<Mutex<String>>::default();
    let lines = canary::lines(FmtSpan::CLOSE, Some(Arc::clone(&written)));
    tracing::subscriber::with_default(lines, run);
    let written = written.lock().expect("no panic held it");
    // A field that was never recorded leaves its place empty.
    let lines = written.lines();
    lines.map(|line| line.replace("  ", " ")).collect()
}

#[test]
fn each_connection_of_a_listener_is_a_span() {
    let clock = VirtualClock::manual();
    let sandbox = Sandbox::builder().clock(clock.clone()).build();
    let token = AuthToken::new(sandbox.token()).expect("a token");
    let client = Client::builder(sandbox.clone(), clock.clone(), token)
        .build()
        .expect("a sound client");
    let channels = [RealtimeChannel::ConversationTypingOfUser(
        AppId::new(1000),
        UserId::new(77_777),
    )];
    let spans = closed(|| {
        let mut live = client.listen(channels).expect("a channel").start();
        let mut next = || clock.run(live.next());
        sandbox.realtime().inject(RealtimeFault::Rejected(503));
        assert!(matches!(next(), Ok(Some(realtime::Event::Down(_)))));
        assert!(matches!(next(), Ok(Some(realtime::Event::CaughtUp))));
        sandbox.realtime().inject(RealtimeFault::Rejected(403));
        next().expect_err("a rejection");
    });
    let counts = "messages=0 replayed=0 duplicates=0 late=0 holes=0 repaired=0 rewinds=0 gaps=0 unreadable=0";
    let start = r#"carrot.listen{channels="conversation_typing.{app_id}.{user_id} ping""#;
    assert_eq!(
        spans,
        [
            format!("{start} connection=1 failures=1 status=503 {counts} outcome=Down}}: close"),
            format!(
                "{start} connection=2 failures=1 status=403 {counts} outcome=Rejected}}: close"
            ),
        ]
    );
}

#[test]
fn calls_and_attempts_are_nested_spans() {
    let (clock, transport) = (VirtualClock::manual(), RecordingTransport::new());
    transport.fail(TransportError::new(TransportErrorKind::Reset, Sent::Maybe));
    transport.respond(ApiError::named(http::StatusCode::BAD_GATEWAY, "Oops").message(""));
    transport.respond(CannedResponse::data(json!({})));
    transport.respond(ApiError::named(http::StatusCode::NOT_FOUND, "LookupError").message(""));
    let client = client(transport, &clock);
    let spans = closed(|| {
        clock.run(async {
            client.call(Close::new(ID)).await.expect("a success");
            client
                .call(Close::new(ConversationId::new(2)))
                .await
                .expect_err("no such");
            let hasty = client.with_options(CallOptions::new().call_timeout(SECOND));
            hasty
                .call(Close::new(ConversationId::new(3)))
                .await
                .expect_err("no permit");
            client
                .call(Close::new(ConversationId::new(0)))
                .await
                .expect_err("an invalid id");
        });
    });
    let call =
        |rest: &str| format!(r#"carrot.call{{operation="conversations.close" {rest}}}: close"#);
    assert_eq!(
        spans,
        [
            attempt("attempt=1 pause_ms=0 waited_ms=0 outcome=Failed(Transport)"),
            attempt("attempt=2 pause_ms=500 waited_ms=0 status=502 outcome=Failed(Service)"),
            attempt("attempt=3 pause_ms=1000 waited_ms=58500 status=200 outcome=Done"),
            call("attempts=3 status=200 outcome=Done"),
            attempt("attempt=1 pause_ms=0 waited_ms=500 status=404 outcome=Failed(Service)"),
            call("attempts=1 status=404 outcome=Failed(Service)"),
            call("attempts=0 outcome=Failed(Deadline)"),
            call("attempts=0 outcome=Failed(InvalidRequest)"),
        ]
    );
}

/// The line of an attempt to close a conversation, within its call.
fn attempt(rest: &str) -> String {
    let operation = r#"operation="conversations.close""#;
    format!("carrot.call{{{operation}}}:carrot.attempt{{{operation} {rest}}}: close")
}

/// The waits of one call are not in the span of another.
#[test]
fn concurrent_calls_have_separate_spans() {
    let clock = VirtualClock::manual();
    let service = Service::with_latency(&clock, 60, 0, |_| (SECOND, SECOND));
    let client = client(service, &clock);
    let spans = closed(|| {
        clock.run_all([
            task(async { client.call(Close::new(ID)).await.map(drop) }),
            task(async { client.call(AddTag::new(ID, "vip")).await.map(drop) }),
            task(async { client.call(MarkRead::new(ID)).await.map(drop) }),
            task(async { client.call(Unassign::new(ID)).await.map(drop) }),
        ]);
    });
    for name in ["close", "add_tag", "mark_read", "unassign"] {
        let operation = format!(r#"operation="conversations.{name}""#);
        let call = format!("carrot.call{{{operation} attempts=1 ");
        let attempt = format!("carrot.call{{{operation}}}:carrot.attempt{{{operation} attempt=1 ");
        for start in [call, attempt] {
            let found = spans.iter().filter(|line| line.starts_with(&start));
            assert_eq!(found.count(), 1, "{start}: {spans:#?}");
        }
    }
    assert_eq!(spans.len(), 8, "{spans:#?}");
}

#[test]
fn spans_of_dropped_call_are_closed() {
    let clock = VirtualClock::manual();
    let service = Service::with_latency(&clock, 60, 0, |_| (2 * SECOND, SECOND));
    let client = client(service, &clock);
    let spans = closed(|| {
        let call = clock.timeout(SECOND, client.call(Close::new(ID)));
        assert!(clock.run(call).is_none());
    });
    assert_eq!(
        spans,
        [
            attempt("attempt=1 pause_ms=0 waited_ms=0 outcome=Cancelled"),
            r#"carrot.call{operation="conversations.close" attempts=1 outcome=Cancelled}: close"#
                .to_owned(),
        ]
    );
}

#[test]
fn spans_show_no_secret() {
    let (clock, transport) = (VirtualClock::manual(), RecordingTransport::new());
    let client = client(transport.clone(), &clock);
    let spans = closed(|| {
        talk(&client, &transport, &clock);
    });
    assert!(spans.len() >= 10);
    assert_hidden("a span", &spans.join("\n"));
}
