//! `call_all`: concurrency, failures, and how to stop and resume.

mod polled;
mod starving;
mod throttled;

use std::{cell::RefCell, ops::ControlFlow, pin::pin};

use carrot_core::{
    ClientBuilder, Clock, ErrorKind, ExponentialBackoff, HttpTransport, LocalRateLimiter,
    NoRateLimit, Sent, TransportError,
    conversations::{AddTag, Close, Reply},
    jobs::{CancelledItem, Progress},
    transport::TransportErrorKind,
    types::ConversationId,
};
use carrot_testing::{
    ApiError, CannedResponse, RecordingTransport, VirtualClock, stub::RespondWith,
};
use serde_json::json;

use crate::support::simulation::Permits;
use crate::support::{
    SECOND, Watched,
    canary::assert_error_hides_all,
    over,
    simulation::{MINUTE, Service},
    watched,
};

fn builder(transport: impl HttpTransport, clock: &VirtualClock) -> ClientBuilder {
    let whole = Permits::new(clock.clone(), 60, 60 * SECOND);
    over(transport, clock).rate_limiter(whole)
}

fn client(transport: impl HttpTransport, clock: &VirtualClock) -> Watched {
    watched(builder(transport, clock))
}

/// A service whose responses take two seconds, and a client of it.
fn two_seconds_away() -> (VirtualClock, Service, Watched) {
    let clock = VirtualClock::manual();
    let service = Service::with_latency(&clock, 60, 0, |_| (SECOND, SECOND));
    let client = client(service.clone(), &clock);
    (clock, service, client)
}

fn ids(numbers: impl IntoIterator<Item = u64>) -> impl Iterator<Item = ConversationId> {
    numbers.into_iter().map(ConversationId::new)
}

fn run_all(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn close(id: &ConversationId) -> Close {
    Close::new(*id)
}

#[test]
fn concurrency_is_eight_by_default() {
    for (requested, most) in [(None, 8), (Some(3), 3), (Some(0), 1), (Some(1_000), 50)] {
        let (clock, service, client) = two_seconds_away();
        let mut calls = client.call_all(ids(1..51), close);
        if let Some(limit) = requested {
            calls = calls.concurrency(limit);
        }
        let report = clock.run(calls.run(run_all));
        assert_eq!((report.succeeded.len(), report.failed.len()), (50, 0));
        assert_eq!(service.most_in_flight(), most);
        assert_eq!(service.accepted().len(), 50);
        // The least number of rounds of two seconds.
        let rounds = 50_u32.div_ceil(most as u32);
        assert_eq!(clock.now(), 2 * SECOND * rounds);
    }
}

#[test]
fn rate_limit_holds_for_any_concurrency() {
    let clock = VirtualClock::manual();
    let service = Service::new(&clock, 60, 0);
    let client = client(service.clone(), &clock);
    let mut calls = client.call_all(ids(1..131), close).concurrency(100);
    let report = clock.run(calls.run(run_all));
    // The deadline of 30 seconds does not apply: a job waits for the rate limit.
    assert_eq!((report.succeeded.len(), report.failed.len()), (130, 0));
    assert_eq!((service.rejected(), service.most_in_a_minute()), (0, 60));
    assert_eq!(clock.now(), 120 * SECOND);
}

#[test]
fn items_start_in_order() {
    let (clock, transport) = (VirtualClock::manual(), RecordingTransport::new());
    (0..20).for_each(|_| transport.respond(CannedResponse::data(json!({}))));
    let client = client(transport.clone(), &clock);
    // This transport responds at once, so every call ends at its first poll.
    let mut calls = client.call_all(ids(1..21), close).concurrency(3);
    let report = clock.run(calls.run(run_all));
    let started: Vec<String> = transport
        .requests()
        .iter()
        .map(|request| request.path().to_owned())
        .collect();
    let expected: Vec<String> = (1..21)
        .map(|id| format!("/v2/conversations/{id}/close"))
        .collect();
    assert_eq!(started, expected);
    let ended: Vec<u64> = report.succeeded.iter().map(|(id, _)| id.get()).collect();
    assert!(ended.into_iter().eq(1..21));
}

#[test]
fn a_failure_does_not_stop_other_items() {
    let (clock, transport) = (VirtualClock::manual(), RecordingTransport::new());
    transport.respond(CannedResponse::data(json!({"id": 1})));
    transport.fail(TransportError::new(TransportErrorKind::Reset, Sent::Maybe));
    transport
        .respond(ApiError::named(http::StatusCode::NOT_FOUND, "LookupError").message("no such"));
    transport.respond(CannedResponse::data(json!({"id": 5})));
    let client = client(transport.clone(), &clock);
    let watched = RefCell::new(Vec::new());
    let texts = ["one", "two", "three", "", "five"].map(str::to_owned);
    let mut calls = client
        .call_all(texts, |text| {
            Reply::new(ConversationId::new(1), text.clone())
        })
        .concurrency(1);
    let report = clock.run(calls.run(|progress| {
        watched.borrow_mut().push(*progress);
        ControlFlow::Continue(())
    }));

    let succeeded: Vec<&str> = report.succeeded.iter().map(|(text, _)| &**text).collect();
    assert_eq!(succeeded, ["one", "five"]);
    let errors = report.failed.iter().map(|(_, error)| error);
    errors.for_each(assert_error_hides_all);
    let failed: Vec<_> = report
        .failed
        .iter()
        .map(|(text, error)| (&**text, error.kind(), error.may_have_been_applied()))
        .collect();
    assert_eq!(
        failed,
        [
            ("two", ErrorKind::Transport, true),
            ("three", ErrorKind::Service, false),
            ("", ErrorKind::InvalidRequest, false),
        ]
    );
    assert_eq!(transport.requests().len(), 4, "the empty text was not sent");

    let steps: Vec<_> = watched
        .into_inner()
        .iter()
        .map(|progress: &Progress| (progress.started, progress.succeeded, progress.failed))
        .collect();
    assert_eq!(
        steps,
        [(1, 1, 0), (2, 1, 1), (3, 1, 2), (4, 1, 3), (5, 2, 3)]
    );
}

#[test]
fn idempotent_calls_are_retried() {
    let (clock, transport) = (VirtualClock::manual(), RecordingTransport::new());
    transport.respond(CannedResponse::data(json!({})));
    transport.fail(TransportError::new(TransportErrorKind::Reset, Sent::Maybe));
    let code = "ConversationTagAlreadyAssigned";
    transport.respond(ApiError::named(http::StatusCode::BAD_REQUEST, code).message(""));
    transport.respond(CannedResponse::data(json!({})));
    let client = client(transport.clone(), &clock);
    let mut calls = client
        .call_all(ids(1..4), |id| AddTag::new(*id, "vip"))
        .concurrency(1);
    let report = clock.run(calls.run(run_all));
    assert_eq!((report.succeeded.len(), report.failed.len()), (3, 0));
    assert_eq!(transport.requests().len(), 4);
}

#[test]
fn a_list_can_be_run_twice() {
    let (clock, transport) = (VirtualClock::manual(), RecordingTransport::new());
    let done = json!({"id": 5, "part_group": 6});
    transport.respond(CannedResponse::data(done));
    for _ in 0..3 {
        let code = "ConversationTagAlreadyAssigned";
        transport.respond(ApiError::named(http::StatusCode::BAD_REQUEST, code).message(""));
    }
    let client = client(transport, &clock);
    let mut changed = Vec::new();
    for _ in 0..2 {
        let mut all = client
            .call_all(ids(1..3), |id| AddTag::new(*id, "vip"))
            .concurrency(1);
        let report = clock.run(all.run(run_all));
        assert_eq!(report.failed.len(), 0);
        changed.extend(
            report
                .succeeded
                .iter()
                .map(|(_, receipt)| receipt.changed()),
        );
    }
    assert_eq!(changed, [true, false, false, false]);
}

#[test]
fn stopped_run_can_be_resumed() {
    let (clock, service, client) = two_seconds_away();
    let mut seen = Vec::new();
    let mut calls = client.call_all(ids(1..21), close).concurrency(4);
    let rest = clock.run(async {
        for _ in 0..6 {
            let outcome = calls.next().await.expect("an item");
            outcome.result.expect("a success");
            seen.push(outcome.item.get());
        }
        calls.stop();
        // A ninth call was started but not sent yet.
        assert_eq!(calls.progress().started, 8);
        while let Some(outcome) = calls.next().await {
            seen.push(outcome.item.get());
        }
        assert!(calls.next().await.is_none(), "and stays ended");
        assert_eq!(calls.progress().succeeded, 8);
        let report = calls.into_report();
        assert!(report.succeeded.is_empty(), "`next` returned it");
        assert!(report.failed.is_empty() && report.cancelled.is_empty());
        report.into_rest()
    });
    assert_eq!((service.accepted().len(), service.in_flight()), (8, 0));
    let mut calls = client.call_all(rest, close);
    clock.run(async {
        while let Some(outcome) = calls.next().await {
            seen.push(outcome.item.get());
        }
    });
    assert!(
        seen.into_iter().eq(1..21),
        "every item once, in their order"
    );
    assert_eq!(service.accepted().len(), 20);
}

#[test]
fn no_items_send_nothing() {
    let clock = VirtualClock::manual();
    let service = Service::new(&clock, 60, 0);
    let client = client(service.clone(), &clock);
    let watched = RefCell::new(0);
    let mut calls = client.call_all(ids([]), close);
    let report = clock.run(calls.run(|_| {
        *watched.borrow_mut() += 1;
        ControlFlow::Continue(())
    }));
    assert!(report.rest.is_none() && report.cancelled.is_empty());
    assert!(report.succeeded.is_empty() && report.failed.is_empty());
    assert_eq!((service.accepted().len(), *watched.borrow()), (0, 0));

    let mut stopped = client.call_all(ids(1..6), close);
    stopped.stop();
    assert!(clock.run(stopped.next()).is_none());
    assert_eq!(stopped.into_report().into_rest().count(), 5);
}

/// The numbers of the conversations, in their order.
fn numbers<T>(list: &[(ConversationId, T)]) -> Vec<u64> {
    let mut numbers: Vec<u64> = list.iter().map(|(id, _)| id.get()).collect();
    numbers.sort_unstable();
    numbers
}

fn cancelled(list: &[CancelledItem<ConversationId>]) -> Vec<u64> {
    let mut numbers: Vec<u64> = list.iter().map(|cancelled| cancelled.item.get()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn callback_can_stop_the_run() {
    let (clock, service, client) = two_seconds_away();
    let mut reported = 0;
    let report = clock.run(
        client
            .call_all(ids(1..21), close)
            .concurrency(4)
            .run(|progress| {
                reported += 1;
                match progress.succeeded {
                    6 => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            }),
    );
    // Eight calls were sent before the sixth result was reported; two of them ended after it.
    assert_eq!(numbers(&report.succeeded), (1..9).collect::<Vec<_>>());
    assert_eq!(
        (service.accepted().len(), service.in_flight(), reported),
        (8, 0, 8)
    );
    assert!(report.failed.is_empty() && report.cancelled.is_empty());
    let rest = report.into_rest();
    let report = clock.run(client.call_all(rest, close).run(run_all));
    assert_eq!(numbers(&report.succeeded), (9..21).collect::<Vec<_>>());
    assert!(report.rest.is_none(), "all were started");
    assert_eq!(service.accepted().len(), 20, "each once");
}

#[test]
fn dropped_run_can_be_resumed() {
    for limit in 0..14 {
        let (clock, service, client) = two_seconds_away();
        let mut calls = client.call_all(ids(1..21), close).concurrency(4);
        let mut reported = 0;
        clock.run(async {
            let run = calls.run(|_| {
                reported += 1;
                ControlFlow::Continue(())
            });
            let _ = clock.timeout(limit * SECOND, run).await;
        });
        // Ten seconds are enough; what a finished run reported is not reported again.
        let ended = limit >= 10;
        let report = clock.run(calls.run(run_all));
        let expected = if ended { vec![] } else { (1..21).collect() };
        assert_eq!(
            numbers(&report.succeeded),
            expected,
            "dropped after {limit} s"
        );
        assert!(
            ended || reported == 4 * (limit as usize / 2),
            "{reported} after {limit} s"
        );
        assert_eq!(service.accepted().len(), 20, "each once");
        assert_eq!(calls.progress().succeeded, 20);
    }
}

#[test]
fn calls_waiting_for_a_permit_are_returned_unsent() {
    let start = || {
        let (clock, service, client) = two_seconds_away();
        (
            client.call_all(ids(1..81), close).concurrency(70),
            service,
            clock,
        )
    };
    let waiting = |unsent: &[ConversationId]| unsent.iter().copied().eq(ids(61..71));

    // A stop waits for the calls that were sent, but not a minute for the others.
    let (mut calls, service, clock) = start();
    let report = clock.run(calls.run(|_| ControlFlow::Break(())));
    assert_eq!(numbers(&report.succeeded), (1..61).collect::<Vec<_>>());
    assert!(waiting(&report.unsent), "{:?}", report.unsent);
    assert_eq!((service.accepted().len(), clock.now()), (60, 2 * SECOND));
    assert_eq!(calls.progress().started, 60);
    assert!(report.into_rest().eq(ids(61..81)));

    // A cancelled call was sent.
    let (mut calls, _, clock) = start();
    let run = clock.timeout(SECOND / 2, calls.run(run_all));
    assert!(clock.run(run).is_none());
    let report = calls.into_report();
    assert_eq!(cancelled(&report.cancelled), (1..61).collect::<Vec<_>>());
    assert!(waiting(&report.unsent), "{:?}", report.unsent);
}

#[test]
fn calls_between_attempts_are_returned_if_unapplied() {
    let rejected = |transport: &RecordingTransport| {
        transport.respond(
            ApiError::named(http::StatusCode::TOO_MANY_REQUESTS, "RequestLimitExceeded")
                .message(""),
        );
    };
    let lost = |transport: &RecordingTransport| {
        transport.fail(TransportError::new(TransportErrorKind::Reset, Sent::Maybe));
    };
    let never_sent = |transport: &RecordingTransport| {
        transport.fail(TransportError::new(
            TransportErrorKind::Connect,
            Sent::Never,
        ));
    };
    for (fail, unsent) in [
        (&rejected as &dyn Fn(&RecordingTransport), 1),
        (&never_sent, 1),
        (&lost, 0),
    ] {
        let (clock, transport) = (VirtualClock::manual(), RecordingTransport::new());
        fail(&transport);
        transport.respond(CannedResponse::data(json!({})));
        let client = client(transport.clone(), &clock);
        let mut calls = client.call_all(ids(1..2), close);
        assert!(
            crate::support::poll(pin!(calls.next())).is_pending(),
            "the pause"
        );
        calls.stop();
        let report = clock.run(calls.run(run_all));
        assert_eq!(
            (report.unsent.len(), report.succeeded.len()),
            (unsent, 1 - unsent)
        );
        assert_eq!(transport.requests().len(), 2 - unsent);
        // What is taken back has not started.
        assert_eq!(calls.progress().started, 1 - unsent);
    }
}

#[test]
fn stopping_anywhere_applies_every_item_once() {
    for polls in 0.. {
        let clock = VirtualClock::manual();
        let service = Service::with_latency(&clock, 7, 0, |_| (SECOND, SECOND));
        let rate_limit = Permits::new(clock.clone(), 7, MINUTE);
        let client = watched(builder(service.clone(), &clock).rate_limiter(rate_limit));
        let mut calls = client.call_all(ids(1..21), close).concurrency(5);
        let mut done = 0;
        let ended = {
            let mut run = pin!(calls.run(run_all));
            (0..polls).any(|_| clock.step(run.as_mut()).is_ready())
        };
        if ended {
            assert!(polls > 10, "{polls} polls");
            break;
        }
        calls.stop();
        let report = clock.run(calls.run(run_all));
        assert!(report.failed.is_empty() && report.cancelled.is_empty());
        done += report.succeeded.len();
        assert_eq!(
            service.accepted().len(),
            done,
            "stopped after {polls} polls"
        );
        let mut rest = client.call_all(report.into_rest(), close);
        done += clock.run(rest.run(run_all)).succeeded.len();
        assert_eq!((service.accepted().len(), done), (20, 20));
    }
}

#[test]
fn cancelled_items_tell_whether_idempotent() {
    let (clock, service, client) = two_seconds_away();
    let mut calls = client.call_all(ids(1..21), close).concurrency(4);
    let run = clock.timeout(3 * SECOND, calls.run(run_all));
    assert!(clock.run(run).is_none());
    let report = calls.into_report();
    assert_eq!(service.in_flight(), 0, "no request is in flight");
    assert_eq!(numbers(&report.succeeded), [1, 2, 3, 4]);
    assert_eq!(cancelled(&report.cancelled), [5, 6, 7, 8]);
    assert!(
        report
            .cancelled
            .iter()
            .all(|cancelled| cancelled.is_idempotent)
    );
    let rest: Vec<u64> = report
        .rest
        .expect("twelve are left")
        .map(ConversationId::get)
        .collect();
    assert_eq!(rest, (9..21).collect::<Vec<_>>());

    let mut replies = client.call_all(ids(1..3), |id| Reply::new(*id, "Hi"));
    assert!(crate::support::poll(pin!(replies.next())).is_pending());
    let report = replies.into_report();
    assert_eq!(cancelled(&report.cancelled), [1, 2]);
    assert!(
        report
            .cancelled
            .iter()
            .all(|cancelled| !cancelled.is_idempotent)
    );
    assert!(report.rest.is_none(), "none is left");
}
