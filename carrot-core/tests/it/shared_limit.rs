//! A limit that several processes share: never more requests than it allows in any window, whoever dies,
//! waits, is cancelled or loses the store. Each limiter stands for a process; all in virtual time.

mod histories;
mod outages;

use std::{
    cell::{Cell, RefCell},
    pin::pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use carrot_core::{
    Clock, RateLimiter,
    rate_limit::{
        AcquireError, AcquireRequest, CompletedPermit, MemoryStore, Outage, Permit, PermitOutcome,
        Priority, RateLimitStore, RestoreRequest, SharedRateLimiter, Start, StoreError, StoreState,
        TakeRequest, TakeResponse,
    },
};
use carrot_testing::VirtualClock;
use fastrand::Rng;
use proptest::prelude::*;

use crate::support::{
    poll,
    simulation::{Task, most_in, task},
};

const LIMIT: u32 = 60;
const WINDOW: Duration = Duration::from_secs(6);
const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

type Limiter = SharedRateLimiter<MemoryStore<VirtualClock>, VirtualClock>;

/// Processes with one key, and the service as it sees their requests.
#[derive(Clone)]
struct Fleet {
    clock: VirtualClock,
    store: MemoryStore<VirtualClock>,
    received: Rc<RefCell<Vec<Duration>>>,
    failed: Rc<Cell<usize>>,
}

impl Fleet {
    fn new() -> Self {
        let clock = VirtualClock::manual();
        Self {
            store: MemoryStore::new(clock.clone()),
            clock,
            received: Rc::default(),
            failed: Rc::default(),
        }
    }

    fn process(&self) -> Limiter {
        SharedRateLimiter::with_limit(self.store.clone(), self.clock.clone(), LIMIT, WINDOW)
    }

    /// Makes requests of 20 to 200 ms one after the other until `end`.
    async fn load(self, process: Rc<Limiter>, request: AcquireRequest, end: Duration, seed: u64) {
        let mut rng = Rng::with_seed(seed);
        while self.clock.now() < end {
            match process.acquire(&request).await {
                Ok(permit) => self.make(permit, &mut rng).await,
                Err(_) => {
                    self.failed.set(self.failed.get() + 1);
                    self.clock.sleep(SECOND).await;
                }
            }
        }
    }

    /// Makes one request, which the service counts at some moment.
    async fn make(&self, permit: Permit, rng: &mut Rng) {
        self.clock.sleep(rng.u32(10..100) * MILLISECOND).await;
        self.received.borrow_mut().push(self.clock.now());
        self.clock.sleep(rng.u32(10..100) * MILLISECOND).await;
        permit.complete(PermitOutcome::Responded);
    }

    /// Three processes with four calls at a time each, until `end`.
    fn loads(&self, processes: &[Rc<Limiter>], end: Duration) -> Vec<Task<'static, ()>> {
        let mut tasks = Vec::new();
        for (index, process) in processes.iter().enumerate() {
            for worker in 0..4 {
                let seed = index as u64 * 100 + worker;
                let load = self
                    .clone()
                    .load(Rc::clone(process), interactive(), end, seed);
                tasks.push(task(load));
            }
        }
        tasks
    }

    fn most(&self) -> usize {
        most_in(&self.received.borrow(), WINDOW)
    }

    /// The part of the limit that was used between these times, in hundredths.
    fn use_of(&self, from: Duration, to: Duration) -> u128 {
        let is_in = |at: &&Duration| (from..to).contains(*at);
        let count = self.received.borrow().iter().filter(is_in).count() as u128;
        100 * count * WINDOW.as_nanos() / (u128::from(LIMIT) * (to - from).as_nanos())
    }
}

fn interactive() -> AcquireRequest {
    let mut request = AcquireRequest::new("test");
    request.patience = Some(30 * SECOND);
    request.lease = Some(SECOND);
    request
}

fn bulk() -> AcquireRequest {
    let mut request = interactive();
    request.priority = Priority::Bulk;
    request.patience = None;
    request
}

/// Takes all permits that are free now.
fn take_all(process: &Limiter, request: &AcquireRequest) -> Vec<Permit> {
    let mut permits = Vec::new();
    while let std::task::Poll::Ready(Ok(permit)) = poll(pin!(process.acquire(request))) {
        permits.push(permit);
        assert!(permits.len() < 1000, "there is no end of permits");
    }
    permits
}

fn complete_all(permits: Vec<Permit>, outcome: PermitOutcome) {
    for permit in permits {
        permit.complete(outcome);
    }
}

#[test]
fn three_processes_use_one_limit() {
    let fleet = Fleet::new();
    let processes: Vec<_> = (0..3).map(|_| Rc::new(fleet.process())).collect();
    fleet.clock.run_all(fleet.loads(&processes, 60 * SECOND));
    assert_eq!(fleet.failed.get(), 0);
    assert!(fleet.most() <= LIMIT as usize, "{}", fleet.most());
    let used = fleet.use_of(WINDOW, 60 * SECOND);
    assert!(used >= 95, "{used} %");
}

/// The store dies at 20 s and comes back empty; one process dies before.
fn outage(away: Duration) -> (Fleet, [u128; 2]) {
    let fleet = Fleet::new();
    let end = 60 * SECOND;
    let processes: Vec<_> = (0..3).map(|_| Rc::new(fleet.process())).collect();
    let mut tasks = fleet.loads(&processes[..2], end);
    tasks.extend(fleet.loads(&processes[2..], 15 * SECOND));
    let (clock, store) = (fleet.clock.clone(), fleet.store.clone());
    tasks.push(task(async move {
        clock.sleep(20 * SECOND).await;
        store.set_available(false);
        store.forget();
        clock.sleep(away).await;
        store.set_available(true);
    }));
    fleet.clock.run_all(tasks);
    let back = 20 * SECOND + away;
    let before = fleet.use_of(WINDOW, 20 * SECOND);
    let after = fleet.use_of(back + WINDOW, end);
    (fleet, [before, after])
}

#[test]
fn store_that_comes_back_empty_exceeds_nothing() {
    for away in [0, 500, 3_000, 15_000] {
        let (fleet, used) = outage(away * MILLISECOND);
        assert_eq!(fleet.failed.get(), 0, "away for {away} ms");
        assert!(
            fleet.most() <= 60,
            "{} of 60, away for {away} ms",
            fleet.most()
        );
        assert!(
            used.iter().all(|used| *used >= 90),
            "{used:?} %, away for {away} ms"
        );
    }
}

#[test]
fn store_that_keeps_its_memory_exceeds_nothing() {
    let fleet = Fleet::new();
    let processes: Vec<_> = (0..3).map(|_| Rc::new(fleet.process())).collect();
    let mut tasks = fleet.loads(&processes, 60 * SECOND);
    let (clock, store) = (fleet.clock.clone(), fleet.store.clone());
    tasks.push(task(async move {
        for (up, away) in [(7, 100), (5, 900), (9, 4_000), (11, 7_000)] {
            clock.sleep(up * SECOND).await;
            store.set_available(false);
            clock.sleep(away * MILLISECOND).await;
            store.set_available(true);
        }
    }));
    fleet.clock.run_all(tasks);
    assert_eq!(
        (fleet.failed.get(), fleet.most() <= 60),
        (0, true),
        "{}",
        fleet.most()
    );
}

#[test]
fn share_lasts_as_long_as_the_outage() {
    let fleet = Fleet::new();
    let processes: Vec<_> = (0..3).map(|_| Rc::new(fleet.process())).collect();
    let mut tasks = fleet.loads(&processes, 60 * SECOND);
    let (clock, store) = (fleet.clock.clone(), fleet.store.clone());
    tasks.push(task(async move {
        clock.sleep(10 * SECOND).await;
        store.set_available(false);
    }));
    fleet.clock.run_all(tasks);
    assert!(fleet.most() <= 60, "{}", fleet.most());
    // All three go on with a third each.
    let used = fleet.use_of(20 * SECOND, 60 * SECOND);
    assert!(used >= 95, "{used} %");
}

#[test]
fn uneven_use_before_an_outage_exceeds_only_bursts() {
    let fleet = Fleet::new();
    let busy = fleet.process().start(Start::Full);
    let idle = fleet.process().start(Start::Full);
    complete_all(
        take_all(&idle, &interactive()).split_off(59),
        PermitOutcome::Responded,
    );
    fleet.clock.advance(10 * WINDOW);
    let permits = take_all(&busy, &interactive());
    assert_eq!(permits.len(), 60);
    complete_all(permits, PermitOutcome::Responded);
    fleet.store.set_available(false);
    assert_eq!(take_all(&busy, &interactive()).len(), 0);
    // Eight of sixty between two.
    let permits = take_all(&idle, &interactive());
    assert_eq!(permits.len(), 4);
    complete_all(permits, PermitOutcome::Responded);
    fleet.clock.advance(WINDOW);
    assert_eq!(take_all(&idle, &interactive()).len(), 30);
    // It learns of the outage only now.
    assert_eq!(take_all(&busy, &interactive()).len(), 4);
}

#[test]
fn unsent_request_frees_its_permit_for_all() {
    let fleet = Fleet::new();
    let [one, other] = [(), ()].map(|()| fleet.process().start(Start::Full));
    let permits = take_all(&one, &interactive());
    assert_eq!(
        (permits.len(), take_all(&other, &interactive()).len()),
        (60, 0)
    );
    complete_all(permits, PermitOutcome::Unsent);
    // Until then the store keeps one for the first process, which asked for one more.
    fleet.clock.advance(2 * SECOND);
    assert_eq!(take_all(&other, &interactive()).len(), 60);
}

#[test]
fn killed_process_returns_permits_after_its_lease() {
    let fleet = Fleet::new();
    let [one, other] = [(), ()].map(|()| fleet.process().start(Start::Full));
    std::mem::forget(take_all(&one, &interactive()));
    // The lease of a second, and the time that a permit may wait for its task.
    let lease = SECOND + 2 * SECOND;
    fleet.clock.advance(lease + WINDOW - MILLISECOND);
    assert_eq!(take_all(&other, &interactive()).len(), 0);
    fleet.clock.advance(2 * MILLISECOND);
    assert_eq!(take_all(&other, &interactive()).len(), 60);
}

#[test]
fn restarted_processes_start_with_one_burst_together() {
    let fleet = Fleet::new();
    let mut taken = 0;
    for _ in 0..6 {
        let process = fleet.process();
        let permits = take_all(&process, &interactive());
        taken += permits.len();
        complete_all(permits, PermitOutcome::Responded);
    }
    assert_eq!(taken, 8);
    fleet.clock.advance(WINDOW / 2);
    assert_eq!(take_all(&fleet.process(), &interactive()).len(), 26);
}

#[test]
fn bulk_leaves_a_reserve_to_other_processes() {
    let fleet = Fleet::new();
    let [one, other] = [(), ()].map(|()| fleet.process().start(Start::Full));
    assert_eq!(take_all(&one, &bulk()).len(), 54);
    assert_eq!(take_all(&other, &bulk()).len(), 0);
    assert_eq!(take_all(&other, &interactive()).len(), 6);
    assert_eq!(take_all(&one, &interactive()).len(), 0);
}

#[test]
fn interactive_calls_go_before_bulk_calls() {
    let fleet = Fleet::new();
    let process = Rc::new(fleet.process().start(Start::Full).reserve(0));
    let permits = take_all(&process, &interactive());
    let order = Rc::new(RefCell::new(Vec::new()));
    let wait = |name: &'static str, request: AcquireRequest| {
        let (process, order) = (Rc::clone(&process), Rc::clone(&order));
        task(async move {
            let permit = process.acquire(&request).await.expect("a permit");
            order.borrow_mut().push(name);
            permit.complete(PermitOutcome::Unsent);
        })
    };
    let mut tasks = vec![wait("bulk", bulk())];
    tasks.extend((0..5).map(|_| wait("interactive", interactive())));
    let clock = fleet.clock.clone();
    tasks.push(task(async move {
        clock.sleep(SECOND).await;
        complete_all(permits, PermitOutcome::Responded);
    }));
    fleet.clock.run_all(tasks);
    let order = order.borrow();
    // Sixty interactive calls came before these.
    assert_eq!(order.iter().position(|name| *name == "bulk"), Some(0));
    assert_eq!(order.len(), 6);
}

#[test]
fn rejection_pauses_all_processes_and_one_probes() {
    let fleet = Fleet::new();
    let [one, other] = [(), ()].map(|()| fleet.process().start(Start::Full));
    let mut permits = take_all(&one, &interactive()).split_off(50);
    let retry_after = Some(3 * SECOND);
    let last = permits.pop().expect("a permit");
    complete_all(permits, PermitOutcome::Responded);
    last.complete(PermitOutcome::Throttled { retry_after });
    assert_eq!(take_all(&other, &interactive()).len(), 0);
    let status = other.status().expect("a status");
    assert_eq!(status.paused_for, Some(3 * SECOND));
    fleet.clock.advance(4 * WINDOW);
    let probe = take_all(&other, &interactive());
    assert_eq!((probe.len(), take_all(&one, &interactive()).len()), (1, 0));
    complete_all(probe, PermitOutcome::Responded);
    fleet.clock.advance(SECOND);
    assert!(take_all(&one, &interactive()).len() > 1);
}

#[test]
fn too_late_fails_with_the_earliest_time() {
    let fleet = Fleet::new();
    let process = fleet.process().start(Start::Full);
    complete_all(take_all(&process, &interactive()), PermitOutcome::Responded);
    let mut request = interactive();
    request.patience = Some(2 * SECOND);
    let rejected = fleet.clock.clone().run(process.acquire(&request));
    let Err(AcquireError::TooLate { earliest }) = rejected else {
        panic!("{rejected:?}");
    };
    assert_eq!(
        (earliest, fleet.clock.now()),
        (Some(WINDOW), Duration::ZERO)
    );
    request.patience = Some(WINDOW);
    let granted = fleet.clock.clone().run(process.acquire(&request));
    assert_eq!((granted.is_ok(), fleet.clock.now()), (true, WINDOW));
}

#[test]
fn outage_can_fail_attempts_instead() {
    let fleet = Fleet::new();
    let process = fleet.process().on_outage(Outage::Fail);
    fleet.store.set_available(false);
    let rejected = fleet.clock.clone().run(process.acquire(&interactive()));
    let text = rejected.expect_err("no permit").to_string();
    assert_eq!(
        text,
        "the store failed: the store in memory is set to be away (away for 0 s; calls go on as soon as it \
         responds)"
    );
    fleet.store.set_available(true);
    fleet.clock.advance(2 * SECOND);
    assert!(
        fleet
            .clock
            .clone()
            .run(process.acquire(&interactive()))
            .is_ok()
    );
}

#[test]
fn used_up_share_names_the_store() {
    let fleet = Fleet::new();
    let process = fleet.process();
    fleet.store.set_available(false);
    let permits = take_all(&process, &interactive());
    assert_eq!(permits.len(), 4);
    let away = process.store_error().expect("an error");
    assert_eq!(away.to_string(), "the store in memory is set to be away");
    let mut request = interactive();
    request.patience = Some(900 * MILLISECOND);
    let rejected = fleet.clock.clone().run(process.acquire(&request));
    let text = rejected.expect_err("no permit").to_string();
    assert!(text.contains("set to be away (away for 1 s"), "{text}");
    assert!(
        text.contains("share of 4 of 60 permits is in use"),
        "{text}"
    );
    fleet.store.set_available(true);
    fleet.clock.advance(2 * SECOND);
    drop((permits, take_all(&process, &interactive())));
    assert!(process.store_error().is_none());
}

/// A store that can stop to respond without an error.
#[derive(Clone, Debug)]
struct Hanging<S> {
    store: S,
    hangs: Arc<AtomicBool>,
}

impl<S> Hanging<S> {
    async fn pass(&self) {
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl<S: RateLimitStore> RateLimitStore for Hanging<S> {
    async fn take(&self, request: &TakeRequest) -> Result<TakeResponse, StoreError> {
        let taken = self.store.take(request).await;
        self.pass().await;
        taken
    }

    async fn restore(&self, request: &RestoreRequest) -> Result<StoreState, StoreError> {
        self.pass().await;
        self.store.restore(request).await
    }

    fn completed(&self, permit: &CompletedPermit) {
        self.store.completed(permit);
    }
}

#[test]
fn hanging_store_keeps_no_call_beyond_its_patience() {
    let fleet = Fleet::new();
    let hangs = Arc::<AtomicBool>::default();
    let store = Hanging {
        store: fleet.store.clone(),
        hangs: Arc::clone(&hangs),
    };
    let process = SharedRateLimiter::with_limit(store, fleet.clock.clone(), LIMIT, WINDOW);
    hangs.store(true, Ordering::Relaxed);
    let mut request = interactive();
    request.patience = Some(200 * MILLISECOND);
    let rejected = fleet.clock.run(process.acquire(&request));
    assert!(
        matches!(rejected, Err(AcquireError::TooLate { .. })),
        "{rejected:?}"
    );
    assert!(fleet.clock.now() <= 201 * MILLISECOND);
    // Half a second later the limiter goes on with its share.
    let permit = fleet.clock.run(process.acquire(&interactive()));
    assert!(permit.is_ok());
    assert!(
        fleet.clock.now() <= 800 * MILLISECOND,
        "{:?}",
        fleet.clock.now()
    );
    // What the store granted unheard is returned when it responds again.
    hangs.store(false, Ordering::Relaxed);
    permit.expect("a permit").complete(PermitOutcome::Unsent);
    fleet.clock.advance(5 * SECOND);
    let probe = fleet.clock.run(process.acquire(&interactive()));
    assert_eq!(process.status().expect("a status").used, 1);
    drop(probe);
}

#[test]
fn task_that_is_not_polled_holds_up_nobody() {
    let fleet = Fleet::new();
    let process = fleet.process().start(Start::Full);
    let permits = take_all(&process, &interactive());
    let request = interactive();
    // Twenty tasks wait and are never polled again.
    let mut frozen: Vec<_> = (0..20)
        .map(|_| Box::pin(process.acquire(&request)))
        .collect();
    for one in &mut frozen {
        assert!(poll(one.as_mut()).is_pending());
    }
    complete_all(permits, PermitOutcome::Responded);
    let mut alive = pin!(process.acquire(&request));
    let mut waited = Duration::ZERO;
    while poll(alive.as_mut()).is_pending() {
        fleet.clock.advance(50 * MILLISECOND);
        waited += 50 * MILLISECOND;
        assert!(waited <= WINDOW + 4 * SECOND, "{waited:?}");
    }
}

#[test]
fn cancelled_waiters_lose_no_permit() {
    let fleet = Fleet::new();
    let [one, other] = [(), ()].map(|()| fleet.process().start(Start::Full));
    let permits = take_all(&one, &interactive());
    let request = interactive();
    let mut waiting: Vec<_> = (0..9).map(|_| Box::pin(one.acquire(&request))).collect();
    for task in &mut waiting {
        assert!(poll(task.as_mut()).is_pending());
    }
    complete_all(permits, PermitOutcome::Responded);
    fleet.clock.advance(WINDOW);
    for task in &mut waiting[..3] {
        let _ = poll(task.as_mut());
    }
    drop(waiting);
    fleet.clock.advance(SECOND);
    // Three were granted and dropped: nobody knows whether their requests were sent.
    let free = take_all(&other, &request).len();
    assert!((57..=60).contains(&free), "{free}");
}
