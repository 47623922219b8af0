//! The rate limit: at most the allowed requests, no needless wait, and no task forgotten. In virtual
//! time, against a service that counts requests itself.

mod clocks;
mod plans;

use std::{
    cell::RefCell,
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use async_trait::async_trait;
use carrot_core::rate_limit::{AcquireError, AcquireRequest, Permit, PermitOutcome, Start};
use carrot_core::{
    CallPhase, Clock, ErrorKind, ExponentialBackoff, HttpTransport, LocalRateLimiter, NoRateLimit,
    RateLimiter, Sent, apps,
    client::CallOptions,
    conversations,
    endpoint::Paging,
    transport::TransportErrorKind,
    types::{ConversationId, UserId},
    users,
};
use carrot_testing::{CannedResponse, RecordingTransport, VirtualClock};
use proptest::prelude::*;

use crate::support::{
    SECOND, TOKEN, Watched,
    canary::{E_MAIL, TEXT},
    lost, over,
    simulation::{MINUTE, Permits, Service, Task, most_in, task},
    throttled, watched,
};

/// A client with the whole limit at once and no reserve.
fn client(transport: impl HttpTransport, clock: &VirtualClock) -> Watched {
    client_with(transport, clock, Permits::new(clock.clone(), 60, MINUTE))
}

fn client_with(
    transport: impl HttpTransport,
    clock: &VirtualClock,
    rate_limit: impl RateLimiter,
) -> Watched {
    watched(over(transport, clock).rate_limiter(rate_limit))
}

/// Reads all leads and returns their number.
async fn export(client: &Watched) -> usize {
    let mut leads = client.items(apps::Leads::new().page(Paging::new().single_pass()));
    let mut count = 0;
    while leads.next().await.expect("the next lead").is_some() {
        count += 1;
    }
    count
}

/// Reads 25 pages of leads: part `part` of eight.
async fn export_part(client: Watched, part: u64) -> usize {
    let mut pages =
        client.pages(apps::Leads::new().page(carrot_core::types::Cursor::offset(part * 1_250)));
    let mut count = 0;
    for _ in 0..25 {
        let page = pages.next().await.expect("a page").expect("a page");
        count += page.items.len();
    }
    count
}

#[test]
fn listing_takes_minimal_requests_and_time() {
    let clock = VirtualClock::manual();
    // 50 leads on the first page, and 49 new ones on each other: one comes again, to join the pages. The last
    // page is not full, so that it is known to be the last.
    let leads = 50 + 199 * 49 - 1;
    let service = Service::new(&clock, 60, leads);
    let client = client(service.clone(), &clock);
    assert_eq!(clock.run(export(&client)), leads as usize);
    assert_eq!(service.accepted().len(), 200);
    // 60 requests at once, 60 more after each minute, and the last 20 after three minutes.
    assert_eq!(clock.now(), 180 * SECOND);
    assert_eq!((service.rejected(), service.most_in_a_minute()), (0, 60));
}

#[test]
fn clones_share_one_rate_limit() {
    let clock = VirtualClock::manual();
    let service = Service::new(&clock, 60, 10_000);
    let client = client(service.clone(), &clock);
    let tasks = (0..8).map(|part| export_part(client.clone(), part));
    let counts = clock.run_all(tasks);
    assert_eq!(counts, [50 + 24 * 49; 8]);
    assert_eq!(service.accepted().len(), 200);
    assert_eq!(clock.now(), 180 * SECOND);
    assert_eq!((service.rejected(), service.most_in_a_minute()), (0, 60));
}

#[test]
fn two_clients_share_one_rate_limiter() {
    let clock = VirtualClock::manual();
    let service = Service::new(&clock, 60, 10_000);
    let rate_limit = Arc::new(Permits::new(clock.clone(), 60, MINUTE));
    let clients = [(); 2].map(|()| client_with(service.clone(), &clock, Arc::clone(&rate_limit)));
    let tasks = (0..8).map(|part| {
        let client = &clients[usize::from(part % 2 == 0)];
        export_part(client.clone(), part)
    });
    assert_eq!(clock.run_all(tasks), [50 + 24 * 49; 8]);
    assert_eq!(service.accepted().len(), 200);
    assert_eq!(clock.now(), 180 * SECOND);
    assert_eq!((service.rejected(), service.most_in_a_minute()), (0, 60));
}

/// Proves that the service of these tests rejects a client that exceeds the limit.
#[test]
fn test_service_rejects_requests_above_limit() {
    for (limit, unlimited) in [(59, false), (60, true)] {
        let clock = VirtualClock::manual();
        let service = Service::new(&clock, limit, 10_000);
        let client = match unlimited {
            true => client_with(service.clone(), &clock, NoRateLimit::new()),
            false => client(service.clone(), &clock),
        };
        let requests = (0..61).map(|_| {
            let client = client.with_options(CallOptions::new().retry(ExponentialBackoff::none()));
            task(async move { client.call(apps::Leads::new()).await.is_ok() })
        });
        clock.run_all(requests);
        assert_eq!(service.rejected(), 1);
    }
}

/// Returns a pseudorandom latency of at most `most`.
fn travel(request: usize, salt: u64, most: u64) -> Duration {
    let mixed = (request as u64 + salt).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Duration::from_millis((mixed >> 33) % most)
}

#[test]
fn arrivals_stay_within_limit_despite_latency() {
    let clock = VirtualClock::manual();
    let service = Service::with_latency(&clock, 60, 10_000, |request| {
        (travel(request, 1, 7_000), travel(request, 2, 2_000))
    });
    let client = client(service.clone(), &clock);
    let tasks = (0..8).map(|part| export_part(client.clone(), part));
    assert_eq!(clock.run_all(tasks), [50 + 24 * 49; 8]);
    assert_eq!(service.accepted().len(), 200);
    assert_eq!(service.rejected(), 0);
    assert!(service.most_in_a_minute() <= 60);
    assert_eq!(service.most_in_flight(), 8);
    // A permit is free a minute after its response, so each round adds one latency.
    assert!(clock.now() >= 180 * SECOND && clock.now() < 240 * SECOND);
}

#[test]
fn slow_request_and_later_burst_stay_within_limit() {
    let clock = VirtualClock::manual();
    // The first request travels for nine seconds; the others arrive at once.
    let service = Service::with_latency(&clock, 60, 10_000, |request| match request {
        1 => (9 * SECOND, Duration::ZERO),
        _ => (Duration::ZERO, Duration::ZERO),
    });
    let client = client(service.clone(), &clock);
    let patient = client.with_options(CallOptions::new().call_timeout(None));
    let tasks = (0..120).map(|_| {
        let client = patient.clone();
        task(async move { client.call(apps::Leads::new()).await.map(drop) })
    });
    for result in clock.run_all(tasks) {
        result.expect("a page");
    }
    assert_eq!((service.rejected(), service.most_in_a_minute()), (0, 60));
}

#[test]
fn permit_is_free_one_window_after_completion() {
    let clock = VirtualClock::manual();
    let rate_limit = Permits::new(clock.clone(), 2, MINUTE);
    let moment = Duration::from_nanos(1);
    assert_eq!(rate_limit.count(), 2);
    // A request in flight keeps its permit.
    clock.advance(10 * MINUTE);
    assert_eq!(rate_limit.count(), 0);
    rate_limit.release();
    clock.advance(20 * SECOND);
    rate_limit.release();
    clock.advance(40 * SECOND - moment);
    assert_eq!(rate_limit.count(), 0);
    clock.advance(moment);
    assert_eq!(rate_limit.count(), 1);
    clock.advance(20 * SECOND - moment);
    assert_eq!(rate_limit.count(), 0);
    clock.advance(moment);
    assert_eq!(rate_limit.count(), 1);
}

#[test]
fn permits_are_granted_in_order() {
    let clock = VirtualClock::manual();
    let rate_limit = Permits::new(clock.clone(), 3, MINUTE);
    let order = RefCell::new(Vec::new());
    let come = async |number: u64| {
        // The last task of the list comes first.
        clock.sleep(Duration::from_secs(20 - number)).await;
        rate_limit.acquire().await;
        order.borrow_mut().push((number, clock.now().as_secs()));
        rate_limit.release();
    };
    clock.run_all((0..9).map(come));
    let expected = [
        (8, 12),
        (7, 13),
        (6, 14),
        (5, 72),
        (4, 73),
        (3, 74),
        (2, 132),
        (1, 133),
        (0, 134),
    ];
    assert_eq!(*order.borrow(), expected);
}

#[test]
fn cancelled_wait_passes_permit_on() {
    let clock = VirtualClock::manual();
    let rate_limit = Permits::new(clock.clone(), 1, MINUTE);
    let come = async |patience: Option<Duration>| {
        match patience {
            None => rate_limit.acquire().await,
            Some(patience) => clock.timeout(patience, rate_limit.acquire()).await?,
        }
        let started = clock.now();
        rate_limit.release();
        Some(started.as_secs())
    };
    let patience = [None, Some(10 * SECOND), None, Some(90 * SECOND), None];
    let started = clock.run_all(patience.map(come));
    assert_eq!(started, [Some(0), None, Some(60), None, Some(120)]);
}

#[test]
fn cancelled_wait_passes_permit_on_during_request() {
    let clock = VirtualClock::manual();
    let rate_limit = Permits::new(clock.clone(), 2, MINUTE);
    let slow = async {
        rate_limit.acquire().await;
        clock.sleep(100 * SECOND).await;
        rate_limit.release();
        0
    };
    let fast = async {
        rate_limit.acquire().await;
        rate_limit.release();
        0
    };
    let hasty = async {
        let cancelled = clock.timeout(5 * SECOND, rate_limit.acquire()).await;
        assert!(cancelled.is_none());
        0
    };
    let last = async {
        rate_limit.acquire().await;
        rate_limit.release();
        clock.now().as_secs()
    };
    let ends = clock.run_all(vec![task(slow), task(fast), task(hasty), task(last)]);
    assert_eq!(ends[3], 60);
}

#[test]
fn call_without_time_for_permit_fails_with_advice() {
    let clock = VirtualClock::manual();
    let service = Service::new(&clock, 60, 10);
    let client = client(service.clone(), &clock);
    clock.run(async {
        for _ in 0..60 {
            client.call(apps::Leads::new()).await.expect("a page");
        }
        let error = client
            .call(conversations::Reply::new(ConversationId::new(1), TEXT))
            .await
            .expect_err("no permit for a minute");
        assert_eq!(
            error.to_string(),
            "conversations.reply: no permit in time: the next one is at least 60 s away, and the call has \
             30 s left in which an attempt must finish; the request was not sent (before the first \
             attempt); `call_timeout` allows more; or read lists with `pages` or `items`, or set another \
             rate limit"
        );
        assert_eq!(error.phase(), Some(CallPhase::RateLimit));
        assert_eq!(
            (error.kind(), error.sent()),
            (ErrorKind::Deadline, Sent::Never)
        );
        assert!(!error.may_have_been_applied() && error.is_timeout());
        assert_eq!(error.attempts(), 0);
        assert_eq!(error.retry_after(), Some(MINUTE));
        assert_eq!(clock.now(), Duration::ZERO, "not at the deadline");

        // More time helps, and so does a listing.
        let patient = client.with_options(CallOptions::new().call_timeout(70 * SECOND));
        let reply = patient
            .call(conversations::Close::new(ConversationId::new(1)))
            .await;
        reply.expect("enough time");
        assert_eq!(clock.now(), 60 * SECOND);
    });
    assert_eq!((service.accepted().len(), service.rejected()), (61, 0));
}

#[test]
fn wait_beyond_deadline_sends_nothing() {
    let clock = VirtualClock::manual();
    let service = Service::new(&clock, 60, 10);
    let rate_limit = Arc::new(Permits::new(clock.clone(), 1, MINUTE));
    let client = client_with(service.clone(), &clock, Arc::clone(&rate_limit))
        .with_options(CallOptions::new().call_timeout(2 * MINUTE));
    clock.run(client.call(apps::Leads::new())).expect("a page");
    let mut call = Box::pin(client.call(conversations::Reply::new(ConversationId::new(1), TEXT)));
    assert!(crate::support::poll(call.as_mut()).is_pending());
    // As on a machine that was suspended: a permit is free, but the deadline has passed.
    clock.advance(60 * MINUTE);
    let Poll::Ready(result) = crate::support::poll(call.as_mut()) else {
        panic!("the deadline passed")
    };
    let error = result.expect_err("the deadline passed");
    assert_eq!(error.phase(), Some(CallPhase::RateLimit));
    assert_eq!((error.attempts(), error.sent()), (0, Sent::Never));
    assert_eq!(service.accepted().len(), 1);
    clock.advance(MINUTE);
    assert_eq!(rate_limit.count(), 1, "the permit was returned");
}

#[test]
fn all_calls_wait_for_retry_after() {
    for (retry_after, pauses) in [
        (None, 1_500..=2_500),
        (Some("0"), 1_500..=2_500),
        (Some("17"), 17_000..=17_000),
        (Some("3600"), 3_600_000..=3_600_000),
    ] {
        let clock = VirtualClock::manual();
        let transport = RecordingTransport::new();
        let rejection = throttled(format!("{TOKEN} {E_MAIL}"), retry_after);
        transport.respond(CannedResponse::response(rejection));
        (0..3).for_each(|_| transport.respond(CannedResponse::data(serde_json::json!({}))));
        let builder = over(transport.clone(), &clock)
            .retry(
                ExponentialBackoff::new()
                    .without_jitter()
                    .max_retry_after(2 * 60 * MINUTE),
            )
            .options(CallOptions::new().call_timeout(None));
        let client = watched(builder);
        let ended = async || {
            let call = client.call(users::UnsubscribeEmail::new(UserId::new(1)));
            call.await.expect("a response");
            clock.now().as_millis()
        };
        let late = async || {
            clock.sleep(SECOND / 2).await;
            ended().await
        };
        let ends = clock.run_all(vec![task(ended()), task(late()), task(late())]);
        assert!(
            ends.iter().all(|end| pauses.contains(end)),
            "{retry_after:?}: {ends:?}"
        );
        assert_eq!(transport.requests().len(), 4);
    }
}

#[test]
fn half_limit_is_found_with_few_rejections() {
    let clock = VirtualClock::manual();
    let leads = 50 + 119 * 49 - 1;
    let service = Service::new(&clock, 30, leads);
    let client = client(service.clone(), &clock);
    assert_eq!(clock.run(export(&client)), leads as usize);
    assert_eq!(service.accepted().len(), 120);
    assert!(service.most_in_a_minute() <= 30);
    // 120 requests take at least three minutes; finding the limit may take as long again.
    assert!(clock.now() >= 3 * MINUTE);
    assert!(clock.now() <= 8 * MINUTE, "{:?}", clock.now());
    assert!(
        (1..=4).contains(&service.rejected()),
        "{}",
        service.rejected()
    );
}

/// A rate limiter whose store sometimes fails.
#[derive(Debug, Default)]
struct Shaky(AtomicUsize);

#[async_trait]
impl RateLimiter for Shaky {
    async fn acquire(&self, _request: &AcquireRequest) -> Result<Permit, AcquireError> {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            0 => Ok(Permit::unlimited()),
            _ => Err(AcquireError::Store("the store is down".into())),
        }
    }
}

#[test]
fn store_error_keeps_state_of_earlier_attempts() {
    let clock = VirtualClock::manual();
    let quoted = format!("could not send `Token {TOKEN}`");
    let transport = RecordingTransport::new().with_default(lost(
        TransportErrorKind::Reset,
        Sent::Maybe,
        quoted,
    ));
    let client = client_with(transport, &clock, Shaky::default());
    clock.run(async {
        let call = client.call(conversations::Close::new(ConversationId::new(1)));
        let error = call.await.expect_err("the store is down");
        assert_eq!(
            error.to_string(),
            "conversations.close: the store failed: the store is down; the request may have reached the server"
        );
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::RateLimit, 1));
        assert!(error.may_have_been_applied());

        let call = client.call(conversations::Close::new(ConversationId::new(1)));
        let error = call.await.expect_err("the store is down");
        assert_eq!((error.sent(), error.attempts()), (Sent::Never, 0));
        assert!(!error.may_have_been_applied());
    });
}
