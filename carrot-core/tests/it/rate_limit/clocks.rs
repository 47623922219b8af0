//! Clocks and wakers that misbehave.

use super::*;

type SendTask = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A waker that owns another task, as in small executors.
struct Holder {
    woken: Arc<AtomicUsize>,
    _task: Mutex<SendTask>,
}

impl Wake for Holder {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn last_waker_may_drop_waiting_task() {
    for is_woken in [true, false] {
        let clock = VirtualClock::manual();
        let rate_limit = Arc::new(Permits::new(clock.clone(), 1, MINUTE));
        assert_eq!(rate_limit.count(), 1);
        let wait = || -> SendTask {
            let rate_limit = Arc::clone(&rate_limit);
            Box::pin(async move { Permits::acquire(&rate_limit).await })
        };
        let (mut inner, mut outer) = (wait(), wait());
        // The outer task is first in the queue: a completed request wakes it.
        assert!(crate::support::poll(pin!(&mut outer)).is_pending());
        assert!(crate::support::poll(pin!(&mut inner)).is_pending());
        let woken = Arc::<AtomicUsize>::default();
        let waker = Waker::from(Arc::new(Holder {
            woken: Arc::clone(&woken),
            _task: Mutex::new(inner),
        }));
        let mut context = Context::from_waker(&waker);
        assert!(outer.as_mut().poll(&mut context).is_pending());
        drop(waker);
        // Waking the outer task, or polling it with another waker, drops the inner one, which leaves the
        // queue.
        match is_woken {
            true => rate_limit.complete(PermitOutcome::Unsent),
            false => assert!(crate::support::poll(pin!(&mut outer)).is_pending()),
        }
        assert_eq!(woken.load(Ordering::Relaxed), usize::from(is_woken));
        if !is_woken {
            rate_limit.release();
            clock.advance(MINUTE);
        }
        assert!(crate::support::poll(pin!(&mut outer)).is_ready());
    }
}

/// A clock whose first sleep ends too early.
#[derive(Debug)]
struct Hasty(VirtualClock, AtomicUsize);

#[async_trait]
impl Clock for Hasty {
    fn now(&self) -> Duration {
        self.0.now()
    }

    async fn sleep(&self, duration: Duration) {
        match self.1.fetch_add(1, Ordering::Relaxed) {
            0 => self.0.sleep(duration / 2).await,
            _ => self.0.sleep(duration).await,
        }
    }
}

#[test]
fn early_sleep_grants_no_permit() {
    let clock = VirtualClock::manual();
    let rate_limit = Permits::new(Hasty(clock.clone(), AtomicUsize::new(0)), 1, MINUTE);
    crate::support::run(rate_limit.acquire());
    rate_limit.release();
    clock.run(rate_limit.acquire());
    assert_eq!(clock.now(), MINUTE);
    // One sleep only: a task that is woken for a free permit takes it.
    clock.assert_sleeps([MINUTE / 2]);
}

/// A clock whose sleeps end at once.
#[derive(Debug)]
struct Sleepless(VirtualClock, AtomicUsize);

#[async_trait]
impl Clock for Sleepless {
    fn now(&self) -> Duration {
        self.0.now()
    }

    async fn sleep(&self, _duration: Duration) {
        let sleeps = self.1.fetch_add(1, Ordering::Relaxed);
        assert!(sleeps < 1_000, "endless sleeps");
    }
}

/// Counts how often a task is woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn early_sleeps_do_not_block_other_tasks() {
    let clock = VirtualClock::manual();
    let rate_limit = Permits::new(Sleepless(clock.clone(), AtomicUsize::new(0)), 1, MINUTE);
    crate::support::run(rate_limit.acquire());
    rate_limit.release();
    let wakes = Arc::<Wakes>::default();
    let waker = Waker::from(Arc::clone(&wakes));
    let mut context = Context::from_waker(&waker);
    let mut acquire = Box::pin(rate_limit.acquire());
    for polls in 1..=10 {
        assert!(acquire.as_mut().poll(&mut context).is_pending());
        assert_eq!(wakes.0.load(Ordering::Relaxed), polls, "it asks for more");
    }
    clock.advance(MINUTE);
    assert!(acquire.as_mut().poll(&mut context).is_ready());
}

/// A clock that can be set back.
#[derive(Debug)]
struct SetBack(VirtualClock, Arc<Mutex<Duration>>);

#[async_trait]
impl Clock for SetBack {
    fn now(&self) -> Duration {
        self.0.now() - *self.1.lock().expect("no panic")
    }

    async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }
}

#[test]
fn backward_clock_grants_no_permit() {
    let clock = VirtualClock::manual();
    let back = Arc::<Mutex<Duration>>::default();
    let shown = SetBack(clock.clone(), Arc::clone(&back));
    let rate_limit = Permits::new(shown, 2, MINUTE);
    assert_eq!(rate_limit.count(), 2);
    clock.advance(100 * SECOND);
    rate_limit.release();
    // The clock returns 50 when the second request ends, and 120 later.
    *back.lock().expect("no panic") = 50 * SECOND;
    rate_limit.release();
    clock.advance(70 * SECOND);
    let mut first = Box::pin(rate_limit.acquire());
    let mut second = Box::pin(rate_limit.acquire());
    let mut assert_both = |is_ready: bool| {
        assert_eq!(crate::support::poll(pin!(&mut first)).is_ready(), is_ready);
        assert_eq!(crate::support::poll(pin!(&mut second)).is_ready(), is_ready);
    };
    assert_both(false);
    clock.advance(39 * SECOND);
    assert_both(false);
    clock.advance(SECOND);
    assert_both(true);
    assert_eq!(rate_limit.count(), 0);
}
