//! The limit at the start of a process and after a 429.

use std::{collections::VecDeque, time::Duration};

/// The pause after the first 429 without `Retry-After`. Each 429 to a probe doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest pause that the service does not ask for.
const MAX_OWN_PAUSE: Duration = Duration::from_secs(60);
/// The longest accepted `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// How much the limit recovers in each window after a drop, in sixtieths of the full limit. Slowly
/// at first, to see whether the service accepts the lower limit.
const RECOVERY: [u64; 5] = [1, 2, 4, 8, 16];
/// Limits are counted in thousandths, so that they grow evenly within a window.
const SCALE: u64 = 1000;

/// A careful start makes this many requests of `FULL` at once.
const BURST: u64 = 8;
const FULL: u64 = 60;

/// How a limiter starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// `burst` requests at once, and the rest of the limit evenly over the first window. For a process
    /// that does not know how much of the limit was used in the minute before it started, or that
    /// restarts often.
    Cautious {
        /// The number of requests that may start at once.
        burst: u32,
    },
    /// The whole limit at once, for a key that was not used in the last window.
    Full,
}

/// Returns how many requests of a limit start at once.
pub(super) fn burst_of(max: u32) -> u32 {
    let burst = u64::from(max) * BURST / FULL;
    u32::try_from(burst).unwrap_or(max).max(1)
}

/// The limit, which depends on time and on the responses of the service.
#[derive(Debug)]
pub(super) struct Throttle {
    max: u64,
    window: Duration,
    start: Start,
    /// The time of the first request for a permit.
    born: Option<Duration>,
    /// The limit after the last drop, in thousandths, and the time of the drop.
    cut: Option<(u64, Duration)>,
    episode: Option<Episode>,
    /// The times of the responses other than 429 in the last window.
    accepted: VecDeque<Duration>,
    rng: fastrand::Rng,
}

/// The time from a 429 until the service accepts a request that started after it.
#[derive(Debug)]
struct Episode {
    paused_until: Duration,
    own_pause: Duration,
    /// The request that tests whether the service accepts requests again.
    probe: Option<u64>,
}

impl Throttle {
    pub(super) fn new(max: u32, window: Duration, start: Start, rng: fastrand::Rng) -> Self {
        Self {
            max: u64::from(max) * SCALE,
            window,
            start,
            born: None,
            cut: None,
            episode: None,
            accepted: VecDeque::new(),
            rng,
        }
    }

    pub(super) fn set_start(&mut self, start: Start) {
        self.start = start;
    }

    pub(super) fn seed(&mut self, seed: u64) {
        self.rng = fastrand::Rng::with_seed(seed);
    }

    pub(super) fn asked(&mut self, now: Duration) {
        self.born.get_or_insert(now);
    }

    /// Returns the number of requests allowed in the window that ends now.
    pub(super) fn limit(&self, now: Duration) -> usize {
        let limit = self.recovered(now).min(self.started(now));
        usize::try_from(limit / SCALE).unwrap_or(usize::MAX).max(1)
    }

    /// Returns the time at which a window may have this many requests, or `None` if it never may.
    pub(super) fn grows_to(&self, requests: usize, now: Duration) -> Option<Duration> {
        let wanted = (requests as u64).saturating_mul(SCALE);
        if wanted > self.max {
            return None;
        }
        if requests <= self.limit(now) {
            return Some(now);
        }
        Some(
            self.starts_with(wanted)
                .max(self.recovers_to(wanted))
                .max(now),
        )
    }

    fn starts_with(&self, wanted: u64) -> Duration {
        let (Start::Cautious { burst }, Some(born)) = (self.start, self.born) else {
            return Duration::ZERO;
        };
        let burst = (u64::from(burst) * SCALE).min(self.max);
        match wanted.checked_sub(burst) {
            None | Some(0) => born,
            Some(missing) => born.saturating_add(part_of(self.window, missing, self.max - burst)),
        }
    }

    fn recovers_to(&self, wanted: u64) -> Duration {
        let Some((base, since)) = self.cut else {
            return Duration::ZERO;
        };
        let mut reached = base;
        let mut at = since;
        for index in 0.. {
            if reached >= wanted {
                break;
            }
            let step = self.step(index);
            if wanted - reached <= step {
                return at.saturating_add(part_of(self.window, wanted - reached, step));
            }
            reached += step;
            at = at.saturating_add(self.window);
        }
        at
    }

    /// Returns how much the limit recovers in this window after the drop.
    fn step(&self, index: usize) -> u64 {
        // A limit below sixty recovers slowly, but never stays at the same value.
        let step = RECOVERY[index.min(RECOVERY.len() - 1)] * self.max / 60;
        step.max(u64::from(index >= RECOVERY.len()))
    }

    /// Returns the end of the pause, in which no request may start.
    pub(super) fn paused_until(&self) -> Duration {
        self.episode
            .as_ref()
            .map_or(Duration::ZERO, |episode| episode.paused_until)
    }

    /// Returns true while a probe is in flight and other requests must wait for its result.
    pub(super) fn is_probing(&self) -> bool {
        self.episode
            .as_ref()
            .is_some_and(|episode| episode.probe.is_some())
    }

    /// Records that a request is about to start. Within an episode it is the probe.
    pub(super) fn starts(&mut self, ticket: u64) {
        if let Some(episode) = &mut self.episode {
            episode.probe = Some(ticket);
        }
    }

    /// Records that the request was not made, or that its outcome is unknown.
    pub(super) fn forget(&mut self, ticket: u64) {
        if let Some(episode) = &mut self.episode {
            episode.probe = episode.probe.filter(|probe| *probe != ticket);
        }
    }

    /// Records a response with any status but 429.
    pub(super) fn accepted(&mut self, ticket: u64, now: Duration) {
        self.accepted.push_back(now);
        self.expire(now);
        // A response to a request sent before the 429 does not tell the present state.
        if self
            .episode
            .as_ref()
            .is_some_and(|episode| episode.probe == Some(ticket))
        {
            self.episode = None;
        }
    }

    /// Records a 429 to a request that started at `started`. `sent` is the number of requests in the
    /// last window.
    pub(super) fn throttled(
        &mut self,
        ticket: u64,
        started: Duration,
        retry_after: Option<Duration>,
        sent: usize,
        now: Duration,
    ) {
        self.expire(now);
        // `Retry-After: 0` does not say when the service accepts again.
        let asked = retry_after
            .filter(|wait| !wait.is_zero())
            .map(|wait| wait.min(MAX_RETRY_AFTER));
        match &mut self.episode {
            Some(episode) if episode.probe == Some(ticket) => {
                episode.probe = None;
                episode.own_pause = (episode.own_pause * 2).min(MAX_OWN_PAUSE);
                let own = jittered(&mut self.rng, episode.own_pause);
                let pause = asked.map_or(own, |asked| asked.max(own));
                episode.paused_until = episode.paused_until.max(now.saturating_add(pause));
                // Still 429: recovery starts again from here, without another drop.
                if let Some((_, since)) = &mut self.cut {
                    *since = now;
                }
            }
            // Requests that were in flight together get a 429 together, which counts once.
            Some(episode) => {
                if let Some(asked) = asked {
                    episode.paused_until = episode.paused_until.max(now.saturating_add(asked));
                }
            }
            None if self.cut.is_some_and(|(_, since)| started < since) => {}
            None => {
                let base = self.cut_to(sent, now);
                self.cut = Some((base, now));
                let own = jittered(&mut self.rng, FIRST_PAUSE);
                self.episode = Some(Episode {
                    paused_until: now.saturating_add(asked.unwrap_or(own)),
                    own_pause: FIRST_PAUSE,
                    probe: None,
                });
            }
        }
    }

    /// Returns the limit after a 429: four fifths of what the service accepted in the last window. If
    /// few requests were sent, or the process has just started, the number of accepted ones does not
    /// tell the limit of the service, and half of the present limit remains. Never less than a tenth.
    fn cut_to(&self, sent: usize, now: Duration) -> u64 {
        let present = self.recovered(now);
        let good = (self.accepted.len() as u64 * SCALE).min(self.max) * 4 / 5;
        let is_old = self
            .born
            .is_some_and(|born| now >= born.saturating_add(self.window));
        let used_it = 2 * sent as u64 * SCALE >= present;
        let base = if is_old && used_it {
            good
        } else {
            good.max(present / 2)
        };
        base.min(present).max(self.max / 10)
    }

    /// Returns the limit by the time since the last drop.
    fn recovered(&self, now: Duration) -> u64 {
        let Some((base, since)) = self.cut else {
            return self.max;
        };
        let mut passed = now.saturating_sub(since);
        let mut limit = base;
        for index in 0.. {
            let step = self.step(index);
            if limit >= self.max {
                return self.max;
            }
            if passed < self.window || self.window.is_zero() {
                let part = u128::from(step) * passed.as_nanos() / self.window.as_nanos().max(1);
                limit += u64::try_from(part).unwrap_or(step);
                break;
            }
            limit += step;
            passed -= self.window;
        }
        limit.min(self.max)
    }

    /// Returns the limit by the time since the first request.
    fn started(&self, now: Duration) -> u64 {
        let (Start::Cautious { burst }, Some(born)) = (self.start, self.born) else {
            return self.max;
        };
        let burst = (u64::from(burst) * SCALE).min(self.max);
        let age = now.saturating_sub(born).min(self.window).as_nanos();
        let rest = u128::from(self.max - burst) * age / self.window.as_nanos().max(1);
        burst + u64::try_from(rest).unwrap_or(self.max - burst)
    }

    fn expire(&mut self, now: Duration) {
        while self
            .accepted
            .front()
            .is_some_and(|at| at.saturating_add(self.window) <= now)
        {
            self.accepted.pop_front();
        }
    }
}

/// Returns `window * some / all`, rounded up.
fn part_of(window: Duration, some: u64, all: u64) -> Duration {
    let nanos = window.as_nanos() * u128::from(some);
    let part = nanos.div_ceil(u128::from(all.max(1)));
    u64::try_from(part).map_or(window, Duration::from_nanos)
}

/// Varies a pause by up to a quarter, so that clients do not retry at the same moment.
fn jittered(rng: &mut fastrand::Rng, pause: Duration) -> Duration {
    pause.mul_f64(0.75 + rng.f64() / 2.0)
}
