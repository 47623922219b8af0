//! The spans of calls and attempts, with the feature `tracing`. None contains personal data or the token.

use std::{
    fmt::{Debug, Write as _},
    ops::ControlFlow,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use carrot_core::{
    AuthToken, Client, ExponentialBackoff, HttpTransport, Sent, TransportError,
    client::CallOptions,
    conversations::Close,
    realtime,
    transport::TransportErrorKind,
    types::{AppId, ConversationId, UserId, realtime::RealtimeChannel},
};
use carrot_testing::{
    ApiError, CannedResponse, RecordingTransport, Sandbox, VirtualClock, sandbox::RealtimeFault,
};
use serde_json::json;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use crate::support::simulation::Permits;
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

/// A span with all recorded values.
#[derive(Clone, Debug, Default, PartialEq)]
struct Span {
    name: &'static str,
    /// The name of the parent span.
    parent: Option<u64>,
    fields: Vec<(&'static str, String)>,
    closed: bool,
}

impl Visit for Span {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.push((field.name(), format!("{value:?}")));
    }
}

/// Keeps all spans.
#[derive(Clone, Default)]
struct Spans {
    all: Arc<Mutex<Vec<Span>>>,
    entered: Arc<Mutex<Vec<u64>>>,
    events: Arc<AtomicU64>,
}

impl Spans {
    fn all(&self) -> Vec<Span> {
        self.all.lock().expect("no panic held it").clone()
    }

    /// Keeps the spans of this thread while it runs `run`. A span that is first used by a thread without a
    /// subscriber is disabled for all threads, so all threads have a subscriber first.
    fn keeping(&self, run: impl FnOnce()) {
        canary::listen();
        tracing::subscriber::with_default(self.clone(), run);
    }

    fn change(&self, id: &Id, change: impl FnOnce(&mut Span)) {
        let index = usize::try_from(id.into_u64() - 1).expect("an index");
        change(&mut self.all.lock().expect("no panic held it")[index]);
    }
}

impl Subscriber for Spans {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut span = Span {
            name: attributes.metadata().name(),
            parent: self
                .entered
                .lock()
                .expect("no panic held it")
                .last()
                .copied(),
            ..Span::default()
        };
        attributes.record(&mut span);
        let mut all = self.all.lock().expect("no panic held it");
        all.push(span);
        Id::from_u64(all.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        self.change(id, |span| values.record(span));
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, _event: &Event<'_>) {
        self.events.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, id: &Id) {
        let mut entered = self.entered.lock().expect("no panic held it");
        entered.push(id.into_u64());
    }

    fn exit(&self, id: &Id) {
        let last = self.entered.lock().expect("no panic held it").pop();
        assert_eq!(last, Some(id.into_u64()), "the innermost is left first");
    }

    fn try_close(&self, id: Id) -> bool {
        self.change(&id, |span| span.closed = true);
        true
    }
}

fn lines(spans: &[Span]) -> Vec<String> {
    let line = |span: &Span| {
        let mut line = span.name.to_owned();
        if let Some(parent) = span.parent {
            let _ = write!(line, " in {parent}");
        }
        for (name, value) in &span.fields {
            let _ = write!(line, " {name}={value}");
        }
        line
    };
    spans.iter().map(line).collect()
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
    let spans = Spans::default();
    spans.keeping(|| {
        let mut live = client.listen(channels).expect("a channel").start();
        let mut next = || clock.run(live.next());
        sandbox.realtime().inject(RealtimeFault::Rejected(503));
        assert!(matches!(next(), Ok(Some(realtime::Event::Down(_)))));
        assert!(matches!(next(), Ok(Some(realtime::Event::CaughtUp))));
        sandbox.realtime().inject(RealtimeFault::Rejected(403));
        next().expect_err("a rejection");
    });
    let counts = "messages=0 replayed=0 duplicates=0 late=0 holes=0 repaired=0 rewinds=0 gaps=0 unreadable=0";
    let start = r#"carrot.listen channels="conversation_typing.{app_id}.{user_id} ping""#;
    assert_eq!(
        lines(&spans.all()),
        [
            format!("{start} connection=1 failures=1 status=503 {counts} outcome=Down"),
            format!("{start} connection=2 failures=1 status=403 {counts} outcome=Rejected"),
        ]
    );
    assert!(spans.all().iter().all(|span| span.closed));
}

#[test]
fn calls_and_attempts_are_nested_spans() {
    let (clock, transport) = (VirtualClock::manual(), RecordingTransport::new());
    transport.fail(TransportError::new(TransportErrorKind::Reset, Sent::Maybe));
    transport.respond(ApiError::named(http::StatusCode::BAD_GATEWAY, "Oops").message(""));
    transport.respond(CannedResponse::data(json!({})));
    transport.respond(ApiError::named(http::StatusCode::NOT_FOUND, "LookupError").message(""));
    let client = client(transport, &clock);
    let spans = Spans::default();
    spans.keeping(|| {
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
    let call = r#"carrot.call operation="conversations.close""#;
    let attempt = |parent: u32, rest: &str| {
        format!(r#"carrot.attempt in {parent} operation="conversations.close" {rest}"#)
    };
    assert_eq!(
        lines(&spans.all()),
        [
            format!("{call} attempts=3 status=200 outcome=Done"),
            attempt(
                1,
                "attempt=1 pause_ms=0 waited_ms=0 outcome=Failed(Transport)"
            ),
            attempt(
                1,
                "attempt=2 pause_ms=500 waited_ms=0 status=502 outcome=Failed(Service)"
            ),
            attempt(
                1,
                "attempt=3 pause_ms=1000 waited_ms=58500 status=200 outcome=Done"
            ),
            format!("{call} attempts=1 status=404 outcome=Failed(Service)"),
            attempt(
                5,
                "attempt=1 pause_ms=0 waited_ms=500 status=404 outcome=Failed(Service)"
            ),
            format!("{call} attempts=0 outcome=Failed(Deadline)"),
            format!("{call} attempts=0 outcome=Failed(InvalidRequest)"),
        ]
    );
    assert!(spans.all().iter().all(|span| span.closed));
    assert_eq!(spans.events.load(Ordering::Relaxed), 0);
}

/// The waits of one call are not in the span of another.
#[test]
fn concurrent_calls_have_separate_spans() {
    let clock = VirtualClock::manual();
    let service = Service::with_latency(&clock, 60, 0, |_| (SECOND, SECOND));
    let client = client(service, &clock);
    let spans = Spans::default();
    spans.keeping(|| {
        let ids = [1, 2, 3, 4].map(ConversationId::new);
        let mut each = client.call_all(ids, |id| Close::new(*id));
        clock.run(each.run(|_| ControlFlow::Continue(())));
    });
    let all = spans.all();
    let calls = all.iter().filter(|span| span.name == "carrot.call");
    assert!(calls.clone().all(|span| span.parent.is_none()));
    assert_eq!(calls.count(), 4);
    let mut parents: Vec<_> = all.iter().filter_map(|span| span.parent).collect();
    parents.sort_unstable();
    parents.dedup();
    assert_eq!(parents.len(), 4, "the parent of every attempt is its call");
}

#[test]
fn spans_of_dropped_call_are_closed() {
    let clock = VirtualClock::manual();
    let service = Service::with_latency(&clock, 60, 0, |_| (2 * SECOND, SECOND));
    let client = client(service, &clock);
    let spans = Spans::default();
    spans.keeping(|| {
        let call = clock.timeout(SECOND, client.call(Close::new(ID)));
        assert!(clock.run(call).is_none());
    });
    let operation = r#"operation="conversations.close""#;
    assert_eq!(
        lines(&spans.all()),
        [
            format!("carrot.call {operation} attempts=1 outcome=Cancelled"),
            format!(
                "carrot.attempt in 1 {operation} attempt=1 pause_ms=0 waited_ms=0 outcome=Cancelled"
            ),
        ]
    );
    assert!(spans.all().iter().all(|span| span.closed));
}

#[test]
fn spans_show_no_secret() {
    let (clock, transport) = (VirtualClock::manual(), RecordingTransport::new());
    let client = client(transport.clone(), &clock);
    let spans = Spans::default();
    spans.keeping(|| {
        talk(&client, &transport, &clock);
    });
    assert!(spans.all().len() >= 10);
    assert_hidden("a span", &lines(&spans.all()).join("\n"));
}
