//! Many tasks that wait for the rate limit: the work per task is constant, no task is forgotten when
//! others are cancelled, and permits are granted in order.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Wake, Waker},
    time::Duration,
};

use async_trait::async_trait;
use carrot_core::{Clock, rate_limit::PermitOutcome};
use carrot_testing::VirtualClock;
use proptest::prelude::*;

use crate::support::simulation::{MINUTE, Permits};

const SECOND: Duration = Duration::from_secs(1);
const CROWD: usize = 10_000;

/// A virtual clock that counts its calls.
#[derive(Clone, Debug)]
struct CountingClock {
    clock: VirtualClock,
    reads: Arc<AtomicUsize>,
    sleeps: Arc<AtomicUsize>,
}

impl CountingClock {
    fn new() -> Self {
        Self {
            clock: VirtualClock::manual(),
            reads: Arc::default(),
            sleeps: Arc::default(),
        }
    }
}

#[async_trait]
impl Clock for CountingClock {
    fn now(&self) -> Duration {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.clock.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.sleeps.fetch_add(1, Ordering::Relaxed);
        self.clock.sleep(duration).await;
    }
}

/// Counts how often a future is polled.
async fn counted<F: Future>(polls: &AtomicUsize, future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    poll_fn(|context| {
        polls.fetch_add(1, Ordering::Relaxed);
        future.as_mut().poll(context)
    })
    .await
}

#[test]
fn work_per_waiting_task_is_constant() {
    for travel in [Duration::ZERO, 3 * SECOND] {
        let clock = CountingClock::new();
        let rate_limit = Permits::new(clock.clone(), 60, MINUTE);
        let polls = AtomicUsize::new(0);
        let come = async || {
            counted(&polls, rate_limit.acquire()).await;
            clock.clock.sleep(travel).await;
            rate_limit.release();
        };
        clock.clock.run_all((0..CROWD).map(|_| come()));
        // The first 60 at once, and 60 more after each round.
        let rounds = CROWD.div_ceil(60) - 1;
        let rounds = u32::try_from(rounds).expect("a few");
        assert_eq!(clock.clock.now(), rounds * (MINUTE + travel) + travel);
        // A task is polled when it comes, when it is among the first, when it watches for expired
        // permits, and when it gets its permit.
        let polls = polls.into_inner();
        assert!(polls <= 8 * CROWD, "{polls} polls");
        let sleeps = clock.sleeps.load(Ordering::Relaxed);
        assert!(sleeps <= 6 * CROWD, "{sleeps} sleeps");
        let reads = clock.reads.load(Ordering::Relaxed);
        assert!(reads <= 16 * CROWD, "{reads} reads of the clock");
    }
}

#[test]
fn work_per_cancelled_wait_is_constant() {
    let in_order: fn(&mut Queue, usize) = |queue, _| queue.cancel_first();
    let backwards: fn(&mut Queue, usize) = |queue, left| queue.cancel(left);
    for cancel in [in_order, backwards] {
        let mut queue = Queue::new(60);
        let taken = queue.come_all(60);
        assert_eq!(queue.run(), taken);
        queue.come_all(CROWD);
        queue.run();
        for left in (0..CROWD).rev() {
            cancel(&mut queue, left);
        }
        let last = queue.come();
        queue.assert_all_wait();
        taken.iter().for_each(|_| queue.rate_limit.release());
        queue.assert_all_wait();
        queue.clock.advance(MINUTE);
        assert_eq!(queue.run(), [last], "the only task left");
        let wakes = queue.wakes.load(Ordering::Relaxed);
        assert!(wakes <= 3 * CROWD, "{wakes} wakes");
    }
}

/// Tasks that wait for a permit. Each is polled only when it is woken.
struct Queue {
    clock: VirtualClock,
    rate_limit: Arc<Permits<VirtualClock>>,
    waiting: VecDeque<Waiting>,
    came: usize,
    wakes: Arc<AtomicUsize>,
}

struct Waiting {
    number: usize,
    woken: Arc<Woken>,
    /// The task is never polled.
    is_frozen: bool,
    acquire: Pin<Box<dyn Future<Output = ()> + Send>>,
}

struct Woken {
    woken: AtomicBool,
    wakes: Arc<AtomicUsize>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        self.woken.store(true, Ordering::Relaxed);
    }
}

impl Queue {
    /// Creates a queue of `limit` permits in a minute.
    fn new(limit: u32) -> Self {
        let clock = VirtualClock::manual();
        Self {
            rate_limit: Arc::new(Permits::new(clock.clone(), limit, MINUTE)),
            clock,
            waiting: VecDeque::new(),
            came: 0,
            wakes: Arc::default(),
        }
    }

    /// Adds a task to the queue and returns its number.
    fn come(&mut self) -> usize {
        let rate_limit = Arc::clone(&self.rate_limit);
        self.waiting.push_back(Waiting {
            number: self.came,
            woken: Arc::new(Woken {
                woken: AtomicBool::new(true),
                wakes: Arc::clone(&self.wakes),
            }),
            is_frozen: false,
            acquire: Box::pin(async move { rate_limit.acquire().await }),
        });
        self.came += 1;
        self.came - 1
    }

    fn come_all(&mut self, count: usize) -> Vec<usize> {
        (0..count).map(|_| self.come()).collect()
    }

    /// Polls woken tasks as long as there are any. Returns the numbers of those that got a permit.
    fn run(&mut self) -> Vec<usize> {
        let mut went = Vec::new();
        let mut polled = true;
        while std::mem::take(&mut polled) {
            self.waiting.retain_mut(|one| {
                if one.is_frozen || !one.woken.woken.swap(false, Ordering::Relaxed) {
                    return true;
                }
                polled = true;
                let waker = Waker::from(Arc::clone(&one.woken));
                let mut context = Context::from_waker(&waker);
                let is_pending = one.acquire.as_mut().poll(&mut context).is_pending();
                if !is_pending {
                    went.push(one.number);
                }
                is_pending
            });
        }
        went
    }

    #[track_caller]
    fn assert_all_wait(&mut self) {
        let went = self.run();
        assert!(went.is_empty(), "{went:?} went");
    }

    fn cancel(&mut self, index: usize) {
        drop(self.waiting.remove(index).expect("a waiting task"));
    }

    fn cancel_first(&mut self) {
        self.cancel(0);
    }

    fn freeze(&mut self, index: usize) {
        self.waiting[index].is_frozen = true;
    }

    /// Creates a queue whose permits are all in use, by completed requests.
    fn exhausted(limit: u32) -> Self {
        let mut queue = Self::new(limit);
        let came = queue.come_all(limit as usize);
        assert_eq!(queue.run(), came);
        came.iter().for_each(|_| queue.rate_limit.release());
        queue
    }
}

#[test]
fn second_task_wakes_after_first_is_cancelled() {
    // The first task is cancelled before its permit is free, at that moment, and after it was woken.
    for (before, after) in [(59, 1), (60, 0)] {
        for is_polled in [true, false] {
            let mut queue = Queue::exhausted(1);
            let second = queue.come_all(2)[1];
            queue.assert_all_wait();
            queue.clock.advance(before * SECOND);
            if is_polled && after > 0 {
                queue.assert_all_wait();
            }
            queue.cancel_first();
            if after > 0 {
                queue.assert_all_wait();
            }
            queue.clock.advance(after * SECOND);
            assert_eq!(queue.run(), [second]);
        }
    }
}

#[test]
fn later_task_is_rescheduled_after_cancelled_wait() {
    let mut queue = Queue::new(2);
    let taken = queue.come_all(2);
    assert_eq!(queue.run(), taken);
    queue.rate_limit.release();
    queue.clock.advance(10 * SECOND);
    queue.rate_limit.release();
    // The time of the third task is unknown while there is a second one.
    let came = queue.come_all(3);
    queue.assert_all_wait();
    queue.cancel(1);
    queue.assert_all_wait();
    queue.clock.advance(50 * SECOND);
    assert_eq!(queue.run(), [came[0]]);
    // Only time passes.
    queue.clock.advance(10 * SECOND);
    assert_eq!(queue.run(), [came[2]]);
}

#[test]
fn granted_permit_of_cancelled_task_passes_on() {
    let mut queue = Queue::exhausted(2);
    let came = queue.come_all(5);
    queue.assert_all_wait();
    queue.clock.advance(MINUTE);
    // Either of the first two tasks grants both permits; the first never takes its own.
    let one = queue.waiting[1].woken.clone();
    assert!(
        one.woken.load(Ordering::Relaxed),
        "the task has its own sleep"
    );
    queue.freeze(0);
    assert_eq!(queue.run(), [came[1]]);
    assert_eq!(queue.rate_limit.count(), 0);
    queue.cancel_first();
    assert_eq!(queue.run(), [came[2]], "without waiting a window");
    queue.assert_all_wait();
    (0..2).for_each(|_| queue.rate_limit.release());
    queue.clock.advance(MINUTE);
    assert_eq!(queue.run(), came[3..]);
}

#[test]
fn all_free_permits_are_granted_at_once() {
    let mut queue = Queue::exhausted(60);
    let came = queue.come_all(100);
    queue.assert_all_wait();
    queue.clock.advance(MINUTE);
    assert_eq!(queue.run(), came[..60]);
}

#[test]
fn completed_request_wakes_no_scheduled_task() {
    let mut queue = Queue::new(60);
    let came = queue.come_all(60);
    assert_eq!(queue.run(), came);
    queue.come_all(60);
    queue.assert_all_wait();
    for over in 1..=60 {
        queue.rate_limit.release();
        queue.assert_all_wait();
        // All tasks sleep until the earliest possible time of their permits.
        assert_eq!(queue.wakes.load(Ordering::Relaxed), 0, "{over}");
    }
}

#[test]
fn frozen_task_does_not_block_the_queue() {
    // Its time is known when all tasks start to wait.
    let mut queue = Queue::exhausted(2);
    let came = queue.come_all(4);
    queue.assert_all_wait();
    queue.freeze(0);
    queue.clock.advance(MINUTE);
    assert_eq!(queue.run(), [came[1]]);
    queue.clock.advance(SECOND);
    assert_eq!(queue.run(), [came[2]], "the permit that was not taken");
    queue.rate_limit.release();
    queue.clock.advance(MINUTE);
    assert_eq!(queue.run(), [came[3]]);

    // Its time is not known yet.
    let mut queue = Queue::new(2);
    let taken = queue.come_all(2);
    assert_eq!(queue.run(), taken);
    let came = queue.come_all(3);
    queue.assert_all_wait();
    queue.freeze(0);
    for _ in 0..2 {
        queue.rate_limit.release();
        queue.assert_all_wait();
    }
    queue.clock.advance(MINUTE);
    assert_eq!(queue.run(), [came[1]]);
}

#[test]
fn cancelled_wait_moves_others_past_frozen_task() {
    let mut queue = Queue::exhausted(2);
    let came = queue.come_all(3);
    queue.assert_all_wait();
    queue.freeze(0);
    queue.cancel(1);
    queue.clock.advance(MINUTE);
    assert_eq!(queue.run(), [came[2]]);

    // Each task gets the time of the task before it.
    let mut queue = Queue::new(3);
    let taken = queue.come_all(3);
    assert_eq!(queue.run(), taken);
    for _ in 0..3 {
        queue.rate_limit.release();
        queue.clock.advance(10 * SECOND);
    }
    let came = queue.come_all(3);
    queue.assert_all_wait();
    queue.freeze(0);
    queue.cancel(1);
    queue.assert_all_wait();
    queue.clock.advance(40 * SECOND - Duration::from_nanos(1));
    queue.assert_all_wait();
    queue.clock.advance(Duration::from_nanos(1));
    assert_eq!(queue.run(), [came[2]]);
}

#[test]
fn granted_permit_waits_for_end_of_pause() {
    let mut queue = Queue::exhausted(40);
    let came = queue.come_all(2);
    queue.assert_all_wait();
    queue.freeze(0);
    queue.clock.advance(MINUTE);
    assert_eq!(queue.run(), [came[1]]);
    queue.rate_limit.throttled(Some(7 * SECOND));
    queue.waiting[0].is_frozen = false;
    queue.assert_all_wait();
    queue.clock.advance(7 * SECOND - Duration::from_nanos(1));
    queue.assert_all_wait();
    queue.clock.advance(Duration::from_nanos(1));
    assert_eq!(queue.run(), [came[0]]);
}

/// A change of the queue.
#[derive(Clone, Debug)]
enum Step {
    Come,
    /// Cancels the task at this index, woken or not.
    Cancel(prop::sample::Index),
    Release,
    /// The oldest request was never sent.
    Refund,
    Advance(u64),
}

/// Steps, each with whether woken tasks are polled before the next one.
fn steps() -> impl Strategy<Value = Vec<(Step, bool)>> {
    let step = prop_oneof![
        6 => Just(Step::Come),
        3 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        5 => Just(Step::Release),
        1 => Just(Step::Refund),
        5 => prop_oneof![Just(60), Just(10), Just(50), 0..70_u64].prop_map(Step::Advance),
    ];
    prop::collection::vec((step, prop::bool::weighted(0.7)), 1..120)
}

/// A model of the rate limit without sleeps and wakers.
struct Rules {
    limit: usize,
    in_flight: usize,
    over: Vec<Duration>,
}

impl Rules {
    fn free(&mut self, now: Duration) -> usize {
        self.over.retain(|over| *over + MINUTE > now);
        self.limit - self.in_flight - self.over.len()
    }
}

/// Polls woken tasks. The first tasks get the free permits.
fn settle(queue: &mut Queue, rules: &mut Rules) -> Result<(), TestCaseError> {
    let free = rules.free(queue.clock.now());
    let waiting = queue.waiting.iter().map(|one| one.number);
    let expected: Vec<usize> = waiting.take(free).collect();
    let mut went = queue.run();
    // Permits granted at the same moment may be taken in any order.
    went.sort_unstable();
    prop_assert_eq!(&went, &expected);
    rules.in_flight += went.len();
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// For any order of steps, a permit goes to the first waiting task at the moment it is free.
    #[test]
    fn first_task_gets_permit_as_soon_as_free(steps in steps(), limit in 1_u32..7) {
        let mut queue = Queue::new(limit);
        let mut rules = Rules {
            limit: limit as usize,
            in_flight: 0,
            over: Vec::new(),
        };
        for (step, is_quiet_after) in steps {
            match step {
                Step::Come => {
                    queue.come();
                }
                Step::Cancel(index) if !queue.waiting.is_empty() => {
                    // A task that was never polled is not in the queue.
                    settle(&mut queue, &mut rules)?;
                    if !queue.waiting.is_empty() {
                        queue.cancel(index.index(queue.waiting.len()));
                    }
                }
                Step::Release if rules.in_flight > 0 => {
                    queue.rate_limit.release();
                    rules.in_flight -= 1;
                    rules.over.push(queue.clock.now());
                }
                Step::Refund if rules.in_flight > 0 => {
                    settle(&mut queue, &mut rules)?;
                    queue.rate_limit.complete(PermitOutcome::Unsent);
                    rules.in_flight -= 1;
                }
                Step::Advance(seconds) => {
                    // A permit that is not taken within a second goes to the next task.
                    settle(&mut queue, &mut rules)?;
                    queue.clock.advance(Duration::from_secs(seconds));
                }
                _ => {}
            }
            if is_quiet_after {
                settle(&mut queue, &mut rules)?;
            }
        }
        settle(&mut queue, &mut rules)?;
    }
}
