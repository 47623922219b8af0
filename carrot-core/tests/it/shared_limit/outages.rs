//! What processes do together while the store is away, slow, or back.

use super::*;

impl Fleet {
    /// A process of `count`, all with the same limit.
    fn processes(&self, count: u64) -> Vec<Rc<Limiter>> {
        (0..count)
            .map(|number| Rc::new(self.process().jitter_seed(number)))
            .collect()
    }

    /// Each of them has asked the store since all have.
    fn meet(processes: &[Rc<Limiter>]) {
        for process in processes.iter().chain(processes) {
            complete_all(take_all(process, &interactive()), PermitOutcome::Unsent);
        }
    }

    /// Each process makes one request after the other, with or without contact to the store before an
    /// outage of 20 windows.
    fn outage(&self, processes: &[Rc<Limiter>], is_met: bool) {
        let mut tasks = Vec::new();
        let end = 21 * WINDOW;
        if is_met {
            Self::meet(processes);
        }
        for (number, process) in (0..).zip(processes) {
            let load = self
                .clone()
                .load(Rc::clone(process), patient(), end, number);
            let clock = self.clock.clone();
            tasks.push(task(async move {
                clock.sleep(WINDOW).await;
                load.await;
            }));
        }
        self.store.set_available(false);
        self.clock.run_all(tasks);
        self.received.borrow_mut().sort_unstable();
    }
}

fn patient() -> AcquireRequest {
    let mut request = interactive();
    request.patience = None;
    request
}

/// As many processes as the share is computed for: the burst in the first window of the outage, then the
/// limit.
#[test]
fn idle_processes_add_the_burst_at_most() {
    for count in [2, 3, 8, 20, 60] {
        let fleet = Fleet::new();
        // One has used the whole limit right before, the others nothing.
        let processes = fleet.processes(count);
        fleet.clock.advance(WINDOW);
        Fleet::meet(&processes);
        fleet.clock.advance(WINDOW);
        let busy = take_all(&processes[0], &interactive());
        assert_eq!(busy.len(), 60);
        complete_all(busy, PermitOutcome::Responded);
        fleet.store.set_available(false);
        let mut taken = 0;
        for process in &processes {
            let permits = take_all(process, &interactive());
            taken += permits.len();
            complete_all(permits, PermitOutcome::Responded);
        }
        // Eight of sixty, on average where there are more processes.
        let most = if count <= 8 { 8 } else { 16 };
        assert!(taken <= most, "{taken} of {count} processes");
        assert!(taken >= 4, "{taken} of {count} processes");
    }
}

#[test]
fn outage_keeps_the_limit_for_the_expected_processes() {
    for (count, is_met) in [(1, true), (3, true), (7, true), (60, true), (3, false)] {
        let fleet = Fleet::new();
        let processes: Vec<_> = (0..count)
            .map(|number| Rc::new(fleet.process().processes(3).jitter_seed(number)))
            .collect();
        fleet.outage(&processes, is_met);
        let received = fleet.received.borrow();
        // In the first window idle processes use the burst.
        let first = received[0] + WINDOW;
        let later: Vec<_> = received.iter().copied().filter(|at| *at > first).collect();
        let most = most_in(&later, WINDOW);
        assert!(most <= 60, "{most} with {count} processes");
        assert!(most_in(&received, WINDOW) <= 68, "{count} processes");
    }
}

/// More processes than requests: each waits for its turn, and the limit holds on average.
#[test]
fn many_processes_keep_the_limit_on_average() {
    let limit = 12;
    for count in [18, 30] {
        let fleet = Fleet::new();
        let process = |number| {
            let (store, clock) = (fleet.store.clone(), fleet.clock.clone());
            let process = SharedRateLimiter::with_limit(store, clock, limit, WINDOW);
            Rc::new(process.jitter_seed(number))
        };
        fleet.outage(&(0..count).map(process).collect::<Vec<_>>(), true);
        let received = fleet.received.borrow();
        let first = received[0] + WINDOW;
        let later: Vec<_> = received.iter().copied().filter(|at| *at > first).collect();
        // The outage ends with the twentieth window.
        let average = later.len() / 19;
        assert!((9..=13).contains(&average), "{average} with {count}");
        // As many as find their turn at random: the mean and four times its deviation.
        let most = most_in(&later, WINDOW);
        assert!(most <= 12 + 14, "{most} with {count} processes");
    }
}

/// Processes that nobody counted exceed the limit in proportion.
#[test]
fn unexpected_processes_exceed_the_limit_in_proportion() {
    let fleet = Fleet::new();
    // Two expected, six there.
    fleet.outage(&fleet.processes(6), false);
    let most = most_in(&fleet.received.borrow(), WINDOW);
    assert!((170..=180).contains(&most), "{most}");
}

/// A store that takes this long for each response.
#[derive(Clone, Debug)]
struct Slow {
    store: MemoryStore<VirtualClock>,
    clock: VirtualClock,
    takes: Duration,
}

#[async_trait]
impl RateLimitStore for Slow {
    async fn take(&self, request: &TakeRequest) -> Result<TakeResponse, StoreError> {
        self.clock.sleep(self.takes / 2).await;
        let taken = self.store.take(request).await;
        self.clock.sleep(self.takes / 2).await;
        taken
    }

    async fn restore(&self, request: &RestoreRequest) -> Result<StoreState, StoreError> {
        self.clock.sleep(self.takes).await;
        self.store.restore(request).await
    }

    fn completed(&self, permit: &CompletedPermit) {
        self.store.completed(permit);
    }
}

/// A process whose share is enough for all its calls asks for the store too, although none of them waits.
#[test]
fn light_process_returns_to_the_store() {
    for takes in [0, 50, 450].map(Duration::from_millis) {
        let fleet = Fleet::new();
        let (store, clock) = (fleet.store.clone(), fleet.clock.clone());
        let store = Slow {
            store,
            clock,
            takes,
        };
        let light = SharedRateLimiter::with_limit(store, fleet.clock.clone(), LIMIT, WINDOW);
        let call = || {
            let permit = fleet.clock.run(light.acquire(&patient()));
            permit.expect("a permit")
        };
        call().complete(PermitOutcome::Responded);
        for is_there in [false, true] {
            fleet.store.set_available(is_there);
            for _ in 0..3 {
                call().complete(PermitOutcome::Responded);
                fleet.clock.advance(WINDOW / 2);
            }
        }
        fleet.clock.advance(WINDOW);
        let (_permits, other) = ([call(), call(), call()], fleet.process());
        let _other = fleet.clock.run(other.acquire(&patient()));
        assert_eq!(other.status().expect("a status").used, 4, "{takes:?}");
    }
}

/// It responds after further permits of the share, so that the next attempt waits for it. Then it hangs.
#[test]
fn store_that_goes_away_again_holds_one_call() {
    let fleet = Fleet::new();
    let hangs = Arc::<AtomicBool>::default();
    let store = Hanging {
        store: Slow {
            store: fleet.store.clone(),
            clock: fleet.clock.clone(),
            takes: 50 * MILLISECOND,
        },
        hangs: Arc::clone(&hangs),
    };
    let process = SharedRateLimiter::with_limit(store, fleet.clock.clone(), LIMIT, WINDOW);
    let mut hurried = interactive();
    hurried.patience = Some(200 * MILLISECOND);
    let call = |request: AcquireRequest| {
        let permit = fleet.clock.run(process.acquire(&request));
        permit
            .map(|permit| permit.complete(PermitOutcome::Responded))
            .is_ok()
    };
    fleet.store.set_available(false);
    assert!(call(patient()));
    fleet.store.set_available(true);
    fleet.clock.advance(WINDOW / 2);
    assert!(call(patient()) && call(patient()));
    fleet.clock.advance(60 * MILLISECOND);
    hangs.store(true, Ordering::Relaxed);
    assert!(!call(hurried), "it waits for the store");
    assert!(call(hurried), "the share grants again");
}

/// Whatever the timeout, a store that keeps it counts as there, and one that does not as away.
#[test]
fn slow_store_within_its_timeout_is_used() {
    for timeout in [100, 500, 1_000, 1_500, 5_000, 20_000].map(Duration::from_millis) {
        for is_there in [true, false] {
            let fleet = Fleet::new();
            let takes = if is_there {
                timeout * 9 / 10
            } else {
                timeout * 11 / 10
            };
            let store = Slow {
                store: fleet.store.clone(),
                clock: fleet.clock.clone(),
                takes,
            };
            let limiter = SharedRateLimiter::with_limit(store, fleet.clock.clone(), LIMIT, WINDOW)
                .store_timeout(timeout)
                .on_outage(Outage::Fail);
            for _ in 0..5 {
                let permit = fleet.clock.run(limiter.acquire(&patient()));
                assert_eq!(permit.is_ok(), is_there, "{timeout:?}: {permit:?}");
            }
            let status = limiter.status().expect("a status");
            assert_eq!(status.used > 0, is_there, "{timeout:?}");
        }
    }
}

/// The permit of a killed process covers the time that it may wait for its task.
#[test]
fn lease_in_the_store_follows_the_timeout() {
    for timeout in [SECOND / 2, 5 * SECOND] {
        let fleet = Fleet::new();
        let [one, other] = [(), ()].map(|()| fleet.process().start(Start::Full));
        let one = one.store_timeout(timeout);
        std::mem::forget(take_all(&one, &interactive()));
        let lease = SECOND + timeout + 1_500 * MILLISECOND;
        fleet.clock.advance(lease + WINDOW - MILLISECOND);
        assert_eq!(take_all(&other, &interactive()).len(), 0);
        fleet.clock.advance(2 * MILLISECOND);
        assert_eq!(take_all(&other, &interactive()).len(), 60);
    }
}

/// Takes one permit.
fn take_one(process: &Limiter) -> Permit {
    let mut permits = take_all(process, &interactive());
    let one = permits.pop().expect("a permit");
    complete_all(permits, PermitOutcome::Unsent);
    one
}

const HOUR: Duration = Duration::from_secs(3_600);

fn throttled() -> PermitOutcome {
    PermitOutcome::Throttled {
        retry_after: Some(HOUR),
    }
}

/// Asks the store and returns the pause that it tells.
fn pause_of(process: &Limiter) -> Option<Duration> {
    assert_eq!(take_all(process, &interactive()).len(), 0);
    process.status().expect("a status").paused_for
}

/// A 429 that comes after the lease, or even a window later, pauses all processes.
#[test]
fn late_429_reaches_the_store() {
    for late in [0, 2, 4, 60] {
        let fleet = Fleet::new();
        let [one, other] = [(), ()].map(|()| fleet.process());
        let permit = take_one(&one);
        fleet.clock.advance(late * SECOND);
        permit.complete(throttled());
        assert_eq!(pause_of(&other), Some(HOUR), "{late} s late");
    }
}

/// The store learns of a 429 that it missed when it responds again, with or without its memory.
#[test]
fn missed_429_reaches_the_store_after_the_outage() {
    for forgets in [false, true] {
        for away_at in [0, 1] {
            let fleet = Fleet::new();
            let [one, other] = [(), ()].map(|()| fleet.process());
            let permit = take_one(&one);
            // It is away already, or it loses the report and the limiter notices later.
            fleet.store.set_available(false);
            if away_at == 0 {
                drop(take_all(&one, &interactive()));
            }
            permit.complete(throttled());
            fleet.clock.advance(10 * SECOND);
            assert_eq!(take_all(&one, &interactive()).len(), 0);
            if forgets {
                fleet.store.forget();
            }
            fleet.store.set_available(true);
            fleet.clock.advance(10 * SECOND);
            assert_eq!(take_all(&one, &interactive()).len(), 0);
            let rest = HOUR - 20 * SECOND;
            assert_eq!(pause_of(&other), Some(rest), "{forgets} {away_at}");
        }
    }
}
