//! The clock that a test turns.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use carrot_core::{
    Client, Clock, ErrorKind, ExponentialBackoff, HttpTransport, NoRateLimit, client::CallOptions,
    types::UserId, users,
};
use carrot_testing::{ApiError, CannedResponse, RecordingTransport, VirtualClock, stub::SendWith};

const SECOND: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Waits for two futures at once, and tells which of them was ready first.
async fn first(left: impl Future<Output = ()>, right: impl Future<Output = ()>) -> &'static str {
    let (mut left, mut right) = (pin!(left), pin!(right));
    std::future::poll_fn(|context| {
        if left.as_mut().poll(context).is_ready() {
            return Poll::Ready("left");
        }
        right.as_mut().poll(context).map(|()| "right")
    })
    .await
}

#[tokio::test]
async fn sleeps_are_recorded_and_take_no_time() {
    let clock = VirtualClock::new();
    assert_eq!(clock.now(), Duration::ZERO);
    clock.sleep(3600 * SECOND).await;
    clock.sleep(SECOND).await;
    clock.sleep(Duration::ZERO).await;
    assert_eq!(clock.clone().now(), 3601 * SECOND);
    clock.assert_sleeps([3600 * SECOND, SECOND, Duration::ZERO]);
}

/// Looks at the clock, turns it and sleeps on it when it is woken and when it is dropped.
struct Meddler {
    clock: VirtualClock,
    /// What it does wakes it again; once will do.
    is_busy: AtomicBool,
}

impl Meddler {
    fn meddle(&self) {
        if self.is_busy.swap(true, Ordering::Relaxed) {
            return;
        }
        self.clock.advance(Duration::ZERO);
        drop(self.clock.sleep(SECOND));
        let _ = (self.clock.now(), self.clock.waiting(), self.clock.sleeps());
        self.is_busy.store(false, Ordering::Relaxed);
    }

    fn waker(clock: &VirtualClock) -> Waker {
        Waker::from(Arc::new(Self {
            clock: clock.clone(),
            is_busy: AtomicBool::new(false),
        }))
    }
}

impl Wake for Meddler {
    fn wake(self: Arc<Self>) {
        self.meddle();
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.meddle();
    }
}

#[test]
fn wakers_may_use_the_clock() {
    for clock in [VirtualClock::new(), VirtualClock::manual()] {
        // Each waker is held by the clock alone, which so drops it: when another one takes its place,
        // when the sleep ends, and when it is abandoned.
        let mut sleep = clock.sleep(SECOND);
        for _ in 0..40 {
            let waker = Meddler::waker(&clock);
            let _ = sleep.as_mut().poll(&mut Context::from_waker(&waker));
        }
        let mut abandoned = clock.sleep(3600 * SECOND);
        let waker = Meddler::waker(&clock);
        let mut context = Context::from_waker(&waker);
        assert!(abandoned.as_mut().poll(&mut context).is_pending());
        drop(waker);
        clock.advance(SECOND);
        let mut noop = Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(&mut noop).is_ready());
        drop(abandoned);
        clock.assert_sleeps([SECOND]);
    }
}

#[tokio::test]
async fn the_sleep_that_is_due_first_ends_first() {
    let clock = VirtualClock::new();
    let long = async { clock.sleep(5 * SECOND).await };
    let short = async {
        clock.sleep(SECOND).await;
        clock.sleep(3 * SECOND).await;
    };
    assert_eq!(first(long, short).await, "right");
    assert_eq!(clock.now(), 4 * SECOND);
    clock.assert_sleeps([SECOND, 3 * SECOND]);
}

#[tokio::test]
async fn a_deadline_counts_from_when_it_is_made() {
    let clock = VirtualClock::new();
    let deadline = clock.sleep(30 * SECOND);
    let work = async {
        clock.sleep(20 * SECOND).await;
        clock.sleep(20 * SECOND).await;
    };
    assert_eq!(first(work, deadline).await, "right");
    assert_eq!(clock.now(), 30 * SECOND);
    clock.assert_sleeps([20 * SECOND, 30 * SECOND]);
}

#[tokio::test]
async fn a_deadline_waits_for_ready_work() {
    let clock = VirtualClock::new();
    let deadline = clock.sleep(SECOND);
    let work = async {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(first(work, deadline).await, "left");
    assert_eq!(clock.now(), Duration::ZERO);
    clock.assert_sleeps([]);
}

#[tokio::test]
async fn concurrent_sleeps_end_in_order() {
    let clock = VirtualClock::new();
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    for seconds in [3, 1, 2, 1] {
        let (clock, sender) = (clock.clone(), sender.clone());
        tokio::spawn(async move {
            clock.sleep(seconds * SECOND).await;
            sender.send((seconds, clock.now())).unwrap();
        });
    }
    drop(sender);
    let mut woken = Vec::new();
    while let Some(one) = receiver.recv().await {
        woken.push(one);
    }
    assert_eq!(
        woken,
        [1, 1, 2, 3].map(|seconds| (seconds, seconds * SECOND))
    );
}

#[test]
fn a_manual_clock_moves_by_hand() {
    let clock = VirtualClock::manual();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let mut sleep = clock.sleep(2 * SECOND);
    assert_eq!(clock.waiting(), []);
    assert!(sleep.as_mut().poll(&mut context).is_pending());
    assert_eq!(clock.waiting(), [2 * SECOND]);
    clock.advance(SECOND);
    assert!(!woken.0.load(Ordering::Relaxed));
    assert!(sleep.as_mut().poll(&mut context).is_pending());
    assert_eq!(clock.waiting(), [SECOND]);
    clock.advance(SECOND);
    assert!(woken.0.load(Ordering::Relaxed));
    assert!(sleep.as_mut().poll(&mut context).is_ready());
    assert_eq!(clock.waiting(), []);
    drop(sleep);
    clock.assert_sleeps([2 * SECOND]);
    drop(clock.sleep(SECOND));
    clock.advance(9 * SECOND);
    clock.assert_sleeps([2 * SECOND]);
}

#[tokio::test]
async fn a_call_deadline_tested_by_hand() {
    let clock = VirtualClock::manual();
    let token = carrot_core::AuthToken::new("app.1.secret").unwrap();
    let options = CallOptions::new().attempt_timeout(None);
    let client = Client::builder(
        RecordingTransport::new().with_default(CannedResponse::never()),
        clock.clone(),
        token,
    )
    .options(options);
    let client = client.build().unwrap();
    let mut call = pin!(client.call(users::UnsubscribeEmail::new(UserId::new(7))));
    let mut context = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    clock.advance(30 * SECOND - Duration::from_nanos(1));
    assert!(call.as_mut().poll(&mut context).is_pending());
    clock.advance(Duration::from_nanos(1));
    match call.as_mut().poll(&mut context) {
        Poll::Ready(Err(error)) => assert_eq!(error.kind(), ErrorKind::Deadline),
        other => panic!("{other:?}"),
    }
}

/// A transport whose response comes from another task, after many turns.
fn by_task(transport: RecordingTransport) -> SendWith {
    SendWith::new(move |request| {
        let transport = transport.clone();
        let task = async move {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            transport.send(request).await
        };
        async { tokio::spawn(task).await.expect("it does not panic") }
    })
}

/// Two calls, each with a pause, within a deadline of 30 seconds.
async fn two_calls_side_by_side() {
    let transport = RecordingTransport::responding([(); 2].map(|()| ApiError::internal()))
        .with_default(CannedResponse::ok());
    let clock = VirtualClock::new();
    let token = carrot_core::AuthToken::new("app.1.secret").unwrap();
    let client = Client::builder(by_task(transport), clock.clone(), token)
        .rate_limiter(NoRateLimit::new())
        .retry(ExponentialBackoff::new().without_jitter())
        .build()
        .unwrap();
    let calls = [(); 2].map(|()| {
        let unsubscribe = users::UnsubscribeEmail::new(UserId::new(7));
        let client = client.clone();
        tokio::spawn(async move { client.call(unsubscribe).await })
    });
    for call in calls {
        call.await.unwrap().unwrap();
    }
    clock.assert_sleeps([Duration::from_millis(50); 2]);
    assert_eq!(clock.now(), Duration::from_millis(50));
}

#[test]
fn time_waits_for_other_tasks_on_every_runtime() {
    let mut current = tokio::runtime::Builder::new_current_thread();
    let mut multi = tokio::runtime::Builder::new_multi_thread();
    for builder in [&mut current, multi.worker_threads(4)] {
        let runtime = builder.build().unwrap();
        for _ in 0..100 {
            runtime.block_on(two_calls_side_by_side());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deadline_waits_for_a_transport_that_yields() {
    for _ in 0..50 {
        let clock = VirtualClock::new();
        let work = async {
            for _ in 0..1000 {
                tokio::task::yield_now().await;
            }
        };
        let limit = clock.timeout(30 * SECOND, work).await;
        assert_eq!((limit, clock.now()), (Some(()), Duration::ZERO));
    }
}

/// As in the README: the queue, and a client as in production.
#[tokio::test]
async fn default_client_survives_a_429() {
    let transport = RecordingTransport::responding([ApiError::rate_limited(None)])
        .with_default(CannedResponse::ok());
    let token = carrot_core::AuthToken::new("app.1.secret").unwrap();
    let client = Client::builder(transport, VirtualClock::new(), token);
    let client = client.build().unwrap();
    let unsubscribe = users::UnsubscribeEmail::new(UserId::new(7));
    client.call(unsubscribe).await.unwrap();
}
