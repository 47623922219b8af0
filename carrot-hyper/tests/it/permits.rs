//! The rate limit among real threads and in real time: no wake-up is lost by a cancelled wait, and the
//! limit holds. Every assertion holds however slow the machine is.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use carrot_hyper::{
    Clock, LocalRateLimiter, RateLimiter, TokioClock,
    rate_limit::{AcquireRequest, PermitOutcome, Start},
};

const LIMIT: usize = 50;
const WINDOW: Duration = Duration::from_millis(150);
const TASKS: u32 = 450;

/// When a request started and ended, each between two readings of the clock of the system.
#[derive(Clone, Copy)]
struct Request {
    started: Instant,
    over: Instant,
}

fn asking() -> AcquireRequest {
    AcquireRequest::new("test")
}

/// Makes one request.
async fn request(
    rate_limit: &LocalRateLimiter<TokioClock>,
    requests: &Mutex<Vec<Request>>,
    travel: Duration,
) {
    let permit = rate_limit.acquire(&asking()).await.unwrap();
    let started = Instant::now();
    TokioClock::new().sleep(travel).await;
    let over = Instant::now();
    permit.complete(PermitOutcome::Responded);
    requests.lock().unwrap().push(Request { started, over });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn waiters_get_permits_within_the_limit() {
    let limit = u32::try_from(LIMIT).unwrap();
    let rate_limit =
        Arc::new(LocalRateLimiter::with_limit(TokioClock::new(), limit, WINDOW).start(Start::Full));
    let requests = Arc::<Mutex<Vec<Request>>>::default();
    let (mut staying, mut leaving) = (Vec::new(), Vec::new());
    for number in 0..TASKS {
        let (rate_limit, requests) = (Arc::clone(&rate_limit), Arc::clone(&requests));
        // Looks like chance, and is the same in every run.
        let mixed = number.wrapping_mul(0x9E37_79B9) >> 16;
        let travel = Duration::from_millis(u64::from(mixed % 7));
        if number % 3 != 0 {
            staying.push(tokio::spawn(async move {
                request(&rate_limit, &requests, travel).await;
            }));
            continue;
        }
        // Cancels the wait, if it has no permit before.
        let patience = Duration::from_millis(u64::from(mixed % 600));
        leaving.push(tokio::spawn(async move {
            if let Ok(place) = tokio::time::timeout(patience, rate_limit.acquire(&asking())).await {
                place.unwrap().complete(PermitOutcome::Responded);
            }
        }));
    }
    // One that was forgotten would wait for ever.
    for task in staying.into_iter().chain(leaving) {
        task.await.unwrap();
    }
    let mut requests = requests.lock().unwrap().clone();
    assert_eq!(requests.len(), TASKS as usize * 2 / 3);
    // A permit is free a window after its request ended, not earlier: of any 51 requests in the order of
    // their start, the last started a window after one of the others ended.
    requests.sort_unstable_by_key(|request| request.started);
    for some in requests.windows(LIMIT + 1) {
        let (last, others) = some.split_last().unwrap();
        let first_over = others.iter().map(|request| request.over).min().unwrap();
        let apart = last.started.saturating_duration_since(first_over);
        assert!(apart >= WINDOW, "{apart:?} apart");
    }
    // Every permit is free again, those of cancelled requests too.
    for _ in 0..LIMIT {
        drop(rate_limit.acquire(&asking()).await.unwrap());
    }
}
