//! What a program may watch of its calls: the reports of an observer and, with the feature `tracing`,
//! the spans. Neither ever shows a person's data or the token.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use carrot_core::{
    AuthToken, Client, ErrorKind, HttpTransport, LocalQuota, RetryPolicy, Sent, TransportError,
    client::{AttemptReport, CallOptions, CallReport, Observe},
    conversations::{Close, Reply, Sender},
    transport::TransportErrorKind,
    types::{PropertyOperation, UserRef},
    users,
};
use carrot_testing::{RecordingTransport, VirtualClock};
use serde_json::json;
use support::{
    TOKEN,
    simulation::{MINUTE, Service, give_up_after, simulate_one},
};

const SECOND: Duration = Duration::from_secs(1);

/// Keeps every report.
#[derive(Debug, Default)]
struct Watcher {
    attempts: Mutex<Vec<AttemptReport>>,
    calls: Mutex<Vec<CallReport>>,
}

impl Observe for Watcher {
    fn attempt(&self, report: &AttemptReport) {
        self.attempts
            .lock()
            .expect("no panic held it")
            .push(*report);
    }

    fn call(&self, report: &CallReport) {
        self.calls.lock().expect("no panic held it").push(*report);
    }
}

/// Number, wait, time, status and failure of an attempt.
type Attempt = (u32, Duration, Duration, Option<u16>, Option<ErrorKind>);

impl Watcher {
    fn attempts(&self) -> Vec<Attempt> {
        let attempts = self.attempts.lock().expect("no panic held it");
        attempts
            .iter()
            .map(|one| (one.attempt, one.waited, one.took, one.status, one.failure))
            .collect()
    }

    /// Attempts, time and failure of every call.
    fn calls(&self) -> Vec<(u32, Duration, Option<ErrorKind>)> {
        let calls = self.calls.lock().expect("no panic held it");
        calls
            .iter()
            .map(|one| (one.attempts, one.took, one.failure))
            .collect()
    }
}

/// A watched client that may make two requests in a minute.
fn watched(transport: impl HttpTransport, clock: &VirtualClock) -> (Client, Arc<Watcher>) {
    let watcher = Arc::new(Watcher::default());
    let token = AuthToken::new(TOKEN).expect("a sound token");
    let client = Client::builder(transport, clock.clone(), token)
        .observer(Arc::clone(&watcher))
        .quota(LocalQuota::with_limit(clock.clone(), 2, MINUTE))
        .retry(RetryPolicy::new().without_jitter())
        .options(CallOptions::new().call_timeout(5 * MINUTE))
        .build()
        .expect("a sound client");
    (client, watcher)
}

#[test]
fn every_attempt_is_reported_with_its_number_its_wait_and_its_end() {
    let clock = VirtualClock::manual();
    let transport = RecordingTransport::new();
    transport.fail(TransportError::new(TransportErrorKind::Reset, Sent::Maybe));
    transport.answer_error(http::StatusCode::BAD_GATEWAY, "Oops", "");
    transport.answer_ok(json!({}));
    let (client, watcher) = watched(transport, &clock);
    simulate_one(&clock, client.call(Close::new(1))).expect("the third attempt succeeds");
    let (zero, pauses) = (Duration::ZERO, Duration::from_millis(50 + 100));
    assert_eq!(
        watcher.attempts(),
        [
            (1, zero, zero, None, Some(ErrorKind::Transport)),
            (2, zero, zero, Some(502), Some(ErrorKind::Refused)),
            // The pauses are none of its wait for a place, a minute after the first attempt.
            (3, MINUTE - pauses, zero, None, None),
        ]
    );
    assert_eq!(watcher.calls(), [(3, MINUTE, None)]);
    let attempts = watcher.attempts.lock().expect("no panic held it");
    assert!(
        attempts
            .iter()
            .all(|one| one.operation == "conversations.close")
    );
}

#[test]
fn the_time_of_an_attempt_is_that_of_its_request() {
    let clock = VirtualClock::manual();
    let service = Service::with_latency(&clock, 60, 0, |_| (2 * SECOND, SECOND));
    let (client, watcher) = watched(service, &clock);
    for _ in 0..3 {
        simulate_one(&clock, client.call(Close::new(1))).expect("a success");
    }
    let took = 3 * SECOND;
    assert_eq!(
        watcher.attempts(),
        [
            (1, Duration::ZERO, took, None, None),
            (1, Duration::ZERO, took, None, None),
            // A minute after the first was over, three seconds of which the second took.
            (1, MINUTE - took, took, None, None),
        ]
    );
    assert_eq!(
        watcher.calls(),
        [(1, took, None), (1, took, None), (1, MINUTE, None)]
    );
}

#[test]
fn calls_that_end_otherwise_are_reported_too_and_dropped_ones_are_not() {
    let clock = VirtualClock::manual();
    let service = Service::with_latency(&clock, 60, 0, |_| (2 * SECOND, SECOND));
    let (client, watcher) = watched(service, &clock);
    simulate_one(&clock, async {
        // Refused before it is sent.
        let invalid = client.call(Reply::new(1, ""));
        invalid.await.expect_err("an empty reply");
        // Cut off by the deadline in the middle of an attempt: the attempt is not over.
        let hasty = CallOptions::new()
            .call_timeout(SECOND)
            .attempt_timeout(None);
        let hasty = client.with_options(hasty);
        hasty.call(Close::new(1)).await.expect_err("too late");
        // Dropped.
        let dropped = give_up_after(&clock, SECOND, Box::pin(client.call(Close::new(1))));
        assert!(dropped.await.is_none());
        // In vain for a place.
        hasty.call(Close::new(1)).await.expect_err("no place");
    });
    assert_eq!(watcher.attempts(), []);
    assert_eq!(
        watcher.calls(),
        [
            (0, Duration::ZERO, Some(ErrorKind::InvalidRequest)),
            (1, SECOND, Some(ErrorKind::Deadline)),
            (0, SECOND, Some(ErrorKind::Deadline)),
        ]
    );
}

#[test]
fn listings_and_bulk_work_are_reported_call_by_call() {
    let clock = VirtualClock::manual();
    let service = Service::new(&clock, 60, 120);
    let (client, watcher) = watched(service, &clock);
    simulate_one(&clock, async {
        let mut leads = client.items(carrot_core::apps::Leads::new());
        while leads.next().await.expect("a lead").is_some() {}
        let ids = [1, 2].map(carrot_core::types::ConversationId::new);
        client.each(ids, |id| Close::new(*id)).run(|_| {}).await;
    });
    let calls = watcher.calls.lock().expect("no panic held it");
    let operations: Vec<&str> = calls.iter().map(|one| one.operation).collect();
    let (leads, close) = ("apps.leads", "conversations.close");
    assert_eq!(operations, [leads, leads, leads, close, close]);
    assert_eq!(watcher.attempts().len(), 5);
}

const E_MAIL: &str = "canary@example.com";
const OWN_ID: &str = "canary-order-42";
const TEXT: &str = "canary text of a message";

/// Calls that carry people's data, and answers that give it back in every way.
fn talk(client: &Client, transport: &RecordingTransport, clock: &VirtualClock) {
    let words = format!("{TOKEN} {E_MAIL} {OWN_ID} {TEXT}");
    let refused = http::StatusCode::BAD_REQUEST;
    simulate_one(clock, async {
        transport.answer_error(refused, words.as_str(), &words);
        let reply = Reply::new(1, TEXT).from(Sender::DefaultAdmin);
        client.call(&reply).await.expect_err("refused");

        transport.answer_bytes(http::StatusCode::OK, words.clone());
        client.call(&reply).await.expect_err("unreadable");

        let kind = TransportErrorKind::Other;
        transport.fail(TransportError::new(kind, Sent::Maybe).with_source(words.clone()));
        client.call(&reply).await.expect_err("lost");

        let property = PropertyOperation::update_or_create("$email", E_MAIL);
        let change = users::SetProps::new(UserRef::external(OWN_ID));
        let change = change.with(property.expect("a sound operation"));
        transport.answer_bytes(http::StatusCode::BAD_GATEWAY, words.clone());
        transport.answer_error(
            http::StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequests",
            &words,
        );
        transport.answer_ok(json!({"meta": words}));
        drop(client.call(&change).await);

        let invalid = users::Get::new(UserRef::external(format!("{OWN_ID}\u{0}")));
        drop(client.call(invalid).await);
    });
    assert_eq!(transport.unused_answers(), 0);
}

fn assert_shows_nobody(shown: &str) {
    for secret in [TOKEN, E_MAIL, OWN_ID, TEXT, "canary"] {
        assert!(!shown.contains(secret), "`{secret}` is shown in {shown}");
    }
}

#[test]
fn no_report_shows_a_persons_data_or_the_token() {
    let (clock, transport) = (VirtualClock::manual(), RecordingTransport::new());
    let (client, watcher) = watched(transport.clone(), &clock);
    talk(&client, &transport, &clock);
    assert!(watcher.attempts().len() >= 6);
    assert_shows_nobody(&format!("{watcher:#?}"));
}

#[cfg(feature = "tracing")]
mod spans {
    use std::{
        fmt::{Debug, Write as _},
        sync::atomic::{AtomicU64, Ordering},
    };

    use tracing::{
        Event, Metadata, Subscriber,
        field::{Field, Visit},
        span::{Attributes, Id, Record},
    };

    use super::*;

    /// A span, with all that was ever recorded of it.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Span {
        name: &'static str,
        /// The name of the span that it lies in.
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
    fn a_call_is_a_span_and_its_attempts_are_spans_within() {
        let (clock, transport) = (VirtualClock::manual(), RecordingTransport::new());
        transport.fail(TransportError::new(TransportErrorKind::Reset, Sent::Maybe));
        transport.answer_error(http::StatusCode::BAD_GATEWAY, "Oops", "");
        transport.answer_ok(json!({}));
        transport.answer_error(http::StatusCode::NOT_FOUND, "LookupError", "");
        let (client, _) = watched(transport, &clock);
        let spans = Spans::default();
        tracing::subscriber::with_default(spans.clone(), || {
            simulate_one(&clock, async {
                client.call(Close::new(1)).await.expect("a success");
                client.call(Close::new(2)).await.expect_err("no such");
                let hasty = client.with_options(CallOptions::new().call_timeout(SECOND));
                hasty.call(Close::new(3)).await.expect_err("no place");
                client.call(Close::new(0)).await.expect_err("no id");
            });
        });
        let waited = 60_000 - 150;
        assert_eq!(
            lines(&spans.all()),
            [
                r#"carrot.call operation="conversations.close""#.to_owned(),
                "carrot.attempt in 1 attempt=1 waited_ms=0 failure=Transport".to_owned(),
                "carrot.attempt in 1 attempt=2 waited_ms=0 failure=Refused status=502".to_owned(),
                format!("carrot.attempt in 1 attempt=3 waited_ms={waited}"),
                r#"carrot.call operation="conversations.close" failure=Refused"#.to_owned(),
                "carrot.attempt in 5 attempt=1 waited_ms=50 failure=Refused status=404".to_owned(),
                r#"carrot.call operation="conversations.close" failure=Deadline"#.to_owned(),
                r#"carrot.call operation="conversations.close" failure=InvalidRequest"#.to_owned(),
            ]
        );
        assert!(spans.all().iter().all(|span| span.closed));
        assert_eq!(spans.events.load(Ordering::Relaxed), 0);
    }

    /// A pause or a wait of one call is not a part of the span of another.
    #[test]
    fn calls_side_by_side_have_spans_side_by_side() {
        let clock = VirtualClock::manual();
        let service = Service::with_latency(&clock, 60, 0, |_| (SECOND, SECOND));
        let (client, _) = watched(service, &clock);
        let spans = Spans::default();
        tracing::subscriber::with_default(spans.clone(), || {
            let ids = [1, 2, 3, 4].map(carrot_core::types::ConversationId::new);
            let each = client.each(ids, |id| Close::new(*id));
            simulate_one(&clock, each.run(|_| {}));
        });
        let all = spans.all();
        let calls = all.iter().filter(|span| span.name == "carrot.call");
        assert!(calls.clone().all(|span| span.parent.is_none()));
        assert_eq!(calls.count(), 4);
        let mut parents: Vec<_> = all.iter().filter_map(|span| span.parent).collect();
        parents.sort_unstable();
        parents.dedup();
        assert_eq!(parents.len(), 4, "every attempt lies in its own call");
    }

    #[test]
    fn a_span_of_a_dropped_call_is_closed() {
        let clock = VirtualClock::manual();
        let service = Service::with_latency(&clock, 60, 0, |_| (2 * SECOND, SECOND));
        let (client, _) = watched(service, &clock);
        let spans = Spans::default();
        tracing::subscriber::with_default(spans.clone(), || {
            let call = give_up_after(&clock, SECOND, client.call(Close::new(1)));
            assert!(simulate_one(&clock, call).is_none());
        });
        assert_eq!(spans.all().len(), 2);
        assert!(spans.all().iter().all(|span| span.closed));
    }

    #[test]
    fn no_span_shows_a_persons_data_or_the_token() {
        let (clock, transport) = (VirtualClock::manual(), RecordingTransport::new());
        let (client, _) = watched(transport.clone(), &clock);
        let spans = Spans::default();
        tracing::subscriber::with_default(spans.clone(), || {
            talk(&client, &transport, &clock);
        });
        assert!(spans.all().len() >= 10);
        assert_shows_nobody(&lines(&spans.all()).join("\n"));
    }
}
