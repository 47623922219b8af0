//! Many who wait for the rate limit: the work grows with their number and no faster, nobody is forgotten
//! whoever gives up, and all get their places in the order of their coming.

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

use crate::support::simulation::{MINUTE, Permits, simulate, task};

const SECOND: Duration = Duration::from_secs(1);
const CROWD: usize = 10_000;

/// A virtual clock that counts what it is asked for.
#[derive(Clone, Debug)]
struct CountingClock {
    clock: VirtualClock,
    looks: Arc<AtomicUsize>,
    sleeps: Arc<AtomicUsize>,
}

impl CountingClock {
    fn new() -> Self {
        Self {
            clock: VirtualClock::manual(),
            looks: Arc::default(),
            sleeps: Arc::default(),
        }
    }
}

#[async_trait]
impl Clock for CountingClock {
    fn now(&self) -> Duration {
        self.looks.fetch_add(1, Ordering::Relaxed);
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
fn a_crowd_costs_no_more_work_for_each_than_a_few() {
    for travel in [Duration::ZERO, 3 * SECOND] {
        let clock = CountingClock::new();
        let rate_limit = Permits::new(clock.clone(), 60, MINUTE);
        let polls = AtomicUsize::new(0);
        let come = async || {
            counted(&polls, rate_limit.acquire()).await;
            clock.clock.sleep(travel).await;
            rate_limit.release();
        };
        simulate(&clock.clock, (0..CROWD).map(|_| task(come())).collect());
        // The first 60 at once, and 60 more each time that those before are over.
        let rounds = CROWD.div_ceil(60) - 1;
        let rounds = u32::try_from(rounds).expect("a few");
        assert_eq!(clock.clock.now(), rounds * (MINUTE + travel) + travel);
        // Each is polled when it comes, when it is among the first, as one of those who watch for permits
        // that nobody takes, and when it goes.
        let polls = polls.into_inner();
        assert!(polls <= 8 * CROWD, "{polls} polls");
        let sleeps = clock.sleeps.load(Ordering::Relaxed);
        assert!(sleeps <= 6 * CROWD, "{sleeps} sleeps");
        let looks = clock.looks.load(Ordering::Relaxed);
        assert!(looks <= 16 * CROWD, "{looks} looks at the clock");
    }
}

#[test]
fn a_crowd_that_gives_up_costs_no_more_work_for_each_than_a_few() {
    let in_order: fn(&mut Queue, usize) = |queue, _| queue.give_up_first();
    let backwards: fn(&mut Queue, usize) = |queue, left| queue.give_up(left);
    for give_up in [in_order, backwards] {
        let mut queue = Queue::new(60);
        let taken = queue.come_all(60);
        assert_eq!(queue.run(), taken);
        queue.come_all(CROWD);
        queue.run();
        for left in (0..CROWD).rev() {
            give_up(&mut queue, left);
        }
        let last = queue.come();
        queue.assert_all_wait();
        taken.iter().for_each(|_| queue.rate_limit.release());
        queue.assert_all_wait();
        queue.clock.advance(MINUTE);
        assert_eq!(queue.run(), [last], "it is the only one left");
        let wakes = queue.wakes.load(Ordering::Relaxed);
        assert!(wakes <= 3 * CROWD, "{wakes} wakes");
    }
}

/// Tasks that wait for a place, each polled when it is woken and only then.
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
    /// Somebody has it and does not poll it.
    is_left_alone: bool,
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
    /// With so many places in a minute.
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

    /// One more stands in the queue; gives its number.
    fn come(&mut self) -> usize {
        let rate_limit = Arc::clone(&self.rate_limit);
        self.waiting.push_back(Waiting {
            number: self.came,
            woken: Arc::new(Woken {
                woken: AtomicBool::new(true),
                wakes: Arc::clone(&self.wakes),
            }),
            is_left_alone: false,
            acquire: Box::pin(async move { rate_limit.acquire().await }),
        });
        self.came += 1;
        self.came - 1
    }

    fn come_all(&mut self, count: usize) -> Vec<usize> {
        (0..count).map(|_| self.come()).collect()
    }

    /// Polls all that are woken until none is; gives the numbers of those that have a place now.
    fn run(&mut self) -> Vec<usize> {
        let mut went = Vec::new();
        let mut polled = true;
        while std::mem::take(&mut polled) {
            self.waiting.retain_mut(|one| {
                if one.is_left_alone || !one.woken.woken.swap(false, Ordering::Relaxed) {
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

    fn give_up(&mut self, index: usize) {
        drop(self.waiting.remove(index).expect("one that waits"));
    }

    fn give_up_first(&mut self) {
        self.give_up(0);
    }

    fn leave_alone(&mut self, index: usize) {
        self.waiting[index].is_left_alone = true;
    }

    /// All places are taken, and their requests are over.
    fn exhausted(limit: u32) -> Self {
        let mut queue = Self::new(limit);
        let came = queue.come_all(limit as usize);
        assert_eq!(queue.run(), came);
        came.iter().for_each(|_| queue.rate_limit.release());
        queue
    }
}

#[test]
fn who_is_behind_the_first_does_not_miss_its_sleep() {
    // The first gives up before its moment, at it, and after it was woken for it.
    for (before, after) in [(59, 1), (60, 0)] {
        for is_polled in [true, false] {
            let mut queue = Queue::exhausted(1);
            let second = queue.come_all(2)[1];
            queue.assert_all_wait();
            queue.clock.advance(before * SECOND);
            if is_polled && after > 0 {
                queue.assert_all_wait();
            }
            queue.give_up_first();
            if after > 0 {
                queue.assert_all_wait();
            }
            queue.clock.advance(after * SECOND);
            assert_eq!(queue.run(), [second]);
        }
    }
}

#[test]
fn who_becomes_the_first_learns_its_turn_though_one_before_it_gave_up() {
    let mut queue = Queue::new(2);
    let taken = queue.come_all(2);
    assert_eq!(queue.run(), taken);
    queue.rate_limit.release();
    queue.clock.advance(10 * SECOND);
    queue.rate_limit.release();
    // The turn of the third is not known as long as there is a second.
    let came = queue.come_all(3);
    queue.assert_all_wait();
    queue.give_up(1);
    queue.assert_all_wait();
    queue.clock.advance(50 * SECOND);
    assert_eq!(queue.run(), [came[0]]);
    // Nothing happens but that time passes.
    queue.clock.advance(10 * SECOND);
    assert_eq!(queue.run(), [came[2]]);
}

#[test]
fn a_place_that_was_given_and_not_taken_goes_to_the_next_at_once() {
    let mut queue = Queue::exhausted(2);
    let came = queue.come_all(5);
    queue.assert_all_wait();
    queue.clock.advance(MINUTE);
    // One of the first two hands out both places, and none of them takes its own.
    let one = queue.waiting[1].woken.clone();
    assert!(one.woken.load(Ordering::Relaxed), "it has its own sleep");
    queue.leave_alone(0);
    assert_eq!(queue.run(), [came[1]]);
    assert_eq!(queue.rate_limit.count(), 0);
    queue.give_up_first();
    assert_eq!(queue.run(), [came[2]], "without a window in between");
    queue.assert_all_wait();
    (0..2).for_each(|_| queue.rate_limit.release());
    queue.clock.advance(MINUTE);
    assert_eq!(queue.run(), came[3..]);
}

#[test]
fn all_that_can_go_at_once_do() {
    let mut queue = Queue::exhausted(60);
    let came = queue.come_all(100);
    queue.assert_all_wait();
    queue.clock.advance(MINUTE);
    assert_eq!(queue.run(), came[..60]);
}

#[test]
fn a_request_that_is_over_wakes_only_who_learns_its_turn_by_it() {
    let mut queue = Queue::new(60);
    let came = queue.come_all(60);
    assert_eq!(queue.run(), came);
    queue.come_all(60);
    queue.assert_all_wait();
    for over in 1..=60 {
        queue.rate_limit.release();
        queue.assert_all_wait();
        // All sleep to the earliest moment that can be theirs.
        assert_eq!(queue.wakes.load(Ordering::Relaxed), 0, "{over}");
    }
}

#[test]
fn one_that_nobody_polls_holds_one_place_and_not_the_queue() {
    // Its moment is known when all begin to wait.
    let mut queue = Queue::exhausted(2);
    let came = queue.come_all(4);
    queue.assert_all_wait();
    queue.leave_alone(0);
    queue.clock.advance(MINUTE);
    assert_eq!(queue.run(), [came[1]]);
    queue.clock.advance(SECOND);
    assert_eq!(queue.run(), [came[2]], "the permit that nobody took");
    queue.rate_limit.release();
    queue.clock.advance(MINUTE);
    assert_eq!(queue.run(), [came[3]]);

    // Its moment is not known yet.
    let mut queue = Queue::new(2);
    let taken = queue.come_all(2);
    assert_eq!(queue.run(), taken);
    let came = queue.come_all(3);
    queue.assert_all_wait();
    queue.leave_alone(0);
    for _ in 0..2 {
        queue.rate_limit.release();
        queue.assert_all_wait();
    }
    queue.clock.advance(MINUTE);
    assert_eq!(queue.run(), [came[1]]);
}

#[test]
fn who_gives_up_moves_up_those_behind_though_the_first_is_not_polled() {
    let mut queue = Queue::exhausted(2);
    let came = queue.come_all(3);
    queue.assert_all_wait();
    queue.leave_alone(0);
    queue.give_up(1);
    queue.clock.advance(MINUTE);
    assert_eq!(queue.run(), [came[2]]);

    // Each to the moment of who was before it, not to a later one.
    let mut queue = Queue::new(3);
    let taken = queue.come_all(3);
    assert_eq!(queue.run(), taken);
    for _ in 0..3 {
        queue.rate_limit.release();
        queue.clock.advance(10 * SECOND);
    }
    let came = queue.come_all(3);
    queue.assert_all_wait();
    queue.leave_alone(0);
    queue.give_up(1);
    queue.assert_all_wait();
    queue.clock.advance(40 * SECOND - Duration::from_nanos(1));
    queue.assert_all_wait();
    queue.clock.advance(Duration::from_nanos(1));
    assert_eq!(queue.run(), [came[2]]);
}

#[test]
fn one_that_has_its_place_waits_for_the_end_of_a_pause_too() {
    let mut queue = Queue::exhausted(40);
    let came = queue.come_all(2);
    queue.assert_all_wait();
    queue.leave_alone(0);
    queue.clock.advance(MINUTE);
    assert_eq!(queue.run(), [came[1]]);
    queue.rate_limit.throttled(Some(7 * SECOND));
    queue.waiting[0].is_left_alone = false;
    queue.assert_all_wait();
    queue.clock.advance(7 * SECOND - Duration::from_nanos(1));
    queue.assert_all_wait();
    queue.clock.advance(Duration::from_nanos(1));
    assert_eq!(queue.run(), [came[0]]);
}

/// What can happen to a queue.
#[derive(Clone, Debug)]
enum Step {
    Come,
    /// The one at this part of the queue, woken or not.
    GiveUp(prop::sample::Index),
    Release,
    /// The oldest request was never sent.
    Refund,
    Advance(u64),
}

/// Each with whether those who are woken are polled before the next.
fn steps() -> impl Strategy<Value = Vec<(Step, bool)>> {
    let step = prop_oneof![
        6 => Just(Step::Come),
        3 => any::<prop::sample::Index>().prop_map(Step::GiveUp),
        5 => Just(Step::Release),
        1 => Just(Step::Refund),
        5 => prop_oneof![Just(60), Just(10), Just(50), 0..70_u64].prop_map(Step::Advance),
    ];
    prop::collection::vec((step, prop::bool::weighted(0.7)), 1..120)
}

/// The rules of the rate limit, without anybody who sleeps or is woken.
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

/// Polls all who are woken: those who go are the first, as many as may.
fn settle(queue: &mut Queue, rules: &mut Rules) -> Result<(), TestCaseError> {
    let free = rules.free(queue.clock.now());
    let waiting = queue.waiting.iter().map(|one| one.number);
    let expected: Vec<usize> = waiting.take(free).collect();
    let mut went = queue.run();
    // Of those who go at the same moment it does not matter who is polled first.
    went.sort_unstable();
    prop_assert_eq!(&went, &expected);
    rules.in_flight += went.len();
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order: a permit that is free goes to the first who waits, at the
    /// very moment that it is free.
    #[test]
    fn a_free_place_is_always_that_of_the_first(steps in steps(), limit in 1_u32..7) {
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
                Step::GiveUp(index) if !queue.waiting.is_empty() => {
                    // Who was never polled does not stand in the queue.
                    settle(&mut queue, &mut rules)?;
                    if !queue.waiting.is_empty() {
                        queue.give_up(index.index(queue.waiting.len()));
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
                    // A permit that nobody takes goes to the next one after a second.
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
