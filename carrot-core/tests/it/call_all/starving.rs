//! A job between whose results the program makes other calls, at every limit.

use carrot_core::client::CallOptions;

use super::*;
use crate::support::{ID, poll};

/// Runs a future while time passes, also for futures that nobody polls.
fn run_for_hours(clock: &VirtualClock, future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    while poll(future.as_mut()).is_pending() {
        clock.advance(SECOND / 4);
        assert!(clock.now() < 5 * 60 * MINUTE, "it hangs");
    }
}

/// Whatever the limit, a job and other calls both end, although nobody polls the job meanwhile.
#[test]
fn other_calls_between_two_results_end() {
    for limit in 1..=9 {
        for attempt_timeout in [Some(10 * SECOND), None] {
            let clock = VirtualClock::manual();
            let service = Service::with_latency(&clock, 60, 0, |_| (SECOND / 10, SECOND / 10));
            let limiter = LocalRateLimiter::with_limit(clock.clone(), limit, MINUTE);
            let builder = over(service.clone(), &clock).rate_limiter(limiter);
            let options = CallOptions::new().attempt_timeout(attempt_timeout);
            let client = watched(builder.options(options.clone()));
            let patient = client.with_options(options.call_timeout(None));
            let mut calls = client.call_all(ids(1..13), close);
            let what = format!("a limit of {limit}, attempts of {attempt_timeout:?}");
            let mut done = 0;
            run_for_hours(&clock, async {
                while let Some(item) = calls.next().await {
                    item.result.expect("the service accepts it");
                    done += 1;
                    // One may find no permit before its deadline, but it ends.
                    if let Err(error) = client.call(Close::new(ID)).await {
                        assert!(error.is_timeout(), "{error}");
                    }
                    patient.call(Close::new(ID)).await.expect("it has time");
                }
            });
            assert_eq!(done, 12, "{what}");
            assert!(service.most_in_a_minute() <= limit as usize, "{what}");
        }
    }
}
