//! The reports to an observer. No report contains personal data or the token.

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

/// Number, pause and wait, duration, status and outcome of an attempt.
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

    /// Attempts, duration, status and outcome of every call.
    fn calls(&self) -> Vec<(u32, Duration, Option<u16>, Outcome)> {
        let calls = self.calls.lock().expect("no panic held it");
        calls
            .iter()
            .map(|one| (one.attempts, one.took, one.status, one.outcome))
            .collect()
    }
}

/// A client with an observer, which may make two requests in a minute.
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
    let (zero, half, failed) = (Duration::ZERO, SECOND / 2, Outcome::Failed);
    // For a permit, a minute after the first attempt, without the pauses.
    let waited = MINUTE - half - SECOND;
    assert_eq!(
        watcher.attempts(),
        [
            (1, [zero, zero], zero, None, failed(ErrorKind::Transport)),
            (2, [half, zero], zero, Some(502), failed(ErrorKind::Service)),
            (3, [SECOND, waited], zero, Some(200), Outcome::Done),
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
    // The last attempt has no response, so the status of the attempt before it does not count.
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
        let thrice = ExponentialBackoff::new().max_unavailable_attempts(3);
        let client = client.with_options(CallOptions::new().call_timeout(None).retry(thrice));
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
fn attempt_duration_excludes_waits() {
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
            // A minute after the first attempt, less three seconds of the second.
            (1, [zero, MINUTE - took], took, Some(200), Outcome::Done),
        ]
    );
    assert_eq!(
        watcher.calls(),
        [took, took, MINUTE].map(|took| (1, took, Some(200), Outcome::Done))
    );
}

#[test]
fn failed_and_cancelled_calls_are_reported() {
    let clock = VirtualClock::manual();
    let service = Service::with_latency(&clock, 60, 0, |_| (2 * SECOND, SECOND));
    let (client, watcher) = watched(service, &clock);
    clock.run(async {
        // Rejected before it is sent.
        let invalid = client.call(Reply::new(ID, ""));
        invalid.await.expect_err("an empty reply");
        // Cancelled by the deadline in the middle of an attempt.
        let hasty = CallOptions::new()
            .call_timeout(SECOND)
            .attempt_timeout(None);
        let hasty = client.with_options(hasty);
        hasty.call(Close::new(ID)).await.expect_err("too late");
        // Dropped in the middle of an attempt, and while it waits for a permit.
        for _ in 0..2 {
            let dropped = clock.timeout(SECOND, Box::pin(client.call(Close::new(ID))));
            assert!(dropped.await.is_none());
        }
        // No permit in time.
        hasty.call(Close::new(ID)).await.expect_err("no permit");
        // Never polled, so never started.
        drop(client.call(Close::new(ID)));
    });
    let zero = Duration::ZERO;
    let cancelled = (1, [zero, zero], SECOND, None, Outcome::Cancelled);
    assert_eq!(watcher.attempts(), [cancelled, cancelled]);
    let deadline = Outcome::Failed(ErrorKind::Deadline);
    assert_eq!(
        watcher.calls(),
        [
            (0, zero, None, Outcome::Failed(ErrorKind::InvalidRequest)),
            (1, SECOND, None, deadline),
            (1, SECOND, None, Outcome::Cancelled),
            (0, SECOND, None, Outcome::Cancelled),
            // Fails at once, since no permit is free in time.
            (0, zero, None, deadline),
        ]
    );
}

/// A destructor may make a call.
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

/// An observer must not panic, but its panic must not lose an item.
#[test]
fn panicking_observer_loses_no_item() {
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
    let mut calls = client.call_all(ids, |id| Close::new(*id)).concurrency(4);
    clock.run(async {
        let run = calls.run(|_| ControlFlow::Continue(()));
        assert!(clock.timeout(SECOND, run).await.is_none());
    });
    panic::catch_unwind(AssertUnwindSafe(|| calls.stop())).expect_err("two calls are dropped");
    let report = clock.run(calls.run(|_| ControlFlow::Continue(())));
    assert_eq!((report.succeeded.len(), report.unsent.len()), (2, 2));
    assert_eq!(report.into_rest().count(), 3);
}

/// An observer that panics during a panic would abort the program.
#[test]
fn call_that_panics_is_not_reported() {
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
        let mut calls = client.call_all(ids, |id| Close::new(*id));
        calls.run(|_| ControlFlow::Continue(())).await;
    });
    let calls = watcher.calls.lock().expect("no panic held it");
    let operations: Vec<&str> = calls.iter().map(|one| one.operation).collect();
    // Three pages, which are read twice.
    let leads = ["apps.leads"; 6];
    assert_eq!(operations[..6], leads);
    assert_eq!(operations[6..], ["conversations.close"; 2]);
    assert_eq!(watcher.attempts().len(), 8);
}

/// For tests of an observer without a client.
#[test]
fn reports_can_be_constructed() {
    let watcher = Watcher::default();
    let mut attempt = AttemptReport::new("users.get");
    attempt.status = Some(404);
    attempt.outcome = Outcome::Failed(ErrorKind::Service);
    watcher.attempt(&attempt);
    watcher.call(&CallReport::new("users.get"));
    let (zero, rejected) = (Duration::ZERO, Outcome::Failed(ErrorKind::Service));
    assert_eq!(
        watcher.attempts(),
        [(1, [zero, zero], zero, Some(404), rejected)]
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
