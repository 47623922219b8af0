//! Jobs that the service throttles.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use carrot_testing::stub::SendWith;

use super::*;
use crate::support::throttled as rejection;

/// The first eight responses are 429, each with another `Retry-After`. 120 requests take at least two
/// minutes.
#[test]
fn limit_recovers_from_429s_within_four_minutes() {
    let clock = VirtualClock::manual();
    let service = Service::with_latency(&clock, 60, 0, |_| (SECOND / 10, SECOND / 10));
    let requests = AtomicUsize::new(0);
    let rejecting = SendWith::new(move |request| {
        let number = requests.fetch_add(1, Ordering::Relaxed);
        let service = service.clone();
        async move {
            let response = service.send(request).await?;
            if number >= 8 {
                return Ok(response);
            }
            let at = Some("Thu, 01 Jan 1970 00:00:05 GMT");
            let retry_after = [Some("0"), Some("1"), None, Some("2.7"), at][number % 5];
            let mut rejected = rejection(String::new(), retry_after);
            let date = http::HeaderValue::from_static("Thu, 01 Jan 1970 00:00:01 GMT");
            rejected.headers_mut().insert("date", date);
            Ok(rejected)
        }
    });
    let client = watched(over(rejecting, &clock));
    let mut calls = client.call_all(ids(1..121), close);
    let report = clock.run(calls.run(run_all));
    assert_eq!((report.succeeded.len(), report.failed.len()), (120, 0));
    assert!(clock.now() <= 240 * SECOND, "{:?}", clock.now());
}

/// Another program uses the whole limit for a minute: with a rate limiter that probes, and with retries
/// only.
#[test]
fn full_window_fails_no_item() {
    for seed in 0..30 {
        for is_limited in [true, false] {
            let clock = VirtualClock::manual();
            let time = clock.clone();
            let service = RespondWith::new(move |_| match time.now() < MINUTE {
                true => CannedResponse::bytes(http::StatusCode::TOO_MANY_REQUESTS, ""),
                false => CannedResponse::data(json!({"id": 7})),
            });
            let policy = ExponentialBackoff::new().seed(seed);
            let builder = over(service, &clock).retry(policy);
            let client = watched(match is_limited {
                true => {
                    let limiter = LocalRateLimiter::new(clock.clone()).jitter_seed(seed);
                    builder.rate_limiter(limiter)
                }
                false => builder.rate_limiter(NoRateLimit::new()),
            });
            let mut calls = client.call_all(ids(1..21), |id| Reply::new(*id, "Hi"));
            let report = clock.run(calls.run(run_all));
            assert_eq!((report.succeeded.len(), report.failed.len()), (20, 0));
            assert!(clock.now() >= MINUTE);
        }
    }
}

/// An attempt that got a 429 does not count as one of the attempts of a call.
#[test]
fn throttled_attempts_of_a_job_do_not_count() {
    let clock = VirtualClock::manual();
    let transport = RecordingTransport::new();
    let throttled = || CannedResponse::bytes(http::StatusCode::TOO_MANY_REQUESTS, "");
    let broken = || CannedResponse::bytes(http::StatusCode::INTERNAL_SERVER_ERROR, "");
    for response in [throttled(), broken(), throttled(), broken(), throttled()] {
        transport.respond(response);
    }
    transport.respond(CannedResponse::data(json!({})));
    (0..4).for_each(|_| transport.respond(broken()));
    let client = client(transport.clone(), &clock);
    let mut calls = client.call_all(ids(1..3), close).concurrency(1);
    let report = clock.run(calls.run(run_all));
    assert_eq!((report.succeeded.len(), report.failed.len()), (1, 1));
    assert_eq!(report.failed[0].1.attempts(), 3);
    assert_eq!(transport.requests().len(), 9);

    // A service that always returns 429 ends the call.
    let transport = RecordingTransport::new().with_default(throttled());
    let client = self::client(transport.clone(), &clock);
    let mut calls = client.call_all(ids(1..2), close);
    let report = clock.run(calls.run(run_all));
    let error = &report.failed[0].1;
    assert!(error.is_rate_limited() && !error.may_have_been_applied());
    assert_eq!(error.attempts(), 12);
}

/// The whole job waits for a long `Retry-After`, and sends only probes meanwhile.
#[test]
fn long_retry_after_pauses_the_job() {
    let clock = VirtualClock::manual();
    let (time, requests) = (clock.clone(), Arc::<Mutex<Vec<_>>>::default());
    let noted = Arc::clone(&requests);
    let hours = 3 * 60 * MINUTE;
    let service = RespondWith::new(move |_| {
        noted.lock().expect("no panic").push(time.now());
        if time.now() >= hours {
            return CannedResponse::data(json!({"id": 7}));
        }
        let left = hours.saturating_sub(time.now()).as_secs().to_string();
        let rejected = rejection(String::new(), Some(&left));
        CannedResponse::response(rejected)
    });
    let client = watched(over(service, &clock));
    let mut calls = client.call_all(ids(1..21), |id| Reply::new(*id, "Hi"));
    let report = clock.run(calls.run(run_all));
    assert_eq!((report.succeeded.len(), report.failed.len()), (20, 0));
    let requests = requests.lock().expect("no panic");
    let early = requests.iter().filter(|at| **at < hours).count();
    assert!((1..=8).contains(&early), "{early} requests in three hours");
}
