use std::{
    task::{Context, Poll, Waker},
    time::Duration,
};

use carrot_core::{
    Clock, RateLimiter,
    rate_limit::{AcquireError, AcquireRequest, PermitOutcome},
};

use super::{Waiting, all, run};
use crate::{
    conformance::{
        failure::{Check, Failure, ensure},
        stack::Work,
    },
    fail,
};

/// A limit, and those that share it.
struct Shared<'l> {
    limiters: &'l [&'l dyn RateLimiter],
    clock: &'l dyn Clock,
    limit: usize,
    window: Duration,
    with: &'l dyn Fn(Work<'_>),
}

/// Checks a [`RateLimiter`] of your own that grants `limit` permits in any `window` of `clock`.
///
/// Pass several limiters where they share a store: each stands for a process, and the limit is that of all
/// together. `with` runs a future, such as `|work| runtime.block_on(work)`.
///
/// * LMT-01: no window has more permits than the limit, however many wait at once.
/// * LMT-02: cancelled waits lose no permit.
/// * LMT-03: a permit whose request was not sent is free again.
/// * LMT-04: a wait that cannot end within its patience fails with `TooLate`.
/// * LMT-05: a permit that was dropped keeps its place.
///
/// Some limiters start with fewer permits than the limit: fewer are no error, more are.
///
/// # Panics
///
/// The limiter breaks one of them.
#[track_caller]
pub fn assert_rate_limiter(
    limiters: &[&dyn RateLimiter],
    clock: &dyn Clock,
    limit: usize,
    window: Duration,
    with: impl Fn(Work<'_>),
) {
    let shared = Shared {
        limiters,
        clock,
        limit,
        window,
        with: &with,
    };
    let checks: [(&str, &dyn Fn() -> Check); 5] = [
        ("LMT-01", &|| shared.windows()),
        ("LMT-02", &|| shared.cancelled()),
        ("LMT-03", &|| shared.unsent()),
        ("LMT-04", &|| shared.impatient()),
        ("LMT-05", &|| shared.dropped()),
    ];
    for (id, check) in checks {
        if let Err(Failure::Broken(text)) = check() {
            fail(&format!("{id}: {text}"));
        }
    }
}

const REQUEST: AcquireRequest = AcquireRequest::new("conformance.limit");

impl Shared<'_> {
    /// Takes this many permits at once, over all limiters in turn, and returns the times at which they came.
    fn taken(&self, many: usize, outcome: Option<PermitOutcome>) -> Result<Vec<Duration>, Failure> {
        let waits: Vec<Waiting<'_, Result<Duration, AcquireError>>> = self
            .limiters
            .iter()
            .cycle()
            .take(many)
            .map(|limiter| {
                let wait: Waiting<'_, _> = Box::pin(async {
                    let permit = limiter.acquire(&REQUEST).await?;
                    let came = self.clock.now();
                    match outcome {
                        Some(outcome) => permit.complete(outcome),
                        None => drop(permit),
                    }
                    Ok(came)
                });
                wait
            })
            .collect();
        let came = run(self.with, all(waits))?;
        let mut times = came.into_iter().collect::<Result<Vec<_>, _>>()?;
        times.sort_unstable();
        Ok(times)
    }

    /// No time but the last ones has `limit` others in the window after it.
    fn within_the_limit(&self, times: &[Duration]) -> Check {
        for (first, last) in times.iter().zip(times.iter().skip(self.limit)) {
            let between = last.saturating_sub(*first);
            ensure!(
                between >= self.window,
                "{} permits came within {between:?}, and the limit is {} in {:?}",
                self.limit + 1,
                self.limit,
                self.window
            );
        }
        Ok(())
    }

    /// Lets every permit of before leave its window.
    fn rest(&self) -> Check {
        run(self.with, self.clock.sleep(self.window * 2))
    }

    fn windows(&self) -> Check {
        let times = self.taken(self.limit * 3, Some(PermitOutcome::Responded))?;
        self.within_the_limit(&times)?;
        self.rest()
    }

    fn dropped(&self) -> Check {
        let times = self.taken(self.limit * 2, None)?;
        self.within_the_limit(&times)?;
        self.rest()
    }

    fn cancelled(&self) -> Check {
        let waits = self.limiters.iter().cycle().take(self.limit * 5);
        run(self.with, async move {
            let mut context = Context::from_waker(Waker::noop());
            for limiter in waits {
                let mut wait = limiter.acquire(&REQUEST);
                // One that is granted at once was not sent either.
                if let Poll::Ready(Ok(permit)) = wait.as_mut().poll(&mut context) {
                    permit.complete(PermitOutcome::Unsent);
                }
            }
        })?;
        let start = self.clock.now();
        let times = self.taken(self.limit, Some(PermitOutcome::Responded))?;
        let took = times
            .last()
            .map_or(Duration::ZERO, |last| last.saturating_sub(start));
        ensure!(
            took < self.window * 3,
            "after {} cancelled waits it took {took:?} to get the permits of one window",
            self.limit * 5
        );
        self.rest()
    }

    /// A machine may be too slow at one moment, but not whenever it is tried.
    fn unsent(&self) -> Check {
        let many = self.limit * 2;
        let mut times = Vec::new();
        for _ in 0..self.limit * 8 {
            times.extend(self.taken(1, Some(PermitOutcome::Unsent))?);
            let last = times.iter().rev();
            if let (Some(last), Some(first)) = (last.clone().next(), last.clone().nth(many)) {
                if last.saturating_sub(*first) < self.window {
                    return Ok(());
                }
            }
        }
        Err(Failure::new(format!(
            "of {} permits whose requests were not sent, never {} came within {:?}, with a limit of {}",
            times.len(),
            many + 1,
            self.window,
            self.limit
        )))
    }

    fn impatient(&self) -> Check {
        self.taken(self.limit, Some(PermitOutcome::Responded))?;
        let Some(limiter) = self.limiters.first() else {
            return Ok(());
        };
        let mut impatient = REQUEST;
        impatient.patience = Some(Duration::from_millis(1));
        let start = self.clock.now();
        // The first permits of the window may be leaving it.
        for _ in 0..=self.limit {
            match run(self.with, limiter.acquire(&impatient))? {
                Err(AcquireError::TooLate { .. }) => return self.rest(),
                Err(error) => return Err(Failure::new(format!("expected `TooLate`, got {error}"))),
                Ok(permit) => permit.complete(PermitOutcome::Responded),
            }
        }
        let took = self.clock.now().saturating_sub(start);
        ensure!(
            took >= self.window,
            "{} permits came to an impatient caller within {took:?}",
            self.limit + 1
        );
        self.rest()
    }
}
