//! What an observer is told of the calls of a program. No report shows a person's data or the token.

use std::{
    ops::ControlFlow,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex},
    time::Duration,
};

use carrot_core::{
    Client, ErrorKind, ExponentialBackoff, HttpTransport, Sent, TransportError,
    client::{AttemptReport, CallOptions, CallReport, Observer, Outcome},
    conversations::{Close, Reply},
    transport::TransportErrorKind,
};
use carrot_testing::{
    ApiError, CannedResponse, RecordingTransport, VirtualClock, stub::RespondWith,
};
use serde_json::json;

use crate::support::simulation::Permits;
use crate::support::{
    ID, SECOND,
    canary::assert_hidden,
    over,
    people::talk,
    simulation::{MINUTE, Service},
};

/// Keeps every report.
#[derive(Debug, Default)]
struct Watcher {
    attempts: Mutex<Vec<AttemptReport>>,
    calls: Mutex<Vec<CallReport>>,
}

impl Observer for Watcher {
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

/// Number, pause and wait before it, time, status and ending of an attempt.
type Attempt = (u32, [Duration; 2], Duration, Option<u16>, Outcome);

impl Watcher {
    fn attempts(&self) -> Vec<Attempt> {
        let attempts = self.attempts.lock().expect("no panic held it");
        attempts
            .iter()
            .map(|one| {
                let before = [one.pause, one.waited];
                (one.attempt, before, one.took, one.status, one.outcome)
            })
            .collect()
    }

    /// Attempts, time, status and ending of every call.
    fn calls(&self) -> Vec<(u32, Duration, Option<u16>, Outcome)> {
        let calls = self.calls.lock().expect("no panic held it");
        calls
            .iter()
            .map(|one| (one.attempts, one.took, one.status, one.outcome))
            .collect()
    }
}

/// A watched client that may make two requests in a minute.
fn watched(transport: impl HttpTransport, clock: &VirtualClock) -> (Client, Arc<Watcher>) {
    let watcher = Arc::new(Watcher::default());
    let client = over(transport, clock)
        .observer(Arc::clone(&watcher))
        .rate_limiter(Permits::new(clock.clone(), 2, MINUTE))
        .retry(ExponentialBackoff::new().without_jitter())
        .options(CallOptions::new().call_timeout(5 * MINUTE))
        .build()
        .expect("a sound client");
    (client, watcher)
}

#[test]
fn every_attempt_is_reported() {
    let clock = VirtualClock::manual();
    let transport = RecordingTransport::new();
    transport.fail(TransportError::new(TransportErrorKind::Reset, Sent::Maybe));
    transport.respond(ApiError::named(http::StatusCode::BAD_GATEWAY, "Oops").message(""));
    transport.respond(CannedResponse::data(json!({})));
    let (client, watcher) = watched(transport, &clock);
    clock
        .run(client.call(Close::new(ID)))
        .expect("the third attempt succeeds");
    let (zero, pauses) = (Duration::ZERO, [50, 1_000].map(Duration::from_millis));
    assert_eq!(
        watcher.attempts(),
        [
            (
                1,
                [zero, zero],
                zero,
                None,
                Outcome::Failed(ErrorKind::Transport)
            ),
            (
                2,
                [pauses[0], zero],
                zero,
                Some(502),
                Outcome::Failed(ErrorKind::Service)
            ),
            // The pauses are none of its wait for a place, a minute after the first attempt.
            (
                3,
                [pauses[1], MINUTE - pauses[0] - pauses[1]],
                zero,
                Some(200),
                Outcome::Done
            ),
        ]
    );
    assert_eq!(watcher.calls(), [(3, MINUTE, Some(200), Outcome::Done)]);
    let attempts = watcher.attempts.lock().expect("no panic held it");
    assert!(
        attempts
            .iter()
            .all(|one| one.operation == "conversations.close")
    );
}

#[test]
fn reports_have_the_status_that_failed() {
    let lost = || TransportError::new(TransportErrorKind::Reset, Sent::Maybe);
    let clock = VirtualClock::manual();
    let transport = RecordingTransport::new();
    let of = |status| http::StatusCode::from_u16(status).expect("a status");
    let envelope = |status: u16| format!(r#"{{"meta":{{"status":{status}}},"data":{{}}}}"#);
    transport.respond(CannedResponse::bytes(of(201), envelope(200)));
    transport.respond(CannedResponse::bytes(of(200), envelope(404)));
    transport.respond(CannedResponse::bytes(of(502), envelope(403)));
    transport.respond(CannedResponse::bytes(of(200), "no JSON"));
    transport.fail(lost());
    // Whose last attempt has no answer: the status of the one before it is not its own.
    transport.respond(CannedResponse::bytes(of(503), ""));
    transport.fail(lost());
    transport.fail(lost());
    let (client, watcher) = watched(transport.clone(), &clock);
    let once = CallOptions::new().retry(ExponentialBackoff::none());
    clock.run(async {
        let client_once = client.with_options(once.call_timeout(None));
        for _ in 0..5 {
            drop(client_once.call(Reply::new(ID, "Hi")).await);
        }
        drop(client.call(Close::new(ID)).await);
    });
    assert_eq!(transport.unused_responses(), 0);
    let calls: Vec<_> = watcher.calls().into_iter().map(|one| one.2).collect();
    let attempts: Vec<_> = watcher.attempts().into_iter().map(|one| one.3).collect();
    let once = [Some(201), Some(404), Some(502), Some(200), None];
    assert_eq!(calls, [&once[..], &[None]].concat());
    assert_eq!(attempts, [&once[..], &[Some(503), None, None]].concat());
}

#[test]
fn an_attempt_is_timed_without_its_waits() {
    let clock = VirtualClock::manual();
    let service = Service::with_latency(&clock, 60, 0, |_| (2 * SECOND, SECOND));
    let (client, watcher) = watched(service, &clock);
    for _ in 0..3 {
        clock.run(client.call(Close::new(ID))).expect("a success");
    }
    let (zero, took) = (Duration::ZERO, 3 * SECOND);
    assert_eq!(
        watcher.attempts(),
        [
            (1, [zero, zero], took, Some(200), Outcome::Done),
            (1, [zero, zero], took, Some(200), Outcome::Done),
            // A minute after the first was over, three seconds of which the second took.
            (1, [zero, MINUTE - took], took, Some(200), Outcome::Done),
        ]
    );
    assert_eq!(
        watcher.calls(),
        [took, took, MINUTE].map(|took| (1, took, Some(200), Outcome::Done))
    );
}

#[test]
fn calls_that_end_otherwise_are_reported_too() {
    let clock = VirtualClock::manual();
    let service = Service::with_latency(&clock, 60, 0, |_| (2 * SECOND, SECOND));
    let (client, watcher) = watched(service, &clock);
    clock.run(async {
        // Refused before it is sent.
        let invalid = client.call(Reply::new(ID, ""));
        invalid.await.expect_err("an empty reply");
        // Cut off by the deadline in the middle of an attempt.
        let hasty = CallOptions::new()
            .call_timeout(SECOND)
            .attempt_timeout(None);
        let hasty = client.with_options(hasty);
        hasty.call(Close::new(ID)).await.expect_err("too late");
        // Dropped in the middle of an attempt, and while it waits for a place.
        for _ in 0..2 {
            let dropped = clock.timeout(SECOND, Box::pin(client.call(Close::new(ID))));
            assert!(dropped.await.is_none());
        }
        // In vain for a place.
        hasty.call(Close::new(ID)).await.expect_err("no place");
        // Never polled: nothing began.
        drop(client.call(Close::new(ID)));
    });
    let zero = Duration::ZERO;
    let cut_off = (1, [zero, zero], SECOND, None, Outcome::Cancelled);
    assert_eq!(watcher.attempts(), [cut_off, cut_off]);
    let deadline = Outcome::Failed(ErrorKind::Deadline);
    assert_eq!(
        watcher.calls(),
        [
            (0, zero, None, Outcome::Failed(ErrorKind::InvalidRequest)),
            (1, SECOND, None, deadline),
            (1, SECOND, None, Outcome::Cancelled),
            (0, SECOND, None, Outcome::Cancelled),
            // It learns at once that no permit comes in time.
            (0, zero, None, deadline),
        ]
    );
}

/// A destructor may still have something to send.
#[test]
fn calls_during_a_panic_are_reported() {
    struct Last<F: FnMut()>(F);
    impl<F: FnMut()> Drop for Last<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    let clock = VirtualClock::manual();
    let transport = RecordingTransport::new();
    transport.respond(CannedResponse::data(json!({})));
    let (client, watcher) = watched(transport, &clock);
    let close = || drop(clock.run(client.call(Close::new(ID))));
    panic::catch_unwind(AssertUnwindSafe(|| {
        let _last = Last(close);
        panic!("something else")
    }))
    .expect_err("it panics");
    assert_eq!((watcher.attempts().len(), watcher.calls().len()), (1, 1));
}

/// It must not, but what it is told of must not be lost by it.
#[test]
fn a_panicking_observer_loses_no_item() {
    #[derive(Debug)]
    struct Bad;
    impl Observer for Bad {
        fn call(&self, report: &CallReport) {
            assert_ne!(report.outcome, Outcome::Cancelled, "a bug of the observer");
        }
    }
    let clock = VirtualClock::manual();
    let service = Service::with_latency(&clock, 60, 0, |_| (SECOND, SECOND));
    let client = over(service, &clock)
        .observer(Bad)
        .rate_limiter(Permits::new(clock.clone(), 2, MINUTE))
        .build()
        .expect("a sound client");
    let ids = (1..6).map(carrot_core::types::ConversationId::new);
    let mut each = client.call_all(ids, |id| Close::new(*id)).concurrency(4);
    clock.run(async {
        let run = each.run(|_| ControlFlow::Continue(()));
        assert!(clock.timeout(SECOND, run).await.is_none());
    });
    panic::catch_unwind(AssertUnwindSafe(|| each.stop())).expect_err("two calls are dropped");
    let report = clock.run(each.run(|_| ControlFlow::Continue(())));
    assert_eq!((report.succeeded.len(), report.unsent.len()), (2, 2));
    assert_eq!(report.into_rest().count(), 3);
}

/// An observer that panics in its turn would abort the program.
#[test]
fn nothing_is_reported_of_a_call_that_panics() {
    let clock = VirtualClock::manual();
    let transport = RespondWith::new(|_| panic!("a bug of the transport"));
    let (client, watcher) = watched(transport, &clock);
    let call = client.call(Close::new(ID));
    panic::catch_unwind(AssertUnwindSafe(|| clock.run(call))).expect_err("the panic goes through");
    assert_eq!(watcher.attempts(), []);
    assert_eq!(watcher.calls(), []);
}

#[test]
fn listings_and_batches_are_reported_per_call() {
    let clock = VirtualClock::manual();
    let service = Service::new(&clock, 60, 120);
    let (client, watcher) = watched(service, &clock);
    clock.run(async {
        let mut leads = client.items(carrot_core::apps::Leads::new());
        while leads.next().await.expect("a lead").is_some() {}
        let ids = [1, 2].map(carrot_core::types::ConversationId::new);
        let mut each = client.call_all(ids, |id| Close::new(*id));
        each.run(|_| ControlFlow::Continue(())).await;
    });
    let calls = watcher.calls.lock().expect("no panic held it");
    let operations: Vec<&str> = calls.iter().map(|one| one.operation).collect();
    let (leads, close) = ("apps.leads", "conversations.close");
    assert_eq!(operations, [leads, leads, leads, close, close]);
    assert_eq!(watcher.attempts().len(), 5);
}

/// An observer of a program can be tested without a client.
#[test]
fn reports_can_be_constructed() {
    let watcher = Watcher::default();
    let mut attempt = AttemptReport::new("users.get");
    attempt.status = Some(404);
    attempt.outcome = Outcome::Failed(ErrorKind::Service);
    watcher.attempt(&attempt);
    watcher.call(&CallReport::new("users.get"));
    let (zero, refused) = (Duration::ZERO, Outcome::Failed(ErrorKind::Service));
    assert_eq!(
        watcher.attempts(),
        [(1, [zero, zero], zero, Some(404), refused)]
    );
    assert_eq!(watcher.calls(), [(0, zero, None, Outcome::Cancelled)]);

    let kinds = [
        (ErrorKind::InvalidRequest, "invalid_request"),
        (ErrorKind::Transport, "transport"),
        (ErrorKind::Deadline, "deadline"),
        (ErrorKind::RateLimit, "rate_limit"),
        (ErrorKind::Service, "service"),
        (ErrorKind::Unreadable, "unreadable"),
        (ErrorKind::RepeatedCursor, "repeated_cursor"),
        (ErrorKind::MissingCursor, "missing_cursor"),
    ];
    for (kind, label) in kinds {
        assert_eq!(kind.as_str(), label);
    }
}

#[test]
fn reports_show_no_secret() {
    let (clock, transport) = (VirtualClock::manual(), RecordingTransport::new());
    let (client, watcher) = watched(transport.clone(), &clock);
    talk(&client, &transport, &clock);
    assert!(watcher.attempts().len() >= 6);
    assert_hidden("a report", &format!("{watcher:#?}"));
}
