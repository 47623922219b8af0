//! The rate limit of a schedule: of one process, or shared by several over a store that may be away.

use std::{ops::Range, pin::pin, sync::Arc, task::Poll, time::Duration};

use carrot_core::{
    Clock as _, LocalRateLimiter, RateLimiter,
    rate_limit::{AcquireRequest, MemoryStore, Permit, PermitOutcome, SharedRateLimiter, Start},
};
use carrot_testing::VirtualClock;

use super::{WINDOW, lossy::Span};
use crate::support::{
    SECOND, poll,
    simulation::{Task, most_in, task},
};

/// The times when the store is away, and whether it comes back empty.
type Outages = Vec<(Range<Duration>, bool)>;

pub(super) struct Limits {
    /// One for each process; a process may have several clients.
    pub(super) limiters: Vec<Arc<dyn RateLimiter>>,
    /// When a process is killed. Its successor is another process.
    pub(super) deaths: Vec<Option<Duration>>,
    /// The whole limit is there from the start, and one process has it.
    pub(super) is_plain: bool,
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
                deaths: vec![None],
                is_plain: is_full,
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
        // One that starts in an outage would have another share of it, and one survives.
        let dies = |number| outages.is_empty() && number > 0 && random.bool();
        let deaths = (0..processes).map(dies).collect::<Vec<_>>().into_iter();
        let deaths = deaths.map(|dies| dies.then(|| SECOND * random.u32(1..30)));
        Self {
            limiters: limiters.collect(),
            deaths: deaths.collect(),
            is_plain: false,
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

    /// In no window more than allowed.
    pub(super) fn check_windows(&self, arrivals: &[Duration]) -> Result<(), String> {
        let mut arrivals = arrivals.to_vec();
        arrivals.sort_unstable();
        let most = most_in(&arrivals, WINDOW);
        let (limit, burst) = (self.limit, self.burst);
        match most <= (limit + burst) as usize {
            true => Ok(()),
            false => Err(format!(
                "limit: {most} requests in a window, of {limit} and a burst of {burst}"
            )),
        }
    }

    /// Nobody waits while a permit is free. `waits` are the times between the request for a permit and its grant.
    pub(super) fn check_waits(
        &self,
        waits: &[Range<Duration>],
        spans: &[Span],
    ) -> Result<(), String> {
        let free_at = |span: &Span| match span.is_unsent {
            true => span.end,
            false => span.end + WINDOW,
        };
        for wait in waits.iter().filter(|wait| !wait.is_empty()) {
            let ends = spans.iter().map(free_at).filter(|end| wait.contains(end));
            for at in ends.chain([wait.start]) {
                let in_use = |span: &&Span| span.start <= at && at < free_at(span);
                let used = spans.iter().filter(in_use).count();
                if used < self.limit as usize {
                    let limit = self.limit;
                    return Err(format!(
                        "idle: an attempt waits in {wait:?}, at {at:?} {used} of {limit} permits are in use"
                    ));
                }
            }
        }
        Ok(())
    }

    /// In the end nobody waits, all permits have come back, also those of the dead, and the limit has healed.
    pub(super) fn check_permits(&self, clock: &VirtualClock) -> Result<(), String> {
        let living = || {
            let all = self.limiters.iter().zip(&self.deaths);
            all.filter_map(|(limiter, death)| death.is_none().then_some(limiter))
        };
        for limiter in living() {
            let waiting = limiter.status().expect("it can tell").waiting;
            if waiting > 0 {
                return Err(format!("permits: {waiting} wait in the end"));
            }
        }
        clock.advance(SECOND * 3 * 86_400);
        // The probe after a 429, and the question to a store that was away.
        for limiter in living() {
            take(limiter, 1)
                .into_iter()
                .for_each(|permit| permit.complete(PermitOutcome::Responded));
            clock.advance(WINDOW * 3);
        }
        for limiter in living() {
            let free = take(limiter, self.limit + 1);
            let count = free.len();
            free.into_iter()
                .for_each(|permit| permit.complete(PermitOutcome::Unsent));
            if count != self.limit as usize {
                let limit = self.limit;
                return Err(format!("permits: {count} of {limit} are free in the end"));
            }
        }
        Ok(())
    }
}

/// Takes the permits that are free now.
fn take(limiter: &Arc<dyn RateLimiter>, most: u32) -> Vec<Permit> {
    let mut request = AcquireRequest::new("test");
    request.lease = Some(SECOND);
    let one = |_| match poll(pin!(limiter.acquire(&request))) {
        Poll::Ready(Ok(permit)) => Some(permit),
        _ => None,
    };
    (0..most).map_while(one).collect()
}
