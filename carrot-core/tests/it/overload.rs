//! More calls than the limit allows, for five minutes: a call that cannot finish in time is not sent.

use std::time::Duration;

use carrot_core::{Clock as _, LocalRateLimiter, client::CallOptions, conversations::Reply};
use carrot_testing::VirtualClock;

use crate::support::{
    ID, SECOND,
    canary::TEXT,
    over,
    simulation::{MINUTE, Service, Task, task},
    watched,
};

/// The latency of a request and of its response.
type Latency = fn(usize) -> (Duration, Duration);

/// Makes a call after every `every` milliseconds. At most one of 200 may be uncertain, and at least `least`
/// succeed: the limit is used fully after the cautious start.
fn overload(every: u64, what: &str, latency: Latency, deadline: Duration, least: usize) {
    let clock = VirtualClock::manual();
    let service = Service::with_latency(&clock, 60, 0, latency);
    let limiter = LocalRateLimiter::new(clock.clone());
    let client = watched(over(service.clone(), &clock).rate_limiter(limiter));
    let client = client.with_options(CallOptions::new().call_timeout(deadline));
    let calls = (5 * 60 * 1_000) / every;
    let call = async |number: u64| {
        clock.sleep(Duration::from_millis(number * every)).await;
        client.call(Reply::new(ID, TEXT)).await.map(drop)
    };
    let calls_made: Vec<Task<'_, _>> = (0..calls).map(|number| task(call(number))).collect();
    let results: Vec<Result<(), carrot_core::Error>> = clock.run_all(calls_made);
    let of = |wanted: fn(&carrot_core::Error) -> bool| {
        let errors = results.iter().filter_map(|result| result.as_ref().err());
        errors.filter(|error| wanted(error)).count()
    };
    let done = results.iter().filter(|result| result.is_ok()).count();
    let uncertain = of(carrot_core::Error::may_have_been_applied);
    let text = format!(
        "every {every} ms, responses after {what}, {deadline:?} for a call: {done} done of {calls}, \
         {uncertain} uncertain"
    );
    assert!(uncertain * 200 <= results.len(), "{text}");
    assert!(done >= least, "{text}");
    assert_eq!(service.rejected(), 0, "{text}");
    assert!(clock.now() < 7 * MINUTE);
}

#[test]
fn overload_leaves_nothing_uncertain() {
    for every in [250, 500, 800] {
        let latencies: [(&str, Latency); 3] = [
            ("300 ms", |_| {
                (Duration::from_millis(150), Duration::from_millis(150))
            }),
            ("1 s", |_| {
                (Duration::from_millis(500), Duration::from_millis(500))
            }),
            ("3 s", |_| {
                (Duration::from_millis(1_500), Duration::from_millis(1_500))
            }),
        ];
        for (what, latency) in latencies {
            overload(every, what, latency, 30 * SECOND, 5 * 60 - 20);
        }
    }
}

/// The attempts that start too late get no response that would tell how long it takes.
#[test]
fn slower_responses_are_learned_without_a_response() {
    for (every, deadline) in [(250, 5), (500, 5), (250, 30), (500, 30)] {
        let slower: Latency = |number| match number {
            ..=150 => (SECOND / 10, SECOND / 10),
            _ => (SECOND * 3 / 2, SECOND * 3 / 2),
        };
        overload(
            every,
            "0.2, then 3 s",
            slower,
            deadline * SECOND,
            5 * 60 - 20,
        );
    }
}

#[test]
fn calls_with_a_short_deadline_have_time() {
    for every in [250, 500, 800] {
        let latency: Latency = |_| (SECOND * 3 / 2, SECOND * 3 / 2);
        overload(every, "3 s", latency, 5 * SECOND, 5 * 60 - 30);
    }
}
