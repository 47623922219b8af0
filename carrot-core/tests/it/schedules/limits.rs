//! The rate limit of a schedule: of one process, or shared by several over a store that may be away.

use std::{ops::Range, sync::Arc, time::Duration};

use carrot_core::{
    Clock as _, LocalRateLimiter, RateLimiter,
    rate_limit::{MemoryStore, SharedRateLimiter, Start},
};
use carrot_testing::VirtualClock;

use super::WINDOW;
use crate::support::simulation::{Task, most_in, task};

/// The times when the store is away, and whether it comes back empty.
type Outages = Vec<(Range<Duration>, bool)>;

pub(super) struct Limits {
    /// One for each process; a process may have several clients.
    pub(super) limiters: Vec<Arc<dyn RateLimiter>>,
    limit: u32,
    /// What idle processes may use besides in the first window of an outage.
    burst: u32,
    store: Option<(MemoryStore<VirtualClock>, Outages)>,
}

impl Limits {
    pub(super) fn draw(clock: &VirtualClock, seed: u64, random: &mut fastrand::Rng) -> Self {
        let limit = random.u32(1..9);
        let is_full = random.bool();
        if seed % 3 > 0 {
            let limiter =
                LocalRateLimiter::with_limit(clock.clone(), limit, WINDOW).jitter_seed(seed);
            let limiter = match is_full {
                true => limiter.start(Start::Full),
                false => limiter,
            };
            return Self {
                limiters: vec![Arc::new(limiter)],
                limit,
                burst: 0,
                store: None,
            };
        }
        let processes = random.u32(1..4);
        let outages = Self::outages(random);
        // Each process needs a request of its own in an outage: with fewer the limit holds on average.
        let limit = match outages.is_empty() {
            true => limit,
            false => limit + processes,
        };
        let start = match (is_full, outages.is_empty()) {
            (true, true) => Start::Full,
            _ => Start::Cautious { burst: processes },
        };
        let store = MemoryStore::new(clock.clone());
        let limiters = (0..processes).map(|number| {
            let limiter =
                SharedRateLimiter::with_limit(store.clone(), clock.clone(), limit, WINDOW)
                    .start(start)
                    .processes(processes)
                    .jitter_seed(seed * 4 + u64::from(number));
            Arc::new(limiter) as Arc<dyn RateLimiter>
        });
        Self {
            limiters: limiters.collect(),
            limit,
            burst: if outages.is_empty() { 0 } else { processes },
            store: Some((store, outages)),
        }
    }

    fn outages(random: &mut fastrand::Rng) -> Outages {
        let mut outages = Vec::new();
        let mut at = Duration::ZERO;
        for _ in 0..[0, 0, 1, 2][random.usize(0..4)] {
            // Each is over for long when the next one starts.
            at += Duration::from_millis(random.u64(0..15_000));
            let end = at + Duration::from_millis(random.u64(1..30_000));
            outages.push((at..end, random.bool()));
            at = end + 4 * WINDOW;
        }
        outages
    }

    pub(super) fn is_shared(&self) -> bool {
        self.store.is_some()
    }

    pub(super) fn outage_count(&self) -> usize {
        self.store.as_ref().map_or(0, |(_, outages)| outages.len())
    }

    /// Takes the store away, and brings it back.
    pub(super) fn task(&self, clock: &VirtualClock) -> Option<Task<'static, ()>> {
        let (store, outages) = self.store.clone()?;
        let clock = clock.clone();
        Some(task(async move {
            for (away, is_empty) in outages {
                clock.sleep(away.start.saturating_sub(clock.now())).await;
                store.set_available(false);
                if is_empty {
                    store.forget();
                }
                clock.sleep(away.end.saturating_sub(clock.now())).await;
                store.set_available(true);
            }
        }))
    }

    /// In no window more than allowed, and nobody waits in the end.
    pub(super) fn check(&self, arrivals: &[Duration], broken: &mut Vec<String>) {
        let most = most_in(arrivals, WINDOW);
        let (limit, burst) = (self.limit, self.burst);
        if most > (limit + burst) as usize {
            broken.push(format!(
                "{most} requests in a window, the limit is {limit}, the burst {burst}"
            ));
        }
        for limiter in &self.limiters {
            let status = limiter.status().expect("it can tell");
            if status.waiting > 0 {
                broken.push(format!("{} wait in the end", status.waiting));
            }
        }
    }
}
