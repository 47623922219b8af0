//! A job between whose results the program makes other calls, at every limit.

use carrot_core::{client::CallOptions, rate_limit::Start};

use super::*;
use crate::support::{ID, poll};

/// Runs a future while time passes, also for futures that nobody polls.
fn run_for_hours(clock: &VirtualClock, future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    while poll(future.as_mut()).is_pending() {
        clock.advance(SECOND / 4);
        assert!(clock.now() < 20 * 60 * MINUTE, "it hangs");
    }
}

/// Whatever the limit, a job and other calls both end, although nobody polls the job meanwhile.
#[test]
fn other_calls_between_two_results_end() {
    for limit in 1..=9 {
        for attempt_timeout in [Some(10 * SECOND), None] {
            let clock = VirtualClock::manual();
            // Others are in flight when one has ended.
            let latency = |number: usize| (SECOND / 10, SECOND * (number % 5) as u32);
            let service = Service::with_latency(&clock, 60, 0, latency);
            let limiter = LocalRateLimiter::with_limit(clock.clone(), limit, MINUTE);
            let limiter = limiter.start(Start::Full).reserve(0);
            let builder = over(service.clone(), &clock).rate_limiter(limiter);
            let options = CallOptions::new().attempt_timeout(attempt_timeout);
            let client = watched(builder.options(options.clone()));
            let patient = client.with_options(options.call_timeout(None));
            let mut calls = client.call_all(ids(1..7), close);
            let what = format!("a limit of {limit}, attempts of {attempt_timeout:?}");
            let mut done = 0;
            run_for_hours(&clock, async {
                loop {
                    // Nothing has ended, and the requests in flight may hold the whole limit.
                    let early = clock.timeout(SECOND, calls.next()).await;
                    patient.call(Close::new(ID)).await.expect("it has time");
                    let item = match early {
                        Some(item) => item,
                        None => calls.next().await,
                    };
                    let Some(item) = item else { break };
                    done += 1;
                    // An attempt that nobody polls in time runs out of it.
                    if let Err(error) = item.result {
                        assert!(error.is_timeout(), "{error}");
                    }
                    // This one may find no permit before its deadline, but it ends.
                    if let Err(error) = client.call(Close::new(ID)).await {
                        assert!(error.is_timeout(), "{error}");
                    }
                }
            });
            assert_eq!(done, 6, "{what}");
            assert!(service.most_in_a_minute() <= limit as usize, "{what}");
        }
    }
}

/// Each `next` is dropped after a window, in which a permit was free: the job ends, although other calls wait
/// for the same permits in between.
#[test]
fn dropped_next_does_not_starve_the_job() {
    for limit in 1..=3 {
        let clock = VirtualClock::manual();
        let service = Service::with_latency(&clock, 60, 0, |_| (SECOND / 10, SECOND / 10));
        let limiter = LocalRateLimiter::with_limit(clock.clone(), limit, MINUTE);
        let builder = over(service.clone(), &clock).rate_limiter(limiter.start(Start::Full));
        let client = watched(builder.options(CallOptions::new().call_timeout(None)));
        let mut calls = client.call_all(ids(1..4), close);
        let mut done = 0;
        run_for_hours(&clock, async {
            while done < 3 {
                if let Some(item) = clock.timeout(MINUTE + SECOND, calls.next()).await {
                    item.expect("the end").result.expect("it has time");
                    done += 1;
                }
                client.call(Close::new(ID)).await.expect("it has time");
            }
        });
        assert!(service.most_in_a_minute() <= limit as usize, "{limit}");
    }
}
