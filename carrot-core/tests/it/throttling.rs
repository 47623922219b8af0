//! The limiter after a 429: one drop of the limit, a pause, one probe, and recovery with time.

use std::time::Duration;

use carrot_core::{
    Clock as _, LocalRateLimiter, RateLimiter,
    rate_limit::{AcquireError, AcquireRequest, PermitOutcome, Priority, Start},
};
use carrot_testing::VirtualClock;

use crate::support::{
    poll,
    simulation::{MINUTE, Permits, task},
};

const SECOND: Duration = Duration::from_secs(1);

/// A limiter that got a 429 after a full window, of which `accepted` requests were accepted.
fn rejected(clock: &VirtualClock, limit: u32, accepted: usize) -> Permits<VirtualClock> {
    let permits = Permits::new(clock.clone(), limit, MINUTE);
    assert_eq!(permits.count(), limit as usize);
    for number in 0..limit as usize {
        match number < accepted {
            true => permits.release(),
            false => permits.complete(PermitOutcome::Unknown),
        }
    }
    clock.advance(MINUTE);
    assert_eq!(permits.count(), limit as usize);
    clock.advance(SECOND);
    permits.throttled(Some(SECOND));
    permits
}

#[test]
fn concurrent_429s_drop_limit_once() {
    let clock = VirtualClock::manual();
    let permits = Permits::new(clock.clone(), 60, MINUTE);
    assert_eq!(permits.count(), 60);
    for _ in 0..60 {
        permits.throttled(None);
    }
    // Nothing was accepted, but the process has just started: half of the limit remains.
    assert_eq!(permits.status().limit, 30);
}

#[test]
fn limit_drops_to_four_fifths_of_accepted() {
    let clock = VirtualClock::manual();
    let permits = Permits::new(clock.clone(), 60, MINUTE);
    assert_eq!(permits.count(), 60);
    (0..60).for_each(|_| permits.release());
    clock.advance(MINUTE);
    assert_eq!(permits.count(), 60);
    (0..40).for_each(|_| permits.release());
    permits.throttled(None);
    assert_eq!(permits.status().limit, 32);
}

#[test]
fn limit_never_drops_below_a_tenth() {
    let clock = VirtualClock::manual();
    let permits = rejected(&clock, 60, 0);
    assert_eq!(permits.status().limit, 6);
    // All requests in flight end, the probe is accepted, and the next request gets a 429.
    clock.advance(3 * MINUTE);
    (0..59).for_each(|_| permits.complete(PermitOutcome::Unknown));
    clock.advance(3 * MINUTE);
    assert_eq!(permits.count(), 1);
    permits.release();
    assert!(permits.count() > 6);
    permits.throttled(None);
    assert!(permits.status().limit >= 6);
}

#[test]
fn limit_recovers_with_time_even_if_idle() {
    let clock = VirtualClock::manual();
    let permits = rejected(&clock, 60, 0);
    let limits: Vec<u32> = (0..8)
        .map(|_| {
            let limit = permits.status().limit;
            clock.advance(MINUTE);
            limit
        })
        .collect();
    assert_eq!(limits, [6, 7, 9, 13, 21, 37, 53, 60]);
}

#[test]
fn one_probe_at_a_time_after_pause() {
    let clock = VirtualClock::manual();
    let permits = Permits::new(clock.clone(), 60, MINUTE);
    assert_eq!(permits.count(), 60);
    (0..8).for_each(|_| permits.throttled(Some(3 * SECOND)));
    (0..52).for_each(|_| permits.complete(PermitOutcome::Unsent));
    clock.advance(3 * SECOND - Duration::from_nanos(1));
    assert_eq!(permits.count(), 0);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(permits.count(), 1, "the probe");
    permits.throttled(None);
    // Each 429 to a probe doubles the pause, with a jitter of a quarter.
    for seconds in [4, 8, 16, 32, 60, 60] {
        clock.advance(Duration::from_millis(seconds * 750) - Duration::from_nanos(1));
        assert_eq!(permits.count(), 0, "{seconds}");
        clock.advance(Duration::from_millis(seconds * 500));
        assert_eq!(permits.count(), 1, "{seconds}");
        permits.throttled(None);
    }
    clock.advance(75 * SECOND);
    assert_eq!(permits.count(), 1);
    assert_eq!(permits.status().limit, 31, "no further drop");
    permits.release();
    assert!(permits.count() > 10);
}

#[test]
fn pause_may_last_hours() {
    let clock = VirtualClock::manual();
    let permits = Permits::new(clock.clone(), 4, SECOND);
    clock.run(permits.acquire());
    permits.throttled(Some(3 * 60 * MINUTE));
    assert_eq!(permits.status().paused_for, Some(3 * 60 * MINUTE));
    clock.advance(3 * 60 * MINUTE - Duration::from_nanos(1));
    assert_eq!(permits.count(), 0);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(permits.count(), 1);
}

#[test]
fn unsent_request_returns_its_permit() {
    let clock = VirtualClock::manual();
    let permits = Permits::new(clock.clone(), 2, MINUTE);
    for _ in 0..100 {
        assert_eq!(permits.count(), 2);
        permits.complete(PermitOutcome::Unsent);
        permits.complete(PermitOutcome::Unsent);
    }
}

#[test]
fn unreported_permit_ends_with_its_lease() {
    let clock = VirtualClock::manual();
    let limiter = LocalRateLimiter::with_limit(clock.clone(), 1, MINUTE).start(Start::Full);
    let mut request = AcquireRequest::new("test");
    request.lease = Some(10 * SECOND);
    let held = clock.run(limiter.acquire(&request)).expect("a permit");
    let next = clock.run(limiter.acquire(&request)).expect("a permit");
    assert_eq!(clock.now(), 70 * SECOND, "its lease and a window");
    // A late report counts once, from when it came: the service may have seen both in this minute.
    let used = || limiter.status().expect("a status").used;
    held.complete(PermitOutcome::Responded);
    assert_eq!(used(), 2);
    next.complete(PermitOutcome::Responded);
    assert_eq!(used(), 2);
    clock.advance(MINUTE);
    assert_eq!(used(), 0);

    // While it still counts, a late report moves its end.
    let held = clock.run(limiter.acquire(&request)).expect("a permit");
    clock.advance(30 * SECOND);
    held.complete(PermitOutcome::Responded);
    assert_eq!(used(), 1);
    clock.advance(MINUTE - SECOND);
    assert_eq!(used(), 1);
    // What was never sent is free at once, also late.
    clock.advance(SECOND);
    let held = clock.run(limiter.acquire(&request)).expect("a permit");
    clock.advance(30 * SECOND);
    held.complete(PermitOutcome::Unsent);
    assert_eq!(used(), 0);
}

/// Nobody has to poll an attempt without a timeout again, so its permit ends too.
#[test]
fn permit_without_a_lease_ends() {
    let clock = VirtualClock::manual();
    let limiter = LocalRateLimiter::with_limit(clock.clone(), 1, MINUTE).start(Start::Full);
    let request = AcquireRequest::new("test");
    let held = clock.run(limiter.acquire(&request)).expect("a permit");
    let next = clock.run(limiter.acquire(&request)).expect("a permit");
    assert_eq!(clock.now(), 6 * MINUTE, "five minutes and a window");
    drop((held, next));
}

#[test]
fn start_allows_burst_then_even_rate() {
    let clock = VirtualClock::manual();
    let limiter = LocalRateLimiter::new(clock.clone());
    let request = AcquireRequest::new("test");
    let mut times = Vec::new();
    for _ in 0..60 {
        let permit = clock.run(limiter.acquire(&request)).expect("a permit");
        permit.complete(PermitOutcome::Responded);
        times.push(clock.now());
    }
    assert_eq!(times.iter().filter(|time| time.is_zero()).count(), 8);
    let evenly = (1..=52).map(|number| number * MINUTE / 52);
    for (time, even) in times[8..].iter().zip(evenly) {
        assert!(
            *time >= even && *time <= even + SECOND / 100,
            "{time:?} {even:?}"
        );
    }
}

#[test]
fn too_late_is_known_immediately_and_after_429() {
    let clock = VirtualClock::manual();
    let permits = Permits::new(clock.clone(), 2, MINUTE);
    assert_eq!(permits.count(), 2);
    permits.release();
    clock.advance(20 * SECOND);
    let mut request = AcquireRequest::new("test");
    request.patience = Some(39 * SECOND);
    let rejected = clock.run(RateLimiter::acquire(&permits, &request));
    match rejected {
        Err(AcquireError::TooLate { earliest }) => assert_eq!(earliest, Some(40 * SECOND)),
        other => panic!("{other:?}"),
    }
    assert_eq!(clock.now(), 20 * SECOND);

    request.patience = Some(40 * SECOND);
    let mut waiting = RateLimiter::acquire(&permits, &request);
    assert!(poll(std::pin::pin!(&mut waiting)).is_pending());
    permits.throttled(Some(50 * SECOND));
    let std::task::Poll::Ready(Err(error)) = poll(std::pin::pin!(&mut waiting)) else {
        panic!("the patience ends before the pause")
    };
    assert_eq!(
        error.to_string(),
        "no permit in time: the next one is at least 60 s away"
    );
}

/// A 429 wakes all whose patience ends before the pause, also behind a task that waits without limit.
#[test]
fn too_late_after_429_wakes_whole_queue() {
    let clock = VirtualClock::manual();
    let permits = Permits::new(clock.clone(), 1, MINUTE);
    assert_eq!(permits.count(), 1);
    let mut request = AcquireRequest::new("test");
    request.patience = Some(10 * MINUTE);
    let wait = async || {
        let rejected = RateLimiter::acquire(&permits, &request).await;
        assert!(matches!(rejected, Err(AcquireError::TooLate { .. })));
        assert_eq!(clock.now(), SECOND);
    };
    let mut tasks = vec![task(permits.acquire())];
    tasks.extend((0..9).map(|_| task(wait())));
    tasks.push(task(async {
        clock.sleep(SECOND).await;
        permits.throttled(Some(20 * MINUTE));
    }));
    clock.run_all(tasks);
}

#[test]
fn bulk_calls_leave_reserve_and_do_not_starve() {
    let clock = VirtualClock::manual();
    let limiter = LocalRateLimiter::with_limit(clock.clone(), 10, MINUTE)
        .start(Start::Full)
        .reserve(2);
    let of = |priority| {
        let mut request = AcquireRequest::new("test");
        request.priority = priority;
        request
    };
    let (bulk, interactive) = (of(Priority::Bulk), of(Priority::Interactive));
    let held: Vec<_> = (0..8)
        .map(|_| clock.run(limiter.acquire(&bulk)).expect("a permit"))
        .collect();
    let mut ninth = limiter.acquire(&bulk);
    assert!(
        poll(std::pin::pin!(&mut ninth)).is_pending(),
        "bulk calls do not use the reserve"
    );
    let first = clock
        .run(limiter.acquire(&interactive))
        .expect("from the reserve");
    drop((held, first, ninth));
    clock.advance(MINUTE);

    let order = std::cell::RefCell::new(String::new());
    let come = async |request: &AcquireRequest, letter| {
        let permit = limiter.acquire(request).await.expect("a permit");
        order.borrow_mut().push(letter);
        permit.complete(PermitOutcome::Responded);
    };
    let all = (0..10).map(|_| limiter.acquire(&interactive));
    let held: Vec<_> = all.map(|one| clock.run(one).expect("a permit")).collect();
    drop(held);
    let mut tasks: Vec<_> = (0..10).map(|_| task(come(&bulk, 'b'))).collect();
    tasks.extend((0..10).map(|_| task(come(&interactive, 'i'))));
    clock.run_all(tasks);
    let order = order.into_inner();
    assert_eq!(order.chars().filter(|letter| *letter == 'b').count(), 10);
    assert_eq!(&order[..10].matches('b').count(), &2, "{order}");
}

#[test]
fn bulk_calls_leave_a_tenth_by_default() {
    let clock = VirtualClock::manual();
    let limiter = LocalRateLimiter::with_limit(clock.clone(), 10, MINUTE).start(Start::Full);
    let mut bulk = AcquireRequest::new("test");
    bulk.priority = Priority::Bulk;
    let held: Vec<_> = (0..9)
        .map(|_| clock.run(limiter.acquire(&bulk)).expect("a permit"))
        .collect();
    assert!(poll(std::pin::pin!(limiter.acquire(&bulk))).is_pending());
    drop(held);
}

/// What a 429 does that is not the first one: of a request from before it, of the probe, and after both.
#[test]
fn further_429s_shorten_no_pause_and_cut_once() {
    let clock = VirtualClock::manual();
    let limiter = LocalRateLimiter::with_limit(clock.clone(), 60, MINUTE).start(Start::Full);
    let request = AcquireRequest::new("test");
    let acquire = || clock.run(limiter.acquire(&request)).expect("a permit");
    let must_wait = || poll(std::pin::pin!(limiter.acquire(&request))).is_pending();
    let throttled = |seconds: u32| PermitOutcome::Throttled {
        retry_after: Some(SECOND * seconds),
    };
    let (first, longer, shorter, late) = (acquire(), acquire(), acquire(), acquire());
    first.complete(throttled(1));
    longer.complete(throttled(10));
    shorter.complete(throttled(2));
    clock.advance(9 * SECOND);
    assert!(must_wait(), "the longest counts");
    clock.advance(SECOND);
    // The own pause of 4 s, or a quarter less, is longer than what the service asks for.
    acquire().complete(throttled(1));
    clock.advance(SECOND * 29 / 10);
    assert!(must_wait(), "a probe was too early");
    clock.advance(3 * SECOND);
    acquire().complete(PermitOutcome::Responded);
    let limit = limiter.status().map(|status| status.limit);
    late.complete(throttled(1));
    assert_eq!(limiter.status().map(|status| status.limit), limit);
    assert!(!must_wait());
}

#[test]
fn frozen_tasks_starve_no_other_at_any_limit() {
    for limit in 1..=8 {
        let clock = VirtualClock::manual();
        let limiter = LocalRateLimiter::with_limit(clock.clone(), limit, MINUTE).start(Start::Full);
        let mut request = AcquireRequest::new("test");
        request.lease = Some(10 * SECOND);
        // Polled once and then frozen: some have permits, some wait.
        let mut frozen: Vec<_> = (0..8).map(|_| limiter.acquire(&request)).collect();
        let mut held = Vec::new();
        for one in &mut frozen {
            if let std::task::Poll::Ready(permit) = poll(std::pin::pin!(one)) {
                held.push(permit);
            }
        }
        let mut waiting = limiter.acquire(&request);
        let permit = loop {
            match poll(std::pin::pin!(&mut waiting)) {
                std::task::Poll::Ready(permit) => break permit.expect("a permit"),
                std::task::Poll::Pending => clock.advance(SECOND),
            }
        };
        assert!(
            clock.now() <= 15 * MINUTE,
            "limit {limit}: {:?}",
            clock.now()
        );
        permit.complete(PermitOutcome::Responded);
    }
}

#[test]
fn any_limit_and_window_work() {
    let clock = VirtualClock::manual();
    clock.advance(SECOND);
    let permits = Permits::new(clock.clone(), 0, Duration::MAX);
    assert_eq!(permits.count(), 1, "0 counts as 1");
    permits.throttled(Some(Duration::MAX));
    clock.advance(Duration::from_secs(1 << 40));
    assert_eq!(permits.count(), 0, "the window lasts");
    let permits = Permits::new(clock.clone(), u32::MAX, Duration::ZERO);
    clock.run(permits.acquire());
    let limiter = LocalRateLimiter::with_limit(clock.clone(), 1, MINUTE).max_waiting(1);
    let request = AcquireRequest::new("test");
    let held = clock.run(limiter.acquire(&request)).expect("a permit");
    let mut waits = limiter.acquire(&request);
    assert!(poll(std::pin::pin!(&mut waits)).is_pending());
    let full = clock.run(limiter.acquire(&request));
    assert!(
        matches!(full, Err(AcquireError::QueueFull { waiting: 1 })),
        "{full:?}"
    );
    drop(held);
}
