//! More calls than the limit allows, for five minutes: a call that cannot finish in time is not sent.

use std::time::Duration;

use carrot_core::{Clock as _, LocalRateLimiter, conversations::Reply};
use carrot_testing::VirtualClock;

use crate::support::{
    ID,
    canary::TEXT,
    over,
    simulation::{MINUTE, Service, Task, task},
    watched,
};

/// The latency of a request and of its response.
type Latency = fn(usize) -> (Duration, Duration);

#[test]
fn overload_leaves_nothing_uncertain() {
    for every in [250, 500, 800] {
        let latencies: [(u64, Latency); 3] = [
            (300, |_| {
                (Duration::from_millis(150), Duration::from_millis(150))
            }),
            (1_000, |_| {
                (Duration::from_millis(500), Duration::from_millis(500))
            }),
            (3_000, |_| {
                (Duration::from_millis(1_500), Duration::from_millis(1_500))
            }),
        ];
        for (response, latency) in latencies {
            let clock = VirtualClock::manual();
            let service = Service::with_latency(&clock, 60, 0, latency);
            let limiter = LocalRateLimiter::new(clock.clone());
            let client = watched(over(service.clone(), &clock).rate_limiter(limiter));
            let calls = (5 * 60 * 1_000) / every;
            let call = async |number: u64| {
                clock.sleep(Duration::from_millis(number * every)).await;
                client.call(Reply::new(ID, TEXT)).await.map(drop)
            };
            let calls_made: Vec<Task<'_, _>> =
                (0..calls).map(|number| task(call(number))).collect();
            let results: Vec<Result<(), carrot_core::Error>> = clock.run_all(calls_made);
            let of = |wanted: fn(&carrot_core::Error) -> bool| {
                let errors = results.iter().filter_map(|result| result.as_ref().err());
                errors.filter(|error| wanted(error)).count()
            };
            let done = results.iter().filter(|result| result.is_ok()).count();
            let uncertain = of(carrot_core::Error::may_have_been_applied);
            let text = format!(
                "every {every} ms, responses after {response} ms: {done} done of {calls}, {uncertain} uncertain"
            );
            assert!(uncertain * 200 <= results.len(), "{text}");
            // The limit is used fully after the cautious start.
            assert!(done >= 5 * 60 - 20, "{text}");
            assert_eq!(service.rejected(), 0, "{text}");
            assert!(clock.now() < 7 * MINUTE);
        }
    }
}
